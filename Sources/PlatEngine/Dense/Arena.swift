import CPlatCore

/// Memory that is freed together, accounted together, and may be bounded. Every dense array comes from one.
public final class Arena: @unchecked Sendable {
  private let handle: OpaquePointer
  let interrupt: Interrupt?

  /// `limitBytes` 0: no limit. `interrupt`: stops whoever asks for more.
  public init(limitBytes: UInt64 = 0, interrupt: Interrupt? = nil) throws(PlatError) {
    guard let handle = plat_arena_create(limitBytes) else { throw .outOfMemory }
    self.handle = handle
    self.interrupt = interrupt
  }

  deinit { plat_arena_destroy(handle) }

  /// Whoever works in this arena is to stop: a loop that cannot throw ends early.
  @inline(__always) var isInterrupted: Bool { interrupt?.isRequested ?? false }

  func throwIfInterrupted() throws(PlatError) {
    if isInterrupted { throw .cancelled }
  }

  public var currentBytes: UInt64 { plat_arena_current_bytes(handle) }
  public var peakBytes: UInt64 { plat_arena_peak_bytes(handle) }

  /// `count` elements, all bits zero. They live as long as the arena, or until `free`.
  public func table<Index: DenseIndex, Element: BitwiseCopyable>(
    _ count: Int, of: Element.Type = Element.self, by: Index.Type = Index.self
  ) throws(PlatError) -> DenseTable<Index, Element> {
    try makeTable(count, plat_arena_allocate)
  }

  /// The same with anything in it, for who writes every element before it is read. In debug builds that is 0xa5, byte
  /// by byte.
  public func unfilledTable<Index: DenseIndex, Element: BitwiseCopyable>(
    _ count: Int, of: Element.Type = Element.self, by: Index.Type = Index.self
  ) throws(PlatError) -> DenseTable<Index, Element> {
    try makeTable(count) { handle, bytes in
      let memory = plat_arena_allocate_uninitialized(handle, bytes)
      assert(
        {
          memory?.initializeMemory(as: UInt8.self, repeating: 0xa5, count: bytes)
          return true
        }())
      return memory
    }
  }

  @inline(__always) private func makeTable<Index: DenseIndex, Element: BitwiseCopyable>(
    _ count: Int, _ allocate: (OpaquePointer, Int) -> UnsafeMutableRawPointer?
  ) throws(PlatError) -> DenseTable<Index, Element> {
    try throwIfInterrupted()
    let (bytes, overflow) = max(count, 0).multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !overflow, let memory = allocate(handle, bytes) else { throw .outOfMemory }
    return DenseTable(unsafeBase: memory.bindMemory(to: Element.self, capacity: count), count: count)
  }

  /// Gives a table back before the arena goes. It must not be used after.
  public func free<Index, Element>(_ table: DenseTable<Index, Element>) {
    plat_arena_free(handle, table.base, table.count * MemoryLayout<Element>.stride)
  }
}

/// As long as there is one, what arenas give back is kept for those that come next: see `plat_arena_hold`. An arena is
/// one, too.
package final class ArenaHold: Sendable {
  package init() { plat_arena_hold() }
  deinit { plat_arena_let_go() }
}

/// A dense array in an arena, subscripted by one kind of index. A reference: copies share the elements.
///
/// The owner keeps the arena alive for as long as the table is in use. Subscripts are checked in debug
/// builds only; nothing from outside reaches one unvalidated.
@frozen public struct DenseTable<Index: DenseIndex, Element: BitwiseCopyable>: BitwiseCopyable, @unchecked Sendable {
  public let base: UnsafeMutablePointer<Element>
  public let count: Int

  @inline(__always) public init(unsafeBase: UnsafeMutablePointer<Element>, count: Int) {
    base = unsafeBase
    self.count = count
  }

  @inline(__always) public subscript(_ index: Index) -> Element {
    get {
      assert(index.int < count, "indicesAreInRange")
      return base[index.int]
    }
    nonmutating set {
      assert(index.int < count, "indicesAreInRange")
      base[index.int] = newValue
    }
  }

  public func fill(with value: Element) { base.update(repeating: value, count: count) }

  public func copy(from other: DenseTable) { base.update(from: other.base, count: min(count, other.count)) }
}

public typealias NodeTable<Element: BitwiseCopyable> = DenseTable<NodeIndex, Element>
public typealias PartitionTable<Element: BitwiseCopyable> = DenseTable<PartitionIndex, Element>
public typealias ContainerTable<Element: BitwiseCopyable> = DenseTable<ContainerIndex, Element>
