import PlatEngine

/// Reads `config`: what limits movement, and how it is carried out. Types of volumes that `maxFullScansPerVolumeType`
/// leaves out keep their limits.
enum ConfigReader {
  private enum Key: String, JSONKey {
    case maxFullScansPerVolumeType, maxStreamsIn, maxStreamsOut, maxDisturbedContainers, hold, minInSync
  }
  private enum DisturbedKey: String, JSONKey { case level, count }

  /// `isThere`: the document has it, and the reader is at it.
  static func read(
    _ reader: inout JSONReader, isThere: Bool, levels: [String], model: StateModel
  ) throws(DocumentError) -> MovementConfig {
    var config = MovementConfig()
    config.hold = model.writingRequests
    guard isThere else { return config }
    var seen = JSONSeenKeys<Key>()
    var ignored: [JSONExtension] = []
    try reader.beginObject()
    while let key = try reader.nextKey(&seen, &ignored) {
      switch key {
      case .maxFullScansPerVolumeType:
        let given = try readFullScans(&reader)
        config.maxFullScansPerVolumeType =
          given + config.maxFullScansPerVolumeType.filter { type, _ in !given.contains { $0.type == type } }
      case .maxStreamsIn: config.maxStreamsIn = try reader.readCount(in: 0...Int(Int32.max))
      case .maxStreamsOut: config.maxStreamsOut = try reader.readCount(in: 0...Int(Int32.max))
      case .maxDisturbedContainers: config.maxDisturbedContainers = try readDisturbed(&reader, levels: levels)
      case .hold: config.hold = try reader.readRequests(model.requests)
      case .minInSync: config.minInSync = try reader.readCount(in: 1...Limits.nodes)
      }
    }
    return config
  }

  private static func readFullScans(_ reader: inout JSONReader) throws(DocumentError) -> [(type: String, count: Int)] {
    var limits: [(type: String, count: Int)] = []
    try reader.beginObject(expected: "an object with a limit for each type of volume")
    while let key = try reader.nextKey() {
      if key.isExtension {
        try reader.skipValue()
        continue
      }
      let type = key.string
      if limits.contains(where: { $0.type == type }) { throw reader.duplicateKey(key, what: "type") }
      limits.append((type, try reader.readCount(in: 0...Int(Int32.max))))
    }
    return limits
  }

  private static func readDisturbed(
    _ reader: inout JSONReader, levels: [String]
  ) throws(DocumentError) -> (level: Int, count: Int) {
    var level: Int?
    var count: Int?
    let offset = try reader.peekOffset()
    var seen = JSONSeenKeys<DisturbedKey>()
    var ignored: [JSONExtension] = []
    try reader.beginObject()
    while let key = try reader.nextKey(&seen, &ignored) {
      switch key {
      case .level:
        level = try reader.readName(of: levels, expected: "one of the levels \(levels.joined(separator: ", "))")
      case .count: count = try reader.readCount(in: 0...Limits.nodes)
      }
    }
    guard let level else { throw reader.missingKey("level", objectAt: offset) }
    guard let count else { throw reader.missingKey("count", objectAt: offset) }
    return (level, count)
  }
}
