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
      throw Refusal.argument(
        "partition", found: "\(partition)", expected: "one of \(cluster.dense.partitionCount), from 0")
    }
    guard node == PLAT_NONE_VALUE || Int(node) < cluster.dense.nodeCount else {
      throw Refusal.argument(
        "node", found: "\(node)", expected: "PLAT_NONE, or one of \(cluster.dense.nodeCount) from 0")
    }
    let work = try Work()
    let asked = node == PLAT_NONE_VALUE ? nil : cluster.inTree(node)
    let explanation = try cluster.locatingErrors {
      try Judge.explain(
        cluster.dense, map: plan.target, from: cluster.document.map?.placement, partition: Int(partition), node: asked,
        interrupt: work.interrupt)
    }
    try giveDocument(bytes, work) { ExplanationDocument(explanation, of: cluster.cluster, node: asked).write(to: &$0) }
  }
}

@c @implementation
public func plat_compare(
  _ clusterA: OpaquePointer?, _ planA: OpaquePointer?, _ clusterB: OpaquePointer?, _ planB: OpaquePointer?,
  _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let work = try Work()
    let a = try side(clusterA, planA, "cluster_a", work)
    let b = try side(clusterB, planB, "cluster_b", work)
    let comparison = try MapComparison(a, b, interrupt: work.interrupt)
    try giveDocument(bytes, work) { comparison.write(to: &$0) }
  }
}

private func side(
  _ cluster: OpaquePointer?, _ plan: OpaquePointer?, _ name: String, _ work: Work
) throws -> MapComparison.Side {
  let cluster: ClusterHandle = try Handle.take(cluster, name)
  return try MapComparison.Side(try namedMap(cluster, plan), cluster: cluster.cluster, interrupt: work.interrupt)
}

/// The plan's map, or the cluster's.
private func namedMap(_ cluster: ClusterHandle, _ plan: OpaquePointer?) throws -> NamedMap {
  if let plan: PlanHandle = Handle.peek(plan) {
    try cluster.refuseOther(plan)
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
    let work = try Work(options, control, stages: Stages.whatIf)
    let outcomes = try cluster.locatingErrors {
      try WhatIf.run(
        cluster.dense, current: map.placement, cases: cases, threads: work.values.threads,
        interrupt: work.interrupt)
    }
    try giveDocument(bytes, work) { WhatIfReport(cases: cases, outcomes: outcomes).write(to: &$0) }
  }
}

// MARK: Other systems

private func system(_ name: UnsafePointer<CChar>?) throws -> ForeignSystem {
  let name = try CText.read(name, "system")
  guard let system = ForeignSystem(rawValue: name) else {
    throw Refusal.argument(
      "system", found: "\"\(name)\"",
      expected: "one of \(ForeignSystem.allCases.map(\.rawValue).joined(separator: ", "))")
  }
  return system
}

@c @implementation
public func plat_import(
  _ systemName: UnsafePointer<CChar>?, _ document: UnsafePointer<plat_document>?,
  _ racks: UnsafePointer<plat_document>?,
  _ options: OpaquePointer?, _ cluster: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(cluster, "cluster")
    let system = try system(systemName)
    let work = try Work(options)
    let source = try Input.source(document, "document", work)
    guard racks == nil || system == .kafka else {
      throw Refusal.argument("racks", found: "racks of \(system.rawValue)", expected: "NULL but for kafka")
    }
    let imported = try system.readOne(
      source, racks: racks.map { try Input.source($0, "racks", work) }, rule: work.values.rule)
    out.pointee = Handle.give(ClusterHandle(imported.document, try DenseCluster(imported.document.cluster)))
  }
}

@c @implementation
public func plat_export(
  _ systemName: UnsafePointer<CChar>?, _ cluster: OpaquePointer?, _ plan: OpaquePointer?,
  _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let system = try system(systemName)
    guard system != .plat else {
      throw Refusal.argument("system", found: "\"plat\"", expected: "another's: see plat_document_export")
    }
    let cluster: ClusterHandle = try Handle.take(cluster, "cluster")
    let map = try namedMap(cluster, plan)
    try giveDocument(bytes, Work()) { try system.write(NamedMaps(map), to: &$0) }
  }
}

@c @implementation
public func plat_document_import(
  _ systemName: UnsafePointer<CChar>?, _ document: UnsafePointer<plat_document>?,
  _ racks: UnsafePointer<plat_document>?,
  _ options: OpaquePointer?, _ control: OpaquePointer?, _ bytes: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    _ = try Handle.out(bytes, "bytes")
    let system = try system(systemName)
    let work = try Work(options, control)
    let source = try Input.source(document, "document", work)
    guard racks == nil || system == .kafka else {
      throw Refusal.argument("racks", found: "racks of \(system.rawValue)", expected: "NULL but for kafka")
    }
    let imported = try system.read(
      source, racks: racks.map { try Input.source($0, "racks", work) },
      options: .init(rule: work.values.rule, replication: work.values.replication))
    try giveDocument(bytes, imported.document.writer(isBinary: work.values.isBinary, allowance: work.allowance))
  }
}

@c @implementation
public func plat_document_export(
  _ systemName: UnsafePointer<CChar>?, _ document: UnsafePointer<plat_document>?, _ map: UnsafePointer<CChar>?,
  _ options: OpaquePointer?, _ control: OpaquePointer?, _ bytes: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(bytes, "bytes")
    let system = try system(systemName)
    let work = try Work(options, control)
    let name = try map.map { try CText.read($0, "map") }
    let source = try Input.source(document, "document", work)
    if system == .plat {
      guard name == nil else { throw Refusal.argument("map", found: "a name", expected: "NULL for plat") }
      out.pointee = Handle.give(try source.expandedBytes())
      return
    }
    try source.locatingErrors {
      let maps = try NamedMaps.read(source, named: name)
      try giveDocument(bytes, work, capacityBytes: source.sizeBytes) { try system.write(maps, to: &$0) }
    }
  }
}
