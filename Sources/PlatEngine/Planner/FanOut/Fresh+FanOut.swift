/// Stage 3 for a fresh map whose nodes may have few peers only.
///
/// The line of `Fresh`, in as few blocks as the limit asks for, and masters that follow its order. Wind a block's line
/// R times around a circle of its partitions:
///
///     column 0   |--- a ---|--- b ---|-- c --|…       between two ends all partitions have the same holders;
///     column 1   …-|--- f ---|--- g ---|-- h …        who ends first of those who still lack masters is master
///     column 2   |-- k --|--- l ---|--- m ---|
///
/// Where all nodes are due the same, and a block has a multiple of N partitions, beginnings lie evenly on the circle.
/// Each node then is master from its own beginning to the next one's, and its slaves are the R − 1 that began before
/// it: R − 1 peers out and in for each block, the fewest that there can be, and no rounding at all. What P has beyond
/// such blocks goes to the first one, whose order is the one in which quotas were rounded, so that it comes out even
/// there, too. With other weights peers are a few more; they are counted, and fewer blocks are tried.
extension Fresh {
  /// Fills every row, its states included, and keeps `placement.peers`. O(P · R + N · R · blocks).
  static func runWithFewPeers(_ problem: Problem, _ due: Due, _ placement: inout Placement) throws(PlatError) {
    let circles = try Blocks(problem.partitionCount, replicas: problem.replicas, threads: problem.threads)
      .forEachWorker { (_) throws(PlatError) in try Circle(problem, due, placement) }
    var blocks = circles[0].mostBlocks
    var best = (blocks: blocks, excess: Int.max)
    var filled: (blocks: Int, book: PeerBook)?
    while true {
      let book = try Circle.fill(circles, problem, blocks: blocks)
      filled = (blocks, book)
      if book.excess < best.excess { best = (blocks, book.excess) }
      if book.isWithin || blocks == 1 { break }
      blocks = blocks * 3 / 4
    }
    if let filled, filled.blocks == best.blocks {
      placement.peers = filled.book
    } else {
      placement.peers = try Circle.fill(circles, problem, blocks: best.blocks)
    }
    let led: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    for circle in circles {
      for node in 0..<problem.nodeCount { led.base[node] += circle.led.base[node] }
    }
    placement.load.copy(from: circles[0].load)
    placement.countPlaced()
    placement.book(led: problem.wanted[0] > 0 ? led : nil, upTo: problem.partitionCount)
  }
}

/// One block after the other, as circles; as one worker goes through them. Each lays out all of them, as what one
/// leaves of a node is known only then, and writes those that are its own.
private struct Circle {
  private let problem: Problem
  private let due: Due
  private let rows: UnsafeMutablePointer<NodeIndex>
  private let replicas: Int
  private let masters: Int
  /// All nodes that are due anything are due the same: so many.
  private let alike: Int?
  /// In proportion to what a node is due, and the sum over all.
  private let share: NodeTable<Int64>
  private var allShares: Int64 = 0
  private let rest: NodeTable<Int64>
  let load: NodeTable<Int32>
  /// Masters that a node still lacks in this block.
  private let need: NodeTable<Int64>
  /// By place in the order: where a node's part of the line ends.
  private let lineEnd: NodeTable<Int64>
  /// For each column: the place of the node there, and where it ends.
  private var place: [Int]
  private var end: [Int]
  private let row: NodeTable<NodeIndex>
  /// Partitions that each node is master of in this worker's blocks.
  let led: NodeTable<Int32>
  /// The column that each slot of `row` stands for.
  private let columnOf: NodeTable<Int32>

  init(_ problem: Problem, _ due: Due, _ placement: Placement) throws(PlatError) {
    self.problem = problem
    self.due = due
    rows = placement.rows
    replicas = problem.replicas
    masters = problem.wanted[0]
    alike = due.countOfAlike
    share = try problem.arena.table(problem.nodeCount)
    rest = try problem.arena.table(problem.nodeCount)
    load = try problem.arena.table(problem.nodeCount)
    need = try problem.arena.table(problem.nodeCount)
    led = try problem.arena.table(problem.nodeCount)
    lineEnd = try problem.arena.table(problem.nodeCount)
    row = try problem.arena.table(replicas)
    columnOf = try problem.arena.table(replicas)
    place = Array(repeating: 0, count: replicas)
    end = place
    for node in 0..<problem.nodeCount {
      let due = Int64(due.quota.base[node])
      share.base[node] = alike == nil ? due : due > 0 || self.due.most.base[node] > 0 ? 1 : 0
      allShares += share.base[node]
    }
  }

  /// As many blocks as leave a fifth of the limit to changes that are to come.
  var mostBlocks: Int {
    let limit = problem.fanOut
    let most = min(limit?.outbound ?? problem.nodeCount, limit?.inbound ?? problem.nodeCount)
    let perBlock = max(1, replicas + masters - 2)
    let busy = max(1, alike ?? problem.nodeCount)
    return max(1, min((most - most / 5) / perBlock, problem.partitionCount / busy, 1 << 10))
  }

  /// Writes all rows, on as many threads as there are circles; returns who replicates to whom.
  static func fill(_ circles: [Circle], _ problem: Problem, blocks: Int) throws(PlatError) -> PeerBook {
    var pairs: [PairList] = []
    for _ in 0..<blocks {
      pairs.append(try PairList(problem.arena, capacity: 2 * problem.nodeCount * problem.replicas))
    }
    var failures = [PlatError?](repeating: nil, count: circles.count)
    try failures.withUnsafeMutableBufferPointer { failures throws(PlatError) in
      let failures = failures.baseAddress!
      let order = try circles.map { (_) throws(PlatError) in try TreeOrder(problem) }
      pairs.withUnsafeMutableBufferPointer { pairs in
        let pairs = pairs.baseAddress!
        Threads.perform(circles.count) { worker in
          var circle = circles[worker]
          do throws(PlatError) {
            try circle.fill(blocks, order[worker], pairs, worker, of: circles.count)
          } catch {
            failures[worker] = error
          }
        }
      }
    }
    if let failure = failures.lazy.compactMap({ $0 }).first { throw failure }
    return try PeerBook(problem, pairs)
  }

  /// `pairs`: for each block, who replicates to whom in it.
  private mutating func fill(
    _ blocks: Int, _ first: TreeOrder, _ pairs: UnsafeMutablePointer<PairList>, _ worker: Int, of workers: Int
  ) throws(PlatError) {
    var order = first
    for node in 0..<problem.nodeCount {
      rest.base[node] = Int64(due.quota.base[node])
      load.base[node] = 0
      led.base[node] = 0
    }
    let perNode = alike.map { problem.partitionCount / $0 / blocks } ?? 0
    var begin = 0
    for block in 0..<blocks {
      var end = problem.partitionCount * (block + 1) / blocks
      if let alike { end = problem.partitionCount - (blocks - 1 - block) * perNode * alike }
      if block > 0 { order.shuffle() }
      let ofOther = alike.map { _ in Int64(perNode * replicas) }
      layOut(
        order.nodes, begin..<end, fixed: block > 0 ? ofOther : nil,
        laterBlocks: block == 0 ? ofOther.map { $0 * Int64(blocks - 1) } : nil)
      if block % workers == worker {
        // Who runs on past the end of the circle takes what it lacks along to its beginning.
        if alike == nil || masters > 1 { try goRound(order.nodes, begin..<end, &pairs[block], writes: false) }
        try goRound(order.nodes, begin..<end, &pairs[block], writes: true)
      }
      begin = end
    }
  }

  /// Cuts the block's line: a fixed number of points for each node, or what it does not need later, or its part of what
  /// it has left.
  private func layOut(_ order: NodeTable<NodeIndex>, _ block: Range<Int>, fixed: Int64?, laterBlocks: Int64?) {
    let size = Int64(block.count)
    let left = Int64(problem.partitionCount - block.lowerBound)
    var carried: Int64 = 0
    var position: Int64 = 0
    for index in 0..<order.count {
      let node = order.base[index]
      var points: Int64
      if share[node] == 0 {
        points = 0
      } else if let fixed {
        points = fixed
      } else if let laterBlocks {
        points = rest[node] - laterBlocks
      } else {
        carried += rest[node] * size
        points = carried / left
        carried -= points * left
      }
      rest[node] -= points
      load[node] += Int32(points)
      position += points
      lineEnd.base[index] = position
    }
    need.fill(with: 0)
  }

  /// Goes round the circle once, from beginning to beginning. If it writes nothing, only to see what nodes then lack.
  private mutating func goRound(
    _ order: NodeTable<NodeIndex>, _ block: Range<Int>, _ pairs: inout PairList, writes: Bool
  ) throws(PlatError) {
    // The same loop for the usual rows, which the compiler then unrolls.
    switch (masters, replicas) {
    case (1, 2): try goRound(order, block, &pairs, writes: writes, masters: 1, replicas: 2)
    case (1, 3): try goRound(order, block, &pairs, writes: writes, masters: 1, replicas: 3)
    default: try goRound(order, block, &pairs, writes: writes, masters: masters, replicas: replicas)
    }
  }

  @inline(__always) private mutating func goRound(
    _ order: NodeTable<NodeIndex>, _ block: Range<Int>, _ pairs: inout PairList, writes: Bool, masters: Int,
    replicas: Int
  ) throws(PlatError) {
    let size = block.count
    var carried: Int64 = 0
    let perShare = Int64(size * masters)
    func begin(_ node: NodeIndex, points: Int64) {
      carried += share[node] * perShare
      let whole = min(points, carried / max(1, allShares))
      carried -= whole * allShares
      need[node] = whole
    }
    var column = 0
    for index in 0..<order.count {
      let from = index == 0 ? 0 : lineEnd.base[index - 1]
      while column < replicas, Int64(column * size) < lineEnd.base[index] {
        (place[column], end[column]) = (index, min(size, Int(lineEnd.base[index]) - column * size))
        if from == Int64(column * size) { begin(order.base[index], points: lineEnd.base[index] - from) }
        column += 1
      }
    }
    while column < replicas {
      (place[column], end[column]) = (order.count, size)
      column += 1
    }
    var here = 0
    while here < size {
      var next = size
      for column in 0..<replicas { next = min(next, end[column]) }
      while here < next {
        let run = chooseMasters(order, at: here, next: next, size: size, masters: masters, replicas: replicas)
        if writes {
          try pairs.reserve(masters * replicas)
          for master in 0..<masters where row.base[master] != .none {
            led[row.base[master]] += Int32(run)
            for slot in 0..<replicas where row.base[slot] != .none && slot != master {
              pairs.append(row.base[master], row.base[slot], times: Int32(run))
            }
          }
          write(block.lowerBound + here, run, masters: masters, replicas: replicas)
        }
        here += run
      }
      for column in 0..<replicas where end[column] == here && here < size {
        var index = place[column] + 1
        while index < order.count, lineEnd.base[index] == lineEnd.base[index - 1] { index += 1 }
        place[column] = index
        guard index < order.count else {
          end[column] = size
          continue
        }
        end[column] = min(size, Int(lineEnd.base[index]) - column * size)
        begin(order.base[index], points: lineEnd.base[index] - lineEnd.base[index - 1])
      }
    }
  }

  /// Puts the holders into `row`, masters first: who still lacks masters and ends first, and else who ends last.
  /// Returns for how many partitions.
  @inline(__always) private func chooseMasters(
    _ order: NodeTable<NodeIndex>, at here: Int, next: Int, size: Int, masters: Int, replicas: Int
  ) -> Int {
    var run = Int64(next - here)
    for column in 0..<replicas { row.base[column] = place[column] < order.count ? order.base[place[column]] : .none }
    for column in 0..<replicas { columnOf.base[column] = Int32(column) }
    for slot in 0..<masters {
      var best = -1
      var bestKey: (lacks: Bool, left: Int64) = (false, 0)
      for candidate in slot..<replicas where row.base[candidate] != .none {
        let column = Int(columnOf.base[candidate])
        let lacks = need[row.base[candidate]] > 0
        let left = lineEnd.base[place[column]] - Int64(column * size + here)
        let isBetter = best < 0 || (lacks != bestKey.lacks ? lacks : lacks ? left < bestKey.left : left > bestKey.left)
        guard isBetter, isLegal(slot, candidate) else { continue }
        (best, bestKey) = (candidate, (lacks, left))
      }
      guard best >= 0 else { break }
      row.base.swap(slot, best)
      (columnOf.base[slot], columnOf.base[best]) = (columnOf.base[best], columnOf.base[slot])
      if bestKey.lacks { run = min(run, need[row.base[slot]]) }
    }
    for slot in 0..<masters where row.base[slot] != .none { need[row.base[slot]] = max(0, need[row.base[slot]] - run) }
    return Int(run)
  }

  /// Whether hard rules about single states let the holder at `candidate` be the master at `slot`.
  private func isLegal(_ slot: Int, _ candidate: Int) -> Bool {
    guard problem.hasStateRules, slot == masters - 1 else { return true }
    row.base.swap(slot, candidate)
    defer { row.base.swap(slot, candidate) }
    return StateRules.breach(problem, row.base) == nil
  }

  /// Slaves take turns in being the first.
  @inline(__always) private func write(_ first: Int, _ run: Int, masters: Int, replicas: Int) {
    let from = row.base
    let slaves = replicas - masters
    var target = rows + first * replicas
    var turn = slaves > 0 ? first % slaves : 0
    for _ in 0..<run {
      for slot in 0..<masters { target[slot] = from[slot] }
      var slot = masters + turn
      for slave in masters..<replicas {
        target[slot] = from[slave]
        slot = slot + 1 == replicas ? masters : slot + 1
      }
      turn = turn + 1 >= slaves ? 0 : turn + 1
      target += replicas
    }
  }
}
