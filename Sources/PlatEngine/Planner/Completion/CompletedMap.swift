/// One of the maps that `Completion` fills: its rows, who holds what today, and what every row must keep.
struct CompletedMap {
  let cluster: DenseCluster
  let target: PlacementMap
  let before: PlacementMap?
  /// Nodes that are leaving keep what they hold.
  let leavingStay: Bool
  /// Its slots are numbered from here on, row by row.
  let firstSlot: Int
  /// The slots of a row that hold data, and the state of every slot.
  let dataSlots: [Int]
  let stateOfSlot: [Int]
  /// A limit on peers is hard: rows change only where that makes no pair.
  let isPeerLimited: Bool
  let rules: [RowBound]
  /// Nodes that hard rules treat alike: the containers of the innermost level that has a rule, or all nodes.
  let boxes: [Range<Int>]
  let boxOfNode: [Int]
  private let heldSlots: [Int]

  init(_ cluster: DenseCluster, target: PlacementMap, before: PlacementMap?, leavingStay: Bool, firstSlot: Int) {
    (self.cluster, self.target, self.before) = (cluster, target, before)
    (self.leavingStay, self.firstSlot) = (leavingStay, firstSlot)
    let settings = cluster.cluster.settings
    let stateOfSlot = target.stateOfSlot
    self.stateOfSlot = stateOfSlot
    dataSlots = target.dataSlots(settings.model)
    heldSlots = before?.dataSlots(settings.model) ?? []
    isPeerLimited = settings.hasHardPeerLimit
    let hard = settings.hardContainerRules
    let places = cluster.hardPlaces.map { bound in
      RowBound(
        containerOfNode: bound.isIn.map { ContainerIndex($0 ? 0 : 1) }, countsSlot: stateOfSlot.map(bound.counts),
        free: ContainerIndex(1), limit: bound.most, anchors: nil)
    }
    rules = places + hard.map { $0.bound(cluster, stateOfSlot: stateOfSlot) }
    let innermost = hard.map { $0.level }.max()
    guard cluster.places.barred.isEmpty, places.isEmpty else {
      // Sets of nodes cross containers: no two nodes are taken to be alike.
      boxes = (0..<cluster.nodeCount).map { $0..<$0 + 1 }
      boxOfNode = Array(0..<cluster.nodeCount)
      return
    }
    boxes = innermost.map { cluster.levels[$0].nodes } ?? [0..<cluster.nodeCount]
    boxOfNode =
      innermost.map { cluster.levels[$0].containerOfNode.map(\.int) } ?? Array(repeating: 0, count: cluster.nodeCount)
  }

  var width: Int { target.width }

  // MARK: who holds it

  /// Nodes that can be read and hold the partition's data today, leading ones first. O(R).
  func holders(_ partition: Int) -> [NodeIndex] {
    guard let before, partition < before.partitionCount else { return [] }
    let row = before.row(partition)
    return heldSlots.lazy.map { row[$0] }.filter { $0 != .none && cluster.status[$0.int].isReadable }
  }

  func isHeld(_ partition: Int, by node: NodeIndex) -> Bool {
    guard let before, partition < before.partitionCount, cluster.status[node.int].isReadable else { return false }
    let row = before.row(partition)
    return heldSlots.contains { row[$0] == node }
  }

  func isLive(_ partition: Int) -> Bool { !holders(partition).isEmpty }

  func copies(_ partition: Int) -> Int {
    let row = target.row(partition)
    return dataSlots.count { row[$0] != .none }
  }

  func hasLeader(_ partition: Int) -> Bool {
    let row = target.row(partition)
    return target.slots(ofState: 0).contains { row[$0] != .none }
  }

  /// Open slots of the partition that may be filled: as many of each state as are asked for. O(R).
  func openSlots(_ partition: Int) -> [Int] {
    let row = target.row(partition)
    var open: [Int] = []
    for state in cluster.dataWanted.indices where cluster.dataWanted[state] > 0 {
      let slots = target.slots(ofState: state)
      let left = cluster.dataWanted[state] - slots.count { row[$0] != .none }
      if left > 0 { open += slots.filter { row[$0] == .none }.prefix(left) }
    }
    return open
  }

  // MARK: what a row must keep

  /// Whether a node's status lets it have the partition in a state. O(R).
  func mayHave(_ node: NodeIndex, _ partition: Int, inState state: Int) -> Bool {
    guard cluster.mayEver(node.int, inState: state) else { return false }
    let status = cluster.status[node.int]
    if status.mayReceive { return true }
    guard status.mayKeep(leavingStay: leavingStay), state > 0 || !status.isSlaveOnly else { return false }
    return isHeld(partition, by: node)
  }

  /// Whether rules about containers let the leaf box of `node` have one more of the row in `slot`, where what slot
  /// `without` holds goes. O(R · rules).
  func admits(_ row: UnsafeMutablePointer<NodeIndex>, _ slot: Int, boxOf node: NodeIndex, without: Int = -1) -> Bool {
    rules.allSatisfy { $0.admits(row, width: width, slot, node, without: without) }
  }

  func isInRow(_ row: UnsafeMutablePointer<NodeIndex>, _ node: NodeIndex) -> Bool {
    (0..<width).contains { row[$0] == node }
  }

  /// Whether the row breaks nothing as it stands. O(R² · rules).
  func isLegal(_ partition: Int) -> Bool {
    let row = target.row(partition)
    return dataSlots.allSatisfy { row[$0] == .none || mayHave(row[$0], partition, inState: stateOfSlot[$0]) }
      && keepsRules(partition)
  }

  /// Nodes that hold a partition, none of which should have it though all can be read.
  func staysForWantOfAnother(_ nodes: [NodeIndex]) -> Bool {
    !nodes.isEmpty && nodes.allSatisfy { cluster.status[$0.int].isReadable && !cluster.status[$0.int].mayReceive }
  }

  /// Whether no node comes twice and hard rules are kept, whatever the status of the nodes. O(R² · rules).
  func keepsRules(_ partition: Int) -> Bool {
    let row = target.row(partition)
    for slot in 0..<width where row[slot] != .none {
      if cluster.places.leavesNothing(row[slot].int) { return false }
      for earlier in 0..<slot where row[earlier] == row[slot] { return false }
      guard admits(row, slot, boxOf: row[slot]) else { return false }
    }
    return rules.allSatisfy { $0.isNear(row, width: width) }
  }
}
