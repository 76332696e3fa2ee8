extension Judge {
  /// Who replicates to whom: each master of a partition to every other node that holds its data.
  ///
  ///     peers   [ n4 n90 n4 n7 … | n3 n12 … | … ]     the holders beside each master, master by master,
  ///     start     0                9          …       with repetitions
  ///
  /// Bucketed by master; a stamp on each holder then tells distinct ones apart. No table of N × N.
  struct Peers {
    /// Distinct nodes that each node replicates to.
    let outbound: NodeTable<UInt32>
    /// Distinct nodes that replicate to each node.
    let inbound: NodeTable<UInt32>
    private(set) var mostOutbound = 0
    private(set) var mostInbound = 0
    /// Where each node's peers begin.
    private let start: NodeTable<Int>
    private let peers: NodeTable<UInt32>
    /// Peers were counted as sets: there is no list.
    private let areSets: Bool
    private let matter: Matter

    /// Where they end: some nodes have fewer than there was room for.
    private let end: NodeTable<Int>

    /// O(N + P · masters · R). `holders` knows how many partitions each node is master of, which bounds its peers.
    init(_ matter: Matter, _ holders: Holders) throws(PlatError) {
      self.matter = matter
      let nodeCount = matter.nodeCount
      let masters = try matter.slots(ofStates: matter.dataStates(of: [0]), in: matter.map)
      let data = try matter.dataSlots(in: matter.map)
      let each = max(0, data.count - 1)
      outbound = try matter.arena.table(nodeCount + 1)
      inbound = try matter.arena.table(nodeCount + 1)
      start = try matter.arena.table(nodeCount + 1)
      end = try matter.arena.table(nodeCount + 1)
      areSets = Peers.areSets(matter, masters: masters.count, holders: data.count)
      if areSets {
        peers = try matter.arena.table(0)
        try Peers.countSets(matter, masters, data, outbound: outbound, inbound: inbound)
        countMost(nodeCount)
        return
      }
      var room = 0
      // Each worker writes into a part of its own of each master's peers, and closes the gaps afterwards.
      let places = try holders.leading.map { (_) throws(PlatError) in
        try matter.arena.table(nodeCount + 1, of: Int.self, by: NodeIndex.self)
      }
      for node in 0..<nodeCount {
        start.base[node] = room
        for (place, leading) in zip(places, holders.leading) {
          place.base[node] = room
          room += masters.count == 0 ? 0 : Int(leading.base[node]) * each
        }
        end.base[node] = room
      }
      peers = try matter.arena.table(room)
      let list = peers.base
      _ = matter.findings(tools: places, empty: 0) { place, rows, _ in
        Peers.write(matter, rows, masters, data, to: list, at: place.base)
      }
      for node in 0..<nodeCount {
        var begin = start.base[node]
        var write = begin
        for (place, leading) in zip(places, holders.leading) {
          let found = place.base[node] - begin
          if write < begin { (list + write).update(from: list + begin, count: found) }
          write += found
          begin += Int(leading.base[node]) * each
        }
        end.base[node] = write
      }

      try countDistinct(room: room)
      countMost(nodeCount)
    }

    /// Each worker goes through the peers of some masters, with stamps of its own. O(N · workers + peers).
    private func countDistinct(room: Int) throws(PlatError) {
      let nodeCount = matter.nodeCount
      let tools = try matter.forEachWorker { () throws(PlatError) in
        (stamp: try matter.arena.table(nodeCount + 1, of: UInt32.self, by: NodeIndex.self),
          inbound: try matter.arena.table(nodeCount + 1, of: UInt32.self, by: NodeIndex.self))
      }
      /// The first node of a worker: each gets as much of the list.
      func first(_ worker: Int) -> Int {
        var (low, high) = (0, nodeCount)
        while low < high {
          let middle = (low + high) / 2
          if start.base[middle] * tools.count < room * worker { low = middle + 1 } else { high = middle }
        }
        return worker == tools.count ? nodeCount : low
      }
      let list = peers.base
      Threads.perform(tools.count) { worker in
        let (stamp, inbound) = tools[worker]
        for master in first(worker)..<max(first(worker), first(worker + 1)) {
          var distinct: UInt32 = 0
          let mark = UInt32(master + 1)
          // Nobody is no peer, and no node is its own.
          stamp.base[master] = mark
          stamp.base[nodeCount] = mark
          for index in start.base[master]..<end.base[master] {
            let holder = Int(list[index])
            let isNew: UInt32 = stamp.base[holder] == mark ? 0 : 1
            stamp.base[holder] = mark
            distinct &+= isNew
            inbound.base[holder] &+= isNew
          }
          outbound.base[master] = distinct
        }
      }
      for (_, part) in tools {
        for node in 0..<nodeCount { inbound.base[node] &+= part.base[node] }
      }
    }

    private mutating func countMost(_ nodeCount: Int) {
      for node in 0..<nodeCount {
        mostOutbound = max(mostOutbound, Int(outbound.base[node]))
        mostInbound = max(mostInbound, Int(inbound.base[node]))
      }
    }

    /// Appends to each live master's peers all other live holders of its partitions.
    private static func write(
      _ matter: Matter, _ rows: Range<Int>, _ masters: Matter.SlotList, _ holders: Matter.SlotList,
      to list: UnsafeMutablePointer<UInt32>, at place: UnsafeMutablePointer<Int>
    ) {
      let width = matter.map.width
      // The same loop for the usual rows, which the compiler then unrolls.
      let isPlain = masters.count == 1 && masters.base[0] == 0 && holders.count == width && matter.allCanBeRead
      switch (isPlain, width) {
      case (true, 2): write(matter, rows, to: list, at: place, masters: 1, width: 2, allLive: true) { $0 }
      case (true, 3): write(matter, rows, to: list, at: place, masters: 1, width: 3, allLive: true) { $0 }
      default:
        write(matter, rows, to: list, at: place, masters: masters.count, width: holders.count, allLive: false) { holders.base[$0] }
      }
    }

    /// The states' slots that hold data, the first state's before all others: `slot` says where. Who can't be read
    /// goes down as nobody.
    @inline(__always) private static func write(
      _ matter: Matter, _ rows: Range<Int>, to list: UnsafeMutablePointer<UInt32>, at place: UnsafeMutablePointer<Int>,
      masters: Int, width: Int, allLive: Bool, slot: (Int) -> Int
    ) {
      let nobody = UInt32(matter.nodeCount)
      let isLive = matter.isLive.base
      let stride = matter.map.width
      var row = matter.map.slots + rows.lowerBound * stride
      for _ in rows {
        for index in 0..<masters {
          let master = min(row[slot(index)].raw, nobody)
          guard allLive ? master < nobody : isLive[Int(master)] == 1 else { continue }
          var next = place[Int(master)]
          for other in 0..<width where other != index {
            let holder = min(row[slot(other)].raw, nobody)
            list[next] = allLive || isLive[Int(holder)] == 1 ? holder : nobody
            next &+= 1
          }
          place[Int(master)] = next
        }
        row += stride
      }
    }

    /// `master` replicates to `holder`. O(partitions that it is master of); O(P · R) where there is no list.
    func replicates(_ master: Int, to holder: Int) -> Bool {
      if areSets {
        return (0..<matter.rowCount).contains { partition in
          matter.liveHolders(of: partition, inState: 0).contains(master)
            && matter.dataStates(of: matter.model.states.indices)
              .contains { matter.liveHolders(of: partition, inState: $0).contains(holder) }
        }
      }
      return (start.base[master]..<end.base[master]).contains { peers.base[$0] == UInt32(holder) }
    }

    /// Nodes beyond the limits of the settings.
    func dockets(_ matter: Matter) -> [Docket] {
      guard let limit = matter.settings.fanOut else { return [] }
      func docket(_ rule: Rule, _ most: Int?, _ count: NodeTable<UInt32>) -> Docket {
        var docket = Docket(rule, limit.strength)
        guard let most else { return docket }
        for node in 0..<matter.nodeCount where Int(count.base[node]) > most {
          docket.add(Breach(node: node, want: most, have: Int(count.base[node])))
        }
        return docket
      }
      return [docket(.fanOutOutbound, limit.outbound, outbound), docket(.fanOutInbound, limit.inbound, inbound)]
    }
  }
}
