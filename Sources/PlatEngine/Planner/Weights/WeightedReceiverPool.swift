/// Where a replica can go: in each leaf box the nodes that lack most stand first, and the boxes that lack most.
///
/// A box that hard rules cap must have its part of nearly every partition where its due is near its cap; so the box is
/// chosen before the node. Heaps of keys; who may not have the partition at hand is taken out and put back.
struct WeightedReceiverPool {
  private let weighing: Weighing
  private let due: WeightedDue
  private var boxes: KeyHeap
  private var nodes: [KeyHeap]
  private var setAside: [Int] = []
  private var boxesAside: [Int] = []
  /// By number of replicas, where weights do not tell nodes apart.
  private let counts: Bool

  /// O(N).
  init(_ weighing: Weighing, _ due: WeightedDue, counts: Bool = false) {
    self.weighing = weighing
    self.due = due
    self.counts = counts
    let problem = weighing.problem
    boxes = KeyHeap(capacity: problem.leafBoxes.count)
    nodes = problem.leafBoxes.map { KeyHeap(capacity: $0.count) }
    for (box, range) in problem.leafBoxes.enumerated() {
      var sum = 0
      for node in range where weighing.hasRoom(NodeIndex(node)) {
        nodes[box].push(node - range.lowerBound, key: key(NodeIndex(node)))
        sum += key(NodeIndex(node))
      }
      if nodes[box].count > 0 { boxes.push(box, key: sum) }
    }
  }

  @inline(__always) private func key(_ node: NodeIndex) -> Int {
    counts ? -Int(weighing.count[node]) : due.due[node] - weighing.load[node]
  }

  /// The best node for a partition that is not in its row yet, where what slot `leaving` holds goes (-1: nothing does).
  /// `withinWindow`: only one that stays within its window. Nil where there is none among the first few; without
  /// that condition, where there is none. O(R · log N) where most may have it.
  mutating func take(_ partition: Int, leaving: Int, withinWindow: Bool, mostBreaches: Int = .max) -> NodeIndex? {
    let problem = weighing.problem
    let row = weighing.row(partition)
    var found: NodeIndex?
    boxesAside.removeAll(keepingCapacity: true)
    while found == nil, let box = boxes.first,
      !withinWindow || boxesAside.count < TrialLimits.WeightedReceiverPool.boxesTried
    {
      let start = problem.leafBoxes[box].lowerBound
      if problem.allows(row, leaving: leaving, intoBoxOf: NodeIndex(start)) {
        found = best(box, partition, row, leaving, withinWindow, mostBreaches)
      }
      if found == nil {
        boxesAside.append(box)
        boxes.pop()
      }
    }
    for box in boxesAside { boxes.push(box, key: boxes.key(of: box)) }
    return found
  }

  private mutating func best(
    _ box: Int, _ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>, _ leaving: Int, _ withinWindow: Bool,
    _ mostBreaches: Int
  ) -> NodeIndex? {
    let problem = weighing.problem
    let weight = weighing.weight.base[partition]
    let start = problem.leafBoxes[box].lowerBound
    var best: (node: NodeIndex, breaches: Int)?
    setAside.removeAll(keepingCapacity: true)
    var tried = 0
    while let offset = nodes[box].first,
      tried < TrialLimits.WeightedReceiverPool.nodesTried || (best == nil && !withinWindow)
    {
      let node = NodeIndex(start + offset)
      tried += 1
      var isThere = false
      for slot in 0..<problem.replicas where row[slot] == node { isThere = true }
      let fits = weighing.load[node] + weight <= due.most[node]
      if best != nil, !fits || tried > TrialLimits.WeightedReceiverPool.softTried { break }
      if withinWindow, !fits, key(node) < 0 { break }
      if !isThere, fits || !withinWindow {
        let breaches = problem.soft.isEmpty ? 0 : problem.softBreaches(row, leaving: leaving, at: node)
        if breaches < best?.breaches ?? .max, breaches <= mostBreaches { best = (node, breaches) }
        if breaches == 0 { break }
      }
      setAside.append(offset)
      nodes[box].pop()
    }
    for offset in setAside { nodes[box].push(offset, key: nodes[box].key(of: offset)) }
    return best?.node
  }

  /// Loads of `node` have changed.
  mutating func update(_ node: NodeIndex) {
    let box = weighing.problem.leafBoxOfNode[node].int
    let offset = node.int - weighing.problem.leafBoxes[box].lowerBound
    guard nodes[box].contains(offset) || weighing.hasRoom(node) else { return }
    let before = nodes[box].contains(offset) ? nodes[box].key(of: offset) : 0
    let sum = boxes.contains(box) ? boxes.key(of: box) - before : 0
    if weighing.hasRoom(node) {
      nodes[box].push(offset, key: key(node))
      boxes.push(box, key: sum + key(node))
    } else {
      nodes[box].remove(offset)
      if nodes[box].count == 0 { boxes.remove(box) } else { boxes.push(box, key: sum) }
    }
  }
}

/// The greatest key first, among equals the least number. Keys stay known after an item is taken out.
struct KeyHeap {
  private var items: [Int32] = []
  private var place: [Int32]
  private var keys: [Int]

  init(capacity: Int) {
    place = Array(repeating: -1, count: capacity)
    keys = Array(repeating: 0, count: capacity)
  }

  var count: Int { items.count }
  var first: Int? { items.first.map { Int($0) } }
  func contains(_ item: Int) -> Bool { place[item] >= 0 }
  func key(of item: Int) -> Int { keys[item] }

  /// Puts an item in, or changes its key. O(log).
  mutating func push(_ item: Int, key: Int) {
    keys[item] = key
    if place[item] < 0 {
      place[item] = Int32(items.count)
      items.append(Int32(item))
      rise(items.count - 1)
    } else {
      rise(Int(place[item]))
      sink(Int(place[item]))
    }
  }

  mutating func pop() { if let first { remove(first) } }

  mutating func remove(_ item: Int) {
    let hole = Int(place[item])
    guard hole >= 0 else { return }
    place[item] = -1
    let last = items.removeLast()
    guard hole < items.count else { return }
    items[hole] = last
    place[Int(last)] = Int32(hole)
    rise(hole)
    sink(Int(place[Int(last)]))
  }

  @inline(__always) private func isBefore(_ a: Int32, _ b: Int32) -> Bool {
    let (x, y) = (keys[Int(a)], keys[Int(b)])
    return x != y ? x > y : a < b
  }

  private mutating func rise(_ start: Int) {
    var here = start
    while here > 0, isBefore(items[here], items[(here - 1) / 2]) {
      swap(here, (here - 1) / 2)
      here = (here - 1) / 2
    }
  }

  private mutating func sink(_ start: Int) {
    var here = start
    while true {
      var best = here
      for child in [2 * here + 1, 2 * here + 2] where child < items.count && isBefore(items[child], items[best]) {
        best = child
      }
      guard best != here else { return }
      swap(here, best)
      here = best
    }
  }

  private mutating func swap(_ a: Int, _ b: Int) {
    items.swapAt(a, b)
    place[Int(items[a])] = Int32(a)
    place[Int(items[b])] = Int32(b)
  }
}
