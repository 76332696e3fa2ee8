/// `Keep` for rows too wide to be compared slot by slot: the same by sorting and counting.
extension Keep {
  /// Each replica goes to a free slot of its state, or else to any free slot, the last first. Where there are too many,
  /// those go, masters aside, whose nodes hold most so far. O(R log R).
  static func keepWideRelaid(
    _ problem: Problem, _ held: UnsafeMutablePointer<NodeIndex>, _ row: UnsafeMutablePointer<NodeIndex>,
    placement: inout Placement
  ) -> Int {
    let current = problem.current!
    let states = problem.cluster.cluster.settings.model.states
    var kept = 0
    var left: [NodeIndex] = []
    var first = 0  // of the state's slots in `row`
    for state in current.slotCounts.indices {
      var next = first
      first += problem.wanted[state]
      guard states[state].holdsData else { continue }
      for column in current.slots(ofState: state) {
        let node = held[column]
        guard node != .none, problem.keeps[node] else { continue }
        if next < first {
          row[next] = node
          next += 1
          kept += 1
        } else {
          left.append(node)
        }
      }
    }
    var slot = problem.replicas - 1
    var taken = 0
    while taken < left.count, slot >= 0 {
      if row[slot] == .none {
        row[slot] = left[taken]
        taken += 1
        kept += 1
      }
      slot -= 1
    }
    guard taken < left.count, problem.replicas > 0 else { return kept }
    placement.letGo += left.count - taken
    let load = placement.load
    var slots = Array(problem.wanted[0]..<problem.replicas)
    var others = Array(left[taken...])
    slots.sort { (load[row[$1]], $0) < (load[row[$0]], $1) }  // fullest first
    others.sort { (load[$0], $0) < (load[$1], $1) }
    for (slot, node) in zip(slots, others) {
      guard load[row[slot]] > load[node] else { break }
      row[slot] = node
    }
    return kept
  }

  /// Takes out what breaks a hard rule, later slots first to go. Returns how many went. O(R · hard rules).
  static func dropIllegalWide(_ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>) -> Int {
    var dropped = 0
    for cap in problem.hard {
      cap.withCounts { counts in
        for slot in 0..<problem.replicas where row[slot] != .none {
          let container = cap.containerOfNode[row[slot]].int
          if Int(counts[container]) >= cap.most {
            row[slot] = .none
            dropped += 1
          } else {
            counts[container] += 1
          }
        }
      }
    }
    return dropped
  }
}

extension LevelCap {
  /// A count for each container, all 0 at first. O(containers).
  @inline(__always) func withCounts(_ body: (UnsafeMutablePointer<Int32>) -> Void) {
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: max(containerCount, 1)) { buffer in
      buffer.initialize(repeating: 0)
      body(buffer.baseAddress!)
    }
  }

  /// Whether a wide row without an empty slot keeps the rule. O(R + containers).
  @inline(never) func allowsWide(_ row: UnsafeMutablePointer<NodeIndex>, width: Int) -> Bool {
    var isAllowed = true
    withCounts { counts in
      for slot in 0..<width {
        let container = containerOfNode[row[slot]].int
        counts[container] += 1
        if Int(counts[container]) > most {
          isAllowed = false
          return
        }
      }
    }
    return isAllowed
  }
}
