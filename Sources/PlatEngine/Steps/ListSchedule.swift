/// One list schedule: at each moment, by priority, whatever is ready and within the limits begins.
struct ListSchedule {
  private let steps: [Step]
  private let order: StepOrder
  private let keys: [UInt32]
  private let interrupt: Interrupt?
  private var inUse: LimitsInUse

  private var pending: [Int32]
  private var start: [Int]
  /// Ready, by key.
  private var ready: [UInt32] = []
  private var fresh: [UInt32] = []
  /// Under way: when each ends; a heap.
  private var underWay: [(end: Int, step: UInt32)] = []

  init(
    _ list: StepList, _ order: StepOrder, _ limits: MovementLimits, _ cluster: DenseCluster, keys: [UInt32],
    _ interrupt: Interrupt? = nil
  ) {
    self.interrupt = interrupt
    steps = list.steps
    self.order = order
    self.keys = keys
    inUse = LimitsInUse(limits, cluster)
    start = Array(repeating: 0, count: list.count)
    pending = (0..<list.count).map { Int32(list.after($0).count) }
    fresh = (0..<list.count).filter { pending[$0] == 0 }.map { UInt32($0) }
  }

  mutating func run() throws(PlatError) -> Schedule {
    var now = 0
    var length = 0
    var ended = 0
    while true {
      try merge()
      try beginWhatMay(now)
      guard let end = underWay.first?.end else { break }
      now = end
      length = max(length, now)
      while let next = underWay.first, next.end == now {
        ended += 1
        try interrupt?.throwIfRequested(at: ended)
        finish(Int(next.step))
        popUnderWay()
      }
    }
    return Schedule(start: start, length: length)
  }

  /// Those that have become ready take their places by key.
  private mutating func merge() throws(PlatError) {
    guard !fresh.isEmpty else { return }
    fresh = try fresh.sorted(interrupt) { keys[Int($0)] < keys[Int($1)] }
    var merged: [UInt32] = []
    merged.reserveCapacity(ready.count + fresh.count)
    var (a, b) = (0, 0)
    while a < ready.count || b < fresh.count {
      if b == fresh.count || (a < ready.count && keys[Int(ready[a])] < keys[Int(fresh[b])]) {
        merged.append(ready[a])
        a += 1
      } else {
        merged.append(fresh[b])
        b += 1
      }
    }
    ready = merged
    fresh.removeAll(keepingCapacity: true)
  }

  private mutating func beginWhatMay(_ now: Int) throws(PlatError) {
    var kept = 0
    for place in ready.indices {
      try interrupt?.throwIfRequested(at: place)
      let step = ready[place]
      if inUse.mayBegin(steps[Int(step)]) {
        inUse.begin(steps[Int(step)])
        start[Int(step)] = now
        pushUnderWay((now + order.lengths[Int(step)], step))
      } else {
        ready[kept] = step
        kept += 1
      }
    }
    ready.removeLast(ready.count - kept)
  }

  private mutating func finish(_ step: Int) {
    inUse.end(steps[step])
    for follower in order.after(step) {
      pending[Int(follower)] -= 1
      if pending[Int(follower)] == 0 { fresh.append(follower) }
    }
  }

  // MARK: The heap

  private mutating func pushUnderWay(_ entry: (end: Int, step: UInt32)) {
    underWay.append(entry)
    var child = underWay.count - 1
    while child > 0, underWay[child] < underWay[(child - 1) / 2] {
      underWay.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func popUnderWay() {
    underWay.swapAt(0, underWay.count - 1)
    underWay.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in (2 * parent + 1)...(2 * parent + 2) where child < underWay.count && underWay[child] < underWay[least]
      {
        least = child
      }
      if least == parent { return }
      underWay.swapAt(parent, least)
      parent = least
    }
  }
}
