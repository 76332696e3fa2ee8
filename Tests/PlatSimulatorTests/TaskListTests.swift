import TestSupport
import Testing

@testable import PlatEngine

/// The orders of a plan, word for word, as steps are done one after another; and the heap behind them.
@Suite struct TaskListTests {
  private let rules = ExecutionRules(.masterSlave)
  private let cluster: DenseCluster

  init() throws {
    var config = MovementConfig()
    config.hold = .read
    cluster = try DenseCluster(
      Cluster(
        settings: Settings(partitionCount: 1, constraints: [1, 2, 0, 0]), config: config,
        nodes: ["a", "b", "c", "d"].map { Node(name: $0) }))
  }

  private func map(_ master: Int?, _ slaves: [Int]) throws -> PlacementMap {
    var builder = try PlacementMapBuilder(partitionCount: 1, expected: [1, 2, 0, 0])
    if let master { try builder.set(partition: 0, state: 0, nodes: [NodeIndex(master)]) }
    if !slaves.isEmpty { try builder.set(partition: 0, state: 1, nodes: slaves.map { NodeIndex($0) }) }
    return try builder.finish(least: [1, 2, 0, 0])
  }

  /// a is master as of term 3, b and c are slaves. `isLeading`: a leads; else it does not any more.
  private func survey(isLeading: Bool) -> Survey {
    func holding(_ state: StateIndex, _ followers: [Int]?) -> [Holding] {
      [
        Holding(
          partition: PartitionIndex(0), state: state, term: 3, isLeading: followers != nil,
          followers: (followers ?? []).map { NodeIndex($0) })
      ]
    }
    return Survey(
      revision: 9,
      inventories: [
        holding(AgentHand.master, isLeading ? [1, 2] : nil), holding(AgentHand.slave, nil),
        holding(AgentHand.slave, nil), [],
      ],
      journal: Journal(revision: 8, partitionCount: 1), rules: rules, hadHolders: [true], isCancelled: false, plant: nil
    )
  }

  private func words(_ order: Order) -> String {
    func name(_ state: StateIndex) -> String {
      state == .null ? "-" : String(StateModel.masterSlave.states[state.int].name.first!)
    }
    func node(_ node: NodeIndex) -> String { node == .none ? "" : ["a", "b", "c", "d"][node.int] }
    var text = "\(order.kind) \(node(order.node)) \(name(order.change.from))\(name(order.change.to))"
    if order.source != .none {
      text += " from \(node(order.source)) \(name(order.sourceChange.from))\(name(order.sourceChange.to))"
    }
    if order.leader != .none { text += " led by \(node(order.leader))" }
    return text + " as of \(order.term)"
      + (order.followers.isEmpty ? "" : " with \(order.followers.map { node($0) }.joined())")
  }

  /// Done one at a time, the first first: what was under way at the same time in one string.
  private func run(_ list: inout TaskList) -> [String] {
    var seen: [String] = []
    while true {
      var begun: [String] = []
      while let index = list.beginNext(rules) { begun.append(words(list.current(index, rules))) }
      if !begun.isEmpty { seen.append(begun.joined(separator: ", ")) }
      guard let first = list.running.min() else { return seen }
      let isDone = list.finish(Int(first), rules)
      #expect(isDone)
      let again = list.finish(Int(first), rules)
      #expect(!again, "once")
    }
  }

  private func steps(_ steps: [Step], _ survey: Survey) -> TaskList {
    var list = TaskList(cluster)
    list.fill(survey, try! StepList(steps, arcs: []), rules, inOrder: true, keepsLimits: true)
    return list
  }

  @Test func aMasterMovesAndAReplicaIsMade() throws {
    let survey = survey(isLeading: true)
    let strategy = try survey.strategy(of: cluster, to: map(1, [2, 3]))
    var list = TaskList(cluster)
    list.fill(survey, strategy.steps.list, rules, inOrder: true, keepsLimits: true)
    #expect(list.isSettled && list.toCopy == Rational(1) && list.copied == Rational(0))
    #expect(list.tasks.map(\.order.hold) == list.tasks.map { $0.order.kind == .takeOver ? .read : .usual })
    #expect(run(&list) == [
      "set d -d as of 3", "copy d ds from a mm led by a as of 3", "takeOver b sm from a md as of 3", "set a d- as of 9",
    ])
    #expect(
      list.copied == Rational(1) && list.done == 4 && list.running.isEmpty && list.roundsLeft == 0 && list.terms == [9])
    #expect(Set(list.rows[0]) == [
      Survey.Held(node: NodeIndex(1), state: AgentHand.master), Survey.Held(node: NodeIndex(2), state: AgentHand.slave),
      Survey.Held(node: NodeIndex(3), state: AgentHand.slave),
    ])
    let rows = list.rows
    list.clear()
    #expect(
      list.rows.isEmpty && list.lastRows == rows && list.done == 0 && list.copied == Rational(0)
        && list.toCopy == Rational(0))
    #expect(list.tasks.isEmpty && list.settling == 0 && list.roundsLeft == 0 && list.readyCount == 0)
  }

  @Test func whatSettlesComesFirst() throws {
    let survey = survey(isLeading: false)
    #expect(survey.orders.count == 1)
    let strategy = try survey.strategy(of: cluster, to: map(1, [0, 2]))
    var list = TaskList(cluster)
    list.fill(survey, strategy.steps.list, rules, inOrder: true, keepsLimits: true)
    #expect(!list.isSettled)
    #expect(run(&list) == ["lead a mm as of 9 with bc", "takeOver b sm from a ms as of 9"])
    #expect(list.isSettled)
  }

  /// A replica that the plan makes empty is fed where somebody leads by then; one that leads is told who follows,
  /// alone.
  @Test func ordersAreOfWhatIsKnownByThen() throws {
    let (d, change) = (NodeIndex(3), StateChange(AgentHand.dead, AgentHand.slave))
    var list = steps([.set(PartitionIndex(0), d, change, .balance)], survey(isLeading: true))
    #expect(run(&list) == ["copy d ds from a mm led by a as of 3"])
    list = steps(
      [.set(PartitionIndex(0), d, StateChange(AgentHand.dead, AgentHand.pending), .balance)], survey(isLeading: true))
    #expect(run(&list) == ["copy d dp from a mm led by a as of 3"])
    // A slave of which nobody leads: it gets what the source has.
    let other = Survey(
      revision: 9, inventories: [nil, [
        Holding(partition: PartitionIndex(0), state: AgentHand.slave, term: 3, isLeading: false, followers: []),
        ], [], [],
      ], journal: Journal(revision: 8, partitionCount: 1), rules: rules, hadHolders: [true], isCancelled: false,
      plant: nil)
    #expect(other.rosters.first?.members == [NodeIndex(1)] && other.orders.isEmpty)
    list = steps([
      .copy(PartitionIndex(0), from: NodeIndex(1), in: AgentHand.slave, to: d, change, .balance),
      .set(PartitionIndex(0), NodeIndex(1), StateChange(AgentHand.slave, AgentHand.master), .takeOver),
      .set(PartitionIndex(0), NodeIndex(2), StateChange(.null, AgentHand.dead), .balance),
    ], other)
    let seen = run(&list)
    // The one that leads is alone: no other begins beside it.
    #expect(seen.allSatisfy { !$0.contains("sm") || !$0.contains(",") }, "\(seen)")
    #expect(
      seen.first?.hasPrefix("set b sm as of 9") == true
        && seen.contains { $0.contains("copy d ds from b ss led by b as of 9") })
  }

  /// Exclusive states in which nobody leads: who takes one over gets the data first, and is fed meanwhile.
  @Test func anExclusiveStatePassesOver() {
    let takeover = Step.takeover(
      PartitionIndex(0), from: NodeIndex(1), StateChange(AgentHand.slave, AgentHand.dead), to: NodeIndex(3),
      StateChange(AgentHand.dead, AgentHand.slave), .takeOver, isFullScan: true)
    var list = steps([takeover], survey(isLeading: true))
    #expect(run(&list) == ["takeOver d ds from b sd led by a as of 3"])
    #expect(list.terms == [3], "who leads has not changed")
  }

  /// A last copy stays; one that the plan has made, empty, may go on its way.
  @Test func lastCopiesStay() {
    let alone = Survey(
      revision: 9, inventories: [[], [
        Holding(partition: PartitionIndex(0), state: AgentHand.master, term: 3, isLeading: true, followers: []),
        ], [], [],
      ], journal: Journal(revision: 8, partitionCount: 1), rules: rules, hadHolders: [true], isCancelled: false,
      plant: nil)
    func set(_ node: Int, _ from: StateIndex, _ to: StateIndex) -> Step {
      .set(PartitionIndex(0), NodeIndex(node), StateChange(from, to), .balance)
    }
    var list = steps([set(1, AgentHand.master, AgentHand.dead), set(2, AgentHand.dead, .null)], alone)
    #expect(run(&list) == ["set c d- as of 3"])
    #expect(list.readyCount == 1 && list.tasks.count { $0.state != .done } == 1)
    list = steps([set(1, AgentHand.master, AgentHand.slave)], alone)
    #expect(run(&list) == ["set b ms as of 3"], "it keeps its data")
    list = steps([set(1, AgentHand.slave, AgentHand.dead)], survey(isLeading: true))
    #expect(run(&list) == ["set b sd led by a as of 3"], "others have it")
    let slave = Survey(
      revision: 9, inventories: [[], [
        Holding(partition: PartitionIndex(0), state: AgentHand.slave, term: 3, isLeading: false, followers: []),
        ], [], [],
      ], journal: Journal(revision: 8, partitionCount: 1), rules: rules, hadHolders: [true], isCancelled: false,
      plant: nil)
    list = steps([set(1, AgentHand.slave, AgentHand.dead)], slave)
    #expect(run(&list) == [], "nobody leads, and it is the last one")
    let fresh = Survey(
      revision: 9, inventories: [[], [], [], []], journal: Journal(revision: 8, partitionCount: 1), rules: rules,
      hadHolders: [false],
      isCancelled: false, plant: nil)
    list = TaskList(cluster)
    list.fill(
      fresh, try! StepList([set(1, .null, AgentHand.slave), set(1, AgentHand.slave, AgentHand.dead)], arcs: [(1, 0)]),
      rules, inOrder: true, keepsLimits: true)
    #expect(run(&list) == ["set b -s as of 9", "set b sd as of 9"])
  }

  /// Of a partition of which nobody is known to be complete nothing is done, whatever the plan says.
  @Test func whatIsWithheldStays() {
    func list(hadHolders: Bool) -> TaskList {
      let survey = Survey(
        revision: 9, inventories: [[], [], [], []], journal: Journal(revision: 8, partitionCount: 1), rules: rules,
        hadHolders: [hadHolders], isCancelled: false, plant: nil)
      return steps([.set(PartitionIndex(0), NodeIndex(3), StateChange(.null, AgentHand.dead), .balance)], survey)
    }
    var (withheld, fresh) = (list(hadHolders: true), list(hadHolders: false))
    #expect(run(&withheld) == [] && run(&fresh) == ["set d -d as of 9"])
  }

  /// Asked again: the soonest first, what was put off later, nothing that is done.
  @Test func deadlines() {
    func set(_ node: Int) -> Step {
      .set(PartitionIndex(0), NodeIndex(node), StateChange(.null, AgentHand.dead), .balance)
    }
    var list = steps([set(3), set(2), set(1)], survey(isLeading: true))
    while let index = list.beginNext(rules) { list.sent(index, deadline: 30 - UInt64(index)) }
    #expect(list.running.count == 3 && list.nextOverdue(27) == nil)
    #expect(list.nextOverdue(30) == 2 && list.nextOverdue(28) == nil)
    list.putOff(1, until: 90)
    list.delay(0, until: 95)
    #expect(list.nextOverdue(29) == nil && list.nextOverdue(30) == 0 && list.nextOverdue(89) == nil)
    list.delay(1, until: 60)
    #expect(list.nextOverdue(60) == 1 && list.nextOverdue(95) == nil)
    // However often it is put off.
    for time in UInt64(0)..<5_000 { list.putOff(1, until: 1_000 + time) }
    list.putOff(2, until: 400)
    _ = list.finish(0, rules)
    #expect(list.nextOverdue(5_998) == 2 && list.nextOverdue(5_998) == nil && list.nextOverdue(5_999) == 1)
    var other = steps([set(3), set(2), set(1)], survey(isLeading: true))
    while let index = other.beginNext(rules) { other.sent(index, deadline: 10 + UInt64(index)) }
    _ = other.finish(1, rules)
    #expect(other.nextOverdue(99) == 0 && other.nextOverdue(99) == 2 && other.nextOverdue(99) == nil, "1 is done")
    list.isAtWork(2, tries: 1)
    #expect(list.tasks[2].tries == 0 && list.tasks[1].tries == 1)
  }

  /// Whenever nothing more begins, nothing that is left could: each node has the streams out, or in, that it may have.
  @Test func whateverMayBeginIsUnderWay() {
    forAllSeeds(0..<100) { seed in
      var random = SplitMix(seed: seed)
      var config = MovementConfig()
      (config.maxStreamsIn, config.maxStreamsOut) = (1 + random.below(2), 1 + random.below(2))
      let (nodes, partitions) = (4, 8)
      let cluster = try DenseCluster(
        Cluster(
          settings: Settings(partitionCount: partitions, constraints: [1, 1, 0, 0]), config: config,
          nodes: (0..<nodes).map { Node(name: "n\($0)") }))
      let survey = Survey(
        revision: 9, inventories: Array(repeating: [], count: nodes),
        journal: Journal(revision: 8, partitionCount: partitions), rules: rules,
        hadHolders: Array(repeating: false, count: partitions), isCancelled: false, plant: nil)
      let steps = (0..<20).map { _ in
        let source = random.below(nodes)
        return Step.copy(
          PartitionIndex(random.below(partitions)), from: NodeIndex(source), in: AgentHand.slave,
          to: NodeIndex((source + 1 + random.below(nodes - 1)) % nodes), StateChange(AgentHand.dead, AgentHand.slave),
          .balance)
      }
      var list = TaskList(cluster)
      list.fill(survey, try StepList(steps, arcs: []), rules, inOrder: true, keepsLimits: true)
      while list.done < steps.count {
        while list.beginNext(rules) != nil {}
        let running = list.tasks.filter { $0.state == .running }.map(\.order)
        try holds(!running.isEmpty, "it stands still")
        for order in list.tasks.filter({ $0.state == .waiting }).map(\.order) {
          let (out, into) = (running.count { $0.source == order.source }, running.count { $0.node == order.node })
          let isFree = out < config.maxStreamsOut! && into < config.maxStreamsIn!
          try holds(!isFree, "\(words(order)) waits for nothing")
        }
        try holds(list.finish(Int(list.running[random.below(list.running.count)]), rules), "it was under way")
      }
    }
  }

  /// Between two nodes as many streams go at once as both may have.
  @Test(arguments: 1...3) func streamsOfOneWayGoAtOnce(_ most: Int) throws {
    var config = MovementConfig()
    (config.maxStreamsIn, config.maxStreamsOut) = (most, most)
    let cluster = try DenseCluster(
      Cluster(
        settings: Settings(partitionCount: 5, constraints: [1, 1, 0, 0]), config: config,
        nodes: (0..<2).map { Node(name: "n\($0)") }))
    let survey = Survey(
      revision: 9, inventories: [[], []], journal: Journal(revision: 8, partitionCount: 5), rules: rules,
      hadHolders: Array(repeating: false, count: 5), isCancelled: false, plant: nil)
    let steps = (0..<5).map {
      Step.copy(
        PartitionIndex($0), from: NodeIndex(0), in: AgentHand.slave, to: NodeIndex(1),
        StateChange(AgentHand.dead, AgentHand.slave), .balance)
    }
    var list = TaskList(cluster)
    list.fill(survey, try StepList(steps, arcs: []), rules, inOrder: true, keepsLimits: true)
    for done in 0..<5 {
      while list.beginNext(rules) != nil {}
      #expect(list.running.count == min(most, 5 - done))
      let isDone = list.finish(done, rules)
      #expect(isDone)
    }
  }

  @Test func theHeapBesideSorting() {
    forAllSeeds(0..<200) { seed in
      var random = SplitMix(seed: seed)
      var (heap, sorted) = (MinHeap<Int>(), [Int]())
      for _ in 0..<random.below(200) {
        switch random.below(5) {
        case 0, 1, 2:
          let key = random.below(60)
          heap.add(key)
          sorted.append(key)
          sorted.sort()
        case 3:
          let removed = heap.removeFirst()
          try holds(removed == (sorted.isEmpty ? nil : sorted.removeFirst()), "\(removed ?? -1) comes out")
        default:
          let least = random.below(100)
          heap.removeAll { $0 % 7 == least }
          sorted.removeAll { $0 % 7 == least }
        }
        try holds(
          heap.first == sorted.first && heap.count == sorted.count && heap.isEmpty == sorted.isEmpty,
          "\(heap.keys) for \(sorted)")
      }
    }
  }
}
