import Foundation
import Testing

/// What a rule or a status means is known in `Rules/` and nowhere else: read from the engine's sources.
@Suite struct RuleHouseTests {
  /// Files that may still match on a rule's kind. Not for new ones: it only gets shorter.
  private static let kindsLeft: Set<String> = []
  /// Files that may still compare a node's status.
  private static let statusesLeft: Set<String> = ["Execution/Orchestrator.swift", "Execution/Survey+Way.swift"]

  @Test func ruleKindsAreMatchedInRulesOnly() throws {
    try expect(RuleHouseTests.matchesKind, in: RuleHouseTests.kindsLeft, "matches on a rule's kind")
  }

  @Test func statusesAreComparedInRulesOnly() throws {
    try expect(RuleHouseTests.comparesStatus, in: RuleHouseTests.statusesLeft, "compares a node's status")
  }

  @Test func eachWayOfMatchingIsNoticed() {
    for line in [
      "guard case .atMost(let most) = rule.demand else { continue }", "case .near(let of, let atLeast):", "switch rule.demand {",
      "for rule in cluster.cluster.settings.placement where rule.strength == .hard {", "settings.rules(AtMost.self)",
      "if let cap = rule as? AtMost {", "settings.places.contains { $0.strength == .hard }", "case .within(let least, _): least",
    ] { #expect(RuleHouseTests.matchesKind(line), "\(line)") }
    for line in [
      "problem.near.isEmpty", "rule.atLeast - 1", "tree.demand - tree.total()", "placement.target.clear()", "map.placement.width",
      "public var placement: [PlacementRule]", "// as settings.placement says", "settings.containerRules.map { $0.level }",
    ] { #expect(!RuleHouseTests.matchesKind(line), "\(line)") }
    for line in [
      "if cluster.status[node] == .active {", "where status != .failed", "case .leaving, .failed: 0", "switch dense.status[node] {",
      "cluster.status.contains(.maintenance)", "case .maintenance: held", "Node.Status.leaving", "node.status = .failed",
    ] { #expect(RuleHouseTests.comparesStatus(line), "\(line)") }
    for line in [
      "if operation == .maintenance {", "case .failover, .maintenance, .restoreBack, .cancel:", "status.mayReceive && row.failed.isEmpty",
      "switch cluster.status[node].entitlement {", "return holds ? .rebalance : .maintenance", "let active = groups.active", "/// .failed",
    ] { #expect(!RuleHouseTests.comparesStatus(line), "\(line)") }
  }

  /// Every file that does it is on the list, and every file on the list does it.
  private func expect(_ does: (String) -> Bool, in left: Set<String>, _ what: String) throws {
    var found: [String: Int] = [:]
    for (file, lines) in try RuleHouseTests.sources() {
      let count = lines.count(where: does)
      if count > 0 { found[file] = count }
    }
    for (file, count) in found.sorted(by: { $0.key < $1.key }) where !left.contains(file) {
      Issue.record("Sources/PlatEngine/\(file) \(what) in \(count) lines: that belongs to Rules/")
    }
    for file in left.sorted() where found[file] == nil {
      Issue.record("Sources/PlatEngine/\(file) no longer \(what): take it off the list")
    }
  }

  private static func matchesKind(_ line: String) -> Bool {
    let code = stripped(line)
    return [
      #/[^\w\])]\.(?:atMost|near|only|never|within)\b/#, #/\brule\.demand\b/#, #/\bsettings\.(?:placement|places)\b/#,
      #/\.rules\(/#, #/\b(?:as|is)[?!]? (?:AtMost|Near|PlaceRule)\b/#,
    ].contains { code.contains($0) }
  }

  private static func comparesStatus(_ line: String) -> Bool {
    let code = stripped(line)
    if code.contains(#/[^\w\])]\.(?:active|leaving|failed)\b/#) || code.contains(#/\bStatus\.(?:active|leaving|failed|maintenance|allCases)/#) {
      return true
    }
    if code.contains(#/\bswitch .*\b[sS]tatus(?:\[.*\])? \{/#) { return true }
    // An operation has the same name.
    return code.contains(#/[^\w\])]\.maintenance\b/#) && !code.contains(#/[oO]peration|\.rebalance|\.restoreBack|\breturn \.maintenance/#)
  }

  /// Without comments.
  private static func stripped(_ line: String) -> String {
    " " + String(line[..<(line.range(of: "//")?.lowerBound ?? line.endIndex)])
  }

  /// Of the engine without `Rules/`, `Model/Cluster.swift`, which defines what a status is, and phases of the execution, which have
  /// names of their own.
  private static func sources() throws -> [(file: String, lines: [String])] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources/PlatEngine").path
    let files = try #require(FileManager.default.enumerator(atPath: root)).compactMap { $0 as? String }
    let read = files.filter { $0.hasSuffix(".swift") && !$0.hasPrefix("Rules/") && $0 != "Model/Cluster.swift" }.sorted()
    #expect(read.count > 150)
    return try read.map { file in
      let lines = try String(contentsOfFile: root + "/" + file, encoding: .utf8).components(separatedBy: "\n")
      return (file, file.hasPrefix("Execution/") ? lines.filter { $0.contains("tatus") } : lines)
    }
  }
}
