import Glibc

/// Reads whole files, or standard input: JSON or binary documents, which their first bytes tell apart.
public enum FileInput {
  /// The longest input, in bytes: the JSON reader takes less than 4 GiB.
  public static let maximumBytes = Int(UInt32.max) - 1

  /// Reads the file at `path`; `-` is standard input. O(bytes).
  ///
  /// - Throws: `FileError`: `noInput`, `read`, `tooLong` or `outOfMemory`.
  public static func read(_ path: String) throws(FileError) -> DocumentSource {
    if path == "-" { return try read(descriptor: STDIN_FILENO, name: "standard input") }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(.noInput, path: path, systemError: errno) }
    defer { close(descriptor) }
    return try read(descriptor: descriptor, name: path)
  }

  /// Reads an open file from where it stands to its end.
  static func read(descriptor: Int32, name: String, maximumBytes: Int = maximumBytes) throws(FileError)
    -> DocumentSource
  {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(.read, path: name, systemError: errno) }
    if status.st_mode & S_IFMT == S_IFDIR { throw FileError(.noInput, path: name, systemError: EISDIR) }
    if status.st_mode & S_IFMT == S_IFREG,
      let binary = try BinaryDocument.map(descriptor: descriptor, sizeBytes: Int(status.st_size), name: name)
    {
      return try DocumentSource(binary, name: name)
    }
    if status.st_size > maximumBytes { throw FileError(.tooLong, path: name) }

    // One byte more than the file has: the read that fills nothing finds the end without growing.
    var capacity = max(Int(status.st_size) + 1, 64 << 10)
    guard var block = malloc(capacity + DocumentSource.paddingBytes) else {
      throw FileError(.outOfMemory, path: name)
    }
    LargeBlock.advise(block, capacity)
    var count = 0
    while true {
      if count == capacity {
        capacity *= 2
        guard let grown = realloc(block, capacity + DocumentSource.paddingBytes) else {
          free(block)
          throw FileError(.outOfMemory, path: name)
        }
        block = grown
      }
      let got = Glibc.read(descriptor, block + count, min(capacity - count, 1 << 30))
      if got == 0 { break }
      if got < 0 && errno == EINTR { continue }
      let failed = errno
      count += max(got, 0)
      if got < 0 || count > maximumBytes {
        free(block)
        throw got < 0 ? FileError(.read, path: name, systemError: failed) : FileError(.tooLong, path: name)
      }
    }
    let bytes = UnsafeMutableRawBufferPointer(start: block, count: count)
    guard BinaryFile.isBinary(UnsafeRawBufferPointer(bytes)) else {
      return DocumentSource(adoptingUnsafe: block, count: count, name: name)
    }
    return try DocumentSource(BinaryDocument(bytes, isMapped: false, name: name), name: name)
  }
}
