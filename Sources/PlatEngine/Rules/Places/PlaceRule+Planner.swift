extension DenseGroup {
  /// The same maps without the rules that name places, but for nodes that are to be emptied.
  var withoutPlaces: DenseGroup { DenseGroup(self, clusters: clusters.map(\.withoutPlaces)) }
}
