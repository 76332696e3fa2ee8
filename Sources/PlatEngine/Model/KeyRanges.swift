import Glibc

/// A partition by key range: `start` is in, `end` is out; empty means unbounded.
public struct KeyRange: Equatable, Sendable {
  public var name: String
  public var start: [UInt8]
  public var end: [UInt8]
  /// The partitions that it was split or merged from.
  public var source: [String]

  public init(name: String, start: [UInt8], end: [UInt8], source: [String] = []) {
    self.name = name
    self.start = start
    self.end = end
    self.source = source
  }
}

/// The partitions of a range map, in key order. All their texts lie in one block, so that a million of them are made,
/// copied and given back at once:
///
///     texts     name start end length source length source … │ name start end │ …
///     entries   for each range: where its texts begin, the lengths of its name, start and end, and how many sources it has
///
/// A value: copies share their memory until one of them is changed. Where there is no memory, it says so.
public struct KeyRanges: Sendable {
  private var storage = Storage()

  public init() {}

  /// O(bytes).
  public init(_ ranges: some Sequence<KeyRange>) throws(PlatError) {
    for range in ranges {
      try append(name: Array(range.name.utf8).span, start: range.start.span, end: range.end.span)
      for source in range.source { try addSource(Array(source.utf8).span) }
    }
  }

  public var count: Int { storage.entries.count }
  public var isEmpty: Bool { count == 0 }
  public var memoryBytes: Int {
    storage.entries.capacity * MemoryLayout<Entry>.stride + storage.texts.capacity
  }

  /// Adds a range behind the others. O(bytes), amortised.
  public mutating func append(name: Span<UInt8>, start: Span<UInt8>, end: Span<UInt8>) throws(PlatError) {
    try makeUnique()
    let entry = Entry(
      begin: storage.texts.count, nameCount: try Self.length(name), startCount: try Self.length(start),
      endCount: try Self.length(end), sourceCount: 0)
    try storage.texts.reserve(name.count + start.count + end.count)
    try storage.entries.append(entry)
    storage.texts.appendReserved(name)
    storage.texts.appendReserved(start)
    storage.texts.appendReserved(end)
  }

  /// The range that was added last came from this partition, too. O(bytes), amortised.
  public mutating func addSource(_ name: Span<UInt8>) throws(PlatError) {
    try makeUnique()
    let length = try Self.length(name)
    try storage.texts.reserve(name.count + 4)
    for shift in [0, 8, 16, 24] as [UInt32] { storage.texts.appendReserved(UInt8(truncatingIfNeeded: length >> shift)) }
    storage.texts.appendReserved(name)
    storage.entries.base[count - 1].sourceCount += 1
  }

  /// Puts them in the order of their starts, then of their names. O(P) where they are, else O(P log P).
  public mutating func sort(_ interrupt: Interrupt? = nil) throws(PlatError) {
    let isSorted = withTexts { texts in (1..<max(count, 1)).allSatisfy { !texts.comesBefore(texts[$0], texts[$0 - 1]) }
    }
    if isSorted { return }
    try makeUnique()
    let entries = UnsafeMutableBufferPointer(start: storage.entries.base, count: count)
    let sorted = try withTexts { texts throws(PlatError) in
      try entries.sorted(interrupt) { texts.comesBefore($0, $1) }
    }
    _ = entries.update(fromContentsOf: sorted)
  }

  // MARK: Reading

  /// A copy of one. O(bytes).
  public subscript(_ index: Int) -> KeyRange {
    withTexts { texts in
      KeyRange(
        name: String(decoding: texts.name(index), as: UTF8.self), start: Array(texts.start(index)),
        end: Array(texts.end(index)),
        source: texts.sources(index).map { String(decoding: $0, as: UTF8.self) })
    }
  }

  public func name(_ index: Int) -> String { withTexts { String(decoding: $0.name(index), as: UTF8.self) } }

  /// The first of that name. O(bytes).
  public func index(named name: String) -> Int? {
    let name = Array(name.utf8)
    return withTexts { texts in (0..<count).first { texts.name($0).elementsEqual(name) } }
  }

  /// Runs `body` with all texts at hand, which stay where they are meanwhile.
  public func withTexts<Result, Failure: Error>(
    _ body: (KeyRangeTexts) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body(unsafeTexts)
  }

  /// The same for whoever keeps a copy of this value as long as it needs them.
  var unsafeTexts: KeyRangeTexts { KeyRangeTexts(entries: storage.entries.base, texts: storage.texts.base) }

  // MARK: Inside

  struct Entry: BitwiseCopyable, Sendable {
    var begin: Int
    var nameCount, startCount, endCount, sourceCount: UInt32
  }

  private final class Storage: @unchecked Sendable {
    var entries = GrowingBlock<Entry>()
    var texts = GrowingBlock<UInt8>()

    init() {}

    deinit {
      entries.free()
      texts.free()
    }
  }

  private static func length(_ text: Span<UInt8>) throws(PlatError) -> UInt32 {
    guard let length = UInt32(exactly: text.count) else { throw .outOfMemory }
    return length
  }

  private mutating func makeUnique() throws(PlatError) {
    if isKnownUniquelyReferenced(&storage) { return }
    let copy = Storage()
    try copy.entries.append(copyOf: storage.entries)
    try copy.texts.append(copyOf: storage.texts)
    storage = copy
  }
}

extension KeyRanges: Equatable {
  public static func == (a: KeyRanges, b: KeyRanges) -> Bool {
    a.storage === b.storage || a.count == b.count && (0..<a.count).allSatisfy { a[$0] == b[$0] }
  }
}

/// The texts of key ranges where they lie: valid inside of `KeyRanges.withTexts`.
public struct KeyRangeTexts {
  private let entries: UnsafeMutablePointer<KeyRanges.Entry>
  private let texts: UnsafeMutablePointer<UInt8>

  fileprivate init(entries: UnsafeMutablePointer<KeyRanges.Entry>, texts: UnsafeMutablePointer<UInt8>) {
    self.entries = entries
    self.texts = texts
  }

  fileprivate subscript(_ index: Int) -> KeyRanges.Entry { entries[index] }

  public func name(_ index: Int) -> UnsafeBufferPointer<UInt8> { name(self[index]) }
  public func start(_ index: Int) -> UnsafeBufferPointer<UInt8> { start(self[index]) }
  public func end(_ index: Int) -> UnsafeBufferPointer<UInt8> {
    let entry = self[index]
    return text(entry.begin + Int(entry.nameCount) + Int(entry.startCount), entry.endCount)
  }
  public func sourceCount(_ index: Int) -> Int { Int(self[index].sourceCount) }

  public func sources(_ index: Int) -> [UnsafeBufferPointer<UInt8>] {
    let entry = self[index]
    if entry.sourceCount == 0 { return [] }
    var at = entry.begin + Int(entry.nameCount) + Int(entry.startCount) + Int(entry.endCount)
    return (0..<entry.sourceCount).map { _ in
      let length = UInt32(littleEndian: UnsafeRawPointer(texts + at).loadUnaligned(as: UInt32.self))
      defer { at += 4 + Int(length) }
      return text(at + 4, length)
    }
  }

  fileprivate func comesBefore(_ a: KeyRanges.Entry, _ b: KeyRanges.Entry) -> Bool {
    let order = Self.order(start(a), start(b))
    return order == 0 ? Self.order(name(a), name(b)) < 0 : order < 0
  }

  /// Below 0 where `a` comes first, byte by byte; 0 where they are the same.
  public static func order(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Int {
    let least = min(a.count, b.count)
    if least > 0, let a = a.baseAddress, let b = b.baseAddress {
      let order = memcmp(a, b, least)
      if order != 0 { return Int(order) }
    }
    return a.count - b.count
  }

  @inline(__always) private func name(_ entry: KeyRanges.Entry) -> UnsafeBufferPointer<UInt8> {
    text(entry.begin, entry.nameCount)
  }
  @inline(__always) private func start(_ entry: KeyRanges.Entry) -> UnsafeBufferPointer<UInt8> {
    text(entry.begin + Int(entry.nameCount), entry.startCount)
  }
  @inline(__always) private func text(_ begin: Int, _ count: UInt32) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: texts + begin, count: Int(count))
  }
}
