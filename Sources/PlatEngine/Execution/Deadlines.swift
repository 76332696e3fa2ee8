/// When which order is to be asked again, the soonest first. What has been put off since, or is done, is passed over
/// when its turn comes.
struct Deadlines: Sendable {
  private struct Entry: Comparable, Sendable {
    var time: UInt64
    var task: UInt32
    static func < (a: Self, b: Self) -> Bool { (a.time, a.task) < (b.time, b.task) }
  }

  private var heap = MinHeap<Entry>()

  var count: Int { heap.count }

  mutating func add(_ task: Int, at time: UInt64) { heap.add(Entry(time: time, task: UInt32(task))) }

  /// Leaves out what is not asked again any more. O(count).
  mutating func drop(_ isGone: (Int, UInt64) -> Bool) { heap.removeAll { isGone(Int($0.task), $0.time) } }

  /// The next one whose time has come, live or not.
  mutating func next(until now: UInt64) -> (task: Int, time: UInt64)? {
    guard let first = heap.first, first.time <= now else { return nil }
    heap.removeFirst()
    return (Int(first.task), first.time)
  }
}
