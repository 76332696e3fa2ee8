import TestSupport
import Testing

/// `plat plan --operation …`, from documents to documents.
@Suite struct OperationCLITests {
  private let folder = Folder()

  private func cluster(_ nodes: String = "", map: String? = nil) -> String {
    """
    { "plat": 1, "settings": { "numPartitions": 4 }, "levels": ["zone"],
      "containers": { "z0": ["a", "b"], "z1": ["c", "d"] }, "nodes": { \(nodes) },
      "map": { "revision": 5, "partitions": { \(map ?? """
        "0": { "master": ["a"], "slave": ["c"] }, "1": { "master": ["b"], "slave": ["d"] },
        "2": { "master": ["c"], "slave": ["a"] }, "3": { "master": ["d"], "slave": ["b"] }
        """) } } }
    """
  }

  @Test func failoverAsksForAMasterOnly() throws {
    let text = cluster(#""a": { "status": "failed" }"#)
    let run = try folder.plat(["plan", "-", "--operation", "failover"], input: text)
    #expect(run.status == 0 && run.output.contains(#""operation": "failover""#) && run.output.contains(#""moves": 0,"#))
    #expect(run.output.contains(#""0": {"master":["c"],"slave":[]}"#) && run.output.contains(#""unmet": 2"#))
    // Partition 2 has no copy left.
    let lost = cluster(#""a": { "status": "failed" }, "c": { "status": "failed" }"#)
    let red = try folder.plat(["plan", "-", "--operation", "failover"], input: lost)
    #expect(red.status == 0 && red.output.contains(#""health": "red""#))
  }

  @Test func maintenanceIsChosenAndKeepsTheMapBefore() throws {
    folder.write(cluster(#""a": { "status": "maintenance" }"#), "cluster")
    let run = try folder.plat(["plan", folder.file("cluster"), "-o", folder.file("plan")])
    let plan = try #require(folder.read("plan"))
    #expect(run.status == 0 && plan.contains(#""operation": "maintenance""#) && plan.contains(#""mapBefore""#))
    #expect(plan.contains(#""0": {"master":["c"],"slave":["a"]}"#) && plan.contains(#""moves": 0,"#))
    #expect(try folder.plat(["check", folder.file("cluster"), "--plan", folder.file("plan")]).status == 0)
    #expect(try folder.plat(["verify", folder.file("cluster"), folder.file("plan")]).status == 0)
    // And back, by the map that the plan has kept.
    let away = cluster(
      map: """
        "0": { "master": ["c"], "slave": ["a"] }, "1": { "master": ["b"], "slave": ["d"] },
        "2": { "master": ["c"], "slave": ["a"] }, "3": { "master": ["d"], "slave": ["b"] }
        """)
    let back = try folder.plat(["plan", "-", "--operation", "restore-back", "--to", folder.file("plan")], input: away)
    #expect(back.status == 0 && back.output.contains(#""0": {"master":["a"],"slave":["c"]}"#))
    #expect(back.output.contains(#""operation": "restore-back""#) && back.output.contains(#""roleChanges": 2,"#))
  }

  @Test func restoreBackLeavesOutNodesThatAreGone() throws {
    folder.write(
      cluster(map: #""0": { "master": ["a"], "slave": ["c"] }"#).replacing("\"d\"]", with: "\"d\", \"gone\"]"), "before"
    )
    let run = try folder.plat(
      ["plan", "-", "--operation", "restore-back", "--to", folder.file("before")], input: cluster())
    #expect(run.status == 0 && run.output.contains(#""moves": 0,"#))
    let other = try folder.plat(
      ["plan", "-", "--operation", "restore-back", "--to", folder.file("none")], input: cluster())
    #expect(other.status == 66)
  }

  @Test func swapIsChosenWhereAsManyComeAsLeave() throws {
    let text = cluster(
      #""a": { "status": "leaving" }"#,
      map: """
        "0": { "master": ["a"], "slave": ["c"] }, "1": { "master": ["c"], "slave": ["d"] },
        "2": { "master": ["d"], "slave": ["a"] }, "3": { "master": ["d"], "slave": ["a"] }
        """)
    let run = try folder.plat(["plan", "-", "--operation", "swap"], input: text)
    #expect(run.status == 0 && run.output.contains(#""operation": "swap""#) && run.output.contains(#""moves": 3,"#))
    #expect(run.output.contains(#""3": {"master":["d"],"slave":["b"]}"#) && run.output.contains(#""roleChanges": 0,"#))
  }

  @Test func cancelTakesTheMapAsItStands() throws {
    let half = cluster(
      map: """
        "0": { "master": ["a"], "slave": ["c"], "dead": ["b"] }, "1": { "master": ["b"], "slave": ["d"], "pending": ["a"] },
        "2": { "master": ["c"], "slave": ["a", "d"] }, "3": { "master": ["d"], "slave": ["b"] }
        """)
    let run = try folder.plat(["plan", "-", "--operation", "cancel"], input: half)
    #expect(run.status == 0 && run.output.contains(#""operation": "cancel""#) && run.output.contains(#""moves": 0,"#))
    #expect(run.output.contains(#""0": {"master":["a"],"slave":["c"]}"#) && run.output.contains(#""unmet": 0"#))
    #expect(run.output.contains(#""1": {"master":["b"],"slave":["d"]}"#))
  }

  @Test func wrongUsage() throws {
    for arguments in [
      ["--operation", "restore-back"], ["--to", "x"], ["--operation", "swap", "--to", "x"],
      ["--operation", "cancel", "--to", "-"],
    ] {
      #expect(try folder.plat(["plan", "-"] + arguments, input: cluster()).status == 64, "\(arguments)")
    }
  }
}

extension String {
  fileprivate func replacing(_ old: String, with new: String) -> String {
    guard let place = indices.first(where: { self[$0...].hasPrefix(old) }) else { preconditionFailure("no \(old)") }
    return "\(self[..<place])\(new)\(self[index(place, offsetBy: old.count)...])"
  }
}
