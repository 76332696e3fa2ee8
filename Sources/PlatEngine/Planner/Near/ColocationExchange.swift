/// Under a near rule a container leads no more partitions than it has co-location groups of. Which container gets a
/// co-location group is settled by what moves: so newly placed replicas change places until each container has as many
/// co-location groups as masters that it is due, as near as may be. That costs no move and leaves what each node holds:
///
///     slot of p: x → y       slot of q: y → x       p's co-location group now is in y's container, q's stays where it is
///
/// or, where p was moved for balance, p goes home and q moves in its stead; or p goes elsewhere by itself, where
/// windows let it. Each step lowers Σ (co-location groups − due)² / due over the containers, or leaves co-location
/// groups as they are and more newly placed replicas outside of theirs, who can make way. Of the first near rule.
struct ColocationExchange {
  private let problem: Problem
  private let due: Due
  private let placement: Placement
  private let rows: UnsafeMutablePointer<NodeIndex>
  private let width: Int
  private let rule: NearRule
  private let containers: [Range<Int>]
  /// Of each container: co-location groups, and twice the masters that it is due.
  private var groups: [Int]
  private let dues: [Int]
  /// Slots of newly placed replicas, by container; those that have gone since stay behind.
  private var newReplicas: [[UInt32]]
  private var cursor: [Int]
  private var trialsLeft = TrialLimits.ColocationExchange.trials

  /// The one step that is looked for, on a way of two.
  private var targetTransfer: (from: Int, to: Int)?
  /// Two slots that changed their nodes last.
  private var last = (slot: -1, partner: -1)

  /// O(P · R² + N) where nothing is to be done; else a bounded number of trials, too.
  static func run(_ problem: Problem, _ due: Due, _ placement: Placement) throws(PlatError) {
    guard due.seeksBalance, let masters = due.roles.first, let rule = problem.near.first else { return }
    var exchange = ColocationExchange(problem, due, placement, masters, rule)
    guard exchange.canGain else { return }
    try exchange.run()
  }

  private init(_ problem: Problem, _ due: Due, _ placement: Placement, _ masters: RoleWindows, _ rule: NearRule) {
    self.problem = problem
    self.due = due
    self.placement = placement
    self.rule = rule
    rows = placement.rows
    width = problem.replicas
    containers = problem.cluster.levels[rule.level].nodes
    dues = rule.twiceMastersDue(problem, due, masters).map { max(1, $0) }
    groups = containers.map { _ in 0 }
    newReplicas = containers.map { _ in [] }
    cursor = containers.map { _ in 0 }
    for partition in 0..<problem.partitionCount {
      if let container = problem.groupOf(rule, placement.row(partition)) { groups[container.int] += 1 }
    }
  }

  private mutating func run() throws(PlatError) {
    var slots: [UInt32] = []
    placement.forEachNewReplica(problem) { slots.append(UInt32($0 * width + $1)) }
    for slot in slots { note(Int(slot)) }
    var holdings: Holdings?
    var isChanged = true
    while isChanged {
      try problem.arena.throwIfInterrupted()
      isChanged = false
      for slot in slots where isNewReplica(Int(slot)) && settle(Int(slot)) {
        isChanged = true
        guard canGain, trialsLeft > 0 else { return }
      }
      var next = 0
      while next < slots.count {
        let slot = Int(slots[next])
        next += 1
        guard isNewReplica(slot), slot / width < problem.heldPartitions, problem.isAway(slot / width, from: row(slot))
        else { continue }
        if holdings == nil { holdings = try Holdings(problem, placement) }
        guard let moved = goHome(slot, &holdings!) else { continue }
        slots.append(UInt32(moved))
        isChanged = true
        guard canGain, trialsLeft > 0 else { return }
      }
      if !isChanged, containers.count <= TrialLimits.ColocationExchange.mostBridged, bridge(slots) {
        isChanged = canGain
      }
    }
  }

  // MARK: What a step is worth

  /// Whether it is better that container `y` has a co-location group than `x`, or just what is wished for.
  private func isBetter(from x: Int, to y: Int) -> Bool {
    if let targetTransfer { return targetTransfer == (x, y) }
    return rule.isAble.base[y]
      && (2 * groups[x] - dues[x] - 1) * dues[y] > (2 * groups[y] - dues[y] + 1) * dues[x]
  }

  /// Whether any container should give one to any other. O(containers).
  private var canGain: Bool {
    var (richest, poorest) = (-1, -1)
    for here in groups.indices {
      if groups[here] > 0,
        richest < 0
          || (2 * groups[here] - dues[here] - 1) * dues[richest] > (2 * groups[richest] - dues[richest] - 1)
            * dues[here]
      {
        richest = here
      }
      if rule.isAble.base[here],
        poorest < 0
          || (2 * groups[here] - dues[here] + 1) * dues[poorest] < (2 * groups[poorest] - dues[poorest] + 1)
            * dues[here]
      {
        poorest = here
      }
    }
    return richest >= 0 && poorest >= 0 && isBetter(from: richest, to: poorest)
  }

  /// Books that co-location groups have gone elsewhere, if each of these steps is worth it, in one order or the other.
  private mutating func book(_ changes: [(from: ContainerIndex?, to: ContainerIndex?)]) -> Bool {
    let steps = changes.filter { $0.from != $0.to }
    guard !steps.isEmpty, steps.allSatisfy({ $0.from != nil && $0.to != nil }) else { return false }
    for order in [steps, steps.reversed()] {
      let before = groups
      var improves = true
      for step in order where improves {
        improves = isBetter(from: step.from!.int, to: step.to!.int)
        groups[step.from!.int] -= 1
        groups[step.to!.int] += 1
      }
      if improves { return true }
      groups = before
      if steps.count == 1 { break }
    }
    return false
  }

  // MARK: Steps

  private func container(_ node: NodeIndex) -> Int { rule.containerOfNode[node].int }

  private func row(_ slot: Int) -> UnsafeMutablePointer<NodeIndex> { rows + slot / width * width }

  private func isNewReplica(_ slot: Int) -> Bool {
    rows[slot] != .none && !problem.isHeld(slot / width, by: rows[slot])
  }

  private mutating func note(_ slot: Int) { newReplicas[container(rows[slot])].append(UInt32(slot)) }

  private func breaches(_ slot: Int, at node: NodeIndex) -> Int {
    problem.softBreaches(row(slot), leaving: slot % width, at: node)
  }

  /// How many newly placed replicas of a slot's row are not where its co-location group is: these can make way for
  /// others.
  private func outside(_ slot: Int, _ group: ContainerIndex?) -> Int {
    let first = slot / width * width
    return (first..<(first + width)).count {
      rows[$0] != .none && rule.containerOfNode[rows[$0]] != group && isNewReplica($0)
    }
  }

  /// The replica of a slot goes where its partition's co-location group should rather be.
  private mutating func settle(_ slot: Int) -> Bool {
    guard let from = problem.groupOf(rule, row(slot)) else { return false }
    for column in 0..<width where column != slot % width {
      let other = row(slot)[column]
      guard other != .none, rule.containerOfNode[other] != from, isBetter(from: from.int, to: container(other)),
        problem.members(rule, row(slot), slot % width, besides: other) == rule.group - 1
      else { continue }
      if targetTransfer == nil && relocate(slot, into: container(other)) || exchange(slot, into: container(other)) {
        return true
      }
    }
    return false
  }

  /// The replica goes to a node of the container that can keep one more.
  private mutating func relocate(_ slot: Int, into target: Int) -> Bool {
    guard
      let free = containers[target].first(where: { index in
        let other = NodeIndex(index)
        return problem.receives[other] && placement.load[other] < due.most[other] && mayGo(slot, to: other)
      })
    else { return false }
    let (node, before) = (rows[slot], problem.groupOf(rule, row(slot)))
    let groupsBefore = groups
    rows[slot] = NodeIndex(free)
    // What comes instead comes last: then nothing is left of it where the step is not made.
    guard book([(before, problem.groupOf(rule, row(slot)))]), placement.load[node] > due.least[node] || replace(node)
    else {
      groups = groupsBefore
      rows[slot] = node
      return false
    }
    placement.load[node] -= 1
    placement.load.base[free] += 1
    note(slot)
    return true
  }

  private mutating func mayGo(_ slot: Int, to node: NodeIndex) -> Bool {
    trialsLeft -= 1
    return problem.allows(row(slot), leaving: slot % width, to: node)
      && breaches(slot, at: node) <= breaches(slot, at: rows[slot])
  }

  /// A newly placed replica comes to a node that is to give one up, from one of the same container that can.
  private mutating func replace(_ node: NodeIndex) -> Bool {
    let here = container(node)
    for index in newReplicas[here].indices.prefix(TrialLimits.ColocationExchange.partnersTried) {
      let slot = Int(newReplicas[here][index])
      let donor = rows[slot]
      guard isNewReplica(slot), container(donor) == here, placement.load[donor] > due.least[donor],
        mayGo(slot, to: node)
      else { continue }
      rows[slot] = node
      placement.load[donor] -= 1
      placement.load[node] += 1
      return true
    }
    return false
  }

  private mutating func exchange(_ slot: Int, into target: Int) -> Bool {
    var tried = 0
    let end = newReplicas[target].count
    while tried < min(TrialLimits.ColocationExchange.partnersTried, end), trialsLeft > 0 {
      tried += 1
      cursor[target] = cursor[target] + 1 < end ? cursor[target] + 1 : 0
      let partner = Int(newReplicas[target][cursor[target]])
      guard isNewReplica(partner), container(rows[partner]) == target, exchange(slot, partner) else { continue }
      return true
    }
    return false
  }

  /// A co-location group goes from one container to another by way of a third, where no single step does that.
  private mutating func bridge(_ slots: [UInt32]) -> Bool {
    let all = groups.indices
    for (x, y) in all.flatMap({ x in all.map { (x, $0) } }) where groups[x] > 0 && isBetter(from: x, to: y) {
      for between in all where between != x && between != y && rule.isAble.base[between] {
        var first = 0
        for _ in 0..<TrialLimits.ColocationExchange.bridgesTried {
          guard let found = shift(slots[first...], from: between, to: y) else { break }
          let (slot, partner) = last
          if shift(slots[...], from: x, to: between) != nil { return true }
          rows.swap(slot, partner)
          note(slot)
          note(partner)
          groups[y] -= 1
          groups[between] += 1
          first = found + 1
        }
      }
    }
    return false
  }

  /// Any step that brings a co-location group from the one container to the other, whatever it is worth; which slot it
  /// begins with.
  private mutating func shift(_ slots: ArraySlice<UInt32>, from: Int, to: Int) -> Int? {
    targetTransfer = (from, to)
    defer { targetTransfer = nil }
    return slots.indices.first { trialsLeft > 0 && isNewReplica(Int(slots[$0])) && settle(Int(slots[$0])) }
  }

  /// The replica goes back to where it is today, and another from there moves instead: the slot of that one.
  private mutating func goHome(_ slot: Int, _ holdings: inout Holdings) -> Int? {
    let (node, partition) = (rows[slot], slot / width)
    for held in problem.heldSlots {
      let home = problem.heldRows[partition * problem.heldWidth + held]
      guard home != .none, problem.receives[home], problem.isReadable[home], container(home) != container(node),
        problem.allows(row(slot), leaving: slot % width, to: home)
      else { continue }
      var place = holdings.begin(home)
      while trialsLeft > 0, let partner = holdings.next(&place, of: home) {
        guard !isNewReplica(partner), exchange(slot, partner) else { continue }
        holdings.add(slot, to: home)
        holdings.add(partner, to: node)
        return partner
      }
    }
    return nil
  }

  /// Two slots change their nodes, where all rules let them and that is worth it.
  private mutating func exchange(_ slot: Int, _ partner: Int) -> Bool {
    trialsLeft -= 1
    let (node, other) = (rows[slot], rows[partner])
    guard slot / width != partner / width, problem.allows(row(slot), leaving: slot % width, to: other),
      problem.allows(row(partner), leaving: partner % width, to: node),
      breaches(slot, at: other) + breaches(partner, at: node) <= breaches(slot, at: node) + breaches(partner, at: other)
    else { return false }
    let before = (problem.groupOf(rule, row(slot)), problem.groupOf(rule, row(partner)))
    let outside = outside(slot, before.0) + outside(partner, before.1)
    (rows[slot], rows[partner]) = (other, node)
    let after = (problem.groupOf(rule, row(slot)), problem.groupOf(rule, row(partner)))
    guard
      book([(before.0, after.0), (before.1, after.1)])
        || targetTransfer == nil && before.0 == after.1 && before.1 == after.0
          && outside < self.outside(slot, after.0) + self.outside(partner, after.1)
    else {
      (rows[slot], rows[partner]) = (node, other)
      return false
    }
    note(slot)
    note(partner)
    last = (slot, partner)
    return true
  }
}
