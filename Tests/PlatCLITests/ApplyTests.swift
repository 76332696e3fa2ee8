import PlatEngine
import TestSupport
import Testing

@testable import PlatFormats

/// From cluster to plan to the next cluster, and on.
@Suite struct ApplyTests {
  private let folder = Folder()

  private func plat(_ arguments: String, status: Int32 = 0) throws -> Run {
    let run = try folder.plat(
      arguments.split(separator: " ").map { $0.hasPrefix("@") ? folder.file(String($0.dropFirst())) : String($0) })
    #expect(run.status == status, "\(arguments): \(run.messages)")
    return run
  }

  private func cluster(_ name: String) throws -> ClusterDocument {
    try ClusterReader.read(FileInput.read(folder.file(name)))
  }

  @Test func thePlansMapBecomesTheCurrentOneAndNothingElseChanges() throws {
    _ = try plat(
      "generate --nodes 6 --partitions 40 --zones 3 --rule zone:1:hard --map drifted --leaving 1 --seed 3 -o @now")
    _ = try plat("plan @now -o @plan --quiet")
    let run = try plat("apply @now @plan -o @next")
    let (now, next) = (try cluster("now"), try cluster("next"))
    let plan = try PlanReader.read(FileInput.read(folder.file("plan")), for: now)
    #expect(run.messages == "revision \(plan.map.header.revision)\n")
    #expect(next.cluster == now.cluster)
    #expect(next.map?.header == MapHeader(kind: .current, revision: plan.map.header.revision))
    #expect(mapsEqual(try #require(next.map).placement, plan.map.placement))
    // The loop is closed: nothing is left to do, and the plan does not go with the next revision.
    #expect(try plat("plan @next -o @again").messages.contains("moves         0, proved"))
    let other = try plat("apply @next @plan", status: 65)
    #expect(
      other.messages.contains("map.basedOn: found 1, expected 2, the revision of the cluster's map"),
      "\(other.messages)")
    #expect(other.output == "")
    #expect(try plat("apply @now @plan -o @next.plat --quiet").messages == "")
    #expect(try plat("export plat @next.plat").output.contains("\"revision\": 2"))
  }

  /// A node goes into maintenance and comes back, by commands and one word in the document.
  @Test func maintenanceAndBack() throws {
    func mark(_ from: String, _ status: String, _ to: String) {
      let text = folder.read(from) ?? ""
      folder.write(text.replacing(#""b": {"#, with: "\"b\": {\(status)"), to)
    }
    folder.write(
      #"{ "plat": 1, "settings": { "numPartitions": 12 }, "nodes": { "a": {}, "b": {}, "c": {} } }"#, "fresh")
    _ = try plat("plan @fresh -o @first --quiet")
    _ = try plat("apply @fresh @first -o @now --quiet")
    mark("now", #""status": "maintenance""#, "away")
    _ = try plat("plan @away -o @off --quiet")
    _ = try plat("apply @away @off -o @without --quiet")
    #expect(folder.read("without")?.contains(#""status":"maintenance""#) == true, "\(folder.read("without") ?? "")")
    folder.write(folder.read("without")!.replacing(#""status":"maintenance""#, with: ""), "ended")
    _ = try plat("plan @ended --operation restore-back --to @off -o @back --quiet")
    _ = try plat("apply @ended @back -o @again --quiet")
    #expect(mapsEqual(try #require(try cluster("again").map).placement, try #require(try cluster("now").map).placement))
    #expect(try cluster("again").map?.header.revision == 3)
  }

  @Test func severalMapsAreAppliedTogether() throws {
    _ = try plat("generate --nodes 5 --partitions 12 --maps 3 --map drifted --seed 2 -o @now")
    _ = try plat("plan @now -o @plan --quiet")
    let run = try plat("apply @now @plan -o @next")
    #expect(run.messages.hasPrefix("map m0, revision 2\nmap m1, revision 2\n"), "\(run.messages)")
    let same = try plat("compare @next @plan")
    #expect(same.messages.hasPrefix("the 3 maps are the same"), "\(same.messages)")
    #expect(
      try plat("apply @next @plan", status: 65).messages.contains("expected 2, the revision of the cluster's map"))
  }

  /// All together, or one after the other in the room that the others leave.
  @Test func mapsOfSeveralAreCarriedOut() throws {
    _ = try plat(
      "generate --nodes 5 --partitions 12 --maps 2 --slaves 1 --capacity 14 --map drifted --join 1 --seed 2 -o @now")
    _ = try plat("plan @now -o @plan --quiet")
    for verb in ["steps", "simulate"] {
      #expect(try plat("\(verb) @now @plan --map m2", status: 65).messages.contains(#"found no map "m2""#))
    }
    let all = try plat("steps @now @plan")
    #expect(all.output.contains(#"{"name":"m1","from":1,"to":2}"#) && all.messages.contains("24 partitions on 5 nodes"))
    for map in ["m0", "m1"] { #expect(all.output.contains(#","map":"\#(map)","partition":"#), "\(all.output)") }
    _ = try plat("steps @now @plan --map m1 -o @steps --quiet")
    #expect(folder.read("steps")?.contains("\"to\": 2") == true)
    let together = try plat("simulate @now @plan --runs 2 --quiet")
    #expect(together.output.contains(#""violated": 0"#), "\(together.output)")
    let simulated = try plat("simulate @now @plan --map m0 --runs 2 --quiet")
    #expect(simulated.output.contains(#""violated": 0"#), "\(simulated.output)")
    let moves = try plat("moves @now @plan")
    #expect(
      moves.output.contains(#"{"name":"m0","from":1,"to":2}"#) && moves.output.contains(#"{"map":"m1","partition":"#))
    let one = try plat("moves @now @plan --json").messages
    #expect(one.contains(#""moves":"#), "\(one)")
    folder.write(#"{ "plat": 1, "settings": { "numPartitions": 1 }, "nodes": { "a": {}, "b": {} } }"#, "single")
    _ = try plat("plan @single -o @made --quiet")
    #expect(try plat("steps @single @made --map m", status: 65).messages.contains("one map without a name"))
  }
}
