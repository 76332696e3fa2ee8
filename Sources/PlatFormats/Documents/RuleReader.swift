import PlatEngine

/// Reads one rule of `settings.placement`.
///
/// Left out: `states` are all that can be asked for (for `near`, without the one that they are near to),
/// `strength` is `hard`, `atLeast` is all the replicas that are wanted in `states`.
enum RuleReader {
  private enum Key: String, JSONKey { case states, level, atMost, near, atLeast, strength }

  static func read(_ reader: inout JSONReader, settings: Settings, levels: [String]) throws(DocumentError) -> PlacementRule {
    var states: [Int]?
    var level: Int?
    var atMost: Int?
    var near: Int?
    var atLeast: (count: Int, offset: Int)?
    var strength = Strength.hard
    var nearOffset = 0

    let offset = try reader.peekOffset()
    var seen = JSONSeenKeys<Key>()
    var ignored: [JSONExtension] = []
    try reader.beginObject(expected: "an object: a rule")
    while let key = try reader.nextKey(&seen, &ignored) {
      switch key {
      case .states: states = try readStates(&reader, settings.model)
      case .level:
        level = try reader.readName(
          of: levels, expected: levels.isEmpty ? "no rule about levels: there are none" : "one of the levels \(list(levels))")
      case .atMost: atMost = try reader.readCount(in: 0...Limits.nodes)
      case .near:
        nearOffset = try reader.peekOffset()
        near = try readState(&reader, settings.model)
      case .atLeast:
        let place = try reader.peekOffset()
        atLeast = (try reader.readCount(in: 0...Limits.nodes), place)
      case .strength: strength = try reader.readWord()
      }
    }
    guard let level else { throw reader.missingKey("level", objectAt: offset) }

    let model = settings.model
    let chosen = states ?? model.states.indices.filter { model.states[$0].isPlaced && $0 != near }
    if let near {
      guard atMost == nil else {
        throw reader.error(at: nearOffset, found: "near beside atMost", expected: "one of them in a rule")
      }
      let all = chosen.reduce(0) { $0 + settings.constraints[$1] }
      return PlacementRule(
        states: chosen, level: level, demand: .near(of: near, atLeast: atLeast?.count ?? all), strength: strength)
    }
    guard let atMost else { throw reader.missingKey("atMost", objectAt: offset) }
    if let atLeast {
      throw reader.error(at: atLeast.offset, found: "atLeast without near", expected: "atMost alone, or near with atLeast")
    }
    return PlacementRule(states: chosen, level: level, demand: .atMost(atMost), strength: strength)
  }

  /// Ascending.
  private static func readStates(_ reader: inout JSONReader, _ model: StateModel) throws(DocumentError) -> [Int] {
    var states: [Int] = []
    let offset = try reader.peekOffset()
    try reader.beginArray(expected: "an array of states")
    while try reader.nextElement() {
      let place = try reader.peekOffset()
      let state = try readState(&reader, model)
      guard !states.contains(state) else {
        throw reader.error(
          at: place, found: "the state \(model.states[state].name) a second time", expected: "each state once")
      }
      states.append(state)
    }
    guard !states.isEmpty else { throw reader.error(at: offset, found: "no state", expected: "at least one state") }
    return states.sorted()
  }

  private static func readState(_ reader: inout JSONReader, _ model: StateModel) throws(DocumentError) -> Int {
    let names = model.states.map(\.name)
    return try reader.readName(of: names, expected: "one of the states \(list(names))")
  }

  private static func list(_ names: [String]) -> String { names.joined(separator: ", ") }
}
