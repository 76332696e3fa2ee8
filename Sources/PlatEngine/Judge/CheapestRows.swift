extension Judge {
  /// What each partition pays for its cheapest legal row, when a node costs its price, and one more where the partition
  /// is not.
  ///
  /// Legal rows are choices under nested caps: taking the cheapest node that still fits, again and again, finds the
  /// cheapest. Most rows are plainly that as they are; those are told by straight loops over columns.
  ///
  /// Under a near rule a whole row with one master has a co-location group in some container. Where the cheapest row
  /// has none, it is the cheapest of those with a co-location group in one container after the other: the cheapest
  /// nodes of it first, and then what is cheapest of all.
  struct CheapestRows {
    private let context: CheckContext
    private let price: NodeTable<Int>
    private let replicas: Int
    private let isShort: Bool
    /// Slots of the map before that hold data.
    private let slots: CheckContext.SlotList
    /// For each level with a cap: each node's container, and the most of one partition in it.
    private let caps: [(containerOfNode: UnsafeMutablePointer<UInt32>, most: Int)]
    /// Each node's container, how many there are, and how many of a row are in one. Nil without a hard near rule, and
    /// where it has more than 64 containers: leaving a rule out proves less.
    private let near: (containerOfNode: UnsafeMutablePointer<UInt32>, containers: Int, group: Int)?
    /// 1: what the node holds may stay there.
    private let mayStay: NodeTable<UInt8>
    /// Nodes that may receive, cheapest first, and of each innermost capped container no more than a row could use.
    private let open: [Int]
    /// Who may stay in the row being chosen, cheapest first; and for each node the last row that it could stay in.
    private let held: NodeTable<Int>
    private let stamp: NodeTable<Int>
    /// The row being chosen, for near rules only.
    private let chosen: NodeTable<Int>
    /// For each cap, for each container: how many of the row chosen last are in it, and the choice that it was.
    private let counts: [ContainerTable<Count>]
    private struct Count: BitwiseCopyable {
      var choice: Int
      var count: Int
    }
    /// Rows, and choices of rows, so far.
    private var row = 0
    private var choice = 0

    /// O(N · R + containers · R log).
    init(_ context: CheckContext, _ windows: Windows, _ price: NodeTable<Int>) throws(PlatError) {
      let dense = context.dense
      self.context = context
      self.price = price
      replicas = dense.replicas
      isShort = windows.isShort
      slots = try context.dataSlots(in: context.map)
      var caps: [(containerOfNode: UnsafeMutablePointer<UInt32>, most: Int)] = []
      var boxes = [0..<dense.nodeCount]
      var counts: [ContainerTable<Count>] = []
      for (level, cap) in Judge.totalCaps(dense).enumerated() {
        guard let cap, cap / dense.partitionCount < dense.replicas else { continue }
        counts.append(try context.arena.table(dense.levels[level].count))
        let table: NodeTable<UInt32> = try context.arena.table(dense.nodeCount + 1)
        for node in 0..<dense.nodeCount { table.base[node] = dense.levels[level].containerOfNode[node].raw }
        table.base[dense.nodeCount] = .max
        caps.append((table.base, cap / dense.partitionCount))
        boxes = dense.levels[level].nodes
      }
      self.caps = caps
      self.counts = counts
      let innermost = Judge.totalCaps(dense).lastIndex {
        $0.map { $0 / dense.partitionCount < dense.replicas } ?? false
      }
      if let (rule, group) = Near.group(dense), dense.replicas <= 64, dense.levels[rule.level].count <= 64, !isShort
      {
        let level = rule.level
        let table: NodeTable<UInt32> = try context.arena.table(dense.nodeCount + 1)
        for node in 0..<dense.nodeCount { table.base[node] = dense.levels[level].containerOfNode[node].raw }
        table.base[dense.nodeCount] = .max
        near = (table.base, dense.levels[level].count, group)
        // Of each container there must be nodes for a co-location group.
        if level > innermost ?? -1 { boxes = dense.levels[level].nodes }
      } else {
        near = nil
      }

      mayStay = try context.arena.table(dense.nodeCount + 1)
      let mastersOnly = dense.dataWanted.dropFirst().allSatisfy { $0 == 0 }
      for node in 0..<dense.nodeCount where windows.most.base[node] > 0 {
        let status = dense.status[node]
        mayStay.base[node] = status.mayKeep && !(status.isSlaveOnly && mastersOnly) ? 1 : 0
      }
      chosen = try context.arena.table(near == nil ? 0 : replicas)
      stamp = try context.arena.table(dense.nodeCount + 1)
      held = try context.arena.table(slots.count)
      open = CheapestRows.open(dense, windows, price, boxes, mostOfBox: replicas + slots.count)
    }

    /// A box's nodes stand with those of others that are as cheap among their own, so that a row soon finds boxes that
    /// it is not in.
    private static func open(
      _ dense: DenseCluster, _ windows: Windows, _ price: NodeTable<Int>, _ boxes: [Range<Int>], mostOfBox: Int
    ) -> [Int] {
      var ranked: [(price: Int, rank: Int, node: Int)] = []
      var ofBox: [Int] = []
      for nodes in boxes {
        ofBox.removeAll(keepingCapacity: true)
        if mostOfBox > CheapestRows.wide {
          let may = nodes.filter { dense.status[$0].mayReceive && windows.most.base[$0] > 0 }
          ofBox += may.sorted { (price.base[$0], $0) < (price.base[$1], $1) }.prefix(mostOfBox)
        }
        for node in nodes
        where mostOfBox <= CheapestRows.wide && dense.status[node].mayReceive && windows.most.base[node] > 0 {
          if ofBox.count == mostOfBox {
            guard price.base[node] < price.base[ofBox[mostOfBox - 1]] else { continue }
            ofBox.removeLast()
          }
          let place = ofBox.lastIndex { price.base[$0] <= price.base[node] }
          ofBox.insert(node, at: place.map { $0 + 1 } ?? 0)
        }
        for (rank, node) in ofBox.enumerated() { ranked.append((price.base[node], rank, node)) }
      }
      return ranked.sorted(by: <).map(\.node)
    }

    /// Of all partitions together.
    mutating func cost() throws(PlatError) -> Int {
      var cost = 0
      let rowsBefore = context.rowCount
      if slots.count == replicas, !isShort, near == nil, replicas <= CheapestRows.narrow {
        let unchanged = try Unchanged(
          context, slots, caps, price, mayStay, mostPrice: open.first.map { price.base[$0] + 1 })
        context.forEachPiece(0..<rowsBefore) { rows in
          cost += unchanged.cost(rows)
          for (index, partition) in rows.enumerated() where unchanged.marks[index] != 0 { cost += ofOne(partition) }
        }
      } else {
        for partition in 0..<rowsBefore {
          try context.throwIfInterrupted(at: partition)
          cost += ofOne(partition)
        }
      }
      // What nobody holds costs the same, whichever partition it is.
      let fresh = context.dense.partitionCount - rowsBefore
      return fresh > 0 ? cost + fresh * ofOne(nil) : cost
    }

    /// Of one partition, of which nil stands for one that nobody holds.
    mutating func ofOne(_ partition: Int?) -> Int {
      row += 1
      let heldCount = partition.map(findHeld) ?? 0
      let (cost, count) = choose(heldCount, groupIn: nil)
      guard let near, count == replicas, !hasGroup(count) else { return cost }
      var least = Int.max
      for container in 0..<near.containers {
        let (cost, count) = choose(heldCount, groupIn: UInt32(container))
        if count == replicas { least = min(least, cost) }
      }
      return least == .max ? cost : least
    }

    /// The cheapest row, what it costs and how many are in it: nobody where a container has too few for a co-location
    /// group.
    private mutating func choose(_ heldCount: Int, groupIn container: UInt32?) -> (cost: Int, count: Int) {
      choice += 1
      var count = 0
      var cost = 0
      if let near, let container {
        cost = take(heldCount, upTo: near.group, &count) { near.containerOfNode[$0] == container }
        guard count == near.group else { return (0, 0) }
      }
      let (first, chosen) = (count, chosen)
      cost += take(heldCount, upTo: replicas, &count) { node in
        for index in 0..<first where chosen.base[index] == node { return false }
        return true
      }
      return (cost, count)
    }

    private func hasGroup(_ count: Int) -> Bool {
      guard let near else { return true }
      for index in 0..<count {
        var members = 0
        for other in 0..<count
        where near.containerOfNode[chosen.base[other]] == near.containerOfNode[chosen.base[index]] { members += 1 }
        if members >= near.group { return true }
      }
      return false
    }

    /// Takes the cheapest that fit, of those that `isOpen` lets in, up to so many; what they cost.
    @inline(__always) private func take(
      _ heldCount: Int, upTo most: Int, _ count: inout Int, isOpen: (Int) -> Bool
    ) -> Int {
      var (cost, nextHeld, nextOpen) = (0, 0, 0)
      while count < most {
        while nextOpen < open.count, stamp.base[open[nextOpen]] == row { nextOpen += 1 }
        let staying = nextHeld < heldCount ? price.base[held.base[nextHeld]] : Int.max
        let coming = nextOpen < open.count ? price.base[open[nextOpen]] + 1 : Int.max
        let least = min(staying, coming)
        // Where not all can be placed a row may be shorter, and is where one more would cost something.
        guard least < Int.max, !isShort || least < 0 else { break }
        let node = staying <= coming ? held.base[nextHeld] : open[nextOpen]
        if staying <= coming { nextHeld += 1 } else { nextOpen += 1 }
        guard isOpen(node), takes(node) else { continue }
        if near != nil { chosen.base[count] = node }
        count += 1
        cost += least
      }
      return cost
    }

    /// Who holds the partition and may stay, cheapest first, each once; returns how many.
    private func findHeld(_ partition: Int) -> Int {
      let slotsOfRow = context.map.slots + partition * context.map.width
      let nobody = context.nodeCount
      let isWide = slots.count > CheapestRows.wide
      var count = 0
      for index in 0..<slots.count {
        let node = min(slotsOfRow[slots.base[index]].int, nobody)
        guard mayStay.base[node] == 1, stamp.base[node] != row else { continue }
        stamp.base[node] = row
        var place = count
        while !isWide, place > 0, price.base[node] < price.base[held.base[place - 1]] {
          held.base[place] = held.base[place - 1]
          place -= 1
        }
        held.base[place] = node
        count += 1
      }
      if isWide {
        let price = price
        var found = UnsafeMutableBufferPointer(start: held.base, count: count)
        found.sort { (price.base[$0], $0) < (price.base[$1], $1) }
      }
      return count
    }

    /// Takes a node into the row if its containers have room for one more.
    private func takes(_ node: Int) -> Bool {
      for (index, cap) in caps.enumerated() {
        let place = counts[index].base[Int(cap.containerOfNode[node])]
        if (place.choice == choice ? place.count : 0) >= cap.most { return false }
      }
      for (index, cap) in caps.enumerated() {
        let place = counts[index].base + Int(cap.containerOfNode[node])
        place.pointee = Count(choice: choice, count: (place.pointee.choice == choice ? place.pointee.count : 0) + 1)
      }
      return true
    }

    /// Up to here every two slots of a row are compared, in columns.
    private static let narrow = 16
    /// From here on, sorting and not shifting.
    private static let wide = 64
  }

  /// Rows that are cheapest as they are: whole, legal, and no node of them dearer than the cheapest new replica.
  private struct Unchanged {
    private let context: CheckContext
    /// Prices from 0 up; more than any where a node's replicas may not stay.
    private let priced: UnsafeMutablePointer<UInt32>
    private let prices: Columns
    private let contained: Columns
    private let bars: [(tableOfNode: UnsafeMutablePointer<UInt32>, most: Int)]
    private let mostPrice: UInt32
    private static let offset = 1 << 30

    /// `mostPrice`: what the cheapest new replica costs; nil: there is none.
    init(
      _ context: CheckContext, _ slots: CheckContext.SlotList,
      _ caps: [(containerOfNode: UnsafeMutablePointer<UInt32>, most: Int)],
      _ price: NodeTable<Int>, _ mayStay: NodeTable<UInt8>, mostPrice: Int?
    ) throws(PlatError) {
      self.context = context
      let nodeCount = context.nodeCount
      let priced: NodeTable<UInt32> = try context.arena.table(nodeCount + 1)
      priced.fill(with: .max)
      for node in 0..<nodeCount where mayStay.base[node] == 1 {
        priced.base[node] = UInt32(price.base[node] + Unchanged.offset)
      }
      self.priced = priced.base
      self.mostPrice = UInt32((mostPrice ?? Unchanged.offset) + Unchanged.offset)
      prices = try Columns(context, slots)
      contained = try Columns(context, slots)
      var bars = caps.map { (tableOfNode: $0.containerOfNode, most: $0.most) }
      if !caps.contains(where: { $0.most == 1 }) {  // else no node can stand there twice
        let number: NodeTable<UInt32> = try context.arena.table(nodeCount + 1)
        for node in 0..<nodeCount { number.base[node] = UInt32(node) }
        number.base[nodeCount] = .max
        bars.append((number.base, 1))
      }
      self.bars = bars
    }

    /// For each row of the block: not 0 where it is not such a one.
    var marks: UnsafeMutablePointer<UInt32> { prices.marks }

    /// What those of the block cost, all but the marked.
    func cost(_ rows: Range<Int>) -> Int {
      prices.read(context.map, rows, through: priced)
      for index in 0..<prices.count {
        let column = prices.column(index)
        for row in 0..<rows.count { marks[row] |= column[row] > mostPrice ? 1 : 0 }
      }
      for bar in bars {
        contained.read(context.map, rows, through: bar.tableOfNode)
        contained.markCrowded(bar.most, rows.count)
        for row in 0..<rows.count { marks[row] |= contained.marks[row] }
      }
      var sum: UInt64 = 0
      var unmarked = 0
      for index in 0..<prices.count {
        let column = prices.column(index)
        for row in 0..<rows.count { sum &+= marks[row] == 0 ? UInt64(column[row]) : 0 }
      }
      for row in 0..<rows.count { unmarked += marks[row] == 0 ? 1 : 0 }
      return Int(sum) - unmarked * prices.count * Unchanged.offset
    }
  }
}
