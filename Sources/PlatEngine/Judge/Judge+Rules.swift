extension Judge.Matter {
  /// Judges every placement rule, outermost level first; the dockets come in the order of the settings. Where no
  /// container holds more of some states than a rule allows, none inside it does: then there is no need to look again.
  func placementRules() throws(PlatError) -> [Judge.Docket] {
    let rules = settings.placement
    var dockets: [Judge.Docket?] = rules.map { _ in nil }
    for index in rules.indices.sorted(by: { (rules[$0].level, $0) < (rules[$1].level, $1) }) {
      let isImplied = rules.indices.contains { other in
        guard dockets[other]?.count == 0, case .atMost(let most) = rules[index].demand,
          case .atMost(let found) = rules[other].demand
        else { return false }
        return found <= most && rules[other].level <= rules[index].level
          && rules[index].states.allSatisfy(rules[other].states.contains)
      }
      dockets[index] = isImplied ? Judge.Docket(.placement(index), rules[index].strength) : try placement(index)
    }
    return dockets.compactMap { $0 }
  }

  /// Judges the placement rule `index` in one pass over the map. O(P · R²).
  private func placement(_ index: Int) throws(PlatError) -> Judge.Docket {
    let rule = settings.placement[index]
    let slots = try slots(ofStates: occupying(rule.states), in: map)
    let boxes = try Boxes(self, level: rule.level, roomFor: max(slots.count, map.width))
    var docket = Judge.Docket(.placement(index), rule.strength)
    switch rule.demand {
    case .atMost(let most):
      if slots.count <= 16 {
        try judgeAtMost(most, slots, boxes, &docket)
      } else {
        try judgeAtMostInWideRows(most, slots, boxes, &docket)
      }
    case .near(let of, let atLeast):
      try judgeNear(try self.slots(ofStates: occupying([of]), in: map), atLeast, slots, boxes, &docket)
    }
    return docket
  }

  /// The containers of one level, as a pass over the map needs them.
  private struct Boxes {
    /// Containers of the level; what is not less is no container.
    let count: UInt32
    /// The container of each node; none for who can't be read.
    let ofNode: UnsafeMutablePointer<UInt32>
    /// Those of the row at hand.
    private(set) var here: UnsafeMutablePointer<UInt32>

    /// The same with a row of its own, for another worker.
    func another(_ matter: Judge.Matter, _ slots: Int) throws(PlatError) -> Boxes {
      let row: NodeTable<UInt32> = try matter.arena.table(slots)
      var another = self
      another.here = row.base
      return another
    }

    init(_ matter: Judge.Matter, level: Int, roomFor slots: Int) throws(PlatError) {
      let containers = matter.dense.levels[level]
      count = UInt32(containers.count)
      let table: NodeTable<UInt32> = try matter.arena.table(matter.nodeCount + 1)
      table.fill(with: .max)
      for node in 0..<matter.nodeCount where matter.isLive.base[node] == 1 {
        table.base[node] = containers.containerOfNode[node].raw
      }
      ofNode = table.base
      let row: NodeTable<UInt32> = try matter.arena.table(slots)
      here = row.base
    }
  }

  /// Compares every two replicas of a row.
  private func judgeAtMost(
    _ most: Int, _ slots: SlotList, _ boxes: Boxes, _ docket: inout Judge.Docket
  ) throws(PlatError) {
    let tools = try forEachWorker { (_) throws(PlatError) in (try Judge.Columns(self, slots), try boxes.another(self, slots.count)) }
    let found = findings(tools: tools, empty: docket) { tools, rows, docket in
      let (columns, boxes) = tools
      forEachPiece(rows) { rows in
        if most == 1, columns.areDifferent(map, rows, through: boxes.ofNode, below: boxes.count) { return }
        columns.read(map, rows, through: boxes.ofNode)
        columns.markCrowded(most, rows.count)
        for row in 0..<rows.count where columns.marks[row] != 0 {
          for index in 0..<slots.count { boxes.here[index] = columns.column(index)[row] }
          recordCrowded(rows.lowerBound + row, most, slots.count, boxes, &docket)
        }
      }
    }
    for found in found { docket.append(found) }
  }

  /// Counts in stamps: rows that are too wide to compare every two.
  private func judgeAtMostInWideRows(
    _ most: Int, _ slots: SlotList, _ boxes: Boxes, _ docket: inout Judge.Docket
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
      if isCrowded { recordCrowded(partition, most, slots.count, boxes, &docket) }
    }
  }

  /// A breach for each container that holds too many of the row in `boxes.here`.
  @inline(never) private func recordCrowded(
    _ partition: Int, _ most: Int, _ count: Int, _ boxes: Boxes, _ docket: inout Judge.Docket
  ) {
    var here = UnsafeMutableBufferPointer(start: boxes.here, count: count)
    if count > 1 { here.sort() }
    var start = 0
    while start < count, here[start] < boxes.count {
      var end = start + 1
      while end < count, here[end] == here[start] { end += 1 }
      if end - start > most {
        docket.add(Judge.Breach(partition: partition, container: Int(here[start]), want: most, have: end - start))
      }
      start = end
    }
  }

  /// Of the replicas in `slots`, at least `atLeast` share a container with one in `anchors`. Replicas that are
  /// not placed at all are missing, not far; without an anchor there is nothing to be near.
  private func judgeNear(
    _ anchors: SlotList, _ atLeast: Int, _ slots: SlotList, _ boxes: Boxes, _ docket: inout Judge.Docket
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
