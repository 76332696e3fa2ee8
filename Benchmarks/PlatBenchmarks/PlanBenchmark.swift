import PlatEngine
import PlatReference

/// What is known about one case once it has been planned several times.
struct PlanResult {
  var planCase: PlanCase
  var replicas: Int
  /// Copying the target map's slots: see `Yardstick`.
  var copy: Measurement
  /// From the dense cluster and the current map to the plan, bound and all.
  var plan: Measurement
  var judge: Measurement
  /// From the cluster as people name it to dense arrays: not part of `plan`.
  var dense: Measurement
  /// Medians, in pipeline order.
  var stages: [(stage: String, nanoseconds: Double)]
  var peakBytes: UInt64
  var movesLowerBound: Int
  var report: Report
  var hash: UInt64
  var naive: (nanoseconds: Double, moves: Int)?

  var nanosecondsPerReplica: Double { plan.median / Double(max(replicas, 1)) }
  var copies: Double { plan.median / copy.median }
  var peakBytesPerReplica: Double { Double(peakBytes) / Double(max(replicas, 1)) }
}

/// A result that is not what it must be, whatever the time it took.
struct BenchmarkFailure: Error, CustomStringConvertible {
  var description: String
}

extension PlanCase {
  /// Plans the case at least five times. Throws where two runs differ, where the Judge finds something unmet, or
  /// where the plan has fewer moves than it says are needed.
  func run() throws -> PlanResult {
    let (cluster, current) = try make()
    var plan = try Planner.plan(cluster, from: current)
    let hash = mapHash(plan.target)
    let replicas = cluster.partitionCount * cluster.replicas
    let copy = Yardstick(
      source: plan.target.slots, bytes: replicas * MemoryLayout<NodeIndex>.stride
    ).copy

    var stages: [[Double]] = plan.stageNanoseconds.map { _ in [] }
    let time = try Measurement {
      plan = try Planner.plan(cluster, from: current)
      for (index, stage) in plan.stageNanoseconds.enumerated() { stages[index].append(Double(stage.nanoseconds)) }
    }
    var report = Report()
    let judge = try Measurement(least: 3, budgetMillis: 300) {
      report = try Judge.judge(cluster, map: plan.target, from: current)
    }
    let dense = try Measurement(least: 3, budgetMillis: 50) { _ = try DenseCluster(cluster.cluster) }

    guard mapHash(plan.target) == hash else { throw BenchmarkFailure(description: "\(name): two runs differ") }
    guard report.unmet == 0 else { throw BenchmarkFailure(description: "\(name): \(report.unmet) unmet") }
    guard current == nil || report.moves >= plan.movesLowerBound else {
      throw BenchmarkFailure(description: "\(name): \(report.moves) moves, fewer than the bound")
    }
    return PlanResult(
      planCase: self, replicas: replicas, copy: copy, plan: time, judge: judge, dense: dense,
      stages: zip(plan.stageNanoseconds, stages).map { ($0.stage, Measurement($1).median) }, peakBytes: plan.peakBytes,
      movesLowerBound: plan.movesLowerBound, report: report, hash: hash, naive: try naive(cluster, current))
  }

  /// One run of the naive planner, where it ends in reasonable time.
  private func naive(_ cluster: DenseCluster, _ current: PlacementMap?) throws -> (nanoseconds: Double, moves: Int)? {
    guard hasNaive else { return nil }
    var map: PlacementMap?
    let time = nanoseconds { map = NaivePlanner.plan(cluster: cluster, current: current) }
    guard let map else { return nil }
    return (time, try Judge.judge(cluster, map: map, from: current).moves)
  }
}
