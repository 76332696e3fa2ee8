import Testing

@testable import PlatEngine

/// Who is there, who is lost and back, tick by tick; and how replicas are to run.
@Suite struct OrchestratorWatchTests {
  private typealias Hand = OrchestratorHand
  private typealias Seen = OrchestratorHand.Seen

  private func records(_ seen: [Seen]) -> Int { seen.count { if case .record = $0 { true } else { false } } }
  private func pulses(_ seen: [Seen]) -> Int { seen.count { $0.isPulse } }

  /// The map is in force, and all have been heard of at time 0.
  private func reached(mostLost: Int? = 3) throws -> Hand {
    var hand = try Hand(mostLost: mostLost)
    try hand.reach()
    _ = hand.pass(0...0, alive: [0, 1, 2])
    for node in 0..<3 { _ = hand.say(.hasMap(Hand.stamp), node) }
    return hand
  }

  // MARK: Time

  @Test func pulsesAndJumps() throws {
    var hand = try Hand()
    _ = hand.begin()
    #expect(pulses(hand.tell(.tick(1_000))) == 3, "the first tick tells what time it is")
    #expect(pulses(hand.pass(1_010...1_030)) == 0 && pulses(hand.tell(.tick(1_040))) == 3)
    // A jump counts as 20 ticks, one back as none.
    #expect(pulses(hand.tell(.tick(9_000))) == 0 && pulses(hand.tell(.tick(500))) == 0)
    #expect(pulses(hand.tell(.tick(519))) == 0 && pulses(hand.tell(.tick(520))) == 3)
    // Where the plan begins it does not wait for the next one.
    for node in 0..<3 { _ = hand.inventory(node) }
    _ = try hand.plan()
    #expect(pulses(hand.tell(.tick(521))) == 3 && pulses(hand.tell(.tick(522))) == 0)
  }

  @Test func claimsAreAskedAgain() throws {
    var hand = try Hand()
    _ = hand.begin()
    _ = hand.inventory(1)
    let again = [Seen.send(.claim(revision: 2), 0), .send(.claim(revision: 2), 2)]
    #expect(hand.pass(0...20).filter(\.isClaim) == [] && hand.tell(.tick(30)) == again)
    #expect(hand.pass(40...50).filter(\.isClaim) == [] && hand.tell(.tick(60)) == again)
  }

  // MARK: Lost and back

  @Test func aSilentNodeIsLostAfterItsGrace() throws {
    var hand = try reached()
    #expect(records(hand.pass(10...600, alive: [0, 2])) == 0 && hand.machine.plans == 1)
    #expect(hand.machine.isWaiting && hand.machine.silentNodes.map(\.int) == [1] && hand.machine.lostNodes == [])
    #expect(records(hand.tell(.tick(610))) == 1 && hand.machine.phase == .recording)
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0)
    _ = hand.inventory(2, [])
    #expect(hand.machine.phase == .claiming, "it may be on its way")
    _ = hand.tell(.tick(620))
    #expect(hand.machine.lostNodes.map(\.int) == [1] && hand.machine.phase != .claiming)
    _ = try hand.plan()
    #expect(hand.machine.plansForOutages == 1 && hand.machine.silentNodes == [])
    // It is back: all are there, and it is planned at once.
    #expect(records(hand.say(.alive, 1)) == 1 && hand.machine.revision == 4)
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0)
    _ = hand.inventory(2, [])
    #expect(hand.machine.phase == .claiming)
    _ = hand.inventory(1)
    #expect(hand.machine.lostNodes == [] && hand.machine.phase != .claiming && hand.machine.plansForOutages == 2)
  }

  /// Of two that were lost one is back: the other is waited for for 80 ticks, since it may be on its way as well.
  @Test func whoIsBackIsWaitedForToSettle() throws {
    var hand = try reached()
    _ = hand.pass(10...610, alive: [0])
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0)
    _ = hand.tell(.tick(620))
    #expect(hand.machine.lostNodes.map(\.int) == [1, 2])
    _ = try hand.plan()
    _ = hand.pass(630...640, alive: [0])
    #expect(records(hand.say(.alive, 1)) == 0)
    #expect(records(hand.pass(650...710, alive: [0, 1])) == 0 && records(hand.tell(.tick(720))) == 1)
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0)
    _ = hand.inventory(1)
    while hand.machine.phase == .leaving { _ = hand.tell(.recorded(true)) }
    #expect(hand.machine.phase == .planning && hand.machine.lostNodes.map(\.int) == [2])
    _ = try hand.plan()
    // The third plan waits until nothing has changed for the silence, or all are there and have settled.
    #expect(records(hand.say(.alive, 2)) == 0)
    #expect(records(hand.pass(730...790, alive: [0, 1, 2])) == 0 && records(hand.tell(.tick(800))) == 1)
    _ = hand.tell(.recorded(true))
    for node in 0..<3 { _ = hand.inventory(node) }
    hand.finish(try hand.plan())
    #expect(hand.machine.plansForOutages == 3 && hand.machine.phase == .reached)
    // Another outage, long after that one, is planned for at once.
    var later = hand
    _ = later.pass(810...1_500, alive: [0, 1, 2])
    #expect(records(later.pass(1_510...2_100, alive: [0, 1])) == 0 && records(later.pass(2_110...2_110)) == 1)
    // A fourth within the time of grace waits.
    _ = hand.tell(.lost(NodeIndex(2)))
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0)
    _ = hand.inventory(1)
    _ = try hand.plan()
    _ = hand.pass(810...820, alive: [0, 1])
    #expect(records(hand.say(.alive, 2)) == 0)
    #expect(records(hand.pass(830...1_420, alive: [0, 1, 2])) == 0 && records(hand.pass(1_430...1_430)) == 1)
  }

  /// It is heard of once while it is claimed, and then cut off: it is not late, but back as soon as it is heard of
  /// again.
  @Test func whoIsCutOffDuringAClaimIsBackAtOnce() throws {
    var hand = try Hand()
    _ = hand.begin()
    _ = hand.inventory(0)
    _ = hand.inventory(1)
    _ = hand.pass(0...0, alive: [2])
    let seen = hand.pass(10...610, alive: [0, 1])
    #expect(seen.contains(.plan(2)) && hand.machine.lostNodes.map(\.int) == [2])
    #expect(!seen.contains { if case .keptOut = $0 { true } else { false } })
    _ = try hand.plan()
    #expect(records(hand.say(.alive, 2)) == 1 && hand.machine.revision == 3)
  }

  /// It is heard of, and never answers the claim.
  @Test func whoDoesNotAnswerIsLostAndBackWhenItDoes() throws {
    var hand = try Hand()
    _ = hand.begin()
    _ = hand.inventory(0)
    _ = hand.inventory(1)
    _ = hand.pass(0...0, alive: [2])
    _ = hand.pass(10...1_200, alive: [0, 1, 2])
    #expect(hand.machine.phase == .claiming)
    #expect(hand.pass(1_210...1_210).contains(.plan(2)))
    #expect(hand.machine.lostNodes.map(\.int) == [2])
    _ = try hand.plan()
    // What it says of long ago does not bring it back; it is claimed at each pulse.
    #expect(hand.say(.alive, 2) == [] && records(hand.pass(1_220...1_900, alive: [0, 1, 2])) == 0)
    // Once it answers it is asked on, and back when it has answered in time for as long as the time of grace.
    var (time, first, isBack) = (UInt64(1_910), UInt64?.none, false)
    while !isBack, time < 9_000 {
      let isAsked = hand.pass(time...time, alive: [0, 1, 2]).contains(.send(.claim(revision: 2), 2))
      if isAsked {
        first = first ?? time
        isBack = records(hand.inventory(2)) == 1
      }
      time += 10
    }
    #expect(isBack && time - first! >= hand.machine.recovery.grace, "\(time)")
    // Who was never heard of is lost sooner, and back with its first word.
    hand = try Hand()
    _ = hand.begin()
    _ = hand.inventory(0)
    _ = hand.inventory(1)
    _ = hand.pass(0...600, alive: [0, 1])
    #expect(hand.machine.phase == .claiming)
    #expect(hand.pass(610...610).contains(.plan(2)) && hand.machine.lostNodes.map(\.int) == [2])
    _ = try hand.plan()
    #expect(records(hand.pass(620...640, alive: [0, 1])) == 0 && pulses(hand.pass(650...680, alive: [0, 1])) == 3)
    #expect(records(hand.say(.alive, 2)) == 1)
  }

  @Test func whoHasFailedIsNotWaitedFor() throws {
    var hand = try Hand(statuses: [.active, .active, .failed])
    _ = hand.begin()
    _ = hand.inventory(0)
    #expect(hand.inventory(1) == [.plan(2)] && hand.machine.lostNodes.map(\.int) == [2])
  }

  @Test func nothingIsPlannedWithNobody() throws {
    var hand = try Hand()
    _ = hand.begin()
    #expect(hand.pass(0...2_000).filter { if case .plan = $0 { true } else { false } } == [])
    #expect(hand.machine.phase == .claiming && hand.machine.lostNodes.count == 3)
    #expect(hand.say(.alive, 0) == [])
    #expect(
      hand.inventory(0).contains { if case .record = $0 { true } else if case .plan = $0 { true } else { false } })
  }

  // MARK: The host says so

  @Test func theHostNamesNodesLost() throws {
    var hand = try Hand(mostLost: 1)
    #expect(hand.tell(.lost(NodeIndex(1))) == [], "nothing has begun")
    _ = hand.begin()
    _ = hand.inventory(0)
    _ = hand.inventory(1)
    #expect(hand.tell(.lost(NodeIndex(2))) == [.plan(2)], "the claim does not wait for it")
    #expect(hand.tell(.lost(NodeIndex(2))) == [] && hand.tell(.lost(NodeIndex(3))) == [])
    _ = try hand.plan()
    #expect(hand.tell(.lost(NodeIndex(1))) == [.record(3, expecting: 2)], "more than may be lost by silence")
    #expect(!hand.machine.isFrozen && hand.machine.revision == 3)
    _ = hand.tell(.recorded(true))
    #expect(
      hand.inventory(0).count == 1 && hand.machine.phase == .leaving && hand.machine.lostNodes.map(\.int) == [1, 2])
  }

  @Test func moreThanMayBeLostFreezes() throws {
    var hand = try reached(mostLost: 1)
    let seen = hand.pass(10...610, alive: [0])
    #expect(seen.filter { !$0.isPulse } == [.frozen([1, 2])] && hand.machine.isFrozen && hand.machine.plans == 1)
    #expect(records(hand.pass(620...900, alive: [0])) == 0)
    #expect(hand.tell(.lost(NodeIndex(1))) == [.record(3, expecting: 2)], "that one does not count")
    hand = try reached(mostLost: 1)
    _ = hand.pass(10...610, alive: [0])
    _ = hand.say(.alive, 1)
    #expect(hand.pass(620...620, alive: [0]).prefix(1) == [.frozen([])] && hand.machine.phase == .recording)
    // While it is claimed as well; and steps do not begin.
    hand = try Hand(mostLost: 1)
    _ = hand.begin()
    _ = hand.inventory(0)
    #expect(hand.pass(0...610, alive: [0]).filter { if case .frozen = $0 { true } else { false } } == [.frozen([1, 2])])
    #expect(hand.machine.phase == .claiming)
    #expect(hand.inventory(1).prefix(1) == [.frozen([])] && hand.machine.phase != .claiming)
  }

  @Test func lostTwiceByItsSilenceAndByItsHost() throws {
    var hand = try reached(mostLost: 2)
    _ = hand.pass(10...610, alive: [0, 2])
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0)
    _ = hand.inventory(2, [])
    _ = hand.tell(.tick(620))
    _ = try hand.plan()
    #expect(hand.tell(.lost(NodeIndex(1))) == [] && hand.machine.plans == 2, "it is planned without it already")
    _ = hand.pass(630...1_300, alive: [0])
    #expect(!hand.machine.isFrozen)
  }

  // MARK: Running states

  private func modes(_ seen: [Seen]) -> [ModeOrder] {
    seen.compactMap { if case .send(.mode(let order), 1) = $0 { order } else { nil } }
  }

  @Test func hopByHop() throws {
    var hand = try reached()
    let p = PartitionIndex(0)
    func want(_ from: RunMode, _ to: RunMode, node: Int = 1, partition: Int = 0) -> [Seen] {
      hand.tell(.mode(NodeIndex(node), PartitionIndex(partition), from: from, to: to))
    }
    func order(_ number: UInt32, _ from: RunMode, _ to: RunMode) -> ModeOrder {
      ModeOrder(id: OrderID(revision: 2, number: number), partition: p, from: from, to: to)
    }
    let (cooling, stopped) = (RunMode(.cooling), RunMode(.stopped))
    #expect(want(.usual, stopped, node: 3) == [] && want(.usual, stopped, partition: 1) == [])
    #expect(want(stopped, stopped) == [.mode(1, 0, stopped, true)])
    #expect(modes(want(.usual, stopped)) == [order(1, .usual, cooling)])
    #expect(modes(want(.usual, stopped)) == [], "it is at it")
    #expect(
      modes(hand.pass(10...20, alive: [0, 1, 2])) == [] && modes(hand.pass(30...30)) == [order(1, .usual, cooling)])
    #expect(hand.say(.hasMode(OrderID(revision: 2, number: 7), p, cooling), 1) == [], "of another request")
    #expect(hand.say(.hasMode(OrderID(revision: 2, number: 1), p, cooling), 2) == [], "of another node")
    #expect(modes(hand.say(.hasMode(OrderID(revision: 2, number: 1), p, cooling), 1)) == [order(2, cooling, stopped)])
    #expect(hand.say(.hasMode(OrderID(revision: 2, number: 2), p, stopped), 1) == [.mode(1, 0, stopped, true)])
    #expect(hand.say(.hasMode(OrderID(revision: 2, number: 2), p, stopped), 1) == [], "once")
    // It runs otherwise than was thought: not changed.
    _ = want(.usual, stopped)
    #expect(
      hand.say(.hasMode(OrderID(revision: 2, number: 3), p, RunMode(.warming)), 1) == [
        .mode(1, 0, RunMode(.warming), false)
      ])
    // Something else instead.
    _ = want(.usual, stopped)
    #expect(
      modes(want(.usual, RunMode(.running, pauses: .persistence))) == [
        order(5, .usual, RunMode(.running, pauses: .persistence))
      ])
    // Of several replicas each by itself.
    for node in [2, 0] { #expect(want(.usual, cooling, node: node).count == 1) }
    #expect(hand.say(.hasMode(OrderID(revision: 2, number: 6), p, cooling), 2) == [.mode(2, 0, cooling, true)])
    #expect(hand.say(.hasMode(OrderID(revision: 2, number: 7), p, cooling), 0) == [.mode(0, 0, cooling, true)])
  }

  /// At a later revision the request has another number; while nodes are claimed nothing is asked.
  @Test func requestsOutliveAPlan() throws {
    var hand = try reached()
    let p = PartitionIndex(0)
    let cooling = RunMode(.cooling)
    _ = hand.tell(.mode(NodeIndex(1), p, from: .usual, to: RunMode(.stopped)))
    _ = hand.tell(.cancel)
    #expect(modes(hand.tell(.recorded(true))) == [] && modes(hand.pass(10...60)) == [])
    #expect(hand.say(.hasMode(OrderID(revision: 2, number: 1), p, cooling), 1) == [])
    #expect(hand.tell(.mode(NodeIndex(2), p, from: .usual, to: cooling)) == [])
    for node in 0..<3 { _ = hand.inventory(node) }
    _ = try hand.plan()
    let asked = hand.pass(70...70).compactMap {
      if case .send(.mode(let order), let node) = $0 { (node, order) } else { nil }
    }
    #expect(
      asked.map(\.0) == [1, 2]
        && asked.map(\.1.id) == [OrderID(revision: 3, number: 2), OrderID(revision: 3, number: 3)])
    #expect(asked[0].1.from == cooling && asked[0].1.to == RunMode(.stopped))
  }
}
