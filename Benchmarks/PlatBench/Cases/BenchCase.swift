import PlatEngine
import PlatReference

/// One thing to plan.
struct BenchCase {
  enum Subject {
    case shape(Shape, Change)
    case published(PublishedCase.Change)
  }
  var group: String
  var name: String
  var subject: Subject
  var threads = 1
  /// Part of the smoke run.
  var isQuick = false
  /// Whether the naive planner comes to an end in reasonable time.
  var hasNaive = false

  init(
    _ group: String, _ shape: Shape, _ change: Change, threads: Int = 1, isQuick: Bool = false, hasNaive: Bool = false
  ) {
    self.group = group
    name = "\(shape.name), \(change.name(shape))" + (threads == 1 ? "" : ", \(threads) threads")
    subject = .shape(shape, change)
    self.threads = threads
    self.isQuick = isQuick
    self.hasNaive = hasNaive
  }

  init(_ group: String, published change: PublishedCase.Change, name: String) {
    self.group = group
    self.name = "10 nodes in 5 racks x 1024 x 3, \(name)"
    subject = .published(change)
    isQuick = true
    hasNaive = true
  }

  /// What `--filter` looks in.
  var fullName: String { "\(group): \(name)" }

  /// What a growth curve is drawn through: all cases that are alike but for their size.
  var series: String {
    guard case .shape(let shape, let change) = subject else { return "" }
    let name = change.changedNodes > 1 && group.contains("changed") ? "leave" : change.name(shape)
    return shape.fanOut == nil ? name : "\(name), few peers"
  }

  var changedNodes: Int {
    if case .shape(_, let change) = subject { return change.changedNodes }
    return 0
  }

  /// What there is to plan, and the maps as they are.
  func make() throws -> BenchWork {
    switch subject {
    case .published(let change):
      let (cluster, current) = PublishedCase.tenNodesFiveRacks(change)
      return .one(try DenseCluster(cluster), current)
    case .shape(let shape, let change):
      let absent = change.absent(shape)
      guard shape.maps == 1 else {
        let nothing: [PlacementMap?] = Array(repeating: nil, count: shape.maps)
        guard change != .fresh else { return .several(try shape.group(), nothing) }
        let before = try Planner.plan(shape.group(leaving: absent.before), from: nothing)
        return .several(try shape.group(leaving: absent.after), before.plans.map(\.target))
      }
      guard change != .fresh else { return .one(try shape.cluster(), nil) }
      guard change != .balance else { return .one(try shape.cluster(), try shape.hashedMap()) }
      let before = try Planner.plan(shape.cluster(leaving: absent.before), from: nil)
      return .one(try shape.cluster(leaving: absent.after), before.target)
    }
  }
}

/// One map to plan, or several on the same nodes.
enum BenchWork {
  case one(DenseCluster, PlacementMap?)
  case several(DenseGroup, [PlacementMap?])

  /// What came of planning, of all maps together.
  struct Planned {
    var targets: [PlacementMap]
    var movesLowerBound: Int
    var stages: [(stage: String, nanoseconds: UInt64)]
    var peakBytes: UInt64
  }

  func plan(_ options: PlanOptions) throws -> Planned {
    switch self {
    case .one(let cluster, let current):
      let plan = try Planner.plan(cluster, from: current, options: options)
      return Planned(
        targets: [plan.target], movesLowerBound: plan.movesLowerBound, stages: plan.stageNanoseconds,
        peakBytes: plan.peakBytes)
    case .several(let group, let currents):
      let plan = try Planner.plan(group, from: currents, options: options)
      return Planned(
        targets: plan.plans.map(\.target), movesLowerBound: plan.movesLowerBound,
        stages: plan.plans.flatMap(\.stageNanoseconds), peakBytes: plan.plans.reduce(0) { $0 + $1.peakBytes })
    }
  }

  func judge(_ targets: [PlacementMap], threads: Int = 1) throws -> Report {
    switch self {
    case .one(let cluster, let current):
      return try Judge.judge(cluster, map: targets[0], from: current, threads: threads)
    case .several(let group, let currents):
      let before = try currents.enumerated().map { map, current in
        try current ?? PlacementMap(partitionCount: 0, slotCounts: group.clusters[map].cluster.settings.constraints)
      }
      return try Judge.judge(group, maps: targets, from: before).sum
    }
  }

  /// The first map's, which all are like.
  var cluster: DenseCluster {
    switch self {
    case .one(let cluster, _): cluster
    case .several(let group, _): group.clusters[0]
    }
  }

  var isFresh: Bool {
    switch self {
    case .one(_, let current): current == nil
    case .several(_, let currents): currents.allSatisfy { $0 == nil }
    }
  }
}
