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
    for partition in 0..<problem.partitionCount {
      let row = row(partition)
      for slot in 0..<replicas where row[slot] != .none && !problem.isHeld(partition, by: row[slot]) { moves += 1 }
    }
    return moves
  }
}
