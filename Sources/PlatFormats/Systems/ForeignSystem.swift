import PlatEngine

/// The systems whose documents Plat takes and gives, and its own documents in the other form.
package enum ForeignSystem: String, CaseIterable, Sendable {
  case plat
  case couchbase
  case kafka

  /// What an import may be told beside the document; each goes with some systems only.
  package struct Options: Sendable {
    package var rule = ImportedRule.automatic
    /// Of Kafka: how many replicas each partition is to get; nil: as many as it has.
    package var replication: Int?

    package init(rule: ImportedRule = .automatic, replication: Int? = nil) {
      (self.rule, self.replication) = (rule, replication)
    }
  }

  /// A document as a cluster document. `racks`: of Kafka, which rack each broker is in.
  package func read(
    _ source: DocumentSource, racks: DocumentSource?, options: Options
  ) throws -> (document: AnyClusterDocument, warnings: [String]) {
    try source.locatingErrors {
      switch self {
      case .plat: return (try ClusterReader.readAny(source), [])
      case .couchbase:
        let imported = try CouchbaseImport.read(source, rule: options.rule)
        return (.one(imported.document), imported.warnings)
      case .kafka:
        let imported = try KafkaImport.read(
          source, racks: racks.map { try KafkaRacks(reading: $0) }, rule: options.rule, replication: options.replication
        )
        return (.several(imported.document), imported.warnings)
      }
    }
  }

  /// A document as a cluster of one map; one that needs several is refused.
  package func readOne(_ source: DocumentSource, racks: DocumentSource?, rule: ImportedRule) throws -> ImportedCluster {
    try source.locatingErrors {
      switch self {
      case .plat: ImportedCluster(document: try ClusterReader.read(source), warnings: [])
      case .couchbase: try CouchbaseImport.read(source, rule: rule)
      case .kafka: try KafkaImport.readOne(source, racks: racks.map { try KafkaRacks(reading: $0) }, rule: rule)
      }
    }
  }

  /// Maps as a document; not of `plat`, whose documents stay what they are. A system whose documents are about one map
  /// refuses several.
  package func write(_ maps: NamedMaps, to writer: inout JSONWriter) throws {
    switch self {
    case .plat: break
    case .couchbase: try CouchbaseExport.write(maps.only(), to: &writer)
    case .kafka: try KafkaExport.write(maps, to: &writer)
    }
  }
}
