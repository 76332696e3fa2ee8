/// Cycles of replicas of one size that move less in all: some go home, and others move for them.
///
///     m ──p──▶ d ──q──▶ k ──▶ … ──▶ m            a new replica on m goes home to d, which gives q up to k, …
///     hub ──▶ m ──p──▶ d ──▶ … ──▶ k ──▶ hub     m ends one lighter, k one heavier
///
/// All loads stay what they were, but for the two at the hub. These may leave their windows by as much as is less than
/// what the cycle spares, which makes it dearer by that: what is light levels it out (`WeightedShed`), and it counts
/// only if less moves then. So heavy replicas are moved as they would be if light ones were sand.
///
/// Among replicas of one size the moves are a flow, of which negative cycles are all that there is to gain.
struct WeightedCycles {
  private let weighing: Weighing
  private let problem: Problem
  private let hub: Int
  /// What a hop from one node to another costs, in replicas: -1, 0 or 1; `none`: there is none.
  private var cost: [Int8]
  private var slot: [UInt32]
  /// How much may be looked at, about.
  private var effort = TrialLimits.WeightedCycles.effort

  private static let none: Int8 = 2

  /// `settle`: brings loads into their windows, and returns these. O(N²) memory and a bounded number of trials; nothing
  /// where nothing has been newly placed, or for more than 512 nodes.
  static func run(
    _ weighing: Weighing, _ due: WeightedDue, settle: () throws(PlatError) -> WeightedDue
  ) throws(PlatError) {
    guard weighing.problem.nodeCount <= 512, weighing.problem.current != nil, due.outside(weighing.load) == 0 else {
      return
    }
    var cycles = WeightedCycles(weighing)
    var due = due
    for partitions in cycles.sizesOfNewReplicas() { try cycles.improve(partitions, &due, settle) }
  }

  private init(_ weighing: Weighing) {
    self.weighing = weighing
    problem = weighing.problem
    hub = problem.nodeCount
    cost = Array(repeating: Self.none, count: hub * hub)
    slot = Array(repeating: 0, count: hub * hub)
  }

  /// Partitions of each size of which some could go home, as places in `weighing.order`.
  private func sizesOfNewReplicas() -> [Range<Int>] {
    var sizes: [Range<Int>] = []
    var first = 0
    while first < weighing.order.count {
      let size = weight(first)
      var end = first
      var isAway = false
      while end < weighing.order.count, weight(end) == size {
        let partition = weighing.order.base[end].int
        isAway = isAway || problem.isAway(partition, from: weighing.row(partition))
        end += 1
      }
      if isAway, size > 0 { sizes.append(first..<end) }
      first = end
    }
    return sizes
  }

  private func weight(_ place: Int) -> Int { weighing.weight[weighing.order.base[place]] }

  /// Cycle after cycle of replicas of one size, until there is none left that pays.
  private mutating func improve(
    _ places: Range<Int>, _ due: inout WeightedDue, _ settle: () throws(PlatError) -> WeightedDue
  ) throws(PlatError) {
    let size = weight(places.lowerBound)
    collect(places)
    var atHub = hubCosts(size, due)
    while effort > 0 {
      try problem.arena.throwIfInterrupted()
      guard let cycle = cheaperCycle(size, atHub) else { return }
      let (before, moved) = (try weighing.snapshot(), weighing.moved.weight)
      effort -= 8 * weighing.order.count * weighing.replicas
      if make(cycle) {
        let after = try settle()
        if after.outside(weighing.load) == 0, weighing.moved.weight < moved {
          due = after
          collect(places)
          atHub = hubCosts(size, due)
          continue
        }
      }
      weighing.restore(before)
      // Not again, until something else has changed.
      let (first, last) = (cycle[1 % cycle.count], cycle[cycle.count - 1])
      let isAtHub = cycle[0] == hub
      if isAtHub, atHub[first].less > 0 || atHub[last].more > 0 {
        if atHub[first].less > 0 { atHub[first].less = size }
        if atHub[last].more > 0 { atHub[last].more = size }
      } else {
        cost[isAtHub ? first * hub + cycle[2] : cycle[0] * hub + first] = Self.none
      }
    }
  }

  /// How far each node leaves its window with one replica less, or one more. `size`: it may not.
  private func hubCosts(_ size: Int, _ due: WeightedDue) -> [(less: Int, more: Int)] {
    (0..<hub).map { node in
      let (index, load) = (NodeIndex(node), weighing.load.base[node])
      return (
        max(0, due.least.base[node] - load + size),
        weighing.hasRoom(index) ? max(0, load + size - due.most.base[node]) : size
      )
    }
  }

  /// The cheapest hop of each pair of nodes, the first of these.
  private mutating func collect(_ places: Range<Int>) {
    for pair in cost.indices { cost[pair] = Self.none }
    effort -= cost.count + places.count * weighing.replicas * hub
    for place in places {
      let partition = weighing.order.base[place].int
      let row = weighing.row(partition)
      for column in 0..<weighing.replicas where row[column] != .none {
        let isNew: Int8 = problem.isHeld(partition, by: row[column]) ? 0 : 1
        for other in 0..<hub where weighing.capacity.base[other] > 0 && cost[row[column].int * hub + other] > -isNew {
          let node = NodeIndex(other)
          let hop = (problem.isHeld(partition, by: node) ? 0 : 1) - isNew
          guard hop < cost[row[column].int * hub + other], problem.allows(row, leaving: column, to: node) else {
            continue
          }
          cost[row[column].int * hub + other] = hop
          slot[row[column].int * hub + other] = UInt32(partition * weighing.replicas + column)
        }
      }
    }
  }

  /// Some cycle of negative cost, in order; beginning with the hub if that is in it. Bellman and Ford's, from
  /// everywhere.
  private mutating func cheaperCycle(_ size: Int, _ atHub: [(less: Int, more: Int)]) -> [Int]? {
    var distance = [Int](repeating: 0, count: hub + 1)
    var parent = [Int](repeating: -1, count: hub + 1)
    func relax(_ from: Int, _ to: Int, _ cost: Int) -> Bool {
      guard distance[from] + cost < distance[to] else { return false }
      (distance[to], parent[to]) = (distance[from] + cost, from)
      return true
    }
    for _ in 0...hub {
      var isChanged = false
      effort -= cost.count
      for node in 0..<hub {
        for other in 0..<hub where cost[node * hub + other] != Self.none {
          isChanged = relax(node, other, Int(cost[node * hub + other]) * size) || isChanged
        }
        if atHub[node].more < size { isChanged = relax(node, hub, atHub[node].more) || isChanged }
      }
      for node in 0..<hub where atHub[node].less < size { isChanged = relax(hub, node, atHub[node].less) || isChanged }
      guard isChanged, effort > 0 else { return nil }
      if let cycle = Self.cycle(parent) {
        guard let first = cycle.firstIndex(of: hub) else { return cycle }
        return Array(cycle[first...] + cycle[..<first])
      }
    }
    return nil
  }

  /// A cycle among parents, from the first to the last; nil: there is none.
  private static func cycle(_ parent: [Int]) -> [Int]? {
    var seen = [Int](repeating: -1, count: parent.count)
    for start in parent.indices {
      var node = start
      while node >= 0, seen[node] < 0 {
        seen[node] = start
        node = parent[node]
      }
      guard node >= 0, seen[node] == start else { continue }
      var cycle = [node]
      var before = parent[node]
      while before != node {
        cycle.append(before)
        before = parent[before]
      }
      return cycle.reversed()
    }
    return nil
  }

  /// False where a hop forbids another; some are made then.
  private func make(_ cycle: [Int]) -> Bool {
    for (place, node) in cycle.enumerated() {
      let next = cycle[(place + 1) % cycle.count]
      guard node != hub, next != hub else { continue }
      let hop = Int(slot[node * hub + next])
      let (partition, column) = (hop / weighing.replicas, hop % weighing.replicas)
      let row = weighing.row(partition)
      guard row[column].int == node, problem.allows(row, leaving: column, to: NodeIndex(next)) else { return false }
      weighing.set(partition, column, to: NodeIndex(next))
    }
    return true
  }
}
