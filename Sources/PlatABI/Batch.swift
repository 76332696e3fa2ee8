import CPlat
import Glibc
import PlatEngine
import PlatFormats

@c @implementation
public func plat_batch(
  _ list: UnsafePointer<CChar>?, _ results: UnsafePointer<CChar>?, _ options: OpaquePointer?, _ control: OpaquePointer?,
  _ summary: UnsafeMutablePointer<plat_batch_summary>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let list = try path(list, "list")
    let results = try path(results, "results")
    let work = try Work(options, control, stages: Stages.batch)
    var told = plat_batch_summary()
    if work.values.resumes, BatchRunner.isDone(results) {
      if let summary { try Sized.write(told, to: summary, "summary") }
      return
    }
    let interrupt = work.interrupt
    let runner = try BatchRunner(
      list, resultsPath: results, restart: work.values.restarts, planning: PlanOptions(work),
      isStopped: { interrupt?.isRequested == true })
    let isComplete = try withoutBrokenPipes {
      try runner.run(threads: work.values.threads) {
        let progress = runner.progress
        try? interrupt?.finished(
          "job", part: Double(progress.listBytes) / Double(max(progress.listSizeBytes ?? .max, 1)))
      }
    }
    try interrupt?.throwIfRequested()
    guard isComplete else { throw PlatError.cancelled }
    let progress = runner.progress
    told.jobs = UInt64(progress.done)
    told.failed = UInt64(progress.failed)
    told.resumed = UInt64(progress.resumed)
    if let summary { try Sized.write(told, to: summary, "summary") }
  }
}

/// The host's own streams are its own.
private func path(_ text: UnsafePointer<CChar>?, _ name: String) throws -> String {
  let path = try CText.read(text, name)
  guard !path.isEmpty, path != "-" else {
    throw Refusal.argument(name, found: "\"\(path)\"", expected: "the path of a file")
  }
  return path
}

extension PlanOptions {
  /// Each job has one thread, and says itself what is to be done.
  fileprivate init(_ work: Work) {
    self = work.planOptions()
    operation = nil
    threads = 1
  }
}

/// A plan may go into a pipe that nobody reads: that is an error of its job, and no signal to the host.
private func withoutBrokenPipes<Result>(_ body: () throws -> Result) rethrows -> Result {
  var pipe = sigset_t()
  var before = sigset_t()
  var pending = sigset_t()
  sigemptyset(&pipe)
  sigaddset(&pipe, SIGPIPE)
  sigpending(&pending)
  let wasPending = sigismember(&pending, SIGPIPE) == 1
  pthread_sigmask(SIG_BLOCK, &pipe, &before)
  defer {
    var now = timespec()
    if !wasPending { sigtimedwait(&pipe, nil, &now) }
    pthread_sigmask(SIG_SETMASK, &before, nil)
  }
  return try body()
}
