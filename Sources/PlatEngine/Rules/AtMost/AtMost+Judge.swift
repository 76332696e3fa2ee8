/// Rules of at most so many in a container, recounted.
extension AtMost {
  static func hard(_ dense: DenseCluster) -> [AtMost] {
    dense.cluster.settings.rules(AtMost.self).filter { $0.strength == .hard }
  }

  /// O(P · R²), or O(P · R) where rows are wide.
  func judge(_ context: Judge.CheckContext) throws(PlatError) -> Judge.ViolationList {
    let slots = try context.slots(ofStates: context.occupying(states), in: context.map)
    let boxes = try Judge.CheckContext.ContainersOfLevel(
      context, level: level, roomFor: max(slots.count, context.map.width))
    var violations = Judge.ViolationList(.placement(index), strength)
    if slots.count <= 16 {
      try context.judgeAtMost(most, slots, boxes, &violations)
    } else {
      try context.judgeAtMostInWideRows(most, slots, boxes, &violations)
    }
    return violations
  }

  func isImplied(by other: any ContainerRule) -> Bool {
    guard let other = other as? AtMost else { return false }
    return other.most <= most && other.level <= level && states.allSatisfy(other.states.contains)
  }

  // MARK: Words

  func because(_ breach: Judge.Breach, _ context: Judge.CheckContext) -> String {
    let box = context.container(level: level, breach.container)
    let range = context.dense.levels[level].nodes[breach.container]
    let nodes = context.occupying(states).flatMap { context.liveHolders(of: breach.partition, inState: $0) }
    let names = context.list(nodes.filter(range.contains).sorted().map(context.nodeName))
    return "\(box) has it on \(names), and \(context.settings.ruleName(index)) allows "
      + "\(context.replicas(most)) of it there"
  }

  func bar(_ context: Judge.CheckContext, _ row: Judge.Reasons.Row, _ state: Int) -> Judge.Reasons.Bar? {
    guard states.contains(state) else { return nil }
    let count = row.count(context, level: level, states: states)
    let all = context.dense.levels[level].nodes.indices
    let taken = most == 0 ? Array(all) : count.filter { $1 >= most }.keys.sorted()
    return Judge.Reasons.Bar(rule: index, level: level, most: most, containers: taken, admits: false)
  }

  func ceiling(_ context: Judge.CheckContext, isUsable: (Int) -> Bool) -> Judge.Reasons.Ceiling? {
    let dense = context.dense
    let boxes = dense.levels[level].nodes.map { $0.count(where: isUsable) }
    let ceiling = boxes.reduce(0) { $0 + min($1, most) }
    let wanted = states.reduce(0) { $0 + dense.wanted[$1] }
    guard ceiling < wanted else { return nil }
    let name = dense.cluster.levels[level]
    let open = boxes.count { $0 > 0 }
    let some = open < boxes.count ? "\(open) of \(boxes.count)" : "\(open)"
    let ofThem = boxes.count == 1 ? name : Judge.Words.plural(name)
    let small = boxes.contains { $0 > 0 && $0 < most } ? ", or as many as it has nodes" : ""
    let which = open < boxes.count ? " with active nodes" : ""
    return Judge.Reasons.Ceiling(
      states: states, most: ceiling,
      because: "\(some) \(ofThem)\(which), and \(context.settings.ruleName(index)) allows "
        + "\(context.replicas(most)) in each\(small): at most \(ceiling) of \(wanted)")
  }

  func broken(_ row: [(node: Int, state: Int)], _ context: Judge.CheckContext) -> [RowBreach] {
    let boxes = context.dense.levels[level].containerOfNode
    let counted = row.filter { states.contains($0.state) && context.isLive.base[$0.node] == 1 }.map(\.node)
    return Dictionary(grouping: counted) { boxes[$0].int }.filter { $1.count > most }.sorted { $0.key < $1.key }
      .map { RowBreach(container: $0.key, nodes: $0.value, excess: $0.value.count - most) }
  }

  func words(_ breach: RowBreach, _ context: Judge.CheckContext) -> String {
    let names = context.list(breach.nodes.sorted().map(context.nodeName))
    return "\(context.settings.ruleName(index)) allows \(context.replicas(most)) in "
      + "\(context.container(level: level, breach.container)), which would have it on \(names)"
  }

  // MARK: The gate

  /// A hard rule of at most so many in a container, for rows that are full.
  struct Crowd: BitwiseCopyable {
    let boxOfNode: UnsafeMutablePointer<UInt32>
    let most: Int
    let boxes: UInt32
    let slots: UnsafeMutablePointer<Int>
    let slotCount: Int
    /// It is about every slot, and allows one: boxes that are all different are well.
    let isOneEach: Bool
  }

  /// Those that a full row of a map can break.
  static func crowds(_ cluster: DenseCluster, _ map: PlacementMap, _ arena: Arena) throws(PlatError) -> [Crowd] {
    var crowds: [Crowd] = []
    let stateOfSlot = map.stateOfSlot
    for rule in hard(cluster) {
      let slots = stateOfSlot.indices.filter { rule.states.contains(stateOfSlot[$0]) }
      guard slots.count > rule.most else { continue }
      let table: NodeTable<Int> = try arena.table(slots.count)
      for (index, slot) in slots.enumerated() { table.base[index] = slot }
      let boxes: NodeTable<UInt32> = try arena.table(cluster.nodeCount + 1)
      for node in 0..<cluster.nodeCount { boxes.base[node] = cluster.levels[rule.level].containerOfNode[node].raw }
      boxes.base[cluster.nodeCount] = .max
      crowds.append(
        Crowd(
          boxOfNode: boxes.base, most: rule.most, boxes: UInt32(cluster.levels[rule.level].count), slots: table.base,
          slotCount: slots.count, isOneEach: rule.most == 1 && slots.count == map.width))
    }
    return crowds
  }

  // MARK: Room

  /// The most of one partition's replicas in `states` that hard rules let a container of a level have. `changing`: a
  /// rule that has another limit.
  static func most(
    _ dense: DenseCluster, level: Int, states: [Int], wanted: [Int], changing: (rule: Int, to: Int)? = nil
  ) -> Int? {
    hard(dense).filter { $0.level == level && $0.states.contains(where: states.contains) }.map { rule in
      rule.limit(changing) + states.filter { !rule.states.contains($0) }.reduce(0) { $0 + wanted[$1] }
    }.min()
  }
}

extension GateRule {
  /// More than may lie in one container.
  func crowd(_ row: UnsafeMutablePointer<NodeIndex>, _ stamp: Int) -> String? {
    for slot in slots where row[slot] != .none {
      let container = containerOfNode[row[slot].int]
      let before = count[container] >> 20 == UInt64(stamp) ? count[container] & 0xf_ffff : 0
      count[container] = UInt64(stamp) << 20 | (before + 1)
      if before >= UInt64(limit) { return "more than \(limit) would lie in \(levelName) \(container.raw)" }
    }
    for slot in slots where row[slot] != .none { count[containerOfNode[row[slot].int]] = 0 }
    return nil
  }
}

extension Judge {
  /// The most replicas in a container of each level: the least that its hard rules allow. Nil: any number.
  static func totalCaps(_ cluster: DenseCluster) -> [Int?] {
    var caps = [Int?](repeating: nil, count: cluster.levels.count)
    for rule in AtMost.hard(cluster) {
      let others = cluster.wanted.indices.filter { !rule.states.contains($0) }
      let outside = others.reduce(0) { $0 + cluster.dataWanted[$1] }
      let replicas = min(cluster.replicas, rule.most + outside)
      caps[rule.level] = min(caps[rule.level] ?? .max, cluster.partitionCount * replicas)
    }
    return caps
  }

  /// The same for one state: by the rules that are about no other wanted state.
  static func caps(_ cluster: DenseCluster, ofState state: Int, _ wantedStates: [Int]) -> [Int?] {
    var caps = [Int?](repeating: nil, count: cluster.levels.count)
    for rule in AtMost.hard(cluster) {
      let counted = cluster.dataWanted[state] > 0 ? wantedStates.filter(rule.states.contains) : rule.states
      guard counted == [state] else { continue }
      caps[rule.level] = min(caps[rule.level] ?? .max, cluster.partitionCount * min(rule.most, cluster.wanted[state]))
    }
    return caps
  }

  /// As `totalCaps`, with the rule that says so: the first of equal ones.
  static func totalCapRules(_ dense: DenseCluster) -> [(level: Int, rule: Int, cap: Int)] {
    let caps = totalCaps(dense)
    return caps.indices.compactMap { level in
      guard let cap = caps[level] else { return nil }
      let rule = AtMost.hard(dense).first { rule in
        let outside = dense.wanted.indices.filter { !rule.states.contains($0) }.reduce(0) { $0 + dense.dataWanted[$1] }
        return rule.level == level && dense.partitionCount * min(dense.replicas, rule.most + outside) == cap
      }
      return rule.map { (level, $0.index, cap) }
    }
  }
}

extension Remedies {
  mutating func raiseAtMost() {
    let inAll = dense.dataWanted.reduce(0, +)
    for rule in AtMost.hard(dense) where rule.most < inAll && rule.states.contains(where: states.contains) {
      let to = Remedies.least(in: rule.most + 1...inAll) { fits(nil, .init(limit: (rule.index, $0))) }
      if let to { all.append(.raiseAtMost(rule: dense.cluster.settings.documentIndex(ofRule: rule.index), to: to)) }
    }
  }
}

extension Judge.CheckContext {
  /// Compares every two replicas of a row.
  fileprivate func judgeAtMost(
    _ most: Int, _ slots: SlotList, _ boxes: ContainersOfLevel, _ violations: inout Judge.ViolationList
  ) throws(PlatError) {
    let tools = try forEachWorker { (_) throws(PlatError) in
      (try Judge.Columns(self, slots), try boxes.another(self, slots.count))
    }
    let found = findings(tools: tools, empty: violations) { tools, rows, violations in
      let (columns, boxes) = tools
      forEachPiece(rows) { rows in
        if most == 1, columns.areDifferent(map, rows, through: boxes.ofNode, below: boxes.count) { return }
        columns.read(map, rows, through: boxes.ofNode)
        columns.markCrowded(most, rows.count)
        for row in 0..<rows.count where columns.marks[row] != 0 {
          for index in 0..<slots.count { boxes.here[index] = columns.column(index)[row] }
          recordCrowded(rows.lowerBound + row, most, slots.count, boxes, &violations)
        }
      }
    }
    for found in found { violations.append(found) }
  }

  /// Counts in stamps: rows that are too wide to compare every two.
  fileprivate func judgeAtMostInWideRows(
    _ most: Int, _ slots: SlotList, _ boxes: ContainersOfLevel, _ violations: inout Judge.ViolationList
  ) throws(PlatError) {
    let nobody = UInt32(nodeCount)
    let stamp: ContainerTable<Int> = try arena.table(Int(boxes.count))
    let count: ContainerTable<Int> = try arena.table(Int(boxes.count))
    for partition in 0..<rowCount {
      let row = map.slots + partition * map.width
      var isCrowded = false
      for index in 0..<slots.count {
        let box = boxes.ofNode[Int(min(row[slots.base[index]].raw, nobody))]
        boxes.here[index] = box
        guard box < boxes.count else { continue }
        if stamp.base[Int(box)] != partition + 1 {
          stamp.base[Int(box)] = partition + 1
          count.base[Int(box)] = 0
        }
        count.base[Int(box)] += 1
        isCrowded = isCrowded || count.base[Int(box)] > most
      }
      if isCrowded { recordCrowded(partition, most, slots.count, boxes, &violations) }
    }
  }

  /// A breach for each container that holds too many of the row in `boxes.here`.
  @inline(never) private func recordCrowded(
    _ partition: Int, _ most: Int, _ count: Int, _ boxes: ContainersOfLevel, _ violations: inout Judge.ViolationList
  ) {
    var here = UnsafeMutableBufferPointer(start: boxes.here, count: count)
    if count > 1 { here.sort() }
    var start = 0
    while start < count, here[start] < boxes.count {
      var end = start + 1
      while end < count, here[end] == here[start] { end += 1 }
      if end - start > most {
        violations.add(Judge.Breach(partition: partition, container: Int(here[start]), want: most, have: end - start))
      }
      start = end
    }
  }
}
