/// What the host wants to run, stopped or paused: each a way of hops of one replica, one request at a time. It does not
/// outlive the orchestrator.
struct ModeRequests: Sendable {
  struct Request: Sendable {
    var node: NodeIndex
    var partition: PartitionIndex
    /// As which the replica is known, what it is asked to become next, and what it is to be in the end.
    var from: RunMode
    var to: RunMode
    var end: RunMode
    var id = OrderID.none
    var deadline: UInt64 = 0
  }

  /// By node and partition, ascending.
  private(set) var requests: [Request] = []
  private var last: UInt32 = 0

  private func place(_ node: NodeIndex, _ partition: PartitionIndex) -> Int {
    var (low, high) = (0, requests.count)
    while low < high {
      let middle = (low + high) / 2
      if (requests[middle].node, requests[middle].partition) < (node, partition) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  private func has(_ node: NodeIndex, _ partition: PartitionIndex, at place: Int) -> Bool {
    place < requests.count && requests[place].node == node && requests[place].partition == partition
  }

  /// In place of anything else that was wanted of the same replica. O(requests).
  mutating func want(_ node: NodeIndex, _ partition: PartitionIndex, _ from: RunMode, _ end: RunMode) {
    let request = Request(node: node, partition: partition, from: from, to: from.next(to: end), end: end)
    let place = place(node, partition)
    guard has(node, partition, at: place) else { return requests.insert(request, at: place) }
    if requests[place].end != end { requests[place] = request }
  }

  /// The request with a number that no other had; again after `patience`.
  mutating func send(_ index: Int, revision: UInt64, clock: UInt64, patience: UInt64) -> (ModeOrder, to: NodeIndex) {
    if requests[index].id.revision != revision {
      last += 1
      requests[index].id = OrderID(revision: revision, number: last)
    }
    requests[index].deadline = clock &+ patience
    let request = requests[index]
    return (ModeOrder(id: request.id, partition: request.partition, from: request.from, to: request.to), request.node)
  }

  enum Outcome {
    case ignored
    case goesOn(Int)
    case ended(isDone: Bool)
  }

  /// What a node answered. O(log requests), and at the end O(requests).
  mutating func hear(_ id: OrderID, _ node: NodeIndex, _ partition: PartitionIndex, _ mode: RunMode) -> Outcome {
    let place = place(node, partition)
    guard has(node, partition, at: place), requests[place].id == id else { return .ignored }
    let request = requests[place]
    if mode == request.to, mode != request.end {
      requests[place].from = mode
      requests[place].to = mode.next(to: request.end)
      requests[place].id = .none
      return .goesOn(place)
    }
    requests.remove(at: place)
    return .ended(isDone: mode == request.end)
  }
}

extension Orchestrator {
  /// From one mode to another, hop by hop. What the replica is not in is not changed, and `mode` says so.
  mutating func want(
    _ node: NodeIndex, _ partition: PartitionIndex, from: RunMode, to end: RunMode, _ actions: inout [Action]
  ) {
    guard node.int < heard.count, partition.int < hadHolders.count else { return }
    guard from != end else { return actions.append(.mode(node, partition, from, isDone: true)) }
    modes.want(node, partition, from, end)
    sendModes(&actions)
  }

  /// Only at a revision that nodes have been claimed for.
  mutating func sendModes(_ actions: inout [Action]) {
    guard phase == .running || phase == .reached else { return }
    for index in modes.requests.indices
    where modes.requests[index].id.revision != revision || modes.requests[index].deadline <= clock {
      sendMode(index, &actions)
    }
  }

  private mutating func sendMode(_ index: Int, _ actions: inout [Action]) {
    let (order, node) = modes.send(index, revision: revision, clock: clock, patience: timing.patience)
    actions.append(.send(.mode(order), to: node))
  }

  mutating func noteMode(
    _ id: OrderID, _ partition: PartitionIndex, _ mode: RunMode, _ node: NodeIndex, _ actions: inout [Action]
  ) {
    switch modes.hear(id, node, partition, mode) {
    case .ignored: break
    case .goesOn(let index): if phase == .running || phase == .reached { sendMode(index, &actions) }
    case .ended(let isDone): actions.append(.mode(node, partition, mode, isDone: isDone))
    }
  }
}
