/// A plan made from a plan's own map, with nothing new, changes nothing.
///
/// The pipelines for equal sizes and plain rules keep that by themselves: a flow sends nothing that no window asks for.
/// Where there is more to keep than windows, a search may go from one map to another that is as good, and back. So what
/// the map of today comes to is judged beside the next one, and stays if that is not better; and while maps are small,
/// the plan of the next map is made here, too, as long as it is better still.
enum Settling {
  /// `again`: plans the same cluster from another map.
  static func settle(
    _ plan: inout Plan, _ cluster: DenseCluster, from current: PlacementMap?, options: PlanRequest,
    again: (PlacementMap, PlanRequest) throws(PlatError) -> Plan
  ) throws(PlatError) {
    let replicas = cluster.partitionCount * cluster.replicas
    let isMoreThanWindows = !plan.isComplete || cluster.hasMoreThanWindows
    guard plan.seeksRest, replicas > 0, replicas <= TrialLimits.Settling.mostJudged,
      isMoreThanWindows || plan.isWanting
    else { return }
    if isMoreThanWindows, let current, let stays = try current.asTarget(of: plan.target) {
      let isThinned = stays.thinOut(in: cluster)
      if stays.differs(from: plan.target), try stays.mayStay(in: cluster) {
        let standing = Plan(standing: stays, of: plan, cluster)
        if try !isBetter(plan, than: standing, cluster, from: stays, options) {
          plan = standing
          // What is left of a map is not what the next plan begins with.
          guard isThinned else { return }
        }
      }
    }
    guard replicas <= TrialLimits.Settling.mostReplicas else { return }
    var options = options
    options.interrupt = options.interrupt?.quiet
    for _ in 0..<TrialLimits.Settling.rounds {
      var next = try again(plan.target, options)
      guard next.seeksRest, next.target.differs(from: plan.target),
        try isBetter(next, than: plan, cluster, from: plan.target, options)
      else { return }
      // What it moves is counted from the map of today.
      let received = next.target.received(cluster, from: current)
      next.movesLowerBound = min(plan.movesLowerBound, received)
      if let weights = cluster.partitionWeights, let bound = plan.movesWeightLowerBound {
        next.movesWeightLowerBound = min(
          bound, weights.exact(next.target.received(cluster, from: current, weights: weights.of)))
      }
      (next.certificate, next.weightWindows) = (plan.certificate, plan.weightWindows)
      next.operation = plan.operation
      next.stageNanoseconds = plan.stageNanoseconds
      next.isFinished = true
      next.peakBytes = max(plan.peakBytes, next.peakBytes)
      plan = next
    }
  }

  /// The same for several maps, where the pipelines made others than some of them: the next maps take the place of the
  /// plan's own until they are those. Where they come round in a circle the best of it stays, and of equal ones that of
  /// today. `again`: plans the group from other maps.
  static func settle(
    _ plan: inout GroupPlan, _ group: DenseGroup, from currents: [PlacementMap?], options: PlanRequest,
    again: ([PlacementMap?], PlanRequest) throws(PlatError) -> GroupPlan
  ) throws(PlatError) {
    let replicas = group.clusters.reduce(0) { $0 + $1.partitionCount * $1.replicas }
    guard plan.operation == .rebalance, replicas <= TrialLimits.Settling.mostReplicas else { return }
    var options = options
    options.interrupt = options.interrupt?.quiet
    let today = currents.compactMap { $0 }
    var seen = today.count == currents.count ? [today] : []
    for _ in 0..<TrialLimits.Settling.rounds {
      seen.append(plan.plans.map(\.target))
      let next = try again(seen[seen.count - 1], options)
      guard next.operation == .rebalance else { return }
      let targets = next.plans.map(\.target)
      if let first = seen.lastIndex(where: { !zip($0, targets).contains { $0.differs(from: $1) } }) {
        guard first < seen.count - 1 else { return }
        return plan.put(try best(Array(seen[first...]), group, options), group, from: currents)
      }
      plan.put(targets, group, from: currents)
    }
  }

  /// Of several maps of a group those that the Judge finds best, of equal ones the first.
  private static func best(
    _ all: [[PlacementMap]], _ group: DenseGroup, _ options: PlanRequest
  ) throws(PlatError) -> [PlacementMap] {
    var best: (maps: [PlacementMap], unmet: Int, outside: Outside)?
    for maps in all {
      let report = try Judge.judge(group, maps: maps, from: nil, interrupt: options.interrupt)
      let (unmet, outside) = (report.sum.unmet, report.maps.reduce(report.sum.outside) { $0 + $1.outside })
      if let best, best.unmet < unmet || best.unmet == unmet && !(outside < best.outside) { continue }
      best = (maps, unmet, outside)
    }
    return best!.maps
  }

  /// Whether a plan is worth its changes to another map: better by an aim that comes before moves, or by soft rules at
  /// none.
  private static func isBetter(
    _ plan: Plan, than other: Plan, _ cluster: DenseCluster, from map: PlacementMap, _ options: PlanRequest
  ) throws(PlatError) -> Bool {
    let mine = try Judge.judge(
      cluster, map: plan.target, from: map, threads: options.threads, interrupt: options.interrupt?.quiet)
    let its = try Judge.judge(
      cluster, map: other.target, from: map, threads: options.threads, interrupt: options.interrupt?.quiet)
    let headless = (plan.target.headless(cluster), other.target.headless(cluster))
    if headless.0 != headless.1 { return headless.0 < headless.1 }
    if mine.unmet != its.unmet { return mine.unmet < its.unmet }
    if plan.operation == .rebalance, mine.outside != its.outside { return mine.outside < its.outside }
    return mine.moves == 0 && mine.brokenSoft < its.brokenSoft
  }
}

extension Plan {
  /// Whether today's map may stay where the plan is no better. Other operations do what they are asked for.
  fileprivate var seeksRest: Bool { operation == .rebalance || operation == .maintenance }

  /// The plan that changes nothing.
  fileprivate init(standing map: PlacementMap, of plan: Plan, _ cluster: DenseCluster) {
    self = plan
    target = map
    isFinished = true
    movesLowerBound = 0
    certificate = Array(repeating: 0, count: cluster.nodeCount)
    if movesWeightLowerBound != nil { movesWeightLowerBound = .zero }
  }
}

extension DenseCluster {
  /// Whether what a map is to keep is more than windows and plain rules about containers.
  fileprivate var hasMoreThanWindows: Bool {
    let settings = cluster.settings
    return partitionWeights != nil || settings.hasPeerLimit || !places.bounds.isEmpty
      || status.contains(where: \.isPinned)
      || !hasPlainCapsOnly
  }
}

extension PlacementMap {
  /// The same with the slots of another map; nil where it has more than fit, or other partitions. O(P · R).
  fileprivate func asTarget(of other: PlacementMap) throws(PlatError) -> PlacementMap? {
    guard partitionCount == other.partitionCount else { return nil }
    return try with(slotCounts: other.slotCounts)
  }

  /// The same with other slots; nil where it has more than fit. O(P · R).
  func with(slotCounts: [Int]) throws(PlatError) -> PlacementMap? {
    let map = try PlacementMap(partitionCount: partitionCount, slotCounts: slotCounts)
    for state in self.slotCounts.indices {
      let (from, to) = (slots(ofState: state), map.slots(ofState: state))
      for partition in 0..<partitionCount {
        var next = to.lowerBound
        for slot in from where row(partition)[slot] != .none {
          guard next < to.upperBound else { return nil }
          // Where shapes agree each replica keeps its slot.
          map.row(partition)[from.count == to.count ? to.lowerBound + slot - from.lowerBound : next] =
            row(partition)[slot]
          next += 1
        }
      }
    }
    return map
  }

  /// Where a partition has no copy on a node that may have it, all stay for want of another place, and may lie as no
  /// rule allows: then so many of them go that rules are kept, the last never, who leads behind the others. True where
  /// some have gone. O(P · R² · rules).
  fileprivate func thinOut(in cluster: DenseCluster) -> Bool {
    guard cluster.status.contains(where: { $0.isReadable && !$0.mayReceive }) else { return false }
    var isThinned = false
    let map = CompletedMap(cluster, target: self, before: self, leavingStay: false, firstSlot: 0)
    let others = (0..<width).filter { !map.dataSlots.contains($0) }
    for partition in 0..<partitionCount {
      let row = row(partition)
      var copies = map.dataSlots.filter { row[$0] != .none }
      guard map.staysForWantOfAnother(copies.map { row[$0] }) else { continue }
      while copies.count > 1, !map.keepsRules(partition) {
        let mayGo = others.filter { row[$0] != .none } + copies.reversed()
        let slot = mayGo.first { slot in
          let node = row[slot]
          row[slot] = .none
          defer { row[slot] = node }
          return map.keepsRules(partition)
        }
        row[slot ?? mayGo[0]] = .none
        copies.removeAll { row[$0] == .none }
        isThinned = true
      }
    }
    return isThinned
  }

  /// Whether nothing that is hard asks for a change: every row, every capacity, and a hard limit on peers.
  /// O(P · R² · rules), and a pass of the Judge where peers are limited.
  fileprivate func mayStay(in cluster: DenseCluster) throws(PlatError) -> Bool {
    let map = CompletedMap(cluster, target: self, before: self, leavingStay: false, firstSlot: 0)
    var (loads, only) = (cluster.status.map { _ in 0 }, cluster.status.map { _ in 0 })
    var missing = 0
    let witnesses = (0..<width).filter { !map.dataSlots.contains($0) }
    for partition in 0..<partitionCount {
      let row = row(partition)
      guard witnesses.allSatisfy({ row[$0] == .none || cluster.status[row[$0].int].mayKeep }) else { return false }
      let nodes = map.dataSlots.map { row[$0] }.filter { $0 != .none }
      missing += cluster.replicas - nodes.count
      for node in nodes { loads[node.int] += 1 }
      // The last copy, wherever it is.
      if nodes.count == 1, cluster.status[nodes[0].int].isReadable { only[nodes[0].int] += 1 }
      guard
        nodes.count == 1 && only[nodes[0].int] > 0
          || map.staysForWantOfAnother(nodes) && map.keepsRules(partition) || map.isLegal(partition)
      else { return false }
    }
    guard loads.indices.allSatisfy({ loads[$0] <= max(cluster.cluster.nodes[$0].room, only[$0]) }) else {
      return false
    }
    guard map.isPeerLimited else { return true }
    return try Judge.judge(cluster, map: self, from: self).unmet == missing
      + cluster.wanted.indices.reduce(0) {
        $0 + partitionCount
          * (cluster.cluster.settings.model.states[$1].holdsData ? cluster.wanted[$1] - cluster.dataWanted[$1] : 0)
      }
  }

  fileprivate func differs(from other: PlacementMap) -> Bool {
    width != other.width || !(0..<partitionCount * width).allSatisfy { slots[$0] == other.slots[$0] }
  }

  /// Partitions with nobody in the first state who may stay in it, though it is asked for. O(P).
  fileprivate func headless(_ cluster: DenseCluster) -> Int {
    guard cluster.wanted[0] > 0 else { return 0 }
    let first = slots(ofState: 0)
    return (0..<partitionCount).count { partition in
      first.allSatisfy { slot in
        let node = row(partition)[slot]
        return node == .none || cluster.status[node.int].isSlaveOnly || !cluster.mayEver(node.int, inState: 0)
      }
    }
  }
}
