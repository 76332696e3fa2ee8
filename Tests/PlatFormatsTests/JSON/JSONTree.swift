@testable import PlatFormats

/// A whole document in memory, for tests: numbers stay text, members keep their order.
indirect enum JSONTree: Equatable {
  case object([Member])
  case array([JSONTree])
  case string(String)
  case number(String)
  case bool(Bool)
  case null

  struct Member: Equatable {
    let key: String
    let value: JSONTree
  }
}

func source(_ text: String, name: String = "test.json") -> DocumentSource { source(Array(text.utf8), name: name) }

func source(_ bytes: [UInt8], name: String = "test.json") -> DocumentSource {
  bytes.withUnsafeBytes { try! DocumentSource(copying: $0, name: name) }
}

extension JSONTree {
  init(parsing source: DocumentSource) throws(DocumentError) {
    var reader = try JSONReader(source)
    self = try Self(&reader)
    try reader.finish()
  }

  init(_ reader: inout JSONReader) throws(DocumentError) {
    switch try reader.peekKind() {
    case .objectBegin:
      var members: [Member] = []
      try reader.beginObject()
      while let key = try reader.nextKey() { members.append(Member(key: key.string, value: try Self(&reader))) }
      self = .object(members)
    case .arrayBegin:
      var elements: [JSONTree] = []
      try reader.beginArray()
      while try reader.nextElement() { elements.append(try Self(&reader)) }
      self = .array(elements)
    case .string: self = .string(try reader.readString().string)
    case .number: self = .number(try reader.readNumberText().string)
    case .true, .false: self = .bool(try reader.readBool())
    default: self = try reader.takeNull() ? .null : .string(try reader.readString().string)
    }
  }

  func write(to writer: inout JSONWriter, _ layout: JSONWriter.Layout) {
    switch self {
    case .object(let members):
      writer.beginObject(layout)
      for member in members {
        writer.key(member.key)
        member.value.write(to: &writer, layout)
      }
      writer.endObject()
    case .array(let elements):
      writer.beginArray(layout)
      for element in elements { element.write(to: &writer, layout) }
      writer.endArray()
    case .string(let text): writer.string(text)
    case .number(let text): Array(text.utf8).withUnsafeBufferPointer { writer.writeRaw($0) }
    case .bool(let value): writer.bool(value)
    case .null: writer.null()
    }
  }

  func written(_ layout: JSONWriter.Layout) throws -> [UInt8] {
    var writer = JSONWriter(capacityBytes: 1)
    write(to: &writer, layout)
    return try writer.withBytes { Array($0) }
  }
}

/// SplitMix64: the same documents from the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

extension JSONTree {
  static func random(using generator: inout SeededGenerator, depth: Int = 0) -> JSONTree {
    switch Int.random(in: 0..<(depth > 4 ? 4 : 7), using: &generator) {
    case 0: .string(randomText(using: &generator))
    case 1: .number(randomNumber(using: &generator))
    case 2: .bool(.random(using: &generator))
    case 3: .null
    case 4:
      .array(
        (0..<Int.random(in: 0..<5, using: &generator)).map { _ in random(using: &generator, depth: depth + 1) })
    default:
      .object(
        (0..<Int.random(in: 0..<5, using: &generator)).map { _ in
          Member(key: randomText(using: &generator), value: random(using: &generator, depth: depth + 1))
        })
    }
  }

  static func randomText(using generator: inout SeededGenerator) -> String {
    let letters = [
      "a", "n1", "master", "\"", "\\", "/", "\n", "\u{0}", "\u{1f}", "\u{7f}", "é", "€", "😀", "{", "]", ",",
    ]
    return (0..<Int.random(in: 0..<6, using: &generator)).map { _ in letters.randomElement(using: &generator)! }
      .joined()
  }

  static func randomNumber(using generator: inout SeededGenerator) -> String {
    func digits(_ most: Int) -> String {
      (0..<Int.random(in: 1...most, using: &generator)).map { _ in
        String(Int.random(in: 0...9, using: &generator))
      }.joined()
    }
    var text = Bool.random(using: &generator) ? "-" : ""
    let whole = digits(30)
    text += whole.hasPrefix("0") ? "0" : whole
    if Bool.random(using: &generator) { text += ".\(digits(30))" }
    if Bool.random(using: &generator) { text += ["e", "E-", "e+"].randomElement(using: &generator)! + digits(4) }
    return text
  }

  /// As a document, with whitespace and escapes wherever they may be.
  func rendered(using generator: inout SeededGenerator) -> String {
    func gap() -> String { [" ", "", "", "\n", "\t", "\r\n  "].randomElement(using: &generator)! }
    func quoted(_ text: String) -> String {
      "\""
        + text.utf16.map { unit in
          let scalar = Unicode.Scalar(unit)
          let mustEscape = unit < 0x20 || unit == 0x22 || unit == 0x5c || scalar == nil
          if !mustEscape && Int.random(in: 0..<8, using: &generator) > 0 { return String(scalar!) }
          let hexadecimal = String(unit, radix: 16, uppercase: .random(using: &generator))
          return "\\u" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
        }.joined() + "\""
    }
    func list(_ elements: [String]) -> String { elements.map { gap() + $0 + gap() }.joined(separator: ",") }
    switch self {
    case .object(let members):
      return "{"
        + list(members.map { quoted($0.key) + gap() + ":" + gap() + $0.value.rendered(using: &generator) })
        + gap() + "}"
    case .array(let elements): return "[" + list(elements.map { $0.rendered(using: &generator) }) + gap() + "]"
    case .string(let text): return quoted(text)
    case .number(let text): return text
    case .bool(let value): return value ? "true" : "false"
    case .null: return "null"
    }
  }
}
