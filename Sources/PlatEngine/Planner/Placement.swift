/// The map in the making: for each partition a row of `R` slots, in no order of states until the roles stage.
///
/// Passed from stage to stage; the rows are the target map's own.
struct Placement {
  let target: PlacementMap
  let rows: UnsafeMutablePointer<NodeIndex>
  let replicas: Int
  /// Replicas of each node.
  let load: NodeTable<Int32>
  /// Which partitions are more than a row that stays as it is.
  var changed: ChangedRows
  /// All replicas placed.
  var placed = 0
  /// Replicas that were held, could have stayed by their node, and were let go by `Keep`.
  var letGo = 0
  /// The first partitions, up to here, have their states already.
  private(set) var dealt = 0
  /// How many of those rows each node has the first state in, where that is known.
  private(set) var led: NodeTable<Int32>?
  /// Who replicates to whom, where the settings limit that.
  var peers: PeerBook?

  init(_ problem: Problem, target: PlacementMap) throws(PlatError) {
    self.target = target
    rows = target.slots
    replicas = problem.replicas
    load = try problem.arena.table(problem.nodeCount)
    changed = try ChangedRows(problem)
  }

  /// The partitions up to here have their states. `led`: in how many of them each node has the first one.
  mutating func book(led: NodeTable<Int32>? = nil, upTo dealt: Int) { (self.led, self.dealt) = (led, dealt) }

  /// The states of those rows have changed.
  mutating func forgetLed() { led = nil }

  /// For stages that book loads only: all replicas placed. O(N).
  mutating func countPlaced() { placed = (0..<load.count).reduce(0) { $0 + Int(load.base[$1]) } }

  /// Whether every row, none of which has an empty slot, has so many nodes. O(P · R²).
  var hasNoNodeTwice: Bool {
    (0..<target.partitionCount).allSatisfy { partition in
      let row = row(partition)
      return (0..<replicas).allSatisfy { slot in !(0..<slot).contains { row[$0] == row[slot] } }
    }
  }

  /// Whether no node holds more than it may. O(N).
  func fits(_ capacity: [Int]) -> Bool { capacity.indices.allSatisfy { Int(load.base[$0]) <= capacity[$0] } }

  @inline(__always) func row(_ partition: Int) -> UnsafeMutablePointer<NodeIndex> { rows + partition * replicas }

  /// Replicas on nodes that do not hold them today. O(concerned · R²).
  func moves(_ problem: Problem) -> Int {
    var moves = 0
    forEachNewReplica(problem) { _, _ in moves += 1 }
    return moves
  }

  /// The partition and slot of every replica on a node that does not hold the partition today. O(concerned · R²);
  /// O(concerned · (R + R log R)) where rows are wide.
  func forEachNewReplica(_ problem: Problem, _ body: (_ partition: Int, _ slot: Int) -> Void) {
    changed.forEach { partition in
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

  /// The partitions that lack a replica, in order. O(concerned · R).
  var missing: [PartitionIndex] {
    var missing: [PartitionIndex] = []
    changed.forEach { partition in
      let row = row(partition)
      for slot in 0..<replicas where row[slot] == .none {
        missing.append(PartitionIndex(partition))
        break
      }
    }
    return missing
  }

  /// Adds to `count` what each node holds in a state's slots. O(N + concerned · R).
  func addHolders(_ problem: Problem, state: Int, slots: Range<Int>, to count: NodeTable<Int32>) {
    if !changed.isAll {
      for node in 0..<problem.nodeCount { count.base[node] += changed.whole(state, node) }
    }
    changed.forEach { partition in
      if changed.wasWhole(partition) {
        let held = problem.heldRows + partition * problem.heldWidth
        for slot in slots { count[held[slot]] -= 1 }
      }
      let row = row(partition)
      for slot in slots where row[slot] != .none { count[row[slot]] += 1 }
    }
  }
}
