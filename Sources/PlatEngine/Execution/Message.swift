/// Who sends and receives. A host turns these into its own addresses.
public enum Address: Hashable, Sendable {
  case node(NodeIndex)
  /// By number; each that ever ran has another.
  case orchestrator(UInt32)
  case client(UInt32)
}

/// Which order, of which revision: what makes every request one that may be repeated.
public struct OrderID: Hashable, BitwiseCopyable, Sendable {
  public var revision: UInt64
  public var number: UInt32

  public init(revision: UInt64, number: UInt32) {
    self.revision = revision
    self.number = number
  }

  public static let none = OrderID(revision: 0, number: .max)

  static func < (a: OrderID, b: OrderID) -> Bool { (a.revision, a.number) < (b.revision, b.number) }
}

/// What the orchestrator asks of one node about one partition.
public struct Order: Hashable, Sendable {
  public enum Kind: UInt8, Hashable, Sendable {
    /// The node changes its state. No data goes anywhere.
    case set
    /// The node receives the partition from `source`.
    case copy
    /// The node becomes leader when `source` has handed over.
    case takeOver
    /// The node goes on leading, at this revision and with these followers.
    case lead
    /// What the node has is out of date: it forgets its data.
    case discard
  }
  public var kind: Kind
  public var id: OrderID
  public var partition: PartitionIndex
  public var node: NodeIndex
  public var source: NodeIndex = .none
  /// Of a copy: who leads the partition and will feed the newcomer; `none`: nobody does.
  public var leader: NodeIndex = .none
  public var change: StateChange
  public var sourceChange = StateChange(.null, .null)
  /// The revision as which the partition is led; where nobody leads, the order's own. Who is older is obeyed no more.
  public var term: UInt64 = 0
  /// Of a node that begins to lead: who else holds the partition.
  public var followers: [NodeIndex] = []
  /// Of a takeover: requests that wait at the node until it has succeeded or failed; others are denied meanwhile.
  public var hold = StateModel.Requests.usual
  /// Of a node that begins to lead: all complete copies have told how far their logs go, and no log goes farther.
  public var isOfLongest = false

  public init(
    kind: Kind, id: OrderID, partition: PartitionIndex, node: NodeIndex, source: NodeIndex = .none, change: StateChange,
    sourceChange: StateChange = StateChange(.null, .null), followers: [NodeIndex] = []
  ) {
    self.kind = kind
    self.id = id
    self.partition = partition
    self.node = node
    self.source = source
    self.change = change
    self.sourceChange = sourceChange
    self.followers = followers
  }
}

/// One write: the revision of the leader that took it, and the host's own handle for its bytes.
public struct Entry: Hashable, BitwiseCopyable, Sendable {
  public var term: UInt64
  public var value: UInt64

  public init(term: UInt64, value: UInt64) {
    self.term = term
    self.value = value
  }
}

/// What a node tells of one partition that it knows.
public struct Holding: Hashable, Sendable {
  public var partition: PartitionIndex
  public var state: StateIndex
  /// The revision of the last leader that it followed, or as which it leads.
  public var term: UInt64
  public var isLeading: Bool
  /// `none`: a node that the cluster does not have any more.
  public var followers: [NodeIndex]
  /// How far its log goes, and the term of its last entry; nil: not told.
  public var log: LogEnd?
  /// See `Record.isInDoubt`.
  public var isInDoubt = false
  /// Its node has started, and nobody has been asked since whether the copy is older than what was acknowledged.
  public var isUnproven = false

  public struct LogEnd: Hashable, Comparable, Sendable {
    public var lastTerm: UInt64
    public var count: Int

    public init(lastTerm: UInt64, count: Int) {
      self.lastTerm = lastTerm
      self.count = count
    }

    public static func < (a: Self, b: Self) -> Bool { (a.lastTerm, a.count) < (b.lastTerm, b.count) }
  }

  public init(
    partition: PartitionIndex, state: StateIndex, term: UInt64, isLeading: Bool, followers: [NodeIndex],
    log: LogEnd? = nil
  ) {
    self.log = log
    self.partition = partition
    self.state = state
    self.term = term
    self.isLeading = isLeading
    self.followers = followers
  }
}

public enum Refusal: UInt8, Hashable, Sendable {
  /// The node, or the source, is not in the state that the order begins with.
  case wrongState
  /// The node is busy with another order for the partition.
  case busy
  /// Who was taken for the leader is none.
  case notLeader
  /// The disk is full.
  case noRoom
  /// The replica, or the one that it needs, does not run, or is paused; it is waited for. (4 is the C ABI's own.)
  case notRunning = 5
}

public enum Message: Hashable, Sendable {
  // Orchestrator → node.
  /// Obey nobody older, and tell what you hold.
  case claim(revision: UInt64)
  case order(Order)
  case pulse
  /// The pulse of version 3: are you there? `confirmed`: the start at which this orchestrator confirmed the node's
  /// disk; 0: it did not.
  /// `setBack`: the number of the finding that the disk had been set back, after which all was thrown away. `inDoubt`:
  /// copies that are not confirmed with the disk; `waiting`: those that obey nobody until another one answers. Both
  /// ascend.
  case check(
    revision: UInt64, confirmed: UInt32, setBack: UInt64, inDoubt: [PartitionIndex] = [], waiting: [PartitionIndex] = []
  )
  /// A new map is in force.
  case map(MapStamp)
  /// The node has started again: where you lead it, send it what you have.
  case feed(NodeIndex)
  /// Run otherwise, or pause something.
  case mode(ModeOrder)

  // Node → orchestrator.
  case inventory(revision: UInt64, [Holding], disk: DiskState?)
  case done(OrderID)
  case refused(OrderID, Refusal)
  /// A later orchestrator has spoken.
  case outdated(revision: UInt64)
  case alive
  /// The answer to `check`.
  case well(DiskState)
  case hasMap(MapStamp)
  /// The order that was asked again is still being carried out.
  case working(OrderID)
  /// How the replica runs, after `mode`.
  case hasMode(OrderID, PartitionIndex, RunMode)

  // Newcomer ↔ source, newcomer ↔ leader.
  case fetch(Order)
  case fetched(OrderID, log: [Entry], term: UInt64)
  case join(Order, attempt: UInt64)
  case joined(OrderID, attempt: UInt64, end: Int, term: UInt64)
  case peerRefused(OrderID, Refusal)

  // Heir ↔ old leader.
  case handOver(Order, end: Int, lastTerm: UInt64)
  case handedOver(OrderID, followers: [NodeIndex], start: Int, log: [Entry])

  // Leader ↔ follower.
  case append(PartitionIndex, term: UInt64, round: UInt64, previous: Int, previousTerm: UInt64, log: [Entry])
  /// `isCopy`: the follower has all and calls itself what it is to be; not while it is still being made.
  case appended(PartitionIndex, term: UInt64, round: UInt64, matched: Int, isCopy: Bool)
  /// The logs differ before that; send again from `hint`.
  case differs(PartitionIndex, term: UInt64, round: UInt64, hint: Int)
  /// The follower has heard of a later leader.
  case fenced(PartitionIndex, term: UInt64)
  /// The node holds no copy, by its own will.
  case left(PartitionIndex, round: UInt64)
  /// A leader that has started again: how far does the follower's log go?
  case compare(PartitionIndex, term: UInt64, round: UInt64, end: Int, lastTerm: UInt64)
  case compared(PartitionIndex, term: UInt64, round: UInt64, end: Int, lastTerm: UInt64)

  // Client ↔ node.
  /// `kind`: one kind of request of the model, one that goes into logs.
  case write(PartitionIndex, value: UInt64, request: UInt32, kind: StateModel.Requests = .write)
  case read(PartitionIndex, request: UInt32, kind: StateModel.Requests = .read)
  case written(request: UInt32)
  case answer(request: UInt32, log: [Entry])
  /// `isDefinite`: the write was not done and never will be. Else it may have been, or still may be: its client has to
  /// look.
  case denied(request: UInt32, isDefinite: Bool)
}

/// Which map: its revision, and a digest, so that a wrong one is told from the right one of the same number.
public struct MapStamp: Hashable, BitwiseCopyable, Sendable {
  public var revision: UInt64
  public var digest: UInt32

  public init(revision: UInt64, digest: UInt32) {
    self.revision = revision
    self.digest = digest
  }
}
