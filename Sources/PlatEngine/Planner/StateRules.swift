/// Hard rules about some of the wanted states only, such as "one slave in a zone", and those about who is near to the
/// master. `Due` and the stages before the roles see them as what a row must have room for; the roles are chosen so
/// that they hold; what is left is settled here.
enum StateRules {
  /// The first slot of a row whose replica is one too many under such a rule, or too far from the master, with the
  /// states that the slots stand for; nil where there is none. A row with empty slots may yet get those who are near.
  static func breach(_ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>) -> Int? {
    for cap in problem.stateCaps {
      for slot in 0..<problem.replicas where row[slot] != .none && cap.countsSlot[slot] {
        let container = cap.containerOfNode[row[slot]]
        var before = 0
        for earlier in 0..<slot where row[earlier] != .none && cap.countsSlot[earlier] {
          if cap.containerOfNode[row[earlier]] == container { before += 1 }
        }
        if before >= cap.most { return slot }
      }
    }
    return far(problem, row)
  }

  /// The last slot that is too far from every master under some near rule.
  static func far(_ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>) -> Int? {
    for rule in problem.near {
      if let far = far(problem, rule, row) { return far }
    }
    return nil
  }

  /// The last slot that is far from every master, where more are than may be; nil without a master.
  static func far(_ problem: Problem, _ rule: NearRule, _ row: UnsafeMutablePointer<NodeIndex>) -> Int? {
    var far = 0
    var last: Int?
    guard (0..<problem.wanted[0]).contains(where: { row[$0] != .none }) else { return nil }
    for slot in problem.wanted[0]..<problem.replicas where row[slot] != .none && !isNear(problem, rule, row, slot) {
      far += 1
      last = slot
    }
    return far > rule.mostFar ? last : nil
  }

  private static func isNear(
    _ problem: Problem, _ rule: NearRule, _ row: UnsafeMutablePointer<NodeIndex>, _ slot: Int
  ) -> Bool {
    for master in 0..<problem.wanted[0] where row[master] != .none {
      if rule.containerOfNode[row[master]] == rule.containerOfNode[row[slot]] { return true }
    }
    return false
  }

  /// Whether some order of the row's nodes breaks no such rule. For short rows: it tries them all.
  static func canBeKept(_ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>, from first: Int = 0) -> Bool {
    guard first < problem.replicas else {
      return breach(problem, row) == nil
        && (0..<problem.wanted[0]).allSatisfy { row[$0] == .none || problem.allows(row[$0], inState: 0) }
    }
    for slot in first..<problem.replicas {
      row.swap(first, slot)
      defer { row.swap(first, slot) }
      if canBeKept(problem, row, from: first + 1) { return true }
    }
    return false
  }

  // MARK: What is left

  /// A replica that no choice of roles could make legal goes where it is, or else stays unplaced.
  /// O(P · R²), and O(N · R) for each such replica.
  static func enforce(_ problem: Problem, _ placement: Placement) {
    guard problem.hasStateRules else { return }
    for partition in 0..<problem.partitionCount {
      let row = placement.row(partition)
      var isTouched = !problem.stateCaps.isEmpty
      var exchanges = problem.replicas
      while let slot = fault(problem, row) {
        if exchanges > 0, bringNear(problem, row, slot) {
          exchanges -= 1
          continue
        }
        isTouched = true
        placement.load[row[slot]] -= 1
        row[slot] = .none
        place(problem, placement, row, slot)
      }
      for slot in 0..<problem.replicas where isTouched && row[slot] == .none { place(problem, placement, row, slot) }
    }
  }

  /// Whether a row, whole or not, keeps all of them.
  static func isKept(_ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>) -> Bool { fault(problem, row) == nil }

  /// A slot whose replica breaks such a rule as the row stands, empty slots and all; nil where there is none.
  static func fault(_ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>) -> Int? {
    breach(problem, row) ?? tooFew(problem, row)
  }

  /// A replica that no rule lets stay where it is goes, and nothing comes instead. O(P · R²).
  static func letGo(_ problem: Problem, _ placement: inout Placement) {
    guard problem.hasStateRules else { return }
    for partition in 0..<problem.partitionCount {
      let row = placement.row(partition)
      while let slot = fault(problem, row) {
        placement.load[row[slot]] -= 1
        placement.placed -= 1
        row[slot] = .none
      }
    }
  }

  /// A slot that breaks a near rule as the row stands, empty slots and all: of those that are placed in the rule's
  /// states, too few are near. Nil where all rules hold, and without a master.
  private static func tooFew(_ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>) -> Int? {
    guard !problem.near.isEmpty, (0..<problem.wanted[0]).contains(where: { row[$0] != .none }) else { return nil }
    for rule in problem.near {
      var (placed, near) = (0, 0)
      var last: Int?
      for slot in 0..<problem.replicas where row[slot] != .none && problem.isNamed(slot, by: rule) {
        placed += 1
        if isNear(problem, rule, row, slot) { near += 1 } else { last = slot }
      }
      if near < min(rule.atLeast, placed) { return last }
    }
    return nil
  }

  /// Exchanges the states of a replica that is too far and of one that is near and that the rule does not name.
  private static func bringNear(_ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>, _ slot: Int) -> Bool {
    for rule in problem.near where problem.isNamed(slot, by: rule) && !isNear(problem, rule, row, slot) {
      for other in problem.wanted[0]..<problem.replicas
      where row[other] != .none && !problem.isNamed(other, by: rule) && isNear(problem, rule, row, other) {
        row.swap(slot, other)
        if breach(problem, row) == nil { return true }
        row.swap(slot, other)
      }
    }
    return false
  }

  /// The least loaded node that every hard rule and its capacity let in.
  private static func place(
    _ problem: Problem, _ placement: Placement, _ row: UnsafeMutablePointer<NodeIndex>, _ slot: Int
  ) {
    var best: NodeIndex?
    for index in 0..<problem.nodeCount {
      let node = NodeIndex(index)
      guard problem.receives[node], Int(placement.load[node]) < problem.cluster.capacity[index],
        problem.cluster.cluster.nodes[index].weight != .zero,
        best.map({ placement.load[node] < placement.load[$0] }) ?? true,
        problem.allows(row, leaving: slot, to: node)
      else { continue }
      row[slot] = node
      if breach(problem, row) == nil, tooFew(problem, row) == nil { best = node }
      row[slot] = .none
    }
    guard let best else { return }
    row[slot] = best
    placement.load[best] += 1
  }
}
