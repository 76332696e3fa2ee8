/// Bytes that processes send each other and keep: messages, records, promises, the journal.
///
///     'P' 'm'  version  newest  kind │ body │ CRC-32 of all before, 4 bytes, least first
///
/// A body is whole numbers, 7 bits a byte, least first, the top bit set on all but the last. Lists begin with their
/// length. A node is 8 bytes that stand for its name, so that processes may number nodes otherwise, and nodes may come
/// between.
enum Wire {
  static let first: [UInt8] = [0x50, 0x6d]
  static let headerBytes = 5
  static let checksumBytes = 4

  /// What nodes keep is written as this version, and read from the first on.
  static let kept: UInt8 = 2
  /// Journals are written as this version; the first is read, too.
  static let journal: UInt8 = 4
  /// Those that are read as values of keys; in version 3 nothing was said of starts.
  static let journals: ClosedRange<UInt8> = 3...journal

  enum Kind {
    static let journal: UInt8 = 0xf0
    static let promise: UInt8 = 0xf1
    static let record: UInt8 = 0xf2
    static let epoch: UInt8 = 0xf3
    static let mapInForce: UInt8 = 0xf4
    static let goal: UInt8 = 0xf5
    static let rosters: UInt8 = 0xf6
    static let disks: UInt8 = 0xf7
    /// Of a message, since version 3: nodes by name.
    static let nodes: UInt8 = 57
    /// Says, in every version, which versions its sender knows: nothing but the header.
    static let versions: UInt8 = 0xff
  }

  static func error(_ what: String, _ found: String, _ expected: String) -> InputError {
    InputError(path: what, found: found, expected: expected)
  }
}

/// What numbers in bytes may be, and what stands for nodes: those of one cluster, and those that came later (`learn`).
public struct WireNames: Sendable {
  let partitions: UInt32
  let states: UInt8
  /// Kinds of requests, a bit each.
  let requests: UInt8
  /// By node, those that were learnt behind those of the cluster. None is 0.
  fileprivate private(set) var codes: [UInt64]
  /// Looked up only.
  fileprivate private(set) var nodes: [UInt64: NodeIndex]
  /// The host's numbers of the cluster's nodes.
  let numbers: [UInt32]
  let texts: [String]
  /// Nodes that the cluster does not have, with the numbers that whoever told of them has.
  public private(set) var learnt: [NamedNode] = []
  /// Of the list of nodes that was learnt last; of the cluster's own where there was none.
  public private(set) var list: UInt64

  /// Throws where two names have the same code, which does not happen but on purpose. `numbers`: what the host calls
  /// the nodes; nil: as they come. O(N).
  public init(_ cluster: DenseCluster, numbers: [UInt32]? = nil) throws(InputError) {
    self.numbers = numbers ?? (0..<UInt32(cluster.nodeCount)).map { $0 }
    texts = cluster.cluster.nodes.map(\.name)
    partitions = UInt32(cluster.partitionCount)
    states = UInt8(clamping: cluster.cluster.settings.model.states.count)
    requests = cluster.cluster.settings.model.allRequests.rawValue
    var nodes: [UInt64: NodeIndex] = [:]
    codes = cluster.cluster.nodes.map { WireNames.code($0.name) }
    for (node, code) in codes.enumerated() {
      if let other = nodes.updateValue(NodeIndex(node), forKey: code) {
        throw InputError(
          path: "nodes.\(cluster.cluster.nodes[node].name)",
          found: "a name of the same code as \(cluster.cluster.nodes[other.int].name)",
          expected: "another name")
      }
    }
    self.nodes = nodes
    list = WireNames.list(codes)
  }

  /// A node by name, and the host's number of it.
  public struct NamedNode: Hashable, Sendable {
    public var name: String
    public var number: UInt32

    public init(name: String, number: UInt32) {
      self.name = name
      self.number = number
    }
  }

  /// The cluster's own nodes.
  var own: [NamedNode] { zip(texts, numbers).map { NamedNode(name: $0, number: $1) } }

  /// Takes nodes that it does not know yet; those that it knows stay what they are. A number that is taken already is
  /// replaced by the next one that is free. O(nodes).
  public mutating func learn(_ told: [NamedNode]) {
    for node in told {
      let code = WireNames.code(node.name)
      guard nodes[code] == nil, codes.count < WireNames.mostNodes else { continue }
      let taken = numbers.contains(node.number) || learnt.contains { $0.number == node.number }
      let next = max(numbers.max().map { $0 + 1 } ?? 0, learnt.map { $0.number + 1 }.max() ?? 0)
      nodes[code] = NodeIndex(codes.count)
      codes.append(code)
      learnt.append(
        NamedNode(name: node.name, number: taken || node.number >= WireNames.mostNodes ? next : node.number))
    }
    list = WireNames.list(told.map { WireNames.code($0.name) })
  }

  private static let mostNodes = 1 << 24

  /// The node that a host calls by this number; nil: none that is known. O(nodes that were learnt).
  public func learntNode(numbered number: UInt32) -> NodeIndex? {
    learnt.firstIndex { $0.number == number }.map { NodeIndex(numbers.count + $0) }
  }

  /// The host's number of a node that was learnt.
  public func number(ofLearnt node: NodeIndex) -> UInt32? {
    let place = node.int - numbers.count
    return learnt.indices.contains(place) ? learnt[place].number : nil
  }

  /// What stands for a disk that a node began to use at its `boot`-th start: half of what stands for the node, and that
  /// number.
  public func store(of node: NodeIndex, boot: UInt32) -> UInt64 {
    codes[node.int] & 0xffff_ffff_0000_0000 | UInt64(boot)
  }

  /// Whether the node began to use such a disk at one of its starts.
  public func isStore(_ store: UInt64, of node: NodeIndex) -> Bool { store >> 32 == codes[node.int] >> 32 }

  /// In which of the journal's blocks a node is, whatever its number.
  func block(of node: NodeIndex) -> Int { Int(WireNames.mixed(codes[node.int]) % UInt64(Journal.diskBlocks)) }

  /// In whatever order.
  private static func list(_ codes: [UInt64]) -> UInt64 { codes.reduce(UInt64(codes.count)) { $0 &+ mixed($1) } }

  private static func mixed(_ number: UInt64) -> UInt64 {
    var value = number &+ 0x9e37_79b9_7f4a_7c15
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }

  /// FNV-1a of the name's bytes, 64 bits. 0 is nobody.
  private static func code(_ name: String) -> UInt64 {
    let hash = name.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return hash == 0 ? 1 : hash
  }
}

struct WireWriter {
  private(set) var bytes: [UInt8] = []
  let names: WireNames

  init(version: UInt8, newest: UInt8, kind: UInt8, _ names: WireNames) {
    self.names = names
    bytes.reserveCapacity(32)
    bytes += Wire.first
    bytes += [version, newest, kind]
  }

  mutating func put(_ number: UInt64) {
    var number = number
    while number > 0x7f {
      bytes.append(UInt8(truncatingIfNeeded: number) | 0x80)
      number >>= 7
    }
    bytes.append(UInt8(number))
  }

  mutating func put(_ number: Int) { put(UInt64(number)) }
  mutating func put(_ flag: Bool) { put(flag ? 1 : 0) }
  mutating func put(_ node: NodeIndex) {
    let code = node == .none ? 0 : names.codes[node.int]
    for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: code >> UInt64(8 * byte))) }
  }
  mutating func put(_ partition: PartitionIndex) { put(UInt64(partition.raw)) }
  /// One more, so that none is 0.
  mutating func put(_ state: StateIndex) { put(state == .null ? 0 : UInt64(state.raw) + 1) }
  mutating func put(_ change: StateChange) {
    put(change.from)
    put(change.to)
  }
  mutating func put(_ id: OrderID) {
    put(id.revision)
    put(UInt64(id.number))
  }
  mutating func put(_ mode: RunMode) { put(UInt64(mode.code)) }
  mutating func put(_ stamp: MapStamp) {
    put(stamp.revision)
    put(UInt64(stamp.digest))
  }
  mutating func put(_ nodes: [NodeIndex]) {
    put(nodes.count)
    for node in nodes { put(node) }
  }
  mutating func put(text: String) { put(bytes: Array(text.utf8)) }
  mutating func put(bytes other: [UInt8]) {
    put(other.count)
    bytes += other
  }
  mutating func put(_ node: WireNames.NamedNode) {
    put(text: node.name)
    put(UInt64(node.number))
  }
  mutating func put(_ log: [Entry]) {
    put(log.count)
    for entry in log {
      put(entry.term)
      put(entry.value)
    }
  }

  consuming func finish() -> [UInt8] {
    let crc = bytes.withUnsafeBytes { Checksum.crc32($0) }
    for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: crc >> UInt32(shift))) }
    return bytes
  }
}

struct WireReader {
  /// Not what a sender of this version would have written.
  struct Damage: Error { var what: String }

  let version: UInt8
  let newest: UInt8
  let kind: UInt8
  private let bytes: UnsafeRawBufferPointer
  private var place = Wire.headerBytes
  private let names: WireNames
  /// The list of nodes that the sender knows, where the message says so.
  var list: UInt64?
  var partitionCount: UInt32 { names.partitions }

  /// `what`: as errors call it.
  init(_ bytes: UnsafeRawBufferPointer, _ what: String, _ names: WireNames) throws(InputError) {
    let least = Wire.headerBytes + Wire.checksumBytes
    guard bytes.count >= least else { throw Wire.error(what, "\(bytes.count) bytes", "at least \(least)") }
    guard bytes[0] == Wire.first[0], bytes[1] == Wire.first[1] else {
      throw Wire.error(what, "other bytes", "what this library wrote")
    }
    let end = bytes.count - Wire.checksumBytes
    let crc = Checksum.crc32(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
    let said = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[end + $1]) << UInt32(8 * $1) }
    guard crc == said else { throw Wire.error(what, "another checksum", "bytes as they were written") }
    (version, newest, kind) = (bytes[2], bytes[3], bytes[4])
    self.bytes = UnsafeRawBufferPointer(rebasing: bytes[..<end])
    self.names = names
  }

  static func isWhole(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let end = bytes.count - Wire.checksumBytes
    guard end >= Wire.headerBytes, bytes[0] == Wire.first[0], bytes[1] == Wire.first[1] else { return false }
    let said = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[end + $1]) << UInt32(8 * $1) }
    return Checksum.crc32(UnsafeRawBufferPointer(rebasing: bytes[..<end])) == said
  }

  mutating func number() throws(Damage) -> UInt64 {
    var (value, shift) = (UInt64(0), UInt64(0))
    while place < bytes.count {
      let byte = bytes[place]
      place += 1
      guard shift < 63 || byte <= 1 else { break }
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
    throw Damage(what: "a number that does not end")
  }

  mutating func count() throws(Damage) -> Int {
    let number = try number()
    // Each element takes a byte at least.
    guard number <= UInt64(bytes.count - place) else { throw Damage(what: "a list of \(number)") }
    return Int(number)
  }

  /// A place in a log.
  mutating func position() throws(Damage) -> Int {
    let number = try number()
    guard number <= UInt64(Int64.max / 4) else { throw Damage(what: "the place \(number)") }
    return Int(number)
  }

  mutating func small() throws(Damage) -> UInt32 {
    guard let number = UInt32(exactly: try number()) else { throw Damage(what: "a number of more than 32 bits") }
    return number
  }

  mutating func flag() throws(Damage) -> Bool {
    let number = try number()
    guard number <= 1 else { throw Damage(what: "\(number) for a yes or no") }
    return number == 1
  }

  private mutating func nodeCode() throws(Damage) -> UInt64 {
    guard bytes.count - place >= 8 else { throw Damage(what: "a node that does not end") }
    let code = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[place + $1]) << UInt64(8 * $1) }
    place += 8
    return code
  }

  mutating func nodeOrNone() throws(Damage) -> NodeIndex {
    let code = try nodeCode()
    guard code != 0 else { return .none }
    guard let node = names.nodes[code] else { throw Damage(what: "a node that this cluster does not have") }
    return node
  }

  /// `none`: a node that the cluster does not have, or has not any more.
  mutating func nodeOrUnknown() throws(Damage) -> NodeIndex {
    let code = try nodeCode()
    guard code != 0 else { throw Damage(what: "no node") }
    return names.nodes[code] ?? .none
  }

  mutating func piece() throws(Damage) -> UnsafeRawBufferPointer {
    let count = try count()
    defer { place += count }
    return UnsafeRawBufferPointer(rebasing: bytes[place..<place + count])
  }

  mutating func text() throws(Damage) -> String { String(decoding: try piece(), as: UTF8.self) }

  mutating func namedNodes() throws(Damage) -> [WireNames.NamedNode] {
    var nodes: [WireNames.NamedNode] = []
    for _ in 0..<(try count()) {
      let (name, number) = (try text(), try small())
      guard !name.isEmpty else { throw Damage(what: "a node without a name") }
      nodes.append(WireNames.NamedNode(name: name, number: number))
    }
    return nodes
  }

  mutating func node() throws(Damage) -> NodeIndex {
    let node = try nodeOrNone()
    guard node != .none else { throw Damage(what: "no node") }
    return node
  }

  mutating func partition() throws(Damage) -> PartitionIndex {
    let number = try number()
    guard number < UInt64(names.partitions) else { throw Damage(what: "partition \(number) of \(names.partitions)") }
    return PartitionIndex(raw: UInt32(number))
  }

  mutating func state() throws(Damage) -> StateIndex {
    let number = try number()
    guard number <= UInt64(names.states) else { throw Damage(what: "state \(number - 1) of \(names.states)") }
    return number == 0 ? .null : StateIndex(Int(number - 1))
  }

  mutating func change() throws(Damage) -> StateChange { StateChange(try state(), try state()) }
  mutating func orderID() throws(Damage) -> OrderID { OrderID(revision: try number(), number: try small()) }
  mutating func mode() throws(Damage) -> RunMode {
    let number = try number()
    guard let mode = UInt8(exactly: number).flatMap({ RunMode(code: $0) }) else {
      throw Damage(what: "the mode \(number)")
    }
    return mode
  }

  /// Some of a model's kinds of requests, other than just reads and writes: those need no word.
  mutating func requests() throws(Damage) -> StateModel.Requests {
    let number = try number()
    guard let raw = UInt8(exactly: number), raw & ~names.requests == 0, raw != StateModel.Requests.usual.rawValue else {
      throw Damage(what: "the requests \(number)")
    }
    return StateModel.Requests(rawValue: raw)
  }

  /// One kind of request, other than the usual one, which needs no word.
  mutating func kind(ofUsual usual: StateModel.Requests) throws(Damage) -> StateModel.Requests {
    let kind = try requests()
    guard kind.rawValue.nonzeroBitCount == 1, kind != usual else {
      throw Damage(what: "the kind of request \(kind.rawValue)")
    }
    return kind
  }

  mutating func stamp() throws(Damage) -> MapStamp { MapStamp(revision: try number(), digest: try small()) }

  mutating func nodes() throws(Damage) -> [NodeIndex] {
    var nodes: [NodeIndex] = []
    for _ in 0..<(try count()) { nodes.append(try node()) }
    return nodes
  }

  mutating func log() throws(Damage) -> [Entry] {
    let count = try count()
    var log: [Entry] = []
    log.reserveCapacity(count)
    for _ in 0..<count { log.append(Entry(term: try number(), value: try number())) }
    return log
  }

  func check(versions expected: ClosedRange<UInt8>) throws(InputError) {
    guard expected.contains(version) else {
      throw Wire.error("version", "\(version)", "\(expected.lowerBound) to \(expected.upperBound), or a newer library")
    }
  }

  var isAtEnd: Bool { place == bytes.count }

  func end() throws(Damage) {
    guard place == bytes.count else { throw Damage(what: "\(bytes.count - place) bytes too many") }
  }
}
