import CPlat
import PlatEngine
import PlatFormats

/// Behind `plat_cluster`. It never changes.
final class ClusterHandle: Sendable {
  let document: ClusterDocument
  let dense: DenseCluster
  /// Where the host numbers its nodes otherwise than the tree does.
  let numbering: NodeNumbering?
  /// The document that it was read from, to tell what is wrong with it in its own lines.
  let source: DocumentSource?
  /// Plans for it find the memory of those before.
  private let memory = ArenaHold()
  private let rows = Once<HostRows?>()
  private let nodeNames = Once<CTexts>()
  private let partitionNames = Once<CTexts>()
  private let stateNames = Once<CTexts>()
  private let requestNames = Once<CTexts>()
  private let nodeOfName = Once<[String: UInt32]>()
  private let partitionOfName = Once<RangeNames>()

  init(
    _ document: ClusterDocument, _ dense: DenseCluster, numbering: NodeNumbering? = nil, source: DocumentSource? = nil
  ) {
    self.document = document
    self.dense = dense
    self.numbering = numbering
    self.source = source
  }

  var cluster: Cluster { document.cluster }
  var revision: UInt64 { document.map?.header.revision ?? 0 }

  /// What its names and lists take, at most, beside the rows of maps: see `Work`.
  var smallBytes: Int { Self.smallBytes(nodes: dense.nodeCount, partitions: cluster.partitionWeights.count) }

  static func smallBytes(nodes: Int, partitions: Int) -> Int { 1024 * nodes + 64 * partitions }

  /// Runs `body`; what the engine has against the document gets its place in it.
  func locatingErrors<Result>(_ body: () throws -> Result) throws -> Result {
    guard let source else { return try body() }
    return try source.locatingErrors(body)
  }

  /// The current map in the host's numbers; nil also where there is no memory for that.
  var hostRows: HostRows? { rows.get { document.map.flatMap { try? HostRows($0.placement, numbering) } } }

  func inTree(_ node: UInt32) -> Int { numbering.map { Int($0.inTree[Int(node)]) } ?? Int(node) }
  func ofHost(_ node: Int) -> UInt32 { numbering?.ofHost[node] ?? UInt32(truncatingIfNeeded: node) }

  // MARK: Names. Nil also where there is no memory for all of them.

  func nodeName(_ node: UInt32) -> UnsafePointer<CChar>? {
    nodeNames.get(needing: smallBytes) {
      CTexts((0..<UInt32(cluster.nodes.count)).lazy.map { self.cluster.nodes[self.inTree($0)].name })
    }?[Int(node)]
  }

  func partitionName(_ partition: UInt32) -> UnsafePointer<CChar>? {
    partitionNames.get(needing: namesBytes) {
      CTexts((0..<dense.partitionCount).lazy.map { self.cluster.partitionName($0) })
    }?[Int(partition)]
  }

  /// Of all partitions' names, and where they begin, while lists of them grow.
  private var namesBytes: Int { 64 * dense.partitionCount + 4 * cluster.ranges.memoryBytes }

  func stateName(_ state: UInt32) -> UnsafePointer<CChar>? {
    stateNames.get { CTexts(cluster.settings.model.states.map(\.name)) }[Int(state)]
  }

  func requestName(_ kind: UInt32) -> UnsafePointer<CChar>? {
    requestNames.get { CTexts(cluster.settings.model.requests.map(\.name)) }[Int(kind)]
  }

  func node(named name: String) -> UInt32? {
    nodeOfName.get(needing: smallBytes) {
      var table: [String: UInt32] = [:]
      for (place, node) in cluster.nodes.enumerated() { table[node.name] = ofHost(place) }
      return table
    }?[name]
  }

  func partition(named name: String) -> UInt32? {
    guard !cluster.ranges.isEmpty else {
      guard let number = UInt32(name), number < dense.partitionCount, String(number) == name else { return nil }
      return number
    }
    return partitionOfName.get(needing: namesBytes) { RangeNames(cluster.ranges) }?.find(name).map { UInt32($0) }
  }
}

/// The rows of a map as the host reads them: the map's own where node numbers are the same, else a copy.
final class HostRows: @unchecked Sendable {
  let rows: UnsafePointer<UInt32>
  let count: Int
  private let owners: [AnyObject]

  init(_ map: PlacementMap, _ numbering: NodeNumbering?) throws(PlatError) {
    count = map.partitionCount * map.width
    let slots = UnsafeRawPointer(map.slots).assumingMemoryBound(to: UInt32.self)
    guard let numbering else {
      rows = slots
      owners = [map]
      return
    }
    let arena = try Arena()
    let table: DenseTable<NodeIndex, UInt32> = try arena.table(count)
    NodeNumbering.translate(slots, count: count, by: numbering.ofHost, into: table.base)
    rows = UnsafePointer(table.base)
    owners = [arena]
  }
}
