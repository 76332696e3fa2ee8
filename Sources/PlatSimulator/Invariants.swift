import PlatEngine

/// What must hold after every event.
public enum Invariant: Int, CaseIterable, Sendable {
  case oneMaster = 1
  case acknowledgedKept
  case readsSeeWrites
  case copiesKept
  case limitsKept
  case revisionsForward
  case endReached
  case endReadable
  case mapsForward
  case capacityKept
  case stillWhilePaused
  case staysCalledOff
  case oneHistory
  case orderKept
  case readsForward
  case deniedNeverDone
  case confirmedOnDisk
  case floorKept
  case stoppedServesNothing
  case runningLeads
  case pausedTakesNothing
  case heldWaits
  case reachedIsTrue
  case graceKept
  case lostAreFew
  case plansAreFew
  case journalFits
  case keptComesBack
  case toldIsTrue
  case plansFollow
  case replacedEnd

  public var text: String {
    switch self {
    case .oneMaster: "at most one node can serve a partition as master"
    case .acknowledgedKept: "every acknowledged write is in every copy that may serve or be promoted, and there is one"
    case .readsSeeWrites: "a read sees every write that was acknowledged before it was asked"
    case .copiesKept: "no planned step makes live copies fewer than the lower of before and after"
    case .limitsKept: "the limits on streams are kept"
    case .revisionsForward: "revisions never go back"
    case .endReached: "once faults stop, the target is reached"
    case .capacityKept: "no node holds more than its capacity, what is coming included"
    case .stillWhilePaused: "an orchestrator that is paused begins no step"
    case .staysCalledOff: "a change that was called off is not gone on with"
    case .plansFollow: "no plan begins that was made from another map than the one in force"
    case .replacedEnd: "an orchestrator that was replaced ends within a pulse"
    case .mapsForward: "no node takes a map that is older than the one it knows, or another of the same revision"
    case .oneHistory: "the logs that reads see of a partition are beginnings of one another, with each write once"
    case .orderKept: "a write that was acknowledged before another was asked stands before it"
    case .readsForward: "a read sees all that was seen by a read that was answered before it was asked"
    case .deniedNeverDone: "a write that was denied for certain is on no disk and in no read"
    case .confirmedOnDisk: "what a node confirms of a log is on its disk"
    case .floorKept: "a write is acknowledged when as many copies have it as are asked for at least"
    case .stoppedServesNothing: "a replica that is stopped serves no client and no other node"
    case .runningLeads: "only a replica that runs, with nothing paused, begins to lead"
    case .pausedTakesNothing:
      "a replica that is stopped or paused takes no writes from another node, and confirms none that it has not"
    case .heldWaits: "at a successor the requests that its takeover holds wait, and no others"
    case .reachedIsTrue: "a map that is announced is in force, but where the orchestrator says otherwise"
    case .graceKept: "no silent node is lost within its time of grace"
    case .lostAreFew: "no more nodes are lost at a time than may be"
    case .plansAreFew: "at most three plans are made for an outage"
    case .journalFits: "no value of the journal is larger than 512 KiB"
    case .keptComesBack: "what is kept through a crash comes back as it was"
    case .toldIsTrue: "what an orchestrator tells of its progress, of maps and of running states is so"
    case .endReadable:
      "at the end every partition that is led, or is to be, takes a write, and every write of it that was acknowledged is read"
    }
  }
}

/// An invariant that did not hold.
public struct Violation: Sendable {
  public var invariant: Invariant
  public var seed: UInt64
  public var time: UInt64
  public var text: String
}

extension Simulation {
  func violate(_ invariant: Invariant, _ text: @autoclosure () -> String) {
    guard violation == nil else { return }
    violation = Violation(invariant: invariant, seed: seed, time: now, text: text())
    trace { "VIOLATION of \(invariant.rawValue), \(invariant): \(self.violation!.text)" }
  }

  /// Before a node writes its promise, and when it comes back.
  func checkPromise(_ promise: Promise, before: Promise, _ node: Int) {
    if promise.revision < before.revision {
      violate(
        .revisionsForward, "\(name(NodeIndex(node))) went back from revision \(before.revision) to \(promise.revision)")
    }
    guard let known = before.map, promise.map != known else { return }
    if promise.map == nil || promise.map!.revision <= known.revision {
      violate(.mapsForward, "\(name(NodeIndex(node))) took map \(promise.map.map { "\($0)" } ?? "none") for \(known)")
    }
  }

  /// After a node was given a map: it keeps the one that it knows from a wrong one, and says so.
  func checkMap(_ given: MapStamp, known: MapStamp?, _ node: Int, _ actions: [NodeAgent.Action]) {
    guard let known, given.revision <= known.revision, given != known else { return }
    let isTold = actions.contains { if case .send(.hasMap(known), _) = $0 { true } else { false } }
    if nodes[node].agent.map != known || !isTold {
      violate(
        .mapsForward,
        "\(name(NodeIndex(node))), which knows map \(known.revision), took \(given.revision) without a word")
    }
  }

  /// With what is coming; where it held more at the beginning, no more than that.
  func checkCapacity(_ node: Int) {
    guard let most = mostHeld[node] else { return }
    let coming = nodes[node].isUp ? nodes[node].agent.copies.count { $0.id.revision == journal.revision } : 0
    if held[node] + coming > most {
      violate(.capacityKept, "\(name(NodeIndex(node))) holds \(held[node]) and receives \(coming), of \(most)")
    }
  }

  /// After a record of `node` was written. `before`: what was there.
  func check(_ partition: PartitionIndex, _ node: NodeIndex, before: Record?, isDiscard: Bool) {
    let rules = setup.rules
    let copies = disks.copies[partition.int]
    let after = copies.first { $0.node == node }!.record
    let (had, has) = (before.map { rules.holdsData($0.state) } ?? false, rules.holdsData(after.state))
    if had != has { held[node.int] += has ? 1 : -1 }
    if has, !had { checkCapacity(node.int) }
    if let before {
      let begins = after.state == rules.leading && before.state != rules.leading
      if begins, before.mode != .usual {
        violate(.runningLeads, "\(name(node)) leads partition \(partition.raw) while it is stopped or paused")
      }
      if after.term < before.term {
        violate(.revisionsForward, "\(name(node)) went back from term \(before.term) to \(after.term)")
      }
      if rules.holdsData(before.state), !rules.holdsData(after.state) {
        if isDiscard {
          for plan in plans.indices {
            plans[plan].outdated[partition.int].removeAll { $0 == node }
            if plans[plan].revision < after.done.revision { plans[plan].lost[partition.int] &+= 1 }
          }
        } else {
          checkCopies(partition, node, after)
        }
      }
    }
    if has { noteCarrier(partition, node, copies.first { $0.node == node }!.writes) }
    if !clients.histories.isEmpty { checkDenied(partition, clients.histories[partition.int].denied) }
    checkPartition(partition)
  }

  /// At most one can serve, and whoever may be promoted has all.
  func checkPartition(_ partition: PartitionIndex) {
    let rules = setup.rules
    guard let leading = rules.leading else { return }
    let copies = disks.copies[partition.int]
    let acknowledged = self.acknowledged[partition.int]
    var servers = 0
    var complete = 0
    for copy in copies where rules.holdsData(copy.record.state) || copy.record.isRetained(rules) {
      // What was wiped or set back serves nobody before it is confirmed, nor counts before it has caught up.
      guard !disks.isDoubtful[copy.node.int], !copy.record.isInDoubt else {
        if hasAll(copy, partition) { complete += 1 }
        continue
      }
      if copy.record.state == leading, copy.record.led == copy.record.term, canServe(copy, copies) { servers += 1 }
      guard journal.isComplete(copy.node, partition, term: copy.record.term) else { continue }
      if acknowledged & ~copy.writes == 0, !copy.isRevived {
        complete += 1
      } else if !disks.isShort(copy, partition) {
        violate(.acknowledgedKept, "\(name(copy.node)) lacks acknowledged writes of partition \(partition.raw)")
      }
    }
    if servers > 1 { violate(.oneMaster, "\(servers) nodes can serve partition \(partition.raw)") }
    if complete == 0, acknowledged != 0 {
      violate(.acknowledgedKept, "no complete copy of partition \(partition.raw) is left")
    }
  }

  /// A copy on a disk that was set back, and nobody has looked at since, may have all the same: it is there until it is
  /// thrown away.
  private func hasAll(_ copy: Disks.Copy, _ partition: PartitionIndex) -> Bool {
    !copy.record.isInDoubt && !disks.isShort(copy, partition) && acknowledged[partition.int] & ~copy.writes == 0
      && journal.isComplete(copy.node, partition, term: copy.record.term)
  }

  /// Whether all its followers would still obey it.
  private func canServe(_ leader: Disks.Copy, _ copies: [Disks.Copy]) -> Bool {
    leader.record.followers.allSatisfy { follower in
      // What was wiped or set back obeys nobody before it is confirmed, and nobody from before it then.
      guard !disks.isDoubtful[follower.int] else { return false }
      guard let copy = copies.first(where: { $0.node == follower }) else {
        return !nodes[follower.int].isDestroyed && leader.record.led >= disks.promise[follower.int].disk?.born ?? 0
      }
      guard !copy.record.isInDoubt else { return false }
      return copy.record.term <= leader.record.led
    }
  }

  /// What has been left behind is no live copy, whatever its node still does of an earlier plan.
  private func checkCopies(_ partition: PartitionIndex, _ node: NodeIndex, _ after: Record) {
    guard journal.isComplete(node, partition, term: after.term) || setup.rules.leading == nil else { return }
    let revision = max(
      after.done.number == .max ? 0 : after.done.revision, after.handed.number == .max ? 0 : after.handed.revision)
    guard let plan = plans.last(where: { $0.revision == revision }) else { return }
    let rules = setup.rules
    let copies = disks.copies[partition.int]
    let live = copies.count {
      (rules.holdsData($0.record.state) || isHandingOver($0, copies, in: revision))
        && !plan.outdated[partition.int].contains($0.node)
    }
    let lost = Int(plan.lost[partition.int])
    let least = min(plan.holders[partition.int].count, Int(plan.wanted[partition.int]))
    if live + lost < least {
      violate(.copiesKept, "partition \(partition.raw) has \(live) copies after a step of \(name(node)), of \(least)")
    }
  }

  /// It has handed over by a step of the plan of `revision`, and keeps what it has on disk until the other node of that
  /// very takeover is what it was to become: not until anybody has come as far in the plan, which has takeovers of one
  /// partition side by side.
  func isHandingOver(_ copy: Disks.Copy, _ copies: [Disks.Copy], in revision: UInt64) -> Bool {
    let id = copy.record.handed
    guard id.number != .max, id.revision == revision, copy.record.done == id, let successor = orders[id]?.node else {
      return false
    }
    // A node does what it is asked in the order of the numbers.
    return !copies.contains {
      $0.node == successor && $0.record.done.number != .max
        && ($0.record.done.revision, $0.record.done.number) >= (id.revision, id.number)
    }
  }

  /// Streams under way by orders of the revision in force.
  func checkLimits() {
    var out = [Int](repeating: 0, count: nodes.count)
    var level: (containerOfNode: [ContainerIndex], most: Int)?
    if let disturbed = setup.limits.disturbed {
      level = (setup.cluster.levels[disturbed.level].containerOfNode, disturbed.count)
    }
    var containers: Set<ContainerIndex> = []  // counted only
    for node in nodes.indices where nodes[node].isUp {
      var into = 0
      for order in nodes[node].agent.copies where order.id.revision == journal.revision {
        into += 1
        out[order.source.int] += 1
      }
      if into > setup.limits.streamsIn { violate(.limitsKept, "\(into) streams into \(name(NodeIndex(node)))") }
      if into > 0, let level { containers.insert(level.containerOfNode[node]) }
    }
    for node in out.indices where out[node] > min(setup.limits.streamsOut, setup.limits.fullScans[node]) {
      violate(.limitsKept, "\(out[node]) streams out of \(name(NodeIndex(node)))")
    }
    if let level, containers.count > level.most { violate(.limitsKept, "\(containers.count) containers are disturbed") }
  }

  /// A rival may have planned later and been told to stop: the greatest revision is the one that is carried out.
  var planInForce: Planned? { comparesWithLastPlan ? plans.last : plans.max { $0.revision < $1.revision } }

  /// Faults are over and the orchestrator is done.
  func checkEnd() {
    let rules = setup.rules
    guard let plan = planInForce else { return violate(.endReached, "nothing was planned") }
    for partition in disks.copies.indices where !plan.unmet[partition] {
      var is_: [(NodeIndex, StateIndex)] = []
      for copy in disks.copies[partition] where rules.holdsData(copy.record.state) {
        is_.append((copy.node, copy.record.state))
      }
      is_.sort { $0.0 < $1.0 }
      var should: [(NodeIndex, StateIndex)] = []
      for (slot, state) in plan.target.stateOfSlot.enumerated() where rules.holdsData(StateIndex(state)) {
        let node = plan.target.row(partition)[slot]
        if node != .none, !nodes[node.int].isDestroyed { should.append((node, StateIndex(state))) }
      }
      should.sort { $0.0 < $1.0 }
      if !is_.elementsEqual(should, by: ==) {
        return violate(.endReached, "partition \(partition) is \(words(is_)), not \(words(should))")
      }
    }
  }

  private func words(_ row: [(NodeIndex, StateIndex)]) -> String {
    let model = setup.cluster.cluster.settings.model
    return "[" + row.map { "\(name($0.0)) \(model.name($0.1))" }.joined(separator: ", ") + "]"
  }
}
