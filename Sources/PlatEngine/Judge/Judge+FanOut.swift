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
    /// Where each node's peers begin; and one more.
    private let start: NodeTable<Int>
    private let peers: NodeTable<UInt32>
    /// Peers were counted as sets: there is no list.
    private let areSets: Bool
    private let matter: Matter

    /// O(N + P · masters · R).
    init(_ matter: Matter) throws(PlatError) {
      self.matter = matter
      let nodeCount = matter.nodeCount
      outbound = try matter.arena.table(nodeCount + 1)
      inbound = try matter.arena.table(nodeCount + 1)
      start = try matter.arena.table(nodeCount + 2)
      let masters = try matter.slots(ofStates: matter.dataStates(of: [0]), in: matter.map)
      let holders = try matter.dataSlots(in: matter.map)

      areSets = Peers.areSets(matter, masters: masters.count, holders: holders.count)
      if areSets {
        peers = try matter.arena.table(0)
        try Peers.countSets(matter, masters, holders, outbound: outbound, inbound: inbound)
        countMost(nodeCount)
        return
      }
      let live: NodeTable<UInt32> = try matter.arena.table(holders.count + 1)

      let end = start.base + 1  // first the number of peers, then where they begin, then where they end
      Peers.forEachMaster(matter, masters, holders, live.base) { master, live, count in
        var peers = 0
        for index in 0..<count { peers &+= live[index] == master ? 0 : 1 }
        end[Int(master) + 1] &+= peers
      }
      for node in 0...nodeCount { start.base[node + 1] += start.base[node] }
      peers = try matter.arena.table(start.base[nodeCount + 1])
      let list = peers.base
      Peers.forEachMaster(matter, masters, holders, live.base) { master, live, count in
        var next = end[Int(master)]
        for index in 0..<count where live[index] != master {
          list[next] = live[index]
          next &+= 1
        }
        end[Int(master)] = next
      }

      let stamp: NodeTable<UInt32> = try matter.arena.table(nodeCount + 1)
      for master in 0..<nodeCount {
        var distinct: UInt32 = 0
        let mark = UInt32(master + 1)
        for index in start.base[master]..<start.base[master + 1] {
          let holder = Int(list[index])
          let isNew: UInt32 = stamp.base[holder] == mark ? 0 : 1
          stamp.base[holder] = mark
          distinct &+= isNew
          inbound.base[holder] &+= isNew
        }
        outbound.base[master] = distinct
      }
      countMost(nodeCount)
    }

    private mutating func countMost(_ nodeCount: Int) {
      for node in 0..<nodeCount {
        mostOutbound = max(mostOutbound, Int(outbound.base[node]))
        mostInbound = max(mostInbound, Int(inbound.base[node]))
      }
    }

    /// Every live master with all live holders of its partition, itself among them, partition by partition.
    /// `live` has room for a row's holders and one more.
    @inline(__always) private static func forEachMaster(
      _ matter: Matter, _ masters: Matter.SlotList,
      _ holders: Matter.SlotList, _ live: UnsafeMutablePointer<UInt32>,
      _ body: (_ master: UInt32, _ live: UnsafeMutablePointer<UInt32>, _ count: Int) -> Void
    ) {
      let nobody = UInt32(matter.nodeCount)
      let isLive = matter.isLive.base
      let width = matter.map.width
      var row = matter.map.slots
      for _ in 0..<matter.rowCount {
        var count = 0
        for index in 0..<holders.count {
          let holder = min(row[holders.base[index]].raw, nobody)
          live[count] = holder
          count &+= Int(isLive[Int(holder)])
        }
        for index in 0..<masters.count {
          let master = min(row[masters.base[index]].raw, nobody)
          if isLive[Int(master)] == 1 { body(master, live, count) }
        }
        row += width
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
      return (start.base[master]..<start.base[master + 1]).contains { peers.base[$0] == UInt32(holder) }
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
