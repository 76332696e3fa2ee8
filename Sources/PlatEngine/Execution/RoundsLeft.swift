/// At least so many rounds are left of a plan, if every step takes one: the longest chain of steps that are not done;
/// and wherever a limit lets c streams go at once, k that are left need ⌈k / c⌉. Kept up step by step: O(1) over all,
/// and nothing to be asked for.
///
/// It is the counting part of `ScheduleBound`, which schedules mostly meet.
struct RoundsLeft: Sendable {
  /// How many steps have so much before them, themselves included: by length.
  private var chains: [UInt32] = []
  /// How many limits need so many rounds: by rounds.
  private var needs: [UInt32] = []
  private var longest = 0
  private var greatest = 0
  /// By node: full scans out of it, streams out of it, streams into it.
  private var left: [(scans: UInt32, out: UInt32, into: UInt32)] = []
  private let limits: MovementLimits?

  init() { limits = nil }

  /// O(steps + N).
  init(_ list: StepList, _ order: StepOrder, _ limits: MovementLimits, nodeCount: Int) {
    self.limits = limits
    left = Array(repeating: (0, 0, 0), count: nodeCount)
    chains = Array(repeating: 0, count: (order.tail.max() ?? 0) + 2)
    for (index, step) in list.steps.enumerated() {
      chains[order.tail[index] + 1] += 1
      longest = max(longest, order.tail[index] + 1)
      guard step.kind == .stream else { continue }
      if step.isFullScan { left[step.source.int].scans += 1 }
      left[step.source.int].out += 1
      left[step.node.int].into += 1
    }
    for node in left.indices { greatest = max(greatest, rounds(node).max) }
    needs = Array(repeating: 0, count: greatest + 1)
    for node in left.indices {
      let rounds = rounds(node)
      for need in [rounds.scans, rounds.out, rounds.into] { needs[need] += 1 }
    }
  }

  var value: Int { max(longest, greatest) }

  /// `tail`: how much the step has behind it.
  mutating func finish(_ step: Step, tail: Int) {
    chains[tail + 1] -= 1
    while longest > 0, chains[longest] == 0 { longest -= 1 }
    guard step.kind == .stream else { return }
    change(step.source.int) { left in
      if step.isFullScan { left.scans -= 1 }
      left.out -= 1
    }
    change(step.node.int) { $0.into -= 1 }
    while greatest > 0, needs[greatest] == 0 { greatest -= 1 }
  }

  private mutating func change(_ node: Int, _ body: (inout (scans: UInt32, out: UInt32, into: UInt32)) -> Void) {
    let before = rounds(node)
    body(&left[node])
    let after = rounds(node)
    for (old, new) in [(before.scans, after.scans), (before.out, after.out), (before.into, after.into)] where old != new
    {
      needs[old] -= 1
      needs[new] += 1
    }
  }

  private func rounds(_ node: Int) -> (scans: Int, out: Int, into: Int, max: Int) {
    guard let limits else { return (0, 0, 0, 0) }
    func need(_ left: UInt32, _ most: Int) -> Int { left == 0 ? 0 : (Int(left) - 1) / max(most, 1) + 1 }
    let scans = need(left[node].scans, limits.fullScans[node])
    let (out, into) = (need(left[node].out, limits.streamsOut), need(left[node].into, limits.streamsIn))
    return (scans, out, into, max(scans, out, into))
  }
}
