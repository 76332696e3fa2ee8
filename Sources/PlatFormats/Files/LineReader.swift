import Glibc

/// The lines of a file, one after the other, in little memory however long the file is.
package struct LineReader: ~Copyable {
  /// A path as it was given, or `standard input`.
  package let name: String
  /// How long the file is; nil where nobody knows before its end.
  package let sizeBytes: Int?
  /// How many bytes have been handed out.
  package private(set) var doneBytes = 0

  private let mostBytes: Int
  private let descriptor: Int32
  private let ownsDescriptor: Bool
  private let chunk: UnsafeMutableRawBufferPointer
  private var rest: Range<Int> = 0..<0
  package private(set) var isAtEnd = false
  package private(set) var lineNumber = 0

  package struct Line {
    /// From 1.
    package let number: Int
    /// Without its end. A line that is too long is cut to `mostBytes` plus one.
    package let bytes: [UInt8]
  }

  /// `-` is standard input. `mostBytes`: the longest line that is taken whole. Throws `noInput`.
  package init(_ path: String, mostBytes: Int = .max - 1, chunkBytes: Int = 64 << 10) throws(FileError) {
    self.mostBytes = mostBytes
    let isStandard = path == "-"
    name = isStandard ? "standard input" : path
    descriptor = isStandard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    ownsDescriptor = !isStandard
    chunk = .allocate(byteCount: chunkBytes, alignment: 64)
    guard descriptor >= 0 else {
      let problem = errno
      sizeBytes = nil
      throw FileError(.noInput, path: path, systemError: problem)
    }
    var status = stat()
    let isKnown = fstat(descriptor, &status) == 0
    sizeBytes = isKnown && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    if isKnown && status.st_mode & S_IFMT == S_IFDIR { throw FileError(.noInput, path: path, systemError: EISDIR) }
  }

  deinit {
    chunk.deallocate()
    if ownsDescriptor && descriptor >= 0 { close(descriptor) }
  }

  /// The next line that is not blank; nil at the end, or where `isStopped` says so while nothing comes. O(bytes).
  package mutating func next(isStopped: () -> Bool = { false }) throws(FileError) -> Line? {
    while let line = try nextLine(isStopped) {
      lineNumber += 1
      if line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0d }) {
        return Line(number: lineNumber, bytes: line)
      }
    }
    return nil
  }

  private mutating func nextLine(_ isStopped: () -> Bool) throws(FileError) -> [UInt8]? {
    var line: [UInt8] = []
    while true {
      if rest.isEmpty && !isAtEnd { try refill(isStopped) }
      if rest.isEmpty { return isAtEnd && !line.isEmpty ? line : nil }
      let part = UnsafeRawBufferPointer(rebasing: chunk[rest])
      let end = memchr(part.baseAddress!, 0x0a, part.count).map { UnsafeRawPointer($0) - part.baseAddress! }
      line += part.prefix(min(end ?? part.count, mostBytes + 1 - line.count))
      let taken = end.map { $0 + 1 } ?? part.count
      rest.removeFirst(taken)
      doneBytes += taken
      if end != nil { return line }
    }
  }

  /// Waits for what comes, but not forever: whoever writes into a pipe may take long, and the user may want to stop.
  private mutating func refill(_ isStopped: () -> Bool) throws(FileError) {
    while true {
      var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&waiting, 1, 20)
      if isStopped() { return }
      if ready == 0 || (ready < 0 && errno == EINTR) { continue }
      let got = read(descriptor, chunk.baseAddress!, chunk.count)
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw FileError(.read, path: name, systemError: errno) }
      rest = 0..<got
      isAtEnd = got == 0
      return
    }
  }
}

private extension Range<Int> {
  mutating func removeFirst(_ count: Int) { self = (lowerBound + count)..<upperBound }
}
