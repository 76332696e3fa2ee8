/// How the capacities that several maps share are parted among them.
///
/// A map has of every node's capacity a part as large as its part of all replicas asked for, so that where capacities
/// bind, they bind every map alike. Where that leaves a map short though all of them together would have more room,
/// parts go from map to map along the shortest paths, until the maps hold as much as they can at all: the greatest flow
///
///     map ─▶ its containers (rules) ─▶ node (a replica of each partition) ─▶ capacity
///
/// Maps of one kind count as one. What is left of a capacity then is parted as it was at first.
struct SharedCapacities {
  /// A kind of map: of each such map what it asks for, and how much of it lies where at most.
  struct Kind {
    var maps: Int
    var partitions: Int
    var replicas: Int
    /// The most replicas of one partition in a container of a level.
    var caps: [(level: Int, most: Int)]

    var demand: Int { partitions * replicas }

    init(_ cluster: DenseCluster, maps: Int) {
      self.maps = maps
      (partitions, replicas) = (cluster.partitionCount, cluster.replicas)
      caps = cluster.hardCaps
    }
  }

  /// One map's part: as large a part of every node's as the map's part of all replicas, or what each node has for it.
  ///
  /// Nodes whose part is the same have the same key, which is below 0; nodes without a capacity have none.
  enum Part {
    case portion(Int, of: Int)
    case each(keys: [Int?], parts: [Rational])

    func key(_ node: Node, _ index: Int) -> Int? {
      switch self {
      case .portion: node.capacity.map { -1 - $0 }
      case .each(let keys, _): keys[index]
      }
    }

    func exact(_ key: Int) -> Rational {
      switch self {
      case .portion(let numerator, let denominator): Rational(-1 - key) * Rational(numerator, max(denominator, 1))
      case .each(_, let parts): parts[-1 - key]
      }
    }

    /// The same, rounded up.
    func whole(_ key: Int) -> Int {
      switch self {
      case .portion(let numerator, let denominator):
        guard denominator > 0 else { return .max }
        let (high, low) = (-1 - key).multipliedFullWidth(by: numerator)
        let (quotient, remainder) = denominator.dividingFullWidth((high, low))
        return quotient + (remainder > 0 ? 1 : 0)
      case .each(_, let parts):
        let part = parts[-1 - key]
        return (part.floor ?? .max - 1) + (part.isInteger ? 0 : 1)
      }
    }
  }

  private let kinds: [Kind]
  private let levels: [DenseLevel]
  /// Of each node, for all maps; 0 where nothing is placed. `unlimited`: it has no capacity.
  private let capacity: [Int]
  private let inAll: Int
  /// What each kind has on each node, all its maps together.
  private var flow: [[Int]] = []
  /// The same in the containers of the levels that it has a cap for.
  private var inContainer: [[[Int]]] = []
  private var used: [Int] = []

  private static let unlimited = Int.max / 4
  /// Steps that looking for paths may take in all.
  private static let effort = 1 << 28

  /// The parts of a map of each kind. O(kinds · N) where portions do.
  static func parts(_ kinds: [Kind], _ shared: Cluster, levels: [DenseLevel]) -> [Part] {
    var capacities = SharedCapacities(kinds, shared, levels)
    let portions = kinds.map { Part.portion($0.demand, of: capacities.inAll) }
    guard capacities.isAnyShort else { return portions }
    capacities.fill()
    return capacities.augment() ? capacities.parts(shared) : portions
  }

  private init(_ kinds: [Kind], _ shared: Cluster, _ levels: [DenseLevel]) {
    (self.kinds, self.levels) = (kinds, levels)
    capacity = shared.nodes.map { node in
      guard node.status.mayKeep, node.weight != .zero else { return 0 }
      return min(node.capacity ?? SharedCapacities.unlimited, SharedCapacities.unlimited)
    }
    inAll = kinds.reduce(0) { $0 + $1.maps * $1.demand }
  }

  /// Whether some map cannot hold all its replicas within its proportional parts. In units of 1 / `inAll`.
  private var isAnyShort: Bool {
    kinds.contains { kind in
      var room = capacity.map { capacity in
        min(Int128(capacity) * Int128(kind.demand), Int128(kind.partitions) * Int128(inAll))
      }
      for cap in kind.caps.reversed() {
        for nodes in levels[cap.level].nodes where !nodes.isEmpty {
          let sum = min(nodes.reduce(0) { $0 + room[$1] }, Int128(cap.most) * Int128(kind.partitions) * Int128(inAll))
          for node in nodes { room[node] = 0 }
          room[nodes.lowerBound] = sum  // whatever is around it asks for the sum only
        }
      }
      return room.reduce(0, +) < Int128(kind.demand) * Int128(inAll)
    }
  }

  /// What a kind may have on one node.
  private func most(_ kind: Int) -> Int { kinds[kind].maps * kinds[kind].partitions }

  private func mostIn(_ kind: Int, _ place: Int) -> Int { kinds[kind].caps[place].most * most(kind) }

  /// Every kind lies within its parts, in proportion to them.
  private mutating func fill() {
    used = Array(repeating: 0, count: capacity.count)
    for (index, kind) in kinds.enumerated() {
      let asked = kind.maps * kind.demand
      var flow = capacity.map { capacity in
        capacity == Self.unlimited ? most(index) : min(Self.scaled(capacity, asked, inAll), most(index))
      }
      for (place, cap) in kind.caps.enumerated().reversed() {
        for nodes in levels[cap.level].nodes { Self.shrink(&flow, nodes, to: mostIn(index, place)) }
      }
      Self.shrink(&flow, 0..<flow.count, to: asked)
      for node in flow.indices { used[node] += flow[node] }
      inContainer.append(
        kind.caps.map { cap in levels[cap.level].nodes.map { nodes in nodes.reduce(0) { $0 + flow[$1] } } })
      self.flow.append(flow)
    }
  }

  private static func scaled(_ number: Int, _ numerator: Int, _ denominator: Int) -> Int {
    let (high, low) = number.multipliedFullWidth(by: numerator)
    return max(denominator, 1).dividingFullWidth((high, low)).quotient
  }

  private static func shrink(_ flow: inout [Int], _ nodes: Range<Int>, to most: Int) {
    let sum = nodes.reduce(0) { $0 + flow[$1] }
    guard sum > most else { return }
    for node in nodes { flow[node] = scaled(flow[node], most, sum) }
  }

  // MARK: Paths

  /// One more of a kind goes to a node: from a node where the kind has one, or from nowhere.
  private struct Hop {
    var kind: Int
    var from: Int
  }

  /// Gives kinds that lack something what there is room for. False where none got anything.
  private mutating func augment() -> Bool {
    var found = false
    var left = Self.effort
    for kind in kinds.indices {
      while left > 0, let (path, end) = path(of: kind, &left) {
        send(path, to: end)
        found = true
      }
    }
    return found
  }

  private func lack(_ kind: Int) -> Int { kinds[kind].maps * kinds[kind].demand - flow[kind].reduce(0, +) }

  /// How many more of a kind may come to a node, from another or (nil) from nowhere.
  private func room(_ kind: Int, at node: Int, from other: Int?) -> Int {
    var room = most(kind) - flow[kind][node]
    for (place, cap) in kinds[kind].caps.enumerated() {
      let containerOf = levels[cap.level].containerOfNode
      if let other, containerOf[other] == containerOf[node] { continue }
      room = min(room, mostIn(kind, place) - inContainer[kind][place][containerOf[node].int])
    }
    return room
  }

  /// The shortest path from what a kind lacks to a node with room: how each node on the way was come to, and the end.
  private func path(of kind: Int, _ left: inout Int) -> (cameBy: [Hop?], end: Int)? {
    guard lack(kind) > 0 else { return nil }
    let nodes = capacity.indices
    var cameBy = [Hop?](repeating: nil, count: nodes.count)
    var queue: [Int] = []
    left -= nodes.count
    for node in nodes where capacity[node] > 0 && room(kind, at: node, from: nil) > 0 {
      cameBy[node] = Hop(kind: kind, from: -1)
      if used[node] < capacity[node] { return (cameBy, node) }
      queue.append(node)
    }
    var read = 0
    while read < queue.count {
      let node = queue[read]
      read += 1
      for other in kinds.indices where flow[other][node] > 0 {
        left -= nodes.count
        guard left > 0 else { return nil }
        for next in nodes where cameBy[next] == nil && capacity[next] > 0 && room(other, at: next, from: node) > 0 {
          cameBy[next] = Hop(kind: other, from: node)
          if used[next] < capacity[next] { return (cameBy, next) }
          queue.append(next)
        }
      }
    }
    return nil
  }

  /// As much as fits along a path. A shortest one comes to each container of a kind once, so rooms along it do not
  /// depend on one another, but for the first step.
  private mutating func send(_ cameBy: [Hop?], to end: Int) {
    var amount = capacity[end] - used[end]
    var node = end
    while let hop = cameBy[node] {
      amount = min(amount, room(hop.kind, at: node, from: hop.from < 0 ? nil : hop.from))
      if hop.from < 0 {
        amount = min(amount, lack(hop.kind))
        break
      }
      amount = min(amount, flow[hop.kind][hop.from])
      node = hop.from
    }
    used[end] += amount
    node = end
    while let hop = cameBy[node] {
      shift(hop.kind, node, by: amount)
      if hop.from < 0 { break }
      shift(hop.kind, hop.from, by: -amount)
      node = hop.from
    }
  }

  private mutating func shift(_ kind: Int, _ node: Int, by amount: Int) {
    flow[kind][node] += amount
    for (place, cap) in kinds[kind].caps.enumerated() {
      inContainer[kind][place][levels[cap.level].containerOfNode[node].int] += amount
    }
  }

  // MARK: Parts

  private func parts(_ shared: Cluster) -> [Part] {
    kinds.indices.map { kind in
      var known: [[Int]: Int] = [:]  // looked up only
      var parts: [Rational] = []
      let keys: [Int?] = shared.nodes.indices.map { node in
        guard let capacity = shared.nodes[node].capacity else { return nil }
        let about = self.capacity[node] > 0 ? [flow[kind][node], capacity - used[node]] : [0, 0]
        if let key = known[about] { return key }
        parts.append(
          Rational(about[0], kinds[kind].maps) + Rational(about[1]) * Rational(kinds[kind].demand, max(inAll, 1)))
        known[about] = -parts.count
        return -parts.count
      }
      return .each(keys: keys, parts: parts)
    }
  }
}
