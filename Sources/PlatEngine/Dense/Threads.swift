import CPlatCore

/// Work on several threads that end with it: see `plat_threads.h`.
package enum Threads {
  /// Calls `body` for each worker below `count`, 0 on this thread, and returns when all are done.
  package static func perform(_ count: Int, _ body: (_ worker: Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      let work = Work(body: body)
      withExtendedLifetime(work) {
        plat_threads_perform(
          UInt32(max(0, count)),
          { context, worker in
            guard let context else { return }
            Unmanaged<Work>.fromOpaque(context).takeUnretainedValue().body(Int(worker))
          }, Unmanaged.passUnretained(work).toOpaque())
      }
    }
  }

  /// Workers share nothing but what the body sees to.
  private final class Work: @unchecked Sendable {
    let body: (Int) -> Void

    init(body: @escaping (Int) -> Void) { self.body = body }
  }
}
