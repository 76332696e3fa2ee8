import Synchronization

/// How the host stops work that takes too long, and hears how far it is.
///
/// Work asks now and then: every allocation does, every end of a stage, and loops that may go on for long. A loop that
/// cannot throw just ends, with whatever it has; the end of its stage throws. Nothing of it reaches the caller.
public final class Interrupt: Sendable {
  private let flag = Atomic<Bool>(false)
  private let onStage: (@Sendable (_ stage: String) -> Bool)?

  /// `onStage`: told each stage that is done, on the thread that works; false: it is to stop.
  public init(onStage: (@Sendable (_ stage: String) -> Bool)? = nil) { self.onStage = onStage }

  /// From any thread, for good.
  public func request() { flag.store(true, ordering: .relaxed) }

  public var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// A stage is done.
  public func finished(_ stage: String) throws(PlatError) {
    if let onStage, !isRequested, !onStage(stage) { request() }
    if isRequested { throw .cancelled }
  }
}
