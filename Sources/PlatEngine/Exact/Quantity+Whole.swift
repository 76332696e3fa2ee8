/// What a quantity comes to in whole numbers, by long division of its digits. Not by GMP, which ends the process where
/// `malloc` fails: the options of a host are read by this, and must survive that.
extension Quantity {
  /// O(length).
  package var isZero: Bool {
    text.utf8.prefix { $0 != UInt8(ascii: "/") && $0 | 0x20 != UInt8(ascii: "e") }
      .allSatisfy { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: ".") }
  }

  /// ⌊self · 10^places⌋; nil where that does not fit. O(length²).
  package func floor(places: Int) -> Int? {
    var (numerator, denominator) = digits
    numerator.shift(places)
    return numerator.divided(by: denominator)?.quotient
  }

  /// Numerator and denominator in lowest terms; nil where one does not fit. O(length²), at most 93 times.
  ///
  /// The last convergent of the continued fraction is the number itself, and all of them are in lowest terms and grow:
  /// the first that does not fit ends it.
  package var lowestTerms: (numerator: Int, denominator: Int)? {
    var (dividend, divisor) = digits
    var (before, last) = ((numerator: 0, denominator: 1), (numerator: 1, denominator: 0))
    while !divisor.isZero {
      guard let (quotient, remainder) = dividend.divided(by: divisor),
        let numerator = Quantity.sum(quotient, last.numerator, before.numerator),
        let denominator = Quantity.sum(quotient, last.denominator, before.denominator)
      else { return nil }
      (before, last) = (last, (numerator, denominator))
      (dividend, divisor) = (divisor, remainder)
    }
    return last
  }

  /// a · b + c, of numbers that are not negative; nil where it does not fit.
  private static func sum(_ a: Int, _ b: Int, _ c: Int) -> Int? {
    let (product, isTooLarge) = a.multipliedReportingOverflow(by: b)
    let (sum, isSumTooLarge) = product.addingReportingOverflow(c)
    return isTooLarge || isSumTooLarge ? nil : sum
  }

  /// Numerator and denominator, in any terms.
  private var digits: (numerator: Digits, denominator: Digits) {
    if let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) {
      return (Digits(text.utf8[..<slash]), Digits(text.utf8[text.utf8.index(after: slash)...]))
    }
    let mark = text.utf8.firstIndex { $0 | 0x20 == UInt8(ascii: "e") } ?? text.utf8.endIndex
    let mantissa = text.utf8[..<mark]
    // Within ±200, or it were no quantity.
    var exponent = mark == text.utf8.endIndex ? 0 : Int(text[text.utf8.index(after: mark)...]) ?? 0
    if let point = mantissa.firstIndex(of: UInt8(ascii: ".")) { exponent -= mantissa[point...].count - 1 }
    var (numerator, denominator) = (Digits(mantissa), Digits("1".utf8[...]))
    if exponent >= 0 { numerator.shift(exponent) } else { denominator.shift(-exponent) }
    return (numerator, denominator)
  }
}

/// A whole number of any length in decimal digits, the first of which is not 0.
private struct Digits {
  private var digits: [UInt8] = []

  private init() {}

  /// What is no digit is passed over.
  init(_ text: Substring.UTF8View) {
    for byte in text where byte >= 0x30 && byte <= 0x39 { append(byte - 0x30) }
  }

  var isZero: Bool { digits.isEmpty }

  /// Times 10^places.
  mutating func shift(_ places: Int) {
    if !isZero { digits += repeatElement(0, count: places) }
  }

  /// Nil where the quotient does not fit. `divisor` is not 0.
  func divided(by divisor: Digits) -> (quotient: Int, remainder: Digits)? {
    var quotient = 0
    var remainder = Digits()
    for digit in digits {
      remainder.append(digit)
      var times = 0
      while !remainder.isLess(than: divisor) {
        remainder.subtract(divisor)
        times += 1
      }
      let (tens, isTooLarge) = quotient.multipliedReportingOverflow(by: 10)
      let (next, isNextTooLarge) = tens.addingReportingOverflow(times)
      guard !isTooLarge, !isNextTooLarge else { return nil }
      quotient = next
    }
    return (quotient, remainder)
  }

  private mutating func append(_ digit: UInt8) {
    if !isZero || digit != 0 { digits.append(digit) }
  }

  private func isLess(than other: Digits) -> Bool {
    digits.count != other.digits.count
      ? digits.count < other.digits.count : digits.lexicographicallyPrecedes(other.digits)
  }

  /// `other` is not greater.
  private mutating func subtract(_ other: Digits) {
    var borrowed: UInt8 = 0
    for place in 1...digits.count {
      let taken = borrowed + (place <= other.digits.count ? other.digits[other.digits.count - place] : 0)
      let index = digits.count - place
      borrowed = digits[index] < taken ? 1 : 0
      digits[index] = digits[index] + 10 * borrowed - taken
    }
    digits.removeFirst(digits.prefix { $0 == 0 }.count)
  }
}
