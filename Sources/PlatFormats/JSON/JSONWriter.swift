import Glibc

/// Writes a JSON document into one growing block of memory. The writer sets commas, colons and lines.
/// ```
/// var writer = JSONWriter()
/// writer.beginObject(.lines)
/// writer.key("plat"); writer.integer(1)
/// writer.key("names"); writer.beginArray(.compact); writer.string("a"); writer.endArray()
/// writer.endObject()
/// try writer.write(to: path)
/// ```
/// A container has its own layout: `.lines` sets each element on its own line, two spaces further in;
/// `.compact` has no whitespace at all. So one partition is one line, and plans can be compared line by line.
/// Inside a `.compact` container all are `.compact`. At most 64 levels.
///
/// Where memory runs out, or the writing is interrupted, the writer goes on without writing, and `write`, `bytes` and
/// `withBytes` throw.
package struct JSONWriter: ~Copyable {
  package enum Layout { case lines, compact }

  private var block: UnsafeMutablePointer<UInt8>?
  /// Bytes written.
  package private(set) var count = 0
  private var capacity = 0
  /// One bit a level, the innermost lowest: whether it has lines, and whether it has an element.
  private var hasLines: UInt64 = 0
  private var hasElement: UInt64 = 0
  private var depth = 0
  /// A key is written and its value is not.
  private var isAfterKey = false
  private var problem = Problem.none

  private enum Problem { case none, outOfMemory, cancelled }

  let allowance: Allowance
  /// What a binary document has beside its JSON; nil where all is JSON.
  private(set) var parts: BinaryParts?

  /// `capacityBytes`: an estimate of the document's length saves copies.
  package init(capacityBytes: Int = 64 << 10, allowance: Allowance = .unlimited) {
    self.allowance = allowance
    _ = grow(by: capacityBytes)
  }

  /// For a document that goes to `path`: a binary one where that ends in `.plat`.
  package init(capacityBytes: Int, for path: String?) {
    self.init(capacityBytes: capacityBytes, isBinary: JSONWriter.isBinary(path))
  }

  static func isBinary(_ path: String?) -> Bool { path?.hasSuffix(".plat") ?? false }

  package init(capacityBytes: Int, isBinary: Bool, allowance: Allowance = .unlimited) {
    self.init(capacityBytes: isBinary ? 64 << 10 : capacityBytes, allowance: allowance)
    if isBinary { parts = BinaryParts() }
  }

  deinit { free(block) }

  // MARK: containers

  package mutating func beginObject(_ layout: Layout) { begin(0x7b, layout) }
  package mutating func endObject() { end(0x7d) }
  package mutating func beginArray(_ layout: Layout) { begin(0x5b, layout) }
  package mutating func endArray() { end(0x5d) }

  private mutating func begin(_ bracket: UInt8, _ layout: Layout) {
    precondition(depth < 64)
    let lines = layout == .lines && (depth == 0 || hasLines & 1 != 0)
    beginValue()
    put(bracket)
    depth += 1
    hasLines = hasLines << 1 | (lines ? 1 : 0)
    hasElement <<= 1
  }

  private mutating func end(_ bracket: UInt8) {
    precondition(depth > 0 && !isAfterKey)
    depth -= 1
    if hasElement & hasLines & 1 != 0 { putLineBreak() }
    put(bracket)
    hasLines >>= 1
    hasElement >>= 1
  }

  // MARK: elements

  /// Elements of an object in lines that `body` writes itself, at most `mostBytes` of them with a comma and a line
  /// break before each; it returns how many. The comma before the first element of all is dropped.
  mutating func elements(mostBytes: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int) {
    guard let end = reserve(mostBytes) else { return }
    let size = body(end)
    if hasElement & 1 == 0, size > 0 {
      memmove(end, end + 1, size - 1)
      count += size - 1
    } else {
      count += size
    }
    if size > 0 { hasElement |= 1 }
  }

  /// How far in the elements of the innermost container are, where they have lines.
  var indent: Int? { hasLines & 1 != 0 ? 2 * depth : nil }

  // MARK: keys and values as bytes

  /// A key as it stands in the document, with its quotes.
  @inline(__always) package mutating func keyRaw(_ quoted: UnsafeBufferPointer<UInt8>) {
    separate()
    put(quoted)
    putColon()
  }

  /// A value as it stands in the document: a name rendered before, a number, an extension.
  @inline(__always) package mutating func writeRaw(_ value: UnsafeBufferPointer<UInt8>) {
    beginValue()
    put(value)
  }

  /// Before a value: a comma and a new line, unless it has a key, which saw to that.
  @inline(__always) mutating func beginValue() {
    if isAfterKey {
      isAfterKey = false
    } else if depth > 0 {
      separate()
    }
  }

  @inline(__always) mutating func separate() {
    if hasElement & 1 != 0 { put(0x2c) }
    hasElement |= 1
    if hasLines & 1 != 0 { putLineBreak() }
  }

  @inline(__always) mutating func putColon() {
    put(0x3a)
    if hasLines & 1 != 0 { put(0x20) }
    isAfterKey = true
  }

  // MARK: bytes

  @inline(__always) mutating func put(_ byte: UInt8) {
    guard let end = reserve(1) else { return }
    end.pointee = byte
    count += 1
  }

  /// Short names are copied as two words that overlap, which spares a call.
  @inline(__always) mutating func put(_ bytes: UnsafeBufferPointer<UInt8>) {
    let size = bytes.count
    guard size > 0, let end = reserve(size) else { return }
    let source = UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped)
    let target = UnsafeMutableRawPointer(end)
    if size > 16 || size < 4 {
      target.copyMemory(from: source, byteCount: size)
    } else if size >= 8 {
      copyWord(UInt64.self, source, target, size)
    } else {
      copyWord(UInt32.self, source, target, size)
    }
    count += size
  }

  @inline(__always) private func copyWord<Word: BitwiseCopyable>(
    _: Word.Type, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ size: Int
  ) {
    let last = size - MemoryLayout<Word>.size
    let head = source.loadUnaligned(as: Word.self)
    let tail = source.loadUnaligned(fromByteOffset: last, as: Word.self)
    target.storeBytes(of: head, as: Word.self)
    target.storeBytes(of: tail, toByteOffset: last, as: Word.self)
  }

  private mutating func putLineBreak() {
    guard let end = reserve(1 + 2 * depth) else { return }
    end.pointee = 0x0a
    (end + 1).update(repeating: 0x20, count: 2 * depth)
    count += 1 + 2 * depth
  }

  /// Where the next bytes go, with room for `size` of them; nil where memory has run out.
  @inline(__always) mutating func reserve(_ size: Int) -> UnsafeMutablePointer<UInt8>? {
    if capacity - count < size && !grow(by: size) { return nil }
    return block.unsafelyUnwrapped + count
  }

  /// `size` bytes were written at `reserve`'s place.
  @inline(__always) mutating func commit(_ size: Int) { count += size }

  @inline(never) private mutating func grow(by size: Int) -> Bool {
    let wanted = max(2 * capacity, count + size)
    guard problem == .none, allowance.take(wanted - capacity), let memory = realloc(block, wanted) else {
      if problem == .none { problem = .outOfMemory }
      return false
    }
    LargeBlock.advise(memory, wanted)
    block = memory.assumingMemoryBound(to: UInt8.self)
    capacity = wanted
    return true
  }

  /// Asked for between parts of a long document: true where there is no use in going on.
  package mutating func isStopped() -> Bool {
    if problem == .none, allowance.isInterrupted {
      problem = .cancelled
      capacity = count  // whatever comes asks for room, and gets none
    }
    return problem != .none
  }

  /// The same for loops over what is small: asks each 1,024th time.
  @inline(__always) package mutating func isStopped(at index: Int) -> Bool {
    problem != .none || index & 1023 == 0 && isStopped()
  }

  // MARK: the result

  /// The document so far, during `body`.
  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) throws(FileError) -> Result {
    body(try written(for: "the document"))
  }

  /// Ends the document with a line break and writes it to a file, whole or not at all; nil and `-` are standard
  /// output.
  package consuming func write(to path: String?) throws(FileError) {
    precondition(depth == 0 && !isAfterKey)
    put(0x0a)
    try finish(for: path ?? "standard output")
    try AtomicFileOutput.write(written(for: path ?? "standard output"), to: path)
  }

  /// Ends the document with a line break and hands over its block of memory.
  package consuming func bytes(for name: String = "the document") throws(FileError) -> DocumentBytes {
    precondition(depth == 0 && !isAfterKey)
    put(0x0a)
    try finish(for: name)
    let written = try written(for: name)
    block = nil
    return DocumentBytes(adoptingUnsafe: written)
  }

  /// Ends the document with a line break and writes it under its temporary name.
  consuming func stage(_ file: StagedFile) throws(FileError) {
    precondition(depth == 0 && !isAfterKey)
    put(0x0a)
    try finish(for: file.target)
    try file.write(written(for: file.target))
  }

  /// Of a binary document: puts the JSON and what is beside it together.
  private mutating func finish(for name: String) throws(FileError) {
    guard let parts else { return }
    guard allowance.take(parts.estimatedBytes), let file = parts.compose(json: try written(for: name)) else {
      throw FileError(.outOfMemory, path: name)
    }
    free(block)
    block = file.baseAddress?.assumingMemoryBound(to: UInt8.self)
    count = file.count
    capacity = file.count
  }

  private func written(for name: String) throws(FileError) -> UnsafeRawBufferPointer {
    switch problem {
    case .none: break
    case .outOfMemory: throw FileError(.outOfMemory, path: name)
    case .cancelled: throw FileError(.cancelled, path: name)
    }
    return UnsafeRawBufferPointer(start: block, count: count)
  }
}
