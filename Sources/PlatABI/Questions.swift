import CPlat
import PlatEngine
import PlatFormats

@c @implementation
public func plat_explain(
  _ plan: OpaquePointer?, _ partition: UInt32, _ node: UInt32, _ bytes: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let plan: PlanHandle = try Handle.take(plan, "plan")
    let cluster = plan.cluster
    guard Int(partition) < cluster.dense.partitionCount else {
      throw Refusal.argument("partition", found: "\(partition)", expected: "one of \(cluster.dense.partitionCount), from 0")
    }
    guard node == PLAT_NONE_VALUE || Int(node) < cluster.dense.nodeCount else {
      throw Refusal.argument("node", found: "\(node)", expected: "PLAT_NONE, or one of \(cluster.dense.nodeCount) from 0")
    }
    let asked = node == PLAT_NONE_VALUE ? nil : cluster.inTree(node)
    let explanation = try cluster.locatingErrors {
      try Judge.explain(
        cluster.dense, map: plan.target, from: cluster.document.map?.placement, partition: Int(partition), node: asked)
    }
    try giveDocument(bytes) { ExplanationDocument(explanation, of: cluster.cluster, node: asked).write(to: &$0) }
  }
}

@c @implementation
public func plat_compare(
  _ clusterA: OpaquePointer?, _ planA: OpaquePointer?, _ clusterB: OpaquePointer?, _ planB: OpaquePointer?,
  _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let a = try side(clusterA, planA, "cluster_a")
    let b = try side(clusterB, planB, "cluster_b")
    let comparison = try MapComparison(a, b)
    try giveDocument(bytes) { comparison.write(to: &$0) }
  }
}

private func side(_ cluster: OpaquePointer?, _ plan: OpaquePointer?, _ name: String) throws -> MapComparison.Side {
  let cluster: ClusterHandle = try Handle.take(cluster, name)
  return try MapComparison.Side(try namedMap(cluster, plan), cluster: cluster.cluster)
}

/// The plan's map, or the cluster's.
private func namedMap(_ cluster: ClusterHandle, _ plan: OpaquePointer?) throws -> NamedMap {
  if let plan: PlanHandle = Handle.peek(plan) {
    guard plan.cluster.isLike(cluster) else {
      throw Refusal.argument("plan", found: "a plan for another cluster", expected: "one for this cluster")
    }
    return NamedMap(plan.document.map, of: cluster.cluster)
  }
  guard let map = NamedMap(cluster.document) else { throw Refusal.notFound("a fresh cluster has no map") }
  return map
}

@c @implementation
public func plat_whatif(
  _ cluster: OpaquePointer?, _ failures: UnsafePointer<CChar>?, _ options: OpaquePointer?, _ control: OpaquePointer?,
  _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let cluster: ClusterHandle = try Handle.take(cluster, "cluster")
    guard let map = cluster.document.map else { throw Refusal.notFound("a fresh cluster has no map") }
    let cases = try FailureNames.cases(CText.read(failures, "failures"), of: cluster.cluster)
    let interrupt = try ControlHandle.interrupt(control)
    let outcomes = try cluster.locatingErrors {
      try WhatIf.run(
        cluster.dense, current: map.placement, cases: cases, threads: OptionsHandle.values(options).threads,
        interrupt: interrupt)
    }
    try giveDocument(bytes) { WhatIfReport(cases: cases, outcomes: outcomes).write(to: &$0) }
  }
}

// MARK: Other systems

@c @implementation
public func plat_import(
  _ system: UnsafePointer<CChar>?, _ document: UnsafePointer<plat_document>?, _ racks: UnsafePointer<plat_document>?,
  _ options: OpaquePointer?, _ cluster: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(cluster, "cluster")
    let system = try CText.read(system, "system")
    let source = try Input.source(document, "document")
    let rule = OptionsHandle.values(options).rule
    guard racks == nil || system == "kafka" else {
      throw Refusal.argument("racks", found: "racks of \(system)", expected: "NULL but for kafka")
    }
    let imported = try source.locatingErrors {
      switch system {
      case "couchbase": try CouchbaseImport.read(source, rule: rule)
      case "kafka":
        try KafkaImport.read(source, racks: racks.map { try KafkaRacks(reading: Input.source($0, "racks")) }, rule: rule)
      default: throw Refusal.argument("system", found: "\"\(system)\"", expected: "couchbase or kafka")
      }
    }
    out.pointee = Handle.give(ClusterHandle(imported.document, try DenseCluster(imported.document.cluster)))
  }
}

@c @implementation
public func plat_export(
  _ system: UnsafePointer<CChar>?, _ cluster: OpaquePointer?, _ plan: OpaquePointer?,
  _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let system = try CText.read(system, "system")
    let cluster: ClusterHandle = try Handle.take(cluster, "cluster")
    let map = try namedMap(cluster, plan)
    try giveDocument(bytes) { writer in
      switch system {
      case "couchbase": try CouchbaseExport.write(map, to: &writer)
      case "kafka": try KafkaExport.write(map, to: &writer)
      default: throw Refusal.argument("system", found: "\"\(system)\"", expected: "couchbase or kafka")
      }
    }
  }
}
