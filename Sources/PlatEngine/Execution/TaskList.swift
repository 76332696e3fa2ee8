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
    /// Rank among those that are ready: 0 first.
    var key: UInt32 = 0
  }

  private(set) var tasks: [Task] = []
  /// How many of them settle.
  private(set) var settling = 0
  /// By partition, as far as is known: who is what.
  var rows: [[Survey.Held]] = []
  /// By partition: the revision as which it is led; where nobody leads, this one.
  private var terms: [UInt64] = []
  /// Before the last `clear`.
  private(set) var lastRows: [[Survey.Held]]?
  /// Ready, by key.
  var ready: [UInt32] = []
  var running: [UInt32] = []
  /// By partition: tasks under way; and that no other may begin.
  private var underWay: [UInt16] = []
  private var isAlone: [Bool] = []
  private(set) var order: StepOrder?
  private(set) var list = StepList()
  private(set) var done = 0
  var inUse: LimitsInUse
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
    ready = []
    running = []
    order = nil
    list = StepList()
    done = 0
    settling = 0
  }

  /// O(steps · log).
  mutating func fill(_ survey: Survey, _ list: StepList, inOrder: Bool) {
    clear()
    inUse = LimitsInUse(limits, cluster)
    rows = survey.rows
    terms = survey.terms
    underWay = Array(repeating: 0, count: rows.count)
    isAlone = Array(repeating: false, count: rows.count)
    settling = survey.orders.count
    self.list = list
    for settlement in survey.orders { tasks.append(Task(step: nil, order: settlement)) }
    let order = StepOrder(list, lengths: Array(repeating: 1, count: list.count))
    self.order = order
    for index in 0..<list.count {
      var task = Task(step: list.steps[index], order: self.order(list.steps[index]))
      task.pending = (inOrder ? Int32(list.after(index).count) : 0) + (settling > 0 ? 1 : 0)
      if survey.isWithheld[list.steps[index].partition.int] { task.pending = .max / 2 }
      tasks.append(task)
    }
    for index in tasks.indices { tasks[index].order.id = OrderID(revision: survey.revision, number: UInt32(index)) }
    let ranked = list.steps.indices.sorted {
      (list.steps[$0].purpose.rawValue, order.tail[$1], $0) < (list.steps[$1].purpose.rawValue, order.tail[$0], $1)
    }
    for (rank, step) in ranked.enumerated() { tasks[settling + step].key = UInt32(settling + rank) }
    for index in 0..<settling {
      tasks[index].key = UInt32(index)
      ready.append(UInt32(index))
    }
    for step in ranked where tasks[settling + step].pending == 0 { ready.append(UInt32(settling + step)) }
  }

  private func order(_ step: Step) -> Order {
    var order = Order(
      kind: step.kind == .set ? .set : step.isTakeover ? .takeOver : .copy, id: .none, partition: step.partition,
      node: step.node, source: step.source, change: step.change, sourceChange: step.sourceChange)
    if step.isTakeover { order.hold = cluster.cluster.config.hold }
    return order
  }

  // MARK: One after another

  func mayBegin(_ index: Int, _ rules: ExecutionRules, keepsLimits: Bool) -> Bool {
    let task = tasks[index]
    let partition = task.order.partition.int
    guard !isAlone[partition], !isPromotion(task, rules) || underWay[partition] == 0 else { return false }
    if takesLastCopy(task, rules) { return false }
    return task.step.map { !keepsLimits || inUse.mayBegin($0) } ?? true
  }

  /// A node that begins to lead is told who follows: nobody may come or go meanwhile.
  private func isPromotion(_ task: Task, _ rules: ExecutionRules) -> Bool {
    task.order.kind == .set && rules.isLeading(task.order.change.to)
  }

  /// A target may leave a partition to nobody, where too few nodes can be reached. The last copy stays.
  private func takesLastCopy(_ task: Task, _ rules: ExecutionRules) -> Bool {
    guard task.order.kind == .set, rules.holdsData(task.order.change.from), !rules.holdsData(task.order.change.to) else { return false }
    return !rows[task.order.partition.int].contains { $0.node != task.order.node && rules.holdsData($0.state) }
  }

  mutating func begin(_ index: Int, _ rules: ExecutionRules) {
    tasks[index].state = .running
    running.append(UInt32(index))
    let partition = tasks[index].order.partition.int
    underWay[partition] += 1
    if isPromotion(tasks[index], rules) { isAlone[partition] = true }
    if let step = tasks[index].step { inUse.begin(step) }
  }

  /// The order as it is now: who leads and who follows may have changed since the step was planned.
  func current(_ index: Int, _ rules: ExecutionRules) -> Order {
    var order = tasks[index].order
    let row = rows[order.partition.int]
    order.term = terms[order.partition.int]
    let isCopied = rules.holdsData(order.change.to) && !rules.holdsData(order.change.from) && !rules.isLeading(order.change.to)
    if order.kind == .copy || (order.kind == .takeOver && isCopied), let leader = row.first(where: { $0.state == rules.leading }) {
      order.leader = leader.node
    }
    if isPromotion(tasks[index], rules) {
      order.followers = row.filter { rules.holdsData($0.state) && $0.node != order.node }.map(\.node)
    }
    return order
  }

  mutating func sent(_ index: Int, deadline: UInt64) {
    tasks[index].tries += 1
    tasks[index].deadline = deadline
  }

  mutating func isAtWork(_ index: Int, tries: Int) { tasks[index].tries = min(tasks[index].tries, max(tries - 1, 0)) }

  mutating func delay(_ index: Int, until deadline: UInt64) { tasks[index].deadline = min(tasks[index].deadline, deadline) }

  /// False: it was not under way.
  mutating func finish(_ index: Int, _ rules: ExecutionRules) -> Bool {
    guard tasks.indices.contains(index), tasks[index].state == .running else { return false }
    tasks[index].state = .done
    done += 1
    running.removeAll { $0 == UInt32(index) }
    let task = tasks[index]
    underWay[task.order.partition.int] -= 1
    if task.order.kind == .lead || rules.isLeading(task.order.change.to) { terms[task.order.partition.int] = task.order.id.revision }
    if isPromotion(task, rules) { isAlone[task.order.partition.int] = false }
    guard let step = task.step else {
      if index < settling, !tasks[..<settling].contains(where: { $0.state != .done }) {
        for step in settling..<tasks.count { release(step) }
      }
      return true
    }
    inUse.end(step)
    for (node, change) in step.changes where change.from != change.to { apply(step.partition.int, node, change.to) }
    for follower in order!.after(index - settling) { release(settling + Int(follower)) }
    return true
  }

  private mutating func apply(_ partition: Int, _ node: NodeIndex, _ state: StateIndex) {
    rows[partition].removeAll { $0.node == node }
    if state != .null { rows[partition].append(Survey.Held(node: node, state: state)) }
  }

  private mutating func release(_ index: Int) {
    tasks[index].pending -= 1
    guard tasks[index].pending == 0, tasks[index].state == .waiting else { return }
    var (low, high) = (0, ready.count)
    while low < high {
      let middle = (low + high) / 2
      if tasks[Int(ready[middle])].key < tasks[index].key { low = middle + 1 } else { high = middle }
    }
    ready.insert(UInt32(index), at: low)
  }
}
