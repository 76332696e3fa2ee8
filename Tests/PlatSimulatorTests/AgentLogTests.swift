import Testing

@testable import PlatEngine

/// Writes and reads, at the leader and at a follower, answer by answer.
@Suite struct AgentLogTests {
  private typealias Hand = AgentHand
  private let p = AgentHand.partition

  private func append(_ round: UInt64, _ previous: Int, _ previousTerm: UInt64, _ log: [Entry], term: UInt64 = 1)
    -> Message
  {
    .append(p, term: term, round: round, previous: previous, previousTerm: previousTerm, log: log)
  }
  private func appended(_ round: UInt64, _ matched: Int, term: UInt64 = 1, isCopy: Bool = true) -> Message {
    .appended(p, term: term, round: round, matched: matched, isCopy: isCopy)
  }
  private func denied(_ request: UInt32, _ isDefinite: Bool = true) -> NodeAgent.Action {
    .send(.denied(request: request, isDefinite: isDefinite), client: 3)
  }

  // MARK: The leader

  @Test func aWriteWaitsForEveryFollower() {
    var hand = Hand(Hand.master, followers: [1, 2], log: [1])
    let round = hand.agent.round
    let entry = Entry(term: 1, value: 8)
    #expect(
      hand.hear(.write(p, value: 8, request: 5), client: 3) == [
        .persist, .send(append(round + 1, 1, 1, [entry]), node: 1), .send(append(round + 2, 1, 1, [entry]), node: 2),
      ])
    #expect(hand.agent.wantsTick && hand.agent.leads(p))
    #expect(hand.hear(appended(round + 1, 2), node: 1).isEmpty)
    #expect(hand.hear(appended(round + 2, 2), node: 3).isEmpty, "no follower")
    #expect(hand.hear(appended(round + 2, 2), client: 2).isEmpty, "no node")
    #expect(hand.hear(appended(round + 2, 2, term: 2), node: 2).isEmpty, "of another term")
    #expect(hand.hear(appended(round - 1, 2), node: 2).isEmpty, "from before it led")
    #expect(hand.hear(appended(round + 2, 1), node: 2).isEmpty, "not all of it")
    #expect(hand.hear(appended(round + 2, 2), node: 2) == [.send(.written(request: 5), client: 3)])
    #expect(!hand.agent.wantsTick && hand.agent.handle(.tick).isEmpty)
    #expect(hand.hear(appended(round + 2, 2), node: 2).isEmpty, "once")
  }

  /// Each follower by its last answer; one that confirms less than before, later, is fed anew.
  @Test func answersThatOvertakeEachOther() {
    var hand = Hand(Hand.master, followers: [1])
    let round = hand.agent.round
    for value in UInt64(0)..<3 { _ = hand.hear(.write(p, value: value, request: UInt32(value)), client: 3) }
    #expect(
      hand.hear(appended(round + 2, 2), node: 1) == [
        .send(.written(request: 0), client: 3), .send(.written(request: 1), client: 3),
      ])
    #expect(hand.hear(appended(round + 1, 1), node: 1).isEmpty)
    #expect(
      hand.hear(.read(p, request: 9), client: 3) == [
        .send(append(round + 4, 2, 1, [Entry(term: 1, value: 2)]), node: 1)
      ], "from the second on")
    #expect(hand.hear(appended(round + 3, 1), node: 1).isEmpty, "its disk was set back")
    #expect(
      hand.agent.handle(.tick) == [
        .send(append(round + 5, 1, 1, [Entry(term: 1, value: 1), Entry(term: 1, value: 2)]), node: 1)
      ])
    #expect(
      hand.hear(appended(round + 4, 3), node: 1) == [
        .send(.written(request: 2), client: 3), .send(.answer(request: 9, log: hand.record.log), client: 3),
      ])
  }

  @Test func aReadWaitsForARoundAndSeesWhatWasThen() {
    var hand = Hand(Hand.master, followers: [1], log: [1])
    let round = hand.agent.round
    #expect(hand.hear(.read(p, request: 5), client: 3) == [.send(append(round + 1, 1, 1, []), node: 1)])
    #expect(hand.hear(appended(round, 1), node: 1).isEmpty, "asked before")
    _ = hand.hear(.write(p, value: 8, request: 6), client: 3)
    #expect(hand.hear(appended(round + 1, 1), node: 1) == [.send(.answer(request: 5, log: Hand.log([1])), client: 3)])
    // Alone it answers at once, and asks nobody.
    hand = Hand(Hand.master, followers: [], log: [1])
    #expect(hand.hear(.read(p, request: 5), client: 3) == [.send(.answer(request: 5, log: Hand.log([1])), client: 3)])
    #expect(hand.hear(.write(p, value: 8, request: 6), client: 3) == [.persist, .send(.written(request: 6), client: 3)])
    #expect(!hand.agent.wantsTick)
  }

  @Test func aFollowerThatLacksSomething() {
    var hand = Hand(Hand.master, followers: [1], log: [1, 1, 1])
    let round = hand.agent.round
    _ = hand.hear(.read(p, request: 5), client: 3)
    #expect(
      hand.hear(.differs(p, term: 1, round: round + 1, hint: 1), node: 1) == [
        .send(append(round + 2, 1, 1, Array(hand.record.log.suffix(2))), node: 1)
      ])
    #expect(
      hand.hear(.differs(p, term: 1, round: round + 1, hint: 1), node: 1).isEmpty, "it goes back no further by the same"
    )
    #expect(hand.hear(.differs(p, term: 1, round: round + 1, hint: -1), node: 1).isEmpty)
    #expect(hand.hear(.differs(p, term: 2, round: round + 1, hint: 0), node: 1).isEmpty)
    #expect(
      hand.hear(.differs(p, term: 1, round: round + 2, hint: 0), node: 1) == [
        .send(append(round + 3, 0, 0, hand.record.log), node: 1)
      ])
    #expect(hand.hear(appended(round + 3, 3), node: 1) == [.send(.answer(request: 5, log: hand.record.log), client: 3)])
    // What it had confirmed it has no more.
    _ = hand.hear(.write(p, value: 8, request: 6), client: 3)
    _ = hand.hear(.write(p, value: 9, request: 7), client: 3)
    #expect(hand.hear(appended(round + 4, 4), node: 1) == [.send(.written(request: 6), client: 3)])
    _ = hand.hear(.differs(p, term: 1, round: round + 5, hint: 2), node: 1)
    _ = hand.hear(.read(p, request: 8), client: 3)
    #expect(hand.hear(appended(round + 1, 0), node: 1).isEmpty)
  }

  /// What waited for followers that are left behind is answered at once: no other request may ever come.
  @Test func whoLeadsOnAloneAnswersWhatWaited() {
    var hand = Hand(Hand.master, followers: [1], log: [1])
    _ = hand.hear(.write(p, value: 8, request: 5), client: 3)
    _ = hand.hear(.read(p, request: 6), client: 3)
    let order = Hand.order(.lead, number: 1, revision: 2, Hand.master, Hand.master)
    let actions = hand.hear(.order(order))
    #expect(actions.contains(.persist))
    #expect(
      actions.suffix(2) == [
        .send(.written(request: 5), client: 3), .send(.answer(request: 6, log: hand.record.log), client: 3),
      ])
    hand = Hand(Hand.master, followers: [1, 2], log: [1])
    _ = hand.hear(.write(p, value: 8, request: 5), client: 3)
    let fewer = Hand.order(.lead, number: 1, revision: 2, Hand.master, Hand.master, followers: [2])
    #expect(!hand.hear(.order(fewer)).contains(.send(.written(request: 5), client: 3)), "one is left")
  }

  /// One by one a log that differs in many entries would take a message each: each step back is twice as far.
  @Test func itGoesBackFasterAndFaster() {
    var hand = Hand(Hand.master, followers: [1], log: Array(repeating: 1, count: 40))
    _ = hand.hear(.read(p, request: 5), client: 3)
    func begin(_ hint: Int) -> Int? {
      guard case .send(.append(_, _, _, let previous, _, let log), _)? =
        hand.hear(.differs(p, term: 1, round: hand.agent.round, hint: hint), node: 1).first
      else { return nil }
      #expect(previous + log.count == 40)
      return previous
    }
    #expect([39, 38, 36, 32, 24, 8].map { begin($0) } == [39, 37, 33, 25, 9, 0])
    _ = hand.hear(appended(hand.agent.round, 30), node: 1)
    #expect(begin(29) == 29, "it has found where both are the same")
  }

  /// What it had confirmed and has no more does not count, when the other has confirmed it, too.
  @Test func aFollowerThatHasLessThanItConfirmed() {
    var hand = Hand(Hand.master, followers: [1, 2], log: [1, 1])
    _ = hand.hear(.write(p, value: 8, request: 5), client: 3)
    let round = hand.agent.round
    #expect(hand.hear(appended(round - 1, 3), node: 1).isEmpty)
    #expect(hand.hear(.differs(p, term: 1, round: round - 1, hint: 1), node: 1).count == 1)
    #expect(hand.hear(appended(round, 3), node: 2).isEmpty)
    #expect(hand.hear(appended(round + 1, 3), node: 1) == [.send(.written(request: 5), client: 3)])
  }

  /// The same message twice: what the follower says the second time is what it has.
  @Test func aMessageThatComesTwice() {
    var hand = Hand(Hand.master, followers: [1, 2], log: [1])
    let round = hand.agent.round
    _ = hand.hear(.write(p, value: 8, request: 5), client: 3)
    _ = hand.hear(appended(round + 1, 2), node: 1)
    _ = hand.hear(appended(round + 1, 1), node: 1)
    #expect(hand.hear(appended(round + 2, 2), node: 2) == [])
    #expect(hand.hear(appended(round + 1, 2), node: 1) == [.send(.written(request: 5), client: 3)])
  }

  @Test func anotherLeads() {
    var hand = Hand(Hand.master, term: 4, followers: [1])
    _ = hand.hear(.write(p, value: 8, request: 5), client: 3)
    #expect(hand.hear(.fenced(p, term: 4), node: 1).isEmpty && hand.agent.leads(p))
    #expect(hand.hear(.fenced(p, term: 5), node: 1) == [denied(5, false)])
    #expect(!hand.agent.leads(p) && hand.agent.handle(.tick).isEmpty, "denied once")
    #expect(hand.hear(.fenced(p, term: 6), node: 1).isEmpty)
    #expect(
      hand.hear(.write(p, value: 8, request: 6), client: 3) == [denied(6)]
        && hand.hear(.read(p, request: 7), client: 3) == [denied(7)])
    // A later leader feeds it, though it led.
    hand = Hand(Hand.master, term: 4, followers: [1])
    _ = hand.hear(.write(p, value: 8, request: 5), client: 3)
    #expect(hand.hear(append(9, 1, 4, [], term: 4), node: 2).isEmpty, "nobody else is of its term")
    #expect(
      hand.hear(append(9, 1, 4, [], term: 5), node: 2)
        == [denied(5, false), .persist, .send(appended(9, 1, term: 5), node: 2)])
    #expect(!hand.agent.leads(p) && hand.record.led == 4 && hand.record.term == 5)
    #expect(Hand(Hand.slave).agent.leads(p) == false && Hand().agent.leads(p) == false)
    #expect(Hand(Hand.slave, followers: [1]).agent.leads(p) == false)
    #expect(Hand(Hand.master).agent.leads(p) == false)
  }

  /// Told to go on, or that it leads no more.
  @Test func leadsOnWithOthers() {
    var hand = Hand(Hand.master, followers: [1, 2], log: [1])
    _ = hand.hear(.write(p, value: 8, request: 5), client: 3)
    _ = hand.hear(.read(p, request: 6), client: 3)
    let lead = Hand.order(.lead, revision: 4, Hand.master, Hand.master, followers: [2])
    let actions = hand.hear(.order(lead))
    #expect(
      actions == [
        .persistPromise, .persist, .answer(.done(lead.id)), .send(append(hand.agent.round, 2, 1, [], term: 4), node: 2),
      ])
    #expect(hand.record.led == 4 && hand.record.term == 4 && hand.record.followers == [NodeIndex(2)])
    #expect(hand.hear(appended(hand.agent.round - 2, 2, term: 4), node: 2).isEmpty, "from before")
    #expect(
      hand.hear(appended(hand.agent.round, 2, term: 4), node: 2)
        == [.send(.written(request: 5), client: 3), .send(.answer(request: 6, log: hand.record.log), client: 3)])
    _ = hand.hear(.write(p, value: 8, request: 7), client: 3)
    let set = Hand.order(.set, number: 2, revision: 4, Hand.master, Hand.slave, term: 3)
    #expect(hand.hear(.order(set)) == [denied(7, false), .persist, .answer(.done(set.id))])
    #expect(
      hand.record.led == 0 && hand.record.followers.isEmpty && hand.record.term == 4 && hand.record.log.count == 3)
  }

  /// It led before in the same revision: what was answered to that does not count.
  @Test func leadsTwiceInARevision() {
    var hand = Hand(Hand.slave, log: [1, 1])
    _ = hand.hear(.order(Hand.order(.lead, revision: 4, Hand.slave, Hand.master, followers: [1])))
    let round = hand.agent.round
    _ = hand.hear(.order(Hand.order(.set, number: 2, revision: 4, Hand.master, Hand.slave)))
    _ = hand.hear(.order(Hand.order(.lead, number: 3, revision: 4, Hand.slave, Hand.master, followers: [1])))
    #expect(hand.agent.leads(p) && hand.hear(appended(round, 1, term: 4), node: 1) == [])
    let actions = hand.hear(.read(p, request: 5), client: 3)
    #expect(actions == [.send(append(hand.agent.round, 2, 1, [], term: 4), node: 1)])
  }

  /// Who leads may lead on while it is being stopped, and is told so.
  @Test func whoIsStoppedLeadsOn() {
    var hand = Hand(Hand.master, followers: [1, 2], log: [1]) { $0.mode = RunMode(.cooling) }
    let lead = Hand.order(.lead, revision: 4, Hand.master, Hand.master, followers: [2])
    #expect(hand.hear(.order(lead)).contains(.answer(.done(lead.id))) && hand.record.followers == [NodeIndex(2)])
  }

  /// Writes that wait for the disk are denied as soon as it is told to lead no more.
  @Test func whatIsHeldIsDenied() {
    var hand = Hand(Hand.master, followers: [1], log: [1]) { $0.mode = RunMode(.running, pauses: .persistence) }
    #expect(hand.hear(.write(p, value: 8, request: 7), client: 3).isEmpty)
    let set = Hand.order(.set, revision: 4, Hand.master, Hand.slave)
    #expect(
      hand.hear(.order(set)) == [.persistPromise, denied(7), .persist, .answer(.done(set.id))])
  }

  @Test func aFollowerLeaves() {
    var hand = Hand(Hand.master, followers: [1, 2], log: [1])
    let round = hand.agent.round
    _ = hand.hear(.write(p, value: 8, request: 5), client: 3)
    _ = hand.hear(appended(round + 1, 2), node: 1)
    #expect(hand.hear(.left(p, round: round - 1), node: 2).isEmpty, "said before it was one")
    #expect(hand.hear(.left(p, round: round + 2), node: 3).isEmpty)
    #expect(hand.hear(.left(p, round: round + 2), node: 2) == [.persist, .send(.written(request: 5), client: 3)])
    #expect(hand.record.followers == [NodeIndex(1)] && hand.agent.leads(p))
    #expect(hand.hear(.left(p, round: round + 2), node: 2).isEmpty)
  }

  /// A write is of a kind that writes, a read of one that does not.
  @Test func kindsAreOfTheirSort() {
    var hand = Hand(Hand.master, followers: [])
    #expect(hand.hear(.write(p, value: 8, request: 5, kind: .read), client: 3) == [denied(5)])
    #expect(hand.hear(.read(p, request: 6, kind: .write), client: 3) == [denied(6)] && hand.record.log.isEmpty)
  }

  @Test func noRoomAndNotEnough() {
    var hand = Hand(Hand.master, followers: [])
    _ = hand.agent.handle(.diskFull(true))
    #expect(hand.hear(.write(p, value: 8, request: 5), client: 3) == [denied(5)] && hand.record.log.isEmpty)
    #expect(hand.hear(.read(p, request: 6), client: 3).count == 1)
    hand = Hand(Hand.master, followers: [1], minInSync: 2)
    #expect(hand.hear(.write(p, value: 8, request: 5), client: 3).count == 2, "two may be enough")
    #expect(hand.hear(.read(p, request: 6), client: 3).count == 1)
    #expect(
      hand.hear(appended(hand.agent.round, 1, isCopy: false), node: 1) == [
        .send(.answer(request: 6, log: hand.record.log), client: 3)
      ], "a read")
    #expect(hand.hear(appended(hand.agent.round, 1), node: 1) == [.send(.written(request: 5), client: 3)])
    hand.agent.setMinInSync(3)
    #expect(hand.hear(.write(p, value: 8, request: 7), client: 3) == [denied(7)])
    var other = Hand()
    #expect(other.hear(.write(p, value: 8, request: 7), client: 3) == [denied(7)], "it knows nothing of it")
  }

  /// Asked again by ticks while something waits; by one that leads no more it is denied.
  @Test func ticks() {
    var hand = Hand(Hand.master, followers: [1], log: [1])
    _ = hand.hear(.read(p, request: 6), client: 3)
    let round = hand.agent.round
    #expect(hand.agent.handle(.tick) == [.send(append(round + 1, 1, 1, []), node: 1)])
    _ = hand.hear(
      .mode(ModeOrder(id: Hand.id(1), partition: p, from: .usual, to: RunMode(.running, pauses: .replication))))
    #expect(hand.agent.handle(.tick).isEmpty, "replication is paused")
    #expect(
      hand.hear(
        .mode(ModeOrder(id: Hand.id(2), partition: p, from: RunMode(.running, pauses: .replication), to: .usual))
      ).count == 4)
    // Writes that wait for the disk stay while it leads.
    _ = hand.hear(appended(hand.agent.round, 1), node: 1)
    _ = hand.hear(
      .mode(ModeOrder(id: Hand.id(3), partition: p, from: .usual, to: RunMode(.running, pauses: .persistence))))
    #expect(
      hand.hear(.write(p, value: 8, request: 7), client: 3).isEmpty && hand.agent.wantsTick
        && hand.agent.handle(.tick).isEmpty)
    #expect(hand.hear(.fenced(p, term: 9), node: 1) == [denied(7)])
    #expect(!hand.agent.wantsTick)
  }

  // MARK: The follower

  @Test func takesWhatItLacks() {
    var hand = Hand(Hand.slave, log: [1, 1])
    let two = [Entry(term: 1, value: 2), Entry(term: 1, value: 3)]
    #expect(hand.hear(append(7, 2, 1, two), node: 1) == [.persist, .send(appended(7, 4), node: 1)])
    #expect(hand.record.log == Hand.log([1, 1, 1, 1]))
    #expect(hand.hear(append(8, 2, 1, two), node: 1) == [.send(appended(8, 4), node: 1)], "it has it already")
    #expect(hand.hear(append(8, 2, 1, []), node: 1) == [.send(appended(8, 2), node: 1)])
    #expect(hand.hear(append(8, 0, 0, []), node: 1) == [.send(appended(8, 0), node: 1)])
    #expect(hand.record.log.count == 4, "what it has beyond that stays")
    #expect(hand.hear(append(8, -1, 0, []), node: 1).isEmpty)
    func differs(_ hint: Int) -> [NodeAgent.Action] { [.send(.differs(p, term: 1, round: 9, hint: hint), node: 1)] }
    #expect(hand.hear(append(9, 6, 1, []), node: 1) == differs(4))
    #expect(hand.hear(append(9, 5, 1, []), node: 1) == differs(4))
    #expect(hand.hear(append(9, 4, 3, []), node: 1) == differs(3))
    #expect(hand.hear(append(9, 1, 3, []), node: 1) == differs(0))
    #expect(hand.hear(append(9, 1, 1, []), node: 1) == [.send(appended(9, 1), node: 1)])
  }

  @Test func whatDiffersGoes() {
    var hand = Hand(Hand.slave, term: 2, log: [1, 2, 2])
    let other = [Entry(term: 3, value: 7)]
    #expect(hand.hear(append(7, 1, 1, other, term: 3), node: 1) == [.persist, .send(appended(7, 2, term: 3), node: 1)])
    #expect(hand.record.log.map(\.term) == [1, 3] && hand.record.term == 3)
    // Of the same term it is the leader's disk that is older.
    #expect(hand.hear(append(8, 1, 1, [Entry(term: 3, value: 9)], term: 3), node: 1).isEmpty)
    #expect(hand.record.log.last == other[0])
    // A later leader is noted, though the logs differ.
    #expect(
      hand.hear(append(9, 5, 1, [], term: 4), node: 1) == [
        .persist, .send(.differs(p, term: 4, round: 9, hint: 2), node: 1),
      ])
    #expect(hand.record.term == 4)
    #expect(hand.hear(append(9, 0, 0, [], term: 3), node: 1) == [.send(.fenced(p, term: 4), node: 1)])
  }

  @Test func takesNothingWhereThereIsNoRoom() {
    var hand = Hand(Hand.slave, log: [1])
    _ = hand.agent.handle(.diskFull(true))
    #expect(hand.hear(append(7, 1, 1, [Entry(term: 1, value: 2)]), node: 1).isEmpty)
    #expect(hand.hear(append(7, 1, 1, []), node: 1) == [.send(appended(7, 1), node: 1)])
    #expect(
      hand.hear(append(7, 0, 0, [Entry(term: 2, value: 5)], term: 2), node: 1) == [.persist], "what differs is gone")
    #expect(hand.record.log.isEmpty)
    hand = Hand(Hand.slave, term: 2, log: [1])
    _ = hand.agent.handle(.diskFull(true))
    #expect(hand.hear(append(7, 0, 0, [Entry(term: 2, value: 5)], term: 2), node: 1) == [.persist], "and stays gone")
  }

  @Test func pausedItConfirmsWhatIsTheSame() {
    var hand = Hand(Hand.slave, log: [1, 1]) { $0.mode = RunMode(.running, pauses: .persistence) }
    let entries = Hand.log([1, 1, 1])
    #expect(hand.hear(append(7, 0, 0, entries), node: 1) == [.send(appended(7, 2), node: 1)])
    #expect(
      hand.hear(append(7, 0, 0, [entries[0], Entry(term: 1, value: 9)]), node: 1) == [.send(appended(7, 1), node: 1)])
    #expect(
      hand.hear(append(7, 1, 1, [entries[1]], term: 2), node: 1) == [.persist, .send(appended(7, 2, term: 2), node: 1)])
    #expect(
      hand.hear(append(8, 3, 1, [], term: 2), node: 1) == [.send(.differs(p, term: 2, round: 8, hint: 2), node: 1)])
    #expect(hand.record.term == 2 && hand.record.log.count == 2)
  }

  @Test func whoHasNoCopyHasLeft() {
    let left = NodeAgent.Action.send(.left(p, round: 7), node: 1)
    var hand = Hand()
    #expect(hand.hear(append(7, 0, 0, []), node: 1) == [left])
    hand = Hand(Hand.dead, term: 3)
    #expect(
      hand.hear(append(7, 0, 0, [], term: 3), node: 1) == [left]
        && hand.hear(append(7, 0, 0, [], term: 4), node: 1) == [left])
    #expect(hand.hear(append(7, 0, 0, [], term: 2), node: 1) == [.send(.fenced(p, term: 3), node: 1)])
    // Told to leave by whom a later leader is known sets an older one not free.
    hand = Hand(Hand.slave)
    _ = hand.hear(.order(Hand.order(.set, revision: 6, Hand.slave, Hand.dead, term: 5)))
    #expect(hand.hear(append(7, 0, 0, [], term: 4), node: 1) == [.send(.fenced(p, term: 5), node: 1)])
    #expect(hand.hear(append(7, 0, 0, [], term: 5), node: 1) == [left])
    // While it fetches it has left; while it joins it has not.
    hand = Hand(Hand.dead)
    let copy = Hand.order(.copy, Hand.dead, Hand.slave, source: 2, leader: 1)
    _ = hand.hear(.order(copy))
    #expect(hand.hear(append(7, 0, 0, []), node: 1) == [left])
    _ = hand.hear(.fetched(copy.id, log: [], term: 1), node: 2)
    #expect(hand.hear(append(7, 0, 0, []), node: 1) == [.send(appended(7, 0, isCopy: false), node: 1)])
  }
}
