import PlatEngine

/// Writes cluster documents. What is left out is what a reader takes anyway: the same document comes back.
public enum ClusterWriter {
  /// O(N + P · R).
  package static func write(_ document: ClusterDocument, to writer: inout JSONWriter) {
    let cluster = document.cluster
    writer.beginObject(.lines)
    writer.key("plat")
    writer.integer(1)
    writer.key("settings")
    writeSettings(cluster, to: &writer)
    if cluster.config != MovementConfig() {
      writer.key("config")
      writeConfig(cluster, to: &writer)
    }
    writeModels(cluster, to: &writer)
    writeTree(cluster, to: &writer)
    writeNodes(cluster, to: &writer)
    writeWeights(cluster, to: &writer)
    if let map = document.map {
      writer.key("map")
      MapWriter.write(map, of: cluster, to: &writer)
    }
    for member in cluster.extensions { writer.extension(member) }
    writer.endObject()
  }

  /// A quarter more than the document will take, as a rule.
  package static func estimatedBytes(_ document: ClusterDocument) -> Int {
    4096 + 64 * document.cluster.nodes.count + 24 * document.cluster.partitionWeights.count
      + (document.map.map { MapWriter.estimatedBytes($0, of: document.cluster) } ?? 0)
  }

  // MARK: the tree

  static func writeTree(_ cluster: Cluster, to writer: inout JSONWriter) {
    guard !cluster.levels.isEmpty else { return }
    writer.member("levels", cluster.levels)

    var children = [[Int]](repeating: [], count: cluster.containers.count)
    var outermost: [Int] = []
    for (index, container) in cluster.containers.enumerated() {
      if let parent = container.parent { children[parent].append(index) } else { outermost.append(index) }
    }
    writer.key("containers")
    writeContainers(outermost, cluster, children, to: &writer)
  }

  private static func writeContainers(
    _ members: [Int], _ cluster: Cluster, _ children: [[Int]], to writer: inout JSONWriter
  ) {
    writer.beginObject(.lines)
    for member in members {
      let container = cluster.containers[member]
      writer.key(container.name)
      if container.level + 1 < cluster.levels.count {
        writeContainers(children[member], cluster, children, to: &writer)
      } else {
        writer.strings(container.nodes.lazy.map { cluster.nodes[$0].name })
      }
    }
    writer.endObject()
  }

  /// With a tree, only nodes that differ from the plain one need be there.
  static func writeNodes(_ cluster: Cluster, to writer: inout JSONWriter) {
    let hasTree = !cluster.levels.isEmpty
    let members = hasTree ? cluster.nodes.filter { $0 != Node(name: $0.name) } : cluster.nodes
    if members.isEmpty && hasTree { return }
    writer.key("nodes")
    writer.beginObject(.lines)
    for node in members {
      writer.key(node.name)
      writeNode(node, to: &writer)
    }
    writer.endObject()
  }

  /// Of partitions; those that weigh 1 need not be there.
  static func writeWeights(_ cluster: Cluster, to writer: inout JSONWriter) {
    guard !cluster.partitionWeights.isEmpty else { return }
    writer.key("weights")
    writer.beginObject(.lines)
    for (partition, weight) in cluster.partitionWeights.enumerated() where weight != .one {
      if writer.isStopped(at: partition) { break }
      writer.key(cluster.partitionName(partition))
      writer.quantity(weight)
    }
    writer.endObject()
  }

  private static func writeNode(_ node: Node, to writer: inout JSONWriter) {
    let plain = Node(name: node.name)
    writer.beginObject(.compact)
    if node.weight != plain.weight {
      writer.key("weight")
      writer.quantity(node.weight)
    }
    if let capacity = node.capacity {
      writer.key("capacity")
      writer.integer(capacity)
    }
    if node.status != plain.status {
      writer.key("status")
      writer.string(node.status.rawValue)
    }
    if node.volumes != plain.volumes {
      writer.key("volumes")
      writer.beginArray(.compact)
      for type in node.volumes {
        writer.beginObject(.compact)
        writer.key("type")
        writer.string(type)
        writer.endObject()
      }
      writer.endArray()
    }
    if !node.tags.isEmpty {
      writer.member("tags", node.tags)
    }
    writer.endObject()
  }
}

extension JSONWriter {
  /// As it was written: a number where JSON has such numbers, else a string.
  mutating func quantity(_ value: Quantity) {
    var text = value.text
    text.withUTF8 { bytes in
      let isPadded = bytes.count > 1 && bytes[0] == 0x30 && (0x30...0x39).contains(bytes[1])
      if isPadded || bytes.contains(0x2f) { string(bytes) } else { writeRaw(bytes) }
    }
  }

  mutating func `extension`(_ member: Extension) {
    key(member.key)
    member.json.withUnsafeBufferPointer { writeRaw($0) }
  }
}
