import PlatFormats
import TestSupport
import Testing

@testable import PlatBench

@Suite struct RunDocumentTests {
  private let folder = Folder()

  @Test func whatIsSavedIsReadAgain() throws {
    var run = RunDocument()
    run.cases = (1...3).map { index in
      var figures = CaseFigures.example(planMedian: index * 1_000, spread: index)
      figures.name = "case \"\(index)\""
      return figures
    }
    try run.write(to: folder.file("run"))
    #expect(try RunDocument.read(folder.file("run")) == run)
  }

  @Test func whatIsNoRunIsRefused() {
    for text in ["{}", "[]", #"{"benchmarks": 2}"#, #"{"benchmarks": 1, "cases": [{"moves": -1}]}"#, "{"] {
      folder.write(text, "run")
      #expect(throws: DocumentError.self) { try RunDocument.read(folder.file("run")) }
    }
    #expect(throws: FileError.self) { try RunDocument.read(folder.file("nothere")) }
  }

  @Test func unknownMembersArePassedOver() throws {
    folder.write(#"{"benchmarks": 1, "x": [1], "cases": [{"name": "a", "y": {"z": 1}}]}"#, "run")
    #expect(try RunDocument.read(folder.file("run")).cases.map(\.name) == ["a"])
  }
}

@Suite struct BenchCaseTests {
  @Test func namesTellCasesApart() {
    #expect(Set(BenchCase.all.map(\.fullName)).count == BenchCase.all.count)
  }

  /// The dimensions that growth is shown along, each with at least three sizes.
  @Test func everyGrowthCurveHasPoints() {
    let run = BenchCase.all.map(\.group)
    for dimension in ["nodes", "partitions", "replicas", "changed nodes", "threads"] {
      #expect(run.filter { $0 == "growth with \(dimension)" }.count >= 3)
    }
  }

  @Test func hashedMapsBreakNoRule() throws {
    let shape = Shape(zones: 5, racksPerZone: 2, nodesPerRack: 3, partitions: 200)
    let map = try shape.hashedMap()
    for row in map.rows {
      #expect(Set(row.joined().map { $0 / 6 }).count == 3)
    }
  }
}

@Suite struct ChartTests {
  private func chart(_ points: [(x: Double, y: Double)]) -> String? {
    LineChart(title: "a < b", xLabel: "nodes", yLabel: "ms", curves: [.init(name: "fresh", points: points)]).svg
  }

  @Test func equalFiguresGiveEqualBytes() throws {
    let points: [(x: Double, y: Double)] = [(100, 0.5), (1_000, 5), (10_000, 50)]
    let svg = try #require(chart(points))
    #expect(svg == chart(points))
    #expect(svg.contains("a &lt; b") && svg.contains(">10k<") && svg.contains("prefers-color-scheme"))
  }

  /// In proportion is a straight line.
  @Test func proportionIsStraight() throws {
    let svg = try #require(chart([(100, 0.5), (1_000, 5), (10_000, 50)]))
    let line = try #require(svg.split(separator: "\n").first { $0.contains("polyline") })
    let numbers = line.split { !"0123456789.".contains($0) }.compactMap { Double($0) }.suffix(6)
    let (x, y) = (
      numbers.enumerated().filter { $0.offset % 2 == 0 }.map(\.element),
      numbers.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    )
    #expect(abs((x[1] - x[0]) - (x[2] - x[1])) < 0.2 && abs((y[1] - y[0]) - (y[2] - y[1])) < 0.2)
  }

  @Test func nothingToDrawIsNoPicture() {
    #expect(chart([]) == nil && chart([(0, 1)]) == nil)
    #expect(BarChart(title: "", unit: "", rows: []).svg == nil)
    #expect(chart([(5, 5)]) != nil)
  }

  @Test func everyKindOfGrowthHasItsPicture() {
    var run = RunDocument()
    run.cases = BenchCase.all.map { benchCase in
      var figures = CaseFigures.example(planMedian: 1_000_000, spread: 1)
      (figures.group, figures.series, figures.changedNodes) = (
        benchCase.group, benchCase.series, max(1, benchCase.changedNodes)
      )
      return figures
    }
    #expect(
      GrowthCharts.all(run).map(\.file) == [
        "growth-nodes.svg", "growth-partitions.svg", "growth-replicas.svg", "growth-changes.svg", "growth-threads.svg",
        "stages.svg",
      ])
  }
}
