import PlatEngine

/// Changes that follow one another: whoever runs the cluster plans the next one from the map in force, with a new
/// orchestrator on the same journal, nodes and disks.
extension Simulation {
  /// From one map to the next.
  struct Change {
    let cluster: DenseCluster
    let target: PlacementMap
    let goal: MapStamp
    /// The revision of the map that it was planned from.
    let basedOn: UInt64
    let hadHolders: [Bool]

    init(_ setup: SimulationCase) {
      (cluster, target, goal, hadHolders) = (setup.cluster, setup.target, setup.goal, setup.hadHolders)
      basedOn = setup.beginning.revision
    }

    init(_ cluster: DenseCluster, _ maps: JoinedMaps?, from current: PlacementMap, revision: UInt64) throws {
      self.cluster = cluster
      target =
        try maps?.plan(on: cluster.cluster.nodes, from: current) ?? Planner.plan(cluster, from: current).target
      basedOn = revision
      goal = MapStamp(revision: revision + 1, digest: target.digest(of: cluster.cluster))
      hadHolders = Beginning(cluster, map: current, revision: revision).hadHolders
    }
  }

  /// All that there is to be have begun.
  var hasAllChanges: Bool { changes.count > lives }

  func nextChange() {
    timeline.add(.nextChange, at: now + 30 + UInt64(random.below(90)))
    // Another was faster with the journal: whoever wanted the change tries again.
    guard orchestrators.contains(where: { $0.isUp && $0.change == changes.count - 1 }) else {
      return startOrchestrator()
    }
    guard !hasAllChanges, let number = orchestrators.lastIndex(where: \.isUp),
      orchestrators[number].change == changes.count - 1,
      orchestrators[number].machine.phase == .reached,
      orchestrators[number].machine.revision == journal.inForce.revision
    else { return }
    plan(from: journal.inForce.revision)
    startOrchestrator()
  }

  /// Another node is to leave, or none.
  private func plan(from revision: UInt64) {
    guard let current = targets[revision] else {
      return violate(.endReached, "nobody knows map \(revision), which is in force")
    }
    var cluster = setup.cluster.cluster
    for node in cluster.nodes.indices { cluster.nodes[node].status = nodes[node].isDestroyed ? .failed : .active }
    let leaving = random.below(cluster.nodes.count + 1)
    let left = nodes.count { !$0.isDestroyed } - 1
    if leaving < cluster.nodes.count, !nodes[leaving].isDestroyed, left >= setup.cluster.wanted.reduce(0, +) {
      cluster.nodes[leaving].status = .leaving
    }
    do {
      changes.append(try Change(DenseCluster(cluster), setup.maps, from: current, revision: revision))
      (calledOffAt, changeBegunAt) = (nil, now)
      trace {
        "change   \(self.changes.count - 1), based on map \(revision)\(leaving < cluster.nodes.count ? ", \(self.name(NodeIndex(leaving))) leaves" : "")"
      }
    } catch {
      violate(.endReached, "no plan: \(error)")
    }
  }

  /// Whoever begins anew with a plan that is not based on the map in force is told so, and plans again from that.
  func planAnewIfOutdated() {
    let change = changes[changes.count - 1]
    let known = Journal.Change(basedOn: change.basedOn, goal: change.goal)
    if let inForce = journal.inForce(insteadOf: known), plant != .ignoreBase { plan(from: inForce) }
  }

  /// Someone begins with a plan from long ago: it is refused, with both revisions.
  func beginWithOldPlan() -> Bool {
    guard changes.count > 1 else { return false }
    let old = changes[random.below(changes.count - 1)]
    let known = Journal.Change(basedOn: old.basedOn, goal: old.goal)
    // From the map in force, or going on with what is under way, it may begin.
    guard journal.change != known, journal.inForce.revision != old.basedOn else { return false }
    let machine = makeOrchestrator(old, number: orchestrators.count)
    guard let told = machine.outdated(journal), told.basedOn == old.basedOn, told.inForce == journal.inForce.revision
    else {
      violate(.plansFollow, "a plan from map \(old.basedOn) may begin while \(journal.inForce.revision) is in force")
      return true
    }
    return true
  }

  /// Where nothing goes wrong any more, whoever was replaced knows after a pulse, and the way there and back, of a node
  /// that obeys another and with which it speaks a version that says so.
  func checkReplaced(_ number: Int) {
    let host = orchestrators[number]
    guard isHealed, host.isUp, host.machine.revision < journal.revision,
      host.machine.phase == .reached || host.machine.phase == .running
    else { return }
    for node in nodes.indices {
      let index = NodeIndex(node)
      // A node answers when its disk has written what came before.
      let isTelling =
        nodes[node].isUp && nodes[node].agent.revision > host.machine.revision
        && nodes[node].protocolVersions.own.upperBound >= 3
        && host.protocolVersions.version(with: .node(index)) ?? 0 >= 3 && nodes[node].diskBusyUntil <= now
      guard isTelling else {
        orchestrators[number].couldKnowSince[node] = nil
        continue
      }
      guard let since = host.couldKnowSince[node] else {
        orchestrators[number].couldKnowSince[node] = now
        continue
      }
      let (here, there) = (nodes.count + number, node)
      guard now > since + timing.pulse + links.latency(here, there) + links.latency(there, here) + 60 else { continue }
      return violate(
        .replacedEnd,
        "orchestrator \(number) is \(host.machine.phase) at revision \(host.machine.revision), and \(name(index)) has obeyed another for long"
      )
    }
  }
}
