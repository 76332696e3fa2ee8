extension Judge.Peers {
  /// Whether peers are counted as sets, and not as lists: with several masters in wide rows the lists grow by the
  /// square of what a row holds, while a node has no more than N peers.
  static func areSets(_ context: Judge.CheckContext, masters: Int, holders: Int) -> Bool {
    guard masters > 1 else { return false }
    let pairs = context.rowCount.multipliedReportingOverflow(by: masters * holders)
    return (holders > 64 && holders * 64 >= context.nodeCount) || pairs.overflow || pairs.partialValue > 1 << 26
  }

  /// Distinct peers by sets of nodes, as bits, for as many masters at a time as fit into 64 MiB:
  ///
  ///     peers of n7   1111111111110111…     every partition that n7 is master of adds its holders, until all are there
  ///
  /// A set that has everybody is looked at no more: where each node holds every partition one row settles it, and the
  /// others are only read. O(P · R) a pass, P · masters · N / 64 where sets fill slowly; N² / 2²⁹ passes.
  static func countSets(
    _ context: Judge.CheckContext, _ masters: Judge.CheckContext.SlotList, _ holders: Judge.CheckContext.SlotList,
    outbound: NodeTable<UInt32>, inbound: NodeTable<UInt32>
  ) throws(PlatError) {
    let nodes = context.nodeCount
    let words = (nodes + 63) / 64
    let block = min(nodes, max(1, (64 << 20) / (8 * max(words, 1))))
    let sets: NodeTable<UInt64> = try context.arena.table(block * words)
    let count: NodeTable<Int> = try context.arena.table(block)
    let row: NodeTable<UInt64> = try context.arena.table(words)
    let live: NodeTable<UInt64> = try context.arena.table(words)
    let open: NodeTable<Int> = try context.arena.table(masters.count)
    var liveCount = 0
    for node in 0..<nodes where context.isLive.base[node] == 1 {
      live.base[node >> 6] |= 1 << UInt64(node & 63)
      liveCount += 1
    }
    var ofAll: UInt32 = 0
    var first = 0
    while first < nodes {
      let end = min(first + block, nodes)
      sets.fill(with: 0)
      count.fill(with: 0)
      for partition in 0..<context.rowCount {
        let slots = context.map.slots + partition * context.map.width
        var openCount = 0
        for index in 0..<masters.count {
          let master = slots[masters.base[index]].int
          guard master >= first, master < end, context.isLive.base[master] == 1, count.base[master - first] < liveCount
          else { continue }
          open.base[openCount] = master - first
          openCount += 1
        }
        guard openCount > 0 else { continue }
        row.fill(with: 0)
        for index in 0..<holders.count {
          let holder = slots[holders.base[index]].int
          if holder < nodes { row.base[holder >> 6] |= 1 << UInt64(holder & 63) }
        }
        for word in 0..<words { row.base[word] &= live.base[word] }
        for index in 0..<openCount {
          count.base[open.base[index]] = add(row.base, to: sets.base + open.base[index] * words, words)
        }
      }
      for master in first..<end where count.base[master - first] > 0 {
        let set = sets.base + (master - first) * words
        set[master >> 6] &= ~(1 << UInt64(master & 63))  // nobody replicates to itself
        let peers = count.base[master - first] - 1
        outbound.base[master] = UInt32(peers)
        // Whichever is less to go through: those who are peers, or those who are not.
        if 2 * peers > liveCount {
          ofAll += 1
          forEachBit(words, { live.base[$0] & ~set[$0] }) { inbound.base[$0] &-= 1 }
        } else {
          forEachBit(words, { set[$0] }) { inbound.base[$0] &+= 1 }
        }
      }
      first = end
    }
    for node in 0..<nodes where context.isLive.base[node] == 1 { inbound.base[node] &+= ofAll }
  }

  /// Returns how many the set then has.
  private static func add(
    _ row: UnsafeMutablePointer<UInt64>, to set: UnsafeMutablePointer<UInt64>, _ words: Int
  ) -> Int {
    var count = 0
    for word in 0..<words {
      set[word] |= row[word]
      count &+= set[word].nonzeroBitCount
    }
    return count
  }

  @inline(__always) private static func forEachBit(_ words: Int, _ word: (Int) -> UInt64, _ body: (Int) -> Void) {
    for index in 0..<words {
      var bits = word(index)
      while bits != 0 {
        body(index << 6 + bits.trailingZeroBitCount)
        bits &= bits - 1
      }
    }
  }
}
