/// How many of each state every node should have in each fresh map, such that the sums over all maps come out even.
///
///              n0   n1   n2   n3
///     totals    7    6    7    7        decided before
///     masters   3    2    2    2        at least the floor; the extra one to who needs it most
///
/// A map's windows leave open which nodes get the extra ones. They go, map by map, to the nodes that still lack most of
/// their sum, measured against the maps in which they could get one: which is Ryser's construction of a matrix with
/// given sums (1957), where any node could.
struct SumDeal {
  /// For each fresh map the counts of `Due.roles`; nil where they are not dealt.
  private(set) var states: [[NodeTable<Int32>]?]

  /// Parts of a replica that needs are counted in.
  private static let scale = 256

  private let due: GroupDue
  private let arena: Arena

  /// `totals`: of each fresh map; nil: it is not fresh. `count`: adds what each node has of a state in another map, by
  /// its place in `Due.roles`. O(maps · N log N).
  init(
    _ due: GroupDue, totals: [NodeTable<Int32>?], arena: Arena,
    count: (_ map: Int, _ place: Int, _ sum: NodeTable<Int32>) -> Void
  ) throws(PlatError) {
    self.due = due
    self.arena = arena
    states = totals.enumerated().map { map, totals in
      let (problem, due) = due.kinds[due.kindOfMap[map]]
      return totals == nil || due.roles.isEmpty || due.isShort || problem.hasSlaveOnly ? nil : []
    }
    var left: [NodeTable<Int32>?] = totals
    for name in due.roleNames {
      guard let places = due.places(of: name) else {
        for map in states.indices { states[map] = nil }
        return
      }
      let elsewhere: NodeTable<Int32> = try arena.table(due.nodeCount)
      for map in places.indices where places[map] >= 0 {
        let isRole = places[map] < due.kinds[due.kindOfMap[map]].due.roles.count
        if isRole, states[map] != nil { continue }
        if let totals = totals[map], !isRole {
          for node in 0..<due.nodeCount { elsewhere.base[node] += totals.base[node] }
        } else {
          count(map, places[map], elsewhere)
        }
      }
      let maps = places.indices.filter { places[$0] >= 0 && states[$0] != nil }
      try deal(maps, places, &left, due.windows(places).scaled(by: Self.scale), elsewhere)
    }
  }

  /// One map's open cells.
  private struct Row {
    let map: Int
    /// The floor of each node, and what is dealt.
    let value: NodeTable<Int32>
    var open: [Int32]
    /// Units above the floors; below 0, or more than open: its windows are out of reach.
    var extra: Int
  }

  private mutating func deal(
    _ maps: [Int], _ places: [Int], _ left: inout [NodeTable<Int32>?], _ due: [Int], _ elsewhere: NodeTable<Int32>
  ) throws(PlatError) {
    var need = due.indices.map { due[$0] - Self.scale * Int(elsewhere.base[$0]) }
    var chances = [Int](repeating: 0, count: need.count)
    var rows: [Row] = []
    rows.reserveCapacity(maps.count)
    for map in maps {
      let (problem, due) = self.due.kinds[self.due.kindOfMap[map]]
      let (role, total) = (due.strict.roles[places[map]], left[map]!)
      var row = Row(
        map: map, value: try arena.table(need.count), open: [],
        extra: problem.partitionCount * problem.wanted[role.state])
      for node in need.indices {
        let window = role.window(NodeIndex(node), total: total.base[node])
        row.value.base[node] = window.least
        row.extra -= Int(window.least)
        need[node] -= Self.scale * Int(window.least)
        guard window.most > window.least else { continue }
        row.open.append(Int32(node))
        chances[node] += 1
      }
      rows.append(row)
    }
    for var row in rows {
      let isOpen = row.extra >= 0 && row.extra <= row.open.count
      if isOpen, row.extra > 0, row.extra < row.open.count {
        row.open.sort { a, b in
          let (a, b) = (Int(a), Int(b))
          let (mine, other) = (need[a] &* chances[b], need[b] &* chances[a])
          return mine == other ? (need[b], a) < (need[a], b) : mine > other
        }
      }
      for node in row.open { chances[Int(node)] -= 1 }
      guard isOpen else {
        states[row.map] = nil
        continue
      }
      for node in row.open.prefix(row.extra) {
        row.value.base[Int(node)] += 1
        need[Int(node)] -= Self.scale
      }
      states[row.map]?.append(row.value)
      let rest: NodeTable<Int32> = try arena.table(need.count)
      for node in need.indices { rest.base[node] = left[row.map]!.base[node] - row.value.base[node] }
      left[row.map] = rest
    }
  }
}
