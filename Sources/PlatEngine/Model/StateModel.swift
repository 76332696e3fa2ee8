/// The states that a partition may have on a node, most important first.
public struct StateModel: Equatable, Sendable {
  public struct State: Equatable, Sendable {
    public var name: String
    /// How many nodes hold each partition in this state when `constraints` do not say.
    public var defaultCount: Int
    /// A node in this state holds the partition's data.
    public var holdsData: Bool
    /// `constraints` may ask for it. `pending` and `dead` are passed through on the way, never asked for.
    public var isPlaced: Bool

    public init(name: String, defaultCount: Int, holdsData: Bool, isPlaced: Bool) {
      self.name = name
      self.defaultCount = defaultCount
      self.holdsData = holdsData
      self.isPlaced = isPlaced
    }
  }

  public var name: String
  public var states: [State]
  /// At most this many nodes are master at once; nil: as many as asked for.
  public var mostMasters: Int?

  public init(name: String, states: [State], mostMasters: Int?) {
    self.name = name
    self.states = states
    self.mostMasters = mostMasters
  }

  public static let masterSlave = StateModel(name: "masterSlave", states: states(masters: 1, slaves: 1), mostMasters: 1)
  public static let multiMaster = StateModel(name: "multiMaster", states: states(masters: 2, slaves: 0), mostMasters: nil)
  public static let all = [masterSlave, multiMaster]

  private static func states(masters: Int, slaves: Int) -> [State] {
    [
      State(name: "master", defaultCount: masters, holdsData: true, isPlaced: true),
      State(name: "slave", defaultCount: slaves, holdsData: true, isPlaced: true),
      State(name: "pending", defaultCount: 0, holdsData: true, isPlaced: false),
      State(name: "dead", defaultCount: 0, holdsData: false, isPlaced: false),
    ]
  }

  /// The state's place in `states`.
  public func index(of name: String) -> Int? { states.firstIndex { $0.name == name } }
}
