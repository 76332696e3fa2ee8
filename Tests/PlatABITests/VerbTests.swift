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

  private func plat(_ arguments: String) throws {
    let run = try Toolbox.run("'\(Toolbox.plat)' \(arguments) --quiet", in: place.path)
    try #require([0, 1].contains(run.status), "\(run.output)")
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
      "generate --nodes 12 --partitions 200 --zones 3 --slaves 1 --rule zone:1:hard --map drifted --leaving 1 --seed 7 -o cluster")
    try plat("plan cluster -o plan")
    try same("plan", "cluster", as: "plan")
    try same("document-plan", "cluster", as: "plan")
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
    let topics = (0..<8).map { "{\"topic\":\"t\",\"partition\":\($0),\"replicas\":[\($0 % 3),\(($0 + 1) % 3)]}" }
    let kafka = #"{"version":1,"partitions":[\#(topics.joined(separator: ","))]}"#
    try kafka.write(toFile: "\(place.path)/kafka", atomically: true, encoding: .utf8)
    try plat("import kafka kafka -o imported")
    try same("import-kafka", "kafka", as: "imported")
    try plat("export kafka imported -o exported")
    try same("export-kafka", "imported", as: "exported")
    let bucket = "\(Toolbox.root)/Tests/PlatFormatsTests/Resources/couchbase-3-nodes-1024.json"
    try plat("import couchbase '\(bucket)' -o imported")
    try same("import-couchbase", "'\(bucket)'", as: "imported")
  }

  @Test func severalMapsArePlannedAndChecked() throws {
    try plat("generate --nodes 9 --partitions 50 --maps 3 --seed 3 -o cluster")
    try plat("plan cluster -o plan")
    try same("document-plan", "cluster", as: "plan")
    try plat("check cluster --plan plan -o checked")
    try same("document-check", "cluster plan", as: "checked")
  }
}
