extension Judge {
  /// Puts breaches into words.
  struct Words {
    let matter: Matter
    let peers: Peers
    let holders: Holders
    let due: JudgedDue
    /// Where partitions differ in it.
    let weight: WeightBalance?
    /// Why replicas are missing; worked out only where some are.
    let reasons: Reasons?
    /// Of near rules, how many a container can lead; worked out only where masters are out of balance.
    let companies: Companies?

    init(
      _ matter: Matter, _ holders: Holders, _ peers: Peers, _ due: JudgedDue, _ weight: WeightBalance?,
      companies: Companies?
    ) {
      self.companies = companies
      self.matter = matter
      self.peers = peers
      self.holders = holders
      self.due = due
      self.weight = weight
      let isMissing = holders.constraints.contains { $0.count > 0 }
      reasons = isMissing ? Reasons(matter, holders, peers, due) : nil
    }

    /// The first `Report.mostFindings`, in the order of the dockets.
    func findings(_ dockets: [Docket]) -> [Finding] {
      var findings: [Finding] = []
      for docket in dockets {
        for breach in docket.breaches.prefix(Report.mostFindings - findings.count) {
          findings.append(finding(docket, breach))
        }
      }
      prove(&findings)
      return findings
    }

    /// Puts each shortage that no map can help beside the first finding of a state that it leaves replicas missing of;
    /// of several about one state, the one that is short of most comes first.
    private func prove(_ findings: inout [Finding]) {
      guard reasons != nil else { return }
      var shortages = Shortage.all(matter.dense, held: Resting(matter))
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

    private func finding(_ docket: Docket, _ breach: Breach) -> Finding {
      var container: String?
      if breach.container >= 0, case .placement(let index) = docket.rule {
        container = matter.containerName(level: matter.settings.containerRule(index).level, breach.container)
      }
      let (want, have) = numbers(docket.rule, breach)
      return Finding(
        strength: docket.strength, rule: path(docket.rule, breach),
        partition: breach.partition < 0 ? nil : matter.dense.cluster.partitionName(breach.partition),
        node: breach.node < 0 ? nil : matter.nodeName(breach.node), container: container, want: want, have: have,
        because: because(docket.rule, breach))
    }

    /// Of weights, in the document's own numbers where those are whole; else 1 node in balance wanted, 0 had.
    private func numbers(_ rule: Rule, _ breach: Breach) -> (want: Int, have: Int) {
      guard case .balance(let state) = rule, let weight, state.map({ matter.dense.dataWanted[$0] > 0 }) ?? true else {
        return (breach.want, breach.have)
      }
      let (want, have) = (weight.weights.exact(breach.want), weight.weights.exact(breach.have))
      guard want.isInteger, have.isInteger, let wanted = want.parts, let had = have.parts else { return (1, 0) }
      return (wanted.numerator, had.numerator)
    }

    private func path(_ rule: Rule, _ breach: Breach) -> String {
      switch rule {
      case .constraint(let state): "constraints.\(matter.model.states[state].name)"
      case .oneReplicaOnANode: "placement.node"
      case .placement(let index): matter.settings.ruleName(index)
      case .place(let index): matter.places[index].rule.name
      case .capacity: "nodes.\(matter.nodeName(breach.node)).capacity"
      case .status: "nodes.\(matter.nodeName(breach.node)).status"
      case .fanOutOutbound: "fanOut.outbound"
      case .fanOutInbound: "fanOut.inbound"
      case .moveBudget: "balance.moveBudget"
      case .balance(let state): "balance.\(state.map { matter.model.states[$0].name } ?? "total")"
      }
    }

    private func because(_ rule: Rule, _ breach: Breach) -> String {
      let (want, have) = (breach.want, breach.have)
      let node = breach.node < 0 ? "" : matter.nodeName(breach.node)
      switch rule {
      case .constraint(let state):
        if have < want { return reasons?.whyMissing(breach.partition, state) ?? "" }
        let name = matter.model.states[state].name
        let holders = matter.list(matter.liveHolders(of: breach.partition, inState: state).map(matter.nodeName))
        return "\(holders) have it as \(name), and constraints.\(name) asks for \(want)"
      case .oneReplicaOnANode:
        return "\(node) holds it \(have) times, and two replicas of a partition never share a node"
      case .placement(let index):
        return matter.settings.containerRule(index).because(breach, matter)
      case .place(let index):
        return becausePlace(index, breach)
      case .capacity:
        return "\(node) may hold \(matter.replicas(want)) and holds \(have)"
      case .status:
        return becauseStatus(breach)
      case .fanOutOutbound:
        return "the masters on \(node) replicate to \(have) other nodes, and fanOut.outbound allows \(want)"
      case .fanOutInbound:
        return "\(have) other nodes replicate to \(node), and fanOut.inbound allows \(want)"
      case .balance(let state):
        if let weight, state.map({ matter.dense.dataWanted[$0] > 0 }) ?? true {
          let due = state.map { weight.due.ofState[$0][breach.node] } ?? weight.due.total[breach.node]
          let what = state.map { "the weight of replicas as \(matter.model.states[$0].name)" } ?? "the weight in all"
          return "\(node) is due \(due * weight.weights.unit) of \(what) and holds \(weight.weights.exact(breach.have))"
        }
        let due = state.map { self.due.ofState[$0][breach.node] } ?? self.due.total[breach.node]
        let what = state.map { "replicas as \(matter.model.states[$0].name)" } ?? "replicas in all"
        let why = state == 0 && have < want ? companies?.why(matter, breach.node).map { "; \($0)" } : nil
        return "\(node) is due \(due) \(what) and holds \(have)\(tolerated(due))\(why ?? "")"
      case .moveBudget:
        let budget = matter.settings.balance.moveBudget ?? 0
        return
          "held back by moveBudget: at least \(want - have) more \(want - have == 1 ? "move" : "moves") for balance "
          + "alone, beside \(have) made of \(budget)"
      }
    }

    private func tolerated(_ due: Rational) -> String {
      let tolerance = matter.settings.exactTolerance
      guard tolerance.sign > 0 else { return "" }
      let window = Judge.Tolerated(due, tolerance: tolerance)
      return ": a tolerance of \(tolerance) is \(window.belowLeast) to \(window.aboveMost)"
    }
  }
}

extension Judge.Matter {
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
