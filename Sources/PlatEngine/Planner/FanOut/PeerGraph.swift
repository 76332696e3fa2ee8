/// Who may replicate to whom: the pairs that there are, and those that may come. No node has more peers in it than
/// the limit allows, so whatever is placed within it keeps the limit.
struct PeerGraph {
  private let masters: Int
  private var targets: [[NodeIndex]]
  private var outLeft: [Int32]
  private var inLeft: [Int32]
  /// Hard rules that let two holders of a partition in no container.
  private let apart: [LevelCap]

  /// The pairs of a book that is within its limits. O(N + pairs).
  init(_ problem: Problem, _ book: PeerBook) {
    masters = problem.wanted[0]
    apart = problem.hard.filter { $0.most <= 1 }
    let nodes = (0..<problem.nodeCount).map { NodeIndex($0) }
    targets = nodes.map { node in
      var list: [NodeIndex] = []
      book.forEachTarget(of: node) { target, _ in list.append(target) }
      return list
    }
    outLeft = nodes.map { book.mostOut - book.out[$0] }
    inLeft = nodes.map { book.mostIn - book.into[$0] }
  }

  func targets(of node: NodeIndex) -> [NodeIndex] { targets[node.int] }

  func mayAddTarget(to node: NodeIndex) -> Bool { outLeft[node.int] > 0 }

  func mayAddSource(to node: NodeIndex) -> Bool { inLeft[node.int] > 0 }

  /// Whether a partition could lie on both at all.
  func maySharePartitions(_ a: NodeIndex, _ b: NodeIndex) -> Bool {
    a != b && apart.allSatisfy { $0.containerOfNode[a] != $0.containerOfNode[b] }
  }

  /// The pair may come, if neither has all the peers that it may have.
  mutating func add(_ from: NodeIndex, _ to: NodeIndex) -> Bool {
    guard maySharePartitions(from, to), outLeft[from.int] > 0, inLeft[to.int] > 0, !allows(from, to) else {
      return false
    }
    targets[from.int].append(to)
    outLeft[from.int] -= 1
    inLeft[to.int] -= 1
    return true
  }

  /// O(peers of `from`).
  func allows(_ from: NodeIndex, _ to: NodeIndex) -> Bool { targets[from.int].contains(to) }

  /// Whether all masters of a row may replicate to `node`. Without a master nothing comes into a row.
  func allows(_ row: UnsafeMutablePointer<NodeIndex>, _ node: NodeIndex) -> Bool {
    var hasMaster = false
    for slot in 0..<masters where row[slot] != .none {
      if row[slot] != node, !allows(row[slot], node) { return false }
      hasMaster = true
    }
    return hasMaster
  }

  /// Nodes that may take a replica of the row.
  @inline(__always) func forEachReceiver(_ row: UnsafeMutablePointer<NodeIndex>, _ body: (NodeIndex) -> Void) {
    guard let first = (0..<masters).first(where: { row[$0] != .none }) else { return }
    for node in targets[row[first].int] where masters == 1 || allows(row, node) { body(node) }
  }
}
