/// Moves a state from nodes above their windows to nodes below them, along partitions that they share.
///
/// An arc m → d is a partition where m is in the state and d holds the partition in a later one: the two change
/// places. Chains are found breadth first, one at a time; a search that finds no end rules out every node that
/// it saw.
struct RoleChains {
  private let problem: Problem
  private let rows: UnsafeMutablePointer<NodeIndex>
  private let width: Int
  private let slots: Range<Int>
  private let state: Int
  private let count: NodeTable<Int32>
  private let window: NodeTable<RoleWindows.Window>

  /// The partitions in which each node is in the state: a list through `next`, one link for each slot of it.
  private let head: NodeTable<Int32>
  private let next: PartitionTable<Int32>
  private let previous: PartitionTable<Int32>

  private let seen: NodeTable<Int32>
  private let cameFrom: NodeTable<NodeIndex>
  private let cameBy: NodeTable<Int32>
  private let cameTo: NodeTable<Int32>
  private let queue: NodeTable<NodeIndex>
  private var round: Int32 = 0

  init(
    _ problem: Problem, rows: UnsafeMutablePointer<NodeIndex>, slots: Range<Int>, state: Int,
    count: NodeTable<Int32>, window: NodeTable<RoleWindows.Window>
  ) throws(PlatError) {
    self.problem = problem
    self.rows = rows
    width = problem.replicas
    self.slots = slots
    self.state = state
    self.count = count
    self.window = window
    head = try problem.arena.table(problem.nodeCount)
    next = try problem.arena.table(problem.partitionCount * slots.count)
    previous = try problem.arena.table(problem.partitionCount * slots.count)
    seen = try problem.arena.table(problem.nodeCount)
    cameFrom = try problem.arena.table(problem.nodeCount)
    cameBy = try problem.arena.table(problem.nodeCount)
    cameTo = try problem.arena.table(problem.nodeCount)
    queue = try problem.arena.table(problem.nodeCount)
    head.fill(with: -1)
    for link in (0..<(problem.partitionCount * slots.count)).reversed() {
      let node = rows[slot(of: link)]
      if node != .none { insert(link, node) }
    }
  }

  /// Links count the state's slots of all rows.
  @inline(__always) private func slot(of link: Int) -> Int {
    slots.count == 1 ? link * width + slots.lowerBound : link / slots.count * width + slots.lowerBound + link % slots.count
  }

  private func insert(_ link: Int, _ node: NodeIndex) {
    next.base[link] = head[node]
    previous.base[link] = -1
    if head[node] >= 0 { previous.base[Int(head[node])] = Int32(link) }
    head[node] = Int32(link)
  }

  private func remove(_ link: Int, _ node: NodeIndex) {
    let (before, after) = (previous.base[link], next.base[link])
    if before >= 0 { next.base[Int(before)] = after } else { head[node] = after }
    if after >= 0 { previous.base[Int(after)] = before }
  }

  /// First whoever has too many gives to any with room, then whoever has too few gets from any with enough.
  mutating func run() {
    round += 1
    drain(from: { $0 > $1.most }, into: { $0 < $1.most })
    round += 1
    drain(from: { $0 > $1.least }, into: { $0 < $1.least })
  }

  private typealias Test = (Int32, RoleWindows.Window) -> Bool

  private mutating func drain(from isSource: Test, into isEnd: Test) {
    // What one search has ruled out stays ruled out: no chain found later passes through it.
    let ruledOut = round
    for start in 0..<problem.nodeCount {
      while isSource(count.base[start], window.base[start]) {
        guard !(0..<problem.nodeCount).isEmpty, seen.base[start] != -ruledOut else { break }
        if !chain(from: NodeIndex(start), ruledOut: -ruledOut, isEnd) { break }
      }
    }
  }

  private mutating func chain(from start: NodeIndex, ruledOut: Int32, _ isEnd: Test) -> Bool {
    round += 1
    var read = 0
    var write = 1
    queue.base[0] = start
    seen[start] = round
    while read < write {
      let node = queue.base[read]
      read += 1
      var link = head[node]
      while link >= 0 {
        let here = Int(link)
        link = next.base[here]
        let from = slot(of: here)
        let row = rows + from / width * width
        for place in slots.upperBound..<width {
          let holder = row[place]
          guard holder != .none, seen[holder] != round, seen[holder] != ruledOut, isEligible(holder, row, from % width, place)
          else { continue }
          seen[holder] = round
          cameFrom[holder] = node
          cameBy[holder] = Int32(here)
          cameTo[holder] = Int32(place)
          if isEnd(count[holder], window[holder]) {
            apply(from: start, to: holder)
            return true
          }
          queue.base[write] = holder
          write += 1
        }
      }
    }
    for index in 0..<write { seen[queue.base[index]] = ruledOut }
    return false
  }

  private func isEligible(_ node: NodeIndex, _ row: UnsafeMutablePointer<NodeIndex>, _ from: Int, _ place: Int) -> Bool {
    if state == 0, problem.isSlaveOnly[node] { return false }
    guard !problem.stateCaps.isEmpty else { return true }
    row.swap(from, place)
    defer { row.swap(from, place) }
    return StateRules.breach(problem, row) == nil
  }

  private func apply(from start: NodeIndex, to end: NodeIndex) {
    var node = end
    while node != start {
      let giver = cameFrom[node]
      let link = Int(cameBy[node])
      let slot = slot(of: link)
      remove(link, giver)
      (rows + slot / width * width).swap(slot % width, Int(cameTo[node]))
      insert(link, node)
      node = giver
    }
    count[start] -= 1
    count[end] += 1
  }
}
