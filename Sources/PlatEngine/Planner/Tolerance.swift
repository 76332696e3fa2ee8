/// How far from their dues nodes may be before anything changes for balance alone (`settings.balance.tolerance`), as
/// windows of whole numbers: a part `t` of a due off it on either side, and then what rounding asks for.
///
///     0 ──────[⌊d(1−t)⌋ ──── d ──── ⌈d(1+t)⌉]──────
///
/// A node that is outside comes back to the edge, with the fewest moves, and not to its due: moves within the window
/// would be for balance alone, which is what the tolerance holds back.
struct Tolerance {
  private let below: Rational
  private let above: Rational
  let isZero: Bool

  static let zero = Tolerance(.zero)

  init(_ part: Rational) {
    below = .one - part
    above = .one + part
    isZero = part.sign == 0
  }

  func ends(_ due: Rational) -> (lowest: Rational, highest: Rational) {
    isZero ? (due, due) : (due * below, due * above)
  }

  /// The window of a due. `isOneMore`: at least two numbers.
  func window(_ due: Rational, isOneMore: Bool = false) -> RoleWindows.Window {
    let (lowest, highest) = ends(due)
    let least = Int32(clamping: lowest.floor ?? 0)
    let most = Int32(clamping: highest.floor ?? 0) + (highest.isInteger ? 0 : 1)
    return RoleWindows.Window(least: least, most: isOneMore ? max(most, least + 1) : most)
  }

  /// The numbers within one of what is tolerated.
  func withinOne(_ due: Rational) -> RoleWindows.Window {
    let (lowest, highest) = ends(due)
    let least = Int32(clamping: lowest.floor ?? 0) - (lowest.isInteger ? 1 : 0)
    return RoleWindows.Window(least: least, most: Int32(clamping: highest.floor ?? 0) + 1)
  }
}

extension Settings {
  /// What the planner goes by.
  var tolerance: Tolerance { balance.tolerance == .zero ? .zero : Tolerance(Rational(balance.tolerance)) }
}
