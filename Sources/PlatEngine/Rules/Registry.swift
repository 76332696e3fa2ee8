import PlatSearch

/// Every kind of rule about containers: the only list of them.
///
/// A kind is a folder: its definition (what a rule of it is, checks and says), its planner half (`*+Planner.swift`:
/// what it compiles to) and its Judge half (`*+Judge.swift`: how maps are recounted by it, from the definition and
/// never from what was compiled).
enum RuleRegistry {
  static let kinds: [any ContainerRule.Type] = [AtMost.self, Near.self]
}

/// A rule of `settings.placement` about the containers of a level, of whatever kind. Asked once a rule, never once a
/// row.
protocol ContainerRule: Sendable {
  /// Nil for a rule of another kind.
  init?(_ rule: PlacementRule, index: Int)
  /// Its place in `Settings.placement`.
  var index: Int { get }
  /// The states whose replicas it counts.
  var states: [Int] { get }
  var level: Int { get }
  var strength: Strength { get }
  /// How many it allows, or asks for.
  var count: Int { get }
  /// The state that those are to be near to; nil: of a rule about no other.
  var anchor: Int? { get }
  /// Checks its own numbers. States and level are checked for all kinds.
  func validate(_ path: String, in model: StateModel) throws(InputError)
  /// Whether it is a cap on all replicas of data together, so that windows and containers say all about it.
  func isPlainCap(of wanted: [Int]) -> Bool

  // What the planner compiles.

  /// Throws where plans cannot keep it.
  func refuseUnsupported(_ cluster: DenseCluster) throws(PlatError)
  func compile(_ cluster: DenseCluster, into shape: inout SearchShape)

  // What the Judge recounts.

  /// In one pass over the map.
  func judge(_ context: Judge.CheckContext) throws(PlatError) -> Judge.ViolationList
  /// Whether no map that keeps `other` breaks this rule.
  func isImplied(by other: any ContainerRule) -> Bool
  /// Why a row breaks it.
  func because(_ breach: Judge.Breach, _ context: Judge.CheckContext) -> String
  /// Where it lets one more replica of a row in `state` go; nil: anywhere.
  func bar(_ context: Judge.CheckContext, _ row: Judge.Reasons.Row, _ state: Int) -> Judge.Reasons.Bar?
  /// What it leaves any partition at most, where that is less than what is asked for.
  func ceiling(_ context: Judge.CheckContext, isUsable: (Int) -> Bool) -> Judge.Reasons.Ceiling?
  /// The containers in which a row breaks it, with those of its nodes that count there.
  func broken(_ row: [(node: Int, state: Int)], _ context: Judge.CheckContext) -> [RowBreach]
  /// As explanations say such a breach.
  func words(_ breach: RowBreach, _ context: Judge.CheckContext) -> String
  /// What it leaves each single partition, whatever the map, where that is less than what is asked for.
  func shortage(_ dense: DenseCluster, held: Resting) -> Shortage?
}

extension ContainerRule {
  var anchor: Int? { nil }
  func refuseUnsupported(_ cluster: DenseCluster) throws(PlatError) {}
  func isPlainCap(of wanted: [Int]) -> Bool { false }
  func isImplied(by other: any ContainerRule) -> Bool { false }
  func ceiling(_ context: Judge.CheckContext, isUsable: (Int) -> Bool) -> Judge.Reasons.Ceiling? { nil }
  func shortage(_ dense: DenseCluster, held: Resting) -> Shortage? { nil }
}

extension Settings {
  /// The rules about containers, in the order of `placement`.
  var containerRules: [any ContainerRule] { placement.indices.map(containerRule) }

  var hardContainerRules: [any ContainerRule] { containerRules.filter { $0.strength == .hard } }

  func containerRule(_ index: Int) -> any ContainerRule {
    for kind in RuleRegistry.kinds {
      if let rule = kind.init(placement[index], index: index) { return rule }
    }
    preconditionFailure("RuleRegistry has every kind of rule")
  }

  /// Those of one kind, for its own folder.
  func rules<Kind: ContainerRule>(_ kind: Kind.Type) -> [Kind] {
    placement.enumerated().compactMap { kind.init($0.element, index: $0.offset) }
  }
}

extension DenseCluster {
  /// Rules about containers are caps on all replicas of data together and nothing else.
  var hasPlainCapsOnly: Bool { cluster.settings.containerRules.allSatisfy { $0.isPlainCap(of: dataWanted) } }
}
