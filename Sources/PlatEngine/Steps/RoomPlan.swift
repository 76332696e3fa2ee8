/// Steps under capacities: first as every partition would like them, then, where full nodes wait for one another, in an
/// order that `RoomSearch` finds for the partitions concerned.
struct RoomPlan {
  private(set) var steps: [Step] = []
  private(set) var arcs: [Arc] = []
  /// Partitions that do not reach their target.
  private(set) var unmet: [(partition: PartitionIndex, reason: StepPlan.Reason)] = []
  private(set) var removedFirst: [(partition: PartitionIndex, node: NodeIndex)] = []

  private let cluster: DenseCluster
  private let load: [Int]
  private var partitions: PartitionSteps
  private let options: StepPlanner.Options

  /// Rows of the partitions that are searched, with their nodes.
  private struct Searched {
    var nodes: [Change]
    var shape: RowShape
    var row: RoomSearch.Row
  }

  /// More partitions are not searched together.
  private static let mostRows = 10_000

  init(_ cluster: DenseCluster, load: [Int], _ partitions: PartitionSteps, _ options: StepPlanner.Options) {
    self.cluster = cluster
    self.load = load
    self.partitions = partitions
    self.options = options
  }

  /// `rowOf`: what is to become of a partition.
  mutating func make(rowOf: (PartitionIndex) -> Difference.Row) throws(PlatError) {
    var room = MoveCapacity(cluster, load: load, partitions)
    try room.run(options.interrupt)
    var group = stuck(room)
    guard !group.isEmpty else {
      (steps, arcs) = (partitions.steps, partitions.arcs + room.extra)
      return
    }
    let (near, isWhole) = neighbours(of: group)
    if isWhole { group = near }
    // Who waited for a place that one of these leaves belongs to them.
    while true {
      room = MoveCapacity(cluster, load: load, partitions, without: group)
      try room.run(options.interrupt)
      let more = stuck(room).subtracting(group)
      guard !more.isEmpty else { break }
      group.formUnion(more)
    }
    let rows = group.sorted().prefix(RoomPlan.mostRows).compactMap { searched($0, rowOf) }
    try search(rows, group, room)
  }

  private func stuck(_ room: MoveCapacity) -> Set<PartitionIndex> {
    Set(partitions.steps.indices.lazy.filter { !room.isDone[$0] }.map { partitions.steps[$0].partition })
  }

  /// All partitions that have to do with these by way of nodes without room for all that comes; false: they are many,
  /// and not all were taken.
  private func neighbours(of group: Set<PartitionIndex>) -> (Set<PartitionIndex>, isWhole: Bool) {
    var coming = [Int](repeating: 0, count: cluster.nodeCount)
    for step in partitions.steps where partitions.comes(step) { coming[step.node.int] += 1 }
    func isTight(_ node: NodeIndex) -> Bool {
      coming[node.int] > 0 && load[node.int] + coming[node.int] > cluster.cluster.nodes[node.int].room
    }
    var nodesOf: [PartitionIndex: [NodeIndex]] = [:]  // looked up only
    var partitionsOf: [NodeIndex: [PartitionIndex]] = [:]  // looked up only
    for step in partitions.steps {
      let hops = partitions.hops(of: step.partition)
      for (node, change) in step.changes
      where hops.holdsData(change.from) != hops.holdsData(change.to) && isTight(node) {
        nodesOf[step.partition, default: []].append(node)
        partitionsOf[node, default: []].append(step.partition)
      }
    }
    var result = group
    var queue = group.sorted()
    while let partition = queue.popLast() {
      for node in nodesOf[partition] ?? [] {
        for other in partitionsOf[node] ?? [] where result.insert(other).inserted { queue.append(other) }
      }
      if result.count > RoomSearch.mostEvents { return (result, false) }
    }
    return (result, true)
  }

  private func searched(_ partition: PartitionIndex, _ rowOf: (PartitionIndex) -> Difference.Row) -> Searched? {
    let (nodes, shape) = partitions.reachable(rowOf(partition))
    guard nodes.count <= 64 else { return nil }
    let planner = partitions.planner(of: partition)
    let hops = planner.hops
    let (from, to) = (shape.from, planner.end(shape))
    var (gains, losses, start) = (UInt64(0), UInt64(0), UInt64(0))
    for place in from.indices {
      let change = StateChange(from[place], to[place])
      if hops.gainsData(change) { gains |= 1 << UInt64(place) }
      if hops.losesData(change) { losses |= 1 << UInt64(place) }
      if hops.holdsData(from[place]) { start |= 1 << UInt64(place) }
    }
    let safety = RowSafety(hops, shape.labels, from: from, to: to).atLevels(shape.ruledLevels)
    return Searched(
      nodes: nodes, shape: shape,
      row: RoomSearch.Row(
        partition: partition, nodes: nodes.map(\.node), safety: safety, gains: gains, losses: losses, start: start))
  }

  // MARK: The order

  private mutating func search(_ rows: [Searched], _ group: Set<PartitionIndex>, _ room: MoveCapacity) throws(PlatError)
  {
    let free = room.free.indices.map { room.free[$0] == .max ? Int.max : room.free[$0] + room.left[$0].count }
    var blocked = [Bool](repeating: false, count: rows.count)
    while true {
      var found = RoomSearch(rows.map(\.row), free: free, blocked: blocked, mayRemoveFirst: false)
      var isComplete = try found.run(options.interrupt)
      if !isComplete, options.mayRemoveFirst {
        var removing = RoomSearch(rows.map(\.row), free: free, blocked: blocked, mayRemoveFirst: true)
        isComplete = try removing.run(options.interrupt)
        if removing.best.complete > found.best.complete { found = removing }
      }
      let events = found.best.order
      let ofRow = Self.byRow(events, rows.count)
      let plans = rows.indices.map { blocked[$0] ? RowPlan() : plan(rows[$0], ofRow[$0]) }
      let bad = plans.indices.filter { plans[$0] == nil }
      guard !bad.isEmpty else {
        let reason: StepPlan.Reason = found.isExhaustive ? .noRoom : .noRoomFound
        return finish(rows, plans.map { $0! }, events, ofRow, blocked, group, room, reason)
      }
      // Without one of them others may have their way; of very many nobody looks.
      for bad in found.isSmall ? bad.prefix(1) : bad[...] { blocked[bad] = true }
    }
  }

  /// What comes and goes of each row, in order. O(rows + events).
  private static func byRow(_ events: [RoomSearch.Event], _ rows: Int) -> [[(place: Int, gains: Bool)]] {
    var result: [[(place: Int, gains: Bool)]] = Array(repeating: [], count: rows)
    for event in events { result[event.row].append((event.place, event.gains)) }
    return result
  }

  /// The steps of a row whose copies come and go as found: to its end, or as far as its events go.
  private func plan(_ searched: Searched, _ events: [(place: Int, gains: Bool)]) -> RowPlan? {
    let planner = partitions.planner(of: searched.row.partition)
    let end = planner.end(searched.shape)
    let changed = searched.row.gains | searched.row.losses
    let lacksOne = RoomSearch.removedFirst(searched.row, events) != nil
    let done = events.reduce(UInt64(0)) { $0 | 1 << UInt64($1.place) }
    for end in done == changed ? [end] : planner.partialEnds(searched.shape, end, done: done, changed: changed) {
      if let plan = planner.plan(searched.shape, to: end, events: events, lacksOne: lacksOne) { return plan }
    }
    return nil
  }

  /// Puts the steps of all partitions together, those searched anew.
  private mutating func finish(
    _ rows: [Searched], _ plans: [RowPlan], _ all: [RoomSearch.Event], _ ofRow: [[(place: Int, gains: Bool)]],
    _ blocked: [Bool], _ group: Set<PartitionIndex>, _ room: MoveCapacity, _ reason: StepPlan.Reason
  ) {
    var number = [UInt32](repeating: .max, count: partitions.steps.count)
    for index in partitions.steps.indices where !group.contains(partitions.steps[index].partition) {
      number[index] = UInt32(steps.count)
      steps.append(partitions.steps[index])
    }
    arcs = (partitions.arcs + room.extra).filter { number[Int($0.step)] != .max }
      .map { (number[Int($0.step)], number[Int($0.before)]) }
    var stepOf: [[Int: UInt32]] = []  // by row and place: the step that brings or takes its copy
    for (index, plan) in plans.enumerated() {
      let first = partitions.steps.count
      let firstArc = partitions.arcs.count
      let range = partitions.add(plan, rows[index].nodes)
      let shift = UInt32(first) &- UInt32(steps.count)
      arcs += partitions.arcs[firstArc...].map { ($0.step &- shift, $0.before &- shift) }
      var data: [Int: UInt32] = [:]
      let hops = partitions.hops(of: rows[index].row.partition)
      for (move, step) in zip(plan.moves, range) {
        for (place, change) in move.changes where hops.holdsData(change.from) != hops.holdsData(change.to) {
          data[place] = UInt32(step) &- shift
        }
      }
      steps += partitions.steps[range]
      stepOf.append(data)
      let events = ofRow[index]
      if let place = RoomSearch.removedFirst(rows[index].row, events) {
        removedFirst.append((rows[index].row.partition, rows[index].nodes[place].node))
      }
      if events.count < (rows[index].row.gains | rows[index].row.losses).nonzeroBitCount {
        unmet.append((rows[index].row.partition, reason))
      } else if blocked[index] {
        unmet.append((rows[index].row.partition, .noSafeOrder))
      }
    }
    let known = Set(rows.map(\.row.partition))  // looked up only
    unmet += group.sorted().filter { !known.contains($0) }.map { ($0, .noRoomFound) }
    var left = room.left.map { $0.map { number[Int($0)] } }
    passPlaces(rows, all, stepOf, room.free, &left)
  }

  /// Each copy that comes takes a free place, or that of the first replica that has gone.
  private mutating func passPlaces(
    _ rows: [Searched], _ all: [RoomSearch.Event], _ stepOf: [[Int: UInt32]], _ free: [Int], _ left: inout [[UInt32]]
  ) {
    var free = free
    for event in all {
      let node = rows[event.row].row.nodes[event.place].int
      guard free[node] != .max, let step = stepOf[event.row][event.place] else { continue }
      if !event.gains {
        if free[node] < 0 { free[node] += 1 } else { left[node].append(step) }
      } else if free[node] > 0 {
        free[node] -= 1
      } else if !left[node].isEmpty {
        let going = left[node].removeFirst()
        if going != step { arcs.append((step, going)) }
      }
    }
  }
}
