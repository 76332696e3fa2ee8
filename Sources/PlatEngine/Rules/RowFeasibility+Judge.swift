/// Whether one partition by itself finds a place for all its replicas, under all hard rules at once: which counts of
/// each state a container can have, from the nodes outwards.
///
///     node   active {-, m, s}, in maintenance {-, s}   zone of two   {-, m, s, ms, ss}   atMost 1 slave: without ss
///
/// Near rules count, where a container of their level has the one that others are to be near to, those that are near.
/// Of containers that can have the same no more are looked at than there are replicas.
struct RowFeasibility {
  /// What else to suppose.
  private let change: Shortage.Change
  private let dense: DenseCluster
  private let wanted: [Int]
  private let rules: [AtMost]
  private let near: [(rule: Near, need: Int)]
  /// The greatest value of each part of a count: states, then near rules.
  private let most: [Int]
  private let strides: [Int]
  private let resting: Set<Int>
  /// States by themselves: a node holds one replica.
  private let ofActive: Set<Int>
  private let ofResting: Set<Int>

  private static let mostCounts = 1 << 12

  /// Nil where that is too much to look at.
  static func hasWholeRow(_ dense: DenseCluster, resting: Set<Int>, _ change: Shortage.Change) -> Bool? {
    RowFeasibility(dense, resting, change)?.hasWholeRow
  }

  private init?(_ dense: DenseCluster, _ resting: Set<Int>, _ change: Shortage.Change) {
    let wanted = change.wanted ?? dense.dataWanted
    (self.dense, self.resting, self.change, self.wanted) = (dense, resting, change, wanted)
    rules = AtMost.hard(dense)
    near = dense.cluster.settings.rules(Near.self).compactMap { rule in
      let need = min(rule.limit(change.limit), rule.states.reduce(0) { $0 + wanted[$1] })
      return rule.strength == .hard && wanted[rule.of] > 0 && need > 0 ? (rule, need) : nil
    }
    most = wanted + near.map(\.need)
    var size = 1
    var strides: [Int] = []
    for most in most {
      strides.append(size)
      size *= most + 1
      guard size <= RowFeasibility.mostCounts else { return nil }
    }
    self.strides = strides
    let states = wanted.indices.filter { wanted[$0] > 0 }
    ofActive = Set([0] + states.map { strides[$0] })
    ofResting =
      wanted.dropFirst().allSatisfy { $0 == 0 } ? [0] : Set([0] + states.filter { $0 > 0 }.map { strides[$0] })
  }

  private func part(_ count: Int, _ index: Int) -> Int { count / strides[index] % (most[index] + 1) }

  /// Nil where a state has more than is wanted.
  private func sum(_ a: Int, _ b: Int) -> Int? {
    var sum = 0
    for index in most.indices {
      var value = part(a, index) + part(b, index)
      if value > most[index] {
        guard index >= wanted.count else { return nil }
        value = most[index]
      }
      sum += value * strides[index]
    }
    return sum
  }

  private func join(_ a: Set<Int>, _ b: Set<Int>) -> Set<Int> {
    guard b.count > 1 else { return a }
    var joined = a
    for x in a { for y in b where y > 0 { if let sum = sum(x, y) { joined.insert(sum) } } }
    return joined
  }

  private var hasWholeRow: Bool {
    var all = reach(level: 0, 0..<dense.nodeCount)
    if let (count, nodes) = change.containers {
      for _ in 0..<min(count, wanted.reduce(0, +)) { all = join(all, newContainer(level: 0, nodes)) }
    }
    return all.contains { count in
      wanted.indices.allSatisfy { part(count, $0) == wanted[$0] }
        && near.indices.allSatisfy { part(count, wanted.count + $0) == near[$0].need }
    }
  }

  /// Counts that the containers of a level have in a range of nodes.
  private func reach(level: Int, _ range: Range<Int>) -> Set<Int> {
    var all: Set<Int> = [0]
    var seen: [Set<Int>: Int] = [:]
    func add(_ one: Set<Int>) {
      let times = seen[one, default: 0]
      guard one.count > 1, times < wanted.reduce(0, +) else { return }
      seen[one] = times + 1
      all = join(all, one)
    }
    if level == dense.levels.count {
      for node in range { add(ofNode(node)) }
      if let (beside, count) = change.nodes, range.contains(beside) || dense.nodeCount == 0 {
        for _ in 0..<count { add(ofActive) }
      }
      return all
    }
    // Containers of a level stand in tree order.
    let boxes = dense.levels[level].nodes
    guard !range.isEmpty else { return all }
    let first = dense.levels[level].containerOfNode[range.lowerBound].int
    for box in boxes[first...] {
      guard box.lowerBound < range.upperBound else { break }
      if !box.isEmpty { add(kept(reach(level: level + 1, box), level)) }
    }
    return all
  }

  private func ofNode(_ node: Int) -> Set<Int> {
    guard dense.capacity[node] > 0 else { return [0] }
    switch dense.status[node].entitlement {
    case .share: return dense.mayTake(node) ? ofActive : [0]
    case .holdings: return resting.contains(node) ? ofResting : [0]
    case .nothing: return [0]
    }
  }

  /// Nodes that share no container of an inner level.
  private func newContainer(level: Int, _ nodes: Int) -> Set<Int> {
    var one = ofActive
    for inner in (level + 1..<max(level + 1, dense.levels.count)).reversed() { one = kept(one, inner) }
    var all: Set<Int> = [0]
    for _ in 0..<min(nodes, wanted.reduce(0, +)) { all = join(all, one) }
    return kept(all, level)
  }

  /// What the rules of a level leave of the counts in one container.
  private func kept(_ counts: Set<Int>, _ level: Int) -> Set<Int> {
    var kept: Set<Int> = []
    counts: for count in counts {
      for rule in rules where rule.level == level {
        if rule.states.reduce(0, { $0 + part(count, $1) }) > rule.limit(change.limit) { continue counts }
      }
      var count = count
      for (index, near) in near.enumerated() where near.rule.level == level && part(count, near.rule.of) > 0 {
        count += min(near.need, near.rule.states.reduce(0) { $0 + part(count, $1) }) * strides[wanted.count + index]
      }
      kept.insert(count)
    }
    return kept
  }
}
