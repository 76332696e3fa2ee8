import CPlatJSON
import PlatEngine

/// Reads the holders of one partition after the other into a placement map: `{"master":["a"],"slave":["f"]}`.
///
/// Allocates nothing for a partition: a node's number is found from the bytes of its name, and gathered in one
/// buffer that any state of any partition fits in.
struct RowReader: ~Copyable {
  private var builder: PlacementMapBuilder
  private let states: NameTable
  /// The nodes of one state.
  private let row: UnsafeMutableBufferPointer<NodeIndex>
  /// For each node, the last partition that named it, plus 1.
  private let lastPartition: UnsafeMutableBufferPointer<UInt32>
  /// A name that no node of the cluster has is passed over.
  private let leavesOutUnknownNodes: Bool

  init(_ cluster: Cluster, _ leavesOutUnknownNodes: Bool = false, _ allowance: Allowance) throws(PlatError) {
    self.leavesOutUnknownNodes = leavesOutUnknownNodes
    builder = try PlacementMapBuilder(
      partitionCount: cluster.settings.partitionCount, expected: cluster.rowSlots,
      limitBytes: allowance.leftBytes)
    states = NameTable(cluster.settings.model.states.map(\.name))
    row = .allocate(capacity: cluster.nodes.count)
    lastPartition = .allocate(capacity: cluster.nodes.count)
    lastPartition.initialize(repeating: 0)
  }

  deinit {
    row.deallocate()
    lastPartition.deallocate()
  }

  mutating func read(
    _ reader: inout JSONReader, partition: Int, nodes: borrowing NameTable
  ) throws(DocumentError) {
    var seen: UInt64 = 0
    try reader.beginObject(expected: "an object with the holders in each state")
    while let key = try reader.nextKey() {
      guard let state = states.find(key.bytes) else {
        guard key.isExtension || Self.isBound(key) else {
          throw reader.unknownKey(key, known: (0..<states.count).map { states.string($0) })
        }
        try reader.skipValue()
        continue
      }
      if seen & 1 << state != 0 { throw reader.duplicateKey(key, what: "state") }
      seen |= 1 << state
      let count = try readHolders(&reader, partition, nodes)
      do throws(PlatError) {
        try builder.set(partition: partition, state: state, nodes: UnsafeBufferPointer(rebasing: row[..<count]))
      } catch {
        throw reader.error(error, at: key.offset)
      }
    }
  }

  /// Between two looks at whether to go on.
  private static let mostRowsAtOnce: UInt64 = 65_536

  /// Rows wider than this are read one token after the other.
  private static let mostPlainSlots = 16

  /// Reads plain rows, one after the other and much faster, until the end or one that is not plain. How many.
  mutating func readPlain(
    _ reader: inout JSONReader, depth: Int, partitions: inout PartitionNames, nodes: borrowing NameTable
  ) throws(DocumentError) -> Int {
    let map = builder.map
    guard map.width <= Self.mostPlainSlots, states.count <= 64 else { return 0 }
    let counts = UnsafeMutablePointer<UInt32>.allocate(capacity: states.count)
    let described = UnsafeMutablePointer<plat_json_row_state>.allocate(capacity: states.count)
    defer {
      counts.deallocate()
      described.deallocate()
    }
    for state in 0..<states.count {
      let (name, slots) = (states.bytes(state), map.slots(ofState: state))
      counts[state] = 0
      described[state] = plat_json_row_state(
        name: name.baseAddress, name_length: UInt64(name.count), first_slot: UInt32(slots.lowerBound),
        slot_count: UInt32(slots.count), used: counts + state)
    }
    let place = UnsafeMutableRawPointer(map.slots).assumingMemoryBound(to: UInt32.self)
    let room = UnsafeMutablePointer<UInt32>.allocate(capacity: Self.mostPlainSlots)
    defer { room.deallocate() }
    var rows = plat_json_rows(
      names: nodes.unsafeNames, states: described, state_count: UInt32(states.count), slots: place,
      width: UInt64(map.width), partition_count: UInt64(map.partitionCount), taken: partitions.isTaken.baseAddress,
      held: room, most: Self.mostRowsAtOnce)
    let count = try reader.readRows(&rows, depth: depth)
    for state in 0..<states.count { builder.note(used: Int(counts[state]), ofState: state) }
    return count
  }

  /// How many nodes there are in the array that comes next; they go to `row`.
  @inline(__always) private mutating func readHolders(
    _ reader: inout JSONReader, _ partition: Int, _ nodes: borrowing NameTable
  ) throws(DocumentError) -> Int {
    let mark = UInt32(truncatingIfNeeded: partition + 1)
    var count = 0
    try reader.beginArray(expected: "an array of nodes")
    while try reader.nextElement() {
      let name = try reader.readString(expected: "the name of a node")
      guard let node = nodes.find(name.bytes) else {
        if leavesOutUnknownNodes { continue }
        throw reader.error(at: name, expected: "a node of the cluster")
      }
      if lastPartition[node] == mark { throw reader.duplicateHolder(name) }
      lastPartition[node] = mark
      // No node comes twice, so there is room for all.
      row[count] = NodeIndex(node)
      count += 1
    }
    return count
  }

  /// A key that `MapReader.readRanges` has read already.
  private static func isBound(_ key: JSONText) -> Bool { key == "start" || key == "end" || key == "source" }

  consuming func finish(_ cluster: Cluster) throws(PlatError) -> PlacementMap {
    try builder.finish(least: cluster.rowSlots)
  }
}

extension JSONReader {
  @inline(never) fileprivate func duplicateHolder(_ name: JSONText) -> DocumentError {
    error(
      at: name.offset, found: "the node \(source.quoted(name.bytes)) a second time",
      expected: "each node once in a partition")
  }
}
