import PlatEngine

/// Writes steps documents: how to get from the current map to a plan's, or from several to theirs.
public enum StepsWriter {
  /// The maps that the steps are about, and their partitions, which are numbered on.
  package struct Maps {
    fileprivate let parts: [MapRevisions]
    private let numbers: PartitionNumbers

    package init(_ parts: [MapRevisions]) {
      self.parts = parts
      numbers = PartitionNumbers(parts.map(\.partitionCount))
    }

    fileprivate func part(of partition: PartitionIndex) -> MapRevisions { parts[numbers.map(of: partition)] }

    /// Writes the partition, and its map where there are several.
    fileprivate func write(_ partition: PartitionIndex, _ writer: inout JSONWriter) {
      let own = numbers.own(partition)
      if let name = parts[own.map].name { writer.member("map", name) }
      writer.member("partition", parts[own.map].cluster.partitionName(own.partition))
    }

    /// What the steps leave undone.
    package func findings(_ plan: StepPlan) -> [Finding] {
      plan.unmet.map { partition, reason in
        let own = numbers.own(partition)
        let cluster = parts[own.map].cluster
        let isRoom = reason == .noRoom || reason == .noRoomFound
        var finding = Finding(
          strength: .hard, rule: isRoom ? "capacity" : "constraints.\(cluster.settings.model.states[0].name)",
          partition: cluster.partitionName(own.partition), want: 1, have: 0, because: reason.text)
        finding.map = parts[own.map].name
        return finding
      }
    }
  }

  /// O(steps + arcs).
  package static func write(
    _ plan: StepPlan, schedule: Schedule, inTime: Bool, of maps: Maps, into writer: inout JSONWriter
  ) {
    writer.beginObject(.lines)
    writer.member("plat", 1)
    MapRevisions.write(maps.parts, &writer)
    writer.key("steps")
    writer.beginArray(.lines)
    for index in 0..<plan.list.count {
      if writer.isStopped(at: index) { break }
      write(index, plan.list, maps, &writer)
    }
    writer.endArray()
    writer.key("schedule")
    writer.beginObject(.lines)
    writer.member(inTime ? "microseconds" : "rounds", schedule.length)
    writer.member(inTime ? "microsecondsLowerBound" : "roundsLowerBound", schedule.lowerBound)
    writer.key("start")
    writer.beginArray(.compact)
    for (index, start) in schedule.start.enumerated() {
      if writer.isStopped(at: index) { break }
      writer.integer(start)
    }
    writer.endArray()
    writer.endObject()
    if !plan.removedFirst.isEmpty { writeRemovedFirst(plan, maps, &writer) }
    writeUnmet(plan, maps, &writer)
    writer.endObject()
  }

  private static func write(_ index: Int, _ list: StepList, _ maps: Maps, _ writer: inout JSONWriter) {
    let step = list.steps[index]
    let cluster = maps.part(of: step.partition).cluster
    writer.beginObject(.compact)
    writer.member("id", index)
    writer.key("after")
    writer.beginArray(.compact)
    for before in list.after(index) { writer.integer(Int(before)) }
    writer.endArray()
    maps.write(step.partition, &writer)
    let model = cluster.settings.model
    switch step.kind {
    case .set:
      writer.member("kind", "set")
      writer.member("node", cluster.nodes[step.node.int].name)
      write("change", step.change, model, &writer)
    case .stream:
      writer.member("kind", "stream")
      writer.member("source", cluster.nodes[step.source.int].name)
      writer.member("destination", cluster.nodes[step.node.int].name)
      if step.isTakeover {
        writer.key("takeover")
        writer.bool(true)
      }
      write("sourceChange", step.sourceChange, model, &writer)
      write("destinationChange", step.change, model, &writer)
      if step.isFullScan {
        writer.key("fullScan")
        writer.bool(true)
      }
      if step.isTakeover {
        writer.key("hold")
        writer.names(of: cluster.config.hold, model)
      }
    }
    writer.endObject()
  }

  private static func write(_ key: String, _ change: StateChange, _ model: StateModel, _ writer: inout JSONWriter) {
    writer.key(key)
    writer.beginArray(.compact)
    writer.string(model.name(change.from))
    writer.string(model.name(change.to))
    writer.endArray()
  }

  private static func writeRemovedFirst(_ plan: StepPlan, _ maps: Maps, _ writer: inout JSONWriter) {
    writer.key("removedFirst")
    writer.beginArray(.lines)
    for (partition, node) in plan.removedFirst {
      writer.beginObject(.compact)
      maps.write(partition, &writer)
      writer.member("node", maps.part(of: partition).cluster.nodes[node.int].name)
      writer.endObject()
    }
    writer.endArray()
  }

  /// Partitions that do not reach their target, as findings.
  private static func writeUnmet(_ plan: StepPlan, _ maps: Maps, _ writer: inout JSONWriter) {
    let findings = maps.findings(plan)
    guard !findings.isEmpty else { return }
    ReportWriter.writeFindings(
      Array(findings.prefix(Report.mostFindings)), more: findings.count - min(findings.count, Report.mostFindings),
      to: &writer)
  }
}

extension StepPlan.Reason {
  /// Why a partition does not reach its target, in words.
  package var text: String {
    switch self {
    case .noLiveCopy: "its data is on nodes that failed, and nothing is left to copy from"
    case .noRoom:
      "nodes without room wait for one another; with no copies but the plan's, a replica would have to go before another comes"
    case .noRoomFound: "nodes without room wait for one another; no safe order was found, and not every one was tried"
    case .lastCopy: "its target leaves no copy; the last one stays where it is"
    case .failedNode: "a node of its target has failed"
    case .noSafeOrder:
      "the model's hops lead there in no order that keeps its copies, its service and its exclusive states"
    }
  }
}
