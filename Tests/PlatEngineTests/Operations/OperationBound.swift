import PlatEngine
import TestSupport

/// What an operation needs at least, counted row by row from the maps alone, and what it must not do.
///
/// Nothing of it knows the planner: it is what the bounds of `docs/COMMANDS.md` say.
struct OperationBound {
  let operation: Operation
  let cluster: DenseCluster
  let before: [[[Int]]]
  let goal: [[[Int]]]?
  private let columns: Int

  /// `goal`: the map that `restore-back` goes to.
  init(_ operation: Operation, _ cluster: DenseCluster, _ before: PlacementMap, goal: PlacementMap? = nil) {
    self.operation = operation
    self.cluster = cluster
    self.before = before.rows
    self.goal = goal?.rows
    columns = cluster.cluster.settings.model.states.count { $0.holdsData }
  }

  private func data(_ row: [[Int]]) -> [Int] { Array(row.prefix(columns).joined()) }
  private func isLive(_ node: Int) -> Bool { cluster.status[node] != .failed }
  private func isActive(_ node: Int) -> Bool { cluster.status[node] == .active }

  /// Replicas that nodes must receive.
  var moves: Int {
    before.indices.reduce(0) { sum, partition in
      let held = data(before[partition])
      switch operation {
      case .failover: return sum
      case .swap: return sum + held.count { cluster.status[$0] == .leaving }
      case .maintenance:
        let leaders = held.count(where: isActive)
        return sum
          + max(
            0, cluster.wanted[0] - leaders,
            cluster.replicas - held.count { isActive($0) || cluster.status[$0] == .maintenance })
      case .restoreBack:
        return sum + data(goal![partition]).count { isActive($0) && !held.filter(isLive).contains($0) }
      case .cancel, .rebalance: return sum + max(0, cluster.replicas - held.count(where: isLive))
      }
    }
  }

  /// States that must change on nodes that hold the partition, where no more moves than must.
  var roleChanges: Int {
    before.indices.reduce(0) { sum, partition in
      let row = before[partition]
      let held = data(row)
      switch operation {
      case .failover, .cancel:
        let isLed = row[0].contains(where: isLive) || cluster.wanted[0] == 0
        return sum + (isLed || !held.contains(where: isLive) ? 0 : 1)
      case .maintenance:
        let leave = row[0].count { cluster.status[$0] == .maintenance }
        let successors = held.count { isActive($0) && !row[0].contains($0) }
        return sum + (held.count > cluster.replicas ? 1 : 2) * min(leave, successors)
      case .restoreBack:
        return sum + goal![partition].indices.reduce(0) { sum, state in
          sum + goal![partition][state].count { node in
            held.filter(isLive).contains(node) && !(state < row.count && row[state].contains(node))
          }
        }
      case .swap, .rebalance: return sum
      }
    }
  }

  /// What a plan does that the operation must not do, or leaves undone; in words, empty where all is well.
  func faults(of target: PlacementMap, _ report: Report) -> [String] {
    var faults: [String] = []
    func expect(_ holds: Bool, _ fault: String) { if !holds { faults.append(fault) } }
    let after = target.rows
    expect(report.moves >= moves, "fewer moves than must")
    switch operation {
    case .failover:
      expect(report.moves == 0, "data moves")
      expect(report.roleChanges == roleChanges, "needless role changes")
      expect(report.leaderless == 0, "a live copy without a master")
    case .swap:
      expect(report.moves == moves, "needless moves")
      expect(report.roleChanges == 0, "needless role changes")
      expect(!after.contains { data($0).contains { cluster.status[$0] == .leaving } }, "a node does not leave")
    case .maintenance:
      expect(report.moves == moves, "needless moves")
      expect(report.roleChanges <= roleChanges, "needless role changes")
      expect(!after.contains { $0[0].contains { cluster.status[$0] == .maintenance } }, "a master stays")
    case .restoreBack:
      expect(report.moves == moves, "needless moves")
      expect(report.roleChanges == roleChanges, "needless role changes")
      expect(zip(after, goal!).allSatisfy { $0.prefix(columns).elementsEqual($1.prefix(columns)) }, "not the map given")
    case .cancel:
      expect(report.moves == moves, "needless moves")
      expect(
        zip(after, before).allSatisfy { now, was in was[0].filter(isLive).allSatisfy(now[0].contains) },
        "a master changes")
    case .rebalance: break
    }
    expect(report.unmet == 0 || operation == .failover, "something is unmet")
    return faults
  }
}
