import PlatEngine
import PlatReference

/// A result that is not what it must be, whatever the time it took.
public struct BenchFailure: Error, CustomStringConvertible {
  public var description: String
}

extension BenchCase {
  /// Plans the case at least five times. Throws where two runs differ, where the Judge finds something unmet, or
  /// where the plan has fewer moves than it says are needed.
  func run() throws -> CaseFigures {
    let work = try make()
    let cluster = work.cluster
    var options = PlanOptions()
    options.threads = threads
    var plan = try work.plan(options)
    let hash = mapHash(plan.targets)
    var figures = CaseFigures()
    figures.nodes = cluster.nodeCount
    figures.partitions = cluster.partitionCount * plan.targets.count
    figures.replicasEach = cluster.replicas
    let replicas = figures.replicas / plan.targets.count
    figures.copy = .init(
      Yardstick(source: plan.targets[0].slots, bytes: replicas * MemoryLayout<NodeIndex>.stride).copy)

    var stages: [[Double]] = plan.stages.map { _ in [] }
    figures.plan = .init(
      try Measurement(by: threads == 1 ? .thread : .wall) {
        plan = try work.plan(options)
        for (index, stage) in plan.stages.enumerated() { stages[index].append(Double(stage.nanoseconds)) }
      })
    figures.stages = zip(plan.stages, stages).map { .init(name: $0.stage, time: Int(Measurement($1).median)) }
    var report = Report()
    figures.judge = .init(
      try Measurement(least: 3, budgetMillis: 300, by: threads == 1 ? .thread : .wall) {
        report = try work.judge(plan.targets, threads: threads)
      })
    figures.dense = .init(try Measurement(least: 3, budgetMillis: 50) { _ = try DenseCluster(cluster.cluster) })

    guard mapHash(plan.targets) == hash else { throw BenchFailure(description: "\(name): two runs differ") }
    guard report.unmet == 0 else { throw BenchFailure(description: "\(name): \(report.unmet) unmet") }
    guard work.isFresh || report.moves >= plan.movesLowerBound else {
      throw BenchFailure(description: "\(name): \(report.moves) moves, fewer than the bound")
    }
    figures.take(report)
    (figures.group, figures.name, figures.series) = (group, name, series)
    (figures.changedNodes, figures.threads) = (changedNodes, threads)
    (figures.peakBytes, figures.movesLowerBound) = (Int(plan.peakBytes), plan.movesLowerBound)
    figures.hash = hexadecimal(hash)
    if hasNaive, case .one(_, let current) = work {
      var map: PlacementMap?
      figures.naiveTime = Int(nanoseconds { map = NaivePlanner.plan(cluster: cluster, current: current) })
      if let map { figures.naiveMoves = try Judge.judge(cluster, map: map, from: current).moves }
    }
    return figures
  }
}

extension CaseFigures {
  /// What the Judge says of the plan.
  fileprivate mutating func take(_ report: Report) {
    (moves, roleChanges) = (report.moves, report.roleChanges)
    (brokenSoft, unmet) = (report.brokenSoft, report.unmet)
    fanOut = report.fanOutOutbound
    loads = report.load.map { Load(state: $0.state, least: $0.spread.least, greatest: $0.spread.greatest) }
    if let total = report.total { loads.append(Load(state: "total", least: total.least, greatest: total.greatest)) }
  }
}
