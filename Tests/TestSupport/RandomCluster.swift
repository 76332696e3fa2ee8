import PlatEngine

/// Random clusters for property tests: few nodes, and every shape that the documents allow.
public enum RandomCluster {
  public enum Size: Sendable {
    /// At most 5 nodes and 5 partitions: small enough to try everything.
    case tiny
    /// At most 24 nodes and 64 partitions.
    case small
    /// At most 60 nodes and 400 partitions.
    case medium

    var nodes: ClosedRange<Int> {
      switch self {
      case .tiny: 1...5
      case .small: 1...24
      case .medium: 6...60
      }
    }

    var partitions: ClosedRange<Int> {
      switch self {
      case .tiny: 1...5
      case .small: 1...64
      case .medium: 40...400
      }
    }
  }

  /// What a test does not want to see. As it stands: nothing is left out.
  public struct Shape: Sendable {
    /// At least one level, and just one rule: hard, over all states, at one of the levels.
    public var oneHardLevel = false
    public var equalWeights = false
    public var noCapacities = false
    /// Every node is active.
    public var allActive = false
    public var noMaintenance = false
    public var noSoftRules = false
    public var noHardRules = false
    /// Rules speak about all states that are wanted, never about some of them.
    public var rulesOverAllStates = false
    public var masterSlaveOnly = false
    /// A near rule of this strength besides the others, where there is a level.
    public var near: Strength?
    /// Leave nil for the built-in models; else this one, with at most so many nodes in each of its states.
    public var model: StateModel?
    public var mostOfState: [Int] = []
    /// Leave nil for any; else only these kinds of current maps.
    public var currentMaps: [CurrentMap]?
    /// Leave nil for what the size says.
    public var nodes: ClosedRange<Int>?
    public var partitions: ClosedRange<Int>?

    public init() {}

    public init(_ change: (inout Shape) -> Void) { change(&self) }
  }

  /// A valid cluster and its current map (nil: fresh), the same for the same arguments.
  public static func make(
    seed: UInt64, size: Size = .small, shape: Shape = Shape()
  ) -> (cluster: Cluster, current: PlacementMap?) {
    var random = SplitMix64(seed: seed)
    let nodeRange = shape.nodes ?? size.nodes
    let nodeCount = max(random.among(nodeRange), random.among(nodeRange))  // rather many than few
    var settings = randomSettings(&random, partitions: random.among(shape.partitions ?? size.partitions), shape)
    let levels = random.among((shape.oneHardLevel ? 1 : 0)...3)
    settings.placement = randomRules(&random, settings: settings, levels: levels, shape)
    if let strength = shape.near, levels > 0 {
      settings.placement.append(
        PlacementRule(
          states: [1], level: random.below(levels), demand: .near(of: 0, atLeast: random.pick([1, 1, 1, 2, 3])),
          strength: strength))
    }
    var cluster = Cluster(
      settings: settings, levels: Array(["zone", "cage", "shelf"].suffix(levels)),
      containers: randomTree(&random, nodeCount: nodeCount, levels: levels),
      nodes: (0..<nodeCount).map { Node(name: "n\($0)") })
    setWeights(&random, &cluster, shape)
    setCapacities(&random, &cluster, shape)
    setStatuses(&random, &cluster, shape)
    let kind = random.pick(shape.currentMaps ?? CurrentMap.allCases)
    return (cluster, kind.make(cluster, &random))
  }

  private static func randomSettings(_ random: inout SplitMix64, partitions: Int, _ shape: Shape) -> Settings {
    if let model = shape.model {
      let constraints = shape.mostOfState.enumerated().map { $0 == 0 ? $1 : random.among(0...$1) }
      return Settings(model: model, partitionCount: partitions, constraints: constraints)
    }
    if shape.masterSlaveOnly || random.chance(3, 4) {
      let masters = random.chance(1, 30) ? 0 : 1
      let slaves = random.pick([0, 1, 1, 2, 2, 2, 3, 4])
      return Settings(model: .masterSlave, partitionCount: partitions, constraints: [masters, slaves, 0, 0])
    }
    let constraints = [random.among(1...3), random.among(0...2), 0, 0]
    return Settings(model: .multiMaster, partitionCount: partitions, constraints: constraints)
  }

  private static func randomRules(
    _ random: inout SplitMix64, settings: Settings, levels: Int, _ shape: Shape
  ) -> [PlacementRule] {
    guard levels > 0 else { return [] }
    let strengths = (shape.noHardRules ? [] : [Strength.hard]) + (shape.noSoftRules ? [] : [.soft])
    guard shape.oneHardLevel || !strengths.isEmpty else { return [] }
    return (0..<(shape.oneHardLevel ? 1 : random.among(0...3))).map { _ in
      let placed = settings.model.states.indices.filter { settings.model.states[$0].isPlaced }
      let someStates = !shape.oneHardLevel && !shape.rulesOverAllStates && random.chance(1, 4)
      return PlacementRule(
        states: someStates ? [random.below(placed.count)] : placed, level: random.below(levels),
        demand: .atMost(random.chance(1, 30) ? 0 : random.pick([1, 1, 1, 1, 2, 2, 3])),
        strength: shape.oneHardLevel ? .hard : random.pick(strengths))
    }
  }

  /// Containers of uneven sizes, down to one node or all of them.
  private static func randomTree(_ random: inout SplitMix64, nodeCount: Int, levels: Int) -> [Container] {
    var containers: [Container] = []
    func split(_ nodes: Range<Int>, level: Int, parent: Int?, name: String) {
      guard level < levels else { return }
      let most = random.chance(1, 4) ? nodes.count : (nodes.count + 1) / 2
      let pieces = random.among(1...max(1, min(most, level == 0 ? 8 : 4)))
      let isEven = random.chance(1, 3)
      let cuts = isEven
        ? (1..<pieces).map { nodes.lowerBound + $0 * nodes.count / pieces }
        : random.shuffled(Array(nodes.dropFirst())).prefix(pieces - 1).sorted()
      for (index, (from, to)) in zip([nodes.lowerBound] + cuts, cuts + [nodes.upperBound]).enumerated() {
        let own = parent == nil ? "c\(index)" : "\(name).\(index)"
        containers.append(Container(name: own, level: level, parent: parent, nodes: from..<to))
        split(from..<to, level: level + 1, parent: containers.count - 1, name: own)
      }
    }
    split(0..<nodeCount, level: 0, parent: nil, name: "")
    return containers
  }
}
