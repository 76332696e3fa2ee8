/// Exact fair shares under nested caps.
///
/// All shares rise together in proportion to weight. A member stops at its own cap; a box stops, with all
/// inside it, when it is full; the others share the rest. What a box holds at level λ is
///
///     f(λ) = min(cap, Σ over what is in it of f(λ)),     f(λ) of a member = min(cap, λ · weight)
///
/// concave and piecewise linear, so Newton's steps from λ = 0 reach the level that meets the demand from
/// below, exactly, in as many steps as pieces are crossed. Inside a box that is full before that level the
/// same question is asked again with the box's cap as the demand.
struct WaterFill {
  struct Box {
    /// Index of the box around it; nil for the root, which is box 0.
    var parent: Int?
    /// Nil: no cap.
    var cap: Rational?
  }

  /// Nodes of one box that are alike.
  struct Member {
    var box: Int
    var weight: Rational
    var cap: Rational
    /// Its share is `cap`, whatever the level.
    var isPinned: Bool
    var count: Int
  }

  struct Shares {
    /// The share of one node of each member.
    var ofMember: [Rational]
    /// The box whose level decides a member's share. The shares of a region that are not at a cap are one level
    /// times the weights, and whatever is frozen in it holds an integer.
    var regionOfMember: [Int]
    /// What all nodes together are due.
    var total: Rational
  }

  let boxes: [Box]
  let members: [Member]
  private var membersOfBox: [[Int]]
  private var childrenOfBox: [[Int]]

  /// Parents stand before their children.
  init(boxes: [Box], members: [Member]) {
    self.boxes = boxes
    self.members = members
    membersOfBox = Array(repeating: [], count: boxes.count)
    childrenOfBox = Array(repeating: [], count: boxes.count)
    for (index, member) in members.enumerated() { membersOfBox[member.box].append(index) }
    for (index, box) in boxes.enumerated() { if let parent = box.parent { childrenOfBox[parent].append(index) } }
  }

  /// O((boxes + members) · pieces) rational operations.
  func shares(demand: Rational) -> Shares {
    var shares = Shares(
      ofMember: Array(repeating: .zero, count: members.count),
      regionOfMember: Array(repeating: 0, count: members.count), total: .zero)
    settle(region: 0, demand: boxes[0].cap.map { min($0, demand) } ?? demand, into: &shares)
    for (index, member) in members.enumerated() {
      shares.total = shares.total + shares.ofMember[index] * Rational(member.count)
    }
    return shares
  }

  // MARK: Finding the level

  /// What lies in a box at a level, and how fast that grows from there on.
  private struct Flow {
    var amount: Rational
    var slope: Rational
    var isFull: Bool
  }

  private func flow(ofMember index: Int, at level: Rational) -> Flow {
    let member = members[index]
    let raised = level * member.weight
    if member.isPinned || raised >= member.cap {
      return Flow(amount: member.cap * Rational(member.count), slope: .zero, isFull: true)
    }
    let count = Rational(member.count)
    return Flow(amount: raised * count, slope: member.weight * count, isFull: false)
  }

  private func inside(_ box: Int, at level: Rational, full: inout [Bool]) -> Flow {
    var flow = Flow(amount: .zero, slope: .zero, isFull: false)
    func add(_ part: Flow) {
      flow.amount = flow.amount + part.amount
      flow.slope = flow.slope + part.slope
    }
    for member in membersOfBox[box] { add(self.flow(ofMember: member, at: level)) }
    for child in childrenOfBox[box] {
      var part = inside(child, at: level, full: &full)
      full[child] = false
      if let cap = boxes[child].cap, part.amount >= cap {
        full[child] = part.amount > cap
        part = Flow(amount: cap, slope: .zero, isFull: true)
      }
      add(part)
    }
    return flow
  }

  private func settle(region: Int, demand: Rational, into shares: inout Shares) {
    var full = Array(repeating: false, count: boxes.count)
    var level = Rational.zero
    while true {
      let flow = inside(region, at: level, full: &full)
      if flow.amount >= demand || flow.slope.sign == 0 { break }
      level = level + (demand - flow.amount) / flow.slope
    }
    assign(region, region: region, level: level, full: full, into: &shares)
  }

  private func assign(_ box: Int, region: Int, level: Rational, full: [Bool], into shares: inout Shares) {
    for index in membersOfBox[box] {
      let member = members[index]
      shares.ofMember[index] = member.isPinned ? member.cap : min(member.cap, level * member.weight)
      shares.regionOfMember[index] = region
    }
    for child in childrenOfBox[box] {
      if full[child], let cap = boxes[child].cap {
        settle(region: child, demand: cap, into: &shares)
      } else {
        assign(child, region: region, level: level, full: full, into: &shares)
      }
    }
  }
}
