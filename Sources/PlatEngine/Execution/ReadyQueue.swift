/// Tasks whose turn has come, by what they still wait for, so that what is done wakes only those that waited for it.
///
///     sets      by key                                  wait for nothing but their partition
///     lanes     (source, receiver, full scan): by key   wait for a free stream at both ends, and for the container
///     parked    by partition                            wait until a task of their partition is done
///     shut      by container: lanes                     wait until one container fewer receives something
///
/// `offered` has lanes that may begin, by their first key. A lane that is not there waits for a node that is busy; when
/// that has a stream less, the first lane of the node that may begin is offered. Tasks come out in the order of looking
/// at all in the order of keys, from the beginning after each that begins: `ReadyQueueTests` compares both.
struct ReadyQueue: Sendable {
  private struct Lane: Sendable {
    /// One of its steps: all of them take the same of the limits.
    var step: Step
    var keys = MinHeap<UInt32>()
    /// The key with which it is in `shut`.
    var shutKey = ReadyQueue.none
  }

  private struct Offer: Comparable, Sendable {
    var key: UInt32
    var lane: UInt32
    static func < (a: Self, b: Self) -> Bool { (a.key, a.lane) < (b.key, b.lane) }
  }

  private var lanes: [Lane] = []
  private var lanesOut: [[UInt32]] = []
  private var lanesInto: [[UInt32]] = []
  /// By task; `none`: a set.
  private var laneOf: [UInt32] = []
  private var keyOf: [UInt32] = []
  private var partitionOf: [UInt32] = []
  /// By key.
  private var taskOf: [UInt32] = []
  private var sets = MinHeap<UInt32>()
  private var offered = MinHeap<Offer>()
  /// By container of the level that has a limit.
  private var shut: [MinHeap<Offer>] = []
  /// By partition the first, by task the next.
  private var firstParked: [UInt32] = []
  private var nextParked: [UInt32] = []
  /// How many are ready.
  private(set) var count = 0
  private let keepsLimits: Bool

  private static let none = UInt32.max

  init() { keepsLimits = true }

  /// Of tasks by number: `keys` are all different and less than their number, `steps` nil where nothing streams.
  /// O(tasks).
  init(
    keys: [UInt32], partitions: [UInt32], steps: [Step?], partitionCount: Int, nodeCount: Int, containerCount: Int,
    keepsLimits: Bool
  ) {
    self.keepsLimits = keepsLimits
    keyOf = keys
    partitionOf = partitions
    lanesOut = Array(repeating: [], count: nodeCount)
    lanesInto = lanesOut
    laneOf = Array(repeating: Self.none, count: keys.count)
    nextParked = laneOf
    taskOf = laneOf
    firstParked = Array(repeating: Self.none, count: partitionCount)
    shut = Array(repeating: MinHeap(), count: containerCount)
    var known: [UInt64: UInt32] = [:]  // looked up only
    for (task, step) in steps.enumerated() {
      taskOf[Int(keys[task])] = UInt32(task)
      guard let step, step.kind == .stream else { continue }
      let name = UInt64(step.source.raw) << 33 | UInt64(step.node.raw) << 1 | (step.isFullScan ? 1 : 0)
      if let lane = known[name] {
        laneOf[task] = lane
        continue
      }
      known[name] = UInt32(lanes.count)
      laneOf[task] = UInt32(lanes.count)
      lanesOut[step.source.int].append(UInt32(lanes.count))
      lanesInto[step.node.int].append(UInt32(lanes.count))
      lanes.append(Lane(step: step))
    }
  }

  // MARK: What becomes ready

  mutating func add(_ task: Int, _ limits: LimitsInUse) {
    count += 1
    enter(task, limits)
  }

  private mutating func enter(_ task: Int, _ limits: LimitsInUse) {
    let lane = Int(laneOf[task])
    guard laneOf[task] != Self.none else { return sets.add(keyOf[task]) }
    lanes[lane].keys.add(keyOf[task])
    if lanes[lane].keys.first == keyOf[task], mayBegin(lane, limits) { offer(lane) }
  }

  /// A task of the partition is done: what waited for that is looked at again. O(tasks of the partition · log).
  mutating func wake(partition: Int, _ limits: LimitsInUse) {
    var task = firstParked[partition]
    firstParked[partition] = Self.none
    while task != Self.none {
      let next = nextParked[Int(task)]
      enter(Int(task), limits)
      task = next
    }
  }

  /// A stream has begun or ended. O(lanes of both nodes + containers · log).
  mutating func wake(_ step: Step, _ limits: LimitsInUse) {
    offerFirst(of: lanesOut[step.source.int], limits)
    offerFirst(of: lanesInto[step.node.int], limits)
    for container in shut.indices { open(container, limits) }
  }

  private mutating func offer(_ lane: Int) { offered.add(Offer(key: lanes[lane].keys.first!, lane: UInt32(lane))) }

  /// A lane into a container that nothing may go to is shut.
  private mutating func mayBegin(_ lane: Int, _ limits: LimitsInUse) -> Bool {
    guard keepsLimits else { return true }
    switch limits.obstacle(lanes[lane].step) {
    case .nothing: return true
    case .node: return false
    case .container(let container):
      if lanes[lane].shutKey != lanes[lane].keys.first! {
        lanes[lane].shutKey = lanes[lane].keys.first!
        shut[container].add(Offer(key: lanes[lane].shutKey, lane: UInt32(lane)))
      }
      return false
    }
  }

  private mutating func offerFirst(of candidates: [UInt32], _ limits: LimitsInUse) {
    var best: (key: UInt32, lane: Int)?
    for number in candidates {
      let lane = Int(number)
      guard let key = lanes[lane].keys.first, best.map({ key < $0.key }) ?? true, mayBegin(lane, limits) else {
        continue
      }
      best = (key, lane)
    }
    if let best { offer(best.lane) }
  }

  /// Offers the first lane into the container that may begin, if anything may go there.
  private mutating func open(_ container: Int, _ limits: LimitsInUse) {
    while let first = shut[container].first, !limits.isShut(container) {
      let lane = Int(first.lane)
      shut[container].removeFirst()
      guard lanes[lane].shutKey == first.key else { continue }
      lanes[lane].shutKey = Self.none
      guard lanes[lane].keys.first == first.key, mayBegin(lane, limits) else { continue }
      return offer(lane)
    }
  }

  // MARK: What may begin

  /// Takes out the first task that may begin; nil: none, until something is done. `waits`: for its partition, whatever
  /// else is free.
  mutating func next(_ limits: LimitsInUse, waits: (Int) -> Bool) -> Int? {
    while true {
      if let key = sets.first, offered.first.map({ key < $0.key }) ?? true {
        sets.removeFirst()
        let task = Int(taskOf[Int(key)])
        guard waits(task) else { return taken(task) }
        park(task)
        continue
      }
      guard let first = offered.removeFirst() else { return nil }
      let lane = Int(first.lane)
      guard lanes[lane].keys.first == first.key else { continue }  // it has been taken
      guard mayBegin(lane, limits) else {
        wake(lanes[lane].step, limits)
        continue
      }
      lanes[lane].keys.removeFirst()
      let task = Int(taskOf[Int(first.key)])
      guard waits(task) else { return taken(task) }
      park(task)
      wake(lanes[lane].step, limits)
    }
  }

  private mutating func taken(_ task: Int) -> Int {
    count -= 1
    return task
  }

  private mutating func park(_ task: Int) {
    nextParked[task] = firstParked[Int(partitionOf[task])]
    firstParked[Int(partitionOf[task])] = UInt32(task)
  }
}
