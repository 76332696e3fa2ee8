import Glibc
import PlatEngine

/// What became of a job: a JSON line, and a plan that waits to be put in its place.
struct BatchResult {
  /// What `plat plan` would have exited with.
  var status: Int32
  /// Without its end.
  var line: [UInt8]
  var staged: StagedFile?
  /// What is no fault of the job and would befall every other as well: a full disk. The batch stops.
  var stop: FileError?

  /// The plan is made: what its summary says in short.
  init(_ job: BatchJob, _ planned: PlannedDocument, staged: StagedFile) {
    status = planned.isMet ? 0 : 1
    self.staged = staged
    let report = planned.report
    line = Self.line(job.id, status, job.extensions) { writer in
      writer.member("moves", report.moves)
      writer.member("movesLowerBound", planned.movesLowerBound)
      writer.member("roleChanges", report.roleChanges)
      writer.member("brokenSoft", report.brokenSoft)
      writer.member("unmet", report.unmet)
      writer.member("health", report.health.rawValue)
      writer.member("findings", planned.findings)
    }
  }

  /// There is no plan, and why. `lineNumber`: of a line in the list that has no id.
  init(_ error: any Error, id: [UInt8]?, lineNumber: Int, extensions: [JSONExtension] = []) {
    let status: Int32 =
      switch error {
      case let error as DocumentError: error.exitStatus
      case let error as FileError: error.exitStatus
      case is InputError, PlatError.unsupported: 65
      default: 70
      }
    self.status = status
    if let error = error as? FileError, error.isOfTheMachine { stop = error }
    line = Self.line(id, lineNumber: lineNumber, status, extensions) { writer in
      writer.key("error")
      writer.beginObject(.compact)
      writer.members(of: error, messageKey: "message")
      writer.endObject()
    }
  }

  private static func line(
    _ id: [UInt8]?, lineNumber: Int = 0, _ status: Int32, _ extensions: [JSONExtension],
    _ members: (inout JSONWriter) -> Void
  ) -> [UInt8] {
    var writer = JSONWriter(capacityBytes: 512)
    writer.beginObject(.compact)
    if let id {
      writer.key("id")
      id.withUnsafeBufferPointer { writer.writeRaw($0) }
    } else {
      writer.member("line", lineNumber)
    }
    writer.member("status", Int(status))
    members(&writer)
    for member in extensions { writer.extension(member) }
    writer.endObject()
    return (try? writer.withBytes { Array($0) }) ?? []
  }
}

extension BatchJob {
  /// Plans the job; the plan waits under a temporary name with `tag` in it. Never throws: what goes wrong is the
  /// result; nil where it was interrupted, and is still to be done.
  func run(tag: String, lineNumber: Int, planning: PlanOptions) -> BatchResult? {
    do {
      let source = try FileInput.read(cluster)
      var options = planning
      options.operation = operation
      let planned = try PlannedDocument(
        ClusterReader.readAny(source), of: source, to: to, options: options, stages: UntoldStages())
      let staged = StagedFile(plan, tag: tag)
      let writer = planned.writer(
        isBinary: JSONWriter.isBinary(plan), allowance: Allowance(interrupt: planning.interrupt))
      try writer.stage(staged)
      return BatchResult(self, planned, staged: staged)
    } catch {
      if planning.interrupt?.isRequested == true { return nil }
      return BatchResult(error, id: id, lineNumber: lineNumber, extensions: extensions)
    }
  }
}

extension FileError {
  /// A full disk, too many open files: whatever comes next would fail as well.
  fileprivate var isOfTheMachine: Bool { [ENOSPC, EDQUOT, EMFILE, ENFILE].contains(systemError) }
}
