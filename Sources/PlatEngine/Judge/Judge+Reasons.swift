extension Judge {
  /// Why replicas are missing, found by looking for a node that could take them.
  ///
  /// What is so for every partition is worked out once: what hard rules leave at most, which nodes have room,
  /// which boxes are full. The rest is asked partition by partition, skipping containers that can't take it.
  struct Reasons {
    let context: CheckContext
    let peers: Peers
    /// Limits on what any partition can have, whatever the map.
    let ceilings: [Ceiling]
    /// For each node, the first active node from there on that has room; N: none.
    private let nextOpen: [Int]
    /// And the first that is active at all: room matters to what holds data.
    private let nextActive: [Int]
    /// Active nodes that hold all they may.
    private let full: [Int]
    private let shortage: String?
    private let holders: Holders

    init(_ context: CheckContext, _ holders: Holders, _ peers: Peers, _ due: JudgedDue) {
      self.context = context
      self.holders = holders
      self.peers = peers
      ceilings = Ceiling.all(context)
      let dense = context.dense
      let active = (0..<dense.nodeCount).filter { dense.status[$0].mayReceive }
      let isFull = { (node: Int) in
        dense.cluster.nodes[node].capacity.map {
          Int(holders.totals.base[node]) >= (dense.capacityPart == nil ? $0 : dense.capacity[node])
        } ?? false
      }
      full = active.filter(isFull)
      var nextOpen = [Int](repeating: dense.nodeCount, count: dense.nodeCount + 1)
      var nextActive = nextOpen
      for node in (0..<dense.nodeCount).reversed() {
        nextOpen[node] = dense.status[node].mayReceive && !isFull(node) ? node : nextOpen[node + 1]
        nextActive[node] = dense.status[node].mayReceive ? node : nextActive[node + 1]
      }
      self.nextOpen = nextOpen
      self.nextActive = nextActive
      shortage = Reasons.shortage(context, due)
    }

    /// Why a partition has fewer replicas in a state than asked. O(containers + nodes with room) at most.
    func whyMissing(_ partition: Int, _ state: Int) -> String {
      let row = Row(context, partition)
      var parts: [String] = []
      if !row.failed.isEmpty {
        let names = context.list(row.failed.map(context.nodeName))
        parts.append(
          row.held.isEmpty ? "no live copy is left: \(names) failed" : "failed: \(names), where it was")
      }
      parts.append(whyNobody(row, state))
      return parts.joined(separator: "; ")
    }

    private func whyNobody(_ row: Row, _ state: Int) -> String {
      let successor = row.held.first {
        $0.state != 0 && context.model.states[$0.state].holdsData && context.dense.status[$0.node].mayReceive
      }
      if state == 0, let successor {
        return "\(context.nodeName(successor.node)) has its data and could become \(context.model.states[0].name)"
      }
      let bars = Bar.all(context, row, state)
      var barred = bars.map { _ in [Int]() }
      var atFanOut = 0
      let nextOpen = context.model.states[state].holdsData ? nextOpen : nextActive
      var node = nextOpen[0]
      let holds = row.holds(context)
      var kept = Set<Int>()
      search: while node < context.nodeCount {
        if holds[node] {
          node = nextOpen[node + 1]
          continue
        }
        if let place = context.placeThatBars(node, row, state) {
          kept.insert(place)
          node = nextOpen[node + 1]
          continue
        }
        for (index, bar) in bars.enumerated() {
          let level = context.dense.levels[bar.level]
          let container = level.containerOfNode[node].int
          if bar.containers.contains(container) != bar.admits {
            barred[index].append(container)
            node = nextOpen[level.nodes[container].upperBound]
            continue search
          }
        }
        guard peers.exclude(node, row.held, state) else { return "node \(context.nodeName(node)) could take it" }
        atFanOut += 1
        node = nextOpen[node + 1]
      }
      for ceiling in ceilings where ceiling.states.contains(state) {
        let have = row.held.count { ceiling.states.contains($0.state) && context.dense.status[$0.node].mayReceive }
        if have >= ceiling.most { return ceiling.because }
      }
      let reason = whyNone(row, bars, barred, atFanOut, kept.sorted())
      return shortage.map { "\(reason); \($0)" } ?? reason
    }

    /// No node that has room may take it: says what bars them.
    private func whyNone(_ row: Row, _ bars: [Bar], _ barred: [[Int]], _ atFanOut: Int, _ places: [Int]) -> String {
      let left = full.isEmpty ? "left" : "with room"
      var parts: [String] = []
      for (bar, containers) in zip(bars, barred) where !containers.isEmpty {
        let names = context.list(containers.map { context.containerName(level: bar.level, $0) })
        let level = context.dense.cluster.levels[bar.level]
        let boxes = containers.count == 1 ? "\(level) \(names) holds" : "\(Words.plural(level)) \(names) hold"
        if bar.admits {
          parts.append("\(boxes) nodes \(left), but \(context.settings.ruleName(bar.rule)) wants it elsewhere")
        } else if containers.count == 1, bar.most == 1 {
          parts.append("\(boxes) the only nodes \(left), and it already has this partition")
        } else {
          parts.append(
            "\(boxes) the only nodes \(left), and \(context.settings.ruleName(bar.rule)) allows "
              + "\(context.replicas(bar.most)) of this partition in each")
        }
      }
      if atFanOut > 0 { parts.append("fanOut allows no more peers for the \(atFanOut) nodes \(left)") }
      parts += places.map { context.places[$0].rule.words(context.model) }
      if !parts.isEmpty { return parts.joined(separator: "; ") }
      let holds = row.holds(context)
      let others = full.filter { !holds[$0] }
      if !others.isEmpty {
        let loads = others.map { node in
          "\(context.nodeName(node)): \(holders.totals.base[node]) of \(context.dense.cluster.nodes[node].capacity ?? 0)"
        }
        return "every node that could take it is at its capacity (\(context.list(loads)))"
      }
      if let place = context.placesThatEmpty.first {
        return "every other node that may have it already does: \(place.rule.words(context.model))"
      }
      return context.dense.status.contains(where: \.mayReceive)
        ? "every active node already has it" : "no node is active"
    }

    /// Which boxes are full where not everything wanted finds room. O(N + containers).
    private static func shortage(_ context: CheckContext, _ due: JudgedDue) -> String? {
      let dense = context.dense
      let demand = Rational(dense.partitionCount) * Rational(dense.replicas)
      func sum(_ nodes: Range<Int>) -> Rational { nodes.reduce(.zero) { $0 + due.total[$1] } }
      let had = sum(0..<dense.nodeCount)
      guard had < demand else { return nil }
      var names: [String] = []
      var isInFull = [Bool](repeating: false, count: dense.nodeCount)
      for (level, cap) in totalCaps(dense).enumerated() {
        guard let cap else { continue }
        for (index, nodes) in dense.levels[level].nodes.enumerated() {
          guard !nodes.isEmpty, !isInFull[nodes.lowerBound], sum(nodes) >= Rational(cap) else { continue }
          names.append("\(context.container(level: level, index)): \(cap)")
          for node in nodes { isInFull[node] = true }
        }
      }
      for node in 0..<dense.nodeCount where dense.status[node].mayReceive && !isInFull[node] {
        if due.total[node] >= Rational(dense.capacity[node]) {
          names.append("\(context.nodeName(node)): \(dense.capacity[node])")
        }
      }
      let all = "in all, \(had) of \(demand) replicas find room"
      return names.isEmpty ? all : "\(all); full: \(context.list(names))"
    }
  }
}
