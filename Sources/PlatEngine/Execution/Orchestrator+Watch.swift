/// Time, and who is there. A node is
///
///     heard of ── nothing for `silence` ──► silent ── nothing for `grace` ──► lost ── heard of ──► back ── planned again ──► heard of
///
/// While a node is silent nothing is done about it. More nodes than may be lost: the change is frozen, until some are
/// back or the host names them lost.
///
/// An outage is planned for three times at most: when nodes are lost; once whoever is back has settled; and once all is
/// calm. One that goes on for longer is another outage.
extension Orchestrator {
  /// Since when nodes have been coming and going.
  struct Outage: Sendable {
    var plans = 0
    /// When the last node was lost or came back.
    var lastChange: UInt64 = 0
    /// Since when there has been something to plan for.
    var wantedSince: UInt64?
  }

  mutating func tick(_ now: UInt64, _ actions: inout [Action]) {
    let passed = lastTick.map { now > $0 ? now - $0 : 0 } ?? 0
    lastTick = now
    clock += min(passed, timing.longestTick)
    if clock >= nextPulse {
      nextPulse = clock + timing.pulse
      pulse(&actions)
    }
    switch phase {
    case .claiming: claimAgain(&actions)
    case .running, .reached:
      watch(&actions)
      sendAgain(&actions)
      sendModes(&actions)
      if phase == .running { beginWhatMay(&actions) }
    default: break
    }
  }

  private mutating func pulse(_ actions: inout [Action]) {
    confirmEmptied()
    for node in heard.indices {
      if isMute[node] {
        askLate(node, &actions)
        continue
      }
      actions.append(.send(check(node), to: NodeIndex(node)))
      if let map, phase == .reached, mapOf[node] < map.revision {
        actions.append(.send(.map(map), to: NodeIndex(node)))
      }
    }
    feedStarted(&actions)
  }

  /// Silent, and not lost yet.
  func isSilent(_ node: Int) -> Bool { !isLost[node] && clock - heard[node] > timing.silence }

  private func isOverdue(_ node: Int) -> Bool {
    clock - heard[node] > (plant == .ignoreGrace ? timing.silence : recovery.grace)
  }

  /// Nodes that are silent and not lost.
  public var silentNodes: [NodeIndex] { heard.indices.filter { isSilent($0) }.map { NodeIndex($0) } }

  /// Nothing is under way, and it waits for silent nodes.
  public var isWaiting: Bool {
    switch phase {
    case .reached: heard.indices.contains { isSilent($0) }
    case .running: tasks.running.isEmpty && heard.indices.contains { isSilent($0) }
    default: false
    }
  }

  // MARK: Heard of

  mutating func hear(_ node: Int) {
    let wasSilent = isSilent(node)
    heard[node] = clock
    // What a disk that is far behind lets it say at last does not bring it back.
    if isLost[node], !isBack[node], !isMute[node] {
      isBack[node] = true
      late[node].since = clock
      outage.lastChange = clock
    }
    if phase == .claiming, owesSince[node] == nil { owesSince[node] = clock }
    // What it was told meanwhile it may not have heard.
    guard wasSilent, phase == .running else { return }
    for index in tasks.running where tasks.tasks[Int(index)].order.node.int == node {
      tasks.delay(Int(index), until: clock)
    }
  }

  // MARK: Lost, back

  /// Plans again, or freezes, where nodes are lost or back. O(N).
  mutating func watch(_ actions: inout [Action]) {
    guard phase == .running || phase == .reached else { return }
    let overdue = heard.indices.filter { !isLost[$0] && isOverdue($0) }
    freeze(lost: overdue.count + heard.indices.count { isLost[$0] && !isTold[$0] && !isBack[$0] }, &actions)
    guard !isFrozen, !overdue.isEmpty || isBack.contains(true) else {
      outage.wantedSince = nil
      if clock - outage.lastChange > recovery.grace { outage.plans = 0 }
      return
    }
    if outage.wantedSince == nil {
      outage.wantedSince = clock
      if !overdue.isEmpty { outage.lastChange = clock }
    }
    guard plant == .planAtOnce || mayPlanForOutage(isBackOnly: overdue.isEmpty) else { return }
    if plant != .countNoPlans { outage.plans += 1 }
    plansForOutages += 1
    outage.wantedSince = nil
    planAgain(&actions)
  }

  private mutating func mayPlanForOutage(isBackOnly: Bool) -> Bool {
    let calm = clock - outage.lastChange
    if clock - outage.wantedSince! > recovery.grace << 3 || calm > recovery.grace { outage.plans = 0 }
    let areAllThere =
      isBackOnly && heard.indices.allSatisfy { (!isLost[$0] || isBack[$0] || isTold[$0]) && !isSilent($0) }
    switch outage.plans {
    case 0: return !isBackOnly || areAllThere || calm >= recovery.settling
    case 1: return areAllThere || calm >= recovery.settling
    case 2: return calm >= (areAllThere ? recovery.settling : timing.silence)
    default: return false
    }
  }

  /// Says so when the change is frozen, and when it no longer is.
  mutating func freeze(lost: Int, _ actions: inout [Action]) {
    let isTooMany = lost > recovery.mostLost(of: heard.count) && plant != .loseAny
    guard isTooMany != isFrozen else { return }
    isFrozen = isTooMany
    actions.append(
      .frozen(isTooMany ? heard.indices.filter { isLost[$0] && !isBack[$0] || isSilent($0) }.map { NodeIndex($0) } : [])
    )
  }

  mutating func lose(_ node: NodeIndex, _ actions: inout [Action]) {
    guard node.int < isLost.count, phase != .idle, !isLost[node.int] || !isTold[node.int] else { return }
    let wasLost = isLost[node.int] && !isBack[node.int]
    isTold[node.int] = true
    isLost[node.int] = true
    isBack[node.int] = false
    switch phase {
    case .claiming: lookIfAllAnswered(&actions)
    case _ where wasLost && survey?.isUnproven.contains(true) != true: watch(&actions)
    default: planAgain(&actions)
    }
  }

  // MARK: Claimed

  /// Whether a claim waits for the node: it is not lost, or back.
  private func isExpected(_ node: Int) -> Bool { !isLost[node] || isBack[node] && plant != .planAtOnce }

  mutating func claimAgain(_ actions: inout [Action]) {
    for node in inventories.indices where inventories[node] == nil && isExpected(node) {
      // Who is heard of and never answers is not waited for for ever.
      let owesLong = owesSince[node].map { clock - $0 > recovery.grace << 1 } ?? false
      guard owesLong || isOverdue(node) else { continue }
      // Who was heard of once, and is silent since, is cut off rather than late.
      noteLoss(node, isLate: owesLong, &actions)
      owesSince[node] = nil
      isLost[node] = true
      isTold[node] = false
      isBack[node] = false
      outage.lastChange = clock
    }
    lookIfAllAnswered(&actions)
    guard phase == .claiming, clock - claimedAgain >= timing.patience else { return }
    claimedAgain = clock
    for node in inventories.indices where inventories[node] == nil && !isMute[node] {
      actions.append(.send(.claim(revision: revision), to: NodeIndex(node)))
    }
  }

  mutating func collect(_ holdings: [Holding], _ disk: DiskState?, from node: NodeIndex, _ actions: inout [Action]) {
    guard inventories[node.int] == nil else { return }
    inventories[node.int] = holdings
    // An earlier claim may have heard of the start, and have come to nothing.
    if disk != nil, disks[node.int].state?.boot != disk?.boot { hasRestarted[node.int] = true }
    disks[node.int].state = disk
    lookIfAllAnswered(&actions)
  }

  /// Somebody answered at least; and no more are missing than may be.
  private mutating func lookIfAllAnswered(_ actions: inout [Action]) {
    guard inventories.indices.allSatisfy({ inventories[$0] != nil || !isExpected($0) }) else { return }
    freeze(lost: inventories.indices.count { inventories[$0] == nil && !isTold[$0] }, &actions)
    guard !isFrozen, inventories.contains(where: { $0 != nil }) || plant == .reachWithNobody else { return }
    lookAtWhatIs(&actions)
  }
}
