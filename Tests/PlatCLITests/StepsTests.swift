import TestSupport
import Testing

/// One partition moves, its master with it: the example of the format.
private let cluster = """
  { "plat": 1,
    "settings": { "numPartitions": 1, "constraints": { "master": 1, "slave": 1 } },
    "nodes": { "a": { "status": "leaving" }, "b": {}, "f": {} },
    "map": { "revision": 7, "partitions": { "0": { "master": ["a"], "slave": ["f"] } } } }
  """
private let plan = """
  { "plat": 1, "operation": "rebalance",
    "map": { "type": "target", "revision": 8, "basedOn": 7, "numPartitions": 1,
      "partitions": { "0": { "master": ["b"], "slave": ["f"] } } } }
  """

@Suite struct StepsTests {
  private let folder = Folder()

  init() {
    folder.write(cluster, "cluster")
    folder.write(plan, "plan")
  }

  @Test func stepsOfTheFormatsExample() throws {
    let run = try folder.plat(["steps", folder.file("cluster"), folder.file("plan")])
    #expect(run.status == 0 && run.messages.contains("rounds        4, proved to be the fewest"))
    let lines = [
      #"{"id":0,"after":[],"partition":"0","kind":"set","node":"b","change":["null","dead"]}"#,
      #"{"id":1,"after":[0],"partition":"0","kind":"stream","source":"a","destination":"b","#
        + #""sourceChange":["master","master"],"destinationChange":["dead","slave"],"fullScan":true}"#,
      #"{"id":2,"after":[1],"partition":"0","kind":"stream","source":"a","destination":"b","takeover":true,"#
        + #""sourceChange":["master","dead"],"destinationChange":["slave","master"],"hold":["write"]}"#,
      #"{"id":3,"after":[2],"partition":"0","kind":"set","node":"a","change":["dead","null"]}"#,
      #""rounds": 4,"#, #""roundsLowerBound": 4,"#, #""start": [0,1,2,3]"#, #""from": 7,"#, #""to": 8,"#,
    ]
    for line in lines { #expect(run.output.contains(line), "\(line)\n\(run.output)") }
    #expect(
      try folder.plat(["steps", "-", folder.file("plan"), "--quiet", "--threads", "3"], input: cluster).output
        == run.output)
  }

  @Test func movesAreTheBareDifference() throws {
    let run = try folder.plat(["moves", folder.file("cluster"), folder.file("plan")])
    #expect(run.status == 0 && run.messages == "moves         1\nrole changes  0\nremovals      1\n")
    #expect(run.output.contains(#"{"partition":"0","node":"b","change":["null","master"]}"#))
    #expect(run.output.contains(#"{"partition":"0","node":"a","change":["master","null"]}"#))
    #expect(run.output.contains(#""summary": {"moves":1,"roleChanges":0,"removals":1}"#))
  }

  @Test func timesInsteadOfRounds() throws {
    let run = try folder.plat(["steps", folder.file("cluster"), folder.file("plan"), "--bandwidth", "1/2", "--quiet"])
    #expect(
      run.status == 0 && run.output.contains(#""microseconds": 2000000,"#)
        && run.output.contains(#""start": [0,0,2000000,2000000]"#))
    #expect(try folder.plat(["steps", folder.file("cluster"), folder.file("plan"), "--bandwidth", "0"]).status == 64)
  }

  @Test func dataThatIsGoneIsSaid() throws {
    folder.write(
      cluster.replacing(#""f": {}"#, with: #""f": {"status": "failed"}"#).replacing("leaving", with: "failed"),
      "cluster")
    let run = try folder.plat(["steps", folder.file("cluster"), folder.file("plan").replacing("plan", with: "lost")])
    #expect(run.status == 66)
    folder.write(plan.replacing(#"["f"]"#, with: "[]"), "plan")
    let lost = try folder.plat(["steps", folder.file("cluster"), folder.file("plan")])
    #expect(
      lost.status == 1 && lost.output.contains("nothing is left to copy from")
        && lost.messages.contains("unmet         1 partitions"))
  }

  @Test func aLimitOfNothingIsRefused() throws {
    folder.write(cluster.replacing(#""map""#, with: #""config": {"maxStreamsIn": 0}, "map""#), "cluster")
    let run = try folder.plat(["steps", folder.file("cluster"), folder.file("plan")])
    #expect(run.status == 65 && run.messages.contains("config.maxStreamsIn: found 0, expected at least 1"))
  }
}

extension String {
  fileprivate func replacing(_ old: String, with new: String) -> String {
    guard let range = firstRange(of: old) else { return self }
    var result = self
    result.replaceSubrange(range, with: new)
    return result
  }
}
