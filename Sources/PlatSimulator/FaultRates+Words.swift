import PlatEngine

extension FaultRates {
  /// From words like `loss:0.1` and `crash:2`: of messages a probability, of others how often in a run; what is not
  /// named does not happen. No words: all faults as often as is usual; `none:0`: none. Throws what it expected.
  public init(words: [String]) throws(InputError) {
    guard !words.isEmpty else {
      self = .usual
      return
    }
    self = .none
    for word in words where word != "none:0" {
      let parts = word.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, let kind = FaultKind(rawValue: String(parts[0])) else {
        throw InputError(
          path: "fault", found: word,
          expected: "KIND:RATE, with one of \(FaultKind.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      let millionths = Quantity(String(parts[1])).flatMap { $0.floor(places: 6) }
      guard let millionths, (0...(kind.isOfMessages ? 1_000_000 : 1_000_000_000)).contains(millionths) else {
        throw InputError(
          path: "fault", found: word, expected: "a rate of \(parts[0]) from 0 to \(kind.isOfMessages ? "1" : "1000")")
      }
      self[kind] = millionths
    }
  }
}
