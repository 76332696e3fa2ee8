/// What has been newly placed goes home where that fits after all, and so need not be moved.
///
/// By itself, where both nodes stay in their windows; else together with another new replica, which costs as much where
/// it goes as where it was. That is what a chain of moves leaves behind when its middle both received and gave:
///
///     p  m ⇢ d        p is back on m, and q goes on to d:   one move less, and the loads of both as they were, or
///     q  e ⇢ m        nearly so where p and q differ
///
/// or over several nodes, each of which receives a new replica and passes one on. Nothing that is held moves for it,
/// windows are kept, and no soft rule breaks for it.
struct WeightedHome {
  private let weighing: Weighing
  private let due: WeightedDue
  private let problem: Problem
  /// Of each node the slots of its new replicas, heaviest first, those that came later behind. Some may have gone
  /// since.
  private var newReplicas: [[UInt32]]
  private var trials = TrialLimits.WeightedHome.trials

  /// O(P · R²) for each round, and a bounded number of trials in all.
  static func run(_ weighing: Weighing, _ due: WeightedDue) {
    for _ in 0..<TrialLimits.WeightedHome.rounds {
      var home = WeightedHome(weighing, due)
      guard home.bringAll() else { return }
    }
  }

  private init(_ weighing: Weighing, _ due: WeightedDue) {
    self.weighing = weighing
    self.due = due
    problem = weighing.problem
    newReplicas = Array(repeating: [], count: problem.nodeCount)
    for place in 0..<weighing.order.count {
      let partition = weighing.order.base[place].int
      let row = weighing.row(partition)
      for slot in 0..<weighing.replicas where row[slot] != .none && !problem.isHeld(partition, by: row[slot]) {
        newReplicas[row[slot].int].append(UInt32(partition * weighing.replicas + slot))
      }
    }
  }

  /// Heaviest first. True where any came home.
  private mutating func bringAll() -> Bool {
    var changed = false
    for place in 0..<weighing.order.count where !problem.arena.isInterrupted {
      let partition = weighing.order.base[place].int
      let row = weighing.row(partition)
      guard partition < problem.heldPartitions, problem.isAway(partition, from: row) else { continue }
      let held = problem.heldRows + partition * problem.heldWidth
      for slot in 0..<weighing.replicas where row[slot] != .none && !problem.isHeld(partition, by: row[slot]) {
        for heldSlot in problem.heldSlots where held[heldSlot] != .none && problem.keeps[held[heldSlot]] {
          guard problem.allows(row, leaving: slot, to: held[heldSlot]), bring(partition, slot, to: held[heldSlot])
          else {
            continue
          }
          changed = true
          break
        }
      }
    }
    return changed
  }

  /// Puts a new replica onto its home, with what else must go, or leaves everything as it is.
  private mutating func bring(_ partition: Int, _ slot: Int, to home: NodeIndex) -> Bool {
    let node = weighing.row(partition)[slot]
    weighing.set(partition, slot, to: home)
    if isWell(home), isWell(node) { return true }
    if isTooMuch(home) {
      // One of its own new replicas goes instead: to where this one was, or wherever there is room.
      if pass(from: home, to: node, beside: partition) { return true }
      if isWell(node) {
        for other in problem.receivers where trials > 0 && other != node && other != home {
          guard weighing.hasRoom(other), weighing.load[other] < due.most[other] else { continue }
          if pass(from: home, to: other, beside: partition) { return true }
        }
      }
    } else {
      for other in problem.receivers where trials > 0 && other != node {
        guard other == home || weighing.load[other] > due.least[other] else { continue }
        if pass(from: other, to: node, beside: partition) { return true }
      }
    }
    if passOn(from: home, node, beside: partition) { return true }
    weighing.set(partition, slot, to: node)
    return false
  }

  /// New replicas pass on along chains until both nodes are well; else everything is as it was.
  private mutating func passOn(from home: NodeIndex, _ node: NodeIndex, beside partition: Int) -> Bool {
    guard trials > 0 else { return false }
    let hops = NewReplicaHops(weighing: weighing, newReplicas: newReplicas, barred: partition)
    let most = min(trials, TrialLimits.WeightedHome.trialsForChains)
    var chains = WeightedChains(
      hops, due, load: weighing.load, arena: problem.arena, mostSteps: TrialLimits.WeightedHome.mostSteps, trials: most)
    _ = chains.run()
    trials -= most - chains.trials
    if isWell(home), isWell(node) {
      for (slot, _, receiver) in hops.made.all { newReplicas[receiver.int].append(UInt32(slot)) }
      return true
    }
    for (slot, donor, _) in hops.made.all.reversed() {
      weighing.set(slot / weighing.replicas, slot % weighing.replicas, to: donor)
    }
    return false
  }

  private func isTooMuch(_ node: NodeIndex) -> Bool {
    weighing.load[node] > due.most[node] || weighing.count[node] > weighing.capacity[node]
  }

  private func isWell(_ node: NodeIndex) -> Bool { !isTooMuch(node) && weighing.load[node] >= due.least[node] }

  /// Moves a new replica on, such that both nodes are well.
  private mutating func pass(from donor: NodeIndex, to receiver: NodeIndex, beside partition: Int) -> Bool {
    let least = max(weighing.load[donor] - due.most[donor], due.least[receiver] - weighing.load[receiver])
    let most = min(weighing.load[donor] - due.least[donor], due.most[receiver] - weighing.load[receiver])
    guard least <= most, weighing.count[receiver] < weighing.capacity[receiver],
      weighing.count[donor] <= weighing.capacity[donor] + 1
    else { return false }
    for slot in newReplicas[donor.int] {
      trials -= 1
      guard trials > 0 else { return false }
      let (other, column) = (Int(slot) / weighing.replicas, Int(slot) % weighing.replicas)
      let row = weighing.row(other)
      guard (least...most).contains(weighing.weight.base[other]), other != partition, row[column] == donor,
        !problem.isHeld(other, by: donor), problem.allows(row, leaving: column, to: receiver),
        problem.softBreaches(row, leaving: column, at: receiver)
          <= problem.softBreaches(row, leaving: column, at: donor)
      else { continue }
      weighing.set(other, column, to: receiver)
      newReplicas[receiver.int].append(slot)
      return true
    }
    return false
  }
}

/// New replicas that go on to other nodes, which costs nothing.
private struct NewReplicaHops: WeightedHops {
  final class Made { var all: [(slot: Int, from: NodeIndex, to: NodeIndex)] = [] }

  let weighing: Weighing
  let newReplicas: [[UInt32]]
  /// A partition that stays where it is.
  let barred: Int
  let made = Made()

  func visit(
    _ node: NodeIndex, gives: Bool, weights: ClosedRange<Int>, isSeen: inout [Bool], _ body: (NodeIndex, Hop) -> Bool
  ) -> Int {
    var looked = 1
    guard gives || weighing.hasRoom(node) else { return looked }
    for index in 0..<weighing.problem.nodeCount where !isSeen[index] {
      let other = NodeIndex(index)
      guard !gives || weighing.hasRoom(other) else { continue }
      for slot in newReplicas[(gives ? node : other).int] {
        looked += 1
        guard let weight = weight(slot, from: gives ? node : other, to: gives ? other : node), weights.contains(weight)
        else {
          continue
        }
        isSeen[index] = true
        if body(other, Hop(slot: Int(slot), other: 0, weight: weight)) { return looked }
        break
      }
    }
    return looked
  }

  /// Nil where it may not go, or is one no more.
  private func weight(_ slot: UInt32, from donor: NodeIndex, to receiver: NodeIndex) -> Int? {
    let problem = weighing.problem
    let (partition, column) = (Int(slot) / weighing.replicas, Int(slot) % weighing.replicas)
    let row = weighing.row(partition)
    guard partition != barred, row[column] == donor, !problem.isHeld(partition, by: donor),
      problem.allows(row, leaving: column, to: receiver),
      problem.softBreaches(row, leaving: column, at: receiver) <= problem.softBreaches(row, leaving: column, at: donor)
    else { return nil }
    return weighing.weight.base[partition]
  }

  func make(_ hop: Hop, from node: NodeIndex, to other: NodeIndex) {
    weighing.set(hop.slot / weighing.replicas, hop.slot % weighing.replicas, to: other)
    made.all.append((hop.slot, node, other))
  }
}

extension Problem {
  /// Nodes that may receive, in order.
  fileprivate var receivers: some Sequence<NodeIndex> {
    (0..<nodeCount).lazy.filter { receives.base[$0] }.map { NodeIndex($0) }
  }
}
