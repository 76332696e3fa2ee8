extension Judge {
  /// How many partitions each container can lead at most, where a hard near rule wants company for their masters.
  ///
  ///     z1   company kept for 230 partitions, 22 replicas received   →   at most 252 are led there
  ///
  /// For whatever has its company there had it there before, or received a replica there. Of the first such rule.
  struct Companies {
    let rule: Int
    let level: Int
    /// For each container: companies that are left of before, replicas received, and partitions led.
    private(set) var kept: [Int]
    private(set) var received: [Int]
    private(set) var led: [Int]

    /// Nil without such a rule, without a map before, and where masters are led without company. O(P · R²).
    init?(_ matter: Matter) throws(PlatError) {
      let dense = matter.dense
      guard let before = matter.before else { return nil }
      guard let (rule, company) = Near.company(dense) else { return nil }
      (self.rule, level) = (rule.index, rule.level)
      let containers = dense.levels[level]
      kept = [Int](repeating: 0, count: containers.count)
      (received, led) = (kept, kept)
      let (slotsBefore, slots) = try (matter.dataSlots(in: before), matter.dataSlots(in: matter.map))
      let leading = matter.map.slots(ofState: 0)
      for partition in 0..<matter.rowCount {
        try matter.throwIfInterrupted(at: partition)
        let old =
          partition < before.partitionCount
          ? Companies.nodes(before, partition, slotsBefore, matter).filter { matter.isLive.base[$0] == 1 } : []
        let new = Companies.nodes(matter.map, partition, slots, matter)
        func here(_ nodes: [Int], _ container: ContainerIndex) -> Int {
          nodes.count { containers.containerOfNode[$0] == container }
        }
        let staying = old.filter { dense.status[$0].mayKeep }
        for container in Set(staying.map { containers.containerOfNode[$0] }) where here(staying, container) >= company {
          kept[container.int] += 1
        }
        for node in new where !old.contains(node) { received[containers.containerOfNode[node].int] += 1 }
        for slot in leading {
          let master = matter.map.row(partition)[slot]
          guard master.int < dense.nodeCount else { continue }
          let container = containers.containerOfNode[master.int]
          guard here(new, container) >= company else { return nil }
          led[container.int] += 1
        }
      }
    }

    private static func nodes(_ map: PlacementMap, _ partition: Int, _ slots: Matter.SlotList, _ matter: Matter)
      -> [Int]
    {
      (0..<slots.count).map { map.row(partition)[slots.base[$0]].int }.filter { $0 < matter.nodeCount }
    }

    /// Why a node leads no more; nil where others of its container could lead fewer, or the container more.
    func why(_ matter: Matter, _ node: Int) -> String? {
      let container = matter.dense.levels[level].containerOfNode[node].int
      guard led[container] >= kept[container] + received[container] else { return nil }
      return "\(matter.container(level: level, container)) can lead \(led[container]) after these moves, and does: "
        + "\(matter.settings.ruleName(rule)) wants company for a master, \(kept[container]) partitions have theirs "
        + "there from before, and \(matter.replicas(received[container])) came, each for one more at most"
    }
  }
}
