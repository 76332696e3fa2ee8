import PlatEngine

/// An explanation with names: for people and as a document.
public struct ExplanationDocument: Sendable {
  private let cluster: Cluster
  let explanation: Explanation
  /// The explained partition was asked about this node too.
  private let node: Int?
  /// Which map, where there are several.
  private let map: String?

  public init(_ explanation: Explanation, of cluster: Cluster, node: Int?, map: String? = nil) {
    self.map = map
    self.explanation = explanation
    self.cluster = cluster
    self.node = node
  }

  private func name(_ node: Int) -> String { cluster.nodes[node].name }
  private func state(_ state: Int) -> String { cluster.settings.model.states[state].name }

  /// Lines for people.
  public var text: String {
    var lines = ["partition \(cluster.partitionName(explanation.partition))\(map.map { " of map \($0)" } ?? "")"]
    for holder in explanation.holders {
      lines.append("  \(state(holder.state)) \(name(holder.node)): \(holder.because)")
    }
    if explanation.holders.isEmpty { lines.append("  nobody has it") }
    for old in explanation.left {
      lines.append("  no more \(name(old.node)), which was \(state(old.state)): \(old.because)")
    }
    if let other = explanation.other {
      lines.append(
        "  not \(name(other.node))\(other.forbidden.isEmpty ? "" : ": " + other.forbidden.joined(separator: "; "))")
      for exchange in other.exchanges {
        lines.append(
          "    instead of \(state(exchange.state)) \(name(exchange.instead)): "
            + (exchange.forbidden.isEmpty ? "" : "no, ") + exchange.because)
      }
    } else if let node {
      lines.append("  \(name(node)) has it")
    }
    for due in explanation.forcedDues {
      lines.append(
        "  \(name(due.node)) is due \(due.due), and by its weight alone would be due \(due.byWeight): \(due.because)")
    }
    return lines.map { $0 + "\n" }.joined()
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject(.lines)
    writer.member("plat", 1)
    if let map { writer.member("map", map) }
    writer.member("partition", cluster.partitionName(explanation.partition))
    writer.key("replicas")
    writer.beginArray(.lines)
    for holder in explanation.holders { write(holder, to: &writer) }
    writer.endArray()
    writer.key("left")
    writer.beginArray(.lines)
    for holder in explanation.left { write(holder, to: &writer) }
    writer.endArray()
    if let other = explanation.other {
      writer.key("node")
      writer.beginObject(.lines)
      writer.member("node", name(other.node))
      writer.member("forbidden", other.forbidden)
      writer.key("instead")
      writer.beginArray(.lines)
      for exchange in other.exchanges {
        writer.beginObject(.compact)
        writer.member("node", name(exchange.instead))
        writer.member("state", state(exchange.state))
        writer.member("forbidden", exchange.forbidden)
        writer.member("moves", exchange.moves)
        writer.member("brokenSoft", exchange.brokenSoft)
        writer.member("outside", exchange.outside)
        writer.member("because", exchange.because)
        writer.endObject()
      }
      writer.endArray()
      writer.endObject()
    }
    if !explanation.forcedDues.isEmpty { writeForcedDues(to: &writer) }
    writer.endObject()
  }

  private func writeForcedDues(to writer: inout JSONWriter) {
    writer.key("dues")
    writer.beginArray(.lines)
    for due in explanation.forcedDues {
      writer.beginObject(.compact)
      writer.member("node", name(due.node))
      writer.member("due", due.due.description)
      writer.member("byWeight", due.byWeight.description)
      writer.member("because", due.because)
      writer.endObject()
    }
    writer.endArray()
  }

  private func write(_ holder: Explanation.Holder, to writer: inout JSONWriter) {
    writer.beginObject(.compact)
    writer.member("node", name(holder.node))
    writer.member("state", state(holder.state))
    if let before = holder.before { writer.member("before", state(before)) }
    writer.member("because", holder.because)
    writer.endObject()
  }
}

extension ExplanationDocument {
  /// What a plan says by itself, without the cluster that it is for: who has the partition, beside how many others.
  package static func writeHolders(
    _ map: NamedMap, partition: Int, name: String, mapName: String? = nil, to writer: inout JSONWriter
  ) {
    writer.beginObject(.lines)
    writer.member("plat", 1)
    if let mapName { writer.member("map", mapName) }
    writer.member("partition", name)
    writer.key("replicas")
    writer.beginArray(.lines)
    for (node, state, held) in holders(map, partition) {
      writer.beginObject(.compact)
      writer.member("node", node)
      writer.member("state", state)
      writer.member("held", held)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }

  package static func holdersText(_ map: NamedMap, partition: Int, name: String) -> String {
    "partition \(name)\n"
      + holders(map, partition).map { "  \($1) \($0): one of \($2) replicas on it\n" }.joined()
      + "  why: the plan alone does not say; name the cluster that it is for, too\n"
  }

  private static func holders(_ map: NamedMap, _ partition: Int) -> [(node: String, state: String, held: Int)] {
    let states = map.model.states
    return states.indices.flatMap { state in
      map.placement.holders(of: partition, inState: state).map { node in
        let held = (0..<map.placement.partitionCount * map.placement.width).count { map.placement.slots[$0] == node }
        return (map.nodeNames[node.int], states[state].name, held)
      }
    }
  }
}
