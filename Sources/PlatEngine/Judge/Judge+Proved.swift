extension Judge {
  /// `windows`: in which loads lie by weight; nil: what is not a matter of balance needs none. Costs as `movesBound`
  /// and `weightBound`.
  public static func proved(
    _ cluster: DenseCluster, map: PlacementMap, from current: PlacementMap?, prices: [Int32], windows: WeightWindows?,
    interrupt: Interrupt? = nil
  ) throws(PlatError) -> ProvedBound {
    guard let weights = cluster.partitionWeights else {
      func bound(_ prices: [Int32]) throws(PlatError) -> Int {
        try movesBound(cluster, map: map, from: current, prices: prices, interrupt: interrupt)
      }
      // Prices come from planning without the rules that name places: then no price at all may prove more.
      let priced = try bound(prices)
      return ProvedBound(moves: cluster.cluster.settings.hasPlaces ? max(priced, try bound([])) : priced)
    }
    let all = WeightWindows(
      least: cluster.status.map { _ in 0 }, most: cluster.status.map { _ in weights.total }, unit: weights.unit)
    let bound = try weightBound(
      cluster, weights, map: map, from: current, prices: prices, windows: windows ?? all, interrupt: interrupt)
    return ProvedBound(moves: bound.moves, weight: weights.exact(bound.weight))
  }

  /// What all maps of a group need together. `each`: what is proved of every map; sums may ask for more than the maps
  /// do. Costs as `movesTogether`, or `sumBound`.
  public static func provedTogether(
    _ group: DenseGroup, maps: [PlacementMap], from currents: [PlacementMap?], prices: [[Int32]],
    windows: [WeightWindows?], each: [ProvedBound], interrupt: Interrupt? = nil
  ) throws(PlatError) -> ProvedBound {
    guard let weights = group.weights else {
      return ProvedBound(moves: try movesTogether(group, each: each.map(\.moves), maps: maps, from: currents))
    }
    var bound = ProvedBound(weight: .zero)
    var weight = Rational.zero
    for (map, one) in each.enumerated() {
      bound.moves += one.moves
      weight = weight + (one.weight ?? Rational(one.moves) * weights.of[map].unit)
    }
    let ofSums = try sumBound(
      group, weights, maps: maps, from: currents, prices: prices, windows: windows, interrupt: interrupt)
    bound.weight = ofSums.map { max(weight, weights.exact($0)) } ?? weight
    return bound
  }
}
