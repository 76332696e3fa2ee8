import Synchronization

/// How the host stops work that takes too long, and hears how far it is.
///
/// Work asks now and then: every allocation does, every end of a stage, and loops that may go on for long. A loop that
/// cannot throw just ends, with whatever it has; the end of its stage throws. Nothing of it reaches the caller.
public final class Interrupt: Sendable {
  private let flag: Flag
  private let onStage: (@Sendable (_ stage: String) -> Bool)?

  private final class Flag: Sendable {
    let isSet = Atomic<Bool>(false)
    /// How much is done, in millionths.
    let done = Atomic<UInt32>(0)
  }

  /// A stage of some work, with how much of all of it is done at its end, from 0 to 1.
  public typealias Stage = (name: String, share: Double)

  /// The stages of the work that goes by it now, in their order.
  private let stages = Mutex<[Stage]>([])

  /// `onStage`: told each stage that is done, on the thread that works; false: it is to stop.
  public init(onStage: (@Sendable (_ stage: String) -> Bool)? = nil) {
    flag = Flag()
    self.onStage = onStage
  }

  private init(_ flag: Flag) {
    self.flag = flag
    onStage = nil
  }

  /// The same for parts of the work that go on beside each other: requested together, but nobody is told of stages.
  public var quiet: Interrupt { Interrupt(flag) }

  /// From any thread, for good.
  public func request() { flag.isSet.store(true, ordering: .relaxed) }

  public var isRequested: Bool { flag.isSet.load(ordering: .relaxed) }

  public func throwIfRequested() throws(PlatError) {
    if isRequested { throw .cancelled }
  }

  /// For loops over what is small: asks each 1,024th time.
  @inline(__always) public func throwIfRequested(at index: Int) throws(PlatError) {
    if index & 1023 == 0 { try throwIfRequested() }
  }

  // MARK: How far the work is

  /// From 0 to 1, by the stages that are done: an estimate. It never goes back until other work begins.
  public var fraction: Double { Double(flag.done.load(ordering: .relaxed)) / 1_000_000 }

  /// Work of these stages begins.
  public func begin(_ stages: [Stage]) {
    self.stages.withLock { $0 = stages }
    flag.done.store(0, ordering: .relaxed)
  }

  /// Nothing is left to do.
  public func end() { raise(to: 1) }

  /// So much of a stage is done, from 0 to 1. From any thread.
  public func advanced(_ stage: String, by part: Double) {
    let share = stages.withLock { stages -> Double? in
      guard let place = stages.lastIndex(where: { $0.name == stage }) else { return nil }
      let before = place == 0 ? 0 : stages[place - 1].share
      return before + (stages[place].share - before) * min(max(part, 0), 1)
    }
    if let share { raise(to: share) }
  }

  private func raise(to share: Double) {
    flag.done.max(UInt32(share * 1_000_000), ordering: .relaxed)
  }

  /// A stage is done, or `part` of it.
  public func finished(_ stage: String, part: Double = 1) throws(PlatError) {
    advanced(stage, by: part)
    if let onStage, !isRequested, !onStage(stage) { request() }
    try throwIfRequested()
  }
}

extension Sequence {
  /// As `sorted(by:)`, but that an interrupt ends it.
  package func sorted(
    _ interrupt: Interrupt?, by comesBefore: (Element, Element) -> Bool
  ) throws(PlatError) -> [Element] {
    guard let interrupt else { return sorted(by: comesBefore) }
    var comparisons = 0
    do {
      return try sorted {
        comparisons += 1
        try interrupt.throwIfRequested(at: comparisons)
        return comesBefore($0, $1)
      }
    } catch {
      throw .cancelled
    }
  }
}
