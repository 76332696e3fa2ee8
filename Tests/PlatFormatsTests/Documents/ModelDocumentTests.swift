import PlatEngine
import TestSupport
import Testing

@testable import PlatFormats

private let example = """
  {"plat": 1, "models": {
    "quorum": {
      "states": [
        {"name": "follower", "priority": 20, "count": 1, "serves": ["read"]},
        {"name": "leader", "priority": 10, "excludes": ["leader"]},
        {"name": "witness", "priority": 30, "holdsData": false, "serves": false},
        {"name": "off", "priority": 40, "holdsData": false, "placed": false}],
      "transitions": {"alone": {
        "null": {"leader": "off", "follower": "off"},
        "off": {"leader": "follower"},
        "follower": {"null": "off"},
        "leader": {"null": "follower", "off": "follower"},
        "witness": {"leader": "follower"}}}},
    "spare": {"states": [{"name": "only"}]}},
  "settings": {"model": "quorum", "numPartitions": 4, "constraints": {"follower": 2}},
  "nodes": {"a": {}, "b": {}, "c": {}, "d": {}, "e": {}}}
  """

/// `models` in cluster documents: what is read, what is taken where it is left out, what is refused.
@Suite struct ModelDocumentTests {
  @Test func everythingThatAModelSays() throws {
    let cluster = try read(example).cluster
    let model = cluster.settings.model
    #expect(model.name == "quorum" && cluster.models.map(\.name) == ["quorum", "spare"])
    #expect(model.states.map(\.name) == ["leader", "follower", "witness", "off"])
    #expect(model.states.map(\.defaultCount) == [1, 1, 1, 0])
    #expect(cluster.settings.constraints == [1, 2, 1, 0])
    #expect(model.states.map(\.holdsData) == [true, true, false, false])
    #expect(model.states.map(\.isPlaced) == [true, true, true, false])
    #expect(model.states.map(\.serves) == [.usual, .read, [], []])
    #expect(model.states.map(\.excludes) == [[0], [], [], []])
    #expect(model.alone.path(from: nil, to: 0) == [3, 1, 0])
    #expect(model.alone.path(from: 0, to: nil) == [1, 3, nil])
    #expect(model.alone.path(from: 2, to: 3) == [3])  // left out: one hop
    #expect(model.takeover == TransitionTable.standardForTests(model))
    #expect(
      cluster.models[1].states[0]
        == StateModel.State(
          name: "only", defaultCount: 1, holdsData: true, isPlaced: true, serves: .usual))
  }

  @Test func thereAndBackWithItsPlan() throws {
    let document = try read(example)
    let text = try written(document)
    #expect(try read(text).cluster == document.cluster)
    #expect(try written(read(text)) == text)

    let dense = try DenseCluster(document.cluster)
    let plan = try Planner.plan(dense, from: nil)
    let report = try Judge.judge(dense, map: plan.target, from: nil)
    #expect(report.unmet == 0)
    var placed = document
    placed.map = MapDocument(header: MapHeader(kind: .current, revision: 1), placement: plan.target)
    #expect(try read(written(placed)).map?.placement.rows == plan.target.rows)
  }

  @Test func randomModelsComeBack() {
    forAllSeeds(0..<300) { seed in
      var random = SplitMix64(seed: seed)
      let names = random.shuffled(["a", "b", "ü", "two words", "\"quoted\"", "x"])
      let count = random.among(1...names.count)
      let states = (0..<count).map { index in
        StateModel.State(
          name: names[index], defaultCount: 0, holdsData: index == 0 || random.chance(1, 2),
          isPlaced: index == 0 || random.chance(1, 2), serves: random.pick([[], .read, .write, .usual]),
          excludes: random.chance(1, 4) ? [random.below(count)] : [])
      }
      let kinds = (0..<random.below(4)).map { StateModel.RequestKind("kind \($0)", writes: random.chance(1, 2)) }
      var model = StateModel(name: random.pick(["m", "another model", "ü"]), requests: kinds, states: states)
      for state in states.indices where random.chance(1, 2) { model.states[state].serves = model.allRequests }
      var cluster = Cluster(
        settings: Settings(model: model, partitionCount: 3), nodes: [Node(name: "n")])
      cluster.config.hold = random.pick([[], .read, model.allRequests, model.writingRequests])
      if random.chance(1, 2) { cluster.models = [model, StateModel(name: "more", states: states)] }
      let text = try written(ClusterDocument(cluster: cluster))
      let back = try read(text)
      try holds(back.cluster.settings == cluster.settings, "other settings\n\(text)")
      try holds(back.cluster.config == cluster.config, "another config\n\(text)")
      try holds(back.cluster.models == (cluster.models.isEmpty ? [model] : cluster.models), "other models\n\(text)")
      try holds(try written(back) == text, "not the same bytes\n\(text)")
    }
  }

  @Test(arguments: [
    (
      #""name": "leader""#, #""name": "follower""#,
      "models.quorum.states[1].name: found the state \"follower\" a second time, expected each state once"
    ),
    (
      #""name": "leader""#, #""name": "total""#,
      "models.quorum.states[1].name: found \"total\", expected a name other than null, total, start, end, source and x-…"
    ),
    (
      #""name": "leader""#, #""nome": "leader""#,
      "models.quorum.states[1].nome: found the unknown key \"nome\", expected one of name, priority, count, holdsData, serves, excludes, placed; did you mean \"name\"?"
    ),
    (#""name": "leader", "#, "", "models.quorum.states[1]: the key \"name\" is missing"),
    (
      #""priority": 10"#, #""priority": 20"#,
      "models.quorum.states[1].priority: found the priority 20 a second time, expected each once; left out, it is the state's place"
    ),
    (
      #""priority": 10"#, #""priority": 0"#,
      "models.quorum.states[1].priority: found the number 0, expected an integer from 1 to 1048576"
    ),
    (
      #"["leader"]"#, #"["boss"]"#,
      "models.quorum.states[1].excludes[0]: found \"boss\", expected one of the states leader, follower, witness, off"
    ),
    (
      #"["leader"]"#, #"["leader", "follower"]"#,
      "models.quorum.states[1].count: found 1 follower beside leader, expected one of them: they exclude one another in the model quorum"
    ),
    (
      #"["read"]"#, #"["reed"]"#,
      "models.quorum.states[0].serves[0]: found \"reed\", expected one of read, write; did you mean \"read\"?"
    ),
    (
      #"{"states": [{"name": "only"}]}"#, #"{"requests": [{"name": "read"}], "states": [{"name": "only"}]}"#,
      "models.spare.requests[0].name: found the kind \"read\" a second time, expected each kind once; read and write are there anyway"
    ),
    (
      #"{"states": [{"name": "only"}]}"#,
      #"{"requests": [{"name": "scan"}], "states": [{"name": "only", "serves": ["scam"]}]}"#,
      "models.spare.states[0].serves[0]: found \"scam\", expected one of read, write, scan; did you mean \"scan\"?"
    ),
    (
      #"{"states": [{"name": "only"}]}"#,
      #"{"requests": [{"name": "scan", "writes": 1}], "states": [{"name": "only"}]}"#,
      "models.spare.requests[0].writes: found the number 1, expected true or false"
    ),
    (
      #"{"states": [{"name": "only"}]}"#, #"{"requests": [{"writes": true}], "states": [{"name": "only"}]}"#,
      "models.spare.requests[0]: the key \"name\" is missing"
    ),
    (
      #""count": 1"#, #""count": -1"#,
      "models.quorum.states[0].count: found the number -1, expected an integer from 0 to 1048576"
    ),
    (
      #""placed": false"#, #""count": 1, "placed": false"#,
      "models.quorum.states[3].count: found 1, expected 0: nothing is asked to stay off"
    ),
    (
      #""placed": false"#, #""placed": "no""#,
      "models.quorum.states[3].placed: found the string \"no\", expected true or false"
    ),
    (
      #""priority": 40"#, #""priority": 4"#,
      "models.quorum.states: found off as the most important state, expected one that is placed and holds data"
    ),
    (
      #""states": [{"name": "only"}]"#, #""states": []"#,
      "models.spare.states: found no state, expected at least one state"
    ),
    (
      #""states": [{"name": "only"}]"#, #""stats": [{"name": "only"}]"#,
      "models.spare.stats: found the unknown key \"stats\", expected one of requests, states, transitions; did you mean \"states\"?"
    ),
    (#""states": [{"name": "only"}]"#, "", "models.spare: the key \"states\" is missing"),
    (#""spare""#, #""quorum""#, "models.quorum: found the model \"quorum\" a second time, expected each model once"),
    (
      #""off": {"leader": "follower"}"#, #""of": {"leader": "follower"}"#,
      "models.quorum.transitions.alone.of: found the unknown key \"of\", expected one of null, leader, follower, witness, off"
    ),
    (
      #""off": {"leader": "follower"}"#, #""off": {"leader": "up"}"#,
      "models.quorum.transitions.alone.off.leader: found \"up\", expected the next state: one of null, leader, follower, witness, off"
    ),
    (
      #""off": {"leader": "follower"}"#, #""off": {"leader": "null"}"#,
      "models.quorum.transitions.alone.null.leader: found off, from where no hops lead to leader, expected a way to leader of at most 4 hops"
    ),
    (
      #""off": {"leader": "follower"}"#, #""off": {"follower": "leader"}"#,
      "models.quorum.transitions.alone.null.follower: found a way through leader, which excludes leader, expected one on which no other node can be leader"
    ),
    (
      #""model": "quorum""#, #""model": "raft""#,
      "settings.model: found \"raft\", expected one of the models masterSlave, multiMaster, quorum, spare"
    ),
    (
      #""follower": 2"#, #""leader": 2"#, "settings.constraints.leader: found 2, expected at most 1 in the model quorum"
    ),
  ])
  func refused(old: String, new: String, expected: String) {
    let message = PlatFormatsTests.message { () throws(DocumentError) in _ = try read(example.changing(old, new)) }
    #expect(message.hasSuffix(expected), "\(message)")
  }

  @Test func seventeenStates() {
    let states = (0..<17).map { #"{"name": "s\#($0)"}"# }.joined(separator: ", ")
    let message = PlatFormatsTests.message { () throws(DocumentError) in
      _ = try read(
        #"{"plat": 1, "models": {"m": {"states": [\#(states)]}}, "settings": {"numPartitions": 1}, "nodes": {"a": {}}}"#
      )
    }
    #expect(message.hasSuffix("models.m.states[16]: found state 17, expected at most 16 states"))
  }

  /// Cut short, or with a byte changed: never a trap.
  @Test func brokenModelsNeverTrap() {
    let bytes = Array(example.utf8)
    forAllSeeds(0..<3000) { seed in
      var random = SplitMix64(seed: seed)
      var broken = bytes
      for _ in 0...random.below(3) {
        switch random.below(3) {
        case 0: broken[random.below(broken.count)] = broken[random.below(broken.count)]
        case 1: broken.removeSubrange(random.below(broken.count / 2)..<(broken.count / 2 + random.below(20)))
        default:
          broken.insert(
            contentsOf: Array(random.pick(["\"off\"", "0", "{}", "null", ","]).utf8), at: random.below(broken.count))
        }
      }
      do {
        let document = try ClusterReader.read(source(broken))
        guard document.cluster.settings.partitionCount < 1000 else { return }
        let dense = try DenseCluster(document.cluster)
        _ = try Judge.judge(dense, map: Planner.plan(dense, from: nil).target, from: nil)
      } catch let error as DocumentError {
        try holds(error.line >= 1 && !error.expected.isEmpty, "\(error)")
      }
    }
  }
}

extension TransitionTable {
  /// What a model without tables has.
  fileprivate static func standardForTests(_ model: StateModel) -> TransitionTable {
    StateModel(name: model.name, states: model.states).takeover
  }
}
