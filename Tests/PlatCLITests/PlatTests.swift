import TestSupport
import Testing

private let cluster = """
  { "plat": 1,
    "settings": { "numPartitions": 16, "constraints": { "slave": 2 },
      "placement": [ { "level": "zone", "atMost": 1, "strength": "hard" } ] },
    "levels": ["zone"],
    "containers": { "z0": ["a", "b"], "z1": ["c", "d"], "z2": ["e", "f"], "z3": ["g"] },
    "nodes": { "b": { "status": "leaving" } },
    "x-name": "test",
    "map": { "revision": 41, "partitions": { "0": { "master": ["a"], "slave": ["c", "b"] } } } }
  """

/// Two zones, three replicas, at most one in a zone.
private let impossible = """
  { "plat": 1,
    "settings": { "numPartitions": 4, "constraints": { "slave": 2 },
      "placement": [ { "level": "zone", "atMost": 1, "strength": "hard" } ] },
    "levels": ["zone"], "containers": { "z0": ["a", "b"], "z1": ["c", "d"] } }
  """

@Suite struct PlatTests {
  private let folder = Folder()

  // MARK: several maps

  @Test func severalMapsArePlannedCheckedAndRouted() throws {
    let cluster = """
      { "plat": 1, "settings": { "numPartitions": 10 }, "maps": [ { "name": "orders" }, { "name": "users" },
        { "name": "log", "settings": { "constraints": { "slave": 2 }, "numPartitions": 16 } } ],
        "nodes": { "a": {}, "b": {}, "c": {}, "d": {}, "e": {}, "f": {}, "g": {}, "h": {} }, "x-name": 1 }
      """
    folder.write(cluster, "cluster")
    let run = try folder.plat(["plan", folder.file("cluster"), "-o", folder.file("plan")])
    #expect(run.status == 0 && run.messages.contains("rebalance of 3 maps of 36 partitions on 8 nodes"))
    let plan = try #require(folder.read("plan"))
    #expect(plan.contains(#""x-name": 1"#) && plan.contains(#""name": "users""#))
    #expect(try folder.plat(["check", folder.file("cluster"), "--plan", folder.file("plan"), "--quiet"]).status == 0)

    // Planned together, nothing is left to do, and keys are found in each.
    let generate = ["generate", "--nodes", "7", "--partitions", "10", "--maps", "3", "--map", "fresh"]
    #expect(try folder.plat(generate + ["-o", folder.file("next")]).status == 0)
    let again = try folder.plat(["plan", folder.file("next"), "--json"])
    #expect(
      again.status == 0 && again.messages.contains(#""moves":0,"movesLowerBound":0,"roleChanges":0"#),
      "\(again.messages)")
    let routed = try folder.plat(["route", folder.file("next"), "k"])
    #expect(routed.output.split(separator: "\n").count == 3 && routed.output.contains(#"{"map":"m2","key":"k""#))
    #expect(
      try folder.plat(["route", folder.file("next"), "k", "--map", "m1"]).output.split(separator: "\n").count == 1)
    #expect(try folder.plat(["route", folder.file("next"), "k", "--map", "nobody"]).status == 65)
    #expect(try folder.plat(["export", "kafka", folder.file("next")]).status == 65)
    #expect(try folder.plat(["export", "kafka", folder.file("plan")]).status == 65)
    #expect(
      try folder.plat(["generate", "--nodes", "5", "--partitions", "8", "--maps", "3", "--map", "drifted"]).status == 0)
  }

  // MARK: plan

  @Test func planWritesThePlanAndASummary() throws {
    folder.write(cluster, "cluster")
    let run = try folder.plat(["plan", folder.file("cluster"), "-o", folder.file("plan")])
    #expect(run.status == 0 && run.output.isEmpty)
    #expect(run.messages.contains("rebalance of 16 partitions on 7 nodes, revision 41 to 42"))
    #expect(run.messages.contains("proved to be the fewest") && run.messages.contains("peak memory"))
    let plan = try #require(folder.read("plan"))
    #expect(
      plan.contains(#""revision": 42"#) && plan.contains(#""basedOn": 41"#) && plan.contains(#""x-name": "test""#))
    #expect(try folder.plat(["check", folder.file("cluster"), "--plan", folder.file("plan")]).status == 0)
  }

  @Test func sameInputSameBytes() throws {
    folder.write(cluster, "cluster")
    let first = try folder.plat(["plan", folder.file("cluster"), "--quiet"])
    #expect(first.status == 0 && first.messages.isEmpty)
    for threads in ["1", "2", "7"] {
      let again = try folder.plat(["plan", "-", "--threads", threads, "--quiet"], input: cluster)
      #expect(again.output == first.output && again.status == 0)
    }
  }

  @Test func planningThePlanChangesNothing() throws {
    folder.write(cluster, "cluster")
    let plan = try folder.plat(["plan", folder.file("cluster"), "--quiet"]).output
    let map = try #require(plan.range(from: "\"map\": {", to: "\"summary\""))
    let head = try #require(cluster.range(from: "{ \"plat\"", to: "\"map\""))
    let next = try folder.plat(["plan", "-", "--quiet"], input: head + map.dropLastComma + "}")
    #expect(next.status == 0 && next.output.contains(#""moves": 0,"#) && next.output.contains(#""roleChanges": 0,"#))
    #expect(next.output.contains(#""revision": 43"#))
  }

  @Test func whatCannotBeMetIsStatusOneAndWritten() throws {
    folder.write(impossible, "cluster")
    let run = try folder.plat(["plan", folder.file("cluster"), "-o", folder.file("plan")])
    #expect(run.status == 1 && run.messages.contains("findings      4"))
    let plan = try #require(folder.read("plan"))
    #expect(plan.contains(#""unmet": 4"#) && plan.contains(#""rule":"constraints.slave""#) && !plan.contains("basedOn"))
    #expect(plan.contains(#""revision": 1,"#))
    #expect(try folder.plat(["check", folder.file("cluster"), "--plan", folder.file("plan")]).status == 1)
  }

  @Test func messagesAsJSON() throws {
    let good = try folder.plat(["plan", "-", "--json", "-o", "/dev/null"], input: cluster)
    #expect(good.messages.hasPrefix(#"{"summary":{"moves":"#) && good.messages.contains(#""nanoseconds":{"reading":"#))
    let bad = try folder.plat(["plan", "-", "--json"], input: "{\n \"plat\": 3}")
    #expect(
      bad.status == 65
        && bad.messages
          == #"{"error":"standard input:2:10: plat: found version 3, expected version 1, the only one that this program reads","#
          + #""file":"standard input","line":2,"column":10,"path":"plat","found":"version 3","#
          + #""expected":"version 1, the only one that this program reads"}"# + "\n"
    )
  }

  // MARK: exit statuses

  @Test func badInputIs65AndNothingIsWritten() throws {
    folder.write("before", "plan")
    for text in [
      "", "{", "[]", "null", "{\"plat\": 2}", cluster + "}", String(cluster.dropLast(1)),
      cluster.replacing("\"a\"", with: "\"b\""), cluster.replacing("leaving", with: "left"),
    ] {
      let run = try folder.plat(["plan", "-", "-o", folder.file("plan")], input: text)
      #expect(run.status == 65 && run.output.isEmpty, "\(text)")
      #expect(
        run.messages.hasPrefix("plat: standard input:") && run.messages.contains(", expected "), "\(run.messages)")
    }
    #expect(folder.read("plan") == "before" && folder.names == ["plan"])
  }

  @Test func rulesThatThisVersionDoesNotPlanAre65AtTheirPlace() throws {
    let near = cluster.replacing(
      #"{ "level": "zone", "atMost": 1, "strength": "hard" }"#,
      with: #"{ "level": "zone", "states": ["slave"], "near": "slave", "atLeast": 1 }"#)
    let run = try folder.plat(["plan", "-"], input: near)
    #expect(run.status == 65 && run.output.isEmpty)
    #expect(
      run.messages.hasPrefix(
        "plat: standard input:3:68: settings.placement[0].near: found a hard rule about what is near to slave"),
      "\(run.messages)")
  }

  @Test func wrongUsageIs64() throws {
    for arguments in [
      [], ["fly"], ["plan"], ["plan", "a", "b"], ["plan", "a", "--operation", "fly"], ["plan", "a", "--threads", "0"],
      ["check"], ["check", "-", "--plan", "-"], ["route", "-"], ["plan", "a", "--loud"],
    ] where !arguments.isEmpty {
      let run = try folder.plat(arguments)
      #expect(run.status == 64 && run.output.isEmpty && !run.messages.isEmpty, "\(arguments)")
    }
    #expect(try folder.plat(["plan", "a", "--operation", "fly"]).messages.contains("rebalance"))
  }

  @Test func noInputIs66() throws {
    for arguments in [["plan", folder.file("none")], ["check", folder.path], ["route", folder.file("none"), "key"]] {
      let run = try folder.plat(arguments)
      #expect(run.status == 66 && run.output.isEmpty && run.messages.hasPrefix("plat: "))
    }
  }

  @Test func noOutputIs73OrElse74() throws {
    #expect(try folder.plat(["plan", "-", "-o", folder.file("none/plan")], input: cluster).status == 73)
    #expect(try folder.plat(["plan", "-"], input: cluster, output: "/dev/full").status == 74)
  }

  @Test func versionAndHelp() throws {
    #expect(try folder.plat(["--version"]).output.hasSuffix(".0\n"))
    for arguments in [["--help"], ["plan", "--help"], ["check", "-h"], ["help", "route"]] {
      let run = try folder.plat(arguments)
      #expect(run.status == 0 && run.output.contains("USAGE: plat"))
    }
  }

  // MARK: check and route

  @Test func checkJudgesTheCurrentMap() throws {
    let run = try folder.plat(["check", "-", "--quiet"], input: cluster)
    #expect(run.status == 1 && run.messages.isEmpty)
    #expect(
      run.output.contains(#""map": {"type":"current","revision":41}"#) && run.output.contains(#""health": "red""#))
    #expect(!run.output.contains("moves"))
    #expect(try folder.plat(["check", "-"], input: impossible).status == 65)
  }

  @Test func checkFindsAPlanThatLies() throws {
    folder.write(cluster, "cluster")
    let plan = try folder.plat(["plan", folder.file("cluster"), "--quiet"]).output
    folder.write(plan.replacing(#""moves": "#, with: #""moves": 9"#), "plan")
    let run = try folder.plat(["check", folder.file("cluster"), "--plan", folder.file("plan")])
    #expect(
      run.status == 1 && run.output.contains(#""rule":"summary.moves""#) && run.messages.contains("a recount finds"))
    folder.write(plan.replacing(#""basedOn": 41"#, with: #""basedOn": 40"#), "plan")
    let other = try folder.plat(["check", folder.file("cluster"), "--plan", folder.file("plan")])
    #expect(other.status == 65 && other.messages.contains("map.basedOn: found 40, expected 41"))
  }

  @Test func verifyChecksTheCertificate() throws {
    folder.write(cluster, "cluster")
    let plan = try folder.plat(["plan", folder.file("cluster"), "--quiet"]).output
    folder.write(plan, "plan")
    let good = try folder.plat(["verify", folder.file("cluster"), folder.file("plan")])
    #expect(
      good.status == 0 && good.messages.contains("certificate   holds") && good.output.contains(#""movesLowerBound": "#)
    )
    for (old, new, rule) in [
      (#""prices": {"#, #""prices": {"x-":0,"#, nil),
      (#""default": "#, #""default": 77, "x-": "#, "certificate.digest"),
      (#""certificate": {"#, #""x-certificate": {"#, "certificate"),
      (#""movesLowerBound": "#, #""movesLowerBound": 9"#, "certificate.prices"),
      (#""movesLowerBound": "#, #""x-bound": "#, "summary.movesLowerBound"),
      (#""unmet": 0"#, #""unmet": 1"#, "summary.unmet"),
      ("\"findings\": []", #""findings": [{}]"#, "findings"), (#""rebalance""#, #""rebalanced""#, "operation"),
    ] as [(String, String, String?)] {
      folder.write(plan.replacing(old, with: new), "plan")
      let run = try folder.plat(["verify", folder.file("cluster"), folder.file("plan")])
      if let rule {
        #expect(run.status == 1 && run.output.contains(#""rule":"\#(rule)""#), "\(new): \(run.messages)")
      } else {
        #expect(run.status == 0, "\(run.messages)")
      }
    }
    folder.write(plan.replacing(#""default": "#, with: #""default": "x","y": "#), "plan")
    #expect(try folder.plat(["verify", folder.file("cluster"), folder.file("plan")]).status == 65)
    #expect(try folder.plat(["verify", "-", "-"]).status == 64)
  }

  @Test func routeTellsALineForEachKey() throws {
    let vBuckets =
      #"{"plat":1,"settings":{"keyFunc":"hash-crc32-vbucket","numPartitions":1024},"nodes":{"a":{}},"#
      + #""map":{"partitions":{"528":{"master":["a"]}}}}"#
    folder.write(vBuckets, "cluster")
    let expected = #"{"key":"hello","partition":"528","holders":{"master":["a"]}}"# + "\n"
    #expect(try folder.plat(["route", folder.file("cluster"), "hello", "--quiet"]).output == expected)
    #expect(try folder.plat(["route", folder.file("cluster")], input: "hello\nhello").output == expected + expected)
    #expect(try folder.plat(["route", folder.file("cluster")]).output.isEmpty)
    let many = try folder.plat(["route", folder.file("cluster")], input: (0..<10_000).map { "key-\($0)\n" }.joined())
    #expect(many.output.split(separator: "\n").count == 10_000)
  }

  // MARK: hostile input

  @Test func tenMegabytesOfBrackets() throws {
    for bracket in ["[", "{", "{\"a\":", "]"] {
      let run = try folder.plat(
        ["plan", "-"], input: String(repeating: bracket, count: 10_000_000 / bracket.utf8.count))
      #expect(run.status == 65 && run.output.isEmpty && run.messages.utf8.count < 4000)
    }
  }

  @Test func cutShortAtManyBytes() throws {
    let bytes = Array(cluster.utf8)
    for count in stride(from: 0, to: bytes.count, by: 23) {
      let run = try folder.plat(["plan", "-"], input: String(decoding: bytes[..<count], as: UTF8.self))
      #expect(run.status == 65 && run.output.isEmpty)
    }
  }
}

extension String {
  /// The first `old` replaced.
  fileprivate func replacing(_ old: String, with new: String) -> String {
    guard let place = indices.first(where: { self[$0...].hasPrefix(old) }) else { preconditionFailure("no \(old)") }
    return "\(self[..<place])\(new)\(self[index(place, offsetBy: old.count)...])"
  }

  /// From the first `start` to before the first `end` behind it.
  fileprivate func range(from start: String, to end: String) -> String? {
    guard let first = indices.first(where: { self[$0...].hasPrefix(start) }),
      let last = indices[first...].first(where: { self[$0...].hasPrefix(end) })
    else { return nil }
    return String(self[first..<last])
  }

  fileprivate var dropLastComma: String {
    guard let comma = lastIndex(of: ",") else { return self }
    return "\(self[..<comma])\(self[index(after: comma)...])"
  }
}
