extension Judge {
  /// Who replicates to whom: each master of a partition to every other node that holds its data.
  ///
  ///     worker 0   n0 [ n4 n90 n4 n7 … ] n1 [ n3 n12 … ] …     the holders beside each master, master by master,
  ///     worker 1   n0 [ n90 n5 … ]       n1 [ … ] …            with repetitions: a list for each worker
  ///
  /// A stamp on each holder then tells distinct ones apart. No table of N × N.
  struct Peers {
    /// Distinct nodes that each node replicates to.
    let outbound: NodeTable<UInt32>
    /// Distinct nodes that replicate to each node.
    let inbound: NodeTable<UInt32>
    private(set) var mostOutbound = 0
    private(set) var mostInbound = 0
    private let lists: [PeerList]
    /// Peers were counted as sets: there is no list.
    private let areSets: Bool
    let context: CheckContext

    /// O(N + P · masters · R). `holders` knows how many partitions each node is master of, which bounds its peers.
    init(_ context: CheckContext, _ holders: Holders) throws(PlatError) {
      self.context = context
      let nodeCount = context.nodeCount
      let masters = try context.slots(ofStates: context.dataStates(of: [0]), in: context.map)
      let data = try context.dataSlots(in: context.map)
      outbound = try context.arena.table(nodeCount + 1)
      inbound = try context.arena.table(nodeCount + 1)
      areSets = Peers.areSets(context, masters: masters.count, holders: data.count)
      if areSets {
        lists = []
        try Peers.countSets(context, masters, data, outbound: outbound, inbound: inbound)
      } else {
        let each = masters.count == 0 ? 0 : max(0, data.count - 1)
        lists = try PeerList.forEachWorker(context, leading: holders.leading, each: each)
        let lists = lists
        context.blocks.run(as: holders.workerOfBlock) { worker, block in
          lists[worker].write(context, block, masters, data)
        }
        try countDistinct()
      }
      countMost(nodeCount)
    }

    /// Block by block of masters, each worker with stamps of its own. O(N · workers + peers).
    private func countDistinct() throws(PlatError) {
      let nodeCount = context.nodeCount
      let all = lists.reduce(0) { $0 + $1.room }
      let blocks = Blocks(
        nodeCount, ofBlock: nodeCount * Peers.peersOfBlock / max(all, 1) + 1, threads: context.blocks.workers)
      let tools = try blocks.forEachWorker { (_) throws(PlatError) in
        (stamp: try context.arena.table(nodeCount + 1, of: UInt32.self, by: NodeIndex.self),
          inbound: try context.arena.table(nodeCount + 1, of: UInt32.self, by: NodeIndex.self))
      }
      let (lists, outbound) = (lists, outbound)
      blocks.run { worker, masters in
        let (stamp, inbound) = tools[worker]
        for master in masters {
          // Nobody is no peer, and no node is its own.
          let mark = UInt32(master + 1)
          stamp.base[master] = mark
          stamp.base[nodeCount] = mark
          var distinct: UInt32 = 0
          for list in lists { distinct &+= list.countNew(master, stamp.base, mark, inbound.base) }
          outbound.base[master] = distinct
        }
      }
      for (_, part) in tools {
        for node in 0..<nodeCount { inbound.base[node] &+= part.base[node] }
      }
    }

    /// As many as take about 300 µs.
    private static let peersOfBlock = 1 << 18

    private mutating func countMost(_ nodeCount: Int) {
      for node in 0..<nodeCount {
        mostOutbound = max(mostOutbound, Int(outbound.base[node]))
        mostInbound = max(mostInbound, Int(inbound.base[node]))
      }
    }

    /// `master` replicates to `holder`. O(partitions that it is master of); O(P · R) where there is no list.
    func replicates(_ master: Int, to holder: Int) -> Bool {
      if areSets {
        return (0..<context.rowCount).contains { partition in
          context.liveHolders(of: partition, inState: 0).contains(master)
            && context.dataStates(of: context.model.states.indices)
              .contains { context.liveHolders(of: partition, inState: $0).contains(holder) }
        }
      }
      return lists.contains { $0.contains(holder, beside: master) }
    }

    /// Nodes beyond the limits of the settings.
    func lists(_ context: CheckContext) -> [ViolationList] {
      guard let limit = context.settings.fanOut else { return [] }
      func violations(_ rule: Rule, _ most: Int?, _ count: NodeTable<UInt32>) -> ViolationList {
        var violations = ViolationList(rule, limit.strength)
        guard let most else { return violations }
        for node in 0..<context.nodeCount where Int(count.base[node]) > most {
          violations.add(Breach(node: node, want: most, have: Int(count.base[node])))
        }
        return violations
      }
      return [violations(.fanOutOutbound, limit.outbound, outbound), violations(.fanOutInbound, limit.inbound, inbound)]
    }
  }
}
