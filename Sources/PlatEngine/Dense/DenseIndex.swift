/// A number that means one kind of thing. Integers that mean different things have different types.
public protocol DenseIndex: Comparable, Hashable, BitwiseCopyable, Sendable {
  var raw: UInt32 { get }
  init(raw: UInt32)
}

extension DenseIndex {
  @inline(__always) public init(_ value: Int) { self.init(raw: UInt32(truncatingIfNeeded: value)) }
  @inline(__always) public var int: Int { Int(raw) }
  @inline(__always) public static func < (a: Self, b: Self) -> Bool { a.raw < b.raw }
}

/// A node, by its place in tree order.
@frozen public struct NodeIndex: DenseIndex {
  public var raw: UInt32
  @inline(__always) public init(raw: UInt32) { self.raw = raw }
  /// No node: an empty slot.
  public static let none = NodeIndex(raw: .max)
}

/// A partition, by number or by the order of its key range.
@frozen public struct PartitionIndex: DenseIndex {
  public var raw: UInt32
  @inline(__always) public init(raw: UInt32) { self.raw = raw }
}

/// A container, by its place among those of its level in tree order.
@frozen public struct ContainerIndex: DenseIndex {
  public var raw: UInt32
  @inline(__always) public init(raw: UInt32) { self.raw = raw }
}
