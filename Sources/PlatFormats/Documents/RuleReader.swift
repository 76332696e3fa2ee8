import PlatEngine

/// Reads one rule of `settings.placement`: about containers of a level, or one that names places.
///
/// Left out: `states` are all that can be asked for (for `near`, without the one that they are near to),
/// `strength` is `hard`, `atLeast` of `near` is all the replicas that are wanted in `states`.
enum RuleReader {
  private enum Key: String, JSONKey { case states, level, atMost, near, atLeast, only, never, within, strength }
  private enum SelectorKey: String, JSONKey { case tags, nodes, containers, not }

  /// What stands in the document, and where.
  private struct Draft {
    var states: [Int]?
    var level: Int?
    var atMost: Int?
    var near: (state: Int, offset: Int)?
    var atLeast: (count: Int, offset: Int)?
    var place: (key: Key, selector: Selector, offset: Int)?
    var strength = Strength.hard
  }

  /// Adds the rule to those of the settings. `position`: its place among all of them.
  static func read(
    _ reader: inout JSONReader, into settings: inout Settings, levels: [String], position: Int
  ) throws(DocumentError) {
    let offset = try reader.peekOffset()
    let draft = try readDraft(&reader, settings.model, levels: levels)
    if let place = draft.place {
      settings.places.append(try placeRule(draft, place, reader, settings, position))
    } else {
      settings.placement.append(try levelRule(draft, reader, settings, objectAt: offset))
    }
  }

  private static func readDraft(
    _ reader: inout JSONReader, _ model: StateModel, levels: [String]
  ) throws(DocumentError) -> Draft {
    var draft = Draft()
    var seen = JSONSeenKeys<Key>()
    var ignored: [JSONExtension] = []
    try reader.beginObject(expected: "an object: a rule")
    while let key = try reader.nextKey(&seen, &ignored) {
      let offset = try reader.peekOffset()
      switch key {
      case .states: draft.states = try readStates(&reader, model)
      case .level:
        draft.level = try reader.readName(
          of: levels,
          expected: levels.isEmpty ? "no rule about levels: there are none" : "one of the levels \(list(levels))")
      case .atMost: draft.atMost = try reader.readCount(in: 0...Limits.nodes)
      case .near: draft.near = (try readState(&reader, model), offset)
      case .atLeast: draft.atLeast = (try reader.readCount(in: 0...Limits.nodes), offset)
      case .only, .never, .within:
        guard draft.place == nil else {
          throw reader.error(
            at: offset, found: "\(key.rawValue) beside \(draft.place!.key.rawValue)", expected: "one of them in a rule")
        }
        draft.place = (key, try readSelector(&reader), offset)
      case .strength: draft.strength = try reader.readWord()
      }
    }
    return draft
  }

  private static func levelRule(
    _ draft: Draft, _ reader: borrowing JSONReader, _ settings: Settings, objectAt offset: Int
  ) throws(DocumentError) -> PlacementRule {
    guard let level = draft.level else { throw reader.missingKey("level", objectAt: offset) }
    let model = settings.model
    let chosen = draft.states ?? model.states.indices.filter { model.states[$0].isPlaced && $0 != draft.near?.state }
    if let near = draft.near {
      guard draft.atMost == nil else {
        throw reader.error(at: near.offset, found: "near beside atMost", expected: "one of them in a rule")
      }
      let all = chosen.reduce(0) { $0 + settings.constraints[$1] }
      return PlacementRule(
        states: chosen, level: level, demand: .near(of: near.state, atLeast: draft.atLeast?.count ?? all),
        strength: draft.strength)
    }
    guard let atMost = draft.atMost else { throw reader.missingKey("atMost", objectAt: offset) }
    if let atLeast = draft.atLeast {
      throw reader.error(
        at: atLeast.offset, found: "atLeast without near or within",
        expected: "atMost alone, or near or within with atLeast")
    }
    return PlacementRule(states: chosen, level: level, demand: .atMost(atMost), strength: draft.strength)
  }

  private static func placeRule(
    _ draft: Draft, _ place: (key: Key, selector: Selector, offset: Int), _ reader: borrowing JSONReader,
    _ settings: Settings, _ position: Int
  ) throws(DocumentError) -> PlaceRule {
    let key = place.key.rawValue
    guard draft.level == nil, draft.near == nil else {
      throw reader.error(
        at: place.offset, found: "\(key) beside \(draft.level != nil ? "level" : "near")",
        expected: "\(key) with states and strength\(place.key == .within ? ", atLeast and atMost" : "")")
    }
    let demand: PlaceRule.Demand
    if place.key == .within {
      guard draft.atLeast != nil || draft.atMost != nil else {
        throw reader.error(at: place.offset, found: "within alone", expected: "within with atLeast, atMost, or both")
      }
      if let atLeast = draft.atLeast, let atMost = draft.atMost, atLeast.count > atMost {
        throw reader.error(
          at: atLeast.offset, found: "\(atLeast.count)", expected: "no more than atMost, which is \(atMost)")
      }
      demand = .within(atLeast: draft.atLeast?.count, atMost: draft.atMost)
    } else {
      guard draft.atLeast == nil, draft.atMost == nil else {
        throw reader.error(
          at: place.offset, found: "\(key) with \(draft.atMost == nil ? "atLeast" : "atMost")",
          expected: "within with a count")
      }
      demand = place.key == .only ? .only : .never
    }
    let model = settings.model
    let chosen = draft.states ?? model.states.indices.filter { model.states[$0].isPlaced }
    return PlaceRule(states: chosen, demand, place.selector, strength: draft.strength, position: position)
  }

  private static func readSelector(_ reader: inout JSONReader) throws(DocumentError) -> Selector {
    var selector = Selector()
    let offset = try reader.peekOffset()
    var seen = JSONSeenKeys<SelectorKey>()
    var ignored: [JSONExtension] = []
    try reader.beginObject(expected: "an object that names nodes by tags, nodes, containers or not")
    while let key = try reader.nextKey(&seen, &ignored) {
      switch key {
      case .tags: selector.tags = try reader.readNames(expected: "an array of tags")
      case .nodes: selector.nodes = try reader.readNames(expected: "an array of nodes")
      case .containers: selector.containers = try reader.readNames(expected: "an array of containers")
      case .not: selector.not = [try readSelector(&reader)]
      }
    }
    guard selector != Selector() else {
      throw reader.error(at: offset, found: "no tags, nodes, containers or not", expected: "at least one of them")
    }
    return selector
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

extension JSONReader {
  /// Texts, at least one, each once.
  mutating func readNames(expected: StaticString, mayBeNone: Bool = false) throws(DocumentError) -> [String] {
    var names: [String] = []
    let offset = try peekOffset()
    try beginArray(expected: expected)
    while try nextElement() {
      let text = try readString(expected: "a name")
      guard !text.string.isEmpty, !names.contains(text.string) else {
        throw error(
          at: text.offset, found: "\(source.quoted(text.bytes))\(text.string.isEmpty ? "" : " a second time")",
          expected: "each name once")
      }
      names.append(text.string)
    }
    guard mayBeNone || !names.isEmpty else { throw error(at: offset, found: "no name", expected: "at least one") }
    return names
  }
}
