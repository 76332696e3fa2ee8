import CPlatJSON
import Glibc

/// Reads a document from front to back, asking for what must come next.
/// ```
/// var reader = try JSONReader(source)
/// try reader.beginObject()
/// while let key = try reader.nextKey() {
///   switch key {
///   case "name": name = try reader.readString().string
///   case "sizes":
///     try reader.beginArray()
///     while try reader.nextElement() { sizes.append(try reader.readInteger(in: 0...100)) }
///   default: extensions.append(try reader.readExtension(key, known: ["name", "sizes"]))
///   }
/// }
/// try reader.finish()
/// ```
/// After a key, and after `nextElement()` said yes, exactly one value must be read or skipped.
/// Nothing is allocated on the way, but for strings written with escapes. Every error is a `DocumentError`
/// that knows its path, line and column; after one the reader is of no more use.
package struct JSONReader: ~Copyable {
  package let source: DocumentSource
  private let base: UnsafePointer<UInt8>
  private let handle: OpaquePointer
  private let tokens: UnsafeMutablePointer<plat_json_token>
  private var cursor: UnsafeMutablePointer<plat_json_token>
  private var tokensEnd: UnsafeMutablePointer<plat_json_token>
  private var unescaped = UnescapedTexts()

  /// 64 KiB at a time, which stay in the cache.
  private static let batch = 4096

  /// O(bytes): finds the structure of the whole document, which takes 4 bytes of memory for each structural
  /// character. What is wrong inside the document is told when it is reached.
  package init(_ source: DocumentSource) throws(DocumentError) {
    var problem = plat_json_error()
    let base = source.unsafeBytes.baseAddress!
    let indexBytes = JSONReader.indexBytes(source)
    guard source.allowance.take(indexBytes) else { throw source.outOfMemory() }
    guard let handle = source.open(&problem) else {
      source.allowance.giveBack(indexBytes)
      throw source.error(problem)
    }
    guard let block = malloc(Self.batch * MemoryLayout<plat_json_token>.stride) else {
      plat_json_close(handle)
      source.allowance.giveBack(indexBytes)
      throw source.outOfMemory()
    }
    self.source = source
    self.base = base
    self.handle = handle
    tokens = block.bindMemory(to: plat_json_token.self, capacity: Self.batch)
    cursor = tokens
    tokensEnd = tokens
  }

  deinit {
    plat_json_close(handle)
    source.allowance.giveBack(JSONReader.indexBytes(source))
    free(tokens)
  }

  /// What the index takes at most: it is as long as a document of nothing but structural characters would need.
  private static func indexBytes(_ source: DocumentSource) -> Int { 4 * source.unsafeBytes.count }

  func throwIfInterrupted() throws(DocumentError) {
    if source.allowance.isInterrupted { throw source.cancelled() }
  }

  // MARK: tokens

  /// The next token, which stays the next.
  @inline(__always) mutating func peek() throws(DocumentError) -> plat_json_token {
    if cursor == tokensEnd { try refill() }
    return cursor.pointee
  }

  /// Moves over the token that `peek()` has just told.
  @inline(__always) mutating func advance() { cursor += 1 }

  @inline(never) private mutating func refill() throws(DocumentError) {
    try throwIfInterrupted()
    var problem = plat_json_error()
    let count = plat_json_next(handle, tokens, Self.batch, &problem)
    if count < 0 { throw source.error(problem) }
    precondition(count > 0, "reading on behind the end of the document")
    cursor = tokens
    tokensEnd = tokens + Int(count)
  }

  /// The text of a key, string or number.
  @inline(__always) mutating func text(_ token: plat_json_token) throws(DocumentError) -> JSONText {
    if token.has_escapes != 0 { return try unescape(token) }
    let bytes = UnsafeBufferPointer(start: base + Int(token.offset), count: Int(token.length))
    return JSONText(bytes: bytes, offset: token.start)
  }

  @inline(never) private mutating func unescape(_ token: plat_json_token) throws(DocumentError) -> JSONText {
    guard let out = unescaped.reserve(Int(token.length)) else { throw source.outOfMemory() }
    let count = plat_json_unescape(base + Int(token.offset), Int(token.length), out)
    precondition(count >= 0, "the token was checked by the reader")
    unescaped.commit(Int(count))
    return JSONText(bytes: UnsafeBufferPointer(start: out, count: Int(count)), offset: token.start)
  }

  /// Goes back to a value that was read or skipped before: its `peekOffset()`, and how many objects, and no
  /// array, are around it. After that value the reader stands as it stood then. O(log bytes).
  mutating func seek(to offset: Int, depth: Int) {
    plat_json_seek(handle, UInt64(offset), UInt32(depth))
    cursor = tokens
    tokensEnd = tokens
  }

  /// Added to a depth: the second of what is around the value is an array, of maps.
  static var inArray: Int { Int(PLAT_JSON_IN_ARRAY) }

  /// Moves over the next value, around which are `depth` objects and no array. O(bytes), and much faster than
  /// `skipValue`, since nothing in it is checked until it is read.
  mutating func passValue(depth: Int) throws(DocumentError) {
    let token = try peek()
    guard token.kindOfToken == .objectBegin || token.kindOfToken == .arrayBegin else {
      try skipValue()
      return
    }
    var isOver = plat_json_pass(handle, token.offset, UInt32(depth))
    while !isOver {
      try throwIfInterrupted()
      isOver = plat_json_pass_on(handle)
    }
    cursor = tokens
    tokensEnd = tokens
  }

  /// Reads plain rows from the next key on; see `plat_json_read_rows`. How many.
  mutating func readRows(_ rows: inout plat_json_rows, depth: Int) throws(DocumentError) -> Int {
    let token = try peek()
    guard token.kindOfToken == .key else { return 0 }
    try throwIfInterrupted()
    let count = plat_json_read_rows(handle, UInt64(token.start), UInt32(depth), &rows)
    cursor = tokens
    tokensEnd = tokens
    return Int(count)
  }

  // MARK: the shape

  /// What comes next.
  @inline(__always) mutating func peekKind() throws(DocumentError) -> JSONKind { try peek().kindOfToken }

  /// Where the next value starts, to be named in an error later: `source.error(at:found:expected:)`.
  @inline(__always) mutating func peekOffset() throws(DocumentError) -> Int { try peek().start }

  /// Enters an object.
  @inline(__always) package mutating func beginObject(expected: StaticString = "an object") throws(DocumentError) {
    try take(.objectBegin, expected: expected)
  }

  /// The next key of the object; nil at its end, which is then behind.
  @inline(__always) package mutating func nextKey() throws(DocumentError) -> JSONText? {
    let token = try peek()
    advance()
    if token.kindOfToken == .objectEnd { return nil }
    precondition(token.kindOfToken == .key, "the value of the key before was not read")
    return try text(token)
  }

  /// Enters an array.
  @inline(__always) package mutating func beginArray(expected: StaticString = "an array") throws(DocumentError) {
    try take(.arrayBegin, expected: expected)
  }

  /// Whether the array goes on; if not, its end is behind.
  @inline(__always) package mutating func nextElement() throws(DocumentError) -> Bool {
    if try peek().kindOfToken != .arrayEnd { return true }
    advance()
    return false
  }

  /// The document must end here. Only then is all of it checked.
  package mutating func finish() throws(DocumentError) {
    try take(.documentEnd, expected: "the end of the document")
  }

  /// Takes one token of `kind`.
  @inline(__always) @discardableResult
  mutating func take(_ kind: JSONKind, expected: StaticString) throws(DocumentError) -> plat_json_token {
    let token = try peek()
    if token.kindOfToken != kind { throw mismatch(token, expected: "\(expected)") }
    advance()
    return token
  }
}

/// Memory for texts that were written with escapes: blocks that stay where they are until the reader goes.
private struct UnescapedTexts: ~Copyable {
  private var blocks: [UnsafeMutablePointer<UInt8>] = []
  private var used = 0
  private var capacity = 0

  /// Room for `count` bytes, of which `commit` keeps those that were needed.
  mutating func reserve(_ count: Int) -> UnsafeMutablePointer<UInt8>? {
    if blocks.isEmpty || capacity - used < count {
      let size = max(count, 64 << 10)
      guard let block = malloc(size) else { return nil }
      blocks.append(block.bindMemory(to: UInt8.self, capacity: size))
      used = 0
      capacity = size
    }
    return blocks[blocks.count - 1] + used
  }

  mutating func commit(_ count: Int) { used += count }

  deinit { for block in blocks { free(block) } }
}
