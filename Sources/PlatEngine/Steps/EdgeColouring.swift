/// Colours streams so that those of one colour fit into one round together, with as few colours as the limits allow.
///
/// Streams are the edges of a bipartite multigraph, sources on one side, destinations on the other. A node that may do
/// c at once stands there c times, with its streams shared out. D, the greatest degree, is the number of colours (König
/// 1916): an edge whose ends have no colour free in common gets one by swapping two colours along the path between
/// them.
struct EdgeColouring {
  /// For each step the rank of its colour: those with most to restore first, then most takeovers. 0 for what is no
  /// stream.
  private(set) var rank: [Int]

  private var ends: [(left: Int, right: Int)] = []
  private var colour: [Int32] = []
  private var edgesOf: [[UInt32]] = []
  /// For each vertex the colours in use, a bit each.
  private var used: [UInt64] = []
  private var words = 0

  /// O(streams · (D / 64 + the length of paths)).
  init(_ list: StepList, _ limits: MovementLimits, nodeCount: Int, _ interrupt: Interrupt? = nil) throws(PlatError) {
    rank = Array(repeating: 0, count: list.count)
    let streams = list.steps.indices.filter { list.steps[$0].kind == .stream }
    guard !streams.isEmpty else { return }
    func most(_ node: Int, out: Bool) -> Int { out ? min(limits.streamsOut, limits.fullScans[node]) : limits.streamsIn }
    var degree = [Int](repeating: 0, count: 2 * nodeCount)
    for stream in streams {
      degree[list.steps[stream].source.int] += 1
      degree[nodeCount + list.steps[stream].node.int] += 1
    }
    var colours = 1
    for vertex in degree.indices where degree[vertex] > 0 {
      let limit = max(1, most(vertex % nodeCount, out: vertex < nodeCount))
      colours = max(colours, (degree[vertex] - 1) / limit + 1)
    }
    words = (colours + 63) / 64
    // A node's streams go to its stands, `colours` to each.
    var firstStand = [Int](repeating: 0, count: 2 * nodeCount)
    var stands = 0
    for vertex in degree.indices {
      firstStand[vertex] = stands
      stands += (degree[vertex] + colours - 1) / colours
    }
    var seen = [Int](repeating: 0, count: 2 * nodeCount)
    func stand(_ vertex: Int) -> Int {
      defer { seen[vertex] += 1 }
      return firstStand[vertex] + seen[vertex] / colours
    }
    edgesOf = Array(repeating: [], count: stands)
    used = Array(repeating: 0, count: stands * words)
    for stream in streams {
      ends.append((stand(list.steps[stream].source.int), stand(nodeCount + list.steps[stream].node.int)))
    }
    colour = Array(repeating: -1, count: ends.count)
    for edge in ends.indices {
      if edge & 63 == 0 { try interrupt?.throwIfRequested() }
      place(edge, colours)
    }

    var weight = [(restore: Int, takeOver: Int)](repeating: (0, 0), count: colours)
    for (edge, stream) in streams.enumerated() {
      switch list.steps[stream].purpose {
      case .restore: weight[Int(colour[edge])].restore += 1
      case .takeOver: weight[Int(colour[edge])].takeOver += 1
      case .balance: break
      }
    }
    let sorted = weight.indices.sorted {
      (weight[$1].restore, weight[$1].takeOver, $0) < (weight[$0].restore, weight[$0].takeOver, $1)
    }
    var rankOf = [Int](repeating: 0, count: colours)
    for (place, colour) in sorted.enumerated() { rankOf[colour] = place }
    for (edge, stream) in streams.enumerated() { rank[stream] = rankOf[Int(colour[edge])] }
  }

  private mutating func place(_ edge: Int, _ colours: Int) {
    let (left, right) = ends[edge]
    if let both = firstFree(left, right, colours) {
      paint(edge, both)
    } else {
      let ofLeft = firstFree(left, left, colours)!
      let ofRight = firstFree(right, right, colours)!
      swap(from: right, ofLeft, ofRight)
      paint(edge, ofLeft)
    }
    edgesOf[left].append(UInt32(edge))
    edgesOf[right].append(UInt32(edge))
  }

  /// The first colour that neither vertex uses.
  private func firstFree(_ a: Int, _ b: Int, _ colours: Int) -> Int? {
    for word in 0..<words {
      let free = ~(used[a * words + word] | used[b * words + word])
      guard free != 0 else { continue }
      let colour = word * 64 + free.trailingZeroBitCount
      return colour < colours ? colour : nil
    }
    return nil
  }

  private mutating func paint(_ edge: Int, _ new: Int) {
    colour[edge] = Int32(new)
    for vertex in [ends[edge].left, ends[edge].right] { used[vertex * words + new / 64] |= 1 << UInt64(new % 64) }
  }

  /// Along the path from `vertex` whose edges have the colours `a`, `b`, `a` … by turns, the two change places.
  private mutating func swap(from vertex: Int, _ a: Int, _ b: Int) {
    var path: [Int] = []
    var (here, wanted) = (vertex, a)
    while let edge = edgesOf[here].first(where: { colour[Int($0)] == Int32(wanted) }) {
      path.append(Int(edge))
      here = ends[Int(edge)].left == here ? ends[Int(edge)].right : ends[Int(edge)].left
      wanted = wanted == a ? b : a
    }
    for edge in path {
      for end in [ends[edge].left, ends[edge].right] {
        used[end * words + Int(colour[edge]) / 64] &= ~(1 << UInt64(colour[edge] % 64))
      }
    }
    for edge in path { paint(edge, Int(colour[edge]) == a ? b : a) }
  }
}
