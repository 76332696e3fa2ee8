import PlatEngine

/// Settings as far as the settings themselves say; the map may say the rest.
struct DraftSettings {
  var settings: Settings
  var hasKeyFunction = false
  var hasPartitionCount = false

  /// Takes from the map what the settings left out, and refuses what contradicts them.
  mutating func complete(
    _ reader: inout JSONReader, map: MapReader?, objectAt: Int, settingsAt: Int?
  ) throws(DocumentError) {
    if let keyFunction = map?.keyFunction {
      if !hasKeyFunction { settings.keyFunction = keyFunction }
    }
    if let count = map?.partitionCount, !hasPartitionCount {
      settings.partitionCount = count
      hasPartitionCount = true
    }
    try map?.refuseContradiction(to: settings, &reader)
    if settings.keyFunction == .range {
      guard map != nil else { throw reader.missingKey("map", objectAt: objectAt) }
    } else if !hasPartitionCount {
      throw reader.missingKey("numPartitions", objectAt: settingsAt ?? objectAt)
    }
  }
}

/// Reads `settings`.
enum SettingsReader {
  enum Key: String, JSONKey { case model, keyFunc, numPartitions, constraints, placement, fanOut, balance }
  private enum FanOutKey: String, JSONKey { case outbound, inbound, strength }
  private enum BalanceKey: String, JSONKey { case tolerance, moveBudget }

  /// Reads the settings that come next over those that `draft` has. `depth`: of their values.
  static func read(
    _ reader: inout JSONReader, into draft: inout DraftSettings, models: [StateModel], levels: [String], depth: Int = 2
  ) throws(DocumentError) {
    let sections = try JSONSections<Key>(&reader, depth: depth)
    try sections.refuseUnknownKey()
    if sections.enter(.model, &reader) {
      let known = StateModel.all + models
      let names = known.map(\.name)
      let index = try reader.readName(of: names, expected: "one of the models \(names.joined(separator: ", "))")
      if draft.settings.model != known[index] {
        // Counts and rules speak of states, so those of another model say nothing.
        let before = draft.settings
        draft.settings = Settings(
          model: known[index], keyFunction: before.keyFunction, partitionCount: before.partitionCount,
          fanOut: before.fanOut,
          balance: before.balance)
      }
    }
    if sections.enter(.keyFunc, &reader) {
      draft.settings.keyFunction = try reader.readWord()
      draft.hasKeyFunction = true
    }
    if sections.enter(.numPartitions, &reader) {
      draft.settings.partitionCount = try reader.readCount(in: 1...Limits.partitions)
      draft.hasPartitionCount = true
    }
    if sections.enter(.constraints, &reader) { try readConstraints(&reader, &draft.settings) }
    if sections.enter(.placement, &reader) {
      (draft.settings.placement, draft.settings.places) = ([], [])
      try reader.beginArray(expected: "an array of rules")
      while try reader.nextElement() {
        let position = draft.settings.placement.count + draft.settings.places.count
        try RuleReader.read(&reader, into: &draft.settings, levels: levels, position: position)
      }
    }
    if sections.enter(.fanOut, &reader) { draft.settings.fanOut = try readFanOut(&reader) }
    if sections.enter(.balance, &reader) { draft.settings.balance = try readBalance(&reader) }
  }

  private static func readConstraints(_ reader: inout JSONReader, _ settings: inout Settings) throws(DocumentError) {
    let model = settings.model
    var seen = Set<Int>()
    try reader.beginObject(expected: "an object with a count for each state")
    while let key = try reader.nextKey() {
      guard let state = model.index(of: key.string) else {
        if key.isExtension {
          try reader.skipValue()
          continue
        }
        throw reader.unknownKey(key, known: model.states.filter(\.isPlaced).map(\.name))
      }
      guard seen.insert(state).inserted else { throw reader.duplicateKey(key, what: "state") }
      settings.constraints[state] = try reader.readCount(in: 0...Limits.nodes)
    }
  }

  private static func readFanOut(_ reader: inout JSONReader) throws(DocumentError) -> FanOutLimit {
    var limit = FanOutLimit(outbound: nil, inbound: nil, strength: .hard)
    var seen = JSONSeenKeys<FanOutKey>()
    var ignored: [JSONExtension] = []
    try reader.beginObject()
    while let key = try reader.nextKey(&seen, &ignored) {
      switch key {
      case .outbound: limit.outbound = try reader.readCount(in: 0...Limits.nodes)
      case .inbound: limit.inbound = try reader.readCount(in: 0...Limits.nodes)
      case .strength: limit.strength = try reader.readWord()
      }
    }
    return limit
  }

  private static func readBalance(_ reader: inout JSONReader) throws(DocumentError) -> BalanceLimit {
    var limit = BalanceLimit()
    var seen = JSONSeenKeys<BalanceKey>()
    var ignored: [JSONExtension] = []
    try reader.beginObject()
    while let key = try reader.nextKey(&seen, &ignored) {
      switch key {
      case .tolerance:
        let offset = try reader.peekOffset()
        limit.tolerance = try reader.readQuantity()
        guard Rational(limit.tolerance) <= .one else {
          throw reader.error(at: offset, found: limit.tolerance.text, expected: "a part of the due: 0 to 1")
        }
      case .moveBudget: limit.moveBudget = try reader.readCount(in: 0...Limits.slots)
      }
    }
    return limit
  }
}
