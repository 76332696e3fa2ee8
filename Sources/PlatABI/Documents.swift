import CPlat
import PlatEngine
import PlatFormats

extension PlanHandle {
  /// Writes the plan with its summary, findings and certificate.
  func write(_ work: Work, to writer: inout JSONWriter) throws {
    let document = made.map { PlanDocument($0, for: cluster.document) } ?? self.document
    let report = try Judge.judge(
      cluster.dense, map: target, from: cluster.document.mapBefore(), threads: work.values.threads,
      interrupt: work.interrupt)
    PlanWriter.write(
      document, of: cluster.cluster, report: report, movesLowerBound: made?.movesLowerBound ?? claimedBound,
      movesWeightLowerBound: made?.movesWeightLowerBound, to: &writer)
  }

  var estimatedBytes: Int { PlanWriter.estimatedBytes(document, of: cluster.cluster) }

  /// The plan as its own document tells it: a plan that was made here is written and read for that.
  func withClaims(_ work: Work) throws -> PlanDocument {
    guard made != nil else { return document }
    var writer = JSONWriter(capacityBytes: estimatedBytes, allowance: work.allowance)
    try write(work, to: &writer)
    let bytes = try writer.bytes()
    return try withExtendedLifetime(bytes) {
      try PlanReader.read(
        DocumentSource.of(bytes.unsafeBytes, name: "plan", allowance: work.allowance), for: cluster.document)
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
    let work = try Work(options)
    try giveDocument(
      bytes, work, capacityBytes: ClusterWriter.estimatedBytes(cluster.document), isBinary: work.values.isBinary
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
    let work = try Work(options, control)
    try giveDocument(bytes, work, capacityBytes: plan.estimatedBytes, isBinary: work.values.isBinary) {
      try plan.write(work, to: &$0)
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
    let source = try Input.source(document, "plan", Work())
    let read = try PlanReader.read(source, for: cluster.document)
    out.pointee = Handle.give(try PlanHandle(read, nil, of: cluster, name: source.name))
  }
}
