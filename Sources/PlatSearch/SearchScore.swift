/// How good a placement is, by the order of aims: a later aim counts only where all earlier ones are equal.
public struct SearchScore: Equatable, Comparable, Sendable {
  /// Rows that have a live copy today and no replica at all.
  public var emptied = 0
  /// Breaches of hard rules: replicas too many or too far away, peers too many, nodes beyond their capacity.
  public var broken = 0
  /// Unfilled slots of the leading state.
  public var leaderless = 0
  public var unfilled = 0
  /// What nodes carry outside their windows: in all, in the leading state, in the others.
  public var outside = 0
  public var outsideLeading = 0
  public var outsideStates = 0
  /// The amount that nodes receive that do not hold it today.
  public var moved = 0
  /// How far nodes are from what they are due in all, where rows differ in amount.
  public var offDue = 0
  public var outsideCounts = 0
  public var moves = 0
  public var softBroken = 0
  public var uneven = 0
  public var roleChanges = 0

  public init() {}

  private var missing: (Int, Int, Int, Int) { (emptied, broken, leaderless, unfilled) }
  private var balance: (Int, Int, Int) { (outside, outsideLeading, outsideStates) }
  private var amounts: (Int, Int) { (moved, offDue) }
  private var costs: (Int, Int, Int, Int, Int) { (outsideCounts, moves, softBroken, uneven, roleChanges) }

  public static func < (a: Self, b: Self) -> Bool {
    if a.missing != b.missing { return a.missing < b.missing }
    if a.balance != b.balance { return a.balance < b.balance }
    return a.amounts != b.amounts ? a.amounts < b.amounts : a.costs < b.costs
  }

  /// Whether no less is placed, no more rules are broken, and no more lies outside the windows.
  public func isNoWorse(than other: Self) -> Bool {
    missing != other.missing ? missing < other.missing : balance <= other.balance
  }

  /// Everything is placed within all hard rules.
  public var isPlaced: Bool { missing == (0, 0, 0, 0) }

  /// Everything is placed within all rules and windows.
  public var isWellPlaced: Bool { isPlaced && balance == (0, 0, 0) }
}

/// What one unit of each aim costs while the search still trades one for another. Amounts count in units of
/// `resolution`.
struct SearchPrices {
  var broken = 100
  var outside = 24
  var outsideStates = 14
  let moved = 16
  let soft = 2
  let roleChange = 1
  /// Amounts are shifted right by so many bits, and single replicas count as `resolution` of them.
  var shift = 0
  var resolution = 1

  /// A weighted sum; smaller is better.
  func energy(_ score: SearchScore) -> Int {
    let amounts =
      outside * (score.outside >> shift) + outsideStates * ((score.outsideLeading + score.outsideStates) >> shift)
      + moved * (score.moved >> shift) + (score.uneven >> shift) + (score.offDue >> shift)
    let replicas =
      1500 * score.emptied + 800 * score.leaderless + broken * score.broken + 300 * score.unfilled
      + soft * score.softBroken + roleChange * score.roleChanges
    return amounts + resolution * replicas + (resolution * (score.outsideCounts + score.moves)) / 4
  }
}
