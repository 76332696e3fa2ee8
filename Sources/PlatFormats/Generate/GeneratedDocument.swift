import PlatEngine

/// A generated cluster as its document: what `plat generate` writes.
package enum GeneratedDocument {
  /// Throws what `Generator` throws.
  package static func make(_ options: GenerateOptions, planning: PlanOptions = PlanOptions()) throws
    -> AnyClusterDocument
  {
    options.maps > 0
      ? .several(try Generator.makeGroup(options, planning: planning))
      : .one(try Generator.make(options, planning: planning))
  }
}
