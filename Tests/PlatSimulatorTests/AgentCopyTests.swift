import Testing

@testable import PlatEngine

/// A new replica, step by step: at the node that receives it, at its source, at the leader.
@Suite struct AgentCopyTests {
  private typealias Hand = AgentHand
  private let p = AgentHand.partition

  // MARK: Who receives

  @Test func fetchesJoinsAndIsASlave() {
    var hand = Hand()
    let order = Hand.order(
      .copy, .null, Hand.slave, source: 2, sourceChange: (Hand.slave, Hand.slave), leader: 1, term: 1)
    #expect(hand.hear(.order(order)) == [.send(.fetch(order), node: 2)])
    #expect(hand.agent.copies == [order])
    // Asked again it says that it is at it, and fetches again.
    #expect(hand.hear(.order(order)) == [.answer(.working(order.id)), .send(.fetch(order), node: 2)])
    #expect(
      hand.hear(.order(Hand.order(.copy, number: 2, .null, Hand.slave, source: 3, leader: 1))) == [
        .answer(.refused(Hand.id(2), .busy))
      ])
    let attempt = hand.agent.round + 1
    #expect(
      hand.hear(.fetched(order.id, log: Hand.log([1, 1]), term: 1), node: 2) == [
        .persist, .send(.join(order, attempt: attempt), node: 1),
      ])
    #expect(hand.agent.copies == [order])
    #expect(hand.record.state == .null && hand.record.log == Hand.log([1, 1]) && hand.record.term == 1)
    #expect(hand.hear(.fetched(order.id, log: [], term: 1), node: 2).isEmpty, "a second answer")
    #expect(hand.hear(.order(order)) == [.answer(.working(order.id)), .send(.join(order, attempt: attempt), node: 1)])
    // An answer to another attempt, or of another order, does not count.
    #expect(hand.hear(.joined(order.id, attempt: attempt + 1, end: 0, term: 1), node: 1).isEmpty)
    #expect(hand.hear(.joined(Hand.id(9), attempt: attempt, end: 0, term: 1), node: 1).isEmpty)
    #expect(hand.hear(.joined(order.id, attempt: attempt, end: 3, term: 1), node: 1).isEmpty)
    #expect(hand.record.state == .null)
    let append = Message.append(p, term: 1, round: 8, previous: 2, previousTerm: 1, log: [Entry(term: 1, value: 2)])
    #expect(
      hand.hear(append, node: 1) == [
        .persist, .send(.appended(p, term: 1, round: 8, matched: 3, isCopy: false), node: 1), .persist,
        .answer(.done(order.id)),
      ])
    #expect(hand.record.state == Hand.slave && hand.record.done == order.id && hand.agent.copies.isEmpty)
    #expect(hand.hear(.order(order)) == [.answer(.done(order.id))], "asked again")
  }

  /// What came first counts, also where the answer of the leader comes last, or an earlier append comes late.
  @Test func isCompleteWhicheverComesLast() {
    var hand = Hand()
    let order = Hand.order(.copy, .null, Hand.slave, source: 2, leader: 1)
    _ = hand.hear(.order(order))
    _ = hand.hear(.fetched(order.id, log: [], term: 1), node: 2)
    let attempt = hand.agent.round
    for count in [2, 1] {
      let append = Message.append(
        p, term: 1, round: 8, previous: 0, previousTerm: 0, log: Hand.log(Array([1, 1].prefix(count))))
      #expect(
        hand.hear(append, node: 1).last
          == .send(.appended(p, term: 1, round: 8, matched: count, isCopy: false), node: 1))
    }
    #expect(
      hand.hear(.joined(order.id, attempt: attempt, end: 2, term: 1), node: 1) == [.persist, .answer(.done(order.id))])
    #expect(hand.record.state == Hand.slave)
  }

  @Test func ofAnotherTermAndALeaderThatChanged() {
    var hand = Hand(Hand.dead, term: 4)
    let order = Hand.order(.copy, revision: 6, Hand.dead, Hand.slave, source: 2, leader: 1, term: 5)
    #expect(hand.hear(.order(order)) == [.persistPromise, .send(.fetch(order), node: 2)])
    _ = hand.hear(.fetched(order.id, log: [], term: 3), node: 2)
    #expect(hand.record.term == 5, "the greatest of all that it knows")
    let attempt = hand.agent.round
    // It asks the leader that the order names now, with what it has.
    let moved = Hand.order(.copy, revision: 6, Hand.dead, Hand.slave, source: 2, leader: 3, term: 5)
    #expect(hand.hear(.order(moved)) == [.answer(.working(order.id)), .send(.join(moved, attempt: attempt), node: 3)])
    #expect(hand.agent.copies == [moved])
    // Nobody leads any more: it fetches again.
    let alone = Hand.order(.copy, revision: 6, Hand.dead, Hand.slave, source: 2, term: 5)
    #expect(hand.hear(.order(alone)) == [.answer(.working(order.id)), .send(.fetch(alone), node: 2)])
    #expect(hand.hear(.fetched(order.id, log: Hand.log([7]), term: 7), node: 2) == [.persist, .answer(.done(order.id))])
    #expect(hand.record.term == 7 && hand.record.state == Hand.slave && !hand.agent.leads(p))
  }

  /// Of a state that leads: it leads from then on, with whom the order names.
  @Test func aCopyThatLeads() {
    var hand = Hand()
    let order = Hand.order(.copy, .null, Hand.master, source: 2, followers: [3])
    _ = hand.hear(.order(order))
    let actions = hand.hear(.fetched(order.id, log: Hand.log([1]), term: 1), node: 2)
    let append = Message.append(p, term: 1, round: hand.agent.round, previous: 1, previousTerm: 1, log: [])
    #expect(actions == [.persist, .answer(.done(order.id)), .send(append, node: 3)])
    #expect(hand.agent.leads(p) && hand.record.followers == [NodeIndex(3)] && hand.record.led == 1)
  }

  @Test func withoutRoomAndRefused() {
    var hand = Hand()
    let order = Hand.order(.copy, .null, Hand.slave, source: 2, leader: 1)
    _ = hand.hear(.order(order))
    _ = hand.agent.handle(.diskFull(true))
    #expect(
      hand.hear(.fetched(order.id, log: Hand.log([1]), term: 1), node: 2) == [.answer(.refused(order.id, .noRoom))])
    #expect(hand.agent.copies.isEmpty)
    #expect(hand.hear(.order(order)) == [.send(.fetch(order), node: 2)])
    #expect(hand.hear(.fetched(order.id, log: [], term: 1), node: 2).count == 2, "nothing takes no room")
    _ = hand.agent.handle(.diskFull(false))
    #expect(hand.hear(.peerRefused(Hand.id(9), .busy), node: 1).isEmpty)
    #expect(hand.hear(.peerRefused(order.id, .notLeader), node: 1) == [.answer(.refused(order.id, .notLeader))])
    #expect(hand.agent.copies.isEmpty)
    #expect(hand.hear(.order(order)) == [.send(.fetch(order), node: 2)])
    _ = hand.agent.handle(.diskFull(true))
    _ = hand.agent.handle(.diskFull(false))
    #expect(hand.hear(.fetched(order.id, log: Hand.log([1]), term: 1), node: 2).count == 2)
  }

  // MARK: Who gives

  @Test func theSourceGivesWhatItHas() {
    var hand = Hand(Hand.slave, term: 3, log: [2, 3])
    let fetched = Message.fetched(Hand.id(1), log: Hand.log([2, 3]), term: 3)
    func order(_ state: StateIndex, leader: Int?, term: UInt64 = 3, revision: UInt64 = 1) -> Order {
      Hand.order(
        .copy, revision: revision, .null, Hand.slave, source: 0, sourceChange: (state, state), leader: leader,
        term: term)
    }
    #expect(hand.hear(.fetch(order(Hand.slave, leader: 1)), node: 5) == [.send(fetched, node: 5)])
    #expect(
      hand.hear(.fetch(order(Hand.slave, leader: 1, term: 9)), node: 5) == [.send(fetched, node: 5)], "somebody leads")
    #expect(hand.hear(.fetch(order(Hand.slave, leader: nil)), node: 5) == [.send(fetched, node: 5)], "nothing is new")
    #expect(
      hand.hear(.fetch(order(Hand.slave, leader: nil, term: 2)), node: 5) == [.send(fetched, node: 5)],
      "it goes not back")
    #expect(
      hand.hear(.fetch(order(Hand.slave, leader: nil, term: 4)), node: 5)
        == [.persist, .send(.fetched(Hand.id(1), log: Hand.log([2, 3]), term: 4), node: 5)],
      "older leaders are obeyed no more")
    #expect(hand.record.term == 4)
    #expect(
      hand.hear(.fetch(order(Hand.master, leader: 1)), node: 5) == [
        .send(.peerRefused(Hand.id(1), .wrongState), node: 5)
      ])
    var nothing = Hand()
    #expect(
      nothing.hear(.fetch(order(Hand.slave, leader: 1)), node: 5) == [
        .send(.peerRefused(Hand.id(1), .wrongState), node: 5)
      ])
    #expect(hand.hear(.fetch(order(Hand.slave, leader: 1, revision: 2)), node: 5).first == .persistPromise)
    #expect(hand.hear(.fetch(order(Hand.slave, leader: 1, revision: 1)), node: 5).isEmpty, "of an older revision")
    #expect(hand.agent.revision == 2)
  }

  /// Several lead: terms say nothing.
  @Test func aSourceOfSeveralMasters() {
    let record = Record(state: StateIndex(0), term: 1, leadsWith: nil)
    var agent = NodeAgent(
      NodeIndex(0), rules: ExecutionRules(.multiMaster), boot: 1, promise: Promise(revision: 1), records: [(p, record)])
    let order = Hand.order(.copy, .null, Hand.master, source: 0, sourceChange: (Hand.master, Hand.master), term: 7)
    #expect(
      agent.handle(.message(.fetch(order), from: .node(NodeIndex(5)))) == [
        .send(.fetched(order.id, log: [], term: 1), node: 5)
      ])
  }

  @Test func whoIsInDoubtOrPausedGivesNothing() {
    var hand = Hand(Hand.slave)
    let promise = hand.agent.promise
    let led = Hand.order(.copy, .null, Hand.slave, source: 0, sourceChange: (Hand.slave, Hand.slave), leader: 1)
    let alone = Hand.order(.copy, .null, Hand.slave, source: 0, sourceChange: (Hand.slave, Hand.slave))
    _ = hand.agent.start(on: 1, boot: 2, promise, isNew: false)
    #expect(hand.hear(.fetch(alone), node: 5) == [.send(.peerRefused(alone.id, .busy), node: 5)])
    #expect(
      hand.hear(.fetch(led), node: 5) == [.send(.fetched(led.id, log: [], term: 1), node: 5)],
      "a leader feeds it as well")
    hand = Hand(Hand.slave) { $0.mode = RunMode(.running, pauses: .replication) }
    #expect(hand.hear(.fetch(led), node: 5) == [.send(.peerRefused(led.id, .notRunning), node: 5)])
    hand = Hand(Hand.slave) { $0.mode = RunMode(.stopped) }
    #expect(hand.hear(.fetch(led), node: 5) == [.send(.peerRefused(led.id, .notRunning), node: 5)])
    hand = Hand(Hand.slave) { $0.mode = RunMode(.cooling, pauses: .persistence) }
    #expect(hand.hear(.fetch(led), node: 5) == [.send(.fetched(led.id, log: [], term: 1), node: 5)])
  }

  // MARK: Who leads

  @Test func theLeaderFeedsIt() {
    var hand = Hand(Hand.master, followers: [1], log: [1, 1])
    let order = Hand.order(.copy, .null, Hand.slave, source: 1, leader: 0)
    func joined(_ attempt: UInt64, _ follower: Int) -> [NodeAgent.Action] {
      let actions = hand.hear(.join(order, attempt: attempt), node: follower)
      #expect(
        actions == [
          .persist, .send(.joined(order.id, attempt: attempt, end: 2, term: 1), node: follower),
          .send(.append(p, term: 1, round: hand.agent.round, previous: 2, previousTerm: 1, log: []), node: follower),
        ])
      return actions
    }
    _ = joined(3, 5)
    #expect(hand.record.followers == [NodeIndex(1), NodeIndex(5)])
    // What it said before it joined anew does not count.
    #expect(hand.hear(.write(p, value: 7, request: 1), client: 1).count == 3)
    let before = hand.agent.round
    _ = hand.hear(.appended(p, term: 1, round: hand.agent.round, matched: 3, isCopy: true), node: 1)
    #expect(hand.record.log.count == 3)
    let again = hand.hear(.join(order, attempt: 4), node: 5)
    #expect(again.count == 3 && hand.record.followers == [NodeIndex(1), NodeIndex(5)])
    #expect(hand.hear(.appended(p, term: 1, round: before, matched: 3, isCopy: true), node: 5).isEmpty)
    #expect(
      hand.hear(.appended(p, term: 1, round: hand.agent.round, matched: 3, isCopy: true), node: 5)
        == [.send(.written(request: 1), client: 1)])
  }

  /// Orders are repeated: who joins again while the leader looks for what both have in common is not fed from the end.
  @Test func whoJoinsAgainIsFedWhereItWas() {
    var hand = Hand(Hand.master, followers: [], log: [1, 1, 1, 1, 1, 1])
    let order = Hand.order(.copy, Hand.dead, Hand.slave, source: 1, leader: 0)
    func begin(_ message: Message) -> Int? {
      guard case .send(.append(_, _, _, let previous, _, _), _)? = hand.hear(message, node: 5).last else { return nil }
      return previous
    }
    #expect(begin(.join(order, attempt: 3)) == 6)
    #expect(begin(.differs(p, term: 1, round: hand.agent.round, hint: 5)) == 5)
    #expect(begin(.differs(p, term: 1, round: hand.agent.round, hint: 4)) == 3)
    #expect(begin(.join(order, attempt: 3)) == 3)
    #expect(begin(.appended(p, term: 1, round: hand.agent.round, matched: 6, isCopy: false)) == nil)
    #expect(begin(.join(order, attempt: 4)) == 6)
  }

  @Test func whoDoesNotLeadFeedsNobody() {
    var hand = Hand(Hand.slave)
    let order = Hand.order(.copy, .null, Hand.slave, source: 1, leader: 0)
    #expect(hand.hear(.join(order, attempt: 3), node: 5) == [.send(.peerRefused(order.id, .notLeader), node: 5)])
    var nothing = Hand()
    #expect(nothing.hear(.join(order, attempt: 3), node: 5) == [.send(.peerRefused(order.id, .notLeader), node: 5)])
    #expect(hand.hear(.join(order, attempt: 3)).isEmpty, "from no node")
    hand = Hand(Hand.master, followers: [], revision: 4)
    #expect(hand.hear(.join(order, attempt: 3), node: 5).isEmpty, "of an older revision")
    #expect(hand.record.followers.isEmpty)
  }
}
