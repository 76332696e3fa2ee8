/// Everything that the Judge found out about several maps on the same nodes.
public struct GroupReport: Equatable, Sendable {
  /// Each map for itself.
  public var maps: [Report]
  /// Over all: moves, role changes and breaches add up, loads are those of all maps together, and health is the worst.
  /// Its findings are about sums only: capacities, and the balance of what each node holds in all.
  public var sum: Report

  public init(maps: [Report], sum: Report) {
    self.maps = maps
    self.sum = sum
  }

  public var meetsHardRules: Bool { sum.meetsHardRules && maps.allSatisfy(\.meetsHardRules) }
}

extension Judge {
  /// Judges the maps of a group, each and in sum. `currents`: the maps that they were made from; nil: `maps` are what
  /// the cluster has. O(maps · judging one), but that dues are worked out once for maps of equal settings.
  public static func judge(
    _ group: DenseGroup, maps: [PlacementMap], from currents: [PlacementMap]?, interrupt: Interrupt? = nil
  ) throws(PlatError) -> GroupReport {
    var reports: [Report] = []
    reports.reserveCapacity(maps.count)
    var sums = Sums(group)
    var known = [JudgedDue?](repeating: nil, count: group.mapsOfKind.count)
    let mayShare = !(group.clusters.first?.status.contains(where: \.isPinned) ?? false)
    for (index, cluster) in group.clusters.enumerated() {
      let kind = group.kindOfMap[index]
      let due = known[kind] ?? Judge.due(cluster, map: maps[index])
      if mayShare { known[kind] = due }
      let report = try judge(cluster, map: maps[index], from: currents?[index], due: due, interrupt: interrupt?.quiet)
      sums.add(maps[index], cluster, due, times: mayShare ? nil : 1)
      reports.append(report)
    }
    if mayShare {
      for (kind, due) in known.enumerated() {
        if let due { sums.add(due, group.clusters[group.mapsOfKind[kind][0]], times: group.mapsOfKind[kind].count) }
      }
    }
    var weight: GroupWeightBalance?
    if let weights = group.weights { weight = try GroupWeightBalance(group, weights, maps, reports) }
    var report = GroupReport(maps: reports, sum: sums.report(reports, weight))
    if let currents, let budget = group.group.shared.settings.balance.moveBudget,
      !(report.sum.isBalanced && reports.allSatisfy(\.isBalanced))
    {
      try addMoveBudget(
        budget, group, maps, currents, offInSum: weight.map { $0.isBalanced ? 0 : 1 } ?? sums.off, &report)
    }
    try interrupt?.finished("judging")
    return report
  }

  /// What the document's budget, which is for all maps together, has held back.
  private static func addMoveBudget(
    _ budget: Int, _ group: DenseGroup, _ maps: [PlacementMap], _ currents: [PlacementMap], offInSum: Int,
    _ report: inout GroupReport
  ) throws(PlatError) {
    var (made, left) = (0, 0)
    for (map, cluster) in group.clusters.enumerated() {
      let context = try CheckContext(cluster, map: maps[map], before: currents[map])
      let weight = try cluster.partitionWeights.map { weights throws(PlatError) in try WeightBalance(context, weights) }
      let moves = try movesForBalance(
        context, Holders(context), due(cluster, map: maps[map]), weight, moves: report.maps[map].moves, isAsked: true)
      guard let moves else { return }
      (made, left) = (made + moves.made, left + moves.left)
    }
    left = max(left, offInSum)
    guard left > 0, made + left > budget, report.sum.findings.count < Report.mostFindings else { return }
    report.sum.findings.append(
      Finding(
        strength: .soft, rule: "balance.moveBudget", want: made + left, have: made,
        because:
          "held back by moveBudget: at least \(left) more \(left == 1 ? "move" : "moves") for balance alone, beside "
          + "\(made) made of \(budget) in all maps"))
  }

  /// What each node holds of all maps, and is due of them, in total. O(Σ P · R + maps · N).
  static func sums(_ group: DenseGroup, _ maps: [PlacementMap]) -> (held: [Int], due: [Rational]) {
    var sums = Sums(group)
    for (map, cluster) in zip(maps, group.clusters) { sums.add(map, cluster, due(cluster, map: map), times: 1) }
    return sums.totals
  }

  /// Loads and dues of all maps, node by node.
  private struct Sums {
    private let group: DenseGroup
    private var stateNames: [String] = []
    /// The last is the total.
    private var have: [[Int]]
    private var due: [[Rational]]
    private var hasWeight: [Bool]

    init(_ group: DenseGroup) {
      self.group = group
      for cluster in group.clusters {
        for (state, count) in zip(cluster.cluster.settings.model.states, cluster.dataWanted)
        where count > 0 && !stateNames.contains(state.name) { stateNames.append(state.name) }
      }
      have = Array(repeating: Array(repeating: 0, count: group.nodeCount), count: stateNames.count + 1)
      due = Array(repeating: Array(repeating: .zero, count: group.nodeCount), count: stateNames.count + 1)
      hasWeight = Array(repeating: false, count: group.nodeCount)
    }

    var totals: (held: [Int], due: [Rational]) { (have[stateNames.count], due[stateNames.count]) }

    /// Counts a map, and its dues where they are its own.
    mutating func add(_ map: PlacementMap, _ cluster: DenseCluster, _ due: JudgedDue, times: Int?) {
      for (state, about) in cluster.cluster.settings.model.states.enumerated() where about.holdsData {
        let place = stateNames.firstIndex(of: about.name)
        for partition in 0..<min(map.partitionCount, cluster.partitionCount) {
          for slot in map.slots(ofState: state) {
            let node = map.row(partition)[slot].int
            guard node < group.nodeCount, cluster.status[node].isReadable else { continue }
            have[stateNames.count][node] += 1
            if let place { have[place][node] += 1 }
          }
        }
      }
      if let times { add(due, cluster, times: times) }
    }

    mutating func add(_ due: JudgedDue, _ cluster: DenseCluster, times: Int) {
      let factor = Rational(times)
      func accumulate(_ shares: [Rational], into place: Int) {
        // Equal nodes share one rational, and mostly one sum so far.
        var latest: (share: Rational, before: Rational, after: Rational)?
        for node in shares.indices {
          if latest?.share !== shares[node] || latest?.before !== self.due[place][node] {
            latest = (shares[node], self.due[place][node], self.due[place][node] + shares[node] * factor)
          }
          self.due[place][node] = latest!.after
        }
      }
      accumulate(due.total, into: stateNames.count)
      for (state, about) in cluster.cluster.settings.model.states.enumerated() where !due.ofState[state].isEmpty {
        if let place = stateNames.firstIndex(of: about.name) { accumulate(due.ofState[state], into: place) }
      }
      for node in due.hasWeight.indices where due.hasWeight[node] { hasWeight[node] = true }
    }

    /// Replicas that nodes hold of all maps above what they are due, or lack below it, whichever is more.
    var off: Int {
      let tolerance = group.group.shared.settings.exactTolerance
      var (above, below) = (0, 0)
      for (node, about) in group.group.shared.nodes.enumerated() where about.status.hasShare {
        let (held, tolerated) = (
          have[stateNames.count][node], Tolerated(due[stateNames.count][node], tolerance: tolerance)
        )
        above += max(0, held - tolerated.aboveMost)
        below += max(0, tolerated.belowLeast - held)
      }
      return max(above, below)
    }

    /// `weight`: where partitions differ in it, balance is about that.
    func report(_ reports: [Report], _ weight: GroupWeightBalance?) -> Report {
      var sum = Report()
      for report in reports {
        sum.moves += report.moves
        sum.roleChanges += report.roleChanges
        sum.unmet += report.unmet
        sum.brokenSoft += report.brokenSoft
        sum.fanOutOutbound = max(sum.fanOutOutbound, report.fanOutOutbound)
        sum.fanOutInbound = max(sum.fanOutInbound, report.fanOutInbound)
        sum.isBalanced = sum.isBalanced && report.isBalanced
      }
      addCapacities(&sum)
      for place in have.indices { addBalance(place, isByNumber: weight == nil, &sum) }
      if let weight {
        sum.inWeight = weight.report
        sum.isBalanced = sum.isBalanced && weight.isBalanced
        sum.findings += weight.findings
      }
      let states: [Health] = [.green, .yellow, .red]
      sum.health = reports.map(\.health).max { states.firstIndex(of: $0)! < states.firstIndex(of: $1)! } ?? .green
      if sum.health == .green, sum.unmet > 0 { sum.health = .yellow }
      sum.moreFindings = max(0, sum.findings.count - Report.mostFindings)
      sum.findings = Array(sum.findings.prefix(Report.mostFindings))
      return sum
    }

    private func addCapacities(_ sum: inout Report) {
      for (node, about) in group.group.shared.nodes.enumerated() {
        guard let capacity = about.capacity, about.status.isReadable else { continue }
        let held = have[stateNames.count][node]
        guard held > capacity else { continue }
        sum.unmet += held - capacity
        sum.findings.append(
          Finding(
            strength: .hard, rule: "nodes.\(about.name).capacity", node: about.name, want: capacity, have: held,
            because: "\(about.name) may hold \(capacity) replicas of all maps and holds \(held)"))
      }
    }

    /// The spread of one state or of the total, and the node that is farthest from its due, if that is more than 1.
    private func addBalance(_ place: Int, isByNumber: Bool, _ sum: inout Report) {
      let what = place < stateNames.count ? stateNames[place] : "total"
      let tolerance = group.group.shared.settings.exactTolerance
      var spread: LoadSpread?
      var worst = (distance: 1, node: -1, want: 0)
      for (node, about) in group.group.shared.nodes.enumerated() where about.status.hasShare {
        let (held, due) = (have[place][node], due[place][node])
        let tolerated = Tolerated(due, tolerance: tolerance)
        let distance = tolerated.distance(held)
        if distance > worst.distance { worst = (distance, node, tolerated.nearest(to: held)) }
        guard hasWeight[node] else { continue }
        let so = spread ?? LoadSpread(least: held, greatest: held, leastDue: due, greatestDue: due)
        spread = LoadSpread(
          least: min(so.least, held), greatest: max(so.greatest, held), leastDue: min(so.leastDue, due),
          greatestDue: max(so.greatestDue, due))
      }
      if let spread {
        if place < stateNames.count { sum.load.append((what, spread)) } else { sum.total = spread }
      }
      guard worst.node >= 0, isByNumber else { return }
      sum.isBalanced = false
      let name = group.group.shared.nodes[worst.node].name
      let replicas = place < stateNames.count ? "replicas as \(what)" : "replicas in all"
      sum.findings.append(
        Finding(
          strength: .soft, rule: "balance.\(what)", node: name, want: worst.want, have: have[place][worst.node],
          because:
            "\(name) is due \(due[place][worst.node]) \(replicas) of all maps and holds \(have[place][worst.node])"))
    }
  }
}
