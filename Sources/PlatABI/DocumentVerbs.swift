import CPlat
import PlatEngine
import PlatFormats

// From document to document, as the command line goes, also where one has several maps on the same nodes.

/// What all of them begin with: the place of the result is emptied, and the first document is there.
private func verb(
  of document: UnsafePointer<plat_document>?, _ name: String, _ options: OpaquePointer?, _ control: OpaquePointer?,
  to bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?,
  stages: [Interrupt.Stage] = [],
  _ body: (DocumentSource, Work) throws -> Void
) -> plat_status {
  call(error) {
    _ = try Handle.out(bytes, "bytes")
    let work = try Work(options, control, stages: Stages.document(stages))
    try body(Input.source(document, name, work), work)
  }
}

@c @implementation
public func plat_document_plan(
  _ cluster: UnsafePointer<plat_document>?, _ options: OpaquePointer?, _ control: OpaquePointer?,
  _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  verb(of: cluster, "cluster", options, control, to: bytes, error, stages: Stages.plan) { source, work in
    let planned = try PlannedDocument(
      ClusterReader.readAny(source), of: source, to: nil, options: work.planOptions(), stages: UntoldStages())
    try giveDocument(bytes, planned.writer(isBinary: work.values.isBinary, allowance: work.allowance))
  }
}

@c @implementation
public func plat_document_check(
  _ cluster: UnsafePointer<plat_document>?, _ plan: UnsafePointer<plat_document>?, _ options: OpaquePointer?,
  _ control: OpaquePointer?, _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  verb(of: cluster, "cluster", options, control, to: bytes, error, stages: Stages.check) { source, work in
    let planSource = try plan.map { try Input.source($0, "plan", work) }
    switch try ClusterReader.readAny(source) {
    case .one(let document):
      let plan = try planSource.map { try PlanReader.read($0, for: document) }
      guard let map = plan?.map ?? document.map else { throw Refusal.notFound("a fresh cluster has no map to check") }
      let report = try document.judged(map, plan, in: source, threads: work.values.threads, interrupt: work.interrupt)
      try giveDocument(bytes, work) {
        JudgedReport.write(report, map.header, plan.map { _ in ReportWriter.Movement(movesLowerBound: nil) }, to: &$0)
      }
    case .several(let document):
      let plan = try planSource.map { try GroupPlanReader.read($0, for: document) }
      guard plan != nil || document.maps.allSatisfy({ $0 != nil }) else {
        throw Refusal.notFound("a map of the cluster is fresh: there is nothing to check")
      }
      let maps = plan?.maps ?? document.maps.compactMap { $0 }
      let report = try document.judged(maps, plan, in: source, interrupt: work.interrupt)
      try giveDocument(bytes, work) {
        GroupWriter.write(report, headers: maps.map(\.header), of: document,
          movement: plan.map { _ in .init(movesLowerBound: nil) }, to: &$0)
      }
    }
  }
}

@c @implementation
public func plat_document_verify(
  _ cluster: UnsafePointer<plat_document>?, _ plan: UnsafePointer<plat_document>?, _ options: OpaquePointer?,
  _ control: OpaquePointer?, _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  verb(of: cluster, "cluster", options, control, to: bytes, error, stages: Stages.verify) { source, work in
    let planSource = try Input.source(plan, "plan", work)
    switch try ClusterReader.readAny(source) {
    case .one(let document):
      let plan = try PlanReader.read(planSource, for: document)
      let proof = try source.locatingErrors {
        try PlanProof(plan, of: document, DenseCluster(document.cluster), interrupt: work.interrupt)
      }
      let movement = ReportWriter.Movement(
        movesLowerBound: proof.movesLowerBound, movesWeightLowerBound: proof.movesWeightLowerBound)
      try giveDocument(bytes, work) { JudgedReport.write(proof.report, plan.map.header, movement, to: &$0) }
    case .several(let document):
      let plan = try GroupPlanReader.read(planSource, for: document)
      let proof = try source.locatingErrors {
        try GroupProof(plan, of: document, DenseGroup(document.group), interrupt: work.interrupt)
      }
      try giveDocument(bytes, work) {
        GroupWriter.write(
          proof.report, headers: plan.maps.map(\.header), of: document, movement: .init(proof), to: &$0)
      }
    }
  }
}

@c @implementation
public func plat_document_apply(
  _ cluster: UnsafePointer<plat_document>?, _ plan: UnsafePointer<plat_document>?, _ options: OpaquePointer?,
  _ control: OpaquePointer?, _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  verb(of: cluster, "cluster", options, control, to: bytes, error) { source, work in
    let planSource = try Input.source(plan, "plan", work)
    let next =
      switch try ClusterReader.readAny(source) {
      case .one(let document): AnyClusterDocument.one(document.applying(try PlanReader.read(planSource, for: document)))
      case .several(let document):
        AnyClusterDocument.several(document.applying(try GroupPlanReader.read(planSource, for: document)))
      }
    try giveDocument(bytes, next.writer(isBinary: work.values.isBinary, allowance: work.allowance))
  }
}

@c @implementation
public func plat_document_route(
  _ cluster: UnsafePointer<plat_document>?, _ map: UnsafePointer<CChar>?, _ keys: UnsafePointer<plat_document>?,
  _ options: OpaquePointer?, _ control: OpaquePointer?, _ bytes: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  verb(of: cluster, "cluster", options, control, to: bytes, error) { source, work in
    let name = try map.map { try CText.read($0, "map") }
    let targets = try RouteWriter.targets(ClusterReader.readAny(source), named: name, source)
    var writer = RouteWriter(targets, allowance: work.allowance)
    try writer.writeLines(of: Input.lines(keys, "keys", work))
    bytes?.pointee = Handle.give(try writer.bytes())
  }
}

@c @implementation
public func plat_document_explain(
  _ plan: UnsafePointer<plat_document>?, _ partition: UInt32, _ options: OpaquePointer?, _ control: OpaquePointer?,
  _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  verb(of: plan, "plan", options, control, to: bytes, error) { source, work in
    let map = try source.locatingErrors { try NamedMap.read(source) }
    guard Int(partition) < map.placement.partitionCount else {
      throw Refusal.argument(
        "partition", found: "\(partition)", expected: "one of \(map.placement.partitionCount), from 0")
    }
    try giveDocument(bytes, work) {
      ExplanationDocument.writeHolders(map, partition: Int(partition), name: "\(partition)", to: &$0)
    }
  }
}

@c @implementation
public func plat_document_compare(
  _ a: UnsafePointer<plat_document>?, _ b: UnsafePointer<plat_document>?, _ cluster: UnsafePointer<plat_document>?,
  _ options: OpaquePointer?, _ control: OpaquePointer?, _ bytes: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  verb(of: a, "a", options, control, to: bytes, error) { source, work in
    let comparison = try DocumentComparison(
      source, Input.source(b, "b", work), cluster: cluster.map { try Input.source($0, "cluster", work) },
      interrupt: work.interrupt)
    try giveDocument(bytes, work) { comparison.write(to: &$0) }
  }
}

@c @implementation
public func plat_document_explain_why(
  _ cluster: UnsafePointer<plat_document>?, _ plan: UnsafePointer<plat_document>?, _ map: UnsafePointer<CChar>?,
  _ partition: UnsafePointer<CChar>?, _ node: UnsafePointer<CChar>?, _ options: OpaquePointer?,
  _ control: OpaquePointer?,
  _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    _ = try Handle.out(bytes, "bytes")
    let work = try Work(options, control)
    let source = try cluster.map { try Input.source($0, "cluster", work) }
    let planSource = try Input.source(plan, "plan", work)
    let mapName = try map.map { try CText.read($0, "map") }
    let name = try CText.read(partition, "partition")
    let node = try node.map { try CText.read($0, "node") }
    guard let source else {
      guard node == nil else { throw Refusal.argument("node", found: "a name", expected: "NULL, or the cluster, too") }
      let map = try planSource.locatingErrors { try NamedMap.read(planSource, named: mapName) }
      let partition = try ExplanationDocument.partition(name, count: map.placement.partitionCount)
      return try giveDocument(bytes, work) {
        ExplanationDocument.writeHolders(map, partition: partition, name: name, mapName: mapName, to: &$0)
      }
    }
    let answer = try ExplanationDocument(
      cluster: source, plan: planSource, map: mapName, partition: name, node: node, interrupt: work.interrupt)
    try giveDocument(bytes, work) { answer.write(to: &$0) }
  }
}

@c @implementation
public func plat_document_whatif(
  _ cluster: UnsafePointer<plat_document>?, _ failures: UnsafePointer<CChar>?, _ options: OpaquePointer?,
  _ control: OpaquePointer?, _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  verb(of: cluster, "cluster", options, control, to: bytes, error, stages: Stages.whatIf) { source, work in
    let report = try WhatIfReport(
      source, failures: [CText.read(failures, "failures")], threads: work.values.threads, interrupt: work.interrupt)
    try giveDocument(bytes, work) { report.write(to: &$0) }
  }
}
