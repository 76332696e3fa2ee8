/// The map in the making: for each partition a row of `R` slots, in no order of states until the roles stage.
///
/// Passed from stage to stage; the rows are the target map's own.
struct Placement {
  let target: PlacementMap
  let rows: UnsafeMutablePointer<NodeIndex>
  let replicas: Int
  /// Replicas of each node.
  let load: NodeTable<Int32>
  /// Partitions that lack a replica when the list was made, in order; some may have got theirs since.
  var missing: PartitionTable<PartitionIndex>
  var missingCount = 0
  /// All replicas placed.
  var placed = 0
  /// Replicas that were held, could have stayed by their node, and were let go by `Keep`.
  var letGo = 0
  /// The first partitions, up to here, have their states already.
  var dealt = 0
  /// Who replicates to whom, where the settings limit that.
  var peers: PeerBook?

  init(_ problem: Problem, target: PlacementMap) throws(PlatError) {
    self.target = target
    rows = target.slots
    replicas = problem.replicas
    load = try problem.arena.table(problem.nodeCount)
    missing = try problem.arena.table(problem.current == nil ? 0 : problem.partitionCount)
  }

  @inline(__always) func row(_ partition: Int) -> UnsafeMutablePointer<NodeIndex> { rows + partition * replicas }

  /// Replicas on nodes that do not hold them today. O(P · R²).
  func moves(_ problem: Problem) -> Int {
    var moves = 0
    forEachNewcomer(problem) { _, _ in moves += 1 }
    return moves
  }

  /// The partition and slot of every replica on a node that does not hold the partition today, in rows that `includes`
  /// says. O(P · R²); O(P · (R + R log R)) where rows are wide.
  func forEachNewcomer(
    _ problem: Problem, includes: (Int) -> Bool = { _ in true }, _ body: (_ partition: Int, _ slot: Int) -> Void
  ) {
    for partition in 0..<problem.partitionCount where includes(partition) {
      let row = row(partition)
      if problem.isWide {
        var held: Set<NodeIndex> = []  // looked up only, never iterated
        if partition < problem.heldPartitions {
          for slot in problem.heldSlots {
            let node = (problem.heldRows + partition * problem.heldWidth)[slot]
            if node != .none, problem.isReadable[node] { held.insert(node) }
          }
        }
        for slot in 0..<replicas where row[slot] != .none && !held.contains(row[slot]) { body(partition, slot) }
      } else {
        for slot in 0..<replicas where row[slot] != .none && !problem.isHeld(partition, by: row[slot]) {
          body(partition, slot)
        }
      }
    }
  }
}
