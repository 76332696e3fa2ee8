import PlatEngine

/// What a generated cluster is like. The same options make the same document, byte for byte.
public struct GenerateOptions: Sendable {
  /// Which current map the cluster has.
  public enum Map: String, Sendable, CaseIterable {
    /// None: a fresh cluster.
    case none
    /// As planned for a fresh cluster.
    case fresh
    /// On random nodes, within hard rules as far as a few tries find such nodes.
    case random
    /// `fresh`, with `drift` of its replicas displaced at random.
    case drifted
    /// Between two planned maps: some partitions lie as before, some as after, some are being moved, with
    /// `dead` and `pending` ones.
    case halfMoved = "half-moved"
  }

  public enum Weights: Sendable, Equatable {
    case equal
    /// Whole numbers, evenly.
    case among(ClosedRange<Int>)
    /// 100 divided by the rank, at least 1; ranks are shuffled.
    case zipf
  }

  /// Sizes of partitions.
  public enum Sizes: Sendable, Equatable {
    case equal
    /// 1,000,000 divided by the rank, at least 1; ranks are shuffled.
    case zipf
    /// In turn, as `1:2:3` says, in random order.
    case inTurn([Quantity])
  }

  /// At most `most` replicas of a partition in one container of `level`.
  public struct Rule: Sendable, Equatable {
    public var level: String
    public var most: Int
    public var strength: Strength

    public init(level: String, most: Int, strength: Strength) {
      self.level = level
      self.most = most
      self.strength = strength
    }
  }

  /// From 0 to 1, exactly.
  public struct Fraction: Sendable, Equatable {
    public var numerator: Int
    public var denominator: Int

    /// Nil where `text` is no number from 0 to 1: `0.05`, `1/20`.
    public init?(_ text: String) {
      guard let parts = Quantity(text)?.lowestTerms, parts.numerator <= parts.denominator else { return nil }
      (numerator, denominator) = parts
    }

    init(_ numerator: Int, of denominator: Int) {
      self.numerator = numerator
      self.denominator = denominator
    }
  }

  public var nodes: Int
  /// 0: no level `zone`.
  public var zones = 0
  /// In each zone, or in all where there are none; 0: no level `rack`.
  public var racks = 0
  public var partitions: Int
  public var model = StateModel.masterSlave
  /// Nil: the model's own.
  public var masters: Int?
  public var slaves: Int?
  public var keyFunction = KeyFunction.crc32
  public var weights = Weights.equal
  public var sizes = Sizes.equal
  /// The most replicas of each node, drawn from this range; nil: no limit.
  public var capacity: ClosedRange<Int>?
  public var rules: [Rule] = []
  public var map = Map.none
  public var drift = Fraction(1, of: 20)
  /// How many of the nodes are leaving, failed, or new: what is new is active and not in the map yet.
  public var leaving = 0
  public var failed = 0
  public var joining = 0
  public var seed: UInt64 = 1
  /// Maps on the same nodes, named m0, m1, …; 0: one, without a name.
  public var maps = 0

  public init(nodes: Int, partitions: Int) {
    self.nodes = nodes
    self.partitions = partitions
  }

  /// The paths of errors are the names of the command's options, without their dashes.
  public func validate() throws(InputError) {
    func check(_ holds: Bool, _ option: String, _ found: String, _ expected: String) throws(InputError) {
      guard holds else { throw InputError(path: option, found: found, expected: expected) }
    }
    func checkRange(_ value: Int, _ option: String, _ range: ClosedRange<Int>) throws(InputError) {
      try check(range.contains(value), option, "\(value)", "\(range.lowerBound) to \(range.upperBound)")
    }
    try checkRange(nodes, "nodes", 0...Limits.nodes)
    try checkRange(zones, "zones", 0...max(nodes, 0))
    try checkRange(racks, "racks", 0...max(nodes / max(zones, 1), 0))
    try checkRange(partitions, "partitions", 1...Limits.partitions)
    try checkRange(maps, "maps", 0...Limits.mapCells / max(nodes, 1 << 8))
    try checkRange(masters ?? 0, "masters", 0...(model.mostHolders(0) ?? Limits.nodes))
    try checkRange(slaves ?? 0, "slaves", 0...Limits.nodes)
    for (count, option) in [(leaving, "leaving"), (failed, "failed"), (joining, "join")] {
      try checkRange(count, option, 0...nodes)
    }
    try check(
      leaving + failed + joining <= nodes, "join", "\(leaving + failed + joining) nodes leaving, failed or new",
      "at most \(nodes)")
    if case .among(let range) = weights { try checkRange(range.upperBound, "weights", 0...1_000_000_000) }
    if let capacity { try checkRange(capacity.upperBound, "capacity", 0...Limits.capacity) }
    for rule in rules {
      try check(
        levels.contains(rule.level), "rule", "the level \(rule.level)",
        levels.isEmpty ? "no rule where there are neither zones nor racks" : levels.joined(separator: " or "))
      try checkRange(rule.most, "rule", 0...Limits.nodes)
    }
  }

  /// Outermost first.
  var levels: [String] { (zones > 0 ? ["zone"] : []) + (racks > 0 ? ["rack"] : []) }
}
