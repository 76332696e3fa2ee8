/// Which of some known words was meant by one that is none of them: `wieght` → `weight`.
package enum Suggestion {
  /// The nearest of `known`, the first of equally near ones; nil where none is near: where more than a third of the
  /// letters would have to change. O(words · length²).
  package static func nearest(to word: String, among known: some Sequence<String>) -> String? {
    let letters = Array(word.lowercased().unicodeScalars)
    guard (3...64).contains(letters.count) else { return nil }
    var best: (word: String, distance: Int)?
    for candidate in known {
      let other = Array(candidate.lowercased().unicodeScalars)
      guard other.count <= 64, abs(other.count - letters.count) <= letters.count / 3 else { continue }
      let distance = distance(letters, other)
      if distance <= max(1, letters.count / 3), distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.word
  }

  /// `did you mean "weight"?`, if anything is near.
  package static func hint(for word: String, among known: some Sequence<String>) -> String? {
    nearest(to: word, among: known).map { "did you mean \"\($0)\"?" }
  }

  /// Letters that must be put in, taken out, replaced or exchanged with their neighbour, each once (optimal string
  /// alignment).
  private static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var before: [Int] = []
    var last = Array(0...b.count)
    for i in 1...a.count {
      var row = [i] + Array(repeating: 0, count: b.count)
      for j in b.indices.map({ $0 + 1 }) {
        row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { row[j] = min(row[j], before[j - 2] + 1) }
      }
      (before, last) = (last, row)
    }
    return last[b.count]
  }
}
