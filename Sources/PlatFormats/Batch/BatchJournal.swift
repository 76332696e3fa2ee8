import Glibc
import PlatEngine

/// What a batch notes while it works, so that it can go on after it was killed at any moment:
///
///     plat-batch 1 5f0c2a9e11d04b37
///     0 89abcdef 0 {"id":"a","status":0,"moves":86,…}
///     2 01234567 66 {"id":"c","status":66,"error":{…}}
///
/// a name that no other batch has, then a line for each job that is done, in the order in which they end: its number,
/// the CRC of its line in the list, its status, its result. A job's plan lies whole under a temporary name before the
/// job is noted, and gets its own name after. So a job that is noted is done, whatever became of the process: at most
/// its plan is still to be renamed. A job that is not noted has left nothing but a temporary file, which is written
/// over.
///
/// A line is appended by one write, and the last is cut off where it is not whole.
final class BatchJournal {
  struct Entry {
    let index: Int
    let lineCRC: UInt32
    let status: Int32
    let result: [UInt8]
  }

  let path: String
  /// Tells this batch's temporary files from those of others.
  let token: String
  /// How long it was when it was opened.
  let resumedBytes: Int
  private let descriptor: Int32

  /// How far a job may be ahead of the first that is not done: bounds what has to be kept in memory to put results in
  /// the order of the list, now and when the journal is read.
  static let window = 4096

  /// Opens the journal, or begins one. Only one process at a time has it.
  init(_ path: String, restart: Bool) throws {
    let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError(.create, path: path, systemError: errno) }
    do {
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw FileError(.create, path: path, systemError: errno) }
      try Self.refuseOther(descriptor, path)
      resumedBytes = restart ? 0 : try Self.wholeBytes(descriptor, path)
      guard ftruncate(descriptor, off_t(resumedBytes)) == 0 else {
        throw FileError(.write, path: path, systemError: errno)
      }
      token = resumedBytes > 0 ? try Self.token(path) : Self.newToken()
      if resumedBytes == 0 { try Self.append(Array("\(Self.heading)\(token)\n".utf8), descriptor, path) }
    } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
  }

  /// Whether there were notes of a batch that was cut off.
  var isResumed: Bool { resumedBytes > 0 }

  deinit { close(descriptor) }

  private static func newToken() -> String {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  func append(_ entry: Entry) throws(FileError) {
    let crc = String(entry.lineCRC, radix: 16)
    let head = "\(entry.index) \(String(repeating: "0", count: 8 - crc.count))\(crc) \(entry.status) "
    try Self.append(Array(head.utf8) + entry.result + [0x0a], descriptor, path)
  }

  /// Takes the journal away: the batch is done.
  func remove() { unlink(path) }

  // MARK: reading

  private static let heading = "plat-batch 1 "

  private static func append(_ bytes: [UInt8], _ descriptor: Int32, _ path: String) throws(FileError) {
    try bytes.withUnsafeBufferPointer { bytes throws(FileError) in
      try AtomicFileOutput.write(UnsafeRawBufferPointer(bytes), descriptor: descriptor, name: path)
    }
  }

  /// A file that is no journal is left as it is, whatever was asked for. A heading may be cut off.
  private static func refuseOther(_ descriptor: Int32, _ path: String) throws {
    let mark = "plat-batch "
    var begin = [UInt8](repeating: 0, count: mark.utf8.count)
    let got = pread(descriptor, &begin, begin.count, 0)
    guard got >= 0 else { throw FileError(.read, path: path, systemError: errno) }
    guard begin.prefix(got).elementsEqual(mark.utf8.prefix(got)) else {
      throw DocumentError(
        reason: .content, file: path, path: "", line: 1, column: 1, found: "another file",
        expected: "nothing, or the journal of a batch; it is left as it is")
    }
  }

  /// The length without a last line that is not whole.
  private static func wholeBytes(_ descriptor: Int32, _ path: String) throws(FileError) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(.read, path: path, systemError: errno) }
    var end = Int(status.st_size)
    var block = [UInt8](repeating: 0, count: 64 << 10)
    while end > 0 {
      let begin = max(0, end - block.count)
      let got = pread(descriptor, &block, end - begin, off_t(begin))
      guard got == end - begin else { throw FileError(.read, path: path, systemError: got < 0 ? errno : 0) }
      if let last = block[..<got].lastIndex(of: 0x0a) { return begin + last + 1 }
      end = begin
    }
    return 0
  }

  private static func token(_ path: String) throws -> String {
    var lines = try LineReader(path)
    let text = try lines.next().map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
    guard text.hasPrefix(heading), text.utf8.count == heading.utf8.count + 16 else {
      throw damaged(path, line: 1, found: "something else")
    }
    return String(text.dropFirst(heading.count))
  }

  static func damaged(_ path: String, line: Int, found: String) -> DocumentError {
    DocumentError(
      reason: .content, file: path, path: "", line: line, column: 1, found: found,
      expected: "the journal of a batch, which --restart throws away")
  }
}

/// The notes of a journal in the order of the list.
struct BatchEntries: ~Copyable {
  private var lines: LineReader
  private let path: String
  /// Where to stop: what is appended later is not read.
  private let endBytes: Int
  /// Read already, and not asked for yet. No more than the window, by which jobs may end in another order.
  private var ahead: [Int: BatchJournal.Entry] = [:]
  private var farthest = -1

  init(_ journal: BatchJournal, endBytes: Int = .max) throws {
    var lines = try LineReader(journal.path)
    _ = try lines.next()
    self.lines = lines
    path = journal.path
    self.endBytes = endBytes
  }

  /// What is noted of a job, if anything. Jobs are asked for in rising order.
  mutating func take(_ index: Int) throws -> BatchJournal.Entry? {
    while true {
      if let entry = ahead.removeValue(forKey: index) { return entry }
      guard farthest < index + BatchJournal.window, let entry = try read() else { return nil }
      guard entry.index >= index, ahead.updateValue(entry, forKey: entry.index) == nil else {
        throw BatchJournal.damaged(path, line: lines.lineNumber, found: "job \(entry.index) out of its order")
      }
      farthest = max(farthest, entry.index)
    }
  }

  /// Whether all notes have been taken.
  mutating func isEmpty() throws -> Bool {
    if !ahead.isEmpty { return false }
    return try read() == nil
  }

  private mutating func read() throws -> BatchJournal.Entry? {
    guard lines.doneBytes < endBytes, let line = try lines.next() else { return nil }
    let fields = line.bytes.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
    guard fields.count == 4, let index = Int(text(fields[0])), index >= 0, let crc = UInt32(text(fields[1]), radix: 16),
      let status = Int32(text(fields[2])), fields[3].first == 0x7b, fields[3].last == 0x7d
    else { throw BatchJournal.damaged(path, line: line.number, found: "something else") }
    return BatchJournal.Entry(index: index, lineCRC: crc, status: status, result: Array(fields[3]))
  }

  private func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}
