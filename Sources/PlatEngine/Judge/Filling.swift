extension Judge {
  /// Fills nodes with load like vessels with water: all rise together, each in proportion to its weight, until it
  /// reaches its own cap or a box around it is full.
  ///
  /// In rounds. The level that would meet the demand if nothing more were capped is never too high; whatever is
  /// over its cap at that level is over it at the last level too. So all of that settles at its cap at once, and
  /// the next round raises the level for the rest. When nothing is over its cap the level is right. What is in a
  /// full box is then filled again on its own, with the box's cap as demand.
  struct Filling {
    struct Box {
      /// The box around it; -1 for box 0, which is everything. Parents come before children.
      var parent: Int
      var cap: Rational
      var children: [Int] = []
      var groups: [Int] = []
    }

    /// Nodes that are equal in everything that matters here.
    struct Group {
      var box: Int
      var count: Int
      /// Of each node.
      var weight: Rational
      /// Of each node.
      var cap: Rational
      /// It has its cap as load from the start, whatever its weight.
      var isPinned = false
    }

    private var boxes: [Box]
    private let groups: [Group]
    private let groupWeight: [Rational]
    private let groupCap: [Rational]
    /// The level at which a node of the group reaches its cap.
    private let fullAt: [Rational]

    /// What each node of a group gets.
    private(set) var share: [Rational]
    private var isSettled: [Bool]
    /// For each box: the load in it that rises no more, the weight that still rises, and its cap, or what is
    /// pinned in it if that is more.
    private var settled: [Rational]
    private var rising: [Rational]
    private var limit: [Rational]
    /// The box, or one around it, is full.
    private var isClosed: [Bool]

    init(boxes: [Box], groups: [Group]) {
      self.boxes = boxes
      self.groups = groups
      for box in boxes.indices.dropFirst() { self.boxes[boxes[box].parent].children.append(box) }
      for group in groups.indices { self.boxes[groups[group].box].groups.append(group) }
      groupWeight = groups.map { $0.count == 1 ? $0.weight : $0.weight * Rational($0.count) }
      groupCap = groups.map { $0.count == 1 ? $0.cap : $0.cap * Rational($0.count) }
      fullAt = groups.map { $0.weight.sign == 0 ? .zero : $0.cap / $0.weight }
      share = Array(repeating: .zero, count: groups.count)
      isSettled = Array(repeating: false, count: groups.count)
      settled = Array(repeating: .zero, count: boxes.count)
      rising = settled
      limit = settled
      isClosed = Array(repeating: false, count: boxes.count)
    }

    /// Fills everything with `demand`, or with all that fits. O(rounds · (groups + boxes) · depth) exact
    /// operations; a handful of rounds unless caps are spread over many magnitudes.
    mutating func pour(_ demand: Rational) { fill(0, to: demand) }

    /// All load in box 0.
    var poured: Rational {
      var sum = Rational.zero
      for group in groups.indices where share[group].sign != 0 {
        sum = sum + (groups[group].count == 1 ? share[group] : share[group] * Rational(groups[group].count))
      }
      return sum
    }

    private mutating func fill(_ top: Int, to demand: Rational) {
      let inside = boxesInside(top)
      empty(inside, top)
      let demand = max(demand, settled[top])
      var level = Rational.zero
      var full: [Int] = []
      while rising[top].sign > 0 {
        level = (demand - settled[top]) / rising[top]
        if !settle(inside, top, at: level, &full) { break }
      }
      for box in inside where !isClosed[box] {
        for group in boxes[box].groups where !isSettled[group] { share[group] = level * groups[group].weight }
      }
      let outermost = full.filter { !isClosed[boxes[$0].parent] }
      for box in outermost { fill(box, to: limit[box]) }
    }

    /// `top` and every box in it, parents before children.
    private func boxesInside(_ top: Int) -> [Int] {
      var found = [top]
      var next = 0
      while next < found.count {
        found += boxes[found[next]].children
        next += 1
      }
      return found
    }

    private mutating func empty(_ inside: [Int], _ top: Int) {
      for box in inside.reversed() {
        settled[box] = .zero
        rising[box] = .zero
        isClosed[box] = false
        for group in boxes[box].groups {
          let isPinned = groups[group].isPinned
          isSettled[group] = isPinned || groups[group].weight.sign == 0
          share[group] = isPinned ? groups[group].cap : .zero
          if isPinned { settled[box] = settled[box] + groupCap[group] }
          if !isSettled[group] { rising[box] = rising[box] + groupWeight[group] }
        }
        for child in boxes[box].children {
          settled[box] = settled[box] + settled[child]
          rising[box] = rising[box] + rising[child]
        }
        limit[box] = max(boxes[box].cap, settled[box])
      }
    }

    /// Settles all that is over its cap at this level, innermost first. False: nothing is.
    private mutating func settle(_ inside: [Int], _ top: Int, at level: Rational, _ full: inout [Int]) -> Bool {
      var isAny = false
      for box in inside.reversed() where !isClosed[box] {
        var load = Rational.zero
        var weight = Rational.zero
        for group in boxes[box].groups where !isSettled[group] && fullAt[group] < level {
          isSettled[group] = true
          share[group] = groups[group].cap
          load = load + groupCap[group]
          weight = weight + groupWeight[group]
        }
        if weight.sign > 0 {
          isAny = true
          adjust(from: box, to: top, load, weight)
        }
        if box != top, settled[box] + level * rising[box] > limit[box] {
          isAny = true
          full.append(box)
          for inner in boxesInside(box) { isClosed[inner] = true }
          adjust(from: boxes[box].parent, to: top, limit[box] - settled[box], rising[box])
        }
      }
      return isAny
    }

    /// Moves load to what is settled, and weight from what rises, in a box and those around it.
    private mutating func adjust(from box: Int, to top: Int, _ load: Rational, _ weight: Rational) {
      var box = box
      while true {
        settled[box] = settled[box] + load
        rising[box] = rising[box] - weight
        if box == top { return }
        box = boxes[box].parent
      }
    }
  }
}
