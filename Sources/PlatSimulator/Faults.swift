import PlatEngine

/// What can go wrong.
public enum FaultKind: String, CaseIterable, Sendable {
  // Of each message: a probability.
  case loss, late, duplicate, reorder
  // Of a run: how often it is to be expected.
  case crash, orchestratorCrash, rival, cutNode, cutZone, slowDisk, fullDisk, clockJump, upgrade, join, die, falseAlarm
  // Of disks: only where another complete copy is left.
  case wipe, swapDisks, setBack
  /// Of lives of several changes.
  case oldPlan
  // What people do, and what they get wrong.
  case pause, cancel, wrongMap
  case stop, pausePersistence, pauseReplication
  // Of the network, of processes, of the journal.
  case latency, cutOneWay, cutPair, stopNode, stopOrchestrator, journalOutage, lostAnswer, journalLimit

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
    case .upgrade:
      "all nodes restart in turn, with a newer version or the older one again; half of them begin with the older one"
    case .join: "a node comes only in the middle of the change"
    case .die: "a node is lost for good, with its disk"
    case .falseAlarm: "the orchestrator is told that a node is lost, whether it is or not"
    case .wipe: "a node's disk is wiped; the node starts on an empty one"
    case .swapDisks: "two nodes start with each other's disks, which they refuse; both start on empty ones"
    case .setBack: "a node's disk is set back to what it was a while ago"
    case .oldPlan: "somebody begins with a plan from a map of long ago (with --lives)"
    case .pause: "the orchestrator is paused for a while"
    case .cancel: "the change is called off"
    case .latency: "each pair of processes has a latency of its own, each way, from now on"
    case .cutOneWay: "a process does not hear another one, which hears it"
    case .cutPair:
      "two processes hear nothing of each other, though both hear the others; or the orchestrators hear one node only"
    case .stopNode: "a node's process stands still for a while, and then goes on"
    case .stopOrchestrator: "the orchestrator's process stands still for a while; another may take over meanwhile"
    case .journalOutage: "the journal cannot be reached for a while"
    case .lostAnswer: "the answer of a compare-and-swap is lost, mostly of one that was done"
    case .journalLimit: "from now on the journal's store refuses values of more than 512 KiB"
    case .wrongMap: "a node is given a map that is older than its own, or another of the same revision"
    case .stop: "a replica is stopped, or left warming or cooling, for a while"
    case .pausePersistence: "a replica's writes to disk are paused for a while"
    case .pauseReplication: "what a replica's node sends and takes of writes is paused for a while"
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
      .loss: 20_000, .late: 10_000, .duplicate: 20_000, .reorder: 50_000, .crash: 1_200_000,
      .orchestratorCrash: 500_000,
      .rival: 300_000, .cutNode: 600_000, .cutZone: 300_000, .slowDisk: 500_000, .fullDisk: 300_000,
      .clockJump: 400_000,
      .upgrade: 300_000, .join: 200_000, .die: 250_000, .falseAlarm: 200_000, .pause: 300_000, .cancel: 60_000,
      .wrongMap: 1_000_000,
      .stop: 400_000, .pausePersistence: 300_000, .pauseReplication: 300_000,
      .latency: 300_000, .cutOneWay: 400_000, .cutPair: 400_000, .stopNode: 400_000, .stopOrchestrator: 200_000,
      .journalOutage: 200_000,
      .lostAnswer: 400_000, .journalLimit: 300_000,
      .oldPlan: 1_000_000, .wipe: 100_000, .swapDisks: 50_000, .setBack: 150_000,
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
  /// Those that the cluster's partitions are of, where they are several.
  let maps: JoinedMaps?
  let beginning: Beginning
  let target: PlacementMap
  let rules: ExecutionRules
  let hadHolders: [Bool]
  let limits: MovementLimits
  let names: WireNames
  /// Of the model's requests.
  let kinds: [StateModel.RequestKind]
  /// The map that the change leads to.
  let goal: MapStamp

  /// `revision`: of the map at the beginning.
  public init(
    _ cluster: DenseCluster, from current: PlacementMap?, to target: PlacementMap, maps: JoinedMaps? = nil,
    revision: UInt64
  ) throws(InputError) {
    (self.cluster, self.maps) = (cluster, maps)
    self.target = target
    beginning = Beginning(cluster, map: current, revision: revision)
    rules = ExecutionRules(cluster.cluster.settings.model, minInSync: cluster.cluster.config.minInSync)
    hadHolders = beginning.hadHolders
    limits = MovementLimits(cluster)
    names = try WireNames(cluster)
    kinds = cluster.cluster.settings.model.requests
    goal = MapStamp(revision: beginning.revision + 1, digest: target.digest(of: cluster.cluster))
  }
}
