import PlatEngine

/// What a plan document holds.
public struct PlanDocument: Sendable {
  /// `rebalance`, or whatever else its maker called what was done.
  public var operation: String
  /// The target.
  public var map: MapDocument
  /// Of a plan for maintenance: the map that it was made from, for the way back.
  public var mapBefore: MapDocument?
  /// What its summary says; empty where it has none. Not to be relied on: see `claimFindings`.
  public var claims: [SummaryFigure]
  /// Its findings as they were written, without white space; nil where it has none. As reliable as its claims.
  public var findings: [UInt8]?
  public var certificate: PlanCertificate?
  /// Kept and handed through untouched.
  public var extensions: [Extension]

  public init(operation: String, map: MapDocument, claims: [SummaryFigure] = [], extensions: [Extension] = []) {
    self.operation = operation
    self.map = map
    self.claims = claims
    self.extensions = extensions
  }

  /// The plan that the planner made, with its certificate. O(P · R).
  public init(_ plan: Plan, for document: ClusterDocument) {
    self.init(plan.operation, target: plan.target, for: document)
    if plan.operation == .maintenance { mapBefore = document.map }
    certificate = PlanCertificate(plan, of: self, cluster: document.cluster)
  }

  /// The plan for a cluster: its revision is the next, and it hands through what the cluster's document carried.
  public init(_ operation: Operation, target: PlacementMap, for document: ClusterDocument) {
    let current = document.map?.header.revision
    self.init(
      operation: operation.rawValue,
      map: MapDocument(
        header: MapHeader(kind: .target, revision: (current ?? 0) + 1, basedOn: current), placement: target),
      extensions: document.cluster.extensions)
  }
}

/// One figure of a summary: `moves`, `load.master.ideal[0]`, `health`.
public struct SummaryFigure: Equatable, Sendable {
  public enum Value: Equatable, Sendable, CustomStringConvertible {
    case number(Rational)
    case word(String)

    public var description: String {
      switch self {
      case .number(let number): number.description
      case .word(let word): word
      }
    }
  }
  /// Inside the summary.
  public var path: String
  public var value: Value

  public init(_ path: String, _ value: Value) {
    self.path = path
    self.value = value
  }
}

extension Report {
  /// How the load lies, as summaries tell it: in weight where partitions differ in it, else in replicas. States that
  /// hold no data are counted all the same. The total comes last.
  package var spreads: [(name: String, spread: WeightSpread)] {
    let weighed = Dictionary(uniqueKeysWithValues: (inWeight?.load ?? []).map { ($0.state, $0.spread) })  // looked up only
    let total = inWeight?.total ?? total.map { WeightSpread($0) }
    return load.map { ($0.state, weighed[$0.state] ?? WeightSpread($0.spread)) } + (total.map { [("total", $0)] } ?? [])
  }

  /// Every figure that a summary tells, but for the lower bounds, which are not counted but proved.
  public var figures: [SummaryFigure] {
    var figures: [SummaryFigure] = []
    func add(_ path: String, _ count: Int) { figures.append(SummaryFigure(path, .number(Rational(count)))) }
    add("moves", moves)
    add("roleChanges", roleChanges)
    if let inWeight { figures.append(SummaryFigure("movesWeight", .number(inWeight.moves))) }
    for (name, spread) in spreads {
      figures.append(SummaryFigure("load.\(name).min", .number(spread.least)))
      figures.append(SummaryFigure("load.\(name).max", .number(spread.greatest)))
      figures.append(SummaryFigure("load.\(name).ideal[0]", .number(spread.leastDue)))
      figures.append(SummaryFigure("load.\(name).ideal[1]", .number(spread.greatestDue)))
    }
    add("fanOut.outbound", fanOutOutbound)
    add("fanOut.inbound", fanOutInbound)
    add("brokenSoft", brokenSoft)
    add("unmet", unmet)
    figures.append(SummaryFigure("health", .word(health.rawValue)))
    return figures
  }

  /// What a plan claims and a recount denies, in the order of the claims.
  public func claimFindings(_ claims: [SummaryFigure]) -> [Finding] {
    let counted = figures
    return claims.compactMap { claim in
      if claim.path == "movesLowerBound" || claim.path == "movesWeightLowerBound" {
        let made = claim.path == "movesLowerBound" ? Rational(moves) : inWeight?.moves ?? .zero
        guard case .number(let bound) = claim.value, bound > made else { return nil }
        let what = claim.path == "movesLowerBound" ? "with fewer moves" : "by moving less weight"
        return Self.lie(
          claim, .number(made), "the plan claims that no map is reached \(what) than \(bound), and it makes \(made)")
      }
      let truth = counted.first { $0.path == claim.path }?.value
      guard truth != claim.value else { return nil }
      return Self.lie(
        claim, truth, "the plan claims \(claim.value), and a recount finds \(truth?.description ?? "no such load")")
    }
  }

  private static func lie(_ claim: SummaryFigure, _ truth: SummaryFigure.Value?, _ because: String) -> Finding {
    // Words and fractions: 1 true statement wanted, 0 had.
    func integer(_ value: SummaryFigure.Value?) -> Int? {
      if case .number(let number) = value, number.isInteger { return number.parts?.numerator }
      return nil
    }
    let (want, have) = (integer(truth), integer(claim.value))
    let areNumbers = want != nil && have != nil
    return Finding(
      strength: .hard, rule: "summary.\(claim.path)", want: areNumbers ? want! : 1, have: areNumbers ? have! : 0,
      because: because)
  }
}
