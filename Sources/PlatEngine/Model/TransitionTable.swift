/// From a state (row) to a state (column): the next state on the way.
///
///               null    dead    pending  slave   master
///     null        \     dead    dead     dead    dead
///     dead      null      \     slave    slave   slave      a node that goes from dead to master
///     slave     dead    dead    pending    \     master     is first slave, then master
///
/// No state at all, `null`, is nil here.
public struct TransitionTable: Equatable, Sendable {
  public let stateCount: Int
  /// By row and column; `stateCount` stands for no state. On the diagonal, the state itself.
  private var hops: [Int]

  /// Every state is one hop from every other.
  public init(stateCount: Int) {
    self.stateCount = stateCount
    hops = (0...stateCount).flatMap { _ in Array(0...stateCount) }
  }

  private func place(_ from: Int?, _ to: Int?) -> Int { (from ?? stateCount) * (stateCount + 1) + (to ?? stateCount) }

  /// The next state on the way; `from` itself where it is `to`.
  public subscript(from: Int?, to: Int?) -> Int? {
    get {
      let hop = hops[place(from, to)]
      return hop == stateCount ? nil : hop
    }
    set { hops[place(from, to)] = newValue ?? stateCount }
  }

  /// No state, and all states.
  public var all: [Int?] { [nil] + (0..<stateCount).map { $0 } }

  /// The states after `from` up to `to`; nil where the hops lead in a circle.
  public func path(from: Int?, to: Int?) -> [Int?]? {
    var path: [Int?] = []
    var here = from
    while here != to {
      here = self[here, to]
      path.append(here)
      if path.count > stateCount { return nil }
    }
    return path
  }
}

extension TransitionTable {
  /// What a model has that does not say.
  ///
  ///     null ─ dead ─ slave        rungs: states that exclude no other and are asked for or hold no data,
  ///                     ├ master   by importance; every other state hangs on the rung below it in importance
  ///                     └ pending  (one that is only passed through: on the one above it)
  ///
  /// A node goes along this tree. In a takeover, who leaves a state that only one may have goes to the lowest rung at
  /// once. O(states³).
  static func standard(_ states: [StateModel.State], isTakeover: Bool) -> TransitionTable {
    let count = states.count
    var table = TransitionTable(stateCount: count)
    func excludes(_ state: Int) -> Bool {
      !states[state].excludes.isEmpty || states.contains { $0.excludes.contains(state) }
    }
    func isPassing(_ state: Int) -> Bool { states[state].holdsData && !states[state].isPlaced }
    let rungs = states.indices.filter { !excludes($0) && !isPassing($0) }
    /// The way down to no state.
    func below(_ state: Int) -> Int? {
      isPassing(state) && !excludes(state)
        ? rungs.last { $0 < state } ?? rungs.first : rungs.first { $0 > state }
    }
    func down(_ state: Int?) -> [Int?] {
      var way = [state]
      while let here = way[way.count - 1] { way.append(below(here)) }
      return way
    }
    for from in table.all {
      for to in table.all where from != to {
        let back = down(to)
        if let start = back.firstIndex(of: from) {
          table[from, to] = back[start - 1]
        } else if let from {
          let isOnly = states[from].excludes.contains(from)
          table[from, to] = isTakeover && isOnly ? rungs.last : below(from)
        }
      }
    }
    return table
  }

  /// A node by itself is slave on its way from master to dead, and back. `pending` is entered from slave or master, and
  /// left for them.
  static let builtInAlone = TransitionTable(
    """
            null dead pending slave master
    null    -    d    d       d     d
    dead    n    -    s       s     s
    pending s    s    -       s     m
    slave   d    d    p       -     m
    master  s    s    p       s     -
    """)

  /// The old master is dead as soon as the new one is master: both happen in one exchange.
  static let builtInTakeover = TransitionTable(
    """
            null dead pending slave master
    null    -    d    d       d     d
    dead    n    -    s       s     s
    pending d    d    -       s     m
    slave   d    d    p       -     m
    master  d    d    p       d     -
    """)

  /// Of the built-in models: master, slave, pending, dead.
  private init(_ text: String) {
    self.init(stateCount: 4)
    let order: [Int?] = [nil, 3, 2, 1, 0]
    let hop: [Substring: Int?] = ["n": nil, "d": 3, "p": 2, "s": 1, "m": 0]
    let rows = text.split(separator: "\n").dropFirst().map { $0.split(separator: " ").dropFirst() }
    for (row, words) in zip(order, rows) {
      for (column, word) in zip(order, words) where row != column { self[row, column] = hop[word]! }
    }
  }
}
