/// What several maps ask of one of them, in weight: what each node may have of it so that the sums come into their
/// windows.
///
///     sum's window     ├───────────────┤
///     of other maps    ─────────┤
///     left for this          ├──────┤         narrows the map's own window, and never leaves it
struct WeightGoal {
  /// Of each node, in the map's own whole numbers; may be below 0.
  struct Share {
    var least: [Int]
    var most: [Int]
    var due: [Int]
  }

  var total: Share?
  /// For each of the model's states; nil where nothing is asked.
  var states: [Share?]
  /// Of the state that has what others leave.
  var rest: Share?
  /// Where partitions are of one size, windows are the floor and the ceiling of dues.
  var isCounted: Bool
}

extension WeightedDue {
  /// The same dues with windows that are narrowed to a share, as far as they leave room for it. `pool`: of a state,
  /// what nodes have in it and the state after it, of which `rest` is asked. O(N).
  func aimed(
    at share: WeightGoal.Share, of goal: WeightGoal, _ problem: Problem, pool: NodeTable<Int>? = nil
  ) throws(PlatError) -> WeightedDue {
    let result = try copy(problem.arena)
    for node in 0..<problem.nodeCount where problem.receives.base[node] && !isPinned.base[node] {
      let own = goal.isCounted ? counted(node) : least.base[node]...max(least.base[node], most.base[node])
      var (low, high) = (share.least[node], share.most[node])
      if let pool, let rest = goal.rest {
        (low, high) = (max(low, pool.base[node] - rest.most[node]), min(high, pool.base[node] - rest.least[node]))
      }
      if low > high { (low, high) = (share.due[node], share.due[node]) }
      let newLeast = min(max(own.lowerBound, low), own.upperBound)
      let newMost = max(min(own.upperBound, high), newLeast)
      result.set(node, least: newLeast, most: newMost, due: min(max(share.due[node], newLeast), newMost))
    }
    return result
  }

  /// The same dues with windows that reach up to what nodes hold. O(N).
  func reaching(_ load: NodeTable<Int>, _ arena: Arena) throws(PlatError) -> WeightedDue {
    let result = try copy(arena)
    for node in 0..<due.count {
      result.set(
        node, least: min(least.base[node], load.base[node]), most: max(most.base[node], load.base[node]),
        due: due.base[node])
    }
    return result
  }
}
