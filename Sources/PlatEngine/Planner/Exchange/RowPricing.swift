/// Nodes by price, for choosing the cheapest row of a partition.
struct RowPricing {
  private let hard: UnsafeBufferPointer<LevelCap>
  private let heldSlots: UnsafeBufferPointer<Int>
  private let heldRows: UnsafeMutablePointer<NodeIndex>
  private let heldWidth: Int
  private let heldPartitions: Int
  private let replicas: Int
  private let nodeCount: Int
  private let stateCount: Int
  private let isShort: Bool
  private let isWide: Bool
  /// The near rule that rows must keep, where the bound knows of it.
  private let near: NearRule?
  private let containers: [ContainerIndex]
  private let prices: UnsafeMutablePointer<Int32>
  /// Whether a node may stay where it is, by its status and its window.
  private let mayStay: UnsafeMutablePointer<Bool>
  /// Nodes that may receive, cheapest first, and of each leaf box no more than a row could ever need.
  private let cheapest: NodeTable<NodeIndex>
  private let leastPrice: Int32
  /// The row being chosen, and the nodes that hold it today, cheapest first.
  private var chosen: NodeTable<NodeIndex>
  /// How many were chosen last.
  private var chosenNodes: NodeTable<Int>
  private var held: NodeTable<NodeIndex>

  /// Today's rows have as many slots that hold data as are wanted, in front, and none may stay short.
  private let mayBeUnchanged: Bool

  /// O(N · R + boxes · R log).
  init(_ problem: Problem, _ due: Due, _ prices: NodeTable<Int32>) throws(PlatError) {
    hard = problem.hard
    heldSlots = problem.heldSlots
    heldRows = problem.heldRows
    heldWidth = problem.heldWidth
    heldPartitions = problem.heldPartitions
    replicas = problem.replicas
    nodeCount = problem.nodeCount
    stateCount = problem.wanted.count
    isShort = due.isShort
    isWide = problem.isWide
    // A whole row with one master has its co-location group in one container, or breaks the rule. With many containers
    // that could be it, or rows that may stay short, the bound does without: it holds for any prices and any rules left
    // out.
    let rule = problem.near.first
    let isKnown = rule.map { rule in
      problem.wanted[0] == 1 && !problem.isNearPromoted && !due.isShort && !problem.isWide
        && rule.containerCount <= TrialLimits.RowPricing.mostContainers
        && rule.mostOutside == problem.replicas - rule.group
    }
    near = isKnown == true ? rule : nil
    containers = near.map { near in (0..<near.containerCount).map { ContainerIndex($0) } } ?? []
    self.prices = prices.base
    mayBeUnchanged = problem.heldSlots.elementsEqual(0..<problem.replicas) && !due.isShort
    let mayStay: NodeTable<Bool> = try problem.arena.table(problem.nodeCount)
    for node in 0..<problem.nodeCount { mayStay.base[node] = problem.keeps.base[node] && due.most.base[node] > 0 }
    self.mayStay = mayStay.base
    chosen = try problem.arena.table(problem.replicas)
    chosenNodes = try problem.arena.table(1)
    held = try problem.arena.table(problem.heldSlots.count)

    let needed = problem.replicas + problem.heldSlots.count
    var ranked: [(price: Int32, rank: Int, node: NodeIndex)] = []
    var ofBox: [(price: Int32, node: NodeIndex)] = []
    for nodes in problem.leafBoxes {
      ofBox.removeAll(keepingCapacity: true)
      if isWide {
        for node in nodes where problem.receives.base[node] && due.most.base[node] > 0 {
          ofBox.append((prices.base[node], NodeIndex(node)))
        }
        ofBox.sort { ($0.price, $0.node) < ($1.price, $1.node) }
        for (rank, open) in ofBox.prefix(needed).enumerated() { ranked.append((open.price, rank, open.node)) }
        continue
      }
      for node in nodes where problem.receives.base[node] && due.most.base[node] > 0 {
        let price = prices.base[node]
        if ofBox.count == needed, price >= ofBox[needed - 1].price { continue }
        if ofBox.count == needed { ofBox.removeLast() }
        // Behind those of its price, which come before it in the tree.
        var place = ofBox.count
        while place > 0, ofBox[place - 1].price > price { place -= 1 }
        ofBox.insert((price, NodeIndex(node)), at: place)
      }
      for (rank, open) in ofBox.enumerated() { ranked.append((open.price, rank, open.node)) }
    }
    ranked.sort { ($0.price, $0.rank, $0.node) < ($1.price, $1.rank, $1.node) }
    cheapest = try problem.arena.table(ranked.count)
    for (index, candidate) in ranked.enumerated() { cheapest.base[index] = candidate.node }
    leastPrice = ranked.first?.price ?? 0
  }

  /// The same with rows of its own, for another thread.
  func another(_ problem: Problem) throws(PlatError) -> RowPricing {
    var another = self
    another.chosen = try problem.arena.table(replicas)
    another.chosenNodes = try problem.arena.table(1)
    another.held = try problem.arena.table(heldSlots.count)
    return another
  }

  /// What all rows cost that `Keep` kept whole, if each is plainly cheapest as it is: they are legal, and so it is
  /// enough that no node in one of them costs more than the cheapest new replica. Their sum then is one over nodes. Nil
  /// where that is not so. O(N · states).
  func costOfWhole(_ changed: ChangedRows) -> Int? {
    guard mayBeUnchanged, !changed.isAll else { return nil }
    var cost = 0
    for node in 0..<nodeCount {
      var count = 0
      for state in 0..<stateCount { count += Int(changed.whole(state, node)) }
      guard count > 0 else { continue }
      guard mayStay[node], prices[node] <= leastPrice + 1 else { return nil }
      cost += count * Int(prices[node])
    }
    return cost
  }

  /// Adds up the costs of rows that are plainly cheapest as they are today, up to the first that is not; returns where
  /// that is. Such a row is whole, legal, and no node of it costs more than the cheapest new replica. O(R²) a row.
  @inline(never) func addUnchanged(_ partitions: Range<Int>, to cost: inout Int) -> Int {
    guard mayBeUnchanged else { return partitions.lowerBound }
    switch replicas {
    case 2: return addUnchanged(partitions, width: 2, to: &cost)
    case 3: return addUnchanged(partitions, width: 3, to: &cost)
    default: return addUnchanged(partitions, width: replicas, to: &cost)
    }
  }

  @inline(__always) private func addUnchanged(_ partitions: Range<Int>, width: Int, to cost: inout Int) -> Int {
    let most = leastPrice + 1
    var sum = 0
    defer { cost += sum }
    for partition in partitions {
      let row = heldRows + partition * heldWidth
      var ofRow = 0
      for slot in 0..<width {
        guard row[slot] != .none, mayStay[row[slot].int], prices[row[slot].int] <= most else { return partition }
        ofRow += Int(prices[row[slot].int])
      }
      guard hard.allow(row, width: width), near == nil || hasGroup(row, width) else { return partition }
      sum += ofRow
    }
    return partitions.upperBound
  }

  /// The cheapest legal row: held nodes and new replicas merged by price, each taken where the caps still allow.
  func costOfCheapest(_ partition: Int) -> Int {
    if isWide { return costOfCheapestWide(partition) }
    let heldCount = sortHeld(partition)
    let cost = cost(heldCount, group: nil) ?? 0
    guard let near, !hasGroup(chosen.base, replicas) else { return cost }
    let least = containers.reduce(Int.max) { min($0, self.cost(heldCount, group: (near, $1)) ?? .max) }
    return least == .max ? cost : least
  }

  /// Whether some container has a whole co-location group of the row.
  private func hasGroup(_ row: UnsafeMutablePointer<NodeIndex>, _ width: Int) -> Bool {
    guard let near else { return true }
    for slot in 0..<width {
      var members = 0
      for other in 0..<width where near.containerOfNode[row[other]] == near.containerOfNode[row[slot]] { members += 1 }
      if members >= near.group { return true }
    }
    return false
  }

  /// The cheapest row, of which `group` are in one container: those first, and then the cheapest that fit. Nil where
  /// there are not so many. With fewer in the container than that, the cheapest row has just so many, the cheapest of
  /// it, and which these are is nothing to the others: caps see their number only.
  private func cost(_ heldCount: Int, group: (rule: NearRule, container: ContainerIndex)?) -> Int? {
    var chosenCount = 0
    var cost = 0
    if let (rule, container) = group {
      cost = take(heldCount, upTo: rule.group, &chosenCount) { rule.containerOfNode[$0] == container }
      guard chosenCount == rule.group else { return nil }
    }
    let first = chosenCount
    cost += take(heldCount, upTo: replicas, &chosenCount) { node in
      for index in 0..<first where chosen.base[index] == node { return false }
      return true
    }
    for index in chosenCount..<replicas { chosen.base[index] = chosenCount > 0 ? chosen.base[0] : NodeIndex(0) }
    return cost
  }

  /// Takes the cheapest that fit and that `isOpen` lets in, up to so many; returns what they cost.
  @inline(__always) private func take(
    _ heldCount: Int, upTo most: Int, _ chosenCount: inout Int, isOpen: (NodeIndex) -> Bool
  ) -> Int {
    var cost = 0
    var nextHeld = 0
    var nextNew = 0
    while chosenCount < most {
      while nextNew < cheapest.count, isHeld(cheapest.base[nextNew], among: heldCount) { nextNew += 1 }
      let heldPrice = nextHeld < heldCount ? Int(prices[held.base[nextHeld].int]) : Int.max
      let newPrice = nextNew < cheapest.count ? Int(prices[cheapest.base[nextNew].int]) + 1 : Int.max
      let price = min(heldPrice, newPrice)
      // In a shortage a row may stay short, and does where one more costs something.
      guard price != Int.max, !isShort || price < 0 else { break }
      let node = heldPrice <= newPrice ? held.base[nextHeld] : cheapest.base[nextNew]
      if heldPrice <= newPrice { nextHeld += 1 } else { nextNew += 1 }
      guard isOpen(node), fits(node, with: chosenCount) else { continue }
      chosen.base[chosenCount] = node
      chosenCount += 1
      cost += price
    }
    chosenNodes.base[0] = chosenCount
    return cost
  }

  /// The same, telling which nodes it takes.
  func costOfCheapest(_ partition: Int, takes: (NodeIndex) -> Void) -> Int {
    let cost = costOfCheapest(partition)
    for index in 0..<chosenNodes.base[0] { takes(chosen.base[index]) }
    return cost
  }

  /// Puts those who hold the partition and may stay into `held`, by price; returns how many.
  private func sortHeld(_ partition: Int) -> Int {
    guard partition < heldPartitions else { return 0 }
    let row = heldRows + partition * heldWidth
    var count = 0
    for slot in heldSlots where row[slot] != .none && mayStay[row[slot].int] {
      let node = row[slot]
      var place = count
      while place > 0, (prices[node.int], node) < (prices[held.base[place - 1].int], held.base[place - 1]) {
        held.base[place] = held.base[place - 1]
        place -= 1
      }
      held.base[place] = node
      count += 1
    }
    return count
  }

  @inline(__always) private func isHeld(_ node: NodeIndex, among count: Int) -> Bool {
    for index in 0..<count where held.base[index] == node { return true }
    return false
  }

  @inline(__always) private func fits(_ node: NodeIndex, with count: Int) -> Bool {
    for cap in hard {
      let container = cap.containerOfNode[node]
      var inContainer = 0
      for index in 0..<count where cap.containerOfNode[chosen.base[index]] == container { inContainer += 1 }
      if inContainer >= cap.most { return false }
    }
    return true
  }

  /// The same where rows are wide: sorting and counting. O(R log R + N · hard rules).
  private func costOfCheapestWide(_ partition: Int) -> Int {
    chosenNodes.base[0] = 0  // which they are is not told
    var stay: [NodeIndex] = []
    if partition < heldPartitions {
      let row = heldRows + partition * heldWidth
      for slot in heldSlots where row[slot] != .none && mayStay[row[slot].int] { stay.append(row[slot]) }
    }
    stay.sort { (prices[$0.int], $0) < (prices[$1.int], $1) }
    let isHeld = Set(stay)  // looked up only, never iterated
    var counts = hard.map { [Int](repeating: 0, count: $0.containerCount) }
    var (cost, chosenCount, nextHeld, nextNew) = (0, 0, 0, 0)
    while chosenCount < replicas {
      while nextNew < cheapest.count, isHeld.contains(cheapest.base[nextNew]) { nextNew += 1 }
      let heldPrice = nextHeld < stay.count ? Int(prices[stay[nextHeld].int]) : Int.max
      let newPrice = nextNew < cheapest.count ? Int(prices[cheapest.base[nextNew].int]) + 1 : Int.max
      let price = min(heldPrice, newPrice)
      guard price != Int.max, !isShort || price < 0 else { break }
      let node = heldPrice <= newPrice ? stay[nextHeld] : cheapest.base[nextNew]
      if heldPrice <= newPrice { nextHeld += 1 } else { nextNew += 1 }
      guard zip(hard, counts).allSatisfy({ $1[$0.containerOfNode[node].int] < $0.most }) else { continue }
      for (index, cap) in hard.enumerated() { counts[index][cap.containerOfNode[node].int] += 1 }
      chosenCount += 1
      cost += price
    }
    return cost
  }
}
