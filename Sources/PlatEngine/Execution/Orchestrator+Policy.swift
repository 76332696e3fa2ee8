/// When an orchestrator asks again, and when it gives nodes up.
extension Orchestrator {
  /// Ticks.
  public struct Timing: Hashable, Sendable {
    /// Between pulses to every node.
    public var pulse: UInt64 = 40
    /// A node of which nothing was heard for so long is silent: nothing is announced as reached until it is heard of
    /// again, or lost.
    public var silence: UInt64 = 150
    /// An order or a claim that got no answer is sent again, each time after twice as long, up to eight times as long.
    public var patience: UInt64 = 30
    /// A jump of the clock counts as no more than that.
    public var longestTick: UInt64 = 20
    /// Tries, after which it plans again.
    public var tries = 7

    public init() {}
  }

  /// When silent nodes are lost, so that others get what they had. An outage that ends earlier copies nothing.
  public struct Recovery: Hashable, Sendable {
    /// A silent node is lost after so many ticks, counted from when it was heard of last.
    public var grace: UInt64 = 600
    /// A node that was lost is back: so many ticks are others waited for, which may be back as well.
    public var settling: UInt64 = 80
    /// As many nodes may be lost by their silence at a time; where more would be, the change is frozen. Those that the
    /// host names (`Event.lost`), or the cluster has as failed, do not count. Nil: two thirds of all, one at least.
    public var mostLost: Int?

    public init() {}

    package func mostLost(of nodes: Int) -> Int { mostLost ?? max(1, nodes * 2 / 3) }
  }

  /// Throws where times contradict each other.
  static func check(_ timing: Timing, _ recovery: Recovery, nodeCount: Int) throws(InputError) {
    func require(_ isRight: Bool, _ path: String, _ found: some BinaryInteger, _ expected: String) throws(InputError) {
      if !isRight { throw InputError(path: "timing.\(path)", found: "\(found)", expected: expected) }
    }
    try require(timing.pulse > 0, "pulse", timing.pulse, "1 tick at least")
    try require(
      timing.silence > timing.pulse, "silence", timing.silence, "more than the \(timing.pulse) ticks between pulses")
    try require(timing.patience > 0, "patience", timing.patience, "1 tick at least")
    try require(timing.longestTick > 0, "longestTick", timing.longestTick, "1 tick at least")
    try require(
      timing.longestTick <= timing.silence, "longestTick", timing.longestTick,
      "no more than the silence of \(timing.silence) ticks")
    try require(timing.tries > 0, "tries", timing.tries, "1 at least")
    try require(
      recovery.grace >= timing.silence, "grace", recovery.grace, "no less than the silence of \(timing.silence) ticks")
    try require(recovery.settling > 0, "settling", recovery.settling, "1 tick at least")
    if let most = recovery.mostLost {
      try require((1...max(1, nodeCount)).contains(most), "mostLost", most, "1 to \(nodeCount), the number of nodes")
    }
  }
}
