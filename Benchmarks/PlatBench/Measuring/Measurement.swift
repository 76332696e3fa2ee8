import Glibc

/// Nanoseconds of several runs of one thing.
struct Measurement {
  private let sorted: [Double]

  init(_ nanoseconds: [Double]) { sorted = nanoseconds.sorted() }

  /// `work`, timed: at least `least` runs, and then as many as fit into `budgetMillis`, at most `most`.
  init(
    least: Int = 5, most: Int = 101, budgetMillis: Int = 1_000, by clock: BenchClock = .thread,
    _ work: () throws -> Void
  ) rethrows {
    var times: [Double] = []
    let begin = ContinuousClock.now
    while times.count < least || (times.count < most && ContinuousClock.now - begin < .milliseconds(budgetMillis)) {
      times.append(try nanoseconds(by: clock, work))
    }
    self.init(times)
  }

  var runs: Int { sorted.count }
  var median: Double { sorted[sorted.count / 2] }
  var least: Double { sorted[0] }

  /// Between these lies the middle half of the runs.
  var lower: Double { sorted[sorted.count / 4] }
  var upper: Double { sorted[sorted.count * 3 / 4] }
}

/// What a time is read from.
enum BenchClock {
  /// What this thread has worked: on a machine with nothing else to do, as long as by the wall; on one that is shared
  /// it leaves out what others do in between.
  case thread
  case wall

  fileprivate var identifier: clockid_t { self == .thread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC }
}

/// How long `work` takes.
func nanoseconds(by clock: BenchClock = .thread, _ work: () throws -> Void) rethrows -> Double {
  func now() -> Double {
    var time = timespec()
    clock_gettime(clock.identifier, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
  }
  let begin = now()
  try work()
  return now() - begin
}

/// The measure of all times: copying a map's slots, 4 bytes each and nothing else, by `memcpy` into a buffer that
/// has been written before, so that no page is touched for the first time.
struct Yardstick {
  let copy: Measurement

  init(source: UnsafeRawPointer, bytes: Int) {
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: max(bytes, 1), alignment: 64)
    defer { buffer.deallocate() }
    for _ in 0..<3 { memcpy(buffer, source, bytes) }
    // What is over too soon for the clock is done several times between two looks at it.
    let times = max(1, 200_000 / max(bytes, 1))
    let rounds = Measurement(least: 41, most: 201, budgetMillis: 100) {
      for _ in 0..<times { memcpy(buffer, source, bytes) }
    }
    copy = rounds.divided(by: Double(times))
  }
}

extension Measurement {
  func divided(by divisor: Double) -> Measurement { Measurement(sorted.map { $0 / divisor }) }
}
