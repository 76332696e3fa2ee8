import PlatEngine

/// The tables of one group of cases.
struct PlanReport {
  var results: [PlanResult]

  /// Times and memory, then what the Judge says of the maps, then the stages.
  func printAll() {
    timeTable.printAll()
    qualityTable.printAll()
    stageTable.printAll()
  }

  private var timeTable: Table {
    var table = Table([
      "time and memory", "runs", "copy ms", "plan ms", "+-%", "ns/replica", "copies", "least ms", "least/least",
      "peak B/replica", "dense ms", "judge ms", "judge copies", "naive/plan",
    ])
    for result in results {
      table.add([
        result.planCase.name, String(result.plan.runs), fixed(result.copy.median / 1e6, 4),
        fixed(result.plan.median / 1e6, 3), fixed(result.plan.spreadPercent), fixed(result.nanosecondsPerReplica, 2),
        fixed(result.copies), fixed(result.plan.least / 1e6, 3), fixed(result.plan.least / result.copy.least),
        fixed(result.peakBytesPerReplica), fixed(result.dense.median / 1e6, 2),
        fixed(result.judge.median / 1e6, 2), fixed(result.judge.median / result.copy.median),
        result.naive.map { fixed($0.nanoseconds / result.plan.median, 0) } ?? "",
      ])
    }
    return table
  }

  private var qualityTable: Table {
    var table = Table([
      "quality", "moves", "bound", "naive moves", "role changes", "master", "slave", "total", "soft broken", "unmet",
      "hash",
    ])
    for result in results {
      let report = result.report
      table.add(
        [
          result.planCase.name, String(report.moves), String(result.movesLowerBound),
          result.naive.map { String($0.moves) } ?? "", String(report.roleChanges),
        ] + ["master", "slave"].map { state in spread(report.load.first { $0.state == state }?.spread) }
          + [
            spread(report.total), String(report.brokenSoft), String(report.unmet), hexadecimal(result.hash),
          ])
    }
    return table
  }

  private func spread(_ spread: LoadSpread?) -> String { spread.map { "\($0.least)-\($0.greatest)" } ?? "" }

  /// Milliseconds of each stage, those of one name together.
  private var stageTable: Table {
    var names: [String] = []
    for stage in results.flatMap(\.stages) where !names.contains(stage.stage) { names.append(stage.stage) }
    var table = Table(["stages, ms"] + names)
    for result in results {
      table.add(
        [result.planCase.name]
          + names.map { name in
            let parts = result.stages.filter { $0.stage == name }
            return parts.isEmpty ? "" : fixed(parts.reduce(0) { $0 + $1.nanoseconds } / 1e6, 3)
          })
    }
    return table
  }
}
