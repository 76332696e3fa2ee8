import Testing

@testable import PlatFormats

/// Every way in which a document can be wrong, with the whole message.
@Suite struct DocumentErrorTests {
  /// The message for a document that is no JSON, without the name of the file.
  private func message(_ bytes: [UInt8]) -> String {
    do {
      let document = source(bytes)
      var reader = try JSONReader(document)
      try reader.skipValue()
      try reader.finish()
      return "accepted"
    } catch {
      #expect(error.reason == .syntax && error.exitStatus == 65)
      return String(error.description.dropFirst("test.json:".count))
    }
  }

  @Test(arguments: [
    ("", "1:1: found the end of the document, expected a value; the document is empty"),
    (" \n ", "2:2: found the end of the document, expected a value; the document is empty"),
    ("\u{feff}{}", "1:1: found a byte order mark, expected a value"),
    ("[1,]", "1:4: [1]: found ']', expected a value; JSON has no comma after the last element: take it away"),
    ("[,1]", "1:2: [0]: found ',', expected a value or ']'"),
    ("[1 2]", "1:4: [1]: found '2', expected ',' or ']'"),
    ("[1", "1:3: [1]: found the end of the document, expected ',' or ']'"),
    ("[1}", "1:3: [1]: found '}', expected ',' or ']'"),
    (
      "{\"a\":1,}",
      "1:8: found '}', expected a key in double quotes; JSON has no comma after the last element: take it away"
    ),
    ("{1:1}", "1:2: found '1', expected a key in double quotes or '}'"),
    ("{'a':1}", "1:2: found ''a'', expected a key in double quotes or '}'; JSON has double quotes only"),
    ("{\"a\" 1}", "1:6: found '1', expected ':' after the key"),
    ("{\"a\"", "1:5: found the end of the document, expected ':' after the key"),
    ("{\"a\":}", "1:6: a: found '}', expected a value"),
    ("{\"a\":1 \"b\":2}", "1:8: found \"b\", expected ',' or '}'"),
    ("{\"a\":1]", "1:7: found ']', expected ',' or '}'"),
    ("{\"a\":1\"b\":2}", "1:7: a: found \"b\", expected ',' or '}'"),
    ("[true\"b\"]", "1:6: [0]: found \"b\", expected ',' or ']'"),
    ("1\"b\"", "1:2: found \"b\", expected the end of the document"),
    ("{} {}", "1:4: found '{', expected the end of the document"),
    ("[1]]", "1:4: found ']', expected the end of the document"),
    ("\"a\"true", "1:4: found 'true', expected the end of the document"),
    ("tru", "1:1: found 'tru', expected a value"),
    ("[True]", "1:2: [0]: found 'True', expected a value or ']'"),
    ("[nullx]", "1:2: [0]: found 'nullx', expected a value or ']'"),
    ("{\"a\":NaN}", "1:6: a: found 'NaN', expected a value"),
    ("[1,//x\n2]", "1:4: [1]: found '//x', expected a value; JSON has no comments: a key \"x-note\" may hold a note"),
    ("[\\\"a\"]", "1:2: [0]: found '\\', expected a value or ']'"),
    ("{\"a\"\\:1}", "1:5: found '\\', expected ':' after the key"),
    ("\u{b}1", "1:1: found the byte 0x0b, expected a value"),
    ("[\"a\n\"]", "1:4: [0]: found a line break, expected a string without raw control characters"),
    ("{\"é\t\":1}", "1:4: found the byte 0x09, expected a string without raw control characters"),
    ("{\"a\":[\n  \"b]}", "2:3: a[0]: found \"b]}, expected a string with a closing quote"),
    ("\"\\", "1:1: found \"\\, expected a string with a closing quote"),
    ("[\"\\q\"]", "1:3: [0]: found '\\q', expected one of the escapes of JSON, surrogates in pairs"),
    ("[\"\\u12\"]", "1:3: [0]: found '\\u12', expected one of the escapes of JSON, surrogates in pairs"),
    ("\"\\ud800\"", "1:2: found '\\ud800', expected one of the escapes of JSON, surrogates in pairs"),
    ("\"\\ud800\\u0041\"", "1:2: found '\\ud800\\u0041', expected one of the escapes of JSON, surrogates in pairs"),
    ("\"x\\udc00\"", "1:3: found '\\udc00', expected one of the escapes of JSON, surrogates in pairs"),
  ])
  func syntax(document: String, expected: String) { #expect(message(Array(document.utf8)) == expected) }

  @Test(arguments: [
    "01", "-", "-a", "1.", ".5", "+1", "1e", "1e+", "0x10", "1.e1", "--1", "1_000", "-01", "1.2.3", "1a",
  ])
  func numbers(text: String) {
    let said = message(Array("{\"n\": \(text)}".utf8))
    #expect(said.hasPrefix("1:7: n: found '\(text)', expected a"), "\(said)")
  }

  /// Overlong, surrogate, above U+10FFFF, truncated, stray.
  @Test(
    arguments: [
      [0xc0, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x80, 0x80, 0x80], [0xf4, 0x90, 0x80, 0x80],
      [0xc3], [0xe2, 0x82], [0x80], [0xff], [0xf8, 0x88, 0x80, 0x80, 0x80],
    ] as [[UInt8]])
  func utf8(sequence: [UInt8]) {
    let byte = String(sequence[0], radix: 16)
    let inString = message(Array("[\"é\",\n\"é".utf8) + sequence + Array("\"]".utf8))
    #expect(inString == "2:3: [1]: found the byte 0x\(byte), expected UTF-8")
    let outside = message(Array("[ ".utf8) + sequence + Array("]".utf8))
    #expect(outside == "1:3: [0]: found the byte 0x\(byte), expected UTF-8")
  }

  /// The first fault is told, not the first that the scan of the whole document meets.
  @Test func earlierFaultsComeFirst() {
    #expect(message(Array("{\"a\":[1,,\"\n\"]}".utf8)) == "1:9: a[1]: found ',', expected a value")
    #expect(message(Array("[tru\"".utf8)) == "1:2: [0]: found 'tru', expected a value or ']'")
  }

  @Test func tenMillionBracketsAreAnErrorWithAPlace() {
    for opening in ["[", "{\"a\":"] {
      let many = String(repeating: opening, count: 10_000_000 / opening.utf8.count)
      let said = message(Array(many.utf8))
      #expect(said.hasPrefix("1:\(256 * opening.utf8.count + 1): "))
      #expect(said.hasSuffix("expected at most 256 levels of nesting"))
    }
  }

  @Test func everyStrictPrefixIsRefused() {
    let whole = Array(#"{"a": [1.5e3, "x\u00e9\n", true, {"b": null}]}"#.utf8)
    for count in whole.indices { #expect(message(Array(whole.prefix(count))) != "accepted") }
    #expect(message(whole) == "accepted")
  }

  // MARK: content

  /// The error of `read`, told without the name of the file.
  private func refusal(_ text: String, _ read: (inout JSONReader) throws(DocumentError) -> Void) -> String {
    do {
      var reader = try JSONReader(source(text))
      try read(&reader)
      return "accepted"
    } catch {
      return String(error.description.dropFirst("test.json:".count))
    }
  }

  @Test func wrongKindsOfValues() {
    let document = """
      {"nodes": {"a": {"weight": true}}, "map": {"partitions": {
        "17": {"master": [12]}}}, "x y": {"é": []}}
      """
    let said = refusal(document) { reader throws(DocumentError) in
      try reader.beginObject()
      _ = try reader.nextKey()
      try reader.beginObject()
      _ = try reader.nextKey()
      try reader.beginObject()
      _ = try reader.nextKey()
      _ = try reader.readQuantityText()
    }
    #expect(said == "1:28: nodes.a.weight: found true, expected a number, or a string with a rational")

    let deeper = refusal(document) { reader throws(DocumentError) in
      for key in 0..<4 {
        try reader.beginObject()
        _ = try reader.nextKey()
        if key == 0 {
          try reader.skipValue()
          _ = try reader.nextKey()
        }
      }
      try reader.beginArray()
      _ = try reader.nextElement()
      _ = try reader.readString(expected: "the name of a node")
    }
    #expect(
      deeper == #"2:21: map.partitions["17"].master[0]: found the number 12, expected the name of a node"#)

    let last = refusal(document) { reader throws(DocumentError) in
      try reader.beginObject()
      for _ in 0..<2 {
        _ = try reader.nextKey()
        try reader.skipValue()
      }
      _ = try reader.nextKey()
      try reader.beginObject()
      _ = try reader.nextKey()
      _ = try reader.readBool()
    }
    #expect(last == #"2:42: ["x y"]["é"]: found an array, expected true or false"#)
  }

  @Test func integersOutOfRange() {
    func said(_ text: String, _ range: ClosedRange<Int>) -> String {
      refusal(text) { reader throws(DocumentError) in _ = try reader.readInteger(in: range) }
    }
    #expect(said("0", 1...9) == "1:1: found the number 0, expected an integer from 1 to 9")
    #expect(said("1.0", 1...9) == "1:1: found the number 1.0, expected an integer from 1 to 9")
    #expect(said("9223372036854775808", 0 ... .max).hasSuffix("expected an integer of at least 0"))
    #expect(said("\"1\"", 1...9) == "1:1: found the string \"1\", expected an integer from 1 to 9")
  }

  @Test func stringsWithAFixedSetOfTexts() {
    func said(_ text: String) -> String {
      refusal(text) { reader throws(DocumentError) in
        #expect(try reader.readChoice(JSONReaderTests.NodeKey.self) == .status)
      }
    }
    #expect(said(#""status""#) == "accepted")
    #expect(
      said(#""Status""#) == #"1:1: found "Status", expected one of weight, capacity, status; did you mean "status"?"#)
    #expect(said("1") == "1:1: found the number 1, expected a string")
  }

  @Test func keysUnknownTwiceAndMissing() {
    func said(_ text: String) -> String {
      refusal(text) { reader throws(DocumentError) in
        let object = try reader.peekOffset()
        var seen = JSONSeenKeys<JSONReaderTests.NodeKey>()
        var extensions: [JSONExtension] = []
        try reader.beginObject()
        while let key = try reader.nextKey(&seen, &extensions) {
          if key == .status { return }
          try reader.skipValue()
        }
        throw reader.missingKey("status", objectAt: object)
      }
    }
    #expect(
      said(#"{"weight":1,"wieght":2}"#)
        == #"1:13: wieght: found the unknown key "wieght", expected one of weight, capacity, status; did you mean "weight"?"#
    )
    #expect(
      said("{\"weight\":1,\n \"w\\u0065ight\":2}")
        == #"2:2: ["w\u0065ight"]: found the key "weight" a second time, expected each key once"#)
    #expect(said(#" {"weight":1}"#) == #"1:2: the key "status" is missing"#)
  }

  @Test func namesTwice() {
    let said = refusal(#"{"nodes":{"a":{},"b":{},"a":{}}}"#) { reader throws(DocumentError) in
      var names = NameTable()
      try reader.beginObject()
      _ = try reader.nextKey()
      try reader.beginObject()
      while let name = try reader.nextKey() {
        if !names.insert(name.bytes).isNew { throw reader.duplicateKey(name, what: "node") }
        try reader.skipValue()
      }
    }
    #expect(said == #"1:25: nodes.a: found the node "a" a second time, expected each node once"#)
  }

  @Test func longTextsAreCutShort() {
    let long = String(repeating: "é", count: 10_000)
    let said = refusal("\"\(long)\"") { reader throws(DocumentError) in _ = try reader.readBool() }
    #expect(said.count < 200 && said.contains("éé…"))
    #expect(message(Array("[1 \"\(long)\"]".utf8)).count < 200)
  }
}
