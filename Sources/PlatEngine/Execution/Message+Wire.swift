/// Messages as bytes. A version is never changed once it has been given out: what is new is a new kind, of a newer
/// version.
///
/// | version | has |
/// | --- | --- |
/// | 1 | all but what follows |
/// | 2 | `working`: a node that is asked again says that it is still at it |
/// | 3 | running states and pauses; what a takeover holds, and kinds of requests beside reads and writes; whether a follower is a whole copy; definite denials |
/// | 3 | disks with an identity, and leaders that ask their followers when they start; nodes that came later |
/// | 3 | whose log is known to go farthest (kinds 79 and 80) |
/// | 3 | copies that are in doubt or unproven (kinds 55 and 60; where there are none, 53 and 56), and leaders that feed who starts again |
extension Message {
  /// The code of its kind, and the first version that has it.
  private var code: (kind: UInt8, since: UInt8) {
    switch self {
    case .claim: (1, 1)
    case .order(let order):
      order.isOfLongest ? (order.hold == .usual ? 79 : 80, 3) : order.hold == .usual ? (2, 1) : (74, 3)
    case .pulse: (3, 1)
    case .check(_, _, _, let inDoubt, let waiting): inDoubt.isEmpty && waiting.isEmpty ? (53, 3) : (55, 3)
    case .map: (4, 1)
    case .mode: (72, 3)
    case .feed: (61, 3)
    case .inventory(_, let holdings, _): holdings.contains { $0.isInDoubt || $0.isUnproven } ? (60, 1) : (16, 1)
    case .done: (17, 1)
    case .refused: (18, 1)
    case .outdated: (19, 1)
    case .alive: (20, 1)
    case .well: (54, 3)
    case .hasMap: (21, 1)
    case .working: (22, 2)
    case .hasMode: (73, 3)
    case .fetch: (32, 1)
    case .fetched: (33, 1)
    case .join: (34, 1)
    case .joined: (35, 1)
    case .peerRefused: (36, 1)
    case .handOver: (40, 1)
    case .handedOver: (41, 1)
    case .append: (48, 1)
    case .appended(_, _, _, _, let isCopy): isCopy ? (76, 3) : (49, 1)
    case .differs: (50, 1)
    case .fenced: (51, 1)
    case .left: (52, 1)
    case .compare: (58, 3)
    case .compared: (59, 3)
    case .write(_, _, _, let kind): kind == .write ? (64, 1) : (77, 3)
    case .read(_, _, let kind): kind == .read ? (65, 1) : (78, 3)
    case .written: (66, 1)
    case .answer: (67, 1)
    case .denied(_, let isDefinite): isDefinite ? (75, 3) : (68, 1)
    }
  }

  /// As a version says it that lacks what is new: less is said, and what is said stays true.
  private func spoken(_ version: UInt8) -> Message {
    guard version < 3 else { return self }
    switch self {
    case .order(var order):
      (order.hold, order.isOfLongest) = (.usual, false)
      return .order(order)
    case .appended(let partition, let term, let round, let matched, _):
      return .appended(partition, term: term, round: round, matched: matched, isCopy: false)
    case .denied(let request, _): return .denied(request: request, isDefinite: false)
    case .refused(let id, .notRunning): return .refused(id, .busy)
    case .peerRefused(let id, .notRunning): return .peerRefused(id, .busy)
    default: return self
    }
  }

  /// As versions before 3 say it.
  private var withoutDisks: Message {
    switch self {
    case .check: .pulse
    case .well: .alive
    case .compare(let partition, let term, let round, let end, let lastTerm):
      .append(partition, term: term, round: round, previous: end, previousTerm: lastTerm, log: [])
    default: self
    }
  }

  /// Nil: that version has no such message.
  func bytes(version: UInt8, newest: UInt8, _ names: WireNames) -> [UInt8]? {
    if version < 3, withoutDisks != self { return withoutDisks.bytes(version: version, newest: newest, names) }
    let spoken = spoken(version)
    guard spoken.code.since <= version else { return nil }
    let kind =
      switch spoken.code.kind {
      case 16 where version >= 3: UInt8(56)
      case 60 where version < 3: UInt8(16)
      case let kind: kind
      }
    var writer = WireWriter(version: version, newest: newest, kind: kind, names)
    switch spoken {
    case .pulse, .alive: break
    case .claim(let revision), .outdated(let revision): writer.put(revision)
    case .order(let order):
      writer.put(order)
      if order.hold != .usual { writer.put(UInt64(order.hold.rawValue)) }
    case .fetch(let order): writer.put(order)
    case .mode(let order):
      writer.put(order.id)
      writer.put(order.partition)
      writer.put(order.from)
      writer.put(order.to)
    case .hasMode(let id, let partition, let mode):
      writer.put(id)
      writer.put(partition)
      writer.put(mode)
    case .map(let stamp), .hasMap(let stamp): writer.put(stamp)
    case .feed(let node): writer.put(node)
    case .inventory(let revision, let holdings, let disk):
      writer.put(revision)
      if version >= 3 { writer.put(disk) }
      writer.put(holdings.count)
      for holding in holdings {
        writer.put(holding)
        if version >= 3 { writer.put(holding.log) }
        if kind == 60 {
          writer.put(holding.isInDoubt)
          writer.put(holding.isUnproven)
        }
      }
    case .check(let revision, let confirmed, let setBack, let inDoubt, let waiting):
      writer.put(revision)
      writer.put(UInt64(confirmed))
      writer.put(setBack)
      guard kind == 55 else { break }
      for partitions in [inDoubt, waiting] {
        writer.put(partitions.count)
        for partition in partitions { writer.put(partition) }
      }
    case .well(let disk): writer.put(disk)
    case .compare(let partition, let term, let round, let end, let lastTerm),
      .compared(let partition, let term, let round, let end, let lastTerm):
      writer.put(partition)
      writer.put(term)
      writer.put(round)
      writer.put(end)
      writer.put(lastTerm)
    case .done(let id), .working(let id): writer.put(id)
    case .refused(let id, let why), .peerRefused(let id, let why):
      writer.put(id)
      writer.put(UInt64(why.rawValue))
    case .fetched(let id, let log, let term):
      writer.put(id)
      writer.put(term)
      writer.put(log)
    case .join(let order, let attempt):
      writer.put(order)
      writer.put(attempt)
    case .joined(let id, let attempt, let end, let term):
      writer.put(id)
      writer.put(attempt)
      writer.put(end)
      writer.put(term)
    case .handOver(let order, let end, let lastTerm):
      writer.put(order)
      writer.put(end)
      writer.put(lastTerm)
    case .handedOver(let id, let followers, let start, let log):
      writer.put(id)
      writer.put(followers)
      writer.put(start)
      writer.put(log)
    case .append(let partition, let term, let round, let previous, let previousTerm, let log):
      writer.put(partition)
      writer.put(term)
      writer.put(round)
      writer.put(previous)
      writer.put(previousTerm)
      writer.put(log)
    case .appended(let partition, let term, let round, let place, _),
      .differs(let partition, let term, let round, let place):
      writer.put(partition)
      writer.put(term)
      writer.put(round)
      writer.put(place)
    case .fenced(let partition, let number), .left(let partition, let number):
      writer.put(partition)
      writer.put(number)
    case .write(let partition, let value, let request, let kind):
      writer.put(partition)
      writer.put(value)
      writer.put(UInt64(request))
      if kind != .write { writer.put(UInt64(kind.rawValue)) }
    case .read(let partition, let request, let kind):
      writer.put(partition)
      writer.put(UInt64(request))
      if kind != .read { writer.put(UInt64(kind.rawValue)) }
    case .written(let request), .denied(let request, _): writer.put(UInt64(request))
    case .answer(let request, let log):
      writer.put(UInt64(request))
      writer.put(log)
    }
    return writer.finish()
  }

  /// Throws where a sender of that version would have written something else.
  init(_ reader: inout WireReader) throws(WireReader.Damage) {
    switch reader.kind {
    case 1: self = .claim(revision: try reader.number())
    case 2: self = .order(try reader.order())
    case 3: self = .pulse
    case 4: self = .map(try reader.stamp())
    case 16: self = .inventory(revision: try reader.number(), try reader.holdings(), disk: nil)
    case 17: self = .done(try reader.orderID())
    case 18: self = .refused(try reader.orderID(), try reader.refusal())
    case 19: self = .outdated(revision: try reader.number())
    case 20: self = .alive
    case 21: self = .hasMap(try reader.stamp())
    case 22 where reader.version >= 2: self = .working(try reader.orderID())
    case 32: self = .fetch(try reader.order())
    case 33:
      let (id, term) = (try reader.orderID(), try reader.number())
      self = .fetched(id, log: try reader.log(), term: term)
    case 34: self = .join(try reader.order(), attempt: try reader.number())
    case 35:
      self = .joined(
        try reader.orderID(), attempt: try reader.number(), end: try reader.position(), term: try reader.number())
    case 36: self = .peerRefused(try reader.orderID(), try reader.refusal())
    case 40: self = .handOver(try reader.order(), end: try reader.position(), lastTerm: try reader.number())
    case 41:
      self = .handedOver(
        try reader.orderID(), followers: try reader.nodes(), start: try reader.position(), log: try reader.log())
    case 48:
      self = .append(
        try reader.partition(), term: try reader.number(), round: try reader.number(), previous: try reader.position(),
        previousTerm: try reader.number(), log: try reader.log())
    case 49:
      self = .appended(
        try reader.partition(), term: try reader.number(), round: try reader.number(), matched: try reader.position(),
        isCopy: false)
    case 50:
      self = .differs(
        try reader.partition(), term: try reader.number(), round: try reader.number(), hint: try reader.position())
    case 51: self = .fenced(try reader.partition(), term: try reader.number())
    case 52: self = .left(try reader.partition(), round: try reader.number())
    case 53 where reader.version >= 3:
      self = .check(revision: try reader.number(), confirmed: try reader.small(), setBack: try reader.number())
    case 55 where reader.version >= 3:
      self = .check(
        revision: try reader.number(), confirmed: try reader.small(), setBack: try reader.number(),
        inDoubt: try reader.partitions(), waiting: try reader.partitions())
    case 54 where reader.version >= 3:
      guard let disk = try reader.disk() else { throw WireReader.Damage(what: "no disk") }
      self = .well(disk)
    case 56 where reader.version >= 3:
      let (revision, disk) = (try reader.number(), try reader.disk())
      self = .inventory(revision: revision, try reader.holdings(withLogs: true), disk: disk)
    case 60 where reader.version >= 3:
      let (revision, disk) = (try reader.number(), try reader.disk())
      let holdings = try reader.holdings(withLogs: true, withDoubts: true)
      self = .inventory(revision: revision, holdings, disk: disk)
    case 58 where reader.version >= 3:
      self = .compare(
        try reader.partition(), term: try reader.number(), round: try reader.number(), end: try reader.position(),
        lastTerm: try reader.number())
    case 59 where reader.version >= 3:
      self = .compared(
        try reader.partition(), term: try reader.number(), round: try reader.number(), end: try reader.position(),
        lastTerm: try reader.number())
    case 61 where reader.version >= 3: self = .feed(try reader.node())
    case 64: self = .write(try reader.partition(), value: try reader.number(), request: try reader.small())
    case 65: self = .read(try reader.partition(), request: try reader.small())
    case 66: self = .written(request: try reader.small())
    case 67: self = .answer(request: try reader.small(), log: try reader.log())
    case 68: self = .denied(request: try reader.small(), isDefinite: false)
    case 72 where reader.version >= 3:
      self = .mode(
        ModeOrder(
          id: try reader.orderID(), partition: try reader.partition(), from: try reader.mode(), to: try reader.mode()))
    case 73 where reader.version >= 3: self = .hasMode(try reader.orderID(), try reader.partition(), try reader.mode())
    case let kind where [74, 79, 80].contains(kind) && reader.version >= 3:
      var order = try reader.order()
      if kind != 79 { order.hold = try reader.requests() }
      order.isOfLongest = kind != 74
      self = .order(order)
    case 75 where reader.version >= 3: self = .denied(request: try reader.small(), isDefinite: true)
    case 76 where reader.version >= 3:
      self = .appended(
        try reader.partition(), term: try reader.number(), round: try reader.number(), matched: try reader.position(),
        isCopy: true)
    case 77 where reader.version >= 3:
      self = .write(
        try reader.partition(), value: try reader.number(), request: try reader.small(),
        kind: try reader.kind(ofUsual: .write))
    case 78 where reader.version >= 3:
      self = .read(try reader.partition(), request: try reader.small(), kind: try reader.kind(ofUsual: .read))
    default: throw WireReader.Damage(what: "a message of kind \(reader.kind)")
    }
    try reader.end()
  }
}

extension WireWriter {
  mutating func put(_ order: Order) {
    put(UInt64(order.kind.rawValue))
    put(order.id)
    put(order.partition)
    put(order.node)
    put(order.source)
    put(order.leader)
    put(order.change)
    put(order.sourceChange)
    put(order.term)
    put(order.followers)
  }

  /// With the list of nodes that the sender knows, by which an orchestrator notices what it has to tell.
  mutating func put(_ disk: DiskState?) {
    put(names.list)
    put(disk != nil)
    guard let disk else { return }
    put(disk.store)
    put(UInt64(disk.boot))
    put(disk.confirmed)
    put(disk.isConfirmed)
    put(disk.setBack)
    put(disk.born)
  }

  mutating func put(_ log: Holding.LogEnd?) {
    put(log != nil)
    guard let log else { return }
    put(log.lastTerm)
    put(log.count)
  }

  mutating func put(_ holding: Holding) {
    put(holding.partition)
    put(holding.state)
    put(holding.term)
    put(holding.isLeading)
    put(holding.followers)
  }
}

extension WireReader {
  mutating func order() throws(Damage) -> Order {
    guard let kind = Order.Kind(rawValue: UInt8(clamping: try number())) else {
      throw Damage(what: "an order of an unknown kind")
    }
    let (id, partition, node) = (try orderID(), try partition(), try node())
    let (source, leader) = (try nodeOrNone(), try nodeOrNone())
    guard source != .none || kind != .copy && kind != .takeOver else { throw Damage(what: "a stream from nobody") }
    var order = Order(
      kind: kind, id: id, partition: partition, node: node, source: source, change: try change(),
      sourceChange: try change())
    order.leader = leader
    order.term = try number()
    order.followers = try nodes()
    return order
  }

  mutating func disk() throws(Damage) -> DiskState? {
    list = try number()
    guard try flag() else { return nil }
    var disk = DiskState(store: try number(), boot: try small(), confirmed: try number(), isConfirmed: try flag())
    disk.setBack = try number()
    disk.born = try number()
    return disk
  }

  private mutating func logEnd() throws(Damage) -> Holding.LogEnd? {
    try flag() ? Holding.LogEnd(lastTerm: try number(), count: try position()) : nil
  }

  private mutating func nodesOrUnknown() throws(Damage) -> [NodeIndex] {
    var nodes: [NodeIndex] = []
    for _ in 0..<(try count()) { nodes.append(try nodeOrUnknown()) }
    return nodes
  }

  /// Partitions ascend; those that the cluster does not have any more are left out.
  mutating func holdings(withLogs: Bool = false, withDoubts: Bool = false) throws(Damage) -> [Holding] {
    var holdings: [Holding] = []
    var last: UInt32?
    for _ in 0..<(try count()) {
      let (partition, state) = (try small(), try state())
      if let last, last >= partition { throw Damage(what: "partition \(partition) out of order") }
      last = partition
      guard state != .null else { throw Damage(what: "a partition in no state") }
      var holding = Holding(
        partition: PartitionIndex(raw: partition), state: state, term: try number(), isLeading: try flag(),
        followers: try nodesOrUnknown())
      if withLogs { holding.log = try logEnd() }
      if withDoubts { (holding.isInDoubt, holding.isUnproven) = (try flag(), try flag()) }
      if partition < partitionCount { holdings.append(holding) }
    }
    return holdings
  }

  /// Ascending; those that the cluster does not have any more are left out.
  mutating func partitions() throws(Damage) -> [PartitionIndex] {
    var partitions: [PartitionIndex] = []
    var last: UInt32?
    for _ in 0..<(try count()) {
      let partition = try small()
      if let last, last >= partition { throw Damage(what: "partition \(partition) out of order") }
      last = partition
      if partition < partitionCount { partitions.append(PartitionIndex(raw: partition)) }
    }
    return partitions
  }

  mutating func refusal() throws(Damage) -> Refusal {
    guard let why = Refusal(rawValue: UInt8(clamping: try number())) else { throw Damage(what: "an unknown refusal") }
    return why
  }
}
