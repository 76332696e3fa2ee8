/// Brings the sums of several maps, in weight, into their windows: replicas of any map change nodes or states, where
/// the map itself comes no farther from its own balance.
///
///     sum of a  ▓▓▓▓▓▓▓▓▓▓│▓▓       what brings most into the windows for the weight that moves:
///                                     1. two holders change states over: nothing moves
///     sum of b  ▓▓▓▓▓▓▓   │           2. a replica goes from a to b
///                                     3. two, of one map or of two: there and back, or on to a third node
///
/// Each step brings what lies outside of the windows of sums down, so it ends. What then turns out to lie elsewhere for
/// nothing goes home. No hard rule, capacity or soft rule is broken for it; maps with near rules, rules about single
/// states, states that hold no data, or a limit on peers are left as they are.
struct SumExchange {
  /// A map as the search sees it. Rows are the target's own.
  final class Member {
    let map: Int
    let problem: Problem
    let weighing: Weighing
    let target: PlacementMap
    let scale: Int
    /// Of each column the place of its state among the sums.
    let placeOfColumn: [Int]

    init(map: Int, problem: Problem, weighing: Weighing, target: PlacementMap, scale: Int, placeOfColumn: [Int]) {
      (self.map, self.problem, self.weighing, self.target, self.scale, self.placeOfColumn) =
        (map, problem, weighing, target, scale, placeOfColumn)
    }
  }

  /// A replica in a node's list: the heaviest first.
  struct Item {
    var member: Int32
    var slot: UInt32
    var weight: Int
  }

  let sums: WeightSums
  let members: [Member]
  private(set) var scores: [WeightSums.BalanceScore]
  private(set) var windows: WeightSums.Windows
  private(set) var items: [[Item]]
  let isActive: [Bool]
  /// Steps that changed dues such that they did not help.
  private var barred: [SumStep] = []
  private(set) var changed: Set<Int> = []  // asked only
  var trials = TrialLimits.SumExchange.trials
  private let interrupt: Interrupt?

  /// Returns the maps that it changed. `targets`: changed in place, but for those that are frozen.
  /// O(Σ P · R + P log P), and a bounded number of trials; nothing where all sums are well.
  static func run(
    _ sums: WeightSums, _ group: DenseGroup, _ weights: GroupWeights, _ clusters: [DenseCluster],
    _ targets: [PlacementMap],
    from currents: [PlacementMap?], isFrozen: [Bool], _ scores: inout [WeightSums.BalanceScore], _ interrupt: Interrupt?
  ) throws(PlatError) -> [Int] {
    guard sums.windows(scores).outside.of > 0 else { return [] }
    var search = try SumExchange(sums, group, weights, clusters, targets, currents, isFrozen, scores, interrupt)
    try search.search()
    try search.bringHome()
    scores = search.scores
    return search.changed.sorted()
  }

  private init(
    _ sums: WeightSums, _ group: DenseGroup, _ weights: GroupWeights, _ clusters: [DenseCluster],
    _ targets: [PlacementMap],
    _ currents: [PlacementMap?], _ isFrozen: [Bool], _ scores: [WeightSums.BalanceScore], _ interrupt: Interrupt?
  ) throws(PlatError) {
    (self.sums, self.scores, self.interrupt) = (sums, scores, interrupt)
    windows = sums.windows(scores)
    isActive = windows.isActive
    var members: [Member] = []
    for (map, cluster) in clusters.enumerated() where weights.scale[map] > 0 && cluster.mayExchange && !isFrozen[map] {
      let problem = try Problem(cluster, current: currents[map], arena: Arena())
      let weighing = try Weighing(problem, weights.of[map], Placement(problem, target: targets[map]))
      weighing.recount()
      var places = [Int](repeating: 0, count: problem.replicas)
      for state in cluster.dataWanted.indices {
        for column in targets[map].slots(ofState: state) {
          places[column] = sums.place(of: state, in: map) ?? sums.total
        }
      }
      members.append(
        Member(
          map: map, problem: problem, weighing: weighing, target: targets[map], scale: weights.scale[map],
          placeOfColumn: places))
    }
    self.members = members
    items = Array(repeating: [], count: group.nodeCount)
    for (index, member) in members.enumerated() {
      for slot in 0..<member.problem.partitionCount * member.problem.replicas where member.weighing.rows[slot] != .none
      {
        let weight = member.weighing.weight.base[slot / member.problem.replicas] * member.scale
        guard weight > 0 else { continue }
        items[member.weighing.rows[slot].int].append(Item(member: Int32(index), slot: UInt32(slot), weight: weight))
      }
    }
    for node in items.indices { items[node].sort(by: Self.isBefore) }
  }

  private static func isBefore(_ a: Item, _ b: Item) -> Bool {
    (b.weight, a.member, a.slot) < (a.weight, b.member, b.slot)
  }

  // MARK: the search

  private mutating func search() throws(PlatError) {
    for _ in 0..<TrialLimits.SumExchange.rounds {
      let out = isActive.indices.filter { isActive[$0] && windows.outside($0) > 0 }.sorted {
        (windows.outside($1), $0) < (windows.outside($0), $1)
      }
      var isBetter = false
      for node in out {
        while trials > 0, windows.outside(node) > 0 {
          if interrupt?.isRequested == true { throw .cancelled }
          if try takeHops(of: node) {
            isBetter = true
          } else if let step = best(for: node) {
            if try take(step) { isBetter = true } else { barred.append(step) }
          } else {
            break
          }
        }
      }
      guard isBetter else { return }
    }
  }

  /// Takes single hops by which a node's sums come nearer to their windows, those first that bring most for their
  /// weight: ranked once, each is taken if it still brings as much when its turn comes. Returns whether any was.
  private mutating func takeHops(of node: Int) throws(PlatError) -> Bool {
    var ranked: [(choice: SumChoice, hop: SumHop)] = []
    let gives = windows.above(node) > 0
    for gives in [gives, !gives] {
      for hop in hops(of: NodeIndex(node), gives: gives) {
        trials -= 1
        let gain = gain(of: hop)
        guard gain > 0, isWithin(hop) else { continue }
        ranked.append((SumChoice(step: SumStep(first: hop), gain: gain), hop))
      }
    }
    var isTaken = false
    let order = ranked.indices.sorted { a, b in
      if ranked[b].choice.isBeaten(by: ranked[a].choice.gain, ranked[a].hop.cost) { return true }
      return !ranked[a].choice.isBeaten(by: ranked[b].choice.gain, ranked[b].hop.cost) && a < b
    }
    for place in order where windows.outside(node) > 0 {
      let (choice, hop) = ranked[place]
      let step = SumStep(first: hop)
      guard gain(of: hop) >= choice.gain, isPossible(hop), isWithin(hop), !barred.contains(step) else { continue }
      if interrupt?.isRequested == true { throw .cancelled }
      if try take(step) { isTaken = true } else { barred.append(step) }
    }
    return isTaken
  }

  /// The best step beside single hops: the contents of two nodes; where there are none that help, two hops.
  private mutating func best(for node: Int) -> SumStep? {
    var best = SumChoice()
    let gives = windows.above(node) > 0
    for other in partners(of: NodeIndex(node), gives: gives) {
      for member in members.indices {
        trials -= 1
        let hop = SumHop(kind: .contents, member: member, from: NodeIndex(node), to: other, weight: 0, cost: 0)
        guard gain(of: hop) > 0, let hop = contents(member, NodeIndex(node), with: other) else { continue }
        consider(SumStep(first: hop), &best)
      }
    }
    if let step = best.step { return step }
    for gives in [gives, !gives] {
      considerPairs(of: NodeIndex(node), gives: gives, &best)
      if let step = best.step { return step }
    }
    return nil
  }

  mutating func consider(_ step: SumStep, _ best: inout SumChoice) {
    trials -= 1
    let gain = windows.spares(changes(step))
    guard gain > 0, best.isBeaten(by: gain, step.cost), isWithin(step), !barred.contains(step) else { return }
    best = SumChoice(step: step, gain: gain)
  }

  /// Whether no map comes farther from its own windows, as these are before it.
  func isWithin(_ step: SumStep) -> Bool {
    guard let second = step.second else { return isWithin(step.first) }
    if second.member != step.first.member { return isWithin(step.first) && isWithin(second) }
    return scores[members[step.first.member].map].allows(changes(step))
  }

  // MARK: one step

  /// Where it changes dues, these are counted anew: then it counts only if it still helps. False where all is as it
  /// was.
  private mutating func take(_ step: SumStep, mayKeep: Bool = false) throws(PlatError) -> Bool {
    let (before, outside) = ((scores, windows), windows.outside.of)
    windows.add(changes(step))
    var isCounted = false
    for hop in step.hops {
      let map = members[hop.member].map
      let isLight = isLight(hop)
      scores[map].add(changes(hop))
      make(hop)
      guard !isLight else { continue }
      scores[map] = try sums.score(map, members[hop.member].weighing)
      isCounted = true
    }
    if isCounted {
      windows = sums.windows(scores)
      let isWell = step.hops.allSatisfy { hop in
        let map = members[hop.member].map
        return scores[map].isNoWorse(than: before.0[map])
      }
      guard isWell, mayKeep ? windows.outside.of <= outside : windows.outside.of < outside else {
        for hop in step.hops.reversed() { make(hop.reversed) }
        (scores, windows) = before
        return false
      }
    }
    for hop in step.hops { changed.insert(members[hop.member].map) }
    return true
  }

  private func isLight(_ hop: SumHop) -> Bool {
    hop.kind != .contents
      && changes(hop).allSatisfy { scores[members[hop.member].map].isLight(hop.weight, $0.place, $0.node) }
  }

  private mutating func make(_ hop: SumHop) {
    let weighing = members[hop.member].weighing
    func item(_ partition: Int, _ column: Int, _ weight: Int) -> Item {
      Item(member: Int32(hop.member), slot: UInt32(partition * weighing.replicas + column), weight: weight)
    }
    switch hop.kind {
    case .move:
      weighing.set(hop.partition, hop.column, to: hop.to)
      let item = item(hop.partition, hop.column, hop.weight)
      remove(item, of: hop.from)
      add(item, to: hop.to)
    case .roles(let other):
      let (mine, theirs) = (item(hop.partition, hop.column, hop.weight), item(hop.partition, other, hop.weight))
      weighing.row(hop.partition).swap(hop.column, other)
      remove(mine, of: hop.from)
      remove(theirs, of: hop.to)
      add(mine, to: hop.to)
      add(theirs, to: hop.from)
    case .contents:
      for slot in 0..<weighing.problem.partitionCount * weighing.replicas {
        if weighing.rows[slot] == hop.from {
          weighing.rows[slot] = hop.to
        } else if weighing.rows[slot] == hop.to {
          weighing.rows[slot] = hop.from
        }
      }
      weighing.recount()
      let (mine, theirs) = (items[hop.from.int], items[hop.to.int])
      items[hop.from.int] =
        (mine.filter { Int($0.member) != hop.member } + theirs.filter { Int($0.member) == hop.member }).sorted(
          by: Self.isBefore)
      items[hop.to.int] =
        (theirs.filter { Int($0.member) != hop.member } + mine.filter { Int($0.member) == hop.member }).sorted(
          by: Self.isBefore)
    }
  }

  private mutating func remove(_ item: Item, of node: NodeIndex) {
    if let place = items[node.int].firstIndex(where: { $0.slot == item.slot && $0.member == item.member }) {
      items[node.int].remove(at: place)
    }
  }

  private mutating func add(_ item: Item, to node: NodeIndex) {
    var (low, high) = (0, items[node.int].count)
    while low < high {
      let middle = (low + high) / 2
      if Self.isBefore(items[node.int][middle], item) { low = middle + 1 } else { high = middle }
    }
    items[node.int].insert(item, at: low)
  }

  // MARK: home

  /// What has been newly placed goes home where neither sums nor its own map lose by it. Heaviest first.
  private mutating func bringHome() throws(PlatError) {
    guard !changed.isEmpty else { return }
    var isBetter = true
    while isBetter {
      isBetter = false
      let newReplicas = items.enumerated().flatMap { node, items in items.map { (node: NodeIndex(node), item: $0) } }
        .filter { newReplica in
        let member = members[Int(newReplica.item.member)]
        return changed.contains(member.map)
          && !member.problem.isHeld(Int(newReplica.item.slot) / member.problem.replicas, by: newReplica.node)
      }
      for (node, item) in newReplicas.sorted(by: { Self.isBefore($0.item, $1.item) }) {
        if interrupt?.isRequested == true { throw .cancelled }
        let problem = members[Int(item.member)].problem
        let partition = Int(item.slot) / problem.replicas
        guard partition < problem.heldPartitions else { continue }
        let held = problem.heldRows + partition * problem.heldWidth
        for slot in problem.heldSlots where held[slot] != .none && isActive[held[slot].int] {
          guard let hop = move(item, from: node, to: held[slot]), isWithin(hop), gain(of: hop) >= 0,
            try take(SumStep(first: hop), mayKeep: true)
          else { continue }
          isBetter = true
          break
        }
      }
    }
  }
}

extension DenseCluster {
  /// Whether sums may be mended by single replicas of the map.
  var mayExchange: Bool {
    wanted == dataWanted && !cluster.settings.hasPeerLimit && hasPlainCapsOnly
  }
}
