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
  }

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

  /// A stage is done.
  public func finished(_ stage: String) throws(PlatError) {
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
