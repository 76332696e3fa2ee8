/// A state of the model, or none at all, in one byte.
@frozen public struct StateIndex: Hashable, BitwiseCopyable, Sendable {
  public var raw: UInt8
  @inline(__always) public init(raw: UInt8) { self.raw = raw }
  /// A place in `StateModel.states`.
  @inline(__always) public init(_ state: Int) { self.init(raw: UInt8(truncatingIfNeeded: state)) }
  @inline(__always) public var int: Int { Int(raw) }
  /// No state: the node knows nothing of the partition.
  public static let null = StateIndex(raw: .max)
}

/// From one state to another.
@frozen public struct StateChange: Hashable, BitwiseCopyable, Sendable {
  public var from: StateIndex
  public var to: StateIndex

  @inline(__always) public init(_ from: StateIndex, _ to: StateIndex) {
    self.from = from
    self.to = to
  }
}

extension StateModel {
  /// As documents write it: `null` for none.
  public func name(_ state: StateIndex) -> String { state == .null ? "null" : states[state.int].name }

  @inline(__always) public func holdsData(_ state: StateIndex) -> Bool { state != .null && states[state.int].holdsData }
}
