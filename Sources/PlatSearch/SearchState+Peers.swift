/// Who shares rows with whom: a leader's outbound peers are the other holders of the rows that it leads.
extension SearchState {
  /// `node` stands in `place` of the row, or did until now: its pairs with everybody else in the row.
  @inline(__always) mutating func countPeers(_ row: Int, _ place: Int, _ node: Int, by change: Int32) {
    guard let limit = peerLimits[Int(shapeOfRow[row])] else { return }
    let (first, map) = (row * width, Int(peersOfRow[row]))
    let leads = stateOfSlot[first + place] == 0
    for other in 0..<width where other != place {
      let peer = Int(rows[first + other])
      guard peer >= 0 else { continue }
      if leads { count(map, from: node, to: peer, limit, change) }
      if stateOfSlot[first + other] == 0 { count(map, from: peer, to: node, limit, change) }
    }
  }

  /// `map`: where the map has its nodes.
  @inline(__always) private mutating func count(
    _ map: Int, from node: Int, to other: Int, _ limit: PeerLimit, _ change: Int32
  ) {
    let (leader, peer) = (map + node, map + other)
    let index = leader * nodeCount + other
    let before = pairs[index]
    pairs[index] = before + change
    guard (before == 0) != (before + change == 0) else { return }
    let sign: Int32 = before == 0 ? 1 : -1
    // One peer more or less beyond a limit is one breach more or less.
    var excess = 0
    if max(outbound[leader], outbound[leader] + sign) > limit.outbound { excess += Int(sign) }
    if max(inbound[peer], inbound[peer] + sign) > limit.inbound { excess += Int(sign) }
    outbound[leader] += sign
    inbound[peer] += sign
    if limit.isHard { score.broken += excess } else { score.softBroken += excess }
  }

  /// Rows of the two, of the same map as `row`, in which `leader` leads and `peer` follows.
  @inline(__always) func shared(_ leader: Int, _ peer: Int, as row: Int) -> Int {
    Int(pairs[(Int(peersOfRow[row]) + leader) * nodeCount + peer])
  }

  @inline(__always) func areOfOneMap(_ row: Int, _ other: Int) -> Bool { peersOfRow[row] == peersOfRow[other] }
}
