/// A map from nothing by weight, in closed form: class of sizes after class, the heaviest first.
///
/// A class, partitions between some size and half of it, is a block on the line of nodes in tree order (see `Fresh`),
/// on which every node is as long as what it still lacks. A partition's replicas are points W apart, where W is what
/// the block weighs:
///
///     |---- a ----|-- b --|---- c ----|---- d ----|-- e --|---- f ----|      as long as what they lack
///        ^ c                 ^ c + W                ^ c + 2W                c: what those before it weigh
///
/// So no node that lacks no more than W, and no container that lacks no more than its cap times W, has more of a
/// partition than it may, be the rule hard or soft. What a node gets is its length, give or take one partition; the
/// next, lighter class makes up for that.
struct WeightedFresh {
  private let weighing: Weighing
  private let problem: Problem
  private let due: WeightedDue
  private var order: TreeOrder
  /// Of the nodes in the order of the line: where each ends in the block.
  private let ends: NodeTable<Int>
  private let lacks: NodeTable<Int>
  private var columns: [Int]

  /// Places what rows that are empty get so, but what weighs next to nothing; the rest is left to `WeightedFill`.
  /// O(P · R + blocks · N).
  static func run(_ weighing: Weighing, _ due: WeightedDue) throws(PlatError) {
    let problem = weighing.problem
    guard problem.current == nil, problem.near.isEmpty, problem.softNear.isEmpty, !problem.hasStateRules,
      problem.replicas > 0
    else { return }
    var fresh = try WeightedFresh(weighing, due)
    try fresh.layAll()
  }

  private init(_ weighing: Weighing, _ due: WeightedDue) throws(PlatError) {
    (self.weighing, self.due) = (weighing, due)
    problem = weighing.problem
    order = try TreeOrder(problem)
    ends = try problem.arena.table(problem.nodeCount)
    lacks = try problem.arena.table(problem.nodeCount)
    columns = Array(repeating: 0, count: problem.replicas)
  }

  private func weight(_ place: Int) -> Int { weighing.weight[weighing.order.base[place]] }

  private mutating func layAll() throws(PlatError) {
    // Oversized partitions have their nodes already.
    let isEmpty = { [weighing, replicas = problem.replicas] (place: Int) in
      let row = weighing.row(weighing.order.base[place].int)
      return (0..<replicas).allSatisfy { row[$0] == .none }
    }
    var place = (0..<weighing.order.count).first(where: isEmpty) ?? weighing.order.count
    var left = (place..<weighing.order.count).reduce(0) { $0 + weight($1) * problem.replicas }
    while place < weighing.order.count, weight(place) > 0, !WeightedFill.isNegligible(left, weighing, due) {
      try problem.arena.throwIfInterrupted()
      let least = weight(place) / 2
      var end = place
      while end < weighing.order.count, weight(end) > least { end += 1 }
      let count = end - place
      let most = count * problem.replicas / max(1, 4 * problem.nodeCount)
      let blocks = max(1, min(TrialLimits.WeightedFresh.blocks, most))
      for block in 0..<blocks {
        let part = (place + count * block / blocks)..<(place + count * (block + 1) / blocks)
        left -= part.reduce(0) { $0 + weight($1) } * problem.replicas
        lay(part)
        order.shuffle()
      }
      place = end
    }
  }

  /// One block: places of `weighing.order`.
  private mutating func lay(_ block: Range<Int>) {
    let whole = block.reduce(0) { $0 + weight($1) }
    let sum = measure()
    guard sum > 0 else { return }
    let isSafe = fits(sum)
    // Nobody is longer than what it lacks: what that leaves over is for the fill.
    let length = UInt(min(sum, whole * problem.replicas))
    var until: UInt = 0
    for place in 0..<problem.nodeCount {
      until += UInt(lacks[order.nodes.base[place]])
      let (high, low) = until.multipliedFullWidth(by: length)
      ends.base[place] = Int(UInt(sum).dividingFullWidth((high, low)).quotient)
    }
    var node = 0
    for column in columns.indices {
      while node < problem.nodeCount, ends.base[node] <= column * whole { node += 1 }
      columns[column] = node
    }
    var begin = 0
    for place in block {
      let partition = weighing.order.base[place]
      let weight = weighing.weight[partition]
      let row = weighing.row(partition.int)
      for column in columns.indices {
        let point = column * whole + begin + weight / 2
        while columns[column] < problem.nodeCount, ends.base[columns[column]] <= point { columns[column] += 1 }
        guard columns[column] < problem.nodeCount else { continue }
        let node = order.nodes.base[columns[column]]
        guard weighing.hasRoom(node), isSafe || problem.allows(row, leaving: -1, to: node) else { continue }
        weighing.set(partition.int, column, to: node)
      }
      begin += weight
    }
  }

  /// What each node still lacks; the sum of that.
  private func measure() -> Int {
    var sum = 0
    for node in 0..<problem.nodeCount {
      let lack = weighing.hasRoom(NodeIndex(node)) ? max(0, due.due.base[node] - weighing.load.base[node]) : 0
      lacks.base[node] = lack
      sum += lack
    }
    return sum
  }

  /// Whether points W apart cannot meet in one node, nor more of them in a container than it may have.
  private func fits(_ sum: Int) -> Bool {
    let most = sum / problem.replicas
    for node in 0..<problem.nodeCount where lacks.base[node] > most { return false }
    for cap in problem.hard {
      for nodes in problem.cluster.levels[cap.level].nodes {
        let inside = nodes.reduce(0) { $0 + lacks.base[$1] }
        if inside / max(1, cap.most) > most { return false }
      }
    }
    return true
  }
}
