extension Roles {
  /// Open places where nothing changes for balance alone: who is in the state stays, and each place goes to a holder of
  /// its row, so that the most of the state on any node, for its weight, is as little as can be. One change of state a
  /// place.
  func succeed(_ open: PartitionTable<PartitionIndex>, _ openCount: Int) throws(PlatError) {
    guard openCount > 0 else { return }
    var places: [Int] = []
    for index in 0..<openCount {
      let partition = open.base[index].int
      let first = firstOpen(rows + partition * width, partition)
      for slot in first..<slots.upperBound { places.append(partition * width + slot) }
    }
    let rank: NodeTable<UInt8> = try problem.arena.table(problem.nodeCount)
    for node in 0..<problem.nodeCount where !problem.allows(NodeIndex(node), inState: state) {
      rank.base[node] = Succession.never
    }
    let succession = Succession(
      rows: rows, width: width, columns: slots, pool: Array(slots.upperBound..<width), count: count, rank: rank,
      weight: problem.cluster.wholeWeights(), beside: state == 0 ? problem.leadBeside : [],
      mayChange: { place, other in
        problem.stateCaps.isEmpty || isLegal(rows + place / width * width, withSwapped: place % width, other % width)
      })
    for place in succession.fill(places) { evict(rows + place / width * width, place % width) }
  }
}
