/// The orders of one plan: those that settle what is out of date first, then the steps, each with what it waits for.
struct TaskList {
  enum State: UInt8, Sendable { case waiting, running, done }

  struct Task: Sendable {
    /// Nil: it settles something.
    var step: Step?
    var order: Order
    var state = State.waiting
    var pending: Int32 = 0
    var tries = 0
    var deadline: UInt64 = 0
    /// In `running`.
    var place: UInt32 = 0
  }

  private(set) var tasks: [Task] = []
  /// How many of them settle.
  private(set) var settling = 0
  /// By partition, as far as is known: who is what.
  var rows: [[Survey.Held]] = []
  /// By partition: the revision as which it is led; where nobody leads, this one.
  private(set) var terms: [UInt64] = []
  /// The same where somebody is known to lead; else 0.
  private(set) var ledTerms: [UInt64] = []
  /// Before the last `clear`.
  private(set) var lastRows: [[Survey.Held]]?
  private var ready = ReadyQueue()
  /// In no order; each has its place.
  private(set) var running: [UInt32] = []
  private var deadlines = Deadlines()
  private var settlingLeft = 0
  /// By partition: tasks under way; and that no other may begin.
  private(set) var underWay: [UInt16] = []
  private var isAlone: [Bool] = []
  /// By partition: nobody held data of it when the plan began, and nothing keeps it back.
  private var isFresh: [Bool] = []
  private(set) var order: StepOrder?
  private(set) var list = StepList()
  private(set) var done = 0
  /// Weight of the partitions that were copied, and of all that are to be.
  private(set) var copied = Rational(0)
  private(set) var toCopy = Rational(0)
  private var rounds = RoundsLeft()
  private var inUse: LimitsInUse
  private let limits: MovementLimits
  private let cluster: DenseCluster

  init(_ cluster: DenseCluster) {
    self.cluster = cluster
    limits = MovementLimits(cluster)
    inUse = LimitsInUse(limits, cluster)
  }

  mutating func clear() {
    if !rows.isEmpty { lastRows = rows }
    tasks = []
    rows = []
    ready = ReadyQueue()
    running = []
    deadlines = Deadlines()
    order = nil
    list = StepList()
    done = 0
    settling = 0
    settlingLeft = 0
    copied = Rational(0)
    toCopy = Rational(0)
    rounds = RoundsLeft()
  }

  /// O(steps · log).
  mutating func fill(_ survey: Survey, _ list: StepList, _ rules: ExecutionRules, inOrder: Bool, keepsLimits: Bool) {
    clear()
    inUse = LimitsInUse(limits, cluster)
    rows = survey.rows
    terms = survey.terms
    ledTerms = survey.ledTerms
    isFresh = rows.indices.map { partition in
      !survey.isWithheld[partition] && !rows[partition].contains { rules.holdsData($0.state) }
    }
    underWay = Array(repeating: 0, count: rows.count)
    isAlone = Array(repeating: false, count: rows.count)
    settling = survey.orders.count
    settlingLeft = settling
    self.list = list
    for settlement in survey.orders { tasks.append(Task(step: nil, order: settlement)) }
    let order = StepOrder(list, lengths: Array(repeating: 1, count: list.count))
    self.order = order
    for index in 0..<list.count {
      var task = Task(step: list.steps[index], order: self.order(list.steps[index]))
      let change = task.order.change
      task.order.isOfLongest =
        rules.isLeading(change.to) && change.to != change.from && survey.knowsLogs[task.order.partition.int]
      task.pending = (inOrder ? Int32(list.after(index).count) : 0) + (settling > 0 ? 1 : 0)
      if survey.isWithheld[list.steps[index].partition.int] { task.pending = .max / 2 }
      tasks.append(task)
    }
    for index in tasks.indices { tasks[index].order.id = OrderID(revision: survey.revision, number: UInt32(index)) }
    let ranked = list.steps.indices.sorted {
      (list.steps[$0].purpose.rawValue, order.tail[$1], $0) < (list.steps[$1].purpose.rawValue, order.tail[$0], $1)
    }
    var keys = [UInt32](repeating: 0, count: tasks.count)
    for index in 0..<settling { keys[index] = UInt32(index) }
    for (rank, step) in ranked.enumerated() { keys[settling + step] = UInt32(settling + rank) }
    ready = ReadyQueue(
      keys: keys, partitions: tasks.map(\.order.partition.raw), steps: tasks.map(\.step), partitionCount: rows.count,
      nodeCount: cluster.nodeCount, containerCount: inUse.containerCount, keepsLimits: keepsLimits)
    rounds = RoundsLeft(list, order, limits, nodeCount: cluster.nodeCount)
    for step in list.steps where step.isFullScan { toCopy = toCopy + weight(step.partition) }
    for index in 0..<settling { ready.add(index, inUse) }
    for step in ranked where tasks[settling + step].pending == 0 { ready.add(settling + step, inUse) }
  }

  private func weight(_ partition: PartitionIndex) -> Rational {
    Rational(cluster.partitionWeights.map { _ in cluster.cluster.partitionWeights[partition.int] } ?? .one)
  }

  /// What is out of date has been thrown away.
  var isSettled: Bool { settlingLeft == 0 }
  var readyCount: Int { ready.count }
  var roundsLeft: Int { rounds.value }

  private func order(_ step: Step) -> Order {
    var order = Order(
      kind: step.kind == .set ? .set : step.isTakeover ? .takeOver : .copy, id: .none, partition: step.partition,
      node: step.node, source: step.source, change: step.change, sourceChange: step.sourceChange)
    if step.isTakeover { order.hold = cluster.cluster.config.hold }
    return order
  }

  // MARK: One after another

  /// The next one that may begin, the most urgent first; it is under way from now on. Nil: none, until one is done.
  /// O(log), and O(partners of its nodes) of a stream.
  mutating func beginNext(_ rules: ExecutionRules) -> Int? {
    // Taken out meanwhile: looking at tasks may not overlap with it.
    var queue = ReadyQueue()
    swap(&queue, &ready)
    let next = queue.next(inUse, waits: { waits($0, rules) })
    swap(&queue, &ready)
    guard let index = next else { return nil }
    begin(index, rules)
    return index
  }

  /// For other tasks of its partition.
  private func waits(_ index: Int, _ rules: ExecutionRules) -> Bool {
    let partition = tasks[index].order.partition.int
    if isAlone[partition] || underWay[partition] > 0 && isPromotion(tasks[index], rules) { return true }
    return takesLastCopy(tasks[index], rules)
  }

  /// A node that begins to lead is told who follows: nobody may come or go meanwhile.
  private func isPromotion(_ task: Task, _ rules: ExecutionRules) -> Bool {
    task.order.kind != .takeOver && rules.isLeading(task.order.change.to)
  }

  /// A target may leave a partition to nobody, where too few nodes can be reached. The last copy stays; but for one
  /// that this plan has made, empty, on its way to a state that the model reaches only through one without data.
  private func takesLastCopy(_ task: Task, _ rules: ExecutionRules) -> Bool {
    let isEmpty = isFresh[task.order.partition.int] && ledTerms[task.order.partition.int] == 0
    guard task.order.kind == .set, !isEmpty, rules.holdsData(task.order.change.from),
      !rules.holdsData(task.order.change.to)
    else { return false }
    return !rows[task.order.partition.int].contains { $0.node != task.order.node && rules.holdsData($0.state) }
  }

  private mutating func begin(_ index: Int, _ rules: ExecutionRules) {
    tasks[index].state = .running
    tasks[index].place = UInt32(running.count)
    running.append(UInt32(index))
    let partition = tasks[index].order.partition.int
    underWay[partition] += 1
    if isPromotion(tasks[index], rules) { isAlone[partition] = true }
    guard let step = tasks[index].step, step.kind == .stream else { return }
    inUse.begin(step)
    ready.wake(step, inUse)
  }

  /// The order as it is now: who leads and who follows may have changed since the step was planned.
  func current(_ index: Int, _ rules: ExecutionRules) -> Order {
    var order = tasks[index].order
    let row = rows[order.partition.int]
    order.term = terms[order.partition.int]
    let isCopied =
      rules.holdsData(order.change.to) && !rules.holdsData(order.change.from) && !rules.isLeading(order.change.to)
    let isLeaving = order.kind == .set && rules.holdsData(order.change.from) && !rules.holdsData(order.change.to)
    if order.kind == .copy || (order.kind == .takeOver && isCopied) || isLeaving,
      let leader = row.first(where: { $0.state == rules.leading })
    {
      order.leader = leader.node
    }
    if order.kind == .set, isCopied, let leader = row.first(where: { $0.state == rules.leading }) {
      // Made empty by the plan, and somebody leads already: what was written since comes from there.
      order.kind = .copy
      (order.source, order.leader) = (leader.node, leader.node)
      order.sourceChange = StateChange(leader.state, leader.state)
    }
    if isPromotion(tasks[index], rules) {
      order.followers = row.filter { rules.holdsData($0.state) && $0.node != order.node }.map(\.node)
    }
    return order
  }

  mutating func sent(_ index: Int, deadline: UInt64) {
    tasks[index].tries += 1
    setDeadline(index, deadline)
  }

  private mutating func setDeadline(_ index: Int, _ deadline: UInt64) {
    tasks[index].deadline = deadline
    if deadlines.count > 4 * running.count + 1024 {
      let tasks = tasks
      deadlines.drop { tasks[$0].state != .running || tasks[$0].deadline != $1 }
    }
    deadlines.add(index, at: deadline)
  }

  /// Whether another node is taking the partition over. O(orders under way).
  func hasTakeover(_ partition: PartitionIndex) -> Bool {
    running.contains { tasks[Int($0)].order.partition == partition && tasks[Int($0)].order.kind == .takeOver }
  }

  func isUnderWay(_ index: Int) -> Bool { tasks.indices.contains(index) && tasks[index].state == .running }

  /// The next one that got no answer in time: it is to be sent again. O(log).
  mutating func nextOverdue(_ now: UInt64) -> Int? {
    while let (index, time) = deadlines.next(until: now) {
      if isUnderWay(index), tasks[index].deadline == time { return index }
    }
    return nil
  }

  mutating func isAtWork(_ index: Int, tries: Int) { tasks[index].tries = min(tasks[index].tries, max(tries - 1, 0)) }

  mutating func putOff(_ index: Int, until deadline: UInt64) { setDeadline(index, deadline) }

  mutating func delay(_ index: Int, until deadline: UInt64) {
    if deadline < tasks[index].deadline { setDeadline(index, deadline) }
  }

  /// False: it was not under way. O(log), and O(partners of its nodes) of a stream.
  mutating func finish(_ index: Int, _ rules: ExecutionRules) -> Bool {
    guard isUnderWay(index) else { return false }
    tasks[index].state = .done
    done += 1
    let place = Int(tasks[index].place)
    let last = running.removeLast()
    if last != UInt32(index) {
      running[place] = last
      tasks[Int(last)].place = UInt32(place)
    }
    let task = tasks[index]
    let partition = task.order.partition.int
    underWay[partition] -= 1
    if task.order.kind == .lead || rules.isLeading(task.order.change.to) {
      (terms[partition], ledTerms[partition]) = (task.order.id.revision, task.order.id.revision)
    }
    if isPromotion(task, rules) { isAlone[partition] = false }
    if let step = task.step { finish(step, index - settling) } else { settlingLeft -= 1 }
    ready.wake(partition: partition, inUse)
    if task.step == nil, settlingLeft == 0 { for step in settling..<tasks.count { release(step) } }
    return true
  }

  private mutating func finish(_ step: Step, _ number: Int) {
    if step.isFullScan { copied = copied + weight(step.partition) }
    rounds.finish(step, tail: order!.tail[number])
    for (node, change) in step.changes where change.from != change.to { apply(step.partition.int, node, change.to) }
    for follower in order!.after(number) { release(settling + Int(follower)) }
    guard step.kind == .stream else { return }
    inUse.end(step)
    ready.wake(step, inUse)
  }

  private mutating func apply(_ partition: Int, _ node: NodeIndex, _ state: StateIndex) {
    rows[partition].removeAll { $0.node == node }
    if state != .null { rows[partition].append(Survey.Held(node: node, state: state)) }
  }

  private mutating func release(_ index: Int) {
    tasks[index].pending -= 1
    if tasks[index].pending == 0, tasks[index].state == .waiting { ready.add(index, inUse) }
  }
}
