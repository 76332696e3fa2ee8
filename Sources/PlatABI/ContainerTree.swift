import PlatEngine

/// For each node the numbers of its containers → the tree, and the nodes in its order.
struct ContainerTree {
  var containers: [Container] = []
  /// The host's nodes in tree order; nil where they are so already.
  private(set) var order: [UInt32]?

  private static let mostContainers = 1 << 20

  /// Containers come in the order of their first nodes, so that nodes which follow one another already stay as they
  /// are. O(N · levels), and a sort where they do not.
  init(_ ofHost: UnsafePointer<UInt32>?, nodes: Int, levels: Int) throws {
    guard levels > 0 else { return }
    guard nodes > 0 else { return }
    guard let ofHost else {
      throw Refusal.argument("containers", found: "NULL", expected: "\(nodes * levels) numbers of containers")
    }
    // A copy: what was checked stays so, whatever the host does.
    let numbers = [UInt32](UnsafeBufferPointer(start: ofHost, count: nodes * levels))
    // Every container by level: its place by first node, and its number of the host.
    var ranks: [[UInt32]] = []
    var hostNumbers: [[UInt32]] = []
    for level in 0..<levels {
      var greatest: UInt32 = 0
      for node in 0..<nodes { greatest = max(greatest, numbers[node * levels + level]) }
      guard greatest < Self.mostContainers else {
        throw Refusal.argument(
          "containers", found: "container \(greatest)", expected: "numbers below \(Self.mostContainers)")
      }
      var rankOf = [UInt32](repeating: .max, count: Int(greatest) + 1)
      var names: [UInt32] = []
      var rank = [UInt32](repeating: 0, count: nodes)
      for node in 0..<nodes {
        let number = Int(numbers[node * levels + level])
        if rankOf[number] == .max {
          rankOf[number] = UInt32(names.count)
          names.append(UInt32(number))
        }
        rank[node] = rankOf[number]
      }
      ranks.append(rank)
      hostNumbers.append(names)
    }
    for level in 1..<max(levels, 1) { try Self.checkNesting(ranks[level - 1], ranks[level], level, hostNumbers[level]) }

    // First containers' ranks ascend exactly where the order is right; sorting by all of them keeps every container
    // together.
    let isInOrder = ranks.allSatisfy { rank in (1..<max(nodes, 1)).allSatisfy { rank[$0 - 1] <= rank[$0] } }
    if !isInOrder {
      order = (0..<UInt32(nodes)).sorted { a, b in
        for rank in ranks where rank[Int(a)] != rank[Int(b)] { return rank[Int(a)] < rank[Int(b)] }
        return a < b
      }
    }
    makeContainers(ranks, hostNumbers, nodes: nodes)
  }

  private static func checkNesting(_ outer: [UInt32], _ inner: [UInt32], _ level: Int, _ names: [UInt32]) throws {
    var parent = [UInt32](repeating: .max, count: names.count)
    for node in inner.indices {
      let container = Int(inner[node])
      if parent[container] == .max { parent[container] = outer[node] }
      guard parent[container] == outer[node] else {
        throw Refusal.argument(
          "containers",
          found: "container \(names[container]) of level \(level) in two containers of level \(level - 1)",
          expected: "one around it")
      }
    }
  }

  /// Parents before children, in tree order.
  private mutating func makeContainers(_ ranks: [[UInt32]], _ names: [[UInt32]], nodes: Int) {
    var open: [Int?] = ranks.map { _ in nil }
    for place in 0..<nodes {
      let node = order.map { Int($0[place]) } ?? place
      let before = place == 0 ? nil : order.map { Int($0[place - 1]) } ?? (place - 1)
      for level in ranks.indices {
        if let before, ranks[level][before] == ranks[level][node], let here = open[level] {
          containers[here].nodes = containers[here].nodes.lowerBound..<(place + 1)
          continue
        }
        open[level] = containers.count
        containers.append(
          Container(
            name: String(names[level][Int(ranks[level][node])]), level: level,
            parent: level == 0 ? nil : open[level - 1],
            nodes: place..<(place + 1)))
      }
    }
  }
}
