/// What a document is, by its outermost keys: for messages about one that was given in place of another.
enum DocumentKind: String {
  case cluster = "a cluster document"
  case plan = "a plan"
  case steps = "a steps document"
  case moves = "a moves document"
  case report = "the report of a check"
  case simulation = "the report of a simulation"
  case couchbase = "a Couchbase bucket configuration"
  case kafka = "a Kafka reassignment"

  /// Nil where it is none of these. O(bytes).
  static func of(_ source: DocumentSource) -> DocumentKind? {
    guard let keys = try? keys(source) else { return nil }
    func has(_ names: String...) -> Bool { names.contains { keys[$0] != nil } }
    if has("vBucketServerMap") { return .couchbase }
    guard has("plat") else { return has("partitions") ? .kafka : nil }
    if has("settings", "nodes", "containers", "levels") { return .cluster }
    if has("steps") { return .steps }
    if has("moves") { return .moves }
    if has("runs") && has("violations") { return .simulation }
    if has("operation", "certificate", "mapBefore") { return .plan }
    if has("findings"), keys["map"] == false { return .report }
    return has("map", "maps") ? .plan : nil
  }

  /// The outermost keys; of `map` whether it has partitions.
  private static func keys(_ source: DocumentSource) throws(DocumentError) -> [String: Bool] {
    var reader = try JSONReader(source)
    var keys: [String: Bool] = [:]
    try reader.beginObject()
    while let key = try reader.nextKey() {
      let name = key.string
      keys[name] = true
      guard name == "map", try reader.peekKind() == .objectBegin else {
        try reader.skipValue()
        continue
      }
      keys[name] = false
      try reader.beginObject()
      while let key = try reader.nextKey() {
        if key == "partitions" { keys[name] = true }
        try reader.skipValue()
      }
    }
    return keys
  }

  /// What may be done with it.
  private var hint: String? {
    switch self {
    case .couchbase: "plat import couchbase makes a cluster document of it"
    case .kafka: "plat import kafka makes a cluster document of it"
    default: nil
    }
  }

  /// The error in its place where it is about a document of another kind than was to be read: where an outermost key is
  /// missing, unknown or of the wrong kind.
  static func refine(_ error: DocumentError, of source: DocumentSource, expected: DocumentKind) -> DocumentError {
    guard error.reason == .content, !error.path.contains(where: { $0 == "." || $0 == "[" }), let kind = of(source)
    else {
      return error
    }
    guard kind != expected else { return refineMaps(error, of: source, kind) }
    var refined = source.error(at: 0, found: kind.rawValue, expected: expected.rawValue, reason: .otherKind)
    refined.hint = kind.hint
    return refined
  }

  /// The same where one of both has one map and the other several.
  private static func refineMaps(_ error: DocumentError, of source: DocumentSource, _ kind: DocumentKind)
    -> DocumentError
  {
    let words = ["map": "one map", "maps": "several maps"]
    guard let found = words[error.path], error.found.hasPrefix("the unknown key"), let offset = error.offset else {
      return error
    }
    return source.error(
      at: offset, found: "\(kind.rawValue) of \(found)",
      expected: "\(kind.rawValue) of \(error.path == "map" ? "several maps" : "one map"), as the cluster has",
      reason: .otherKind)
  }
}
