import Testing

@testable import PlatEngine

/// What is made of what nodes hold: who is complete, who leads, what has to be done first, and what the journal is
/// told.
@Suite struct SurveyTests {
  private let p = PartitionIndex(0)
  private let master = AgentHand.master
  private let slave = AgentHand.slave
  private let dead = AgentHand.dead

  private func holding(
    _ state: StateIndex, term: UInt64 = 3, leads followers: [Int]? = nil, keeps: [Int] = [],
    log: (UInt64, Int)? = (3, 5),
    isUnproven: Bool = false
  ) -> Holding {
    var holding = Holding(
      partition: p, state: state, term: term, isLeading: followers != nil,
      followers: (followers ?? keeps).map { $0 < 0 ? .none : NodeIndex($0) },
      log: log.map { Holding.LogEnd(lastTerm: $0, count: $1) })
    holding.isUnproven = isUnproven
    return holding
  }

  /// What came of it, in words that can be compared.
  private struct Found: Equatable {
    var rows: [String]
    var orders: [String] = []
    var roster: [Int]?
    var withheld: [Int]?
    var term: UInt64 = 9
  }

  private func name(_ state: StateIndex) -> String {
    state == .null ? "nothing" : StateModel.masterSlave.states[state.int].name
  }

  /// Of nodes 0 to 3; nil: it did not answer.
  private func survey(
    _ holdings: [[Holding]?], roster: Journal.Roster? = nil, hadHolders: Bool = true, untrusted: [Int] = [],
    unconfirmed: [Int] = [],
    born: [Int: UInt64] = [:], doubtful: [Int] = [], model: StateModel = .masterSlave
  ) -> Found {
    var journal = Journal(revision: 8, partitionCount: 1)
    if let roster { journal.setRoster(0, roster) }
    let disks = holdings.indices.map { node in
      var disk = Orchestrator.KnownDisk()
      (disk.isUntrusted, disk.isOlder) = (untrusted.contains(node), untrusted.contains(node))
      disk.state = DiskState(
        store: 1, boot: 2, confirmed: 1, isConfirmed: !unconfirmed.contains(node), born: born[node] ?? 0)
      return disk
    }
    let survey = Survey(
      revision: 9, inventories: holdings, journal: journal, rules: ExecutionRules(model), hadHolders: [hadHolders],
      isCancelled: false,
      disks: disks, doubtful: Set(doubtful.map { Survey.name(p, NodeIndex($0)) }), plant: nil)
    let orders = survey.orders.map { order in
      "\(order.kind) \(order.node.int) \(name(order.change.from)) to \(name(order.change.to)) with \(order.followers.map(\.int))"
    }
    return Found(
      rows: survey.rows[0].map { "\($0.node.int) \(name($0.state))" }, orders: orders,
      roster: survey.rosters.first?.members.map(\.int),
      withheld: survey.isWithheld[0] ? survey.withheldCopies : nil, term: survey.terms[0])
  }

  // MARK: Where somebody leads

  @Test func aLeaderAndItsFollowers() {
    let (a, b) = ([holding(master, leads: [1])], [holding(slave)])
    let all = Found(rows: ["0 master", "1 slave"], term: 3)
    #expect(survey([a, b, [], []]) == all)
    #expect(survey([a, b, [], nil]) == all, "who is lost had nothing")
    #expect(survey([a, b, [holding(dead)], []]) == Found(rows: ["0 master", "1 slave", "2 dead"], term: 3))
    #expect(
      survey([a, b, [holding(slave)], []])
        == Found(rows: ["0 master", "1 slave"], orders: ["discard 2 slave to nothing with []"], term: 3), "no follower")
    #expect(
      survey([a, nil, [], []])
        == Found(rows: ["0 master"], orders: ["lead 0 master to master with []"], roster: [0], term: 3))
    #expect(
      survey([[holding(master, leads: [1, -1])], b, [], []])
        == Found(rows: ["0 master", "1 slave"], orders: ["lead 0 master to master with [1]"], roster: [0, 1], term: 3),
      "a node that is gone")
    // Not relied on, or in doubt: it is left behind.
    let left = Found(
      rows: ["0 master"], orders: ["discard 1 slave to nothing with []", "lead 0 master to master with []"], term: 3)
    #expect(survey([a, b, [], []], untrusted: [1]) == left && survey([a, b, [], []], doubtful: [1]) == left)
  }

  @Test func aFollowerWithANewDisk() {
    let a = [holding(master, leads: [1])]
    let left = Found(rows: ["0 master"], orders: ["lead 0 master to master with []"], roster: [0], term: 3)
    #expect(survey([a, [], [], []], born: [1: 4]) == left)
    #expect(
      survey([a, [], [], []], born: [1: 3]) == Found(rows: ["0 master"], term: 3),
      "it knows of this leader, and can say that it has left")
    #expect(survey([a, [holding(slave)], [], []], born: [1: 4]) == Found(rows: ["0 master", "1 slave"], term: 3))
    #expect(survey([a, [], [], []], born: [2: 4]) == Found(rows: ["0 master"], term: 3))
  }

  @Test func aLeaderThatDidNotHearWhomItLeftBehind() {
    let a = [holding(master, leads: [1])]
    let again = Found(rows: ["0 master", "1 slave"], orders: ["lead 0 master to master with [1]"], term: 3)
    #expect(
      survey(
        [a, [holding(slave)], [], []], roster: Journal.Roster(revision: 4, members: [NodeIndex(0), NodeIndex(1)]))
        == again)
    #expect(
      survey([a, [holding(slave)], [], []], roster: Journal.Roster(revision: 3, members: [NodeIndex(0)]))
        == Found(rows: ["0 master", "1 slave"], term: 3))
    // Who is not in the journal is out of date, whatever the leader says.
    #expect(
      survey([a, [holding(slave)], [], []], roster: Journal.Roster(revision: 4, members: [NodeIndex(0)]))
        == Found(
          rows: ["0 master"], orders: ["discard 1 slave to nothing with []", "lead 0 master to master with []"], term: 3
        ))
  }

  @Test func ofTwoLeadersTheLaterOne() {
    let found = survey([
      [holding(master, leads: [1])], [holding(master, term: 5, leads: [])], [holding(slave, term: 5)], [],
    ])
    #expect(
      found
        == Found(
          rows: ["1 master"], orders: ["discard 0 master to nothing with []", "discard 2 slave to nothing with []"],
          term: 5))
    // A copy that has followed a later leader than the one that is left.
    #expect(
      survey([[holding(master, leads: [1])], [holding(slave, term: 4, log: (3, 5))], [], []])
        == Found(rows: ["1 slave"], orders: ["discard 0 master to nothing with []"], roster: [1]))
    // Who has led before does not lead beside it.
    #expect(
      survey([[holding(master, term: 5, leads: [1])], [holding(master)], [], []])
        == Found(
          rows: ["0 master"], orders: ["discard 1 master to nothing with []", "lead 0 master to master with []"],
          term: 5))
  }

  @Test func aLeaderWhoseDiskWasSetBack() {
    func found(
      _ own: (UInt64, Int)?, _ other: Holding, leads followers: [Int] = [1], isUnproven: Bool = true
    ) -> Found {
      survey([[holding(master, leads: followers, log: own, isUnproven: isUnproven)], [other], [], []])
    }
    func isLeft(_ own: (UInt64, Int)?, _ other: Holding) -> Bool { found(own, other).rows.first == "0 master" }
    let b = Found(rows: ["1 slave"], orders: ["discard 0 master to nothing with []"], roster: [1])
    #expect(found((3, 4), holding(slave)) == b)
    #expect(
      found((3, 4), holding(slave), isUnproven: false) == Found(rows: ["0 master", "1 slave"], term: 3),
      "its disk is known")
    #expect(isLeft((3, 5), holding(slave)), "as long")
    #expect(isLeft((3, 4), holding(slave, log: (2, 5))), "of an earlier term")
    #expect(isLeft(nil, holding(slave)) && isLeft((3, 4), holding(slave, log: nil)), "who does not say")
    // It leads by an order that it did with the older disk: the follower has not heard of that.
    #expect(!isLeft((1, 4), holding(slave, term: 2, log: (1, 5))))

    // A copy that it does not know has all that it had when that was made; one with less was a copy before.
    #expect(found((3, 5), holding(slave), leads: []) == b && found((3, 4), holding(slave), leads: []) == b)
    let revived = Found(rows: ["0 master"], orders: ["discard 1 slave to nothing with []"], term: 3)
    #expect(found((3, 5), holding(slave, log: (3, 4)), leads: []) == revived)
    #expect(found((3, 5), holding(slave), leads: [], isUnproven: false) == revived)
  }

  /// It led before in the same revision, and its disk was set back to that.
  @Test func aLeaderBeforeAnotherOfItsRevision() {
    let later = [holding(master, leads: [])]
    func found(_ followers: [Int], log: (UInt64, Int), isUnproven: Bool = true) -> Found {
      survey([[holding(master, leads: followers, log: log, isUnproven: isUnproven)], later, [], []])
    }
    let left = Found(rows: ["1 master"], orders: ["discard 0 master to nothing with []"], term: 3)
    #expect(found([1], log: (3, 4)) == left && found([], log: (3, 4)) == left && found([], log: (3, 5)) == left)
    #expect(found([], log: (3, 4), isUnproven: false) == left)
    // Of the longer log, whichever node that is.
    func leader(_ logs: [(UInt64, Int)], isUnproven: Bool) -> [String] {
      survey(logs.map { [holding(master, leads: [], log: $0, isUnproven: isUnproven)] } + [[], []]).rows
    }
    for isUnproven in [false, true] {
      #expect(leader([(3, 4), (3, 5)], isUnproven: isUnproven) == ["1 master"])
      #expect(leader([(3, 5), (3, 4)], isUnproven: isUnproven) == ["0 master"])
      #expect(leader([(3, 5), (3, 5)], isUnproven: isUnproven) == ["0 master"], "of two the first")
    }
    let (old, new) = (holding(master, leads: [], log: (3, 9)), holding(master, term: 5, leads: [], log: (3, 4)))
    #expect(Survey.isEarlier((NodeIndex(0), old), (NodeIndex(1), new)), "by its term first")
    #expect(!Survey.isEarlier((NodeIndex(1), new), (NodeIndex(0), old)))
    // Of two one is the earlier, in whatever order they are looked at.
    for (first, second) in [((3, 4), (3, 5)), ((3, 5), (3, 4)), ((3, 5), (3, 5))] as [((UInt64, Int), (UInt64, Int))] {
      let (a, b) = (holding(master, leads: [], log: first), holding(master, leads: [], log: second))
      let isEarlier = Survey.isEarlier((NodeIndex(0), a), (NodeIndex(1), b))
      #expect(isEarlier == (first < second) && Survey.isEarlier((NodeIndex(1), b), (NodeIndex(0), a)) == !isEarlier)
    }
  }

  /// It would obey the leader before: it is told first.
  @Test func aFollowerThatMayHaveForgottenItsLeader() {
    let a = [holding(master, term: 5, leads: [1, 2], log: (3, 5))]
    func found(_ term: UInt64, isUnproven: Bool) -> Found {
      survey([a, [holding(slave, term: term, isUnproven: isUnproven)], [holding(slave, term: 5)], []])
    }
    let rows = ["0 master", "1 slave", "2 slave"]
    #expect(found(3, isUnproven: true) == Found(rows: rows, orders: ["set 1 slave to slave with []"], term: 5))
    #expect(
      found(5, isUnproven: true) == Found(rows: rows, term: 5)
        && found(3, isUnproven: false) == Found(rows: rows, term: 5))
  }

  // MARK: Where nobody leads

  @Test func theLongestLogLeads() {
    func slaves(_ logs: [(UInt64, Int)?]) -> Found { survey(logs.map { [holding(slave, log: $0)] } + [[]]) }
    #expect(
      slaves([(3, 4), (3, 5), (2, 9)])
        == Found(
          rows: ["0 slave", "1 master", "2 slave"], orders: ["lead 1 slave to master with [0, 2]"]))
    #expect(slaves([(3, 5), (3, 4), (3, 5)]).rows == ["0 master", "1 slave", "2 slave"], "of two the first")
    #expect(
      slaves([(3, 5), (3, 5), (3, 5)]) == Found(rows: ["0 slave", "1 slave", "2 slave"]), "whoever is planned to")
    #expect(slaves([(3, 4), (3, 5), nil]).rows == ["0 slave", "1 slave", "2 slave"], "not all say")
    // Who has led leads again, but not with less than another.
    #expect(
      survey([[holding(slave)], [holding(master)], [], []])
        == Found(rows: ["0 slave", "1 master"], orders: ["lead 1 master to master with [0]"]))
    #expect(
      survey([[holding(slave)], [holding(master, log: (3, 4))], [], []])
        == Found(
          rows: ["0 master"], orders: ["discard 1 master to nothing with []", "lead 0 slave to master with []"],
          roster: [0]))
    // What others may have is written down: who is complete.
    #expect(survey([[holding(slave)], nil, [], []]) == Found(rows: ["0 slave"], roster: [0]))
  }

  @Test func whoHandedOverTakesItBack() {
    let keeps = [holding(dead, keeps: [1, 2])]
    #expect(
      survey([keeps, nil, [], []]) == Found(rows: ["0 master"], orders: ["lead 0 dead to master with []"], roster: [0]))
    #expect(
      survey([keeps, [holding(dead, term: 4, keeps: [2])], nil, []])
        == Found(
          rows: ["1 master"], orders: ["discard 0 dead to nothing with []", "lead 1 dead to master with []"],
          roster: [1]))
    #expect(
      survey([keeps, [holding(dead, keeps: [2])], nil, []]).rows == ["0 master"], "of two the first")
    #expect(
      survey([keeps, [holding(dead)], nil, []], untrusted: [0]) == Found(rows: ["1 dead"], withheld: [0, 0, 0, 0]),
      "it is not relied on")
    // The successor has all, or less: then it was set back.
    #expect(
      survey([keeps, [holding(slave)], [], []])
        == Found(rows: ["1 slave"], orders: ["discard 0 dead to nothing with []"], roster: [1]))
    #expect(
      survey([keeps, [holding(slave, log: (3, 4))], [], []])
        == Found(rows: ["0 master", "1 slave"], orders: ["lead 0 dead to master with [1]"]))
    // The successor leads: what was handed over goes.
    #expect(
      survey([keeps, [holding(master, term: 4, leads: [0])], [], []])
        == Found(
          rows: ["1 master"], orders: ["discard 0 dead to nothing with []", "lead 1 master to master with []"],
          roster: [1], term: 4))
  }

  @Test func whatIsWithheld() {
    #expect(survey([[], [], [], []]) == Found(rows: [], withheld: [0, 0, 0, 0]))
    #expect(survey([[], [], [], []], hadHolders: false) == Found(rows: []), "nobody has had it")
    #expect(survey([[], [], [], nil], hadHolders: false) == Found(rows: [], withheld: [0, 0, 0, 0]))
    let old = Journal.Roster(revision: 7, members: [NodeIndex(3)])
    #expect(
      survey([[holding(slave)], [holding(master)], [holding(dead)], nil], roster: old)
        == Found(rows: ["2 dead"], withheld: [1, 1, 0, 0]))
    #expect(
      survey([[holding(slave)], [], [], []], roster: old, hadHolders: false) == Found(rows: [], withheld: [1, 0, 0, 0]))
  }

  /// Nobody has a copy that counts: none waits for one that is lost.
  @Test func whoHasNothingWaitsForNobody() {
    func isUnproven(_ holdings: [Holding]) -> [Bool] {
      Survey(
        revision: 9, inventories: [holdings, nil], journal: Journal(revision: 8, partitionCount: 1),
        rules: ExecutionRules(.masterSlave), hadHolders: [true], isCancelled: false, plant: nil,
        mayHold: { _, _ in true }
      ).isUnproven
    }
    #expect(isUnproven([]) == [false] && isUnproven([holding(slave)]) == [false])
    #expect(isUnproven([holding(slave, isUnproven: true)]) == [true])
  }

  @Test func severalMasters() {
    func several(_ untrusted: [Int]) -> Found {
      survey(
        [[holding(master, log: nil)], [holding(master, term: 1, log: nil)], [], nil], untrusted: untrusted,
        model: .multiMaster)
    }
    #expect(several([]) == Found(rows: ["0 master", "1 master"]))
    #expect(several([1]) == Found(rows: ["0 master"], orders: ["discard 1 master to nothing with []"]))
  }

  @Test func partitionsThatAreGone() {
    var beyond = holding(slave)
    beyond.partition = PartitionIndex(1)
    #expect(survey([[holding(master, leads: [])], [beyond], [], []]) == Found(rows: ["0 master"], term: 3))
  }
}
