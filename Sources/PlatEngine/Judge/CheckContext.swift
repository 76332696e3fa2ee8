extension Judge {
  /// What is judged: cluster and maps, with what every pass over them needs at hand.
  ///
  /// Every node number in a map is read through `min(number, N)`: node `N` stands for nobody, so that an empty
  /// slot needs no branch and no number from outside leads astray. Tables by node have `N + 1` entries.
  struct CheckContext {
    /// Some slots of a row, for straight loops. They live as long as the context.
    typealias SlotList = (base: UnsafeMutablePointer<Int>, count: Int)

    let dense: DenseCluster
    let map: PlacementMap
    /// The map that `map` was made from.
    let before: PlacementMap?
    let arena: Arena
    /// 1 where a node can be read: neither failed nor nobody.
    let isLive: NodeTable<UInt8>
    /// Partitions that the map has a row for.
    let rowCount: Int
    /// The rules that name places, as the settings have them.
    let places: [JudgedPlace]
    /// No node has failed.
    let allCanBeRead: Bool
    /// Passes over the rows.
    let blocks: Blocks

    init(_ dense: DenseCluster, map: PlacementMap, before: PlacementMap?, threads: Int = 1, interrupt: Interrupt? = nil
    ) throws(PlatError) {
      self.dense = dense
      self.map = map
      self.before = before
      arena = try Arena(interrupt: interrupt)
      isLive = try arena.table(dense.nodeCount + 1)
      for node in 0..<dense.nodeCount { isLive.base[node] = dense.status[node].isReadable ? 1 : 0 }
      places = JudgedPlace.all(dense)
      allCanBeRead = dense.status.allSatisfy(\.isReadable)
      rowCount = min(map.partitionCount, dense.partitionCount)
      blocks = Blocks(rowCount, replicas: map.width, threads: threads)
      let states = dense.cluster.settings.model.states.count
      for slotCounts in [map.slotCounts, before?.slotCounts ?? map.slotCounts] where slotCounts.count != states {
        throw .unsupported(
          InputError(
            path: "map", found: "slots for \(slotCounts.count) states", expected: "slots for \(states) states"))
      }
    }

    /// For loops over partitions that take long for each.
    @inline(__always) func throwIfInterrupted(at partition: Int) throws(PlatError) {
      if partition & 1023 == 0 { try arena.throwIfInterrupted() }
    }

    /// Something for each partition, in order: an interrupt ends that, too.
    func sorted<Element>(_ elements: [Element], by comesBefore: (Element, Element) -> Bool) throws(PlatError)
      -> [Element]
    {
      try elements.sorted(arena.interrupt, by: comesBefore)
    }

    var nodeCount: Int { dense.nodeCount }
    var settings: Settings { dense.cluster.settings }
    var model: StateModel { dense.cluster.settings.model }
    /// The map is a plan, not what the cluster has now.
    var isPlan: Bool { before != nil }

    /// The states that a node may hold data in, of `states`.
    func dataStates(of states: some Sequence<Int>) -> [Int] { states.filter { model.states[$0].holdsData } }

    /// The states that take a node for a partition, of `states`: they hold data, or are asked for.
    func occupying(_ states: some Sequence<Int>) -> [Int] {
      states.filter { model.states[$0].holdsData || model.states[$0].isPlaced }
    }

    /// The slots of some states, in an array for straight loops.
    func slots(ofStates states: [Int], in map: PlacementMap) throws(PlatError) -> SlotList {
      let slots = states.flatMap { Array(map.slots(ofState: $0)) }
      let table: NodeTable<Int> = try arena.table(slots.count)
      for (index, slot) in slots.enumerated() { table.base[index] = slot }
      return (table.base, slots.count)
    }

    /// The slots in which data is held.
    func dataSlots(in map: PlacementMap) throws(PlatError) -> SlotList {
      try slots(ofStates: dataStates(of: model.states.indices), in: map)
    }

    /// Who can be read of a partition's holders in a state. For findings: it allocates.
    func liveHolders(of partition: Int, inState state: Int) -> [Int] {
      guard partition < rowCount else { return [] }
      return map.holders(of: partition, inState: state).map(\.int).filter { $0 < nodeCount && isLive.base[$0] == 1 }
    }
  }
}
