import Testing

@testable import PlatEngine

/// Where to go from what a survey found.
@Suite struct SurveyStrategyTests {
  private let rules = ExecutionRules(.masterSlave)

  private func cluster(_ statuses: [Node.Status] = [.active, .active, .active], capacities: [Int?] = [nil, nil, nil])
    throws -> DenseCluster
  {
    let nodes = (0..<3).map { Node(name: ["a", "b", "c"][$0], capacity: capacities[$0], status: statuses[$0]) }
    return try DenseCluster(Cluster(settings: Settings(partitionCount: 2, constraints: [1, 1, 0, 0]), nodes: nodes))
  }

  /// By partition: master and slaves.
  private func map(_ rows: [(Int?, [Int])]) throws -> PlacementMap {
    var builder = try PlacementMapBuilder(partitionCount: rows.count, expected: [1, 1, 0, 0])
    for (partition, (master, slaves)) in rows.enumerated() {
      if let master { try builder.set(partition: partition, state: 0, nodes: [NodeIndex(master)]) }
      if !slaves.isEmpty { try builder.set(partition: partition, state: 1, nodes: slaves.map { NodeIndex($0) }) }
    }
    return try builder.finish(least: [1, 1, 0, 0])
  }

  private func held(_ partition: Int, _ state: StateIndex, _ followers: [Int]? = nil) -> Holding {
    Holding(
      partition: PartitionIndex(partition), state: state, term: 1, isLeading: followers != nil,
      followers: (followers ?? []).map { NodeIndex($0) },
      log: Holding.LogEnd(lastTerm: 1, count: 1))
  }

  private func survey(
    _ inventories: [[Holding]?], _ rosters: [Int: Journal.Roster] = [:], hadHolders: Bool = true,
    isCancelled: Bool = false
  ) -> Survey {
    var journal = Journal(revision: 1, partitionCount: 2)
    for partition in 0..<2 { if let roster = rosters[partition] { journal.setRoster(partition, roster) } }
    return Survey(
      revision: 2, inventories: inventories, journal: journal, rules: rules, hadHolders: [hadHolders, hadHolders],
      isCancelled: isCancelled, plant: nil)
  }

  private func rows(_ map: PlacementMap) -> [[Int?]] {
    (0..<map.partitionCount).map { partition in
      let row = map.row(partition)
      func first(_ state: Int) -> Int? {
        map.stateOfSlot.indices.first { map.stateOfSlot[$0] == state && row[$0] != .none }.map { row[$0].int }
      }
      return [first(0), first(1)]
    }
  }

  /// a leads both with b.
  private var usual: [[Holding]?] {
    [
      [held(0, AgentHand.master, [1]), held(1, AgentHand.master, [1])],
      [held(0, AgentHand.slave), held(1, AgentHand.slave)], [],
    ]
  }

  @Test func theTargetStays() throws {
    let target = try map([(0, [2]), (1, [0])])
    let strategy = try survey(usual).strategy(of: cluster(), to: target)
    #expect(
      strategy.target.rows == target.rows && rows(strategy.current) == [[0, 1], [0, 1]] && strategy.steps.unmet.isEmpty)
    #expect(strategy.cluster.status == [.active, .active, .active] && !strategy.steps.list.steps.isEmpty)
    // Also where who did not answer had failed when it was planned.
    var inventories = usual
    inventories[2] = nil
    let other = try map([(0, [1]), (1, [0])])
    #expect(
      try survey(inventories).strategy(of: cluster([.active, .active, .failed]), to: other).target.rows == other.rows)
    // Another that is lost, and one that is back: those that are left get it all.
    let without = try survey(inventories).strategy(of: cluster(), to: target)
    #expect(
      without.cluster.status == [.active, .active, .failed] && rows(without.target).joined().allSatisfy { $0 != 2 })
    let back = try survey(usual).strategy(of: cluster([.active, .active, .failed]), to: other)
    #expect(back.cluster.status == [.active, .active, .failed], "it has failed for the cluster")
    // Called off: as it stands.
    let off = try survey(usual, isCancelled: true).strategy(of: cluster(), to: target)
    #expect(rows(off.target) == [[0, 1], [0, 1]] && off.steps.list.steps.isEmpty)
  }

  /// Nobody is known to be complete: nothing is done, and what is there takes room.
  @Test func whatIsWithheldStays() throws {
    let old = Journal.Roster(revision: 2, members: [])
    let found = survey(usual, [0: old])
    #expect(found.isWithheld == [true, false] && found.withheldCopies == [1, 1, 0])
    let strategy = try found.strategy(of: cluster(capacities: [4, 1, nil]), to: map([(0, [2]), (0, [1])]))
    #expect(
      rows(strategy.target) == [[nil, nil], [0, 1]] && strategy.steps.list.steps.isEmpty && strategy.steps.unmet.isEmpty
    )
    #expect(strategy.cluster.cluster.nodes.map(\.capacity) == [3, 0, nil])
    let less = try found.strategy(of: cluster(capacities: [0, nil, nil]), to: map([(0, [2]), (0, [1])]))
    #expect(less.cluster.cluster.nodes[0].capacity == 0)
  }

  /// The target leaves it to nobody: its last copies stay, and somebody leads.
  @Test func lastCopiesGoOn() throws {
    let slaves: [[Holding]?] = [[held(1, AgentHand.master, [])], [held(0, AgentHand.slave)], []]
    let strategy = try survey(slaves).strategy(of: cluster(), to: map([(nil, []), (0, [2])]))
    #expect(rows(strategy.current)[0] == [nil, 1] && rows(strategy.target) == [[1, nil], [0, 2]])
    #expect(strategy.steps.unmet.map(\.partition.int) == [0])
    // Who leads leads on.
    let led: [[Holding]?] = [
      [held(1, AgentHand.master, [])], [held(0, AgentHand.master, [2])], [held(0, AgentHand.slave)],
    ]
    let other = try survey(led).strategy(of: cluster(), to: map([(nil, []), (0, [2])]))
    #expect(rows(other.target) == [[1, 2], [0, 2]])
    // Where nobody has anything there is nothing to keep.
    let none: [[Holding]?] = [[held(1, AgentHand.master, [])], [], []]
    let empty = try survey(none, hadHolders: false).strategy(of: cluster(), to: map([(nil, []), (0, [2])]))
    #expect(rows(empty.target) == [[nil, nil], [0, 2]] && empty.steps.unmet.isEmpty)
  }

  // MARK: The beginning

  @Test func recordsAtTheBeginning() throws {
    let cluster = try cluster()
    let beginning = Beginning(cluster, map: try map([(0, [1]), (nil, [2])]), revision: 5)
    #expect(
      beginning.hadHolders == [true, true] && beginning.revision == 5
        && beginning.journal.inForce == MapStamp(revision: 5, digest: 0))
    let records = beginning.records()
    #expect(records.map(\.node.int) == [0, 1, 2] && records.map(\.partition.int) == [0, 0, 1])
    #expect(records[0].record == Record(state: AgentHand.master, term: 5, leadsWith: [NodeIndex(1)]))
    #expect(records[1].record == Record(state: AgentHand.slave, term: 5, leadsWith: nil))
    #expect(
      beginning.records(of: NodeIndex(2)).map(\.partition.int) == [1] && beginning.records(of: NodeIndex(1)).count == 1)
    #expect(
      Beginning(cluster, map: nil, revision: 0).revision == 1
        && Beginning(cluster, map: nil, revision: .max).revision == 1 << 62)
    #expect(
      Beginning(cluster, map: nil, revision: 7).hadHolders == [false, false]
        && Beginning(cluster, map: nil, revision: 7).records().isEmpty)
    // A map of fewer partitions, or of nodes that are gone.
    #expect(Beginning(cluster, map: try map([(0, [1])]), revision: 1).hadHolders == [true, false])
    let gone = Beginning(cluster, map: try map([(3, [1]), (4, [])]), revision: 1)
    #expect(gone.hadHolders == [true, false] && gone.records().map(\.node.int) == [1])
  }
}
