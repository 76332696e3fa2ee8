/// A rule of `settings.placement` that names places: where replicas in some states lie, or never do, or how many of a
/// partition's lie there.
///
///     { "states": ["master"], "only": { "tags": ["ssd"] } }
///     { "states": ["slave"], "never": { "containers": ["z0"] } }
///     { "within": { "containers": ["dc1"] }, "atLeast": 2, "atMost": 2 }
public struct PlaceRule: Equatable, Sendable {
  public enum Demand: Equatable, Sendable {
    case only
    case never
    /// Of one partition, so many replicas there. At least one of the two.
    case within(atLeast: Int?, atMost: Int?)
  }
  /// Indices into the model's states, ascending.
  public var states: [Int]
  public var selector: Selector
  public var demand: Demand
  public var strength: Strength
  /// Its place in the document's list of rules, which findings name it by.
  public var position: Int

  public init(states: [Int], _ demand: Demand, _ selector: Selector, strength: Strength = .hard, position: Int = 0) {
    self.states = states
    self.demand = demand
    self.selector = selector
    self.strength = strength
    self.position = position
  }

  /// What findings call it.
  public var name: String { "placement[\(position)]" }

  /// The key of its selector in a document.
  public var key: String {
    switch demand {
    case .only: "only"
    case .never: "never"
    case .within: "within"
    }
  }

  /// The rule in the one form that everything else knows: of a partition's replicas in its states at most `most` lie on
  /// the nodes meant, or on the others. That at least n of k lie there says that at most k − n do elsewhere; what is
  /// not placed is missing, and breaks no such rule.
  struct Bound {
    var isInside: Bool
    var most: Int
  }

  /// `wanted`: nodes that each partition should have in each state.
  func bounds(_ wanted: [Int]) -> [Bound] {
    switch demand {
    case .only: return [Bound(isInside: false, most: 0)]
    case .never: return [Bound(isInside: true, most: 0)]
    case .within(let atLeast, let atMost):
      let all = states.reduce(0) { $0 + wanted[$1] }
      return (atMost.map { [Bound(isInside: true, most: $0)] } ?? [])
        + (atLeast.map { [Bound(isInside: false, most: max(0, all - $0))] } ?? [])
    }
  }

  func validate(_ path: String, in cluster: Cluster) throws(InputError) {
    let model = cluster.settings.model
    guard !states.isEmpty, states.allSatisfy(model.states.indices.contains) else {
      throw InputError(path: "\(path).states", found: "\(states)", expected: "some of the states of \(model.name)")
    }
    var mustBeThere = demand == .only
    if case .within(let atLeast, let atMost) = demand {
      mustBeThere = atLeast ?? 0 > 0
      for (name, count) in [("atLeast", atLeast), ("atMost", atMost)] {
        guard (0...Limits.nodes).contains(count ?? 0) else {
          throw InputError(path: "\(path).\(name)", found: "\(count!)", expected: "0 to \(Limits.nodes)")
        }
      }
      guard atLeast != nil || atMost != nil, atLeast ?? 0 <= atMost ?? .max else {
        throw InputError(
          path: path, found: atLeast == nil ? "within alone" : "at least \(atLeast!) and at most \(atMost ?? 0)",
          expected: "within with atLeast, atMost, or both, the first no more than the second")
      }
    }
    try selector.validate("\(path).\(key)", in: cluster)
    guard !mustBeThere || selector.nodes(of: cluster).contains(true) else {
      throw InputError(
        path: "\(path).\(key)", found: "\(selector.words), of which there are none", expected: "at least one node")
    }
  }

  /// As findings say it.
  func words(_ model: StateModel) -> String {
    let states = states.map { model.states[$0].name }.joined(separator: " and ")
    switch demand {
    case .only: return "\(name) allows \(states) only on \(selector.words)"
    case .never: return "\(name) allows no \(states) on \(selector.words)"
    case .within(let atLeast, let atMost):
      let counts = [atLeast.map { "at least \($0)" }, atMost.map { "at most \($0)" }].compactMap { $0 }
      return "\(name) asks for \(counts.joined(separator: " and ")) of each partition's \(states) on \(selector.words)"
    }
  }
}

extension Cluster {
  /// Rules that name places: what they name must be there.
  func validatePlaces() throws(InputError) {
    for rule in settings.places { try rule.validate("settings.\(rule.name)", in: self) }
  }
}

extension Settings {
  var hasPlaces: Bool { !places.isEmpty }
  var hasHardPlaces: Bool { places.contains { $0.strength == .hard } }

  /// What findings call a rule of `placement`.
  func ruleName(_ index: Int) -> String { "placement[\(documentIndex(ofRule: index))]" }

  /// Where a rule of `placement` stands among all rules in the document, those that name places included. O(rules).
  func documentIndex(ofRule index: Int) -> Int {
    let taken = Set(places.map(\.position))
    var (position, left) = (0, index)
    while true {
      if !taken.contains(position) {
        if left == 0 { return position }
        left -= 1
      }
      position += 1
    }
  }
}
