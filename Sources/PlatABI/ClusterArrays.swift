import CPlat
import PlatEngine
import PlatFormats

/// Arrays of the host → a cluster. Everything is checked before it is used; what the engine checks itself (counts,
/// names that come twice, rules) is left to `Cluster.validate`.
struct ClusterArrays {
  private let arrays: plat_cluster_arrays
  private let nodeCount: Int
  private let partitionCount: Int
  private let levelCount: Int
  private let model: StateModel
  private let work: Work

  /// See `Work`. What is too much is told as such later.
  static func smallBytes(_ arrays: plat_cluster_arrays) -> Int {
    let (nodes, partitions) = (
      min(Int(arrays.node_count), Limits.nodes), min(Int(arrays.partition_count), Limits.partitions)
    )
    return ClusterHandle.smallBytes(nodes: nodes, partitions: arrays.partition_weights == nil ? 0 : partitions)
  }

  init(_ arrays: plat_cluster_arrays, _ work: Work) throws {
    self.work = work
    self.arrays = arrays
    guard arrays.flags & ~UInt32(PLAT_BORROW_MAP) == 0 else {
      throw Refusal.argument("flags", found: "\(arrays.flags)", expected: "PLAT_BORROW_MAP or 0")
    }
    switch arrays.model {
    case UInt32(PLAT_MODEL_MASTER_SLAVE): model = .masterSlave
    case UInt32(PLAT_MODEL_MULTI_MASTER): model = .multiMaster
    default: throw Refusal.argument("model", found: "\(arrays.model)", expected: "one of PLAT_MODEL_…")
    }
    try Self.check(arrays.node_count, "node_count", 0...Limits.nodes)
    try Self.check(arrays.partition_count, "partition_count", 1...Limits.partitions)
    try Self.check(arrays.level_count, "level_count", 0...Limits.levels)
    try Self.check(arrays.rule_count, "rule_count", 0...mostRules)
    nodeCount = Int(arrays.node_count)
    partitionCount = Int(arrays.partition_count)
    levelCount = Int(arrays.level_count)
  }

  func handle() throws -> ClusterHandle {
    let tree = try ContainerTree(arrays.containers, nodes: nodeCount, levels: levelCount)
    var cluster = Cluster(
      settings: try settings(), levels: try levelNames(), containers: tree.containers, nodes: try nodes(tree.order),
      ranges: try ranges(), partitionWeights: partitionWeights())
    cluster.models = []
    try work.interrupt?.throwIfRequested()
    let dense = try DenseCluster(cluster, interrupt: work.interrupt)
    try work.interrupt?.throwIfRequested()
    let numbering = tree.order.map { NodeNumbering(order: $0) }
    let document = ClusterDocument(cluster: cluster, map: try map(dense, numbering))
    return ClusterHandle(document, dense, numbering: numbering)
  }

  // MARK: Settings

  private func settings() throws -> Settings {
    var settings = Settings(model: model, partitionCount: partitionCount)
    switch arrays.key_function {
    case UInt32(PLAT_KEY_CRC32): settings.keyFunction = .crc32
    case UInt32(PLAT_KEY_CRC32_VBUCKET): settings.keyFunction = .crc32VBucket
    case UInt32(PLAT_KEY_RANGE): settings.keyFunction = .range
    default: throw Refusal.argument("key_function", found: "\(arrays.key_function)", expected: "one of PLAT_KEY_…")
    }
    if let counts = arrays.counts {
      settings.constraints = model.states.indices.map { Int(counts[$0]) }
    }
    settings.placement = try rules()
    if arrays.fan_out_strength != 0 {
      settings.fanOut = FanOutLimit(
        outbound: Self.limit(arrays.fan_out_outbound), inbound: Self.limit(arrays.fan_out_inbound),
        strength: try Strength(ofHost: arrays.fan_out_strength, "fan_out_strength"))
    }
    return settings
  }

  private func rules() throws -> [PlacementRule] {
    guard arrays.rule_count > 0 else { return [] }
    guard let first = arrays.rules else { throw missing("rules", "\(arrays.rule_count) rules") }
    let size = Int(arrays.rule_size)
    let known = MemoryLayout<plat_rule>.size
    guard size >= known, size <= 4096 else {
      throw Refusal.argument("rule_size", found: "\(size)", expected: "sizeof(plat_rule), like \(known)")
    }
    return try (0..<Int(arrays.rule_count)).map { index in
      let bytes = UnsafeRawPointer(first) + index * size
      let rule = bytes.loadUnaligned(as: plat_rule.self)
      for byte in known..<max(size, known) where bytes.load(fromByteOffset: byte, as: UInt8.self) != 0 {
        throw Refusal.argument(
          "rules[\(index)]", found: "more than version \(version) knows", expected: "0 in newer members")
      }
      let path = "rules[\(index)]"
      let states = try model.states(ofHost: rule.states, "\(path).states")
      guard rule.level < arrays.level_count else {
        throw Refusal.argument("\(path).level", found: "\(rule.level)", expected: "one of \(levelCount) levels, from 0")
      }
      let demand: PlacementRule.Demand
      switch rule.kind {
      case UInt32(PLAT_RULE_AT_MOST): demand = .atMost(Int(rule.count))
      case UInt32(PLAT_RULE_NEAR):
        guard rule.near < UInt32(model.states.count) else {
          throw Refusal.argument("\(path).near", found: "\(rule.near)", expected: "a state")
        }
        demand = .near(of: Int(rule.near), atLeast: Int(rule.count))
      default: throw Refusal.argument("\(path).kind", found: "\(rule.kind)", expected: "one of PLAT_RULE_…")
      }
      return PlacementRule(
        states: states, level: Int(rule.level), demand: demand,
        strength: try Strength(ofHost: rule.strength, "\(path).strength"))
    }
  }

  private func levelNames() throws -> [String] {
    try (0..<levelCount).map { level in
      try arrays.level_names.map { try CText.read($0[level], "level_names[\(level)]") } ?? "level\(level)"
    }
  }

  // MARK: Nodes

  /// In tree order.
  private func nodes(_ order: [UInt32]?) throws -> [Node] {
    var nodes: [Node] = []
    nodes.reserveCapacity(nodeCount)
    for place in 0..<nodeCount {
      let node = order.map { Int($0[place]) } ?? place
      var made = Node(name: try arrays.node_names.map { try name($0[node], node) } ?? String(node))
      if let weights = arrays.node_weights { made.weight = Quantity(weights[node]) }
      if let capacities = arrays.node_capacities { made.capacity = Self.limit(capacities[node]) }
      if let statuses = arrays.node_statuses {
        switch UInt32(statuses[node]) {
        case UInt32(PLAT_NODE_ACTIVE): break
        case UInt32(PLAT_NODE_LEAVING): made.status = .leaving
        case UInt32(PLAT_NODE_MAINTENANCE): made.status = .maintenance
        case UInt32(PLAT_NODE_FAILED): made.status = .failed
        default:
          throw Refusal.argument("node_statuses[\(node)]", found: "\(statuses[node])", expected: "one of PLAT_NODE_…")
        }
      }
      nodes.append(made)
    }
    return nodes
  }

  private func name(_ text: UnsafePointer<CChar>?, _ node: Int) throws -> String {
    let name = try CText.read(text, "node_names[\(node)]")
    guard !name.isEmpty, !name.hasPrefix("x-") else {
      throw Refusal.argument(
        "node_names[\(node)]", found: "\"\(name)\"", expected: "a name that does not begin with x-, as documents ask")
    }
    return name
  }

  // MARK: Partitions

  private func partitionWeights() -> [Quantity] {
    guard let weights = arrays.partition_weights else { return [] }
    return (0..<partitionCount).map { Quantity(weights[$0]) }
  }

  private func ranges() throws -> KeyRanges {
    guard arrays.key_function == UInt32(PLAT_KEY_RANGE) else { return KeyRanges() }
    guard let offsets = arrays.range_offsets else { throw missing("range_offsets", "\(partitionCount + 1) offsets") }
    /// Empty behind the last: an unbounded end.
    func start(_ partition: Int) throws -> UnsafeBufferPointer<UInt8> {
      let nothing = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
      guard partition < partitionCount else { return nothing }
      let (from, to) = (Int(offsets[partition]), Int(offsets[partition + 1]))
      guard from <= to else {
        throw Refusal.argument("range_offsets[\(partition + 1)]", found: "\(to)", expected: "\(from) or more")
      }
      guard from < to else { return nothing }
      guard let starts = arrays.range_starts else { throw missing("range_starts", "\(to) bytes") }
      return UnsafeBufferPointer(start: starts + from, count: to - from)
    }
    var ranges = KeyRanges()
    var next = try start(0)
    for partition in 0..<partitionCount {
      let here = next
      next = try start(partition + 1)
      // An empty start would be an unbounded end of the range before.
      guard partition + 1 == partitionCount || KeyRangeTexts.order(here, next) < 0 else {
        throw InputError(
          path: "range_starts[\(partition + 1)]",
          found: "a key that does not come after the start of partition \(partition)",
          expected: "starts that ascend, byte by byte")
      }
      try work.interrupt?.throwIfRequested(at: partition)
      var name = try partitionName(partition)
      try name.withUTF8 { try ranges.append(name: $0.span, start: here.span, end: next.span) }
      guard work.isEnough(for: ranges.memoryBytes) else { throw PlatError.outOfMemory }
    }
    if arrays.partition_names != nil, let (partition, name) = RangeNames.second(in: ranges) {
      throw Refusal.argument(
        "partition_names[\(partition)]", found: "\"\(name)\" a second time", expected: "a name of its own")
    }
    return ranges
  }

  private func partitionName(_ partition: Int) throws -> String {
    guard let names = arrays.partition_names else { return String(partition) }
    let path = "partition_names[\(partition)]"
    let name = try CText.read(names[partition], path)
    guard !name.isEmpty, !name.hasPrefix("x-") else {
      throw Refusal.argument(
        path, found: "\"\(name)\"", expected: "a name that does not begin with x-, as documents ask")
    }
    return name
  }

  // MARK: The map

  private func map(_ dense: DenseCluster, _ numbering: NodeNumbering?) throws -> MapDocument? {
    guard let rows = arrays.map else {
      guard arrays.map_revision == 0 else {
        throw Refusal.argument("map_revision", found: "\(arrays.map_revision)", expected: "0 where there is no map")
      }
      return nil
    }
    let placement = try MapRows.placement(
      rows, slots: arrays.map_slots, of: dense, numbering, isBorrowed: arrays.flags & UInt32(PLAT_BORROW_MAP) != 0, work
    )
    guard arrays.map_revision <= MapRows.mostRevision else {
      throw Refusal.argument(
        "map_revision", found: "\(arrays.map_revision)", expected: "at most \(MapRows.mostRevision)")
    }
    return MapDocument(header: MapHeader(kind: .current, revision: arrays.map_revision), placement: placement)
  }

  // MARK: Checks

  private static func check(_ value: UInt32, _ path: String, _ range: ClosedRange<Int>) throws {
    guard range.contains(Int(value)) else {
      throw Refusal.argument(path, found: "\(value)", expected: "\(range.lowerBound) to \(range.upperBound)")
    }
  }

  private static func limit(_ value: UInt32) -> Int? { value == .max ? nil : Int(value) }

  private func missing(_ path: String, _ what: String) -> Refusal {
    .argument(path, found: "NULL", expected: what)
  }
}

/// More rules than this are a mistake.
private let mostRules = 4096

extension Strength {
  /// As C has it.
  init(ofHost value: UInt32, _ path: String) throws {
    switch value {
    case UInt32(PLAT_HARD): self = .hard
    case UInt32(PLAT_SOFT): self = .soft
    default: throw Refusal.argument(path, found: "\(value)", expected: "PLAT_HARD or PLAT_SOFT")
    }
  }
}

extension StateModel {
  /// The states of a rule, a bit each.
  func states(ofHost bits: UInt32, _ path: String) throws -> [Int] {
    guard bits != 0, bits >> UInt32(states.count) == 0 else {
      throw Refusal.argument(path, found: "\(bits)", expected: "a bit for some of \(states.count) states")
    }
    return states.indices.filter { bits >> UInt32($0) & 1 == 1 }
  }
}
