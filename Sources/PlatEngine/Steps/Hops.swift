/// The model's ways from state to state, as steps ask for them.
struct Hops {
  private let model: StateModel
  /// States that one node at most may be in.
  let exclusive: [StateIndex]
  /// The most important state.
  let leading = StateIndex(0)
  /// Two different states exclude one another.
  let hasCrossExclusion: Bool

  init(_ model: StateModel) {
    self.model = model
    let states = model.states.indices
    exclusive = states.filter { model.mostHolders($0) == 1 }.map { StateIndex($0) }
    hasCrossExclusion = states.contains { a in states.contains { $0 != a && model.areExclusive(a, $0) } }
  }

  @inline(__always) func holdsData(_ state: StateIndex) -> Bool { model.holdsData(state) }

  @inline(__always) func serves(_ state: StateIndex) -> Bool { state != .null && !model.states[state.int].serves.isEmpty }

  /// The node will hold data and be another than it is.
  func isComing(_ change: StateChange) -> Bool { change.from != change.to && holdsData(change.to) }
  func isGoing(_ change: StateChange) -> Bool { change.from != change.to && !holdsData(change.to) }

  func areExclusive(_ a: StateIndex, _ b: StateIndex) -> Bool {
    a != .null && b != .null && model.areExclusive(a.int, b.int)
  }

  /// The next state on the way.
  func next(_ from: StateIndex, _ to: StateIndex, inTakeover: Bool = false) -> StateIndex {
    let table = inTakeover ? model.takeover : model.alone
    return StateIndex(state: table[from.state, to.state])
  }

  /// The last state on the way to `end` before it: where an heir waits.
  func before(_ end: StateIndex, from start: StateIndex) -> StateIndex {
    var here = start
    while next(here, end) != end { here = next(here, end) }
    return here
  }
}

extension StateIndex {
  /// A place in the model's states; nil: no state.
  init(state: Int?) { self = state.map { StateIndex($0) } ?? .null }
  var state: Int? { self == .null ? nil : int }
}
