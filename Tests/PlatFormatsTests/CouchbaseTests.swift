import PlatEngine
import TestSupport
import Testing

@testable import PlatFormats

@Suite struct CouchbaseTests {
  // MARK: round trips

  @Test(arguments: ["couchbase-3-nodes-1024", "couchbase-1-node-unfilled-replicas"])
  func realConfigurationComesBack(_ name: String) throws {
    let original = try resource(name)
    let imported = try CouchbaseImport.read(original)
    #expect(imported.warnings.isEmpty)
    let expected = try JSONTree(parsing: original)
    #expect(try exported(imported.document) == expected)
    #expect(imported.document.map?.header.revision == UInt64(name.contains("1024") ? 1073 : 17))
  }

  @Test func membersAndRowsOfAllKindsComeBack() throws {
    let text = configuration(
      servers: ["a:1", "b:1", "c:1"], replicas: 2,
      rows: "[[0,1,2],[-1,-1,-1],[-1,2,-1],[2,-1,0],[1],[1,0]]", forward: "[[1,2,0],[0,1,2],[0,2,1],[2,1,0],[1],[1,0]]",
      more: #""unknown": {"a": [1.50, "\u00e9 \" ", null], "deep": [[{}]]},"#)
    let imported = try CouchbaseImport.read(source(text))
    #expect(imported.warnings == ["vBucketMapForward is kept, but planning starts from vBucketMap"])
    #expect(try exported(imported.document) == JSONTree(text))
  }

  @Test func randomConfigurationsComeBack() throws {
    forAllSeeds(0..<200) { seed in
      var random = SplitMix64(seed: seed)
      let servers = random.among(1...6)
      let width = random.among(1...4)
      let rows = (0..<random.among(1...40)).map { _ in
        let nodes = random.shuffled(Array(0..<max(servers, width)))
        let row = (0..<width).map { nodes[$0] < servers && random.chance(5, 6) ? nodes[$0] : -1 }
        return "\(row)"
      }
      let text = configuration(
        servers: (0..<servers).map { "n\($0):11210" }, replicas: width - 1, rows: "[\(rows.joined(separator: ","))]",
        groups: random.chance(1, 2) ? (0..<servers).map { _ in "g\(random.below(3))" } : nil)
      let document = try CouchbaseImport.read(source(text)).document
      try document.cluster.validate()
      try holds(try exported(document) == JSONTree(text), text)
    }
  }

  // MARK: what the import makes

  @Test func clusterOfARealConfiguration() throws {
    let document = try CouchbaseImport.read(try resource("couchbase-3-nodes-1024")).document
    let cluster = document.cluster
    #expect(cluster.nodes.map(\.name) == ["172.17.0.2:11210", "172.17.0.3:11210", "172.17.0.4:11210"])
    #expect(cluster.settings.keyFunction == .crc32VBucket)
    #expect(cluster.settings.partitionCount == 1024)
    #expect(cluster.settings.constraints == [1, 1, 0, 0])
    #expect(cluster.levels.isEmpty && cluster.settings.placement.isEmpty)
    let report = try Judge.judge(DenseCluster(cluster), map: document.map!.placement, from: nil)
    #expect(report.health == .green)
    #expect(report.total?.least == 682 && report.total?.greatest == 684)
  }

  @Test func nobodyIsNoReplica() throws {
    let document = try CouchbaseImport.read(try resource("couchbase-1-node-unfilled-replicas")).document
    #expect(document.map?.placement.holders(of: 0, inState: 0) == [NodeIndex(0)])
    #expect(document.map?.placement.holders(of: 0, inState: 1) == [])
    #expect(document.cluster.settings.constraints == [1, 1, 0, 0])
  }

  @Test func serverGroupsBecomeZones() throws {
    let text = configuration(
      servers: ["a:1", "b:1", "c:1", "d:1"], replicas: 1, rows: "[[0,1],[2,3],[1,2],[3,0]]",
      groups: ["east", "west", "east", "west"])
    let document = try CouchbaseImport.read(source(text)).document
    let cluster = document.cluster
    try cluster.validate()
    #expect(cluster.levels == ["zone"])
    #expect(cluster.containers.map(\.name) == ["east", "west"])
    #expect(cluster.nodes.map(\.name) == ["a:1", "c:1", "b:1", "d:1"])
    let rule = PlacementRule(states: [0, 1], level: 0, demand: .atMost(1), strength: .hard)
    #expect(cluster.settings.placement == [rule])
    #expect(document.map?.placement.rows[1] == [[1], [3], [], []])
    #expect(try exported(document) == JSONTree(text))
    let soft = try CouchbaseImport.read(source(text), rule: .soft).document.cluster
    #expect(soft.settings.placement.map(\.strength) == [.soft])
    #expect(try CouchbaseImport.read(source(text), rule: .none).document.cluster.settings.placement.isEmpty)
  }

  @Test func ruleIsSoftWithFewerGroupsThanCopiesAndNoneWithOne() throws {
    func rules(_ groups: [String]) throws -> [PlacementRule] {
      let text = configuration(servers: ["a:1", "b:1", "c:1"], replicas: 2, rows: "[[0,1,2]]", groups: groups)
      return try CouchbaseImport.read(source(text)).document.cluster.settings.placement
    }
    #expect(try rules(["x", "y", "x"]).map(\.strength) == [.soft])
    #expect(try rules(["x", "y", "z"]).map(\.strength) == [.hard])
    #expect(try rules(["x", "x", "x"]).isEmpty)
  }

  @Test func groupsAreFoundByHostPortAndPlace() throws {
    let map = """
      "vBucketServerMap": {"numReplicas": 0, "serverList": ["h:11", "h:12", "[::1]:11210", "$HOST:9"],
        "vBucketMap": [[0],[1],[2],[3]]}
      """
    let nodes = """
      [{"hostname": "h", "services": {"mgmt": 1}, "serverGroup": "none of these"},
       {"hostname": "h", "services": {"kv": 12}, "serverGroup": "second"},
       {"hostname": "h", "services": {"kv": 11}, "serverGroup": "first"},
       {"hostname": "::1", "services": {"kv": 11210}, "serverGroup": "third"},
       {"services": {"kv": 9}, "serverGroup": "fourth"}]
      """
    let cluster = try CouchbaseImport.read(source("{\"nodesExt\": \(nodes), \(map)}")).document.cluster
    #expect(cluster.containers.map(\.name) == ["first", "second", "third", "fourth"])
    let untold = try CouchbaseImport.read(source(#"{"nodes": [{"hostname": "h:8091", "serverGroup": "g"}], \#(map)}"#))
    #expect(untold.document.cluster.containers.map(\.name) == ["g", "(none)"])
    #expect(untold.warnings.count == 2)
  }

  // MARK: what the export writes

  @Test func oldReplicasKeepTheirPlaces() throws {
    let text = configuration(servers: ["a:1", "b:1", "c:1", "d:1"], replicas: 2, rows: "[[0,1,2],[1,-1,3]]")
    var document = try CouchbaseImport.read(source(text)).document
    document.map?.placement = PlacementMap.make([[[0], [2, 3], [], []], [[1], [3, 0], [], []]], least: [1, 2, 0, 0])
    #expect(try exported(document)["vBucketServerMap"]["vBucketMap"] == JSONTree("[[0,3,2],[1,0,3]]"))
  }

  @Test func fewerOrMoreReplicasAskedFor() throws {
    let text = configuration(servers: ["a:1", "b:1", "c:1"], replicas: 1, rows: "[[0,1],[1,2]]")
    var document = try CouchbaseImport.read(source(text)).document
    document.cluster.settings.constraints[1] = 2
    let map = try exported(document)["vBucketServerMap"]
    #expect(map["numReplicas"] == .number("2"))
    #expect(map["vBucketMap"] == JSONTree("[[0,1,-1],[1,2,-1]]"))
  }

  @Test func mapOfAnotherOriginIsWrittenAlone() throws {
    var cluster = Cluster(settings: Settings(keyFunction: .crc32VBucket, partitionCount: 2), nodes: [])
    cluster.nodes = [Node(name: "x:1"), Node(name: "y:1")]
    let map = PlacementMap.make([[[0], [1], [], []], [[1], [], [], []]], least: [1, 1, 0, 0])
    let document = ClusterDocument(
      cluster: cluster, map: MapDocument(header: MapHeader(kind: .current, revision: 0), placement: map))
    let expected = """
      {"vBucketServerMap": {"hashAlgorithm": "CRC", "numReplicas": 1, "serverList": ["x:1", "y:1"],
       "vBucketMap": [[0,1],[1,-1]]}}
      """
    #expect(try exported(document) == JSONTree(expected))
  }

  @Test func mapsThatTheFormCannotHoldAreRefused() throws {
    var document = try CouchbaseImport.read(try resource("couchbase-3-nodes-1024")).document
    document.cluster.settings.keyFunction = .crc32
    #expect(throws: InputError.self) { try exported(document) }
    document.cluster.settings.keyFunction = .crc32VBucket
    document.map?.placement = PlacementMap.make([[[0, 1], [], [], []]], least: [2, 0, 0, 0])
    #expect(throws: InputError.self) { try exported(document) }
  }

  // MARK: the whole way

  /// One node leaves, two come: as few moves as the bound, and a forward map that clients can follow.
  @Test func nextMapOfARealCluster() throws {
    let original = try resource("couchbase-3-nodes-1024")
    var document = try CouchbaseImport.read(original).document
    document.cluster.nodes[1].status = .leaving
    document.cluster.nodes += [Node(name: "172.17.0.5:11210"), Node(name: "172.17.0.6:11210")]
    let dense = try DenseCluster(document.cluster)
    let plan = try Planner.plan(dense, from: document.map!.placement)
    let report = try Judge.judge(dense, map: plan.target, from: document.map!.placement)
    #expect(report.moves == plan.movesLowerBound)
    #expect(report.meetsHardRules && report.isBalanced && report.health == .green)

    let header = MapHeader(kind: .target, revision: 1074, basedOn: 1073)
    let target = NamedMap(MapDocument(header: header, placement: plan.target), of: document.cluster)
    let exported = try written(target)
    let map = exported["vBucketServerMap"]
    #expect(map["vBucketMap"] == JSONTree(original.text)["vBucketServerMap"]["vBucketMap"])
    #expect(map["serverList"].elements.count == 5)
    let forward = map["vBucketMapForward"].elements.map { $0.elements.map(\.integer) }
    #expect(forward.count == 1024)
    #expect(forward.allSatisfy { $0.count == 2 && $0[0] != $0[1] && $0.allSatisfy([0, 2, 3, 4].contains) })
    for (vBucket, row) in forward.enumerated() {
      let names = plan.target.rows[vBucket].joined().map { JSONTree.string(document.cluster.nodes[$0].name) }
      #expect(row.map { map["serverList"].elements[$0] } == names)
    }
    // The export is a configuration like any other.
    let again = try CouchbaseImport.read(source(try exported.written(.compact)))
    #expect(again.document.cluster.nodes.count == 5)
    #expect(again.document.map!.placement.rows == document.map!.placement.rows)
  }

  @Test func nothingToDoLeavesNoForwardMap() throws {
    let text = configuration(servers: ["a:1", "b:1"], replicas: 1, rows: "[[0,1],[1,0]]", forward: "[[1,0],[1,0]]")
    let document = try CouchbaseImport.read(source(text)).document
    let header = MapHeader(kind: .target, revision: 1, basedOn: 0)
    let target = NamedMap(MapDocument(header: header, placement: document.map!.placement), of: document.cluster)
    #expect(try written(target)["vBucketServerMap"]["vBucketMapForward"] == .null)
  }
}

/// Bad input: where, what was found, what was expected.
@Suite struct CouchbaseErrorTests {
  @Test(arguments: [
    ("[]", "", "an array"),
    ("{}", "", "an object without it"),
    (#"{"vBucketServerMap": {"serverList": [], "numReplicas": 0}}"#, "vBucketServerMap", "an object without it"),
    (#"{"vBucketServerMap": {"vBucketMap": [[0]], "numReplicas": 0}}"#, "vBucketServerMap", "an object without it"),
    (configuration(servers: ["a:1"], replicas: 0, rows: "[[1]]"), "vBucketServerMap.vBucketMap[0][0]", "the server 1"),
    (
      configuration(servers: ["a:1"], replicas: 1, rows: "[[0,-1],[0,-2]]"),
      "vBucketServerMap.vBucketMap[1][1]", "the number -2"
    ),
    (
      configuration(servers: ["a:1"], replicas: 1, rows: "[[0,0]]"),
      "vBucketServerMap.vBucketMap[0][1]", "the server 0 a second time"
    ),
    (
      configuration(servers: ["a:1"], replicas: 1, rows: "[[0,0.5]]"),
      "vBucketServerMap.vBucketMap[0][1]", "the number 0.5"
    ),
    (configuration(servers: ["a:1"], replicas: 1, rows: "[[]]"), "vBucketServerMap.vBucketMap[0]", "an empty row"),
    (configuration(servers: ["a:1"], replicas: 1, rows: "[]"), "vBucketServerMap.vBucketMap", "no vBuckets"),
    (configuration(servers: ["a:1", "a:1"], replicas: 1, rows: "[[0]]"), "vBucketServerMap.serverList[1]", "\"a:1\""),
    (configuration(servers: ["a:1"], replicas: -1, rows: "[[0]]"), "vBucketServerMap.numReplicas", "the number -1"),
    (
      configuration(servers: ["a:1"], replicas: 0, rows: "[[0]]", forward: "[[3]]"),
      "vBucketServerMap.vBucketMapForward[0][0]", "the server 3"
    ),
    (#"{"vBucketServerMap": {"hashAlgorithm": "KETAMA"}}"#, "vBucketServerMap.hashAlgorithm", "\"KETAMA\""),
    (#"{"nodesExt": [{"serverGroup": 7}]}"#, "nodesExt[0].serverGroup", "the number 7"),
  ])
  func badConfiguration(_ text: String, _ path: String, _ found: String) {
    let error = #expect(throws: DocumentError.self) { try CouchbaseImport.read(source(text)) }
    #expect(error?.path == path)
    #expect(error?.found == found)
    #expect(error?.exitStatus == 65)
  }
}

private func configuration(
  servers: [String], replicas: Int, rows: String, forward: String? = nil, groups: [String]? = nil, more: String = ""
) -> String {
  let extended = (groups ?? []).enumerated().map { index, group in
    let host = servers[index].split(separator: ":")
    return #"{"hostname": "\#(host[0])", "services": {"kv": \#(host[1])}, "serverGroup": "\#(group)"}"#
  }
  return """
    {"rev": 7, \(more) "nodesExt": [\(extended.joined(separator: ", "))],
     "vBucketServerMap": {"hashAlgorithm": "CRC", "numReplicas": \(replicas), "vBucketMap": \(rows),
       \(forward.map { "\"vBucketMapForward\": \($0)," } ?? "") "serverList": \(servers)}, "name": "default"}
    """
}

private func written(_ map: NamedMap) throws -> JSONTree {
  var writer = JSONWriter()
  try CouchbaseExport.write(map, to: &writer)
  return try JSONTree(parsing: source(try writer.withBytes { Array($0) }))
}

@discardableResult private func exported(_ document: ClusterDocument) throws -> JSONTree {
  try written(try #require(NamedMap(document)))
}
