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

  /// The cluster to plan for and the map that it has.
  func make() throws -> (cluster: DenseCluster, current: PlacementMap?) {
    switch subject {
    case .published(let change):
      let (cluster, current) = PublishedCase.tenNodesFiveRacks(change)
      return (try DenseCluster(cluster), current)
    case .shape(let shape, let change):
      let absent = change.absent(shape)
      guard change != .fresh else { return (try shape.cluster(), nil) }
      guard change != .balance else { return (try shape.cluster(), try shape.hashedMap()) }
      let before = try Planner.plan(shape.cluster(leaving: absent.before), from: nil)
      return (try shape.cluster(leaving: absent.after), before.target)
    }
  }
}
