import Testing

@testable import PlatBench

@Suite struct ComparisonTests {
  private let steady = CaseFigures.example(planMedian: 1_000, spread: 20)

  private func compare(
    _ before: CaseFigures, _ after: CaseFigures, machine: (inout Machine) -> Void = { _ in }
  ) -> Comparison {
    var (old, new) = (RunDocument(), RunDocument())
    (old.cases, new.cases) = ([before], [after])
    machine(&new.machine)
    return Comparison(of: new, against: old)
  }

  @Test func theSameIsNoDifference() {
    let comparison = compare(steady, steady)
    #expect(comparison.differences.isEmpty && comparison.comparedCases == 1 && !comparison.isWorse)
    #expect(comparison.text.contains("nothing changed"))
  }

  @Test func noiseIsNoDifference() {
    // Both runs spread by 2 %: 8 % apart is within twice their sum, 9 % is not.
    #expect(compare(steady, .example(planMedian: 1_080, spread: 22)).differences.isEmpty)
    #expect(compare(steady, .example(planMedian: 1_090, spread: 22)).differences.count == 1)
    #expect(
      compare(.example(planMedian: 1_000, spread: 300), .example(planMedian: 1_900, spread: 570)).differences.isEmpty)
    #expect(compare(.example(planMedian: 1_000, spread: 0), .example(planMedian: 1_049, spread: 0)).differences.isEmpty)
  }

  @Test func slowerAndFasterAreToldAndNoFailure() {
    let slower = compare(steady, .example(planMedian: 2_000, spread: 20))
    #expect(slower.text.contains("planning 100 % slower") && !slower.isWorse)
    let faster = compare(steady, .example(planMedian: 500, spread: 20))
    #expect(faster.text.contains("planning 50 % faster") && !faster.isWorse)
  }

  @Test func onAnotherProcessorCopiesCount() {
    var after = CaseFigures.example(planMedian: 2_000, spread: 20)
    after.copy = .init(median: 200, least: 200, lower: 200, upper: 200, runs: 41)
    after.judge = .init(median: 200, least: 200, lower: 200, upper: 200, runs: 5)
    #expect(compare(steady, after) { $0.processor += " another" }.differences.isEmpty)
    #expect(compare(steady, after).text.contains("slower"))
  }

  /// Each result that can get worse, planted.
  @Test func worseResultsFail() {
    let faults: [(inout CaseFigures) -> Void] = [
      { $0.moves += 1 }, { $0.roleChanges += 1 }, { $0.brokenSoft += 1 }, { $0.unmet += 1 },
      { $0.movesLowerBound -= 1 }, { $0.loads[0].greatest += 1 }, { $0.peakBytes *= 2 },
    ]
    for fault in faults {
      var after = steady
      fault(&after)
      #expect(compare(steady, after).isWorse)
      let better = compare(after, steady)
      #expect(!better.isWorse && better.differences.count == 1)
    }
  }

  @Test func anotherMapIsToldAndNoFailure() {
    var after = steady
    after.hash = "0"
    let comparison = compare(steady, after)
    #expect(comparison.differences.count == 1 && !comparison.isWorse && comparison.text.contains("another map"))
  }

  @Test func casesOfOneRunOnlyAreNotCompared() {
    var after = steady
    after.name = "another"
    #expect(compare(steady, after).comparedCases == 0)
  }
}

extension CaseFigures {
  static func example(planMedian: Int, spread: Int) -> CaseFigures {
    var figures = CaseFigures()
    (figures.group, figures.name, figures.series, figures.hash) = ("group", "name", "fresh", "0123456789abcdef")
    (figures.nodes, figures.partitions, figures.replicasEach, figures.threads) = (10, 100, 3, 1)
    (figures.moves, figures.movesLowerBound, figures.peakBytes) = (7, 7, 4_096)
    figures.plan = .init(
      median: planMedian, least: planMedian - spread, lower: planMedian - spread, upper: planMedian + spread, runs: 9)
    figures.copy = .init(median: 100, least: 100, lower: 100, upper: 100, runs: 41)
    figures.judge = .init(median: 100, least: 100, lower: 100, upper: 100, runs: 5)
    figures.stages = [.init(name: "keep", time: 400), .init(name: "roles", time: 600)]
    figures.loads = [.init(state: "master", least: 1, greatest: 2), .init(state: "total", least: 3, greatest: 3)]
    return figures
  }
}
