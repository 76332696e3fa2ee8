/// Hard rules that count masters and not all that could become one: who becomes master may break them.
struct LeaderCaps {
  private let cluster: DenseCluster
  private let target: PlacementMap
  private let rules: [AtMost]
  private let stateOfSlot: [Int]

  init(_ cluster: DenseCluster, _ target: PlacementMap) {
    self.cluster = cluster
    self.target = target
    stateOfSlot = target.stateOfSlot
    rules = cluster.cluster.settings.rules(AtMost.self).filter { $0.strength == .hard && $0.states.contains(0) }
  }

  func allow(_ place: Int, _ slot: Int) -> Bool {
    let (row, column) = (target.row(slot / target.width), slot % target.width)
    guard row[column] == .none || cluster.mayEver(row[column].int, inState: 0) else { return false }
    let place = place % target.width
    return rules.allSatisfy { rule in
      // One that counts the node already, and whoever it changes places with, stays as it is.
      if rule.states.contains(stateOfSlot[column]) { return true }
      let containerOf = cluster.levels[rule.level].containerOfNode
      let container = containerOf[row[column].int]
      let others = row.indexed(target.width).count { other, node in
        other != place && node != .none && rule.states.contains(stateOfSlot[other])
          && containerOf[node.int] == container
      }
      return others < rule.most
    }
  }
}

extension UnsafeMutablePointer where Pointee == NodeIndex {
  fileprivate func indexed(_ count: Int) -> [(Int, NodeIndex)] { (0..<count).map { ($0, self[$0]) } }
}
