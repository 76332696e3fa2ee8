/// What one map does for sums.
struct SumHop: Equatable {
  enum Kind: Equatable {
    /// A replica goes to another node.
    case move
    /// Two holders of a partition, in two columns, change their states over.
    case roles(other: Int)
    /// Two nodes change over all that they hold of the map: oversized partitions come to others so, and what others had
    /// comes in return.
    case contents
  }
  var kind: Kind
  /// Among the maps of the search.
  var member: Int
  var partition = 0
  var column = 0
  var from: NodeIndex
  var to: NodeIndex
  /// What leaves, in the group's numbers, as all that follows; of a change of contents what leaves beyond what comes.
  var weight: Int
  /// What is to be sent: below 0 where it goes home.
  var cost: Int

  /// Undoes it.
  var reversed: SumHop {
    var hop = self
    (hop.from, hop.to, hop.cost) = (to, from, -cost)
    return hop
  }
}

/// One hop, or two of different partitions.
struct SumStep: Equatable {
  var first: SumHop
  var second: SumHop?

  var hops: [SumHop] { second.map { [first, $0] } ?? [first] }
  var cost: Int { first.cost + (second?.cost ?? 0) }
}

/// The best step so far: what costs nothing first, then what brings most for its weight.
struct SumChoice {
  private(set) var step: SumStep?
  private(set) var gain = 0

  init() {}

  init(step: SumStep, gain: Int) { (self.step, self.gain) = (step, gain) }

  func isBeaten(by gain: Int, _ cost: Int) -> Bool {
    guard let step else { return true }
    let (new, old) = (max(0, cost), max(0, step.cost))
    if new == 0 || old == 0 { return new == 0 && (old > 0 || (gain, step.cost) > (self.gain, cost)) }
    let (mine, theirs) = (gain.multipliedFullWidth(by: old), self.gain.multipliedFullWidth(by: new))
    return (mine.high, mine.low, gain) > (theirs.high, theirs.low, self.gain)
  }
}

