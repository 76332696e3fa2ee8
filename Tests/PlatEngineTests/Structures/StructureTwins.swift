import TestSupport
import Testing

@testable import PlatEngine

/// The planner's structures beside naive twins, under the same random events.
@Suite struct StructureTwins {
  /// A random cluster's problem, with what may stay placed and some of the rest placed anyhow.
  private struct Made {
    let cluster: DenseCluster
    let problem: Problem
    var placement: Placement
    var random: SplitMix64

    init(_ seed: UInt64, wideRow: Int = PlanRequest.wideRow, _ change: (inout RandomCluster.Shape) -> Void = { _ in })
      throws
    {
      let made = RandomCluster.make(
        seed: seed,
        shape: RandomCluster.Shape {
          $0.nodes = 1...14
          $0.partitions = 1...20
          change(&$0)
        })
      cluster = try DenseCluster(made.cluster)
      problem = try Problem(cluster, current: made.current, arena: Arena(), wideRow: wideRow)
      let map = try PlacementMap(partitionCount: cluster.partitionCount, slotCounts: cluster.dataWanted)
      placement = try Placement(problem, target: map)
      random = SplitMix64(seed: ~seed)
      Keep.run(problem, &placement)
      for slot in 0..<problem.partitionCount * problem.replicas
      where placement.rows[slot] == .none && random.chance(1, 2) {
        put(NodeIndex(random.below(cluster.nodeCount)), in: slot)
      }
    }

    /// False where the node is in the row already.
    @discardableResult mutating func put(_ node: NodeIndex, in slot: Int) -> Bool {
      let row = placement.row(slot / problem.replicas)
      guard !(0..<problem.replicas).contains(where: { row[$0] == node }) else { return false }
      placement.rows[slot] = node
      return true
    }

    var text: String { RandomCluster.describe(cluster.cluster, problem.current) }
  }

  // MARK: Holdings

  @Test func holdingsAreTheRowsTurnedAround() {
    var seen = 0
    forAllSeeds(0..<200) { seed in
      var made = try Made(seed)
      let slots = made.problem.partitionCount * made.problem.replicas
      guard slots > 0 else { return }
      var holdings = try Holdings(made.problem, made.placement)
      for _ in 0..<40 {
        let (slot, node) = (made.random.below(slots), NodeIndex(made.random.below(made.cluster.nodeCount)))
        if made.put(node, in: slot) { holdings.add(slot, to: node) }
        let asked = NodeIndex(made.random.below(made.cluster.nodeCount))
        var place = holdings.begin(asked)
        var found: Set<Int> = []
        // A slot that has come back to a node is met twice.
        while let slot = holdings.next(&place, of: asked) { found.insert(slot) }
        let naive = Set((0..<slots).filter { made.placement.rows[$0] == asked })
        try holds(found == naive, "\(found.sorted()), \(naive.sorted())\n\(made.text)")
        seen += found.count
      }
    }
    #expect(seen > 1_000, "\(seen)")
  }

  // MARK: Water-fill

  /// Max-min fairness has one solution: whoever has less for its weight than another is at its own cap, or in a box that
  /// is full and that the other is not in.
  @Test func waterFillIsMaxMinFair() {
    var (full, capped) = (0, 0)
    forAllSeeds(0..<400) { seed in
      var random = SplitMix64(seed: seed)
      var boxes = [WaterFill.Box(parent: nil, cap: random.chance(1, 2) ? Rational(random.among(0...40)) : nil)]
      for _ in 0..<random.among(0...5) {
        boxes.append(
          .init(
            parent: random.below(boxes.count),
            cap: random.chance(2, 3) ? Rational(random.among(0...24), random.among(1...2)) : nil))
      }
      let members = (0..<random.among(1...7)).map { _ in
        WaterFill.Member(
          box: random.below(boxes.count), weight: Rational(random.among(1...4), random.among(1...3)),
          cap: random.chance(1, 2) ? Rational(random.among(0...9)) : Rational(1_000), isPinned: random.chance(1, 10),
          count: random.among(1...3))
      }
      func isInside(_ member: Int, _ box: Int) -> Bool {
        var at: Int? = members[member].box
        while let here = at {
          if here == box { return true }
          at = boxes[here].parent
        }
        return false
      }
      // Pinned members may not fit: what is pinned is what somebody holds anyway.
      func load(_ box: Int, _ share: [Rational]) -> Rational {
        members.indices.filter { isInside($0, box) }.reduce(.zero) { $0 + share[$1] * Rational(members[$1].count) }
      }
      let pinned = members.map { $0.isPinned ? $0.cap : .zero }
      guard boxes.indices.allSatisfy({ box in boxes[box].cap.map { load(box, pinned) <= $0 } ?? true }) else { return }
      let demand = Rational(random.among(0...60))
      guard load(0, pinned) <= demand else { return }
      let share = WaterFill(boxes: boxes, members: members).shares(demand: demand).ofMember

      for (member, about) in members.enumerated() {
        try holds(share[member] <= about.cap && (!about.isPinned || share[member] == about.cap), "\(share) \(members)")
      }
      for box in boxes.indices {
        if let cap = boxes[box].cap { try holds(load(box, share) <= cap, "box \(box): \(load(box, share)) of \(cap)") }
      }
      func isFull(_ box: Int) -> Bool { boxes[box].cap.map { load(box, share) == $0 } ?? false }
      let isMet = load(0, share) == demand
      for one in members.indices where !members[one].isPinned && share[one] < members[one].cap {
        let bars = boxes.indices.filter { isFull($0) && isInside(one, $0) }
        try holds(isMet || !bars.isEmpty, "\(one) could have more: \(share) of \(demand)")
        full += bars.count
        for other in members.indices where !members[other].isPinned {
          let isLess = share[one] / members[one].weight < share[other] / members[other].weight
          try holds(
            !isLess || bars.contains { !isInside(other, $0) }, "\(one) has less than \(other): \(share) \(members)")
        }
      }
      capped += members.indices.count { share[$0] == members[$0].cap }
    }
    #expect(full > 100 && capped > 100, "\(full) \(capped)")
  }

  // MARK: Controlled rounding

  @Test(arguments: [false, true]) func everyRunIsRoundedToItsFloorOrCeiling(withLargeDenominators: Bool) {
    forAllSeeds(0..<200) { seed in
      var random = SplitMix64(seed: seed)
      let regions = random.among(1...3)
      let primes = withLargeDenominators ? [1_000_003, 998_244_353, 2_147_483_647, 1_000_000_007] : [1, 2, 3, 5, 12]
      let kinds = (0..<random.among(1...6)).map { _ -> (share: Rational, region: Int) in
        let denominator = random.pick(primes)
        return (Rational(random.among(0...9 * denominator), denominator), random.below(regions))
      }
      let nodes = (0..<random.among(1...30)).map { _ in random.below(kinds.count) }
      let arena = try Arena()
      let quota: NodeTable<Int32> = try arena.table(nodes.count)
      defer { withExtendedLifetime(arena) {} }
      ControlledRounding(kinds.map(\.share), regions: kinds.map(\.region)).round(nodes, into: quota)
      for region in 0..<regions {
        let mine = nodes.indices.filter { kinds[nodes[$0]].region == region }
        for first in mine.indices {
          var (exact, rounded) = (Rational.zero, 0)
          for node in mine[first...] {
            exact = exact + kinds[nodes[node]].share
            rounded += Int(quota.base[node])
            let floor = exact.floor!
            try holds(
              rounded == floor || rounded == floor + 1 && !exact.isInteger, "\(rounded) for \(exact) from \(first)")
          }
        }
      }
    }
  }

  // MARK: Cheapest rows

  /// The cheapest legal row at any prices, beside all rows that there are.
  @Test func theCheapestRowIsTheCheapestOfAll() {
    var seen = 0
    forAllSeeds(0..<400) { seed in
      var made = try Made(seed) {
        $0.nodes = 1...7
        $0.partitions = 1...4
        $0.rulesOverAllStates = true
        $0.currentMaps = [.none, .random, .roundRobin, .missing]
      }
      let (problem, count) = (made.problem, made.cluster.nodeCount)
      let due = try Due(problem, held: made.placement.load)
      guard !due.isShort, problem.replicas > 0 else { return }
      let prices: NodeTable<Int32> = try problem.arena.table(count)
      for node in 0..<count { prices.base[node] = Int32(made.random.among(0...4)) - 2 }
      let pricing = try RowPricing(problem, due, prices)
      for partition in 0..<problem.partitionCount {
        var best: Int?
        for set in 0..<(1 << count) where set.nonzeroBitCount == problem.replicas {
          let row = (0..<count).filter { set >> $0 & 1 == 1 }
          let isOpen = row.allSatisfy { node in
            due.most.base[node] > 0
              && (problem.isHeld(partition, by: NodeIndex(node)) && problem.keeps.base[node]
                || problem.receives.base[node])
          }
          let isLegal = problem.hard.allSatisfy { cap in
            (0..<cap.containerCount).allSatisfy { box in
              row.count { cap.containerOfNode[NodeIndex($0)].int == box } <= cap.most
            }
          }
          guard isOpen, isLegal else { continue }
          let cost = row.reduce(0) {
            $0 + Int(prices.base[$1])
              + (problem.isHeld(partition, by: NodeIndex($1)) && problem.keeps.base[$1] ? 0 : 1)
          }
          best = min(best ?? cost, cost)
        }
        guard let best else { continue }
        let cost = pricing.costOfCheapest(partition)
        try holds(cost == best, "partition \(partition): \(cost), \(best) among all\n\(made.text)")
        seen += 1
      }
    }
    #expect(seen > 200, "\(seen)")
  }

  // MARK: Marks of wide rows

  @Test func marksOfARowAreItsNodes() {
    var seen = 0
    forAllSeeds(0..<200) { seed in
      var made = try Made(seed, wideRow: 0)
      let problem = made.problem
      guard problem.isWide, problem.partitionCount > 0 else { return }
      var marks = try RowMarks(problem)
      for _ in 0..<30 {
        let row = made.placement.row(made.random.below(problem.partitionCount))
        marks.enter(row)
        // What a caller announces, and may do or not.
        let (slot, node) = (made.random.below(problem.replicas), NodeIndex(made.random.below(made.cluster.nodeCount)))
        if !marks.contains(node) {
          marks.announce(slot, from: row[slot], to: node)
          if made.random.chance(1, 2) { row[slot] = node }
          marks.enter(row)
        }
        let nodes = (0..<problem.replicas).map { row[$0] }.filter { $0 != .none }
        for node in (0..<made.cluster.nodeCount).map({ NodeIndex($0) }) {
          let leaving = made.random.chance(1, 2) || nodes.isEmpty ? .none : made.random.pick(nodes)
          func isFull(_ cap: LevelCap) -> Bool {
            nodes.count { $0 != leaving && cap.containerOfNode[$0] == cap.containerOfNode[node] } >= cap.most
          }
          try holds(marks.contains(node) == nodes.contains(node), "\(node) in \(nodes)\n\(made.text)")
          try holds(
            marks.allows(intoBoxOf: node, leaving: leaving) == !problem.hard.contains(where: isFull),
            "\(node) into \(nodes) without \(leaving)\n\(made.text)")
          try holds(
            marks.softBreaches(at: node, leaving: leaving) == problem.soft.count(where: isFull),
            "\(node) into \(nodes) without \(leaving): soft\n\(made.text)")
          seen += 1
        }
      }
    }
    #expect(seen > 5_000, "\(seen)")
  }

  // MARK: Candidate lists

  @Test func candidatesAreTheLivingOfAKeyAndABox() {
    var seen = 0
    forAllSeeds(0..<200) { seed in
      var made = try Made(seed)
      let (problem, count) = (made.problem, made.cluster.nodeCount)
      let key: NodeTable<Int64> = try problem.arena.table(count)
      let isSettled: NodeTable<Bool> = try problem.arena.table(count)
      let isDead: NodeTable<Bool> = try problem.arena.table(count)
      for node in 0..<count {
        key.base[node] = Int64(made.random.below(3))
        isSettled.base[node] = made.random.chance(3, 4)
      }
      var lists = CandidateLists(problem, key: key, isSettled: isSettled)
      for _ in 0..<count + 2 {
        for (value, box) in (0..<3).flatMap({ value in problem.leafBoxes.indices.map { (Int64(value), $0) } }) {
          let naive = (0..<count).filter {
            isSettled.base[$0] && problem.receives.base[$0] && !isDead.base[$0] && key.base[$0] == value
              && problem.leafBoxOfNode[NodeIndex($0)].int == box
          }
          var found: [Int] = []
          if let class_ = lists.classIndex(of: value) {
            var index = lists.first(class_, box, isDead: isDead)
            while let here = index {
              found.append(lists.node(here).int)
              index = lists.next(after: here, isDead: isDead)
            }
          }
          try holds(found == naive, "key \(value), box \(box): \(found), \(naive)\n\(made.text)")
          seen += found.count
        }
        isDead.base[made.random.below(count)] = true
      }
    }
    #expect(seen > 1_000, "\(seen)")
  }
}
