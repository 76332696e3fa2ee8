/// The limit on peers, recounted: `Judge.Peers` has the counts.
extension FanOutLimit {
  /// What it leaves any partition at most, where that is less than what is asked for.
  func ceiling(_ context: Judge.CheckContext) -> Judge.Reasons.Ceiling? {
    guard let most = DenseCluster.mostHolders(context.settings),
      most < DenseCluster.holdingData(context.settings).reduce(0, +)
    else { return nil }
    let side = inbound == 0 ? "inbound allows 0" : "outbound allows \(most - 1)"
    return Judge.Reasons.Ceiling(
      states: context.dataStates(of: context.model.states.indices), most: most,
      because: "fanOut.\(side), so that a partition has at most \(context.replicas(most))")
  }

  /// Of a hard limit on peers: a master replicates to all others, so a partition has as many replicas as that may be,
  /// and the master's own. O(states), and O(N + containers) for the remedies.
  func shortage(_ dense: DenseCluster, held: Resting) -> Shortage? {
    let settings = dense.cluster.settings
    let wanted = DenseCluster.holdingData(settings)
    let inAll = wanted.reduce(0, +)
    guard let most = DenseCluster.mostHolders(settings), most < inAll else { return nil }
    let states = wanted.indices.filter { wanted[$0] > 0 }
    var remedies: [Remedy] = []
    if Shortage.hasRoom(dense, held: held, .init(wanted: wanted)) {
      remedies.append(
        .raiseFanOut(
          outbound: outbound.flatMap { $0 < inAll - 1 ? inAll - 1 : nil }, inbound: inbound == 0 ? wanted[0] : nil))
    }
    for state in states.dropFirst() where inAll - wanted[state] <= most {
      var fewer = wanted
      fewer[state] -= inAll - most
      guard Shortage.hasRoom(dense, held: held, .init(wanted: fewer)) else { continue }
      remedies.append(.lowerConstraint(state: settings.model.states[state].name, to: fewer[state]))
    }
    return Shortage(
      states: states.map { settings.model.states[$0].name }, full: [],
      rule: Shortage.Rule(path: inbound == 0 ? "fanOut.inbound" : "fanOut.outbound", most: most),
      room: dense.partitionCount * most, wanted: dense.partitionCount * inAll, remedies: remedies)
  }
}

extension Judge.Peers {
  /// Why a row with `node` in `state` has more peers than a hard limit allows.
  func tooMany(_ node: Int, _ state: Int, _ after: [(node: Int, state: Int)]) -> [String] {
    guard let limit = context.settings.fanOut, limit.strength == .hard else { return [] }
    var words: [String] = []
    let others = after.filter { $0.node != node && context.model.states[$0.state].holdsData }.map(\.node)
    let masters = state == 0 ? [node] : after.filter { $0.state == 0 }.map(\.node)
    for master in masters {
      let new = (state == 0 ? others : [node]).filter { !replicates(master, to: $0) }
      let out = Int(outbound.base[master]) + new.count
      if !new.isEmpty, let most = limit.outbound, out > most {
        words.append("\(context.nodeName(master)) would replicate to \(out) nodes, and fanOut.outbound allows \(most)")
      }
      for target in new where Int(inbound.base[target]) + 1 > limit.inbound ?? .max {
        words.append("\(inbound.base[target] + 1) nodes would replicate to \(context.nodeName(target)), "
          + "and fanOut.inbound allows \(limit.inbound ?? 0)")
      }
    }
    return words
  }

  /// A hard limit on fan-out keeps the node from holding the partition in `state`.
  func exclude(_ node: Int, _ held: [(node: Int, state: Int)], _ state: Int) -> Bool {
    guard let limit = context.settings.fanOut, limit.strength == .hard else { return false }
    let others = held.filter { $0.node != node }
    let sources = others.filter { $0.state == 0 && !replicates($0.node, to: node) }
    let targets = state == 0 ? others.filter { !replicates(node, to: $0.node) } : []
    let (outbound, inbound) = (outbound.base, inbound.base)
    func exceeds(_ node: Int, out: Int, in newIn: Int) -> Bool {
      (out > 0 && Int(outbound[node]) + out > limit.outbound ?? .max)
        || (newIn > 0 && Int(inbound[node]) + newIn > limit.inbound ?? .max)
    }
    return exceeds(node, out: targets.count, in: sources.count)
      || sources.contains { exceeds($0.node, out: 1, in: 0) } || targets.contains { exceeds($0.node, out: 0, in: 1) }
  }
}

extension Gate {
  /// A node with more peers than a hard limit allows. O(P · R) where there is one.
  static func peers(_ planned: Planned, threads: Int, interrupt: Interrupt?) throws(PlatError) -> PlanFault? {
    guard planned.cluster.cluster.settings.hasHardPeerLimit, !planned.changesStatesOnly else { return nil }
    let context = try Judge.CheckContext(
      planned.cluster, map: planned.map, before: nil, threads: threads, interrupt: interrupt?.quiet)
    for violations in try Judge.Peers(context, Judge.Holders(context)).lists(context) {
      guard let breach = violations.breaches.first else { continue }
      return planned.fault(
        violations.rule == .fanOutInbound ? "fanOut.inbound" : "fanOut.outbound", nil,
        "\(context.nodeName(breach.node)) would have \(breach.have) peers, and \(breach.want) are allowed")
    }
    return nil
  }
}
