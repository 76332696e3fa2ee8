/// Where plans cannot keep rules that name places.
extension DenseCluster {
  /// `name`: of one of several on the same nodes.
  func refusePlaces(ofMap name: String) throws(PlatError) {
    guard let rule = cluster.settings.places.first else { return }
    throw .unsupported(
      InputError(
        path: "maps.\(name).settings.\(rule.name)", found: "a rule that names places, beside other maps",
        expected: "such rules for one map alone"))
  }

  func refusePlacesBesideWeights() throws(PlatError) {
    guard partitionWeights != nil, !places.bounds.isEmpty, let rule = cluster.settings.places.first else { return }
    throw .unsupported(
      InputError(
        path: "settings.\(rule.name)", found: "a rule about some states or some of the replicas, beside weights",
        expected: "only or never for all states, where partitions differ in weight"))
  }
}
