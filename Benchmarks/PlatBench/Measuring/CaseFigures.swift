/// All that is known about one case once it has been planned several times, as it is saved. Times in nanoseconds.
public struct CaseFigures: Equatable, Sendable {
  public internal(set) var group = ""
  public internal(set) var name = ""
  /// See `BenchCase.series`.
  var series = ""
  var nodes = 0
  var partitions = 0
  var replicasEach = 0
  var changedNodes = 0
  var threads = 0

  /// Copying the target map's slots: see `Yardstick`.
  var copy = Timing()
  /// From the dense cluster and the current map to the plan, bound and all.
  var plan = Timing()
  var judge = Timing()
  /// From the cluster as people name it to dense arrays: not part of `plan`.
  var dense = Timing()
  /// Medians, in pipeline order.
  var stages: [Stage] = []

  var peakBytes = 0
  var moves = 0
  var movesLowerBound = 0
  var roleChanges = 0
  var brokenSoft = 0
  var unmet = 0
  var fanOut = 0
  /// Least and greatest load, of each state and in total.
  var loads: [Load] = []
  /// FNV-1a of the target's slots.
  var hash = ""

  /// One run of the naive planner; 0 where it would take too long.
  var naiveTime = 0
  var naiveMoves = 0

  /// Several runs of one thing.
  struct Timing: Equatable, Sendable {
    var median = 0
    var least = 0
    /// The middle half of the runs lies between these.
    var lower = 0
    var upper = 0
    var runs = 0

    /// Half the width of the middle half, as a part of the median.
    var spread: Double { median == 0 ? 0 : Double(upper - lower) / 2 / Double(median) }
  }

  struct Stage: Equatable, Sendable {
    var name: String
    var time: Int
  }

  struct Load: Equatable, Sendable {
    var state: String
    var least: Int
    var greatest: Int
  }

  var fullName: String { "\(group): \(name)" }
  var replicas: Int { partitions * replicasEach }
  var copies: Double { ratio(plan.median, copy.median) }
  var leastCopies: Double { ratio(plan.least, copy.least) }
  var nanosecondsPerReplica: Double { ratio(plan.median, replicas) }
  var peakBytesPerReplica: Double { ratio(peakBytes, replicas) }
  func time(ofStage name: String) -> Int { stages.reduce(0) { $0 + ($1.name == name ? $1.time : 0) } }

  private func ratio(_ a: Int, _ b: Int) -> Double { Double(a) / Double(max(b, 1)) }
}

extension CaseFigures.Timing {
  init(_ measurement: Measurement) {
    median = Int(measurement.median + 0.5)
    least = Int(measurement.least + 0.5)
    lower = Int(measurement.lower + 0.5)
    upper = Int(measurement.upper + 0.5)
    runs = measurement.runs
  }
}
