/// Where plans cannot keep rules that name places.
extension DenseGroup {
  /// What such rules say of single states, or of some of the replicas, is kept where all maps have the same rules.
  func refusePlaces() throws(PlatError) {
    guard let map = clusters.firstIndex(where: { !$0.places.bounds.isEmpty }), !areOfOneShape else { return }
    let name = clusters[map].cluster.settings.places.first?.name ?? "placement"
    throw .unsupported(
      InputError(
        path: "maps.\(group.members[map].name).settings.\(name)",
        found: "a rule about some states or some of the replicas, beside maps with other rules",
        expected: "the same rules for all maps, or only and never for all states"))
  }

  /// The same maps without the rules that name places, but for nodes that are to be emptied.
  var withoutPlaces: DenseGroup { DenseGroup(self, clusters: clusters.map(\.withoutPlaces)) }
}
