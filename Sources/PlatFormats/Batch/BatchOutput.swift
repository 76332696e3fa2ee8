import Glibc

/// Lines on their way to a file, to standard output or to a pipe, some at a time.
final class BatchOutput {
  private let descriptor: Int32
  private let ownsDescriptor: Bool
  private let name: String
  private var buffer: [UInt8] = []

  /// Whether `path` is, or would become, a regular file.
  static func isFile(_ path: String) -> Bool {
    // Open files by name: what lies behind them may be a file, but it is not ours to replace.
    if ["-", "/dev/stdout", "/dev/stderr"].contains(path) { return false }
    if path.hasPrefix("/dev/fd/") || path.hasPrefix("/proc/self/fd/") { return false }
    var status = stat()
    return stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
  }

  /// What is no regular file, or standard output.
  init(_ path: String?) throws(FileError) {
    ownsDescriptor = path != nil && path != "-"
    name = ownsDescriptor ? path ?? "" : "standard output"
    descriptor = ownsDescriptor ? open(name, O_WRONLY | O_APPEND | O_CLOEXEC) : STDOUT_FILENO
    guard descriptor >= 0 else { throw FileError(.create, path: name, systemError: errno) }
  }

  /// A file that is still under its temporary name.
  init(_ file: StagedFile) throws(FileError) {
    ownsDescriptor = true
    name = file.target
    descriptor = try file.create()
  }

  deinit { if ownsDescriptor { close(descriptor) } }

  func write(line: [UInt8]) throws(FileError) {
    buffer += line
    buffer.append(0x0a)
    if buffer.count >= 64 << 10 { try flush() }
  }

  func flush() throws(FileError) {
    if buffer.isEmpty { return }
    try buffer.withUnsafeBufferPointer { bytes throws(FileError) in
      try AtomicFileOutput.write(UnsafeRawBufferPointer(bytes), descriptor: descriptor, name: name)
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Makes what was written last through a power cut.
  func sync() throws(FileError) {
    try flush()
    guard fsync(descriptor) == 0 else { throw FileError(.write, path: name, systemError: errno) }
  }
}

/// The results of a batch, as they stand in their file.
package enum BatchResults {
  /// Whether every job has status 0. O(bytes).
  package static func areAllGood(_ path: String) throws -> Bool {
    var lines = try LineReader(path)
    while let line = try lines.next() {
      let source = try line.bytes.withUnsafeBytes { try DocumentSource(copying: $0, name: path) }
      var reader = try JSONReader(source)
      try reader.beginObject(expected: "an object: the result of a job")
      while let key = try reader.nextKey() {
        if key == "status" {
          if try reader.readInteger(in: 0...255) != 0 { return false }
        } else {
          try reader.skipValue()
        }
      }
    }
    return true
  }
}
