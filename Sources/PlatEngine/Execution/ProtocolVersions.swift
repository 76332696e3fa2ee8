/// Which version of messages one process speaks with each of the others, so that nodes can be upgraded one after
/// another.
///
/// Every message says its version and the newest that its sender knows; that part is the same in all versions. One
/// speaks the newest version that both know; with whom one has not heard yet, the oldest. Who hears a version that it
/// does not know says which it does, and the message counts as lost. So does one that the other's version does not
/// have: the protocol lives with lost messages.
public struct ProtocolVersions: Sendable {
  /// Those that this code speaks.
  public static let versions: ClosedRange<UInt8> = 1...3

  public enum Heard: Sendable {
    case message(Message)
    /// The other must be told which versions there are.
    case reply([UInt8])
    /// It told that.
    case nothing
    /// It told of nodes: `names` has them now.
    case learnt
  }

  public let own: ClosedRange<UInt8>
  public private(set) var names: WireNames
  private let plant: InjectedFault?
  /// What is to be told to the peer that was heard last: nodes that it does not know.
  private var introduction: [UInt8]?
  /// Looked up only.
  private var newestOf: [Address: UInt8] = [:]

  public init(_ names: WireNames) { self.init(names, versions: ProtocolVersions.versions, plant: nil) }

  package init(_ names: WireNames, versions: ClosedRange<UInt8>, plant: InjectedFault?) {
    own = versions
    self.names = names
    self.plant = plant
  }

  /// The version that it speaks with a peer; nil: they have none in common.
  public func version(with peer: Address) -> UInt8? {
    if plant == .speakNewest { return own.upperBound }
    let version = min(own.upperBound, newestOf[peer] ?? own.lowerBound)
    return own.contains(version) ? version : nil
  }

  /// Nil: it cannot be said to that peer. O(size).
  public func write(_ message: Message, to peer: Address) -> [UInt8]? {
    version(with: peer).flatMap { message.bytes(version: $0, newest: own.upperBound, names) }
  }

  /// Throws where the bytes are no message, or say what cannot be. O(size).
  public mutating func hear(_ bytes: UnsafeRawBufferPointer, from peer: Address) throws(InputError) -> Heard {
    var reader = try WireReader(bytes, "message", names)
    newestOf[peer] = reader.newest
    guard reader.kind != Wire.Kind.versions else { return .nothing }
    guard own.contains(reader.version) else {
      return .reply(
        WireWriter(version: reader.version, newest: own.upperBound, kind: Wire.Kind.versions, names).finish())
    }
    do throws(WireReader.Damage) {
      if reader.kind == Wire.Kind.nodes, reader.version >= 3 {
        names.learn(try reader.namedNodes())
        try reader.end()
        return .learnt
      }
      var message = try Message(&reader)
      if reader.version < 3, min(own.upperBound, reader.newest) >= 3 { message = ProtocolVersions.meant(message) }
      if let list = reader.list, list != names.list { introduction = introduce(version: reader.version) }
      return .message(message)
    } catch {
      throw Wire.error("message", error.what, "a message of version \(reader.version)")
    }
  }

  /// What somebody meant who knows of disks, but has not heard of this process yet and therefore speaks the oldest
  /// version.
  private static func meant(_ message: Message) -> Message {
    switch message {
    case .pulse: .check(revision: .max, confirmed: 0, setBack: 0)
    case .append(let partition, let term, let round, let end, let lastTerm, let log) where log.isEmpty:
      .compare(partition, term: term, round: round, end: end, lastTerm: lastTerm)
    default: message
    }
  }

  /// Whether these bytes were written as a message, whatever they say. O(size).
  public static func isMessage(_ bytes: UnsafeRawBufferPointer) -> Bool { WireReader.isWhole(bytes) }

  /// All nodes that it knows, by name: an agent may have been made when there were fewer.
  private func introduce(version: UInt8) -> [UInt8] {
    var writer = WireWriter(version: version, newest: own.upperBound, kind: Wire.Kind.nodes, names)
    let all = names.own + names.learnt
    writer.put(all.count)
    for node in all { writer.put(node) }
    return writer.finish()
  }

  /// What is to be sent, before anything else, to the peer that was heard last; nil: nothing.
  public mutating func takeIntroduction() -> [UInt8]? {
    defer { introduction = nil }
    return introduction
  }
}
