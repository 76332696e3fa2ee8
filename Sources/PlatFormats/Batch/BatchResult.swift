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
  init(_ job: BatchJob, _ report: Report, _ planned: Plan, staged: StagedFile) {
    status = planned.isMet(report) ? 0 : 1
    self.staged = staged
    line = Self.line(job.id, status, job.extensions) { writer in
      writer.member("moves", report.moves)
      writer.member("movesLowerBound", planned.movesLowerBound)
      writer.member("roleChanges", report.roleChanges)
      writer.member("brokenSoft", report.brokenSoft)
      writer.member("unmet", report.unmet)
      writer.member("health", report.health.rawValue)
      writer.member("findings", report.findings.count + report.moreFindings)
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
      Self.write(error, to: &writer)
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

  private static func write(_ error: any Error, to writer: inout JSONWriter) {
    switch error {
    case let error as DocumentError:
      writer.member("message", error.description)
      writer.member("file", error.file)
      writer.member("line", error.line)
      writer.member("column", error.column)
      writer.member("path", error.path)
      writer.member("found", error.found)
      writer.member("expected", error.expected)
    case let error as FileError:
      writer.member("message", error.description)
      writer.member("file", error.path)
    case PlatError.outOfMemory: writer.member("message", "there is too little memory")
    default: writer.member("message", "\(error)")
    }
  }
}

extension BatchJob {
  /// Plans the job; the plan waits under a temporary name with `tag` in it. Never throws: what goes wrong is the result.
  func run(tag: String, lineNumber: Int) -> BatchResult {
    do {
      let source = try FileInput.read(cluster)
      let document = try ClusterReader.read(source)
      do {
        return try plan(document, tag: tag)
      } catch let error as InputError {
        throw source.error(error)
      } catch PlatError.unsupported(let error) {
        throw source.error(error)
      }
    } catch {
      return BatchResult(error, id: id, lineNumber: lineNumber, extensions: extensions)
    }
  }

  private func plan(_ document: ClusterDocument, tag: String) throws -> BatchResult {
    let dense = try DenseCluster(document.cluster)
    var options = PlanOptions()
    options.operation = operation
    if let to {
      let earlier = try EarlierMaps.read(FileInput.read(to), for: document.cluster)
      options.to = operation == .restoreBack ? earlier.mapBefore ?? earlier.map : earlier.map
    }
    let planned = try Planner.plan(dense, from: document.map?.placement, options: options)
    let report = try Judge.judge(dense, map: planned.target, from: document.mapBefore())
    let plan = PlanDocument(planned, for: document)
    var writer = JSONWriter(capacityBytes: PlanWriter.estimatedBytes(plan, of: document.cluster), for: self.plan)
    PlanWriter.write(
      plan, of: document.cluster, report: report, movesLowerBound: planned.movesLowerBound,
      movesWeightLowerBound: planned.movesWeightLowerBound, to: &writer)
    let staged = StagedFile(self.plan, tag: tag)
    try writer.stage(staged)
    return BatchResult(self, report, planned, staged: staged)
  }
}

extension FileError {
  /// A full disk, too many open files: whatever comes next would fail as well.
  fileprivate var isOfTheMachine: Bool { [ENOSPC, EDQUOT, EMFILE, ENFILE].contains(systemError) }
}
