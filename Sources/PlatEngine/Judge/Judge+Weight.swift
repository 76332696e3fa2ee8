/// How weight lies on the nodes that may hold something.
public struct WeightSpread: Equatable, Sendable {
  public var least: Rational
  public var greatest: Rational
  /// The least and greatest of the exact shares that the nodes are due.
  public var leastDue: Rational
  public var greatestDue: Rational

  public init(least: Rational, greatest: Rational, leastDue: Rational, greatestDue: Rational) {
    self.least = least
    self.greatest = greatest
    self.leastDue = leastDue
    self.greatestDue = greatestDue
  }

  /// A spread of replicas, each of them weighing 1.
  public init(_ spread: LoadSpread) {
    self.init(
      least: Rational(spread.least), greatest: Rational(spread.greatest), leastDue: spread.leastDue,
      greatestDue: spread.greatestDue)
  }
}

/// What a report says in weight, where partitions differ in it. In the document's own numbers.
public struct WeightReport: Equatable, Sendable {
  /// The weight of what nodes must receive.
  public internal(set) var moves: Rational
  /// Spread for each state that is wanted and holds data, in the model's order, by name.
  public internal(set) var load: [(state: String, spread: WeightSpread)]
  public internal(set) var total: WeightSpread?

  public static func == (a: Self, b: Self) -> Bool {
    a.moves == b.moves && a.total == b.total
      && a.load.elementsEqual(b.load, by: { $0.state == $1.state && $0.spread == $1.spread })
  }
}

extension Judge {
  /// How weight lies beside what each node is due of it.
  ///
  /// A node is balanced where its weight, in every state and in total, is off its due by no more than one replica: the
  /// heaviest partition that fits within its due in all; for a node that is due just the one that it holds, within what
  /// others are due; and by the part of its due that the settings tolerate. Where all n nodes are due the same, and one
  /// replica is more than half of it, the total is off by no more than (n − 1)/n of one. Where all that fits, in all
  /// its replicas, does not fill the nodes that are due no more, or not this one alone, it may stay below.
  struct WeightBalance {
    let weights: PartitionWeights
    let due: WeightDue
    let held: Weighed
    private(set) var load: [(state: String, spread: WeightSpread)] = []
    private(set) var total: WeightSpread?
    private(set) var isBalanced = true
    /// For each state that is wanted and in total: the node that is farthest out of balance.
    private(set) var lists: [ViolationList] = []
    private(set) var outside = Outside()
    /// For each node: what it may be off its due in a state and in total, and whether it may stay below.
    private var tolerances: [(weight: Int, total: Int, mayStayBelow: Bool)] = []
    /// The part of its due that the settings tolerate.
    private let part: Rational

    /// O(P log P + P · R + N log P), and exact arithmetic for each kind of node.
    init(_ context: CheckContext, _ weights: PartitionWeights) throws(PlatError) {
      self.weights = weights
      part = context.settings.exactTolerance
      held = Weighed(context, weights)
      due = WeightDue(context.dense, weights, held)
      tolerances = try Self.tolerances(context, weights, due)
      for state in context.model.states.indices where context.dense.dataWanted[state] > 0 {
        let spread = weigh(context, held.ofState[state], due.ofState[state], state: state)
        if let spread { load.append((context.model.states[state].name, spread)) }
      }
      total = weigh(context, held.total, due.total, state: nil)
    }

    func report(movesWeight: Int) -> WeightReport {
      WeightReport(moves: weights.exact(movesWeight), load: load, total: total)
    }

    private mutating func weigh(_ context: CheckContext, _ have: [Int], _ due: [Rational], state: Int?) -> WeightSpread?
    {
      var spread: WeightSpread?
      var (least, greatest) = (Int.max, 0)
      var worst: (beyond: Rational, node: Int)?
      var (outside, offInAll) = (Rational.zero, Rational.zero)
      for node in 0..<context.nodeCount where context.dense.status[node].hasShare {
        let off = Rational(have[node]) - due[node]
        let tolerance = tolerances[node]
        let beyond = off.sign >= 0 || !tolerance.mayStayBelow
          ? (off.sign < 0 ? .zero - off : off) - Rational(state == nil ? tolerance.total : tolerance.weight)
            - due[node] * part : .zero
        if beyond.sign > 0 { outside = outside + beyond }
        offInAll = offInAll + (off.sign < 0 ? .zero - off : off)
        if beyond.sign > 0, worst.map({ beyond > $0.beyond }) ?? true { worst = (beyond, node) }
        guard self.due.hasWeight[node] else { continue }
        (least, greatest) = (min(least, have[node]), max(greatest, have[node]))
        if spread == nil {
          spread = WeightSpread(least: .zero, greatest: .zero, leastDue: due[node], greatestDue: due[node])
        }
        if due[node] < spread!.leastDue { spread!.leastDue = due[node] }
        if due[node] > spread!.greatestDue { spread!.greatestDue = due[node] }
      }
      var violations = ViolationList(.balance(state: state), .soft)
      violations.isCounted = false
      if let node = worst?.node { violations.add(Breach(node: node, want: due[node].floor ?? 0, have: have[node])) }
      isBalanced = isBalanced && worst == nil
      if state == nil {
        (self.outside.total, self.outside.offInTotal) = (outside, offInAll)
      } else {
        self.outside.states = self.outside.states + outside
        self.outside.offInStates = self.outside.offInStates + offInAll
      }
      lists.append(violations)
      guard var spread else { return nil }
      (spread.least, spread.greatest) = (weights.exact(least), weights.exact(greatest))
      (spread.leastDue, spread.greatestDue) = (spread.leastDue * weights.unit, spread.greatestDue * weights.unit)
      return spread
    }

    /// How many replicas a node must give up, or get, at least to be balanced in all.
    func replicasOff(_ node: Int) -> (above: Int, below: Int) {
      let off = Rational(held.total[node]) - due.total[node]
      let slack = Rational(tolerances[node].total) + due.total[node] * part
      func count(_ beyond: Rational, _ heaviest: Int) -> Int {
        guard beyond.sign > 0, heaviest > 0, let floor = beyond.floor else { return 0 }
        return (floor + (beyond.isInteger ? 0 : 1) + heaviest - 1) / heaviest
      }
      if off.sign > 0 { return (count(off - slack, held.heaviest[node]), 0) }
      return (0, tolerances[node].mayStayBelow ? 0 : count(.zero - off - slack, weights.of.max() ?? 0))
    }

    private static func tolerances(
      _ context: CheckContext, _ weights: PartitionWeights, _ due: WeightDue
    ) throws(PlatError) -> [(weight: Int, total: Int, mayStayBelow: Bool)] {
      let ascending = try context.sorted(weights.of) { $0 < $1 }
      var upTo = [0]
      for weight in ascending { upTo.append(upTo.last! + weight) }
      /// The heaviest that fits, and what all that fit weigh.
      func fitting(_ due: Int) -> (heaviest: Int, all: Int) {
        var (low, high) = (0, ascending.count)
        while low < high {
          let middle = (low + high) / 2
          if ascending[middle] <= due { low = middle + 1 } else { high = middle }
        }
        return (low > 0 ? ascending[low - 1] : 0, upTo[low])
      }
      let whole = due.total.map { $0.floor ?? .max }
      let free = whole.indices.filter { context.dense.status[$0].hasShare && !due.isPinned[$0] }.sorted {
        (whole[$0], $0) < (whole[$1], $1)
      }
      let most = free.last.map { fitting(whole[$0]).heaviest } ?? .max
      var tolerances = whole.map { whole in
        let fits = fitting(whole)
        let weight = min(most, fits.heaviest)
        return (weight, total: weight, mayStayBelow: fits.heaviest == 0 || fits.all < whole)
      }
      // Nodes that are due the same, one replica of which is more than half of that.
      let isAlike = free.count > 1 && whole[free[0]] == whole[free[free.count - 1]]
      if isAlike, case let due = whole[free[0]], most > due - most {
        let narrow = most - most / free.count
        for node in free { tolerances[node].total = min(tolerances[node].total, narrow) }
      }
      var sum = 0
      var first = 0
      for (place, node) in free.enumerated() {
        sum += whole[node]
        guard place + 1 == free.count || whole[free[place + 1]] > whole[node] else { continue }
        if sum > fitting(whole[node]).all * context.dense.replicas {
          for node in free[first...place] { tolerances[node].mayStayBelow = true }
        }
        first = place + 1
      }
      return tolerances
    }
  }

  /// What the nodes hold in a map, weighed.
  struct Weighed {
    private(set) var total: [Int]
    /// For each of the model's states.
    private(set) var ofState: [[Int]]
    /// The heaviest replica of each node, in all and in each state; 0: none.
    private(set) var heaviest: [Int]
    private(set) var heaviestOfState: [[Int]]

    /// The same as if every partition could be cut.
    func asSand() -> Weighed {
      var result = self
      result.heaviest = heaviest.map { _ in 0 }
      result.heaviestOfState = heaviestOfState.map { $0.map { _ in 0 } }
      return result
    }

    /// O(P · R).
    init(_ context: CheckContext, _ weights: PartitionWeights) {
      let none = [Int](repeating: 0, count: context.nodeCount)
      (total, heaviest) = (none, none)
      ofState = context.model.states.map { _ in none }
      heaviestOfState = ofState
      let map = context.map
      for (slot, state) in map.stateOfSlot.enumerated() where context.model.states[state].holdsData {
        for partition in 0..<context.rowCount {
          let node = map.row(partition)[slot].int
          guard node < context.nodeCount, context.isLive.base[node] == 1 else { continue }
          let weight = weights.of[partition]
          total[node] += weight
          ofState[state][node] += weight
          heaviest[node] = max(heaviest[node], weight)
          heaviestOfState[state][node] = max(heaviestOfState[state][node], weight)
        }
      }
    }
  }
}
