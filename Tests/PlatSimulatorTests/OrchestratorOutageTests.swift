import Testing

@testable import PlatEngine

/// Outages of one node after another, nodes that answer too late, and what is asked of whom meanwhile, tick by tick.
@Suite struct OrchestratorOutageTests {
  private typealias Hand = OrchestratorHand
  private typealias Seen = OrchestratorHand.Seen

  private func records(_ seen: [Seen]) -> Int { seen.count { if case .record = $0 { true } else { false } } }

  /// The map is in force, and all have been heard of at time 0.
  private func reached() throws -> Hand {
    var hand = try Hand()
    try hand.reach()
    _ = hand.pass(0...0, alive: [0, 1, 2])
    for node in 0..<3 { _ = hand.say(.hasMap(Hand.stamp), node) }
    return hand
  }

  /// b is lost, and c has been heard of at 610.
  private func lostOne() throws -> Hand {
    var hand = try reached()
    #expect(records(hand.pass(10...610, alive: [0, 2])) == 1)
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0)
    _ = hand.inventory(2, [])
    _ = hand.tell(.tick(620))
    #expect(hand.machine.lostNodes.map(\.int) == [1])
    return hand
  }

  /// Nodes 1 and 2 are lost, and what was planned without them is done.
  private func plannedForOne() throws -> Hand {
    var hand = try reached()
    _ = hand.pass(10...610, alive: [0])
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0)
    _ = hand.tell(.tick(620))
    hand.finish(try hand.plan())
    return hand
  }

  @Test func howManyMayBeLost() {
    #expect([1, 2, 3, 4, 10].map { Orchestrator.Recovery().mostLost(of: $0) } == [1, 1, 2, 2, 6])
  }

  /// A node that is lost soon after another is planned for once all has been calm for as long as `settling`.
  @Test func theSecondLossWaitsToSettle() throws {
    var hand = try lostOne()
    hand.finish(try hand.plan())
    #expect(records(hand.pass(630...1_300, alive: [0])) == 0)
    #expect(records(hand.tell(.tick(1_310))) == 1)
  }

  /// c is heard of when it is claimed, and not again: it is lost before the plan begins. a is lost soon after that.
  @Test func aLossDuringAClaimIsOfTheSameOutage() throws {
    var hand = try reached()
    #expect(records(hand.pass(10...610, alive: [0, 2])) == 1)
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0)
    _ = hand.say(.alive, 2)
    _ = hand.pass(620...1_220, alive: [0])
    #expect(hand.machine.lostNodes.map(\.int) == [1, 2])
    hand.finish(try hand.plan())
    #expect(records(hand.pass(1_230...1_900)) == 0)
    #expect(records(hand.tell(.tick(1_910))) == 1)
  }

  /// Only who is there is told which map is in force.
  @Test func whoIsLostIsNotToldTheMap() throws {
    var hand = try lostOne()
    var orders = try hand.plan().compactMap(\.order)
    while let order = orders.popLast() { orders += hand.say(.done(order.id), order.node.int).compactMap(\.order) }
    let map = MapStamp(revision: 3, digest: 7)
    #expect(hand.tell(.recorded(true)) == [.reached(map), .send(.map(map), 0), .send(.map(map), 2)])
  }

  /// b is lost by its silence, and c would be one too many; once the host says of b that it is gone c may be lost.
  @Test func theHostsWordEndsAFreeze() throws {
    var hand = try Hand(mostLost: 1)
    try hand.reach()
    _ = hand.pass(0...0, alive: [0, 1, 2])
    _ = hand.pass(10...610, alive: [0, 2])
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0)
    _ = hand.inventory(2, [])
    _ = hand.tell(.tick(620))
    hand.finish(try hand.plan())
    #expect(hand.pass(630...1_300, alive: [0]).contains(.frozen([1, 2])))
    #expect(hand.tell(.lost(NodeIndex(1))).first == .frozen([]))
  }

  /// Who was about to be lost is heard of. Of the one that is lost after that it is said anew how long all was calm.
  @Test func aLossThatDidNotHappenIsForgotten() throws {
    var hand = try lostOne()
    hand.finish(try hand.plan())
    #expect(records(hand.pass(630...900, alive: [0]) + hand.pass(910...1_240)) == 0)
    #expect(hand.say(.alive, 2) == [])
    #expect(records(hand.pass(1_250...1_580, alive: [2])) == 0)
    #expect(records(hand.tell(.tick(1_590))) == 1)
  }

  /// However nodes come and go, after eight times as long as `grace` it is planned for those that are there.
  @Test func anOutageThatDoesNotSettleIsPlannedForInTheEnd() throws {
    var hand = try plannedForOne()
    _ = hand.pass(630...640, alive: [0])
    #expect(records(hand.say(.alive, 1)) == 0 && hand.machine.outage.wantedSince == 640)
    hand.machine.outage.plans = 3
    var time: UInt64 = 640
    while hand.machine.revision == 3, time < 9_000 {
      time += 10
      hand.machine.outage.lastChange = time
      _ = hand.pass(time...time, alive: [0, 1, 2])
    }
    #expect(time == 640 + 8 * hand.machine.recovery.grace + 10)
  }

  /// Nothing begins while more are silent than may be lost; all goes on once they are heard of.
  @Test func nothingBeginsWhileItIsFrozen() throws {
    var hand = try Hand(mostLost: 1)
    let order = try hand.run().compactMap(\.order)[0]
    #expect(hand.pass(0...610, alive: [0]).contains(.frozen([1, 2])))
    #expect(hand.say(.done(order.id), 2) == [] && hand.machine.progress.done == 1)
    _ = hand.say(.alive, 1)
    let seen = hand.tell(.tick(620))
    #expect(seen.prefix(1) == [.frozen([])] && seen.compactMap(\.order).map(\.kind) == [.copy])
  }

  /// Once nodes are heard of what is ready begins, though something is under way.
  @Test func whatWasFrozenGoesOnBesideWhatIsUnderWay() throws {
    var hand = try Hand(mostLost: 1, hadHolders: false)
    _ = hand.begin()
    for node in 0..<3 { _ = hand.inventory(node, []) }
    let orders = try hand.plan().compactMap(\.order)
    #expect(orders.map(\.node.int) == [0, 2])
    #expect(hand.pass(0...610, alive: [2]).contains(.frozen([0, 1])))
    #expect(hand.say(.done(orders[1].id), 2) == [] && hand.machine.progress.running == 1)
    for node in 0..<2 { #expect(hand.say(.alive, node) == []) }
    #expect(hand.tell(.tick(620)).compactMap(\.order?.node.int) == [0, 2])
  }

  /// It is heard of while the plan is made: by when that begins all has been calm for long enough.
  @Test func whoIsBackDuringAPlanHasSettledByThen() throws {
    var hand = try reached()
    _ = hand.pass(10...610, alive: [0])
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0)
    _ = hand.pass(620...640, alive: [0])
    #expect(hand.machine.lostNodes.map(\.int) == [1, 2] && hand.say(.alive, 1) == [])
    _ = hand.pass(650...740, alive: [0])
    _ = try hand.plan()
    #expect(records(hand.tell(.tick(750))) == 1)
  }

  /// It is heard of again, and waited for no more: the host says that it is gone.
  @Test func whoWasBackIsGone() throws {
    var hand = try plannedForOne()
    #expect(hand.machine.lostNodes.map(\.int) == [1, 2] && records(hand.say(.alive, 1)) == 0)
    #expect(records(hand.tell(.lost(NodeIndex(1)))) == 1)
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0)
    #expect(hand.machine.phase != .claiming)
  }

  /// The same where it was silent while the plan for the first was made.
  @Test func aLossDuringALongPlanWaitsToSettle() throws {
    var hand = try lostOne()
    _ = hand.pass(630...1_400, alive: [0])
    _ = try hand.plan()
    #expect(records(hand.pass(1_410...1_480, alive: [0])) == 0)
    #expect(records(hand.tell(.tick(1_490))) == 1)
  }

  @Test func whoIsLostIsNotClaimedOnceThePlanGoesOn() throws {
    var hand = try Hand()
    _ = hand.begin()
    _ = hand.inventory(0)
    _ = hand.inventory(1)
    _ = hand.pass(0...20, alive: [0, 1, 2])
    _ = hand.pass(30...620, alive: [0, 1])
    let seen = hand.pass(630...630)
    #expect(seen.contains(.plan(2)) && !seen.contains(where: \.isClaim))
  }

  /// Nodes have as long to answer as they had in the first plan.
  @Test func aLaterPlanClaimsAgainAsLateAsTheFirst() throws {
    var hand = try reached()
    _ = hand.pass(10...500, alive: [0, 1, 2])
    _ = hand.tell(.cancel)
    #expect(hand.tell(.recorded(true)).filter(\.isClaim).count == 3)
    #expect(hand.pass(510...520).filter(\.isClaim) == [] && hand.pass(530...530).filter(\.isClaim).count == 3)
  }

  /// Orders of others stay when they are due.
  @Test func whoIsHeardOfAgainIsAskedAlone() throws {
    var hand = try Hand()
    let order = try hand.run().compactMap(\.order)[0]
    #expect(order.node == NodeIndex(2))
    _ = hand.pass(0...0, alive: [0, 1, 2])
    _ = hand.pass(10...300, alive: [0, 2])
    #expect(hand.machine.silentNodes == [NodeIndex(1)] && hand.say(.alive, 1) == [])
    #expect(hand.pass(310...440, alive: [0, 1, 2]).compactMap(\.order) == [])
    #expect(hand.pass(450...450, alive: [0, 1, 2]).compactMap(\.order) == [order])
    _ = hand.pass(460...700, alive: [0, 1])
    #expect(hand.machine.silentNodes == [NodeIndex(2)] && hand.say(.alive, 2) == [])
    #expect(hand.pass(710...710).compactMap(\.order) == [order])
  }

  /// Maps are released while one is in force, and not while the next is planned.
  @Test func nothingIsReleasedWhileItPlansAgain() throws {
    var hand = try Hand()
    try hand.reach()
    #expect(hand.say(.hasMap(Hand.stamp), 0) == [] && hand.say(.hasMap(Hand.stamp), 1) == [])
    #expect(hand.say(.hasMap(MapStamp(revision: 2, digest: 8)), 2) == [], "another map of that revision")
    var again = hand
    #expect(hand.say(.hasMap(Hand.stamp), 2) == [.releaseMaps(2)])
    #expect(hand.say(.hasMap(Hand.stamp), 2) == [], "once")
    _ = again.tell(.cancel)
    #expect(again.say(.hasMap(Hand.stamp), 2) == [])
    _ = again.tell(.recorded(true))
    #expect(again.say(.hasMap(Hand.stamp), 2) == [])
  }

  /// It is being told to let its copy go: it is not counted any more.
  @Test func whoIsLeaving() throws {
    var hand = try Hand()
    var orders = try hand.run().compactMap(\.order)
    func leaving() -> [Int] { (0..<3).filter { hand.machine.isLeaving(NodeIndex($0), PartitionIndex(0)) } }
    var seen: [String] = []
    while let order = orders.popLast() {
      seen.append("\(order.kind) \(order.node.int): \(leaving())")
      orders += hand.say(.done(order.id), order.node.int).compactMap(\.order)
    }
    #expect(seen == ["set 2: []", "copy 2: []", "set 1: [1]", "set 1: []"])
  }

  /// All is done while c is silent: the map is not in force before c is heard of, or lost.
  @Test func whoIsSilentHoldsTheEndUp() throws {
    var hand = try Hand()
    var orders = try hand.run().compactMap(\.order)
    _ = hand.pass(0...0, alive: [0, 1, 2])
    while let order = orders.popLast() {
      if order.change.to == .null { _ = hand.pass(10...200, alive: [0, 1]) }
      let seen = hand.say(.done(order.id), order.node.int)
      #expect(records(seen) == 0)
      orders += seen.compactMap(\.order)
    }
    #expect(hand.machine.silentNodes == [NodeIndex(2)] && hand.machine.isWaiting)
    #expect(records(hand.pass(210...300, alive: [0, 1])) == 0)
    _ = hand.say(.alive, 2)
    #expect(records(hand.tell(.tick(310))) == 1 && hand.machine.phase == .arriving)
  }

  /// b is heard of, and does not answer its claim; c is cut off, lost, and back before b is lost: c is asked anew.
  @Test func whoIsBackDuringAClaimHasItsTime() throws {
    var hand = try Hand()
    _ = hand.begin()
    _ = hand.inventory(0)
    _ = hand.pass(0...0, alive: [1, 2])
    _ = hand.pass(10...1_180, alive: [0, 1])
    #expect(hand.machine.lostNodes == [NodeIndex(2)])
    let seen = hand.pass(1_190...1_400, alive: [0, 1, 2])
    #expect(seen.contains(.keptOut(1, 600)) && !seen.contains(.keptOut(2, 600)))
    #expect(hand.machine.phase == .claiming)
    _ = hand.inventory(2)
    #expect(hand.machine.phase == .leaving && hand.machine.lostNodes == [NodeIndex(1)])
  }

  /// At the host's word it was lost without counting as one of those that may be. It came back: now it counts.
  @Test func whoIsBackCountsWhenItIsLostAgain() throws {
    var hand = try Hand(mostLost: 1)
    try hand.reach()
    _ = hand.tell(.lost(NodeIndex(2)))
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0)
    _ = hand.inventory(1, [])
    _ = try hand.plan()
    _ = hand.pass(0...0, alive: [0, 1])
    #expect(records(hand.say(.alive, 2)) == 1)
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0)
    let seen = hand.pass(10...700, alive: [0])
    #expect(seen.filter { if case .frozen = $0 { true } else { false } } == [.frozen([1, 2])])
    #expect(hand.machine.phase == .claiming)
  }

  // MARK: Too late

  /// c was heard of, did not answer its claim, and is kept out from 1,210 on.
  private func keptOut() throws -> Hand {
    var hand = try Hand()
    _ = hand.begin()
    _ = hand.inventory(0)
    _ = hand.inventory(1)
    _ = hand.pass(0...0, alive: [2])
    #expect(hand.pass(10...1_210, alive: [0, 1, 2]).contains(.plan(2)))
    _ = try hand.plan()
    #expect(hand.machine.isKeptOut(NodeIndex(2)))
    return hand
  }

  /// The next plan is made without it: it has a question to answer.
  @Test func whoIsKeptOutIsNotClaimed() throws {
    var hand = try keptOut()
    _ = hand.tell(.cancel)
    #expect(hand.tell(.recorded(true)) == [.send(.claim(revision: 3), 0), .send(.claim(revision: 3), 1)])
  }

  /// Whoever does not answer is asked less and less often.
  @Test func questionsComeLaterAndLater() throws {
    var hand = try keptOut()
    var asked: [UInt64] = []
    for time in stride(from: UInt64(1_220), to: 7_000, by: 10)
    where hand.pass(time...time, alive: [0, 1]).contains(.send(.claim(revision: 2), 2)) { asked.append(time) }
    #expect(zip(asked.dropFirst(), asked).map { $0 - $1 } == [160, 320, 640, 1_240, 1_240, 1_240])
  }

  /// An answer within `silence` is in time, to the tick; so it is not asked again before.
  @Test func answersInTimeAreWaitedFor() throws {
    var hand = try keptOut()
    // Pulses 50 ticks apart.
    var (time, asked): (UInt64, [UInt64]) = (1_210, [])
    while asked.count < 2 {
      for step: UInt64 in [20, 10, 20] {
        time += step
        if hand.pass(time...time, alive: [0, 1]).contains(.send(.claim(revision: 2), 2)) { asked.append(time) }
      }
    }
    #expect(asked[1] - asked[0] == 200)
    // Each answer just in time: it is back.
    var (last, isBack) = (asked[1], false)
    while !isBack, time < 9_000 {
      for step: UInt64 in [20, 10, 20] {
        time += step
        if hand.pass(time...time, alive: [0, 1]).contains(.send(.claim(revision: 2), 2)) { last = time }
        if time == last + 150 { isBack = records(hand.inventory(2)) == 1 || isBack }
      }
    }
    #expect(isBack)
  }

  /// One question without an answer, and it has to answer in time for as long again.
  @Test func noAnswerBeginsAnew() throws {
    var hand = try keptOut()
    var (time, asked, first, isBack) = (UInt64(1_210), 0, UInt64?.none, false)
    while !isBack, time < 9_000 {
      time += 10
      guard hand.pass(time...time, alive: [0, 1]).contains(.send(.claim(revision: 2), 2)) else { continue }
      asked += 1
      if asked == 5 { continue }
      if asked > 5 { first = first ?? time }
      isBack = records(hand.inventory(2)) == 1
    }
    #expect(isBack && time - first! == hand.machine.recovery.grace)
  }

  /// It answers in time for as long as it has to, and is late again soon: then for twice as long.
  @Test func whoIsLateAgainIsKeptOutForLonger() throws {
    var hand = try keptOut()
    var (time, told): (UInt64, [UInt64]) = (1_220, [])
    func note(_ seen: [Seen]) {
      told += seen.compactMap { if case .keptOut(2, let ticks) = $0 { ticks } else { nil } }
    }
    while hand.machine.phase == .running || hand.machine.phase == .reached, time < 9_000 {
      if hand.pass(time...time, alive: [0, 1, 2]).contains(.send(.claim(revision: 2), 2)) { note(hand.inventory(2)) }
      time += 10
    }
    #expect(told == [0])
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0)
    _ = hand.inventory(1)
    note(hand.pass(time...time + 1_300, alive: [0, 1, 2]))
    #expect(told == [0, 1_200])
  }

  /// Who is lost again within four times as long as it would be kept out is late; after that it was cut off again.
  @Test func whoIsLostAgainLaterWasCutOff() throws {
    func isKeptOut(after ticks: UInt64) throws -> Bool {
      var (hand, actions) = (try Hand(), [Orchestrator.Action]())
      hand.machine.noteLoss(2, isLate: false, &actions)
      #expect(!hand.machine.isKeptOut(NodeIndex(2)))
      hand.machine.clock += ticks
      hand.machine.noteLoss(2, isLate: false, &actions)
      #expect(hand.machine.isKeptOut(NodeIndex(2)) == !actions.isEmpty)
      return hand.machine.isKeptOut(NodeIndex(2))
    }
    #expect(try isKeptOut(after: 2_400) && !isKeptOut(after: 2_401))
  }

  /// Nor does a late answer count while others are claimed.
  @Test func aLateAnswerDoesNotCountInAClaim() throws {
    var hand = try keptOut()
    func pass(until isAsked: UInt64) -> UInt64 {
      var time = hand.machine.lastTick!
      repeat { time += 5 } while !hand.pass(time...time, alive: [0, 1]).contains(.send(.claim(revision: isAsked), 2))
      return time
    }
    _ = pass(until: 2)
    #expect(hand.inventory(2) == [])
    _ = hand.tell(.cancel)
    _ = hand.tell(.recorded(true))
    _ = hand.inventory(0)
    let asked = pass(until: 3)
    for time in stride(from: asked + 5, through: asked + 155, by: 5) { _ = hand.pass(time...time, alive: [0, 1]) }
    _ = hand.inventory(2)
    _ = hand.inventory(1)
    #expect(hand.machine.phase == .planning && hand.machine.lostNodes == [NodeIndex(2)])
  }

  /// One late answer, and it has to answer in time for as long again.
  @Test func aLateAnswerBeginsAnew() throws {
    var hand = try keptOut()
    func isAsked(_ time: UInt64) -> Bool {
      hand.pass(time...time, alive: [0, 1]).contains(.send(.claim(revision: 2), 2))
    }
    var time: UInt64 = 1_215
    while time < 1_600 {
      if isAsked(time) { #expect(hand.inventory(2) == []) }
      time += 5
    }
    while !isAsked(time) { time += 5 }
    let late = time
    while time < late + 155 {
      time += 5
      #expect(!isAsked(time))
    }
    #expect(hand.inventory(2) == [])
    var (first, isBack) = (UInt64?.none, false)
    while !isBack, time < late + 2_000 {
      time += 5
      guard isAsked(time) else { continue }
      first = first ?? time
      isBack = records(hand.inventory(2)) == 1
    }
    #expect(isBack && time - first! == hand.machine.recovery.grace, "\(time) after \(first!)")
  }
}
