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
          {"topic":"t","partition":0,"replicas":[1]},{"topic":"t","partition":1,"replicas":[1]}]},
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
    #expect(plan != folder.read("lie") && lie.status == 1 && lie.messages.contains(#""holds":false"#), "\(lie.messages)")
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
      #"{ "plat": 1, "settings": { "numPartitions": 12 }, "nodes": { "a": {}, "b": {}, "c": {}, "e": {} }, \#(maps) }"#, "now")
    for operation in ["restore-back", "cancel"] {
      let run = try folder.plat(
        ["plan", now, "--operation", operation, "--to", folder.file("plan"), "-o", folder.file("back"), "--quiet"])
      #expect(run.status == 0 && folder.read("back")?.contains("\"operation\": \"\(operation)\"") == true, "\(run.messages)")
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

  @Test func oneOfThemIsExported() throws {
    let cluster = write()
    _ = try folder.plat(["plan", cluster, "-o", folder.file("plan"), "--quiet"])
    let which = try folder.plat(["export", "kafka", folder.file("plan")])
    #expect(which.status == 65 && which.messages.contains("--map NAME"), "\(which.messages)")
    let none = try folder.plat(["export", "kafka", folder.file("plan"), "--map", "nobody"])
    #expect(none.status == 65 && none.messages.contains(#"no map "nobody""#), "\(none.messages)")
    // Kafka's brokers are numbers, these nodes are not: so far it comes only with the map.
    let named = try folder.plat(["export", "kafka", folder.file("plan"), "--map", "users"])
    #expect(named.status == 65 && !named.messages.contains("--map"), "\(named.messages)")
    let orders = try folder.plat(["export", "kafka", folder.file("plan"), "--map", "orders"])
    #expect(orders.status == 65 && orders.messages.contains("12 partitions"), "\(orders.messages)")
  }
}
