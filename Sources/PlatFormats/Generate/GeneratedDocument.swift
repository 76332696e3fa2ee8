import PlatEngine

/// A generated cluster as its document: what `plat generate` writes.
package enum GeneratedDocument {
  case one(ClusterDocument)
  case several(GroupDocument)

  /// Throws what `Generator` throws.
  package init(_ options: GenerateOptions, planning: PlanOptions = PlanOptions()) throws {
    self =
      options.maps > 0
      ? .several(try Generator.makeGroup(options, planning: planning)) : .one(try Generator.make(options, planning: planning))
  }

  /// The document; one with several maps is never binary.
  package func writer(isBinary: Bool, allowance: Allowance = .unlimited) -> JSONWriter {
    switch self {
    case .one(let document):
      var writer = JSONWriter(
        capacityBytes: ClusterWriter.estimatedBytes(document), isBinary: isBinary, allowance: allowance)
      ClusterWriter.write(document, to: &writer)
      return writer
    case .several(let document):
      var writer = JSONWriter(capacityBytes: GroupWriter.estimatedBytes(document.maps, of: document), allowance: allowance)
      GroupWriter.write(document, to: &writer)
      return writer
    }
  }

  /// The document, for a file at `path`; nil: standard output.
  package func writer(for path: String?) -> JSONWriter { writer(isBinary: JSONWriter.isBinary(path)) }
}
