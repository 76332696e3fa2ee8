import PlatEngine

/// From a cluster document to its plan, judged and as a document: what `plat plan` and a batch do.
package enum PlannedDocument: Sendable {
  case one(ClusterDocument, Plan, Report, PlanDocument)
  case several(GroupDocument, GroupPlan, GroupReport, GroupPlanDocument)

  /// `source`: the document that was read. `to`: the path of the one whose map `restore-back` and `cancel` go back to.
  /// Throws what reading, planning and judging throw; errors about the document have their place in it.
  package init(
    _ read: AnyClusterDocument, of source: DocumentSource, to path: String?, options: PlanOptions,
    stages: some PlanningStages
  ) throws {
    self = try source.locatingErrors {
      switch read {
      case .one(let document):
        var options = options
        if let path {
          let earlier = try stages.stage("reading") {
            try EarlierMaps.read(FileInput.read(path), for: document.cluster)
          }
          options.to = options.operation == .restoreBack ? earlier.mapBefore ?? earlier.map : earlier.map
        }
        let (dense, planned) = try stages.stage("planning") {
          let dense = try DenseCluster(document.cluster)
          return (dense, try Planner.plan(dense, from: document.map?.placement, options: options))
        }
        let report = try stages.stage("judging") {
          try Judge.judge(dense, map: planned.target, from: document.mapBefore(), threads: options.threads,
            interrupt: options.interrupt)
        }
        return .one(document, planned, report, PlanDocument(planned, for: document))
      case .several(let document):
        var options = options
        if let path {
          let earlier = try stages.stage("reading") { try EarlierMaps.read(FileInput.read(path), for: document.group) }
          options.toMaps = earlier.map { options.operation == .restoreBack ? $0?.mapBefore ?? $0?.map : $0?.map }
        }
        let (dense, planned) = try stages.stage("planning") {
          let dense = try DenseGroup(document.group)
          return (dense, try Planner.plan(dense, from: document.maps.map { $0?.placement }, options: options))
        }
        let report = try stages.stage("judging") {
          try Judge.judge(
            dense, maps: planned.plans.map(\.target), from: document.mapsBefore(), interrupt: options.interrupt)
        }
        return .several(document, planned, report, GroupPlanDocument(planned, for: document))
      }
    }
  }

  /// The document; a plan for several maps is never binary.
  package func writer(isBinary: Bool, allowance: Allowance = .unlimited) -> JSONWriter {
    switch self {
    case .one(let document, let planned, let report, let plan):
      var writer = JSONWriter(
        capacityBytes: PlanWriter.estimatedBytes(plan, of: document.cluster), isBinary: isBinary, allowance: allowance)
      PlanWriter.write(
        plan, of: document.cluster, report: report, movesLowerBound: planned.movesLowerBound,
        movesWeightLowerBound: planned.movesWeightLowerBound, to: &writer)
      return writer
    case .several(let document, let planned, let report, let plan):
      var writer = JSONWriter(capacityBytes: GroupWriter.estimatedBytes(plan.maps, of: document), allowance: allowance)
      GroupWriter.write(
        plan, of: document, report: report, planned: planned, to: &writer)
      return writer
    }
  }

  /// The document, for a file at `path`; nil: standard output.
  package func writer(for path: String?) -> JSONWriter { writer(isBinary: JSONWriter.isBinary(path)) }

  /// Of all maps together.
  package var report: Report {
    switch self {
    case .one(_, _, let report, _): report
    case .several(_, _, let report, _): report.sum
    }
  }

  package var movesLowerBound: Int {
    switch self {
    case .one(_, let planned, _, _): planned.movesLowerBound
    case .several(_, let planned, _, _): planned.movesLowerBound
    }
  }

  /// Findings of all maps and of their sum.
  package var findings: Int {
    func count(_ report: Report) -> Int { report.findings.count + report.moreFindings }
    return switch self {
    case .one(_, _, let report, _): count(report)
    case .several(_, _, let report, _): report.maps.reduce(count(report.sum)) { $0 + count($1) }
    }
  }

  package var isMet: Bool {
    switch self {
    case .one(_, let planned, let report, _): planned.isMet(report)
    case .several(_, let planned, let report, _): planned.isMet(report)
    }
  }
}

/// Who is told of the parts of the work.
package protocol PlanningStages {
  func stage<Value>(_ name: String, _ work: () throws -> Value) rethrows -> Value
}

/// Nobody is.
package struct UntoldStages: PlanningStages {
  package init() {}
  package func stage<Value>(_ name: String, _ work: () throws -> Value) rethrows -> Value { try work() }
}
