/// Of one partition's replicas in `states`, at least `atLeast`, or all that are placed, share a container of `level`
/// with the replica in state `of`.
///
///     { "level": "zone", "states": ["slave"], "near": "master", "atLeast": 1 }
struct Near: ContainerRule {
  let index: Int
  let states: [Int]
  let level: Int
  let strength: Strength
  let of: Int
  let atLeast: Int
  var count: Int { atLeast }
  var anchor: Int? { of }

  init?(_ rule: PlacementRule, index: Int) {
    guard case .near(let of, let atLeast) = rule.demand else { return nil }
    self.init(index: index, states: rule.states, level: rule.level, strength: rule.strength, of: of, atLeast: atLeast)
  }

  private init(index: Int, states: [Int], level: Int, strength: Strength, of: Int, atLeast: Int) {
    (self.index, self.states, self.level, self.strength) = (index, states, level, strength)
    (self.of, self.atLeast) = (of, atLeast)
  }

  func validate(_ path: String, in model: StateModel) throws(InputError) {
    guard model.states.indices.contains(of) else {
      throw InputError(path: "\(path).near", found: "\(of)", expected: "one of the states of \(model.name)")
    }
    guard (0...Limits.nodes).contains(atLeast) else {
      throw InputError(path: "\(path).atLeast", found: "\(atLeast)", expected: "0 to \(Limits.nodes)")
    }
  }

  /// The same rule as one about who is near to the first state, where it can be said so: that the one master is near to
  /// a slave is that a slave is near to the master. `wanted`: nodes that each partition should have in each state.
  func fromFirstState(_ wanted: [Int]) -> Near {
    guard of > 0, wanted[0] == 1, atLeast > 0 else { return self }
    let others = states.filter { $0 > 0 && wanted[$0] > 0 }
    // Those of the other state are near to themselves: all are asked for, or the master alone.
    guard states.contains(0), others.isEmpty || others == [of] && atLeast > wanted[of] else { return self }
    return Near(index: index, states: [of], level: level, strength: strength, of: 0, atLeast: 1)
  }

  /// Those about who is near to the first state, as far as rules can be said so, in the order of the settings.
  static func ofFirstState(_ cluster: DenseCluster, _ wanted: [Int]) -> [Near] {
    cluster.cluster.settings.rules(Near.self).map { $0.fromFirstState(wanted) }.filter { $0.of == 0 }
  }
}

extension DenseCluster {
  var hasHardNearRule: Bool { cluster.settings.rules(Near.self).contains { $0.strength == .hard } }
}
