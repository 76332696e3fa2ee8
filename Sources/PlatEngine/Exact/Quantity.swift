/// A non-negative number exactly as it was written: `3`, `0.25`, `1e3` or a rational `3/2`.
///
/// Only the text is kept; `Exact` turns it into a rational. Numbers with more than 200 digits or an
/// exponent beyond ±200 are refused as absurd.
public struct Quantity: Hashable, Sendable, CustomStringConvertible {
  public let text: String

  public static let one = Quantity(unchecked: "1")
  public static let zero = Quantity(unchecked: "0")

  public init(_ value: UInt64) { text = String(value) }

  private init(unchecked text: String) { self.text = text }

  /// Nil where `text` is not a non-negative integer, decimal or rational. O(length).
  public init?(_ text: String) {
    guard Quantity.isValid(Array(text.utf8)) else { return nil }
    self.text = text
  }

  public var description: String { text }

  private static let mostDigits = 200
  private static let greatestExponent = 200

  private static func isValid(_ bytes: [UInt8]) -> Bool {
    if let slash = bytes.firstIndex(of: UInt8(ascii: "/")) {
      let denominator = bytes[(slash + 1)...]
      return isInteger(bytes[..<slash]) && isInteger(denominator)
        && denominator.contains { $0 != UInt8(ascii: "0") }
    }
    var mantissa = bytes[...]
    if let mark = bytes.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "e") }) {
      mantissa = bytes[..<mark]
      var exponent = bytes[(mark + 1)...]
      if exponent.first == UInt8(ascii: "-") || exponent.first == UInt8(ascii: "+") { exponent.removeFirst() }
      guard isInteger(exponent), let value = Int(String(decoding: exponent, as: UTF8.self)),
        value <= greatestExponent
      else { return false }
    }
    guard let point = mantissa.firstIndex(of: UInt8(ascii: ".")) else { return isInteger(mantissa) }
    return isInteger(mantissa[..<point]) && isInteger(mantissa[(point + 1)...])
  }

  private static func isInteger(_ bytes: ArraySlice<UInt8>) -> Bool {
    !bytes.isEmpty && bytes.count <= mostDigits && bytes.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
  }
}
