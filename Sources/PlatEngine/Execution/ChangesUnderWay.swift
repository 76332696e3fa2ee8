/// What orders that are under way change: until one is heard of, its node may be what it was or what it
/// is to be. All else of the partition is known.
///
///     partition 0   n1: slave → dead     n4: dead → slave
///     row           n0 master, n1 slave, n2 slave           as far as is known
///     followers     of n0: n2 for certain, n1 perhaps, n4 once it may call itself a slave
struct ChangesUnderWay: Sendable {
  private var byPartition: [Int: [(node: NodeIndex, change: StateChange)]] = [:]  // looked up only

  /// `step`: nil: the order settles something. One by which a leader leads on changes its followers.
  mutating func add(_ order: Order, _ step: Step?) {
    var changes = (step?.changes ?? []).filter { $0.change.from != $0.change.to }
    if step == nil { changes = [(order.node, order.change)] }
    if !changes.isEmpty { byPartition[order.partition.int, default: []] += changes }
  }

  func change(of node: NodeIndex, _ partition: Int) -> StateChange? {
    byPartition[partition]?.first { $0.node == node }?.change
  }

  /// It may hold no data any more.
  func isLeaving(_ node: NodeIndex, _ partition: Int, _ rules: ExecutionRules) -> Bool {
    change(of: node, partition).map { rules.holdsData($0.from) && !rules.holdsData($0.to) } ?? false
  }

  /// Nodes that may hold data already.
  func newReplicas(_ partition: Int, _ rules: ExecutionRules) -> [NodeIndex] {
    let changes = byPartition[partition] ?? []
    return changes.filter { !rules.holdsData($0.change.from) && rules.holdsData($0.change.to) }.map(\.node)
  }
}

extension TaskList {
  /// O(orders under way).
  var changesUnderWay: ChangesUnderWay {
    var changes = ChangesUnderWay()
    for index in running { changes.add(tasks[Int(index)].order, tasks[Int(index)].step) }
    return changes
  }
}
