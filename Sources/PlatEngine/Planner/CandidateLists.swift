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
