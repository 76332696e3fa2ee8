/// The steps of a plan: by priority, whatever is ready and within the limits is under way.
extension Orchestrator {
  mutating func begin(_ plan: StepPlan, _ map: MapStamp, _ actions: inout [Action]) {
    guard phase == .planning, let survey else { return }
    phase = .running
    self.map = map
    tasks.fill(survey, plan.list, inOrder: plant != .ignoreOrder)
    beginWhatMay(&actions)
  }

  mutating func beginWhatMay(_ actions: inout [Action]) {
    guard phase == .running else { return }
    if !isPaused || plant == .ignorePause {
      var kept = 0
      for place in tasks.ready.indices {
        let index = Int(tasks.ready[place])
        if tasks.mayBegin(index, rules, keepsLimits: plant != .ignoreLimits) {
          tasks.begin(index, rules)
          send(index, &actions)
        } else {
          tasks.ready[kept] = UInt32(index)
          kept += 1
        }
      }
      tasks.ready.removeSubrange(kept...)
    }
    // What is ready and may not begin though nothing is under way would take a last copy.
    if tasks.running.isEmpty, !isPaused || tasks.ready.isEmpty, let map {
      phase = .reached
      actions.append(.reached(map))
      announce(&actions)
    }
  }

  private mutating func send(_ index: Int, _ actions: inout [Action]) {
    let tries = tasks.tasks[index].tries
    tasks.sent(index, deadline: clock + timing.patience << UInt64(min(tries, 5)))
    let order = tasks.current(index, rules)
    actions.append(.send(.order(order), to: order.node))
  }

  mutating func finish(_ index: Int, _ actions: inout [Action]) {
    guard phase == .running, tasks.finish(index, rules) else { return }
    beginWhatMay(&actions)
  }

  /// Asked again soon: who was busy may be no more, who leads may be known by then.
  mutating func retry(_ index: Int, _ why: Refusal) {
    guard phase == .running, tasks.tasks.indices.contains(index), tasks.tasks[index].state == .running else { return }
    // Who runs is the host's to say, and may take long: it is waited for.
    if why == .notRunning { tasks.isAtWork(index, tries: timing.tries) }
    tasks.delay(index, until: clock + timing.patience)
  }

  /// However long it takes: it is asked again now and then, and not given up.
  mutating func isAtWork(_ index: Int) {
    guard phase == .running, tasks.tasks.indices.contains(index), tasks.tasks[index].state == .running else { return }
    tasks.isAtWork(index, tries: timing.tries)
  }

  mutating func sendAgain(_ actions: inout [Action]) {
    guard phase == .running else { return }
    for index in tasks.running where tasks.tasks[Int(index)].deadline <= clock {
      guard tasks.tasks[Int(index)].tries < timing.tries else { return planAgain(&actions) }
      send(Int(index), &actions)
    }
  }

  /// Where the change stands.
  public var progress: Progress {
    var progress = Progress(done: tasks.done, running: tasks.running.count)
    progress.left = tasks.tasks.count - progress.done - progress.running
    for task in tasks.tasks where task.step?.isFullScan == true {
      let weight = cluster.partitionWeights.map { _ in cluster.cluster.partitionWeights[task.order.partition.int] } ?? .one
      if task.state == .done { progress.copied = progress.copied + Rational(weight) }
      progress.toCopy = progress.toCopy + Rational(weight)
    }
    progress.rounds = roundsLeft
    return progress
  }

  /// As many as a schedule of what is left needs, if every step takes one.
  private var roundsLeft: Int {
    var number = [UInt32](repeating: .max, count: tasks.list.count)
    var steps: [Step] = []
    for index in number.indices where tasks.tasks[tasks.settling + index].state != .done {
      number[index] = UInt32(steps.count)
      steps.append(tasks.list.steps[index])
    }
    var arcs: [Arc] = []
    for index in number.indices where number[index] != .max {
      for before in tasks.list.after(index) where number[Int(before)] != .max { arcs.append((number[index], number[Int(before)])) }
    }
    var options = ScheduleOptions()
    options.variations = 0
    return (try? Scheduler.schedule(StepList(steps, arcs: arcs), of: cluster, options: options).length) ?? 0
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
  /// Rounds that are left, if every step takes one.
  public var rounds = 0

  init(done: Int, running: Int) {
    self.done = done
    self.running = running
  }
}
