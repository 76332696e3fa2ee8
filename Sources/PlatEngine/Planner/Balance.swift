/// What is still out of balance between a placement and its due.
///
/// Counted as a flow: a node's own part is clamped into its window; what the window cannot take is the node's
/// excess or shortage; and where the clamped parts do not add up to what is to be placed, some nodes within
/// their windows give one (`surplus` > 0) or take one (`surplus` < 0).
struct Balance {
  /// Σ clamp(load) − total.
  private(set) var surplus = 0
  /// Replicas that nodes hold above their windows, and lack below them.
  private(set) var above = 0
  private(set) var below = 0
  /// Replicas still to be placed: total − Σ load.
  private(set) var unplaced = 0

  /// O(N).
  init(_ placement: Placement, _ due: Due) {
    var clamped = 0
    var load = 0
    for node in 0..<placement.load.count {
      let held = placement.load.base[node]
      let inWindow = max(due.least.base[node], min(due.most.base[node], held))
      clamped += Int(inWindow)
      load += Int(held)
      if held > inWindow { above += Int(held - inWindow) } else { below += Int(inWindow - held) }
    }
    surplus = clamped - due.total
    unplaced = due.total - load
  }

  var isSettled: Bool { surplus == 0 && above == 0 && below == 0 && unplaced == 0 }
}
