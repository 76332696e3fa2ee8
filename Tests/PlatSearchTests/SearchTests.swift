@testable import PlatSearch
import TestSupport
import Testing

@Suite struct SearchTests {
  /// What is kept up change by change is what counting from nothing finds, after changes and after taking them back.
  @Test func scoresAreCountedRight() {
    forAllSeeds(0..<300) { seed in
      let problem = RandomProblem.make(seed: seed)
      var random = SplitMix64(seed: seed ^ 0xabcd)
      var rows = RandomProblem.start(problem, &random)
      var state = SearchState(problem, start: rows)
      for _ in 0..<60 {
        state.begin()
        var changed = rows
        for _ in 0..<random.among(1...3) {
          let slot = random.below(rows.count)
          let row = slot / problem.width
          let node = random.below(problem.nodeCount + 1) - 1
          let range = (row * problem.width)..<(row * problem.width + problem.width)
          guard node < 0 || !changed[range].contains(Int32(node)), state.stateOfSlot[slot] != SearchShape.noState else {
            continue
          }
          state.open(row)
          state.place(slot, node)
          changed[slot] = Int32(node)
        }
        state.close()
        try holds(
          state.score == NaiveScore.of(problem, changed), "\(state.score), counted \(NaiveScore.of(problem, changed))")
        if random.chance(1, 3) {
          state.undo()
          try holds(state.score == NaiveScore.of(problem, rows), "after taking back: \(state.score)")
        } else {
          state.keep()
          rows = changed
        }
        try holds(state.current == rows, "rows")
        try holds(state.firstBroken() == nil, "\(state.firstBroken()!.rawValue) does not hold")
      }
    }
  }

  /// Of each kind of fault that is planted in what is kept up.
  @Test func theRecountNamesWhatIsBroken() {
    forAllSeeds(0..<100) { seed in
      let problem = RandomProblem.make(seed: seed)
      var random = SplitMix64(seed: seed)
      var state = SearchState(problem, start: RandomProblem.start(problem, &random))
      func expect(_ broken: SearchState.Invariant?, _ planted: SearchState.Invariant?) throws {
        try holds(broken == planted, "\(broken?.rawValue ?? "none") is named, \(planted?.rawValue ?? "none") is broken")
      }
      try expect(state.firstBroken(), nil)
      state.score.moves += 1
      try expect(state.firstBroken(), .scoreIsTheRecount)
      state.score.moves -= 1
      state.load[random.below(problem.nodeCount)] += 1
      try expect(state.firstBroken(), .loadsAreCounts)
      state = SearchState(problem, start: state.current)
      if problem.hasPeers {
        state.inbound[random.below(problem.nodeCount)] += 1
        try expect(state.firstBroken(), .peersAreThePairs)
      }
      state = SearchState(problem, start: state.current)
      let row = random.below(problem.rowCount)
      state.breaching.set(row, !state.breaching.contains(row))
      try expect(state.firstBroken(), .marksAreThoseOfTheRows)
    }
  }

  /// The answer is no worse than any start, keeps masks and capacities, no node twice in a row, and is the same each
  /// time.
  @Test func answersAreLegalAndNoWorse() {
    forAllSeeds(0..<60) { seed in
      let problem = RandomProblem.make(seed: seed)
      var random = SplitMix64(seed: seed)
      let starts = [RandomProblem.start(problem, &random), RandomProblem.start(problem, &random)]
      let found = LocalSearch.run(problem, starts: starts, isPolish: true, isEnough: { _ in false })
      try holds(found.score == NaiveScore.of(problem, found.rows), "the score of what is found")
      for start in starts { try holds(!(NaiveScore.of(problem, start) < found.score), "worse than its start") }
      try checkLegal(problem, found.rows)
      let again = LocalSearch.run(problem, starts: starts, isPolish: true, isEnough: { _ in false })
      try holds(again.rows == found.rows, "another answer the second time")
    }
  }

  private func checkLegal(_ problem: SearchProblem, _ rows: [Int32]) throws {
    var counts = [Int](repeating: 0, count: problem.nodeCount)
    for row in 0..<problem.rowCount {
      let nodes = rows[(row * problem.width)..<(row * problem.width + problem.width)].filter { $0 >= 0 }
      try holds(Set(nodes).count == nodes.count, "a node twice in row \(row)")
      for node in nodes { counts[Int(node)] += 1 }
    }
    for slot in rows.indices where rows[slot] >= 0 {
      try holds(NaiveScore.admits(problem, slot, Int(rows[slot])), "slot \(slot) has \(rows[slot])")
    }
    for node in counts.indices { try holds(counts[node] <= Int(problem.capacity[node]), "node \(node) is too full") }
  }

  /// On tiny problems, from nothing, mostly the best of all placements, by trying them all; and never better than that.
  @Test func tinyProblemsAreSolved() {
    var (solved, tried) = (0, 0)
    forAllSeeds(0..<120) { seed in
      let problem = RandomProblem.make(seed: seed, nodes: 4, rows: 1...3)
      guard let best = bestOfAll(problem) else { return }
      let start = [Int32](repeating: -1, count: problem.rowCount * problem.width)
      let found = LocalSearch.run(problem, starts: [start], isEnough: { _ in false })
      try holds(!(found.score < best), "better than the best: \(found.score), \(best)")
      tried += 1
      if found.score == best { solved += 1 }
    }
    #expect(solved * 100 >= tried * 90, "\(solved) of \(tried)")
  }

  /// Nil where there are too many.
  private func bestOfAll(_ problem: SearchProblem) -> SearchScore? {
    let slots = problem.rowCount * problem.width
    guard slots <= 8 else { return nil }
    var rows = [Int32](repeating: -1, count: slots)
    var counts = [Int](repeating: 0, count: problem.nodeCount)
    var best: SearchScore?
    func visit(_ slot: Int) {
      guard slot < slots else {
        let score = NaiveScore.of(problem, rows)
        if best == nil || score < best! { best = score }
        return
      }
      rows[slot] = -1
      visit(slot + 1)
      let first = slot / problem.width * problem.width
      for node in 0..<problem.nodeCount {
        guard counts[node] < Int(problem.capacity[node]), !rows[first..<slot].contains(Int32(node)),
          NaiveScore.admits(problem, slot, node)
        else { continue }
        rows[slot] = Int32(node)
        counts[node] += 1
        visit(slot + 1)
        counts[node] -= 1
        rows[slot] = -1
      }
    }
    visit(0)
    return best
  }

  /// A fixed row stays as it is.
  @Test func fixedRowsStay() {
    forAllSeeds(0..<40) { seed in
      var problem = RandomProblem.make(seed: seed)
      problem.isFixed[0] = true
      var random = SplitMix64(seed: seed)
      let start = RandomProblem.start(problem, &random)
      let found = LocalSearch.run(problem, starts: [start], isPolish: true, isEnough: { _ in false })
      try holds(found.rows.prefix(problem.width) == start.prefix(problem.width), "row 0")
    }
  }
}
