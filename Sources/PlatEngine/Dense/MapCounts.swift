/// Counting a map, in one place: what each node holds of it, and what it must receive of it. (The Judge compares maps in
/// a pass of its own, see `Judge.Movement`.)
extension PlacementMap {
  /// The slots whose states hold data.
  func dataSlots(_ model: StateModel) -> [Int] {
    let stateOfSlot = stateOfSlot
    return stateOfSlot.indices.filter { model.states[stateOfSlot[$0]].holdsData }
  }

  /// How many slots of the first `rows` rows each node has: of those in `state`, or (nil) in states that hold data.
  /// Nodes from `nodes` on are none of the cluster's. O(rows · width + nodes).
  package func loads(_ model: StateModel, nodes: Int, rows: Int = .max, inState state: Int? = nil) -> [Int] {
    var loads = [Int](repeating: 0, count: nodes)
    for slot in state.map({ Array(slots(ofState: $0)) }) ?? dataSlots(model) {
      for partition in 0..<min(partitionCount, rows) {
        let node = row(partition)[slot].int
        if node < nodes { loads[node] += 1 }
      }
    }
    return loads
  }

  /// Adds to `count` how many slots of the columns each node has. O(P · columns).
  func count(_ columns: Range<Int>, into count: NodeTable<Int32>) {
    for partition in 0..<partitionCount {
      let row = row(partition)
      for slot in columns where row[slot] != .none { count[row[slot]] += 1 }
    }
  }

  /// The same of all states that hold data.
  func countData(_ cluster: DenseCluster, into count: NodeTable<Int32>) {
    let states = cluster.cluster.settings.model.states
    for state in states.indices where states[state].holdsData { self.count(slots(ofState: state), into: count) }
  }

  /// Replicas, or their weight, on nodes that hold nothing of the partition that can be read. O(P · R²).
  func received(_ cluster: DenseCluster, from before: PlacementMap?, weights: [Int]? = nil) -> Int {
    let model = cluster.cluster.settings.model
    let slots = dataSlots(model)
    let heldSlots = before?.dataSlots(model) ?? []
    var received = 0
    for partition in 0..<partitionCount {
      let held = before.flatMap { partition < $0.partitionCount ? $0.row(partition) : nil }
      for slot in slots where row(partition)[slot] != .none {
        let node = row(partition)[slot]
        let isHeld =
          cluster.status[node.int].isReadable && (held.map { held in heldSlots.contains { held[$0] == node } } ?? false)
        if !isHeld { received += weights?[partition] ?? 1 }
      }
    }
    return received
  }
}

extension DenseCluster {
  /// What each node holds of a map (nil: nothing), in one state or (nil) in states that hold data. O(P · R + N).
  func loads(of map: PlacementMap?, inState state: Int? = nil) -> [Int] {
    map?.loads(cluster.settings.model, nodes: nodeCount, rows: partitionCount, inState: state)
      ?? Array(repeating: 0, count: nodeCount)
  }
}
