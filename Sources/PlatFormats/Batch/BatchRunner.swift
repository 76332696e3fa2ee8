import Glibc
import PlatEngine

/// Plans the jobs of a list on several threads. Results come in the order of the list; a job that goes wrong has its
/// own error, and the others go on.
///
/// Memory: what the threads work on, `BatchJournal.window` results that wait for one before them, and the names of the
/// last half a million jobs or so, however long the list is.
package final class BatchRunner: @unchecked Sendable {
  package struct Progress: Sendable, Equatable {
    /// Jobs that have a result, and those of them that an earlier run did.
    package var done = 0
    package var resumed = 0
    /// Jobs whose status is not 0.
    package var failed = 0
    /// How far the list has been read, and its length where it is known.
    package var listBytes = 0
    package var listSizeBytes: Int?
  }

  private let listName: String
  /// Of each job, but for its operation.
  private let planning: PlanOptions
  private let isStopped: @Sendable () -> Bool
  /// Each job finds the memory of those before.
  private let memory = ArenaHold()
  private let journal: BatchJournal?
  private let output: BatchOutput?

  // Held while a job is taken from the list.
  private let taking = Monitor()
  private var list: LineReader
  private var entries: BatchEntries?
  private var names = RecentNames()
  private var files: BatchFiles
  private var count = 0

  // Held while a result is noted.
  private let noting = Monitor()
  private var waiting: [[UInt8]?] = Array(repeating: nil, count: BatchJournal.window)
  /// The first job that has no result yet.
  private var first = 0
  private var state = Progress()
  private var problem: (any Error)?

  /// `resultsPath`: nil, `-` and what is no regular file get each result as soon as those before it are there; a file
  /// appears when all are, and until then there is a journal beside it. `restart`: throws such a journal away.
  /// `isStopped`: whether to end when what is under way is done; an interrupt of `planning` ends that, too.
  package init(
    _ listPath: String, resultsPath: String?, restart: Bool = false, planning: PlanOptions = PlanOptions(),
    isStopped: @escaping @Sendable () -> Bool = { false }
  ) throws {
    files = try BatchFiles(listPath, resultsPath: resultsPath, isStopped: isStopped)
    list = try LineReader(listPath, mostBytes: BatchJob.mostBytes)
    listName = list.name
    self.isStopped = isStopped
    var quiet = planning
    quiet.interrupt = planning.interrupt?.quiet
    self.planning = quiet
    if let resultsPath, BatchOutput.isFile(resultsPath) {
      let journal = try BatchJournal(Self.journalPath(resultsPath), restart: restart)
      if journal.isResumed { entries = try BatchEntries(journal, endBytes: journal.resumedBytes) }
      self.journal = journal
      output = nil
    } else {
      journal = nil
      output = try BatchOutput(resultsPath)
    }
    self.resultsPath = resultsPath
    state.listSizeBytes = list.sizeBytes
  }
  private let resultsPath: String?

  /// Whether the results of a batch are there, and it left nothing to go on with.
  package static func isDone(_ resultsPath: String) -> Bool {
    access(resultsPath, F_OK) == 0 && access(journalPath(resultsPath), F_OK) != 0
  }

  /// The files that a batch writes beside the plans: its results and, until they are there, the journal.
  package static func outputs(_ resultsPath: String?) -> [String?] {
    guard let resultsPath, BatchOutput.isFile(resultsPath) else { return [resultsPath] }
    return [resultsPath, journalPath(resultsPath)]
  }

  package static func journalPath(_ resultsPath: String) -> String { "\(resultsPath).journal" }

  /// Whether an earlier run of this batch was cut off, and this one goes on.
  package var isResumed: Bool { journal?.isResumed ?? false }

  package var progress: Progress { noting.locked { state } }

  /// Does all jobs that are not done. False where it was stopped before: what was under way is done then. Throws what
  /// stops the batch as a whole; a journal that it leaves can be gone on with.
  /// `onJob` is told of each that this thread has done.
  package func run(threads: Int, onJob: () -> Void = {}) throws -> Bool {
    Threads.perform(threads) { worker in
      while let (job, line) = take() {
        let crc = Self.crc(line)
        guard let result = job.run(tag: tag(job.index), lineNumber: line.number, planning: planning) else { return }
        note(job.index, crc, result)
        if worker == 0 { onJob() }
      }
    }
    if let problem { throw problem }
    guard first == count, list.isAtEnd else { return false }
    if try entries?.isEmpty() == false { throw listChanged("no more jobs") }
    if let journal, let resultsPath { try finish(journal, resultsPath) }
    return true
  }

  // MARK: taking

  /// The next job to do; nil where there is none, or the batch stops.
  private func take() -> (BatchJob, LineReader.Line)? {
    taking.locked {
      while !isStopped(), hasRoom() {
        do {
          guard let line = try list.next(isStopped: isStopped) else { return nil }
          let index = count
          count += 1
          noting.locked { state.listBytes = list.doneBytes }
          let entry = try entries?.take(index)
          switch try parse(line, index) {
          case .fault(let error, let id):
            if let entry { try resume(entry, line, nil) } else {
              note(index, Self.crc(line), BatchResult(error, id: id, lineNumber: line.number))
            }
          case .job(let job):
            guard let entry else { return (job, line) }
            try resume(entry, line, job)
          }
        } catch {
          stop(error)
        }
      }
      return nil
    }
  }

  /// Waits until the first job without a result is not too far behind. False where the batch stops.
  private func hasRoom() -> Bool {
    noting.locked {
      while problem == nil, !isStopped(), count >= first + BatchJournal.window { noting.wait() }
      return problem == nil && !isStopped()
    }
  }

  /// Refuses a second job of the same name, a second plan in the same place, and a plan over what is read.
  private func parse(_ line: LineReader.Line, _ index: Int) throws(FileError) -> BatchJob.Parsed {
    let parsed = BatchJob.parse(line, index: index, list: listName)
    guard case .job(let job) = parsed else { return parsed }
    guard names.insert(0, job.id) else { return .fault(job.duplicate(.id, in: line, list: listName), id: job.id) }
    if let what = try files.wouldDestroy(job) {
      return .fault(job.destructive(what, in: line, list: listName), id: job.id)
    }
    // By whatever path; a device takes any number of plans.
    guard names.insert(1, FilePlace(job.plan)?.bytes ?? Array(job.plan.utf8)) || !BatchOutput.isFile(job.plan) else {
      return .fault(job.duplicate(.plan, in: line, list: listName), id: job.id)
    }
    return parsed
  }

  /// A job that an earlier run has done: its plan may still have to be put in its place.
  private func resume(_ entry: BatchJournal.Entry, _ line: LineReader.Line, _ job: BatchJob?) throws {
    guard entry.lineCRC == Self.crc(line) else { throw listChanged("line \(line.number)") }
    if entry.status <= 1, let job { try StagedFile(job.plan, tag: tag(entry.index)).commit(again: true) }
    noting.locked {
      state.resumed += 1
      settle(entry.index, entry.status, [])
    }
  }

  private func listChanged(_ found: String) -> DocumentError {
    BatchJournal.damaged(journal?.path ?? "", line: 1, found: "notes of another list: \(listName) has \(found)")
  }

  // MARK: noting

  private func tag(_ index: Int) -> String { "\(journal?.token ?? streamToken)-\(index)" }
  private lazy var streamToken = "\(getpid())"

  /// First the note, then the plan in its place, then all that follows from it.
  private func note(_ index: Int, _ crc: UInt32, _ result: BatchResult) {
    do {
      if let stop = result.stop { throw stop }
      if let journal {
        try noting.locked {
          if let problem { throw problem }
          try journal.append(.init(index: index, lineCRC: crc, status: result.status, result: result.line))
        }
      }
      try result.staged?.commit()
      noting.locked { settle(index, result.status, result.line) }
    } catch {
      if journal == nil { result.staged?.discard() }
      stop(error)
    }
  }

  /// Counts a job as done, and hands out what is next in order. `noting` is held.
  private func settle(_ index: Int, _ status: Int32, _ line: [UInt8]) {
    waiting[index % waiting.count] = line
    state.done += 1
    if status != 0 { state.failed += 1 }
    guard index == first else { return }
    while let line = waiting[first % waiting.count] {
      waiting[first % waiting.count] = nil
      first += 1
      do { try output?.write(line: line) } catch { problem = problem ?? error }
    }
    do { try output?.flush() } catch { problem = problem ?? error }
    noting.wakeAll()
  }

  private func stop(_ error: any Error) {
    noting.locked {
      problem = problem ?? error
      noting.wakeAll()
    }
  }

  // MARK: the end

  /// Writes the results in the order of the list, and takes the journal away.
  private func finish(_ journal: BatchJournal, _ path: String) throws {
    let staged = StagedFile(path, tag: "\(journal.token)-results")
    let output = try BatchOutput(staged)
    var entries = try BatchEntries(journal)
    for index in 0..<count {
      guard let entry = try entries.take(index) else {
        throw BatchJournal.damaged(journal.path, line: 1, found: "no note of job \(index)")
      }
      try output.write(line: entry.result)
    }
    try output.sync()
    try staged.commit()
    journal.remove()
  }

  private static func crc(_ line: LineReader.Line) -> UInt32 {
    line.bytes.withUnsafeBytes { Checksum.crc32($0) }
  }
}
