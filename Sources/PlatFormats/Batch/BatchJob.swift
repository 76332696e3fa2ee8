import PlatEngine

/// One job of a batch, as its line in the list says: `{"id": "a", "cluster": "a.json", "plan": "a-plan.json"}`.
package struct BatchJob: Sendable {
  enum Key: String, JSONKey { case id, cluster, plan, operation, to }

  /// From 0, by the order of the list.
  package let index: Int
  /// As the list writes it, in JSON.
  package let id: [UInt8]
  package let cluster: String
  package let plan: String
  package let operation: Operation?
  /// The document whose map `restore-back` and `cancel` go back to.
  package let to: String?
  let extensions: [JSONExtension]
  /// Where id and plan stand in the line.
  private let offsets: (id: Int, plan: Int)

  /// The longest line that is a job.
  package static let mostBytes = 1 << 20

  /// What a line is: a job, or what is wrong with it, and its id as far as it has one.
  enum Parsed {
    case job(BatchJob)
    case fault(DocumentError, id: [UInt8]?)
  }

  /// O(bytes).
  static func parse(_ line: LineReader.Line, index: Int, list: String) -> Parsed {
    var id: [UInt8]?
    do throws(DocumentError) {
      guard line.bytes.count <= mostBytes else {
        throw DocumentError(
          reason: .content, file: list, path: "", line: line.number, column: 1, found: "a longer line",
          expected: "a job of at most \(mostBytes) bytes")
      }
      return .job(try read(line, index: index, list: list, id: &id))
    } catch {
      return .fault(error, id: id)
    }
  }

  private static func read(
    _ line: LineReader.Line, index: Int, list: String, id: inout [UInt8]?
  ) throws(DocumentError) -> BatchJob {
    let source: DocumentSource
    do throws(FileError) {
      source = try line.bytes.withUnsafeBufferPointer { bytes throws(FileError) in
        try DocumentSource(copying: UnsafeRawBufferPointer(bytes), name: list)
      }
    } catch {
      throw outOfMemory(line, list)
    }
    do throws(DocumentError) { return try read(source, index: index, id: &id) } catch {
      throw error.inLine(line.number)
    }
  }

  private static func read(
    _ source: DocumentSource, index: Int, id: inout [UInt8]?
  ) throws(DocumentError) -> BatchJob {
    var reader = try JSONReader(source)
    var seen = JSONSeenKeys<Key>()
    var extensions: [JSONExtension] = []
    var operation: Operation?
    var (cluster, plan, to): (String?, String?, String?)
    var offsets = (id: 0, plan: 0)
    let begin = try reader.peekOffset()
    try reader.beginObject(expected: "an object: a job")
    while let key = try reader.nextKey(&seen, &extensions) {
      switch key {
      case .id:
        offsets.id = try reader.peekOffset()
        id = try readID(&reader)
      case .cluster: cluster = try readPath(&reader, expected: "the path of a cluster document")
      case .plan:
        offsets.plan = try reader.peekOffset()
        plan = try readPath(&reader, expected: "the path where the plan goes")
      case .operation: operation = try reader.readWord() as Operation
      case .to: to = try readPath(&reader, expected: "the path of the document whose map is gone back to")
      }
    }
    try reader.finish()
    guard let id else { throw reader.missingKey("id", objectAt: begin) }
    guard let cluster else { throw reader.missingKey("cluster", objectAt: begin) }
    guard let plan else { throw reader.missingKey("plan", objectAt: begin) }
    if operation == .restoreBack && to == nil { throw reader.missingKey("to", objectAt: begin) }
    return BatchJob(
      index: index, id: id, cluster: cluster, plan: plan, operation: operation, to: to, extensions: extensions,
      offsets: offsets)
  }

  /// What is said of a job whose id, or whose plan, another has had.
  func duplicate(_ what: Key, in line: LineReader.Line, list: String) -> DocumentError {
    error(
      at: what == .id ? offsets.id : offsets.plan, in: line, list: list, found: "the \(what.rawValue) of a job before",
      expected: what == .id ? "an id of its own for each job" : "a path of its own for each plan")
  }

  /// What is said of a job whose plan would destroy what the batch reads, or writes itself.
  func destructive(_ found: String, in line: LineReader.Line, list: String) -> DocumentError {
    error(
      at: offsets.plan, in: line, list: list, found: found, expected: "another file for the plan", reason: .usage)
  }

  private func error(
    at offset: Int, in line: LineReader.Line, list: String, found: String, expected: String,
    reason: DocumentError.Reason = .content
  ) -> DocumentError {
    do throws(FileError) {
      let source = try line.bytes.withUnsafeBufferPointer { bytes throws(FileError) in
        try DocumentSource(copying: UnsafeRawBufferPointer(bytes), name: list)
      }
      return source.error(at: offset, found: found, expected: expected, reason: reason).inLine(line.number)
    } catch {
      return Self.outOfMemory(line, list)
    }
  }

  private static func outOfMemory(_ line: LineReader.Line, _ list: String) -> DocumentError {
    DocumentError(
      reason: .outOfMemory, file: list, path: "", line: line.number, column: 1, found: "too little memory",
      expected: "memory for the job")
  }

  /// A string or a number, which comes back as it is.
  private static func readID(_ reader: inout JSONReader) throws(DocumentError) -> [UInt8] {
    let token = try reader.peek()
    guard token.kindOfToken == .string || token.kindOfToken == .number else {
      throw reader.mismatch(token, expected: "a string or a number: the job's id")
    }
    return reader.source.copy(try reader.skipValue())
  }

  private static func readPath(_ reader: inout JSONReader, expected: StaticString) throws(DocumentError) -> String {
    let text = try reader.readString(expected: expected)
    guard !text.bytes.isEmpty, text != "-", !text.bytes.contains(0) else {
      throw reader.error(at: text, expected: "a path")
    }
    return text.string
  }
}

extension JSONText {
  fileprivate static func != (text: JSONText, other: StaticString) -> Bool { !(text == other) }
}

extension DocumentError {
  /// The same about a document that is one line of a file.
  func inLine(_ number: Int) -> DocumentError {
    DocumentError(
      reason: reason, file: file, path: path, line: number, column: column, found: found, expected: expected, hint: hint
    )
  }
}
