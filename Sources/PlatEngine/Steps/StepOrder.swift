/// The steps as a graph: who comes after whom, and how much lies before and behind each.
struct StepOrder {
  let lengths: [Int]
  /// The longest way to the beginning of a step, and from its end.
  private(set) var head: [Int]
  private(set) var tail: [Int]
  /// Steps in an order that heeds the arcs.
  private(set) var sequence: [UInt32] = []
  private var firstOf: [UInt32]
  private var followers: [UInt32] = []

  /// O(steps + arcs).
  /// Interrupted, it is of no use.
  init(_ list: StepList, lengths: [Int], _ interrupt: Interrupt? = nil) {
    self.lengths = lengths
    head = Array(repeating: 0, count: list.count)
    tail = head
    firstOf = Array(repeating: 0, count: list.count + 1)
    for step in 0..<list.count { for before in list.after(step) { firstOf[Int(before) + 1] += 1 } }
    for step in 0..<list.count { firstOf[step + 1] += firstOf[step] }
    followers = Array(repeating: 0, count: Int(firstOf[list.count]))
    var next = firstOf
    var pending = [Int32](repeating: 0, count: list.count)
    for step in 0..<list.count {
      if step & 1023 == 0, interrupt?.isRequested == true { return }
      for before in list.after(step) {
        followers[Int(next[Int(before)])] = UInt32(step)
        next[Int(before)] += 1
        pending[step] += 1
      }
    }
    sequence.reserveCapacity(list.count)
    for step in 0..<list.count where pending[step] == 0 { sequence.append(UInt32(step)) }
    var place = 0
    while place < sequence.count {
      if place & 1023 == 0, interrupt?.isRequested == true { return }
      let step = Int(sequence[place])
      place += 1
      for follower in after(step) {
        head[Int(follower)] = max(head[Int(follower)], head[step] + lengths[step])
        pending[Int(follower)] -= 1
        if pending[Int(follower)] == 0 { sequence.append(follower) }
      }
    }
    precondition(sequence.count == list.count, "stepsAreAcyclic: steps wait for one another in a circle")
    for step in sequence.reversed() {
      for follower in after(Int(step)) {
        tail[Int(step)] = max(tail[Int(step)], lengths[Int(follower)] + tail[Int(follower)])
      }
    }
  }

  /// The steps that wait for `step`.
  func after(_ step: Int) -> ArraySlice<UInt32> { followers[Int(firstOf[step])..<Int(firstOf[step + 1])] }
}
