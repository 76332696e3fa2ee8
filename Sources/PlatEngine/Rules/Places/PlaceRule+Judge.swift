/// A rule that names places, with what is read from it once for all who judge by it.
struct JudgedPlace {
  let rule: PlaceRule
  /// By node: its selector means it.
  let isMeant: [Bool]
  let bounds: [PlaceRule.Bound]

  /// As the settings have them. O(N · rules).
  static func all(_ dense: DenseCluster) -> [JudgedPlace] {
    dense.cluster.settings.places.map { rule in
      JudgedPlace(rule: rule, isMeant: rule.selector.nodes(of: dense.cluster), bounds: rule.bounds(dense.wanted))
    }
  }

  static func hard(_ dense: DenseCluster) -> [JudgedPlace] { all(dense).filter { $0.rule.strength == .hard } }
}

extension Judge.CheckContext {
  /// Judges the rules that name places, each in one pass over the map, from the rules themselves. What failed nodes
  /// hold is not there. O(P · R · rules).
  func placeRules() throws(PlatError) -> [Judge.ViolationList] {
    var lists: [Judge.ViolationList] = []
    for (index, place) in places.enumerated() {
      let rule = place.rule
      var violations = Judge.ViolationList(.place(index), rule.strength)
      let slots = try slots(ofStates: rule.states, in: map)
      for partition in 0..<rowCount {
        let row = map.slots + partition * map.width
        var (inside, outside) = (0, 0)
        for index in 0..<slots.count {
          let node = row[slots.base[index]].int
          guard node < nodeCount, isLive.base[node] == 1 else { continue }
          if place.isMeant[node] { inside += 1 } else { outside += 1 }
        }
        if let breach = rule.breach(inside, outside, dense.wanted) {
          violations.add(Judge.Breach(partition: partition, want: breach.want, have: breach.have))
        }
      }
      lists.append(violations)
    }
    return lists
  }

  /// Rules that name places which the row breaks, with what they count too much.
  func brokenPlaces(
    _ row: [(node: Int, state: Int)], _ strength: Strength
  ) -> [(rule: PlaceRule, nodes: [Int], excess: Int)] {
    places.filter { $0.rule.strength == strength }.compactMap { place in
      let (rule, isMeant) = (place.rule, place.isMeant)
      let counted = row.filter { rule.states.contains($0.state) && isLive.base[$0.node] == 1 }.map(\.node)
      let inside = counted.count { isMeant[$0] }
      guard let breach = rule.breach(inside, counted.count - inside, dense.wanted) else { return nil }
      let isInside = breach.have > breach.want && rule.demand != .only
      return (rule, counted.filter { isMeant[$0] == isInside }, abs(breach.have - breach.want))
    }
  }

  /// The hard rule that names places which keeps the node from having the partition in the state; nil: none does.
  func placeThatBars(_ node: Int, _ row: Judge.Reasons.Row, _ state: Int) -> Int? {
    places.firstIndex { place in
      guard place.rule.strength == .hard, place.rule.states.contains(state) else { return false }
      let isInside = place.isMeant[node]
      let there = row.held.count { place.rule.states.contains($0.state) && place.isMeant[$0.node] == isInside }
      return place.bounds.contains { $0.isInside == isInside && there >= $0.most }
    }
  }

  /// The hard rules that keep an active node from holding anything at all.
  var placesThatEmpty: [JudgedPlace] {
    func isEmptied(_ node: Int) -> Bool {
      dense.cluster.nodes[node].status.mayReceive && dense.status[node].isDrained
    }
    return places.filter { place in
      place.rule.strength == .hard && place.bounds.contains { bound in
        bound.most == 0 && place.isMeant.indices.contains { place.isMeant[$0] == bound.isInside && isEmptied($0) }
      }
    }
  }
}

extension Judge {
  /// By node: none of the hard rules that name places forbids it the state altogether.
  static func mayEver(_ dense: DenseCluster, _ hard: [JudgedPlace], inState state: Int) -> [Bool] {
    var may = [Bool](repeating: true, count: dense.nodeCount)
    for place in hard where place.rule.states.contains(state) {
      for bound in place.bounds where bound.most == 0 {
        for node in may.indices where place.isMeant[node] == bound.isInside { may[node] = false }
      }
    }
    return may
  }

  /// Sets of nodes that hard rules let hold no more than so many replicas in all, or in one state.
  private static func placeCaps(
    _ dense: DenseCluster, _ hard: [JudgedPlace], ofState state: Int?, amount: Rational
  ) -> [(isIn: [Bool], cap: Rational)] {
    hard.flatMap { place -> [(isIn: [Bool], cap: Rational)] in
      let states = place.rule.states
      let counted = dense.dataWanted.indices.filter { one in state == nil || state == one }
      let others = counted.filter { !states.contains($0) }.reduce(0) { $0 + dense.dataWanted[$1] }
      // About several states a bound says nothing of one of them alone.
      if let state, states.filter({ dense.dataWanted[$0] > 0 }) != [state] { return [] }
      return place.bounds.map { bound in
        (place.isMeant.map { $0 == bound.isInside }, amount * Rational(bound.most + others))
      }
    }
  }

  /// What nodes are due where rules name places: as `due`, with caps on sets of nodes. Who may be nothing but one state
  /// is that with all that it is due. O(N²) exact operations at most; mostly a few passes.
  static func dueWithPlaces(_ cluster: DenseCluster, map: PlacementMap?) -> JudgedDue {
    let weights = cluster.cluster.nodes.map { Rational($0.weight) }
    let isResting = cluster.status.map(\.isPinned)
    let held = isResting.contains(true) ? cluster.loads(of: map) : []
    let caps = cluster.status.indices.map { node -> Rational in
      switch cluster.status[node].entitlement {
      case .share: Rational(cluster.capacity[node])
      case .holdings: Rational(held[node])
      case .nothing: .zero
      }
    }
    let partitions = Rational(cluster.partitionCount)
    let hard = JudgedPlace.hard(cluster)
    func shares(
      _ state: Int?, _ caps: [Rational], _ boxCaps: [Int?], isPinned: [Bool], replicas: Int
    ) -> [Rational] {
      sharesWithPlaces(
        cluster, hard, ofState: state, weights: weights, caps: caps, isPinned: isPinned,
        boxCaps: boxCaps.map { $0.map { Rational($0) } }, amount: partitions, demand: partitions * Rational(replicas))
    }
    let wantedStates = cluster.wanted.indices.filter { cluster.dataWanted[$0] > 0 }
    let may = cluster.wanted.indices.map { mayEver(cluster, hard, inState: $0) }
    let total = shares(nil, caps, totalCaps(cluster), isPinned: isResting, replicas: cluster.replicas)
    var left = total
    var ofState = cluster.wanted.map { _ in [Rational]() }
    for state in wantedStates.dropLast() {
      let isBarred = left.indices.map { !may[state][$0] || state == 0 && isResting[$0] }
      let isOnly = left.indices.map { node in
        !isBarred[node] && !wantedStates.contains { $0 > state && may[$0][node] }
      }
      let share = shares(
        state, left.indices.map { isBarred[$0] ? .zero : left[$0] }, self.caps(cluster, ofState: state, wantedStates),
        isPinned: isOnly, replicas: cluster.dataWanted[state])
      left = zip(left, share).map { $0 - $1 }
      ofState[state] = share
    }
    if let last = wantedStates.last { ofState[last] = left }
    for state in cluster.wanted.indices where cluster.wanted[state] > 0 && cluster.dataWanted[state] == 0 {
      let states = cluster.cluster.settings.model.states
      guard !states[state].holdsData else {
        ofState[state] = weights.map { _ in .zero }  // nobody can have it
        continue
      }
      let open = cluster.status.indices.map { node in
        cluster.status[node].mayReceive && may[state][node] ? Rational(cluster.partitionCount) : Rational.zero
      }
      ofState[state] = shares(
        state, open, self.caps(cluster, ofState: state, [state]), isPinned: weights.map { _ in false },
        replicas: cluster.wanted[state])
    }
    return JudgedDue(total: total, ofState: ofState, hasWeight: weights.map { $0.sign > 0 })
  }

  /// Fair shares in all, or of one state, under what boxes and hard rules that name places let sets of nodes have.
  /// `amount`: what all partitions come to, once.
  static func sharesWithPlaces(
    _ cluster: DenseCluster, _ hard: [JudgedPlace], ofState state: Int?, weights: [Rational], caps: [Rational],
    isPinned: [Bool], boxCaps: [Rational?], amount: Rational, demand: Rational
  ) -> [Rational] {
    let boxes = boxCaps.enumerated().flatMap { level, cap -> [(isIn: [Bool], cap: Rational)] in
      guard let cap else { return [] }
      let boxes = cluster.levels[level].nodes.map { nodes in
        (isIn: cluster.status.indices.map(nodes.contains), cap: cap)
      }
      return boxes + allButOne(boxes)
    }
    return progressive(
      weights: weights, caps: caps, isPinned: isPinned,
      sets: boxes + placeCaps(cluster, hard, ofState: state, amount: amount), demand: demand)
  }

  /// Fair shares where sets of nodes are capped that cross one another: what all have rises together, by weight, until
  /// a set or a box is full, or a node at its cap; what is in it rises no more. O((nodes + sets)²) at most.
  static func progressive(
    weights: [Rational], caps: [Rational], isPinned: [Bool], sets: [(isIn: [Bool], cap: Rational)], demand: Rational
  ) -> [Rational] {
    var demand = demand
    var share = caps.indices.map { isPinned[$0] ? caps[$0] : .zero }
    var rises = caps.indices.map { !isPinned[$0] && weights[$0].sign > 0 && caps[$0].sign > 0 }
    let all = implied(sets, &demand) + [(isIn: caps.map { _ in true }, cap: demand)]
    while rises.contains(true) {
      var step: Rational?
      func limit(_ room: Rational, _ weight: Rational) {
        let most = room.sign > 0 ? room / weight : .zero
        if step.map({ most < $0 }) ?? true { step = most }
      }
      for set in all {
        var (load, weight) = (Rational.zero, Rational.zero)
        for node in caps.indices where set.isIn[node] {
          load = load + share[node]
          if rises[node] { weight = weight + weights[node] }
        }
        if weight.sign > 0 { limit(set.cap - load, weight) }
      }
      for node in caps.indices where rises[node] { limit(caps[node] - share[node], weights[node]) }
      guard let step else { break }
      for node in caps.indices where rises[node] { share[node] = share[node] + step * weights[node] }
      for node in caps.indices where rises[node] && share[node] >= caps[node] { rises[node] = false }
      for set in all {
        let load = caps.indices.reduce(Rational.zero) { set.isIn[$1] ? $0 + share[$1] : $0 }
        if load >= set.cap { for node in caps.indices where set.isIn[node] { rises[node] = false } }
      }
    }
    return share
  }
}

extension Judge {
  /// What caps on sets say of other sets where all of the demand is to be placed, and how much that can be: who is
  /// outside of a set has what its cap leaves over. Two sets that leave different nodes out leave what they share the
  /// rest. A level of capped boxes counts as one set for each box, of all others. At most 64 sets are combined.
  fileprivate static func implied(
    _ sets: [(isIn: [Bool], cap: Rational)], _ demand: inout Rational
  ) -> [(isIn: [Bool], cap: Rational)] {
    var found = sets
    /// Sets that leave no node out of both.
    func cover(_ a: [Bool], _ b: [Bool]) -> Bool { !a.indices.contains { !a[$0] && !b[$0] } }
    for (index, set) in sets.enumerated() {
      if cover(set.isIn, set.isIn) { demand = min(demand, set.cap) }
      for other in sets[..<index] where cover(set.isIn, other.isIn) { demand = min(demand, set.cap + other.cap) }
    }
    var index = 1
    while index < found.count, found.count < 64 {
      for other in found[..<index] where cover(found[index].isIn, other.isIn) {
        let shared = zip(found[index].isIn, other.isIn).map { $0 && $1 }
        let cap = max(.zero, found[index].cap + other.cap - demand)
        let isSaid = found.contains { $0.isIn == shared && $0.cap <= cap }
        if shared.contains(true), !isSaid { found.append((shared, cap)) }
        if found.count == 64 { break }
      }
      index += 1
    }
    return found
  }

  /// For each of a few boxes that are all nodes together: all but that one, with what the others may have.
  fileprivate static func allButOne(_ boxes: [(isIn: [Bool], cap: Rational)]) -> [(isIn: [Bool], cap: Rational)] {
    guard (2...8).contains(boxes.count) else { return [] }
    return boxes.indices.map { left in
      let rest = boxes.indices.filter { $0 != left }
      return (boxes[left].isIn.map { !$0 }, rest.reduce(.zero) { $0 + boxes[$1].cap })
    }
  }
}

extension PlaceRule {
  /// Of a partition with so many live replicas in its states there and elsewhere: what is asked for, and what is there
  /// instead.
  func breach(_ inside: Int, _ outside: Int, _ wanted: [Int]) -> (want: Int, have: Int)? {
    switch demand {
    case .only: return outside > 0 ? (0, outside) : nil
    case .never: return inside > 0 ? (0, inside) : nil
    case .within(let atLeast, let atMost):
      if let atMost, inside > atMost { return (atMost, inside) }
      let all = states.reduce(0) { $0 + wanted[$1] }
      guard let atLeast = atLeast.map({ min($0, all) }) else { return nil }
      // What is not placed at all is missing, not elsewhere.
      let missing = max(0, all - inside - outside)
      return inside + missing < atLeast ? (atLeast, inside + missing) : nil
    }
  }
}

extension Judge.Words {
  func becausePlace(_ index: Int, _ breach: Judge.Breach) -> String {
    let (rule, isMeant) = (context.places[index].rule, context.places[index].isMeant)
    let wrong = rule.states.flatMap { context.liveHolders(of: breach.partition, inState: $0) }.filter { node in
      switch rule.demand {
      case .only: return !isMeant[node]
      case .never: return isMeant[node]
      case .within(_, let atMost): return isMeant[node] == (breach.want == atMost && breach.have > breach.want)
      }
    }
    let names = context.list(wrong.sorted().map(context.nodeName))
    return "\(names) \(wrong.count == 1 ? "has" : "have") it, and \(rule.words(context.model))"
  }
}
