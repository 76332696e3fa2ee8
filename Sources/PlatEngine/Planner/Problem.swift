/// What every stage reads and none changes.
struct Problem {
  let cluster: DenseCluster
  let current: PlacementMap?
  let arena: Arena
  let partitionCount: Int
  let nodeCount: Int
  /// Slots of each wanted row: the states' counts, and their sum.
  let wanted: [Int]
  let replicas: Int

  /// Hard rules on how many replicas of a partition a container may hold in all, outermost level first. In the arena:
  /// going through an array would count its references, once for every replica.
  let hard: UnsafeBufferPointer<LevelCap>
  /// Soft ones.
  let soft: UnsafeBufferPointer<LevelCap>
  let stateCaps: [StateCap]
  /// Rules about who is near to the master: those that a plan keeps, and those that it prefers.
  let near: UnsafeBufferPointer<NearRule>
  let softNear: UnsafeBufferPointer<NearRule>
  /// Some of the rules kept are soft ones: on a fresh map nothing moves for them.
  let isNearPromoted: Bool
  /// The roles stage has rules to keep.
  let hasStateRules: Bool
  /// The state of each slot of a wanted row.
  let stateOfSlot: UnsafeBufferPointer<Int>
  /// The limit on peers, where it says more than that there are so many nodes.
  let fanOut: FanOutLimit?

  /// The innermost hard containers, or one box of everything: nodes of one leaf box are alike to the hard rules.
  let leafBoxOfNode: NodeTable<ContainerIndex>
  let leafBoxes: [Range<Int>]

  /// The slots of `current` that hold data, by column.
  let heldSlots: UnsafeBufferPointer<Int>
  /// The rows of `current`, for the loops: its partitions (0 without a map), its slots and their number in a row.
  let heldPartitions: Int
  let heldRows: UnsafeMutablePointer<NodeIndex>
  let heldWidth: Int
  /// 1: the node keeps what it holds.
  let keeps: NodeTable<Bool>
  /// 1: the node may receive partitions.
  let receives: NodeTable<Bool>
  /// 1: the node is in maintenance: it keeps what it holds but is no master.
  let isSlaveOnly: NodeTable<Bool>
  /// 1: what the node holds can be read, so that placing it there again is no move.
  let isReadable: NodeTable<Bool>
  let hasSlaveOnly: Bool

  /// How many partitions of other maps each node leads, where open places are to go to whoever leads least of all; else
  /// empty.
  var leadBeside: [Int32] = []
  /// What is put off leaves nodes out of their windows: as evenly in each state as may be.
  var levelsStates = false

  /// Threads to work with. Nothing that is found out depends on it.
  let threads: Int
  /// Rows, of the current map or the next, are looked at through marks instead of slot by slot.
  let isWide: Bool

  init(
    _ cluster: DenseCluster, current: PlacementMap?, arena: Arena, threads: Int = 1, wideRow: Int = PlanRequest.wideRow,
    promotesNear: Bool = true, leavingStay: Bool = false
  ) throws(PlatError) {
    self.threads = threads
    isWide = max(cluster.replicas, current?.width ?? 0) > wideRow
    self.cluster = cluster
    self.current = current
    self.arena = arena
    partitionCount = cluster.partitionCount
    nodeCount = cluster.nodeCount
    wanted = cluster.dataWanted
    replicas = cluster.replicas

    var tables: [NodeTable<ContainerIndex>] = []
    for dense in cluster.levels {
      let table: NodeTable<ContainerIndex> = try arena.table(cluster.nodeCount)
      for node in 0..<cluster.nodeCount { table.base[node] = dense.containerOfNode[node] }
      tables.append(table)
    }
    let promotes = promotesNear && current == nil
    let caps = CompiledCaps(
      cluster, tables: tables, wideRow: wideRow, alike: NearRule.levels(cluster, promoting: promotes))
    hard = try arena.list(caps.hard)
    soft = try arena.list(caps.soft)
    stateCaps = caps.ofStates
    let (kept, preferred) = try NearRule.all(
      cluster, hard: caps.hard, tables: tables, arena: arena, promoting: promotes)
    near = try arena.list(kept)
    softNear = try arena.list(preferred)
    isNearPromoted = kept.contains { !$0.isHard }
    hasStateRules = !stateCaps.isEmpty || !kept.isEmpty
    stateOfSlot = try arena.list(
      cluster.dataWanted.indices.flatMap { Array(repeating: $0, count: cluster.dataWanted[$0]) })
    fanOut = kept.isEmpty || cluster.cluster.settings.hasHardPeerLimit ? cluster.limitOnPeers : nil

    if let innermost = caps.hard.last {
      leafBoxOfNode = innermost.containerOfNode
      leafBoxes = cluster.levels[innermost.level].nodes
    } else {
      leafBoxOfNode = try arena.table(cluster.nodeCount)
      leafBoxes = [0..<cluster.nodeCount]
    }

    let model = cluster.cluster.settings.model
    let stateOfSlot = current?.stateOfSlot ?? []
    heldSlots = try arena.list(stateOfSlot.indices.filter { model.states[stateOfSlot[$0]].holdsData })
    heldPartitions = current?.partitionCount ?? 0
    heldRows = current?.slots ?? UnsafeMutablePointer(bitPattern: MemoryLayout<NodeIndex>.alignment)!
    heldWidth = current?.width ?? 0

    keeps = try arena.table(cluster.nodeCount)
    receives = try arena.table(cluster.nodeCount)
    isSlaveOnly = try arena.table(cluster.nodeCount)
    isReadable = try arena.table(cluster.nodeCount)
    let mastersOnly = cluster.replicas == cluster.dataWanted[0]
    var hasSlaveOnly = false
    for node in 0..<cluster.nodeCount {
      let status = cluster.status[node]
      isReadable.base[node] = status.isReadable
      receives.base[node] = status.mayReceive
      isSlaveOnly.base[node] = status.isSlaveOnly
      keeps.base[node] = status.mayKeep(leavingStay: leavingStay) && !(status.isSlaveOnly && mastersOnly)
      hasSlaveOnly = hasSlaveOnly || status.isSlaveOnly
    }
    self.hasSlaveOnly = hasSlaveOnly
  }

  /// Whether `node` may be in a state: one in maintenance is no master.
  @inline(__always) func allows(_ node: NodeIndex, inState state: Int) -> Bool { state > 0 || !isSlaveOnly[node] }

  /// Whether the current map lets `node` have the partition without receiving it.
  @inline(__always) func isHeld(_ partition: Int, by node: NodeIndex) -> Bool {
    guard partition < heldPartitions, isReadable[node] else { return false }
    let row = heldRows + partition * heldWidth
    for slot in heldSlots where row[slot] == node { return true }
    return false
  }

  /// Whether some node that could keep the partition is not in its row: only such partitions can move for nothing.
  func isAway(_ partition: Int, from row: UnsafeMutablePointer<NodeIndex>) -> Bool {
    guard let current, partition < current.partitionCount else { return false }
    let held = current.row(partition)
    if isWide {
      return Set(heldSlots.lazy.map { held[$0] }.filter { $0 != .none && keeps[$0] })
        .subtracting((0..<replicas).lazy.map { row[$0] }).isEmpty == false
    }
    return heldSlots.contains { slot in
      held[slot] != .none && keeps[held[slot]] && !(0..<replicas).contains { row[$0] == held[slot] }
    }
  }

  /// Whether `node` may take a partition whose row is `row`, where what slot `leaving` holds goes (-1: nothing
  /// does): it is not there yet, and hard rules allow it. O(R · hard levels).
  @inline(__always) func allows(
    _ row: UnsafeMutablePointer<NodeIndex>, leaving: Int, to node: NodeIndex
  ) -> Bool {
    for slot in 0..<replicas where row[slot] == node { return false }
    return allows(row, leaving: leaving, intoBoxOf: node)
  }

  /// Whether hard rules let one more of the row's replicas into the leaf box of `node`, whose nodes are alike to
  /// them.
  @inline(__always) func allows(
    _ row: UnsafeMutablePointer<NodeIndex>, leaving: Int, intoBoxOf node: NodeIndex
  ) -> Bool {
    for cap in hard {
      let container = cap.containerOfNode[node]
      var count = 0
      for slot in 0..<replicas where slot != leaving && row[slot] != .none {
        if cap.containerOfNode[row[slot]] == container { count += 1 }
      }
      if count >= cap.most { return false }
    }
    return near.isEmpty || keepsNear(near, row, leaving: leaving, adding: node)
  }

  /// How many soft rules `node` would break for a partition whose row is `row`, leaving out slot `leaving`.
  @inline(__always) func softBreaches(
    _ row: UnsafeMutablePointer<NodeIndex>, leaving: Int, at node: NodeIndex
  ) -> Int {
    var breaches = 0
    for cap in soft {
      let container = cap.containerOfNode[node]
      var count = 0
      for slot in 0..<replicas where slot != leaving && row[slot] != .none {
        if cap.containerOfNode[row[slot]] == container { count += 1 }
      }
      if count >= cap.most { breaches += 1 }
    }
    if !near.isEmpty || !softNear.isEmpty { breaches += nearBreaches(row, leaving: leaving, at: node) }
    return breaches
  }
}

extension Arena {
  /// A list that lives as long as the arena.
  fileprivate func list<Element: BitwiseCopyable>(
    _ elements: [Element]
  ) throws(PlatError) -> UnsafeBufferPointer<Element> {
    let table: DenseTable<NodeIndex, Element> = try table(elements.count)
    for (index, element) in elements.enumerated() { table.base[index] = element }
    return UnsafeBufferPointer(start: table.base, count: elements.count)
  }
}
