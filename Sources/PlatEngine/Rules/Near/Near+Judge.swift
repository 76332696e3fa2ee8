/// Near rules, recounted.
extension Near {
  /// O(P · R).
  func judge(_ matter: Judge.Matter) throws(PlatError) -> Judge.Docket {
    let slots = try matter.slots(ofStates: matter.occupying(states), in: matter.map)
    let boxes = try Judge.Matter.ContainersOfLevel(matter, level: level, roomFor: max(slots.count, matter.map.width))
    var docket = Judge.Docket(.placement(index), strength)
    try matter.judgeNear(
      try matter.slots(ofStates: matter.occupying([of]), in: matter.map), atLeast, slots, boxes, &docket)
    return docket
  }

  // MARK: Words

  func because(_ breach: Judge.Breach, _ matter: Judge.Matter) -> String {
    "\(breach.have) of \(matter.replicas(breach.want)) share "
      + "\(matter.container(level: level, breach.container)) with its "
      + "\(matter.model.states[of].name), as \(matter.settings.ruleName(index)) asks"
  }

  func bar(_ matter: Judge.Matter, _ row: Judge.Reasons.Row, _ state: Int) -> Judge.Reasons.Bar? {
    let count = row.count(matter, level: level, states: states)
    let placed = count.values.reduce(0, +)
    let anchors = row.count(matter, level: level, states: [of]).keys.sorted()
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

  func broken(_ row: [(node: Int, state: Int)], _ matter: Judge.Matter) -> [RowBreach] {
    let boxes = matter.dense.levels[level].containerOfNode
    let live = row.filter { matter.isLive.base[$0.node] == 1 }
    let counted = live.filter { states.contains($0.state) }.map(\.node)
    let anchors = live.filter { $0.state == of }.map { boxes[$0.node].int }
    guard let anchor = anchors.first else { return [] }
    let near = counted.count { anchors.contains(boxes[$0].int) }
    let want = min(atLeast, counted.count)
    return near < want ? [RowBreach(container: anchor, nodes: counted, excess: want - near)] : []
  }

  func words(_ breach: RowBreach, _ matter: Judge.Matter) -> String {
    "\(matter.settings.ruleName(index)) wants \(matter.replicas(atLeast)) in "
      + "\(matter.container(level: level, breach.container)), beside its \(matter.model.states[of].name)"
  }

  // MARK: Bounds

  /// What the first hard near rule about the leading state asks of a whole row with one master: so many replicas in one
  /// container of the level, the master's own included.
  static func company(_ dense: DenseCluster) -> (rule: Near, company: Int)? {
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

extension Judge.Matter {
  /// Of the replicas in `slots`, at least `atLeast` share a container with one in `anchors`. Replicas that are
  /// not placed at all are missing, not far; without an anchor there is nothing to be near.
  fileprivate func judgeNear(
    _ anchors: SlotList, _ atLeast: Int, _ slots: SlotList, _ boxes: ContainersOfLevel, _ docket: inout Judge.Docket
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
        docket.add(Judge.Breach(partition: partition, container: Int(boxes.here[0]), want: want, have: near))
      }
    }
  }
}
