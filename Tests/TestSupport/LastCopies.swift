import PlatEngine

/// Copies that were there before and are the only one of their partition in a map, or all of which lie on nodes that
/// should have none: where nothing may take them they stay, whatever else is said of their nodes.
public enum LastCopies {
  /// How many each node has that it might have to give up otherwise: it is not active, or holds more than it may.
  public static func staying(_ cluster: DenseCluster, _ current: PlacementMap?, _ map: PlacementMap) -> [Int] {
    let only = held(cluster, current, map)
    var loads = cluster.status.map { _ in 0 }
    for nodes in map.dataHolders(cluster.cluster.settings.model) { for node in nodes { loads[node] += 1 } }
    return only.indices.map { node in
      let hasToGo = cluster.status[node] != .active || loads[node] > cluster.capacity[node]
      return hasToGo && cluster.status[node] != .failed ? only[node] : 0
    }
  }

  /// How many each node has.
  public static func held(_ cluster: DenseCluster, _ current: PlacementMap?, _ map: PlacementMap) -> [Int] {
    let model = cluster.cluster.settings.model
    let (held, holders) = (current?.dataHolders(model) ?? [], map.dataHolders(model))
    var only = cluster.status.map { _ in 0 }
    for (partition, nodes) in holders.enumerated() {
      guard partition < held.count, nodes.isSubset(of: held[partition]) else { continue }
      // The only one, or none of them where anybody could have it.
      guard nodes.count == 1 || nodes.allSatisfy({ cluster.status[$0] != .active }) else { continue }
      for node in nodes { only[node] += 1 }
    }
    return only
  }
}
