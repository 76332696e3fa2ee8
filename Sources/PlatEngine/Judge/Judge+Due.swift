/// The exact share of load that each node should carry.
public struct JudgedDue: Equatable, Sendable {
  /// For each node: of all replicas.
  public internal(set) var total: [Rational]
  /// For each of the model's states, for each node; empty where the state is not wanted.
  public internal(set) var ofState: [[Rational]]
  /// The node has a weight above zero.
  var hasWeight: [Bool]
}

extension Judge {
  /// The exact shares, recomputed plainly. `map`: what nodes in maintenance hold in it is their due.
  ///
  /// In total: by weight, each node up to its capacity and to one replica of each partition, each container up to
  /// what hard `atMost` rules let it hold. Then state by state within that total; the last wanted state gets what
  /// the others leave. O(N + P · R if a node is in maintenance) and a few rounds of exact arithmetic over groups
  /// of equal nodes.
  public static func due(_ cluster: DenseCluster, map: PlacementMap?) -> JudgedDue {
    if cluster.cluster.settings.hasHardPlaces { return dueWithPlaces(cluster, map: map) }
    let groups = NodeGroups(cluster, map: map)
    let wantedStates = cluster.wanted.indices.filter { cluster.dataWanted[$0] > 0 }

    var total = groups.filling(cluster, caps: totalCaps(cluster), nodeCap: groups.caps)
    total.pour(Rational(cluster.partitionCount) * Rational(cluster.replicas))

    var left = total.share
    var sumLeft = total.poured
    var ofState = cluster.wanted.map { _ in [Rational]() }
    for state in wantedStates.dropLast() {
      let nodeCap = left.indices.map { group in
        state == 0 && cluster.status[groups.members[group][0]].isSlaveOnly ? Rational.zero : left[group]
      }
      var filling = groups.filling(
        cluster, caps: caps(cluster, ofState: state, wantedStates), nodeCap: nodeCap, pinned: false)
      filling.pour(min(Rational(cluster.partitionCount) * Rational(cluster.dataWanted[state]), sumLeft))
      sumLeft = sumLeft - filling.poured
      left = zip(left, filling.share).map { $1.sign == 0 ? $0 : $0 - $1 }
      ofState[state] = groups.expand(filling.share)
    }
    if let last = wantedStates.last { ofState[last] = groups.expand(left) }
    // What holds no data is shared out by itself: by weight, one of each partition at most.
    let states = cluster.cluster.settings.model.states
    for state in cluster.wanted.indices where cluster.wanted[state] > 0 && cluster.dataWanted[state] == 0 {
      guard !states[state].holdsData else {
        ofState[state] = cluster.status.map { _ in .zero }  // nobody can have it
        continue
      }
      let nodeCap = groups.members.map {
        cluster.status[$0[0]].mayReceive ? Rational(cluster.partitionCount) : Rational.zero
      }
      var filling = groups.filling(
        cluster, caps: caps(cluster, ofState: state, [state]), nodeCap: nodeCap, pinned: false)
      filling.pour(Rational(cluster.partitionCount) * Rational(cluster.wanted[state]))
      ofState[state] = groups.expand(filling.share)
    }
    return JudgedDue(
      total: groups.expand(total.share), ofState: ofState, hasWeight: groups.expand(groups.weights.map { $0.sign > 0 }))
  }

  /// Nodes in groups: same container under every hard rule, same weight, same cap. They are due the same.
  private struct NodeGroups {
    /// In order of their first nodes; the nodes of a group ascend.
    private(set) var members: [[Int]] = []
    private(set) var weights: [Rational] = []
    /// The most that each node of the group may hold; what it does hold, in maintenance.
    private(set) var caps: [Rational] = []
    private var isPinned: [Bool] = []
    private var groupOfNode: [Int]

    private struct Key: Hashable {
      var container: Int
      var weight: Int
      var cap: Int
      var isPinned: Bool
    }

    init(_ cluster: DenseCluster, map: PlacementMap?) {
      let ruledLevels = cluster.cluster.settings.hardContainerRules.map { $0.level }
      let innermost = ruledLevels.max().map { cluster.levels[$0].containerOfNode }
      let held = cluster.status.contains(where: \.isPinned) ? cluster.loads(of: map) : []
      groupOfNode = Array(repeating: 0, count: cluster.nodeCount)
      var weightNumber: [String: Int] = [:]
      var exactWeights: [Rational] = []
      var groupOfKey: [Key: Int] = [:]
      // Neighbours are mostly alike.
      var (lastText, lastNumber) = ("", -1)
      var (lastKey, lastGroup) = (Key(container: -1, weight: -1, cap: 0, isPinned: false), -1)
      for (node, about) in cluster.cluster.nodes.enumerated() {
        let text = about.weight.text
        let number = text == lastText && lastNumber >= 0 ? lastNumber : weightNumber[text] ?? exactWeights.count
        (lastText, lastNumber) = (text, number)
        if number == exactWeights.count {
          weightNumber[text] = number
          exactWeights.append(Int(text).map { Rational($0) } ?? Rational(about.weight))
        }
        let cap: Int
        switch about.status.entitlement {
        case .share: cap = cluster.sharedCapacity(of: node) ?? cluster.capacity[node]
        case .holdings: cap = held[node]
        case .nothing: cap = 0
        }
        let key = Key(
          container: innermost?[node].int ?? 0, weight: number, cap: cap, isPinned: about.status.isPinned)
        let group = key == lastKey ? lastGroup : groupOfKey[key] ?? members.count
        (lastKey, lastGroup) = (key, group)
        if group == members.count {
          groupOfKey[key] = group
          members.append([])
          weights.append(exactWeights[number])
          caps.append(cap < 0 ? cluster.exactCapacity(shared: cap) : Rational(cap))
          isPinned.append(key.isPinned)
        }
        members[group].append(node)
        groupOfNode[node] = group
      }
    }

    /// Ready to pour: a box for each container of a level that has a cap.
    func filling(_ cluster: DenseCluster, caps: [Int?], nodeCap: [Rational], pinned: Bool = true) -> Filling {
      var boxes = [Filling.Box(parent: -1, cap: .zero)]
      var boxOfNode = [Int](repeating: 0, count: cluster.nodeCount)
      for (level, cap) in caps.enumerated() {
        guard let cap else { continue }
        for nodes in cluster.levels[level].nodes where !nodes.isEmpty {
          boxes.append(Filling.Box(parent: boxOfNode[nodes.lowerBound], cap: Rational(cap)))
          for node in nodes { boxOfNode[node] = boxes.count - 1 }
        }
      }
      let groups = members.indices.map { group in
        Filling.Group(
          box: boxOfNode[members[group][0]], count: members[group].count, weight: weights[group], cap: nodeCap[group],
          isPinned: pinned && isPinned[group])
      }
      return Filling(boxes: boxes, groups: groups)
    }

    /// From groups to nodes.
    func expand<Value>(_ ofGroup: [Value]) -> [Value] { groupOfNode.map { ofGroup[$0] } }
  }
}
