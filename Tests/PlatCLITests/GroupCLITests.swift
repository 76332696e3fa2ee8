import TestSupport
import Testing

/// Verbs on documents with several maps.
@Suite struct GroupCLITests {
  private let folder = Folder()

  private func write() -> String {
    folder.write(
      """
      { "plat": 1, "settings": { "numPartitions": 12 },
        "nodes": { "a": {}, "b": {}, "c": {}, "d": { "status": "leaving" } }, "x-kafka": {"version":1,"partitions":[
          {"topic":"orders","partition":0,"replicas":[1]},{"topic":"orders","partition":1,"replicas":[1]}]},
        "maps": [ { "name": "orders" }, { "name": "users", "settings": { "numPartitions": 2, "constraints": { "slave": 0 } } } ] }
      """, "cluster")
  }

  @Test func aPlanIsVerifiedAndALieIsFound() throws {
    let cluster = write()
    #expect(try folder.plat(["plan", cluster, "-o", folder.file("plan"), "--quiet"]).status == 0)
    let verified = try folder.plat(["verify", cluster, folder.file("plan"), "-o", folder.file("report")])
    #expect(verified.status == 0 && verified.messages.contains("certificate   holds"), "\(verified.messages)")
    let plan = try #require(folder.read("plan"))
    folder.write(plan.replacing(#""movesLowerBound": 26"#, with: #""movesLowerBound": 27"#), "lie")
    let lie = try folder.plat(["verify", cluster, folder.file("lie"), "-o", folder.file("report"), "--json"])
    #expect(
      plan != folder.read("lie") && lie.status == 1 && lie.messages.contains(#""holds":false"#), "\(lie.messages)")
  }

  @Test func aBatchPlansThemAsPlanDoes() throws {
    let cluster = write()
    let jobs = folder.write(
      #"{"id":"a","cluster":"\#(cluster)","plan":"\#(folder.file("made"))"}"# + "\n"
        + #"{"id":"b","cluster":"\#(cluster)","plan":"\#(folder.file("none"))","operation":"cancel"}"# + "\n", "jobs")
    let run = try folder.plat(["batch", jobs, "--quiet"])
    let lines = run.output.split(separator: "\n")
    #expect(lines.first?.hasPrefix(#"{"id":"a","status":0,"moves":26,"movesLowerBound":26,"#) == true, "\(run.output)")
    #expect(lines.last?.hasPrefix(#"{"id":"b","status":0,"moves":26,"#) == true && run.status == 0, "\(run.output)")
    #expect(try folder.plat(["plan", cluster, "--quiet"]).output == folder.read("made"))
  }

  /// Back to the maps of a plan, by name; and half-way back again.
  @Test func operationsGoByTheMapsOfAnotherDocument() throws {
    let cluster = write()
    _ = try folder.plat(["plan", cluster, "-o", folder.file("plan"), "--quiet"])
    let maps = """
      "maps": [
        { "name": "users", "settings": { "numPartitions": 2, "constraints": { "slave": 0 } },
          "map": { "revision": 4, "partitions": { "0": { "master": ["a"] }, "1": { "master": ["a"] } } } },
        { "name": "orders", "map": { "revision": 9, "partitions": { "0": { "master": ["a"], "slave": ["b"] } } } } ]
      """
    let now = folder.write(
      #"{ "plat": 1, "settings": { "numPartitions": 12 }, "nodes": { "a": {}, "b": {}, "c": {}, "e": {} }, \#(maps) }"#,
      "now")
    for operation in ["restore-back", "cancel"] {
      let run = try folder.plat(
        ["plan", now, "--operation", operation, "--to", folder.file("plan"), "-o", folder.file("back"), "--quiet"])
      #expect(
        run.status == 0 && folder.read("back")?.contains("\"operation\": \"\(operation)\"") == true, "\(run.messages)")
      let verified = try folder.plat(["verify", now, folder.file("back"), "-o", folder.file("report"), "--quiet"])
      #expect(verified.status == 0, "\(folder.read("report") ?? "")")
    }
    folder.write(
      #"{ "plat": 1, "settings": { "numPartitions": 12 }, "nodes": { "a": {} }, "map": { "partitions": {} } }"#, "one")
    let other = try folder.plat(["plan", now, "--operation", "cancel", "--to", folder.file("one"), "--quiet"])
    #expect(other.status == 65 && other.messages.contains("several maps, as the cluster has"), "\(other.messages)")
    let one = try folder.plat(["plan", folder.file("one"), "--operation", "cancel", "--to", now, "--quiet"])
    #expect(one.status == 65 && one.messages.contains("one map, as the cluster has"), "\(one.messages)")
  }

  /// Which of the maps must be said; then it is explained as one map is, beside what nodes hold of all.
  @Test func oneOfThemIsExplained() throws {
    let cluster = write()
    let plan = folder.file("plan")
    _ = try folder.plat(["plan", cluster, "-o", plan, "--quiet"])
    for documents in [[cluster, plan], [plan]] {
      let which = try folder.plat(["explain"] + documents + ["--partition", "1"])
      #expect(which.status == 65 && which.messages.contains("--map NAME: orders, users"), "\(which.messages)")
      let none = try folder.plat(["explain"] + documents + ["--partition", "1", "--map", "nobody"])
      #expect(none.status == 65 && none.messages.contains(#"no map "nobody""#), "\(none.messages)")
      let named = try folder.plat(["explain"] + documents + ["--partition", "1", "--map", "users"])
      #expect(named.status == 0 && named.output.contains(#""map": "users""#), "\(named.messages)")
      #expect(try folder.plat(["explain"] + documents + ["--partition", "2", "--map", "users"]).status == 65)
      #expect(try folder.plat(["explain"] + documents + ["--partition", "2", "--map", "orders"]).status == 0)
    }
    let other = try folder.plat(["explain", cluster, plan, "--partition", "3", "--map", "orders", "--node", "d"])
    #expect(
      other.status == 0 && other.messages.contains("partition 3 of map orders")
        && other.messages.contains("d is leaving"))
    #expect(other.output.contains(#"d is leaving"#), "\(other.output)")
  }

  @Test func eachIsFailedAndAllTogether() throws {
    let fresh = write()
    let none = try folder.plat(["whatif", fresh, "--fail", "a"])
    #expect(none.status == 65 && none.messages.contains("maps[0]"), "\(none.messages)")
    let maps = """
      { "plat": 1, "settings": { "numPartitions": 2 }, "levels": ["zone"], "containers": { "z0": ["a"], "z1": ["b"], "z2": ["c"] },
        "maps": [
        { "name": "orders", "map": { "partitions": { "0": { "master": ["a"], "slave": ["b"] }, "1": { "master": ["b"], "slave": ["a"] } } } },
        { "name": "users", "settings": { "numPartitions": 1, "constraints": { "slave": 0 } },
          "map": { "partitions": { "0": { "master": ["c"] } } } } ] }
      """
    let now = folder.write(maps, "now")
    let run = try folder.plat(["whatif", now, "--fail", "each:zone"])
    #expect(
      run.status == 1 && run.messages.contains("3 failures in a cluster of 2 maps of 3 partitions on 3 nodes"),
      "\(run.messages)")
    #expect(run.messages.contains("unreadable              1, if z2 fails"), "\(run.messages)")
    let failures = run.output.split(separator: "\n").filter { $0.contains(#"{"fail":"#) }
    for part in [
      #"{"fail":"z0","level":"zone","nodes":1,"lost":2,"readable":3,"unreadable":0,"#,
      #"{"name":"orders","lost":2,"readable":2,"#,
      #"{"name":"users","lost":0,"readable":1,"#,
    ] {
      #expect(failures.contains { $0.contains(#""fail":"z0""#) && $0.contains(part) }, "\(part)")
    }
  }

  @Test func theyAreComparedMapByMap() throws {
    let cluster = write()
    let plan = folder.file("plan")
    _ = try folder.plat(["plan", cluster, "-o", plan, "--quiet"])
    let same = try folder.plat(["compare", plan, plan])
    #expect(same.status == 0 && same.messages.hasPrefix("the 2 maps are the same: 26 replicas"), "\(same.messages)")
    let now = folder.write(
      """
      { "plat": 1, "settings": { "numPartitions": 2, "constraints": { "slave": 0 } }, "nodes": { "a": {}, "b": {}, "z": {} }, "maps": [
        { "name": "users", "map": { "partitions": { "0": { "master": ["a"] }, "1": { "master": ["z"] } } } },
        { "name": "more", "map": { "partitions": { "0": { "master": ["b"] }, "1": { "master": ["z"] } } } } ] }
      """, "now")
    let run = try folder.plat(["compare", plan, now, "--cluster", cluster])
    #expect(
      run.status == 0 && run.messages.contains("only in A: orders") && run.messages.contains("only in B: more"),
      "\(run.messages)")
    #expect(
      run.output.contains(#"{"name":"orders","onlyIn":"a"}"#) && run.output.contains(#"{"name":"more","onlyIn":"b"}"#))
    #expect(
      run.output.contains(#"{"node":"z","a":{"master":0,"slave":0,"total":0},"b":{"master":2,"slave":0,"total":2}}"#),
      "\(run.output)")
    let one = folder.write(
      #"{ "plat": 1, "settings": { "numPartitions": 2 }, "nodes": { "a": {} }, "map": { "partitions": {} } }"#, "one")
    let mixed = try folder.plat(["compare", plan, one])
    #expect(
      mixed.status == 65 && mixed.messages.contains("several maps, as in the first document"), "\(mixed.messages)")
    let other = folder.write(
      #"{ "plat": 1, "settings": { "numPartitions": 3 }, "nodes": { "a": {} }, "maps": [ { "name": "users", "map": { "partitions": {} } } ] }"#,
      "other")
    let sizes = try folder.plat(["compare", plan, other])
    #expect(sizes.status == 65 && sizes.messages.contains("maps, users"), "\(sizes.messages)")
  }

  @Test func oneOfThemIsExported() throws {
    let cluster = write()
    _ = try folder.plat(["plan", cluster, "-o", folder.file("plan"), "--quiet"])
    // Of systems whose documents are about one map, which one; of Kafka all, or one topic.
    let which = try folder.plat(["export", "couchbase", folder.file("plan")])
    #expect(which.status == 65 && which.messages.contains("--map NAME: orders, users"), "\(which.messages)")
    let none = try folder.plat(["export", "kafka", folder.file("plan"), "--map", "nobody"])
    #expect(none.status == 65 && none.messages.contains(#"no map "nobody""#), "\(none.messages)")
    for arguments in [[], ["--map", "orders"]] {
      let orders = try folder.plat(["export", "kafka", folder.file("plan")] + arguments)
      #expect(
        orders.status == 65 && orders.messages.contains("maps[0].map.partitions: found 12 partitions, expected 2"),
        "\(orders.messages)")
    }
    let users = try folder.plat(["export", "kafka", folder.file("plan"), "--map", "users"])
    #expect(
      users.status == 65 && users.messages.contains(#"found the map "users", expected a topic of x-kafka"#),
      "\(users.messages)")
  }
}
