/// The pictures that a run of the suite makes: how planning grows with each dimension, and where its time goes.
enum GrowthCharts {
  private struct Kind {
    var file: String
    var group: String
    var title: String
    var xLabel: String
    var x: KeyPath<CaseFigures, Int> & Sendable
    /// The curve beside which judging has one, too.
    var judged: String?
  }

  private static let kinds = [
    Kind(
      file: "growth-nodes.svg", group: "growth with nodes", title: "262,144 partitions × 3", xLabel: "nodes", x: \.nodes
    ),
    Kind(
      file: "growth-partitions.svg", group: "growth with partitions", title: "1,000 nodes, 3 replicas",
      xLabel: "partitions", x: \.partitions),
    Kind(
      file: "growth-replicas.svg", group: "growth with replicas", title: "1,000 nodes, 65,536 partitions",
      xLabel: "replicas of each partition", x: \.replicasEach),
    Kind(
      file: "growth-changes.svg", group: "growth with changed nodes", title: "10,000 nodes × 1,048,576 × 3",
      xLabel: "nodes that leave", x: \.changedNodes),
    Kind(
      file: "growth-threads.svg", group: "growth with threads", title: "10,000 nodes × 1,048,576 × 3",
      xLabel: "threads", x: \.threads, judged: "one leaves"),
  ]

  private static let stagesFile = "stages.svg"

  /// The names of all pictures that there may be.
  static var files: [String] { kinds.map(\.file) + [stagesFile] }

  /// Each picture that the run has figures for: file name and text.
  static func all(_ run: RunDocument) -> [(file: String, svg: String)] {
    var pictures = kinds.compactMap { kind in chart(kind, run).map { (kind.file, $0) } }
    if let stages = stageChart(run) { pictures.append((stagesFile, stages)) }
    return pictures
  }

  private static func chart(_ kind: Kind, _ run: RunDocument) -> String? {
    let cases = run.cases.filter { $0.group == kind.group }
    var names: [String] = []
    for figures in cases where !names.contains(figures.series) { names.append(figures.series) }
    func curve(_ name: String, _ time: (CaseFigures) -> Int, called: String) -> LineChart.Curve {
      LineChart.Curve(
        name: called,
        points: cases.filter { $0.series == name }.map { (Double($0[keyPath: kind.x]), Double(time($0)) / 1e6) })
    }
    var curves = names.map { curve($0, \.plan.median, called: $0) }
    if let judged = kind.judged { curves.append(curve(judged, \.judge.median, called: "\(judged), judged")) }
    return LineChart(
      title: kind.title, xLabel: kind.xLabel, yLabel: kind.judged == nil ? "ms to plan" : "ms", curves: curves).svg
  }

  /// The stages of the cases that marks are set for, in copies of the map.
  private static func stageChart(_ run: RunDocument) -> String? {
    let rows = run.cases.filter { $0.group == "marks" }.map { figures in
      let copy = Double(max(figures.copy.median, 1))
      let name = figures.name.split(separator: ",").dropFirst().joined(separator: ",")
      return BarChart.Row(
        name: String(name.drop { $0 == " " }), parts: figures.stages.map { ($0.name, Double($0.time) / copy) })
    }
    return BarChart(title: "10,000 nodes × 1,048,576 × 3, stage by stage", unit: "copies", rows: rows).svg
  }
}
