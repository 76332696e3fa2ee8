import PlatEngine

/// Writes why something cannot be met, as the members `proof` and `remedies` of a finding.
enum ShortageWriter {
  static func write(_ shortage: Shortage, to writer: inout JSONWriter) {
    writer.key("proof")
    writer.beginObject(.compact)
    writer.member("states", shortage.states)
    writer.key("containers")
    writer.beginArray(.compact)
    for one in shortage.full {
      guard let level = one.level else { continue }
      writer.beginObject(.compact)
      writer.member("level", level)
      writer.member("name", one.name)
      writer.member("room", one.room)
      writer.endObject()
    }
    writer.endArray()
    writer.key("nodes")
    writer.beginArray(.compact)
    for one in shortage.full where one.level == nil {
      writer.beginObject(.compact)
      writer.member("name", one.name)
      writer.member("room", one.room)
      writer.endObject()
    }
    writer.endArray()
    if let rule = shortage.rule {
      writer.key("rule")
      writer.beginObject(.compact)
      writer.member("path", rule.path)
      writer.member("most", rule.most)
      writer.endObject()
    }
    if let partitions = shortage.partitions { writer.member("partitions", partitions) }
    writer.member("room", shortage.room)
    writer.member("wanted", shortage.wanted)
    writer.member("short", shortage.short)
    writer.member("because", "\(shortage)")
    writer.endObject()
    writer.key("remedies")
    writer.beginArray(.compact)
    for remedy in shortage.remedies { write(remedy, to: &writer) }
    writer.endArray()
  }

  private static func write(_ remedy: Remedy, to writer: inout JSONWriter) {
    writer.beginObject(.compact)
    switch remedy {
    case .addContainers(let level, let count, let nodes):
      writer.member("add", "containers")
      writer.member("level", level)
      writer.member("count", count)
      writer.member("nodes", nodes)
    case .addNodes(let count, let container):
      writer.member("add", "nodes")
      writer.member("count", count)
      if let container { writer.member("container", container) }
    case .raiseAtMost(let rule, let to):
      writer.member("raise", "placement[\(rule)].atMost")
      writer.member("to", to)
    case .raiseCapacity(let raises):
      writer.member("raise", "capacity")
      writer.key("nodes")
      writer.beginObject(.compact)
      for raise in raises { writer.member(raise.node, raise.to) }
      writer.endObject()
    case .lowerConstraint(let state, let to):
      writer.member("lower", "constraints.\(state)")
      writer.member("to", to)
    case .raiseFanOut(let outbound, let inbound):
      writer.member("raise", "fanOut")
      if let outbound { writer.member("outbound", outbound) }
      if let inbound { writer.member("inbound", inbound) }
    case .lowerAtLeast(let rule, let to):
      writer.member("lower", "placement[\(rule)].atLeast")
      writer.member("to", to)
    case .endMaintenance(let nodes):
      writer.member("end", "maintenance")
      writer.member("nodes", nodes)
    }
    writer.endObject()
  }
}
