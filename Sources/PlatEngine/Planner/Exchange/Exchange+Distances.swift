/// How far every vertex is from where paths begin: Dijkstra over reduced costs, fewest hops among equals.
extension Exchange {
  /// Dijkstra up to the nearest end; returns its priority. Nil where none is reached.
  mutating func findDistances() -> Int64? {
    for vertex in 0..<(problem.nodeCount + 2) {
      key.base[vertex] = Exchange.unreached
      isSettled.base[vertex] = false
    }
    for (box, nodes) in problem.leafBoxes.enumerated() {
      let takes = nodes.contains { problem.receives.base[$0] && due.most.base[$0] > 0 }
      farthest[box] = takes ? Exchange.unreached : Int64.min
    }
    heap.removeAll(keepingCapacity: true)
    for node in 0..<problem.nodeCount where load.base[node] > due.most.base[node] { reach(node, startKey(node)) }
    if surplus > 0 { reach(slack, startKey(slack)) }
    if unplaced > 0 { reach(pool, startKey(pool)) }
    var nearest: Int64?
    while !problem.arena.isInterrupted, let (priority, vertex) = pop() {
      if let nearest, priority > nearest { break }
      if isSettled.base[vertex] { continue }
      isSettled.base[vertex] = true
      if nearest == nil, isEnd(vertex) { nearest = priority }
      if nearest != nil { continue }  // hops lead farther than the nearest end
      if vertex == slack {
        expandSlack()
      } else if vertex == pool {
        expandPool()
      } else {
        expand(NodeIndex(vertex))
      }
    }
    return nearest
  }

  @inline(__always) mutating func reach(_ vertex: Int, _ newKey: Int64) {
    guard newKey < key.base[vertex], !isSettled.base[vertex] else { return }
    let priority = newKey - Int64(potential.base[vertex]) * Exchange.move
    if horizon < Exchange.unreached, priority >= Exchange.move { return }
    key.base[vertex] = newKey
    push(priority, vertex)
  }

  mutating func expandSlack() {
    let next = key.base[slack] + Exchange.hop
    for node in 0..<problem.nodeCount
    where min(load.base[node], due.most.base[node]) > due.least.base[node] { reach(node, next) }
  }

  mutating func expandPool() {
    for partition in poolMissing {
      let row = placement.row(partition.int)
      guard let free = freeSlot(row) else { continue }
      reachReceivers(partition.int, row, leaving: free, from: key.base[pool], refund: 0)
    }
  }

  mutating func expand(_ node: NodeIndex) {
    let from = key[node]
    if hasSlack(node) { reach(slack, from + Exchange.hop) }
    var place = holdings.begin(node)
    while let slot = holdings.next(&place, of: node) {
      let partition = slot / problem.replicas
      if graph != nil, slot % problem.replicas < problem.wanted[0] { continue }
      let row = placement.row(partition)
      let refund = refund(partition, node)
      if mayGoToPool(row) { reach(pool, from - refund * Exchange.move + Exchange.hop) }
      reachReceivers(partition, row, leaving: slot % problem.replicas, from: from, refund: refund)
    }
  }

  /// What is spared when a node gives up a replica that it was to receive.
  @inline(__always) func refund(_ partition: Int, _ node: NodeIndex) -> Int64 {
    refunds && !problem.isHeld(partition, by: node) ? 1 : 0
  }

  /// With a shortage, any replica but the last of its partition may stay unplaced in place of another.
  @inline(__always) func mayGoToPool(_ row: UnsafeMutablePointer<NodeIndex>) -> Bool {
    guard due.isShort else { return false }
    var held = 0
    for slot in 0..<problem.replicas where row[slot] != .none { held += 1 }
    return held > 1
  }

  /// All nodes that may take a replica of the partition when slot `leaving` is given up.
  @inline(__always) mutating func reachReceivers(
    _ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>, leaving: Int, from: Int64, refund: Int64
  ) {
    let newKey = from + (1 - refund) * Exchange.move + Exchange.hop
    if let graph {
      graph.forEachReceiver(row) { node in
        guard key[node] > newKey, !isSettled[node], problem.receives[node], due.most[node] > 0,
          problem.allowsUnderMaster(row, leaving: leaving, to: node)
        else { return }
        reach(node.int, newKey)
      }
      forEachHome(partition, row, leaving: leaving) { $0.reach($1.int, newKey - Exchange.move) }
      return
    }
    for box in farthest.indices where farthest[box] > newKey && newKey < horizon {
      guard problem.allows(row, leaving: leaving, intoBoxOf: NodeIndex(problem.leafBoxes[box].lowerBound)) else {
        continue
      }
      var left = Int64.min
      for node in problem.leafBoxes[box] where problem.receives.base[node] && due.most.base[node] > 0 {
        if key.base[node] > newKey, !isSettled.base[node], !isIn(row, NodeIndex(node)) { reach(node, newKey) }
        if !isSettled.base[node] { left = max(left, key.base[node]) }
      }
      farthest[box] = left
    }
    forEachHome(partition, row, leaving: leaving) { $0.reach($1.int, newKey - Exchange.move) }
  }

  /// Nodes that hold the partition today and are not in its row, where it may come back to at no cost.
  @inline(__always) mutating func forEachHome(
    _ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>, leaving: Int,
    _ body: (inout Exchange, NodeIndex) -> Void
  ) {
    guard partition < problem.heldPartitions else { return }
    let held = problem.heldRows + partition * problem.heldWidth
    for slot in problem.heldSlots where held[slot] != .none {
      let home = held[slot]
      guard problem.keeps[home], due.most[home] > 0, !isIn(row, home),
        problem.allows(row, leaving: leaving, to: home), !problem.isSlaveOnly[home] || mayTakeSlaveOnly(row, leaving),
        graph.map({ $0.allows(row, home) && problem.allowsUnderMaster(row, leaving: leaving, to: home) }) ?? true
      else { continue }
      body(&self, home)
    }
  }

  /// An empty slot that a stage may fill: under a limit on peers, not a master's.
  @inline(__always) func freeSlot(_ row: UnsafeMutablePointer<NodeIndex>) -> Int? {
    for slot in (graph == nil ? 0 : problem.wanted[0])..<problem.replicas where row[slot] == .none { return slot }
    return nil
  }

  func mayTakeSlaveOnly(_ row: UnsafeMutablePointer<NodeIndex>, _ leaving: Int) -> Bool {
    var slaves = 0
    for slot in 0..<problem.replicas where slot != leaving && row[slot] != .none && problem.isSlaveOnly[row[slot]] {
      slaves += 1
    }
    return slaves < problem.replicas - problem.wanted[0]
  }

  @inline(__always) mutating func isIn(_ row: UnsafeMutablePointer<NodeIndex>, _ node: NodeIndex) -> Bool {
    if marks.isWide {
      marks.enter(row)
      return marks.contains(node)
    }
    for slot in 0..<problem.replicas where row[slot] == node { return true }
    return false
  }

  /// Vertices not settled are at least as far as the nearest end.
  func raisePotentials(_ nearest: Int64) {
    let most = Int32(clamping: nearest >> 32)
    for vertex in 0..<(problem.nodeCount + 2) {
      let reduced = key.base[vertex] - Int64(potential.base[vertex]) * Exchange.move
      potential.base[vertex] += isSettled.base[vertex] ? min(Int32(clamping: reduced >> 32), most) : most
    }
  }

  // MARK: The heap

  mutating func push(_ priority: Int64, _ vertex: Int) {
    heap.append((priority, vertex))
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child] < heap[parent] else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  mutating func pop() -> (priority: Int64, vertex: Int)? {
    guard let top = heap.first else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return top }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
        least = child
      }
      if least == parent { return top }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
