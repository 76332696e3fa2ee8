import CPlatCore

extension Judge {
  /// One pass over the map: what each node holds, and which partitions have too few or too many replicas.
  struct Holders {
    /// For each of the model's states, what each node holds in it.
    let loads: [NodeTable<UInt32>]
    /// What each node holds of data, in any state.
    let totals: NodeTable<UInt32>
    /// For each worker, what each node holds in the first state in its blocks.
    let leading: [NodeTable<UInt32>]
    /// Which these were.
    let workerOfBlock: UnsafeMutablePointer<UInt32>
    private let gaps: Gaps
    /// What the tables are in: holders may be looked at for longer than the context that they were counted in.
    private let arena: Arena

    /// For each state that the settings may ask for: partitions with too few or too many replicas in it.
    var constraints: [ViolationList] { gaps.constraints }
    /// Nodes with two replicas of one partition.
    var shared: ViolationList { gaps.shared }
    /// A partition has no master though one is wanted, or its data has no live copy.
    var isRed: Bool { gaps.isRed }
    /// Partitions with a live copy and without a master, though one is wanted.
    var leaderless: Int { gaps.leaderless }

    private struct Tools {
      let worker: Int
      let loads: [NodeTable<UInt32>]
      let columns: Columns
      let count: NodeTable<Int>
      let seen: NodeTable<Int>
    }

    /// O(P · R²), O(P · R) where every row is complete and R is small. `beside`: as in `Blocks.run`.
    init(_ context: CheckContext, beside: () -> Void = {}) throws(PlatError) {
      arena = context.arena
      let states = context.model.states
      let nobody = UInt32(context.nodeCount)
      let stride = context.nodeCount + 1
      let width = context.map.width
      let stateOfSlot = context.map.stateOfSlot
      // Where a row has no slot to spare, a full row is a complete one.
      let fullIsComplete = states.indices.allSatisfy { context.map.slotCounts[$0] == context.dense.wanted[$0] }
      // Wide rows are not compared slot by slot but examined one by one.
      let isQuick = fullIsComplete && width <= 16
      let allCanBeRead = context.allCanBeRead
      let number: NodeTable<UInt32> = try context.arena.table(stride)
      for node in 0..<stride { number.base[node] = context.isLive.base[node] == 1 ? UInt32(node) : .max }
      let slots = try context.slots(ofStates: isQuick ? Array(states.indices) : [], in: context.map)
      let owners: NodeTable<UInt32> = try context.arena.table(context.blocks.count)
      let workerOfBlock = owners.base
      self.workerOfBlock = workerOfBlock
      let tools = try context.forEachWorker { worker throws(PlatError) in
        let table: NodeTable<UInt32> = try context.arena.table(states.count * stride)
        return Tools(
          worker: worker, loads: states.indices.map { NodeTable(unsafeBase: table.base + $0 * stride, count: stride) },
          columns: try Columns(context, slots), count: try context.arena.table(states.count),
          seen: try context.arena.table(width > 16 ? stride : 0))
      }
      let none = Gaps(states.count)
      let found = context.findings(tools: tools, empty: none, beside: beside) { tools, rows, gaps in
        workerOfBlock[rows.lowerBound / context.blocks.size] = UInt32(tools.worker)
        context.forEachPiece(rows) { rows in
          for slot in 0..<width {
            let load = tools.loads[stateOfSlot[slot]].base
            var place = context.map.slots + (rows.lowerBound * width + slot)
            for _ in rows {
              load[Int(min(place.pointee.raw, nobody))] &+= 1
              place += width
            }
          }
          let columns = tools.columns
          if isQuick {
            if allCanBeRead, context.map.areDifferent(rows, below: nobody) { return }
            if allCanBeRead {
              columns.readNodes(context.map, rows)
            } else {
              columns.read(context.map, rows, through: number.base)
            }
            columns.markEmpty(rows.count)
            columns.markCrowded(1, rows.count)
          }
          for index in 0..<rows.count where !isQuick || columns.marks[index] != 0 {
            let partition = rows.lowerBound + index
            gaps.examine(partition, context.map.slots + partition * width, context, tools.count.base, tools.seen)
          }
        }
      }
      var gaps = none
      for found in found { gaps.append(found) }
      for partition in context.rowCount..<context.dense.partitionCount {
        gaps.examine(partition, nil, context, tools[0].count.base, tools[0].seen)
      }
      self.gaps = gaps

      let sums: NodeTable<UInt32> = try context.arena.table(stride)
      sums.copy(from: tools[0].loads[0])
      leading = [sums] + tools.dropFirst().map { $0.loads[0] }
      loads = tools[0].loads
      for worker in tools.dropFirst() {
        for (sum, part) in zip(loads, worker.loads) {
          for node in 0..<stride { sum.base[node] &+= part.base[node] }
        }
      }
      totals = try context.arena.table(stride)
      for state in states.indices where states[state].holdsData {
        for node in 0..<context.nodeCount { totals.base[node] &+= loads[state].base[node] }
      }
    }
  }

  /// Partitions that are not held as they should be.
  private struct Gaps {
    var constraints: [ViolationList]
    var shared = ViolationList(.oneReplicaOnANode, .hard)
    var isRed = false
    var leaderless = 0

    init(_ states: Int) { constraints = (0..<states).map { ViolationList(.constraint(state: $0), .hard) } }

    mutating func append(_ later: Gaps) {
      for state in constraints.indices { constraints[state].append(later.constraints[state]) }
      shared.append(later.shared)
      isRed = isRed || later.isRed
      leaderless += later.leaderless
    }

    /// Counts one partition with care. `row` nil: nobody holds it. `count` has room for each state.
    @inline(never) mutating func examine(
      _ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>?, _ context: CheckContext,
      _ count: UnsafeMutablePointer<Int>,
      _ seen: NodeTable<Int>
    ) {
      let wanted = context.dense.wanted
      let nobody = UInt32(context.nodeCount)
      var copies = 0
      var slot = 0
      for (state, slots) in context.map.slotCounts.enumerated() {
        count[state] = 0
        if let row {
          for slot in slot..<(slot + slots) {
            count[state] += Int(context.isLive.base[Int(min(row[slot].raw, nobody))])
          }
        }
        slot += slots
        let about = context.model.states[state]
        if about.holdsData { copies += count[state] }
        // What is only passed through is no fault on the way, but a plan does not end in it.
        let isAsked = about.isPlaced || (context.isPlan && about.holdsData)
        if isAsked, count[state] != wanted[state] {
          constraints[state].add(Breach(partition: partition, want: wanted[state], have: count[state]))
        }
      }
      if wanted[0] > 0 && count[0] == 0 && copies > 0 { leaderless += 1 }
      if (wanted[0] > 0 && count[0] == 0) || (context.dense.replicas > 0 && copies == 0) { isRed = true }
      if let row { findShared(partition, row, context, seen) }
    }

    /// Allocates only where there is something to find.
    private mutating func findShared(
      _ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>, _ context: CheckContext, _ seen: NodeTable<Int>
    ) {
      let width = context.map.width
      guard width > 16 ? hasTwiceInWideRow(partition, row, context, seen) : hasTwice(row, width, context) else {
        return
      }
      let nodes = (0..<width).map { row[$0].int }.sorted()
      var start = 0
      while start < nodes.count {
        let end = nodes[start...].firstIndex { $0 != nodes[start] } ?? nodes.count
        if end - start > 1, nodes[start] < context.nodeCount, context.isLive.base[nodes[start]] == 1 {
          shared.add(Breach(partition: partition, node: nodes[start], want: 1, have: end - start))
        }
        start = end
      }
    }

    /// By marks: `seen` is the last partition, plus 1, in which a node was met.
    private func hasTwiceInWideRow(
      _ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>, _ context: CheckContext, _ seen: NodeTable<Int>
    ) -> Bool {
      for slot in 0..<context.map.width {
        let node = row[slot].int
        guard node < context.nodeCount, context.isLive.base[node] == 1 else { continue }
        if seen.base[node] == partition + 1 { return true }
        seen.base[node] = partition + 1
      }
      return false
    }

    private func hasTwice(_ row: UnsafeMutablePointer<NodeIndex>, _ width: Int, _ context: CheckContext) -> Bool {
      for slot in 0..<width where row[slot].int < context.nodeCount && context.isLive.base[row[slot].int] == 1 {
        for other in 0..<slot where row[other] == row[slot] { return true }
      }
      return false
    }
  }
}
