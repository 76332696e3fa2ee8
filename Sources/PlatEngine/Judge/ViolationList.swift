extension Judge {
  /// What a finding is about. The order of the cases is the order of findings.
  enum Rule: Equatable {
    case constraint(state: Int)
    case oneReplicaOnANode
    case placement(Int)
    /// Of `settings.places`.
    case place(Int)
    case capacity
    case status
    case fanOutOutbound
    case fanOutInbound
    /// nil: in total.
    case balance(state: Int?)
    /// Moves for balance alone that are still to be made.
    case moveBudget
  }

  /// One breach of a rule, in numbers. -1: not about a partition, a container or a node.
  struct Breach {
    var partition = -1
    /// Its place among the containers of the rule's level.
    var container = -1
    var node = -1
    var want: Int
    var have: Int
  }

  /// All breaches of one rule: every one counted, the first `Report.mostFindings` kept.
  struct ViolationList {
    let rule: Rule
    let strength: Strength
    /// Its breaches count in `unmet` or `brokenSoft`.
    var isCounted = true
    private(set) var breaches: [Breach] = []
    private(set) var count = 0
    /// Replicas or peers too many or too few, over all breaches.
    private(set) var excess = 0

    init(_ rule: Rule, _ strength: Strength) {
      self.rule = rule
      self.strength = strength
    }

    @inline(never) mutating func add(_ breach: Breach) {
      count += 1
      excess += abs(breach.have - breach.want)
      if breaches.count < Report.mostFindings { breaches.append(breach) }
    }

    /// Adds those that were found behind its own, in their order.
    mutating func append(_ later: ViolationList) {
      count += later.count
      excess += later.excess
      breaches += later.breaches.prefix(Report.mostFindings - breaches.count)
    }
  }
}
