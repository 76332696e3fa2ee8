/// Shares under caps on sets of nodes that may cross the boxes of the tree, and one another.
extension WaterFill {
  /// Members that together have at most `cap`.
  struct MemberSet {
    var isIn: [Bool]
    var cap: Rational
  }

  /// All shares rise with one level, each in proportion to its weight; where a set, a box or a member is full, what is
  /// in it stays where it is. O(members · (members + sets)).
  func shares(demand: Rational, sets: [MemberSet]) -> Shares {
    guard !sets.isEmpty else { return shares(demand: demand) }
    let sets = closed(sets + boxSets, demand)
    /// Nil: it rises.
    var stays: [Rational?] = members.map { $0.isPinned ? $0.cap : $0.weight.sign == 0 ? Rational.zero : nil }
    /// The level at which a set is full; nil: no level fills it any more.
    func level(_ set: MemberSet) -> Rational? {
      var (load, weight) = (Rational.zero, Rational.zero)
      for (index, member) in members.enumerated() where set.isIn[index] {
        if let share = stays[index] {
          load = load + share * Rational(member.count)
        } else {
          weight = weight + member.weight * Rational(member.count)
        }
      }
      return weight.sign > 0 ? max(.zero, set.cap - load) / weight : nil
    }
    while stays.contains(where: { $0 == nil }) {
      let ofSets = sets.map(level)
      let ofMembers = members.indices.map { stays[$0] == nil ? members[$0].cap / members[$0].weight : nil }
      guard let next = (ofSets + ofMembers).compactMap({ $0 }).min() else { break }
      let full = zip(sets, ofSets).filter { $0.1 == next }.map(\.0)
      for index in members.indices where stays[index] == nil {
        let isFull = ofMembers[index] == next || full.contains { $0.isIn[index] }
        if isFull { stays[index] = min(members[index].cap, next * members[index].weight) }
      }
    }
    let ofMember = stays.map { $0 ?? .zero }
    let total = members.indices.reduce(Rational.zero) { $0 + ofMember[$1] * Rational(members[$1].count) }
    return Shares(ofMember: ofMember, regionOfMember: members.map { _ in 0 }, total: total)
  }

  /// More than this many sets are not combined any further.
  private static let mostSets = 64

  /// The sets, everything with what can be placed at most, and what follows where that is to be placed: of two sets
  /// that together are all nodes, what is in both has at most what both caps together are beyond the demand.
  private func closed(_ sets: [MemberSet], _ demand: Rational) -> [MemberSet] {
    func isAll(_ a: MemberSet, _ b: MemberSet) -> Bool { zip(a.isIn, b.isIn).allSatisfy { $0 || $1 } }
    var all = sets
    var demand = demand
    for a in all.indices { for b in all.indices.dropFirst(a) where isAll(all[a], all[b]) {
      demand = min(demand, a == b ? all[a].cap : all[a].cap + all[b].cap)
    } }
    var next = 0
    while next < all.count, all.count < Self.mostSets {
      for other in 0..<next where isAll(all[next], all[other]) && all.count < Self.mostSets {
        let both = zip(all[next].isIn, all[other].isIn).map { $0 && $1 }
        let cap = max(.zero, all[next].cap + all[other].cap - demand)
        let isSaid = all.contains { $0.isIn == both && $0.cap <= cap }
        if both.contains(true), !isSaid { all.append(MemberSet(isIn: both, cap: cap)) }
      }
      next += 1
    }
    return all + [MemberSet(isIn: members.map { _ in true }, cap: demand)]
  }

  /// The boxes with a cap, and of each level with few of them all but one.
  private var boxSets: [MemberSet] {
    let boxes = cappedBoxes
    let siblings = Dictionary(grouping: boxes.indices) { self.boxes[boxes[$0].box].parent ?? -1 }
    let others = siblings.keys.sorted().flatMap { parent -> [MemberSet] in
      let group = siblings[parent]!
      let covered = members.indices.allSatisfy { member in group.contains { boxes[$0].set.isIn[member] } }
      guard covered, (2...8).contains(group.count) else { return [] }
      return group.map { left in
        let rest = group.filter { $0 != left }
        return MemberSet(
          isIn: members.indices.map { member in rest.contains { boxes[$0].set.isIn[member] } },
          cap: rest.reduce(.zero) { $0 + boxes[$1].set.cap })
      }
    }
    return boxes.map(\.set) + others
  }

  private var cappedBoxes: [(box: Int, set: MemberSet)] {
    boxes.indices.compactMap { box in
      guard let cap = boxes[box].cap else { return nil }
      func isInside(_ inner: Int) -> Bool { inner == box || (boxes[inner].parent.map(isInside) ?? false) }
      return (box, MemberSet(isIn: members.map { isInside($0.box) }, cap: cap))
    }
  }
}

extension DenseCluster {
  /// What hard rules that name places let sets of nodes have, in all or of one state. `nodeOfMember`: one node of each
  /// member; `amount`: what all partitions come to, once: how many they are, or what they weigh.
  func placeSets(ofState state: Int? = nil, nodeOfMember: [Int], amount: Int) -> [WaterFill.MemberSet] {
    places.bounds.compactMap { bound in
      guard bound.strength == .hard else { return nil }
      let others = dataWanted.indices.filter { !bound.counts($0) }.reduce(0) { $0 + dataWanted[$1] }
      // Of one state alone it says something only where it is about no other.
      let counted = dataWanted.indices.filter { bound.counts($0) && dataWanted[$0] > 0 }
      if let state, !bound.counts(state) || counted.contains(where: { $0 != state }) { return nil }
      let most = state == nil ? bound.most + others : bound.most
      return WaterFill.MemberSet(isIn: nodeOfMember.map { bound.isIn[$0] }, cap: Rational(amount) * Rational(most))
    }
  }
}
