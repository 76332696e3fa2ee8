import PlatEngine

/// Weights, capacities and statuses: mostly plain, sometimes strange.
extension RandomCluster {
  static func setWeights(_ random: inout SplitMix64, _ cluster: inout Cluster, _ shape: Shape) {
    guard !shape.equalWeights, random.chance(2, 5) else { return }
    let choice = random.pick([["1", "2", "3"], ["1", "3/2", "0.25", "2"], ["1", "1000"], ["0", "1", "1"], ["7"]])
    for node in cluster.nodes.indices { cluster.nodes[node].weight = Quantity(random.pick(choice))! }
  }

  static func setCapacities(_ random: inout SplitMix64, _ cluster: inout Cluster, _ shape: Shape) {
    guard !shape.noCapacities, random.chance(3, 10) else { return }
    let partitions = cluster.settings.partitionCount
    let replicas = partitions * cluster.settings.constraints.reduce(0, +)
    if random.chance(1, 3) {  // some nodes are bounded, anyhow
      for node in cluster.nodes.indices where random.chance(1, 2) {
        cluster.nodes[node].capacity = random.among(0...(2 * partitions))
      }
      return
    }
    // All nodes are bounded, unevenly, and together they hold just what is wanted, or a little less.
    var left = random.chance(1, 2) ? replicas : replicas - random.among(0...max(1, replicas / 4))
    var capacities = [Int](repeating: 0, count: cluster.nodes.count)
    for node in random.shuffled(Array(capacities.indices)) {
      capacities[node] = min(partitions, left, random.among(0...(2 * replicas / capacities.count + 1)))
      left -= capacities[node]
    }
    for node in capacities.indices {
      let more = min(partitions - capacities[node], max(left, 0))
      capacities[node] = max(capacities[node] + more, 0)
      left -= more
    }
    for node in capacities.indices { cluster.nodes[node].capacity = capacities[node] }
  }

  static func setStatuses(_ random: inout SplitMix64, _ cluster: inout Cluster, _ shape: Shape) {
    guard !shape.allActive, random.chance(9, 20) else { return }
    let statuses = [Node.Status.leaving, .failed] + (shape.noMaintenance ? [] : [.maintenance])
    if random.chance(1, 30) {
      let status = random.pick(statuses)
      for node in cluster.nodes.indices { cluster.nodes[node].status = status }
      return
    }
    let (numerator, denominator) = random.pick([(1, 3), (1, 6), (1, 12)])
    for node in cluster.nodes.indices where random.chance(numerator, denominator) {
      cluster.nodes[node].status = random.pick(statuses)
    }
  }

  /// The cluster and its map in a few lines, for the message of a failure.
  public static func describe(_ cluster: Cluster, _ current: PlacementMap?) -> String {
    let settings = cluster.settings
    let rules = settings.placement.map { rule in
      let states = rule.states.map { settings.model.states[$0].name }.joined(separator: "+")
      return "\(rule.strength.rawValue) \(states) \(rule.demand) in a \(cluster.levels[rule.level])"
    }
    let nodes = cluster.nodes.map { node in
      node.name + (node.weight == .one ? "" : " ×\(node.weight)") + (node.capacity.map { " ≤\($0)" } ?? "")
        + (node.status == .active ? "" : " \(node.status.rawValue)")
    }
    let containers = cluster.levels.indices.map { level in
      let members = cluster.containers.filter { $0.level == level }
      return "\(cluster.levels[level]) " + members.map { "\($0.nodes)" }.joined(separator: " ")
    }
    let counts = zip(settings.model.states, settings.constraints).map { "\($1) \($0.name)" }.prefix(2)
    let rows = current.map { map in
      map.rows.prefix(24).map { row in row.map { $0.map(String.init).joined(separator: ",") }.joined(separator: "|") }
    }
    return """
      \(settings.model.name) \(settings.partitionCount) partitions × \(counts.joined(separator: " ")); \
      rules: \(rules.isEmpty ? "none" : rules.joined(separator: "; "))
      nodes: \(nodes.joined(separator: ", "))
      tree: \(containers.isEmpty ? "none" : containers.joined(separator: "; "))
      map: \(rows.map { $0.joined(separator: "  ") + ($0.count < settings.partitionCount ? " …" : "") } ?? "none")
      """
  }
}
