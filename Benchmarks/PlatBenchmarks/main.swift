import Glibc

guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
  complain(Options.usage)
  exit(64)
}
do {
  switch options.suite {
  case .crc: printCRCTable(benchmarkCRC())
  case .plans: try runPlans(options)
  }
} catch {
  complain("PlatBenchmarks: \(error)")
  exit(1)
}

/// A line on standard error.
func complain(_ message: String) {
  let line = Array((message + "\n").utf8)
  _ = write(STDERR_FILENO, line, line.count)
}

/// Runs the cases that are asked for, group by group.
func runPlans(_ options: Options) throws {
  let machine = Machine()
  print(machine.description)
  let cases = PlanCase.all.filter { planCase in
    (!options.isQuick || planCase.isQuick)
      && (options.filter.map { "\(planCase.group): \(planCase.name)".contains($0) } ?? true)
  }
  var results: [PlanResult] = []
  var groups: [String] = []
  for planCase in cases where !groups.contains(planCase.group) { groups.append(planCase.group) }
  for group in groups {
    print("\n== \(group)\n")
    let ofGroup = try cases.filter { $0.group == group }.map { try $0.run() }
    PlanReport(results: ofGroup).printAll()
    fflush(nil)
    results += ofGroup
  }
  if let path = options.jsonPath { try PlanReport(results: results).writeJSON(to: path, machine: machine) }
}
