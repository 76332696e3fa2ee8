/// Rules that name places, for plans of several maps.
extension DenseGroup {
  var hasPlaces: Bool { clusters.contains { !$0.places.bounds.isEmpty } }

  /// The same maps without them, but for nodes that are to be emptied.
  var withoutPlaces: DenseGroup { DenseGroup(self, clusters: clusters.map(\.withoutPlaces)) }
}
