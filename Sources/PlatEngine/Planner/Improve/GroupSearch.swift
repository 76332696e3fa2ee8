import PlatSearch

/// The local search over the rows of several maps together: each map within its own windows, and the sums within
/// theirs.
///
///     rows      map 0's, then map 1's …      of one shape, under the same rules
///     ledgers   of all rows, and one for each map
struct GroupSearch {
  private let tables: [SearchTables]
  private var problem: SearchProblem

  /// Slots of all maps up to which they are searched, each map by itself and all together.
  private static let mostSlots = 1_024

  static func isSearched(_ clusters: [DenseCluster]) -> Bool {
    clusters.reduce(0) { $0 + $1.partitionCount * $1.replicas } <= mostSlots
      && !clusters.contains { $0.cluster.settings.balance.moveBudget != nil }
  }

  /// `amounts`: of each map's partitions, in the group's numbers. `capacity`: of nodes, for all maps together. Nil
  /// where a map is fresh, or maps differ in shape or rules.
  init?(
    _ clusters: [DenseCluster], from currents: [PlacementMap?], _ targets: [PlacementMap], amounts: [[Int]],
    capacity: [Int]
  ) throws(PlatError) {
    var tables: [SearchTables] = []
    for (map, cluster) in clusters.enumerated() {
      guard let current = currents[map], cluster.cluster.settings.fanOut == nil,
        let table = SearchTables(rowsOf: cluster, from: current, keeping: targets[map]),
        tables.isEmpty || table.problem.isAlike(tables[0].problem)
      else { return nil }
      tables.append(table)
    }
    guard let first = tables.first?.problem else { return nil }
    self.tables = tables
    problem = SearchProblem(
      nodeCount: first.nodeCount, rowCount: tables.reduce(0) { $0 + $1.problem.rowCount },
      stateOfSlot: first.stateOfSlot,
      stateCount: first.stateCount)
    (problem.mayKeep, problem.mayReceive) = (first.mayKeep, first.mayReceive)
    (problem.bounds, problem.colocations) = (first.bounds, first.colocations)
    problem.capacity = capacity.map { Int32(clamping: $0) }
    problem.amounts = amounts.flatMap(\.self)
    problem.isFixed = tables.flatMap(\.problem.isFixed)
    problem.homeNode = tables.flatMap(\.problem.homeNode)
    problem.homeState = tables.flatMap(\.problem.homeState)
    problem.homeStart = [0]
    for (map, table) in tables.enumerated() {
      let before = problem.homeStart.last!
      problem.homeStart += table.problem.homeStart.dropFirst().map { before + $0 }
      problem.mapOfRow += Array(repeating: Int32(map), count: table.problem.rowCount)
    }
  }

  /// A better map for each by the order of aims; nil: none was found, or nothing is to be gained. `least`: what has to
  /// move at least.
  func run(
    _ targets: [PlacementMap], all: MapWindows, ofMap: [MapWindows], least: Int, interrupt: Interrupt?
  ) throws(PlatError) -> [PlacementMap]? {
    var problem = problem
    (problem.total, problem.ofState, problem.ofMap) = (all.total, all.ofState, ofMap)
    let planned = zip(tables, targets).flatMap { $0.rows($1) }
    let isEnough = { (score: SearchScore) in
      score.isWellPlaced && score.moved <= least + least * Improve.gapOfWeight / 100
    }
    let found = LocalSearch.run(
      problem, starts: [planned, tables.flatMap { $0.standing() }], isEnough: isEnough,
      isCancelled: { interrupt?.isRequested == true })
    try interrupt?.throwIfRequested()
    guard found.score.isPlaced, found.score < LocalSearch.score(problem, planned) else { return nil }
    var maps: [PlacementMap] = []
    var rows = found.rows[...]
    for (table, target) in zip(tables, targets) {
      maps.append(try table.map(Array(rows.prefix(table.problem.rowCount * problem.width)), like: target))
      rows = rows.dropFirst(table.problem.rowCount * problem.width)
    }
    return maps
  }
}

extension SearchProblem {
  /// Whether rows of the other may lie beside its own: states, nodes and rules are the same.
  fileprivate func isAlike(_ other: SearchProblem) -> Bool {
    stateOfSlot == other.stateOfSlot && stateCount == other.stateCount && mayKeep == other.mayKeep
      && mayReceive == other.mayReceive && bounds == other.bounds && colocations == other.colocations
  }
}
