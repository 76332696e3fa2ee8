/// Recounts everything about a map from scratch: what is missing, what breaks a rule, how the load lies, what
/// must move. It shares no code with the planner, whose maps it judges.
///
///     map ─┬─ holders   loads, replicas missing or too many      (Judge+Holders)
///          ├─ rules     about containers and places              (Rules/Registry+Judge)
///          ├─ peers     fan-out                                  (Rules/PeerLimit/Peers+Judge)
///          ├─ moves     against the map before                   (Judge+Moves)
///          └─ nodes     capacity, status, balance to the due     (Rules/Capacity, Rules/Status, Judge+Balance)
///     each fills lists of violations; only those that are listed are put into words (Judge+Findings).
///
/// What it counts as a breach is hard or soft as the settings say, and a hard finding always raises `unmet`.
/// What lies on `failed` nodes can't be read and counts as not there.
public enum Judge {
  /// Judges `map`. `current`: the map it was made from, for moves and role changes. Without one, `map` itself is
  /// what the cluster has: then replicas on nodes that are leaving are no fault yet.
  ///
  /// Partitions that `map` has no row for are held by nobody; those that `current` has no row for were not held.
  /// Throws `outOfMemory`, and `unsupported` where a map was made for another state model.
  /// O(P · R² · rules + N log N); a few passes over the map, on `threads` threads, which change no result. `interrupt`
  /// ends it between them, with `cancelled`.
  public static func judge(
    _ cluster: DenseCluster, map: PlacementMap, from current: PlacementMap?, threads: Int = 1,
    interrupt: Interrupt? = nil
  ) throws(PlatError) -> Report {
    try judge(cluster, map: map, from: current, due: nil, threads: threads, interrupt: interrupt)
  }

  /// The same for a caller that may know what every node is due.
  static func judge(
    _ cluster: DenseCluster, map: PlacementMap, from current: PlacementMap?, due known: JudgedDue?, threads: Int = 1,
    interrupt: Interrupt? = nil
  ) throws(PlatError) -> Report {
    let context = try CheckContext(cluster, map: map, before: current, threads: threads, interrupt: interrupt)
    var found = known
    let holders = try Holders(context) { found = found ?? Judge.due(cluster, map: map) }
    let due = found ?? Judge.due(cluster, map: map)
    let peers = try Peers(context, holders)
    let movement = try Movement(context)
    let balance = Balance(context, holders, due: due)
    try interrupt?.finished("counting")

    var lists = holders.constraints + [holders.shared]
    lists += try context.placementRules()
    lists += try context.placeRules()
    lists += [context.capacity(holders), context.status(holders, movement)]
    let weight = try cluster.partitionWeights.map { weights throws(PlatError) in try WeightBalance(context, weights) }
    lists += peers.lists(context) + (weight.map { balance.lists(beside: $0, context) } ?? balance.lists)
    if let heldBack = try moveBudgetViolations(context, holders, due, weight, moves: movement.moves) {
      lists.append(heldBack)
    }

    var report = Report()
    report.moves = movement.moves
    report.roleChanges = movement.roleChanges
    report.load = balance.load
    report.total = balance.total
    report.fanOutOutbound = peers.mostOutbound
    report.fanOutInbound = peers.mostInbound
    for violations in lists where violations.isCounted {
      if violations.strength == .hard {
        report.unmet += violations.excess
      } else {
        report.brokenSoft += violations.excess
      }
    }
    report.outside = weight?.outside ?? balance.outside
    report.isBalanced = weight?.isBalanced ?? balance.isBalanced
    report.leaderless = holders.leaderless
    report.inWeight = weight?.report(movesWeight: movement.movesWeight)
    report.health = holders.isRed ? .red : report.unmet + report.brokenSoft > 0 ? .yellow : .green
    try interrupt?.finished("judging")
    let isLedUnevenly =
      weight == nil && lists.contains { if case .balance(0?) = $0.rule { !$0.breaches.isEmpty } else { false } }
    let words = Words(
      context, holders, peers, balance.due, weight, groups: isLedUnevenly ? try ColocationGroups(context) : nil)
    report.findings = words.findings(lists)
    report.moreFindings = lists.reduce(0) { $0 + $1.count } - report.findings.count
    return report
  }
}
