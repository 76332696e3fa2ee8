import CPlatJSON
import Testing

@testable import PlatFormats

@Suite struct JSONReaderTests {
  @Test func readsEveryKindOfValue() throws {
    let tree = try JSONTree(
      parsing: source(#" {"a": [1, -0.5e+10, "x", true, false, null, {}, []], "b\n": "\u00e9\ud83d\ude00\/"} "#))
    #expect(
      tree
        == .object([
          .init(
            key: "a",
            value: .array([
              .number("1"), .number("-0.5e+10"), .string("x"), .bool(true), .bool(false), .null, .object([]),
              .array([]),
            ])),
          .init(key: "b\n", value: .string("é😀/")),
        ]))
  }

  @Test(arguments: ["0", "\"\"", "null", " [ ] ", "{}", "-0", "1e400", "123456789012345678901234567890", "[[[]]]"])
  func acceptsWhole(document: String) throws {
    _ = try JSONTree(parsing: source(document))
  }

  @Test func textsWithoutEscapesLieInTheDocument() throws {
    let document = source(#"{"plain":"text","es\u0063aped":"\t"}"#)
    var reader = try JSONReader(document)
    try reader.beginObject()
    let plain = try #require(try reader.nextKey())
    #expect(plain.bytes.baseAddress == document.unsafeBytes.baseAddress! + 2)
    #expect(plain == "plain" && plain.offset == 1)
    #expect(try reader.readString() == "text")
    let escaped = try #require(try reader.nextKey())
    let tab = try reader.readString()
    #expect(escaped == "escaped" && tab == "\t")
    #expect(try reader.nextKey() == nil)
    try reader.finish()
  }

  @Test func skippingTellsTheBytesAsWritten() throws {
    let text = #"[ {"a" : [1, "}"]} , "s\"" , 12.50 , true, [] ]"#
    let document = source(text)
    var reader = try JSONReader(document)
    var skipped: [String] = []
    try reader.beginArray()
    while try reader.nextElement() {
      skipped.append(String(decoding: document.copy(try reader.skipValue()), as: UTF8.self))
    }
    try reader.finish()
    #expect(skipped == [#"{"a" : [1, "}"]}"#, #""s\"""#, "12.50", "true", "[]"])
  }

  @Test func smallBatchesGiveTheSameTokens() throws {
    let document = source(#"{"a":[1,{"b":"\n"},null],"c":{"d":[true,false,"x"]}} "#)
    let all = tokens(document, batch: 1000)
    #expect(all.count == 21)
    for batch in 1...7 { #expect(tokens(document, batch: batch) == all) }
  }

  private func tokens(_ document: DocumentSource, batch: Int) -> [[UInt64]] {
    var problem = plat_json_error()
    let handle = plat_json_open(document.unsafeBytes.baseAddress, document.sizeBytes, &problem)
    defer { withExtendedLifetime(document) { plat_json_close(handle) } }
    var all: [[UInt64]] = []
    var some = [plat_json_token](repeating: plat_json_token(), count: batch)
    while case let count = plat_json_next(handle, &some, batch, &problem), count > 0 {
      all += some.prefix(Int(count)).map { [$0.offset, UInt64($0.length), UInt64($0.kind), UInt64($0.has_escapes)] }
    }
    return all
  }

  @Test func integersAreReadExactly() throws {
    var reader = try JSONReader(source("[9223372036854775807, -9223372036854775808, 0, -0, 17]"))
    var values: [Int] = []
    try reader.beginArray()
    while try reader.nextElement() { values.append(try reader.readInteger(in: .min ... .max)) }
    #expect(values == [.max, .min, 0, 0, 17])
  }

  @Test func keysAsIndices() throws {
    var reader = try JSONReader(
      source(#"["0","17","9223372036854775807","01","","-1","9223372036854775808","99999999999999999999","1x"]"#))
    var values: [Int?] = []
    try reader.beginArray()
    while try reader.nextElement() { values.append(try reader.readString().index) }
    #expect(values == [0, 17, .max, nil, nil, nil, nil, nil, nil])
  }

  enum NodeKey: String, JSONKey { case weight, capacity, status }

  @Test func fixedKeysWithExtensions() throws {
    let document = source(#"{"status":"active","x-rack": {"u": [1, 2.0]},"weight":"3/2","x\u002dy":null}"#)
    var reader = try JSONReader(document)
    var seen = JSONSeenKeys<NodeKey>()
    var extensions: [JSONExtension] = []
    var read: [NodeKey: String] = [:]
    try reader.beginObject()
    while let key = try reader.nextKey(&seen, &extensions) { read[key] = try reader.readQuantityText().string }
    try reader.finish()
    #expect(read == [.status: "active", .weight: "3/2"])
    #expect(
      extensions == [
        JSONExtension(key: Array(#""x-rack""#.utf8), value: Array(#"{"u": [1, 2.0]}"#.utf8)),
        JSONExtension(key: Array(#""x\u002dy""#.utf8), value: Array("null".utf8)),
      ])
  }

  @Test func deepNestingUpToTheLimit() throws {
    func nested(_ depth: Int) -> DocumentSource {
      source(String(repeating: "[", count: depth) + String(repeating: "]", count: depth))
    }
    var reader = try JSONReader(nested(256))
    try reader.skipValue()
    try reader.finish()
    var deeper = try JSONReader(nested(257))
    #expect(throws: DocumentError.self) { try deeper.skipValue() }
  }
}
