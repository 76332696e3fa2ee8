/// A fresh map.
extension WeightedPeers {
  /// Deals the rows of a map made by number to the partitions anew, heaviest first: each takes one of the rows that
  /// there are, the one whose nodes lack most. Any row may be taken any number of times; no pair is new. Where
  /// capacities then leave some partition none, everything stays as it was. O(P · (rows around a node + log)).
  func deal() throws(PlatError) {
    let count = problem.partitionCount
    guard (0..<count).allSatisfy({ isFull(weighing.row($0)) }) else { return }
    let templates: PartitionTable<NodeIndex> = try weighing.snapshot()
    func row(_ template: Int) -> UnsafeMutablePointer<NodeIndex> { templates.base + template * width }
    func precedes(_ a: Int, _ b: Int) -> Bool {
      for slot in 0..<width where row(a)[slot] != row(b)[slot] { return row(a)[slot] < row(b)[slot] }
      return a < b
    }
    func isSame(_ a: Int, _ b: Int) -> Bool { (0..<width).allSatisfy { row(a)[$0] == row(b)[$0] } }
    var distinct: [Int] = []
    for one in (0..<count).sorted(by: precedes) where distinct.isEmpty || !isSame(distinct.last!, one) {
      distinct.append(one)
    }
    var around = [[Int32]](repeating: [], count: problem.nodeCount)
    for (index, template) in distinct.enumerated() {
      for slot in 0..<width { around[row(template)[slot].int].append(Int32(index)) }
    }
    weighing.load.fill(with: 0)
    weighing.count.fill(with: 0)
    led.fill(with: 0)
    func lack(_ index: Int, least: Bool) -> Int {
      let template = row(distinct[index])
      var (sum, fewest) = (0, Int.max)
      for slot in 0..<width {
        let of = self.lack(template[slot]) + (slot < masters ? lead.due[template[slot]] - led[template[slot]] : 0)
        sum += of
        fewest = min(fewest, of)
      }
      return least ? fewest : sum
    }
    func hasRoom(_ index: Int) -> Bool { (0..<width).allSatisfy { weighing.hasRoom(row(distinct[index])[$0]) } }
    var heap = KeyHeap(capacity: distinct.count)
    for index in distinct.indices { heap.push(index, key: lack(index, least: false)) }
    var isDealt = true
    for place in 0..<count {
      try problem.arena.throwIfInterrupted()
      let partition = weighing.order.base[place].int
      var (best, tried): (Int?, [Int]) = (nil, [])
      while let index = heap.first, tried.count < TrialLimits.WeightedPeers.templatesTried {
        heap.pop()
        guard hasRoom(index) else { continue }  // for good
        tried.append(index)
        if best.map({ lack(index, least: true) > lack($0, least: true) }) ?? true { best = index }
      }
      for index in tried { heap.push(index, key: lack(index, least: false)) }
      guard let best else {
        isDealt = false
        break
      }
      let template = row(distinct[best])
      weighing.row(partition).update(from: template, count: width)
      for slot in 0..<width {
        weighing.load[template[slot]] += weighing.weight.base[partition]
        weighing.count[template[slot]] += 1
        if slot < masters { led[template[slot]] += weighing.weight.base[partition] }
      }
      for slot in 0..<width {
        for index in around[template[slot].int] where heap.contains(Int(index)) {
          heap.push(Int(index), key: lack(Int(index), least: false))
        }
      }
    }
    if !isDealt { weighing.restore(templates) }
    book = try PeerBook(problem, rows: weighing.rows)
    countLed()
    try findDues()
  }
}
