import Glibc
import TestSupport
import Testing

@testable import PlatCLI
@testable import PlatFormats

private func cluster(_ nodes: Int) -> String {
  let names = (0..<nodes).map { #""n\#($0)": {}"# }.joined(separator: ", ")
  return """
    { "plat": 1, "settings": { "numPartitions": 64 }, "nodes": { \(names) },
      "map": { "revision": 1, "partitions": { "0": { "master": ["n0"], "slave": ["n1"] } } } }
    """
}

private func job(_ id: String, _ cluster: String, _ plan: String) -> String {
  #"{"id": "\#(id)", "cluster": "\#(cluster)", "plan": "\#(plan)"}"# + "\n"
}

@Suite struct BatchTests {
  private let folder = Folder()

  /// `count` jobs with a cluster each.
  private func writeJobs(_ count: Int) -> String {
    var list = ""
    for index in 0..<count {
      folder.write(cluster(3 + index % 5), "cluster\(index)")
      list += job("j\(index)", folder.file("cluster\(index)"), folder.file("plan\(index)"))
    }
    return folder.write(list, "jobs")
  }

  @Test func everyJobGetsItsResultInTheOrderOfTheList() throws {
    let list = writeJobs(40)
    let run = try folder.plat(["batch", list, "--threads", "4"])
    let lines = run.output.split(separator: "\n")
    #expect(run.status == 0 && lines.count == 40)
    for (index, line) in lines.enumerated() {
      #expect(line.hasPrefix(#"{"id":"j\#(index)","status":0,"moves":"#) && line.contains(#""movesLowerBound":"#))
      let alone = try folder.plat(["plan", folder.file("cluster\(index)"), "--quiet"])
      #expect(folder.read("plan\(index)") == alone.output)
    }
    #expect(run.messages.contains("batch of 40 jobs\n  failed        0\n"))
    #expect(
      try folder.plat(["batch", "-", "--quiet", "--threads", "1"], input: folder.read("jobs")!).output == run.output)
    #expect(try folder.plat(["batch", list, "--quiet", "-o", folder.file("results")]).output == "")
    #expect(folder.read("results") == run.output)
    #expect(!folder.names.contains { $0.hasSuffix(".tmp") || $0.hasSuffix(".journal") })
  }

  @Test func badJobsHaveTheirOwnErrorsAndTheOthersGoOn() throws {
    folder.write(cluster(3), "good")
    folder.write(cluster(3).replacing("64", with: "true"), "bad")
    let (good, plan) = (folder.file("good"), folder.file("plan"))
    let list =
      job("a", good, plan) + job("b", folder.file("none"), folder.file("p1")) + "\n  \nnonsense\n"
      + job("c", folder.file("bad"), folder.file("p2")) + job("a", good, folder.file("p3")) + job("d", good, plan)
      + job("e", good, good) + job("f", good, folder.file("none/p")) + job("g", good, folder.path)
      + #"{"id": 8, "cluster": "c", "plan": "p", "operation": "fly", "x-note": [1]}"# + "\n"
      + #"{"cluster": "c"}"# + "\n" + #"{"id": "h", "cluster": "-", "plan": "p"}"# + "\n"
      + #"{"id": "i", "plat": 1}"# + "\n" + #"{"id": "k", "cluster": "\#(good)", "plan": "/dev/null", "x-n": {"a":1}}"#
    folder.write(list, "jobs")
    let run = try folder.plat(["batch", folder.file("jobs")])
    let lines = run.output.split(separator: "\n")
    #expect(run.status == 1 && lines.count == 14)
    let wanted = [
      #"{"id":"a","status":0,"#, #"{"id":"b","status":66,"error":{"message":"#, #"{"line":5,"status":65,"error":"#,
      #"{"id":"c","status":65,"error":{"message":"\#(folder.file("bad")):1:45: settings.numPartitions: found true"#,
      #"{"id":"a","status":65,"error":{"message":"\#(folder.file("jobs")):7:8: id: found the id of a job before"#,
      #"{"id":"d","status":65,"#, #"{"id":"e","status":64,"#, #"{"id":"f","status":73,"#, #"{"id":"g","status":73,"#,
      #"{"id":8,"status":65,"#, #"{"line":13,"status":65,"#, #"{"id":"h","status":65,"#,
      #"{"id":"i","status":65,"#, #"{"id":"k","status":0,"#,
    ]
    for (line, start) in zip(lines, wanted) { #expect(line.hasPrefix(start), "\(line)") }
    #expect(lines[13].hasSuffix(#","x-n":{"a":1}}"#))
    #expect(folder.read("good") == cluster(3) && folder.names == ["bad", "good", "jobs", "plan"])
  }

  /// Wherever the process is killed: what is noted is not done again (its cluster is no more), nothing is lost, and
  /// every plan is whole.
  @Test func killedAtAnyMomentItGoesOn() throws {
    let count = 150
    let list = writeJobs(count)
    let plans = try (0..<5).map { try folder.plat(["plan", folder.file("cluster\($0)"), "--quiet"]).output }
    let names = (input: folder.write("", "in"), output: folder.file("out"), messages: folder.file("messages"))
    var random = SplitMix64(seed: 4)
    var (kills, noted, status) = (0, 0, Int32(-9))
    while status == -9 {
      let process = try folder.start(["batch", list, "--quiet", "--threads", "3", "-o", folder.file("results")], names)
      var ended: Int32?
      if kills < 12 {
        // The first two at any time, the others soon after another job was noted, however busy the machine is.
        while kills >= 2, ended == nil, noteCount <= noted { (_, ended) = (usleep(500), Folder.poll(process)) }
        usleep(useconds_t(random.next() % (kills < 2 ? 30_000 : 4_000)))
        if ended == nil { kill(process, SIGKILL) }
        kills += 1
      }
      status = ended ?? Folder.wait(process)
      let lines = (folder.read("results.journal") ?? "").split(separator: "\n", omittingEmptySubsequences: false)
      let done = lines.dropFirst().dropLast().compactMap { $0.split(separator: " ").first.flatMap { Int($0) } }
      #expect(Set(done).count == done.count, "a job was noted twice")
      #expect(done.count >= noted || status != -9, "a note was lost")
      noted = max(noted, done.count)
      for index in done { unlink(folder.file("cluster\(index)")) }
    }
    #expect(status == 0 && folder.read("messages") == "")
    let lines = (folder.read("results") ?? "").split(separator: "\n")
    #expect(lines.count == count)
    for (index, line) in lines.enumerated() { #expect(line.hasPrefix(#"{"id":"j\#(index)","status":0,"#)) }
    for index in 0..<count { #expect(folder.read("plan\(index)") == plans[index % 5]) }
    #expect(!folder.names.contains { $0.hasSuffix(".tmp") || $0.hasSuffix(".journal") })
    #expect(noted > 0, "no run was killed in the middle")
  }

  /// Lines of the journal that are whole, but for its head.
  private var noteCount: Int {
    max(0, (folder.read("results.journal") ?? "").utf8.reduce(0) { $0 + ($1 == 0x0a ? 1 : 0) } - 1)
  }

  @Test func interruptedItFinishesWhatIsUnderWay() throws {
    let list = writeJobs(6)
    // A cluster that is a pipe: the first job waits until the test writes to it.
    unlink(folder.file("cluster0"))
    mkfifo(folder.file("cluster0"), 0o600)
    let names = (input: folder.write("", "in"), output: folder.file("out"), messages: folder.file("messages"))
    let arguments = ["batch", list, "-o", folder.file("results")]
    let process = try folder.start(arguments + ["--threads", "1"], names)
    let pipe = open(folder.file("cluster0"), O_WRONLY)  // waits for the reader
    kill(process, SIGINT)
    usleep(20_000)
    var text = cluster(3)
    text.withUTF8 { _ = write(pipe, $0.baseAddress, $0.count) }
    close(pipe)
    #expect(Folder.wait(process) == 128 + SIGINT)
    #expect(folder.read("messages")?.contains("batch of 1 jobs, interrupted") == true)
    #expect(folder.read("results") == nil && folder.read("plan0") != nil && folder.read("plan1") == nil)
    let run = try folder.plat(arguments)
    #expect(run.status == 0 && run.messages.contains("done before   1\n"))
    #expect(folder.read("results")?.split(separator: "\n").count == 6)
  }

  @Test func anotherListIsRefusedAndRestartBeginsAnew() throws {
    let list = writeJobs(4)
    let results = folder.file("results")
    folder.write("plat-batch 1 0123456789abcdef\n2 00000000 0 {\"id\":\"j2\"}\n", "results.journal")
    let run = try folder.plat(["batch", list, "-o", results])
    #expect(run.status == 65 && run.messages.contains("found notes of another list"), "\(run.messages)")
    #expect(try folder.plat(["batch", list, "-o", results, "--restart", "--quiet"]).status == 0)
    let whole = folder.read("results")
    #expect(whole?.split(separator: "\n").count == 4)
    // All is done: going on is nothing, and the same command does it all again.
    folder.write("no cluster", "cluster1")
    #expect(try folder.plat(["batch", list, "-o", results, "--resume"]).status == 0)
    #expect(folder.read("results") == whole)
    #expect(try folder.plat(["batch", list, "-o", results]).status == 1)
    #expect(try folder.plat(["batch", list, "-o", results, "--resume"]).status == 1)
    // Another file is nobody's to throw away; not even the end of its last line goes.
    for restart in [[], ["--restart"]] {
      folder.write("nonsense\nwithout an end", "results.journal")
      let run = try folder.plat(["batch", list, "-o", results] + restart)
      #expect(run.status == 65 && run.messages.contains("found another file"), "\(run.messages)")
      #expect(folder.read("results.journal") == "nonsense\nwithout an end")
    }
    for text in ["plat-batch 1 0123456789abcdef\nnonsense\n", "plat-batch 2 0123456789abcdef\n"] {
      folder.write(text + "\n", "results.journal")
      let run = try folder.plat(["batch", list, "-o", results])
      #expect(run.status == 65 && run.messages.contains("which --restart throws away"), "\(run.messages)")
    }
    #expect(try folder.plat(["batch", list, "--resume"]).status == 64)
  }

  @Test func progressTellsRateAndTimeLeft() {
    var progress = BatchRunner.Progress(done: 500, resumed: 100, failed: 2, listBytes: 2000, listSizeBytes: 8000)
    #expect(BatchMeter.text(progress, seconds: 4) == "500 of about 2000 jobs, 2 failed, 100 a second, 15 s left")
    progress.listSizeBytes = nil
    #expect(BatchMeter.text(progress, seconds: 4) == "500 jobs, 2 failed, 100 a second")
    #expect(BatchMeter.text(.init(), seconds: 0) == "0 jobs, 0.0 a second")
  }
}
