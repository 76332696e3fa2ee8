/// Nodes whose disks are far behind: they are heard of, and do not answer a claim within twice the time of grace, or
/// are lost again and again. Such a node is lost, and back when it answers; and if it were taken back at once, it would
/// be claimed again, be late again, and be lost again, for as long as its disk is slow, and nothing would go on
/// meanwhile.
///
///     late, or lost again ──► kept out ── answers each question within `silence`, for a while ──► back
///                            ▲                                                                 │ late again
///                            └───────────────── for twice as long as before ◄──────────────────┘
///
/// One question at a time: its disk is not kept busy by answers that nobody waits for.
extension Orchestrator {
  /// Of one node.
  struct Lateness: Sendable {
    /// How often it was lost, one soon after the other; and when it was lost last, or back.
    var times = 0
    var since: UInt64 = 0
    /// When it was asked what it has not answered yet.
    var askedAt: UInt64?
    /// So many questions before that it did not answer in time: the next one comes later.
    var missed = 0
    /// Since when it has answered all in time.
    var promptSince: UInt64?
  }

  /// How long a node must answer in time that was late so often.
  func probation(_ times: Int) -> UInt64 { recovery.grace << UInt64(min(max(times, 1) - 1, 10)) }

  /// It is lost. `isLate`: it was heard of, and did not answer the claim. Who is lost for the second time, soon after
  /// it was back, is late as well: what its disk lets it say comes with long silences between.
  mutating func noteLoss(_ node: Int, isLate: Bool, _ actions: inout [Action]) {
    let isAgain = late[node].times > 0 && clock - late[node].since <= probation(late[node].times) << 2
    late[node] = Lateness(times: isAgain ? late[node].times + 1 : 1, since: clock)
    isMute[node] = isLate || isAgain && plant != .takeLateBack
    if isMute[node] { actions.append(.keptOut(NodeIndex(node), for: probation(late[node].times))) }
  }

  /// At a pulse.
  mutating func askLate(_ node: Int, _ actions: inout [Action]) {
    if let asked = late[node].askedAt {
      guard clock - asked > timing.silence << UInt64(late[node].missed) else { return }
      // What was asked before was not answered in time.
      late[node].promptSince = nil
      late[node].missed = min(late[node].missed + 1, 3)
    }
    late[node].askedAt = clock
    actions.append(.send(.claim(revision: revision), to: NodeIndex(node)))
  }

  /// It has told what it holds. False: it is kept out still.
  mutating func hearLate(_ node: Int, _ actions: inout [Action]) -> Bool {
    guard isMute[node], plant != .takeLateBack else {
      isMute[node] = false
      return true
    }
    // An answer that nobody waits for is one to an earlier question.
    guard let asked = late[node].askedAt else { return false }
    (late[node].askedAt, late[node].missed) = (nil, 0)
    guard clock - asked <= timing.silence else {
      late[node].promptSince = nil
      return false
    }
    if late[node].promptSince == nil { late[node].promptSince = asked }
    guard clock - late[node].promptSince! >= probation(late[node].times) else { return false }
    isMute[node] = false
    actions.append(.keptOut(NodeIndex(node), for: 0))
    return true
  }

  /// Whether it is kept out.
  package func isKeptOut(_ node: NodeIndex) -> Bool { isMute[node.int] }
}
