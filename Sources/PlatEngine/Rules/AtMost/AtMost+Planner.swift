import PlatSearch

/// A placement rule flattened for the loops: which container a node is in, and how many of a partition's
/// replicas one container may hold.
struct LevelCap: BitwiseCopyable {
  let containerOfNode: NodeTable<ContainerIndex>
  let most: Int
  let level: Int
  let containerCount: Int
  /// `PlanRequest.wideRow`.
  let wideRow: Int
}

extension UnsafeBufferPointer<LevelCap> {
  /// Whether a row without an empty slot keeps all of these rules. O(R²), unrolled where `width` is a constant;
  /// O(R + containers) where the row is wide.
  @inline(__always) func allow(_ row: UnsafeMutablePointer<NodeIndex>, width: Int) -> Bool {
    for cap in self {
      if width > 3, width > cap.wideRow {
        if !cap.allowsWide(row, width: width) { return false }
        continue
      }
      let containerOf = cap.containerOfNode.base
      for slot in 0..<width {
        let container = containerOf[row[slot].int]
        var others = 0
        for earlier in 0..<slot {
          let isSame = containerOf[row[earlier].int] == container
          if isSame, cap.most == 1 { return false }
          others += isSame ? 1 : 0
        }
        if cap.most != 1, others >= cap.most { return false }
      }
    }
    return true
  }

  /// The first of the partitions whose row has an empty slot or breaks one of these rules; their end where none does.
  @inline(never) func firstNotAllowed(
    _ partitions: Range<Int>, rows: UnsafeMutablePointer<NodeIndex>, width: Int
  ) -> Int {
    switch width {
    case 2: scan(partitions, rows: rows, width: 2)
    case 3: scan(partitions, rows: rows, width: 3)
    default: scan(partitions, rows: rows, width: width)
    }
  }

  @inline(__always) private func scan(
    _ partitions: Range<Int>, rows: UnsafeMutablePointer<NodeIndex>, width: Int
  ) -> Int {
    for partition in partitions {
      let row = rows + partition * width
      for slot in 0..<width where row[slot] == .none { return partition }
      if !allow(row, width: width) { return partition }
    }
    return partitions.upperBound
  }
}

/// A hard rule about some of the wanted states only: the roles stage keeps it.
struct StateCap {
  let containerOfNode: NodeTable<ContainerIndex>
  let most: Int
  /// For each slot of a row, whether the rule counts its state.
  let countsSlot: [Bool]
}

/// What rules of at most so many come to for the stages of the planner.
struct CompiledCaps {
  /// On replicas in all, the tightest of each level, outermost first: hard ones, and soft ones that no hard one
  /// implies.
  private(set) var hard: [LevelCap] = []
  private(set) var soft: [LevelCap] = []
  /// Hard ones about some of the wanted states only.
  private(set) var ofStates: [StateCap] = []

  /// `tables`: for each level the container of each node. `alike`: levels of which nodes in one container must be alike
  /// to hard rules, capped or not. O(levels · rules · states).
  init(
    _ cluster: DenseCluster, tables: [NodeTable<ContainerIndex>], wideRow: Int, alike: Set<Int>
  ) {
    let rules = cluster.cluster.settings.rules(AtMost.self)
    for (level, table) in tables.enumerated() {
      for strength in [Strength.hard, .soft] {
        var tightest: Int?
        for rule in rules where rule.level == level && rule.strength == strength {
          let outside = rule.uncounted(cluster.dataWanted)
          let total = rule.most + outside
          if outside > 0, strength == .hard, outside < cluster.replicas {
            ofStates.append(
              StateCap(
                containerOfNode: table, most: rule.most,
                countsSlot: cluster.dataWanted.indices.flatMap { state in
                  Array(repeating: rule.states.contains(state), count: cluster.dataWanted[state])
                }))
          }
          if total < cluster.replicas { tightest = min(tightest ?? .max, total) }
        }
        // One that caps nothing, at least.
        if strength == .hard, tightest == nil, alike.contains(level) { tightest = cluster.replicas }
        guard let most = tightest else { continue }
        let cap = LevelCap(
          containerOfNode: table, most: most, level: level, containerCount: cluster.levels[level].count,
          wideRow: wideRow)
        if strength == .hard {
          hard.append(cap)
        } else if !hard.contains(where: { $0.most <= most }) {
          // Else a hard rule about this level or one around it allows no more, so that this one cannot be broken.
          soft.append(cap)
        }
      }
    }
  }
}

extension AtMost {
  /// Replicas of a partition that it does not count.
  fileprivate func uncounted(_ wanted: [Int]) -> Int {
    wanted.indices.reduce(0) { $0 + (states.contains($1) ? 0 : wanted[$1]) }
  }

  func compile(_ cluster: DenseCluster, into shape: inout SearchShape) {
    let containers = cluster.levels[level]
    shape.bounds.append(
      BoxBound(
        containerOfNode: containers.containerOfNode.map { Int32($0.int) }, containerCount: containers.count,
        states: states.asMask, most: most, isHard: strength == .hard))
  }
}

extension DenseCluster {
  /// The most replicas of one partition that hard rules let a container of each level have, of levels where that is not
  /// all.
  var hardCaps: [(level: Int, most: Int)] {
    let rules = cluster.settings.rules(AtMost.self).filter { $0.strength == .hard }
    return levels.indices.compactMap { level in
      let most = rules.filter { $0.level == level }.reduce(replicas) { min($0, $1.most + $1.uncounted(dataWanted)) }
      return most < replicas ? (level, most) : nil
    }
  }

  /// What hard rules about this state alone let a container have of `count` replicas in it, outermost level first.
  func hardCaps(ofStateAlone state: Int, count: Int) -> [(level: Int, most: Int)] {
    cluster.settings.rules(AtMost.self).filter { rule in
      let counted = dataWanted[state] > 0 ? rule.states.filter { dataWanted[$0] > 0 } : rule.states
      return rule.strength == .hard && rule.most < count && counted == [state]
    }.sorted { ($0.level, $0.index) < ($1.level, $1.index) }.map { ($0.level, $0.most) }
  }

  /// Levels whose containers some rule caps.
  var cappedLevels: Set<Int> { Set(cluster.settings.rules(AtMost.self).map(\.level)) }
}
