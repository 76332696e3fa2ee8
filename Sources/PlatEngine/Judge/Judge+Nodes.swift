extension Judge.Matter {
  /// Nodes that hold more than their capacity. O(N).
  func capacity(_ holders: Judge.Holders) -> Judge.Docket {
    var docket = Judge.Docket(.capacity, .hard)
    for (node, about) in dense.cluster.nodes.enumerated() {
      guard dense.capacityPart == nil, let capacity = about.capacity, about.status.isReadable else { continue }
      let have = Int(holders.totals.base[node])
      if have > capacity { docket.add(Judge.Breach(node: node, want: capacity, have: have)) }
    }
    return docket
  }
}
