import PlatEngine

/// What can go wrong.
public enum FaultKind: String, CaseIterable, Sendable {
  // Of each message: a probability.
  case loss, late, duplicate, reorder
  // Of a run: how often it is to be expected.
  case crash, orchestratorCrash, rival, cutNode, cutZone, slowDisk, fullDisk, clockJump, upgrade, join, die

  public var isOfMessages: Bool { rawIndex < 4 }

  public var rawIndex: Int { FaultKind.allCases.firstIndex(of: self)! }

  public var text: String {
    switch self {
    case .loss: "a message is lost"
    case .late: "a message comes hundreds of ticks late"
    case .duplicate: "a message comes twice"
    case .reorder: "a message is overtaken by later ones"
    case .crash: "a node crashes, also between two writes to its disk, and restarts"
    case .orchestratorCrash: "the orchestrator crashes; another takes over"
    case .rival: "another orchestrator takes over while the first still runs"
    case .cutNode: "a node is cut off from all others, or from the orchestrators only"
    case .cutZone: "a container of the outermost level is cut off"
    case .slowDisk: "a node's disk is slow"
    case .fullDisk: "a node's disk is full for a while"
    case .clockJump: "an orchestrator's clock jumps, forth or back"
    case .upgrade: "all nodes restart, one after the other"
    case .join: "a node comes only in the middle of the change"
    case .die: "a node is lost for good, with its disk"
    }
  }
}

/// How often each kind happens, in millionths.
public struct FaultRates: Sendable {
  private var rates: [Int]

  public static let none = FaultRates(rates: Array(repeating: 0, count: FaultKind.allCases.count))

  /// All of them.
  public static let usual: FaultRates = {
    var rates = FaultRates.none
    let usual: [FaultKind: Int] = [
      .loss: 20_000, .late: 10_000, .duplicate: 20_000, .reorder: 50_000, .crash: 1_200_000, .orchestratorCrash: 500_000,
      .rival: 300_000, .cutNode: 600_000, .cutZone: 300_000, .slowDisk: 500_000, .fullDisk: 300_000, .clockJump: 400_000,
      .upgrade: 150_000, .join: 200_000, .die: 250_000,
    ]
    for (kind, rate) in usual { rates[kind] = rate }
    return rates
  }()

  public subscript(kind: FaultKind) -> Int {
    get { rates[kind.rawIndex] }
    set { rates[kind.rawIndex] = newValue }
  }
}

/// What is simulated: a cluster on its way from one map to another.
public struct SimulationCase: Sendable {
  public let cluster: DenseCluster
  let current: PlacementMap?
  let target: PlacementMap
  /// Of the map at the beginning.
  let revision: UInt64
  let rules: ExecutionRules
  let hadHolders: [Bool]
  let limits: MovementLimits

  public init(_ cluster: DenseCluster, from current: PlacementMap?, to target: PlacementMap, revision: UInt64) {
    self.cluster = cluster
    self.current = current
    self.target = target
    self.revision = max(1, min(revision, 1 << 62))
    let rules = ExecutionRules(cluster.cluster.settings.model)
    self.rules = rules
    limits = MovementLimits(cluster)
    let slots = current.map { map in map.stateOfSlot.indices.filter { rules.holdsData(StateIndex(map.stateOfSlot[$0])) } } ?? []
    hadHolders = (0..<cluster.partitionCount).map { partition in
      guard let current, partition < current.partitionCount else { return false }
      return slots.contains { current.row(partition)[$0] != .none }
    }
  }
}
