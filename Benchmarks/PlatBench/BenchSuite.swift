import ArgumentParser
import PlatEngine
import PlatFormats

/// What may be asked of the suite, by the verb and by the program alike.
public struct BenchOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Only cases whose `group: name` holds this text.", valueName: "text"))
  public var filter: String?

  @Flag(help: "Only small cases, in about a second.")
  public var quick = false

  @Flag(help: "Name the cases and run none.")
  public var list = false

  @Option(
    help: ArgumentHelp(
      "A saved run to compare with: what changed beyond noise. Status 1 where a result got worse.", valueName: "run"))
  public var against: String?

  @Option(help: ArgumentHelp("Take the figures from a saved run instead of measuring.", valueName: "run"))
  public var from: String?

  @Option(help: ArgumentHelp("A folder for growth curves and the stages' bars, as SVG.", valueName: "folder"))
  public var charts: String?

  public init() {}

  /// The files that are read, and those that may be written beside the run.
  public var inputs: [String] { [against, from].compactMap { $0 } }
  public var outputs: [String?] { charts.map { folder in GrowthCharts.files.map { "\(folder)/\($0)" } } ?? [] }
}

/// What the suite has to say while it runs.
public enum BenchNews {
  case machine(String)
  case list([String])
  case group(String, [CaseFigures])
  case comparison(Comparison)

  /// For people.
  public var text: String {
    switch self {
    case .machine(let machine): machine + "\n"
    case .list(let names): names.map { $0 + "\n" }.joined()
    case .group(let name, let cases): "\n== \(name)\n\n" + RunTables(cases: cases).text
    case .comparison(let comparison): "\n" + comparison.text
    }
  }

  /// The same as members of JSON objects, one for each line.
  package var lines: [(inout JSONWriter) -> Void] {
    func texts(_ key: String, _ values: [String]) -> [(inout JSONWriter) -> Void] {
      values.map { value in
        { writer in
          writer.key(key)
          writer.string(value)
        }
      }
    }
    switch self {
    case .machine(let machine): return texts("machine", [machine])
    case .list(let names): return texts("case", names)
    case .group(_, let cases): return cases.map { figures in { RunDocument.write(figures, to: &$0) } }
    case .comparison(let comparison):
      return comparison.differences.map { difference in
        { writer in
          writer.key("case")
          writer.string(difference.caseName)
          writer.key("difference")
          writer.string(difference.what)
          writer.key("worse")
          writer.bool(difference.isWorseResult)
        }
      }
    }
  }
}

public enum BenchSuite {
  /// What one run of a case costs, for tools that count instructions: `planning` and `judging` are called once each.
  /// Returns the names of the planner's stages, in pipeline order; nil where there is no such case.
  public static func runOnce(
    _ fullName: String, planning: (() -> Void) -> Void, judging: (() -> Void) -> Void
  ) throws -> [String]? {
    guard let benchCase = BenchCase.all.first(where: { $0.fullName == fullName }) else { return nil }
    let work = try benchCase.make()
    var options = PlanOptions()
    options.threads = benchCase.threads
    var plan: Result<BenchWork.Planned, any Error>?
    planning { plan = Result { try work.plan(options) } }
    guard let plan = try plan?.get() else { return [] }
    var report: Result<Report, any Error>?
    judging { report = Result { try work.judge(plan.targets) } }
    guard try report?.get().unmet == 0 else { throw BenchFailure(description: "\(fullName): rules are broken") }
    return plan.stages.map(\.stage)
  }

  /// Runs the cases that are asked for, group by group. `around` is given each case's name and its work.
  /// Nil where only names were asked for. Throws where a case gives a wrong result.
  public static func run(
    _ options: BenchOptions, tell: (BenchNews) -> Void,
    around: (String, () throws -> CaseFigures) throws -> CaseFigures
  ) throws -> (run: RunDocument, isGood: Bool)? {
    let before = try options.against.map(RunDocument.read)
    let cases = BenchCase.all.filter { benchCase in
      (!options.quick || benchCase.isQuick) && (options.filter.map(benchCase.fullName.contains) ?? true)
    }
    if options.list {
      tell(.list(cases.map(\.fullName)))
      return nil
    }
    let run = try options.from.map(RunDocument.read) ?? measure(cases, tell, around)
    if let folder = options.charts {
      for (file, svg) in GrowthCharts.all(run) {
        try Array(svg.utf8).withUnsafeBytes { bytes in try AtomicFileOutput.write(bytes, to: "\(folder)/\(file)") }
      }
    }
    guard let before else { return (run, true) }
    let comparison = Comparison(of: run, against: before)
    tell(.comparison(comparison))
    return (run, !comparison.isWorse)
  }

  private static func measure(
    _ cases: [BenchCase], _ tell: (BenchNews) -> Void,
    _ around: (String, () throws -> CaseFigures) throws -> CaseFigures
  ) throws -> RunDocument {
    var run = RunDocument()
    tell(.machine(run.machine.description))
    var groups: [String] = []
    for benchCase in cases where !groups.contains(benchCase.group) { groups.append(benchCase.group) }
    for group in groups {
      let figures = try cases.filter { $0.group == group }.map { benchCase in
        try around(benchCase.fullName) { try benchCase.run() }
      }
      tell(.group(group, figures))
      run.cases += figures
    }
    return run
  }
}
