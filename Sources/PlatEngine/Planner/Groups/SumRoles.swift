/// The states of several maps: what each node has of a state over all maps comes into its window, by role changes.
///
/// Each map's own windows hold already, and most sums, where `SumDeal` has dealt the states of fresh maps. `SumChains`
/// settles the rest. No data moves.
struct SumRoles {
  private let group: DenseGroup
  private let due: GroupDue
  private let plans: [Plan]
  /// No map has holders whose states would change.
  private let areFresh: Bool
  private let arena: Arena

  /// States are the same where their names are. Left alone: states that some map leaves as the rest, since they follow
  /// from the others; and maps with fan-out limits, with states without data, or with wide rows.
  /// Returns whether all are settled then. O(P · R + maps · N), and what `SumChains` takes where sums are not.
  static func run(
    _ group: DenseGroup, _ currents: [PlacementMap?], _ due: GroupDue, _ plans: [Plan], options: PlanRequest
  ) throws(PlatError) -> Bool {
    let roles = SumRoles(
      group: group, due: due, plans: plans, areFresh: currents.allSatisfy { $0 == nil },
      arena: try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt))
    var areSettled = true
    for name in due.roleNames {
      guard let places = due.places(of: name) else { continue }
      areSettled = try roles.settle(places) && areSettled
    }
    return areSettled
  }

  private func settle(_ places: [Int]) throws(PlatError) -> Bool {
    let nodes = 0..<group.nodeCount
    let sum: NodeTable<Int> = try arena.table(nodes.count)
    var members: [SumChains.Member] = []
    for map in places.indices where places[map] >= 0 {
      let member = try member(map, places[map])
      for node in nodes { sum.base[node] += Int(member.count.base[node]) }
      members.append(member)
    }
    let windows = try jointWindows(places)
    func isSettled() -> Bool {
      nodes.allSatisfy { windows.least[$0] <= sum.base[$0] && sum.base[$0] <= windows.most[$0] }
    }
    // Mostly little is left, and a few maps settle it; with all there are shorter chains, which is fewer role changes.
    for count in areFresh ? [min(TrialLimits.SumRoles.few, members.count), members.count] : [members.count]
    where !isSettled() {
      try SumChains(members.suffix(count), sum: sum, least: windows.least, most: windows.most, arena: arena).run()
    }
    return isSettled()
  }

  /// The floor and the ceiling of what each node is due in the state, as far as they leave the states after it within
  /// one of theirs.
  private func jointWindows(_ places: [Int]) throws(PlatError) -> GroupDue.Window {
    var windows = due.windows(places)
    guard due.kinds.allSatisfy({ $0.due.roles.count <= 1 }) else { return windows }
    let all = due.windows()
    let tolerance = group.group.shared.settings.tolerance
    let total: NodeTable<Int32> = try arena.table(group.nodeCount)
    for (map, plan) in plans.enumerated() { plan.target.countData(group.clusters[map], into: total) }
    for node in 0..<group.nodeCount where windows.least[node] < windows.most[node] && windows.most[node] < .max {
      let others = tolerance.withinOne(all.due(node) - windows.due(node))
      let least = max(windows.least[node], Int(total.base[node] - others.most))
      let most = min(windows.most[node], Int(total.base[node] - others.least))
      if least <= most { (windows.least[node], windows.most[node]) = (least, most) }
    }
    return windows
  }

  /// What each node has of the state in a map, and may have.
  private func member(_ map: Int, _ place: Int) throws(PlatError) -> SumChains.Member {
    let (problem, due) = due.kinds[due.kindOfMap[map]]
    let cluster = group.clusters[map]
    let role = place < due.roles.count ? due.roles[place] : nil
    let state = role?.state ?? cluster.dataWanted.firstIndex { $0 > 0 } ?? 0
    let target = plans[map].target
    let (count, nodes) = (try arena.table(group.nodeCount, of: Int32.self, by: NodeIndex.self), 0..<group.nodeCount)
    let slots = target.slots(ofState: state)
    target.count(slots, into: count)
    let isOpen =
      role != nil && !cluster.cluster.settings.hasPeerLimit && cluster.wanted == cluster.dataWanted && !problem.isWide
    guard isOpen, let role else {
      return SumChains.Member(
        problem: problem, target: target, slots: slots, state: state, count: count, least: count, most: count,
        isOpen: false)
    }
    let total: NodeTable<Int32> = try arena.table(nodes.count)
    let least: NodeTable<Int32> = try arena.table(nodes.count)
    let most: NodeTable<Int32> = try arena.table(nodes.count)
    // All columns hold data, or the map is not open.
    target.count(slots.lowerBound..<target.width, into: total)
    for node in nodes {
      let window = role.window(NodeIndex(node), total: total.base[node])
      least.base[node] = min(window.least, count.base[node])
      most.base[node] = max(window.most, count.base[node])
    }
    return SumChains.Member(
      problem: problem, target: target, slots: slots, state: state, count: count, least: least, most: most, isOpen: true
    )
  }
}
