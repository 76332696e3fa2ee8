import CPlat
import PlatEngine
import PlatFormats

extension PlanHandle {
  /// Writes the plan with its summary, findings and certificate.
  func write(
    _ options: OptionValues, _ interrupt: Interrupt?, to writer: inout JSONWriter
  ) throws {
    let document = made.map { PlanDocument($0, for: cluster.document) } ?? self.document
    let report = try Judge.judge(
      cluster.dense, map: target, from: cluster.document.mapBefore(), threads: options.threads, interrupt: interrupt)
    PlanWriter.write(
      document, of: cluster.cluster, report: report, movesLowerBound: made?.movesLowerBound ?? claimedBound,
      movesWeightLowerBound: made?.movesWeightLowerBound, to: &writer)
  }

  var estimatedBytes: Int { PlanWriter.estimatedBytes(document, of: cluster.cluster) }

  /// The plan as its own document tells it: a plan that was made here is written and read for that.
  func withClaims(_ options: OptionValues, _ interrupt: Interrupt?) throws -> PlanDocument {
    guard made != nil else { return document }
    var writer = JSONWriter(capacityBytes: estimatedBytes)
    try write(options, interrupt, to: &writer)
    let bytes = try writer.bytes()
    return try withExtendedLifetime(bytes) {
      try PlanReader.read(DocumentSource.of(bytes.unsafeBytes, name: "plan"), for: cluster.document)
    }
  }

  private var claimedBound: Int? {
    for claim in document.claims where claim.path == "movesLowerBound" {
      if case .number(let bound) = claim.value { return bound.floor }
    }
    return nil
  }

  /// Proved where the plan was made here; else what it says.
  var movesLowerBound: Int { made?.movesLowerBound ?? claimedBound ?? 0 }
}

@c @implementation
public func plat_cluster_to_document(
  _ cluster: OpaquePointer?, _ options: OpaquePointer?, _ bytes: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let cluster: ClusterHandle = try Handle.take(cluster, "cluster")
    try giveDocument(
      bytes, capacityBytes: ClusterWriter.estimatedBytes(cluster.document), isBinary: OptionsHandle.values(options).isBinary
    ) { ClusterWriter.write(cluster.document, to: &$0) }
  }
}

@c @implementation
public func plat_plan_to_document(
  _ plan: OpaquePointer?, _ options: OpaquePointer?, _ control: OpaquePointer?,
  _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let plan: PlanHandle = try Handle.take(plan, "plan")
    let (values, interrupt) = (OptionsHandle.values(options), try ControlHandle.interrupt(control))
    try giveDocument(bytes, capacityBytes: plan.estimatedBytes, isBinary: values.isBinary) {
      try plan.write(values, interrupt, to: &$0)
    }
  }
}

@c @implementation
public func plat_plan_from_document(
  _ cluster: OpaquePointer?, _ document: UnsafePointer<plat_document>?, _ plan: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(plan, "plan")
    let cluster: ClusterHandle = try Handle.take(cluster, "cluster")
    let read = try PlanReader.read(Input.source(document, "plan"), for: cluster.document)
    out.pointee = Handle.give(try PlanHandle(read, nil, of: cluster))
  }
}

// MARK: From document to document

@c @implementation
public func plat_document_plan(
  _ cluster: UnsafePointer<plat_document>?, _ options: OpaquePointer?, _ control: OpaquePointer?,
  _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    _ = try Handle.out(bytes, "bytes")
    let source = try Input.source(cluster, "cluster")
    let (values, interrupt) = (OptionsHandle.values(options), try ControlHandle.interrupt(control))
    let planned = try PlannedDocument(
      ClusterReader.readAny(source), of: source, to: nil, options: values.planOptions(interrupt), stages: UntoldStages())
    try giveDocument(bytes, planned.writer(isBinary: values.isBinary))
  }
}

@c @implementation
public func plat_document_check(
  _ cluster: UnsafePointer<plat_document>?, _ plan: UnsafePointer<plat_document>?, _ options: OpaquePointer?,
  _ control: OpaquePointer?, _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    _ = try Handle.out(bytes, "bytes")
    let source = try Input.source(cluster, "cluster")
    let planSource = try plan.map { try Input.source($0, "plan") }
    let (values, interrupt) = (OptionsHandle.values(options), try ControlHandle.interrupt(control))
    let read = try ClusterReader.readAny(source)
    switch read {
    case .one(let document):
      let plan = try planSource.map { try PlanReader.read($0, for: document) }
      guard let map = plan?.map ?? document.map else { throw Refusal.notFound("a fresh cluster has no map to check") }
      let report = try source.locatingErrors {
        var report = try Judge.judge(
          DenseCluster(document.cluster), map: map.placement, from: plan == nil ? nil : document.mapBefore(),
          threads: values.threads, interrupt: interrupt)
        report.put(first: report.claimFindings(plan?.claims ?? []))
        return report
      }
      try giveDocument(bytes) {
        JudgedReport.write(report, map.header, plan.map { _ in ReportWriter.Movement(movesLowerBound: nil) }, to: &$0)
      }
    case .several(let document):
      let plan = try planSource.map { try GroupPlanReader.read($0, for: document) }
      guard plan != nil || document.maps.allSatisfy({ $0 != nil }) else {
        throw Refusal.notFound("a map of the cluster is fresh: there is nothing to check")
      }
      let maps = plan?.maps ?? document.maps.compactMap { $0 }
      let report = try source.locatingErrors {
        var report = try Judge.judge(
          DenseGroup(document.group), maps: maps.map(\.placement), from: plan == nil ? nil : document.mapsBefore())
        if let plan { report.putClaims(of: plan) }
        return report
      }
      try giveDocument(bytes) {
        GroupWriter.write(report, headers: maps.map(\.header), of: document, hasMoves: plan != nil, to: &$0)
      }
    }
  }
}
