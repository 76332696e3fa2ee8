import PlatEngine

/// The systems whose documents Plat takes and gives, and its own documents in the other form.
package enum ForeignSystem: String, CaseIterable, Sendable {
  case plat
  case couchbase
  case kafka

  /// A document as a cluster. `racks`: of Kafka, which rack each broker is in.
  package func read(_ source: DocumentSource, racks: DocumentSource?, rule: ImportedRule) throws -> ImportedCluster {
    try source.locatingErrors {
      switch self {
      case .plat: ImportedCluster(document: try ClusterReader.read(source), warnings: [])
      case .couchbase: try CouchbaseImport.read(source, rule: rule)
      case .kafka: try KafkaImport.read(source, racks: racks.map { try KafkaRacks(reading: $0) }, rule: rule)
      }
    }
  }

  /// A map as a document; not of `plat`, whose documents stay what they are.
  package func write(_ map: NamedMap, to writer: inout JSONWriter) throws {
    switch self {
    case .plat: break
    case .couchbase: try CouchbaseExport.write(map, to: &writer)
    case .kafka: try KafkaExport.write(map, to: &writer)
    }
  }
}
