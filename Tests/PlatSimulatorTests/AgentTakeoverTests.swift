import Testing

@testable import PlatEngine

/// A takeover, step by step: at the successor, at the old master, and until the old copy has gone.
@Suite struct AgentTakeoverTests {
  private typealias Hand = AgentHand
  private let p = AgentHand.partition
  private let takeover = AgentHand.order(
    .takeOver, revision: 5, AgentHand.slave, AgentHand.master, source: 1,
    sourceChange: (AgentHand.master, AgentHand.dead), term: 1)
  private var id: OrderID { takeover.id }

  private func append(
    _ hand: Hand, _ previous: Int, _ previousTerm: UInt64, _ log: [Entry], term: UInt64 = 5, minus: UInt64 = 0
  ) -> Message {
    .append(p, term: term, round: hand.agent.round - minus, previous: previous, previousTerm: previousTerm, log: log)
  }

  // MARK: The successor

  @Test func asksLeadsAndAnswersWhenTheOldCopyHasGone() {
    var hand = Hand(Hand.slave, log: [1])
    #expect(hand.hear(.order(takeover)) == [.persistPromise, .send(.handOver(takeover, end: 1, lastTerm: 1), node: 1)])
    #expect(hand.agent.wantsTick == false)
    // What it holds waits, and everything of another kind is denied.
    #expect(
      hand.hear(.write(p, value: 8, request: 1), client: 3).isEmpty
        && hand.hear(.read(p, request: 2), client: 3).isEmpty)
    #expect(hand.agent.wantsTick)
    #expect(hand.agent.handle(.tick).isEmpty, "they wait until the takeover has ended")
    #expect(hand.hear(.order(takeover)) == [.send(.handOver(takeover, end: 1, lastTerm: 1), node: 1)], "asked again")
    #expect(hand.hear(.handedOver(Hand.id(9), followers: [], start: 0, log: []), node: 1).isEmpty, "of another order")
    #expect(hand.hear(.handedOver(id, followers: [], start: 2, log: []), node: 1).isEmpty, "more than it has")
    let lacking = [Entry(term: 1, value: 4)]
    let actions = hand.hear(.handedOver(id, followers: [NodeIndex(2), NodeIndex(1)], start: 1, log: lacking), node: 1)
    #expect(hand.agent.leads(p) && hand.record.led == 5 && hand.record.term == 5 && hand.record.done == id)
    #expect(hand.record.followers == [NodeIndex(2), NodeIndex(1)] && hand.record.log.count == 3)
    #expect(actions.first == .persist && !actions.contains(.answer(.done(id))))
    #expect(
      actions.filter { if case .send(.append, _) = $0 { true } else { false } }.count == 6,
      "for the write, for the read, and to all")
    #expect(hand.hear(.handedOver(id, followers: [], start: 0, log: []), node: 1).isEmpty, "once")
    let rest = Array(hand.record.log.suffix(1))
    // The orchestrator asks again: it is at it, and asks for the old copy to go.
    let again = hand.hear(.order(takeover))
    #expect(
      again == [
        .answer(.working(id)), .send(append(hand, 2, 1, rest, minus: 1), node: 2),
        .send(append(hand, 2, 1, rest), node: 1),
      ])
    #expect(hand.agent.wantsTick)
    #expect(hand.hear(.appended(p, term: 5, round: hand.agent.round, matched: 3, isCopy: true), node: 2).isEmpty)
    #expect(
      hand.hear(.left(p, round: hand.agent.round), node: 1) == [
        .persist, .answer(.done(id)), .send(.written(request: 1), client: 3),
        .send(.answer(request: 2, log: hand.record.log), client: 3),
      ])
    #expect(hand.record.followers == [NodeIndex(2)])
    #expect(hand.hear(.order(takeover)) == [.answer(.done(id))] && !hand.agent.wantsTick)
  }

  /// The old master stays a slave: nothing is waited for.
  /// The old leader has not let its copy go, and the successor is told to lead no more: it waits for nothing.
  @Test func whoLeadsNoMoreWaitsForNoOldCopy() {
    var hand = Hand(Hand.slave, log: [1])
    _ = hand.hear(.order(takeover))
    _ = hand.hear(.handedOver(id, followers: [NodeIndex(1)], start: 1, log: []), node: 1)
    #expect(hand.agent.leads(p) && hand.agent.wantsTick)
    _ = hand.hear(.order(Hand.order(.set, revision: 6, Hand.master, Hand.slave)))
    #expect(!hand.agent.wantsTick)
  }

  /// The same where it is told to lead on, with others: the takeover is not what is answered then.
  @Test func whoIsToldToLeadOnForgetsTheTakeover() {
    var hand = Hand(Hand.slave, log: [1])
    _ = hand.hear(.order(takeover))
    _ = hand.hear(.handedOver(id, followers: [NodeIndex(1)], start: 1, log: []), node: 1)
    let lead = Hand.order(.lead, revision: 6, Hand.master, Hand.master, followers: [1, 2])
    #expect(hand.hear(.order(lead)).contains(.answer(.done(lead.id))) && !hand.agent.wantsTick)
    #expect(hand.hear(.left(p, round: hand.agent.round), node: 1) == [.persist])
  }

  /// A successor is not the leader that a follower speaks of: what it holds waits on.
  @Test func aSuccessorIsNotFenced() {
    var hand = Hand(Hand.slave, log: [1])
    _ = hand.hear(.order(takeover))
    #expect(hand.hear(.read(p, request: 2), client: 3).isEmpty && hand.hear(.fenced(p, term: 9), node: 2).isEmpty)
    #expect(hand.agent.handle(.tick).isEmpty && hand.agent.wantsTick)
  }

  /// The same where its copy is to wait for another one.
  @Test func whoIsToWaitWaitsForNoOldCopy() {
    var hand = Hand(Hand.slave, log: [1])
    _ = hand.agent.start(on: 9, boot: 1, nil, isNew: false)
    _ = hand.hear(.order(takeover))
    _ = hand.hear(.handedOver(id, followers: [NodeIndex(1)], start: 1, log: []), node: 1)
    _ = hand.hear(.check(revision: 5, confirmed: 1, setBack: 0, inDoubt: [], waiting: [p]))
    #expect(!hand.agent.leads(p) && hand.agent.wantsTick)
    #expect(hand.agent.handle(.tick) == [] && !hand.agent.wantsTick)
  }

  /// It has started again meanwhile, and knows of the old leader that it follows it still.
  @Test func afterARestartItAsksForTheOldCopyToGo() {
    var hand = Hand(Hand.master, term: 5, followers: [1], log: [1], revision: 5) { $0.done = AgentHand.id(1, 5) }
    #expect(id == AgentHand.id(1, 5) && !hand.agent.wantsTick)
    let actions = hand.hear(.order(takeover))
    #expect(actions == [.answer(.working(id)), .send(append(hand, 1, 1, []), node: 1)] && hand.agent.wantsTick)
    #expect(hand.hear(.left(p, round: hand.agent.round), node: 1) == [.persist, .answer(.done(id))])
  }

  /// The answer goes to whoever has asked last: the orchestrator may be another by then.
  @Test func whoAskedLastIsAnswered() {
    var hand = Hand(Hand.slave, log: [1])
    _ = hand.hear(.order(takeover))
    _ = hand.hear(.handedOver(id, followers: [NodeIndex(1)], start: 1, log: []), node: 1)
    _ = hand.hear(.order(takeover), from: .orchestrator(7))
    #expect(
      hand.hear(.left(p, round: hand.agent.round), node: 1) == [.persist, .send(.done(id), to: .orchestrator(7))])
  }

  /// A successor does not vouch for a copy more: by the time that it says so it may lead.
  @Test func aSuccessorIsNoCopyMore() {
    var hand = Hand(Hand.slave, log: [1])
    let old = Message.append(p, term: 5, round: 3, previous: 1, previousTerm: 1, log: [])
    var other = hand
    #expect(
      other.hear(old, node: 1) == [.persist, .send(.appended(p, term: 5, round: 3, matched: 1, isCopy: true), node: 1)])
    _ = hand.hear(.order(takeover))
    #expect(
      hand.hear(old, node: 1) == [.persist, .send(.appended(p, term: 5, round: 3, matched: 1, isCopy: false), node: 1)])
  }

  @Test func whoStaysASlaveIsAFollower() {
    var order = takeover
    order.sourceChange = StateChange(Hand.master, Hand.slave)
    var hand = Hand(Hand.slave, log: [1])
    _ = hand.hear(.order(order))
    let actions = hand.hear(.handedOver(id, followers: [NodeIndex(1)], start: 0, log: Hand.log([1, 1])), node: 1)
    #expect(actions == [.persist, .answer(.done(id)), .send(append(hand, 2, 1, []), node: 1)])
    #expect(hand.hear(.order(order)) == [.answer(.done(id))])
    #expect(hand.record.log == Hand.log([1, 1]) && !hand.agent.wantsTick)
  }

  @Test func whatWaitsIsDeniedWhereTheTakeoverFails() {
    var order = takeover
    order.hold = .write
    var hand = Hand(Hand.slave)
    _ = hand.hear(.order(order))
    #expect(hand.hear(.read(p, request: 2), client: 3) == [.send(.denied(request: 2, isDefinite: true), client: 3)])
    #expect(hand.hear(.write(p, value: 8, request: 1), client: 3).isEmpty)
    #expect(
      hand.hear(.peerRefused(id, .wrongState), node: 1)
        == [.send(.denied(request: 1, isDefinite: true), client: 3), .answer(.refused(id, .wrongState))])
    #expect(hand.record.state == Hand.slave)
    // A later revision ends it, too.
    _ = hand.hear(.order(order))
    #expect(hand.hear(.write(p, value: 8, request: 4), client: 3).isEmpty)
    #expect(
      hand.hear(.claim(revision: 6)) == [
        .persistPromise, .send(.denied(request: 4, isDefinite: true), client: 3),
        .answer(
          .inventory(
            revision: 6,
            [
              Holding(
                partition: p, state: Hand.slave, term: 1, isLeading: false, followers: [],
                log: Holding.LogEnd(lastTerm: 0, count: 0))
            ],
            disk: nil)),
      ])
    #expect(hand.hear(.handedOver(id, followers: [], start: 0, log: []), node: 1).isEmpty)
    #expect(hand.hear(.claim(revision: 6)).count == 1 && hand.agent.revision == 6)
    #expect(hand.hear(.claim(revision: 5)) == [.answer(.outdated(revision: 6))])
  }

  @Test func withoutRoomOrStoppedItDoesNotLead() {
    var hand = Hand(Hand.slave)
    _ = hand.hear(.order(takeover))
    _ = hand.agent.handle(.diskFull(true))
    #expect(
      hand.hear(.handedOver(id, followers: [], start: 0, log: Hand.log([1])), node: 1).isEmpty, "it is asked again")
    #expect(hand.hear(.order(takeover)).count == 1 && hand.record.state == Hand.slave)
    #expect(
      hand.hear(.handedOver(id, followers: [], start: 0, log: []), node: 1).first == .persist, "nothing takes no room")
    hand = Hand(Hand.slave)
    _ = hand.hear(.order(takeover))
    let stop = ModeOrder(id: Hand.id(1, 5), partition: p, from: .usual, to: RunMode(.running, pauses: .replication))
    _ = hand.hear(.mode(stop))
    #expect(hand.hear(.handedOver(id, followers: [], start: 0, log: []), node: 1).isEmpty)
    #expect(hand.record.state == Hand.slave)
  }

  /// Its disk is confirmed after it has started again; only then the followers are asked.
  @Test func afterARestartItWaitsForItsDisk() {
    var hand = Hand(Hand.slave)
    _ = hand.hear(.order(takeover))
    _ = hand.hear(.handedOver(id, followers: [NodeIndex(1)], start: 0, log: []), node: 1)
    var agent = NodeAgent(
      NodeIndex(0), rules: ExecutionRules(.masterSlave), boot: 2, promise: hand.agent.promise,
      records: [(p, hand.record)])
    _ = agent.start(on: 1, boot: 2, hand.agent.promise, isNew: false)
    hand.agent = agent
    #expect(hand.hear(.order(takeover)) == [.answer(.working(id))])
    #expect(
      hand.hear(.write(p, value: 8, request: 1), client: 3) == [.send(.denied(request: 1, isDefinite: true), client: 3)]
    )
  }

  // MARK: The old master

  private var handOver: Order {
    var order = takeover
    order.node = NodeIndex(1)
    order.source = NodeIndex(0)
    return order
  }

  @Test func handsOverOnceAndKeepsItsCopy() {
    var hand = Hand(Hand.master, followers: [1, 2], log: [1, 1, 1], revision: 5)
    _ = hand.hear(.read(p, request: 9), client: 3)
    func handedOver(_ start: Int, _ log: [Entry]) -> NodeAgent.Action {
      .send(.handedOver(id, followers: [NodeIndex(2), NodeIndex(0)], start: start, log: log), node: 1)
    }
    let tail = Array(Hand.log([1, 1, 1]).suffix(1))
    #expect(
      hand.hear(.handOver(handOver, end: 2, lastTerm: 1), node: 1)
        == [.send(.denied(request: 9, isDefinite: true), client: 3), .persist, handedOver(2, tail)])
    #expect(
      !hand.agent.leads(p) && hand.record.state == Hand.dead && hand.record.led == 0 && hand.record.done == id
        && hand.record.handed == id)
    #expect(hand.record.followers == [NodeIndex(2), NodeIndex(1)] && hand.record.log.count == 3)
    // Asked again it answers the same; what the successor has otherwise it gets anew.
    #expect(hand.hear(.handOver(handOver, end: 2, lastTerm: 1), node: 1) == [handedOver(2, tail)])
    #expect(hand.hear(.handOver(handOver, end: 3, lastTerm: 1), node: 1) == [handedOver(3, [])])
    #expect(hand.hear(.handOver(handOver, end: 0, lastTerm: 0), node: 1) == [handedOver(0, Hand.log([1, 1, 1]))])
    #expect(
      hand.hear(.handOver(handOver, end: 2, lastTerm: 7), node: 1) == [handedOver(0, Hand.log([1, 1, 1]))],
      "of another term")
    #expect(
      hand.hear(.handOver(handOver, end: 4, lastTerm: 1), node: 1) == [handedOver(0, Hand.log([1, 1, 1]))],
      "longer than its own")
    // It tells that it keeps its copy, and of whom it was followed.
    let kept = Holding(
      partition: p, state: Hand.dead, term: 1, isLeading: false, followers: [NodeIndex(2), NodeIndex(1)],
      log: Holding.LogEnd(lastTerm: 1, count: 3))
    #expect(hand.hear(.claim(revision: 5)) == [.answer(.inventory(revision: 5, [kept], disk: nil))])
    // The successor leads: the copy goes, and an old question gets another answer.
    #expect(hand.hear(append(hand, 3, 1, []), node: 1) == [.persist, .send(.left(p, round: hand.agent.round), node: 1)])
    #expect(hand.record.log.isEmpty && hand.record.followers.isEmpty && hand.record.term == 5)
    #expect(
      hand.hear(.handOver(handOver, end: 0, lastTerm: 0), node: 1) == [.send(.peerRefused(id, .wrongState), node: 1)])
    #expect(hand.hear(append(hand, 0, 0, []), node: 1) == [.send(.left(p, round: hand.agent.round), node: 1)])
  }

  @Test func staysASlave() {
    var order = handOver
    order.sourceChange = StateChange(Hand.master, Hand.slave)
    var hand = Hand(Hand.master, followers: [1], log: [1])
    let answer = NodeAgent.Action.send(.handedOver(id, followers: [NodeIndex(0)], start: 1, log: []), node: 1)
    #expect(hand.hear(.handOver(order, end: 1, lastTerm: 1), node: 1) == [.persistPromise, .persist, answer])
    #expect(hand.record.state == Hand.slave && hand.record.log.count == 1)
    #expect(hand.hear(.handOver(order, end: 1, lastTerm: 1), node: 1) == [answer])
    #expect(
      hand.hear(append(hand, 1, 1, []), node: 1)
        == [.persist, .send(.appended(p, term: 5, round: hand.agent.round, matched: 1, isCopy: true), node: 1)])
    #expect(hand.record.term == 5)
  }

  @Test func whoDoesNotLeadHandsOverNothing() {
    let refused = NodeAgent.Action.send(.peerRefused(id, .wrongState), node: 1)
    var hand = Hand()
    #expect(hand.hear(.handOver(handOver, end: 0, lastTerm: 0), node: 1) == [.persistPromise, refused])
    hand = Hand(Hand.slave, revision: 5)
    #expect(hand.hear(.handOver(handOver, end: 0, lastTerm: 0), node: 1) == [refused])
    hand = Hand(Hand.master, term: 2, followers: [1], revision: 5) { $0.term = 3 }
    #expect(hand.hear(.handOver(handOver, end: 0, lastTerm: 0), node: 1) == [refused], "another leads")
    hand = Hand(Hand.master, followers: [1], revision: 5) { $0.mode = RunMode(.running, pauses: .replication) }
    #expect(
      hand.hear(.handOver(handOver, end: 0, lastTerm: 0), node: 1) == [.send(.peerRefused(id, .notRunning), node: 1)])
    hand = Hand(Hand.master, followers: [1], revision: 6)
    #expect(hand.hear(.handOver(handOver, end: 0, lastTerm: 0), node: 1).isEmpty, "of an older revision")
    #expect(
      hand.hear(.handOver(Hand.order(.takeOver, revision: 6, Hand.slave, Hand.master), end: 0, lastTerm: 0)).isEmpty,
      "from no node")
    // How it ran goes with the copy.
    hand = Hand(Hand.master, followers: [1], revision: 5) { $0.mode = RunMode(.cooling) }
    _ = hand.hear(.handOver(handOver, end: 0, lastTerm: 0), node: 1)
    #expect(hand.record.mode == .usual)
  }

  /// It keeps its copy from the word of a leader that is older than what it has promised.
  @Test func theCopyGoesAtTheWordOfTheLastLeaderOnly() {
    var hand = Hand(Hand.master, followers: [1], log: [1], revision: 5)
    _ = hand.hear(.handOver(handOver, end: 0, lastTerm: 0), node: 1)
    _ = hand.hear(.claim(revision: 6))
    #expect(hand.hear(append(hand, 1, 1, []), node: 1).isEmpty)
    #expect(hand.hear(.compare(p, term: 5, round: 8, end: 1, lastTerm: 1), node: 1).isEmpty)
    #expect(hand.record.log.count == 1)
    #expect(hand.hear(append(hand, 1, 1, [], term: 0), node: 1) == [.send(.fenced(p, term: 1), node: 1)])
    var other = hand
    #expect(
      other.hear(append(hand, 1, 1, [], term: 7), node: 1) == [
        .persist, .send(.left(p, round: hand.agent.round), node: 1),
      ])
    #expect(other.record.term == 7)
    #expect(
      hand.hear(.compare(p, term: 6, round: 8, end: 1, lastTerm: 1), node: 1) == [
        .persist, .send(.left(p, round: 8), node: 1),
      ])
    #expect(hand.record.log.isEmpty && hand.record.term == 6)
    // Told to lead again it has all that it had.
    hand = Hand(Hand.master, followers: [1], log: [1], revision: 5)
    _ = hand.hear(.handOver(handOver, end: 0, lastTerm: 0), node: 1)
    #expect(
      hand.hear(.order(Hand.order(.lead, revision: 6, Hand.dead, Hand.master))) == [
        .persistPromise, .persist, .answer(.done(Hand.id(1, 6))),
      ])
    #expect(hand.agent.leads(p) && hand.record.log.count == 1)
    hand = Hand(Hand.dead)
    #expect(
      hand.hear(.order(Hand.order(.lead, Hand.dead, Hand.master))) == [.answer(.refused(Hand.id(1), .wrongState))],
      "it keeps nothing")
  }

  /// Told to become a slave again while it keeps its copy: what is being made is not let go.
  @Test func whatIsMadeAnewIsNotLetGo() {
    var hand = Hand(Hand.dead, log: [1]) { $0.followers = [NodeIndex(1)] }
    let copy = Hand.order(.copy, Hand.dead, Hand.slave, source: 2, leader: 1)
    _ = hand.hear(.order(copy))
    _ = hand.hear(.fetched(copy.id, log: Hand.log([1]), term: 1), node: 2)
    #expect(hand.hear(.compare(p, term: 1, round: 7, end: 1, lastTerm: 1), node: 1) == [
      .send(.compared(p, term: 1, round: 7, end: 1, lastTerm: 1), node: 1),
    ])
    #expect(hand.hear(.append(p, term: 1, round: 8, previous: 1, previousTerm: 1, log: []), node: 1) == [
      .send(.appended(p, term: 1, round: 8, matched: 1, isCopy: false), node: 1),
    ])
    #expect(hand.record.log.count == 1)
  }

  // MARK: Exclusive states in which nobody leads

  private let exchange = AgentHand.order(
    .takeOver, revision: 5, AgentHand.dead, AgentHand.slave, source: 1, sourceChange: (AgentHand.slave, AgentHand.dead),
    leader: 2, term: 3)

  @Test func theDataComesFirst() {
    var hand = Hand(Hand.dead)
    #expect(hand.hear(.order(exchange)) == [.persistPromise, .send(.fetch(exchange), node: 1)])
    _ = hand.hear(.fetched(id, log: Hand.log([1]), term: 1), node: 1)
    _ = hand.hear(.appended(p, term: 1, round: 1, matched: 1, isCopy: true), node: 2)
    #expect(
      hand.hear(.joined(id, attempt: hand.agent.round, end: 0, term: 1), node: 2) == [
        .send(.handOver(exchange, end: 1, lastTerm: 1), node: 1)
      ])
    #expect(
      hand.hear(.order(exchange)) == [.send(.handOver(exchange, end: 1, lastTerm: 1), node: 1)],
      "asked again it does not copy again")
    // It is fed meanwhile.
    let entry = Message.append(p, term: 3, round: 8, previous: 1, previousTerm: 1, log: [Entry(term: 3, value: 1)])
    #expect(
      hand.hear(entry, node: 2) == [
        .persist, .send(.appended(p, term: 3, round: 8, matched: 2, isCopy: false), node: 2),
      ])
    #expect(hand.hear(.read(p, request: 2), client: 3).isEmpty, "it is held, as at any successor")
    #expect(
      hand.hear(.handedOver(id, followers: [], start: 0, log: []), node: 1)
        == [.persist, .answer(.done(id)), .send(.denied(request: 2, isDefinite: true), client: 3)])
    #expect(
      hand.record.state == Hand.slave && hand.record.done == id && hand.record.log.count == 2 && hand.record.term == 3)
    #expect(!hand.agent.leads(p))
    // Who has data already asks at once.
    hand = Hand(Hand.pending, term: 1)
    var known = exchange
    known.change = StateChange(Hand.pending, Hand.slave)
    #expect(hand.hear(.order(known)) == [.persistPromise, .send(.handOver(known, end: 0, lastTerm: 0), node: 1)])
    #expect(hand.hear(.handedOver(id, followers: [], start: 0, log: []), node: 1) == [.persist, .answer(.done(id))])
    #expect(hand.record.term == 3)
    let next = Hand.order(.set, number: 2, revision: 5, Hand.slave, Hand.pending)
    #expect(hand.hear(.order(next)) == [.persist, .answer(.done(next.id))], "it is at nothing any more")
  }

  /// A leader that steps into another state leads no more.
  @Test func aLeaderThatStepsDown() {
    var hand = Hand(Hand.master, term: 4, followers: [2], log: [1])
    var order = exchange
    order.change = StateChange(Hand.master, Hand.slave)
    _ = hand.hear(.order(order))
    #expect(hand.hear(.handedOver(id, followers: [], start: 0, log: []), node: 1) == [.persist, .answer(.done(id))])
    #expect(
      hand.record.led == 0 && hand.record.followers.isEmpty && hand.record.term == 4 && hand.record.log.count == 1)
    hand = Hand(Hand.slave, term: 2) { $0.followers = [NodeIndex(3)] }
    order.change = StateChange(Hand.slave, Hand.pending)
    _ = hand.hear(.order(order))
    _ = hand.hear(.handedOver(id, followers: [], start: 0, log: []), node: 1)
    #expect(hand.record.state == Hand.pending)
  }

  @Test func theOtherStepsAsideOnce() {
    var order = exchange
    (order.node, order.source) = (NodeIndex(1), NodeIndex(0))
    let answer = NodeAgent.Action.send(.handedOver(id, followers: [], start: 0, log: []), node: 1)
    var hand = Hand(Hand.slave, log: [1], revision: 5) { $0.mode = RunMode(.cooling) }
    #expect(hand.hear(.handOver(order, end: 1, lastTerm: 1), node: 1) == [.persist, answer])
    #expect(
      hand.record.state == Hand.dead && hand.record.handed == id && hand.record.done == id && hand.record.mode == .usual
    )
    #expect(hand.hear(.handOver(order, end: 1, lastTerm: 1), node: 1) == [answer])
    hand = Hand(Hand.pending, revision: 5)
    #expect(
      hand.hear(.handOver(order, end: 1, lastTerm: 1), node: 1) == [.send(.peerRefused(id, .wrongState), node: 1)])
    // A leader leads no more.
    order.sourceChange = StateChange(Hand.master, Hand.slave)
    hand = Hand(Hand.master, followers: [2], revision: 5)
    #expect(hand.hear(.handOver(order, end: 1, lastTerm: 1), node: 1) == [.persist, answer])
    #expect(hand.record.led == 0 && hand.record.followers.isEmpty)
  }
}
