/// How long any schedule must be, from counting alone.
///
/// The longest chain of steps; and wherever a limit lets c streams go at once: of those that begin no sooner than h and
/// have t behind them, k need h + ⌈k / c⌉ + t. With times in place of rounds, their sum takes the place of k.
struct ScheduleBound {
  private(set) var value = 0
  private let interrupt: Interrupt?

  /// O(steps · log).
  init(
    _ list: StepList, _ order: StepOrder, _ limits: MovementLimits, _ cluster: DenseCluster,
    _ interrupt: Interrupt? = nil
  ) throws(PlatError) {
    self.interrupt = interrupt
    for step in 0..<list.count { value = max(value, order.head[step] + order.lengths[step] + order.tail[step]) }
    let streams = list.steps.indices.filter { list.steps[$0].kind == .stream }
    let scans = streams.filter { list.steps[$0].isFullScan }
    try interrupt?.throwIfRequested()
    try bound(scans, by: { list.steps[$0].source.int }, most: { limits.fullScans[$0] }, order)
    if limits.streamsOut < .max {
      try bound(streams, by: { list.steps[$0].source.int }, most: { _ in limits.streamsOut }, order)
    }
    if limits.streamsIn < .max {
      try bound(streams, by: { list.steps[$0].node.int }, most: { _ in limits.streamsIn }, order)
    }
    if let disturbed = limits.disturbed {
      boundContainers(streams, list, order, limits, level: cluster.levels[disturbed.level], most: disturbed.count)
    }
  }

  /// Each group of `steps` shares a limit.
  private mutating func bound(_ steps: [Int], by group: (Int) -> Int, most: (Int) -> Int, _ order: StepOrder)
    throws(PlatError)
  {
    let sorted = try steps.sorted(interrupt) { (group($0), order.tail[$1], $0) < (group($1), order.tail[$0], $1) }
    var first = 0
    while first < sorted.count {
      try interrupt?.throwIfRequested()
      let here = group(sorted[first])
      var end = first
      while end < sorted.count, group(sorted[end]) == here { end += 1 }
      boundGroup(sorted[first..<end], order, most(here))
      first = end
    }
  }

  /// `steps` by falling tail.
  private mutating func boundGroup(_ steps: ArraySlice<Int>, _ order: StepOrder, _ most: Int) {
    let heads = Set(steps.lazy.map { order.head[$0] }).sorted()
    for head in heads.count <= ScheduleBound.headsTried ? heads : [heads[0]] {
      var work = 0
      for step in steps where order.head[step] >= head {
        work += order.lengths[step]
        value = max(value, head + (work - 1 + most) / most + order.tail[step])
      }
    }
  }

  /// Chains over nodes without room have as many heads as they are long; then the least must do.
  private static let headsTried = 16

  /// Containers that receive something, each for as long as its own nodes need, so many at a time.
  private mutating func boundContainers(
    _ streams: [Int], _ list: StepList, _ order: StepOrder, _ limits: MovementLimits, level: DenseLevel, most: Int
  ) {
    guard let head = streams.map({ order.head[$0] }).min(), let tail = streams.map({ order.tail[$0] }).min() else {
      return
    }
    var work = [Int](repeating: 0, count: level.containerOfNode.count)
    var longest = work
    for stream in streams {
      let node = list.steps[stream].node.int
      work[node] += order.lengths[stream]
      longest[node] = max(longest[node], order.lengths[stream])
    }
    var need = [Int](repeating: 0, count: level.count)
    for node in work.indices where work[node] > 0 {
      let all = limits.streamsIn == .max ? longest[node] : max(longest[node], (work[node] - 1) / limits.streamsIn + 1)
      let container = level.containerOfNode[node].int
      need[container] = max(need[container], all)
    }
    let sum = need.reduce(0, +)
    if sum > 0 { value = max(value, head + (sum - 1) / most + 1 + tail) }
  }
}
