/// One request to one node, or to a pair, about one partition. It is done at once or not at all, and refused where a
/// node is not in the state that the step begins with, or has seen a later revision.
@frozen public struct Step: BitwiseCopyable, Sendable {
  public enum Kind: UInt8, BitwiseCopyable, Sendable {
    /// `node` changes its state. No data goes anywhere.
    case set
    /// `source` streams the partition to `node`; either may change its state in the same exchange.
    case stream
  }

  /// What it is for, most urgent first: the order of a schedule.
  public enum Purpose: UInt8, BitwiseCopyable, Sendable, Comparable, CaseIterable {
    /// A copy or a master that is missing.
    case restore
    /// Who is what, among those that have the data.
    case takeOver
    /// All else.
    case balance

    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  public var partition: PartitionIndex
  /// Of a stream; `none` for a set.
  public var source: NodeIndex
  /// Whom a set is about; where a stream goes.
  public var node: NodeIndex
  public var sourceChange: StateChange
  public var change: StateChange
  public var kind: Kind
  public var purpose: Purpose
  /// An exclusive state passes from `source` to `node`, which holds back writes until that has succeeded or failed.
  /// Where `node` has no data yet, it gets it in the same exchange: `isFullScan`.
  public var isTakeover: Bool
  /// The source reads the whole partition.
  public var isFullScan: Bool

  /// Whose state it changes.
  package var changes: [(node: NodeIndex, change: StateChange)] {
    kind == .set ? [(node, change)] : [(source, sourceChange), (node, change)]
  }

  static func set(_ partition: PartitionIndex, _ node: NodeIndex, _ change: StateChange, _ purpose: Purpose) -> Step {
    Step(
      partition: partition, source: .none, node: node, sourceChange: StateChange(.null, .null), change: change,
      kind: .set,
      purpose: purpose, isTakeover: false, isFullScan: false)
  }

  static func copy(
    _ partition: PartitionIndex, from source: NodeIndex, in state: StateIndex, to node: NodeIndex,
    _ change: StateChange,
    _ purpose: Purpose
  ) -> Step {
    Step(
      partition: partition, source: source, node: node, sourceChange: StateChange(state, state), change: change,
      kind: .stream, purpose: purpose, isTakeover: false, isFullScan: true)
  }

  static func takeover(
    _ partition: PartitionIndex, from source: NodeIndex, _ sourceChange: StateChange, to node: NodeIndex,
    _ change: StateChange, _ purpose: Purpose, isFullScan: Bool
  ) -> Step {
    Step(
      partition: partition, source: source, node: node, sourceChange: sourceChange, change: change, kind: .stream,
      purpose: purpose, isTakeover: true, isFullScan: isFullScan)
  }
}

/// `step` begins when the step `before` is done.
typealias Arc = (step: UInt32, before: UInt32)

/// Steps and their order: step `i` begins when all of `after(i)` are done. Every one of those has a smaller number, but
/// where a node without room makes it wait for a partition further on.
public struct StepList: Sendable {
  public internal(set) var steps: [Step] = []
  /// Pairs (step, the one that it comes after), by the step.
  private var firstOf: [UInt32] = [0]
  private var others: [UInt32] = []

  public init() {}

  public var count: Int { steps.count }

  /// The steps that must be done before step `index`, ascending.
  public func after(_ index: Int) -> ArraySlice<UInt32> { others[Int(firstOf[index])..<Int(firstOf[index + 1])] }

  /// Takes the steps and their arcs, each (step, the one before it), in any order. O(steps + arcs · log).
  init(_ steps: [Step], arcs: [Arc], _ interrupt: Interrupt? = nil) throws(PlatError) {
    self.steps = steps
    firstOf = Array(repeating: 0, count: steps.count + 1)
    let sorted = try arcs.sorted(interrupt) { ($0.step, $0.before) < ($1.step, $1.before) }
    others.reserveCapacity(sorted.count)
    for (index, arc) in sorted.enumerated() where index == 0 || arc != sorted[index - 1] {
      others.append(arc.before)
      firstOf[Int(arc.step) + 1] += 1
    }
    for index in steps.indices { firstOf[index + 1] += firstOf[index] }
  }
}
