import PlatEngine
import Testing

@testable import PlatFormats

/// What exports start from: documents, without the cluster at hand.
@Suite struct ExportDocumentTests {
  private func written(_ document: ClusterDocument) throws -> DocumentSource {
    var writer = JSONWriter()
    ClusterWriter.write(document, to: &writer)
    return source(try writer.withBytes { Array($0) })
  }

  @Test func clusterDocumentCarriesAllThatAnExportNeeds() throws {
    let original = try resource("couchbase-3-nodes-1024")
    let map = try NamedMap.read(try written(CouchbaseImport.read(original).document))
    var writer = JSONWriter()
    try CouchbaseExport.write(map, to: &writer)
    #expect(JSONTree(parsed: try writer.withBytes { Array($0) }) == JSONTree(original.text))
  }

  /// Import, mark one node leaving, add two, plan, export, all of it by way of documents.
  @Test func nextMapOfARealClusterByDocuments() throws {
    let original = try resource("couchbase-3-nodes-1024")
    var document = try CouchbaseImport.read(original).document
    document.cluster.nodes[0].status = .leaving
    document.cluster.nodes += [Node(name: "172.17.0.5:11210"), Node(name: "172.17.0.6:11210")]
    document = try ClusterReader.read(try written(document))
    let dense = try DenseCluster(document.cluster)
    let planned = try Planner.plan(dense, from: document.map!.placement)
    let report = try Judge.judge(dense, map: planned.target, from: document.map!.placement)
    #expect(report.moves == planned.movesLowerBound)

    var writer = JSONWriter()
    PlanWriter.write(
      PlanDocument(planned.operation, target: planned.target, for: document), of: document.cluster, report: report,
      movesLowerBound: planned.movesLowerBound, to: &writer)
    let plan = source(try writer.withBytes { Array($0) })
    var exportWriter = JSONWriter()
    try CouchbaseExport.write(try NamedMap.read(plan), to: &exportWriter)
    let exported = JSONTree(parsed: try exportWriter.withBytes { Array($0) })["vBucketServerMap"]
    #expect(exported["vBucketMap"] == JSONTree(original.text)["vBucketServerMap"]["vBucketMap"])
    #expect(exported["serverList"].elements.count == 5)
    let forward = exported["vBucketMapForward"].elements.map { $0.elements.map(\.integer) }
    #expect(forward.count == 1024)
    #expect(forward.allSatisfy { $0.count == 2 && $0[0] != $0[1] && $0.allSatisfy((1...4).contains) })
  }

  @Test func planNamesItsNodesAsTheyCome() throws {
    let text = """
      {"plat": 1, "operation": "rebalance", "x-a": [1], "summary": {}, "findings": [],
       "map": {"type": "target", "revision": 2, "basedOn": 1, "keyFunc": "hash-crc32-vbucket",
         "partitions": {"1": {"master": ["b"], "slave": ["a", "c"]}, "0": {"slave": [], "master": ["c"]}}}}
      """
    let map = try NamedMap.read(source(text))
    #expect(map.nodeNames == ["b", "a", "c"])
    #expect(map.header == MapHeader(kind: .target, revision: 2, basedOn: 1))
    #expect(map.keyFunction == .crc32VBucket)
    #expect(map.extensions == [Extension(key: "x-a", json: Array("[1]".utf8))])
    #expect(map.placement.holders(of: 0, inState: 0) == [NodeIndex(2)])
    #expect(map.placement.holders(of: 1, inState: 1) == [NodeIndex(1), NodeIndex(2)])
  }

  @Test(arguments: [
    (#"{"plat": 1}"#, ""),
    (#"{"plat": 2, "map": {"partitions": {}}}"#, "plat"),
    (#"{"plat": 1, "maps": {}}"#, "maps"),
    (
      #"{"plat": 1, "map": {"partitions": {"0": {"master": ["a"], "slave": ["a"]}}}}"#, #"map.partitions["0"].slave[0]"#
    ),
    (#"{"plat": 1, "map": {"partitions": {"0": {"master": [1]}}}}"#, #"map.partitions["0"].master[0]"#),
    (#"{"plat": 1, "map": {"partitions": {"0": {"masters": ["a"]}}}}"#, #"map.partitions["0"].masters"#),
    (#"{"plat": 1, "map": {"partitions": {"1": {"master": ["a"]}}}}"#, #"map.partitions["1"]"#),
  ])
  func badPlan(_ text: String, _ path: String) {
    let error = #expect(throws: DocumentError.self) { try NamedMap.read(source(text)) }
    #expect(error?.path == path)
  }

  @Test func freshClusterHasNothingToExport() throws {
    let document = try Generator.make(GenerateOptions(nodes: 2, partitions: 4))
    #expect(throws: InputError.self) { try NamedMap.read(try written(document)) }
  }
}
