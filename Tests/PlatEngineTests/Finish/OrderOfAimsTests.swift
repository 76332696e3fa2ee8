@testable import PlatEngine
import Testing
import TestSupport

/// Beside every map of tiny clusters: what is placed, in the order of aims.
@Suite struct OrderOfAimsTests {
  /// Live partitions that are covered, partitions that are led, replicas that are placed: each before the next.
  struct Aims: Comparable, CustomStringConvertible {
    var covered = 0
    var led = 0
    var placed = 0

    static func < (a: Self, b: Self) -> Bool { (a.covered, a.led, a.placed) < (b.covered, b.led, b.placed) }
    static func + (a: Self, b: Self) -> Self {
      Aims(covered: a.covered + b.covered, led: a.led + b.led, placed: a.placed + b.placed)
    }
    var description: String { "\(covered) covered, \(led) led, \(placed) placed" }
  }

  private static let shape = RandomCluster.Shape {
    $0.nodes = 1...4
    $0.partitions = 1...4
    $0.noSoftRules = true
    $0.masterSlaveOnly = true
  }

  @Test func noMapDoesBetter() throws {
    var (short, stays) = (0, 0)
    forAllSeeds(0..<500) { seed in
      var made = RandomCluster.make(seed: seed, size: .tiny, shape: Self.shape)
      var random = SplitMix64(seed: seed)
      // Shortage is the matter here: little room, and nodes that may not receive.
      for node in made.cluster.nodes.indices {
        if random.chance(1, 2) { made.cluster.nodes[node].capacity = random.among(0...3) }
        if random.chance(1, 2) { made.cluster.nodes[node].status = random.pick(Node.Status.allCases) }
        if random.chance(1, 4) { made.cluster.nodes[node].weight = .zero }
      }
      guard let cluster = try? DenseCluster(made.cluster) else { return }
      let one = try PlannedCase(cluster, made.current)
      let best = Self.best(cluster, made.current)
      let found = Self.aims(cluster, made.current, one.plan.target)
      let staying = one.staying.reduce(0, +)
      if found.placed < cluster.partitionCount * cluster.replicas { short += 1 }
      if staying > 0 { stays += 1 }
      try holds(found.covered == best.covered, "\(found), and a map has \(best)\n\(one.text)")
      // What stays for want of another place takes room that the others then lack.
      guard staying == 0 else { return }
      try holds(!(found < best), "\(found), and a map has \(best)\n\(one.text)")
      try one.checkConsistent()
    }
    #expect(short > 100 && stays > 3, "\(short) short, \(stays) stay")
  }

  /// Legal rows only; a copy that stays illegally covers nothing here.
  static func aims(_ cluster: DenseCluster, _ current: PlacementMap?, _ map: PlacementMap) -> Aims {
    let held = current?.dataHolders(cluster.cluster.settings.model) ?? []
    let staying = LastCopies.staying(cluster, current, map)
    var room = cluster.capacity
    return map.rows.enumerated().reduce(Aims()) { sum, each in
      let nodes = each.element.flatMap(\.self)
      let before = each.offset < held.count ? held[each.offset].filter { cluster.status[$0] != .failed } : []
      let only = nodes.count == 1 && before.contains(nodes[0]) && staying[nodes[0]] > 0
      // Of more than fit as many are well as do.
      if only { room[nodes[0]] -= 1 }
      let status = only ? cluster.status[nodes[0]] : .active
      let isLegal = ExhaustiveSearch.meetsHardRules(cluster, each.element)
        && (!only || room[nodes[0]] >= 0 && (status == .active || status == .maintenance && each.element[0].isEmpty))
      return sum + Aims(
        covered: !before.isEmpty && !nodes.isEmpty && isLegal ? 1 : 0,
        led: !each.element[0].isEmpty && isLegal ? 1 : 0, placed: isLegal ? nodes.count : 0)
    }
  }

  /// The best of all maps, by loads: partitions share nothing else.
  static func best(_ cluster: DenseCluster, _ current: PlacementMap?) -> Aims {
    let held = current?.dataHolders(cluster.cluster.settings.model) ?? []
    var best: [[Int]: Aims] = [cluster.status.map { _ in 0 }: Aims()]
    for partition in 0..<cluster.partitionCount {
      let before = partition < held.count ? held[partition].filter { cluster.status[$0] != .failed } : []
      var next: [[Int]: Aims] = [:]
      for (loads, aims) in best {
        for row in rows(cluster, before) {
          let nodes = row.flatMap(\.self)
          var after = loads
          for node in nodes { after[node] += 1 }
          guard after.indices.allSatisfy({ after[$0] <= cluster.capacity[$0] }) else { continue }
          let sum = aims + Aims(
            covered: before.isEmpty || nodes.isEmpty ? 0 : 1, led: row[0].isEmpty ? 0 : 1, placed: nodes.count)
          if next[after].map({ $0 < sum }) ?? true { next[after] = sum }
        }
      }
      best = next
    }
    return best.values.max() ?? Aims()
  }

  /// Every legal row of a partition, whole or not.
  private static func rows(_ cluster: DenseCluster, _ held: [Int]) -> [[[Int]]] {
    var rows: [[[Int]]] = [cluster.wanted.map { _ in [] }]
    for node in 0..<cluster.nodeCount {
      for row in rows {
        for state in cluster.wanted.indices where row[state].count < cluster.wanted[state] {
          switch cluster.status[node] {
          case .active: break
          case .maintenance where state > 0 && held.contains(node): break
          default: continue
          }
          var longer = row
          longer[state].append(node)
          rows.append(longer)
        }
      }
    }
    return rows.filter { ExhaustiveSearch.meetsHardRules(cluster, $0) }
  }
}
