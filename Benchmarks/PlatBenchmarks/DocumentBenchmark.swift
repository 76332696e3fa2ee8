import CPlatJSON
import Glibc
import PlatEngine
import PlatFormats

/// A document of many partitions on 10,000 nodes: read from memory and written to memory, as JSON and as binary, beside
/// what simdjson needs to look at its strings and what copying its bytes takes. Medians of 7 runs.
func benchmarkDocuments(partitions: Int) throws -> [String] {
  let cluster = Cluster(
    settings: Settings(partitionCount: partitions), nodes: (0..<10_000).map { Node(name: "node-\($0)") })
  let map = try Planner.plan(DenseCluster(cluster), from: nil).target
  let document = ClusterDocument(
    cluster: cluster, map: MapDocument(header: MapHeader(kind: .current, revision: 1), placement: map))

  var rows: [String] = []
  func tell(_ what: String, _ nanoseconds: Double, bytes: Int, against: (String, Double)?) {
    let ratio = against.map { ", \(tenths(nanoseconds / $0.1)) times \($0.0)" } ?? ""
    rows.append("\(what): \(tenths(nanoseconds / 1e6)) ms, \(tenths(nanoseconds / Double(bytes))) ns a byte\(ratio)")
  }
  func text(_ path: String?) throws -> UnsafeMutableRawBufferPointer {
    var writer = JSONWriter(capacityBytes: ClusterWriter.estimatedBytes(document), for: path)
    ClusterWriter.write(document, to: &writer)
    return try writer.withBytes { bytes in
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count + plat_json_padding(), alignment: 64)
      copy.copyMemory(from: bytes)
      return UnsafeMutableRawBufferPointer(rebasing: copy[..<bytes.count])
    }
  }
  let json = try text(nil)
  let target = UnsafeMutableRawPointer.allocate(byteCount: json.count, alignment: 64)
  let copy = median { memcpy(target, json.baseAddress!, json.count) }
  tell("copying \(json.count >> 20) MiB", copy, bytes: json.count, against: nil)
  let fresh = median {
    let target = UnsafeMutableRawPointer.allocate(byteCount: json.count, alignment: 64)
    memcpy(target, json.baseAddress!, json.count)
    target.deallocate()
  }
  tell("copying to fresh memory", fresh, bytes: json.count, against: nil)
  let bytes = json.baseAddress!.assumingMemoryBound(to: UInt8.self)
  let simdjson = median { precondition(plat_json_simdjson_string_bytes(bytes, json.count) > 0) }
  tell("simdjson, every string on demand", simdjson, bytes: json.count, against: nil)

  let tree = median { precondition(plat_json_dom_accepts(bytes, json.count) == 1) }
  tell("simdjson, its tree", tree, bytes: json.count, against: nil)

  let source = try DocumentSource(copying: UnsafeRawBufferPointer(json), name: "bench")
  var back: ClusterDocument?
  let reading = try median { back = try ClusterReader.read(source) }
  precondition(back?.map?.placement.row(partitions - 1)[0] == map.row(partitions - 1)[0])
  tell("reading", reading, bytes: json.count, against: ("simdjson", simdjson))
  tell("reading", reading, bytes: json.count, against: ("simdjson's tree", tree))
  let writing = median {
    var writer = JSONWriter(capacityBytes: ClusterWriter.estimatedBytes(document))
    ClusterWriter.write(document, to: &writer)
  }
  tell("writing", writing, bytes: json.count, against: ("copying", copy))
  tell("writing", writing, bytes: json.count, against: ("copying to fresh memory", fresh))

  var template = Array("/tmp/plat-bench-XXXXXX".utf8CString)
  let folder = String(cString: mkdtemp(&template)!)
  defer { rmdir(folder) }
  for name in ["c.json", "c.plat"] {
    let path = "\(folder)/\(name)"
    let time = try median {
      var writer = JSONWriter(capacityBytes: ClusterWriter.estimatedBytes(document), for: path)
      ClusterWriter.write(document, to: &writer)
      try writer.write(to: path)
    }
    tell("\(name): to a file", time, bytes: json.count, against: nil)
    let opening = try median { back = try ClusterReader.read(FileInput.read(path)) }
    tell("\(name): from a file", opening, bytes: json.count, against: ("simdjson", simdjson))
    unlink(path)
  }
  return rows
}

private func median(_ work: () throws -> Void) rethrows -> Double {
  try (0..<7).map { _ in
    let time = try ContinuousClock().measure(work).components
    return Double(time.seconds) * 1e9 + Double(time.attoseconds) / 1e9
  }.sorted()[3]
}

private func tenths(_ value: Double) -> String {
  let hundredths = Int(value * 100 + 0.5)
  return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
}

/// `plat batch` of many jobs with one cluster, each with a plan of its own, on a file system in memory where there is
/// one.
func benchmarkBatch(jobs: Int, threads: Int) throws -> String {
  var template = Array(
    (access("/dev/shm", W_OK) == 0 ? "/dev/shm/plat-bench-XXXXXX" : "/tmp/plat-bench-XXXXXX").utf8CString)
  let folder = String(cString: mkdtemp(&template)!)
  let cluster = Cluster(settings: Settings(partitionCount: 1440), nodes: (0..<50).map { Node(name: "node-\($0)") })
  let map = try Planner.plan(DenseCluster(cluster), from: nil).target
  var leaving = cluster
  leaving.nodes[17].status = .leaving
  var writer = JSONWriter(capacityBytes: 1 << 20)
  ClusterWriter.write(
    ClusterDocument(cluster: leaving, map: MapDocument(header: MapHeader(kind: .current, revision: 1), placement: map)),
    to: &writer)
  try writer.write(to: "\(folder)/cluster")
  var list = ""
  for job in 0..<jobs { list += #"{"id":\#(job),"cluster":"\#(folder)/cluster","plan":"\#(folder)/p\#(job)"}"# + "\n" }
  try Array(list.utf8).withUnsafeBytes { try AtomicFileOutput.write($0, to: "\(folder)/jobs") }
  let runner = try BatchRunner("\(folder)/jobs", resultsPath: "\(folder)/results")
  let busyBefore = processorSeconds()
  let time = try ContinuousClock().measure { _ = try runner.run(threads: threads) }
  let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
  let busy = Int(100 * (processorSeconds() - busyBefore) / (seconds * Double(threads)) + 0.5)
  precondition(runner.progress.done == jobs && runner.progress.failed == 0)
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  for job in 0..<jobs { unlink("\(folder)/p\(job)") }
  for name in ["cluster", "jobs", "results"] { unlink("\(folder)/\(name)") }
  rmdir(folder)
  return "\(jobs) plans of 50 nodes × 1,440 partitions on \(threads) threads: \(tenths(seconds)) s, "
    + "\(Int(Double(jobs) / seconds)) a second, \(busy) % of the threads' time at work, peak memory \(usage.ru_maxrss / 1024) MiB"
}

/// What the process has worked so far, on all threads.
private func processorSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
