/// Makes what comes to a full node wait for what goes from it.
///
/// The steps are done once in thought. A replica that comes takes a free place of its node; where there is none it
/// waits, and the next replica to go from the node gives it its place: an arc. Each place passes from one going to one
/// coming, so that in any order that heeds the arcs no node ever holds more than its capacity.
///
/// Full nodes can wait for one another in a circle; then `RoomSearch` looks for an order of all that is concerned.
struct MoveCapacity {
  private let partitions: PartitionSteps
  private var steps: [Step] { partitions.steps }
  /// For each step, those that come after it, as a list in `links`.
  private var firstLink: [Int32]
  private var links: [(step: UInt32, next: Int32)] = []
  private var pending: [Int32]
  private var ready: [UInt32] = []
  private(set) var isDone: [Bool]

  /// Of each node: free places, places that a going has left, and what waits for one.
  private(set) var free: [Int]
  private(set) var left: [[UInt32]]
  private(set) var waiting: [[UInt32]]

  /// (step, the going whose place it takes).
  private(set) var extra: [Arc] = []

  /// Whether every node has room for all that comes: the usual case. `load`: replicas of each node now, those of failed
  /// nodes left out. O(steps + N).
  static func isAmple(_ cluster: DenseCluster, load: [Int], _ partitions: PartitionSteps) -> Bool {
    guard cluster.cluster.nodes.contains(where: { $0.capacity != nil }) else { return true }
    var coming = [Int](repeating: 0, count: cluster.nodeCount)
    for step in partitions.steps where partitions.comes(step) { coming[step.node.int] += 1 }
    return (0..<cluster.nodeCount).allSatisfy {
      coming[$0] == 0 || load[$0] + coming[$0] <= cluster.cluster.nodes[$0].room
    }
  }

  /// `isLeftOut`: partitions whose steps are not done.
  init(
    _ cluster: DenseCluster, load: [Int], _ partitions: PartitionSteps, without isLeftOut: Set<PartitionIndex> = []
  ) {
    self.partitions = partitions
    let steps = partitions.steps
    let capacity = cluster.cluster.nodes.map(\.room)
    free = (0..<cluster.nodeCount).map { capacity[$0] == .max ? .max : capacity[$0] - load[$0] }
    left = Array(repeating: [], count: cluster.nodeCount)
    waiting = left
    firstLink = Array(repeating: -1, count: steps.count)
    pending = Array(repeating: 0, count: steps.count)
    isDone = Array(repeating: false, count: steps.count)
    for arc in partitions.arcs {
      links.append((arc.step, firstLink[Int(arc.before)]))
      firstLink[Int(arc.before)] = Int32(links.count - 1)
      pending[Int(arc.step)] += 1
    }
    guard !isLeftOut.isEmpty else { return }
    for index in steps.indices where isLeftOut.contains(steps[index].partition) { pending[index] = .max / 2 }
  }

  /// Does all steps in thought. O(steps + arcs).
  mutating func run(_ interrupt: Interrupt? = nil) throws(PlatError) {
    ready = steps.indices.filter { pending[$0] == 0 }.map { UInt32($0) }
    var next = 0
    while next < ready.count {
      try interrupt?.throwIfRequested(at: next)
      let index = ready[next]
      next += 1
      let step = steps[Int(index)]
      if partitions.comes(step), !takePlace(index, step.node) { continue }
      finish(index)
      let hops = partitions.hops(of: step.partition)
      for (node, change) in step.changes where hops.losesData(change) {
        leavePlace(index, node)
      }
    }
  }

  private mutating func finish(_ index: UInt32) {
    isDone[Int(index)] = true
    var link = firstLink[Int(index)]
    while link >= 0 {
      let (step, following) = links[Int(link)]
      pending[Int(step)] -= 1
      if pending[Int(step)] == 0 { ready.append(step) }
      link = following
    }
  }

  /// A place for what comes to `node`; false: it waits.
  private mutating func takePlace(_ index: UInt32, _ node: NodeIndex) -> Bool {
    if free[node.int] > 0 {
      if free[node.int] != .max { free[node.int] -= 1 }
      return true
    }
    guard !left[node.int].isEmpty else {
      waiting[node.int].append(index)
      return false
    }
    extra.append((index, left[node.int].removeFirst()))
    return true
  }

  private mutating func leavePlace(_ index: UInt32, _ node: NodeIndex) {
    guard free[node.int] != .max else { return }
    if free[node.int] < 0 {  // it held more than it may
      free[node.int] += 1
      return
    }
    left[node.int].append(index)
    guard !waiting[node.int].isEmpty else { return }
    ready.append(waiting[node.int].removeFirst())
  }
}
