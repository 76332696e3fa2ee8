import PlatEngine

/// Makes clusters for tests and benchmarks: `n00000`, `n00001`, … evenly in racks `z0r0`, `z0r1`, … of zones
/// `z0`, `z1`, ….
public enum Generator {
  /// Throws `InputError` for options that make no cluster, `PlatError` where planning its map does.
  /// O(N + P · R), beside planning, which goes by `planning`: its threads, its memory, who may interrupt it.
  public static func make(_ options: GenerateOptions, planning: PlanOptions = PlanOptions()) throws -> ClusterDocument {
    try options.validate()
    let lots = Lots(options)
    var cluster = Cluster(
      settings: settings(options), levels: options.levels, containers: containers(options),
      nodes: nodes(options, lots))
    if options.keyFunction == .range { cluster.ranges = try ranges(options.partitions) }
    cluster.partitionWeights = sizes(options)
    try cluster.validate()
    return ClusterDocument(
      cluster: cluster, map: try MapGenerator(cluster, options, joining: lots.joining, planning).make())
  }

  /// The same with `options.maps` maps. Fresh ones are planned together; of all others, each is made as if it were
  /// alone.
  public static func makeGroup(_ options: GenerateOptions, planning: PlanOptions = PlanOptions()) throws
    -> GroupDocument
  {
    var first = options
    first.map = .none
    var shared = try make(first, planning: planning).cluster
    let ranges = shared.ranges
    (shared.ranges, shared.partitionWeights) = (KeyRanges(), [])
    let members = (0..<options.maps).map { map in
      var own = options
      own.seed = options.seed &+ UInt64(map)
      return ClusterGroup.Member(name: "m\(map)", settings: shared.settings, ranges: ranges, weights: sizes(own))
    }
    let group = ClusterGroup(shared: shared, members: members)
    let joining = Lots(options).joining
    guard options.map == .fresh else {
      let maps = try members.indices.map { index in
        var own = options
        own.seed = options.seed &+ UInt64(index)
        return try MapGenerator(group.cluster(index), own, joining: joining, planning).make()
      }
      return GroupDocument(group: group, maps: maps)
    }
    var well = group
    for node in shared.nodes.indices { well.shared.nodes[node].status = joining.contains(node) ? .leaving : .active }
    let plan = try Planner.plan(DenseGroup(well), from: members.map { _ in nil }, options: planning)
    return GroupDocument(
      group: group,
      maps: plan.plans.map { MapDocument(header: MapHeader(kind: .current, revision: 1), placement: $0.target) })
  }

  /// Which nodes are what.
  private struct Lots {
    var joining: Set<Int>
    var leaving: Set<Int>
    var failed: Set<Int>

    init(_ options: GenerateOptions) {
      var random = SeededRandom(seed: options.seed, for: .statuses)
      var order = random.shuffled(0..<options.nodes)[...]
      joining = Set(order.prefix(options.joining))
      order = order.dropFirst(options.joining)
      leaving = Set(order.prefix(options.leaving))
      failed = Set(order.dropFirst(options.leaving).prefix(options.failed))
    }
  }

  private static func settings(_ options: GenerateOptions) -> Settings {
    let model = options.model
    var constraints = model.states.map(\.defaultCount)
    constraints[0] = options.masters ?? constraints[0]
    constraints[1] = options.slaves ?? constraints[1]
    let placed = model.states.indices.filter { model.states[$0].isPlaced }
    let rules = options.rules.map { rule in
      PlacementRule(
        states: placed, level: options.levels.firstIndex(of: rule.level)!, demand: .atMost(rule.most),
        strength: rule.strength)
    }
    return Settings(
      model: model, keyFunction: options.keyFunction, partitionCount: options.partitions, constraints: constraints,
      placement: rules)
  }

  private static func containers(_ options: GenerateOptions) -> [Container] {
    var containers: [Container] = []
    func addRacks(of nodes: Range<Int>, parent: Int?, prefix: String) {
      for rack in 0..<options.racks {
        containers.append(
          Container(
            name: "\(prefix)r\(rack)", level: parent == nil ? 0 : 1, parent: parent,
            nodes: nodes.part(rack, of: options.racks)))
      }
    }
    let all = 0..<options.nodes
    if options.zones == 0 { addRacks(of: all, parent: nil, prefix: "") }
    for zone in 0..<options.zones {
      let nodes = all.part(zone, of: options.zones)
      containers.append(Container(name: "z\(zone)", level: 0, parent: nil, nodes: nodes))
      addRacks(of: nodes, parent: containers.count - 1, prefix: "z\(zone)")
    }
    return containers
  }

  private static func nodes(_ options: GenerateOptions, _ lots: Lots) -> [Node] {
    let weights = weights(options)
    var capacities = SeededRandom(seed: options.seed, for: .capacities)
    return (0..<options.nodes).map { index in
      var node = Node(name: "n" + padded(index, digits: 5))
      if let weights { node.weight = Quantity(UInt64(weights[index])) }
      if let range = options.capacity { node.capacity = capacities.among(range) }
      if lots.leaving.contains(index) { node.status = .leaving }
      if lots.failed.contains(index) { node.status = .failed }
      return node
    }
  }

  private static func weights(_ options: GenerateOptions) -> [Int]? {
    var random = SeededRandom(seed: options.seed, for: .weights)
    switch options.weights {
    case .equal: return nil
    case .among(let range): return (0..<options.nodes).map { _ in random.among(range) }
    case .zipf: return random.shuffled(1..<options.nodes + 1).map { max(1, 100 / $0) }
    }
  }

  /// Of each partition; none where all are of one size.
  private static func sizes(_ options: GenerateOptions) -> [Quantity] {
    var random = SeededRandom(seed: options.seed, for: .sizes)
    switch options.sizes {
    case .equal: return []
    case .zipf:
      return random.shuffled(0..<options.partitions).map { Quantity(UInt64(max(1, 1_000_000 / ($0 + 1)))) }
    case .inTurn(let sizes): return random.shuffled(0..<options.partitions).map { sizes[$0 % sizes.count] }
    }
  }

  /// Even parts of the space of keys, by their first four bytes.
  private static func ranges(_ count: Int) throws(PlatError) -> KeyRanges {
    func bound(_ partition: Int) -> [UInt8] {
      guard partition > 0, partition < count else { return [] }
      let start = UInt32(partition << 32 / count)
      return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: start >> $0) }
    }
    return try KeyRanges((0..<count).lazy.map { KeyRange(name: "p\($0)", start: bound($0), end: bound($0 + 1)) })
  }

  private static func padded(_ number: Int, digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}

extension Range<Int> {
  /// One of `parts` parts that are as even as may be.
  fileprivate func part(_ index: Int, of parts: Int) -> Range<Int> {
    lowerBound + index * count / parts..<lowerBound + (index + 1) * count / parts
  }
}
