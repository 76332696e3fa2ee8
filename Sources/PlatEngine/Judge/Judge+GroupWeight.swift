extension Judge {
  /// How the weight of all maps together lies beside what each node is due of it.
  ///
  /// A node is due the sum of what it would be due of each map if partitions could be cut; but where it holds one
  /// heavier than that, of this partition's map what it is due there (`WeightDue`). It is balanced where it is off
  /// that, in every state and in total, by no more than the heaviest partition of any map that fits its due in all, and
  /// by the part that the settings tolerate. Where all that fits does not fill the nodes that are due no more, or not
  /// this one alone, it may stay below.
  struct GroupWeightBalance {
    private(set) var report: WeightReport
    private(set) var isBalanced = true
    private(set) var findings: [Finding] = []
    /// Of each node, of all maps: what it holds and is due, and between which weights it is balanced.
    private(set) var total: [(held: Int, due: Rational, window: ClosedRange<Int>)] = []
    private let group: DenseGroup
    private let weights: GroupWeights

    /// Of one map, in the group's numbers.
    private struct Share {
      var held: [Int]
      var free: [Rational]
      var pinned: [Rational]
    }

    /// O(Σ P log Σ P + Σ P · R), and exact arithmetic for each kind of node of each map.
    init(
      _ group: DenseGroup, _ weights: GroupWeights, _ maps: [PlacementMap], _ reports: [Report]
    ) throws(PlatError) {
      (self.group, self.weights) = (group, weights)
      let moves = reports.enumerated().reduce(Rational.zero) { sum, report in
        sum + (report.element.inWeight?.moves ?? Rational(report.element.moves) * weights.of[report.offset].unit)
      }
      report = WeightReport(moves: moves, load: [], total: nil)
      var names: [String] = []
      var shares: [[String?: Share]] = []
      var heaviest: [[Int]] = []
      for (map, cluster) in group.clusters.enumerated() {
        let context = try CheckContext(cluster, map: maps[map], before: nil)
        let held = Weighed(context, weights.of[map])
        let (free, pinned) = (
          WeightDue(cluster, weights.of[map], held.asSand()), WeightDue(cluster, weights.of[map], held)
        )
        let scale = Rational(weights.scale[map])
        func share(_ held: [Int], _ free: [Rational], _ pinned: [Rational]) -> Share {
          Share(
            held: held.map { $0 * weights.scale[map] }, free: free.map { $0 * scale }, pinned: pinned.map { $0 * scale }
          )
        }
        var ofMap: [String?: Share] = [nil: share(held.total, free.total, pinned.total)]
        for (state, about) in context.model.states.enumerated() where cluster.dataWanted[state] > 0 {
          if !names.contains(about.name) { names.append(about.name) }
          ofMap[about.name] = share(held.ofState[state], free.ofState[state], pinned.ofState[state])
        }
        shares.append(ofMap)
        heaviest.append(held.heaviest.map { $0 * weights.scale[map] })
      }
      let isPinned = Self.pinned(group, shares, heaviest)
      func sum(_ name: String?) -> (held: [Int], due: [Rational]) {
        var (held, due) = (
          [Int](repeating: 0, count: group.nodeCount), [Rational](repeating: .zero, count: group.nodeCount)
        )
        for (map, share) in shares.enumerated() {
          guard let share = share[name] else { continue }
          for node in held.indices {
            held[node] += share.held[node]
            due[node] = due[node] + (isPinned[map] ? share.pinned : share.free)[node]
          }
        }
        return (held, due)
      }
      let all = sum(nil)
      let tolerances = tolerances(all.due)
      let part = group.group.shared.settings.exactTolerance
      total = all.held.enumerated().map { node, held in
        let off = Rational(tolerances[node].weight) + all.due[node] * part
        let (low, high) = (all.due[node] - off, max(0, (all.due[node] + off).floor ?? .max))
        let least = tolerances[node].mayStayBelow ? 0 : max(0, (low.floor ?? 0) + (low.isInteger ? 0 : 1))
        return (held, all.due[node], min(least, high)...high)
      }
      for name in names {
        let (held, due) = sum(name)
        if let spread = weigh(name, held, due, tolerances) { report.load.append((name, spread)) }
      }
      report.total = weigh(nil, all.held, all.due, tolerances)
    }

    /// The maps of which some node holds a partition that is heavier than what it is due of all.
    private static func pinned(_ group: DenseGroup, _ shares: [[String?: Share]], _ heaviest: [[Int]]) -> [Bool] {
      var isPinned = shares.map { _ in false }
      var due = [Rational](repeating: .zero, count: group.nodeCount)
      for share in shares { for node in due.indices { due[node] = due[node] + share[nil]!.free[node] } }
      func isOversized(_ map: Int) -> Bool {
        due.indices.contains { node in
          group.group.shared.nodes[node].status.hasShare && due[node].sign > 0
            && due[node] < Rational(heaviest[map][node])
        }
      }
      while let map = shares.indices.first(where: { !isPinned[$0] && isOversized($0) }) {
        isPinned[map] = true
        let share = shares[map][nil]!
        for node in due.indices { due[node] = due[node] + (share.pinned[node] - share.free[node]) }
      }
      return isPinned
    }

    /// For each node the heaviest partition that fits its due, and whether it may stay below.
    private func tolerances(_ due: [Rational]) -> [(weight: Int, mayStayBelow: Bool)] {
      var sizes: [(size: Int, replicas: Int)] = []
      for (map, cluster) in group.clusters.enumerated() {
        for weight in weights.of[map].of { sizes.append((weight * weights.scale[map], cluster.replicas)) }
      }
      sizes.sort { $0.size < $1.size }
      // What all up to a place weigh: one of each, and all replicas.
      var (once, all) = ([0], [0])
      for (size, replicas) in sizes {
        once.append(once.last! + size)
        all.append(all.last! + size * replicas)
      }
      func fitting(_ due: Int) -> Int {
        var (low, high) = (0, sizes.count)
        while low < high {
          let middle = (low + high) / 2
          if sizes[middle].size <= due { low = middle + 1 } else { high = middle }
        }
        return low
      }
      let whole = due.map { $0.floor ?? .max }
      let free = whole.indices.filter { group.group.shared.nodes[$0].status.hasShare }.sorted {
        (whole[$0], $0) < (whole[$1], $1)
      }
      var tolerances = whole.map { whole in
        let fits = fitting(whole)
        let heaviest = fits > 0 ? sizes[fits - 1].size : 0
        return (weight: heaviest, mayStayBelow: heaviest == 0 || once[fits] < whole)
      }
      var (sum, first) = (0, 0)
      for (place, node) in free.enumerated() {
        sum += whole[node]
        guard place + 1 == free.count || whole[free[place + 1]] > whole[node] else { continue }
        if sum > all[fitting(whole[node])] { for node in free[first...place] { tolerances[node].mayStayBelow = true } }
        first = place + 1
      }
      return tolerances
    }

    /// `name`: of a state; nil: in all.
    private mutating func weigh(
      _ name: String?, _ held: [Int], _ due: [Rational], _ tolerances: [(weight: Int, mayStayBelow: Bool)]
    ) -> WeightSpread? {
      let part = group.group.shared.settings.exactTolerance
      var spread: WeightSpread?
      var worst: (beyond: Rational, node: Int)?
      for (node, about) in group.group.shared.nodes.enumerated() where about.status.hasShare {
        let off = Rational(held[node]) - due[node]
        let beyond = off.sign >= 0 || !tolerances[node].mayStayBelow
          ? (off.sign < 0 ? .zero - off : off) - Rational(tolerances[node].weight) - due[node] * part : .zero
        if beyond.sign > 0, worst.map({ beyond > $0.beyond }) ?? true { worst = (beyond, node) }
        guard Rational(about.weight).sign > 0 else { continue }
        let (has, share) = (weights.exact(held[node]), due[node] * weights.unit)
        let so = spread ?? WeightSpread(least: has, greatest: has, leastDue: share, greatestDue: share)
        spread = WeightSpread(
          least: min(so.least, has), greatest: max(so.greatest, has), leastDue: min(so.leastDue, share),
          greatestDue: max(so.greatestDue, share))
      }
      if let node = worst?.node { add(name, node, held[node], due[node]) }
      return spread
    }

    private mutating func add(_ name: String?, _ node: Int, _ held: Int, _ due: Rational) {
      isBalanced = false
      let about = group.group.shared.nodes[node].name
      let (want, have) = ((due * weights.unit).floor, weights.exact(held).floor)
      let what = name.map { "the weight of replicas as \($0)" } ?? "the weight in all"
      findings.append(
        Finding(
          strength: .soft, rule: "balance.\(name ?? "total")", node: about, want: want ?? .max, have: have ?? .max,
          because: "\(about) is due \(due * weights.unit) of \(what) of all maps and holds \(weights.exact(held))"))
    }
  }
}
