/// Passes over the partitions in fixed blocks, on several threads.
///
/// Where a block begins depends on the map only, never on the number of threads; what blocks find out is joined in
/// their order, or is a sum of integers. So the bytes are the same with any number of threads.
struct Blocks {
  let partitions: Int
  /// Partitions of one block: as many as take about 300 µs, less than which is not worth a thread's while.
  let size: Int
  let workers: Int

  private static let replicasOfBlock = 1 << 18

  init(_ partitions: Int, replicas: Int, threads: Int) {
    self.partitions = partitions
    size = max(1, Blocks.replicasOfBlock / max(replicas, 1))
    workers = max(1, min(threads, (partitions + size - 1) / size))
  }

  /// The blocks of each worker, one after the other. `body` gets the worker's number, below `workers`, and the block's
  /// partitions; it must write nothing that another block reads or writes, but what belongs to its worker.
  func run(_ body: (_ worker: Int, _ block: Range<Int>) -> Void) {
    guard workers > 1 else { return body(0, 0..<partitions) }
    let (partitions, size, workers) = (partitions, size, workers)
    Threads.perform(workers) { worker in
      var first = worker * size
      while first < partitions {
        body(worker, first..<min(first + size, partitions))
        first += size * workers
      }
    }
  }
}
