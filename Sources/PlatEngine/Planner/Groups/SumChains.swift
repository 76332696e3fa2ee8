/// A state passes from nodes that have too much of it over all maps to nodes that have too little, by role changes in
/// any of the maps at once. No data moves.
///
///     node a ─ a in map 3 ─ b in map 3 ─ node b ─ b in map 7 ─ c in map 7 ─ node c
///
/// Within a map an arc a → b is a partition where a is in the state and b holds it in a later one: the two change
/// places. A node passes from one map to another what it has too much of here and may have more of there, as each map's
/// own windows let it. So a chain is a path from a sum that is too large to one that is too small, and the greatest
/// flow (Dinic 1970) brings as many sums into their windows as the maps' rows and windows let in at all.
///
/// A class, so that its functions' closures hold one reference.
final class SumChains {
  /// One map's part.
  struct Member {
    let problem: Problem
    let target: PlacementMap
    /// The state's columns; all columns after them are of later states.
    let slots: Range<Int>
    let state: Int
    /// What each node has of the state, and may have.
    let count: NodeTable<Int32>
    let least: NodeTable<Int32>
    let most: NodeTable<Int32>
    /// Its rows may change.
    let isOpen: Bool
  }

  /// A member's part in the loops, which count no references.
  private struct Map: BitwiseCopyable {
    let rows: UnsafeMutablePointer<NodeIndex>
    let width: Int
    /// The state's columns, then the pool's.
    let firstSlot: Int
    let firstOfPool: Int
    let end: Int
    let count: UnsafeMutablePointer<Int32>
    let least: UnsafeMutablePointer<Int32>
    let most: UnsafeMutablePointer<Int32>
    let isOpen: Bool
    /// Any holder may be in the state.
    let isFree: Bool
    /// Where each node's partitions begin, and they: who holds a partition does not change here.
    let first: UnsafeMutablePointer<Int32>
    let held: UnsafeMutablePointer<Int32>
  }

  private let members: [Member]
  private let arena: Arena
  private let maps: UnsafeMutablePointer<Map>
  private let mapCount: Int
  private let nodeCount: Int
  /// Of each node over all maps: what it has of the state, and should have.
  private let sum: NodeTable<Int>
  private let least: [Int]
  private let most: [Int]
  // Vertices: the nodes' sums, then the nodes of each map.
  private let level: UnsafeMutablePointer<Int32>
  private let place: UnsafeMutablePointer<Int32>
  private let vertexCount: Int

  /// `sum`, `least`, `most`: of each node over all maps, those that have no part here included. O(P · R + maps · N).
  init(
    _ members: ArraySlice<Member>, sum: NodeTable<Int>, least: [Int], most: [Int], arena: Arena
  ) throws(PlatError) {
    self.members = Array(members)
    self.arena = arena
    (self.sum, self.least, self.most) = (sum, least, most)
    nodeCount = least.count
    vertexCount = (members.count + 1) * nodeCount
    func table<Element: BitwiseCopyable>(_ count: Int, _: Element.Type) throws(PlatError) -> UnsafeMutablePointer<
      Element
    > {
      let table: NodeTable<Element> = try arena.table(count)
      return table.base
    }
    level = try table(vertexCount, Int32.self)
    place = try table(vertexCount, Int32.self)
    maps = try table(members.count, Map.self)
    mapCount = members.count
    for (index, member) in members.enumerated() {
      let columns = member.slots.lowerBound..<member.target.width
      let partitions = member.isOpen ? member.target.partitionCount : 0
      let first = try table(nodeCount + 1, Int32.self)
      let held = try table(partitions * columns.count, Int32.self)
      maps[index] = Map(
        rows: member.target.slots, width: member.target.width, firstSlot: member.slots.lowerBound,
        firstOfPool: member.slots.upperBound, end: member.target.width, count: member.count.base,
        least: member.least.base,
        most: member.most.base, isOpen: member.isOpen,
        isFree: !member.problem.hasStateRules && !(member.state == 0 && member.problem.hasSlaveOnly),
        first: first, held: held)
      for partition in 0..<partitions {
        let row = member.target.row(partition)
        for slot in columns where row[slot] != .none { first[row[slot].int + 1] += 1 }
      }
      for node in 0..<nodeCount { first[node + 1] += first[node] }
      let next = place  // written over before it is used
      for node in 0..<nodeCount { next[node] = first[node] }
      for partition in 0..<partitions {
        let row = member.target.row(partition)
        for slot in columns where row[slot] != .none {
          held[Int(next[row[slot].int])] = Int32(partition)
          next[row[slot].int] += 1
        }
      }
    }
  }

  /// O(rows) for each length of a shortest chain.
  func run() {
    drain(.onward, from: { sum.base[$0] > most[$0] }, into: { sum.base[$0] < most[$0] })
    drain(.backward, from: { sum.base[$0] < least[$0] }, into: { sum.base[$0] > least[$0] })
  }

  private enum Direction {
    /// Units of the state go along the chain.
    case onward
    /// They come along it, the other way.
    case backward
  }

  private func drain(_ direction: Direction, from isStart: (Int) -> Bool, into isEnd: (Int) -> Bool) {
    while !arena.isInterrupted, findLevels(direction, isStart, isEnd) {
      for vertex in 0..<vertexCount { place[vertex] = 0 }
      var isStuck = true  // rules about single states may forbid every chain that the levels promise
      for node in 0..<nodeCount where level[node] == 0 {
        while isStart(node), !arena.isInterrupted, push(direction, node, isEnd) {
          sum.base[node] += direction == .onward ? -1 : 1
          isStuck = false
        }
      }
      if isStuck { return }
    }
  }

  /// False where no end can be reached.
  private func findLevels(_ direction: Direction, _ isStart: (Int) -> Bool, _ isEnd: (Int) -> Bool) -> Bool {
    for vertex in 0..<vertexCount { level[vertex] = .max }
    var queue = (0..<nodeCount).filter(isStart)
    for node in queue { level[node] = 0 }
    var read = 0
    var endLevel = Int32.max
    while read < queue.count, level[queue[read]] < endLevel, !arena.isInterrupted {
      let vertex = queue[read]
      read += 1
      forEachArc(direction, vertex, from: 0) { _, next, _ in
        guard level[next] == .max else { return false }
        level[next] = level[vertex] + 1
        queue.append(next)
        if next < nodeCount, isEnd(next) { endLevel = level[next] }
        return false
      }
    }
    return endLevel < .max
  }

  /// Two slots of one map, by their places among all of its slots.
  private typealias Change = (slot: Int, place: Int)

  /// The arcs that leave a vertex, from one place in their order on; ends when `body` returns true.
  @inline(__always) private func forEachArc(
    _ direction: Direction, _ vertex: Int, from start: Int32,
    _ body: (_ at: Int32, _ next: Int, _ change: Change?) -> Bool
  ) {
    if vertex < nodeCount {
      for index in Int(start)..<max(mapCount, Int(start)) where maps[index].isOpen {
        let (map, next) = (maps + index, vertex + (index + 1) * nodeCount)
        let count = map.pointee.count[vertex]
        let mayLeave = direction == .onward ? count > map.pointee.least[vertex] : count < map.pointee.most[vertex]
        if mayLeave, body(Int32(index), next, nil) { return }
      }
      return
    }
    let (index, node) = (vertex / nodeCount - 1, vertex % nodeCount)
    let map = maps[index]
    let mayEnter =
      direction == .onward ? map.count[node] < map.most[node] : map.count[node] > map.least[node]
    if start == 0, mayEnter, body(0, node, nil) { return }
    let begin = Int(map.first[node])
    let (slots, pool) = (map.firstSlot..<map.firstOfPool, map.firstOfPool..<map.end)
    let (own, others) = direction == .onward ? (slots, pool) : (pool, slots)
    for place in max(0, Int(start) - 1)..<max(Int(start) - 1, Int(map.first[node + 1]) - begin, 0) {
      let partition = Int(map.held[begin + place])
      let row = map.rows + partition * map.width
      var mine = own.lowerBound
      while mine < own.upperBound, row[mine].int != node { mine += 1 }
      guard mine < own.upperBound else { continue }
      for other in others where row[other] != .none {
        let change: Change = direction == .onward ? (mine, other) : (other, mine)
        guard map.isFree || mayChange(members[index], row, change) else { continue }
        let (at, next) = (partition * map.width, row[other].int + (index + 1) * nodeCount)
        if body(Int32(place + 1), next, (at + change.slot, at + change.place)) { return }
      }
    }
  }

  private func mayChange(_ member: Member, _ row: UnsafeMutablePointer<NodeIndex>, _ change: Change) -> Bool {
    guard member.problem.allows(row[change.place], inState: member.state) else { return false }
    guard member.problem.hasStateRules else { return true }
    row.swap(change.slot, change.place)
    defer { row.swap(change.slot, change.place) }
    return StateRules.breach(member.problem, row) == nil
  }

  /// One unit goes from a vertex along a shortest chain. The caller books the sum that it begins at.
  private func push(_ direction: Direction, _ vertex: Int, _ isEnd: (Int) -> Bool) -> Bool {
    let gain: Int32 = direction == .onward ? 1 : -1
    var isFound = false
    forEachArc(direction, vertex, from: place[vertex]) { at, next, change in
      guard level[next] == level[vertex] + 1 else { return false }
      let map = maps + (max(vertex, next) / nodeCount - 1)
      if let change {
        map.pointee.rows.swap(change.slot, change.place)  // before what follows: the rest must fit with it
        isFound = push(direction, next, isEnd)
        if !isFound { map.pointee.rows.swap(change.slot, change.place) }
      } else if vertex < nodeCount {
        isFound = push(direction, next, isEnd)
        if isFound { map.pointee.count[vertex] -= gain }
      } else {
        let ends = isEnd(next)
        isFound = ends || push(direction, next, isEnd)
        if ends { sum.base[next] += Int(gain) }
        if isFound { map.pointee.count[next] += gain }
      }
      if isFound { place[vertex] = at }
      return isFound
    }
    if !isFound { level[vertex] = .max }  // nothing leaves it any more in this phase
    return isFound
  }
}
