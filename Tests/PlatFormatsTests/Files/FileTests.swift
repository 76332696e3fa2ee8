import Glibc
import TestSupport
import Testing

@testable import PlatFormats

private func write(_ text: String, to path: String?) throws(FileError) {
  var writer = JSONWriter()
  writer.string(text)
  try writer.write(to: path)
}

private func read(_ path: String) throws(FileError) -> String {
  try FileInput.read(path).text
}

@Suite struct FileTests {
  private let folder = Folder()

  @Test func whatIsWrittenIsRead() throws {
    let path = folder.file("a")
    try write("first", to: path)
    #expect(try read(path) == "\"first\"\n")
    let long = String(repeating: "é", count: 200_000)
    try write(long, to: path)
    #expect(try read(path) == "\"\(long)\"\n")
    #expect(folder.names == ["a"])
  }

  @Test func missingInput() {
    #expect(throws: FileError(.noInput, path: folder.file("none"), systemError: ENOENT)) {
      try FileInput.read(folder.file("none"))
    }
    #expect(throws: FileError(.noInput, path: folder.path, systemError: EISDIR)) { try FileInput.read(folder.path) }
    let error = FileError(.noInput, path: "c.json", systemError: ENOENT)
    #expect(error.exitStatus == 66)
    #expect(error.description == "c.json cannot be opened for reading: No such file or directory")
  }

  @Test func inputWithoutEndIsRefused() throws {
    let descriptor = open("/dev/zero", O_RDONLY)
    defer { close(descriptor) }
    #expect(throws: FileError(.tooLong, path: "zero")) {
      try FileInput.read(descriptor: descriptor, name: "zero", maximumBytes: 1_000_000)
    }
  }

  @Test func pipesAreReadToTheirEnd() throws {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let text = Array(String(repeating: "x", count: 30_000).utf8)
    #expect(Glibc.write(ends[1], text, text.count) == text.count)
    close(ends[1])
    let document = try FileInput.read(descriptor: ends[0], name: "pipe")
    close(ends[0])
    #expect(document.copy(0..<document.sizeBytes) == text)
  }

  @Test func permissionsAndLinksStay() throws {
    let target = folder.file("target"), link = folder.file("link")
    try write("1", to: target)
    chmod(target, 0o640)
    symlink("target", link)
    try write("2", to: link)
    var status = stat()
    lstat(link, &status)
    #expect(status.st_mode & S_IFMT == S_IFLNK)
    lstat(target, &status)
    #expect(status.st_mode & 0o777 == 0o640)
    #expect(try read(target) == "\"2\"\n")
  }

  @Test func outputThatCannotBeCreated() throws {
    for path in [folder.file("none/a"), folder.file("none/"), folder.path] {
      let error = #expect(throws: FileError.self) { try write("1", to: path) }
      #expect(error?.exitStatus == 73 && error?.path == path)
    }
    #expect(folder.names.isEmpty)
  }

  /// Memory that the system cannot read stands in for a full disk.
  @Test func whatFailsLeavesNothingBehind() throws {
    let path = folder.file("a")
    try write("old", to: path)
    let pages = mmap(nil, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
    defer { munmap(pages, 8192) }
    mprotect(pages + 4096, 4096, PROT_NONE)
    let error = #expect(throws: FileError.self) {
      try AtomicFileOutput.write(UnsafeRawBufferPointer(start: pages, count: 8192), to: path)
    }
    #expect(error?.reason == .write && error?.exitStatus == 74)
    #expect(folder.names == ["a"])
    #expect(try read(path) == "\"old\"\n")
  }

  @Test func devicesAreWrittenDirectly() throws {
    try write("1", to: "/dev/null")
    var status = stat()
    stat("/dev/null", &status)
    #expect(status.st_mode & S_IFMT == S_IFCHR)
    let error = #expect(throws: FileError.self) { try write("1", to: "/dev/full") }
    #expect(error?.reason == .write && error?.systemError == ENOSPC && error?.exitStatus == 74)
  }

  /// Behind what is already there, instead of over it.
  @Test func openDescriptorsAreGoneOnWith() throws {
    let descriptor = open(folder.file("log"), O_WRONLY | O_CREAT, 0o600)
    #expect(Glibc.write(descriptor, "log\n", 4) == 4)
    try write("1", to: "/dev/fd/\(descriptor)")
    close(descriptor)
    #expect(try read(folder.file("log")) == "log\n\"1\"\n")
    #expect(throws: FileError.self) { try write("1", to: "/dev/fd/999") }
  }
}
