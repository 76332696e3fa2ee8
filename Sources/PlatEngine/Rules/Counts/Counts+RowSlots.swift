extension Cluster {
  /// For each state, how many slots a row of a map has for it: what is wanted, as far as nodes can be in them. No state
  /// has more nodes than there are, so slots beyond are never filled; a few are left, so that a small cluster in a
  /// shortage, or one that has no nodes yet, has rows of the shape that was asked for.
  public var rowSlots: [Int] { settings.constraints.map { min($0, max(nodes.count, Limits.emptySlots)) } }
}

extension Limits {
  /// Slots of a state that a row has even where there are fewer nodes. What is wanted beyond both costs nothing.
  public static let emptySlots = 16
}
