/// The placement in weight: what every stage for partitions of different sizes reads, and the loads that it keeps up.
struct Weighing {
  let problem: Problem
  /// The rows are this map's own: it lives as long as they are looked at.
  private let target: PlacementMap
  let rows: UnsafeMutablePointer<NodeIndex>
  let replicas: Int
  /// Of each partition.
  let weight: PartitionTable<Int>
  /// Of all partitions.
  let total: Int
  /// What 1 stands for in the document's own numbers.
  let unit: Rational
  /// Partitions, heaviest first; equal ones by number.
  let order: PartitionTable<PartitionIndex>
  let sizes: WeightSizes
  /// Of each node: weight, and replicas. The latter is `Placement.load`.
  let load: NodeTable<Int>
  let count: NodeTable<Int32>
  let capacity: NodeTable<Int32>
  /// What other maps on the same nodes ask of this one.
  let goal: WeightGoal?

  /// O(P log P).
  init(
    _ problem: Problem, _ weights: PartitionWeights, _ placement: Placement, goal: WeightGoal? = nil
  ) throws(PlatError) {
    self.problem = problem
    self.goal = goal
    target = placement.target
    rows = placement.rows
    replicas = problem.replicas
    count = placement.load
    total = weights.total
    unit = weights.unit
    weight = try problem.arena.table(problem.partitionCount)
    order = try problem.arena.table(problem.partitionCount)
    load = try problem.arena.table(problem.nodeCount)
    capacity = try problem.arena.table(problem.nodeCount)
    for node in 0..<problem.nodeCount {
      let capacity = problem.cluster.capacity[node]
      self.capacity.base[node] =
        problem.receives.base[node] && problem.cluster.cluster.nodes[node].weight.isPositive ? Int32(capacity) : 0
    }
    for partition in 0..<problem.partitionCount {
      weight.base[partition] = weights.of[partition]
      order.base[partition] = PartitionIndex(partition)
    }
    let weight = weight
    var all = UnsafeMutableBufferPointer(start: order.base, count: order.count)
    all.sort { a, b in
      weight[a] != weight[b] ? weight[a] > weight[b] : a < b
    }
    sizes = WeightSizes(all.reversed().lazy.map { (weight[$0], weight[$0]) })
  }

  /// Counts loads anew, in weight and in replicas. O(P · R).
  func recount() {
    load.fill(with: 0)
    count.fill(with: 0)
    for partition in 0..<problem.partitionCount {
      let row = row(partition)
      for slot in 0..<replicas where row[slot] != .none {
        load[row[slot]] += weight.base[partition]
        count[row[slot]] += 1
      }
    }
  }

  /// All rows as they are. O(P · R).
  func snapshot() throws(PlatError) -> PartitionTable<NodeIndex> {
    let copy: PartitionTable<NodeIndex> = try problem.arena.table(problem.partitionCount * replicas)
    copy.base.update(from: rows, count: copy.count)
    return copy
  }

  func restore(_ copy: PartitionTable<NodeIndex>) {
    rows.update(from: copy.base, count: copy.count)
    recount()
  }

  @inline(__always) func row(_ partition: Int) -> UnsafeMutablePointer<NodeIndex> { rows + partition * replicas }

  /// Puts `node` into a slot, in the place of who is there.
  @inline(__always) func set(_ partition: Int, _ slot: Int, to node: NodeIndex) {
    let row = row(partition)
    let weight = weight.base[partition]
    if row[slot] != .none {
      load[row[slot]] -= weight
      count[row[slot]] -= 1
    }
    row[slot] = node
    if node != .none {
      load[node] += weight
      count[node] += 1
    }
  }

  /// Whether the node has room for one more replica by number, and may receive it.
  @inline(__always) func hasRoom(_ node: NodeIndex) -> Bool { count[node] < capacity[node] }

  /// Replicas that have no place. O(P · R).
  var unplaced: Int { (0..<problem.partitionCount * replicas).count { rows[$0] == .none } }

  /// Replicas on nodes that do not hold them today, and what they weigh. O(P · R²).
  var moved: (count: Int, weight: Int) {
    var (count, sum) = (0, 0)
    for partition in 0..<problem.partitionCount {
      let row = row(partition)
      for slot in 0..<replicas where row[slot] != .none && !problem.isHeld(partition, by: row[slot]) {
        count += 1
        sum += weight.base[partition]
      }
    }
    return (count, sum)
  }

  /// Capacities count replicas: the lightest beyond them have to go.
  func letGoBeyondCapacity() {
    guard (0..<problem.nodeCount).contains(where: { Int(count.base[$0]) > problem.cluster.capacity[$0] }) else {
      return
    }
    for place in (0..<order.count).reversed() {
      let partition = order.base[place].int
      let row = row(partition)
      for slot in 0..<replicas where row[slot] != .none {
        if Int(count[row[slot]]) > problem.cluster.capacity[row[slot].int] { set(partition, slot, to: .none) }
      }
    }
  }

  /// The heaviest replica of each node in some slots of the rows. O(P · R).
  func heaviest(in slots: Range<Int>) throws(PlatError) -> NodeTable<Int> {
    let heaviest: NodeTable<Int> = try problem.arena.table(problem.nodeCount)
    for partition in 0..<problem.partitionCount {
      let row = row(partition)
      for slot in slots where row[slot] != .none {
        heaviest[row[slot]] = max(heaviest[row[slot]], weight.base[partition])
      }
    }
    return heaviest
  }
}

extension Quantity {
  var isPositive: Bool { Rational(self).sign > 0 }
}

/// The slots that each node holds, heaviest first, as they were when it was made.
struct WeighedHoldings {
  private let first: NodeTable<UInt32>
  private let slots: UnsafeMutablePointer<UInt32>
  private let rows: UnsafeMutablePointer<NodeIndex>

  /// Of some columns of the rows. O(P · R).
  init(_ weighing: Weighing, in columns: Range<Int>) throws(PlatError) {
    let problem = weighing.problem
    rows = weighing.rows
    first = try problem.arena.table(problem.nodeCount + 1)
    let width = problem.replicas
    for partition in 0..<problem.partitionCount {
      for column in columns where rows[partition * width + column] != .none {
        first.base[rows[partition * width + column].int + 1] += 1
      }
    }
    for node in 0..<problem.nodeCount { first.base[node + 1] += first.base[node] }
    let table: PartitionTable<UInt32> = try problem.arena.table(Int(first.base[problem.nodeCount]))
    slots = table.base
    let next: NodeTable<UInt32> = try problem.arena.table(problem.nodeCount + 1)
    next.copy(from: first)
    for place in 0..<problem.partitionCount {
      let partition = weighing.order.base[place].int
      for column in columns where rows[partition * width + column] != .none {
        let node = rows[partition * width + column]
        slots[Int(next[node])] = UInt32(partition * width + column)
        next[node] += 1
      }
    }
  }

  /// Some may have gone since: compare with the row.
  @inline(__always) func of(_ node: NodeIndex) -> UnsafeBufferPointer<UInt32> {
    let begin = Int(first[node])
    return UnsafeBufferPointer(start: slots + begin, count: Int(first.base[node.int + 1]) - begin)
  }
}
