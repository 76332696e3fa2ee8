extension StateModel {
  /// More would not fit a person's head, and the document's readers rely on it.
  public static let mostStates = 16
  /// What documents mean something else by, in places where states are named.
  public static let reservedStateNames = ["null", "total", "start", "end", "source"]

  /// Everything that the engine relies on. The paths of the errors are those of `models` in the cluster document.
  /// O(states⁴).
  public func validate() throws(InputError) {
    let path = "models.\(name)"
    try validateRequests("\(path).requests")
    try validateStates("\(path).states")
    try validate(alone, "\(path).transitions.alone", isTakeover: false)
    try validate(takeover, "\(path).transitions.takeover", isTakeover: true)
  }

  /// The name as a state of a model: not taken by the format, and no extension.
  public static func mayBeStateName(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix("x-") && !reservedStateNames.contains(name)
  }

  private func validateRequests(_ path: String) throws(InputError) {
    let own = requests.dropFirst(StateModel.usualRequests.count)
    guard requests.count <= StateModel.mostRequests else {
      throw InputError(
        path: path, found: "\(own.count) kinds of requests",
        expected: "at most \(StateModel.mostRequests - StateModel.usualRequests.count) beside read and write")
    }
    for (index, kind) in own.enumerated() {
      let isTaken = requests.prefix(StateModel.usualRequests.count + index).contains { $0.name == kind.name }
      guard !isTaken, !kind.name.isEmpty, !kind.name.hasPrefix("x-") else {
        throw InputError(
          path: "\(path)[\(index)].name", found: "\"\(kind.name)\"",
          expected: "a name of its own, not read, write or x-…")
      }
    }
  }

  private func validateStates(_ path: String) throws(InputError) {
    func check(_ holds: Bool, _ path: String, _ found: String, _ expected: String) throws(InputError) {
      guard holds else { throw InputError(path: path, found: found, expected: expected) }
    }
    try check(
      (1...StateModel.mostStates).contains(states.count), path, "\(states.count) states",
      "1 to \(StateModel.mostStates)")
    try check(
      states[0].isPlaced && states[0].holdsData, path, "\(states[0].name) as the most important state",
      "one that is placed and holds data")
    for (index, state) in states.enumerated() {
      try check(
        StateModel.mayBeStateName(state.name), "\(path)[\(index)].name", "\"\(state.name)\"",
        "a name other than \(StateModel.reservedStateNames.joined(separator: ", ")) and x-…")
      try check(
        !states[..<index].contains { $0.name == state.name }, "\(path)[\(index)].name",
        "the state \(state.name) a second time", "each state once")
      try check(
        (0...Limits.nodes).contains(state.defaultCount), "\(path)[\(index)].count", "\(state.defaultCount)",
        "0 to \(Limits.nodes) nodes")
      try check(
        state.defaultCount == 0 || state.isPlaced, "\(path)[\(index)].count", "\(state.defaultCount)",
        "0: nothing is asked to stay \(state.name)")
      try check(
        state.serves.isSubset(of: allRequests), "\(path)[\(index)].serves", "\(state.serves.rawValue)",
        "some of the model's kinds of requests")
      try check(
        state.excludes.allSatisfy(states.indices.contains), "\(path)[\(index)].excludes", "\(state.excludes)",
        "some of the model's states")
    }
    try validate(counts: states.map(\.defaultCount)) { "\(path)[\($0)].count" }
  }

  /// Counts for each state that no two exclusive states contradict. `path`: of a state's count.
  func validate(counts: [Int], _ path: (Int) -> String) throws(InputError) {
    for state in states.indices where counts[state] > 0 {
      if let most = mostHolders(state), counts[state] > most {
        throw InputError(
          path: path(state), found: "\(counts[state])", expected: "at most \(most) in the model \(name)")
      }
      for other in 0..<state where counts[other] > 0 && areExclusive(state, other) {
        throw InputError(
          path: path(state), found: "\(counts[state]) \(states[state].name) beside \(states[other].name)",
          expected: "one of them: they exclude one another in the model \(name)")
      }
    }
  }

  // MARK: Transitions

  private func name(_ state: Int?) -> String { state.map { states[$0].name } ?? "null" }

  /// Hops lead on, every state can be reached from every other, and no two nodes on their ways meet in states that
  /// exclude one another.
  private func validate(_ table: TransitionTable, _ path: String, isTakeover: Bool) throws(InputError) {
    guard table.stateCount == states.count else {
      throw InputError(
        path: path, found: "a table of \(table.stateCount) states", expected: "one of \(states.count)")
    }
    func fail(_ from: Int?, _ to: Int?, _ found: String, _ expected: String) -> InputError {
      InputError(path: "\(path).\(name(from)).\(name(to))", found: found, expected: expected)
    }
    for from in table.all {
      for to in table.all {
        let hop = table[from, to]
        guard table.all.contains(hop) else { throw fail(from, to, "no state", "one of the model's") }
        if from == to, hop != from { throw fail(from, to, name(hop), "\(name(from)): it is there") }
        if from != to, hop == from { throw fail(from, to, name(hop), "a hop to another state") }
      }
    }
    for from in table.all {
      for to in table.all where from != to {
        guard let way = table.path(from: from, to: to) else {
          throw fail(
            from, to, "\(name(table[from, to])), from where no hops lead to \(name(to))",
            "a way to \(name(to)) of at most \(states.count) hops")
        }
        if let (via, other) = meeting(from, way, isTakeover: isTakeover) {
          throw fail(
            from, to, "a way through \(states[via].name), which excludes \(states[other].name)",
            "one on which no other node can be \(states[other].name)")
        }
      }
    }
  }

  /// A state on the way between two others, and one that it excludes though neither end does, so that some other node
  /// may well have it. In a takeover the other node has the state that one of the ends excludes until the very
  /// exchange, so there the ends count for nothing.
  private func meeting(_ from: Int?, _ way: [Int?], isTakeover: Bool) -> (via: Int, other: Int)? {
    let ends = [from, way.last ?? nil].compactMap { $0 }
    for via in way.dropLast().compactMap({ $0 }) {
      for other in states.indices where areExclusive(via, other) {
        if isTakeover || !ends.contains(where: { areExclusive($0, other) }) { return (via, other) }
      }
    }
    return nil
  }
}
