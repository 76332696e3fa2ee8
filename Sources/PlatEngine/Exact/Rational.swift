import CGMP

/// An exact rational number over GMP. A value: operations make new ones.
///
/// Behind a heap pointer, since `__gmpq_mul(&q, &q, …)` would be an exclusivity error.
public final class Rational: Comparable, Hashable, CustomStringConvertible, @unchecked Sendable {
  let value: UnsafeMutablePointer<mpq_t>

  private init(owning: UnsafeMutablePointer<mpq_t>) { value = owning }

  deinit {
    __gmpq_clear(value)
    value.deallocate()
  }

  private static func make(_ body: (UnsafeMutablePointer<mpq_t>) -> Void) -> Rational {
    let value = UnsafeMutablePointer<mpq_t>.allocate(capacity: 1)
    __gmpq_init(value)
    body(value)
    return Rational(owning: value)
  }

  public convenience init(_ integer: Int) {
    self.init(integer, 1)
  }

  /// `numerator / denominator`; the denominator is not zero.
  public convenience init(_ numerator: Int, _ denominator: Int) {
    precondition(denominator != 0)
    let made = Rational.make { value in
      __gmpz_set_si(Rational.numerator(value), numerator)
      __gmpz_set_si(Rational.denominator(value), denominator)
      __gmpq_canonicalize(value)
    }
    self.init(copying: made)
  }

  private convenience init(copying other: Rational) {
    let value = UnsafeMutablePointer<mpq_t>.allocate(capacity: 1)
    __gmpq_init(value)
    __gmpq_set(value, other.value)
    self.init(owning: value)
  }

  /// Exactly what a document's number says.
  public convenience init(_ quantity: Quantity) {
    self.init(copying: Rational.parse(quantity.text))
  }

  private static func parse(_ text: String) -> Rational {
    if text.contains("/") { return fromDigits(text) }
    let parts = text.split(whereSeparator: { $0 == "e" || $0 == "E" })
    let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let fraction = mantissa.count > 1 ? String(mantissa[1]) : ""
    let exponent = (parts.count > 1 ? Int(parts[1])! : 0) - fraction.utf8.count
    let digits = fromDigits(String(mantissa[0]) + fraction)
    let power = fromDigits("1" + String(repeating: "0", count: abs(exponent)))
    return exponent >= 0 ? digits * power : digits / power
  }

  private static func fromDigits(_ text: String) -> Rational {
    make { value in
      let status = __gmpq_set_str(value, text, 10)
      precondition(status == 0, "a Quantity holds only digits and a slash")
      __gmpq_canonicalize(value)
    }
  }

  static func numerator(_ value: UnsafeMutablePointer<mpq_t>) -> UnsafeMutablePointer<__mpz_struct> {
    UnsafeMutableRawPointer(value).assumingMemoryBound(to: __mpz_struct.self)
  }

  static func denominator(_ value: UnsafeMutablePointer<mpq_t>) -> UnsafeMutablePointer<__mpz_struct> {
    numerator(value) + 1
  }

  // MARK: Arithmetic

  public static func + (a: Rational, b: Rational) -> Rational { make { __gmpq_add($0, a.value, b.value) } }
  public static func - (a: Rational, b: Rational) -> Rational { make { __gmpq_sub($0, a.value, b.value) } }
  public static func * (a: Rational, b: Rational) -> Rational { make { __gmpq_mul($0, a.value, b.value) } }
  /// `b` is not zero.
  public static func / (a: Rational, b: Rational) -> Rational {
    precondition(b.sign != 0)
    return make { __gmpq_div($0, a.value, b.value) }
  }

  public static func < (a: Rational, b: Rational) -> Bool { __gmpq_cmp(a.value, b.value) < 0 }
  public static func == (a: Rational, b: Rational) -> Bool { __gmpq_equal(a.value, b.value) != 0 }

  public func hash(into hasher: inout Hasher) { hasher.combine(description) }

  /// -1, 0 or 1.
  public var sign: Int {
    let size = Rational.numerator(value).pointee._mp_size
    return size == 0 ? 0 : size < 0 ? -1 : 1
  }

  public static let zero = Rational(0)
  public static let one = Rational(1)

  // MARK: Taking it apart

  /// The greatest integer that is not above it; nil where it does not fit.
  public var floor: Int? {
    var quotient = mpz_t()
    __gmpz_init(&quotient)
    defer { __gmpz_clear(&quotient) }
    __gmpz_fdiv_q(&quotient, Rational.numerator(value), Rational.denominator(value))
    return __gmpz_fits_slong_p(&quotient) != 0 ? __gmpz_get_si(&quotient) : nil
  }

  public var isInteger: Bool { __gmpz_cmp_ui(Rational.denominator(value), 1) == 0 }

  /// Numerator and denominator in lowest terms; nil where one does not fit.
  public var parts: (numerator: Int, denominator: Int)? {
    let n = Rational.numerator(value)
    let d = Rational.denominator(value)
    guard __gmpz_fits_slong_p(n) != 0, __gmpz_fits_slong_p(d) != 0 else { return nil }
    return (__gmpz_get_si(n), __gmpz_get_si(d))
  }

  /// As documents write it: an integer, a finite decimal where there is one, else `n/d`.
  public var description: String {
    if !isInteger, let (numerator, denominator) = parts, let text = Rational.decimal(numerator, denominator) {
      return text
    }
    let text = __gmpq_get_str(nil, 10, value)!
    defer { text.deallocate() }
    return String(cString: text)
  }

  /// Nil where it has no finite decimal of at most 12 places.
  private static func decimal(_ numerator: Int, _ denominator: Int) -> String? {
    var scale = 1
    for places in 1...12 {
      scale *= 10
      guard scale % denominator == 0 else { continue }
      let (digits, overflow) = numerator.magnitude.multipliedReportingOverflow(by: UInt(scale / denominator))
      guard !overflow else { return nil }
      let text = String(digits)
      let padded = String(repeating: "0", count: max(0, places + 1 - text.count)) + text
      return (numerator < 0 ? "-" : "") + padded.dropLast(places) + "." + padded.suffix(places)
    }
    return nil
  }
}
