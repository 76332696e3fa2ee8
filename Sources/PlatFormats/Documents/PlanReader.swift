import PlatEngine

/// Reads plan documents, ours or anyone's: only the map must be there.
public enum PlanReader {
  enum Key: String, JSONKey { case plat, operation, map, mapBefore, summary, findings, certificate }

  /// Reads a plan for `document`; refuses one that was made from another map. O(bytes).
  public static func read(
    _ source: DocumentSource, for document: ClusterDocument
  ) throws(DocumentError) -> PlanDocument {
    do throws(DocumentError) {
      return try JSONReader.bySections(source) { reader throws(DocumentError) in try read(&reader, for: document) }
    } catch { throw DocumentKind.refine(error, of: source, expected: .plan) }
  }

  private static func read(
    _ reader: inout JSONReader, for document: ClusterDocument
  ) throws(DocumentError) -> PlanDocument {
    let sections = try JSONSections<Key>(&reader, depth: 1, expected: "an object: a plan document")
    try reader.finish()
    try sections.require(.plat, &reader)
    try reader.readVersion()
    try sections.refuseUnknownKey()

    let operation =
      sections.enter(.operation, &reader) ? try reader.readString(expected: "the operation").string : "rebalance"
    try sections.require(.map, &reader)
    let map = try MapReader(&reader, kind: .target)
    let header = try checkedHeader(map, document.map?.header.revision, &reader)
    let cluster = document.cluster
    try map.refuseContradiction(to: cluster.settings, &reader)
    if cluster.settings.keyFunction == .range { try refuseOtherRanges(map, cluster, &reader) }
    let placement = try map.readPlacement(&reader, of: cluster, nodes: NameTable(cluster.nodes.map(\.name)))

    var plan = PlanDocument(
      operation: operation, map: MapDocument(header: header, placement: placement), extensions: sections.extensions)
    if sections.enter(.mapBefore, &reader) {
      let before = try MapReader(&reader, kind: .current)
      try before.refuseContradiction(to: cluster.settings, &reader)
      plan.mapBefore = MapDocument(
        header: before.header,
        placement: try before.readPlacement(&reader, of: cluster, nodes: NameTable(cluster.nodes.map(\.name))))
    }
    if sections.enter(.summary, &reader) {
      plan.claims = try SummaryReader.read(&reader, states: cluster.settings.model.states.map(\.name))
    }
    if sections.enter(.findings, &reader) { plan.findings = try reader.readMinifiedFindings() }
    if sections.enter(.certificate, &reader) { plan.certificate = try CertificateReader.read(&reader, of: cluster) }
    return plan
  }

  /// A plan is a target, made from the cluster's map and numbered after it. What it leaves out is taken for right.
  static func checkedHeader(
    _ map: MapReader, _ current: UInt64?, _ reader: inout JSONReader
  ) throws(DocumentError) -> MapHeader {
    var header = map.header
    if header.kind != .target, let offset = map.sections[.type] {
      throw reader.error(at: offset, found: header.kind.rawValue, expected: "target: a plan's map")
    }
    let what = current.map { "\($0), the revision of the cluster's map" } ?? "0 or nothing: the cluster has no map yet"
    if let basedOn = header.basedOn, basedOn != current ?? 0, let offset = map.sections[.basedOn] {
      throw reader.error(at: offset, found: "\(basedOn)", expected: what)
    }
    let next = (current ?? 0) + 1
    if let offset = map.sections[.revision], header.revision != next {
      throw reader.error(at: offset, found: "\(header.revision)", expected: "\(next), the one after the cluster's map")
    }
    header.revision = next
    header.basedOn = current
    return header
  }

  static func refuseOtherRanges(
    _ map: MapReader, _ cluster: Cluster, _ reader: inout JSONReader
  ) throws(DocumentError) {
    let ranges = try map.readRanges(&reader)
    func bounds(_ range: KeyRange) -> String {
      "\(range.name) from \"\(RangeBound.text(range.start))\" to \"\(RangeBound.text(range.end))\""
    }
    for index in 0..<ranges.count {
      let (range, known) = (ranges[index], index < cluster.ranges.count ? cluster.ranges[index] : nil)
      guard range.name == known?.name, range.start == known?.start, range.end == known?.end,
        range.source.isEmpty || range.source == known?.source
      else {
        throw reader.error(
          at: map.sections[.partitions] ?? 0, found: bounds(range),
          expected: known.map { "\(bounds($0)), as in the cluster's map" } ?? "no more partitions than the cluster has")
      }
    }
  }
}

extension JSONReader {
  /// The findings as they are written, without white space.
  mutating func readMinifiedFindings() throws(DocumentError) -> [UInt8] {
    let begin = try peekOffset()
    let token = try peek()
    guard token.kindOfToken == .arrayBegin else { throw mismatch(token, expected: "an array of findings") }
    return source.minified(begin..<(try skipValue().upperBound))
  }
}

/// Reads a summary as a list of claims.
enum SummaryReader {
  private enum Key: String, JSONKey {
    case moves, movesLowerBound, movesWeight, movesWeightLowerBound, roleChanges, load, fanOut, brokenSoft, unmet,
      health
  }
  private enum LoadKey: String, JSONKey { case min, max, ideal }
  private enum FanOutKey: String, JSONKey { case outbound, inbound }

  static func read(_ reader: inout JSONReader, states: [String]) throws(DocumentError) -> [SummaryFigure] {
    var claims: [SummaryFigure] = []
    var seen = JSONSeenKeys<Key>()
    var ignored: [JSONExtension] = []
    try reader.beginObject()
    while let key = try reader.nextKey(&seen, &ignored) {
      switch key {
      case .moves, .movesLowerBound, .movesWeight, .movesWeightLowerBound, .roleChanges, .brokenSoft, .unmet:
        claims.append(try readNumber(&reader, key.rawValue))
      case .health:
        claims.append(SummaryFigure("health", .word(try reader.readWord(Health.self).rawValue)))
      case .fanOut:
        var seen = JSONSeenKeys<FanOutKey>()
        var ignored: [JSONExtension] = []
        try reader.beginObject()
        while let key = try reader.nextKey(&seen, &ignored) {
          claims.append(try readNumber(&reader, "fanOut.\(key.rawValue)"))
        }
      case .load:
        try readLoads(&reader, states, &claims)
      }
    }
    return claims
  }

  private static func readLoads(
    _ reader: inout JSONReader, _ states: [String], _ claims: inout [SummaryFigure]
  ) throws(DocumentError) {
    var named = Set<String>()
    try reader.beginObject()
    while let key = try reader.nextKey() {
      let name = key.string
      if key.isExtension {
        try reader.skipValue()
        continue
      }
      guard states.contains(name) || name == "total" else { throw reader.unknownKey(key, known: states + ["total"]) }
      guard named.insert(name).inserted else { throw reader.duplicateKey(key) }
      var seen = JSONSeenKeys<LoadKey>()
      var ignored: [JSONExtension] = []
      try reader.beginObject()
      while let key = try reader.nextKey(&seen, &ignored) {
        guard key == .ideal else {
          claims.append(try readNumber(&reader, "load.\(name).\(key.rawValue)"))
          continue
        }
        let offset = try reader.peekOffset()
        var count = 0
        try reader.beginArray(expected: "an array with the least and the greatest share")
        while try reader.nextElement() {
          claims.append(try readNumber(&reader, "load.\(name).ideal[\(count)]"))
          count += 1
        }
        guard count == 2 else {
          throw reader.error(at: offset, found: "\(count) shares", expected: "the least and the greatest")
        }
      }
    }
  }

  private static func readNumber(_ reader: inout JSONReader, _ path: String) throws(DocumentError) -> SummaryFigure {
    SummaryFigure(path, .number(Rational(try reader.readQuantity())))
  }
}
