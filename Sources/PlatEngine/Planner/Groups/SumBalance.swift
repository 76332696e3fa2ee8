/// Whole numbers for each map and node, such that every map's add up to what they do, each lies in its own window, and
/// every node's sum over all maps lies in one, too.
///
///              n0   n1   n2   n3
///     map 0     6    7    6    6   = 25        each within its map's window
///     map 1     3    3    3    3   = 12
///     map 2     6    6    7    6   = 25
///             ≤16  ≤16  ≤16  ≤16   = 62        sums: the floor or the ceiling of what is due in all
///
/// Such numbers exist wherever exact dues do: it is a flow from maps over their containers to nodes, and flows round.
/// Starting from numbers that fit each map, one unit after the other changes nodes within a map, along shortest paths:
/// node → map → node → …, from a node whose sum is too large to one whose sum is too small. A unit costs one where it
/// makes a map send data: where a node comes to hold more than it has today.
struct SumBalance {
  /// One map's numbers.
  struct Row {
    let value: NodeTable<Int32>
    let least: NodeTable<Int32>
    let most: NodeTable<Int32>
    /// What each node has without receiving anything; nil: nothing.
    let held: NodeTable<Int32>?
    let boxes: SumBoxes
  }

  let rows: [Row]
  let nodeCount: Int
  private let arena: Arena
  /// Of each node over all maps: the sum and its window.
  let sum: NodeTable<Int>
  private let least: [Int]
  private let most: [Int]

  // Vertices: the nodes, the slack, and the boxes of each row.
  private let firstBox: [Int]
  private let vertexCount: Int
  private let rowOf: UnsafeMutablePointer<Int32>
  /// What lies in each box, those in it included.
  private let inBox: UnsafeMutablePointer<Int>
  private let key: UnsafeMutablePointer<Int64>
  private let isQueued: UnsafeMutablePointer<Bool>
  private let isStuck: UnsafeMutablePointer<Bool>
  private let onPath: UnsafeMutablePointer<Bool>
  /// The arc at which each vertex goes on.
  private let place: UnsafeMutablePointer<Int>

  private static let unit: Int64 = 1 << 32
  private static let unreached = Int64.max / 4

  /// `least`, `most`: of each node's sum. O(maps · N).
  init(_ rows: [Row], least: [Int], most: [Int], arena: Arena) throws(PlatError) {
    self.rows = rows
    self.arena = arena
    (self.least, self.most) = (least, most)
    nodeCount = least.count
    firstBox = rows.reduce(into: [least.count + 1]) { $0.append($0[$0.count - 1] + $1.boxes.count) }
    vertexCount = firstBox[rows.count]
    sum = try arena.table(nodeCount)
    func table<Element: BitwiseCopyable>(_ vertexCount: Int, _: Element.Type) throws(PlatError) -> UnsafeMutablePointer<
      Element
    > {
      let table: NodeTable<Element> = try arena.table(vertexCount)
      return table.base
    }
    rowOf = try table(firstBox[rows.count], Int32.self)
    inBox = try table(firstBox[rows.count], Int.self)
    key = try table(firstBox[rows.count], Int64.self)
    isQueued = try table(firstBox[rows.count], Bool.self)
    isStuck = try table(firstBox[rows.count], Bool.self)
    onPath = try table(firstBox[rows.count], Bool.self)
    place = try table(firstBox[rows.count], Int.self)
    for (index, row) in rows.enumerated() {
      for box in 0..<row.boxes.count { rowOf[firstBox[index] + box] = Int32(index) }
      for node in 0..<nodeCount {
        let value = Int(row.value.base[node])
        sum.base[node] += value
        if row.boxes.count > 1 { row.boxes.forEachBox(around: node) { inBox[firstBox[index] + $0] += value } }
      }
    }
  }

  /// Every node's sum is in its window.
  var isSettled: Bool { (0..<nodeCount).allSatisfy { least[$0] <= sum.base[$0] && sum.base[$0] <= most[$0] } }

  /// Changes as little as brings the sums into their windows, as far as that can be. O(maps · N) for each phase of
  /// paths of one length; nothing where all is well.
  func settle() {
    var before = Int.max
    var stuck = 0
    while stuck < 3, !arena.isInterrupted {
      let left = distance
      guard left > 0 else { return }
      stuck = left < before ? 0 : stuck + 1
      before = min(before, left)
      guard let nearest = findDistances() else { return }
      augment(nearest)
    }
  }

  /// Units that are too many, or else too few.
  private var distance: Int {
    (0..<nodeCount).reduce(0) { $0 + max(0, sum.base[$1] - most[$1]) + max(0, least[$1] - sum.base[$1]) }
  }

  /// What the sums clamped into their windows have more than all there is: some node within its window gives one (or,
  /// below 0, takes one).
  private var surplus: Int {
    (0..<nodeCount).reduce(0) { $0 + max(least[$1], min(most[$1], sum.base[$1])) - sum.base[$1] }
  }

  private var slack: Int { nodeCount }

  // MARK: Distances

  /// The key of every vertex: units in the high half, steps in the low. Returns that of the nearest end.
  private func findDistances() -> Int64? {
    for vertex in 0..<vertexCount { key[vertex] = Self.unreached }
    var queue: [Int] = []
    var read = 0
    let surplus = surplus
    func isEnd(_ vertex: Int) -> Bool {
      vertex == slack ? surplus < 0 : vertex < nodeCount && sum.base[vertex] < least[vertex]
    }
    for node in 0..<nodeCount where sum.base[node] > most[node] {
      key[node] = 0
      queue.append(node)
    }
    if surplus > 0 {
      key[slack] = 0
      queue.append(slack)
    }
    for vertex in queue { isQueued[vertex] = true }
    var steps = 0
    let mostSteps = 64 * vertexCount + 1024  // no cycle costs less than nothing, so it never comes to that
    while read < queue.count, steps < mostSteps, !arena.isInterrupted {
      let vertex = queue[read]
      read += 1
      steps += 1
      isQueued[vertex] = false
      let from = key[vertex]
      forEachArc(vertex, from: 0) { _, next, cost in
        let newKey = from + Int64(cost) * Self.unit + 1
        guard newKey < key[next] else { return false }
        key[next] = newKey
        if !isQueued[next] {
          isQueued[next] = true
          queue.append(next)
        }
        return false
      }
    }
    for vertex in queue[read...] { isQueued[vertex] = false }
    var nearest: Int64?
    for vertex in 0...nodeCount where key[vertex] < Self.unreached && isEnd(vertex) {
      nearest = min(nearest ?? .max, key[vertex])
    }
    return nearest
  }

  /// The arcs that leave a vertex, from one place in their order on; ends when `body` returns true.
  @inline(__always)
  private func forEachArc(_ vertex: Int, from start: Int, _ body: (_ place: Int, _ next: Int, _ cost: Int) -> Bool) {
    if vertex < nodeCount {
      // A node's sum may stay while another takes its part in the windows' room.
      if start == 0, sum.base[vertex] < most[vertex], body(0, slack, 0) { return }
      for index in max(0, start - 1)..<max(rows.count, max(0, start - 1)) {
        let row = rows[index]
        let value = row.value.base[vertex]
        guard value > row.least.base[vertex] else { continue }
        let cost = value > (row.held?.base[vertex] ?? 0) ? -1 : 0
        if body(index + 1, firstBox[index] + row.boxes.leaf(of: vertex), cost) { return }
      }
    } else if vertex == slack {
      for node in start..<max(nodeCount, start) where sum.base[node] > least[node] && sum.base[node] <= most[node] {
        if body(node, node, 0) { return }
      }
    } else {
      let index = Int(rowOf[vertex])
      let row = rows[index]
      let box = vertex - firstBox[index]
      let nodes = row.boxes.nodes(of: box)
      for node in max(nodes.lowerBound, start)..<max(nodes.upperBound, start) where row.boxes.leaf(of: node) == box {
        let value = row.value.base[node]
        guard value < row.most.base[node] else { continue }
        if body(node, node, value >= (row.held?.base[node] ?? 0) ? 1 : 0) { return }
      }
      if box > 0, start <= nodeCount, body(nodeCount, firstBox[index] + row.boxes.parent(box), 0) { return }
      for child in row.boxes.children(box) where nodeCount + child >= start {
        if inBox[firstBox[index] + child] < row.boxes.most(child), body(nodeCount + child, firstBox[index] + child, 0) {
          return
        }
      }
    }
  }

  // MARK: Paths

  /// Sends what it can along paths that end as near as any.
  private func augment(_ nearest: Int64) {
    for vertex in 0..<vertexCount {
      place[vertex] = 0
      isStuck[vertex] = false
      onPath[vertex] = false
    }
    for node in 0..<nodeCount where key[node] == 0 {
      while sum.base[node] > most[node], !arena.isInterrupted, send(node, nearest) { sum.base[node] -= 1 }
    }
    if key[slack] == 0 {
      while surplus > 0, !arena.isInterrupted, send(slack, nearest) {}
    }
  }

  /// One unit leaves a vertex for an end. The caller books its own part: of a node its sum, of a box what is in it.
  private func send(_ vertex: Int, _ nearest: Int64) -> Bool {
    guard !isStuck[vertex], !onPath[vertex] else { return false }
    onPath[vertex] = true
    defer { onPath[vertex] = false }
    while true {
      var found: (place: Int, next: Int)?
      forEachArc(vertex, from: place[vertex]) { at, next, cost in
        guard key[next] == key[vertex] + Int64(cost) * Self.unit + 1, !isStuck[next], !onPath[next] else {
          return false
        }
        found = (at, next)
        return true
      }
      guard let found else { break }
      place[vertex] = found.place
      if arrive(found.next, nearest) {
        book(vertex, found.next)
        return true
      }
      place[vertex] = found.place + 1
    }
    isStuck[vertex] = true
    return false
  }

  /// A unit comes to a vertex: it stays where something is lacking, or goes on.
  private func arrive(_ vertex: Int, _ nearest: Int64) -> Bool {
    if vertex < nodeCount, sum.base[vertex] < least[vertex], key[vertex] == nearest {
      sum.base[vertex] += 1
      return true
    }
    if vertex == slack, key[vertex] == nearest, surplus < 0 { return true }
    return send(vertex, nearest)
  }

  /// What an arc changes. Sums change only where a path begins, ends, or passes the slack.
  private func book(_ vertex: Int, _ next: Int) {
    if vertex < nodeCount {
      if next == slack { sum.base[vertex] += 1 } else { rows[Int(rowOf[next])].value.base[vertex] -= 1 }
    } else if vertex == slack {
      sum.base[next] -= 1
    } else if next < nodeCount {
      rows[Int(rowOf[vertex])].value.base[next] += 1
    } else if next < vertex {  // parents come first
      inBox[vertex] -= 1
    } else {
      inBox[next] += 1
    }
  }
}

/// Boxes of one map in which no more than so much may lie: containers, and everything as box 0.
struct SumBoxes {
  private var parents: [Int] = [0]
  private var limits: [Int] = [.max]
  private var ranges: [Range<Int>]
  private var childrenOf: [[Int]] = [[]]
  private var leafOfNode: [Int]

  /// No limits.
  init(nodeCount: Int) {
    ranges = [0..<nodeCount]
    leafOfNode = []
  }

  /// A box inside those before that hold its nodes. Outermost first.
  mutating func add(_ nodes: Range<Int>, most: Int) {
    guard !nodes.isEmpty else { return }
    if leafOfNode.isEmpty { leafOfNode = Array(repeating: 0, count: ranges[0].count) }
    let parent = leafOfNode[nodes.lowerBound]
    let box = parents.count
    parents.append(parent)
    limits.append(most)
    ranges.append(nodes)
    childrenOf.append([])
    childrenOf[parent].append(box)
    for node in nodes { leafOfNode[node] = box }
  }

  var count: Int { parents.count }
  func parent(_ box: Int) -> Int { parents[box] }
  func most(_ box: Int) -> Int { limits[box] }
  func children(_ box: Int) -> [Int] { childrenOf[box] }
  func nodes(of box: Int) -> Range<Int> { ranges[box] }
  @inline(__always) func leaf(of node: Int) -> Int { leafOfNode.isEmpty ? 0 : leafOfNode[node] }

  func forEachBox(around node: Int, _ body: (Int) -> Void) {
    var box = leaf(of: node)
    while box > 0 {
      body(box)
      box = parents[box]
    }
  }
}
