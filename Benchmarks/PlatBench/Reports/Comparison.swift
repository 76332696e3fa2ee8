/// What differs between two runs of the suite, beyond noise.
///
/// Results are compared exactly: a plan is the same on every machine. Times are compared by their medians, in
/// nanoseconds where both runs come from one kind of processor and else in copies of the map, and count as changed
/// where they lie farther apart than twice the spread of both and than `leastChange`.
public struct Comparison: Sendable {
  public struct Difference: Sendable {
    public let caseName: String
    public let what: String
    /// A result is worse than it was: more moves, more that is broken, more memory. Times are for people to judge.
    public let isWorseResult: Bool
  }
  public private(set) var differences: [Difference] = []
  public private(set) var comparedCases = 0
  private let inCopies: Bool

  /// Less than this part is noise, however steady the runs were.
  static let leastChange = 0.05

  public init(of run: RunDocument, against before: RunDocument) {
    inCopies = run.machine.processor != before.machine.processor
    for figures in run.cases {
      guard let old = before.cases.first(where: { $0.fullName == figures.fullName }) else { continue }
      comparedCases += 1
      compareResults(figures, old)
      compareTime("planning", figures, old, figures.plan, old.plan)
      compareTime("judging", figures, old, figures.judge, old.judge)
    }
  }

  public var isWorse: Bool { differences.contains(where: \.isWorseResult) }

  public var text: String {
    let head =
      "\(comparedCases) cases compared in \(inCopies ? "copies, as the processors differ" : "nanoseconds"): "
      + (differences.isEmpty ? "nothing changed beyond noise\n" : "\(differences.count) differences\n")
    return differences.reduce(head) { text, difference in
      text + "  \(difference.isWorseResult ? "worse: " : "")\(difference.caseName): \(difference.what)\n"
    }
  }

  private mutating func note(_ figures: CaseFigures, _ what: String, isWorse: Bool = false) {
    differences.append(Difference(caseName: figures.fullName, what: what, isWorseResult: isWorse))
  }

  private mutating func compareResults(_ new: CaseFigures, _ old: CaseFigures) {
    let fewerIsBetter: [(name: String, path: KeyPath<CaseFigures, Int>)] = [
      ("moves", \.moves), ("role changes", \.roleChanges), ("soft rules broken", \.brokenSoft), ("unmet", \.unmet),
    ]
    for (name, path) in fewerIsBetter where new[keyPath: path] != old[keyPath: path] {
      note(
        new, "\(old[keyPath: path]) \(name) before, \(new[keyPath: path]) now",
        isWorse: new[keyPath: path] > old[keyPath: path])
    }
    if new.movesLowerBound != old.movesLowerBound {
      note(
        new, "a bound of \(old.movesLowerBound) moves before, \(new.movesLowerBound) now",
        isWorse: new.movesLowerBound < old.movesLowerBound)
    }
    for load in new.loads {
      guard let before = old.loads.first(where: { $0.state == load.state }), before != load else { continue }
      note(
        new,
        "\(load.state) loads of \(before.least) to \(before.greatest) before, \(load.least) to \(load.greatest) now",
        isWorse: load.greatest - load.least > before.greatest - before.least)
    }
    if new.peakBytes != old.peakBytes {
      let isWorse = Double(new.peakBytes) > Double(old.peakBytes) * 1.01
      note(new, "\(old.peakBytes) bytes of memory before, \(new.peakBytes) now", isWorse: isWorse)
    }
    if new.hash != old.hash { note(new, "another map: \(old.hash) before, \(new.hash) now") }
  }

  private mutating func compareTime(
    _ what: String, _ new: CaseFigures, _ old: CaseFigures, _ time: CaseFigures.Timing, _ before: CaseFigures.Timing
  ) {
    guard before.median > 0, time.median > 0, !inCopies || (new.copy.median > 0 && old.copy.median > 0) else { return }
    var change = Double(time.median) / Double(before.median)
    var noise = time.spread + before.spread
    if inCopies {
      change *= Double(old.copy.median) / Double(new.copy.median)
      noise += new.copy.spread + old.copy.spread
    }
    noise = max(2 * noise, Comparison.leastChange)
    guard change > 1 + noise || change < 1 / (1 + noise) else { return }
    let words = change > 1 ? "\(fixed((change - 1) * 100, 0)) % slower" : "\(fixed((1 - change) * 100, 0)) % faster"
    note(new, "\(what) \(words), noise \(fixed(noise * 100, 0)) %")
  }
}
