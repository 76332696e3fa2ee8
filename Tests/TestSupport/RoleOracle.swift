import PlatEngine

/// Whether masters can be chosen so that all is balanced, as a flow: source → partition → holder → sink, where a node
/// takes as many masters as leave it within one of its due in both states.
public enum RoleOracle {
  /// For each partition its `holders`, every replica placed; rules about single states are not heeded.
  public static func canBalance(_ cluster: DenseCluster, holders: [Set<Int>], due: NaiveDue) -> Bool {
    let source = cluster.nodeCount
    let sink = source + 1
    var network = MinimumCostFlow(vertexCount: sink + 1 + holders.count)
    for node in 0..<cluster.nodeCount {
      let load = holders.count { $0.contains(node) }
      let masters = (0...load).filter { masters in
        isWithinOne(masters, due.states[0][node])
          && (cluster.wanted[1] == 0 || isWithinOne(load - masters, due.states[1][node]))
      }
      guard let least = masters.first, let most = masters.last else { return false }
      network.addArc(from: node, to: sink, bounds: least...most)
    }
    for (partition, nodes) in holders.enumerated() {
      network.addArc(from: source, to: sink + 1 + partition, bounds: 0...cluster.wanted[0])
      for node in nodes.sorted() { network.addArc(from: sink + 1 + partition, to: node, bounds: 0...1) }
    }
    return network.solve(from: source, to: sink, amount: holders.count * cluster.wanted[0]) != nil
  }

  private static func isWithinOne(_ count: Int, _ due: Rational) -> Bool {
    max(Rational(count) - due, due - Rational(count)) <= .one
  }
}
