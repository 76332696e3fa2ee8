import Foundation
import TestSupport
import Testing

@testable import PlatCLI

/// What the program says to mistakes that people make, word for word, in `Tests/Golden/mistakes.txt`.
/// `PLAT_UPDATE_GOLDEN=1 swift test --filter MistakeTests` writes it anew.
@Suite struct MistakeTests {
  private let folder = Folder()

  private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Golden/mistakes.txt")

  private static let cluster = """
    {
      "plat": 1,
      "settings": { "numPartitions": 2, "constraints": { "slave": 1 } },
      "nodes": { "a": { "weight": 1 }, "b": {}, "c": { "status": "active" } },
      "map": { "revision": 5, "partitions": { "0": { "master": ["a"], "slave": ["b"] }, "1": { "master": ["b"], "slave": ["c"] } } }
    }
    """
  private static let kafka = #"{"version": 1, "partitions": [{"topic": "t", "partition": 0, "replicas": [1, 2]}]}"#

  private static func changed(_ text: String, to other: String) -> String { cluster.replacing(text, with: other) }

  private static let manyFaults: String = {
    var text = changed(#""weight": 1"#, to: #""weight": true, "capcity": 5"#)
    text = text.replacing(#""b": {}"#, with: #""b": { "status": "down" }"#)
    text = text.replacing(#""slave": ["c"]"#, with: #""slave": ["x"]"#)
    return text.replacing(#""slave": 1"#, with: #""slave": -1"#)
  }()

  /// What is called, with documents beside those that are always there: `cluster`, `plan`, `kafka`, `maps`,
  /// `maps-plan`.
  private static let mistakes: [(call: String, document: String?)] = [
    // Verbs, options, values.
    ("plna cluster", nil),
    ("plan", nil),
    ("plan cluster --operation rebalence", nil),
    ("plan cluster --ouput plan", nil),
    ("plan cluster --operation restore-back", nil),
    ("plan cluster --threads 0 --json", nil),
    ("verfy cluster plan --json", nil),
    ("import kafak kafka", nil),
    ("import kafka kafka --replication 0", nil),
    ("plan cluster -o cluster", nil),
    // Files.
    ("plan none.json", nil),
    ("plan .", nil),
    ("plan cluster -o none/plan", nil),
    // Another document than the one that is asked for.
    ("plan plan", nil),
    ("plan kafka", nil),
    ("verify plan cluster", nil),
    ("verify cluster cluster", nil),
    ("steps maps plan --map m", nil),
    ("verify cluster maps-plan", nil),
    // No JSON.
    ("plan document", ""),
    ("plan document", changed(#""c": { "status": "active" } }"#, to: #""c": { "status": "active" }, }"#)),
    ("plan document", changed(#"  "settings""#, to: "  // how many\n  \"settings\"")),
    ("plan document", changed(#"  "settings""#, to: "  # how many\n  \"settings\"")),
    ("plan document", "plat: 1\nnodes:\n  a: {}\n"),
    ("plan document", changed(#""plat""#, to: "'plat'")),
    ("plan document", String(cluster.dropLast(2))),
    // What it says.
    ("plan document", changed(#""weight""#, to: #""wieght""#)),
    ("plan document", changed(#""active""#, to: #""actve""#)),
    ("plan document", changed(#""plat": 1,"#, to: "")),
    ("plan document", changed(#""numPartitions": 2, "#, to: "")),
    ("plan document", changed(#"["b"] }, "1""#, to: #"["d"] }, "1""#)),
    ("check document", manyFaults),
    ("check document --json", changed(#""weight": 1"#, to: #""wieght": 1, "color": "red""#)),
    ("verify cluster document", #"{ "plat": 1, "map": { "revision": 4, "basedOn": 3, "partitions": {} } }"#),
    ("import kafka document", kafka.replacing("[1, 2]", with: "[1, 1]")),
    ("import kafka document", kafka.replacing(#""replicas": [1, 2]"#, with: #""replica": [1, 2]"#)),
    ("import kafka cluster", nil),
    ("import couchbase kafka", nil),
    ("explain cluster plan --partition 7", nil),
  ]

  @Test func whatIsSaidToThem() throws {
    folder.write(Self.cluster, "cluster")
    folder.write(Self.kafka, "kafka")
    for (cluster, plan) in [("cluster", "plan"), ("maps", "maps-plan")] {
      if cluster == "maps" {
        #expect(try folder.plat(["import", "kafka", folder.file("kafka"), "-o", folder.file("maps")]).status == 0)
      }
      #expect(try folder.plat(["plan", folder.file(cluster), "-o", folder.file(plan), "--quiet"]).status == 0)
    }
    var told = ""
    for (call, document) in Self.mistakes {
      if let document { folder.write(document, "document") }
      let words = call.split(separator: " ").map(String.init)
      let kept = words[0] == "import" ? 2 : 1
      let run = try folder.plat(Array(words.prefix(kept)) + words.dropFirst(kept).map(path))
      let messages = run.messages.replacing(folder.path + "/", with: "").replacing(folder.path, with: ".")
      told += "$ plat \(call)\n\(messages)exit \(run.status)\n\n"
      #expect([64, 65, 66, 73].contains(run.status) && run.output.isEmpty, "\(call): \(run.status)")
    }
    if ProcessInfo.processInfo.environment["PLAT_UPDATE_GOLDEN"] == "1" {
      return try told.write(to: Self.golden, atomically: true, encoding: .utf8)
    }
    let golden = try String(contentsOf: Self.golden, encoding: .utf8)
    for (now, was) in zip(told.components(separatedBy: "\n\n"), golden.components(separatedBy: "\n\n")) {
      #expect(now == was)
    }
    #expect(told.count == golden.count)
  }

  /// Names of documents as paths into the folder; words and options as they are.
  private func path(_ word: String) -> String {
    let files = ["cluster", "plan", "kafka", "maps", "maps-plan", "document", "none.json", "none/plan", "."]
    return files.contains(word) && word != "." ? folder.file(word) : word == "." ? folder.path : word
  }

  /// Nobody is told that nobody reads.
  @Test func aClosedPipeIsNoMessage() throws {
    folder.write(Self.cluster, "cluster")
    let script =
      "{ \"$0\" route '\(folder.file("cluster"))' $(seq 1 3000) --quiet; echo $? > '\(folder.file("status"))'; } 2> '\(folder.file("said"))' | true"
    let arguments: [String] = ["sh", "-c", script, Folder.program]
    let words = arguments.map { strdup($0) }
    defer { words.forEach { free($0) } }
    var process: pid_t = 0
    #expect(posix_spawn(&process, "/bin/sh", nil, nil, words + [nil], environ) == 0)
    _ = Folder.wait(process)
    #expect(folder.read("said") == "" && folder.read("status") == "74\n")
  }
}
