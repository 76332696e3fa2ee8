extension Judge.Reasons {
  /// The live replicas of one partition.
  struct Row {
    /// Holders that can be read.
    var held: [(node: Int, state: Int)] = []
    /// Nodes that it was on, and that have failed.
    var failed: [Int] = []

    init(_ matter: Judge.Matter, _ partition: Int) {
      guard partition < matter.rowCount else { return }
      for state in matter.occupying(matter.model.states.indices) {
        for node in matter.map.holders(of: partition, inState: state).map(\.int) where node < matter.nodeCount {
          if matter.isLive.base[node] == 1 { held.append((node, state)) } else { failed.append(node) }
        }
      }
    }

    /// For each node, whether it is one of the holders.
    func holds(_ matter: Judge.Matter) -> [Bool] {
      var holds = [Bool](repeating: false, count: matter.nodeCount)
      for holder in held { holds[holder.node] = true }
      return holds
    }

    /// How many of its replicas in `states` each container of a level holds, by container.
    func count(_ matter: Judge.Matter, level: Int, states: [Int]) -> [Int: Int] {
      held.reduce(into: [:]) { count, holder in
        guard states.contains(holder.state) else { return }
        count[matter.dense.levels[level].containerOfNode[holder.node].int, default: 0] += 1
      }
    }
  }

  /// Where a hard rule lets one more replica of a partition go, in view of those that it has.
  struct Bar {
    var rule: Int
    var level: Int
    var most: Int
    /// The only containers that may take it (`admits`), or those that may not.
    var containers: [Int]
    var admits: Bool

    /// All that bear on one more replica in `state`.
    static func all(_ matter: Judge.Matter, _ row: Row, _ state: Int) -> [Bar] {
      matter.settings.hardContainerRules.compactMap { $0.bar(matter, row, state) }
    }
  }

  /// The most replicas in some states that any partition can have, whatever the map.
  struct Ceiling {
    var states: [Int]
    var most: Int
    var because: String

    /// Those that leave something missing, the lowest first. O(rules · (N + containers)).
    static func all(_ matter: Judge.Matter) -> [Ceiling] {
      let dense = matter.dense
      let isUsable = { (node: Int) in dense.status[node].mayReceive && dense.capacity[node] > 0 }
      let usable = (0..<dense.nodeCount).count(where: isUsable)
      var ceilings: [Ceiling] = []
      let wanted = dense.wanted.reduce(0, +)
      if usable < wanted {
        let only = usable == 0 ? "no node is" : usable == 1 ? "only 1 node is" : "only \(usable) nodes are"
        let barring = matter.placesThatEmpty
        let why = barring.map { "; \($0.rule.words(matter.model))" }.joined()
        ceilings.append(
          Ceiling(
            states: Array(dense.wanted.indices), most: usable,
            because: "\(only) active\(barring.isEmpty ? "" : " and allowed") and \(matter.replicas(wanted)) "
              + "\(wanted == 1 ? "is" : "are") wanted\(why)"))
      }
      if let ceiling = matter.settings.fanOut?.ceiling(matter) { ceilings.append(ceiling) }
      ceilings += matter.settings.hardContainerRules.compactMap { $0.ceiling(matter, isUsable: isUsable) }
      return ceilings.enumerated().sorted { ($0.element.most, $0.offset) < ($1.element.most, $1.offset) }
        .map(\.element)
    }
  }
}

extension Judge.Words {
  /// `zones`, `shelves`, `galaxies`.
  static func plural(_ level: String) -> String {
    if level.hasSuffix("y") { return level.dropLast() + "ies" }
    if level.hasSuffix("f") { return level.dropLast() + "ves" }
    return level + (level.hasSuffix("s") || level.hasSuffix("x") || level.hasSuffix("ch") ? "es" : "s")
  }
}
