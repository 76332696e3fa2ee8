import PlatEngine

/// What the failures came to, as a document, and the worst of them.
public struct WhatIfReport: Sendable {
  public let cases: [FailureCase]
  public let outcomes: [FailureOutcome]
  /// What was failed, in words.
  package var cluster = "a cluster"
  /// Of several maps their names, and for each failure what it does to each.
  private let mapNames: [String]
  private let ofMaps: [[FailureOutcome]]

  /// The case that is worst in one respect; the first of equal ones.
  public struct Worst: Sendable {
    public let what: String
    public let count: Int
    /// Nil: none is worse than another, all are 0.
    public let name: String?
    public var words: String {
      what + String(repeating: " ", count: max(1, 24 - what.count)) + (name.map { "\(count), if \($0) fails" } ?? "0")
    }
  }

  public init(cases: [FailureCase], outcomes: [FailureOutcome]) {
    self.cases = cases
    self.outcomes = outcomes
    (mapNames, ofMaps) = ([], [])
  }

  /// Of several maps.
  public init(cases: [FailureCase], outcomes: [GroupFailureOutcome], of group: ClusterGroup) {
    self.cases = cases
    self.outcomes = outcomes.map(\.sum)
    mapNames = group.members.map(\.name)
    ofMaps = outcomes.map(\.maps)
  }

  /// Everything can still be read and led, and every hard rule be met.
  public var isHarmless: Bool { outcomes.allSatisfy { $0.unreadable == 0 && $0.leaderless == 0 && $0.unmet == 0 } }

  public var worst: [Worst] {
    let figures: [(String, (FailureOutcome) -> Int)] = [
      ("unreadable", \.unreadable), ("without a leader", \.leaderless), ("led by one node", \.mostLed),
      ("moves", \.moves),
      ("held by one node", \.mostHeld), ("unmet", \.unmet),
    ]
    return figures.map { what, figure in
      let index = outcomes.indices.max { (figure(outcomes[$0]), -$0) < (figure(outcomes[$1]), -$1) }
      let count = index.map { figure(outcomes[$0]) } ?? 0
      return Worst(what: what, count: count, name: count > 0 ? index.map { cases[$0].name } : nil)
    }
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject(.lines)
    writer.member("plat", 1)
    writeWorst(to: &writer)
    writer.key("failures")
    writer.beginArray(.lines)
    for (index, failure) in cases.enumerated() {
      writer.beginObject(.compact)
      writer.member("fail", failure.name)
      if let level = failure.level { writer.member("level", level) }
      writer.member("nodes", failure.nodes.count)
      write(outcomes[index], to: &writer)
      if !mapNames.isEmpty {
        writer.key("maps")
        writer.beginArray(.lines)
        for (name, outcome) in zip(mapNames, ofMaps[index]) {
          writer.beginObject(.compact)
          writer.member("name", name)
          write(outcome, to: &writer)
          writer.endObject()
        }
        writer.endArray()
      }
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }

  private func write(_ outcome: FailureOutcome, to writer: inout JSONWriter) {
    writer.member("lost", outcome.lost)
    writer.member("readable", outcome.readable)
    writer.member("unreadable", outcome.unreadable)
    writer.member("takeovers", outcome.takeovers)
    writer.member("leaderless", outcome.leaderless)
    writer.member("mostLed", outcome.mostLed)
    writer.member("health", outcome.health.rawValue)
    writer.member("moves", outcome.moves)
    writer.member("mostHeld", outcome.mostHeld)
    writer.member("unmet", outcome.unmet)
  }

  package func writeWorst(to writer: inout JSONWriter) {
    writer.key("worst")
    writer.beginObject(.lines)
    let keys = ["unreadable", "leaderless", "mostLed", "moves", "mostHeld", "unmet"]
    for (key, worst) in zip(keys, worst) {
      writer.key(key)
      writer.beginObject(.compact)
      writer.member("count", worst.count)
      if let name = worst.name { writer.member("fail", name) }
      writer.endObject()
    }
    writer.endObject()
  }
}
