/// What holds of a placement in weight between stages, counted from nothing. `docs/INVARIANTS.md` has the same names.
extension Weighing {
  enum Invariant: String, CaseIterable {
    case rowsNameNodes
    case rowsHaveDistinctNodes
    case loadsAreCounts
    case weightLoadsAreSums
  }

  /// The first that does not hold; nil: all hold. O(P · R + N).
  var firstBroken: Invariant? {
    let recount = RowRecount(
      rows: rows, partitionCount: problem.partitionCount, replicas: replicas, nodeCount: problem.nodeCount)
    return Invariant.allCases.first { invariant in
      switch invariant {
      case .rowsNameNodes: !recount.nameNodes
      case .rowsHaveDistinctNodes: !recount.haveDistinctNodes
      case .loadsAreCounts: !recount.loads().enumerated().allSatisfy { Int(count.base[$0]) == $1 }
      case .weightLoadsAreSums:
        !recount.loads { weight.base[$0] }.enumerated().allSatisfy { load.base[$0] == $1 }
      }
    }
  }

  /// Stops a debug build where one does not hold after a stage.
  @inline(__always) func assertInvariants(after stage: String) {
    assert(firstBroken == nil, "\(firstBroken!.rawValue) does not hold after \(stage)")
  }
}
