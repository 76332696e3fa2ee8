/// Of one partition's replicas in `states`, at most `most` in one container of `level`.
///
///     { "level": "zone", "states": ["master", "slave"], "atMost": 1 }
struct AtMost: ContainerRule {
  let index: Int
  let states: [Int]
  let level: Int
  let strength: Strength
  let most: Int
  var count: Int { most }

  init?(_ rule: PlacementRule, index: Int) {
    guard case .atMost(let most) = rule.demand else { return nil }
    (self.index, states, level, strength, self.most) = (index, rule.states, rule.level, rule.strength, most)
  }

  func validate(_ path: String, in model: StateModel) throws(InputError) {
    guard (0...Limits.nodes).contains(most) else {
      throw InputError(path: "\(path).atMost", found: "\(most)", expected: "0 to \(Limits.nodes)")
    }
  }

  func isPlainCap(of wanted: [Int]) -> Bool {
    wanted.indices.allSatisfy { wanted[$0] == 0 || states.contains($0) }
  }
}
