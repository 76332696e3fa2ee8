import PlatEngine

/// Faults that are not of messages: when each strikes is drawn at the beginning.
extension Simulation {
  func scheduleFaults() {
    for kind in FaultKind.allCases where !kind.isOfMessages {
      let rate = rates[kind]
      var count = rate / 1_000_000
      if random.below(1_000_000) < rate % 1_000_000 { count += 1 }
      for _ in 0..<min(count, 10_000) {
        if kind == .join {
          holdBack()
        } else {
          timeline.add(.fault(kind), at: 1 + UInt64(random.below(Int(faultsEnd) - 100)))
        }
      }
    }
  }

  /// A node that holds nothing yet comes later.
  private func holdBack() {
    let empty = nodes.indices.filter { node in
      nodes[node].isUp && !disks.copies.contains { $0.contains { $0.node.int == node } }
    }
    guard !empty.isEmpty else { return }
    let node = empty[random.below(empty.count)]
    nodes[node].isUp = false
    nodes[node].isAwaited = true
    faults[FaultKind.join.rawIndex] += 1
    timeline.add(.restart(node), at: 50 + UInt64(random.below(Int(faultsEnd) - 200)))
  }

  func strike(_ kind: FaultKind) {
    guard !isHealed, happens(kind) else { return }
    faults[kind.rawIndex] += 1
    trace { "fault    \(kind)" }
  }

  /// False: there is nothing that it could happen to.
  private func happens(_ kind: FaultKind) -> Bool {
    let node = random.below(nodes.count)
    switch kind {
    case .crash:
      guard nodes[node].isUp else { return false }
      if random.below(2) == 0 { crash(node) } else { nodes[node].crashesIn = random.below(6) }
    case .orchestratorCrash:
      guard let number = orchestrators.lastIndex(where: \.isUp) else { return false }
      orchestrators[number].isUp = false
      timeline.add(.begin(0), at: now + 5 + UInt64(random.below(150)))
    case .rival:
      guard now >= journalDownUntil else { return false }
      startOrchestrator()
    case .cutNode:
      if random.below(3) == 0 { nodes[node].isCutFromOrchestrators = true } else { nodes[node].side = 1 + node }
      timeline.add(.rejoin(node: node), at: now + 50 + UInt64(random.below(600)))
    case .cutZone:
      guard let level = setup.cluster.levels.first, level.count > 1 else { return false }
      let zone = random.below(level.count)
      let until = now + 50 + UInt64(random.below(600))
      for node in level.nodes[zone] {
        nodes[node].side = -1 - zone
        timeline.add(.rejoin(node: node), at: until)
      }
    case .slowDisk:
      nodes[node].slowUntil = now + 100 + UInt64(random.below(400))
    case .fullDisk:
      setFull(node, true)
      timeline.add(.diskFree(node), at: now + 50 + UInt64(random.below(400)))
    case .clockJump:
      guard let number = orchestrators.lastIndex(where: \.isUp) else { return false }
      let jump = UInt64(random.below(1_000_000))
      orchestrators[number].skew = random.below(2) == 0 ? orchestrators[number].skew &+ jump : 0
      orchestrators[number].jumps += 1
    case .upgrade:
      // Everybody goes in turn: a single copy has nobody to be compared with.
      guard !disks.isDoubtful.contains(true), !disks.anyIsShort else { return false }
      let versions = random.below(2) == 0 ? olderVersions : ProtocolVersions.versions
      for node in nodes.indices {
        timeline.add(.upgrade(node, to: versions), at: now + UInt64(node * 600 / max(nodes.count, 10)))
      }
    case .die: return destroy(node)
    case .wipe: return wipe([node])
    case .swapDisks: return wipe([node, random.below(nodes.count)])
    case .setBack: return keepImage(node)
    case .oldPlan: return beginWithOldPlan()
    case .falseAlarm:
      guard let number = orchestrators.lastIndex(where: \.isUp), canBeCompared(without: [node]) else { return false }
      tellLost(node, number)
    case .pause:
      guard let number = orchestrators.lastIndex(where: \.isUp) else { return false }
      tell(number, .pause)
      timeline.add(.resume(number), at: now + 50 + UInt64(random.below(600)))
    case .cancel:
      guard let number = orchestrators.lastIndex(where: \.isUp) else { return false }
      tell(number, .cancel)
    case .wrongMap:
      guard nodes[node].isUp, let known = nodes[node].agent.map, known.revision > 1 else { return false }
      var wrong = known
      if random.below(2) == 0 { wrong.revision -= 1 + UInt64(random.below(Int(min(known.revision - 1, 5)))) }
      if wrong == known || random.below(2) == 0 { wrong.digest = ~known.digest }
      send(.map(wrong), .orchestrator(UInt32(orchestrators.count - 1)), .node(NodeIndex(node)))
    case .stop, .pausePersistence, .pauseReplication: return strikeMode(kind)
    case .latency: links.spread(random.next(), most: 2 + UInt64(random.below(60)))
    case .cutOneWay, .cutPair: return cut(kind, node)
    case .stopNode: return stop(.node(NodeIndex(node)), for: 50 + UInt64(random.below(700)))
    case .stopOrchestrator:
      guard let number = orchestrators.lastIndex(where: \.isUp),
        stop(.orchestrator(UInt32(number)), for: 50 + UInt64(random.below(700)))
      else { return false }
      if random.below(2) == 0 { timeline.add(.begin(0), at: now + 50 + UInt64(random.below(200))) }
    case .journalOutage: journalDownUntil = max(journalDownUntil, now + 50 + UInt64(random.below(400)))
    case .lostAnswer: answersToLose += 1
    case .journalLimit: isJournalLimited = true
    case .join, .loss, .late, .duplicate, .reorder: return false
    }
    return true
  }

  /// Between a node and another process, one way or both; or between the orchestrators and all nodes but this one.
  private func cut(_ kind: FaultKind, _ node: Int) -> Bool {
    guard nodes.count > 1 else { return false }
    let until = now + 50 + UInt64(random.below(800))
    var links: [Links.Link] = []
    if kind == .cutPair, random.below(3) == 0 {
      for other in nodes.indices where other != node { links.append(Links.Link(from: other, to: nodes.count)) }
    } else {
      let other = (node + 1 + random.below(nodes.count)) % (nodes.count + 1)  // the last are the orchestrators
      links.append(random.below(2) == 0 ? Links.Link(from: node, to: other) : Links.Link(from: other, to: node))
    }
    for link in links {
      let both = kind == .cutPair ? [link, Links.Link(from: link.to, to: link.from)] : [link]
      for link in both {
        self.links.cut(link)
        timeline.add(.mend(link), at: until)
      }
    }
    return true
  }

  /// Lost with its disk; only where every partition keeps a complete copy, and while nothing else is amiss.
  private func destroy(_ node: Int) -> Bool {
    guard nodes.count > 2, nodes[node].isUp, links.isWhole, stopped == 0,
      nodes.indices.allSatisfy({ $0 == node || isWell($0) }),
      !disks.isDoubtful.contains(true), !disks.anyIsShort,
      let host = orchestrators.last(where: \.isUp), [.running, .reached].contains(host.machine.phase),
      host.machine.revision == journal.revision
    else { return false }
    let rules = setup.rules
    for partition in disks.copies.indices {
      let index = PartitionIndex(partition)
      let others = disks.copies[partition].filter {
        (rules.holdsData($0.record.state) || isCountedOn($0, index))
          && journal.isComplete($0.node, index, term: $0.record.term)
      }
      if others.contains(where: { $0.node.int == node }), others.count < 2 { return false }
    }
    trace { "destroy  \(self.name(NodeIndex(node)))" }
    nodes[node].isUp = false
    nodes[node].isDestroyed = true
    noteLostCopies(node)
    disks.destroy(NodeIndex(node))
    held[node] = 0
    return true
  }

  /// What was handed over counts until the successor durably leads.
  private func isCountedOn(_ copy: Disks.Copy, _ partition: PartitionIndex) -> Bool {
    copy.record.isRetained(setup.rules)
      && !disks.copies[partition.int].contains { $0.record.led >= copy.record.handed.revision }
  }

  func isWell(_ node: Int) -> Bool {
    let node = nodes[node]
    return node.isUp && node.side == 0 && !node.isCutFromOrchestrators && !node.isFull && node.crashesIn == nil
  }

  /// No fault any more; whoever is down comes back.
  func heal() {
    isHealed = true
    trace { "heal" }
    upgradeForModes()
    for number in orchestrators.indices {
      orchestrators[number].plansBefore = orchestrators[number].machine.plansForOutages
    }
    links.mendAll()
    goOnAll()
    (journalDownUntil, answersToLose) = (0, 0)
    for node in nodes.indices {
      nodes[node].side = 0
      nodes[node].isCutFromOrchestrators = false
      nodes[node].slowUntil = 0
      nodes[node].crashesIn = nil
      setFull(node, false)
      restart(node)
    }
    for number in orchestrators.indices { tell(number, .resume) }
    if !orchestrators.contains(where: \.isUp) { startOrchestrator() }
  }
}
