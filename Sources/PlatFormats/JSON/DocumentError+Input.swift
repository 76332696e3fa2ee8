import CPlatJSON
import PlatEngine

extension DocumentSource {
  /// The reader of C, which asks now and then whether to go on.
  func open(_ problem: inout plat_json_error) -> OpaquePointer? {
    guard allowance.interrupt != nil else { return plat_json_open(unsafeBytes.baseAddress, sizeBytes, &problem) }
    return plat_json_open_in_parts(
      unsafeBytes.baseAddress, sizeBytes,
      { context in context.map { !Unmanaged<Allowance>.fromOpaque($0).takeUnretainedValue().isInterrupted } ?? true },
      Unmanaged.passUnretained(allowance).toOpaque(), &problem)
  }

  /// Reading was interrupted: told without looking for a place.
  func cancelled() -> DocumentError {
    DocumentError(reason: .cancelled, file: name, path: "", line: 0, column: 0, found: "an interrupt", expected: "none")
  }

  /// What the engine says about this document, at the place that its path names, or, if that was left out, at
  /// what would be around it. O(bytes).
  public func error(_ error: InputError) -> DocumentError {
    var line: UInt64 = 0
    var column: UInt64 = 0
    let offset = PathSearch.offset(of: Array(error.path.utf8), in: self)
    plat_json_place(unsafeBytes.baseAddress, sizeBytes, UInt64(offset), &line, &column)
    return DocumentError(
      reason: .content, file: name, path: error.path, line: Int(line), column: Int(column), found: error.found,
      expected: error.expected, offset: offset)
  }
}

/// Finds the value that a path of the engine means: `nodes.a.weight`, `settings.placement[1].near`.
private struct PathSearch {
  private let path: [UInt8]
  /// The part of `path` that led to the innermost container on it.
  private var matched = 0
  /// Containers that are open, and how many of them, outermost first, are on the path.
  private var depth = 0
  private var depthOnPath = 0
  /// In the innermost container on the path: the key or the element that comes next.
  private var key: ArraySlice<UInt8> = []
  private var element = 0
  private var isArray = false
  private var best = 0

  static func offset(of path: [UInt8], in source: DocumentSource) -> Int {
    var search = PathSearch(path: path)
    var problem = plat_json_error()
    guard let handle = source.open(&problem) else { return 0 }
    defer { plat_json_close(handle) }
    withUnsafeTemporaryAllocation(of: plat_json_token.self, capacity: 256) { tokens in
      while !source.allowance.isInterrupted {
        let count = plat_json_next(handle, tokens.baseAddress, tokens.count, &problem)
        if count <= 0 { return }
        for token in tokens.prefix(Int(count)) where !search.take(token, source) { return }
      }
    }
    return search.best
  }

  private init(path: [UInt8]) { self.path = path }

  /// False where the search is over.
  private mutating func take(_ token: plat_json_token, _ source: DocumentSource) -> Bool {
    switch token.kindOfToken {
    case .key:
      if depth == depthOnPath { key = Array(source.unsafeBytes[token.range])[...] }
    case .objectEnd, .arrayEnd:
      depth -= 1
      // Whatever else is on the path would be inside what ends here.
      if depth < depthOnPath { return false }
      finishValue()
    case .documentEnd:
      return false
    case .objectBegin, .arrayBegin:
      let isOnPath = depth == depthOnPath && step(to: token)
      depth += 1
      guard isOnPath else { return true }
      depthOnPath = depth
      isArray = token.kindOfToken == .arrayBegin
      element = 0
      return matched < path.count
    default:
      if depth == depthOnPath && step(to: token) { return false }
      finishValue()
    }
    return true
  }

  private mutating func finishValue() {
    if depth == depthOnPath { element += 1 }
  }

  /// Whether the value that comes is on the path.
  private mutating func step(to token: plat_json_token) -> Bool {
    if depth == 0 {
      best = token.start
      return true
    }
    let name = isArray ? Array("[\(element)]".utf8)[...] : matched == 0 ? key : [0x2e] + key
    let rest = path[matched...]
    guard rest.starts(with: name) else { return false }
    let next = rest.dropFirst(name.count).first
    guard next == nil || next == 0x2e || next == 0x5b else { return false }
    matched += name.count
    best = token.start
    return true
  }
}
