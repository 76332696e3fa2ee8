import PlatEngine
import TestSupport
import Testing

/// Transition tables: the built-in ones, those that models have by themselves, and what is refused.
@Suite struct TransitionTests {
  private let master = 0, slave = 1, pending = 2, dead = 3

  @Test func aloneAMasterDiesAndIsMadeAsASlave() {
    for model in StateModel.all {
      #expect(model.alone.path(from: master, to: dead) == [slave, dead])
      #expect(model.alone.path(from: master, to: nil) == [slave, dead, nil])
      #expect(model.alone.path(from: dead, to: master) == [slave, master])
      #expect(model.alone.path(from: nil, to: master) == [dead, slave, master])
      #expect(model.alone.path(from: slave, to: nil) == [dead, nil])
      #expect(model.alone.path(from: slave, to: slave) == [])
    }
  }

  @Test func inATakeoverTheOldMasterIsDeadAtOnce() {
    for model in StateModel.all {
      #expect(model.takeover.path(from: master, to: dead) == [dead])
      #expect(model.takeover.path(from: master, to: slave) == [dead, slave])
      #expect(model.takeover.path(from: slave, to: master) == [master])
      #expect(model.takeover.path(from: nil, to: master) == [dead, slave, master])
    }
  }

  @Test func pendingStandsBesideTheWayToMaster() {
    for table in [StateModel.masterSlave.alone, StateModel.masterSlave.takeover] {
      #expect(table.path(from: slave, to: pending) == [pending])
      #expect(table.path(from: pending, to: master) == [master])
      #expect(table.path(from: pending, to: slave) == [slave])
      for from in table.all {
        for to in table.all where from != pending && to != pending {
          #expect(!table.path(from: from, to: to)!.contains(pending))
        }
      }
    }
  }

  /// But for the direct ways between pending and master, the built-in tables are what such states have by themselves.
  @Test func builtInTablesAreTheStandardOnes() {
    let model = StateModel.masterSlave
    let plain = StateModel(name: "plain", states: model.states)
    for from in model.alone.all {
      for to in model.alone.all where from != pending && to != pending {
        #expect(model.alone[from, to] == plain.alone[from, to], "alone \(from as Any) \(to as Any)")
        #expect(model.takeover[from, to] == plain.takeover[from, to], "takeover \(from as Any) \(to as Any)")
      }
    }
  }

  /// Any states at all: every one can be reached, by itself and in a takeover, and nobody meets who must not.
  @Test func standardTablesAlwaysHold() {
    forAllSeeds(0..<1500) { seed in
      let model = randomModel(seed)
      do throws(InputError) { try model.validate() } catch { throw PropertyFailure("\(error)\n\(model)") }
      for table in [model.alone, model.takeover] { try checkPlainly(table, model, true) }
    }
  }

  /// One entry changed: validation says what a plain look at all ways says.
  @Test func validationIsAPlainLookAtAllWays() {
    var (refused, accepted) = (0, 0)
    forAllSeeds(0..<1500) { seed in
      var model = randomModel(seed)
      var random = SplitMix64(seed: seed ^ 0x5eed)
      let isTakeover = random.chance(1, 2)
      var table = isTakeover ? model.takeover : model.alone
      for _ in 0...random.below(3) { table[random.pick(table.all), random.pick(table.all)] = random.pick(table.all) }
      if isTakeover { model.takeover = table } else { model.alone = table }
      var error: InputError?
      do throws(InputError) { try model.validate() } catch let thrown { error = thrown }
      try checkPlainly(table, model, error == nil, isTakeover: isTakeover)
      if let error {
        refused += 1
        try holds(error.path.hasPrefix("models.any.transitions."), "\(error)")
      } else {
        accepted += 1
      }
    }
    #expect(refused > 100 && accepted > 100, "\(refused) refused, \(accepted) accepted")
  }

  /// Walks every way, hop by hop, with another node standing in each state that the ends leave it.
  private func checkPlainly(
    _ table: TransitionTable, _ model: StateModel, _ isGood: Bool, isTakeover: Bool = false
  ) throws {
    var fault: String?
    for from in table.all {
      for to in table.all {
        var here = from
        var hops = 0
        while here != to, hops <= table.stateCount {
          here = table[here, to]
          hops += 1
          guard let via = here, here != to else { continue }
          for other in model.states.indices where model.areExclusive(via, other) {
            let ends = [from, to].compactMap { $0 }
            if isTakeover || !ends.contains(where: { model.areExclusive($0, other) }) {
              fault = "\(via) meets \(other)"
            }
          }
        }
        if here != to || hops > table.stateCount { fault = "no way from \(from as Any) to \(to as Any)" }
        if from == to, table[from, to] != from { fault = "no rest at \(from as Any)" }
      }
    }
    try holds((fault == nil) == isGood, "\(fault ?? "no fault"), but validation says \(isGood)\n\(model)\n\(table)")
  }

  private func randomModel(_ seed: UInt64) -> StateModel {
    var random = SplitMix64(seed: seed)
    let count = random.among(1...6)
    let states = (0..<count).map { index in
      StateModel.State(
        name: "s\(index)", defaultCount: 0, holdsData: index == 0 || random.chance(2, 3),
        isPlaced: index == 0 || random.chance(1, 2), serves: [],
        excludes: random.chance(1, 3) ? [random.below(count)] : [])
    }
    return StateModel(name: "any", states: states)
  }

  @Test func statesThatCannotBe() {
    func error(_ change: (inout StateModel) -> Void) -> String {
      var model = StateModel.trio
      change(&model)
      do throws(InputError) { try model.validate() } catch { return "\(error)" }
      return "accepted"
    }
    #expect(error { $0.states = [] } == "models.trio.states: found 0 states, expected 1 to 16")
    #expect(
      error { $0.states[1].name = "primary" }
        == "models.trio.states[1].name: found the state primary a second time, expected each state once")
    #expect(
      error { $0.states[1].name = "null" }.hasPrefix(
        "models.trio.states[1].name: found \"null\", expected a name other than null"))
    #expect(
      error {
        $0.states[0].isPlaced = false
        $0.states[0].defaultCount = 0
      }.hasSuffix("expected one that is placed and holds data"))
    #expect(
      error { $0.states[0].defaultCount = 2 }
        == "models.trio.states[0].count: found 2, expected at most 1 in the model trio")
    #expect(
      error { $0.states[1].defaultCount = -1 } == "models.trio.states[1].count: found -1, expected 0 to 1048576 nodes")
    #expect(
      error { $0.states[3].defaultCount = 1 }
        == "models.trio.states[3].count: found 1, expected 0: nothing is asked to stay gone")
    #expect(
      error { $0.states[1].excludes = [4] }
        == "models.trio.states[1].excludes: found [4], expected some of the model's states")
    #expect(
      error { $0.states[1].excludes = [2] }
        == "models.trio.states[2].count: found 1 standby beside secondary, expected one of them: they exclude one another in the model trio"
    )
    #expect(
      error { $0.alone = TransitionTable(stateCount: 3) }
        == "models.trio.transitions.alone: found a table of 3 states, expected one of 4")
    #expect(
      error { $0.takeover[1, 2] = 9 }
        == "models.trio.transitions.takeover.secondary.standby: found no state, expected one of the model's")
    #expect(
      error { $0.alone[1, 2] = 1 }
        == "models.trio.transitions.alone.secondary.standby: found secondary, expected a hop to another state")
    #expect(
      error { $0.alone[1, 1] = 2 }
        == "models.trio.transitions.alone.secondary.secondary: found standby, expected secondary: it is there")
    #expect(
      error { $0.alone[3, 2] = nil }.hasPrefix(
        "models.trio.transitions.alone.null.standby: found gone, from where no hops lead to standby"))
    #expect(
      error { $0.alone[3, 2] = 0 }
        == "models.trio.transitions.alone.null.standby: found a way through primary, which excludes primary, expected one on which no other node can be primary"
    )
    #expect(error { _ in } == "accepted")
  }
}
