import Testing

@testable import PlatEngine

/// Copies that do not count, disks that are fed after a start, and what nodes that do not answer may have.
@Suite struct OrchestratorDoubtTests {
  private typealias Hand = OrchestratorHand
  private typealias Seen = OrchestratorHand.Seen
  private let p = PartitionIndex(0)

  private func disk(_ node: Int, boot: UInt32 = 1, confirmed: UInt64 = 9) -> DiskState {
    DiskState(store: UInt64(node + 1) << 32 | 1, boot: boot, confirmed: confirmed, isConfirmed: boot == 1)
  }

  private func held(_ state: StateIndex, leads followers: [Int]? = nil, _ partition: Int = 0) -> Holding {
    Holding(
      partition: PartitionIndex(partition), state: state, term: 1, isLeading: followers != nil,
      followers: (followers ?? []).map { NodeIndex($0) }, log: Holding.LogEnd(lastTerm: 0, count: 0))
  }

  private func feeds(_ seen: [Seen]) -> [String] {
    seen.compactMap { if case .send(.feed(let node), let leader) = $0 { "\(node.int) by \(leader)" } else { nil } }
  }

  // MARK: Fed after a start

  /// A few times, so that it is proven soon; by whom it follows, while that one leads.
  @Test func whoHasStartedAgainIsFed() throws {
    var hand = try Hand()
    let orders = try hand.run(disks: (0..<3).map { disk($0) }).compactMap(\.order)
    #expect(feeds(hand.pass(0...200, alive: [0, 1, 2])) == [])
    _ = hand.inventory(1, disk: disk(1, boot: 2))
    #expect(feeds(hand.pass(210...600, alive: [0, 1, 2])) == Array(repeating: "1 by 0", count: 4))
    hand.finish(orders.map { .send(.order($0), $0.node.int) })
    #expect(hand.machine.phase == .reached)
    _ = hand.inventory(0, [held(AgentHand.master, leads: [2])], disk: disk(0, boot: 2))
    #expect(feeds(hand.pass(610...800, alive: [0, 1, 2])) == [], "who leads is not fed")
    _ = hand.inventory(2, [held(AgentHand.slave)], disk: disk(2, boot: 2))
    #expect(feeds(hand.pass(810...840, alive: [0, 1, 2])) == ["2 by 0"])
    _ = hand.tell(.cancel)
    _ = hand.tell(.recorded(true))
    #expect(feeds(hand.pass(850...1_000, alive: [0, 1, 2])) == [], "who leads is not known")
    _ = hand.inventory(0, [held(AgentHand.master, leads: [2])], disk: disk(0))
    _ = hand.inventory(1, [], disk: disk(1))
    var confirmed = disk(2, boot: 2)
    confirmed.isConfirmed = true
    _ = hand.inventory(2, [held(AgentHand.slave)], disk: confirmed)
    hand.finish(try hand.plan())
    #expect(feeds(hand.pass(1_010...1_300, alive: [0, 1, 2])) == Array(repeating: "2 by 0", count: 3), "the others")
  }

  /// c may have forgotten whom it follows, and is told first: until its disk is confirmed it takes nothing.
  @Test func whoIsNotConfirmedIsNotFed() throws {
    var hand = try Hand()
    _ = hand.begin()
    var (leader, follower) = (held(AgentHand.master, leads: [2]), held(AgentHand.slave))
    (leader.term, follower.isUnproven) = (2, true)
    _ = hand.inventory(0, [leader], disk: disk(0))
    _ = hand.inventory(1, [], disk: disk(1))
    _ = hand.inventory(2, [follower], disk: disk(2, boot: 2))
    let order = try hand.plan().compactMap(\.order)[0]
    #expect(order.kind == .set && order.node == NodeIndex(2))
    #expect(feeds(hand.pass(0...120, alive: [0, 1, 2])) == [])
    hand.finish([.send(.order(order), 2)])
    #expect(feeds(hand.pass(130...600, alive: [0, 1, 2])) == Array(repeating: "2 by 0", count: 4))
  }

  /// A node that was lost when all began is back, and has not started again.
  @Test func whoWasAwayIsNotFed() throws {
    var hand = try Hand()
    _ = hand.begin()
    for node in 0..<2 { _ = hand.inventory(node, disk: disk(node)) }
    _ = hand.tell(.lost(NodeIndex(2)))
    hand.finish(try hand.plan())
    _ = hand.say(.alive, 2)
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0, [held(AgentHand.master, leads: [1, 2])], disk: disk(0))
    for node in 1..<3 { _ = hand.inventory(node, [held(AgentHand.slave)], disk: disk(node)) }
    _ = try hand.plan()
    #expect(hand.machine.lostNodes == [] && feeds(hand.pass(0...400, alive: [0, 1, 2])) == [])
  }

  /// Two are lost, and one of them is back and has started again: it is asked when all is planned again.
  @Test func whoIsBackIsNotConfirmedBeforeItIsPlanned() throws {
    var hand = try reached()
    _ = hand.pass(0...0, alive: [0, 1, 2])
    _ = hand.pass(10...610, alive: [0])
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0, [held(AgentHand.master, leads: [2])], disk: disk(0))
    _ = hand.tell(.tick(620))
    hand.finish(try hand.plan())
    #expect(hand.machine.phase == .reached && hand.machine.lostNodes.map(\.int) == [1, 2])
    #expect(hand.inventory(1, [], disk: disk(1, boot: 2)) == [])
  }

  // MARK: Copies in doubt

  private func discards(_ hand: Hand) -> [Int] {
    hand.machine.survey?.orders.filter { $0.kind == .discard }.map(\.node.int) ?? []
  }

  /// a leads and c follows; b has let its copy go, of which a has not heard.
  private func reached() throws -> Hand {
    var hand = try Hand()
    hand.finish(try hand.run(disks: (0..<3).map { disk($0) }))
    #expect(hand.machine.phase == .reached)
    return hand
  }

  /// All that is asked for is asked; nil: the node does not answer.
  private func claim(_ hand: inout Hand, _ holdings: [[Holding]?]) {
    _ = hand.tell(.recorded(true))
    for node in 0..<3 {
      if let holdings = holdings[node] { _ = hand.inventory(node, holdings, disk: disk(node, boot: node < 2 ? 2 : 1)) }
    }
  }

  /// b has the copy again, on a disk that was set back. It is told to throw that away, and told again by the next plan:
  /// by then it has not started anew, and a, which was told to go on without it, has not heard of that.
  @Test func aDoubtOutlivesAPlan() throws {
    var hand = try reached()
    let holdings = [[held(AgentHand.master, leads: [1, 2])], [held(AgentHand.slave)], [held(AgentHand.slave)]]
    var seen: [Seen] = []
    for _ in 0..<2 {
      _ = hand.tell(.cancel)
      claim(&hand, holdings)
      #expect(discards(hand) == [1])
      seen = try hand.plan()
      #expect(!hand.machine.tasks.isSettled)
      let check = Message.check(revision: hand.machine.revision, confirmed: 2, setBack: 0, inDoubt: [p])
      #expect(hand.tell(.tick(0)).contains(.send(check, 1)), "its disk is confirmed without that copy")
    }
    // Once it has done so the same copy would be a new one.
    hand.finish(seen)
    #expect(hand.machine.tasks.isSettled && hand.machine.doubts.count == 1)
    _ = hand.tell(.cancel)
    #expect(hand.machine.doubts.isEmpty)
  }

  /// c knows whom it follows: it need not wait until what b has is thrown away.
  @Test func whoFollowsTheLeaderIsConfirmedAtOnce() throws {
    var hand = try reached()
    _ = hand.tell(.cancel)
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0, [held(AgentHand.master, leads: [2])], disk: disk(0))
    _ = hand.inventory(1, [held(AgentHand.slave)], disk: disk(1))
    _ = hand.inventory(2, [held(AgentHand.slave)], disk: disk(2, boot: 2))
    #expect(discards(hand) == [1])
    _ = try hand.plan()
    #expect(!hand.machine.tasks.isSettled)
    #expect(hand.tell(.tick(0)).contains(.send(.check(revision: 3, confirmed: 2, setBack: 0), 2)))
    // b starts again while it is told to throw away what it has: until then that is in doubt.
    let check = Message.check(revision: 3, confirmed: 2, setBack: 0, inDoubt: [p])
    #expect(hand.inventory(1, [held(AgentHand.slave)], disk: disk(1, boot: 2)) == [.send(check, 1)])
  }

  /// b has followed an older leader, and is to throw that away: the rest of its disk is confirmed before that.
  @Test func whatIsOutOfDateHoldsNobodyBack() throws {
    var hand = try Hand()
    _ = hand.begin()
    var leader = held(AgentHand.master, leads: [2])
    leader.term = 2
    _ = hand.inventory(0, [leader], disk: disk(0))
    _ = hand.inventory(1, [held(AgentHand.slave)], disk: disk(1, boot: 2))
    _ = hand.inventory(2, [held(AgentHand.slave)], disk: disk(2))
    #expect(discards(hand) == [1])
    _ = try hand.plan()
    let check = Message.check(revision: 2, confirmed: 2, setBack: 0, inDoubt: [p])
    #expect(!hand.machine.tasks.isSettled && hand.tell(.tick(0)).contains(.send(check, 1)))
  }

  /// Its disk is older than what is known of it, and it is lost before it has thrown away what it has. It may hear what
  /// it is asked, though nobody hears it: its disk is not confirmed by the next plan.
  @Test(arguments: [false, true]) func whoIsLostIsNotConfirmed(_ isHeldBack: Bool) throws {
    var hand = try Hand()
    let names = try WireNames(hand.cluster)
    let known = Journal.Disk(store: disk(1).store, promised: 9, boot: 1)
    hand.journal.setDisk(NodeIndex(1), known, block: names.block(of: NodeIndex(1)))
    _ = hand.begin()
    _ = hand.inventory(0, [held(AgentHand.master, leads: [])], disk: disk(0))
    let old = isHeldBack ? [held(AgentHand.master, leads: [])] : [held(AgentHand.slave)]
    _ = hand.inventory(1, old, disk: disk(1, boot: 2, confirmed: isHeldBack ? 9 : 8))
    _ = hand.inventory(2, disk: disk(2))
    _ = try hand.plan()
    func confirmed(_ seen: [Seen]) -> Set<UInt32> {
      Set(seen.compactMap { if case .send(.check(_, let confirmed, _, _, _), 1) = $0 { confirmed } else { nil } })
    }
    #expect(!hand.machine.tasks.isSettled && confirmed(hand.pass(0...40, alive: [0, 2])) == [0])
    _ = hand.tell(.lost(NodeIndex(1)))
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0, [held(AgentHand.master, leads: [])], disk: disk(0))
    _ = hand.inventory(2, disk: disk(2))
    hand.finish(try hand.plan())
    #expect(hand.machine.phase == .reached && hand.machine.lostNodes == [NodeIndex(1)])
    #expect(confirmed(hand.pass(50...200, alive: [0, 2])) == [0])
  }

  /// The same where nobody else has a copy: what was set back does not count when its node was lost meanwhile.
  @Test func aDoubtOutlivesAnOutage() throws {
    var hand = try reached()
    _ = hand.tell(.lost(NodeIndex(2)))
    claim(&hand, [[], [held(AgentHand.slave)], nil])
    #expect(hand.machine.survey!.isWithheld == [true] && hand.machine.survey!.withheldCopies == [0, 1, 0])
    hand.finish(try hand.plan())
    _ = hand.tell(.lost(NodeIndex(1)))
    claim(&hand, [[], nil, nil])
    hand.finish(try hand.plan())
    #expect(hand.machine.phase == .reached && hand.machine.lostNodes.map(\.int) == [1, 2])
    _ = hand.say(.alive, 1)
    _ = hand.pass(0...200, alive: [0, 1])
    #expect(hand.machine.phase == .recording)
    claim(&hand, [[], [held(AgentHand.slave)], nil])
    #expect(hand.machine.survey!.isWithheld == [true] && hand.machine.survey!.withheldCopies == [0, 1, 0])
  }

  // MARK: Who does not answer

  /// Whether it may have a copy that counts: it is as was expected of it when it was last there, if anything is known.
  @Test func whatALostNodeMayHold() throws {
    var hand = try Hand()
    let (b, rules) = (NodeIndex(1), ExecutionRules(.masterSlave))
    #expect(rules.leading == AgentHand.master)
    func expect(_ state: StateIndex?, _ underWay: ChangesUnderWay = ChangesUnderWay(), isWithheld: Bool = false) {
      let row = [Survey.Held(node: NodeIndex(0), state: AgentHand.master)]
      hand.machine.expected[1] = Orchestrator.Expected(
        rows: [row + (state.map { [Survey.Held(node: b, state: $0)] } ?? [])], terms: [4], ledTerms: [4],
        isWithheld: [isWithheld], underWay: underWay)
    }
    #expect(hand.machine.mayHold(b, 0), "nothing is known of it")
    expect(AgentHand.slave)
    #expect(hand.machine.mayHold(b, 0) && hand.machine.mayHold(b, 1), "of a partition that is new nothing is known")
    expect(AgentHand.dead)
    #expect(!hand.machine.mayHold(b, 0))
    expect(nil)
    #expect(!hand.machine.mayHold(b, 0))
    expect(nil, isWithheld: true)
    #expect(hand.machine.mayHold(b, 0))
    var underWay = ChangesUnderWay()
    var order = AgentHand.order(.copy, AgentHand.dead, AgentHand.slave)
    order.node = b
    underWay.add(order, nil)
    expect(nil, underWay)
    #expect(hand.machine.mayHold(b, 0), "it may have been made")
    expect(AgentHand.slave)
    hand.machine.journal.setRoster(0, Journal.Roster(revision: 5, members: [NodeIndex(0)]))
    #expect(!hand.machine.mayHold(b, 0), "it was left behind")
    hand.machine.journal.setRoster(0, Journal.Roster(revision: 4, members: [NodeIndex(0)]))
    #expect(hand.machine.mayHold(b, 0))
    hand.machine.isTold[1] = true
    #expect(!hand.machine.mayHold(b, 0), "the host says that it is gone")
  }

  /// a has started again, and c may have more, of which the host has said nothing: of b it says so again and again.
  @Test func theHostsWordIsPlannedForOnce() throws {
    var hand = try reached()
    _ = hand.pass(0...0, alive: [0, 1, 2])
    _ = hand.pass(10...610, alive: [0])
    var leader = held(AgentHand.master, leads: [2])
    leader.isUnproven = true
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0, [leader], disk: disk(0, boot: 2))
    _ = hand.tell(.tick(620))
    #expect(hand.machine.lostNodes.map(\.int) == [1, 2] && hand.machine.survey?.isUnproven == [true])
    hand.finish(try hand.plan())
    #expect(hand.tell(.lost(NodeIndex(1))).count == 1)
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0, [leader], disk: disk(0, boot: 2))
    hand.finish(try hand.plan())
    #expect(hand.machine.phase == .reached && hand.machine.survey?.isUnproven == [true])
    #expect(hand.tell(.lost(NodeIndex(1))) == [])
  }

  // MARK: Several partitions

  /// a leads two partitions, and b follows it.
  @Test func ofSeveralPartitionsEachIsCompared() throws {
    let cluster = try DenseCluster(
      Cluster(
        settings: Settings(partitionCount: 3, constraints: [1, 1, 0, 0]), nodes: ["a", "b"].map { Node(name: $0) }))
    var builder = try PlacementMapBuilder(partitionCount: 3, expected: [1, 1, 0, 0])
    for partition in 0..<3 {
      try builder.set(partition: partition, state: 0, nodes: [NodeIndex(0)])
      try builder.set(partition: partition, state: 1, nodes: [NodeIndex(1)])
    }
    let (target, stamp) = (try builder.finish(least: [1, 1, 0, 0]), MapStamp(revision: 2, digest: 7))
    var machine = try Orchestrator(cluster, hadHolders: [true, true, true], goal: stamp, writer: 1)
    _ = machine.handle(.begin(Journal(revision: 1, partitionCount: 3)))
    _ = machine.handle(.recorded(true))
    let (leads, follows) = (
      (0..<3).map { held(AgentHand.master, leads: [1], $0) }, (0..<3).map { held(AgentHand.slave, leads: nil, $0) }
    )
    _ = machine.handle(.message(.inventory(revision: 2, leads, disk: disk(0)), from: NodeIndex(0)))
    let planned = machine.handle(.message(.inventory(revision: 2, follows, disk: disk(1)), from: NodeIndex(1)))
    guard case .plan(let survey)? = planned.first else { return #expect(Bool(false)) }
    _ = machine.handle(.planned(try survey.strategy(of: cluster, to: target).steps, map: stamp))
    _ = machine.handle(.recorded(true))
    #expect(machine.phase == .reached)
    func isPlannedAgain(_ holdings: [Holding]) -> Bool {
      var machine = machine
      _ = machine.handle(.message(.inventory(revision: 2, holdings, disk: disk(1, boot: 2)), from: NodeIndex(1)))
      return machine.revision == 3
    }
    #expect(!isPlannedAgain(follows))
    // Once at a pulse a leader is told whom to feed, however many partitions it leads.
    var fed = machine
    _ = fed.handle(.message(.inventory(revision: 2, follows, disk: disk(1, boot: 2)), from: NodeIndex(1)))
    let told = fed.handle(.tick(0)).filter { if case .send(.feed, _) = $0 { true } else { false } }
    #expect(told.count == 1)
    for lacks in 0..<3 { #expect(isPlannedAgain(follows.filter { $0.partition.int != lacks }), "\(lacks)") }
  }
}
