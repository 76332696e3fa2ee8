/// What a document says about a map beside its holders.
public struct MapHeader: Equatable, Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case current
    case target
  }
  public var kind: Kind
  /// Counts up by one for every map made from it.
  public var revision: UInt64
  /// For a target: the revision of the map that it was made from.
  public var basedOn: UInt64?

  public init(kind: Kind, revision: UInt64, basedOn: UInt64? = nil) {
    self.kind = kind
    self.revision = revision
    self.basedOn = basedOn
  }
}
