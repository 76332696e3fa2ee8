/// One row at the gate, looked at with care: in time that does not grow by the square of its width.
///
/// A number in a table of nodes or containers belongs to the row at hand if it carries the row's stamp.
struct GateRow {
  private let planned: Gate.Planned
  private let dataSlots: [Int]
  private let heldSlots: [Int]
  private let stateOfSlot: [Int]
  private let rules: [GateRule]
  /// The last partition, plus 1, that a node was met in, and that it held before.
  private let here: NodeTable<Int>
  private let held: NodeTable<Int>
  private let asksForData: Bool
  /// Hard rules that name places: the nodes that each means, and the slots that it counts.
  private let places: [(place: JudgedPlace, slots: [Int])]

  init(_ planned: Gate.Planned, _ arena: Arena) throws(PlatError) {
    self.planned = planned
    let cluster = planned.cluster
    let model = cluster.cluster.settings.model
    func slots(_ map: PlacementMap, _ isAsked: (Int) -> Bool) -> [Int] {
      let stateOfSlot = map.stateOfSlot
      return stateOfSlot.indices.filter { isAsked(stateOfSlot[$0]) }
    }
    dataSlots = slots(planned.map) { model.states[$0].holdsData }
    heldSlots = planned.before.map { slots($0) { model.states[$0].holdsData } } ?? []
    stateOfSlot = planned.map.stateOfSlot
    asksForData = cluster.wanted.indices.contains { cluster.wanted[$0] > 0 && model.states[$0].holdsData }
    var rules: [GateRule] = []
    for rule in cluster.cluster.settings.hardContainerRules {
      rules.append(try rule.gate(cluster, slots: { slots(planned.map, $0) }, arena))
    }
    self.rules = rules
    places = JudgedPlace.hard(cluster)
      .map { place in (place, slots(planned.map) { place.rule.states.contains($0) }) }
    here = try arena.table(cluster.nodeCount)
    held = try arena.table(cluster.nodeCount)
  }

  func hasFault(_ partition: Int) -> Bool { fault(partition) != nil }

  /// What no plan may have in this row. O(R · rules); it allocates only where there is something.
  func fault(_ partition: Int) -> PlanFault? {
    let cluster = planned.cluster
    let row = planned.map.row(partition)
    let stamp = partition + 1
    var heldBefore = 0
    if let before = planned.before, partition < before.partitionCount {
      let old = before.row(partition)
      for slot in heldSlots where old[slot].int < cluster.nodeCount && cluster.status[old[slot].int].isReadable {
        held[old[slot]] = stamp
        heldBefore += 1
      }
    }
    if let fault = shape(partition, row, stamp) { return fault }
    var (copies, newCopies, activeCopies) = (0, 0, 0)
    for slot in dataSlots where row[slot] != .none {
      copies += 1
      if held[row[slot]] != stamp { newCopies += 1 }
      if cluster.status[row[slot].int].mayReceive { activeCopies += 1 }
    }
    if heldBefore > 0, copies == 0 {
      return planned.fault("map.lastCopy", partition, "a live copy is there today, and none would be left")
    }
    if planned.changesStatesOnly, newCopies > 0 {
      return planned.fault("map", partition, "a node would receive it, and only states were to change")
    }
    // Copies that stay for want of another place: nobody else has any.
    let onlyStays = copies > 0 && newCopies == 0 && activeCopies == 0
    return statuses(partition, row, stamp, onlyStays: onlyStays)
      ?? placement(partition, row, stamp, isOnlyCopy: copies == 1 && newCopies == 0)
  }

  /// Numbers, nodes that come twice, and replicas beyond what is asked for.
  private func shape(_ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>, _ stamp: Int) -> PlanFault? {
    let cluster = planned.cluster
    defer {
      for slot in 0..<planned.map.width where row[slot].int < cluster.nodeCount { here[row[slot]] = 0 }
    }
    for slot in 0..<planned.map.width where row[slot] != .none {
      guard row[slot].int < cluster.nodeCount else {
        return planned.fault("map", partition, "it names node \(row[slot].raw), which there is not")
      }
      if here[row[slot]] == stamp {
        return planned.fault("placement.node", partition, "\(name(row[slot])) would hold it twice")
      }
      here[row[slot]] = stamp
    }
    guard !planned.changesStatesOnly else { return nil }
    var first = 0
    for (state, slots) in planned.map.slotCounts.enumerated() {
      let have = (first..<first + slots).count { row[$0] != .none }
      first += slots
      guard have > cluster.wanted[state], !isLastUnasked(row, stamp, state) else { continue }
      let name = cluster.cluster.settings.model.states[state].name
      return planned.fault(
        "constraints.\(name)", partition, "\(have) would have it as \(name), and \(cluster.wanted[state]) are asked for"
      )
    }
    return nil
  }

  /// The only copy, where none is asked for: it stays where it is.
  private func isLastUnasked(_ row: UnsafeMutablePointer<NodeIndex>, _ stamp: Int, _ state: Int) -> Bool {
    guard !asksForData, planned.cluster.cluster.settings.model.states[state].holdsData else { return false }
    let copies = dataSlots.filter { row[$0] != .none }
    return copies.count == 1 && held[row[copies[0]]] == stamp
  }

  /// Nodes that may not hold, lead or receive what they are to.
  private func statuses(
    _ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>, _ stamp: Int, onlyStays: Bool
  ) -> PlanFault? {
    let states = planned.cluster.cluster.settings.model.states
    for slot in 0..<planned.map.width where row[slot] != .none {
      let node = row[slot]
      let status = planned.cluster.status[node.int]
      let holding = Node.Status.Holding(
        isHeld: held[node] == stamp, holdsData: states[stateOfSlot[slot]].holdsData, leads: stateOfSlot[slot] == 0,
        onlyStays: onlyStays, leavingStay: planned.leavingStay, changesStatesOnly: planned.changesStatesOnly)
      guard !status.admits(holding) else { continue }
      let state = states[stateOfSlot[slot]].name
      return planned.fault(
        "nodes.\(name(node)).status", partition, "\(name(node)), which is \(status.rawValue), would have it as \(state)"
      )
    }
    return nil
  }

  /// Hard rules about containers and nearness. Who only changes states makes none worse than it was by placing.
  private func placement(
    _ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>, _ stamp: Int, isOnlyCopy: Bool
  ) -> PlanFault? {
    guard !planned.changesStatesOnly, !isOnlyCopy else { return nil }
    for (place, slots) in places {
      let inside = slots.count { row[$0] != .none && place.isMeant[row[$0].int] }
      let outside = slots.count { row[$0] != .none && !place.isMeant[row[$0].int] }
      guard let breach = place.rule.breach(inside, outside, planned.cluster.wanted) else { continue }
      return planned.fault(place.rule.name, partition, "\(breach.have) would be there, and \(breach.want) may")
    }
    for rule in rules {
      guard let because = rule.fault(row, stamp) else { continue }
      return planned.fault(planned.cluster.cluster.settings.ruleName(rule.index), partition, because)
    }
    return nil
  }

  private func name(_ node: NodeIndex) -> String { planned.cluster.cluster.nodes[node.int].name }
}
