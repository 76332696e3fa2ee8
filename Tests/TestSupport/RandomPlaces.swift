import PlatEngine

/// Random rules that name places, and whether a row keeps them: node by node, from what the rules say.
public enum RandomPlaces {
  /// Gives nodes tags, and adds one to three rules.
  public static func add(to cluster: inout Cluster, _ random: inout SplitMix64, hardOnly: Bool = false) {
    for node in cluster.nodes.indices {
      cluster.nodes[node].tags = ["ssd", "hdd", "edge"].filter { _ in random.chance(1, 2) }
    }
    let known = Set(cluster.nodes.flatMap(\.tags))
    let model = cluster.settings.model
    let placed = model.states.indices.filter { model.states[$0].isPlaced }
    let first = cluster.settings.placement.count
    for _ in 0..<random.among(1...3) {
      let states = random.chance(1, 2) ? placed : [random.pick(placed)]
      let wanted = states.reduce(0) { $0 + cluster.settings.constraints[$1] }
      let atLeast = random.among(0...max(1, wanted))
      let demand: PlaceRule.Demand = random.pick([
        .only, .never, .within(atLeast: atLeast, atMost: nil),
        .within(atLeast: nil, atMost: random.among(0...max(1, wanted))),
        .within(atLeast: atLeast, atMost: atLeast + random.among(0...1)),
      ])
      let rule = PlaceRule(
        states: states, demand, selector(&random, cluster, known.sorted(), depth: 1),
        strength: hardOnly || random.chance(3, 4) ? .hard : .soft, position: first + cluster.settings.places.count)
      // One that asks for what nobody is would be refused.
      if cluster.nodes.indices.contains(where: { means(rule.selector, $0, cluster) }) {
        cluster.settings.places.append(rule)
      }
    }
  }

  private static func selector(
    _ random: inout SplitMix64, _ cluster: Cluster, _ tags: [String], depth: Int
  ) -> Selector {
    while true {
      var selector = Selector()
      if !tags.isEmpty, random.chance(1, 2) { selector.tags = Array(random.shuffled(tags).prefix(random.among(1...2))) }
      if random.chance(1, 3) {
        selector.nodes = random.shuffled(cluster.nodes.map(\.name)).prefix(random.among(1...3)).map { $0 }
      }
      if !cluster.containers.isEmpty, random.chance(1, 2) {
        let index = random.below(cluster.containers.count)
        selector.containers = [random.chance(1, 2) ? cluster.containers[index].name : path(cluster, index)]
      }
      if depth > 0, random.chance(1, 4) { selector.not = [self.selector(&random, cluster, tags, depth: depth - 1)] }
      if selector != Selector() { return selector }
    }
  }

  private static func path(_ cluster: Cluster, _ index: Int) -> String {
    let own = cluster.containers[index]
    return own.parent.map { path(cluster, $0) + "/" + own.name } ?? own.name
  }

  public static func means(_ selector: Selector, _ node: Int, _ cluster: Cluster) -> Bool {
    let about = cluster.nodes[node]
    let isTagged = selector.tags.isEmpty || !Set(selector.tags).isDisjoint(with: about.tags)
    let isNamed = selector.nodes.isEmpty || selector.nodes.contains(about.name)
    let isInside = selector.containers.isEmpty
      || cluster.containers.indices.contains { index in
        cluster.containers[index].nodes.contains(node)
          && (selector.containers.contains(cluster.containers[index].name)
            || selector.containers.contains(path(cluster, index)))
      }
    return isTagged && isNamed && isInside && !selector.not.contains { means($0, node, cluster) }
  }

  /// Breaches of one rule by a row: replicas too many there, or too few.
  public static func excess(_ rule: PlaceRule, _ cluster: Cluster, _ row: [[Int]]) -> Int {
    let nodes = rule.states.flatMap { row[$0] }
    let inside = nodes.count { means(rule.selector, $0, cluster) }
    switch rule.demand {
    case .only: return nodes.count - inside
    case .never: return inside
    case .within(let atLeast, let atMost):
      if let atMost, inside > atMost { return inside - atMost }
      let all = rule.states.reduce(0) { $0 + cluster.settings.constraints[$1] }
      return max(0, min(atLeast ?? 0, all) - inside - max(0, all - nodes.count))
    }
  }

  /// The row keeps all hard ones.
  public static func areMet(_ cluster: Cluster, _ row: [[Int]]) -> Bool {
    cluster.settings.places.allSatisfy { $0.strength == .soft || excess($0, cluster, row) == 0 }
  }
}
