import Glibc

/// A folder of its own for each test, removed with it.
public final class Folder {
  public let path: String

  public init() {
    var template = Array("/tmp/plat-test-XXXXXX".utf8CString)
    path = String(cString: mkdtemp(&template)!)
  }

  deinit {
    chmod(path, 0o700)
    for name in names { unlink(file(name)) }
    rmdir(path)
  }

  public var names: [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  public func file(_ name: String) -> String { "\(path)/\(name)" }

  @discardableResult public func write(_ text: String, _ name: String) -> String {
    let handle = fopen(file(name), "w")!
    defer { fclose(handle) }
    var text = text
    text.withUTF8 { _ = fwrite($0.baseAddress, 1, $0.count, handle) }
    return file(name)
  }

  /// Nil where there is no such file.
  public func read(_ name: String) -> String? {
    guard let handle = fopen(file(name), "r") else { return nil }
    defer { fclose(handle) }
    var bytes: [UInt8] = []
    while case let byte = getc(handle), byte != EOF { bytes.append(UInt8(byte)) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
