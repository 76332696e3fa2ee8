extension Judge {
  /// The exact share of weight that each node should carry, in view of the heaviest partition that it holds.
  ///
  /// As for replicas: by the nodes' weights, up to one replica of each partition on a node (with a capacity, the
  /// heaviest that it may hold), and to what hard rules let a container hold. But nothing can be cut in two: a node
  /// that holds a partition heavier than its share is due just that one, and the others share the rest. State by state
  /// within that total in the same way; the last state gets what the others leave.
  struct WeightDue {
    private(set) var total: [Rational]
    /// For each of the model's states; empty where none is wanted that holds data.
    private(set) var ofState: [[Rational]]
    /// It holds a partition heavier than its share in all, and is due that.
    let isPinned: [Bool]
    /// The node has a weight above zero.
    let hasWeight: [Bool]

    /// What bounds the share of one node.
    fileprivate struct Bounds {
      var cap: Rational
      /// It has its cap as share, whatever its weight.
      var isPinned = false
      /// The heaviest that it holds.
      var heaviest = 0
    }

    /// O(N) exact operations for each state and each round in which nodes turn out to hold more than their share; fewer
    /// where nodes are alike.
    init(_ dense: DenseCluster, _ weights: PartitionWeights, _ held: Weighed) {
      let nodeWeights = dense.cluster.nodes.map(\.weight)
      var exact: [Quantity: Rational] = [:]
      for weight in nodeWeights where exact[weight] == nil { exact[weight] = Rational(weight) }
      hasWeight = nodeWeights.map { exact[$0]!.sign > 0 }
      let ascending = weights.of.sorted()
      var mostOfCapacity: [Int: Rational] = [:]
      var bounds: [Bounds] = []
      for node in 0..<dense.nodeCount {
        switch dense.status[node].entitlement {
        case .share:
          let capacity = dense.capacity[node]
          if mostOfCapacity[capacity] == nil {
            mostOfCapacity[capacity] = Rational(ascending.suffix(capacity).reduce(0, +))
          }
          bounds.append(Bounds(cap: mostOfCapacity[capacity]!, heaviest: held.heaviest[node]))
        case .holdings: bounds.append(Bounds(cap: Rational(held.total[node]), isPinned: true))
        case .nothing: bounds.append(Bounds(cap: .zero))
        }
      }
      func boxCaps(_ replicas: [Int?]) -> [Rational?] {
        replicas.map { $0.map { Rational($0 / dense.partitionCount) * Rational(weights.total) } }
      }
      let hard = JudgedPlace.hard(dense)
      let may = dense.wanted.indices.map { Judge.mayEver(dense, hard, inState: $0) }
      let pouring = WeightPouring(dense: dense, exact: exact, amount: Rational(weights.total), hard: hard)
      let shares = pouring.shares(
        nil, boxCaps: boxCaps(Judge.totalCaps(dense)), bounds, demand: pouring.amount * Rational(dense.replicas))
      total = shares.share
      isPinned = (0..<dense.nodeCount).map { shares.isPinned[$0] && dense.status[$0].hasShare }

      ofState = dense.dataWanted.map { _ in [] }
      let wanted = dense.dataWanted.indices.filter { dense.dataWanted[$0] > 0 }
      var left = total
      for state in wanted.dropLast() {
        let bounds = (0..<dense.nodeCount).map { node in
          let isBarred = state == 0 && dense.status[node].isSlaveOnly || !may[state][node]
          let holdsItElsewhere = shares.isPinned[node] && held.heaviestOfState[state][node] < held.heaviest[node]
          let isOnly = !isBarred && !holdsItElsewhere && !wanted.contains { $0 > state && may[$0][node] }
          return Bounds(
            cap: isBarred || holdsItElsewhere ? .zero : left[node], isPinned: isOnly,
            heaviest: held.heaviestOfState[state][node])
        }
        let sum = left.reduce(Rational.zero, +)
        let demand = min(pouring.amount * Rational(dense.dataWanted[state]), sum)
        let caps = boxCaps(Judge.caps(dense, ofState: state, wanted))
        ofState[state] = pouring.shares(state, boxCaps: caps, bounds, demand: demand).share
        for node in left.indices { left[node] = left[node] - ofState[state][node] }
      }
      if let last = wanted.last { ofState[last] = left }
    }
  }
}

extension Judge {
  /// How weight is shared out, in all or in one state.
  private struct WeightPouring {
    let dense: DenseCluster
    /// Of each node weight in the document.
    let exact: [Quantity: Rational]
    /// What all partitions weigh.
    let amount: Rational
    /// Hard rules that name places.
    let hard: [JudgedPlace]

    private struct Kind: Hashable {
      var box: Int
      var weight: Quantity
      var cap: Rational
      var isPinned: Bool
    }

    /// Pours, and pours again with those pinned who hold one that is heavier than their share, until there are none.
    func shares(
      _ state: Int?, boxCaps: [Rational?], _ bounds: [WeightDue.Bounds], demand: Rational
    ) -> (share: [Rational], isPinned: [Bool]) {
      var bounds = bounds
      while true {
        let share =
          hard.isEmpty
          ? pour(boxCaps: boxCaps, bounds, demand: demand)
          : Judge.sharesWithPlaces(
            dense, hard, ofState: state, weights: dense.cluster.nodes.map { exact[$0.weight]! },
            caps: bounds.map(\.cap), isPinned: bounds.map(\.isPinned), boxCaps: boxCaps, amount: amount, demand: demand)
        var isSettled = true
        for node in bounds.indices
        where !bounds[node].isPinned && bounds[node].heaviest > 0 && bounds[node].cap.sign > 0
          && exact[dense.cluster.nodes[node].weight]!.sign > 0
        {
          let heaviest = Rational(bounds[node].heaviest)
          guard share[node] < heaviest else { continue }
          (bounds[node].cap, bounds[node].isPinned, isSettled) = (min(heaviest, bounds[node].cap), true, false)
        }
        if isSettled { return (share, bounds.map(\.isPinned)) }
      }
    }

    private func pour(boxCaps: [Rational?], _ bounds: [WeightDue.Bounds], demand: Rational) -> [Rational] {
      var boxes = [Filling.Box(parent: -1, cap: .zero)]
      var boxOfNode = [Int](repeating: 0, count: dense.nodeCount)
      for (level, cap) in boxCaps.enumerated() {
        guard let cap else { continue }
        for nodes in dense.levels[level].nodes where !nodes.isEmpty {
          boxes.append(Filling.Box(parent: boxOfNode[nodes.lowerBound], cap: cap))
          for node in nodes { boxOfNode[node] = boxes.count - 1 }
        }
      }
      var groups: [Filling.Group] = []
      var groupOfKind: [Kind: Int] = [:]
      let groupOfNode = (0..<dense.nodeCount).map { node in
        let weight = dense.cluster.nodes[node].weight
        let kind = Kind(
          box: boxOfNode[node], weight: weight, cap: bounds[node].cap, isPinned: bounds[node].isPinned)
        if let group = groupOfKind[kind] {
          groups[group].count += 1
          return group
        }
        groupOfKind[kind] = groups.count
        groups.append(
          Filling.Group(box: kind.box, count: 1, weight: exact[weight]!, cap: kind.cap, isPinned: kind.isPinned))
        return groups.count - 1
      }
      var filling = Filling(boxes: boxes, groups: groups)
      filling.pour(demand)
      return groupOfNode.map { filling.share[$0] }
    }
  }
}
