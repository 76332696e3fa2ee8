import Testing

@testable import PlatEngine

/// What an orchestrator does, event by event: the journal, claims, orders, the end.
@Suite struct OrchestratorStepTests {
  private typealias Hand = OrchestratorHand
  private typealias Seen = OrchestratorHand.Seen
  private let p = PartitionIndex(0)

  private func claims(_ revision: UInt64, _ nodes: [Int] = [0, 1, 2]) -> [Seen] {
    nodes.map { .send(.claim(revision: revision), $0) }
  }

  // MARK: The journal

  @Test func recordsThenClaimsThenPlans() throws {
    var hand = try Hand()
    #expect(hand.tell(.begin(hand.journal)) == [.record(1, expecting: 0)])
    #expect(
      hand.journal.revision == 2 && hand.journal.writer == 1 && hand.journal.change == nil
        && hand.machine.phase == .recording)
    #expect(hand.tell(.tick(10)).filter { !$0.isPulse }.isEmpty)
    #expect(hand.tell(.recorded(true)) == claims(2))
    #expect(hand.inventory(0) == [] && hand.inventory(0) == [] && hand.inventory(1) == [])
    #expect(hand.say(.inventory(revision: 1, [], disk: nil), 2) == [], "of an older claim")
    #expect(
      hand.machine.isSurveying && hand.machine.hasInventory(of: NodeIndex(1))
        && !hand.machine.hasInventory(of: NodeIndex(2)))
    #expect(
      hand.say(.alive, 3) == [] && hand.say(.inventory(revision: 2, [], disk: nil), 7) == [], "no node of this cluster")
    #expect(hand.inventory(2) == [.plan(2)])
    #expect(hand.machine.plans == 1 && hand.machine.plansForOutages == 0 && hand.machine.phase == .planning)
    #expect(hand.tell(.recorded(true)) == [], "nothing was asked")
    let orders = try hand.plan()
    #expect(orders.compactMap(\.order).count == 1 && orders.count == 1)
    #expect(hand.machine.phase == .running)
    #expect(try hand.plan() == [], "planned once")
  }

  @Test func whoLosesTheJournalEnds() throws {
    for event in [Orchestrator.Event.recorded(false), .message(.outdated(revision: 9), from: NodeIndex(0))] {
      var hand = try Hand()
      _ = hand.tell(.begin(hand.journal))
      #expect(hand.tell(event) == [.retired])
      #expect(hand.machine.phase == .retired && hand.tell(.tick(10)) == [] && hand.tell(.recorded(true)) == [])
    }
    var hand = try Hand()
    _ = try hand.run()
    #expect(hand.say(.outdated(revision: 2), 0) == [] && hand.say(.hasMap(MapStamp(revision: 2, digest: 7)), 0) == [])
    #expect(hand.say(.hasMap(MapStamp(revision: 3, digest: 7)), 0) == [.retired], "a later map is in force")
    hand = try Hand()
    _ = hand.begin()
    #expect(hand.say(.hasMap(MapStamp(revision: 1, digest: 7)), 0) == [], "it has no map yet")
    hand = try Hand()
    hand.journal.revision = .max
    #expect(hand.tell(.begin(hand.journal)) == [.retired], "there is no later revision")
  }

  /// It is not known what became of a write.
  @Test func readsTheJournalAgain() throws {
    var hand = try Hand()
    let before = hand.journal
    _ = hand.tell(.begin(before))
    let own = hand.journal
    #expect(hand.tell(.read(before)) == [.record(1, expecting: 0)], "it may still be written")
    #expect(hand.tell(.read(own)) == claims(2), "it was written")
    #expect(hand.tell(.read(own)) == [] && hand.tell(.read(before)) == [], "nothing is under way")
    for change in [{ $0.writer = 2 }, { $0.version = 2 }, { $0.revision = 3 }] as [(inout Journal) -> Void] {
      var other = try Hand()
      _ = other.tell(.begin(before))
      var found = own
      change(&found)
      #expect(other.tell(.read(found)) == [.retired], "another wrote")
    }
    // While it writes who is left behind, and that it has arrived.
    hand = try Hand()
    try hand.reach()
    #expect(hand.machine.phase == .reached)
    hand = try Hand()
    var orders = try hand.run().compactMap(\.order)
    while let order = orders.popLast() { orders += hand.say(.done(order.id), order.node.int).compactMap(\.order) }
    #expect(hand.machine.phase == .arriving && hand.journal.inForce == Hand.stamp)
    #expect(hand.tell(.read(hand.journal)).first == .reached(Hand.stamp))
  }

  /// Plans wait for the journal's answer, and then begin with a revision of their own.
  @Test func whatHappensWhileTheJournalIsTold() throws {
    var hand = try Hand()
    _ = hand.tell(.begin(hand.journal))
    #expect(hand.tell(.cancel) == [] && hand.machine.revision == 2)
    #expect(hand.tell(.recorded(true)) == [.record(2, expecting: 1)])
    #expect(hand.machine.revision == 3 && hand.journal.calledOff == Hand.stamp)
    #expect(hand.tell(.recorded(true)) == claims(3))
    // Also when everything is done, and while it is written who is left behind.
    hand = try Hand()
    var orders = try hand.run().compactMap(\.order)
    while let order = orders.popLast() { orders += hand.say(.done(order.id), order.node.int).compactMap(\.order) }
    #expect(hand.tell(.lost(NodeIndex(2))) == [] && hand.machine.phase == .arriving)
    #expect(
      hand.tell(.recorded(true)) == [.record(3, expecting: 2)] && hand.machine.phase == .recording
        && hand.machine.revision == 3)
    #expect(hand.tell(.recorded(true)) == claims(3))
    var leading = Hand.holdings(0)
    leading[0].followers = [NodeIndex(1), NodeIndex(2)]
    _ = hand.inventory(0, leading)
    #expect(
      hand.inventory(1) == [.record(4, expecting: 3)] && hand.machine.phase == .leaving && hand.machine.isSurveying)
    #expect(hand.tell(.cancel) == [] && hand.machine.phase == .leaving)
    #expect(hand.tell(.recorded(true)) == [.record(5, expecting: 4)] && hand.machine.phase == .recording)
  }

  @Test func rostersAreWrittenBeforeAnythingIsPlanned() throws {
    var hand = try Hand()
    _ = hand.begin()
    _ = hand.tell(.lost(NodeIndex(1)))
    _ = hand.inventory(0)
    #expect(hand.inventory(2) == [.record(2, expecting: 1)])
    #expect(hand.journal.rosters[0] == Journal.Roster(revision: 2, members: [NodeIndex(0)]))
    #expect(hand.tell(.recorded(true)) == [.plan(2)])
  }

  /// So many partitions at a time, since stores bound what a transaction takes.
  @Test func manyRostersAreWrittenInParts() throws {
    let (blocks, each) = (Journal.blocksPerRecord + 1, Journal.partitionsPerBlock)
    let cluster = try DenseCluster(
      Cluster(
        settings: Settings(partitionCount: blocks * each, constraints: [1, 1, 0, 0]),
        nodes: ["a", "b"].map { Node(name: $0) }))
    let hadHolders = Array(repeating: true, count: blocks * each)
    var machine = try Orchestrator(cluster, hadHolders: hadHolders, goal: MapStamp(revision: 2, digest: 7), writer: 1)
    _ = machine.handle(.begin(Journal(revision: 1, partitionCount: blocks * each)))
    _ = machine.handle(.recorded(true))
    _ = machine.handle(.lost(NodeIndex(1)))
    // Every other one, but for the last block, which has all.
    let partitions = (0..<blocks * each).filter { $0 % 2 == 0 || $0 >= (blocks - 1) * each }
    let holdings = partitions.map {
      Holding(
        partition: PartitionIndex($0), state: AgentHand.master, term: 1, isLeading: true, followers: [NodeIndex(1)])
    }
    func written(_ actions: [Orchestrator.Action]) -> [Int]? {
      guard case .record(let journal, _)? = actions.first else { return nil }
      return journal.rosters.indices.filter { journal.rosters[$0] != nil }
    }
    let first = written(machine.handle(.message(.inventory(revision: 2, holdings, disk: nil), from: NodeIndex(0))))
    #expect(first == partitions.filter { $0 < (blocks - 1) * each })
    #expect(written(machine.handle(.recorded(true))) == partitions)
    guard case .plan? = machine.handle(.recorded(true)).first else { return #expect(Bool(false)) }
  }

  // MARK: Plans and maps

  @Test func aChangeIsOfItsMap() throws {
    var hand = try Hand(basedOn: 1)
    _ = hand.tell(.begin(hand.journal))
    #expect(hand.journal.change == Journal.Change(basedOn: 1, goal: Hand.stamp))
    hand = try Hand(basedOn: 1)
    hand.journal.change = Journal.Change(basedOn: 1, goal: MapStamp(revision: 8, digest: 1))
    hand.journal.inForce = MapStamp(revision: 8, digest: 1)
    #expect(hand.machine.outdated(hand.journal)?.inForce == 8 && hand.machine.outdated(hand.journal)?.basedOn == 1)
    #expect(hand.tell(.begin(hand.journal)) == [.retired])
    hand = try Hand()
    hand.journal.calledOff = Hand.stamp
    _ = hand.begin()
    #expect(hand.machine.isCancelled, "whoever takes over knows it")
    hand = try Hand()
    hand.journal.calledOff = MapStamp(revision: 2, digest: 8)
    _ = hand.begin()
    #expect(!hand.machine.isCancelled)
  }

  @Test func mapsAreToldUntilAllKnowThem() throws {
    var hand = try Hand()
    var orders = try hand.run().compactMap(\.order)
    while let order = orders.popLast() { orders += hand.say(.done(order.id), order.node.int).compactMap(\.order) }
    let map = Message.map(Hand.stamp)
    #expect(hand.say(.hasMap(Hand.stamp), 0) == [], "not in force yet")
    #expect(hand.tell(.recorded(true)) == [.reached(Hand.stamp)] + (0..<3).map { .send(map, $0) })
    #expect(hand.say(.hasMap(MapStamp(revision: 2, digest: 8)), 1) == [], "another one")
    #expect(hand.say(.hasMap(MapStamp(revision: 1, digest: 8)), 1) == [], "an older one")
    #expect(hand.say(.hasMap(Hand.stamp), 1) == [])
    let pulse = hand.tell(.tick(10)).filter { $0 != .send(map, 2) }
    #expect(pulse.count == 3 && pulse.allSatisfy(\.isPulse))
    #expect(hand.tell(.tick(20)) == [])
    #expect(hand.say(.hasMap(Hand.stamp), 2) == [.releaseMaps(2)])
    #expect(hand.say(.hasMap(Hand.stamp), 2) == [], "once")
    #expect(hand.pass(30...60).filter { !$0.isPulse } == [])
  }

  @Test func progressIsOfThisPlan() throws {
    var hand = try Hand()
    let orders = try hand.run().compactMap(\.order)
    #expect(
      hand.machine.progress.running == 1 && hand.machine.progress.left > 0
        && hand.machine.progress.toCopy == Rational(1))
    #expect(hand.machine.progress.rounds > 0 && hand.machine.progress.copied == Rational(0))
    #expect(orders[0].kind == .set && orders[0].change == StateChange(.null, AgentHand.dead))
    let copies = hand.say(.done(orders[0].id), orders[0].node.int).compactMap(\.order)
    #expect(copies.map(\.kind) == [.copy] && hand.machine.progress.copied == Rational(0))
    _ = hand.say(.done(copies[0].id), copies[0].node.int)
    #expect(hand.machine.progress.done == 2 && hand.machine.progress.copied == Rational(1))
    _ = hand.tell(.cancel)
    let none = hand.machine.progress
    #expect(
      (none.done, none.running, none.left, none.rounds) == (0, 0, 0, 0) && none.copied == Rational(0)
        && none.toCopy == Rational(0))
    #expect(hand.machine.unreached.isEmpty && !hand.machine.isWaiting)
    // What was not reached is of the plan, too.
    hand = try Hand()
    _ = hand.begin()
    for node in 0..<3 { _ = hand.inventory(node, []) }
    #expect(try hand.plan().contains(.reached(Hand.stamp)))
    #expect(hand.machine.unreached == [Unreached(partition: p, why: .withheld)])
    _ = hand.tell(.cancel)
    #expect(hand.machine.unreached.isEmpty)
  }

  // MARK: Orders

  /// After 30 ticks, 60, 120 and 240 each, seven times in all; then all is planned again.
  @Test func ordersAreAskedAgain() throws {
    var hand = try Hand()
    let order = try hand.run().compactMap(\.order)[0]
    var times: [UInt64] = []
    var time: UInt64 = 0
    while hand.machine.revision == 2, time < 3_000 {
      time += 10
      let seen = hand.tell(.tick(time))
      for found in seen.compactMap(\.order) where found == order { times.append(time) }
      for node in 0..<3 { _ = hand.say(.alive, node) }
    }
    // The first tick only says what time it is.
    #expect(times == [40, 100, 220, 460, 700, 940] && time == 1_180)
  }

  @Test(arguments: [false, true]) func whoIsAtWorkIsNotGivenUp(_ isPaused: Bool) throws {
    var hand = try Hand()
    let order = try hand.run().compactMap(\.order)[0]
    var asked: [Order] = []
    for time in stride(from: UInt64(0), through: 6_000, by: 10) {
      let seen = hand.tell(.tick(time))
      for node in 0..<3 { _ = hand.say(.alive, node) }
      for found in seen.compactMap(\.order) {
        asked.append(found)
        _ = hand.say(isPaused ? .refused(found.id, .notRunning) : .working(found.id), found.node.int)
      }
    }
    #expect(hand.machine.revision == 2, "asked \(asked.count) times, \(asked.last.map { "\($0)" } ?? "")")
    #expect(asked.count > 15 && asked.allSatisfy { $0 == order })
  }

  /// Refused it is asked again soon, and planned again after as many tries.
  @Test func whoRefusesIsAskedSoon() throws {
    var hand = try Hand()
    let order = try hand.run().compactMap(\.order)[0]
    _ = hand.pass(0...100, alive: [0, 1, 2])
    #expect(hand.say(.refused(OrderID(revision: 1, number: order.id.number), .busy), 2) == [])
    #expect(hand.say(.refused(OrderID(revision: 2, number: 77), .busy), 2) == [])
    #expect(hand.say(.refused(order.id, .busy), 2) == [])
    #expect(hand.pass(110...120, alive: [0, 1, 2]).compactMap(\.order) == [])
    #expect(hand.pass(130...130, alive: [0, 1, 2]).compactMap(\.order) == [order])
    // Later than it would be asked anyway it does not become.
    var other = try Hand()
    _ = try other.run()
    _ = other.pass(0...20, alive: [0, 1, 2])
    _ = other.say(.refused(order.id, .busy), 2)
    #expect(other.pass(30...40, alive: [0, 1, 2]).compactMap(\.order) == [order])
    // What is not under way is neither delayed nor done.
    #expect(
      other.say(.working(OrderID(revision: 2, number: 88)), 2) == []
        && other.say(.done(OrderID(revision: 2, number: 88)), 2) == [])
    #expect(
      other.say(.done(OrderID(revision: 1, number: order.id.number)), 2) == [] && other.machine.progress.done == 0)
  }

  /// It is planned again after as many refusals as there are tries. Those of who waits for a takeover do not count.
  @Test func whoRefusesIsGivenUp() throws {
    func refusals(_ why: Refusal, isTakenOver: Bool) throws -> Int? {
      var hand = try Hand()
      _ = hand.begin()
      for node in 0..<3 { _ = hand.inventory(node) }
      let (a, b, c) = (NodeIndex(0), NodeIndex(1), NodeIndex(2))
      let copy = Step.copy(
        p, from: a, in: AgentHand.master, to: c, StateChange(AgentHand.dead, AgentHand.slave), .balance)
      let takeover = Step.takeover(
        p, from: a, StateChange(AgentHand.master, AgentHand.slave), to: b,
        StateChange(AgentHand.slave, AgentHand.master), .takeOver, isFullScan: false)
      let plan = StepPlan(list: try StepList(isTakenOver ? [copy, takeover] : [copy], arcs: []))
      var orders = hand.tell(.planned(plan, map: Hand.stamp)).compactMap(\.order)
      #expect(orders.count == (isTakenOver ? 2 : 1))
      var count = 0
      for time in stride(from: UInt64(0), through: 1_000, by: 10) {
        for order in orders where order.kind == .copy {
          _ = hand.say(.refused(order.id, why), 2)
          count += 1
        }
        for order in orders where order.kind == .takeOver { _ = hand.say(.working(order.id), 1) }
        let seen = hand.pass(time...time, alive: [0, 1, 2])
        if hand.machine.revision > 2 { return count }
        orders = seen.compactMap(\.order)
      }
      return nil
    }
    #expect(try refusals(.busy, isTakenOver: false) == 7 && refusals(.busy, isTakenOver: true) == 7)
    #expect(try refusals(.notLeader, isTakenOver: false) == 7 && refusals(.notLeader, isTakenOver: true) == nil)
    #expect(try refusals(.notRunning, isTakenOver: false) == nil)
  }

  /// Who is silent is not asked; once it is heard of it is asked at once.
  @Test func whoIsSilentIsNotAsked() throws {
    var hand = try Hand()
    let order = try hand.run().compactMap(\.order)[0]
    let others = (0..<3).filter { $0 != order.node.int }
    #expect(hand.pass(0...150, alive: others).compactMap(\.order).count == 2)
    #expect(hand.machine.silentNodes == [])
    #expect(hand.pass(160...500, alive: others).compactMap(\.order) == [])
    #expect(hand.machine.silentNodes == [order.node] && !hand.machine.isWaiting)
    #expect(hand.say(.alive, order.node.int) == [] && hand.machine.silentNodes == [])
    #expect(hand.pass(510...510, alive: others).compactMap(\.order) == [order])
  }

  @Test func nothingIsReachedWhileANodeIsSilent() throws {
    var hand = try Hand()
    var orders = try hand.run().compactMap(\.order)
    _ = hand.pass(0...170, alive: [0, 2])
    #expect(hand.machine.silentNodes == [NodeIndex(1)])
    _ = hand.tell(.pause)
    #expect(!hand.machine.isWaiting, "an order is under way")
    _ = hand.tell(.resume)
    while let order = orders.popLast() {
      if order.node.int == 1 { continue }
      orders += hand.say(.done(order.id), order.node.int).compactMap(\.order)
    }
    #expect(hand.machine.phase == .running)
  }

  /// Paused while its last order is under way it has nothing left to begin: the map is in force.
  @Test func pausedItEndsWithWhatIsUnderWay() throws {
    var hand = try Hand()
    var orders = try hand.run().compactMap(\.order)
    while let order = orders.popLast() {
      if order.change.to == .null { _ = hand.tell(.pause) }
      orders += hand.say(.done(order.id), order.node.int).compactMap(\.order)
    }
    #expect(hand.machine.isPaused && hand.machine.phase == .arriving)
    _ = hand.tell(.recorded(true))
    #expect(hand.tell(.resume) == [] && hand.machine.phase == .reached, "nothing is left to go on with")
    _ = hand.tell(.cancel)
    _ = hand.tell(.recorded(true))
    #expect(hand.tell(.resume) == [] && hand.machine.phase == .claiming)
  }

  /// A step that would take a last copy is left, and told.
  @Test func lastCopiesAreTold() throws {
    var hand = try Hand()
    _ = hand.begin()
    _ = hand.inventory(0)
    for node in 1..<3 { _ = hand.inventory(node, []) }
    let set = Step.set(p, NodeIndex(0), StateChange(AgentHand.master, AgentHand.dead), .balance)
    let seen = hand.tell(.planned(StepPlan(list: try StepList([set], arcs: [])), map: Hand.stamp))
    #expect(seen.compactMap(\.order) == [] && hand.machine.phase == .arriving)
    _ = hand.tell(.recorded(true))
    #expect(hand.machine.unreached == [Unreached(partition: p, why: .lastCopy)])
  }

  @Test func whatIsPausedBeginsNothing() throws {
    var hand = try Hand()
    _ = hand.tell(.pause)
    #expect(try hand.run() == [])
    #expect(hand.machine.isPaused && hand.machine.phase == .running)
    #expect(hand.pass(0...100, alive: [0, 1, 2]).compactMap(\.order) == [])
    let orders = hand.tell(.resume)
    #expect(orders.count == 1 && orders[0].order != nil && !hand.machine.isPaused)
    _ = hand.tell(.pause)
    #expect(hand.say(.done(orders[0].order!.id), orders[0].order!.node.int) == [])
    #expect(hand.tell(.resume).compactMap(\.order).count > 0)
  }
}
