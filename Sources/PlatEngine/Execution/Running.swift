/// What a replica is doing, beside the state in which its node has the partition.
public enum RunState: UInt8, CaseIterable, Hashable, BitwiseCopyable, Sendable {
  /// It serves nothing: no client, and no other node.
  case stopped
  /// It is on its way to running, such as reading what it will need into memory.
  case warming
  case running
  /// It is on its way to being stopped, such as finishing what it has begun.
  case cooling

  /// From a row to a column, the next hop, in the order of the cases.
  private static let hops: [[RunState]] = [
    // to stopped, warming, running, cooling
    [.stopped, .warming, .warming, .warming],
    [.cooling, .warming, .running, .cooling],
    [.cooling, .cooling, .running, .cooling],
    [.stopped, .stopped, .running, .cooling],
  ]

  /// The next state on the way to `end`; `end` itself where it is one hop away, or reached.
  public func next(to end: RunState) -> RunState { RunState.hops[Int(rawValue)][Int(end.rawValue)] }

  public var takesRequests: Bool { self != .stopped }
}

/// A replica's running state and what of it is paused.
public struct RunMode: Hashable, BitwiseCopyable, Sendable {
  public struct Pauses: OptionSet, Hashable, BitwiseCopyable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// No write goes to disk: nothing is acknowledged meanwhile. States, terms and promises are kept all the same.
    public static let persistence = Pauses(rawValue: 1)
    /// No write comes from another node or goes to one: writes wait.
    public static let replication = Pauses(rawValue: 2)
    static let all: Pauses = [.persistence, .replication]
  }

  public var run: RunState
  public var pauses: Pauses

  public init(_ run: RunState = .running, pauses: Pauses = []) {
    self.run = run
    self.pauses = pauses
  }

  /// As every replica begins.
  public static let usual = RunMode()

  /// The next mode on the way to `end`: first the running state, hop by hop, then the pauses at once.
  public func next(to end: RunMode) -> RunMode {
    run == end.run ? end : RunMode(run.next(to: end.run), pauses: pauses)
  }

  /// One request may lead there: one hop of the running state, or other pauses.
  func mayBecome(_ other: RunMode) -> Bool { self != other && next(to: other) == other }

  /// The node may begin to lead.
  var mayLead: Bool { self == .usual }

  /// What comes from other nodes may be stored.
  var mayStore: Bool { run.takesRequests && pauses.isEmpty }

  /// In one number, for bytes and hosts.
  public var code: UInt8 { run.rawValue | pauses.rawValue << 2 }

  /// Nil: no mode has that code.
  public init?(code: UInt8) {
    guard code >> 4 == 0, let run = RunState(rawValue: code & 3) else { return nil }
    self.init(run, pauses: Pauses(rawValue: code >> 2))
  }
}

/// What is asked of one node about the running state of one replica, or about its pauses: by compare-and-swap, as
/// changes of its state are.
public struct ModeOrder: Hashable, Sendable {
  /// Numbers ascend within a revision, apart from those of orders. What is older than the last one that was done is not
  /// done.
  public var id: OrderID
  public var partition: PartitionIndex
  public var from: RunMode
  public var to: RunMode

  public init(id: OrderID, partition: PartitionIndex, from: RunMode, to: RunMode) {
    self.id = id
    self.partition = partition
    self.from = from
    self.to = to
  }
}
