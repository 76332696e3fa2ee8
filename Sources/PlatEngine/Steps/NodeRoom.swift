/// Makes what comes to a full node wait for what goes from it.
///
/// The steps are done once in thought. A replica that comes takes a free place of its node; where there is none it waits,
/// and the next replica to go from the node gives it its place: an arc. Each place passes from one going to one coming, so
/// that in any order that heeds the arcs no node ever holds more than its capacity.
///
/// Full nodes can wait for one another in a circle. Then, and only if the caller allows it, a replica goes before its
/// partition has another copy (*remove before add*), never the last; else what waits is not done at all.
struct NodeRoom {
  private let steps: [Step]
  private let model: StateModel
  private let arcs: [Arc]
  private var pairings: [Arc]
  /// For each step, those that come after it, as a list in `links`.
  private var firstLink: [Int32]
  private var links: [(step: UInt32, next: Int32)] = []
  private var pending: [Int32]
  private var ready: [UInt32] = []
  private var isDone: [Bool]
  private var live: [Int32] = []

  /// Of each node: free places, places that a going has left, and what waits for one.
  private var free: [Int]
  private var left: [[UInt32]] = []
  private var waiting: [[UInt32]] = []

  private(set) var extra: [Arc] = []
  /// Pairings that were given up so that a replica could go before another came.
  private(set) var loosened: [Arc] = []
  /// For a step, the one that it no longer waits for; and the partitions of such steps. Looked up only.
  private var isLoose: [UInt32: UInt32] = [:]
  private var shortened: Set<PartitionIndex> = []

  /// `load`: replicas of each node now, those of failed nodes left out. Nil where every node has room for all that comes: the usual case. O(steps + N).
  init?(_ cluster: DenseCluster, load: [Int], _ partitions: PartitionSteps) {
    steps = partitions.steps
    model = cluster.cluster.settings.model
    arcs = partitions.arcs
    pairings = partitions.pairings
    var coming = [Int](repeating: 0, count: cluster.nodeCount)
    for step in steps where NodeRoom.comes(step, model) { coming[step.node.int] += 1 }
    let capacity = cluster.cluster.nodes.map { $0.capacity ?? .max }
    guard (0..<cluster.nodeCount).contains(where: { coming[$0] > 0 && load[$0] + coming[$0] > capacity[$0] }) else { return nil }
    free = (0..<cluster.nodeCount).map { capacity[$0] == .max ? .max : capacity[$0] - load[$0] }
    left = Array(repeating: [], count: cluster.nodeCount)
    waiting = left
    firstLink = Array(repeating: -1, count: steps.count)
    pending = Array(repeating: 0, count: steps.count)
    isDone = Array(repeating: false, count: steps.count)
    for arc in arcs + pairings {
      links.append((arc.step, firstLink[Int(arc.before)]))
      firstLink[Int(arc.before)] = Int32(links.count - 1)
      pending[Int(arc.step)] += 1
    }
  }

  private static func comes(_ step: Step, _ model: StateModel) -> Bool {
    model.holdsData(step.change.to) && !model.holdsData(step.change.from)
  }

  /// Does all steps in thought. `liveCopies`: of each partition that has steps, now. Returns which steps can be done.
  /// O(steps + arcs), and a look at all pairings for each circle.
  mutating func run(
    mayRemoveFirst: Bool, _ interrupt: Interrupt? = nil, liveCopies: (PartitionIndex) -> Int
  ) throws(PlatError) -> [Bool] {
    var liveNow: [PartitionIndex: Int] = [:]  // looked up only
    func copies(_ partition: PartitionIndex) -> Int { liveNow[partition] ?? liveCopies(partition) }
    ready = steps.indices.filter { pending[$0] == 0 }.map { UInt32($0) }
    var next = 0
    while true {
      try interrupt?.throwIfRequested()
      while next < ready.count {
        try interrupt?.throwIfRequested(at: next)
        let index = ready[next]
        next += 1
        let step = steps[Int(index)]
        if NodeRoom.comes(step, model), !takePlace(index, step.node) { continue }
        finish(index)
        for (node, change) in step.changes where model.holdsData(change.from) != model.holdsData(change.to) {
          liveNow[step.partition] = copies(step.partition) + (model.holdsData(change.to) ? 1 : -1)
          if model.holdsData(change.from) { leavePlace(index, node) }
        }
      }
      guard mayRemoveFirst, let pairing = circleBreaker(copies) else { return isDone }
      pairings.removeAll { $0 == pairing }
      loosened.append(pairing)
      isLoose[pairing.step] = pairing.before
      shortened.insert(steps[Int(pairing.step)].partition)
      release(pairing.step)
    }
  }

  private mutating func finish(_ index: UInt32) {
    isDone[Int(index)] = true
    var link = firstLink[Int(index)]
    while link >= 0 {
      let (step, following) = links[Int(link)]
      if isLoose[step] != index { release(step) }
      link = following
    }
  }

  private mutating func release(_ step: UInt32) {
    pending[Int(step)] -= 1
    if pending[Int(step)] == 0 { ready.append(step) }
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

  /// A going that waits for nothing but its pair, on a node that others wait for, of the partition with most
  /// copies. A partition is one copy short at the most.
  private func circleBreaker(_ copies: (PartitionIndex) -> Int) -> Arc? {
    var best: (copies: Int, arc: Arc)?
    for pairing in pairings where !isDone[Int(pairing.step)] && pending[Int(pairing.step)] == 1 && !isDone[Int(pairing.before)] {
      let step = steps[Int(pairing.step)]
      let node = step.kind == .set ? step.node : step.source
      guard !waiting[node.int].isEmpty, !shortened.contains(step.partition) else { continue }
      let count = copies(step.partition)
      if count > 1, count > best?.copies ?? 1 { best = (count, pairing) }
    }
    return best?.arc
  }
}
