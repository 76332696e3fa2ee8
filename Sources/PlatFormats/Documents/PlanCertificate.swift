import PlatEngine

/// What proves a plan's lower bound on moves, and that the plan is as it was made.
public struct PlanCertificate: Equatable, Sendable {
  /// For each node; see `Judge.movesBound`.
  public var prices: [Int32]
  /// Of operation, map, bound and prices: a plan that something happened to on its way has another.
  public var digest: UInt32

  public init(prices: [Int32], digest: UInt32) {
    self.prices = prices
    self.digest = digest
  }

  /// The certificate of a plan that is known to be as it should. O(P · R).
  public init(prices: [Int32], movesLowerBound: Int, of plan: PlanDocument, cluster: Cluster) {
    self.init(prices: prices, digest: 0)
    digest = digestNow(plan, cluster, movesLowerBound: "\(movesLowerBound)")
  }

  /// The digest that these prices and the plan have; the bound as its summary says it.
  func digestNow(_ plan: PlanDocument, _ cluster: Cluster, movesLowerBound: String) -> UInt32 {
    let begin = Digest.crc32("\(plan.operation) \(movesLowerBound)".utf8)
    let map = plan.map.placement.digest(of: cluster.nodes.map(\.name), from: begin)
    return Digest.crc32(prices.flatMap { price in (0..<4).map { UInt8(truncatingIfNeeded: price >> ($0 * 8)) } }, from: map)
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
      writer.key("\(certificate.prices[group[group.startIndex]])")
      writer.beginArray(.compact)
      for node in group { writer.string(cluster.nodes[node].name) }
      writer.endArray()
    }
    writer.endObject()
    writer.endObject()
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
  private enum Key: String, JSONKey { case digest, prices }

  static func read(_ reader: inout JSONReader, of cluster: Cluster) throws(DocumentError) -> PlanCertificate {
    let offset = try reader.peekOffset()
    var seen = JSONSeenKeys<Key>()
    var ignored: [JSONExtension] = []
    var digest: UInt32?
    var prices: [Int32]?
    try reader.beginObject(expected: "an object: the certificate")
    while let key = try reader.nextKey(&seen, &ignored) {
      switch key {
      case .digest:
        let text = try reader.readString(expected: "eight hexadecimal digits")
        guard let value = UInt32(text.string, radix: 16), CertificateWriter.text(value) == text.string else {
          throw reader.error(at: text, expected: "eight hexadecimal digits")
        }
        digest = value
      case .prices: prices = try readPrices(&reader, cluster)
      }
    }
    guard let digest else { throw reader.missingKey(Key.digest.rawValue, objectAt: offset) }
    guard let prices else { throw reader.missingKey(Key.prices.rawValue, objectAt: offset) }
    return PlanCertificate(prices: prices, digest: digest)
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
}
