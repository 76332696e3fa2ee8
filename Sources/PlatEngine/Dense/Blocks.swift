import Synchronization

/// Passes over the partitions in fixed blocks, on several threads.
///
/// Where a block begins depends on the map only, never on the number of threads; what blocks find out is joined in
/// their order, or is a sum of integers. So the bytes are the same with any number of threads, whoever gets which
/// block.
struct Blocks {
  let partitions: Int
  /// Partitions of one block: as many as take about 300 µs, less than which is not worth a thread's while.
  let size: Int
  let workers: Int

  private static let replicasOfBlock = 1 << 18

  init(_ partitions: Int, replicas: Int, threads: Int) {
    self.init(partitions, ofBlock: Blocks.replicasOfBlock / max(replicas, 1), threads: threads)
  }

  /// `size`: as many as take about 300 µs.
  init(_ partitions: Int, ofBlock size: Int, threads: Int) {
    self.partitions = partitions
    self.size = max(1, size)
    workers = max(1, min(threads, (partitions + self.size - 1) / self.size))
  }

  /// How many there are. A single worker goes through all as if they were one.
  var count: Int { workers > 1 ? (partitions + size - 1) / size : 1 }

  /// Each worker takes the next block when it is done with one: processors are not equally fast. `body` gets the
  /// worker's number, below `workers`, and the block's partitions; it must write nothing that another block reads or
  /// writes, but what belongs to its worker. `beside`: other work, which the caller's thread does before it takes
  /// blocks.
  func run(beside: () -> Void = {}, _ body: (_ worker: Int, _ block: Range<Int>) -> Void) {
    guard workers > 1 else {
      beside()
      return body(0, 0..<partitions)
    }
    let next = Atomic<Int>(0)
    Threads.perform(workers) { worker in
      if worker == 0 { beside() }
      while true {
        let block = next.add(1, ordering: .relaxed).oldValue
        guard block < count else { return }
        body(worker, range(block))
      }
    }
  }

  /// The same where it is settled who gets which block.
  func run(as workerOfBlock: UnsafeMutablePointer<UInt32>, _ body: (_ worker: Int, _ block: Range<Int>) -> Void) {
    guard workers > 1 else { return body(0, 0..<partitions) }
    Threads.perform(workers) { worker in
      for block in 0..<count where workerOfBlock[block] == worker { body(worker, range(block)) }
    }
  }

  /// One of something for each worker.
  func forEachWorker<Tools>(_ make: (_ worker: Int) throws(PlatError) -> Tools) throws(PlatError) -> [Tools] {
    var tools: [Tools] = []
    for worker in 0..<workers { tools.append(try make(worker)) }
    return tools
  }

  private func range(_ block: Int) -> Range<Int> { block * size..<min((block + 1) * size, partitions) }
}
