/// Stage 3, where direct moves do not do: shortest chains of moves, until none is left.
///
/// This is minimum-cost flow by shortest augmenting paths on an implicit graph. Its vertices are the nodes and
/// two hubs; an arc m → d stands for "some partition goes from m to d" and costs what d must receive less what
/// m received needlessly:
///
///     cost(p: m → d) = (d holds p today ? 0 : 1) − (m holds p today ? 0 : 1)
///
///     slack   d → slack → j: d keeps one more within its window and j gives one up within its own
///     pool    m → pool → d: m's replica is not placed, another partition's missing one is
///
/// Paths begin at nodes above their windows, at the slack where the clamped loads are too many, and at the pool
/// where replicas are missing; they end where something is lacking. Each phase finds the distances of all
/// vertices up to the nearest end (Dijkstra over reduced costs, fewest hops among equals), raises the
/// potentials by them, and then sends what it can along arcs that lie on shortest paths (depth first, with a
/// current place in each node's list). Arcs to all nodes of a container that hard rules treat alike are looked
/// at together: a container is opened only while some node in it could still come nearer.
///
/// A partition's hops on one shortest path never share a container, for else the path could be cut short;
/// so checking each hop alone is enough. Should that fail, the chain is left with its end done and its
/// beginning waiting, which the next phase sees; and `Certify` recounts the bound from the potentials alone.
struct Exchange {
  private let problem: Problem
  private let due: Due
  private var placement: Placement
  private var holdings: Holdings
  private let load: NodeTable<Int32>

  /// Potentials in moves, of the nodes and then the hubs. Reduced costs under them are never negative.
  private let potential: NodeTable<Int32>
  /// Distance of a vertex from where paths begin, this phase: moves in the high half, hops in the low.
  private let key: NodeTable<Int64>
  private let isSettled: NodeTable<Bool>
  private let isDead: NodeTable<Bool>
  private let place: NodeTable<Holdings.Place>
  private var heap: [(priority: Int64, vertex: Int)] = []
  /// The greatest key of a node in each leaf box, or less than any where no node of it can take anything.
  private var farthest: [Int64]
  /// Settled nodes that can take something, by key and leaf box, with dead ones skipped.
  private var candidates = CandidateLists()
  private var poolMissing: [PartitionIndex] = []
  private var poolPlace = 0
  private var slackPlace = 0
  private var surplus = 0
  private var unplaced = 0

  private let reach: Reach
  private let slack: Int
  private let pool: Int
  /// Keys from here on lie beyond reach, whatever the vertex.
  private var horizon = Exchange.unreached
  private static let move: Int64 = 1 << 32
  private static let hop: Int64 = 1
  private static let unreached = Int64.max / 4

  /// Mends what is out of balance with the fewest moves. `potential`: N + 2, valid for the placement; they come
  /// back as the proof. O(phases · P · R · leaf boxes), less where ends are near.
  static func run(
    _ problem: Problem, _ due: Due, _ placement: inout Placement, potential: NodeTable<Int32>, reach: Reach = .all
  ) throws(PlatError) {
    guard problem.replicas > 0, !Balance(placement, due).isSettled else { return }
    var exchange = try Exchange(problem, due, placement, potential, reach)
    var before = Int.max
    var stuck = 0
    while stuck < 3 {
      let balance = Balance(exchange.placement, due)
      let left = balance.above + max(0, balance.surplus) + max(0, balance.unplaced)
      guard left > 0 else { break }
      stuck = left < before ? 0 : stuck + 1
      before = min(before, left)
      guard exchange.phase(balance) else { break }
    }
    placement = exchange.placement
    if case .all = reach { exchange.letGoOfWhatDoesNotFit(&placement) }
  }

  /// How far paths may go.
  enum Reach {
    case all
    /// Along arcs that are tight already, so that the number of moves stays as it is proved.
    case tight
    /// Along arcs that cost nothing, from potentials of 0. When no such path is left, the potentials of what
    /// cannot be reached become 1: direct moves then are shortest paths.
    case free
  }

  private init(
    _ problem: Problem, _ due: Due, _ placement: Placement, _ potential: NodeTable<Int32>, _ reach: Reach
  ) throws(PlatError) {
    self.reach = reach
    self.problem = problem
    self.due = due
    self.placement = placement
    self.potential = potential
    load = placement.load
    holdings = try Holdings(problem, placement) { partition in
      guard case .free = reach else { return true }
      return problem.isAway(partition, from: placement.row(partition))
    }
    key = try problem.arena.table(problem.nodeCount + 2)
    isSettled = try problem.arena.table(problem.nodeCount + 2)
    isDead = try problem.arena.table(problem.nodeCount + 2)
    place = try problem.arena.table(problem.nodeCount)
    farthest = problem.leafBoxes.map { _ in Exchange.unreached }
    slack = problem.nodeCount
    pool = problem.nodeCount + 1
  }

  // MARK: A phase

  /// One round of distances and augmentation. False where no end can be reached.
  private mutating func phase(_ balance: Balance) -> Bool {
    surplus = balance.surplus
    unplaced = max(balance.unplaced, -overCapacity)
    poolMissing = []
    for partition in 0..<problem.partitionCount {
      let row = placement.row(partition)
      for slot in 0..<problem.replicas where row[slot] == .none {
        poolMissing.append(PartitionIndex(partition))
        break
      }
    }
    if case .all = reach {
    } else {
      let greatest = (0..<(problem.nodeCount + 2)).reduce(Int32.min) { max($0, potential.base[$1]) }
      horizon = (Int64(greatest) + 1) * Exchange.move
    }
    guard let nearest = findDistances() else {
      if case .free = reach { raisePotentials(Exchange.move) }
      return false
    }
    raisePotentials(nearest)
    candidates = CandidateLists(problem, key: key, isSettled: isSettled)
    for node in 0..<problem.nodeCount {
      place.base[node] = holdings.begin(NodeIndex(node))
      isDead.base[node] = false
    }
    isDead.base[slack] = false
    isDead.base[pool] = false
    poolPlace = 0
    slackPlace = 0
    augment()
    return true
  }

  /// What nodes hold above their capacity: no more than that may go unplaced.
  private var overCapacity: Int {
    (0..<problem.nodeCount).reduce(0) { $0 + max(0, Int(load.base[$1]) - problem.cluster.capacity[$1]) }
  }

  /// The key of a vertex where paths begin: its reduced distance is 0.
  @inline(__always) private func startKey(_ vertex: Int) -> Int64 { Int64(potential.base[vertex]) * Exchange.move }

  private func isEnd(_ vertex: Int) -> Bool {
    if vertex == slack { return surplus < 0 }
    if vertex == pool { return unplaced < 0 }
    return load.base[vertex] < due.least.base[vertex]
  }

  /// Whether a node can keep one more within its window.
  @inline(__always) private func hasSlack(_ node: NodeIndex) -> Bool {
    due.least[node] < due.most[node] && load[node] < due.most[node]
  }

  // MARK: Distances

  /// Dijkstra up to the nearest end; returns its priority. Nil where none is reached.
  private mutating func findDistances() -> Int64? {
    for vertex in 0..<(problem.nodeCount + 2) {
      key.base[vertex] = Exchange.unreached
      isSettled.base[vertex] = false
    }
    for (box, nodes) in problem.leafBoxes.enumerated() {
      let takes = nodes.contains { problem.receives.base[$0] && due.most.base[$0] > 0 }
      farthest[box] = takes ? Exchange.unreached : Int64.min
    }
    heap.removeAll(keepingCapacity: true)
    for node in 0..<problem.nodeCount where load.base[node] > due.most.base[node] { reach(node, startKey(node)) }
    if surplus > 0 { reach(slack, startKey(slack)) }
    if unplaced > 0 { reach(pool, startKey(pool)) }
    var nearest: Int64?
    while let (priority, vertex) = pop() {
      if let nearest, priority > nearest { break }
      if isSettled.base[vertex] { continue }
      isSettled.base[vertex] = true
      if nearest == nil, isEnd(vertex) { nearest = priority }
      if nearest != nil { continue }  // hops lead farther than the nearest end
      if vertex == slack {
        expandSlack()
      } else if vertex == pool {
        expandPool()
      } else {
        expand(NodeIndex(vertex))
      }
    }
    return nearest
  }

  @inline(__always) private mutating func reach(_ vertex: Int, _ newKey: Int64) {
    guard newKey < key.base[vertex], !isSettled.base[vertex] else { return }
    let priority = newKey - Int64(potential.base[vertex]) * Exchange.move
    if horizon < Exchange.unreached, priority >= Exchange.move { return }
    key.base[vertex] = newKey
    push(priority, vertex)
  }

  private mutating func expandSlack() {
    let next = key.base[slack] + Exchange.hop
    for node in 0..<problem.nodeCount
    where min(load.base[node], due.most.base[node]) > due.least.base[node] { reach(node, next) }
  }

  private mutating func expandPool() {
    for partition in poolMissing {
      let row = placement.row(partition.int)
      guard let free = (0..<problem.replicas).first(where: { row[$0] == .none }) else { continue }
      reachTakers(partition.int, row, leaving: free, from: key.base[pool], refund: 0)
    }
  }

  private mutating func expand(_ node: NodeIndex) {
    let from = key[node]
    if hasSlack(node) { reach(slack, from + Exchange.hop) }
    var place = holdings.begin(node)
    while let slot = holdings.next(&place, of: node) {
      let partition = slot / problem.replicas
      let row = placement.row(partition)
      let refund: Int64 = problem.isHeld(partition, by: node) ? 0 : 1
      if mayGoToPool(row) { reach(pool, from - refund * Exchange.move + Exchange.hop) }
      reachTakers(partition, row, leaving: slot % problem.replicas, from: from, refund: refund)
    }
  }

  /// With a shortage, any replica but the last of its partition may stay unplaced in place of another.
  @inline(__always) private func mayGoToPool(_ row: UnsafeMutablePointer<NodeIndex>) -> Bool {
    guard due.isShort else { return false }
    var held = 0
    for slot in 0..<problem.replicas where row[slot] != .none { held += 1 }
    return held > 1
  }

  /// All nodes that may take a replica of the partition when slot `leaving` is given up.
  @inline(__always) private mutating func reachTakers(
    _ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>, leaving: Int, from: Int64, refund: Int64
  ) {
    let newKey = from + (1 - refund) * Exchange.move + Exchange.hop
    for box in farthest.indices where farthest[box] > newKey && newKey < horizon {
      guard boxAllows(row, leaving: leaving, box: box) else { continue }
      var left = Int64.min
      for node in problem.leafBoxes[box] where problem.receives.base[node] && due.most.base[node] > 0 {
        if key.base[node] > newKey, !isSettled.base[node], !isIn(row, NodeIndex(node)) { reach(node, newKey) }
        if !isSettled.base[node] { left = max(left, key.base[node]) }
      }
      farthest[box] = left
    }
    forEachHome(partition, row, leaving: leaving) { $0.reach($1.int, newKey - Exchange.move) }
  }

  /// Nodes that hold the partition today and are not in its row, where it may come back to at no cost.
  @inline(__always) private mutating func forEachHome(
    _ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>, leaving: Int,
    _ body: (inout Exchange, NodeIndex) -> Void
  ) {
    guard partition < problem.heldPartitions else { return }
    let held = problem.heldRows + partition * problem.heldWidth
    for slot in problem.heldSlots where held[slot] != .none {
      let home = held[slot]
      guard problem.keeps[home], due.most[home] > 0, !isIn(row, home),
        problem.allows(row, leaving: leaving, to: home), !problem.isSlaveOnly[home] || mayTakeSlaveOnly(row, leaving)
      else { continue }
      body(&self, home)
    }
  }

  private func mayTakeSlaveOnly(_ row: UnsafeMutablePointer<NodeIndex>, _ leaving: Int) -> Bool {
    var slaves = 0
    for slot in 0..<problem.replicas where slot != leaving && row[slot] != .none && problem.isSlaveOnly[row[slot]] {
      slaves += 1
    }
    return slaves < problem.replicas - problem.wanted[0]
  }

  @inline(__always) private func isIn(_ row: UnsafeMutablePointer<NodeIndex>, _ node: NodeIndex) -> Bool {
    for slot in 0..<problem.replicas where row[slot] == node { return true }
    return false
  }

  /// Nodes of a leaf box are alike to hard rules, so its first one speaks for all.
  @inline(__always) private func boxAllows(
    _ row: UnsafeMutablePointer<NodeIndex>, leaving: Int, box: Int
  ) -> Bool {
    let node = NodeIndex(problem.leafBoxes[box].lowerBound)
    for cap in problem.hard {
      let container = cap.containerOfNode[node]
      var held = 0
      for slot in 0..<problem.replicas where slot != leaving && row[slot] != .none {
        if cap.containerOfNode[row[slot]] == container { held += 1 }
      }
      if held >= cap.most { return false }
    }
    return true
  }

  /// Vertices not settled are at least as far as the nearest end.
  private func raisePotentials(_ nearest: Int64) {
    let most = Int32(clamping: nearest >> 32)
    for vertex in 0..<(problem.nodeCount + 2) {
      let reduced = key.base[vertex] - Int64(potential.base[vertex]) * Exchange.move
      potential.base[vertex] += isSettled.base[vertex] ? min(Int32(clamping: reduced >> 32), most) : most
    }
  }

  // MARK: Augmentation

  private mutating func augment() {
    if unplaced > 0, startedAt(pool) {
      while unplaced > 0, leavePool() { unplaced -= 1 }
    }
    for node in 0..<problem.nodeCount where startedAt(node) {
      while load.base[node] > due.most.base[node], give(NodeIndex(node)) { load.base[node] -= 1 }
    }
    if surplus > 0, startedAt(slack) {
      while surplus > 0, leaveSlack() { surplus -= 1 }
    }
  }

  /// Whether the phase's paths may begin at a vertex: it was as near as anything, so its potential stayed.
  private func startedAt(_ vertex: Int) -> Bool {
    isSettled.base[vertex] && key.base[vertex] == startKey(vertex)
  }

  /// One more comes to a node: it stays where it is lacking or within a window, or something else goes on.
  private mutating func accept(_ node: NodeIndex) -> Bool {
    if load[node] < due.least[node] {
      load[node] += 1
      return true
    }
    if hasSlack(node), isSettled.base[slack], key.base[slack] == key[node] + Exchange.hop {
      if surplus < 0 {
        surplus += 1
        load[node] += 1
        return true
      }
      if leaveSlack() {
        load[node] += 1
        return true
      }
    }
    return give(node)
  }

  /// Some node gives up one within its window.
  private mutating func leaveSlack() -> Bool {
    guard isSettled.base[slack] else { return false }
    let next = key.base[slack] + Exchange.hop
    while slackPlace < problem.nodeCount {
      let node = NodeIndex(slackPlace)
      if key[node] == next, isSettled[node], load[node] <= due.most[node], load[node] > due.least[node], give(node) {
        load[node] -= 1
        return true
      }
      slackPlace += 1
    }
    return false
  }

  /// Some missing replica is placed.
  private mutating func leavePool() -> Bool {
    guard isSettled.base[pool] else { return false }
    while poolPlace < poolMissing.count {
      let partition = poolMissing[poolPlace].int
      let row = placement.row(partition)
      if let free = (0..<problem.replicas).first(where: { row[$0] == .none }),
        let taker = findTaker(partition, row, leaving: free, from: key.base[pool], refund: 0)
      {
        put(partition, free, taker)
        placement.placed += 1
        return true
      }
      poolPlace += 1
    }
    return false
  }

  /// One of the node's replicas goes to where a shortest path leads. The caller books the node's own load.
  private mutating func give(_ node: NodeIndex) -> Bool {
    guard !isDead[node] else { return false }
    while true {
      let here = place[node]
      var after = here
      guard let slot = holdings.next(&after, of: node) else { break }
      let partition = slot / problem.replicas
      let row = placement.row(partition)
      let refund: Int64 = problem.isHeld(partition, by: node) ? 0 : 1
      if mayGoToPool(row), isSettled.base[pool], key.base[pool] == key[node] - refund * Exchange.move + Exchange.hop {
        if unplaced < 0 || leavePool() {
          if unplaced < 0 { unplaced += 1 }
          row[slot % problem.replicas] = .none
          placement.placed -= 1
          return true
        }
      }
      if let taker = findTaker(
        partition, row, leaving: slot % problem.replicas, from: key[node], refund: refund)
      {
        put(partition, slot % problem.replicas, taker)
        return true
      }
      place[node] = after
    }
    isDead[node] = true
    return false
  }

  /// A node that takes the partition and has passed on what it must; its load is booked.
  private mutating func findTaker(
    _ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>, leaving: Int, from: Int64, refund: Int64
  ) -> NodeIndex? {
    let wanted = from + (1 - refund) * Exchange.move + Exchange.hop
    let before = row[leaving]
    if let class_ = candidates.classIndex(of: wanted) {
      for box in problem.leafBoxes.indices {
        var index = candidates.first(class_, box, isDead: isDead)
        guard index != nil, boxAllows(row, leaving: leaving, box: box) else { continue }
        while let here = index {
          let node = candidates.node(here)
          if !isIn(row, node), accept(node) {
            if row[leaving] == before, problem.allows(row, leaving: leaving, to: node) { return node }
            load[node] -= 1  // its own part of the chain is done; what comes instead is found later
            return nil
          }
          index = candidates.next(after: here, isDead: isDead)
        }
      }
    }
    var result: NodeIndex?
    forEachHome(partition, row, leaving: leaving) { exchange, home in
      guard result == nil, exchange.isSettled[home], exchange.key[home] == wanted - Exchange.move,
        exchange.accept(home)
      else { return }
      if row[leaving] == before, exchange.problem.allows(row, leaving: leaving, to: home) {
        result = home
      } else {
        exchange.load[home] -= 1
      }
    }
    return result
  }

  private mutating func put(_ partition: Int, _ slot: Int, _ node: NodeIndex) {
    placement.row(partition)[slot] = node
    holdings.add(partition * problem.replicas + slot, to: node)
  }

  // MARK: What cannot be kept

  /// Where a node has more than its capacity and there is nowhere to go, replicas go unplaced.
  private mutating func letGoOfWhatDoesNotFit(_ placement: inout Placement) {
    for node in 0..<problem.nodeCount where Int(load.base[node]) > problem.cluster.capacity[node] {
      var place = holdings.begin(NodeIndex(node))
      while Int(load.base[node]) > problem.cluster.capacity[node],
        let slot = holdings.next(&place, of: NodeIndex(node))
      {
        placement.rows[slot] = .none
        load.base[node] -= 1
        placement.placed -= 1
      }
    }
  }

  // MARK: The heap

  private mutating func push(_ priority: Int64, _ vertex: Int) {
    heap.append((priority, vertex))
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child] < heap[parent] else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  private mutating func pop() -> (priority: Int64, vertex: Int)? {
    guard let top = heap.first else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return top }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] { least = child }
      if least == parent { return top }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}

/// Nodes with one distance in one leaf box, next to each other.
struct CandidateLists {
  private var nodes: [NodeIndex] = []
  /// For each node of the list, the end of its run.
  private var runEnd: [Int32] = []
  /// Where to go on from a place when nodes there are dead.
  private var skip: [Int32] = []
  private var keys: [Int64] = []
  private var starts: [Int32] = []
  private var boxes = 0

  init() {}

  init(_ problem: Problem, key: NodeTable<Int64>, isSettled: NodeTable<Bool>) {
    boxes = problem.leafBoxes.count
    for node in 0..<problem.nodeCount where isSettled.base[node] && problem.receives.base[node] {
      nodes.append(NodeIndex(node))
    }
    let box = problem.leafBoxOfNode
    nodes.sort { (key[$0], box[$0], $0) < (key[$1], box[$1], $1) }
    runEnd = Array(repeating: 0, count: nodes.count)
    skip = nodes.indices.map { Int32($0) }
    for index in nodes.indices.reversed() {
      let isLast =
        index == nodes.count - 1 || key[nodes[index]] != key[nodes[index + 1]]
        || box[nodes[index]] != box[nodes[index + 1]]
      runEnd[index] = isLast ? Int32(index + 1) : runEnd[index + 1]
    }
    for (index, node) in nodes.enumerated() {
      if keys.last != key[node] {
        keys.append(key[node])
        starts.append(contentsOf: repeatElement(-1, count: boxes))
      }
      let place = (keys.count - 1) * boxes + box[node].int
      if starts[place] < 0 { starts[place] = Int32(index) }
    }
  }

  /// Few distances occur in one phase.
  func classIndex(of key: Int64) -> Int? { keys.firstIndex(of: key) }

  func node(_ index: Int) -> NodeIndex { nodes[index] }

  mutating func first(_ class_: Int, _ box: Int, isDead: NodeTable<Bool>) -> Int? {
    let start = starts[class_ * boxes + box]
    return start < 0 ? nil : alive(Int(start), end: Int(runEnd[Int(start)]), isDead)
  }

  mutating func next(after index: Int, isDead: NodeTable<Bool>) -> Int? {
    let end = Int(runEnd[index])
    return index + 1 < end ? alive(index + 1, end: end, isDead) : nil
  }

  /// The first node at or after `index` that is not dead, remembering the way.
  private mutating func alive(_ index: Int, end: Int, _ isDead: NodeTable<Bool>) -> Int? {
    var here = index
    while here < end {
      let jump = Int(skip[here])
      if jump > here {
        here = jump
      } else if isDead[nodes[here]] {
        skip[here] = Int32(here + 1)
        here += 1
      } else {
        break
      }
    }
    if here > index { skip[index] = Int32(here) }
    return here < end ? here : nil
  }
}
