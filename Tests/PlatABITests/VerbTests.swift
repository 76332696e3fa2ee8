import Foundation
import Testing

/// Everything that the command line can do, the library can do: the same documents, byte for byte.
@Suite struct VerbTests {
  private let place: Toolbox.Place
  private let verbs: String

  init() throws {
    place = try Toolbox.Place()
    verbs = try place.compile("\(Toolbox.programs)/verbs.c")
  }

  private func plat(_ arguments: String, status: Int32? = nil) throws {
    let run = try Toolbox.run("'\(Toolbox.plat)' \(arguments) --quiet", in: place.path)
    try #require(status.map { $0 == run.status } ?? [0, 1].contains(run.status), "\(run.output)")
  }

  /// Runs a verb of the library into `file`, and compares that with what the command line wrote to `other`.
  private func same(_ verb: String, _ arguments: String, as other: String) throws {
    let run = try Toolbox.run("'\(verbs)' \(verb) \(arguments) > out", in: place.path)
    #expect(run.status == 0, "\(verb): \(run.output)")
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(place.path)/out")))
    let expected = try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(place.path)/\(other)")))
    #expect(bytes == expected && !bytes.isEmpty, "\(verb)")
  }

  @Test func documentsAreTheCommandLinesByteForByte() throws {
    try plat(
      "generate --nodes 12 --partitions 200 --zones 3 --slaves 1 --rule zone:1:hard --map drifted --leaving 1 --seed 7 -o cluster"
    )
    try plat("plan cluster -o plan")
    try same("plan", "cluster", as: "plan")
    try same("document-plan", "cluster", as: "plan")
    try plat("apply cluster plan -o next")
    try same("document-apply", "cluster plan", as: "next")
    try plat("plan cluster -o plan.plat")
    try same("plan-binary", "cluster", as: "plan.plat")
    try plat("import plat cluster -o again")
    try same("cluster", "cluster", as: "again")
    try plat("check cluster -o checked")
    try same("check", "cluster", as: "checked")
    try same("document-check", "cluster", as: "checked")
    try plat("check cluster --plan plan -o checked")
    try same("check", "cluster plan", as: "checked")
    try same("document-check", "cluster plan", as: "checked")
    try same("check", "cluster plan.plat", as: "checked")
    try plat("apply cluster plan -o next.plat")
    try same("document-apply", "cluster plan binary=1", as: "next.plat")
    try plat("verify cluster plan -o verified")
    try same("verify", "cluster plan", as: "verified")
    try plat("moves cluster plan -o moves")
    try same("moves", "cluster plan", as: "moves")
    try plat("steps cluster plan -o steps")
    try same("steps", "cluster plan", as: "steps")
    try plat("explain cluster plan --partition 7 --node n00003 -o explained")
    try same("explain", "cluster plan", as: "explained")
    try plat("compare cluster plan --cluster cluster -o compared")
    try same("compare", "cluster plan", as: "compared")
    try plat("whatif cluster --fail each:zone -o failed")
    try same("whatif", "cluster each:zone", as: "failed")
    let bucket = "\(Toolbox.root)/Tests/PlatFormatsTests/Resources/couchbase-3-nodes-1024.json"
    try plat("import couchbase '\(bucket)' -o imported")
    try same("import-couchbase", "'\(bucket)'", as: "imported")
  }

  @Test func documentsAreComparedRoutedExplainedAndExported() throws {
    try plat("generate --nodes 9 --partitions 64 --zones 3 --map drifted --join 1 --seed 3 -o cluster")
    try plat("plan cluster -o plan")
    try plat("plan cluster -o plan.plat")
    try "one\ntwo\n\n\u{7f}three".write(toFile: "\(place.path)/keys", atomically: true, encoding: .utf8)
    try plat("route cluster --keys keys -o routed")
    try same("document-route", "cluster keys", as: "routed")
    try plat("explain plan --partition 7 -o explained")
    try same("document-explain", "plan", as: "explained")
    try plat("compare cluster plan -o compared")
    try same("document-compare", "cluster plan", as: "compared")
    try plat("compare plan plan.plat --cluster cluster -o compared")
    try same("document-compare", "plan plan.plat cluster", as: "compared")
    try plat("verify cluster plan -o verified")
    try same("document-verify", "cluster plan", as: "verified")
    try plat("export plat plan.plat -o exported")
    try same("document-export-plat", "plan.plat", as: "exported")
    try plat("import plat cluster -o imported")
    try same("import-plat", "cluster", as: "imported")
    let bucket = "\(Toolbox.root)/Tests/PlatFormatsTests/Resources/couchbase-3-nodes-1024.json"
    try plat("import couchbase '\(bucket)' -o imported")
    try plat("plan imported -o planned")
    try plat("export couchbase planned -o exported")
    try same("document-export-couchbase", "planned", as: "exported")
  }

  @Test func clustersAreGenerated() throws {
    try plat("generate --nodes 12 --partitions 200 -o generated")
    try same("generate", "generate.nodes=12 generate.partitions=200", as: "generated")
    try plat(
      "generate --nodes 20 --partitions 100 --zones 2 --racks 2 --slaves 2 --rule zone:2:hard --rule rack:1:soft --weights 1..3 "
        + "--partition-weights 1:2.5:3 --capacity 40..60 --map half-moved --leaving 1 --failed 1 --join 2 --seed 18446744073709551615 "
        + "-o generated")
    try same(
      "generate",
      "generate.nodes=20 generate.partitions=100 generate.zones=2 generate.racks=2 generate.slaves=2 "
        + "generate.rules=zone:2:hard,rack:1:soft generate.weights=1..3 generate.partitionWeights=1:2.5:3 generate.capacity=40..60 "
        + "generate.map=half-moved generate.leaving=1 generate.failed=1 generate.join=2 generate.seed=18446744073709551615",
      as: "generated")
    try plat(
      "generate --nodes 7 --partitions 20 --maps 3 --map drifted --drift 1/7 --model multiMaster --key-function range -o generated"
    )
    try same(
      "generate",
      "generate.nodes=7 generate.partitions=20 generate.maps=3 generate.map=drifted generate.drift=1/7 generate.model=multiMaster "
        + "generate.keyFunction=range", as: "generated")
    try plat("generate --nodes 9 --partitions 64 --map random -o generated.plat")
    try same(
      "generate", "binary=1 generate.nodes=9 generate.partitions=64 generate.map=random threads=3", as: "generated.plat"
    )
  }

  @Test func plansAreCarriedOutUnderFaults() throws {
    try plat("generate --nodes 6 --partitions 12 --zones 3 --map drifted --leaving 1 --seed 5 -o cluster")
    try plat("plan cluster -o plan")
    try plat("simulate cluster plan --seed 9 --runs 70 -o simulated")
    try same("simulate", "cluster plan simulate.seed=9 simulate.runs=70 threads=2", as: "simulated")
    try plat("simulate cluster plan --runs 40 --fault loss:0.2 --fault crash:3 --plant noFencing -o simulated")
    try same(
      "simulate", "cluster plan simulate.runs=40 simulate.faults=loss:0.2,crash:3 simulate.plant=noFencing",
      as: "simulated")
    let run = try Toolbox.run(
      "'\(Toolbox.plat)' simulate cluster plan --runs 1 --seed 3 --trace -o none 2>told >none && '\(verbs)' trace cluster plan "
        + "simulate.seed=3 simulate.runs=1 >traced && test -s traced && head -c $(stat -c %s traced) told | cmp - traced",
      in: place.path)
    #expect(run.status == 0, "\(run.output)")
  }

  @Test func theMapBeforeMaintenanceComesBack() throws {
    try plat("generate --nodes 6 --partitions 48 --map fresh -o cluster")
    let cluster = try String(contentsOfFile: "\(place.path)/cluster", encoding: .utf8)
    try cluster.replacing(#""n00003": {}"#, with: #""n00003": {"status": "maintenance"}"#)
      .write(toFile: "\(place.path)/kept", atomically: true, encoding: .utf8)
    try plat("plan kept -o plan")
    let plan = try String(contentsOfFile: "\(place.path)/plan", encoding: .utf8)
    #expect(plan.contains("mapBefore"))
    try plat("plan cluster --operation restore-back --to plan -o back")
    try same("restore-back", "cluster plan", as: "back")
  }

  @Test func batchesAreTheCommandLinesByteForByte() throws {
    try plat("generate --nodes 6 --partitions 48 --map drifted -o a")
    try plat("generate --nodes 5 --partitions 10 --maps 2 -o b")
    let jobs = ["a", "b", "nobody", "a"].enumerated().map {
      #"{"id":\#($0),"cluster":"\#($1)","plan":"plan-\#($0).json"}"#
    }
    try (jobs + ["no job"]).joined(separator: "\n").write(
      toFile: "\(place.path)/list", atomically: true, encoding: .utf8)
    try plat("batch list -o results")
    try FileManager.default.createDirectory(atPath: "\(place.path)/mine", withIntermediateDirectories: true)
    let run = try Toolbox.run(
      "mv results plan-*.json mine/ && '\(verbs)' batch list results threads=2 && cmp results mine/results && cmp plan-0.json "
        + "mine/plan-0.json && cmp plan-1.json mine/plan-1.json && ! test -e results.journal && '\(verbs)' batch list results "
        + "batch.resume=1", in: place.path)
    #expect(
      run.status == 0 && run.output == "5 jobs, 2 failed, 0 resumed\n0 jobs, 0 failed, 0 resumed\n", "\(run.output)")
  }

  @Test func severalMapsArePlannedAndChecked() throws {
    try plat("generate --nodes 9 --partitions 50 --maps 3 --seed 3 -o cluster")
    try plat("plan cluster -o plan")
    try same("document-plan", "cluster", as: "plan")
    try plat("check cluster --plan plan -o checked")
    try same("document-check", "cluster plan", as: "checked")
    try plat("verify cluster plan -o verified")
    try same("document-verify", "cluster plan", as: "verified")
    try plat("explain cluster plan --map m1 --partition 7 --node n00003 -o explained")
    try same("document-explain-why", "cluster plan m1 7 n00003", as: "explained")
    try plat("compare cluster plan -o compared", status: 65)  // the maps are fresh
    try plat("generate --nodes 9 --partitions 50 --maps 3 --map drifted --seed 3 -o other")
    try plat("compare other plan --cluster cluster -o compared")
    try same("document-compare", "other plan cluster", as: "compared")
    try plat("compare plan plan -o compared")
    try same("document-compare", "plan plan", as: "compared")
    try plat("whatif other --fail each:node -o failed")
    try same("document-whatif", "other each:node threads=2", as: "failed")
  }

  /// A map for each topic, as documents; through a cluster's handle one topic only.
  @Test func kafkaGoesInAndOut() throws {
    func document(_ topics: Int) -> String {
      let entries = (0..<8).map { index in
        let replicas = [index % 3, (index + 1) % 3, (index + 2) % 3].prefix(2 + index % topics)
        return
          "{\"topic\":\"t\(index % topics)\",\"partition\":\(index / topics),\"replicas\":[\(replicas.map(String.init).joined(separator: ","))]}"
      }
      return "{\"version\":1,\"partitions\":[\(entries.joined(separator: ","))]}"
    }
    for (name, topics) in [("kafka", 2), ("one", 1)] {
      try document(topics).write(toFile: "\(place.path)/\(name)", atomically: true, encoding: .utf8)
      try #"{"0":"a","1":"b","2":"c"}"#.write(toFile: "\(place.path)/racks", atomically: true, encoding: .utf8)
      try plat("import kafka \(name) -o imported")
      try same("document-import-kafka", name, as: "imported")
      try plat("export kafka imported -o exported")
      try same("document-export-kafka", "imported", as: "exported")
      try plat("import kafka \(name) --racks racks --rule soft --replication 3 -o imported")
      try same("document-import-kafka", "\(name) racks rule=soft replication=3", as: "imported")
    }
    let handle = try Toolbox.run(
      "'\(verbs)' import-kafka one > handle && '\(verbs)' export-kafka handle > back && '\(Toolbox.plat)' import kafka one -o imported "
        + "&& '\(Toolbox.plat)' export kafka imported -o exported && cmp back exported", in: place.path)
    #expect(handle.status == 0, "\(handle.output)")
    let several = try Toolbox.run("'\(verbs)' import-kafka kafka", in: place.path)
    #expect(several.status != 0 && several.output.contains("found 2 topics, expected one topic"), "\(several.output)")
  }

  @Test func explanationsAndFailuresOfOneMap() throws {
    try plat("generate --nodes 9 --partitions 64 --zones 3 --map drifted --join 1 --seed 3 -o cluster")
    try plat("plan cluster -o plan")
    try plat("explain cluster plan --partition 7 --node n00003 -o explained")
    try same("document-explain-why", "cluster plan '' 7 n00003", as: "explained")
    try plat("whatif cluster --fail each:zone -o failed")
    try same("document-whatif", "cluster each:zone", as: "failed")
  }
}
