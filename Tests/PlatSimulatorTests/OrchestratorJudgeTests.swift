import Testing

@testable import PlatEngine

/// What an orchestrator makes of disks, and of nodes that have started again.
@Suite struct OrchestratorJudgeTests {
  private typealias Hand = OrchestratorHand
  private typealias Seen = OrchestratorHand.Seen
  private let p = PartitionIndex(0)

  private func disk(
    _ node: Int, boot: UInt32 = 1, store: UInt64? = nil, confirmed: UInt64 = 1, isConfirmed: Bool = true
  ) -> DiskState {
    DiskState(store: store ?? UInt64(node + 1) << 32 | 1, boot: boot, confirmed: confirmed, isConfirmed: isConfirmed)
  }

  /// Its steps are under way, c's first order is done: c is dead, and fetches.
  private func running() throws -> Hand {
    var hand = try Hand()
    let order = try hand.run(disks: (0..<3).map { disk($0) }).compactMap(\.order)[0]
    let copies = hand.say(.done(order.id), 2).compactMap(\.order)
    #expect(
      copies.count == 1 && copies[0].kind == .copy && copies[0].change == StateChange(AgentHand.dead, AgentHand.slave))
    return hand
  }

  private func check(_ hand: Hand, _ node: Int, _ boot: UInt32, setBack: UInt64 = 0) -> Seen {
    .send(.check(revision: hand.machine.revision, confirmed: boot, setBack: setBack), node)
  }
  private func isPlannedAgain(_ seen: [Seen]) -> Bool {
    seen.count == 1 && { if case .record = seen[0] { true } else { false } }()
  }

  // MARK: Disks

  @Test func whatIsKnownOfDisksIsInTheJournal() throws {
    var hand = try Hand()
    _ = hand.begin()
    #expect(hand.tell(.tick(0)) == (0..<3).map { check(hand, $0, 0) }, "nobody is confirmed before all are known")
    for node in 0..<2 { _ = hand.inventory(node, disk: disk(node)) }
    _ = hand.inventory(0, disk: disk(0, boot: 8))  // once a claim
    _ = hand.inventory(2, disk: disk(2, boot: 4, confirmed: 1, isConfirmed: false))
    _ = try hand.plan()
    #expect((0..<3).map { hand.machine.journal.disk(NodeIndex($0))?.promised } == [2, 2, 2])
    #expect(hand.machine.journal.disk(NodeIndex(1))?.store == disk(1).store)
    #expect(hand.tell(.tick(10)) == [check(hand, 0, 1), check(hand, 1, 1), check(hand, 2, 4)])
  }

  /// Older than what is known: it was set back, or it has been replaced by another. What is known stays known.
  @Test func anOlderDiskIsNotRelied() throws {
    let cases: [(DiskState, Bool)] = [
      (disk(1, boot: 2, confirmed: 3, isConfirmed: false), true),
      (disk(1, boot: 2, confirmed: 4, isConfirmed: false), false),
      (disk(1, boot: 9, store: 2 << 32 | 5, confirmed: 5, isConfirmed: false), false),
      (disk(1, boot: 2, store: 2 << 32, confirmed: 7, isConfirmed: false), true),
    ]
    for (state, isOlder) in cases {
      var hand = try Hand()
      let names = try WireNames(hand.cluster)
      hand.journal.setDisk(
        NodeIndex(1), Journal.Disk(store: 2 << 32 | 1, promised: 4, boot: 1), block: names.block(of: NodeIndex(1)))
      _ = hand.begin()
      _ = hand.inventory(0, disk: disk(0))
      _ = hand.inventory(2, disk: disk(2))
      _ = hand.inventory(1, disk: state)
      #expect(
        hand.machine.journal.disk(NodeIndex(1))!
          == (isOlder
            ? Journal.Disk(store: 2 << 32 | 1, promised: 4, boot: 1)
            : Journal.Disk(store: state.store, promised: hand.machine.revision, boot: state.boot)))
      let orders = try hand.plan().compactMap(\.order)
      #expect(orders.contains { $0.kind == .discard && $0.node == NodeIndex(1) } == isOlder)
      #expect(hand.tell(.tick(0)).contains(check(hand, 1, isOlder ? 0 : state.boot)))
      guard isOlder else { continue }
      // Once what it had is gone it counts again.
      var (left, time) = (orders, UInt64(0))
      func pulse() -> [Seen] {
        time += 40
        return hand.pass(time - 30...time)
      }
      while let order = left.popLast() {
        if !hand.machine.tasks.isSettled { #expect(pulse().contains(check(hand, 1, 0))) }
        left += hand.say(.done(order.id), order.node.int).compactMap(\.order)
      }
      _ = hand.tell(.recorded(true))
      #expect(hand.machine.tasks.isSettled && hand.machine.phase == .reached)
      #expect(pulse().contains { seen in
        if case .send(.check(_, confirmed: state.boot, _, _, _), 1) = seen { true } else { false }
      })
    }
  }

  @Test func aFindingIsPlannedForOnce() throws {
    var hand = try running()
    var state = disk(0)
    #expect(hand.say(.well(state), 0) == [])
    state.setBack = 8
    #expect(isPlannedAgain(hand.say(.well(state), 0)) && hand.machine.revision == 3)
    #expect(hand.say(.well(state), 0) == [], "while it is recorded")
    _ = hand.tell(.recorded(true))
    #expect(hand.say(.well(state), 0) == [])
    for node in 1..<3 { _ = hand.inventory(node, node == 2 ? [] : nil, disk: disk(node)) }
    _ = hand.inventory(0, disk: state)
    _ = try hand.plan()
    #expect(hand.say(.well(state), 0) == [], "it is known")
    #expect(hand.say(.well(disk(0)), 0) == [], "it has been thrown away")
    #expect(hand.tell(.tick(0)).contains(check(hand, 0, 1, setBack: 8)), "its copies are in doubt one by one")
  }

  // MARK: Nodes that have started again

  @Test func whoStartsAgainIsAskedWhatItHolds() throws {
    var hand = try running()
    for state in [disk(1, boot: 2), disk(1, store: 77)] {
      #expect(hand.say(.well(state), 1) == [.send(.claim(revision: 2), 1)])
    }
    let state = disk(1, boot: 2, confirmed: 2, isConfirmed: false)
    #expect(hand.inventory(1, disk: state) == [check(hand, 1, 2)])
    #expect(hand.inventory(1, disk: state) == [] && hand.say(.well(state), 1) == [])
    #expect(hand.inventory(0, disk: nil) == [] && hand.inventory(0, disk: disk(0)) == [])
    // Not as it is known: of before the last claim, or another disk.
    for other in [disk(1, boot: 3, confirmed: 1), disk(1, boot: 3, store: 77, confirmed: 2)] {
      var another = hand
      #expect(isPlannedAgain(another.inventory(1, disk: other)))
    }
    #expect(hand.inventory(1, disk: disk(1, boot: 3, confirmed: 2)) == [check(hand, 1, 3)])
  }

  /// What it holds is compared with a plan: before there is one it is not confirmed.
  @Test func whoStartsAgainWhileItIsPlannedIsAskedLater() throws {
    var hand = try Hand()
    _ = hand.begin()
    for node in 0..<3 { _ = hand.inventory(node, disk: disk(node)) }
    let state = disk(1, boot: 2, confirmed: 2)
    #expect(hand.machine.phase == .planning && hand.inventory(1, [], disk: state) == [])
    _ = try hand.plan()
    #expect(hand.tell(.tick(0)).contains(check(hand, 1, 1)))
    #expect(hand.say(.well(state), 1) == [.send(.claim(revision: 2), 1)])
    #expect(hand.inventory(1, disk: state) == [check(hand, 1, 2)])
  }

  /// A node may hold what the cluster does not have any more.
  @Test func partitionsThatAreGoneAreNotLookedAt() throws {
    var hand = try Hand()
    _ = hand.begin()
    var gone = held(AgentHand.master, isLeading: true)
    gone[0].partition = PartitionIndex(1)
    _ = hand.inventory(0, disk: disk(0))
    _ = hand.inventory(1, held(AgentHand.slave) + gone, disk: disk(1, boot: 2, confirmed: 2, isConfirmed: false))
    _ = hand.inventory(2, disk: disk(2))
    _ = try hand.plan()
    #expect(hand.tell(.tick(0)).contains(check(hand, 1, 2)))
  }

  /// A node of a version that said nothing of disks starts again as one that does.
  @Test func aNodeThatWasUpgradedIsConfirmed() throws {
    var hand = try Hand()
    _ = try hand.run()
    #expect(hand.inventory(1, disk: disk(1, boot: 2)) == [check(hand, 1, 2)])
  }

  /// A leader that is in doubt, and nobody else has a copy: its disk is confirmed but for that.
  @Test func whatIsWithheldHoldsNobodyBack() throws {
    var hand = try Hand()
    _ = hand.begin()
    var doubted = held(AgentHand.master, isLeading: true, [1])
    doubted[0].isInDoubt = true
    _ = hand.inventory(0, doubted, disk: disk(0, boot: 2, isConfirmed: false))
    for node in 1..<3 { _ = hand.inventory(node, [], disk: disk(node)) }
    #expect(hand.machine.phase == .planning && hand.machine.survey?.isWithheld == [true])
    let check = Message.check(revision: 2, confirmed: 2, setBack: 0, inDoubt: [p])
    #expect(hand.tell(.tick(0)).contains(.send(check, 0)))
  }

  /// It starts again while a copy is made there: that may be complete already, and is not in doubt.
  @Test func whatIsBeingMadeIsNotInDoubt() throws {
    var hand = try Hand(hadHolders: false)
    _ = hand.begin()
    for node in 0..<3 { _ = hand.inventory(node, [], disk: disk(node)) }
    let steps = [Step.set(p, NodeIndex(2), StateChange(.null, AgentHand.slave), .balance)]
    let seen = hand.tell(.planned(StepPlan(list: try StepList(steps, arcs: [])), map: Hand.stamp))
    #expect(seen.compactMap(\.order?.node.int) == [2])
    let state = disk(2, boot: 2, confirmed: 2)
    #expect(hand.inventory(2, held(AgentHand.slave, term: 2), disk: state) == [check(hand, 2, 2)])
  }

  /// Told again which map is in force, since it may have forgotten it.
  @Test func whoStartsAgainIsToldTheMap() throws {
    var hand = try running()
    var orders = hand.machine.tasks.running.map { hand.machine.tasks.tasks[Int($0)].order }
    while let order = orders.popLast() { orders += hand.say(.done(order.id), order.node.int).compactMap(\.order) }
    _ = hand.tell(.recorded(true))
    for node in 0..<3 { _ = hand.say(.hasMap(Hand.stamp), node) }
    #expect(hand.pass(0...0).count == 3)
    #expect(hand.inventory(1, [], disk: disk(1, boot: 2, confirmed: 2)) == [check(hand, 1, 2)])
    #expect(hand.pass(10...40).filter { !$0.isPulse } == [.send(.map(Hand.stamp), 1)])
  }

  private func held(
    _ state: StateIndex, term: UInt64 = 1, isLeading: Bool = false, _ followers: [Int] = []
  ) -> [Holding] {
    [Holding(partition: p, state: state, term: term, isLeading: isLeading, followers: followers.map { NodeIndex($0) },
      log: Holding.LogEnd(lastTerm: 0, count: 0))]
  }

  /// A slave since whose start no leader has fed it.
  private func unproven(_ term: UInt64) -> [Holding] {
    var holdings = held(AgentHand.slave, term: term)
    holdings[0].isUnproven = true
    return holdings
  }

  /// What it tells is what it should be, or all is planned again.
  @Test func whatItHoldsIsCompared() throws {
    let (master, slave, pending, dead) = (AgentHand.master, AgentHand.slave, AgentHand.pending, AgentHand.dead)
    let cases: [(node: Int, holdings: [Holding], isRight: Bool, why: String)] = [
      (0, held(master, isLeading: true, [1, 2]), true, "it leads, and knows who comes"),
      (0, held(master, isLeading: true, [1]), false, "c may be complete"),
      (0, held(master, isLeading: true, [2]), false, "b is complete"),
      (0, held(master, term: 2, isLeading: true, [1, 2]), false, "of another term"),
      (0, held(master, term: 0, isLeading: true, [1, 2]), false, "of an earlier term"),
      (0, held(master), false, "it leads no more"),
      (0, held(slave), false, "another state"), (0, [], false, "it has nothing"), (0, held(dead), false, "no data"),
      (1, held(slave), true, "a slave"), (1, [], false, "nothing"),
      (1, held(master, isLeading: true), false, "it leads"),
      (1, held(pending), false, "another state"), (1, held(dead), false, "no data"),
      (2, held(dead), true, "not yet"), (2, held(slave), true, "already"), (2, held(pending), false, "neither"),
      (2, [], true, "no data, as it should be"),
      (2, held(slave, term: 0), true, "who comes may not have heard of its leader yet"),
      (1, held(slave, term: 0), true, "it knows whom it follows"),
      (1, unproven(0), false, "it may have forgotten whom it follows"), (1, unproven(1), true, "it has not"),
      (2, held(slave, isLeading: true, [1]), false, "it cannot lead without a"),
      (2, held(slave, term: 0, isLeading: true, [0, 1]), false, "it leads as of an earlier term"),
    ]
    for (node, holdings, isRight, why) in cases {
      var hand = try running()
      let seen = hand.inventory(node, holdings, disk: disk(node, boot: 2, confirmed: 2))
      #expect((seen == [check(hand, node, 2)]) == isRight && isPlannedAgain(seen) != isRight, "\(node): \(why)")
    }
    // A node that is told to have nothing, and has nothing yet: a leader need not know it.
    var hand = try Hand()
    _ = try hand.run(disks: (0..<3).map { disk($0) })
    #expect(hand.inventory(0, disk: disk(0, boot: 2, confirmed: 2)) == [check(hand, 0, 2)])
    // Of partitions beyond, or between, nothing is expected.
    hand = try running()
    #expect(hand.inventory(1, held(slave) + held(slave).map { holding in
      var other = holding
      other.partition = PartitionIndex(4)
      return other
    }, disk: disk(1, boot: 2, confirmed: 2)) == [check(hand, 1, 2)])
  }

  /// A plan that comes to nothing leaves what was expected of nodes before.
  @Test func whatWasExpectedOutlivesAPlanThatDidNotBegin() throws {
    var hand = try running()
    func claimAgain(_ leader: [Holding], _ state: DiskState) {
      _ = hand.tell(.cancel)
      _ = hand.tell(.recorded(true))
      _ = hand.inventory(0, leader, disk: state)
      _ = hand.inventory(1, disk: disk(1, confirmed: 9))
      _ = hand.inventory(2, held(AgentHand.dead), disk: disk(2, confirmed: 9))
    }
    claimAgain(held(AgentHand.master, isLeading: true, [1]), disk(0, confirmed: 9))
    #expect(hand.machine.phase == .planning && hand.machine.revision == 3)
    // a starts again, and does not know b any more.
    claimAgain(held(AgentHand.master, isLeading: true, []), disk(0, boot: 2, confirmed: 9, isConfirmed: false))
    #expect(
      hand.machine.revision == 4
        && hand.machine.survey!.orders.contains { $0.kind == .discard && $0.node == NodeIndex(0) })
    // Of a node that is lost that stays which was expected when it was there.
    hand = try running()
    _ = hand.tell(.lost(NodeIndex(1)))
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0, held(AgentHand.master, isLeading: true, [1]), disk: disk(0, confirmed: 9))
    _ = hand.inventory(2, held(AgentHand.dead), disk: disk(2, confirmed: 9))
    _ = try hand.plan()
    _ = hand.tell(.cancel)
    #expect(
      (0..<3).map { hand.machine.expected[$0]!.rows[0].contains { $0.node == NodeIndex(1) } } == [false, true, false])
    // It is back: it is not asked for what it holds by itself.
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0, held(AgentHand.master, isLeading: true, []), disk: disk(0, confirmed: 9))
    _ = hand.inventory(2, held(AgentHand.dead), disk: disk(2, confirmed: 9))
    _ = try hand.plan()
    #expect(isPlannedAgain(hand.say(.well(disk(1, boot: 5)), 1)))
    // Whoever says nothing of its disk has not started again.
    hand = try running()
    _ = hand.tell(.cancel)
    _ = hand.tell(.recorded(true))
    let known = disk(1)
    _ = hand.inventory(1, disk: known)
    #expect(!hand.machine.hasRestarted[1])
    _ = hand.inventory(0, disk: nil)
    #expect(!hand.machine.hasRestarted[0])
  }

  /// Nothing is under way: everything is as the map says.
  @Test func atTheEndEverythingIsKnown() throws {
    func ended() throws -> Hand {
      var hand = try running()
      var orders = hand.machine.tasks.running.map { hand.machine.tasks.tasks[Int($0)].order }
      while let order = orders.popLast() { orders += hand.say(.done(order.id), order.node.int).compactMap(\.order) }
      _ = hand.tell(.recorded(true))
      return hand
    }
    let (master, slave, dead) = (AgentHand.master, AgentHand.slave, AgentHand.dead)
    let cases: [(node: Int, holdings: [Holding], isRight: Bool)] = [
      (0, held(master, isLeading: true, [2]), true), (0, held(master, isLeading: true, [1, 2]), true),
      (0, held(master, isLeading: true, [1]), false),
      (1, [], true), (1, held(slave), false), (1, held(dead), true), (1, held(dead, [0]), false),
      (2, held(slave), true), (2, held(dead), false), (2, [], false),
    ]
    for (node, holdings, isRight) in cases {
      var hand = try ended()
      #expect(hand.machine.phase == .reached)
      let seen = hand.inventory(node, holdings, disk: disk(node, boot: 2, confirmed: 2))
      #expect((seen == [check(hand, node, 2)]) == isRight && isPlannedAgain(seen) != isRight, "\(node): \(holdings)")
    }
  }

  /// The same where all nodes are asked: which copies are in doubt.
  @Test func whichCopiesAreInDoubt() {
    let (master, slave, pending, dead) = (AgentHand.master, AgentHand.slave, AgentHand.pending, AgentHand.dead)
    let rules = ExecutionRules(.masterSlave)
    var underWay = ChangesUnderWay()
    underWay.add(AgentHand.order(.set, dead, slave), nil)
    let row = [
      Survey.Held(node: NodeIndex(1), state: master), Survey.Held(node: NodeIndex(2), state: slave),
      Survey.Held(node: NodeIndex(0), state: dead),
    ]
    var expected = Orchestrator.Expected(
      rows: [row], terms: [4], ledTerms: [4], isWithheld: [false], underWay: underWay)
    func doubts(_ node: Int, _ holding: [Holding], isCopy: Bool = true) -> Bool {
      expected.doubts(holding[0], NodeIndex(node), rules) { _ in isCopy }
    }
    #expect(
      !doubts(1, held(master, term: 4, isLeading: true, [2, 0]))
        && !doubts(1, held(master, term: 5, isLeading: true, [2, 0])))
    #expect(doubts(1, held(master, term: 3, isLeading: true, [2, 0])), "of an earlier term")
    #expect(doubts(1, held(master, term: 3)) && !doubts(1, held(master, term: 4)))
    #expect(doubts(1, held(master, term: 4, isLeading: true, [0])), "b is complete")
    #expect(doubts(1, held(master, term: 4, isLeading: true, [2])), "a tells that it is a copy")
    #expect(!doubts(1, held(master, term: 4, isLeading: true, [2]), isCopy: false), "a has not been joined yet")
    #expect(
      !doubts(2, held(slave, term: 1)) && doubts(2, held(master, term: 4))
        && doubts(2, held(master, term: 9, isLeading: true, [1])))
    #expect(doubts(3, held(slave)) && doubts(3, held(dead, [1])) && !doubts(3, held(dead)), "it should have nothing")
    #expect(!doubts(0, held(slave)) && !doubts(0, held(pending)), "what is under way tells nothing")
    #expect(doubts(0, held(master, term: 3, isLeading: true, [1, 2])))
    // It was to lose its copy, and all that it knew of it.
    var going = ChangesUnderWay()
    going.add(AgentHand.order(.set, slave, .null), nil)
    let told = Orchestrator.Expected(
      rows: [[Survey.Held(node: NodeIndex(0), state: slave)]], terms: [4], ledTerms: [4], isWithheld: [false],
      underWay: going)
    #expect(told.allows(nil, 0, NodeIndex(0), rules) && told.allows(held(slave)[0], 0, NodeIndex(0), rules))
    #expect(!told.allows(held(pending)[0], 0, NodeIndex(0), rules))
    var leader = told
    leader.underWay = ChangesUnderWay()
    leader.underWay.add(AgentHand.order(.set, master, slave), nil)
    for (term, isRight) in [(3, false), (4, true), (5, true)] as [(UInt64, Bool)] {
      let one = held(master, term: term, isLeading: true)[0]
      #expect(leader.allows(one, 0, NodeIndex(0), rules) == isRight, "it has not passed over yet, as of \(term)")
    }
    let unknown = Orchestrator.Expected(
      rows: [[]], terms: [4], ledTerms: [0], isWithheld: [true], underWay: ChangesUnderWay())
    #expect(unknown.allows(held(slave)[0], 0, NodeIndex(0), rules), "nobody knows")
    // Who is to go need not be known.
    underWay = ChangesUnderWay()
    underWay.add(AgentHand.order(.set, dead, slave), nil)
    var leaving = AgentHand.order(.set, slave, dead)
    leaving.node = NodeIndex(2)
    underWay.add(leaving, nil)
    expected.underWay = underWay
    #expect(!doubts(1, held(master, term: 4, isLeading: true, [0])))
    // Of a takeover both ends change; what stays as it is does not.
    underWay = ChangesUnderWay()
    underWay.add(AgentHand.order(.copy, dead, slave), .copy(p, from: NodeIndex(1), in: master, to: NodeIndex(0),
      StateChange(dead, slave), .balance))
    #expect(underWay.change(of: NodeIndex(1), 0) == nil && underWay.change(of: NodeIndex(0), 0)?.to == slave)
    underWay.add(AgentHand.order(.takeOver, slave, master), .takeover(p, from: NodeIndex(3), StateChange(master, dead),
      to: NodeIndex(2), StateChange(slave, master), .takeOver, isFullScan: false))
    #expect(underWay.change(of: NodeIndex(3), 0) == StateChange(master, dead))
    #expect(underWay.isLeaving(NodeIndex(3), 0, rules) && underWay.newReplicas(0, rules) == [NodeIndex(0)])
    expected.isWithheld = [true]
    #expect(!doubts(1, held(master, term: 3, isLeading: true)), "nobody knows")
    expected.isWithheld = [false]
    var beyond = held(slave)
    beyond[0].partition = PartitionIndex(1)
    #expect(!doubts(3, beyond))
  }
}
