import PlatEngine

extension WhatIfReport {
  /// What failures do to the cluster of a document, with one map or several. `failures`: what `--fail` says, one after
  /// the other.
  package init(
    _ source: DocumentSource, failures: [String], threads: Int, interrupt: Interrupt? = nil
  ) throws {
    switch try ClusterReader.readAny(source) {
    case .one(let document):
      guard let map = document.map else {
        throw source.error(InputError(path: "", found: "no map", expected: "a cluster with a map"))
      }
      let cases = try failures.flatMap { try FailureNames.cases($0, of: document.cluster) }
      let report = try source.locatingErrors {
        try WhatIfReport(
          cases: cases,
          outcomes: WhatIf.run(
            DenseCluster(document.cluster), current: map.placement, cases: cases, threads: threads, interrupt: interrupt
          ))
      }
      self = report
      cluster =
        "a cluster of \(document.cluster.settings.partitionCount) partitions on \(document.cluster.nodes.count) nodes"
    case .several(let document):
      let cases = try failures.flatMap { try FailureNames.cases($0, of: document.group.shared) }
      let report = try source.locatingErrors {
        try WhatIfReport(
          cases: cases,
          outcomes: WhatIf.run(
            DenseGroup(document.group), currents: document.everyMap().map(\.placement), cases: cases, threads: threads,
            interrupt: interrupt),
          of: document.group)
      }
      self = report
      let partitions = document.group.members.reduce(0) { $0 + $1.settings.partitionCount }
      cluster =
        "a cluster of \(document.maps.count) maps of \(partitions) partitions on \(document.group.shared.nodes.count) nodes"
    }
  }
}
