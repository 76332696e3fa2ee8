/// Cheapest chains of replicas that make room for one another, by Dijkstra.
///
///     open slot ─▶ node that may have it ─▶ a replica that it gives up, whose slot then is open ─▶ node …
///               ╰▶ another holder of the row changes its state, whose slot then is open
///
/// A chain ends at a node with room, or where a slot may be left open. What a search without a result has reached leads
/// nowhere and is not entered again.
struct CompletionSearch {
  let maps: [CompletedMap]
  private(set) var isChanged: [Bool]
  private let capacity: [Int]
  private var load: [Int]
  private let isWeightless: [Bool]
  /// Of each node, slots that it holds; such that it has given up since are passed over. Made when first needed.
  private var slotsOfNode: [[Int]] = []
  /// Of each map, nodes by leaf box that are not known to lead nowhere.
  private var open: [[[NodeIndex]]] = []
  private var isDead: [Bool]
  /// Of each map, nodes by leaf box that may have room, and where to ask next.
  private var roomy: [[[NodeIndex]]] = []
  private var cursor: [[Int]] = []
  /// Slots that may still be looked at, and steps of one search.
  private var effort = TrialLimits.CompletionSearch.effort

  /// Which slots may be left open at the end of a chain.
  enum GivingUp {
    case nothing
    /// Of partitions that keep another copy, and of such that have no live one.
    case seconds
    /// The same, but for the only leader of a partition.
    case followers
  }

  private enum Cost {
    static let role = 1
    static let laterSlot = 2
    static let move = 16
    static let givingUp = 24
    /// A node of weight 0 takes what nobody else can.
    static let weightless = 1 << 24
  }

  /// A way on: a slot whose replica has to go elsewhere, a node that takes one, or an end.
  private enum Step: Hashable {
    case slot(Int)
    case node(Int)
    case room(Int)
    case leftOpen(Int)
  }

  init(_ maps: [CompletedMap], capacity: [Int]) {
    self.maps = maps
    self.capacity = capacity
    let nodes = maps.first?.cluster.cluster.nodes ?? []
    isWeightless = nodes.map { !$0.weight.isPositive }
    isDead = nodes.map { _ in false }
    isChanged = maps.map { _ in false }
    load = nodes.map { _ in 0 }
    for map in maps {
      for partition in 0..<map.target.partitionCount {
        let row = map.target.row(partition)
        for slot in map.dataSlots where row[slot] != .none { load[row[slot].int] += 1 }
      }
    }
  }

  var allRows: [(map: Int, partition: Int)] {
    maps.indices.flatMap { map in (0..<maps[map].target.partitionCount).map { (map, $0) } }
  }

  /// Another kind of chain is asked for: what was known to lead nowhere may lead somewhere.
  mutating func begin() {
    for node in isDead.indices { isDead[node] = false }
    open = maps.map { map in
      map.boxes.map { box in box.lazy.filter { map.cluster.status[$0].mayReceive }.map { NodeIndex($0) } }
    }
    roomy = open.map { $0.map { $0.filter { load[$0.int] < capacity[$0.int] && !isWeightless[$0.int] } } }
    cursor = roomy.map { $0.map { _ in 0 } }
  }

  /// What nodes hold beyond their capacities goes: of partitions that keep another copy first, and such as follow
  /// before such as lead. O(P · R) where there is any.
  mutating func evict() {
    for node in load.indices where load[node] > capacity[node] {
      listSlots()
      func rank(_ id: Int) -> Int {
        let (map, partition, slot) = place(of: id)
        return (maps[map].copies(partition) > 1 ? 0 : 2) + (maps[map].stateOfSlot[slot] == 0 ? 1 : 0)
      }
      while load[node] > capacity[node] {
        let held = slotsOfNode[node].filter { isIn($0, node) }
        guard let id = held.min(by: { (rank($0), $0) < (rank($1), $1) }) else { break }
        let (map, partition, slot) = place(of: id)
        maps[map].target.row(partition)[slot] = .none
        load[node] -= 1
        isChanged[map] = true
      }
    }
  }

  private func isIn(_ id: Int, _ node: Int) -> Bool {
    let (map, partition, slot) = place(of: id)
    return maps[map].target.row(partition)[slot].int == node
  }

  /// The last copy stays where it is, beyond what the node may hold if need be.
  mutating func keep(map index: Int, _ partition: Int, _ slot: Int, on node: NodeIndex) {
    listSlots()
    maps[index].target.row(partition)[slot] = node
    load[node.int] += 1
    slotsOfNode[node.int].append(id(index, partition, slot))
    isChanged[index] = true
  }

  /// From nodes that hold more than they may, all that is no last copy of today's goes until they do not: of partitions
  /// with another copy first. Returns at a partition that has none now, though somebody holds it; nil: there is nothing
  /// left to do. O(slots of the node).
  mutating func evictOne() -> (map: Int, partition: Int)? {
    for node in load.indices where load[node] > capacity[node] {
      listSlots()
      while load[node] > capacity[node] {
        var last: (rank: Int, id: Int)?
        for id in slotsOfNode[node] where isIn(id, node) {
          let (map, partition, slot) = place(of: id)
          let isOnly = maps[map].copies(partition) == 1
          if isOnly, maps[map].isHeld(partition, by: NodeIndex(node)) { continue }
          let rank = (isOnly ? 2 : 0) + (maps[map].stateOfSlot[slot] == 0 ? 1 : 0)
          if last.map({ (rank, $0.id) < ($0.rank, id) }) ?? true { last = (rank, id) }
        }
        guard let id = last?.id else { break }
        let (map, partition, slot) = place(of: id)
        maps[map].target.row(partition)[slot] = .none
        load[node] -= 1
        isChanged[map] = true
        if maps[map].copies(partition) == 0, maps[map].isLive(partition) { return (map, partition) }
      }
    }
    return nil
  }

  // MARK: slots by number

  private func id(_ map: Int, _ partition: Int, _ slot: Int) -> Int {
    maps[map].firstSlot + partition * maps[map].width + slot
  }

  private func place(of id: Int) -> (map: Int, partition: Int, slot: Int) {
    var map = maps.count - 1
    while maps[map].firstSlot > id { map -= 1 }
    let (partition, slot) = (id - maps[map].firstSlot).quotientAndRemainder(dividingBy: maps[map].width)
    return (map, partition, slot)
  }

  private mutating func listSlots() {
    guard slotsOfNode.isEmpty else { return }
    slotsOfNode = load.map { _ in [] }
    for (index, map) in maps.enumerated() {
      for partition in 0..<map.target.partitionCount {
        let row = map.target.row(partition)
        for slot in map.dataSlots where row[slot] != .none {
          slotsOfNode[row[slot].int].append(id(index, partition, slot))
        }
      }
    }
  }

  // MARK: a search

  /// Fills one of the open slots of a row. False where no chain does, or the search has grown too long.
  mutating func place(map: Int, _ partition: Int, _ slots: [Int], givingUp: GivingUp) -> Bool {
    guard effort > 0, !slots.isEmpty else { return false }
    for slot in slots where placeDirectly(map, partition, slot) { return true }
    listSlots()
    var barred: Set<[Int]> = []  // looked up only
    for _ in 0..<TrialLimits.CompletionSearch.attempts {
      guard let chain = chain(from: slots.map { id(map, partition, $0) }, givingUp, barred) else { return false }
      guard let fault = carryOut(chain) else { return true }
      barred.insert(fault)
    }
    return false
  }

  /// Gives the slot to a node with room: one that holds the partition today, or else the least loaded of the next few.
  /// O(boxes · R).
  private mutating func placeDirectly(_ index: Int, _ partition: Int, _ slot: Int) -> Bool {
    let map = maps[index]
    let row = map.target.row(partition)
    if map.isPeerLimited, map.copies(partition) > 0 { return false }
    func fits(_ node: NodeIndex) -> Bool {
      guard load[node.int] < capacity[node.int], !map.isInRow(row, node) else { return false }
      row[slot] = node
      defer { row[slot] = .none }
      return map.isLegal(partition)
    }
    var best = map.holders(partition).first {
      !isWeightless[$0.int] && map.mayHave($0, partition, inState: map.stateOfSlot[slot]) && fits($0)
    }
    for box in map.boxes.indices where best == nil {
      effort -= map.width
      guard let first = roomy[index][box].first, map.admits(row, slot, boxOf: first) else { continue }
      var tried = 0
      while tried < min(TrialLimits.CompletionSearch.nodesTried, roomy[index][box].count) {
        let place = (cursor[index][box] + tried) % roomy[index][box].count
        let node = roomy[index][box][place]
        if load[node.int] >= capacity[node.int] {
          roomy[index][box].remove(at: place)
          continue
        }
        tried += 1
        effort -= map.width
        if best.map({ load[node.int] < load[$0.int] }) ?? true, fits(node) { best = node }
      }
      cursor[index][box] += 1
    }
    guard let best else { return false }
    row[slot] = best
    load[best.int] += 1
    if !slotsOfNode.isEmpty { slotsOfNode[best.int].append(id(index, partition, slot)) }
    isChanged[index] = true
    return true
  }

  /// The cheapest chain from one of the slots to an end: slots and nodes in turn.
  private mutating func chain(from starts: [Int], _ givingUp: GivingUp, _ barred: Set<[Int]>) -> [Step]? {
    var queue = StepQueue<Step>()
    var cameFrom: [Step: Step] = [:]  // looked up only
    var cost: [Step: Int] = [:]
    var isSettled: Set<Step> = []
    func reach(_ step: Step, _ newCost: Int, from: Step?) {
      guard newCost < cost[step] ?? .max, !isSettled.contains(step) else { return }
      cost[step] = newCost
      cameFrom[step] = from
      queue.push(newCost, step)
    }
    for (place, start) in starts.enumerated() { reach(.slot(start), place * Cost.laterSlot, from: nil) }
    var nodes: [Int] = []
    while effort > 0, isSettled.count < TrialLimits.CompletionSearch.mostSteps, let (here, step) = queue.pop() {
      guard isSettled.insert(step).inserted else { continue }
      switch step {
      case .room, .leftOpen:
        var chain = [step]
        while let before = cameFrom[chain[chain.count - 1]] { chain.append(before) }
        return chain.reversed()
      case .node(let node):
        nodes.append(node)
        if load[node] < capacity[node] {
          reach(.room(node), here + (isWeightless[node] ? Cost.weightless : 0), from: step)
        }
        effort -= slotsOfNode[node].count
        for id in slotsOfNode[node] where isHeld(id, by: node) { reach(.slot(id), here, from: step) }
      case .slot(let id):
        if mayStayOpen(id, givingUp), cameFrom[step] != nil { reach(.leftOpen(id), here + Cost.givingUp, from: step) }
        forEachWayOn(id, isSettled: { isSettled.contains(.node($0)) }, barred) { next, more in
          reach(next, here + more, from: step)
        }
      }
    }
    // No end can be reached from any of these.
    guard effort > 0, isSettled.count < TrialLimits.CompletionSearch.mostSteps, barred.isEmpty else { return nil }
    for node in nodes {
      isDead[node] = true
      for (index, map) in maps.enumerated() { open[index][map.boxOfNode[node]].removeAll { $0.int == node } }
    }
    return nil
  }

  private func isHeld(_ id: Int, by node: Int) -> Bool {
    let (map, partition, _) = place(of: id)
    return isIn(id, node) && !(maps[map].isPeerLimited && maps[map].copies(partition) < 2)
  }

  private func mayStayOpen(_ id: Int, _ givingUp: GivingUp) -> Bool {
    let (index, partition, slot) = place(of: id)
    let map = maps[index]
    let row = map.target.row(partition)
    // The row of a chain's own beginning has an open slot already; what counts is what would be left.
    let left = map.dataSlots.count { $0 != slot && row[$0] != .none }
    switch givingUp {
    case .nothing: return false
    case .seconds: return left > 0 || !map.isLive(partition)
    case .followers:
      let leads = map.stateOfSlot[slot] == 0 && map.target.slots(ofState: 0).count { row[$0] != .none } < 2
      return !leads && (left > 0 || !map.isLive(partition))
    }
  }

  /// Nodes that may have an open slot, and holders of the row that may change into its state.
  private mutating func forEachWayOn(
    _ id: Int, isSettled: (Int) -> Bool, _ barred: Set<[Int]>, _ body: (Step, Int) -> Void
  ) {
    let (index, partition, slot) = place(of: id)
    let map = maps[index]
    let row = map.target.row(partition)
    let state = map.stateOfSlot[slot]
    if map.isPeerLimited, map.dataSlots.contains(where: { $0 != slot && row[$0] != .none }) { return }
    // What the slot holds now goes first.
    let before = row[slot]
    row[slot] = .none
    defer { row[slot] = before }
    for other in map.dataSlots where other != slot && row[other] != .none && map.stateOfSlot[other] != state {
      effort -= 1
      guard map.mayHave(row[other], partition, inState: state), !barred.contains([id, row[other].int]),
        map.admits(row, slot, boxOf: row[other], without: other)
      else { continue }
      body(.slot(self.id(index, partition, other)), Cost.role)
    }
    func consider(_ node: NodeIndex, _ cost: Int) {
      guard node != before, !isSettled(node.int), !map.isInRow(row, node), !barred.contains([id, node.int]) else {
        return
      }
      // One with room is asked before others that are as cheap.
      body(.node(node.int), load[node.int] < capacity[node.int] ? cost : cost + Cost.role)
    }
    for node in map.holders(partition) where !isDead[node.int] && map.mayHave(node, partition, inState: state) {
      if map.admits(row, slot, boxOf: node) { consider(node, 0) }
    }
    for box in map.boxes.indices {
      effort -= map.width
      guard let first = open[index][box].first, map.admits(row, slot, boxOf: first) else { continue }
      effort -= open[index][box].count
      for node in open[index][box] { consider(node, Cost.move) }
    }
  }

  // MARK: carrying it out

  /// Changes the rows along a chain. Where a row then is not legal nothing is changed, and the slot and node that made
  /// it so come back.
  private mutating func carryOut(_ chain: [Step]) -> [Int]? {
    var undo: [(row: UnsafeMutablePointer<NodeIndex>, slot: Int, node: NodeIndex)] = []
    var touched: [(id: Int, node: NodeIndex)] = []
    var changed: [Int] = []
    func put(_ id: Int, _ node: NodeIndex) {
      let (map, partition, slot) = place(of: id)
      let row = maps[map].target.row(partition)
      undo.append((row, slot, row[slot]))
      row[slot] = node
      changed.append(map)
      if node != .none { touched.append((id, node)) }
    }
    var here: Int?
    var from: Int?
    var end: Int?
    for step in chain {
      switch step {
      case .slot(let id):
        if let here {
          // By way of a node, or a holder of the same row that changes its state.
          let (map, partition, slot) = place(of: id)
          let node = from.map { NodeIndex($0) } ?? maps[map].target.row(partition)[slot]
          put(id, .none)
          put(here, node)
        }
        (here, from) = (id, nil)
      case .node(let node): from = node
      case .room(let node):
        put(here!, NodeIndex(node))
        end = node
      case .leftOpen: break
      }
    }
    for (id, node) in touched {
      let (map, partition, _) = place(of: id)
      guard !maps[map].isLegal(partition) else { continue }
      for change in undo.reversed() { change.row[change.slot] = change.node }
      return [id, node.int]
    }
    if let end { load[end] += 1 }
    for (id, node) in touched { slotsOfNode[node.int].append(id) }
    for map in changed { isChanged[map] = true }
    return nil
  }
}

/// Steps by cost; of equal ones, who came first.
struct StepQueue<Element> {
  private var heap: [(cost: Int, order: Int, element: Element)] = []
  private var count = 0

  private func isBefore(_ a: Int, _ b: Int) -> Bool { (heap[a].cost, heap[a].order) < (heap[b].cost, heap[b].order) }

  mutating func push(_ cost: Int, _ element: Element) {
    heap.append((cost, count, element))
    count += 1
    var child = heap.count - 1
    while child > 0, isBefore(child, (child - 1) / 2) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func pop() -> (cost: Int, element: Element)? {
    guard let top = heap.first else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return (top.cost, top.element) }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isBefore(child, least) { least = child }
      if least == parent { return (top.cost, top.element) }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
