/// A map that was planned without the rules that name places is made to keep them, so that what is then open can be
/// filled.
extension CompletedMap {
  /// Takes out of each row what hard rules do not let in: where two slots can exchange who has them instead, they do;
  /// else who does not hold it today goes first, and who leads last. O(P · R² · rules), more for rows that break one.
  func keepRules() {
    for partition in 0..<target.partitionCount {
      var left = excess(partition)
      while left > 0 {
        guard let after = exchanged(partition, from: left) ?? lessOne(partition, from: left) else { break }
        left = after
      }
    }
  }

  /// How often the row breaks hard rules, statuses included.
  private func excess(_ partition: Int) -> Int {
    let row = target.row(partition)
    let misplaced = dataSlots.count { row[$0] != .none && !mayHave(row[$0], partition, inState: stateOfSlot[$0]) }
    return rules.reduce(misplaced) { $0 + $1.excess(row, width: width) }
  }

  /// The breaches that are left after the first exchange of two slots that makes them fewer; nil: none does.
  private func exchanged(_ partition: Int, from left: Int) -> Int? {
    let row = target.row(partition)
    for a in 0..<width {
      // One of the two may be open.
      for b in (a + 1)..<max(a + 1, width) where row[a] != row[b] && stateOfSlot[a] != stateOfSlot[b] {
        (row[a], row[b]) = (row[b], row[a])
        let after = excess(partition)
        if after < left { return after }
        (row[a], row[b]) = (row[b], row[a])
      }
    }
    return nil
  }

  private func lessOne(_ partition: Int, from left: Int) -> Int? {
    let row = target.row(partition)
    var best: (rank: (Int, Int, Int), slot: Int)?
    for slot in 0..<width where row[slot] != .none {
      let node = row[slot]
      row[slot] = .none
      let after = excess(partition)
      row[slot] = node
      guard after < left else { continue }
      let rank = (after, isHeld(partition, by: node) ? 1 : 0, -stateOfSlot[slot])
      let isBetter = best.map { rank < $0.rank } ?? true
      if isBetter { best = (rank, slot) }
    }
    guard let best else { return nil }
    row[best.slot] = .none
    return best.rank.0
  }
}
