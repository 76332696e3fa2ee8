extension Judge.Reasons {
  /// The live replicas of one partition.
  struct Row {
    /// Holders that can be read.
    var held: [(node: Int, state: Int)] = []
    /// Nodes that it was on, and that have failed.
    var failed: [Int] = []

    init(_ context: Judge.CheckContext, _ partition: Int) {
      guard partition < context.rowCount else { return }
      for state in context.occupying(context.model.states.indices) {
        for node in context.map.holders(of: partition, inState: state).map(\.int) where node < context.nodeCount {
          if context.isLive.base[node] == 1 { held.append((node, state)) } else { failed.append(node) }
        }
      }
    }

    /// For each node, whether it is one of the holders.
    func holds(_ context: Judge.CheckContext) -> [Bool] {
      var holds = [Bool](repeating: false, count: context.nodeCount)
      for holder in held { holds[holder.node] = true }
      return holds
    }

    /// How many of its replicas in `states` each container of a level holds, by container.
    func count(_ context: Judge.CheckContext, level: Int, states: [Int]) -> [Int: Int] {
      held.reduce(into: [:]) { count, holder in
        guard states.contains(holder.state) else { return }
        count[context.dense.levels[level].containerOfNode[holder.node].int, default: 0] += 1
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
    static func all(_ context: Judge.CheckContext, _ row: Row, _ state: Int) -> [Bar] {
      context.settings.hardContainerRules.compactMap { $0.bar(context, row, state) }
    }
  }

  /// The most replicas in some states that any partition can have, whatever the map.
  struct Ceiling {
    var states: [Int]
    var most: Int
    var because: String

    /// Those that leave something missing, the lowest first. O(rules · (N + containers)).
    static func all(_ context: Judge.CheckContext) -> [Ceiling] {
      let dense = context.dense
      let isUsable = { (node: Int) in dense.status[node].mayReceive && dense.capacity[node] > 0 }
      let usable = (0..<dense.nodeCount).count(where: isUsable)
      var ceilings: [Ceiling] = []
      let wanted = dense.wanted.reduce(0, +)
      if usable < wanted {
        let only = usable == 0 ? "no node is" : usable == 1 ? "only 1 node is" : "only \(usable) nodes are"
        let barring = context.placesThatEmpty
        let why = barring.map { "; \($0.rule.words(context.model))" }.joined()
        ceilings.append(
          Ceiling(
            states: Array(dense.wanted.indices), most: usable,
            because: "\(only) active\(barring.isEmpty ? "" : " and allowed") and \(context.replicas(wanted)) "
              + "\(wanted == 1 ? "is" : "are") wanted\(why)"))
      }
      if let ceiling = context.settings.fanOut?.ceiling(context) { ceilings.append(ceiling) }
      ceilings += context.settings.hardContainerRules.compactMap { $0.ceiling(context, isUsable: isUsable) }
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
