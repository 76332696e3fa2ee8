/// States of several maps in weight: two holders of a partition change places where that brings sums nearer to what they are due,
/// and takes no map farther from its own balance. No data moves.
///
///     sums   a  master ▓▓▓▓▓ slave ▓▓        p of some map: master a → b, slave b → a
///            b  master ▓▓    slave ▓▓▓▓▓
struct WeightedSumRoles {
  private let sums: WeightSums
  private let cluster: DenseCluster
  private let weights: PartitionWeights
  private let scale: Int
  private let map: Int

  private static let passes = 8

  /// Maps with rules about single states, with states that hold no data, or with a limit on peers are left as they are.
  /// `isAtRest`: a map's target stays when it is planned by itself; others are undone. O(Σ P · R²) and a plan of each map that
  /// changes for each pass, 8 at most, and nothing where all sums are well.
  static func run(
    _ sums: WeightSums, _ group: DenseGroup, _ weights: GroupWeights, _ targets: [PlacementMap], from currents: [PlacementMap?],
    _ stands: inout [WeightSums.Stand], _ interrupt: Interrupt?, isAtRest: (Int) throws(PlatError) -> Bool
  ) throws(PlatError) {
    for _ in 0..<passes {
      var isChanged = false
      for (map, cluster) in group.clusters.enumerated() where weights.scale[map] > 0 && cluster.mayChangeRoles {
        if interrupt?.isRequested == true { throw .cancelled }
        var windows = sums.windows(stands)
        guard windows.outside.of > 0 else { return }
        let roles = WeightedSumRoles(
          sums: sums, cluster: cluster, weights: weights.of[map], scale: weights.scale[map], map: map)
        let before = stands[map]
        let swaps = roles.swapAll(targets[map], &stands[map], &windows)
        guard !swaps.isEmpty else { continue }
        // Dues follow from who holds the heaviest in each state: what was estimated is counted.
        let after = try sums.stand(map, targets[map], from: currents[map])
        if after.outside <= before.outside, try isAtRest(map) {
          (stands[map], isChanged) = (after, true)
        } else {
          for (partition, a, b) in swaps.reversed() { targets[map].row(partition).swap(a, b) }
          stands[map] = before
        }
      }
      guard isChanged else { return }
    }
  }

  private func swapAll(
    _ target: PlacementMap, _ stand: inout WeightSums.Stand, _ windows: inout WeightSums.Windows
  ) -> [(partition: Int, a: Int, b: Int)] {
    var swaps: [(partition: Int, a: Int, b: Int)] = []
    let states = cluster.dataWanted.indices.filter { cluster.dataWanted[$0] > 0 }
    for (index, upper) in states.enumerated() {
      for lower in states[(index + 1)...] {
        guard let (p, q) = places(upper, lower) else { continue }
        for partition in 0..<target.partitionCount {
          let weight = weights.of[partition] * scale
          guard weight > 0 else { continue }
          let row = target.row(partition)
          for a in target.slots(ofState: upper) where row[a] != .none {
            for b in target.slots(ofState: lower) where row[b] != .none {
              let (x, y) = (row[a].int, row[b].int)
              guard cluster.status[y] == .active, cluster.status[x] == .active else { continue }
              let changes = [(p, x, -weight), (p, y, weight), (q, x, weight), (q, y, -weight)]
              guard windows.spares(changes) > 0, stand.spares(changes) >= 0 else { continue }
              windows.add(changes)
              stand.add(changes)
              row.swap(a, b)
              swaps.append((partition, a, b))
            }
          }
        }
      }
    }
    return swaps
  }

  private func places(_ upper: Int, _ lower: Int) -> (Int, Int)? {
    guard let p = sums.place(of: upper, in: map), let q = sums.place(of: lower, in: map), p != q else { return nil }
    return (p, q)
  }
}

extension DenseCluster {
  fileprivate var mayChangeRoles: Bool {
    wanted == dataWanted && cluster.settings.fanOut == nil
      && cluster.settings.placement.allSatisfy { rule in
        guard case .atMost = rule.demand else { return false }
        return dataWanted.indices.allSatisfy { dataWanted[$0] == 0 || rule.states.contains($0) }
      }
  }
}
