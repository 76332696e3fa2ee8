/// Something that a map does not meet, and why.
public struct Finding: Equatable, Sendable {
  public var strength: Strength
  /// The rule's path in the settings: `constraints.slave`, `placement[0]`, `fanOut.outbound`; or
  /// `nodes.a.capacity`, `balance.master`.
  public var rule: String
  /// Of several maps: which one it is about, where it does not stand with that.
  public var map: String?
  public var partition: String?
  public var node: String?
  public var container: String?
  public var want: Int
  public var have: Int
  public var because: String
  /// For the first finding of its kind: that no map could do better, and what would end it.
  public var shortage: Shortage?

  public init(
    strength: Strength, rule: String, partition: String? = nil, node: String? = nil, container: String? = nil,
    want: Int, have: Int, because: String
  ) {
    self.strength = strength
    self.rule = rule
    self.partition = partition
    self.node = node
    self.container = container
    self.want = want
    self.have = have
    self.because = because
  }
}

public enum Health: String, Sendable, CaseIterable {
  /// All met.
  case green
  /// Soft rules broken, or fewer slaves than asked.
  case yellow
  /// A partition has no master, or data has no live copy.
  case red
}

/// How replicas lie on the nodes that may hold them.
public struct LoadSpread: Equatable, Sendable {
  public var least: Int
  public var greatest: Int
  /// The least and greatest of the exact shares that the nodes are due.
  public var leastDue: Rational
  public var greatestDue: Rational

  public init(least: Int, greatest: Int, leastDue: Rational, greatestDue: Rational) {
    self.least = least
    self.greatest = greatest
    self.leastDue = leastDue
    self.greatestDue = greatestDue
  }
}

/// Everything that the Judge found out about a map.
public struct Report: Equatable, Sendable {
  /// Replicas that a node must receive because it did not hold that partition before. 0 without a map before.
  public var moves = 0
  /// Replicas that change state on a node that already holds the partition.
  public var roleChanges = 0
  /// Spread for each placed state that is wanted, in the model's order, by name.
  public var load: [(state: String, spread: LoadSpread)] = []
  public var total: LoadSpread?
  /// The most distinct peers of any node.
  public var fanOutOutbound = 0
  public var fanOutInbound = 0
  /// Replicas too many under soft rules, summed over partitions and containers.
  public var brokenSoft = 0
  /// Replicas wanted and not placed, plus breaches of hard rules.
  public var unmet = 0
  /// The same in weight, where partitions differ in it; `load` and `total` count replicas.
  public var inWeight: WeightReport?
  /// Every node is within one replica of its due in every state and in total; in weight, where partitions differ in it.
  public var isBalanced = true
  public var health = Health.green
  /// Partitions that have a live copy and nobody in the first state, though it is asked for.
  public var leaderless = 0
  /// What nodes hold beyond the whole numbers around their dues, or in weight beyond what is balanced, added up over
  /// them.
  var outside = Outside()
  /// In a fixed order, at most `Report.mostFindings`.
  public var findings: [Finding] = []
  /// Findings beyond those listed.
  public var moreFindings = 0

  public static let mostFindings = 1000

  public init() {}

  /// No hard rule is broken and nothing is missing.
  public var meetsHardRules: Bool { unmet == 0 }

  public static func == (a: Report, b: Report) -> Bool {
    a.moves == b.moves && a.inWeight == b.inWeight && a.roleChanges == b.roleChanges && a.total == b.total
      && a.load.elementsEqual(b.load, by: { $0.state == $1.state && $0.spread == $1.spread })
      && a.fanOutOutbound == b.fanOutOutbound && a.fanOutInbound == b.fanOutInbound && a.brokenSoft == b.brokenSoft
      && a.unmet == b.unmet && a.isBalanced == b.isBalanced && a.health == b.health && a.leaderless == b.leaderless
      && a.findings == b.findings
      && a.moreFindings == b.moreFindings
  }
}

/// How far loads lie outside, added up over nodes: in total, and over all states; in weight, too, how far off the dues.
struct Outside: Equatable, Sendable {
  var total = Rational.zero
  var states = Rational.zero
  var offInTotal = Rational.zero
  var offInStates = Rational.zero

  static func < (a: Self, b: Self) -> Bool {
    for (mine, other) in [
      (a.total, b.total), (a.states, b.states), (a.offInTotal, b.offInTotal), (a.offInStates, b.offInStates),
    ] {
      if mine != other { return mine < other }
    }
    return false
  }

  static func + (a: Self, b: Self) -> Self {
    Outside(
      total: a.total + b.total, states: a.states + b.states, offInTotal: a.offInTotal + b.offInTotal,
      offInStates: a.offInStates + b.offInStates)
  }
}
