/// What a node's status means for placement: the only questions that are asked of it.
///
/// | status      | entitlement | receives | keeps | leads | can be read |
/// | ---         | ---         | ---      | ---   | ---   | ---         |
/// | active      | share       | yes      | yes   | yes   | yes         |
/// | maintenance | holdings    | no       | yes   | no    | yes         |
/// | leaving     | nothing     | no       | no    | –     | yes         |
/// | failed      | nothing     | no       | no    | –     | no          |
extension Node.Status {
  /// The load that a node is to carry.
  enum Entitlement {
    /// By its weight, as far as its capacity and the rules let it.
    case share
    /// What it holds today, and no more.
    case holdings
    case nothing
  }

  @inline(__always) var entitlement: Entitlement {
    switch self {
    case .active: .share
    case .maintenance: .holdings
    case .leaving, .failed: .nothing
    }
  }

  /// Whether it takes part in balancing: its load has a window.
  @inline(__always) var hasShare: Bool { entitlement == .share }
  /// Whether it may be given replicas that it does not hold.
  @inline(__always) var mayReceive: Bool { entitlement == .share }
  /// Whether replicas that it holds may stay there.
  @inline(__always) var mayKeep: Bool { entitlement != .nothing }
  /// The same in operations that leave drained nodes as they are (`leavingStay`).
  @inline(__always) func mayKeep(leavingStay: Bool) -> Bool { mayKeep || isDrained && leavingStay }
  /// Whether balance neither adds to its load nor takes from it.
  @inline(__always) var isPinned: Bool { entitlement == .holdings }
  /// Whether it may have replicas in any state but the leading one.
  @inline(__always) var isSlaveOnly: Bool { entitlement == .holdings }
  /// Whether it is to be emptied, and what it holds can be read meanwhile.
  @inline(__always) var isDrained: Bool { entitlement == .nothing && isReadable }
  /// That of the same node when rules leave it nothing.
  var drained: Node.Status { isReadable ? .leaving : self }
  /// Whether what it holds can be read, so that a replica there is a copy.
  @inline(__always) var isReadable: Bool {
    switch self {
    case .active, .leaving, .maintenance: true
    case .failed: false
    }
  }

  /// On which of several nodes a last copy stays: the least first.
  var lastCopyRank: Int {
    switch self {
    case .active: 0
    case .maintenance: 1
    case .leaving: 2
    case .failed: 3
    }
  }

  /// Which of several holders takes over from a failed leader: the least first; nil: it cannot.
  var takeoverRank: UInt8? {
    switch self {
    case .active: 0
    case .leaving: 1
    case .maintenance: 2
    case .failed: nil
    }
  }
}

extension Node {
  /// What was on it is gone.
  mutating func fail() { status = .failed }
  /// It takes part again.
  mutating func activate() { status = .active }
}
