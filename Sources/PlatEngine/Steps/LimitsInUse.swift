/// How much of the movement limits is taken by streams under way.
struct LimitsInUse {
  private let limits: MovementLimits
  private let containerOfNode: [ContainerIndex]
  private var scans: [Int]
  private var streamsOut: [Int]
  private var streamsIn: [Int]
  /// Streams under way into each container of the level that has a limit, and how many have any.
  private var into: [Int]
  private var disturbed = 0

  init(_ limits: MovementLimits, _ cluster: DenseCluster) {
    self.limits = limits
    let level = limits.disturbed.map { cluster.levels[$0.level] }
    containerOfNode = level?.containerOfNode ?? []
    into = Array(repeating: 0, count: level?.count ?? 0)
    scans = Array(repeating: 0, count: cluster.nodeCount)
    streamsOut = scans
    streamsIn = scans
  }

  func mayBegin(_ step: Step) -> Bool {
    guard step.kind == .stream else { return true }
    let (source, node) = (step.source.int, step.node.int)
    guard !step.isFullScan || scans[source] < limits.fullScans[source] else { return false }
    guard streamsOut[source] < limits.streamsOut, streamsIn[node] < limits.streamsIn else { return false }
    guard let most = limits.disturbed?.count else { return true }
    return into[containerOfNode[node].int] > 0 || disturbed < most
  }

  /// What keeps a step from beginning now.
  enum Obstacle: Equatable { case nothing, node, container(Int) }

  func obstacle(_ step: Step) -> Obstacle {
    guard !mayBegin(step) else { return .nothing }
    let (source, node) = (step.source.int, step.node.int)
    if step.isFullScan, scans[source] >= limits.fullScans[source] { return .node }
    if streamsOut[source] >= limits.streamsOut || streamsIn[node] >= limits.streamsIn { return .node }
    return .container(containerOfNode[node].int)
  }

  /// Whether no stream may begin into a container of the level that has a limit.
  func isShut(_ container: Int) -> Bool {
    limits.disturbed.map { into[container] == 0 && disturbed >= $0.count } ?? false
  }

  /// Of the level that has a limit.
  var containerCount: Int { into.count }

  mutating func begin(_ step: Step) { take(step, 1) }
  mutating func end(_ step: Step) { take(step, -1) }

  private mutating func take(_ step: Step, _ sign: Int) {
    guard step.kind == .stream else { return }
    if step.isFullScan { scans[step.source.int] += sign }
    streamsOut[step.source.int] += sign
    streamsIn[step.node.int] += sign
    guard limits.disturbed != nil else { return }
    let container = containerOfNode[step.node.int].int
    if into[container] == 0 { disturbed += 1 }
    into[container] += sign
    if into[container] == 0 { disturbed -= 1 }
  }
}
