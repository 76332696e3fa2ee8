/// The sizes that occur among partitions, ascending, each once, with how much all up to it weigh.
struct WeightSizes {
  private var ascending: [(size: Int, weightUpTo: Int)] = []

  /// `ascending`: sizes, and what those of a size add. O(P).
  init(_ ascending: some Sequence<(size: Int, weight: Int)>) {
    var sum = 0
    for (size, weight) in ascending {
      sum += weight
      if self.ascending.last?.size == size {
        self.ascending[self.ascending.count - 1].weightUpTo = sum
      } else {
        self.ascending.append((size, sum))
      }
    }
  }

  /// The heaviest that is not above `most`; nil where there is none. O(log P).
  func size(upTo most: Int) -> (size: Int, weightUpTo: Int)? {
    var (low, high) = (0, ascending.count)
    while low < high {
      let middle = (low + high) / 2
      if ascending[middle].size <= most { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? ascending[low - 1] : nil
  }

  /// The size to which light partitions can level out the heavier ones, up to `heaviest`; each is there `perPartition`
  /// times.
  func resolution(heaviest: Int, nodes: Int, perPartition: Int = 1) -> Int {
    var resolution = heaviest
    while true {
      // The smallest size up to which all weigh a quarter of such a replica for every node; nothing levels nothing.
      let (asked, overflow) = resolution.multipliedReportingOverflow(by: nodes)
      guard !overflow else { return resolution }
      let least = asked / (4 * max(perPartition, 1))
      guard let finer = ascending.first(where: { $0.size > 0 && $0.weightUpTo >= least }), finer.size < resolution
      else {
        return resolution
      }
      resolution = finer.size
    }
  }

  /// How far off their due nodes may be that are all due the same, where the heaviest replica that fits is so heavy.
  /// Dealt heaviest first, each to who has least, they lie within one replica of each other: within (n − 1)/n of one of
  /// their mean. That is asked for only where one replica is more than half of a due: else windows of one leave enough
  /// to choose from.
  static func mostOff(_ heaviest: Int, due: Int, nodes: Int) -> Int {
    heaviest > due - heaviest && nodes > 1 ? heaviest - heaviest / nodes : heaviest
  }

  /// Those of some dues for which there is not enough: all that fits, in all its replicas, does not fill the nodes that
  /// are due no more. O(dues · log).
  func unfilled(_ dues: [Int], perPartition: Int = 1) -> Set<Int> {
    let dues = dues.sorted()
    var unfilled: Set<Int> = []  // asked only
    var sum = 0
    for (place, due) in dues.enumerated() {
      sum += due
      guard place + 1 == dues.count || dues[place + 1] > due else { continue }
      if sum > (size(upTo: due)?.weightUpTo ?? 0) * perPartition { unfilled.insert(due) }
    }
    return unfilled
  }
}
