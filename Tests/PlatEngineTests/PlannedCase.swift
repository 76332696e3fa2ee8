@testable import PlatEngine
import TestSupport

extension RandomCluster.Shape {
  /// Rules speak about all states and no node is in maintenance: what the flow knows is then all there is.
  static let laminar = Self {
    $0.rulesOverAllStates = true
    $0.noMaintenance = true
  }
}

/// A cluster, planned and judged.
struct PlannedCase {
  let cluster: DenseCluster
  let current: PlacementMap?
  var plan: Plan
  let report: Report
  let due: NaiveDue

  init(_ seed: UInt64, _ size: RandomCluster.Size = .small, _ shape: RandomCluster.Shape = .init()) throws {
    let made = RandomCluster.make(seed: seed, size: size, shape: shape)
    try self.init(DenseCluster(made.cluster), made.current)
  }

  init(_ cluster: DenseCluster, _ current: PlacementMap?) throws {
    try self.init(cluster, current, plan: Planner.plan(cluster, from: current))
  }

  /// `plan`: anyone's.
  init(_ cluster: DenseCluster, _ current: PlacementMap?, plan: Plan) throws {
    self.cluster = cluster
    self.current = current
    self.plan = plan
    report = try Judge.judge(cluster, map: plan.target, from: current)
    due = NaiveDue(cluster, map: plan.target)
  }

  var text: String { RandomCluster.describe(cluster.cluster, current) }

  /// The exact least number of moves; nil where no map lies in the windows.
  var oracle: Int? {
    FlowOracle.movesLowerBound(
      cluster: cluster, current: current, windows: due.windows, totalFlow: due.totalFlow)
  }

  /// Moves as the flow counts them: on a fresh cluster every replica is received.
  var moves: Int { current == nil ? placed : report.moves }

  var placed: Int { loads.reduce(0, +) }

  /// Replicas of each node.
  var loads: [Int] { NaiveDue.heldCounts(cluster, plan.target) }

  /// Not all replicas can be had.
  var isShort: Bool { due.totalFlow < cluster.partitionCount * cluster.replicas }

  /// The bound is the flow's value, and so are the moves. Where not all replicas can be had, the flow may leave a
  /// partition without any, which the planner does not, so that a plan can need a few more.
  func checkMoves() throws {
    guard let oracle else { throw PropertyFailure("no map lies in the windows\n\(text)") }
    try holds(
      plan.movesLowerBound == oracle || isShort && plan.movesLowerBound < oracle,
      "bound \(plan.movesLowerBound), the flow's is \(oracle)\n\(text)")
    try holds(
      moves == oracle || (try isShort || movesForStates()) && moves > oracle,
      "moves \(moves), the flow needs \(oracle)\n\(text)")
  }

  /// The fewest moves leave a state out of balance: then it may take more.
  func movesForStates() throws -> Bool {
    let staged = try Planner.unfinished(cluster, from: current, options: PlanRequest())
    let judged = try Judge.judge(cluster, map: staged.target, from: current)
    return !judged.isBalanced && report.outside < judged.outside
  }

  /// What a plan may not meet: replicas that nothing can hold. Anything else is a fault of the planner.
  var faults: [Finding] { Self.faults(report, cluster, current, plan.target) }

  static func faults(_ report: Report, _ cluster: DenseCluster, _ current: PlacementMap?, _ target: PlacementMap)
    -> [Finding]
  {
    let staying = LastCopies.staying(cluster, current, target)
    let model = cluster.cluster.settings.model
    let (held, holders) = (current?.dataHolders(model) ?? [], target.dataHolders(model))
    return report.findings.filter { finding in
      guard finding.strength == .hard, !(finding.rule.hasPrefix("constraints.") && finding.have < finding.want) else {
        return false
      }
      // Nor is it given up where no data is asked for.
      if cluster.replicas == 0, finding.rule.hasPrefix("constraints."), finding.have == 1,
        let partition = finding.partition.flatMap({ Int($0) }), holders[partition].count == 1,
        holders[partition].isSubset(of: held[partition])
      {
        return false
      }
      // The last copy of a partition stays where nothing may take it.
      if finding.rule.hasPrefix("placement["), let partition = finding.partition.flatMap({ Int($0) }),
        partition < held.count, holders[partition].count == 1, holders[partition].isSubset(of: held[partition])
      {
        return false
      }
      guard finding.rule.hasPrefix("nodes."),
        let node = cluster.cluster.nodes.firstIndex(where: { $0.name == finding.node })
      else { return true }
      return finding.have > staying[node]
    }
  }

  /// Last copies on nodes that should not have them.
  var staying: [Int] { LastCopies.staying(cluster, current, plan.target) }

  /// What holds of any plan for any cluster, however strange: counted here, beside the Judge.
  func checkConsistent() throws {
    let map = plan.target
    // Where no data is asked for, last copies need slots of their own.
    let slots =
      cluster.replicas > 0
      ? cluster.cluster.rowSlots : zip(map.slotCounts, cluster.cluster.rowSlots).map { max($1, min($0, 1)) }
    try holds(map.partitionCount == cluster.partitionCount && map.slotCounts == slots, "the map's shape\n\(text)")
    try holds(faults.isEmpty, "faults \(faults)\n\(text)")
    for row in map.rows {
      let nodes = row.flatMap(\.self)
      try holds(Set(nodes).count == nodes.count && nodes.allSatisfy { $0 < cluster.nodeCount }, "row \(row)\n\(text)")
      try holds(
        nodes.count < 2 || ExhaustiveSearch.meetsHardRules(cluster, row), "row \(row) breaks a hard rule\n\(text)")
    }
    let staying = staying
    for (node, load) in loads.enumerated() {
      let isEmpty = cluster.status[node] == .leaving || cluster.status[node] == .failed
      try holds(load <= max(isEmpty ? 0 : cluster.capacity[node], staying[node]), "node \(node) holds \(load)\n\(text)")
    }
    let wanted = cluster.partitionCount * DenseCluster.holdingData(cluster.cluster.settings).reduce(0, +)
    let mayBeMore = cluster.replicas == 0 || staying.contains { $0 > 0 } || map.rows.contains { row in
      row.flatMap(\.self).count == 1 && !ExhaustiveSearch.meetsHardRules(cluster, row)
    }
    try holds(
      mayBeMore ? report.unmet >= wanted - placed : report.unmet == wanted - placed,
      "unmet \(report.unmet), placed \(placed) of \(wanted)\n\(text)")
    try holds(
      (0...moves).contains(plan.movesLowerBound), "bound \(plan.movesLowerBound) beside \(moves) moves\n\(text)")
    try holds(report.meetsHardRules == (report.unmet == 0), "unmet \(report.unmet)\n\(text)")
    try holds(report.health != .green || placed == wanted, "green with \(placed) of \(wanted)\n\(text)")
    try holds(
      report.findings.allSatisfy { !$0.because.isEmpty } && report.findings.count <= Report.mostFindings,
      "findings\n\(text)")
  }
}
