/// What a node must remember of one partition through a crash.
public struct Record: Hashable, Sendable {
  public internal(set) var state = StateIndex.null
  /// The revision of the last leader that it followed, or as which it leads. Older leaders are refused.
  public internal(set) var term: UInt64 = 0
  /// The revision since which it leads; 0: it does not. A leader whose `term` has gone beyond it is none any more.
  public internal(set) var led: UInt64 = 0
  /// Of a leader: who must have a write before it is acknowledged. Of one that has handed over: who had to, until its
  /// copy goes.
  public internal(set) var followers: [NodeIndex] = []
  /// The last order that was done.
  public internal(set) var done = OrderID.none
  /// The last takeover in which it handed over.
  public internal(set) var handed = OrderID.none
  public internal(set) var log: [Entry] = []
  /// Whether it runs, and what of it is paused; and the last request that changed it.
  public internal(set) var mode = RunMode.usual
  public internal(set) var modeOrder = OrderID.none
  /// The node's disk was confirmed but for this copy: it serves nobody, until the node is told to discard it or to
  /// lead.
  public internal(set) var isInDoubt = false

  public init() {}

  /// As the map at the beginning has it.
  public init(state: StateIndex, term: UInt64, leadsWith followers: [NodeIndex]?) {
    self.state = state
    self.term = term
    led = followers == nil ? 0 : term
    self.followers = followers ?? []
  }

  var lastTerm: UInt64 { log.last?.term ?? 0 }
}

/// A partition on a node: what is remembered, and what a crash forgets.
struct Replica: Hashable, Sendable {
  var record: Record
  var job = Job.none
  /// Since the node started a leader has fed it all: it is not older than what was acknowledged. Of a leader see
  /// `NodeAgent.isProven`.
  var isProven = true
  /// It was told to lead, or to lead on, while it was unproven: what the orchestrator knew of it may be from before its
  /// disk was set back.
  var ledUnproven = false
  /// It obeys nobody until another copy, which may be newer, answers: as the orchestrator said last.
  var isWaiting = false
  /// A follower has told of a later leader.
  var isFenced = false
  /// Of a leader, beside `record.followers`.
  var progress: [Progress] = []
  /// The takeover by which it leads, until the old leader has let its copy go.
  var takeover: Order?
  /// Requests that wait for the followers.
  var waiting: [Waiting] = []
  /// Requests that wait until a takeover has succeeded or failed, or until writes may go to disk again.
  var held: [Held] = []

  init(_ record: Record) {
    self.record = record
    progress = record.followers.map { _ in Progress() }
  }

  enum Job: Hashable, Sendable {
    case none
    /// Waits for the source's data.
    case fetching(Order)
    /// Has it, and waits until the leader feeds it and it has caught up. `attempt`: no older answer counts.
    case joining(Order, attempt: UInt64, end: Int, matched: Int)
    /// `pending`: waits for the old leader. It never survives a restart.
    case takingOver(Order)
    /// Lets its copy go as soon as who leads says that it does. `attempt`: no older answer counts.
    case leaving(Order, attempt: UInt64)

    var order: Order? {
      switch self {
      case .none: nil
      case .fetching(let order), .joining(let order, _, _, _), .takingOver(let order), .leaving(let order, _): order
      }
    }
  }

  struct Progress: Hashable, Sendable {
    /// So much of the log is known to be the same.
    var matched = 0
    /// Where the next message begins.
    var next = 0
    /// How far it went back the last time that the follower's log differed there; twice as far the next time.
    var step = 0
    /// The last round that it answered; answers to rounds before `since` do not count.
    var round: UInt64 = 0
    var since: UInt64 = 0
    /// It has said that it is a whole copy.
    var isCopy = false
    /// It has said, since the leader started, that it has nothing of its which the leader lacks.
    var isCompared = true
  }

  struct Waiting: Hashable, Sendable {
    var client: Address
    var request: UInt32
    var isRead: Bool
    /// So much of the log, and an answer to so late a round.
    var position: Int
    var round: UInt64
  }

  struct Held: Hashable, Sendable {
    var client: Address
    var request: UInt32
    var kind: StateModel.Requests
    /// Of one that writes.
    var value: UInt64?
  }
}
