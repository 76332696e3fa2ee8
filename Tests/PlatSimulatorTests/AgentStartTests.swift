import Testing

@testable import PlatEngine

/// A node that has started again: what it asks, whom, and what it does before it is answered.
@Suite struct AgentStartTests {
  private typealias Hand = AgentHand
  private let p = AgentHand.partition

  /// It has started a second time, on what it had.
  private func restarted(_ hand: Hand, _ others: [(PartitionIndex, Record)] = []) -> Hand {
    var again = hand
    again.agent = NodeAgent(
      NodeIndex(0), rules: ExecutionRules(.masterSlave), boot: 2, promise: hand.agent.promise,
      records: [(p, hand.record)] + others)
    #expect(again.agent.start(on: 9, boot: 2, hand.agent.promise, isNew: false) == [.persistPromise])
    return again
  }

  private func confirm(inDoubt: [PartitionIndex] = [], waiting: [PartitionIndex] = [], boot: UInt32 = 2) -> Message {
    .check(revision: 1, confirmed: boot, setBack: 0, inDoubt: inDoubt, waiting: waiting)
  }
  private func compare(_ hand: Hand, _ round: UInt64, term: UInt64 = 1) -> Message {
    .compare(p, term: term, round: round, end: hand.record.log.count, lastTerm: hand.record.lastTerm)
  }
  private func compared(_ round: UInt64, term: UInt64 = 1, end: Int = 1) -> Message {
    .compared(p, term: term, round: round, end: end, lastTerm: 1)
  }

  @Test func theFirstStartIsProven() {
    var hand = Hand(Hand.slave, log: [1])
    _ = hand.agent.start(on: 9, boot: 1, nil, isNew: false)
    guard case .send(.inventory(_, let holdings, _), _)? = hand.hear(.claim(revision: 1)).last else {
      return #expect(Bool(false))
    }
    #expect(holdings.map(\.isUnproven) == [false])
  }

  @Test func onlyThoseThatHaveNotAnsweredAreAskedAgain() {
    var hand = restarted(Hand(Hand.master, followers: [1, 2], log: [1]))
    let round = hand.agent.round
    #expect(
      hand.hear(confirm()).filter(\.isCompare) == [
        .send(compare(hand, round + 1), node: 1), .send(compare(hand, round + 2), node: 2),
      ])
    _ = hand.hear(compared(round + 1), node: 1)
    #expect(!hand.agent.leads(p))
    #expect(hand.agent.handle(.tick) == [.send(compare(hand, round + 3), node: 2)])
  }

  /// What waits for another copy, or is in doubt, asks nobody until it does not.
  @Test func whatIsNotServedAsksNobody() {
    var hand = restarted(Hand(Hand.master, followers: [1], log: [1]))
    let round = hand.agent.round
    #expect(hand.hear(confirm(waiting: [p])).filter(\.isCompare) == [] && hand.agent.handle(.tick) == [])
    #expect(hand.hear(confirm()).filter(\.isCompare) == [.send(compare(hand, round + 1), node: 1)])
    _ = hand.hear(compared(round + 1), node: 1)
    #expect(hand.agent.leads(p))
    hand = restarted(Hand(Hand.master, followers: [1], log: [1]))
    #expect(hand.hear(confirm(inDoubt: [p])).filter(\.isCompare) == [] && hand.agent.handle(.tick) == [])
  }

  /// What waits still is said at each pulse: nobody else is asked again because of that.
  @Test func whatGoesOnWaitingAsksNobody() {
    let q = PartitionIndex(1)
    var other = Record(state: Hand.master, term: 1, leadsWith: [NodeIndex(1)])
    other.log = Hand.log([1])
    var hand = restarted(Hand(Hand.master, followers: [1], log: [1]), [(q, other)])
    let compare = Message.compare(q, term: 1, round: hand.agent.round + 1, end: 1, lastTerm: 1)
    #expect(hand.hear(confirm(waiting: [p])).filter(\.isCompare) == [.send(compare, node: 1)])
    #expect(hand.hear(confirm(waiting: [p])).filter(\.isCompare) == [])
  }

  /// The orchestrator may know of it what it was before its disk was set back: those that are to follow it may have
  /// more, and are asked before it leads.
  @Test func toldToLeadItAsksFirst() {
    var hand = restarted(Hand(Hand.slave, log: [1]))
    _ = hand.hear(confirm())
    var lead = Hand.order(.lead, revision: 3, Hand.slave, Hand.master, followers: [1])
    lead.isOfLongest = true
    let actions = hand.hear(.order(lead))
    #expect(!hand.agent.leads(p) && actions.last == .send(compare(hand, hand.agent.round, term: 3), node: 1))
    var longer = hand
    _ = longer.hear(compared(longer.agent.round, term: 3, end: 2), node: 1)
    #expect(longer.agent.disk?.isSetBack == true)
    _ = hand.hear(compared(hand.agent.round, term: 3), node: 1)
    #expect(hand.agent.leads(p))
    // With nobody to ask it leads.
    hand = restarted(Hand(Hand.slave, log: [1]))
    _ = hand.hear(confirm())
    _ = hand.hear(.order(Hand.order(.lead, revision: 3, Hand.slave, Hand.master)))
    #expect(hand.agent.leads(p))
  }

  /// Of a disk that is not confirmed it tells what was promised when it started, whatever it promises now.
  @Test func whatItHadPromisedStays() {
    var hand = restarted(Hand(Hand.slave, log: [1]))
    for revision: UInt64 in [6, 7] { _ = hand.hear(.claim(revision: revision)) }
    #expect(hand.agent.disk?.confirmed == 1)
    _ = hand.hear(.check(revision: 7, confirmed: 2, setBack: 0))
    _ = hand.hear(.claim(revision: 8))
    #expect(hand.agent.disk?.confirmed == 7)
  }

  /// A follower is, once a leader has fed it.
  @Test func whoIsFedIsProven() {
    var hand = restarted(Hand(Hand.slave, log: [1]))
    func isUnproven() -> [Bool] {
      guard case .send(.inventory(_, let holdings, _), _)? = hand.hear(.claim(revision: 1)).last else { return [] }
      return holdings.map(\.isUnproven)
    }
    _ = hand.hear(confirm())
    #expect(isUnproven() == [true])
    _ = hand.hear(.append(p, term: 1, round: 7, previous: 2, previousTerm: 1, log: []), node: 1)
    #expect(isUnproven() == [true], "it lacks something")
    _ = hand.hear(.append(p, term: 1, round: 8, previous: 1, previousTerm: 1, log: []), node: 1)
    #expect(isUnproven() == [false])
  }

  /// Told to feed who has started again a leader sends it what it may lack, and nobody else.
  @Test func aLeaderFeedsWhoHasStartedAgain() {
    var hand = Hand(Hand.master, followers: [1, 2], log: [1])
    func append(_ round: UInt64) -> Message {
      .append(p, term: 1, round: round, previous: 1, previousTerm: 1, log: [])
    }
    #expect(hand.hear(.feed(NodeIndex(2))) == [.send(append(hand.agent.round), node: 2)])
    #expect(hand.hear(.feed(NodeIndex(3))) == [])
    hand = Hand(Hand.slave, log: [1]) { $0.followers = [NodeIndex(2)] }
    #expect(hand.hear(.feed(NodeIndex(2))) == [], "it does not lead")
  }

  /// It counts as a copy until who leads has said that it may go.
  @Test func whoAsksToLeaveIsACopy() {
    var hand = Hand(Hand.slave, log: [1])
    let leave = Hand.order(.set, Hand.slave, Hand.dead, leader: 1)
    #expect(hand.hear(.order(leave)) == [.send(.join(leave, attempt: hand.agent.round), node: 1)])
    let attempt = hand.agent.round
    let again = hand.hear(.order(leave))
    #expect(hand.agent.round > attempt, "what is answered to the first does not count")
    #expect(again == [.answer(.working(leave.id)), .send(.join(leave, attempt: hand.agent.round), node: 1)])
    let append = Message.append(p, term: 1, round: 7, previous: 1, previousTerm: 1, log: [])
    #expect(hand.hear(append, node: 1) == [.send(.appended(p, term: 1, round: 7, matched: 1, isCopy: true), node: 1)])
  }

  /// Set going again before its disk is confirmed it sends nothing.
  @Test func itsModeMayChangeBeforeItIsConfirmed() {
    let paused = RunMode(.running, pauses: .replication)
    var hand = restarted(Hand(Hand.master, followers: [1], log: [1]) { $0.mode = paused })
    let actions = hand.hear(.mode(ModeOrder(id: Hand.id(1), partition: p, from: paused, to: .usual)))
    #expect(actions == [.persist, .changedMode(p), .answer(.hasMode(Hand.id(1), p, .usual))])
  }

  /// Made at an order of this revision it is not what the orchestrator doubted.
  @Test func whatWasMadeSinceIsNotInDoubt() {
    func isInDoubt(_ done: OrderID, _ state: StateIndex = Hand.slave) -> Bool {
      var hand = restarted(Hand(state, log: [1]) { $0.done = done })
      let actions = hand.hear(confirm(inDoubt: [p]))
      #expect(actions.contains(.persist) == hand.record.isInDoubt)
      return hand.record.isInDoubt
    }
    #expect(isInDoubt(.none) && isInDoubt(Hand.id(7, 0)) && isInDoubt(Hand.id(.max, 1)))
    #expect(!isInDoubt(Hand.id(7, 1)))
    #expect(!isInDoubt(.none, Hand.dead), "it has no copy")
  }

  /// Who leads is not told what a copy has that is in doubt; and what waits for it is denied.
  @Test func whatIsInDoubtSaysNothing() {
    var hand = Hand(Hand.slave, log: [1])
    _ = hand.agent.start(on: 9, boot: 1, nil, isNew: false)
    let compare = Message.compare(p, term: 1, round: 7, end: 1, lastTerm: 1)
    let append = Message.append(p, term: 1, round: 7, previous: 1, previousTerm: 1, log: [])
    #expect(hand.hear(compare, node: 1).count == 1 && hand.hear(append, node: 1).count == 1)
    _ = hand.hear(confirm(inDoubt: [p], boot: 1))
    #expect(hand.hear(compare, node: 1) == [] && hand.hear(append, node: 1) == [])
    #expect(!hand.hear(confirm(inDoubt: [p], boot: 1)).contains(.persist), "it is written down once")
    hand = Hand(Hand.master, followers: [1], log: [1])
    _ = hand.agent.start(on: 9, boot: 1, nil, isNew: false)
    _ = hand.hear(.write(p, value: 8, request: 5), client: 3)
    let actions = hand.hear(confirm(inDoubt: [p], boot: 1))
    #expect(actions.prefix(2) == [.send(.denied(request: 5, isDefinite: false), client: 3), .persist])
  }

  /// A copy that has been made is not older than what was acknowledged, however its node has started.
  @Test func whatWasMadeIsProven() {
    var hand = restarted(Hand(Hand.dead))
    _ = hand.hear(confirm())
    let copy = Hand.order(.copy, Hand.dead, Hand.slave, source: 2)
    _ = hand.hear(.order(copy))
    #expect(hand.hear(.fetched(copy.id, log: Hand.log([1]), term: 1), node: 2) == [.persist, .answer(.done(copy.id))])
    guard case .send(.inventory(_, let holdings, _), _)? = hand.hear(.claim(revision: 1)).last else {
      return #expect(Bool(false))
    }
    #expect(holdings.map(\.state) == [Hand.slave] && holdings.map(\.isUnproven) == [false])
  }

  /// Where several nodes take writes nobody is told to lead, and there is nothing to be proven.
  @Test func ofSeveralMastersNoneIsUnproven() {
    var agent = NodeAgent(
      NodeIndex(0), rules: ExecutionRules(.multiMaster), boot: 2, promise: Promise(revision: 1),
      records: [(p, Record(state: Hand.master, term: 1, leadsWith: nil))])
    _ = agent.start(on: 9, boot: 2, Promise(revision: 1), isNew: false)
    guard
      case .send(.inventory(_, let holdings, _), _)? = agent.handle(
        .message(.claim(revision: 1), from: .orchestrator(0))
      ).last
    else { return #expect(Bool(false)) }
    #expect(holdings.map(\.isUnproven) == [false])
  }

  /// What its disk revived may have to go before it makes a copy.
  @Test func whoIsNotConfirmedMakesNoCopy() {
    var hand = restarted(Hand(Hand.dead))
    let copy = Hand.order(.copy, Hand.dead, Hand.slave, source: 2, leader: 1)
    #expect(hand.hear(.order(copy)) == [.answer(.refused(copy.id, .notRunning))])
    _ = hand.hear(confirm())
    #expect(hand.hear(.order(copy)) == [.send(.fetch(copy), node: 2)])
  }

  /// A copy that was in doubt stays so in another state, until it is thrown away or leads.
  @Test func aDoubtStaysWithItsCopy() {
    func isInDoubt(_ kind: Order.Kind, _ state: StateIndex) -> Bool {
      var hand = Hand(Hand.slave, log: [1]) { $0.isInDoubt = true }
      #expect(hand.hear(.order(Hand.order(kind, Hand.slave, state))).count == 2)
      return hand.record.isInDoubt
    }
    #expect(isInDoubt(.set, Hand.pending) && !isInDoubt(.discard, .null) && !isInDoubt(.lead, Hand.master))
  }

  /// It knows nothing of the partition, and may have lost what it knew: it has not left.
  @Test func whoIsNotConfirmedHasNotLeft() {
    let q = PartitionIndex(1)
    var hand = restarted(Hand(Hand.slave, log: [1]))
    let append = Message.append(q, term: 1, round: 7, previous: 0, previousTerm: 0, log: [])
    #expect(hand.hear(append, node: 1) == [] && hand.hear(.compare(q, term: 1, round: 7, end: 0, lastTerm: 0)) == [])
    _ = hand.hear(confirm())
    #expect(hand.hear(append, node: 1) == [.send(.left(q, round: 7), node: 1)])
  }

  /// It led, another has led since, and it started again in between: whether it has all that one tells which feeds it.
  @Test func whoLedBeforeIsProvenByWhoLeadsNow() {
    var hand = restarted(Hand(Hand.master, followers: [1], log: [1]) { $0.term = 4 })
    _ = hand.hear(confirm())
    _ = hand.hear(.append(p, term: 4, round: 7, previous: 1, previousTerm: 1, log: []), node: 2)
    guard case .send(.inventory(_, let holdings, _), _)? = hand.hear(.claim(revision: 1)).last else {
      return #expect(Bool(false))
    }
    #expect(holdings.map(\.isUnproven) == [false])
  }

  /// Who leads has been compared: what it hands over, and keeps, is not older than what was acknowledged.
  @Test func whoHandsOverIsProven() {
    var hand = restarted(Hand(Hand.master, followers: [1], log: [1]))
    _ = hand.hear(confirm())
    _ = hand.hear(compared(hand.agent.round), node: 1)
    var takeover = Hand.order(
      .takeOver, Hand.slave, Hand.master, source: 0, sourceChange: (Hand.master, Hand.slave))
    takeover.node = NodeIndex(1)
    #expect(hand.hear(.handOver(takeover, end: 1, lastTerm: 1), node: 1).count == 2)
    guard case .send(.inventory(_, let holdings, _), _)? = hand.hear(.claim(revision: 1)).last else {
      return #expect(Bool(false))
    }
    #expect(holdings.map(\.state) == [Hand.slave] && holdings.map(\.isUnproven) == [false])
  }

  /// By then another leads: what a follower has more is of that one.
  @Test func whoIsFencedIsNotFoundToBeSetBack() {
    var hand = restarted(Hand(Hand.master, followers: [1, 2], log: [1]))
    _ = hand.hear(confirm())
    let round = hand.agent.round
    _ = hand.hear(.fenced(p, term: 9), node: 2)
    #expect(hand.hear(compared(round, end: 3), node: 1) == [] && hand.agent.disk?.isSetBack == false)
  }

  /// One of an older version answers the question so.
  @Test func whoLacksSomethingHasBeenCompared() {
    var hand = restarted(Hand(Hand.master, followers: [1], log: [1]))
    _ = hand.hear(confirm())
    _ = hand.hear(.differs(p, term: 1, round: hand.agent.round, hint: 0), node: 1)
    #expect(hand.agent.leads(p) && !hand.agent.wantsTick)
  }

  /// A follower may have what nobody acknowledged, of a leader before this one: that goes.
  @Test func whatAFollowerHasOfAnEarlierLeaderDoesNotCount() {
    var hand = restarted(Hand(Hand.master, term: 3, followers: [1], log: [1]))
    _ = hand.hear(confirm())
    let told = Message.compared(p, term: 3, round: hand.agent.round, end: 2, lastTerm: 2)
    #expect(hand.hear(told, node: 1) == [] && hand.agent.leads(p))
  }

  /// Nothing counts that followers say while the leader is not to serve.
  @Test func answersDoNotCountWhileItWaits() {
    var hand = Hand(Hand.master, followers: [1], log: [1])
    _ = hand.agent.start(on: 9, boot: 1, nil, isNew: false)
    _ = hand.hear(.write(p, value: 8, request: 5), client: 3)
    let round = hand.agent.round
    _ = hand.hear(confirm(waiting: [p], boot: 1))
    let appended = Message.appended(p, term: 1, round: round, matched: 2, isCopy: true)
    #expect(hand.hear(appended, node: 1) == [] && hand.hear(.left(p, round: round), node: 1) == [])
    #expect(hand.record.followers == [NodeIndex(1)])
    var ticked = hand
    #expect(ticked.agent.handle(.tick) == [.send(.denied(request: 5, isDefinite: false), client: 3)], "who leads may")
    #expect(!ticked.agent.wantsTick)
    _ = hand.hear(confirm(boot: 1))
    #expect(hand.hear(appended, node: 1) == [.send(.written(request: 5), client: 3)])
  }

  /// Its writes wait for the disk to go on when another partition shows that the disk was set back.
  @Test func whatWasHeldIsDeniedWhereADiskWasSetBack() {
    let q = PartitionIndex(1)
    var hand = Hand(Hand.master, followers: [1], log: [1]) { $0.mode = RunMode(.running, pauses: .persistence) }
    var other = Record(state: Hand.master, term: 1, leadsWith: [NodeIndex(1)])
    other.log = Hand.log([1])
    hand.agent = NodeAgent(
      NodeIndex(0), rules: ExecutionRules(.masterSlave), boot: 1, promise: Promise(revision: 1),
      records: [(p, hand.record), (q, other)])
    _ = hand.agent.start(on: 9, boot: 1, nil, isNew: false)
    #expect(hand.hear(.write(p, value: 8, request: 5), client: 3) == [])
    _ = hand.hear(.compared(q, term: 1, round: hand.agent.round, end: 3, lastTerm: 1), node: 1)
    #expect(hand.agent.disk?.isSetBack == true && hand.agent.wantsTick)
    #expect(hand.agent.handle(.tick) == [.send(.denied(request: 5, isDefinite: true), client: 3)])
    #expect(!hand.agent.wantsTick)
    // Or where that copy is in doubt.
    hand = Hand(Hand.master, followers: [1], log: [1]) { $0.mode = RunMode(.running, pauses: .persistence) }
    _ = hand.agent.start(on: 9, boot: 1, nil, isNew: false)
    _ = hand.hear(.write(p, value: 8, request: 5), client: 3)
    #expect(
      hand.hear(confirm(inDoubt: [p], boot: 1)).prefix(2) == [
        .send(.denied(request: 5, isDefinite: true), client: 3), .persist,
      ])
  }
}

extension NodeAgent.Action {
  fileprivate var isCompare: Bool { if case .send(.compare, _) = self { true } else { false } }
}
