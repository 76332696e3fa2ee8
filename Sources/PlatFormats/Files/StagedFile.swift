import Glibc

/// A file that is first written whole under a temporary name, and later put in its place, perhaps by another process:
/// both names follow from what that process knows as well.
///
/// Permissions of a file that was there stay, and symbolic links are followed, as by `AtomicFileOutput`. What is no
/// regular file (a device, a pipe) is written directly.
struct StagedFile {
  let target: String
  let temporary: String
  private let name: String
  /// Nil where there is no such file.
  private let mode: mode_t?

  /// `tag`: what tells the temporary name from all others in the folder.
  init(_ path: String, tag: String) {
    var status = stat()
    mode = stat(path, &status) == 0 ? status.st_mode : nil
    target = mode == nil ? path : AtomicFileOutput.resolved(path)
    let target = target
    let directory = target.lastIndex(of: "/").map { target[...$0] } ?? ""
    temporary = "\(directory).plat-\(tag).tmp"
    name = path
  }

  private var isRegular: Bool { (mode ?? S_IFREG) & S_IFMT == S_IFREG }

  /// Writes the file under its temporary name; what was there before, from an attempt that was cut off, goes.
  func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    guard isRegular else { return try AtomicFileOutput.writeDirectly(bytes, to: name) }
    let descriptor = try create()
    var isWritten = false
    defer {
      close(descriptor)
      if !isWritten { unlink(temporary) }
    }
    try AtomicFileOutput.write(bytes, descriptor: descriptor, name: name)
    isWritten = true
  }

  /// The file under its temporary name, empty and open for writing; the caller closes it.
  func create() throws(FileError) -> Int32 {
    if name.hasSuffix("/") { throw FileError(.create, path: name, systemError: EISDIR) }
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError(.create, path: name, systemError: errno) }
    if let mode, fchmod(descriptor, mode & 0o7777) != 0 {
      let problem = errno
      close(descriptor)
      throw FileError(.write, path: name, systemError: problem)
    }
    return descriptor
  }

  /// Puts the file in its place. `again`: it may be there already, and then nothing is left to do.
  func commit(again: Bool = false) throws(FileError) {
    guard isRegular, rename(temporary, target) != 0 else { return }
    if !(again && errno == ENOENT) { throw FileError(.create, path: name, systemError: errno) }
  }

  /// Takes back what was written under the temporary name.
  func discard() { unlink(temporary) }
}
