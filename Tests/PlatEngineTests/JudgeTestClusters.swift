import PlatEngine

/// Small clusters for the Judge's tests: zones, in them racks of two nodes, nodes named `z0.0`, `z0.1`, `z1.0` …
struct ZoneCluster {
  var partitions = 12
  var slaves = 1
  var zones = [2, 2]
  var weights: [Int: String] = [:]
  var capacities: [Int: Int] = [:]
  var statuses: [Int: Node.Status] = [:]
  var rules: [PlacementRule] = []
  var fanOut: FanOutLimit?
  var model = StateModel.masterSlave
  var masters = 1

  static let spread = PlacementRule(states: [0, 1], level: 0, demand: .atMost(1), strength: .hard)

  func dense() throws -> DenseCluster {
    var nodes: [Node] = []
    var containers: [Container] = []
    for (zone, size) in zones.enumerated() {
      let parent = containers.count
      containers.append(Container(name: "z\(zone)", level: 0, parent: nil, nodes: nodes.count..<(nodes.count + size)))
      for first in stride(from: 0, to: size, by: 2) {
        let range = (nodes.count + first)..<(nodes.count + min(first + 2, size))
        containers.append(Container(name: "z\(zone)r\(first / 2)", level: 1, parent: parent, nodes: range))
      }
      for index in 0..<size {
        let number = nodes.count
        nodes.append(
          Node(
            name: "z\(zone).\(index)", weight: weights[number].flatMap { Quantity($0) } ?? .one,
            capacity: capacities[number], status: statuses[number] ?? .active))
      }
    }
    let settings = Settings(
      model: model, partitionCount: partitions, constraints: [masters, slaves, 0, 0], placement: rules, fanOut: fanOut)
    return try DenseCluster(Cluster(settings: settings, levels: ["zone", "rack"], containers: containers, nodes: nodes))
  }
}

/// A map from rows of `[masters, slaves, pending, dead]`.
func makeMap(_ rows: [[[Int]]]) throws -> PlacementMap {
  let counts = (0..<4).map { state in rows.map { $0.count > state ? $0[state].count : 0 }.max() ?? 0 }
  let map = try PlacementMap(partitionCount: rows.count, slotCounts: counts)
  for (partition, row) in rows.enumerated() {
    for (state, nodes) in row.enumerated() {
      for (slot, node) in zip(map.slots(ofState: state), nodes) { map.row(partition)[slot] = NodeIndex(node) }
    }
  }
  return map
}
