import PlatEngine

/// The orchestrators and their shared journal.
extension Simulation {
  func startOrchestrator() {
    // Without the journal none can begin.
    guard now >= journalDownUntil else { return timeline.add(.begin(0), at: journalDownUntil + 1) }
    planAnewIfOutdated()
    let number = orchestrators.count
    trace { "start    orchestrator \(number)" }
    orchestrators.append(
      Host(
        machine: makeOrchestrator(changes[changes.count - 1], number: number), protocolVersions: makeSpeech(),
        change: changes.count - 1,
        begunAt: now, heardAt: Array(repeating: now, count: nodes.count),
        isMute: Array(repeating: false, count: nodes.count),
        couldKnowSince: Array(repeating: nil, count: nodes.count),
        isTold: changes[changes.count - 1].cluster.status.map { $0 == .failed }))
    timeline.add(.orchestratorTick(number), at: now + 1)
    checkJournalKept()
    tell(number, .begin(journal))
  }

  func makeOrchestrator(_ change: Change, number: Int) -> Orchestrator {
    Orchestrator(
      change.cluster, hadHolders: change.hadHolders, goal: change.goal, basedOn: change.basedOn, timing: timing,
      recovery: recovery,
      writer: UInt64(number) + 1, plant: plant)
  }

  func tickOrchestrator(_ number: Int) {
    guard orchestrators[number].isUp else { return }
    timeline.add(.orchestratorTick(number), at: now + 10)
    tell(number, .tick(now &+ orchestrators[number].skew))
    restoreModes()
    // Whoever runs the cluster says who is gone for good.
    if isHealed,
      orchestrators[number].machine.isFrozen
        || orchestrators[number].machine.unreached.contains(where: { $0.why == .withheld })
    {
      for node in nodes.indices where nodes[node].isDestroyed { tellLost(node, number) }
    }
    checkReplaced(number)
    endIfReached(number)
  }

  func tell(_ number: Int, _ event: Orchestrator.Event) {
    guard orchestrators[number].isUp else { return }
    let actions = orchestrators[number].machine.handle(event)
    checkOutagePlans(number)
    for action in actions { carryOut(action, number) }
  }

  func tellLost(_ node: Int, _ number: Int) {
    orchestrators[number].isTold[node] = true
    tell(number, .lost(NodeIndex(node)))
  }

  private func carryOut(_ action: Orchestrator.Action, _ number: Int) {
    switch action {
    case .send(let message, let node):
      if case .order(let order) = message {
        orders[order.id] = order
        if setup.rules.holdsData(order.change.from), !setup.rules.holdsData(order.change.to) {
          leaving[ReplicaKey(node: order.node, partition: order.partition)] = order.id.revision
        }
        checkGiven(order.id, number)
      }
      send(message, .orchestrator(UInt32(number)), .node(node))
    case .record(let new, let expected):
      // Asked a second time it has its survey since the first.
      let isNew = orchestrators[number].surveyed == nil
      if orchestrators[number].machine.phase != .leaving {
        orchestrators[number].surveyed = nil
      } else if isNew {
        orchestrators[number].surveyed = (now, orchestrators[number].heardAt, orchestrators[number].isMute)
      }
      recordsUnderWay.append((new, expected))
      timeline.add(.recordJournal(new, expecting: expected, by: number), at: now + 1 + UInt64(random.below(8)))
    case .mode(let node, let partition, let mode, let isDone):
      trace {
        "mode     \(self.name(node)) of \(partition.raw): \(mode.run), pauses \(mode.pauses.rawValue)\(isDone ? "" : ", not as asked")"
      }
      checkMode(node, partition, mode, isDone, number)
    case .plan(let survey): plan(survey, number)
    case .reached(let map):
      trace { "reached  map \(map.revision)" }
      checkReached(map, number)
    case .frozen(let silent):
      noteDelay(number)
      trace { silent.isEmpty ? "frozen   no more" : "frozen   without \(silent.map { self.name($0) })" }
    case .keptOut(let node, let ticks):
      if ticks > 0 { checkKeptOut(node.int, number) } else if isHealed { orchestrators[number].takenBack += 1 }
      trace {
        ticks > 0
          ? "late     \(self.name(node)), kept out until it has answered in time for \(ticks)"
          : "late     \(self.name(node)) no more"
      }
    case .releaseMaps(let revision):
      trace { "release  maps before \(revision)" }
      release(revision, number)
    case .retired:
      trace { "retired  orchestrator \(number)" }
      orchestrators[number].isUp = false
      if !orchestrators.contains(where: \.isUp) { timeline.add(.begin(0), at: now + 20) }
    }
  }

  /// What is, and each step with what it comes after.
  private func tracePlan(_ survey: Survey, _ steps: StepPlan) {
    let model = setup.cluster.cluster.settings.model
    for (partition, row) in survey.rows.enumerated() {
      let held = row.map { "\(name($0.node)) \(model.name($0.state))" }.joined(separator: ", ")
      trace { "survey   \(partition): \(held)\(survey.isWithheld[partition] ? ", withheld" : "")" }
    }
    for (index, step) in steps.list.steps.enumerated() {
      let changes = step.changes.map { "\(name($0.node)) \(model.name($0.change.from)) → \(model.name($0.change.to))" }
      let before = steps.list.after(index).map { Int($0) }
      trace { "step     \(index): \(step.partition.raw), \(changes.joined(separator: ", ")), after \(before)" }
    }
  }

  /// What was given before may be given again.
  private func checkGiven(_ id: OrderID, _ number: Int) {
    if givenBy.updateValue(number, forKey: id.revision).map({ $0 != number }) ?? false {
      violate(.revisionsForward, "two orchestrators give orders of revision \(id.revision)")
    }
    if orchestrators[number].given.insert(id).inserted, orchestrators[number].machine.isPaused {
      violate(.stillWhilePaused, "orchestrator \(number) began step \(id.number)")
    }
  }

  /// The next map from what is: the original target while nobody is lost.
  private func plan(_ survey: Survey, _ number: Int) {
    if let calledOffAt, survey.revision >= calledOffAt, !survey.isCancelled,
      orchestrators[number].change == changes.count - 1
    {
      violate(.staysCalledOff, "revision \(survey.revision) goes on with what was called off at \(calledOffAt)")
    }
    do {
      checkLost(survey, number)
      let made = try makePlan(survey, changes[orchestrators[number].change])
      if lives > 0 { targets[survey.revision] = made.planned.target }
      plans.append(made.planned)
      plannedAt = now
      orchestrators[number].given = []
      if plans.count > 8 { plans.removeFirst() }
      let map = MapStamp(revision: survey.revision, digest: made.planned.target.digest(of: setup.cluster.cluster))
      trace { "plan     revision \(survey.revision), \(made.steps.list.count) steps" }
      if lines != nil { tracePlan(survey, made.steps) }
      tell(number, .planned(made.steps, map: map))
      checkRounds(made.steps, number)
    } catch PlatError.cancelled {
      // The run ends.
    } catch {
      violate(.endReached, "no plan: \(error)")
    }
  }

  private func makePlan(_ survey: Survey, _ change: Change) throws -> (steps: StepPlan, planned: Planned) {
    let strategy = try survey.strategy(
      of: change.cluster, to: change.target, maps: setup.maps, plant: plant, interrupt: interrupt)
    let (target, steps) = (strategy.target, strategy.steps)
    let rules = setup.rules
    let states = target.stateOfSlot
    var unmet = survey.isWithheld
    for (partition, _) in steps.unmet { unmet[partition.int] = true }
    let planned = Planned(
      revision: survey.revision, target: target,
      holders: survey.rows.map { row in row.filter { rules.holdsData($0.state) }.map(\.node) },
      wanted: (0..<setup.cluster.partitionCount).map { partition in
        UInt8(
          clamping: states.indices.count {
            rules.holdsData(StateIndex(states[$0])) && target.row(partition)[$0] != .none
          })
      }, unmet: unmet, withheld: survey.isWithheld,
      outdated: disks.copies.indices.map { partition in
        disks.copies[partition].filter { copy in
          rules.holdsData(copy.record.state) && !survey.rows[partition].contains { $0.node == copy.node }
        }.map(\.node)
      },
      // Wiped or set back since it was told what they hold.
      lost: survey.rows.map { row in
        UInt8(clamping: row.count { rules.holdsData($0.state) && disks.isDoubtful[$0.node.int] })
      })
    return (steps, planned)
  }

  /// Every node that is not lost knows the map.
  private func release(_ revision: UInt64, _ number: Int) {
    orchestrators[number].released = revision
    let lost = orchestrators[number].machine.lostNodes
    // What was told to a disk that was lost since it is told again.
    for node in nodes.indices
    where !lost.contains(NodeIndex(node)) && !disks.isDoubtful[node]
      && disks.promise[node].map?.revision ?? 0 < revision
    {
      violate(
        .toldIsTrue,
        "maps before \(revision) are said to be needed no more, and \(name(NodeIndex(node))) knows none as new")
    }
  }

  /// What is left when nothing has been done: as counted anew, and no more than a schedule needs; on small clusters.
  private func checkRounds(_ steps: StepPlan, _ number: Int) {
    guard nodes.count <= 64, let schedule = try? Scheduler.schedule(steps.list, of: setup.cluster) else { return }
    let progress = orchestrators[number].machine.progress
    let least = leastRounds(steps.list)
    if progress.rounds != least || least > schedule.length || progress.done != 0 {
      violate(
        .toldIsTrue,
        "\(progress.rounds) rounds are said to be left at least, of \(least) as counted and \(schedule.length) in a schedule"
      )
    }
  }

  /// The longest chain of steps, and what each limit on streams needs.
  private func leastRounds(_ list: StepList) -> Int {
    var lengths = [Int](repeating: 0, count: list.count)
    func chain(_ step: Int) -> Int {
      if lengths[step] == 0 { lengths[step] = 1 + (list.after(step).map { chain(Int($0)) }.max() ?? 0) }
      return lengths[step]
    }
    var least = 0
    for step in 0..<list.count { least = max(least, chain(step)) }
    let streams = list.steps.filter { $0.kind == .stream }
    func need(_ count: Int, _ most: Int) -> Int { count == 0 ? 0 : (count - 1) / max(most, 1) + 1 }
    for node in nodes.indices {
      let out = streams.filter { $0.source.int == node }
      least = max(
        least, need(out.count { $0.isFullScan }, setup.limits.fullScans[node]), need(out.count, setup.limits.streamsOut)
      )
      least = max(least, need(streams.count { $0.node.int == node }, setup.limits.streamsIn))
    }
    return least
  }

  // MARK: The end

  func endIfReached(_ number: Int) {
    guard isHealed, hasAllChanges, orchestrators[number].change == changes.count - 1,
      orchestrators[number].machine.phase == .reached,
      nodes.allSatisfy({ $0.isDestroyed || $0.isUp && $0.agent.isRelied })
    else { return }
    let machine = orchestrators[number].machine
    guard machine.revision == journal.revision,
      machine.lostNodes == nodes.indices.filter({ nodes[$0].isDestroyed }).map({ NodeIndex($0) })
    else { return }
    // Everybody is told the map, and everything that was asked is answered.
    guard orchestrators[number].released == machine.revision, !waitsForModes(number) else { return }
    if reachedAt == nil { reachedAt = now }
    let progress = machine.progress
    if progress.running != 0 || progress.left == 0 && (progress.copied != progress.toCopy || progress.rounds != 0) {
      violate(.toldIsTrue, "the target is reached, and \(progress) is said of it")
    }
    checkEnd()
    if violation == nil { clients.readAll(self) }
  }
}
