/// Operations on several maps. What is no matter of balance is done map by map, since maps share nothing but nodes and
/// their capacities.
///
/// `failover`, `maintenance`, `restore-back`, `cancel`: each map by itself, within the room that the others leave
/// (`SharedCapacityLeft`); who comes to lead where nobody does is, of those that are as good for the map, who leads
/// least of all (`SharedLead`). `swap`: every map swaps, with counterparts that all agree on where there are such, and
/// one that has nothing on leaving nodes stays as it is, where it is whole and keeps its rules; where some map can do
/// neither, or a counterpart would hold more than its capacity of all maps, the whole group is rebalanced instead.
extension Planner {
  /// Nil where the group is to be rebalanced.
  static func operate(
    _ group: DenseGroup, from currents: [PlacementMap?], options: PlanRequest
  ) throws(PlatError) -> GroupPlan? {
    let operation = options.operation ?? Operation.chosen(for: group, from: currents)
    return switch operation {
    case .rebalance: nil
    case .swap: try swap(group, from: currents, options: options)
    case .failover, .maintenance, .restoreBack, .cancel:
      try planEach(group, from: currents, options: options, as: operation)
    }
  }

  /// O(maps · planning one).
  private static func planEach(
    _ group: DenseGroup, from currents: [PlacementMap?], options: PlanRequest, as operation: Operation
  ) throws(PlatError) -> GroupPlan {
    let own = try group.clusters.indices.map { map throws(PlatError) in
      try ownOptions(group, currents, options, as: operation, map: map)
    }
    var homes: [PlacementMap?] = []
    for (map, cluster) in group.clusters.enumerated() {
      try refuseUnsupported(cluster)
      homes.append(try home(cluster, from: currents[map], options: own[map], as: operation))
    }
    var room = operation == .failover ? nil : SharedCapacityLeft(group, homes, as: operation)
    var leads = SharedLead(group, homes, as: operation)
    var plans: [Plan] = []
    for (map, cluster) in group.clusters.enumerated() {
      if options.interrupt?.isRequested == true { throw .cancelled }
      var own = own[map]
      own.leadBeside = leads.beside(map)
      guard operation != .failover else {
        plans.append(try Failover.plan(cluster, from: currents[map], options: own))
        leads.book(plans[map].target, of: map)
        continue
      }
      let beside = room?.beside(map)
      let (inRoom, judged) = (beside.map(cluster.with(room:)) ?? cluster, beside == nil ? nil : cluster)
      let plan: Plan
      if let weights = cluster.partitionWeights {
        plan = try planWeighted(
          inRoom, weights, from: homes[map], movedFrom: currents[map], options: own, as: operation, judged: judged)
      } else {
        plan = try rebalance(
          inRoom, from: homes[map], movedFrom: currents[map], options: own, as: operation, judged: judged)
      }
      room?.book(plan.target, of: map)
      leads.book(plan.target, of: map)
      plans.append(plan)
    }
    return GroupPlan(group, plans, operation)
  }

  /// What is asked of one map.
  private static func ownOptions(
    _ group: DenseGroup, _ currents: [PlacementMap?], _ options: PlanRequest, as operation: Operation, map: Int
  ) throws(PlatError) -> PlanRequest {
    var own = options
    own.operation = operation
    own.to = map < options.toMaps.count ? options.toMaps[map] : nil
    guard operation == .restoreBack else { return own }
    guard options.toMaps.contains(where: { $0 != nil }) else {
      throw .unsupported(
        InputError(path: "operation", found: "restore-back without maps to go back to", expected: "maps, given as --to")
      )
    }
    own.to = own.to ?? currents[map]
    if own.to == nil { own.to = try PlacementMap(partitionCount: 0, slotCounts: group.clusters[map].wanted) }
    return own
  }

  private static func swap(
    _ group: DenseGroup, from currents: [PlacementMap?], options: PlanRequest
  ) throws(PlatError) -> GroupPlan? {
    var options = options
    options.counterparts = try Swap.counterparts(group, from: currents, options: options)
    var plans: [Plan] = []
    let arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
    let load: NodeTable<Int32> = try arena.table(group.nodeCount)
    for (cluster, current) in zip(group.clusters, currents) {
      guard let current else { return nil }
      var plan = try unfinished(cluster, from: current, options: options)
      if plan.operation != .swap {
        guard let standing = try cluster.standing(current) else { return nil }
        plan = try Failover.plan(cluster, from: standing, options: options)  // as it is
        (plan.operation, plan.isComplete) = (.swap, true)
      }
      plan.target.countData(cluster, into: load)
      plans.append(plan)
    }
    for (node, about) in group.group.shared.nodes.enumerated() {
      if let capacity = about.capacity, about.status.isReadable, Int(load.base[node]) > capacity { return nil }
    }
    if options.operation == nil {
      if group.weights != nil { return nil }  // only as asked for
      // Nobody has asked for it: only if it is as balanced as any plan, in sum as well.
      let windows = try GroupDue(group, currents: currents, options: options).windows()
      let isSettled = (0..<group.nodeCount).allSatisfy {
        windows.least[$0] <= Int(load.base[$0]) && Int(load.base[$0]) <= windows.most[$0]
      }
      guard isSettled else { return nil }
    }
    return GroupPlan(group, plans, .swap)
  }
}

extension Operation {
  /// As for one map: `maintenance` while a node is in maintenance and nothing else has happened, `swap`
  /// where as many nodes that hold nothing in any map come as leave.
  static func chosen(for group: DenseGroup, from currents: [PlacementMap?]) -> Operation {
    guard let status = group.clusters.first?.status, !currents.contains(where: { $0 == nil }) else { return .rebalance }
    var holdsNothing = zip(status, group.group.shared.nodes).map { $0.mayReceive && $1.weight != .zero }
    for (cluster, current) in zip(group.clusters, currents.compactMap { $0 }) {
      for partition in 0..<min(current.partitionCount, cluster.partitionCount) {
        let row = current.row(partition)
        for slot in 0..<current.width where row[slot] != .none { holdsNothing[row[slot].int] = false }
      }
    }
    let coming = holdsNothing.count { $0 }
    if status.contains(where: \.isPinned), coming == 0, status.allSatisfy(\.mayKeep),
      group.clusters.allSatisfy({ $0.replicas > $0.dataWanted[0] })
    {
      return .maintenance
    }
    return coming > 0 && coming == status.count(where: \.isDrained) ? .swap : .rebalance
  }
}

extension DenseCluster {
  /// A map in the slots that are asked for; nil where a swap is no reason to leave it as it is: replicas are missing or
  /// too many, a node holds one that should not, or hard rules are broken. As long as judging it.
  fileprivate func standing(_ map: PlacementMap) throws(PlatError) -> PlacementMap? {
    guard map.partitionCount == partitionCount, let standing = try map.with(slotCounts: cluster.rowSlots)
    else { return nil }
    return try Judge.judge(self, map: standing, from: standing).unmet == 0 ? standing : nil
  }
}

extension GroupPlan {
  /// Whether what was asked for is met: of a failover its own work only.
  public func isMet(_ report: GroupReport) -> Bool {
    operation == .failover ? report.maps.allSatisfy { $0.leaderless == 0 } : report.meetsHardRules
  }
}
