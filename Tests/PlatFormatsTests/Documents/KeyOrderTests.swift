import PlatEngine
import TestSupport
import Testing

@testable import PlatFormats

/// The order of keys in a document means nothing, but for that of the tree.
@Suite struct KeyOrderTests {
  @Test func anyOrderOfKeysGivesTheSamePlan() {
    forAllSeeds(0..<300) { seed in
      let (cluster, current) = RandomCluster.make(seed: seed)
      let map = current.map { MapDocument(header: MapHeader(kind: .current, revision: seed), placement: $0) }
      let text = try written(ClusterDocument(cluster: cluster, map: map))
      var random = SplitMix64(seed: seed)
      // Without a tree, nodes stand in the order of their keys.
      let ordered = cluster.levels.isEmpty ? ["containers", "nodes"] : ["containers"]
      let shuffled = try JSONTree(parsing: source(text)).shuffled(&random, except: ordered).written(.compact)
      let plans = try [Array(text.utf8), shuffled].map { try planned(ClusterReader.read(source($0))) }
      try holds(plans[0] == plans[1], "another plan for\n\(String(decoding: shuffled, as: UTF8.self))")
    }
  }

  /// The plan document, byte for byte.
  private func planned(_ document: ClusterDocument) throws -> [UInt8] {
    let cluster = try DenseCluster(document.cluster)
    let current = document.map?.placement
    let plan = try Planner.plan(cluster, from: current)
    let report = try Judge.judge(cluster, map: plan.target, from: current)
    var writer = JSONWriter()
    PlanWriter.write(
      PlanDocument(plan.operation, target: plan.target, for: document), of: document.cluster, report: report,
      movesLowerBound: plan.movesLowerBound, to: &writer)
    return try writer.withBytes { Array($0) }
  }
}

extension JSONTree {
  /// The members of every object in another order, but for what stands under the keys `except`.
  fileprivate func shuffled(_ random: inout SplitMix64, except: [String]) -> JSONTree {
    switch self {
    case .object(let members):
      var result: [Member] = []
      for member in random.shuffled(members) {
        let value = except.contains(member.key) ? member.value : member.value.shuffled(&random, except: except)
        result.append(Member(key: member.key, value: value))
      }
      return .object(result)
    case .array(let elements):
      var result: [JSONTree] = []
      for element in elements { result.append(element.shuffled(&random, except: except)) }
      return .array(result)
    default: return self
    }
  }
}
