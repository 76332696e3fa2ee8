import PlatEngine

/// Reads `maps` of cluster and plan documents: an array of objects, each with a name and a map.
enum GroupReader {
  enum Key: String, JSONKey { case name, settings, weights, map }
  private enum PlanKey: String, JSONKey { case name, map, mapBefore, summary, findings, certificate }

  /// What is around the values of one of the maps: the document, the array, the object. And around those of its
  /// settings, its map, its summary.
  private static let depth = 3 | JSONReader.inArray
  private static let innerDepth = 4 | JSONReader.inArray

  // MARK: clusters

  /// The array comes next. `draft`: the document's own settings, from which those of a map start. O(bytes).
  static func read(
    _ reader: inout JSONReader, shared: Cluster, draft: DraftSettings, nodes: borrowing NameTable
  ) throws(DocumentError) -> GroupDocument {
    let begin = try reader.peekOffset()
    let entries: [JSONSections<Key>] = try sections(&reader)
    var members: [ClusterGroup.Member] = []
    var headers: [MapReader?] = []
    members.reserveCapacity(entries.count)
    for entry in entries {
      let name = try readName(&reader, entry, .name)
      var own = draft
      if entry.enter(.settings, &reader) {
        own.hasPartitionCount = false
        try SettingsReader.read(&reader, into: &own, models: shared.models, levels: shared.levels, depth: innerDepth)
        // Ranges count themselves, whatever the document says of other maps.
        if own.settings.keyFunction != .range {
          own.hasPartitionCount = own.hasPartitionCount || draft.hasPartitionCount
        }
      }
      let map = entry.enter(.map, &reader) ? try MapReader(&reader, kind: .current, depth: innerDepth) : nil
      try own.complete(&reader, map: map, objectAt: entry.offset, settingsAt: entry[.settings])
      var member = ClusterGroup.Member(name: name, settings: own.settings)
      if let map, own.settings.keyFunction == .range {
        member.ranges = try map.readRanges(&reader)
        if !own.hasPartitionCount { member.settings.partitionCount = member.ranges.count }
      }
      members.append(member)
      headers.append(map)
    }
    var shared = shared
    shared.settings = draft.settings
    var group = ClusterGroup(shared: shared, members: members)
    guard !members.isEmpty else { throw reader.error(at: begin, found: "no maps", expected: "one at least") }
    do throws(InputError) { _ = try DenseGroup(group) } catch { throw reader.source.error(error) }

    var maps: [MapDocument?] = []
    maps.reserveCapacity(entries.count)
    for (index, map) in headers.enumerated() {
      let placement = try map?.readPlacement(&reader, of: group.cluster(index), nodes: nodes)
      if entries[index].enter(.weights, &reader) {
        members[index].weights = try WeightReader.read(
          &reader, of: group.cluster(index), besideOthers: members.count > 1)
      }
      if let map, let placement {
        maps.append(MapDocument(header: map.header, placement: placement))
      } else {
        maps.append(nil)
      }
    }
    if members.contains(where: { !$0.weights.isEmpty }) {
      group.members = members
      do throws(InputError) { _ = try DenseGroup(group) } catch { throw reader.source.error(error) }
    }
    return GroupDocument(group: group, maps: maps)
  }

  private static func sections<Key: JSONKey>(_ reader: inout JSONReader) throws(DocumentError) -> [JSONSections<Key>] {
    var entries: [JSONSections<Key>] = []
    try reader.beginArray(expected: "an array of maps")
    while try reader.nextElement() {
      guard entries.count < Limits.maps else {
        throw reader.error(
          at: try reader.peekOffset(), found: "map \(entries.count + 1)", expected: "at most \(Limits.maps) maps")
      }
      entries.append(try JSONSections(&reader, depth: depth, expected: "an object: a map with its name"))
    }
    for entry in entries { try entry.refuseUnknownKey() }
    return entries
  }

  private static func readName<Key: JSONKey>(
    _ reader: inout JSONReader, _ entry: JSONSections<Key>, _ key: Key
  ) throws(DocumentError) -> String {
    try entry.require(key, &reader)
    return try reader.readString(expected: "the name of a map").string
  }

  // MARK: names

  /// The array comes next, of a cluster or a plan. O(bytes).
  static func readNames(_ reader: inout JSONReader) throws(DocumentError) -> [String] {
    let entries: [JSONSections<EarlierKey>] = try sections(&reader)
    return try entries.map { entry throws(DocumentError) in try readName(&reader, entry, .name) }
  }

  /// A question about one map that does not say which.
  static func ambiguous(_ names: [String]) -> InputError {
    InputError(path: "maps", found: "several maps", expected: "the name of one, --map NAME: \(list(names))")
  }

  static func unknown(_ name: String, _ names: [String]) -> InputError {
    InputError(path: "maps", found: "no map \"\(name)\"", expected: "a map of the document: \(list(names))")
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(20).joined(separator: ", ") + (names.count > 20 ? " and \(names.count - 20) more" : "")
  }

  // MARK: maps from before

  private enum EarlierKey: String, JSONKey {
    case name, settings, weights, map, mapBefore, summary, findings, certificate
  }

  /// The array comes next, of a cluster or a plan. Maps are matched by name; those that the group does not have are
  /// passed over. O(bytes).
  static func readEarlier(
    _ reader: inout JSONReader, for group: ClusterGroup
  ) throws(DocumentError) -> [EarlierMaps?] {
    let entries: [JSONSections<EarlierKey>] = try sections(&reader)
    let nodes = NameTable(group.shared.nodes.map(\.name))
    let names = NameTable(group.members.map(\.name))
    var maps = [EarlierMaps?](repeating: nil, count: group.members.count)
    var isThere = [Bool](repeating: false, count: group.members.count)
    for entry in entries {
      for key in EarlierKey.allCases where ![.name, .map, .mapBefore].contains(key) && entry.enter(key, &reader) {
        try reader.skipValue()
      }
      try entry.require(.name, &reader)
      let name = try reader.readString(expected: "the name of a map")
      let index = names.find(name.bytes)
      if let index {
        guard !isThere[index] else { throw reader.duplicateKey(name, what: "map") }
        isThere[index] = true
      }
      for key in [EarlierKey.map, .mapBefore] where entry.enter(key, &reader) {
        guard let index else {
          try reader.skipValue()
          continue
        }
        let map = try EarlierMaps.readMap(&reader, group.cluster(index), nodes, depth: innerDepth)
        if key == .map { maps[index] = EarlierMaps(map: map) } else { maps[index]?.mapBefore = map }
      }
    }
    return maps
  }

  // MARK: plans

  /// The array comes next: goes to one map after the other.
  static func forEachMap(
    _ reader: inout JSONReader, _ body: (String, MapReader, inout JSONReader) throws -> Void
  ) throws {
    let entries: [JSONSections<PlanKey>] = try sections(&reader)
    for entry in entries {
      let name = try readName(&reader, entry, .name)
      try entry.require(.map, &reader)
      try body(name, MapReader(&reader, kind: .target, depth: innerDepth), &reader)
    }
  }

  /// The array comes next: goes to the map of one name.
  static func findMap(_ reader: inout JSONReader, named name: String) throws(DocumentError) -> MapReader {
    let begin = try reader.peekOffset()
    let entries: [JSONSections<PlanKey>] = try sections(&reader)
    for entry in entries {
      guard try readName(&reader, entry, .name) == name else { continue }
      try entry.require(.map, &reader)
      return try MapReader(&reader, kind: .target, depth: innerDepth)
    }
    throw reader.error(at: begin, found: "no map \"\(name)\"", expected: "a map of the document")
  }

  /// The array comes next. Every map of the cluster must be there, once, in any order. O(bytes).
  static func readPlan(
    _ reader: inout JSONReader, for document: GroupDocument, into plan: inout GroupPlanDocument
  ) throws(DocumentError) {
    let begin = try reader.peekOffset()
    let entries: [JSONSections<PlanKey>] = try sections(&reader)
    let members = document.group.members
    let nodes = NameTable(document.group.shared.nodes.map(\.name))
    let names = NameTable(members.map(\.name))
    var plans = [PlanDocument?](repeating: nil, count: members.count)
    for entry in entries {
      try entry.require(.name, &reader)
      let name = try reader.readString(expected: "the name of a map")
      guard let index = names.find(name.bytes) else { throw reader.error(at: name, expected: "a map of the cluster") }
      guard plans[index] == nil else { throw reader.duplicateKey(name, what: "map") }
      try entry.require(.map, &reader)
      let map = try MapReader(&reader, kind: .target, depth: innerDepth)
      let cluster = document.group.cluster(index)
      let header = try PlanReader.checkedHeader(map, document.maps[index]?.header.revision, &reader)
      try map.refuseContradiction(to: cluster.settings, &reader)
      if cluster.settings.keyFunction == .range { try PlanReader.refuseOtherRanges(map, cluster, &reader) }
      var one = PlanDocument(
        operation: plan.operation,
        map: MapDocument(header: header, placement: try map.readPlacement(&reader, of: cluster, nodes: nodes)))
      if entry.enter(.mapBefore, &reader) {
        let before = try MapReader(&reader, kind: .current, depth: innerDepth)
        try before.refuseContradiction(to: cluster.settings, &reader)
        one.mapBefore = MapDocument(
          header: before.header, placement: try before.readPlacement(&reader, of: cluster, nodes: nodes))
      }
      if entry.enter(.summary, &reader) {
        one.claims = try SummaryReader.read(&reader, states: cluster.settings.model.states.map(\.name))
      }
      if entry.enter(.findings, &reader) { one.findings = try reader.readMinifiedFindings() }
      if entry.enter(.certificate, &reader) { one.certificate = try CertificateReader.read(&reader, of: cluster) }
      plans[index] = one
    }
    for (index, one) in plans.enumerated() where one == nil {
      throw reader.error(at: begin, found: "no map \"\(members[index].name)\"", expected: "every map of the cluster")
    }
    plan.plans = plans.compactMap { $0 }
  }
}

/// Reads plan documents for several maps.
public enum GroupPlanReader {
  private enum Key: String, JSONKey { case plat, operation, maps, summary, findings, certificate }

  /// Refuses a plan that was made from other maps. O(bytes).
  public static func read(
    _ source: DocumentSource, for document: GroupDocument
  ) throws(DocumentError) -> GroupPlanDocument {
    do throws(DocumentError) {
      return try JSONReader.bySections(source) { reader throws(DocumentError) in try read(&reader, for: document) }
    } catch { throw DocumentKind.refine(error, of: source, expected: .plan) }
  }

  private static func read(
    _ reader: inout JSONReader, for document: GroupDocument
  ) throws(DocumentError) -> GroupPlanDocument {
    let sections = try JSONSections<Key>(&reader, depth: 1, expected: "an object: a plan document for several maps")
    try reader.finish()
    try sections.require(.plat, &reader)
    try reader.readVersion()
    try sections.refuseUnknownKey()
    var plan = GroupPlanDocument(operation: "rebalance", plans: [], extensions: sections.extensions)
    if sections.enter(.operation, &reader) { plan.operation = try reader.readString(expected: "the operation").string }
    try sections.require(.maps, &reader)
    try GroupReader.readPlan(&reader, for: document, into: &plan)
    if sections.enter(.summary, &reader) {
      var states: [String] = []
      for member in document.group.members {
        for state in member.settings.model.states where !states.contains(state.name) { states.append(state.name) }
      }
      plan.sumClaims = try SummaryReader.read(&reader, states: states)
    }
    if sections.enter(.findings, &reader) { plan.findings = try reader.readMinifiedFindings() }
    if sections.enter(.certificate, &reader) { plan.digest = try CertificateReader.readDigestAlone(&reader) }
    return plan
  }
}
