import PlatSimulator
import TestSupport
import Testing

/// The checker of histories, beside trying every order of a few writes and reads.
@Suite struct HistoryTests {
  /// One thing that a client did.
  private struct Act {
    var write: UInt8?
    var seen: [UInt8] = []
    var begin: Int
    var end: Int
  }

  /// Whether some order of all acts fits time and what the reads saw.
  private func isLinearizable(_ acts: [Act]) -> Bool {
    func goesOn(_ left: [Act], _ log: [UInt8]) -> Bool {
      guard !left.isEmpty else { return true }
      for (index, act) in left.enumerated() where !left.contains(where: { $0.end < act.begin }) {
        var (rest, next) = (left, log)
        rest.remove(at: index)
        if let write = act.write { next.append(write) } else if act.seen != log { continue }
        if goesOn(rest, next) { return true }
      }
      return false
    }
    return goesOn(acts, [])
  }

  /// Random acts of overlapping times; of half of the histories the answers are those of a true log, of the others
  /// spoilt.
  private func acts(_ random: inout SplitMix64) -> [Act] {
    var acts: [Act] = []
    for number in 0..<(3 + random.below(4)) {
      let begin = random.below(12)
      acts.append(Act(write: random.chance(1, 2) ? UInt8(number) : nil, begin: begin, end: begin + random.below(8)))
    }
    // A point of time each, within the act: ties go by number.
    let points = acts.indices.map { (acts[$0].begin + random.below(acts[$0].end - acts[$0].begin + 1), $0) }.sorted {
      $0 < $1
    }
    var log: [UInt8] = []
    for (_, index) in points {
      if let write = acts[index].write { log.append(write) } else { acts[index].seen = log }
    }
    if random.chance(2, 3), let read = acts.indices.filter({ acts[$0].write == nil }).randomElement(using: &random) {
      switch random.below(4) {
      case 0: acts[read].seen = Array(acts[read].seen.dropLast())
      case 1 where acts[read].seen.count > 1: acts[read].seen.swapAt(0, acts[read].seen.count - 1)
      case 2: acts[read].seen = log
      default: acts[read].seen = Array(log.reversed())
      }
    }
    return acts
  }

  /// What the simulator's clients would find: they hear of ends in the order of time.
  private func isFound(_ acts: [Act]) -> Bool {
    var history = History()
    var (before, longest) = ([UInt64](repeating: 0, count: acts.count), [Int](repeating: 0, count: acts.count))
    for time in 0..<24 {
      for (index, act) in acts.enumerated() where act.begin == time {
        if let write = act.write { history.ask(1 << UInt64(write)) }
        (before[index], longest[index]) = (history.acknowledged, history.log.count)
      }
      for (index, act) in acts.enumerated() where act.end == time {
        if let write = act.write {
          if history.acknowledge(1 << UInt64(write)) != nil { return true }
        } else {
          let seen = act.seen.reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
          if before[index] & ~seen != 0 || history.answer(act.seen, longest: longest[index]) != nil { return true }
        }
      }
    }
    return false
  }

  @Test func besideTryingEveryOrder() {
    var (good, bad) = (0, 0)
    forAllSeeds(0..<400) { seed in
      var random = SplitMix64(seed: seed)
      let acts = acts(&random)
      let isGood = isLinearizable(acts)
      if isGood { good += 1 } else { bad += 1 }
      try holds(isFound(acts) == !isGood, "\(acts) is \(isGood ? "" : "not ")linearizable")
    }
    #expect(good > 50 && bad > 50, "\(good) good and \(bad) bad histories")
  }

  @Test func whatWasDeniedForCertainIsMissed() {
    var history = History()
    history.ask(1)
    history.deny(1)
    #expect(history.answer([0], longest: 0)?.invariant == .deniedNeverDone)
    history = History()
    history.ask(1)
    history.deny(1)
    history.ask(1)
    #expect(history.answer([0], longest: 0) == nil, "it was sent again")
    #expect(history.acknowledge(1) == nil)
  }
}
