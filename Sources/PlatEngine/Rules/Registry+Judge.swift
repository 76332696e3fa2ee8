/// Every rule about containers, as the Judge recounts a map by it.
extension Judge.CheckContext {
  /// Judges every placement rule, outermost level first; the lists come in the order of the settings. Where no
  /// container holds more of some states than a rule allows, none inside it does: then there is no need to look again.
  func placementRules() throws(PlatError) -> [Judge.ViolationList] {
    let rules = settings.containerRules
    var lists: [Judge.ViolationList?] = rules.map { _ in nil }
    for index in rules.indices.sorted(by: { (rules[$0].level, $0) < (rules[$1].level, $1) }) {
      let isImplied = rules.indices.contains { lists[$0]?.count == 0 && rules[index].isImplied(by: rules[$0]) }
      lists[index] =
        isImplied ? Judge.ViolationList(.placement(index), rules[index].strength) : try rules[index].judge(self)
    }
    return lists.compactMap { $0 }
  }

  /// The containers of one level, as a pass over the map needs them.
  struct ContainersOfLevel {
    /// Containers of the level; what is not less is no container.
    let count: UInt32
    /// The container of each node; none for who can't be read.
    let ofNode: UnsafeMutablePointer<UInt32>
    /// Those of the row at hand.
    private(set) var here: UnsafeMutablePointer<UInt32>

    /// The same with a row of its own, for another worker.
    func another(_ context: Judge.CheckContext, _ slots: Int) throws(PlatError) -> ContainersOfLevel {
      let row: NodeTable<UInt32> = try context.arena.table(slots)
      var another = self
      another.here = row.base
      return another
    }

    init(_ context: Judge.CheckContext, level: Int, roomFor slots: Int) throws(PlatError) {
      let containers = context.dense.levels[level]
      count = UInt32(containers.count)
      let table: NodeTable<UInt32> = try context.arena.table(context.nodeCount + 1)
      table.fill(with: .max)
      for node in 0..<context.nodeCount where context.isLive.base[node] == 1 {
        table.base[node] = containers.containerOfNode[node].raw
      }
      ofNode = table.base
      let row: NodeTable<UInt32> = try context.arena.table(slots)
      here = row.base
    }
  }
}

/// A container in which a row breaks a rule.
struct RowBreach {
  var container: Int
  /// Those that count there.
  var nodes: [Int]
  var excess: Int
}

/// A rule about containers at the gate: the slots of a planned row that it counts.
struct GateRule {
  let index: Int
  let levelName: String
  let containerOfNode: [ContainerIndex]
  let slots: [Int]
  /// At most so many in a container; or, with anchors, at least so many near to one of them.
  let limit: Int
  let anchors: [Int]?
  /// For each container, the stamp and a count.
  let count: ContainerTable<UInt64>

  /// What is wrong with a row; nil: nothing. `stamp`: another for each row, and not 0. O(R).
  func fault(_ row: UnsafeMutablePointer<NodeIndex>, _ stamp: Int) -> String? {
    if let anchors { far(row, anchors, stamp) } else { crowd(row, stamp) }
  }
}

extension ContainerRule {
  /// `slots`: those of a planned row whose state is asked for.
  func gate(
    _ cluster: DenseCluster, slots: (_ isAsked: (Int) -> Bool) -> [Int], _ arena: Arena
  ) throws(PlatError) -> GateRule {
    GateRule(
      index: index, levelName: cluster.cluster.levels[level], containerOfNode: cluster.levels[level].containerOfNode,
      slots: slots(states.contains), limit: count, anchors: anchor.map { anchor in slots { $0 == anchor } },
      count: try arena.table(cluster.levels[level].count))
  }

  /// How many, where one rule has another number.
  func limit(_ changing: (rule: Int, to: Int)?) -> Int { changing?.rule == index ? changing!.to : count }
}
