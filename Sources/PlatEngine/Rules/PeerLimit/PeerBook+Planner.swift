/// Who replicates to whom in the rows of a placement, pair by pair: each master to every other holder.
///
///     pairs   [ n4→n7 ×12 | n4→n9 ×3 | n7→n1 ×5 | … ]    in order of first use; a pair that is gone keeps its place, ×0
///     table   pair → its place; open addressing
///     links   the pairs from a node, and those to it, as chains
///
/// It is kept up as rows change, and knows by how much nodes are beyond the limits of the settings. A reference.
final class PeerBook {
  struct Pair: BitwiseCopyable {
    var from: NodeIndex
    var to: NodeIndex
    var count: Int32
    fileprivate var nextFrom: Int32
    fileprivate var nextTo: Int32
  }

  /// The most distinct nodes that a node's masters may replicate to, and that may replicate to it.
  let mostOut: Int32
  let mostIn: Int32
  /// Slots of a row that hold masters: the first.
  let masters: Int
  let width: Int
  /// Distinct peers of each node.
  let out: NodeTable<Int32>
  let into: NodeTable<Int32>
  /// Peers beyond the limits, over all nodes.
  private(set) var excess = 0
  /// There was no memory for a pair: what the book says is of no use any more.
  private(set) var isOutOfMemory = false
  private(set) var pairCount = 0

  private let arena: Arena
  private let firstFrom: NodeTable<Int32>
  private let firstTo: NodeTable<Int32>
  /// Both are empty until there is a pair.
  private var pairs: NodeTable<Pair>
  private var table: NodeTable<Int32>
  private var shift: UInt64 = 0
  private var last = -1
  /// Pairs that are counted, and go into the table when somebody asks for one.
  private var pending: [PairList] = []

  /// Empty. O(N).
  init(_ problem: Problem) throws(PlatError) {
    let limit = problem.cluster.cluster.settings.fanOut
    mostOut = Int32(clamping: limit?.outbound ?? .max)
    mostIn = Int32(clamping: limit?.inbound ?? .max)
    masters = problem.wanted[0]
    width = problem.replicas
    arena = problem.arena
    out = try arena.table(problem.nodeCount)
    into = try arena.table(problem.nodeCount)
    firstFrom = try arena.table(problem.nodeCount)
    firstTo = try arena.table(problem.nodeCount)
    firstFrom.fill(with: -1)
    firstTo.fill(with: -1)
    pairs = try arena.table(0)
    table = try arena.table(0)
  }

  /// Of all rows of a placement. O(P · masters · R).
  convenience init(_ problem: Problem, _ placement: Placement) throws(PlatError) {
    try self.init(problem, rows: placement.rows)
  }

  /// Of all rows, which lie one after the other. O(P · masters · R).
  convenience init(_ problem: Problem, rows: UnsafeMutablePointer<NodeIndex>) throws(PlatError) {
    try self.init(problem)
    for partition in 0..<problem.partitionCount { add(rows + partition * width) }
    if isOutOfMemory { throw .outOfMemory }
  }

  /// Of pairs that came one after the other. O(N + pairs).
  convenience init(_ problem: Problem, _ pairs: [PairList]) throws(PlatError) {
    try self.init(problem)
    pairCount = try PairList.countPeers(problem, pairs, out: out, into: into)
    for node in 0..<problem.nodeCount {
      excess += beyond(NodeIndex(node), NodeIndex(node))
    }
    pending = pairs
  }

  /// Whether every node is within the limits.
  var isWithin: Bool { excess == 0 && !isOutOfMemory }

  // MARK: Rows

  func add(_ row: UnsafeMutablePointer<NodeIndex>, times: Int32 = 1) {
    for master in 0..<masters where row[master] != .none {
      for slot in 0..<width where row[slot] != .none && slot != master { change(row[master], row[slot], by: times) }
    }
  }

  func remove(_ row: UnsafeMutablePointer<NodeIndex>) {
    for master in 0..<masters where row[master] != .none {
      for slot in 0..<width where row[slot] != .none && slot != master { change(row[master], row[slot], by: -1) }
    }
  }

  /// Changes a row and books that, if no more peers are beyond the limits afterwards than before (`most`: than
  /// so many); else undoes it. `undo` is `change` backwards. Returns whether it is done.
  func tryChange(
    _ row: UnsafeMutablePointer<NodeIndex>, most: Int? = nil, _ change: (UnsafeMutablePointer<NodeIndex>) -> Void,
    undo: (UnsafeMutablePointer<NodeIndex>) -> Void
  ) -> Bool {
    let before = most ?? excess
    remove(row)
    change(row)
    add(row)
    if excess <= before { return true }
    remove(row)
    undo(row)
    add(row)
    return false
  }

  /// Puts other nodes into a row and books that, if the limits allow it (`most`: if so many peers are beyond them at
  /// most) and the row then `isLegal`.
  func tryReplace(
    _ row: UnsafeMutablePointer<NodeIndex>, with new: [NodeIndex], most: Int? = nil,
    isLegal: (UnsafeMutablePointer<NodeIndex>) -> Bool = { _ in true }
  ) -> Bool {
    let old = (0..<width).map { row[$0] }
    func put(_ nodes: [NodeIndex]) -> (UnsafeMutablePointer<NodeIndex>) -> Void {
      { $0.update(from: nodes, count: nodes.count) }
    }
    guard tryChange(row, most: most, put(new), undo: put(old)) else { return false }
    if isLegal(row) { return true }
    _ = tryChange(row, most: .max, put(old), undo: { _ in })
    return false
  }

  /// Two slots of a row change their holders, if the limits allow it.
  func trySwap(_ row: UnsafeMutablePointer<NodeIndex>, _ a: Int, _ b: Int) -> Bool {
    tryChange(row, { $0.swap(a, b) }, undo: { $0.swap(a, b) })
  }

  /// Two slots of a row change their holders, whatever the limits say.
  func swap(_ row: UnsafeMutablePointer<NodeIndex>, _ a: Int, _ b: Int) {
    remove(row)
    row.swap(a, b)
    add(row)
  }

  // MARK: Pairs

  /// Partitions that `from` is master of and `to` holds. Amortised O(1).
  func count(_ from: NodeIndex, _ to: NodeIndex) -> Int32 {
    enterPending()
    let place = find(from, to)
    return place < 0 ? 0 : pairs.base[place].count
  }

  /// Whether `from` may replicate to `to`: it does already, or neither has all the peers that it may have.
  func allows(_ from: NodeIndex, _ to: NodeIndex) -> Bool {
    (out[from] < mostOut && into[to] < mostIn) || count(from, to) > 0
  }

  /// The nodes that `node` replicates to, the latest pair first.
  func forEachTarget(of node: NodeIndex, _ body: (NodeIndex, Int32) -> Void) {
    enterPending()
    var place = firstFrom[node]
    while place >= 0 {
      let pair = pairs.base[Int(place)]
      if pair.count > 0 { body(pair.to, pair.count) }
      place = pair.nextFrom
    }
  }

  /// The nodes that replicate to `node`.
  func forEachSource(of node: NodeIndex, _ body: (NodeIndex, Int32) -> Void) {
    enterPending()
    var place = firstTo[node]
    while place >= 0 {
      let pair = pairs.base[Int(place)]
      if pair.count > 0 { body(pair.from, pair.count) }
      place = pair.nextTo
    }
  }

  /// Books partitions of a pair. Amortised O(1).
  func change(_ from: NodeIndex, _ to: NodeIndex, by times: Int32) {
    enterPending()
    let place = book(from, to, times: times)
    guard place >= 0 else { return }
    let now = pairs.base[place].count
    if (now > 0) != (now - times > 0) { changePeers(from, to, by: now > 0 ? 1 : -1) }
  }

  /// Adds to how often a pair is there. Returns its place; -1 where there is no memory for it.
  @inline(__always) private func book(_ from: NodeIndex, _ to: NodeIndex, times: Int32) -> Int {
    var place = find(from, to)
    if place < 0 { place = insert(from, to) }
    guard place >= 0 else { return -1 }
    last = place
    pairs.base[place].count += times
    return place
  }

  @inline(__always) private func enterPending() {
    if !pending.isEmpty { enterAllPending() }
  }

  @inline(never) private func enterAllPending() {
    let lists = pending
    pending = []
    for list in lists { list.forEach { from, to, times in _ = book(from, to, times: times) } }
  }

  private func changePeers(_ from: NodeIndex, _ to: NodeIndex, by one: Int32) {
    excess -= beyond(from, to)
    out[from] += one
    into[to] += one
    pairCount += Int(one)
    excess += beyond(from, to)
  }

  private func beyond(_ from: NodeIndex, _ to: NodeIndex) -> Int {
    Int(max(0, out[from] - mostOut)) + Int(max(0, into[to] - mostIn))
  }

  // MARK: The table

  private var used = 0

  @inline(__always) private func home(_ from: NodeIndex, _ to: NodeIndex) -> Int {
    let key = UInt64(from.raw) << 32 | UInt64(to.raw)
    let mixed = (key &* 0x9e37_79b9_7f4a_7c15) ^ (key >> 29)
    return Int((mixed &* 0xbf58_476d_1ce4_e5b9) >> shift)
  }

  /// Where a pair stands; -1: nowhere.
  @inline(__always) private func find(_ from: NodeIndex, _ to: NodeIndex) -> Int {
    guard last >= 0 else { return -1 }  // there is none
    if pairs.base[last].from == from, pairs.base[last].to == to { return last }
    var slot = home(from, to)
    while table.base[slot] >= 0 {
      let place = Int(table.base[slot])
      if pairs.base[place].from == from, pairs.base[place].to == to { return place }
      slot = slot + 1 == table.count ? 0 : slot + 1
    }
    return -1
  }

  private func insert(_ from: NodeIndex, _ to: NodeIndex) -> Int {
    if used == pairs.count {
      do { try grow() } catch {
        isOutOfMemory = true
        return -1
      }
    }
    pairs.base[used] = Pair(from: from, to: to, count: 0, nextFrom: firstFrom[from], nextTo: firstTo[to])
    firstFrom[from] = Int32(used)
    firstTo[to] = Int32(used)
    enter(used)
    used += 1
    return used - 1
  }

  private func enter(_ place: Int) {
    var slot = home(pairs.base[place].from, pairs.base[place].to)
    while table.base[slot] >= 0 { slot = slot + 1 == table.count ? 0 : slot + 1 }
    table.base[slot] = Int32(place)
  }

  private func grow() throws(PlatError) {
    let room = max(2 * pairs.count, 512, 4 * out.count)
    var bits: UInt64 = 10
    while 1 << (bits - 1) < room { bits += 1 }
    let wider: NodeTable<Pair> = try arena.unfilledTable(1 << (bits - 1))
    wider.base.update(from: pairs.base, count: used)
    let longer: NodeTable<Int32> = try arena.unfilledTable(1 << bits)
    longer.fill(with: -1)
    arena.free(pairs)
    arena.free(table)
    (pairs, table, shift) = (wider, longer, 64 - bits)
    for place in 0..<used { enter(place) }
  }
}
