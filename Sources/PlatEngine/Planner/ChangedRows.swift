/// Which partitions a plan concerns: all but those whose rows stay just as they are.
///
/// `Keep` tells rows that stay whole from all others and counts the whole ones; whoever changes a row later says so.
/// The stages after it look at concerned partitions only, and know the others by their counts: what one node more or
/// less costs beyond that first count depends on what that node holds, not on the size of the map.
struct ChangedRows {
  /// Every partition is concerned, whatever the marks say: until `Keep` has looked, and where it cannot tell.
  var isAll = true
  /// All stages behind `Keep` say which rows they change. Without that every partition is concerned.
  var isTracked = false
  /// Rows of today's map can stay as they are: there is one, its rows have the wanted shape, and who is in a row says
  /// whether it may stay.
  let canTell: Bool
  /// For each partition, bits: `Keep` could not keep it whole; it was changed later.
  private let marks: PartitionTable<UInt8>
  private let partitionCount: Int
  /// For each of the model's states, what each node holds in rows that are whole; state by state, N each.
  let whole: NodeTable<Int32>
  private let nodeCount: Int
  let tools: UnchangedRows.Tools

  static let notWhole: UInt8 = 1
  static let changed: UInt8 = 2

  init(_ problem: Problem) throws(PlatError) {
    partitionCount = problem.partitionCount
    nodeCount = problem.nodeCount
    let isSameShape = problem.current.map { $0.slotCounts == problem.wanted } ?? false
    canTell = isSameShape && !problem.hasSlaveOnly && !problem.isWide && problem.near.isEmpty
    marks = try problem.arena.table(canTell ? problem.partitionCount : 0)
    whole = try problem.arena.table(problem.wanted.count * problem.nodeCount)
    tools = try UnchangedRows.Tools(problem, isUsed: canTell)
  }

  // MARK: marking

  /// The partition's row is no longer what it was.
  @inline(__always) func change(_ partition: Int) {
    if !isAll { marks.base[partition] |= ChangedRows.changed }
  }

  /// For `Keep`: the partition's row cannot stay as it is.
  @inline(__always) func markNotWhole(_ partition: Int) { marks.base[partition] = ChangedRows.notWhole }

  // MARK: asking

  /// The row was kept whole, though it may have changed since.
  @inline(__always) func wasWhole(_ partition: Int) -> Bool {
    !isAll && marks.base[partition] & ChangedRows.notWhole == 0
  }

  /// What a node holds in a state in whole rows, some of which may have changed since.
  @inline(__always) func whole(_ state: Int, _ node: Int) -> Int32 { whole.base[state * nodeCount + node] }

  /// Every concerned partition from `first` on, in order. O(concerned + P / 8).
  @inline(__always) func forEach(from first: Int = 0, _ body: (Int) -> Void) {
    forEach(marked: 0xff, in: first..<max(first, partitionCount), body)
  }

  /// Every partition that was not kept whole, in order; of some partitions, if they are given.
  @inline(__always) func forEachNotWhole(in partitions: Range<Int>? = nil, _ body: (Int) -> Void) {
    forEach(marked: ChangedRows.notWhole, in: partitions ?? 0..<partitionCount, body)
  }

  @inline(__always) private func forEach(marked: UInt8, in partitions: Range<Int>, _ body: (Int) -> Void) {
    if isAll {
      for partition in partitions { body(partition) }
      return
    }
    let eight = UInt64(marked) &* 0x0101_0101_0101_0101
    var partition = partitions.lowerBound
    while partition < partitions.upperBound {
      if partition + 8 <= partitions.upperBound {
        let word = UnsafeRawPointer(marks.base + partition).loadUnaligned(as: UInt64.self)
        if word & eight == 0 {
          partition += 8
          continue
        }
      }
      let end = min(partition + 8, partitions.upperBound)
      while partition < end {
        if marks.base[partition] & marked != 0 { body(partition) }
        partition += 1
      }
    }
  }

  /// How many partitions are concerned. O(P / 8).
  var count: Int {
    var count = 0
    forEach { _ in count += 1 }
    return count
  }
}
