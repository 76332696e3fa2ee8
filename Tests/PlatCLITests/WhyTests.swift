import TestSupport
import Testing

private let cluster = """
  { "plat": 1,
    "settings": { "numPartitions": 16, "constraints": { "slave": 1 },
      "placement": [ { "level": "zone", "atMost": 1, "strength": "hard" } ] },
    "levels": ["zone"],
    "containers": { "z0": ["a", "b"], "z1": ["c", "d"], "z2": ["e", "f"] },
    "nodes": { "b": { "status": "leaving" } } }
  """

/// `explain`, `whatif` and `compare`.
@Suite struct WhyTests {
  private let folder = Folder()

  /// A cluster with a map in which `b` is leaving, and a plan for it.
  private func prepare() throws {
    let fresh = try folder.plat(["plan", "-", "--quiet"], input: cluster.replacingText("leaving", "active")).output
    let map = fresh.components(between: "\"map\": ", and: ",\n  \"summary\"")
    folder.write(String(cluster.dropLast(2)) + ", \"map\": " + map.replacingText("target", "current") + "}", "cluster")
    folder.write(try folder.plat(["plan", folder.file("cluster"), "--quiet"]).output, "plan")
  }

  @Test func explain() throws {
    try prepare()
    for arguments in [
      [folder.file("cluster"), folder.file("plan")], [folder.file("plan"), "--cluster", folder.file("cluster")],
    ] {
      let run = try folder.plat(["explain"] + arguments + ["--partition", "3", "--node", "b"])
      #expect(
        run.status == 0 && run.messages.hasPrefix("partition 3\n  master ") && run.messages.contains("b is leaving"))
      #expect(
        run.output.contains(#""partition": "3""#) && run.output.contains(#""forbidden": ["b is leaving"]"#),
        "\(run.output)")
    }
    let alone = try folder.plat(["explain", folder.file("plan"), "--partition", "3"])
    #expect(alone.status == 0 && alone.messages.contains("the plan alone does not say"))
    for (arguments, status) in [
      (["--partition", "16"], 65), (["--partition", "x"], 65), (["--partition", "0", "--node", "z"], 65), ([], 64),
    ] as [([String], Int32)] {
      #expect(try folder.plat(["explain", folder.file("cluster"), folder.file("plan")] + arguments).status == status)
    }
    #expect(try folder.plat(["explain", folder.file("plan"), "--partition", "0", "--node", "a"]).status == 64)
  }

  @Test func whatif() throws {
    try prepare()
    let run = try folder.plat(["whatif", folder.file("cluster"), "--fail", "each:zone"])
    #expect(run.status == 0 && run.messages.hasPrefix("3 failures in a cluster of 16 partitions on 6 nodes"))
    #expect(run.output.contains(#"{"fail":"z0","level":"zone","nodes":2,"lost":"#))
    let both = try folder.plat(["whatif", folder.file("cluster"), "--fail", "z0+z1,zone:z2", "--fail", "each:node"])
    #expect(
      both.status == 1 && both.messages.hasPrefix("8 failures") && both.output.contains(#"{"fail":"z0+z1","nodes":4,"#))
    for threads in ["1", "3"] {
      let again = try folder.plat(
        ["whatif", folder.file("cluster"), "--fail", "z0+z1,zone:z2", "--fail", "each:node", "--threads", threads])
      #expect(again.output == both.output)
    }
    for (arguments, status) in [
      (["--fail", "each:rack"], 65), (["--fail", "z9"], 65), (["--fail", ""], 65), ([], 64),
    ] as [([String], Int32)] {
      #expect(try folder.plat(["whatif", folder.file("cluster")] + arguments).status == status)
    }
    #expect(try folder.plat(["whatif", "-", "--fail", "z0"], input: cluster).status == 65)
  }

  @Test func compare() throws {
    try prepare()
    let run = try folder.plat(["compare", folder.file("cluster"), folder.file("plan")])
    #expect(run.status == 0 && run.messages.contains("partitions differ") && run.output.contains(#""same": false"#))
    #expect(run.output.contains(#""onlyA":"#) && run.messages.contains("unmet                 0"), "\(run.messages)")
    let same = try folder.plat(["compare", folder.file("plan"), folder.file("plan")])
    #expect(
      same.status == 0 && same.messages.hasPrefix("the maps are the same: 32 replicas") && same.messages.contains("–"))
    let known = try folder.plat([
      "compare", folder.file("plan"), folder.file("plan"), "--cluster", folder.file("cluster"),
    ])
    #expect(known.output.contains(#""health": "green""#))
    let other = cluster.replacingText("16", "8").replacingText(#""nodes""#, #""map": {"partitions": {}}, "nodes""#)
    #expect(try folder.plat(["compare", folder.file("cluster"), "-"], input: other).status == 65)
    #expect(try folder.plat(["compare", folder.file("cluster"), "-"], input: cluster).status == 65)
    #expect(try folder.plat(["compare", "-", "-"]).status == 64)
  }
}

extension String {
  fileprivate func replacingText(_ old: String, _ new: String) -> String {
    var parts: [Substring] = []
    var rest = self[...]
    while let place = rest.indices.first(where: { rest[$0...].hasPrefix(old) }) {
      parts.append(rest[..<place])
      rest = rest[rest.index(place, offsetBy: old.count)...]
    }
    return (parts + [rest]).joined(separator: new)
  }

  fileprivate func components(between start: String, and end: String) -> String {
    let first = indices.first { self[$0...].hasPrefix(start) }!
    let from = index(first, offsetBy: start.count)
    return String(self[from..<indices[from...].first { self[$0...].hasPrefix(end) }!])
  }
}
