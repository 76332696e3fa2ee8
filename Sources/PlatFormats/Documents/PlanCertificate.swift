import PlatEngine

/// What proves a plan's lower bound on moves, and that the plan is as it was made.
public struct PlanCertificate: Equatable, Sendable {
  /// For each node; see `Judge.movesBound`.
  public var prices: [Int32]
  /// Where partitions differ in weight, the windows that the bounds are about: for each node, in the document's
  /// numbers.
  public var windows: [Window]?
  /// Of operation, map, bounds, prices and windows: a plan that something happened to on its way has another.
  public var digest: UInt32

  public struct Window: Hashable, Sendable {
    public var least: Rational
    public var most: Rational
  }

  public init(prices: [Int32], windows: [Window]? = nil, digest: UInt32) {
    self.prices = prices
    self.windows = windows
    self.digest = digest
  }

  /// The certificate of a plan that is known to be as it should. O(P · R).
  public init(
    prices: [Int32], windows: [Window]? = nil, movesLowerBound: Int, of plan: PlanDocument, cluster: Cluster
  ) {
    self.init(prices: prices, windows: windows, digest: 0)
    digest = digestNow(plan, cluster, bounds: "\(movesLowerBound)")
  }

  /// The digest that these prices and the plan have; the bounds as its summary says them.
  func digestNow(_ plan: PlanDocument, _ cluster: Cluster, bounds: String) -> UInt32 {
    let begin = Digest.crc32("\(plan.operation) \(bounds)".utf8)
    let map = plan.map.placement.digest(of: cluster.nodes.map(\.name), least: cluster.rowSlots, from: begin)
    let priced = Digest.crc32(
      prices.flatMap { price in (0..<4).map { UInt8(truncatingIfNeeded: price >> ($0 * 8)) } }, from: map)
    return (windows ?? []).reduce(priced) { Digest.crc32("\($1.least) \($1.most),".utf8, from: $0) }
  }
}

extension PlanCertificate {
  init(_ plan: Plan, of document: PlanDocument, cluster: Cluster) {
    self.init(
      prices: plan.certificate,
      windows: plan.weightWindows.map { windows in
        zip(windows.least, windows.most).map {
          Window(least: Rational($0) * windows.unit, most: Rational($1) * windows.unit)
        }
      }, digest: 0)
    digest = digestNow(
      document, cluster, bounds: Self.bounds(Rational(plan.movesLowerBound), plan.movesWeightLowerBound))
  }

  /// Windows as the Judge takes them; nil where there are none, or where they are no multiples of the unit.
  func weightWindows(_ unit: Rational) -> WeightWindows? {
    guard let windows else { return nil }
    var result = WeightWindows(least: [], most: [], unit: unit)
    for window in windows {
      let (least, most) = (window.least / unit, window.most / unit)
      guard least.isInteger, most.isInteger, let low = least.floor, let high = most.floor, low <= high,
        high <= 2 * Limits.weight
      else { return nil }
      result.least.append(low)
      result.most.append(high)
    }
    return result
  }

  /// As the digest has them: in replicas and, where partitions differ in weight, in weight.
  static func bounds(_ moves: Rational?, _ weight: Rational?) -> String {
    (moves?.description ?? "") + (weight.map { " \($0)" } ?? "")
  }
}

/// `{"digest": "1a2b3c4d", "prices": {"default": 1, "0": ["a", "b"]}}`: most nodes share a price.
enum CertificateWriter {
  /// O(N log N).
  static func write(_ certificate: PlanCertificate, of cluster: Cluster, to writer: inout JSONWriter) {
    writer.beginObject(.lines)
    writer.member("digest", text(certificate.digest))
    writer.key("prices")
    writer.beginObject(.lines)
    let nodes = certificate.prices.indices.sorted { (certificate.prices[$0], $0) < (certificate.prices[$1], $1) }
    let groups = nodes.chunked { certificate.prices[$0] == certificate.prices[$1] }
    let common = groups.indices.max { (groups[$0].count, -$0) < (groups[$1].count, -$1) }
    writer.member("default", Int(common.map { certificate.prices[groups[$0][groups[$0].startIndex]] } ?? 0))
    for (index, group) in groups.enumerated() where index != common {
      writer.member("\(certificate.prices[group[group.startIndex]])", group.lazy.map { cluster.nodes[$0].name })
    }
    writer.endObject()
    if let windows = certificate.windows { write(windows, of: cluster, to: &writer) }
    writer.endObject()
  }

  private static func write(_ windows: [PlanCertificate.Window], of cluster: Cluster, to writer: inout JSONWriter) {
    var groups: [(window: PlanCertificate.Window, nodes: [Int])] = []
    var groupOfWindow: [PlanCertificate.Window: Int] = [:]  // looked up only
    for (node, window) in windows.enumerated() {
      if let group = groupOfWindow[window] {
        groups[group].nodes.append(node)
      } else {
        groupOfWindow[window] = groups.count
        groups.append((window, [node]))
      }
    }
    writer.key("windows")
    writer.beginArray(.lines)
    for group in groups {
      writer.beginObject(.compact)
      writer.member("least", group.window.least)
      writer.member("most", group.window.most)
      writer.member("nodes", group.nodes.lazy.map { cluster.nodes[$0].name })
      writer.endObject()
    }
    writer.endArray()
  }

  static func text(_ digest: UInt32) -> String {
    let digits = String(digest, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}

extension Array {
  /// Runs of neighbours that belong together.
  fileprivate func chunked(_ belong: (Element, Element) -> Bool) -> [ArraySlice<Element>] {
    var chunks: [ArraySlice<Element>] = []
    var first = startIndex
    for index in indices.dropFirst() where !belong(self[index - 1], self[index]) {
      chunks.append(self[first..<index])
      first = index
    }
    return isEmpty ? [] : chunks + [self[first...]]
  }
}

enum CertificateReader {
  private enum Key: String, JSONKey { case digest, prices, windows }
  private enum WindowKey: String, JSONKey { case least, most, nodes }

  static func read(_ reader: inout JSONReader, of cluster: Cluster) throws(DocumentError) -> PlanCertificate {
    let offset = try reader.peekOffset()
    var seen = JSONSeenKeys<Key>()
    var ignored: [JSONExtension] = []
    var digest: UInt32?
    var prices: [Int32]?
    var windows: [PlanCertificate.Window]?
    try reader.beginObject(expected: "an object: the certificate")
    while let key = try reader.nextKey(&seen, &ignored) {
      switch key {
      case .digest: digest = try readDigest(&reader)
      case .prices: prices = try readPrices(&reader, cluster)
      case .windows: windows = try readWindows(&reader, cluster)
      }
    }
    guard let digest else { throw reader.missingKey(Key.digest.rawValue, objectAt: offset) }
    guard let prices else { throw reader.missingKey(Key.prices.rawValue, objectAt: offset) }
    return PlanCertificate(prices: prices, windows: windows, digest: digest)
  }

  private static func readDigest(_ reader: inout JSONReader) throws(DocumentError) -> UInt32 {
    let text = try reader.readString(expected: "eight hexadecimal digits")
    guard let value = UInt32(text.string, radix: 16), CertificateWriter.text(value) == text.string else {
      throw reader.error(at: text, expected: "eight hexadecimal digits")
    }
    return value
  }

  private enum DigestKey: String, JSONKey { case digest }

  /// Of a plan for several maps: each map has prices of its own.
  static func readDigestAlone(_ reader: inout JSONReader) throws(DocumentError) -> UInt32 {
    let offset = try reader.peekOffset()
    var seen = JSONSeenKeys<DigestKey>()
    var ignored: [JSONExtension] = []
    var digest: UInt32?
    try reader.beginObject(expected: "an object: the certificate")
    while try reader.nextKey(&seen, &ignored) != nil { digest = try readDigest(&reader) }
    guard let digest else { throw reader.missingKey(DigestKey.digest.rawValue, objectAt: offset) }
    return digest
  }

  private static func readPrices(_ reader: inout JSONReader, _ cluster: Cluster) throws(DocumentError) -> [Int32] {
    let names = NameTable(cluster.nodes.map(\.name))
    var prices = [Int32?](repeating: nil, count: cluster.nodes.count)
    var common: Int32?
    var known = Set<String>()
    let offset = try reader.peekOffset()
    try reader.beginObject(expected: "an object with the nodes of each price")
    while let key = try reader.nextKey() {
      if key.isExtension {
        try reader.skipValue()
        continue
      }
      guard known.insert(key.string).inserted else { throw reader.duplicateKey(key, what: "price") }
      if key.string == "default" {
        common = Int32(try reader.readInteger(in: Int(Int32.min)...Int(Int32.max)))
        continue
      }
      guard let price = Int32(key.string), "\(price)" == key.string else {
        throw reader.error(at: key, expected: "default, or a price of 32 bits")
      }
      try reader.beginArray(expected: "an array with the nodes of this price")
      while try reader.nextElement() {
        let name = try reader.readString(expected: "the name of a node")
        guard let node = names.find(name.bytes) else { throw reader.error(at: name, expected: "a node of the cluster") }
        guard prices[node] == nil else {
          throw reader.error(at: name.offset, found: "a second price of \(name.string)", expected: "one price a node")
        }
        prices[node] = price
      }
    }
    guard let common else { throw reader.missingKey("default", objectAt: offset) }
    return prices.map { $0 ?? common }
  }

  private static func readWindows(
    _ reader: inout JSONReader, _ cluster: Cluster
  ) throws(DocumentError) -> [PlanCertificate.Window] {
    let names = NameTable(cluster.nodes.map(\.name))
    var windows = [PlanCertificate.Window?](repeating: nil, count: cluster.nodes.count)
    let begin = try reader.peekOffset()
    try reader.beginArray(expected: "an array of windows with their nodes")
    while try reader.nextElement() {
      let offset = try reader.peekOffset()
      var seen = JSONSeenKeys<WindowKey>()
      var ignored: [JSONExtension] = []
      var (least, most, nodes): (Rational?, Rational?, [Int]?)
      try reader.beginObject(expected: "an object: a window and its nodes")
      while let key = try reader.nextKey(&seen, &ignored) {
        switch key {
        case .least: least = Rational(try reader.readQuantity())
        case .most: most = Rational(try reader.readQuantity())
        case .nodes:
          var named: [Int] = []
          try reader.beginArray(expected: "an array with the nodes of this window")
          while try reader.nextElement() {
            let name = try reader.readString(expected: "the name of a node")
            guard let node = names.find(name.bytes) else {
              throw reader.error(at: name, expected: "a node of the cluster")
            }
            named.append(node)
          }
          nodes = named
        }
      }
      guard let least else { throw reader.missingKey("least", objectAt: offset) }
      guard let most else { throw reader.missingKey("most", objectAt: offset) }
      guard let nodes else { throw reader.missingKey("nodes", objectAt: offset) }
      guard least <= most else {
        throw reader.error(at: offset, found: "\(least) to \(most)", expected: "the least first")
      }
      for node in nodes {
        guard windows[node] == nil else {
          throw reader.error(
            at: offset, found: "a second window of \(cluster.nodes[node].name)", expected: "one window a node")
        }
        windows[node] = .init(least: least, most: most)
      }
    }
    if let node = windows.firstIndex(where: { $0 == nil }) {
      throw reader.error(at: begin, found: "no window of \(cluster.nodes[node].name)", expected: "one window a node")
    }
    return windows.compactMap { $0 }
  }
}
