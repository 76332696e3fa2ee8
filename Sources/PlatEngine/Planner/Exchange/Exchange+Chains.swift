/// Sending replicas along shortest paths, depth first.
extension Exchange {
  mutating func augment() {
    if unplaced > 0, startedAt(pool) {
      while unplaced > 0, !problem.arena.isInterrupted, leavePool() { unplaced -= 1 }
    }
    for node in 0..<problem.nodeCount where startedAt(node) && !problem.arena.isInterrupted {
      while load.base[node] > due.most.base[node], give(NodeIndex(node)) { load.base[node] -= 1 }
    }
    if surplus > 0, startedAt(slack) {
      while surplus > 0, !problem.arena.isInterrupted, leaveSlack() { surplus -= 1 }
    }
  }

  /// Whether the phase's paths may begin at a vertex: it was as near as anything, so its potential stayed.
  func startedAt(_ vertex: Int) -> Bool {
    isSettled.base[vertex] && key.base[vertex] == startKey(vertex)
  }

  /// One more comes to a node: it stays where it is lacking or within a window, or something else goes on.
  mutating func accept(_ node: NodeIndex) -> Bool {
    if load[node] < due.least[node] {
      load[node] += 1
      return true
    }
    if hasSlack(node), isSettled.base[slack], key.base[slack] == key[node] + Exchange.hop {
      if surplus < 0 {
        surplus += 1
        load[node] += 1
        return true
      }
      if leaveSlack() {
        load[node] += 1
        return true
      }
    }
    return give(node)
  }

  /// Some node gives up one within its window.
  mutating func leaveSlack() -> Bool {
    guard isSettled.base[slack] else { return false }
    let next = key.base[slack] + Exchange.hop
    while slackPlace < problem.nodeCount {
      let node = NodeIndex(slackPlace)
      if key[node] == next, isSettled[node], load[node] <= due.most[node], load[node] > due.least[node], give(node) {
        load[node] -= 1
        return true
      }
      slackPlace += 1
    }
    return false
  }

  /// Some missing replica is placed.
  mutating func leavePool() -> Bool {
    guard isSettled.base[pool] else { return false }
    while poolPlace < poolMissing.count {
      let partition = poolMissing[poolPlace].int
      let row = placement.row(partition)
      if let free = freeSlot(row),
        let receiver = findReceiver(partition, row, leaving: free, from: key.base[pool], refund: 0)
      {
        put(partition, free, receiver)
        placement.placed += 1
        return true
      }
      poolPlace += 1
    }
    return false
  }

  /// One of the node's replicas goes to where a shortest path leads. The caller books the node's own load.
  mutating func give(_ node: NodeIndex) -> Bool {
    guard !isDead[node] else { return false }
    while true {
      let here = place[node]
      var after = here
      guard let slot = holdings.next(&after, of: node) else { break }
      let partition = slot / problem.replicas
      if graph != nil, slot % problem.replicas < problem.wanted[0] {
        place[node] = after
        continue
      }
      let row = placement.row(partition)
      let refund = refund(partition, node)
      if mayGoToPool(row), isSettled.base[pool], key.base[pool] == key[node] - refund * Exchange.move + Exchange.hop {
        if unplaced < 0 || leavePool() {
          if unplaced < 0 { unplaced += 1 }
          row[slot % problem.replicas] = .none
          placement.changed.change(partition)
          marks.forget()
          placement.placed -= 1
          return true
        }
      }
      if let receiver = findReceiver(
        partition, row, leaving: slot % problem.replicas, from: key[node], refund: refund)
      {
        put(partition, slot % problem.replicas, receiver)
        return true
      }
      place[node] = after
    }
    isDead[node] = true
    return false
  }

  /// A node that takes the partition and has passed on what it must; its load is booked.
  mutating func findReceiver(
    _ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>, leaving: Int, from: Int64, refund: Int64
  ) -> NodeIndex? {
    let wanted = from + (1 - refund) * Exchange.move + Exchange.hop
    let before = row[leaving]
    if let graph {
      var receiver: NodeIndex?
      var isCut = false
      graph.forEachReceiver(row) { node in
        guard receiver == nil, !isCut, isSettled[node], !isDead[node], key[node] == wanted, problem.receives[node],
          problem.allowsUnderMaster(row, leaving: leaving, to: node), accept(node)
        else { return }
        if row[leaving] == before, problem.allows(row, leaving: leaving, to: node) {
          receiver = node
        } else {
          load[node] -= 1
          isCut = true
        }
      }
      if receiver != nil || isCut { return receiver }
    } else if let class_ = candidates.classIndex(of: wanted) {
      for box in problem.leafBoxes.indices {
        var index = candidates.first(class_, box, isDead: isDead)
        guard index != nil,
          problem.allows(row, leaving: leaving, intoBoxOf: NodeIndex(problem.leafBoxes[box].lowerBound))
        else { continue }
        while let here = index {
          let node = candidates.node(here)
          if !isIn(row, node), accept(node) {
            if row[leaving] == before, problem.allows(row, leaving: leaving, to: node) { return node }
            load[node] -= 1  // its own part of the chain is done; what comes instead is found later
            return nil
          }
          index = candidates.next(after: here, isDead: isDead)
        }
      }
    }
    var result: NodeIndex?
    forEachHome(partition, row, leaving: leaving) { exchange, home in
      guard result == nil, exchange.isSettled[home], exchange.key[home] == wanted - Exchange.move,
        exchange.accept(home)
      else { return }
      if row[leaving] == before, exchange.problem.allows(row, leaving: leaving, to: home) {
        result = home
      } else {
        exchange.load[home] -= 1
      }
    }
    return result
  }

  mutating func put(_ partition: Int, _ slot: Int, _ node: NodeIndex) {
    placement.row(partition)[slot] = node
    placement.changed.change(partition)
    marks.forget()
    holdings.add(partition * problem.replicas + slot, to: node)
  }
}
