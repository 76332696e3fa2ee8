/// What nodes in maintenance may keep. They get nothing new, so it matters which partitions those are.
struct Resting {
  /// Partitions that just these nodes hold.
  struct Kind {
    var partitions: Int
    var nodes: Set<Int>
  }

  private let held: [Int]
  /// Those of which no other is held by fewer of the same nodes: whatever leaves any partition too little leaves one of
  /// them.
  let kinds: [Kind]

  private static let mostKinds = 64

  /// Replicas that a node may keep.
  func callAsFunction(_ node: Int) -> Int { held[node] }

  init(held: [Int], kinds: [Kind]) { (self.held, self.kinds) = (held, kinds) }

  /// By the map that a plan is made from, or else by the map itself. O(P · R) where some node is in maintenance.
  init(_ context: Judge.CheckContext) {
    let resting = context.dense.status.indices.filter { context.dense.status[$0].isPinned }
    var held = [Int](repeating: 0, count: context.nodeCount)
    guard !resting.isEmpty else {
      self.init(held: held, kinds: [])
      return
    }
    let map = context.before ?? context.map
    let states = context.dataStates(of: context.model.states.indices)
    var counts: [Set<Int>: Int] = [:]
    for partition in 0..<context.dense.partitionCount {
      var nodes: Set<Int> = []
      for state in states where partition < map.partitionCount {
        for node in map.holders(of: partition, inState: state).map(\.int)
        where node < context.nodeCount && context.dense.status[node].isPinned { nodes.insert(node) }
      }
      for node in nodes { held[node] += 1 }
      counts[nodes, default: 0] += 1
    }
    // In an order of their own: that of a dictionary is none.
    let all = counts.map { Kind(partitions: $1, nodes: $0) }.sorted { a, b in
      a.nodes.count != b.nodes.count
        ? a.nodes.count < b.nodes.count : a.nodes.sorted().lexicographicallyPrecedes(b.nodes.sorted())
    }
    var least: [Kind] = []
    for kind in all
    where least.count < Resting.mostKinds && !least.contains(where: { $0.nodes.isSubset(of: kind.nodes) }) {
      least.append(kind)
    }
    self.init(held: held, kinds: least)
  }
}
