import ArgumentParser
import PlatEngine
import PlatFormats

/// `plat steps`: how to get from a cluster's map to a plan's, safely.
struct StepsCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "steps", abstract: "Turn a plan into safe steps with their schedule.",
    discussion: """
      Any order of the steps that heeds their "after" is safe, and ends at the plan's map. The schedule keeps the limits of \
      the cluster's config.
      """)

  @OptionGroup var documents: ClusterAndPlan

  @OptionGroup var map: OneMap

  @Option(
    name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Where the steps go.", valueName: "steps"))
  var outputPath: String?

  @Flag(
    help:
      "Where full nodes wait for one another, let a replica go before its partition has another copy; never the last.")
  var removeFirst = false

  @Option(
    help: ArgumentHelp(
      "Schedule by time: how much weight of partitions a full scan moves in a second. Else every step takes one round.",
      valueName: "weight"))
  var bandwidth: String?

  @OptionGroup var options: GlobalOptions

  var files: CommandFiles { CommandFiles(reads: documents.paths, writes: [outputPath]) }

  func validate() throws {
    if let bandwidth, Quantity(bandwidth)?.isZero != false {
      throw ValidationError("--bandwidth takes a number above 0, not \(bandwidth)")
    }
  }

  mutating func run(_ console: Console) throws -> Bool {
    let (source, read) = try console.stage("reading") { try documents.readAny() }
    let maps = try source.locatingErrors { try read.maps(named: map.name) }
    var stepOptions = StepPlanner.Options()
    stepOptions.mayRemoveFirst = removeFirst
    let steps = console.stage("finding steps") {
      StepPlanner.plan(maps.map(\.change), options: stepOptions)
    }
    var scheduleOptions = ScheduleOptions()
    scheduleOptions.bandwidth = bandwidth.flatMap { Quantity($0) }.map { Rational($0) }
    let schedule = try console.stage("scheduling") {
      try source.locatingErrors {
        try Scheduler.schedule(steps.list, of: maps[0].change.cluster, options: scheduleOptions)
      }
    }
    try console.stage("writing") {
      var writer = JSONWriter(capacityBytes: (steps.list.count + 64) * 192)
      StepsWriter.write(
        steps, schedule: schedule, inTime: bandwidth != nil, of: StepsWriter.Maps(maps.map(\.map)), into: &writer)
      try writer.write(to: outputPath)
    }
    let unit = bandwidth == nil ? "rounds" : "microseconds"
    console.summarize {
      let streams = steps.list.steps.count { $0.isFullScan }
      let takeovers = steps.list.steps.count { $0.isTakeover }
      let shortest =
        schedule.length == schedule.lowerBound
        ? "proved to be the fewest" : "at least \(schedule.lowerBound) are needed"
      return
        "steps of \(maps.reduce(0) { $0 + $1.map.partitionCount }) partitions on "
        + "\(maps[0].change.cluster.nodeCount) nodes\n"
        + "  steps         \(steps.list.count): \(streams) copies, \(takeovers) takeovers\n"
        + "  \(unit)\(String(repeating: " ", count: max(1, 14 - unit.count)))\(schedule.length), \(shortest)\n"
        + (steps.removedFirst.isEmpty ? "" : "  removed first \(steps.removedFirst.count)\n")
        + (steps.unmet.isEmpty ? "" : "  unmet         \(steps.unmet.count) partitions\n")
        + ReportSummary.costs(console)
    } json: { writer in
      writer.member("steps", steps.list.count)
      writer.member(unit, schedule.length)
      writer.member("\(unit)LowerBound", schedule.lowerBound)
      writer.member("removedFirst", steps.removedFirst.count)
      writer.member("unmet", steps.unmet.count)
      ReportSummary.writeCosts(console, to: &writer)
    }
    return steps.unmet.isEmpty
  }
}
