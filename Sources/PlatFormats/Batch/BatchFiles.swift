import Glibc

/// What the jobs of a batch may not write, because the batch reads it: the list, their own cluster, those of other
/// jobs; and what it writes itself.
///
/// A list that is a file is gone over before the first job: once for the plans that are there already, and once more
/// for who reads one of them, if there is any. Of a list that comes through a pipe only the jobs before are known.
struct BatchFiles {
  private let list: FileIdentity?
  private let outputs: [(path: String, what: String)]
  /// Files that jobs read and jobs write, with the first line that reads each.
  private var clashes: [FileIdentity: Int] = [:]
  /// Of a list that cannot be read twice: what jobs have read so far.
  private var inputsSoFar: RecentNames?

  /// How many plans are looked for in one pass: bounds the memory, 24 MiB.
  private static let mostAtOnce = 1 << 19

  /// Refuses results that are the list.
  init(_ listPath: String, resultsPath: String?, isStopped: () -> Bool = { false }) throws {
    let outputPaths = BatchRunner.outputs(resultsPath)
    try CommandFiles(reads: [listPath], writes: outputPaths).refuseOverwriting()
    outputs = zip(outputPaths, ["the results", "the journal"]).compactMap { path, what in path.map { ($0, what) } }
    list = FileIdentity.ofInput(listPath)
    // Standard input that is a file is opened anew, from its beginning.
    guard list != nil, let path = Self.reopened(listPath) else {
      inputsSoFar = RecentNames()
      return
    }
    try findClashes(path, isStopped)
  }

  /// By a name under which a file can be opened a second time; nil where it cannot be.
  private static func reopened(_ path: String) -> String? {
    let path = path == "-" ? "/dev/stdin" : path
    return access(path, R_OK) == 0 ? path : nil
  }

  private mutating func findClashes(_ path: String, _ isStopped: () -> Bool) throws {
    var begin = 0
    while true {
      var plans: Set<FileIdentity> = []
      var end = 0
      let isWhole = try Self.forEachJob(path, isStopped) { job, _ in
        defer { end = job.index + 1 }
        if job.index >= begin, let plan = FileIdentity(job.plan) { plans.insert(plan) }
        return plans.count < Self.mostAtOnce
      }
      if plans.isEmpty { return }
      _ = try Self.forEachJob(path, isStopped) { job, line in
        for input in job.inputs {
          guard let identity = FileIdentity(input), plans.contains(identity) else { continue }
          clashes[identity] = clashes[identity] ?? line
        }
        return true
      }
      if isWhole { return }
      begin = end
    }
  }

  /// False where `body` stopped. Lines that are no jobs have their own error later.
  private static func forEachJob(
    _ path: String, _ isStopped: () -> Bool, _ body: (BatchJob, _ line: Int) -> Bool
  ) throws -> Bool {
    var lines = try LineReader(path, mostBytes: BatchJob.mostBytes)
    var index = 0
    while !isStopped(), let line = try lines.next(isStopped: isStopped) {
      if case .job(let job) = BatchJob.parse(line, index: index, list: path), !body(job, line.number) { return false }
      index += 1
    }
    return true
  }

  /// What the job would destroy, in words; nil where it destroys nothing. O(1) system calls.
  ///
  /// Throws where the results would destroy what the job reads: then the batch cannot go on.
  mutating func wouldDestroy(_ job: BatchJob) throws(FileError) -> String? {
    let inputs = job.inputs.compactMap { path in FileIdentity(path).map { (path, $0) } }
    for output in outputs {
      guard let identity = FileIdentity(output.path), let input = inputs.first(where: { $0.1 == identity }) else {
        continue
      }
      throw FileError(.isInput(input.0), path: output.path)
    }
    if let place = FilePlace(job.plan), let own = outputs.first(where: { FilePlace($0.path) == place }) {
      return own.what
    }
    defer { for (_, identity) in inputs { _ = inputsSoFar?.insert(0, identity.bytes) } }
    guard let plan = FileIdentity(job.plan) else { return nil }
    if plan == list { return "the list of jobs" }
    if inputs.contains(where: { $0.1 == plan }) { return "a document that the job reads" }
    if let line = clashes[plan] { return "a document that the job in line \(line) reads" }
    return inputsSoFar?.contains(0, plan.bytes) == true ? "a document that a job before reads" : nil
  }
}

extension BatchJob {
  /// The documents that it reads.
  var inputs: [String] { [cluster] + (to.map { [$0] } ?? []) }
}
