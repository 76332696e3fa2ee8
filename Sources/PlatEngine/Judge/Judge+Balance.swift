extension Judge {
  /// How the load lies beside what each node is due.
  struct Balance {
    let due: JudgedDue
    private(set) var load: [(state: String, spread: LoadSpread)] = []
    private(set) var total: LoadSpread?
    private(set) var isBalanced = true
    /// For each wanted state and in total: the node that is farthest from its due, if that is more than 1.
    private(set) var lists: [ViolationList] = []
    private(set) var outside = Outside()

    /// O(N · states).
    init(_ context: CheckContext, _ holders: Holders, due: JudgedDue) {
      self.due = due
      for (state, due) in due.ofState.enumerated() where context.dense.wanted[state] > 0 {
        let spread = weigh(context, holders.loads[state], due, state: state)
        if let spread { load.append((context.model.states[state].name, spread)) }
      }
      total = weigh(context, holders.totals, due.total, state: nil)
    }

    /// The spread over the nodes that may hold something; nil where there are none. Nodes that fail, leave or
    /// are in maintenance lie outside: their status says what they should hold.
    private mutating func weigh(
      _ context: CheckContext, _ have: NodeTable<UInt32>, _ due: [Rational], state: Int?
    ) -> LoadSpread? {
      var least = Int.max
      var greatest = Int.min
      var dues: (least: Rational, greatest: Rational)?
      var worst = (distance: 1, breach: Breach(want: 0, have: 0))
      // Equal nodes share one rational, and follow one another more often than not.
      var latest: Rational?
      let tolerance = context.settings.exactTolerance
      var tolerated = Tolerated(.zero, tolerance: tolerance)
      var outside = 0
      for node in 0..<context.nodeCount where context.dense.status[node].hasShare {
        let have = Int(have.base[node])
        let isNew = latest !== due[node]
        if isNew {
          latest = due[node]
          tolerated = Tolerated(due[node], tolerance: tolerance)
        }
        let distance = tolerated.distance(have)
        outside += max(0, have - tolerated.aboveMost, tolerated.belowLeast - have)
        if distance > worst.distance {
          worst = (distance, Breach(node: node, want: tolerated.nearest(to: have), have: have))
        }
        guard self.due.hasWeight[node] else { continue }
        least = min(least, have)
        greatest = max(greatest, have)
        if isNew || dues == nil {
          dues = (min(dues?.least ?? due[node], due[node]), max(dues?.greatest ?? due[node], due[node]))
        }
      }
      var violations = ViolationList(.balance(state: state), .soft)
      violations.isCounted = false
      if worst.distance > 1 { violations.add(worst.breach) }
      if state == nil {
        self.outside.total = Rational(outside)
      } else {
        self.outside.states = self.outside.states + Rational(outside)
      }
      isBalanced = isBalanced && worst.distance == 1
      lists.append(violations)
      return dues.map { LoadSpread(least: least, greatest: greatest, leastDue: $0.least, greatestDue: $0.greatest) }
    }

    /// Those about weight, with those about states that hold no data, which are counted all the same.
    func lists(beside weight: WeightBalance, _ context: CheckContext) -> [ViolationList] {
      let counted = lists.filter {
        if case .balance(let state?) = $0.rule { return context.dense.dataWanted[state] == 0 }
        return false
      }
      return weight.lists.dropLast() + counted + weight.lists.suffix(1)
    }
  }
}
