/// The states that a partition may have on a node, most important first, and how a node goes from one to another.
///
/// The first state leads: it is what `master` is in the built-in models. Nodes in maintenance are not in it, fan-out
/// counts from it, and without a node in it a partition's health is red.
public struct StateModel: Equatable, Sendable {
  public struct State: Equatable, Sendable {
    public var name: String
    /// How many nodes hold each partition in this state when `constraints` do not say.
    public var defaultCount: Int
    /// A node in this state holds the partition's data.
    public var holdsData: Bool
    /// `constraints` may ask for it. `pending` and `dead` are passed through on the way, never asked for.
    public var isPlaced: Bool
    /// The requests that a node in this state answers.
    public var serves: Requests
    /// States (indices, ascending) that no other node may have for the partition at the same time. Of two states it is
    /// enough that one names the other.
    public var excludes: [Int]

    public init(
      name: String, defaultCount: Int, holdsData: Bool, isPlaced: Bool, serves: Requests = [], excludes: [Int] = []
    ) {
      self.name = name
      self.defaultCount = defaultCount
      self.holdsData = holdsData
      self.isPlaced = isPlaced
      self.serves = serves
      self.excludes = excludes
    }
  }

  /// Kinds of requests, a bit each, in the order of `StateModel.requests`.
  public struct Requests: OptionSet, Hashable, BitwiseCopyable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    public static let read = Requests(rawValue: 1)
    public static let write = Requests(rawValue: 2)
    /// Those that every model has.
    public static let usual: Requests = [.read, .write]

    /// The kind at this place in `StateModel.requests`.
    public static func kind(_ place: Int) -> Requests { Requests(rawValue: UInt8(1) << place) }
    /// All of so many kinds.
    public static func first(_ count: Int) -> Requests {
      (0..<count).reduce(into: []) { $0.insert(kind($1)) }
    }
  }

  /// A kind of request that a model names. One that writes goes into the partition's log; any other is answered as
  /// reads are.
  public struct RequestKind: Hashable, Sendable {
    public var name: String
    public var writes: Bool

    public init(_ name: String, writes: Bool = false) {
      self.name = name
      self.writes = writes
    }
  }

  /// The kinds of every model, first in each; a set of kinds has a byte.
  public static let usualRequests = [RequestKind("read"), RequestKind("write", writes: true)]
  public static let mostRequests = 8

  public var name: String
  public var requests: [RequestKind]
  public var states: [State]
  /// How a node goes from state to state by itself.
  public var alone: TransitionTable
  /// And while another node takes over from it, or it from another, in one exchange.
  public var takeover: TransitionTable

  /// Tables that are left out are those of `TransitionTable.standard`.
  /// `requests`: kinds beside `usualRequests`.
  public init(
    name: String, requests: [RequestKind] = [], states: [State], alone: TransitionTable? = nil,
    takeover: TransitionTable? = nil
  ) {
    self.name = name
    self.requests = StateModel.usualRequests + requests
    self.states = states
    self.alone = alone ?? .standard(states, isTakeover: false)
    self.takeover = takeover ?? .standard(states, isTakeover: true)
  }

  public static let masterSlave = builtIn("masterSlave", masters: 1, slaves: 1, excludes: [0])
  public static let multiMaster = builtIn("multiMaster", masters: 2, slaves: 0, excludes: [])
  /// The built-in ones. Their names are not to be had by others.
  public static let all = [masterSlave, multiMaster]

  private static func builtIn(_ name: String, masters: Int, slaves: Int, excludes: [Int]) -> StateModel {
    StateModel(
      name: name,
      states: [
        State(
          name: "master", defaultCount: masters, holdsData: true, isPlaced: true, serves: .usual, excludes: excludes),
        State(name: "slave", defaultCount: slaves, holdsData: true, isPlaced: true),
        State(name: "pending", defaultCount: 0, holdsData: true, isPlaced: false),
        State(name: "dead", defaultCount: 0, holdsData: false, isPlaced: false),
      ], alone: .builtInAlone, takeover: .builtInTakeover)
  }

  /// All kinds of requests.
  public var allRequests: Requests { .first(requests.count) }
  /// Those that go into logs.
  public var writingRequests: Requests {
    requests.indices.reduce(into: []) { if requests[$1].writes { $0.insert(.kind($1)) } }
  }

  /// The state's place in `states`.
  public func index(of name: String) -> Int? { states.firstIndex { $0.name == name } }

  /// Whether two nodes may not be in these two states at the same time.
  public func areExclusive(_ a: Int, _ b: Int) -> Bool {
    states[a].excludes.contains(b) || states[b].excludes.contains(a)
  }

  /// At most this many nodes are in the state at once; nil: as many as asked for.
  public func mostHolders(_ state: Int) -> Int? { areExclusive(state, state) ? 1 : nil }

  /// The states that take a node for a partition: those that hold data, and those that are asked for.
  public var occupying: [Int] { states.indices.filter { states[$0].holdsData || states[$0].isPlaced } }
}
