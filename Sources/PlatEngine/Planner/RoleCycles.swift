/// Who leads, for small maps: into the windows as far as can be, and by the fewest role changes, at the same number of
/// moves.
///
/// An arc m → d is a way for d to be in the state where m is now; its cost is the role changes that it adds:
///
///     roles        m and d hold a partition: they change places
///     homes        p came from m to d for balance: it goes back, and another one goes in its stead
///     arrivals     p comes to m and q to d: each goes where the other one was to go
///
/// A cycle of arcs leaves what every node has in the state; one by way of the hub takes from a node that may have one
/// less and gives to one that may have one more, which earns much where a node is out of its window. Cycles that cost
/// less than nothing are carried out while there are any (Bellman–Ford). Totals, moves and hard rules stay, soft ones
/// get no worse. O(cycles · N · arcs).
struct RoleCycles {
  private let problem: Problem
  private let placement: Placement
  private let slots: Range<Int>
  private let state: Int
  private let count: NodeTable<Int32>
  private let window: NodeTable<RoleWindows.Window>
  private let hub: Int
  private let stays: [Bool]

  /// A slot of the rows gets another node.
  private struct Change: Hashable {
    var slot: Int
    var was: NodeIndex
    var to: NodeIndex
  }

  private struct Arc: Hashable {
    var from: Int
    var to: Int
    var cost: Int
    var changes: [Change] = []
  }

  /// What a node one nearer to its window is worth.
  private static let intoWindow = 1 << 20

  init(
    _ problem: Problem, _ placement: Placement, slots: Range<Int>, state: Int, count: NodeTable<Int32>,
    window: NodeTable<RoleWindows.Window>
  ) {
    (self.problem, self.placement, self.slots, self.state) = (problem, placement, slots, state)
    (self.count, self.window) = (count, window)
    hub = problem.nodeCount
    stays = (0..<problem.nodeCount).map { problem.receives.base[$0] && problem.keeps.base[$0] }
  }

  /// Whether the map is small, has two states at the most, and nothing but windows says who may be in the state.
  var mayHelp: Bool {
    problem.current != nil && problem.wanted.count { $0 > 0 } <= 2 && problem.cluster.wanted == problem.wanted
      && slots.count == 1 && placement.peers == nil && !problem.hasStateRules && problem.softNear.isEmpty
      && !problem.isWide && problem.partitionCount * problem.replicas <= TrialLimits.RoleCycles.mostReplicas
  }

  func run() {
    var effort = TrialLimits.RoleCycles.effort
    var barred: Set<[Change]> = []  // looked up only
    // Holders are exchanged only where roles alone leave something to be wished for.
    for withHolders in [false, true] {
      while effort > 0, !problem.arena.isInterrupted, isWanting, let cycle = cheapCycle(&effort, barred, withHolders) {
        if let failed = carryOut(cycle) { barred.insert(failed.changes) }
      }
    }
  }

  /// Whether a node is out of its window, or a holder of today changes its state.
  private var isWanting: Bool {
    (0..<problem.nodeCount).contains { count.base[$0] < window.base[$0].least || count.base[$0] > window.base[$0].most }
      || (0..<problem.partitionCount).contains { roleChanges($0) > 0 }
  }

  // MARK: what a row costs

  private func row(of slot: Int) -> Int { slot / problem.replicas }

  /// Holders of today that are in the state and were not, or were and are not. O(R²).
  private func roleChanges(_ partition: Int) -> Int {
    guard let current = problem.current, partition < problem.heldPartitions else { return 0 }
    let (row, held) = (placement.row(partition), current.row(partition))
    return (0..<problem.replicas).count { slot in
      guard row[slot] != .none, problem.isHeld(partition, by: row[slot]) else { return false }
      return current.slots(ofState: state).contains { held[$0] == row[slot] } != slots.contains(slot)
    }
  }

  private func softBreaches(_ partition: Int) -> Int {
    let row = placement.row(partition)
    return problem.soft.isEmpty ? 0 : (0..<problem.replicas).reduce(0) {
      $0 + (row[$1] == .none ? 0 : problem.softBreaches(row, leaving: $1, at: row[$1]))
    }
  }

  /// Role changes that some changes add; nil where a hard rule forbids them, or soft ones are broken more.
  private func cost(_ changes: [Change]) -> Int? {
    let partitions = Set(changes.map { row(of: $0.slot) }).sorted()
    func sums() -> (roles: Int, soft: Int) {
      partitions.reduce((0, 0)) { ($0.0 + roleChanges($1), $0.1 + softBreaches($1)) }
    }
    let before = sums()
    for change in changes { placement.rows[change.slot] = change.to }
    defer { for change in changes { placement.rows[change.slot] = change.was } }
    for change in changes {
      let row = placement.row(row(of: change.slot))
      guard problem.allows(row, leaving: change.slot % problem.replicas, intoBoxOf: change.to),
        (0..<problem.replicas).count(where: { row[$0] == change.to }) == 1
      else { return nil }
    }
    let after = sums()
    return after.soft <= before.soft ? after.roles - before.roles : nil
  }

  // MARK: arcs

  private func arcs(_ barred: Set<[Change]>, _ withHolders: Bool) -> [Arc] {
    var arcs: [Arc] = []
    func add(from: NodeIndex, to: NodeIndex, _ changes: [Change]) {
      guard !barred.contains(changes), let cost = cost(changes) else { return }
      arcs.append(Arc(from: from.int, to: to.int, cost: cost, changes: changes))
    }
    let rows = placement.rows
    let width = problem.replicas
    var newReplicas: [Int] = []
    var slotsOfNode: [[Int]] = stays.map { _ in [] }
    for slot in 0..<problem.partitionCount * width where rows[slot] != .none {
      let partition = row(of: slot)
      if !problem.isHeld(partition, by: rows[slot]) {
        newReplicas.append(slot)
      } else {
        slotsOfNode[rows[slot].int].append(slot)
      }
      guard slots.contains(slot % width) else { continue }
      for other in partition * width..<(partition + 1) * width
      where rows[other] != .none && !slots.contains(other % width) {
        guard problem.allows(rows[other], inState: state) else { continue }
        add(
          from: rows[slot], to: rows[other],
          [Change(slot: slot, was: rows[slot], to: rows[other]), Change(slot: other, was: rows[other], to: rows[slot])])
      }
    }
    let mostHome = arcs.count + TrialLimits.RoleCycles.mostArcs
    for slot in newReplicas where withHolders && arcs.count < mostHome { addHomes(slot, slotsOfNode, add) }
    let mostArrivals = arcs.count + TrialLimits.RoleCycles.mostArcs
    for (place, slot) in newReplicas.enumerated() where withHolders && arcs.count < mostArrivals {
      for other in newReplicas[(place + 1)...] { addArrival(slot, other, add) }
    }
    for node in 0..<problem.nodeCount {
      let (count, window) = (count.base[node], window.base[node])
      if count > window.least {
        arcs.append(Arc(from: hub, to: node, cost: count > window.most ? -Self.intoWindow : 0))
      }
      if count < window.most {
        arcs.append(Arc(from: node, to: hub, cost: count < window.least ? -Self.intoWindow : 0))
      }
    }
    return arcs
  }

  private typealias Add = (_ from: NodeIndex, _ to: NodeIndex, _ changes: [Change]) -> Void

  /// A replica that arrives goes back to where it is today, and another one of there arrives instead.
  private func addHomes(_ slot: Int, _ slotsOfNode: [[Int]], _ add: Add) {
    let rows = placement.rows
    let (node, partition) = (rows[slot], row(of: slot))
    guard partition < problem.heldPartitions else { return }
    for held in problem.heldSlots {
      let home = (problem.heldRows + partition * problem.heldWidth)[held]
      guard home != .none, stays[home.int], problem.isReadable[home], !isIn(partition, home) else { continue }
      for other in slotsOfNode[home.int] where row(of: other) != partition && !isIn(row(of: other), node) {
        let changes = [Change(slot: slot, was: node, to: home), Change(slot: other, was: home, to: node)]
        addExchange(slot, other, changes, add)
      }
    }
  }

  private func addArrival(_ slot: Int, _ other: Int, _ add: Add) {
    let rows = placement.rows
    let (node, its) = (rows[slot], rows[other])
    guard node != its, row(of: slot) != row(of: other), !isIn(row(of: slot), its), !isIn(row(of: other), node),
      !problem.isHeld(row(of: slot), by: its), !problem.isHeld(row(of: other), by: node)
    else { return }
    addExchange(slot, other, [Change(slot: slot, was: node, to: its), Change(slot: other, was: its, to: node)], add)
  }

  /// The node of `slot` and that of `other` change places: who is in the state at one of them hands it on.
  private func addExchange(_ slot: Int, _ other: Int, _ changes: [Change], _ add: Add) {
    let (first, second) = (slots.contains(slot % problem.replicas), slots.contains(other % problem.replicas))
    if first != second {
      let (from, to) = first ? (changes[0].was, changes[1].was) : (changes[1].was, changes[0].was)
      if problem.allows(to, inState: state) { add(from, to, changes) }
    } else if problem.allows(changes[0].was, inState: first ? state : problem.replicas),
      problem.allows(changes[1].was, inState: first ? state : problem.replicas)
    {
      add(changes[0].was, changes[0].was, changes)  // a cycle by itself
    }
  }

  private func isIn(_ partition: Int, _ node: NodeIndex) -> Bool {
    let row = placement.row(partition)
    return (0..<problem.replicas).contains { row[$0] == node }
  }

  // MARK: cycles

  /// Changes the rows along a cycle; an arc that cannot be gone with the others comes back, and then nothing is
  /// changed.
  private func carryOut(_ cycle: [Arc]) -> Arc? {
    let partitions = Set(cycle.flatMap { $0.changes.map { row(of: $0.slot) } }).sorted()
    func roles() -> Int { partitions.reduce(0) { $0 + roleChanges($1) } }
    let before = roles()
    var done: [Change] = []
    func undo() { for change in done.reversed() { placement.rows[change.slot] = change.was } }
    for arc in cycle where !arc.changes.isEmpty {
      guard arc.changes.allSatisfy({ placement.rows[$0.slot] == $0.was }), cost(arc.changes) != nil else {
        undo()
        return arc
      }
      for change in arc.changes { placement.rows[change.slot] = change.to }
      done += arc.changes
    }
    let earned = cycle.reduce(0) { $0 + ($1.changes.isEmpty ? $1.cost : 0) }
    guard roles() - before + earned < 0 else {
      undo()
      return cycle.first { !$0.changes.isEmpty }
    }
    for arc in cycle where arc.changes.isEmpty {
      if arc.from == hub { count.base[arc.to] -= 1 } else { count.base[arc.from] += 1 }
    }
    for partition in partitions { placement.changed.change(partition) }
    return nil
  }

  /// A cycle that costs less than nothing; nil: there is none.
  private func cheapCycle(_ effort: inout Int, _ barred: Set<[Change]>, _ withHolders: Bool) -> [Arc]? {
    let arcs = arcs(barred, withHolders)
    effort -= 32 * arcs.count  // what making one takes beside looking at it
    guard arcs.contains(where: { $0.cost < 0 }) else { return nil }
    if let alone = arcs.first(where: { $0.from == $0.to && $0.cost < 0 }) { return [alone] }
    var cost = [Int](repeating: 0, count: hub + 1)
    var cameBy = [Int](repeating: -1, count: hub + 1)
    for _ in 0...hub + 1 {
      effort -= arcs.count
      var last: Int?
      for (index, arc) in arcs.enumerated() where cost[arc.from] + arc.cost < cost[arc.to] {
        cost[arc.to] = cost[arc.from] + arc.cost
        cameBy[arc.to] = index
        last = arc.to
      }
      guard let last, effort > 0 else { return nil }
      if let cycle = cycle(behind: last, cameBy, arcs) { return cycle }
    }
    return nil
  }

  /// The cycle that the arcs behind a vertex run into; nil: they begin somewhere.
  private func cycle(behind vertex: Int, _ cameBy: [Int], _ arcs: [Arc]) -> [Arc]? {
    var here = vertex
    for _ in 0...hub + 1 {
      guard cameBy[here] >= 0 else { return nil }
      here = arcs[cameBy[here]].from
    }
    var cycle: [Arc] = []
    let start = here
    repeat {
      let arc = arcs[cameBy[here]]
      cycle.append(arc)
      here = arc.from
    } while here != start
    return cycle.reversed()
  }
}
