import Testing

@testable import PlatFormats

@Suite struct JSONWriterTests {
  private func text(_ write: (inout JSONWriter) -> Void) throws -> String {
    var writer = JSONWriter(capacityBytes: 1)
    write(&writer)
    return try writer.withBytes { String(decoding: $0, as: UTF8.self) }
  }

  private func withBytes(_ text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    var text = text
    text.withUTF8(body)
  }

  @Test func onePartitionIsOneLine() throws {
    let name = Array("n1".utf8).withUnsafeBufferPointer { JSONWriter.quoted($0) }
    let plan = try text { writer in
      writer.beginObject(.lines)
      writer.key("plat")
      writer.integer(1)
      writer.key("map")
      writer.beginObject(.lines)
      writer.key("partitions")
      writer.beginObject(.lines)
      for partition in 0..<2 {
        writer.key(partition)
        writer.beginObject(.compact)
        writer.key("master")
        writer.beginArray(.lines)
        name.withUnsafeBufferPointer { writer.writeRaw($0) }
        writer.string("n2")
        writer.endArray()
        writer.key("slave")
        writer.raw("[]")
        writer.endObject()
      }
      writer.endObject()
      writer.endObject()
      writer.key("empty")
      writer.beginArray(.lines)
      writer.endArray()
      writer.key("rest")
      writer.beginArray(.lines)
      writer.bool(true)
      writer.null()
      writer.endArray()
      writer.endObject()
    }
    #expect(
      plan == """
        {
          "plat": 1,
          "map": {
            "partitions": {
              "0": {"master":["n1","n2"],"slave":[]},
              "1": {"master":["n1","n2"],"slave":[]}
            }
          },
          "empty": [],
          "rest": [
            true,
            null
          ]
        }
        """)
  }

  @Test func escapes() throws {
    let every = String(String.UnicodeScalarView((0...0x7f).map { Unicode.Scalar($0) })) + "é€😀\u{2028}"
    let written = try text { $0.string(every) }
    #expect(written.hasPrefix(#""\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e"#))
    #expect(written.contains(##"\u001f !\"#$"##) && written.contains(#"[\\]"#))
    #expect(try JSONTree(parsing: source(written)) == .string(every))
    withBytes(every) { #expect(String(decoding: JSONWriter.quoted($0), as: UTF8.self) == written) }
  }

  @Test(arguments: [0, 7, 10, 99, 100, 12_345, -1, -10, .max, .min, 1_000_000_000_000_000_000])
  func integers(value: Int) throws {
    #expect(try text { $0.integer(value) } == String(value))
  }

  /// Lengths around the borders of the copying by words, and of the block's growth.
  @Test func rawBytesOfEveryLength() throws {
    let digits = String(repeating: "1234567890", count: 30)
    let lengths = Array(1...40) + [63, 64, 65, 255, 256, 257, 300]
    let written = try text { writer in
      writer.beginArray(.compact)
      for length in lengths { withBytes(String(digits.prefix(length))) { writer.writeRaw($0) } }
      writer.endArray()
    }
    #expect(written == "[" + lengths.map { String(digits.prefix($0)) }.joined(separator: ",") + "]")
  }

  @Test func extensionsAreHandedThrough() throws {
    let document = #"{"x-\u0061": [1.0,  {"b" :2}]}"#
    var reader = try JSONReader(source(document))
    try reader.beginObject()
    let key = try #require(try reader.nextKey())
    let kept = try reader.readExtension(key, known: [])
    let written = try text { writer in
      writer.beginObject(.compact)
      writer.extension(kept)
      writer.endObject()
    }
    #expect(written == #"{"x-\u0061":[1.0,  {"b" :2}]}"#)
  }

  @Test func memoryThatRunsOutIsAnError() throws {
    var writer = JSONWriter(capacityBytes: Int.max / 4)
    writer.beginArray(.compact)
    writer.integer(1)
    #expect(throws: FileError.self) { try writer.withBytes { _ in } }
  }
}
