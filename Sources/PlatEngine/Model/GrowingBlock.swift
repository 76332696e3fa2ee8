import Glibc

/// Elements that become more, in one block of memory which whoever has it frees. Where there is none, it says so: for
/// what grows with the input.
struct GrowingBlock<Element: BitwiseCopyable> {
  private(set) var count = 0
  private(set) var capacity = 0
  private var memory: UnsafeMutablePointer<Element>?

  /// Where the elements are, until the next one comes.
  var base: UnsafeMutablePointer<Element> {
    memory ?? UnsafeMutablePointer(bitPattern: MemoryLayout<Element>.alignment)!
  }

  mutating func free() {
    Glibc.free(memory)
    self = Self()
  }

  /// Makes room for `more` elements. O(count), amortised O(more).
  mutating func reserve(_ more: Int) throws(PlatError) {
    guard more > capacity - count else { return }
    let (sum, overflow) = count.addingReportingOverflow(more)
    let wanted = overflow ? .max : max(sum, capacity < .max / 4 ? 2 * capacity : 0, 16)
    let (bytes, tooMany) = wanted.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !tooMany, let larger = realloc(memory, bytes) else { throw .outOfMemory }
    memory = larger.bindMemory(to: Element.self, capacity: wanted)
    capacity = wanted
  }

  mutating func append(_ element: Element) throws(PlatError) {
    try reserve(1)
    appendReserved(element)
  }

  mutating func append(copyOf other: Self) throws(PlatError) {
    try reserve(other.count)
    if other.count > 0 { (base + count).update(from: other.base, count: other.count) }
    count += other.count
  }

  /// There is room.
  @inline(__always) mutating func appendReserved(_ element: Element) {
    base[count] = element
    count += 1
  }

  @inline(__always) mutating func appendReserved(_ elements: Span<Element>) {
    elements.withUnsafeBufferPointer { elements in
      if let start = elements.baseAddress { (base + count).update(from: start, count: elements.count) }
    }
    count += elements.count
  }
}
