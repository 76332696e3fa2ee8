/// The tables of one group of cases: times and memory, then what the Judge says of the maps, then the stages.
struct RunTables {
  let cases: [CaseFigures]

  var text: String { [timeTable, qualityTable, stageTable].map(\.text).joined(separator: "\n") }

  private var timeTable: Table {
    var table = Table([
      "time and memory", "runs", "copy ms", "plan ms", "+-%", "ns/replica", "copies", "least ms", "least/least",
      "peak B/replica", "dense ms", "judge ms", "certify+judge copies", "naive/plan",
    ])
    for figures in cases {
      let proof = figures.time(ofStage: "certify") + figures.judge.median
      table.add([
        figures.name, String(figures.plan.runs), millis(figures.copy.median, 4), millis(figures.plan.median),
        fixed(figures.plan.spread * 100), fixed(figures.nanosecondsPerReplica, 2), fixed(figures.copies),
        millis(figures.plan.least), fixed(figures.leastCopies), fixed(figures.peakBytesPerReplica),
        millis(figures.dense.median, 2), millis(figures.judge.median, 2),
        fixed(Double(proof) / Double(max(figures.copy.median, 1))),
        figures.naiveTime == 0 ? "" : fixed(Double(figures.naiveTime) / Double(max(figures.plan.median, 1)), 0),
      ])
    }
    return table
  }

  private var qualityTable: Table {
    var states: [String] = []
    for load in cases.flatMap(\.loads) where !states.contains(load.state) { states.append(load.state) }
    var table = Table(
      ["quality", "moves", "bound", "naive moves", "role changes"] + states + [
        "fan-out", "soft broken", "unmet", "hash",
      ])
    for figures in cases {
      table.add(
        [
          figures.name, String(figures.moves), String(figures.movesLowerBound),
          figures.naiveTime == 0 ? "" : String(figures.naiveMoves), String(figures.roleChanges),
        ]
          + states.map { state in
            figures.loads.first { $0.state == state }.map { "\($0.least)-\($0.greatest)" } ?? ""
          } + [String(figures.fanOut), String(figures.brokenSoft), String(figures.unmet), figures.hash])
    }
    return table
  }

  /// Milliseconds of each stage, those of one name together.
  private var stageTable: Table {
    var names: [String] = []
    for stage in cases.flatMap(\.stages) where !names.contains(stage.name) { names.append(stage.name) }
    var table = Table(["stages, ms"] + names)
    for figures in cases {
      table.add(
        [figures.name]
          + names.map { name in
            figures.stages.contains { $0.name == name } ? millis(figures.time(ofStage: name)) : ""
          })
    }
    return table
  }

  private func millis(_ nanoseconds: Int, _ digits: Int = 3) -> String { fixed(Double(nanoseconds) / 1e6, digits) }
}
