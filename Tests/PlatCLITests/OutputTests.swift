import Glibc
import TestSupport
import Testing

@testable import PlatCLI

/// `-o` never destroys an input: whatever verb, whichever input, by whatever link.
@Suite struct OutputTests {
  private let folder = Folder()

  /// How each verb is called: `<a>`, `<b>` … stand for its inputs, `<out>` for what it writes.
  private static let calls: [String: [String]] = [
    "plan": ["plan <a> -o <out>", "plan <a> --operation cancel --to <b> -o <out>"],
    "apply": ["apply <a> <b> -o <out>"],
    "check": ["check <a> -o <out>", "check <a> --plan <b> -o <out>"],
    "steps": ["steps <a> <b> -o <out>"],
    "simulate": ["simulate <a> <b> -o <out>"],
    "moves": ["moves <a> <b> -o <out>"],
    "verify": ["verify <a> <b> -o <out>"],
    "explain": ["explain <a> <b> --partition 0 -o <out>", "explain <b> --cluster <a> --partition 0 -o <out>"],
    "whatif": ["whatif <a> --fail n -o <out>"],
    "compare": ["compare <a> <b> --cluster <c> -o <out>"],
    "route": ["route <a> --keys <b> -o <out>", "route <a> key -o <out>"],
    "import": ["import kafka <a> --racks <b> -o <out>", "import couchbase <a> -o <out>", "import plat <a> -o <out>"],
    "export": ["export kafka <a> -o <out>", "export plat <a> -o <out>"],
    "generate": [],
    "batch": ["batch <a> -o <out>", "batch <a> -o <out> --restart", "batch <a> -o <out> --resume"],
    "bench": ["bench --from <a> --against <b> -o <out>"],
  ]

  @Test func everyVerbIsHere() {
    let verbs = Plat.configuration.subcommands.map { $0.configuration.commandName ?? "\($0)" }
    #expect(verbs.sorted() == Self.calls.keys.sorted())
    // And says where its document goes, each by the same option.
    for verb in Plat.configuration.subcommands {
      #expect(Plat.helpMessage(for: verb).contains("-o, --output"), "\(verb)")
    }
  }

  /// Every way to call a verb, each of its inputs, the same path and a link.
  @Test func noVerbWritesOverAnInput() throws {
    for call in Self.calls.values.joined().sorted() {
      let words = call.split(separator: " ").map(String.init)
      let inputs = words.filter { $0.hasPrefix("<") && $0 != "<out>" }
      for input in inputs {
        for link in ["same", "hard"] {
          var paths = ["<out>": ""]
          for name in inputs { paths[name] = folder.write("{\"nothing\": \"\(name)\"}\n", "input-\(name)") }
          let target = try #require(paths[input])
          paths["<out>"] = link == "same" ? target : folder.file("link")
          if link == "hard" { #expect(Glibc.link(target, folder.file("link")) == 0) }
          let before = folder.names
          let run = try folder.plat(words.map { paths[$0] ?? $0 })
          #expect(run.status == 64, "\(call), \(input), \(link): \(run.messages)")
          #expect(run.messages.contains("would be overwritten, and it is an input"), "\(call): \(run.messages)")
          #expect(inputs.allSatisfy { folder.read("input-\($0)") == "{\"nothing\": \"\($0)\"}\n" }, "\(call), \(input)")
          #expect(folder.names == before, "\(call), \(input)")
          unlink(folder.file("link"))
        }
      }
    }
  }

  /// Every kind of link there is.
  @Test func byWhateverLink() throws {
    let text = #"{ "plat": 1, "settings": { "numPartitions": 4 }, "nodes": { "a": {}, "b": {} } }"#
    let cluster = folder.write(text, "cluster")
    #expect(symlink("cluster", folder.file("soft")) == 0 && symlink("soft", folder.file("softer")) == 0)
    #expect(link(cluster, folder.file("hard")) == 0 && symlink(folder.path, folder.file("folder")) == 0)
    let name = folder.path.split(separator: "/").last ?? ""
    let paths = [
      cluster, folder.file("soft"), folder.file("softer"), folder.file("hard"), folder.file("folder/cluster"),
      folder.file("./cluster"), folder.file("../\(name)/cluster"), folder.file("folder/../\(name)/hard"),
      "/proc/self/root\(cluster)", "/proc/\(getpid())/root\(cluster)",
    ]
    for output in paths {
      for input in [cluster, folder.file("softer"), folder.file("hard")] {
        let run = try folder.plat(["plan", input, "-o", output, "--quiet"])
        #expect(
          run.status == 64 && run.output == "" && folder.read("cluster") == text, "\(input), \(output): \(run.messages)"
        )
        #expect(run.messages == "plat: \(output) would be overwritten, and it is an input"
          + (input == output ? "" : ": \(input)") + "; write to another file\n")
      }
    }
    // Standard input from the file, and standard output into it.
    for output in paths + ["/dev/stdin", "/proc/self/fd/0"] {
      #expect(try shell("\"$0\" plan - -o '\(output)' --quiet < '\(cluster)'") == 64, "\(output)")
    }
    #expect(try shell("\"$0\" plan '\(cluster)' --quiet >> '\(cluster)'") == 64)
    #expect(try shell("\"$0\" plan '\(cluster)' --quiet 1<> '\(folder.file("hard"))'") == 64)
    #expect(try shell("\"$0\" plan '\(cluster)' -o /dev/stdout --quiet 1<> '\(folder.file("hard"))'") == 64)
    #expect(try shell("\"$0\" plan - --quiet < '\(cluster)' >> '\(folder.file("soft"))'") == 64)
    #expect(folder.read("cluster") == text)
    // What can be written over without harm stays allowed.
    #expect(try shell("\"$0\" plan - -o /dev/null --quiet < '\(cluster)'") == 0)
    #expect(try shell("\"$0\" plan /dev/null -o /dev/null --quiet") == 65)
    #expect(try shell("\"$0\" plan '\(cluster)' -o '\(folder.file("new"))' --quiet") == 0)
    let json = try folder.plat(["plan", cluster, "-o", cluster, "--json"])
    #expect(
      json.status == 64 && json.messages.hasPrefix("{\"error\":\"\(cluster) would be overwritten"), "\(json.messages)")
  }

  /// Two outputs are never one file either, nor is an input among the pictures.
  @Test func noTwoOutputsAreOneFile() throws {
    let run = folder.write("{}", "run.json")
    let charts = folder.write("{}", "stages.svg")
    for arguments in [
      ["bench", "--from", run, "--charts", folder.path, "-o", folder.file("growth-nodes.svg")],
      ["bench", "--from", charts, "--charts", folder.path, "-o", folder.file("new.json")],
      ["bench", "--from", run, "--against", charts, "--charts", folder.file("."), "-o", folder.file("new.json")],
    ] {
      let result = try folder.plat(arguments)
      #expect(result.status == 64, "\(arguments): \(result.messages)")
      #expect(folder.read("run.json") == "{}" && folder.read("stages.svg") == "{}" && folder.names.count == 2)
    }
  }

  private func shell(_ script: String) throws -> Int32 {
    let arguments: [String] = ["sh", "-c", script, Folder.program]
    let words = arguments.map { strdup($0) }
    defer { words.forEach { free($0) } }
    var process: pid_t = 0
    guard posix_spawn(&process, "/bin/sh", nil, nil, words + [nil], environ) == 0 else { throw Folder.NoProgram() }
    return Folder.wait(process)
  }
}

/// Jobs of a batch keep to the same: their own inputs, each other's, the list, and what the batch writes.
@Suite struct BatchOutputTests {
  private let folder = Folder()
  private static let text =
    #"{ "plat": 1, "settings": { "numPartitions": 4 }, "nodes": { "a": {}, "b": {} }, "map": { "partitions": {} } }"#

  private func job(_ id: Int, _ cluster: String, _ plan: String, to: String? = nil) -> String {
    let to = to.map { #", "operation": "cancel", "to": "\#($0)""# } ?? ""
    return #"{"id": \#(id), "cluster": "\#(cluster)", "plan": "\#(plan)"\#(to)}"# + "\n"
  }

  @Test func noJobWritesOverWhatIsRead() throws {
    for name in ["a", "b", "c"] { folder.write(Self.text, name) }
    let (a, b, c) = (folder.file("a"), folder.file("b"), folder.file("c"))
    #expect(link(b, folder.file("hard")) == 0 && symlink("c", folder.file("soft")) == 0)
    let lines = [
      job(0, a, folder.file("hard")),  // the cluster of the next job
      job(1, b, folder.file("./p1")),
      job(2, b, folder.file("p1")),  // the same place
      job(3, a, folder.file("soft")),  // what the last job goes back to
      job(4, a, folder.file("./jobs")),
      job(5, a, folder.file("results")),
      job(6, a, folder.file("./results.journal")),
      job(7, a, folder.file("../\(folder.path.split(separator: "/").last ?? "")/a")),
      job(8, a, folder.file("p8")),
      job(9, b, folder.file("p9"), to: c),
    ]
    let list = folder.write(lines.joined(), "jobs")
    let wanted = [64, 0, 65, 64, 64, 64, 64, 64, 0, 0]
    let run = try folder.plat(["batch", list, "-o", folder.file("results"), "--quiet"])
    #expect(run.status == 1 && statuses(folder.read("results")) == wanted, "\(folder.read("results") ?? "")")
    #expect(
      folder.read("results")?.contains("plan: found a document that the job in line 2 reads, expected another file")
        == true)
    #expect(["a", "b", "c"].allSatisfy { folder.read($0) == Self.text } && folder.read("jobs") == lines.joined())
    // Again over its own plans, from a pipe as well: there only what came before is known.
    #expect(try folder.plat(["batch", list, "-o", folder.file("results"), "--quiet"]).status == 1)
    #expect(statuses(folder.read("results")) == wanted)
    #expect(["a", "b", "c"].allSatisfy { folder.read($0) == Self.text } && folder.read("jobs") == lines.joined())
    let piped = job(0, b, folder.file("p0")) + job(1, a, folder.file("hard")) + job(2, a, a)
    let process = try piping(piped)
    #expect(statuses(process) == [0, 64, 64], "\(process)")
    #expect(["a", "b"].allSatisfy { folder.read($0) == Self.text })
  }

  @Test func resultsNeverCoverWhatAJobReads() throws {
    for name in ["a", "b.journal"] { folder.write(Self.text, name) }
    for (cluster, results) in [("a", "./a"), ("b.journal", "b")] {
      let list = folder.write(job(0, folder.file(cluster), folder.file("plan")), "jobs")
      let run = try folder.plat(["batch", list, "-o", folder.file(results), "--restart", "--quiet"])
      #expect(run.status != 0 && run.status != 1, "\(run.status): \(run.messages)")
      #expect(folder.read("a") == Self.text && folder.read("b.journal") == Self.text)
    }
  }

  private func statuses(_ results: String?) -> [Int] {
    (results ?? "").split(separator: "\n").compactMap { line in
      line.split(separator: #""status":"#).last.flatMap { Int($0.prefix { $0.isNumber }) }
    }
  }

  /// The results of a list that comes through a pipe.
  private func piping(_ list: String) throws -> String {
    mkfifo(folder.file("pipe"), 0o600)
    let names = (input: folder.write("", "in"), output: folder.file("out"), messages: folder.file("messages"))
    let process = try folder.start(["batch", folder.file("pipe"), "--quiet", "--threads", "1"], names)
    let end = open(folder.file("pipe"), O_WRONLY)
    var text = list
    text.withUTF8 { _ = write(end, $0.baseAddress, $0.count) }
    close(end)
    _ = Folder.wait(process)
    return folder.read("out") ?? ""
  }
}
