import Testing

@testable import PlatEngine

/// Orders, claims and maps at a node, and the disk on which it starts, answer by answer.
@Suite struct AgentDiskTests {
  private typealias Hand = AgentHand
  private let p = AgentHand.partition

  // MARK: Orders

  @Test func ordersAreDoneOnceAndFromTheirState() {
    var hand = Hand(Hand.slave, log: [1])
    let first = Hand.order(.set, number: 2, Hand.slave, Hand.pending, term: 1)
    #expect(
      hand.hear(.order(Hand.order(.set, number: 1, Hand.dead, Hand.slave))) == [
        .answer(.refused(Hand.id(1), .wrongState))
      ])
    #expect(hand.hear(.order(first)) == [.persist, .answer(.done(first.id))])
    #expect(hand.record.state == Hand.pending && hand.record.done == first.id && hand.record.log.count == 1)
    #expect(hand.hear(.order(first)) == [.answer(.done(first.id))])
    // One that was done before it, and overtaken.
    #expect(hand.hear(.order(Hand.order(.set, number: 1, Hand.slave, Hand.pending))) == [.answer(.done(Hand.id(1)))])
    #expect(
      hand.hear(.order(Hand.order(.set, number: 3, Hand.slave, Hand.pending))) == [
        .answer(.refused(Hand.id(3), .wrongState))
      ])
    let later = Hand.order(.set, number: 0, revision: 2, Hand.pending, .null)
    #expect(
      hand.hear(.order(later), from: .orchestrator(7)) == [
        .persistPromise, .persist, .send(.done(later.id), to: .orchestrator(7)),
      ])
    #expect(hand.record.state == .null && hand.record.log.isEmpty)
    #expect(hand.hear(.order(first)) == [.answer(.outdated(revision: 2))])
    // A new one has no order behind it, of whatever number.
    var other = Hand()
    #expect(
      other.hear(.order(Hand.order(.set, number: 0, revision: 0, .null, Hand.slave))) == [
        .answer(.outdated(revision: 1))
      ])
    var none = AgentHand(Hand.dead, revision: 0)
    #expect(
      none.hear(.order(Hand.order(.set, number: 0, revision: 0, Hand.dead, .null))) == [
        .persist, .answer(.done(Hand.id(0, 0))),
      ])
    // A discard forgets the data.
    hand = Hand(Hand.slave, log: [1]) { $0.mode = RunMode(.cooling) }
    #expect(hand.hear(.order(Hand.order(.discard, Hand.slave, Hand.dead))).count == 2)
    #expect(hand.record.log.isEmpty && hand.record.mode == .usual)
    hand = Hand(Hand.slave) { $0.mode = RunMode(.cooling) }
    _ = hand.hear(.order(Hand.order(.set, Hand.slave, Hand.pending)))
    #expect(hand.record.mode == RunMode(.cooling), "it goes on running as it did")
  }

  /// Records of many partitions, in whatever order they came.
  @Test func partitionsAreFound() {
    let numbers = [7, 3, 11, 5, 2]
    var agent = NodeAgent(
      NodeIndex(0), rules: ExecutionRules(.masterSlave), boot: 1, promise: Promise(revision: 1),
      records: numbers.map { (PartitionIndex($0), Record(state: Hand.slave, term: UInt64($0), leadsWith: nil)) })
    for number in 0..<14 {
      #expect(agent.record(PartitionIndex(number))?.term == (numbers.contains(number) ? UInt64(number) : nil))
    }
    for number in [4, 12, 0] {
      let order = Order(
        kind: .set, id: Hand.id(1), partition: PartitionIndex(number), node: NodeIndex(0),
        change: StateChange(.null, Hand.slave))
      _ = agent.handle(.message(.order(order), from: .orchestrator(0)))
    }
    guard
      case .send(.inventory(_, let holdings, nil), _) = agent.handle(
        .message(.claim(revision: 1), from: .orchestrator(0))
      ).first
    else {
      return #expect(Bool(false))
    }
    #expect(holdings.map(\.partition.int) == [0, 2, 3, 4, 5, 7, 11, 12])
  }

  // MARK: Claims and maps

  @Test func whatIsTold() {
    var hand = Hand(Hand.master, term: 2, followers: [1], log: [1, 2])
    func told(_ hand: inout Hand, _ revision: UInt64) -> Holding? {
      guard
        case .send(.inventory(revision, let holdings, nil), .orchestrator(0)) = hand.hear(.claim(revision: revision))
          .last
      else { return nil }
      return holdings.first
    }
    let end = Holding.LogEnd(lastTerm: 2, count: 2)
    #expect(
      told(&hand, 1)
        == Holding(partition: p, state: Hand.master, term: 2, isLeading: true, followers: [NodeIndex(1)], log: end))
    _ = hand.hear(.fenced(p, term: 9), node: 1)
    #expect(
      told(&hand, 4) == Holding(partition: p, state: Hand.master, term: 2, isLeading: false, followers: [], log: end))
    #expect(hand.agent.revision == 4)
    hand = Hand(Hand.dead)
    #expect(told(&hand, 1)?.state == Hand.dead)
    hand = Hand(.null)
    #expect(told(&hand, 1) == nil)
    #expect(hand.hear(.claim(revision: 0)) == [.answer(.outdated(revision: 1))])
    let record = Record(state: Hand.master, term: 1, leadsWith: nil)
    var several = NodeAgent(
      NodeIndex(0), rules: ExecutionRules(.multiMaster), boot: 1, promise: Promise(revision: 1), records: [(p, record)])
    let holding = Holding(partition: p, state: Hand.master, term: 1, isLeading: false, followers: [])
    #expect(
      several.handle(.message(.claim(revision: 1), from: .orchestrator(0))) == [
        .answer(.inventory(revision: 1, [holding], disk: nil))
      ])
  }

  @Test func mapsGoForward() {
    var hand = Hand()
    func told(_ revision: UInt64, _ digest: UInt32) -> [NodeAgent.Action] {
      hand.hear(.map(MapStamp(revision: revision, digest: digest)))
    }
    let four = MapStamp(revision: 4, digest: 1)
    #expect(told(4, 1) == [.persistPromise, .answer(.hasMap(four))])
    #expect(
      told(4, 1) == [.answer(.hasMap(four))] && told(4, 2) == [.answer(.hasMap(four))]
        && told(3, 1) == [.answer(.hasMap(four))])
    #expect(hand.agent.promise.map == four)
    #expect(told(5, 1).first == .persistPromise)
  }

  @Test func modesAreChangedByCompareAndSwap() {
    var hand = Hand(Hand.slave, revision: 2)
    func mode(_ number: UInt32, _ revision: UInt64, _ from: RunMode, _ to: RunMode) -> [NodeAgent.Action] {
      hand.hear(.mode(ModeOrder(id: Hand.id(number, revision), partition: p, from: from, to: to)))
    }
    let cooling = RunMode(.cooling)
    #expect(mode(1, 1, .usual, cooling) == [.answer(.outdated(revision: 2))])
    #expect(mode(1, 2, .usual, cooling) == [.persist, .changedMode(p), .answer(.hasMode(Hand.id(1, 2), p, cooling))])
    #expect(mode(1, 2, cooling, .usual) == [.answer(.hasMode(Hand.id(1, 2), p, cooling))], "the same number")
    #expect(mode(2, 2, .usual, cooling) == [.answer(.hasMode(Hand.id(2, 2), p, cooling))], "from another")
    #expect(mode(3, 2, cooling, RunMode(.warming)) == [.answer(.hasMode(Hand.id(3, 2), p, cooling))], "not one hop")
    #expect(mode(0, 3, cooling, .usual).count == 4, "of a later revision")
    #expect(hand.record.modeOrder == Hand.id(0, 3))
    var dead = Hand(Hand.dead)
    #expect(
      dead.hear(.mode(ModeOrder(id: Hand.id(1), partition: p, from: .usual, to: cooling))) == [
        .answer(.hasMode(Hand.id(1), p, .usual))
      ])
    #expect(dead.agent.mode(p) == nil && hand.agent.mode(p) == .usual)
  }

  /// What a leader does when it is set going again: only of pauses, and only what was paused.
  @Test func aLeaderIsSetGoingAgain() {
    var hand = Hand(Hand.master, followers: [1])
    func mode(_ number: UInt32, _ from: RunMode, _ to: RunMode) -> [NodeAgent.Action] {
      Array(hand.hear(.mode(ModeOrder(id: Hand.id(number), partition: p, from: from, to: to))).dropFirst(2))
    }
    func has(_ number: UInt32, _ mode: RunMode) -> NodeAgent.Action { .answer(.hasMode(Hand.id(number), p, mode)) }
    let (cooling, both) = (RunMode(.cooling), RunMode(.running, pauses: [.persistence, .replication]))
    let replication = RunMode(.running, pauses: .replication)
    #expect(mode(1, .usual, cooling) == [has(1, cooling)])
    #expect(mode(2, cooling, .usual) == [has(2, .usual)])
    #expect(mode(3, .usual, both) == [has(3, both)])
    #expect(hand.hear(.write(p, value: 8, request: 5), client: 3).isEmpty)
    // The write goes to its own disk, and not out.
    #expect(mode(4, both, replication) == [.persist, has(4, replication)])
    #expect(hand.record.log.count == 1)
    let actions = mode(5, replication, .usual)
    let append = Message.append(p, term: 1, round: hand.agent.round, previous: 0, previousTerm: 0, log: hand.record.log)
    #expect(actions == [.send(append, node: 1), has(5, .usual)])
    let before = hand.agent.round
    #expect(mode(6, .usual, RunMode(.running, pauses: .persistence)).count == 2, "it asks how far they are")
    #expect(hand.agent.round == before + 1)
    // Stopped it denies what waits.
    #expect(hand.hear(.write(p, value: 8, request: 6), client: 3).isEmpty)
    #expect(
      mode(7, RunMode(.running, pauses: .persistence), RunMode(.cooling, pauses: .persistence)) == [
        has(7, RunMode(.cooling, pauses: .persistence))
      ])
    let all = hand.hear(
      .mode(
        ModeOrder(
          id: Hand.id(8), partition: p, from: RunMode(.cooling, pauses: .persistence),
          to: RunMode(.stopped, pauses: .persistence))))
    #expect(
      all.prefix(2) == [
        .send(.denied(request: 5, isDefinite: false), client: 3),
        .send(.denied(request: 6, isDefinite: true), client: 3),
      ])
  }

  // MARK: Starting

  /// A node that has started again, on what it had.
  private func restarted(_ hand: Hand, boot: UInt32 = 2, confirmed: UInt64? = nil) -> Hand {
    var promise = hand.agent.promise
    if let confirmed { promise.disk = Promise.Disk(store: 77, boot: boot - 1, confirmed: confirmed) }
    var again = hand
    again.agent = NodeAgent(
      NodeIndex(0), rules: ExecutionRules(.masterSlave), boot: boot, promise: promise, records: [(p, hand.record)])
    #expect(again.agent.start(on: 9, boot: boot, promise, isNew: false) == [.persistPromise])
    return again
  }

  private func check(_ revision: UInt64, _ confirmed: UInt32, setBack: UInt64 = 0) -> Message {
    .check(revision: revision, confirmed: confirmed, setBack: setBack)
  }

  @Test func aFirstStartIsTrusted() {
    var hand = Hand(Hand.master, followers: [])
    #expect(hand.agent.start(on: 9, boot: 1, nil, isNew: false) == [.persistPromise])
    #expect(hand.agent.disk == DiskState(store: 9, boot: 1, confirmed: 0, isConfirmed: true) && hand.agent.leads(p))
    #expect(hand.agent.promise.disk == Promise.Disk(store: 9, boot: 1, confirmed: 1))
    #expect(hand.hear(check(1, 0)) == [.answer(.well(hand.agent.disk!))])
    // What it was confirmed with grows with what it promises.
    _ = hand.hear(.claim(revision: 4))
    #expect(hand.agent.disk?.confirmed == 1 && hand.agent.promise.disk?.confirmed == 4)
    #expect(hand.hear(check(3, 1)) == [.answer(.outdated(revision: 4))])
    var bare = Hand()
    #expect(bare.hear(check(1, 1)) == [.answer(.alive)], "it has said nothing of a disk")
    #expect(bare.hear(.pulse) == [.answer(.alive)])
  }

  @Test func aLaterStartWaitsToBeConfirmed() {
    var hand = restarted(Hand(Hand.master, term: 1, followers: [1], log: [1], revision: 3), confirmed: 2)
    // What it had promised is what it was confirmed with.
    let state = DiskState(store: 77, boot: 2, confirmed: 3, isConfirmed: false)
    #expect(hand.agent.disk == state && !hand.agent.isRelied && !hand.agent.leads(p) && !hand.agent.wantsTick)
    #expect(
      hand.hear(.write(p, value: 1, request: 5), client: 3) == [.send(.denied(request: 5, isDefinite: true), client: 3)]
    )
    #expect(hand.hear(check(3, 1)) == [.answer(.well(state))], "another start was confirmed")
    #expect(hand.hear(check(4, 2)) == [.answer(.well(state))], "it has not promised that revision")
    let holding = Holding(
      partition: p, state: Hand.master, term: 1, isLeading: true, followers: [NodeIndex(1)],
      log: Holding.LogEnd(lastTerm: 1, count: 1))
    var unproven = holding
    unproven.isUnproven = true
    #expect(hand.hear(.claim(revision: 3)) == [.answer(.inventory(revision: 3, [unproven], disk: state))])
    let compare = Message.compare(p, term: 1, round: hand.agent.round + 1, end: 1, lastTerm: 1)
    var confirmed = state
    confirmed.isConfirmed = true
    #expect(hand.hear(check(3, 2)) == [.persistPromise, .send(compare, node: 1), .answer(.well(confirmed))])
    #expect(hand.agent.isRelied && !hand.agent.leads(p) && hand.agent.wantsTick, "its followers have not answered")
    // Nor does it say that it is as it should be.
    #expect(hand.hear(.claim(revision: 3)) == [.answer(.inventory(revision: 3, [unproven], disk: state))])
    guard case .send(.compare, _)? = hand.agent.handle(.tick).first else {
      return #expect(Bool(false), "it asks again")
    }
    #expect(hand.hear(check(3, 2)) == [.answer(.well(confirmed))], "confirmed once")
    let round = hand.agent.round
    #expect(
      hand.hear(.compared(p, term: 2, round: round, end: 1, lastTerm: 1), node: 1).isEmpty && !hand.agent.leads(p))
    #expect(
      hand.hear(.compared(p, term: 1, round: 5, end: 1, lastTerm: 1), node: 1).isEmpty && !hand.agent.leads(p),
      "from before the start")
    #expect(
      hand.hear(.compared(p, term: 1, round: round, end: 1, lastTerm: 1), node: 2).isEmpty && !hand.agent.leads(p))
    #expect(hand.hear(.compared(p, term: 1, round: round, end: 1, lastTerm: 1), node: 1).isEmpty && hand.agent.leads(p))
    #expect(hand.agent.handle(.tick).isEmpty && hand.agent.promise.disk?.confirmed == 3)
    #expect(hand.hear(.claim(revision: 3)) == [.answer(.inventory(revision: 3, [holding], disk: confirmed))])
  }

  /// Also when nobody is left to compare it with.
  @Test func aLeaderThatWasComparedStaysProven() {
    func told(_ hand: inout Hand) -> Bool? {
      guard case .send(.inventory(_, let holdings, _), _)? = hand.hear(.claim(revision: 1)).last else { return nil }
      return holdings.first?.isUnproven
    }
    var hand = restarted(Hand(Hand.master, term: 1, followers: [1], log: [1]))
    _ = hand.hear(check(1, 2))
    let round = hand.agent.round
    var unasked = hand
    #expect(told(&hand) == true)
    _ = hand.hear(.compared(p, term: 1, round: round, end: 1, lastTerm: 1), node: 1)
    #expect(told(&hand) == false)
    #expect(hand.hear(.left(p, round: round), node: 1) == [.persist] && hand.agent.leads(p) && told(&hand) == false)
    _ = unasked.hear(.left(p, round: round), node: 1)
    #expect(unasked.agent.leads(p) && told(&unasked) == true, "it was compared with nobody")
  }

  /// One follower has what the leader had written and lacks.
  @Test func aLeaderThatWasSetBack() {
    var hand = restarted(Hand(Hand.master, term: 1, followers: [1], log: [1]))
    _ = hand.hear(check(1, 2))
    var round = hand.agent.round
    #expect(hand.hear(.compared(p, term: 1, round: round, end: 2, lastTerm: 0), node: 1).isEmpty)
    #expect(hand.agent.leads(p), "of an older term: not acknowledged, or from before")
    hand = restarted(Hand(Hand.master, term: 1, followers: [1], log: [1]))
    _ = hand.hear(check(1, 2))
    round = hand.agent.round
    #expect(hand.hear(.compared(p, term: 1, round: round, end: 2, lastTerm: 1), node: 1).isEmpty)
    #expect(hand.agent.disk?.setBack == round + 1 && hand.agent.disk?.isSetBack == true && !hand.agent.isRelied)
    #expect(hand.agent.promise.disk?.confirmed == 1)
    _ = hand.hear(.claim(revision: 6))
    #expect(hand.agent.promise.disk?.confirmed == 1, "what it has promised since says nothing of its disk")
    guard case .send(.well(let told), _)? = hand.hear(check(6, 2)).last else { return #expect(Bool(false)) }
    #expect(told.isSetBack, "not before that finding has been dealt with")
    guard case .send(.well(let other), _)? = hand.hear(check(6, 2, setBack: told.setBack + 1)).last else {
      return #expect(Bool(false))
    }
    #expect(other.isSetBack)
    #expect(hand.hear(check(6, 2, setBack: told.setBack)).first == .persistPromise)
    #expect(hand.agent.disk?.isSetBack == false && hand.agent.isRelied)
  }

  /// Told to lead while it is unproven. A follower with more shows that its disk was set back if it was known to have the
  /// longest log; an orchestrator that older versions do not tell how far logs go may choose one that has less.
  @Test(arguments: [false, true]) func whoIsToLeadHasLessThanAnother(isOfLongest: Bool) {
    var hand = restarted(Hand(Hand.slave, log: [1]))
    _ = hand.hear(check(1, 2))
    var order = Hand.order(.set, Hand.slave, Hand.master, followers: [1])
    order.isOfLongest = isOfLongest
    _ = hand.hear(.order(order))
    #expect(!hand.agent.leads(p), "it asks first")
    _ = hand.hear(.compared(p, term: 1, round: hand.agent.round, end: 2, lastTerm: 0), node: 1)
    #expect(hand.agent.leads(p) && hand.agent.disk?.isSetBack == false, "of an older term it is no more")
    hand = restarted(Hand(Hand.slave, log: [0]))
    _ = hand.hear(check(1, 2))
    _ = hand.hear(.order(order))
    _ = hand.hear(.compared(p, term: 1, round: hand.agent.round, end: 2, lastTerm: 0), node: 1)
    #expect(hand.agent.disk?.isSetBack == isOfLongest && hand.agent.leads(p) == !isOfLongest)
  }

  @Test func whatWaitsIsDeniedWhereADiskWasSetBack() {
    var hand = Hand(Hand.master, term: 1, followers: [1], log: [1])
    _ = hand.agent.start(on: 9, boot: 1, nil, isNew: false)
    _ = hand.hear(.write(p, value: 5, request: 5), client: 3)
    #expect(
      hand.hear(.compared(p, term: 1, round: hand.agent.round, end: 3, lastTerm: 1), node: 1)
        == [.send(.denied(request: 5, isDefinite: false), client: 3)])
  }

  /// By an orchestrator of before there were disks.
  @Test func aPulseConfirms() {
    var hand = restarted(Hand(Hand.slave, log: [1]))
    #expect(hand.hear(.pulse) == [.persistPromise, .answer(.alive)] && hand.agent.isRelied)
    #expect(hand.hear(.pulse) == [.answer(.alive)])
    // Set back: not while it has anything.
    hand = restarted(Hand(Hand.master, term: 1, followers: [1], log: [1]))
    _ = hand.hear(check(1, 2))
    _ = hand.hear(.compared(p, term: 1, round: hand.agent.round, end: 2, lastTerm: 1), node: 1)
    #expect(hand.hear(.pulse) == [.answer(.alive)] && !hand.agent.isRelied)
    _ = hand.hear(.order(Hand.order(.discard, Hand.master, .null)))
    #expect(hand.hear(.pulse) == [.persistPromise, .answer(.alive)] && hand.agent.isRelied)
  }

  /// A new disk counts from the revision at which it was confirmed: it knows no leaders from before.
  @Test func aNewDiskHasForgottenLeaders() {
    var agent = NodeAgent(
      NodeIndex(0), rules: ExecutionRules(.masterSlave), boot: 3, promise: Promise(revision: 0), records: [])
    _ = agent.start(on: 9, boot: 3, nil, isNew: true)
    #expect(agent.disk == DiskState(store: 9, boot: 3, confirmed: 0, isConfirmed: false, born: .max))
    var hand = Hand()
    hand.agent = agent
    #expect(hand.hear(.append(p, term: 5, round: 7, previous: 0, previousTerm: 0, log: []), node: 1).isEmpty)
    _ = hand.hear(.claim(revision: 6))
    _ = hand.hear(check(6, 3))
    #expect(hand.agent.disk?.born == 6 && hand.agent.isRelied && hand.agent.promise.disk?.born == 6)
    func append(_ term: UInt64) -> Message { .append(p, term: term, round: 7, previous: 0, previousTerm: 0, log: []) }
    func compare(_ term: UInt64) -> Message { .compare(p, term: term, round: 7, end: 0, lastTerm: 0) }
    let left = [NodeAgent.Action.send(.left(p, round: 7), node: 1)]
    #expect(hand.hear(append(5), node: 1).isEmpty && hand.hear(compare(5), node: 1).isEmpty)
    #expect(
      hand.hear(append(6), node: 1) == left && hand.hear(compare(6), node: 1) == left
        && hand.hear(append(7), node: 1) == left)
    // An order that it refused tells of no leader.
    #expect(
      hand.hear(.order(Hand.order(.set, revision: 6, Hand.slave, Hand.dead, term: 4))) == [
        .answer(.refused(Hand.id(1, 6), .wrongState))
      ])
    #expect(hand.hear(append(5), node: 1).isEmpty)
    // Once it has known a leader it remembers.
    _ = hand.hear(.order(Hand.order(.set, revision: 6, .null, Hand.slave, term: 4)))
    _ = hand.hear(.order(Hand.order(.set, number: 2, revision: 6, Hand.slave, Hand.dead, term: 4)))
    #expect(hand.hear(append(5), node: 1) == left)
    // A new start of it keeps that; and what a promise of before disks had promised.
    var again = restarted(hand, boot: 4)
    #expect(again.agent.disk == DiskState(store: 9, boot: 4, confirmed: 6, isConfirmed: false, born: 6))
    var old = Hand(Hand.slave, revision: 8)
    _ = old.agent.start(on: 9, boot: 4, Promise(revision: 8), isNew: false)
    #expect(old.agent.disk == DiskState(store: 9, boot: 4, confirmed: 8, isConfirmed: false))
    _ = again.hear(check(6, 4))
    #expect(again.agent.disk?.born == 6, "once")
  }

  // MARK: Asked by a leader that starts again

  @Test func aFollowerIsCompared() {
    var hand = Hand(Hand.slave, term: 3, log: [1, 3])
    let compare = Message.compare(p, term: 3, round: 7, end: 1, lastTerm: 1)
    let compared = NodeAgent.Action.send(.compared(p, term: 3, round: 7, end: 2, lastTerm: 3), node: 1)
    #expect(hand.hear(compare, node: 1) == [compared])
    #expect(
      hand.hear(.compare(p, term: 4, round: 7, end: 1, lastTerm: 1), node: 1) == [
        .send(.compared(p, term: 4, round: 7, end: 2, lastTerm: 3), node: 1)
      ])
    #expect(hand.record.term == 3)
    #expect(
      hand.hear(.compare(p, term: 2, round: 7, end: 1, lastTerm: 1), node: 1) == [.send(.fenced(p, term: 3), node: 1)])
    var inDoubt = restarted(hand)
    #expect(inDoubt.hear(compare, node: 1).isEmpty)
    #expect(inDoubt.hear(.append(p, term: 3, round: 7, previous: 0, previousTerm: 0, log: []), node: 1).isEmpty)
    var nothing = Hand()
    #expect(nothing.hear(compare, node: 1) == [.send(.left(p, round: 7), node: 1)])
    var dead = Hand(Hand.dead, term: 3)
    #expect(dead.hear(compare, node: 1) == [.send(.left(p, round: 7), node: 1)])
  }
}
