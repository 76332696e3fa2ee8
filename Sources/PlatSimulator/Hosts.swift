import PlatEngine

/// The orchestrators and their shared journal.
extension Simulation {
  func startOrchestrator() {
    let number = orchestrators.count
    trace { "start    orchestrator \(number)" }
    orchestrators.append(
      Host(machine: Orchestrator(setup.cluster, hadHolders: setup.hadHolders, timing: timing, plant: plant)))
    timeline.add(.orchestratorTick(number), at: now + 1)
    tell(number, .begin(journal))
  }

  func tickOrchestrator(_ number: Int) {
    guard orchestrators[number].isUp else { return }
    timeline.add(.orchestratorTick(number), at: now + 10)
    tell(number, .tick(now &+ orchestrators[number].skew))
    endIfReached(number)
  }

  func tell(_ number: Int, _ event: Orchestrator.Event) {
    guard orchestrators[number].isUp else { return }
    for action in orchestrators[number].machine.handle(event) { carryOut(action, number) }
  }

  private func carryOut(_ action: Orchestrator.Action, _ number: Int) {
    switch action {
    case .send(let message, let node): send(message, .orchestrator(UInt32(number)), .node(node))
    case .record(let new, let expected):
      timeline.add(.recordJournal(new, expecting: expected, by: number), at: now + 1 + UInt64(random.below(8)))
    case .plan(let survey): plan(survey, number)
    case .reached(let map): trace { "reached  map \(map.revision)" }
    case .releaseMaps(let revision): trace { "release  maps before \(revision)" }
    case .retired:
      trace { "retired  orchestrator \(number)" }
      orchestrators[number].isUp = false
      if !orchestrators.contains(where: \.isUp) { timeline.add(.begin(0), at: now + 20) }
    }
  }

  /// Done by the register at once, whether or not who asked is still there.
  func recordJournal(_ new: Journal, _ expected: UInt64, _ number: Int) {
    let isDone = journal.version == expected
    if isDone {
      if new.revision < journal.revision { violate(.revisionsForward, "the journal went back to \(new.revision)") }
      journal = new
      trace { "journal  revision \(new.revision)" }
    }
    timeline.add(.recorded(isDone, by: number), at: now + 1 + UInt64(random.below(4)))
  }

  /// The next map from what is: the original target while nobody is lost.
  private func plan(_ survey: Survey, _ number: Int) {
    do {
      let made = try makePlan(survey)
      plans.append(made.planned)
      if plans.count > 8 { plans.removeFirst() }
      let map = MapStamp(revision: survey.revision, digest: UInt32(truncatingIfNeeded: survey.revision))
      trace { "plan     revision \(survey.revision), \(made.steps.list.count) steps" }
      tell(number, .planned(made.steps, map: map))
    } catch PlatError.cancelled {
      // The run ends.
    } catch {
      violate(.endReached, "no plan: \(error)")
    }
  }

  private func makePlan(_ survey: Survey) throws -> (steps: StepPlan, planned: Planned) {
    let cluster: DenseCluster
    var target = setup.target
    let map = try survey.map(of: setup.cluster)
    if zip(survey.isLost, setup.cluster.status).allSatisfy({ $0 == ($1 == .failed) }), !survey.isCancelled {
      cluster = setup.cluster
    } else {
      var changed = setup.cluster.cluster
      for node in survey.isLost.indices {
        if survey.isLost[node] { changed.nodes[node].status = .failed }
      }
      cluster = try DenseCluster(changed)
      var options = PlanOptions()
      options.operation = survey.isCancelled ? .cancel : .rebalance
      options.to = survey.isCancelled ? setup.target : nil
      options.interrupt = interrupt
      target = try Planner.plan(cluster, from: map, options: options).target
    }
    let steps = StepPlanner.plan(cluster, from: map, to: target)
    let rules = setup.rules
    let states = target.stateOfSlot
    var unmet = survey.isWithheld
    for (partition, _) in steps.unmet { unmet[partition.int] = true }
    let planned = Planned(
      revision: survey.revision, target: target,
      holders: survey.rows.map { row in row.filter { rules.holdsData($0.state) }.map(\.node) },
      wanted: (0..<cluster.partitionCount).map { partition in
        UInt8(
          clamping: states.indices.count {
            rules.holdsData(StateIndex(states[$0])) && target.row(partition)[$0] != .none
          })
      }, unmet: unmet,
      outdated: disks.copies.indices.map { partition in
        disks.copies[partition].filter { copy in
          rules.holdsData(copy.record.state) && !survey.rows[partition].contains { $0.node == copy.node }
        }.map(\.node)
      },
      lost: Array(repeating: 0, count: cluster.partitionCount))
    return (steps, planned)
  }

  // MARK: The end

  func endIfReached(_ number: Int) {
    guard isHealed, orchestrators[number].machine.phase == .reached, nodes.allSatisfy({ $0.isUp || $0.isDestroyed }) else { return }
    let machine = orchestrators[number].machine
    guard machine.revision == journal.revision,
      machine.lostNodes == nodes.indices.filter({ nodes[$0].isDestroyed }).map({ NodeIndex($0) }) else { return }
    checkEnd()
    if violation == nil { clients.readAll(self) }
  }
}
