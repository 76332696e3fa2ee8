import PlatEngine

/// Who counts as lost, how often is planned for it, and whether what is announced is true.
extension Simulation {
  /// Before a plan is made from `survey`.
  func checkLost(_ survey: Survey, _ number: Int) {
    let host = orchestrators[number]
    orchestrators[number].surveyed = nil
    var lost = 0
    for node in nodes.indices {
      guard survey.isLost[node] else {
        orchestrators[number].isTold[node] = false
        orchestrators[number].isMute[node] = false
        continue
      }
      guard !host.isTold[node] else { continue }
      lost += 1
      if (host.surveyed?.isMute ?? host.isMute)[node] { continue }
      let heardAt = (host.surveyed?.heardAt ?? host.heardAt)[node]
      orchestrators[number].isMute[node] = heardAt >= host.recordedAt
      checkGrace(node, heardAt: heardAt, at: host.surveyed?.at ?? now, number)
    }
    let most = recovery.mostLost(of: nodes.count)
    if lost > most { violate(.lostAreFew, "\(lost) nodes are lost to orchestrator \(number), of \(most) at most") }
    if survey.isLost.allSatisfy({ $0 }) {
      violate(.reachedIsTrue, "orchestrator \(number) plans, and no node answered")
    }
    guard isHealed else { return }
    // Who was kept out is back at a time of its own.
    let plans = host.machine.plansForOutages - host.plansBefore - host.takenBack
    if plans > 3 {
      violate(
        .plansAreFew,
        "orchestrator \(number) planned \(plans) times for nodes that were lost or back before the last fault was over")
    }
  }

  /// After each event. Three plans are for one outage where no more than the time of grace is between them; for the
  /// next outage is planned when nothing has changed for so long. A plan may be made up to `silence` after the last
  /// change.
  func checkOutagePlans(_ number: Int) {
    guard orchestrators[number].machine.plansForOutages > orchestrators[number].outagePlans.count else { return }
    let host = orchestrators[number]
    orchestrators[number].outagePlans.append(now)
    let last = host.outagePlans[max(host.uncheckedPlans, host.outagePlans.count - 3)...] + [now]
    let slack = timing.silence + mostAhead(host)
    guard last.count == 4, zip(last, last.dropFirst()).allSatisfy({ $1 - $0 + slack < recovery.grace }) else { return }
    violate(
      .plansAreFew,
      "orchestrator \(number) planned at \(last.map { "\($0)" }.joined(separator: ", ")) for nodes that were lost or back"
    )
  }

  /// It could not plan when it would have: what it planned before says nothing of what follows.
  func noteDelay(_ number: Int) { orchestrators[number].uncheckedPlans = orchestrators[number].outagePlans.count }

  /// How far its clock may be ahead: by a tick for each jump, and it goes by ticks.
  private func mostAhead(_ host: Host) -> UInt64 { (host.jumps + 2) * timing.longestTick }

  /// Whoever is heard of and never answers is not waited for for ever.
  private func checkGrace(_ node: Int, heardAt: UInt64, at time: UInt64, _ number: Int) {
    let host = orchestrators[number]
    let ahead = mostAhead(host)
    let silence = time - heardAt + ahead
    guard silence < recovery.grace, now - host.recordedAt + ahead < recovery.grace << 1 else { return }
    violate(
      .graceKept, "\(name(NodeIndex(node))) is lost to orchestrator \(number), which heard of it \(silence) ticks ago")
  }

  /// A node is lost, and not back when it is heard of next, since it was late or lost before: from now on the time of
  /// grace is over for it.
  func checkKeptOut(_ node: Int, _ number: Int) {
    checkGrace(node, heardAt: orchestrators[number].heardAt[node], at: now, number)
    orchestrators[number].isMute[node] = true
  }

  /// When `map` is announced: whoever should hold a partition does, on disk, and who should lead it does, but where the
  /// orchestrator says otherwise.
  func checkReached(_ map: MapStamp, _ number: Int) {
    guard map.revision == journal.revision, let plan = plans.last(where: { $0.revision == map.revision }) else {
      return
    }
    let rules = setup.rules
    let listed = orchestrators[number].machine.unreached
    let unreached = Set(listed.map(\.partition.int))  // looked up only
    for one in listed where one.why == .withheld {
      for (slot, state) in plan.target.stateOfSlot.enumerated() where StateIndex(state) == rules.leading {
        if plan.target.row(one.partition.int)[slot] != .none {
          violate(
            .reachedIsTrue,
            "map \(map.revision) is announced, and says who leads partition \(one.partition.raw), of which no copy was found"
          )
        }
      }
    }
    for partition in disks.copies.indices where !unreached.contains(partition) {
      for (slot, state) in plan.target.stateOfSlot.enumerated() where rules.holdsData(StateIndex(state)) {
        let node = plan.target.row(partition)[slot]
        // Nobody can know yet what a disk has lost that nobody has looked at since.
        guard node != .none, !nodes[node.int].isDestroyed, !disks.isDoubtful[node.int] else { continue }
        let record = disks.copies[partition].first { $0.node == node }?.record
        let isLeader = StateIndex(state) == rules.leading
        if record?.state != StateIndex(state) || isLeader && record?.led != record?.term {
          violate(
            .reachedIsTrue,
            "map \(map.revision) is announced, and \(name(node)) is not what it says of partition \(partition)")
        }
      }
    }
  }
}
