extension Judge {
  /// What one worker found of who replicates to whom: the holders beside each master, master by master, in the order of
  /// the partitions, with repetitions. A number takes two bytes where that is enough: half as much memory to be
  /// touched.
  struct PeerList {
    /// Where each node's holders begin, and where they end so far: some nodes have fewer than there was room for.
    private let start: NodeTable<UInt32>
    private let end: NodeTable<UInt32>
    private let numbers: UnsafeMutableRawPointer
    private let isNarrow: Bool
    /// Holders that there is room for.
    let room: Int

    /// One for each worker. `leading`: the partitions that each node is master of in the worker's blocks;
    /// `each`: the holders beside each. O(N · workers).
    static func forEachWorker(
      _ context: CheckContext, leading: [NodeTable<UInt32>], each: Int
    ) throws(PlatError) -> [PeerList] {
      var lists: [PeerList] = []
      for leading in leading { lists.append(try PeerList(context, leading, each: each)) }
      return lists
    }

    private init(_ context: CheckContext, _ leading: NodeTable<UInt32>, each: Int) throws(PlatError) {
      start = try context.arena.table(context.nodeCount + 1)
      end = try context.arena.table(context.nodeCount + 1)
      var room: UInt32 = 0  // below `Limits.slots`, or else peers are sets
      for node in 0..<context.nodeCount {
        start.base[node] = room
        end.base[node] = room
        room += leading.base[node] * UInt32(each)
      }
      self.room = Int(room)
      // Nobody is one more number.
      isNarrow = context.nodeCount < Int(UInt16.max)
      if isNarrow {
        let table: NodeTable<UInt16> = try context.arena.unfilledTable(self.room)
        numbers = UnsafeMutableRawPointer(table.base)
      } else {
        let table: NodeTable<UInt32> = try context.arena.unfilledTable(self.room)
        numbers = UnsafeMutableRawPointer(table.base)
      }
    }

    // MARK: Writing

    /// Appends to each live master's holders all other live ones of its partitions. `holders`: the slots that hold
    /// data, the first state's before all others.
    func write(
      _ context: CheckContext, _ rows: Range<Int>, _ masters: CheckContext.SlotList, _ holders: CheckContext.SlotList
    ) {
      if isNarrow {
        write(context, rows, masters, holders, to: numbers.assumingMemoryBound(to: UInt16.self))
      } else {
        write(context, rows, masters, holders, to: numbers.assumingMemoryBound(to: UInt32.self))
      }
    }

    @inline(__always) private func write<Number: FixedWidthInteger>(
      _ context: CheckContext, _ rows: Range<Int>, _ masters: CheckContext.SlotList, _ holders: CheckContext.SlotList,
      to list: UnsafeMutablePointer<Number>
    ) {
      let width = context.map.width
      // The same loop for the usual rows, which the compiler then unrolls.
      let isPlain = masters.count == 1 && masters.base[0] == 0 && holders.count == width && context.allCanBeRead
      switch (isPlain, width) {
      case (true, 2): write(context, rows, to: list, masters: 1, width: 2, allLive: true) { $0 }
      case (true, 3): write(context, rows, to: list, masters: 1, width: 3, allLive: true) { $0 }
      default:
        write(context, rows, to: list, masters: masters.count, width: holders.count, allLive: false) {
          holders.base[$0]
        }
      }
    }

    /// `slot` says where each is. Who can't be read goes down as nobody.
    @inline(__always) private func write<Number: FixedWidthInteger>(
      _ context: CheckContext, _ rows: Range<Int>, to list: UnsafeMutablePointer<Number>, masters: Int, width: Int,
      allLive: Bool,
      slot: (Int) -> Int
    ) {
      let nobody = UInt32(context.nodeCount)
      let isLive = context.isLive.base
      let stride = context.map.width
      let end = end.base
      var row = context.map.slots + rows.lowerBound * stride
      for _ in rows {
        for index in 0..<masters {
          let master = min(row[slot(index)].raw, nobody)
          guard allLive ? master < nobody : isLive[Int(master)] == 1 else { continue }
          var next = Int(end[Int(master)])
          for other in 0..<width where other != index {
            let holder = min(row[slot(other)].raw, nobody)
            list[next] = Number(truncatingIfNeeded: allLive || isLive[Int(holder)] == 1 ? holder : nobody)
            next &+= 1
          }
          end[Int(master)] = UInt32(truncatingIfNeeded: next)
        }
        row += stride
      }
    }

    // MARK: Reading

    /// Marks the holders beside a master; returns how many had no such mark, each of which counts one in `inbound`.
    @inline(__always) func countNew(
      _ master: Int, _ stamp: UnsafeMutablePointer<UInt32>, _ mark: UInt32, _ inbound: UnsafeMutablePointer<UInt32>
    ) -> UInt32 {
      isNarrow
        ? countNew(numbers.assumingMemoryBound(to: UInt16.self), master, stamp, mark, inbound)
        : countNew(numbers.assumingMemoryBound(to: UInt32.self), master, stamp, mark, inbound)
    }

    @inline(__always) private func countNew<Number: FixedWidthInteger>(
      _ list: UnsafeMutablePointer<Number>, _ master: Int, _ stamp: UnsafeMutablePointer<UInt32>, _ mark: UInt32,
      _ inbound: UnsafeMutablePointer<UInt32>
    ) -> UInt32 {
      var distinct: UInt32 = 0
      for index in Int(start.base[master])..<Int(end.base[master]) {
        let holder = Int(truncatingIfNeeded: list[index])
        let isNew: UInt32 = stamp[holder] == mark ? 0 : 1
        stamp[holder] = mark
        distinct &+= isNew
        inbound[holder] &+= isNew
      }
      return distinct
    }

    /// O(partitions that `master` leads).
    func contains(_ holder: Int, beside master: Int) -> Bool {
      (Int(start.base[master])..<Int(end.base[master])).contains { index in
        isNarrow
          ? Int(numbers.load(fromByteOffset: 2 * index, as: UInt16.self)) == holder
          : Int(numbers.load(fromByteOffset: 4 * index, as: UInt32.self)) == holder
      }
    }
  }
}
