import PlatEngine

/// Reads `models`: state models by name.
///
/// Left out: a state's `priority` is its place, `count` is 1 where it is placed, `holdsData` and `placed` are true,
/// `serves` is everything in the most important state and nothing in the others, `excludes` is empty. Without
/// `transitions` a model has those of `TransitionTable.standard`; in a table that is there, what is left out is one
/// hop.
enum ModelReader {
  private enum Key: String, JSONKey { case requests, states, transitions }
  private enum TableKey: String, JSONKey { case alone, takeover }

  static func read(_ reader: inout JSONReader) throws(DocumentError) -> [StateModel] {
    var places: [(name: String, offset: Int)] = []
    try reader.beginObject(expected: "an object with state models by name")
    while let key = try reader.nextKey() {
      if key.isExtension {
        try reader.skipValue()
        continue
      }
      let name = key.string
      guard !StateModel.all.contains(where: { $0.name == name }) else {
        throw reader.error(at: key.offset, found: "the built-in model \(name)", expected: "a name of its own")
      }
      guard !places.contains(where: { $0.name == name }) else { throw reader.duplicateKey(key, what: "model") }
      places.append((name, try reader.peekOffset()))
      try reader.passValue(depth: 2)
    }
    var models: [StateModel] = []
    for (name, offset) in places {
      reader.seek(to: offset, depth: 2)
      let model = try readModel(&reader, name)
      do throws(InputError) { try model.validate() } catch { throw reader.source.error(error) }
      models.append(model)
    }
    return models
  }

  private static func readModel(_ reader: inout JSONReader, _ name: String) throws(DocumentError) -> StateModel {
    let sections = try JSONSections<Key>(&reader, depth: 3, expected: "an object: a state model")
    try sections.refuseUnknownKey()
    try sections.require(.states, &reader)
    let requests = sections.enter(.requests, &reader) ? try readKinds(&reader) : []
    _ = sections.enter(.states, &reader)
    let states = try ModelStatesReader.read(&reader, kinds: StateModel.usualRequests + requests)
    var model = StateModel(name: name, requests: requests, states: states)
    guard sections.enter(.transitions, &reader) else { return model }
    var seen = JSONSeenKeys<TableKey>()
    var ignored: [JSONExtension] = []
    try reader.beginObject(expected: "an object with the tables alone and takeover")
    while let key = try reader.nextKey(&seen, &ignored) {
      switch key {
      case .alone: model.alone = try readTable(&reader, model)
      case .takeover: model.takeover = try readTable(&reader, model)
      }
    }
    return model
  }

  private enum KindKey: String, JSONKey { case name, writes }

  /// Kinds of requests beside `read` and `write`.
  private static func readKinds(_ reader: inout JSONReader) throws(DocumentError) -> [StateModel.RequestKind] {
    var kinds: [StateModel.RequestKind] = []
    try reader.beginArray(expected: "an array of kinds of requests")
    while try reader.nextElement() {
      let offset = try reader.peekOffset()
      let most = StateModel.mostRequests - StateModel.usualRequests.count
      guard kinds.count < most else {
        throw reader.error(
          at: offset, found: "kind \(kinds.count + 1)", expected: "at most \(most) kinds beside read and write")
      }
      var kind = StateModel.RequestKind("")
      var seen = JSONSeenKeys<KindKey>()
      var ignored: [JSONExtension] = []
      try reader.beginObject(expected: "an object: a kind of request")
      while let key = try reader.nextKey(&seen, &ignored) {
        switch key {
        case .name:
          let text = try reader.readString(expected: "the name of a kind of request")
          guard !(StateModel.usualRequests + kinds).contains(where: { $0.name == text.string }) else {
            throw reader.error(
              at: text.offset, found: "the kind \(reader.source.quoted(text.bytes)) a second time",
              expected: "each kind once; read and write are there anyway")
          }
          kind.name = text.string
        case .writes: kind.writes = try reader.readBool()
        }
      }
      guard !kind.name.isEmpty else { throw reader.missingKey("name", objectAt: offset) }
      kinds.append(kind)
    }
    return kinds
  }

  // MARK: tables

  private static func readTable(_ reader: inout JSONReader, _ model: StateModel) throws(DocumentError)
    -> TransitionTable
  {
    let names = ["null"] + model.states.map(\.name)
    func state(_ index: Int) -> Int? { index == 0 ? nil : index - 1 }
    var table = TransitionTable(stateCount: model.states.count)
    try forEachState(&reader, names) { reader, from throws(DocumentError) in
      try forEachState(&reader, names) { reader, to throws(DocumentError) in
        let hop = try reader.readName(of: names, expected: "the next state: one of \(names.joined(separator: ", "))")
        table[state(from), state(to)] = state(hop)
      }
    }
    return table
  }

  /// The members of an object whose keys are states, or `null`, each at most once.
  private static func forEachState(
    _ reader: inout JSONReader, _ names: [String],
    _ body: (inout JSONReader, Int) throws(DocumentError) -> Void
  ) throws(DocumentError) {
    var seen: UInt64 = 0
    try reader.beginObject(expected: "an object by state")
    while let key = try reader.nextKey() {
      guard let index = names.firstIndex(of: key.string) else {
        guard key.isExtension else { throw reader.unknownKey(key, known: names) }
        try reader.skipValue()
        continue
      }
      guard seen & 1 << UInt64(index) == 0 else { throw reader.duplicateKey(key, what: "state") }
      seen |= 1 << UInt64(index)
      try body(&reader, index)
    }
  }
}

/// Reads the states of a model; they come back most important first.
private enum ModelStatesReader {
  private enum Key: String, JSONKey { case name, priority, count, holdsData, serves, excludes, placed }

  /// A state as written, in the order of the document.
  private struct Draft {
    var state: StateModel.State
    var priority: Int
    var serves: StateModel.Requests?
    /// By name, and where they stand.
    var excludes: [(name: String, offset: Int)] = []
  }

  static func read(
    _ reader: inout JSONReader, kinds: [StateModel.RequestKind]
  ) throws(DocumentError) -> [StateModel.State] {
    var drafts: [Draft] = []
    let offset = try reader.peekOffset()
    try reader.beginArray(expected: "an array of states, most important first")
    while try reader.nextElement() {
      guard drafts.count < StateModel.mostStates else {
        throw reader.error(
          at: try reader.peekOffset(), found: "state \(drafts.count + 1)",
          expected: "at most \(StateModel.mostStates) states")
      }
      drafts.append(try readState(&reader, after: drafts, kinds))
    }
    guard !drafts.isEmpty else { throw reader.error(at: offset, found: "no state", expected: "at least one state") }
    drafts.sort { $0.priority < $1.priority }  // priorities are distinct
    var states = drafts.map(\.state)
    for (index, draft) in drafts.enumerated() {
      states[index].serves = draft.serves ?? (index == 0 ? .first(kinds.count) : [])
      for (name, offset) in draft.excludes {
        guard let other = states.firstIndex(where: { $0.name == name }) else {
          throw reader.error(
            at: offset, found: "\"\(name)\"",
            expected: "one of the states \(states.map(\.name).joined(separator: ", "))")
        }
        if !states[index].excludes.contains(other) { states[index].excludes.append(other) }
      }
      states[index].excludes.sort()
    }
    return states
  }

  private static func readState(
    _ reader: inout JSONReader, after drafts: [Draft], _ kinds: [StateModel.RequestKind]
  ) throws(DocumentError) -> Draft {
    var draft = Draft(
      state: StateModel.State(name: "", defaultCount: 0, holdsData: true, isPlaced: true), priority: drafts.count + 1)
    var count: Int?
    var hasName = false
    let offset = try reader.peekOffset()
    var priorityOffset = offset
    var seen = JSONSeenKeys<Key>()
    var ignored: [JSONExtension] = []
    try reader.beginObject(expected: "an object: a state")
    while let key = try reader.nextKey(&seen, &ignored) {
      switch key {
      case .name:
        hasName = true
        draft.state.name = try readName(&reader, after: drafts)
      case .priority:
        priorityOffset = try reader.peekOffset()
        draft.priority = try reader.readCount(in: 1...Limits.nodes)
      case .count: count = try reader.readCount(in: 0...Limits.nodes)
      case .holdsData: draft.state.holdsData = try reader.readBool()
      case .placed: draft.state.isPlaced = try reader.readBool()
      case .serves: draft.serves = try reader.readRequests(kinds)
      case .excludes:
        try reader.beginArray(expected: "an array of states")
        while try reader.nextElement() {
          let text = try reader.readString(expected: "the name of a state")
          draft.excludes.append((text.string, text.offset))
        }
      }
    }
    guard hasName else { throw reader.missingKey("name", objectAt: offset) }
    guard !drafts.contains(where: { $0.priority == draft.priority }) else {
      throw reader.error(
        at: priorityOffset, found: "the priority \(draft.priority) a second time",
        expected: "each once; left out, it is the state's place")
    }
    draft.state.defaultCount = count ?? (draft.state.isPlaced ? 1 : 0)
    return draft
  }

  private static func readName(_ reader: inout JSONReader, after drafts: [Draft]) throws(DocumentError) -> String {
    let text = try reader.readString(expected: "the name of a state")
    let name = text.string
    guard StateModel.mayBeStateName(name) else {
      throw reader.error(
        at: text.offset, found: "\(reader.source.quoted(text.bytes))",
        expected: "a name other than \(StateModel.reservedStateNames.joined(separator: ", ")) and x-…")
    }
    guard !drafts.contains(where: { $0.state.name == name }) else {
      throw reader.error(
        at: text.offset, found: "the state \(reader.source.quoted(text.bytes)) a second time",
        expected: "each state once")
    }
    return name
  }
}

extension JSONReader {
  /// Some of a model's kinds of requests: `true` (all), `false` (none), or an array of their names.
  mutating func readRequests(_ kinds: [StateModel.RequestKind]) throws(DocumentError) -> StateModel.Requests {
    if try peekKind() != .arrayBegin { return try readBool() ? .first(kinds.count) : [] }
    var requests: StateModel.Requests = []
    try beginArray()
    while try nextElement() {
      let index = try readName(of: kinds.map(\.name), expected: "one of \(kinds.map(\.name).joined(separator: ", "))")
      requests.insert(.kind(index))
    }
    return requests
  }
}
