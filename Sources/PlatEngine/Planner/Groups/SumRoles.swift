/// The states of several maps: what each node has of a state over all maps comes into its window, by role changes.
///
/// Each map's own windows hold already. `SumBalance` says which maps should have one master more here and one less
/// there, and in those maps `RoleChains` makes it so, along partitions that nodes share. No data moves.
struct SumRoles {
  private let group: DenseGroup
  private let currents: [PlacementMap?]
  private let due: GroupDue
  private let plans: [Plan]
  private let arena: Arena
  private let options: PlanOptions

  private static let rounds = 4

  /// States are the same where their names are. Left alone: states that some map leaves as the rest, since they follow
  /// from the others; and maps with fan-out limits or with states without data. O(maps · (P · R + N)) for each round.
  static func run(
    _ group: DenseGroup, _ currents: [PlacementMap?], _ due: GroupDue, _ plans: [Plan], options: PlanOptions
  ) throws(PlatError) {
    let roles = SumRoles(
      group: group, currents: currents, due: due, plans: plans, arena: try Arena(limitBytes: options.memoryLimitBytes),
      options: options)
    var names: [String] = []
    for (problem, due) in due.kinds {
      for role in due.roles {
        let name = problem.cluster.cluster.settings.model.states[role.state].name
        if !names.contains(name) { names.append(name) }
      }
    }
    for name in names {
      guard let places = roles.places(name) else { continue }
      try roles.settle(places)
    }
  }

  private func model(_ map: Int) -> StateModel { group.clusters[map].cluster.settings.model }

  /// Where each map's `Due.roles` has the state; behind their end: it is all that is wanted there; -1: it is not wanted.
  /// Nil where some map has it as the rest of others.
  private func places(_ name: String) -> [Int]? {
    var ofKind: [Int] = []
    for (problem, due) in due.kinds {
      let settings = problem.cluster.cluster.settings
      if let place = due.roles.firstIndex(where: { settings.model.states[$0.state].name == name }) {
        ofKind.append(place)
      } else if let state = settings.model.states.firstIndex(where: { $0.name == name }), problem.wanted[state] > 0 {
        guard due.roles.isEmpty else { return nil }
        ofKind.append(0)
      } else {
        ofKind.append(-1)
      }
    }
    return due.kindOfMap.map { ofKind[$0] }
  }

  private func settle(_ places: [Int]) throws(PlatError) {
    let maps = places.indices.filter { places[$0] >= 0 }
    let boxes = SumBoxes(nodeCount: group.nodeCount)
    var isFrozen = [Bool](repeating: false, count: places.count)
    for _ in 0..<Self.rounds {
      var rows: [SumBalance.Row] = []
      for map in maps { rows.append(try row(map, places[map], isFrozen: isFrozen[map], boxes)) }
      let windows = jointWindows(places)
      let balance = try SumBalance(rows, least: windows.least, most: windows.most, arena: arena)
      if balance.isSettled { return }
      balance.settle()
      var changed = false
      for (index, map) in maps.enumerated() where !isFrozen[map] {
        let (wanted, had) = (rows[index].value, rows[index].held!)
        guard (0..<group.nodeCount).contains(where: { wanted.base[$0] != had.base[$0] }) else { continue }
        changed = true
        try change(map, places[map], to: wanted)
        let has = try row(map, places[map], isFrozen: true, boxes).value
        isFrozen[map] = (0..<group.nodeCount).contains { has.base[$0] != wanted.base[$0] }
      }
      if !changed { return }
    }
  }

  /// The floor and the ceiling of what each node is due in the state, as far as they leave the states after it within
  /// one of theirs.
  private func jointWindows(_ places: [Int]) -> GroupDue.Window {
    var windows = due.windows(places)
    guard due.kinds.allSatisfy({ $0.due.roles.count <= 1 }) else { return windows }
    let all = due.windows()
    let tolerance = group.group.shared.settings.tolerance
    var total = [Int](repeating: 0, count: group.nodeCount)
    for (map, plan) in plans.enumerated() {
      let states = model(map).states
      for state in states.indices where states[state].holdsData {
        let slots = plan.target.slots(ofState: state)
        for partition in 0..<plan.target.partitionCount {
          let row = plan.target.row(partition)
          for slot in slots where row[slot] != .none { total[row[slot].int] += 1 }
        }
      }
    }
    for node in 0..<group.nodeCount where windows.least[node] < windows.most[node] && windows.most[node] < .max {
      let rest = all.due(node) - windows.due(node)
      let others = tolerance.withinOne(rest)
      let least = max(windows.least[node], total[node] - Int(others.most))
      let most = min(windows.most[node], total[node] - Int(others.least))
      if least <= most { (windows.least[node], windows.most[node]) = (least, most) }
    }
    return windows
  }

  /// What each node has of the state in a map, and may have.
  private func row(_ map: Int, _ place: Int, isFrozen: Bool, _ boxes: SumBoxes) throws(PlatError) -> SumBalance.Row {
    let roles = due.kinds[due.kindOfMap[map]].due.roles
    let role = place < roles.count ? roles[place] : nil
    let states = model(map).states
    let state = role?.state ?? states.indices.first { group.clusters[map].dataWanted[$0] > 0 } ?? 0
    let (target, nodes) = (plans[map].target, group.nodeCount)
    let value: NodeTable<Int32> = try arena.table(nodes)
    let held: NodeTable<Int32> = try arena.table(nodes)
    let total: NodeTable<Int32> = try arena.table(nodes)
    let least: NodeTable<Int32> = try arena.table(nodes)
    let most: NodeTable<Int32> = try arena.table(nodes)
    let slots = target.slots(ofState: state)
    for partition in 0..<target.partitionCount {
      let row = target.row(partition)
      for slot in slots where row[slot] != .none { value[row[slot]] += 1 }
    }
    for state in state..<states.count where states[state].holdsData {
      let slots = target.slots(ofState: state)
      for partition in 0..<target.partitionCount {
        let row = target.row(partition)
        for slot in slots where row[slot] != .none { total[row[slot]] += 1 }
      }
    }
    held.copy(from: value)
    let cluster = group.clusters[map]
    let mayChange = !isFrozen && cluster.cluster.settings.fanOut == nil && cluster.wanted == cluster.dataWanted
    for node in 0..<nodes {
      let count = value.base[node]
      let window = role?.window(NodeIndex(node), total: total.base[node]) ?? RoleWindows.Window(least: count, most: count)
      least.base[node] = mayChange ? min(window.least, count) : count
      most.base[node] = mayChange ? max(window.most, count) : count
    }
    return SumBalance.Row(value: value, least: least, most: most, held: held, boxes: boxes)
  }

  /// Role changes within a map towards so many of the state on each node.
  private func change(_ map: Int, _ place: Int, to wanted: NodeTable<Int32>) throws(PlatError) {
    let role = due.kinds[due.kindOfMap[map]].due.roles[place]
    let scratch = try Arena(limitBytes: options.memoryLimitBytes)
    let target = plans[map].target
    let problem = try Problem(group.clusters[map], current: currents[map], arena: scratch, wideRow: options.wideRow)
    let placement = try Placement(problem, target: target)
    let count: NodeTable<Int32> = try scratch.table(group.nodeCount)
    let window: NodeTable<RoleWindows.Window> = try scratch.table(group.nodeCount)
    let slots = target.slots(ofState: role.state)
    for partition in 0..<target.partitionCount {
      let row = target.row(partition)
      for slot in 0..<target.width where row[slot] != .none { placement.load[row[slot]] += 1 }
      for slot in slots where row[slot] != .none { count[row[slot]] += 1 }
    }
    for node in 0..<group.nodeCount {
      window.base[node] = RoleWindows.Window(least: wanted.base[node], most: wanted.base[node])
    }
    try RoleChains(problem, placement, slots: slots, state: role.state, count: count, window: window)
      .run(placement)
  }
}
