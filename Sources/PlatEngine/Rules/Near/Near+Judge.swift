/// Near rules, recounted.
extension Near {
  /// O(P · R).
  func judge(_ context: Judge.CheckContext) throws(PlatError) -> Judge.ViolationList {
    let slots = try context.slots(ofStates: context.occupying(states), in: context.map)
    let boxes = try Judge.CheckContext.ContainersOfLevel(
      context, level: level, roomFor: max(slots.count, context.map.width))
    var violations = Judge.ViolationList(.placement(index), strength)
    try context.judgeNear(
      try context.slots(ofStates: context.occupying([of]), in: context.map), atLeast, slots, boxes, &violations)
    return violations
  }

  // MARK: Words

  func because(_ breach: Judge.Breach, _ context: Judge.CheckContext) -> String {
    "\(breach.have) of \(context.replicas(breach.want)) share "
      + "\(context.container(level: level, breach.container)) with its "
      + "\(context.model.states[of].name), as \(context.settings.ruleName(index)) asks"
  }

  func bar(_ context: Judge.CheckContext, _ row: Judge.Reasons.Row, _ state: Int) -> Judge.Reasons.Bar? {
    let count = row.count(context, level: level, states: states)
    let placed = count.values.reduce(0, +)
    let anchors = row.count(context, level: level, states: [of]).keys.sorted()
    if state == of, anchors.isEmpty {
      // It must come to where enough of the others are; if it is one of them itself, it brings one along.
      let own = states.contains(state) ? 1 : 0
      let want = min(atLeast, placed + own) - own
      guard want > 0 else { return nil }
      let enough = count.filter { $1 >= want }.keys.sorted()
      return Judge.Reasons.Bar(rule: index, level: level, most: want, containers: enough, admits: true)
    }
    guard states.contains(state), state != of, !anchors.isEmpty, placed < atLeast else { return nil }
    return Judge.Reasons.Bar(rule: index, level: level, most: atLeast, containers: anchors, admits: true)
  }

  func broken(_ row: [(node: Int, state: Int)], _ context: Judge.CheckContext) -> [RowBreach] {
    let boxes = context.dense.levels[level].containerOfNode
    let live = row.filter { context.isLive.base[$0.node] == 1 }
    let counted = live.filter { states.contains($0.state) }.map(\.node)
    let anchors = live.filter { $0.state == of }.map { boxes[$0.node].int }
    guard let anchor = anchors.first else { return [] }
    let near = counted.count { anchors.contains(boxes[$0].int) }
    let want = min(atLeast, counted.count)
    return near < want ? [RowBreach(container: anchor, nodes: counted, excess: want - near)] : []
  }

  func words(_ breach: RowBreach, _ context: Judge.CheckContext) -> String {
    "\(context.settings.ruleName(index)) wants \(context.replicas(atLeast)) in "
      + "\(context.container(level: level, breach.container)), beside its \(context.model.states[of].name)"
  }

  // MARK: Bounds

  /// What the first hard near rule about the leading state asks of a whole row with one master: so many replicas in one
  /// container of the level, the master's own included.
  static func group(_ dense: DenseCluster) -> (rule: Near, group: Int)? {
    guard dense.dataWanted[0] == 1 else { return nil }
    for rule in ofFirstState(dense, dense.wanted) where rule.strength == .hard {
      let others = rule.states.filter { $0 != 0 }.reduce(0) { $0 + dense.dataWanted[$1] }
      let near = min(others, rule.atLeast - (rule.states.contains(0) ? 1 : 0))
      if near > 0 { return (rule, near + 1) }
    }
    return nil
  }
}

extension GateRule {
  /// Too few near to an anchor.
  func far(_ row: UnsafeMutablePointer<NodeIndex>, _ anchors: [Int], _ stamp: Int) -> String? {
    var hasAnchor = false
    for slot in anchors where row[slot] != .none {
      count[containerOfNode[row[slot].int]] = UInt64(stamp)
      hasAnchor = true
    }
    guard hasAnchor else { return nil }
    var (placed, near) = (0, 0)
    for slot in slots where row[slot] != .none {
      placed += 1
      if count[containerOfNode[row[slot].int]] == UInt64(stamp) { near += 1 }
    }
    for slot in anchors where row[slot] != .none { count[containerOfNode[row[slot].int]] = 0 }
    return near < min(limit, placed) ? "\(near) of \(min(limit, placed)) would be near" : nil
  }
}

extension Judge.CheckContext {
  /// Of the replicas in `slots`, at least `atLeast` share a container with one in `anchors`. Replicas that are
  /// not placed at all are missing, not far; without an anchor there is nothing to be near.
  fileprivate func judgeNear(
    _ anchors: SlotList, _ atLeast: Int, _ slots: SlotList, _ boxes: ContainersOfLevel,
    _ violations: inout Judge.ViolationList
  ) throws(PlatError) {
    let nobody = UInt32(nodeCount)
    /// The last partition, plus 1, with an anchor in the container.
    let hasAnchor: ContainerTable<Int> = try arena.table(Int(boxes.count))
    for partition in 0..<rowCount {
      let row = map.slots + partition * map.width
      var anchorCount = 0
      for index in 0..<anchors.count {
        let box = boxes.ofNode[Int(min(row[anchors.base[index]].raw, nobody))]
        guard box < boxes.count else { continue }
        boxes.here[anchorCount] = box
        hasAnchor.base[Int(box)] = partition + 1
        anchorCount += 1
      }
      guard anchorCount > 0 else { continue }
      var placed = 0
      var near = 0
      for index in 0..<slots.count {
        let box = boxes.ofNode[Int(min(row[slots.base[index]].raw, nobody))]
        guard box < boxes.count else { continue }
        placed += 1
        if hasAnchor.base[Int(box)] == partition + 1 { near += 1 }
      }
      let want = min(atLeast, placed)
      if near < want {
        violations.add(Judge.Breach(partition: partition, container: Int(boxes.here[0]), want: want, have: near))
      }
    }
  }
}
