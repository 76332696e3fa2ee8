/// Where what has been newly placed breaks a soft rule it changes places, within the windows. What is held is not
/// moved.
enum WeightedMend {
  /// O(P · R²), and a bounded number of trials for each breach.
  static func run(_ weighing: Weighing, _ due: WeightedDue) {
    let problem = weighing.problem
    guard problem.current != nil, !problem.soft.isEmpty else { return }
    var newReplicas: [(partition: Int, slot: Int)] = []
    for partition in 0..<problem.partitionCount {
      let row = weighing.row(partition)
      for slot in 0..<problem.replicas where row[slot] != .none && !problem.isHeld(partition, by: row[slot]) {
        newReplicas.append((partition, slot))
      }
    }
    var room = WeightedReceiverPool(weighing, due)
    var random = SplitMix(seed: 0x6d65_6e64)
    for (partition, slot) in newReplicas where !problem.arena.isInterrupted {
      let row = weighing.row(partition)
      let breaches = problem.softBreaches(row, leaving: slot, at: row[slot])
      guard breaches > 0 else { continue }
      let node = row[slot]
      if let other = room.take(partition, leaving: slot, withinWindow: true, mostBreaches: breaches - 1),
        mayMove(weighing, due, partition, from: node, to: other)
      {
        weighing.set(partition, slot, to: other)
      } else if let other = exchange(weighing, due, partition, slot, newReplicas, &random) {
        room.update(other)
      }
      room.update(node)
      room.update(row[slot])
    }
  }

  /// Whether both stay in their windows.
  private static func mayMove(
    _ weighing: Weighing, _ due: WeightedDue, _ partition: Int, from node: NodeIndex, to other: NodeIndex
  ) -> Bool {
    let weight = weighing.weight.base[partition]
    return weighing.load[other] + weight <= due.most[other] && weighing.load[node] - weight >= due.least[node]
  }

  private static func exchange(
    _ weighing: Weighing, _ due: WeightedDue, _ p: Int, _ x: Int, _ newReplicas: [(partition: Int, slot: Int)],
    _ random: inout SplitMix
  ) -> NodeIndex? {
    let problem = weighing.problem
    let rowP = weighing.row(p)
    let start = random.below(newReplicas.count)
    for offset in 0..<min(TrialLimits.WeightedMend.partnersTried, newReplicas.count) {
      let (q, y) = newReplicas[(start + offset) % newReplicas.count]
      let rowQ = weighing.row(q)
      let (m, n) = (rowP[x], rowQ[y])
      let more = weighing.weight.base[q] - weighing.weight.base[p]  // for m
      guard p != q, m != n, due.least[m] <= weighing.load[m] + more, weighing.load[m] + more <= due.most[m],
        due.least[n] <= weighing.load[n] - more, weighing.load[n] - more <= due.most[n],
        problem.allows(rowP, leaving: x, to: n), problem.allows(rowQ, leaving: y, to: m)
      else { continue }
      let before = problem.softBreaches(rowP, leaving: x, at: m) + problem.softBreaches(rowQ, leaving: y, at: n)
      let after = problem.softBreaches(rowP, leaving: x, at: n) + problem.softBreaches(rowQ, leaving: y, at: m)
      guard after < before else { continue }
      weighing.set(p, x, to: n)
      weighing.set(q, y, to: m)
      return n
    }
    return nil
  }
}
