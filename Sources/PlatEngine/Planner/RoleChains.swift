/// Moves a state from nodes above their windows to nodes below them, along partitions that they share.
///
/// An arc m → d is a partition where m is in the state and d holds the partition in a later one: the two change
/// places. First all that one such change settles, in passes over the rows; then chains, shortest first: onward
/// from whoever has too many, backward from whoever has too few.
struct RoleChains {
  private let problem: Problem
  private let rows: UnsafeMutablePointer<NodeIndex>
  private let width: Int
  private let slots: Range<Int>
  private let state: Int
  private let count: NodeTable<Int32>
  private let window: NodeTable<RoleWindows.Window>
  /// Who replicates to whom, where that is limited.
  private let peers: PeerBook?
  private let changed: ChangedRows

  init(
    _ problem: Problem, _ placement: Placement, slots: Range<Int>, state: Int,
    count: NodeTable<Int32>, window: NodeTable<RoleWindows.Window>
  ) {
    self.problem = problem
    rows = placement.rows
    peers = placement.peers
    changed = placement.changed
    width = problem.replicas
    self.slots = slots
    self.state = state
    self.count = count
    self.window = window
  }

  /// O(P · R) and, where that is not enough, a search for each node that is still out of its window.
  func run(_ placement: Placement) throws(PlatError) {
    // Rows that came with their states leave the others enough to settle by themselves.
    if placement.dealt > 0 { try run(placement, in: placement.dealt..<problem.partitionCount) }
    try run(placement, in: 0..<problem.partitionCount)
  }

  private func run(_ placement: Placement, in partitions: Range<Int>) throws(PlatError) {
    try sweep(partitions, pending: tooMany, isDonor: { $0 > $1.most }, isReceiver: { $0 < $1.most })
    try sweep(partitions, pending: tooFew, isDonor: { $0 > $1.least }, isReceiver: { $0 < $1.least })
    guard tooMany > 0 || tooFew > 0 else { return }
    var search = try Search(self, holdings: Holdings(problem, placement, in: partitions))
    search.drain(.onward, from: { $0 > $1.most }, into: { $0 < $1.most })
    search.drain(.backward, from: { $0 < $1.least }, into: { $0 > $1.least })
  }

  /// What no chain settles is shared out, so that no node is farther out of its window than need be. Those who lack
  /// most receive from those who lack less by two at least, and so on in falling order, for each of which one pass
  /// does; then the same of those who have too many. Exact where nobody is out by more than `levels`. O(P · R) a pass.
  func level(_ placement: Placement) throws(PlatError) {
    guard tooMany > 0 || tooFew > 0 else { return }
    var search = try Search(self, holdings: Holdings(problem, placement))
    let lack = (0..<problem.nodeCount).reduce(0) { max($0, window.base[$1].least - count.base[$1]) }
    for (here, step) in RoleChains.levels(lack) {
      search.drain(.backward, from: { $1.least - $0 >= here }, into: { $1.least - $0 < here - step })
    }
    let excess = (0..<problem.nodeCount).reduce(0) { max($0, count.base[$1] - window.base[$1].most) }
    for (here, step) in RoleChains.levels(excess) {
      search.drain(.onward, from: { $0 - $1.most >= here }, into: { $0 - $1.most < here - step })
    }
  }

  private static let levels: Int32 = 32

  private static func levels(_ greatest: Int32) -> [(here: Int32, step: Int32)] {
    let step = (greatest + levels - 1) / levels
    return greatest < 2 ? [] : stride(from: greatest, to: step, by: -Int(step)).map { ($0, step) }
  }

  private typealias Test = (Int32, RoleWindows.Window) -> Bool

  private var tooMany: Int {
    (0..<problem.nodeCount).reduce(0) { $0 + max(0, Int(count.base[$1]) - Int(window.base[$1].most)) }
  }

  private var tooFew: Int {
    (0..<problem.nodeCount).reduce(0) { $0 + max(0, Int(window.base[$1].least) - Int(count.base[$1])) }
  }

  /// What a node is in a sweep, as bits.
  private static let donor: UInt8 = 1
  private static let receiver: UInt8 = 2

  /// One pass over the rows: wherever a donor is in the state and a receiver is not, they change places. Few rows have
  /// both, which a byte of each node tells.
  @inline(__always) private func sweep(
    _ partitions: Range<Int>, pending: Int, isDonor: Test, isReceiver: Test
  ) throws(PlatError) {
    guard pending > 0 else { return }
    let parts: NodeTable<UInt8> = try problem.arena.table(problem.nodeCount + 1)
    defer { problem.arena.free(parts) }
    func tell(_ node: NodeIndex) {
      let (count, window) = (count[node], window[node])
      parts[node] =
        (isDonor(count, window) ? RoleChains.donor : 0) | (isReceiver(count, window) ? RoleChains.receiver : 0)
    }
    for node in 0..<problem.nodeCount { tell(NodeIndex(node)) }
    var left = pending
    var partition = partitions.lowerBound
    while left > 0 {
      partition = firstWithBoth(partition..<partitions.upperBound, parts.base)
      guard partition < partitions.upperBound else { return }
      let row = rows + partition * width
      for slot in slots where row[slot] != .none && parts[row[slot]] & RoleChains.donor != 0 {
        let donor = row[slot]
        for place in slots.upperBound..<width {
          let receiver = row[place]
          guard receiver != .none, parts[receiver] & RoleChains.receiver != 0,
            mayChange(partition * width + slot, partition * width + place)
          else { continue }
          change(partition * width + slot, partition * width + place)
          count[donor] -= 1
          count[receiver] += 1
          tell(donor)
          tell(receiver)
          left -= 1
          break
        }
      }
      partition += 1
    }
  }

  /// The first row with a donor in the state and a receiver outside it; where the range ends if there is none.
  private func firstWithBoth(_ partitions: Range<Int>, _ parts: UnsafeMutablePointer<UInt8>) -> Int {
    // The same loop for the usual rows, which the compiler then unrolls.
    switch (slots, width) {
    case (0..<1, 2): firstWithBoth(partitions, parts, slots: 0..<1, width: 2)
    case (0..<1, 3): firstWithBoth(partitions, parts, slots: 0..<1, width: 3)
    default: firstWithBoth(partitions, parts, slots: slots, width: width)
    }
  }

  @inline(__always) private func firstWithBoth(
    _ partitions: Range<Int>, _ parts: UnsafeMutablePointer<UInt8>, slots: Range<Int>, width: Int
  ) -> Int {
    let nobody = UInt32(problem.nodeCount)
    var row = rows + partitions.lowerBound * width
    for partition in partitions {
      var inside: UInt8 = 0
      var outside: UInt8 = 0
      for slot in slots { inside |= parts[Int(min(row[slot].raw, nobody))] }
      for place in slots.upperBound..<width { outside |= parts[Int(min(row[place].raw, nobody))] }
      if inside & RoleChains.donor != 0, outside & RoleChains.receiver != 0 { return partition }
      row += width
    }
    return partitions.upperBound
  }

  /// Whether the holder at `place` may be in the state instead of the one at `slot` of the same row.
  @inline(__always) private func mayChange(_ slot: Int, _ place: Int) -> Bool {
    guard problem.allows(rows[place], inState: state) else { return false }
    guard problem.hasStateRules || peers != nil else { return true }
    let before = peers?.excess
    change(slot, place)
    defer { change(slot, place) }
    if let peers, let before, peers.excess > before { return false }
    return !problem.hasStateRules || StateRules.breach(problem, rows + slot / width * width) == nil
  }

  /// Two slots of one row change their holders.
  @inline(__always) private func change(_ slot: Int, _ place: Int) {
    changed.change(slot / width)
    if let peers {
      let row = slot / width * width
      peers.swap(rows + row, slot - row, place - row)
    } else {
      rows.swap(slot, place)
    }
  }

  // MARK: Chains

  private enum Direction {
    /// From a node in the state to those that it shares with.
    case onward
    /// From a node that is not to those that are.
    case backward
  }

  /// The holders that a node may change places with in the partition of a slot that it holds: the slot of the
  /// state, the other one, and who would change. Ends when `body` returns true.
  @inline(__always) private func forEachPartner(
    _ direction: Direction, _ held: Int, _ body: (_ slot: Int, _ place: Int, _ other: NodeIndex) -> Bool
  ) {
    let column = held % width
    guard column >= slots.lowerBound, (direction == .onward) == slots.contains(column) else { return }
    for partner in direction == .onward ? slots.upperBound..<width : slots {
      let other = held - column + partner
      guard rows[other] != .none else { continue }
      let (slot, place) = direction == .onward ? (held, other) : (other, held)
      if body(slot, place, rows[other]) { return }
    }
  }

  /// Maximum flow by blocking flows (Dinic 1970): how many changes every node is away from those out of their
  /// windows, then depth first along growing distances, each node going on in its list where it stopped.
  private struct Search {
    let chains: RoleChains
    var holdings: Holdings
    let level: NodeTable<Int32>
    let place: NodeTable<Holdings.Place>
    let queue: NodeTable<NodeIndex>

    init(_ chains: RoleChains, holdings: Holdings) throws(PlatError) {
      self.chains = chains
      self.holdings = holdings
      let (arena, nodes) = (chains.problem.arena, chains.problem.nodeCount)
      level = try arena.table(nodes)
      place = try arena.table(nodes)
      queue = try arena.table(nodes)
    }

    /// Chains from nodes where `isStart` holds to nodes where `isEnd` does, while there are any.
    /// O(P · R) for each length of a shortest chain.
    mutating func drain(_ direction: Direction, from isStart: Test, into isEnd: Test) {
      while !chains.problem.arena.isInterrupted, findLevels(direction, isStart, isEnd) {
        for node in 0..<chains.problem.nodeCount { place.base[node] = holdings.begin(NodeIndex(node)) }
        let gain: Int32 = direction == .onward ? 1 : -1
        var isStuck = true  // rules about single states may forbid every chain that the levels promise
        for index in 0..<chains.problem.nodeCount where level.base[index] == 0 {
          let start = NodeIndex(index)
          while isStart(chains.count[start], chains.window[start]), push(direction, start, gain, isEnd) {
            chains.count[start] -= gain
            isStuck = false
          }
        }
        if isStuck { return }
      }
    }

    /// False where no end can be reached.
    private mutating func findLevels(_ direction: Direction, _ isStart: Test, _ isEnd: Test) -> Bool {
      let chains = chains
      level.fill(with: .max)
      var write = 0
      for index in 0..<chains.problem.nodeCount where isStart(chains.count.base[index], chains.window.base[index]) {
        level.base[index] = 0
        queue.base[write] = NodeIndex(index)
        write += 1
      }
      var read = 0
      var endLevel = Int32.max
      while read < write, level[queue.base[read]] < endLevel {
        let node = queue.base[read]
        read += 1
        var place = holdings.begin(node)
        while let held = holdings.next(&place, of: node) {
          chains.forEachPartner(direction, held) { slot, place, other in
            guard level[other] == .max, chains.mayChange(slot, place) else { return false }
            level[other] = level[node] + 1
            queue.base[write] = other
            write += 1
            if isEnd(chains.count[other], chains.window[other]) { endLevel = level[other] }
            return false
          }
        }
      }
      return endLevel < .max
    }

    /// One unit leaves `node` along a shortest chain. The caller books the node's own count.
    private mutating func push(_ direction: Direction, _ node: NodeIndex, _ gain: Int32, _ isEnd: Test) -> Bool {
      let chains = chains
      while true {
        var after = place[node]
        guard let held = holdings.next(&after, of: node) else { return false }
        var found: (slot: Int, place: Int)?
        chains.forEachPartner(direction, held) { slot, place, other in
          guard level[other] == level[node] + 1, chains.mayChange(slot, place) else { return false }
          chains.change(slot, place)  // before what follows: the rest of the chain must fit with it
          if isEnd(chains.count[other], chains.window[other]) {
            chains.count[other] += gain
          } else if !push(direction, other, gain, isEnd) {
            chains.change(slot, place)
            return false
          }
          found = (slot, place)
          return true
        }
        if let (slot, place) = found {
          holdings.add(slot, to: chains.rows[slot])
          holdings.add(place, to: chains.rows[place])
          return true
        }
        place[node] = after
      }
    }
  }
}
