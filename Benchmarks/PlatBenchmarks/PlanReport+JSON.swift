import PlatEngine
import PlatFormats

extension PlanReport {
  /// All figures as a JSON document: times in nanoseconds, each a median unless its name says otherwise.
  func writeJSON(to path: String, machine: Machine) throws {
    var writer = JSONWriter()
    writer.beginObject(.lines)
    writer.key("machine")
    writer.beginObject(.compact)
    writer.key("processor")
    writer.string(machine.processor)
    writer.key("cores")
    writer.integer(machine.cores)
    writer.key("swift")
    writer.string(machine.swift)
    writer.endObject()
    writer.key("cases")
    writer.beginArray(.lines)
    for result in results { write(result, &writer) }
    writer.endArray()
    writer.endObject()
    try writer.write(to: path)
  }

  private func write(_ result: PlanResult, _ writer: inout JSONWriter) {
    writer.beginObject(.compact)
    writer.key("group")
    writer.string(result.planCase.group)
    writer.key("name")
    writer.string(result.planCase.name)
    let numbers: [(StaticString, Int)] = [
      ("replicas", result.replicas), ("runs", result.plan.runs), ("copyNanoseconds", Int(result.copy.median)),
      ("planNanoseconds", Int(result.plan.median)), ("planLeastNanoseconds", Int(result.plan.least)),
      ("denseNanoseconds", Int(result.dense.median)), ("judgeNanoseconds", Int(result.judge.median)),
      ("peakBytes", Int(result.peakBytes)), ("moves", result.report.moves),
      ("movesLowerBound", result.movesLowerBound), ("roleChanges", result.report.roleChanges),
      ("brokenSoft", result.report.brokenSoft), ("unmet", result.report.unmet),
    ]
    for (key, value) in numbers {
      writer.key("\(key)")
      writer.integer(value)
    }
    if let naive = result.naive {
      writer.key("naiveNanoseconds")
      writer.integer(Int(naive.nanoseconds))
      writer.key("naiveMoves")
      writer.integer(naive.moves)
    }
    writer.key("hash")
    writer.string(hexadecimal(result.hash))
    writer.key("stageNanoseconds")
    writer.beginArray(.compact)
    for stage in result.stages {
      writer.beginObject(.compact)
      writer.key(stage.stage)
      writer.integer(Int(stage.nanoseconds))
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }
}
