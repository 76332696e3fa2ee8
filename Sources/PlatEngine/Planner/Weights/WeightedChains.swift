/// Chains: what is too much on one node goes to a second, which gives up another to a third … to where there is room;
/// and the same backwards from where there is too little. Found breadth first, so the shortest are taken.
///
///     n ──p──▶ k ──q──▶ m        k stays in its window: what comes less what goes
///
/// The same for replicas, which move, and for a state, which goes from holder to holder of a partition.
struct WeightedChains<Hops: WeightedHops> {
  let hops: Hops
  let due: WeightedDue
  let load: NodeTable<Int>
  private let mostSteps: Int
  private let arena: Arena
  private(set) var trials: Int

  private struct Step {
    var node: NodeIndex
    /// Where it came from among the steps; -1: the start.
    var from: Int
    var hop: Hop
    /// Hops from the start.
    var length = 0
  }

  /// `mostSteps`: in one chain. `trials`: how much may be looked at, about.
  init(
    _ hops: Hops, _ due: WeightedDue, load: NodeTable<Int>, arena: Arena, mostSteps: Int = .max, trials: Int = 1 << 22
  ) {
    self.trials = trials
    self.arena = arena
    self.hops = hops
    self.due = due
    self.load = load
    self.mostSteps = mostSteps
  }

  /// One chain in all, if there is any.
  mutating func runOnce() {
    for index in 0..<load.count {
      let node = NodeIndex(index)
      guard load[node] > due.most[node] || load[node] < due.least[node] else { continue }
      if chain(from: node, gives: load[node] > due.most[node]) { return }
    }
  }

  /// One chain for each node out of its window, where there is one. True where any was found.
  mutating func run() -> Bool {
    var found = false
    for index in 0..<load.count {
      let node = NodeIndex(index)
      if arena.isInterrupted { return false }
      while trials > 0, load[node] > due.most[node] || load[node] < due.least[node],
        chain(from: node, gives: load[node] > due.most[node])
      {
        found = true
      }
    }
    return found
  }

  private mutating func chain(from start: NodeIndex, gives: Bool) -> Bool {
    var steps = [Step(node: start, from: -1, hop: Hop(slot: 0, other: 0, weight: 0))]
    var isSeen = [Bool](repeating: false, count: load.count)
    isSeen[start.int] = true
    var next = 0
    while next < steps.count, trials > 0, !arena.isInterrupted {
      let step = steps[next]
      let node = step.node
      // What has to go on from here: between these, so that the node stays in its window, or comes nearer to it.
      let now = gives ? load[node] + step.hop.weight : load[node] - step.hop.weight
      let isStart = next == 0
      let least = gives ? (isStart ? 1 : now - due.most[node]) : (isStart ? 1 : due.least[node] - now)
      let most = gives ? now - due.least[node] : due.most[node] - now
      var end: Step?
      if most >= max(least, 1), step.length < mostSteps {
        trials -= hops.visit(node, gives: gives, weights: max(least, 1)...most, isSeen: &isSeen) { other, hop in
          let fits = gives ? load[other] + hop.weight <= due.most[other] : load[other] - hop.weight >= due.least[other]
          let found = Step(node: other, from: next, hop: hop, length: step.length + 1)
          if fits { end = found } else { steps.append(found) }
          return fits
        }
      }
      if let end {
        apply(end, steps, gives: gives)
        return true
      }
      next += 1
    }
    return false
  }

  private func apply(_ end: Step, _ steps: [Step], gives: Bool) {
    var step = end
    while step.from >= 0 {
      let node = steps[step.from].node
      hops.make(step.hop, from: gives ? node : step.node, to: gives ? step.node : node)
      step = steps[step.from]
    }
  }
}

/// One hop: a slot, and for a state the slot that it goes to.
struct Hop {
  var slot: Int
  var other: Int
  var weight: Int
}

protocol WeightedHops {
  /// Tells hops that take a weight of `weights` from `node` (or bring it there) and nodes that are not seen yet, which
  /// are seen then, until `body` says that it is enough. Returns how much was looked at.
  func visit(
    _ node: NodeIndex, gives: Bool, weights: ClosedRange<Int>, isSeen: inout [Bool], _ body: (NodeIndex, Hop) -> Bool
  ) -> Int
  func make(_ hop: Hop, from node: NodeIndex, to other: NodeIndex)
}

/// Replicas that move.
final class ReplicaHops: WeightedHops {
  private let weighing: Weighing
  private let problem: Problem
  private let holdings: WeighedHoldings

  init(weighing: Weighing, holdings: WeighedHoldings) {
    (self.weighing, self.holdings) = (weighing, holdings)
    problem = weighing.problem
  }

  func visit(
    _ node: NodeIndex, gives: Bool, weights: ClosedRange<Int>, isSeen: inout [Bool], _ body: (NodeIndex, Hop) -> Bool
  ) -> Int {
    var looked = 0
    if gives {
      let unseen = (0..<problem.nodeCount).filter { !isSeen[$0] && weighing.hasRoom(NodeIndex($0)) }.map {
        NodeIndex($0)
      }
      for slot in holdings.of(node) where weighing.rows[Int(slot)] == node {
        let (partition, column) = (Int(slot) / weighing.replicas, Int(slot) % weighing.replicas)
        let weight = weighing.weight.base[partition]
        guard weight <= weights.upperBound else { continue }
        guard weight >= weights.lowerBound else { break }
        for other in unseen where !isSeen[other.int] {
          looked += 1
          guard problem.allows(weighing.row(partition), leaving: column, to: other) else { continue }
          isSeen[other.int] = true
          if body(other, Hop(slot: Int(slot), other: 0, weight: weight)) { return looked }
        }
      }
      return looked + 1
    }
    guard weighing.hasRoom(node) else { return 1 }
    for index in 0..<problem.nodeCount where !isSeen[index] {
      let other = NodeIndex(index)
      for slot in holdings.of(other) where weighing.rows[Int(slot)] == other {
        let (partition, column) = (Int(slot) / weighing.replicas, Int(slot) % weighing.replicas)
        let weight = weighing.weight.base[partition]
        looked += 1
        guard weight <= weights.upperBound else { continue }
        guard weight >= weights.lowerBound else { break }
        guard problem.allows(weighing.row(partition), leaving: column, to: node) else { continue }
        isSeen[index] = true
        if body(other, Hop(slot: Int(slot), other: 0, weight: weight)) { return looked }
        break
      }
    }
    return looked + 1
  }

  func make(_ hop: Hop, from node: NodeIndex, to other: NodeIndex) {
    weighing.set(hop.slot / weighing.replicas, hop.slot % weighing.replicas, to: other)
  }
}

/// A state that goes from one holder to another.
final class RoleHops: WeightedHops {
  private let weighing: Weighing
  private let problem: Problem
  private let holdings: WeighedHoldings
  private let state: Int
  private let slots: Range<Int>
  private let load: NodeTable<Int>

  init(weighing: Weighing, holdings: WeighedHoldings, state: Int, slots: Range<Int>, load: NodeTable<Int>) {
    (self.weighing, self.holdings) = (weighing, holdings)
    (self.state, self.slots, self.load) = (state, slots, load)
    problem = weighing.problem
  }

  func visit(
    _ node: NodeIndex, gives: Bool, weights: ClosedRange<Int>, isSeen: inout [Bool], _ body: (NodeIndex, Hop) -> Bool
  ) -> Int {
    var looked = 0
    if !gives, !problem.allows(node, inState: state) { return 1 }
    for listed in holdings.of(node) {
      let partition = Int(listed) / weighing.replicas
      let weight = weighing.weight.base[partition]
      looked += 1
      guard weight <= weights.upperBound else { continue }
      guard weight >= weights.lowerBound else { break }
      let row = weighing.row(partition)
      guard let mine = (slots.lowerBound..<problem.replicas).first(where: { row[$0] == node }),
        slots.contains(mine) == gives
      else { continue }
      for theirs in slots.lowerBound..<problem.replicas
      where row[theirs] != .none && slots.contains(theirs) != gives && !isSeen[row[theirs].int] {
        let other = row[theirs]
        if gives, !problem.allows(other, inState: state) { continue }
        if problem.hasStateRules {
          row.swap(mine, theirs)
          let isLegal = StateRules.breach(problem, row) == nil
          row.swap(mine, theirs)
          guard isLegal else { continue }
        }
        isSeen[other.int] = true
        let base = partition * weighing.replicas
        let hop = Hop(slot: base + (gives ? mine : theirs), other: base + (gives ? theirs : mine), weight: weight)
        if body(other, hop) { return looked }
      }
    }
    return looked + 1
  }

  /// `slot` has the state and gives it to `other`.
  func make(_ hop: Hop, from node: NodeIndex, to other: NodeIndex) {
    guard weighing.rows[hop.slot] == node, weighing.rows[hop.other] == other else { return }
    weighing.rows.swap(hop.slot, hop.other)
    load[node] -= hop.weight
    load[other] += hop.weight
  }
}
