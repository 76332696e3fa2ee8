/// The steps of a plan: by priority, whatever is ready and within the limits is under way.
extension Orchestrator {
  mutating func begin(_ plan: StepPlan, _ map: MapStamp, _ actions: inout [Action]) {
    guard phase == .planning, let survey else { return }
    phase = .running
    self.map = map
    unmet = plan.unmet.map { Unreached(partition: $0.partition, why: .noWay) }
    nextPulse = clock  // nodes that have started again wait for it
    tasks.fill(survey, plan.list, rules, inOrder: plant != .ignoreOrder, keepsLimits: plant != .ignoreLimits)
    beginWhatMay(&actions)
  }

  mutating func beginWhatMay(_ actions: inout [Action]) {
    guard phase == .running else { return }
    if !isFrozen, !isPaused || plant == .ignorePause {
      while let index = tasks.beginNext(rules) { send(index, &actions) }
    }
    // What is ready and may not begin though nothing is under way would take a last copy.
    if tasks.running.isEmpty, !isPaused || tasks.readyCount == 0, !isFrozen, let map,
      !heard.indices.contains(where: { isSilent($0) })
    {
      phase = .arriving
      journal.inForce = map
      record(&actions)
    }
  }

  /// What the plan leaves as it is, and what it could not do. O(P + tasks).
  var notReached: [Unreached] {
    var found = unmet
    if let survey {
      for partition in survey.isWithheld.indices where survey.isWithheld[partition] {
        found.append(Unreached(partition: PartitionIndex(partition), why: .withheld))
      }
    }
    for task in tasks.tasks where task.state != .done {
      found.append(Unreached(partition: task.order.partition, why: .lastCopy))
    }
    found.sort { ($0.partition, $0.why.rawValue) < ($1.partition, $1.why.rawValue) }
    return found.indices.filter { $0 == 0 || found[$0].partition != found[$0 - 1].partition }.map { found[$0] }
  }

  /// Whether a copy has been told to go, and may have gone: for the simulator, which counts it no more.
  package func isLeaving(_ node: NodeIndex, _ partition: PartitionIndex) -> Bool {
    phase == .running
      && tasks.running.contains { index in
        let order = tasks.tasks[Int(index)].order
        return order.partition == partition && order.node == node && rules.holdsData(order.change.from)
          && !rules.holdsData(order.change.to)
      }
  }

  private mutating func send(_ index: Int, _ actions: inout [Action]) {
    let tries = tasks.tasks[index].tries
    tasks.sent(index, deadline: clock + timing.patience << UInt64(min(tries, 3)))
    let order = tasks.current(index, rules)
    actions.append(.send(.order(order), to: order.node))
  }

  mutating func finish(_ index: Int, _ actions: inout [Action]) {
    guard phase == .running, tasks.finish(index, rules) else { return }
    beginWhatMay(&actions)
  }

  /// Asked again soon: who was busy may be no more, who leads may be known by then.
  mutating func retry(_ index: Int, _ why: Refusal) {
    guard phase == .running, tasks.isUnderWay(index) else { return }
    // Who runs is the host's to say, and may take long: it is waited for.
    if why == .notRunning { tasks.isAtWork(index, tries: timing.tries) }
    // So is the end of a takeover, which has tries of its own.
    if why == .notLeader, tasks.hasTakeover(tasks.tasks[index].order.partition) { tasks.isAtWork(index, tries: 1) }
    tasks.delay(index, until: clock + timing.patience)
  }

  /// However long it takes: it is asked again now and then, and not given up.
  mutating func isAtWork(_ index: Int) {
    guard phase == .running, tasks.isUnderWay(index) else { return }
    tasks.isAtWork(index, tries: timing.tries)
  }

  mutating func sendAgain(_ actions: inout [Action]) {
    guard phase == .running else { return }
    while let index = tasks.nextOverdue(clock) {
      // Who is silent is asked again when it is heard of.
      let task = tasks.tasks[index]
      if isSilent(task.order.node.int) {
        tasks.putOff(index, until: clock + timing.patience)
        continue
      }
      guard task.tries < timing.tries else { return planAgain(&actions) }
      send(index, &actions)
    }
  }

  /// Where the change stands. O(1).
  public var progress: Progress {
    var progress = Progress(done: tasks.done, running: tasks.running.count)
    progress.left = tasks.tasks.count - progress.done - progress.running
    progress.copied = tasks.copied
    progress.toCopy = tasks.toCopy
    progress.rounds = tasks.roundsLeft
    return progress
  }
}

/// A partition that is not as the map says that is in force.
public struct Unreached: Hashable, Sendable {
  public var partition: PartitionIndex
  public var why: Why

  public enum Why: UInt8, Hashable, Sendable {
    /// No complete copy can be reached: nothing is done about it until one can. The map has nobody for it but who is
    /// known.
    case withheld
    /// No way of steps leads there: its data is gone, or nodes without room wait for one another, or nobody may take
    /// its last copy, which stays as it is.
    case noWay
    /// A step would take its last copy.
    case lastCopy
  }
}

/// Where a change stands.
public struct Progress: Sendable {
  /// Orders.
  public var done: Int
  public var running: Int
  public var left = 0
  /// Of partitions that are copied, in the document's own measure: bytes, where weights are bytes.
  public var copied = Rational(0)
  public var toCopy = Rational(0)
  /// Rounds that are left at least, if every step takes one.
  public var rounds = 0

  init(done: Int, running: Int) {
    self.done = done
    self.running = running
  }
}
