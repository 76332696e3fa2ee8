@testable import PlatSearch
import TestSupport

/// Random problems: few nodes and rows, and every kind of rule, alone and together.
enum RandomProblem {
  static func make(seed: UInt64, nodes most: Int = 8, rows: ClosedRange<Int> = 1...12) -> SearchProblem {
    var random = SplitMix64(seed: seed)
    let nodes = random.among(2...most)
    let width = random.among(1...min(4, nodes))
    let containers = (0..<nodes).map { Int32($0 % random.among(1...nodes)) }
    let widths = [width] + (random.chance(1, 3) ? [random.among(1...width)] : [])
    var problem = SearchProblem(
      nodeCount: nodes, rowCount: random.among(rows), stateCount: 3,
      shapes: widths.map { shape(nodes, width: $0, containers, &random) })
    if random.chance(1, 2) { problem.amounts = (0..<problem.rowCount).map { _ in random.pick([0, 1, 2, 7, 100]) } }
    for row in 0..<problem.rowCount {
      for node in random.shuffled(Array(0..<nodes)).prefix(random.among(0...width)) {
        problem.homeNode.append(Int32(node))
        problem.homeState.append(UInt8(random.below(3)))
      }
      problem.homeStart[row + 1] = Int32(problem.homeNode.count)
    }
    for node in 0..<nodes where random.chance(1, 5) {
      problem.capacity[node] = Int32(random.among(0...problem.rowCount))
    }
    let sum = (problem.amounts.isEmpty ? problem.rowCount : problem.amounts.reduce(0, +))
    func windows(_ replicas: Int) -> Windows {
      Windows(
        least: Array(repeating: sum * replicas / nodes, count: nodes),
        most: Array(repeating: (sum * replicas + nodes - 1) / nodes, count: nodes))
    }
    problem.total = windows(width)
    for state in 0..<3 { problem.ofState[state] = windows(problem.shapes[0].stateOfSlot.count { $0 == UInt8(state) }) }
    if !problem.amounts.isEmpty { (problem.counts, problem.due) = (windows(width), windows(width).least) }
    if random.chance(1, 2) { problem.even = problem.ofState }
    for state in 0..<3 where random.chance(1, 2) {
      problem.ofState[state].most = problem.ofState[state].most.map { $0 + 1 }
    }
    if widths.count > 1 || random.chance(1, 4) { divide(&problem, among: random.among(2...3), &random) }
    return problem
  }

  private static func shape(
    _ nodes: Int, width: Int, _ containers: [Int32], _ random: inout SplitMix64
  ) -> SearchShape {
    var shape = SearchShape(stateOfSlot: (0..<width).map { UInt8(min($0, 2)) }, nodeCount: nodes)
    for node in 0..<nodes {
      if random.chance(1, 6) { shape.mayReceive[node] = 0 }
      if random.chance(1, 8) { shape.mayKeep[node] = random.pick([0, ~1]) }
    }
    let boxes = Int(containers.max()!) + 1
    for _ in 0..<random.below(3) {
      shape.bounds.append(
        BoxBound(
          containerOfNode: containers, containerCount: boxes, states: random.pick([1, 2, 7]), most: random.among(0...2),
          isHard: random.chance(1, 2)))
    }
    if random.chance(1, 2) {
      shape.colocations.append(
        Colocation(
          containerOfNode: containers, containerCount: boxes, states: random.pick([2, 6]), anchor: 0,
          atLeast: random.among(1...2), isHard: random.chance(1, 2)))
    }
    if random.chance(1, 2) {
      shape.peers = PeerLimit(
        outbound: random.among(1...nodes), inbound: random.among(1...nodes), isHard: random.chance(1, 2))
    }
    return shape
  }

  /// Its rows are those of several maps, each with windows of its own and rows of one shape.
  private static func divide(_ problem: inout SearchProblem, among maps: Int, _ random: inout SplitMix64) {
    problem.mapOfRow = (0..<problem.rowCount).map { _ in Int32(random.below(maps)) }
    if problem.shapes.count > 1 { problem.shapeOfRow = problem.mapOfRow.map { UInt8($0 & 1) } }
    for _ in 0..<maps {
      func part(_ windows: Windows) -> Windows {
        Windows(
          least: windows.least.map { $0 / maps }, most: windows.most.map { $0 / maps + random.below(2) })
      }
      problem.ofMap.append(MapWindows(total: part(problem.total), ofState: problem.ofState.map { part($0) }))
    }
  }

  /// Any placement that masks and capacities allow, with unfilled slots here and there.
  static func start(_ problem: SearchProblem, _ random: inout SplitMix64) -> [Int32] {
    var rows = [Int32](repeating: -1, count: problem.rowCount * problem.width)
    var counts = [Int](repeating: 0, count: problem.nodeCount)
    for slot in rows.indices where random.chance(3, 4) {
      let node = random.below(problem.nodeCount)
      let row = slot / problem.width
      guard NaiveScore.admits(problem, slot, node), counts[node] < Int(problem.capacity[node]),
        !rows[(row * problem.width)..<(row * problem.width + problem.width)].contains(Int32(node))
      else { continue }
      rows[slot] = Int32(node)
      counts[node] += 1
    }
    return rows
  }
}

/// The score of a placement, counted in the most obvious way.
enum NaiveScore {
  static func holds(_ problem: SearchProblem, _ row: Int, _ node: Int) -> Int? {
    (Int(problem.homeStart[row])..<Int(problem.homeStart[row + 1])).first { problem.homeNode[$0] == Int32(node) }
  }

  static func admits(_ problem: SearchProblem, _ slot: Int, _ node: Int) -> Bool {
    let shape = problem.shape(slot / problem.width)
    guard slot % problem.width < shape.stateOfSlot.count else { return false }
    let isHeld = holds(problem, slot / problem.width, node) != nil
    let mask = isHeld ? shape.mayKeep[node] : shape.mayReceive[node]
    return mask & (1 << UInt32(shape.stateOfSlot[slot % problem.width])) != 0
  }

  static func of(_ problem: SearchProblem, _ rows: [Int32]) -> SearchScore {
    var score = SearchScore()
    let width = problem.width
    /// By map: a limit is about the rows of one.
    var pairs: [Set<[Int]>] = Array(repeating: [], count: max(1, problem.ofMap.count))
    var limits: [PeerLimit?] = pairs.map { _ in nil }
    var load = [[Int]](repeating: Array(repeating: 0, count: problem.nodeCount), count: problem.stateCount)
    var ofMap = Array(repeating: load, count: problem.ofMap.count)
    var counts = [Int](repeating: 0, count: problem.nodeCount)
    for row in 0..<problem.rowCount {
      let shape = problem.shape(row)
      let all = shape.stateOfSlot.enumerated().map { (state: Int($1), node: Int(rows[row * width + $0])) }
      let placed = all.filter { $0.node >= 0 }
      let map = problem.ofMap.isEmpty ? 0 : Int(problem.mapOfRow[row])
      if let limit = shape.peers { limits[map] = limit }
      score.leaderless += all.count { $0.node < 0 && $0.state == 0 }
      score.unfilled += all.count { $0.node < 0 && $0.state != 0 }
      if placed.isEmpty, problem.homeStart[row + 1] > problem.homeStart[row] { score.emptied += 1 }
      let amount = problem.amounts.isEmpty ? 1 : problem.amounts[row]
      for (state, node) in placed {
        load[state][node] += amount
        if !ofMap.isEmpty { ofMap[Int(problem.mapOfRow[row])][state][node] += amount }
        counts[node] += 1
        if let home = holds(problem, row, node) {
          if Int(problem.homeState[home]) != state { score.roleChanges += 1 }
        } else if problem.countsMoves {
          score.moves += 1
          score.moved += amount
        }
        if state == 0, shape.peers != nil {
          for other in placed where other.node != node { pairs[map].insert([node, other.node]) }
        }
      }
      for bound in shape.bounds {
        for container in 0..<bound.containerCount {
          let here = placed.count {
            bound.states >> UInt32($0.state) & 1 == 1 && bound.containerOfNode[$0.node] == Int32(container)
          }
          add(&score, max(0, here - bound.most), bound.isHard)
        }
      }
      for rule in shape.colocations {
        let anchors = Set(placed.filter { $0.state == Int(rule.anchor) }.map { rule.containerOfNode[$0.node] })
        let subject = placed.filter { rule.states >> UInt32($0.state) & 1 == 1 }
        let near = subject.count { anchors.contains(rule.containerOfNode[$0.node]) }
        if !anchors.isEmpty { add(&score, max(0, min(rule.atLeast, subject.count) - near), rule.isHard) }
      }
    }
    func outside(_ value: Int, _ windows: Windows, _ node: Int) -> Int {
      max(0, value - windows.most[node], windows.least[node] - value)
    }
    let all = [(load, MapWindows(total: problem.total, ofState: problem.ofState))] + zip(ofMap, problem.ofMap)
    for (load, windows) in all {
      for node in 0..<problem.nodeCount {
        score.outsideLeading += outside(load[0][node], windows.ofState[0], node)
        for state in 1..<problem.stateCount {
          score.outsideStates += outside(load[state][node], windows.ofState[state], node)
        }
        score.outside += outside(load.reduce(0) { $0 + $1[node] }, windows.total, node)
      }
    }
    for node in 0..<problem.nodeCount {
      if !problem.due.isEmpty { score.offDue += abs(load.reduce(0) { $0 + $1[node] } - problem.due[node]) }
      if !problem.even.isEmpty {
        for state in 0..<problem.stateCount { score.uneven += outside(load[state][node], problem.even[state], node) }
      }
      score.broken += max(0, counts[node] - Int(problem.capacity[node]))
      if let windows = problem.counts { score.outsideCounts += outside(counts[node], windows, node) }
      for (limit, pairs) in zip(limits, pairs) {
        guard let limit else { continue }
        add(&score, max(0, pairs.count { $0[0] == node } - limit.outbound), limit.isHard)
        add(&score, max(0, pairs.count { $0[1] == node } - limit.inbound), limit.isHard)
      }
    }
    return score
  }

  private static func add(_ score: inout SearchScore, _ count: Int, _ isHard: Bool) {
    if isHard { score.broken += count } else { score.softBroken += count }
  }
}
