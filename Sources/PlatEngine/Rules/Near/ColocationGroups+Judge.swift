extension Judge {
  /// How many partitions each container can lead at most, where a hard near rule wants company for their
  /// masters.
  ///
  ///     z1   230 co-location groups kept, 22 replicas received   →   at most 252 are led there
  ///
  /// For whatever has its co-location group there had it there before, or received a replica there. Of the first such
  /// rule.
  struct ColocationGroups {
    let rule: Int
    let level: Int
    /// For each container: co-location groups that are left of before, replicas received, and partitions led.
    private(set) var kept: [Int]
    private(set) var received: [Int]
    private(set) var led: [Int]

    /// Nil without such a rule, without a map before, and where masters are led without company. O(P · R²).
    init?(_ context: CheckContext) throws(PlatError) {
      let dense = context.dense
      guard let before = context.before else { return nil }
      guard let (rule, group) = Near.group(dense) else { return nil }
      (self.rule, level) = (rule.index, rule.level)
      let containers = dense.levels[level]
      kept = [Int](repeating: 0, count: containers.count)
      (received, led) = (kept, kept)
      let (slotsBefore, slots) = try (context.dataSlots(in: before), context.dataSlots(in: context.map))
      let leading = context.map.slots(ofState: 0)
      for partition in 0..<context.rowCount {
        try context.throwIfInterrupted(at: partition)
        let old =
          partition < before.partitionCount
          ? ColocationGroups.nodes(before, partition, slotsBefore, context).filter { context.isLive.base[$0] == 1 } : []
        let new = ColocationGroups.nodes(context.map, partition, slots, context)
        func here(_ nodes: [Int], _ container: ContainerIndex) -> Int {
          nodes.count { containers.containerOfNode[$0] == container }
        }
        let staying = old.filter { dense.status[$0].mayKeep }
        for container in Set(staying.map { containers.containerOfNode[$0] }) where here(staying, container) >= group {
          kept[container.int] += 1
        }
        for node in new where !old.contains(node) { received[containers.containerOfNode[node].int] += 1 }
        for slot in leading {
          let master = context.map.row(partition)[slot]
          guard master.int < dense.nodeCount else { continue }
          let container = containers.containerOfNode[master.int]
          guard here(new, container) >= group else { return nil }
          led[container.int] += 1
        }
      }
    }

    private static func nodes(
      _ map: PlacementMap, _ partition: Int, _ slots: CheckContext.SlotList, _ context: CheckContext
    )
      -> [Int]
    {
      (0..<slots.count).map { map.row(partition)[slots.base[$0]].int }.filter { $0 < context.nodeCount }
    }

    /// Why a node leads no more; nil where others of its container could lead fewer, or the container more.
    func why(_ context: CheckContext, _ node: Int) -> String? {
      let container = context.dense.levels[level].containerOfNode[node].int
      guard led[container] >= kept[container] + received[container] else { return nil }
      return "\(context.container(level: level, container)) can lead \(led[container]) after these moves, and does: "
        + "\(context.settings.ruleName(rule)) wants company for a master, \(kept[container]) partitions have theirs "
        + "there from before, and \(context.replicas(received[container])) came, each for one more at most"
    }
  }
}
