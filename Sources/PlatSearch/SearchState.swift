/// A placement under search, with everything that its score is made of kept up to date.
///
/// A change opens the rows that it touches, places nodes, and closes them: the score is right again then. `undo` takes
/// back all since the last `begin`. One primitive keeps loads, replicas and peers; a row's own part of the score is
/// counted anew when the row is closed.
struct SearchState: ~Copyable {
  let problem: SearchProblem
  private let memory: SearchMemory
  let width: Int
  let nodeCount: Int
  let rowCount: Int
  /// −1: unfilled.
  let rows: UnsafeMutablePointer<Int32>
  let replicas: Replicas
  var score = SearchScore()

  /// Of every slot of every row.
  let stateOfSlot: UnsafeMutablePointer<UInt8>
  let hasAmounts: Bool
  let hasDue: Bool
  let due: UnsafeMutablePointer<Int>
  let amount: UnsafeMutablePointer<Int>
  let homeStart: UnsafeMutablePointer<Int32>
  let homeNode: UnsafeMutablePointer<Int32>
  let homeState: UnsafeMutablePointer<UInt8>
  /// By shape and node.
  let mayKeep: UnsafeMutablePointer<UInt32>
  let mayReceive: UnsafeMutablePointer<UInt32>
  /// Of each row its shape; of each shape, where its rules begin.
  let shapeOfRow: UnsafeMutablePointer<UInt8>
  let firstBound: UnsafeMutablePointer<Int>
  let firstColocation: UnsafeMutablePointer<Int>
  let capacity: UnsafeMutablePointer<Int32>
  let isFixed: UnsafeMutablePointer<Bool>
  let bounds: UnsafeMutablePointer<FlatBound>
  let colocations: UnsafeMutablePointer<FlatBound>
  /// Of the rules, by rule and node: the container.
  let containers: UnsafeMutablePointer<Int32>
  /// Of the containers of one rule, how many of the row at hand: zero between rows.
  let inContainer: UnsafeMutablePointer<Int32>

  /// By state and node; the last row of the table is the total. Of several maps such a table for all together, and then
  /// one for each.
  let load: UnsafeMutablePointer<Int>
  let least: UnsafeMutablePointer<Int>
  let most: UnsafeMutablePointer<Int>
  /// The same of states, where they are as even as can be.
  let leastEven: UnsafeMutablePointer<Int>
  let mostEven: UnsafeMutablePointer<Int>
  let hasEven: Bool
  let mapCount: Int
  /// Of each row, where its map's table begins.
  let tableOfRow: UnsafeMutablePointer<Int>
  let hasCounts: Bool
  let leastCount: UnsafeMutablePointer<Int>
  let mostCount: UnsafeMutablePointer<Int>

  /// By map, leader and peer: rows that they share so. Empty without a limit.
  let pairs: UnsafeMutablePointer<Int32>
  let outbound: UnsafeMutablePointer<Int32>
  let inbound: UnsafeMutablePointer<Int32>
  let hasPeers: Bool
  /// By shape.
  let peerLimits: UnsafeMutablePointer<PeerLimit?>
  /// Of each row, where its map has its nodes in these tables.
  let peersOfRow: UnsafeMutablePointer<Int32>

  /// Slots whose node does not hold the row today, and those whose node holds it in another state; rows that break a
  /// rule. As of the last change that was kept.
  var away: Marked
  var inOtherState: Marked
  var breaching: Marked

  private var log: [Change] = []
  private var opened: [Int32] = []
  private let isOpen: UnsafeMutablePointer<Bool>
  private var savedScore = SearchScore()

  private struct Change {
    var slot: Int32
    var before: Int32
  }

  struct FlatBound: BitwiseCopyable {
    var first: Int
    var states: UInt32
    var anchor: UInt8
    var count: Int32
    var isHard: Bool
  }

  /// `start`: rows × width, −1 where nobody stands. O(rows · width).
  init(_ problem: SearchProblem, start: [Int32]) {
    self.problem = problem
    memory = SearchMemory()
    width = problem.width
    nodeCount = problem.nodeCount
    rowCount = problem.rowCount
    rows = memory.table(rowCount * width, filledWith: -1)
    replicas = Replicas(nodes: nodeCount, slots: rowCount * width)
    away = Marked(rowCount * width)
    inOtherState = Marked(rowCount * width)
    breaching = Marked(rowCount)
    stateOfSlot = memory.table(problem.stateOfEverySlot)
    hasAmounts = !problem.amounts.isEmpty
    amount = memory.table(problem.amounts)
    hasDue = !problem.due.isEmpty
    due = memory.table(problem.due)
    homeStart = memory.table(problem.homeStart)
    homeNode = memory.table(problem.homeNode)
    homeState = memory.table(problem.homeState)
    mayKeep = memory.table(problem.shapes.flatMap { $0.mayKeep.map { $0 & SearchShape.states } })
    mayReceive = memory.table(problem.shapes.flatMap { $0.mayReceive.map { $0 & SearchShape.states } })
    shapeOfRow =
      problem.shapeOfRow.isEmpty ? memory.table(rowCount, filledWith: 0) : memory.table(problem.shapeOfRow)
    firstBound = memory.table(problem.shapes.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.bounds.count) })
    firstColocation = memory.table(
      problem.shapes.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.colocations.count) })
    capacity = memory.table(problem.capacity)
    isFixed = memory.table(problem.isFixed)
    var tables: [Int32] = []
    var most = 1
    func flat(_ table: [Int32], _ containers: Int) -> Int {
      most = max(most, containers)
      tables += table
      return tables.count - table.count
    }
    bounds = memory.table(problem.bounds.map {
      FlatBound(
        first: flat($0.containerOfNode, $0.containerCount), states: $0.states, anchor: 0, count: Int32($0.most),
        isHard: $0.isHard)
    })
    colocations = memory.table(problem.colocations.map {
      FlatBound(
        first: flat($0.containerOfNode, $0.containerCount), states: $0.states, anchor: $0.anchor,
        count: Int32($0.atLeast), isHard: $0.isHard)
    })
    containers = memory.table(tables)
    inContainer = memory.table(most, filledWith: 0)
    let windows = problem.ofState + [problem.total] + problem.ofMap.flatMap { $0.ofState + [$0.total] }
    let tableSize = (problem.stateCount + 1) * nodeCount
    mapCount = problem.ofMap.count
    tableOfRow = memory.table(problem.mapOfRow.map { (Int($0) + 1) * tableSize })
    load = memory.table(windows.count * nodeCount, filledWith: 0)
    least = memory.table(windows.flatMap(\.least))
    self.most = memory.table(windows.flatMap(\.most))
    leastEven = memory.table(problem.even.flatMap(\.least))
    mostEven = memory.table(problem.even.flatMap(\.most))
    hasEven = !problem.even.isEmpty
    hasCounts = problem.counts != nil
    leastCount = memory.table(problem.counts?.least ?? [])
    mostCount = memory.table(problem.counts?.most ?? [])
    hasPeers = problem.hasPeers
    peerLimits = memory.table(problem.shapes.map(\.peers))
    let maps = hasPeers ? max(1, problem.ofMap.count) : 0
    pairs = memory.table(maps * nodeCount * nodeCount, filledWith: 0)
    outbound = memory.table(maps * nodeCount, filledWith: 0)
    inbound = memory.table(maps * nodeCount, filledWith: 0)
    peersOfRow = memory.table(problem.mapOfRow.isEmpty ? Array(repeating: 0, count: rowCount) : problem.mapOfRow)
    for row in 0..<rowCount { peersOfRow[row] *= Int32(nodeCount) }
    isOpen = memory.table(rowCount, filledWith: false)
    load(start)
  }

  private mutating func load(_ start: [Int32]) {
    for node in 0..<nodeCount {
      for table in 0...mapCount {
        let first = table * (problem.stateCount + 1) * nodeCount
        for state in 0..<problem.stateCount { addOutside(first, state, node, 1) }
        score.outside += outside(first + problem.stateCount * nodeCount + node)
      }
      for state in 0..<problem.stateCount { score.uneven += uneven(state * nodeCount + node) }
      score.outsideCounts += outsideCount(node)
      score.offDue += offDue(node)
    }
    for row in 0..<rowCount {
      for place in 0..<width where start[row * width + place] >= 0 {
        put(row * width + place, start[row * width + place])
      }
      addRow(row)
      for place in 0..<width { mark(row * width + place) }
      markRow(row)
    }
  }

  // MARK: Changes

  /// Everything up to here stays.
  @inline(__always) mutating func begin() {
    log.removeAll(keepingCapacity: true)
    savedScore = score
  }

  /// The row is about to change.
  @inline(__always) mutating func open(_ row: Int) {
    guard !isOpen[row] else { return }
    isOpen[row] = true
    opened.append(Int32(row))
    subtractRow(row)
  }

  /// Puts `node` (−1: nobody) into a slot of an open row.
  @inline(__always) mutating func place(_ slot: Int, _ node: Int) {
    log.append(Change(slot: Int32(slot), before: rows[slot]))
    put(slot, Int32(node))
  }

  @inline(__always) mutating func close() {
    for row in opened {
      isOpen[Int(row)] = false
      addRow(Int(row))
    }
    opened.removeAll(keepingCapacity: true)
  }

  /// What has changed since `begin` stays: marks follow.
  @inline(__always) mutating func keep() {
    for change in log {
      mark(Int(change.slot))
      markRow(Int(change.slot) / width)
    }
  }

  @inline(__always) private mutating func mark(_ slot: Int) {
    let node = Int(rows[slot])
    let home = node < 0 ? -1 : home(slot / width, of: node)
    away.set(slot, node >= 0 && home < 0 && problem.countsMoves)
    inOtherState.set(slot, home >= 0 && homeState[home] != stateOfSlot[slot])
  }

  /// Takes back all changes since `begin`, closed or not.
  mutating func undo() {
    for change in log.reversed() { put(Int(change.slot), change.before) }
    log.removeAll(keepingCapacity: true)
    for row in opened { isOpen[Int(row)] = false }
    opened.removeAll(keepingCapacity: true)
    score = savedScore
  }

  var before: SearchScore { savedScore }

  // MARK: Questions

  /// Whether `node` may stand in a slot of the row, by itself: state, status, room. It is not in the row yet.
  @inline(__always) func admits(_ slot: Int, _ node: Int) -> Bool {
    mayBe(slot, node) && replicas.count(node) < Int(capacity[node])
  }

  /// The same for a node that stands in the row already, or whose room is known.
  @inline(__always) func mayBe(_ slot: Int, _ node: Int) -> Bool {
    let row = slot / width
    let index = Int(shapeOfRow[row]) * nodeCount + node
    let mask = holds(row, node) ? mayKeep[index] : mayReceive[index]
    return mask & (1 << UInt32(stateOfSlot[slot])) != 0
  }

  /// Whether the node has the row's data today.
  @inline(__always) func holds(_ row: Int, _ node: Int) -> Bool { home(row, of: node) >= 0 }

  /// Who has the row's data today, as places in `homeNode` and `homeState`.
  @inline(__always) func homes(_ row: Int) -> Range<Int> { Int(homeStart[row])..<Int(homeStart[row + 1]) }

  /// Which of these the node is; −1: none.
  @inline(__always) func home(_ row: Int, of node: Int) -> Int {
    for home in homes(row) where homeNode[home] == Int32(node) { return home }
    return -1
  }

  /// The slot of the row in which the node stands; −1: none.
  @inline(__always) func slot(_ row: Int, of node: Int) -> Int {
    for slot in (row * width)..<(row * width + width) where rows[slot] == Int32(node) { return slot }
    return -1
  }

  /// How far above (positive) or below (negative) its window the node is in all; 0: inside.
  @inline(__always) func excess(_ node: Int) -> Int { excess(at: problem.stateCount * nodeCount + node) }

  @inline(__always) func excess(_ node: Int, inState state: Int) -> Int { excess(at: state * nodeCount + node) }

  /// The same of one map of several; `state` beyond the last: in all.
  @inline(__always) func excess(_ node: Int, inState state: Int, ofMap map: Int) -> Int {
    excess(at: ((map + 1) * (problem.stateCount + 1) + state) * nodeCount + node)
  }

  @inline(__always) private func excess(at index: Int) -> Int {
    load[index] > most[index] ? load[index] - most[index] : load[index] < least[index] ? load[index] - least[index] : 0
  }

  @inline(__always) private func outside(_ index: Int) -> Int { abs(excess(at: index)) }

  @inline(__always) private mutating func addOutside(_ table: Int, _ state: Int, _ node: Int, _ sign: Int) {
    let outside = sign * outside(table + state * nodeCount + node)
    if state == 0 { score.outsideLeading += outside } else { score.outsideStates += outside }
  }

  @inline(__always) private func offDue(_ node: Int) -> Int {
    hasDue ? abs(load[problem.stateCount * nodeCount + node] - due[node]) : 0
  }

  @inline(__always) private func uneven(_ index: Int) -> Int {
    hasEven ? max(0, load[index] - mostEven[index], leastEven[index] - load[index]) : 0
  }

  @inline(__always) func excessCount(_ node: Int) -> Int {
    guard hasCounts else { return 0 }
    let count = replicas.count(node)
    return count > mostCount[node] ? count - mostCount[node] : count < leastCount[node] ? count - leastCount[node] : 0
  }

  @inline(__always) private func outsideCount(_ node: Int) -> Int { abs(excessCount(node)) }

  @inline(__always) private func beyondCapacity(_ node: Int) -> Int {
    max(0, replicas.count(node) - Int(capacity[node]))
  }

  var current: [Int32] { (0..<(rowCount * width)).map { rows[$0] } }

  // MARK: The primitive

  @inline(__always) private mutating func put(_ slot: Int, _ node: Int32) {
    let before = rows[slot]
    guard before != node else { return }
    let (row, place) = (slot / width, slot % width)
    let amount = hasAmounts ? amount[row] : 1
    if before >= 0 {
      if hasPeers { countPeers(row, place, Int(before), by: -1) }
      count(Int(before), slot, Int(stateOfSlot[slot]), -amount, comes: false)
    }
    rows[slot] = node
    if node >= 0 {
      count(Int(node), slot, Int(stateOfSlot[slot]), amount, comes: true)
      if hasPeers { countPeers(row, place, Int(node), by: 1) }
    }
  }

  @inline(__always) private mutating func count(_ node: Int, _ slot: Int, _ state: Int, _ amount: Int, comes: Bool) {
    let (one, all) = (state * nodeCount + node, problem.stateCount * nodeCount + node)
    addOutside(0, state, node, -1)
    score.uneven -= uneven(one)
    score.outside -= outside(all)
    score.outsideCounts -= outsideCount(node)
    score.offDue -= offDue(node)
    score.broken -= beyondCapacity(node)
    if comes { replicas.insert(slot, node) } else { replicas.remove(slot, node) }
    load[one] += amount
    load[all] += amount
    addOutside(0, state, node, 1)
    score.uneven += uneven(one)
    score.outside += outside(all)
    score.outsideCounts += outsideCount(node)
    score.offDue += offDue(node)
    score.broken += beyondCapacity(node)
    if mapCount > 0 { countInMap(tableOfRow[slot / width], node, state, amount) }
  }

  @inline(__always) private mutating func countInMap(_ table: Int, _ node: Int, _ state: Int, _ amount: Int) {
    let all = table + problem.stateCount * nodeCount + node
    addOutside(table, state, node, -1)
    score.outside -= outside(all)
    load[table + state * nodeCount + node] += amount
    load[all] += amount
    addOutside(table, state, node, 1)
    score.outside += outside(all)
  }
}
