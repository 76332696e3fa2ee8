extension Judge {
  /// One pass over the map: what each node holds, and which partitions have too few or too many replicas.
  struct Holders {
    /// For each of the model's states, what each node holds in it.
    let loads: [NodeTable<UInt32>]
    /// What each node holds of data, in any state.
    let totals: NodeTable<UInt32>
    /// For each state that the settings may ask for: partitions with too few or too many replicas in it.
    private(set) var constraints: [Docket]
    /// Nodes with two replicas of one partition.
    private(set) var shared = Docket(.oneReplicaOnANode, .hard)
    /// A partition has no master though one is wanted, or its data has no live copy.
    private(set) var isRed = false

    /// O(P · R²), O(P · R) where every row is complete and R is small.
    init(_ matter: Matter) throws(PlatError) {
      let states = matter.model.states
      let nobody = UInt32(matter.nodeCount)
      let stride = matter.nodeCount + 1
      let table: NodeTable<UInt32> = try matter.arena.table(states.count * stride)
      loads = states.indices.map { NodeTable(unsafeBase: table.base + $0 * stride, count: stride) }
      totals = try matter.arena.table(stride)
      constraints = states.indices.map { Docket(.constraint(state: $0), .hard) }

      let width = matter.map.width
      let stateOfSlot = matter.map.stateOfSlot
      let count: NodeTable<Int> = try matter.arena.table(states.count)
      // Where a row has no slot to spare, a full row is a complete one.
      let fullIsComplete = states.indices.allSatisfy { matter.map.slotCounts[$0] == matter.dense.wanted[$0] }
      // Wide rows are not compared slot by slot but examined one by one.
      let isQuick = fullIsComplete && width <= 16
      let number: NodeTable<UInt32> = try matter.arena.table(stride)
      for node in 0..<stride { number.base[node] = matter.isLive.base[node] == 1 ? UInt32(node) : .max }
      let columns = try Columns(matter, matter.slots(ofStates: isQuick ? Array(states.indices) : [], in: matter.map))
      let seen: NodeTable<Int> = try matter.arena.table(width > 16 ? stride : 0)

      matter.forEachBlock { rows in
        for slot in 0..<width {
          let load = loads[stateOfSlot[slot]].base
          var place = matter.map.slots + (rows.lowerBound * width + slot)
          for _ in rows {
            load[Int(min(place.pointee.raw, nobody))] &+= 1
            place += width
          }
        }
        if isQuick {
          columns.read(matter.map, rows, through: number.base)
          columns.markEmpty(rows.count)
          columns.markCrowded(1, rows.count)
        }
        for (index, partition) in rows.enumerated() where !isQuick || columns.marks[index] != 0 {
          examine(partition, matter.map.slots + partition * width, matter, count.base, seen)
        }
      }
      for partition in matter.rowCount..<matter.dense.partitionCount { examine(partition, nil, matter, count.base, seen) }

      for state in states.indices where states[state].holdsData {
        for node in 0..<matter.nodeCount { totals.base[node] &+= loads[state].base[node] }
      }
    }

    /// Counts one partition with care. `row` nil: nobody holds it. `count` has room for each state.
    @inline(never) private mutating func examine(
      _ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>?, _ matter: Matter, _ count: UnsafeMutablePointer<Int>,
      _ seen: NodeTable<Int>
    ) {
      let wanted = matter.dense.wanted
      let nobody = UInt32(matter.nodeCount)
      var copies = 0
      var slot = 0
      for (state, slots) in matter.map.slotCounts.enumerated() {
        count[state] = 0
        if let row {
          for slot in slot..<(slot + slots) { count[state] += Int(matter.isLive.base[Int(min(row[slot].raw, nobody))]) }
        }
        slot += slots
        let about = matter.model.states[state]
        if about.holdsData { copies += count[state] }
        // What is only passed through is no fault on the way, but a plan does not end in it.
        let isAsked = about.isPlaced || (matter.isPlan && about.holdsData)
        if isAsked, count[state] != wanted[state] {
          constraints[state].add(Breach(partition: partition, want: wanted[state], have: count[state]))
        }
      }
      if (wanted[0] > 0 && count[0] == 0) || (matter.dense.replicas > 0 && copies == 0) { isRed = true }
      if let row { findShared(partition, row, matter, seen) }
    }

    /// Allocates only where there is something to find.
    private mutating func findShared(
      _ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>, _ matter: Matter, _ seen: NodeTable<Int>
    ) {
      let width = matter.map.width
      guard width > 16 ? hasTwiceInWideRow(partition, row, matter, seen) : hasTwice(row, width, matter) else { return }
      let nodes = (0..<width).map { row[$0].int }.sorted()
      var start = 0
      while start < nodes.count {
        let end = nodes[start...].firstIndex { $0 != nodes[start] } ?? nodes.count
        if end - start > 1, nodes[start] < matter.nodeCount, matter.isLive.base[nodes[start]] == 1 {
          shared.add(Breach(partition: partition, node: nodes[start], want: 1, have: end - start))
        }
        start = end
      }
    }

    /// By marks: `seen` is the last partition, plus 1, in which a node was met.
    private func hasTwiceInWideRow(
      _ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>, _ matter: Matter, _ seen: NodeTable<Int>
    ) -> Bool {
      for slot in 0..<matter.map.width {
        let node = row[slot].int
        guard node < matter.nodeCount, matter.isLive.base[node] == 1 else { continue }
        if seen.base[node] == partition + 1 { return true }
        seen.base[node] = partition + 1
      }
      return false
    }

    private func hasTwice(_ row: UnsafeMutablePointer<NodeIndex>, _ width: Int, _ matter: Matter) -> Bool {
      for slot in 0..<width where row[slot].int < matter.nodeCount && matter.isLive.base[row[slot].int] == 1 {
        for other in 0..<slot where row[other] == row[slot] { return true }
      }
      return false
    }
  }
}
