import Glibc

/// Which file a path leads to, whatever links lie on the way: device and inode, as the system tells two files apart.
///
/// Only of files that writing destroys: regular ones and block devices. Pipes, terminals and `/dev/null` have none.
struct FileIdentity: Hashable, Sendable {
  private let device: UInt64
  private let inode: UInt64
  private let isBlockDevice: Bool

  /// Follows links. Nil where nothing is there, or nothing that could be destroyed. O(1): one system call.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  /// Of an open file.
  init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  private init?(_ status: stat) {
    switch status.st_mode & S_IFMT {
    case S_IFREG: (device, inode, isBlockDevice) = (UInt64(status.st_dev), UInt64(status.st_ino), false)
    // Any node that leads to the device is the device.
    case S_IFBLK: (device, inode, isBlockDevice) = (UInt64(status.st_rdev), 0, true)
    default: return nil
    }
  }

  /// For tables of fingerprints.
  var bytes: [UInt8] { Array("\(device) \(inode) \(isBlockDevice)".utf8) }

  /// Of what a command reads; `-` is standard input.
  static func ofInput(_ path: String) -> FileIdentity? {
    path == "-" ? FileIdentity(descriptor: STDIN_FILENO) : FileIdentity(path)
  }

  /// Of what a command writes, if that is there already; nil and `-` are standard output.
  static func ofOutput(_ path: String?) -> FileIdentity? {
    guard let path, path != "-" else { return FileIdentity(descriptor: STDOUT_FILENO) }
    return FileIdentity(path)
  }
}

/// Where a file stands or would stand: its folder and its name in it. Stays the same when another file is renamed into
/// the place.
struct FilePlace: Hashable, Sendable {
  private let device: UInt64
  private let inode: UInt64
  private let name: String

  /// Follows links. Nil where there is no such folder, or no regular file in the place: devices take any number of
  /// outputs.
  init?(_ path: String) {
    guard BatchOutput.isFile(path) else { return nil }
    let target = AtomicFileOutput.resolved(path)
    let slash = target.lastIndex(of: "/")
    var status = stat()
    guard stat(slash.map { String(target[...$0]) } ?? ".", &status) == 0 else { return nil }
    (device, inode) = (UInt64(status.st_dev), UInt64(status.st_ino))
    name = slash.map { String(target[target.index(after: $0)...]) } ?? target
  }

  /// For tables of fingerprints.
  var bytes: [UInt8] { Array("\(device) \(inode) \(name)".utf8) }
}
