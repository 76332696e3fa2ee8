/// How many replicas of each partition are asked for, by state (`Settings.constraints`).
extension DenseCluster {
  /// How many replicas of a partition each state that holds data can have: the slots that rows have for it, where need
  /// be less, the last state first.
  static func placeable(_ cluster: Cluster) -> [Int] {
    var counts = zip(cluster.rowSlots, cluster.settings.model.states).map { $1.holdsData ? $0 : 0 }
    guard let most = mostHolders(cluster.settings) else { return counts }
    var tooMany = max(0, counts.reduce(0, +) - most)
    for state in counts.indices.reversed() {
      let less = min(counts[state], tooMany)
      counts[state] -= less
      tooMany -= less
    }
    return counts
  }

  /// What is wanted of states that hold data; 0 of others.
  static func holdingData(_ settings: Settings) -> [Int] {
    zip(settings.constraints, settings.model.states).map { $1.holdsData ? $0 : 0 }
  }
}

extension Settings {
  func validateCounts() throws(InputError) {
    func check(_ holds: Bool, _ path: String, _ found: Any, _ expected: String) throws(InputError) {
      guard holds else { throw InputError(path: path, found: "\(found)", expected: expected) }
    }
    try check(
      constraints.count == model.states.count, "settings.constraints", constraints.count,
      "a count for each of the \(model.states.count) states")
    for (count, state) in zip(constraints, model.states) {
      try check(
        (0...Limits.nodes).contains(count), "settings.constraints.\(state.name)", count, "0 to \(Limits.nodes) nodes")
      try check(
        count == 0 || state.isPlaced, "settings.constraints.\(state.name)", count,
        "0: nothing is asked to stay \(state.name)")
    }
    try model.validate(counts: constraints) { "settings.constraints.\(model.states[$0].name)" }
    let replicas = constraints.reduce(0, +)
    try check(
      replicas * partitionCount <= Limits.slots, "settings.constraints", "\(replicas) replicas",
      "at most \(Limits.slots) replicas in all")
  }
}
