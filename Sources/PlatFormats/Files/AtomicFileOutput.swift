import Glibc

/// Writes whole files: they appear complete or not at all.
public enum AtomicFileOutput {
  /// Writes `bytes` to `path`; nil and `-` are standard output. O(bytes).
  ///
  /// A regular file is written beside its place, synced and renamed over it, keeping the permissions of a file
  /// that was there; what is already written is removed when anything fails. Symbolic links are followed.
  /// What is no regular file (a device, a pipe) is written directly.
  ///
  /// - Throws: `FileError`: `create` or `write`.
  public static func write(_ bytes: UnsafeRawBufferPointer, to path: String?) throws(FileError) {
    guard let path, path != "-" else {
      return try write(bytes, descriptor: STDOUT_FILENO, name: "standard output")
    }
    if let descriptor = openDescriptor(path) { return try write(bytes, descriptor: descriptor, name: path) }
    var status = stat()
    let exists = stat(path, &status) == 0
    if exists && status.st_mode & S_IFMT != S_IFREG { return try writeDirectly(bytes, to: path) }
    // The permissions of the old file, or those that the process gives new ones.
    try replace(
      exists ? resolved(path) : path, with: bytes, permissions: exists ? status.st_mode & 0o7777 : nil,
      name: path)
  }

  /// Writes all of `bytes` to an open file.
  static func write(_ bytes: UnsafeRawBufferPointer, descriptor: Int32, name: String) throws(FileError) {
    var done = 0
    while done < bytes.count {
      // Linux writes at most 2 GiB at once.
      let written = Glibc.write(descriptor, bytes.baseAddress! + done, min(bytes.count - done, 1 << 30))
      if written < 0 {
        if errno == EINTR { continue }
        throw FileError(.write, path: name, systemError: errno)
      }
      done += written
    }
  }

  /// The open file that a path like `/dev/stdout` or `/dev/fd/3` stands for: renaming over what lies behind
  /// it, or opening it again at its beginning, would destroy what the process has written there.
  private static func openDescriptor(_ path: String) -> Int32? {
    switch path {
    case "/dev/stdout": return STDOUT_FILENO
    case "/dev/stderr": return STDERR_FILENO
    default:
      for prefix in ["/dev/fd/", "/proc/self/fd/"] where path.hasPrefix(prefix) {
        return Int32(path.dropFirst(prefix.count))
      }
      return nil
    }
  }

  static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  static func writeDirectly(_ bytes: UnsafeRawBufferPointer, to path: String) throws(FileError) {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(.create, path: path, systemError: errno) }
    defer { close(descriptor) }
    try write(bytes, descriptor: descriptor, name: path)
  }

  private static func replace(
    _ target: String, with bytes: UnsafeRawBufferPointer, permissions: mode_t?, name: String
  ) throws(FileError) {
    let directory = target.lastIndex(of: "/").map { String(target[...$0]) } ?? "./"
    if target.hasSuffix("/") { throw FileError(.create, path: name, systemError: EISDIR) }
    let (descriptor, temporary) = try createTemporary(in: directory, name: name)
    var renamed = false
    defer { if !renamed { unlink(temporary) } }
    do {
      defer { close(descriptor) }
      try write(bytes, descriptor: descriptor, name: name)
      if let permissions, fchmod(descriptor, permissions) != 0 {
        throw FileError(.write, path: name, systemError: errno)
      }
      guard fsync(descriptor) == 0 else { throw FileError(.write, path: name, systemError: errno) }
    }
    guard rename(temporary, target) == 0 else { throw FileError(.create, path: name, systemError: errno) }
    renamed = true
    syncDirectory(directory)
  }

  /// A new file in `directory`, open for writing, and its path.
  private static func createTemporary(in directory: String, name: String) throws(FileError) -> (Int32, String) {
    for attempt in 0..<1000 {
      let path = "\(directory).plat-\(getpid())-\(attempt).tmp"
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 { return (descriptor, path) }
      if errno != EEXIST { throw FileError(.create, path: name, systemError: errno) }
    }
    throw FileError(.create, path: name, systemError: EEXIST)
  }

  /// Makes the rename last through a power cut. Some file systems cannot; the file is whole either way.
  private static func syncDirectory(_ directory: String) {
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    close(descriptor)
  }
}
