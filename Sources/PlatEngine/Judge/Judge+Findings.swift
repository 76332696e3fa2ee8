extension Judge {
  /// Puts breaches into words.
  struct Words {
    let context: CheckContext
    let peers: Peers
    let holders: Holders
    let due: JudgedDue
    /// Where partitions differ in it.
    let weight: WeightBalance?
    /// Why replicas are missing; worked out only where some are.
    let reasons: Reasons?
    /// Of near rules, how many a container can lead; worked out only where masters are out of balance.
    let groups: ColocationGroups?

    init(
      _ context: CheckContext, _ holders: Holders, _ peers: Peers, _ due: JudgedDue, _ weight: WeightBalance?,
      groups: ColocationGroups?
    ) {
      self.groups = groups
      self.context = context
      self.peers = peers
      self.holders = holders
      self.due = due
      self.weight = weight
      let isMissing = holders.constraints.contains { $0.count > 0 }
      reasons = isMissing ? Reasons(context, holders, peers, due) : nil
    }

    /// The first `Report.mostFindings`, in the order of the lists.
    func findings(_ lists: [ViolationList]) -> [Finding] {
      var findings: [Finding] = []
      for violations in lists {
        for breach in violations.breaches.prefix(Report.mostFindings - findings.count) {
          findings.append(finding(violations, breach))
        }
      }
      prove(&findings)
      return findings
    }

    /// Puts each shortage that no map can help beside the first finding of a state that it leaves replicas missing of;
    /// of several about one state, the one that is short of most comes first.
    private func prove(_ findings: inout [Finding]) {
      guard reasons != nil else { return }
      var shortages = Shortage.all(context.dense, held: Resting(context))
      shortages = shortages.indices.sorted { (-shortages[$0].short, $0) < (-shortages[$1].short, $1) }.map {
        shortages[$0]
      }
      for index in findings.indices where findings[index].have < findings[index].want && !shortages.isEmpty {
        guard findings[index].rule.hasPrefix("constraints.") else { continue }
        let state = String(findings[index].rule.dropFirst("constraints.".count))
        guard let found = shortages.firstIndex(where: { $0.states.contains(state) }) else { continue }
        findings[index].shortage = shortages[found]
        // One proof is enough for a state.
        shortages.removeAll { $0.states.contains(state) }
      }
    }

    private func finding(_ violations: ViolationList, _ breach: Breach) -> Finding {
      var container: String?
      if breach.container >= 0, case .placement(let index) = violations.rule {
        container = context.containerName(level: context.settings.containerRule(index).level, breach.container)
      }
      let (want, have) = numbers(violations.rule, breach)
      return Finding(
        strength: violations.strength, rule: path(violations.rule, breach),
        partition: breach.partition < 0 ? nil : context.dense.cluster.partitionName(breach.partition),
        node: breach.node < 0 ? nil : context.nodeName(breach.node), container: container, want: want, have: have,
        because: because(violations.rule, breach))
    }

    /// Of weights, in the document's own numbers where those are whole; else 1 node in balance wanted, 0 had.
    private func numbers(_ rule: Rule, _ breach: Breach) -> (want: Int, have: Int) {
      guard case .balance(let state) = rule, let weight, state.map({ context.dense.dataWanted[$0] > 0 }) ?? true else {
        return (breach.want, breach.have)
      }
      let (want, have) = (weight.weights.exact(breach.want), weight.weights.exact(breach.have))
      guard want.isInteger, have.isInteger, let wanted = want.parts, let had = have.parts else { return (1, 0) }
      return (wanted.numerator, had.numerator)
    }

    private func path(_ rule: Rule, _ breach: Breach) -> String {
      switch rule {
      case .constraint(let state): "constraints.\(context.model.states[state].name)"
      case .oneReplicaOnANode: "placement.node"
      case .placement(let index): context.settings.ruleName(index)
      case .place(let index): context.places[index].rule.name
      case .capacity: "nodes.\(context.nodeName(breach.node)).capacity"
      case .status: "nodes.\(context.nodeName(breach.node)).status"
      case .fanOutOutbound: "fanOut.outbound"
      case .fanOutInbound: "fanOut.inbound"
      case .moveBudget: "balance.moveBudget"
      case .balance(let state): "balance.\(state.map { context.model.states[$0].name } ?? "total")"
      }
    }

    private func because(_ rule: Rule, _ breach: Breach) -> String {
      let (want, have) = (breach.want, breach.have)
      let node = breach.node < 0 ? "" : context.nodeName(breach.node)
      switch rule {
      case .constraint(let state):
        if have < want { return reasons?.whyMissing(breach.partition, state) ?? "" }
        let name = context.model.states[state].name
        let holders = context.list(context.liveHolders(of: breach.partition, inState: state).map(context.nodeName))
        return "\(holders) have it as \(name), and constraints.\(name) asks for \(want)"
      case .oneReplicaOnANode:
        return "\(node) holds it \(have) times, and two replicas of a partition never share a node"
      case .placement(let index):
        return context.settings.containerRule(index).because(breach, context)
      case .place(let index):
        return becausePlace(index, breach)
      case .capacity:
        return "\(node) may hold \(context.replicas(want)) and holds \(have)"
      case .status:
        return becauseStatus(breach)
      case .fanOutOutbound:
        return "the masters on \(node) replicate to \(have) other nodes, and fanOut.outbound allows \(want)"
      case .fanOutInbound:
        return "\(have) other nodes replicate to \(node), and fanOut.inbound allows \(want)"
      case .balance(let state):
        if let weight, state.map({ context.dense.dataWanted[$0] > 0 }) ?? true {
          let due = state.map { weight.due.ofState[$0][breach.node] } ?? weight.due.total[breach.node]
          let what = state.map { "the weight of replicas as \(context.model.states[$0].name)" } ?? "the weight in all"
          return "\(node) is due \(due * weight.weights.unit) of \(what) and holds \(weight.weights.exact(breach.have))"
        }
        let due = state.map { self.due.ofState[$0][breach.node] } ?? self.due.total[breach.node]
        let what = state.map { "replicas as \(context.model.states[$0].name)" } ?? "replicas in all"
        let why = state == 0 && have < want ? groups?.why(context, breach.node).map { "; \($0)" } : nil
        return "\(node) is due \(due) \(what) and holds \(have)\(tolerated(due))\(why ?? "")"
      case .moveBudget:
        let budget = context.settings.balance.moveBudget ?? 0
        return
          "held back by moveBudget: at least \(want - have) more \(want - have == 1 ? "move" : "moves") for balance "
          + "alone, beside \(have) made of \(budget)"
      }
    }

    private func tolerated(_ due: Rational) -> String {
      let tolerance = context.settings.exactTolerance
      guard tolerance.sign > 0 else { return "" }
      let window = Judge.Tolerated(due, tolerance: tolerance)
      return ": a tolerance of \(tolerance) is \(window.belowLeast) to \(window.aboveMost)"
    }
  }
}

extension Judge.CheckContext {
  func nodeName(_ node: Int) -> String { dense.cluster.nodes[node].name }

  func containerName(level: Int, _ container: Int) -> String {
    dense.cluster.containers[dense.levels[level].modelContainer[container]].name
  }

  /// `zone z1`.
  func container(level: Int, _ container: Int) -> String {
    "\(dense.cluster.levels[level]) \(containerName(level: level, container))"
  }

  func replicas(_ count: Int) -> String { count == 1 ? "1 replica" : "\(count) replicas" }

  /// `a, b and c`; beyond eight `a, b, … and 7 more`.
  func list(_ names: [String]) -> String {
    guard names.count > 1 else { return names.first ?? "none" }
    if names.count <= 8 { return names.dropLast().joined(separator: ", ") + " and " + names[names.count - 1] }
    return names.prefix(6).joined(separator: ", ") + " and \(names.count - 6) more"
  }
}
