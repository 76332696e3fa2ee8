import Glibc
import PlatEngine
import TestSupport
import Testing

@testable import PlatFormats

private let cluster = #"{ "plat": 1, "settings": { "numPartitions": 4 }, "nodes": { "a": {}, "b": {}, "c": {} } }"#

@Suite struct BatchJournalTests {
  private let folder = Folder()

  /// Cut after any byte, with plans in every state that a killed process can leave: the same results and plans come.
  @Test func cutAnywhere() throws {
    let list = (0..<4).map { #"{"id":"\#($0)","cluster":"\#(folder.file("c"))","plan":"\#(folder.file("p\($0)"))"}"# }
    folder.write(cluster, "c")
    folder.write(list.joined(separator: "\n"), "list")
    let results = folder.file("r")
    try run(results, threads: 2)
    let (whole, plan) = (folder.read("r"), folder.read("p0"))
    #expect(whole?.split(separator: "\n").count == 4)

    // What was noted in one run, in another order than the list's.
    let token = "0123456789abcdef"
    let lines = whole!.split(separator: "\n")
    func note(_ index: Int) -> String {
      let crc = String(Array(list[index].utf8).withUnsafeBytes { Checksum.crc32($0) }, radix: 16)
      return "\(index) \(String(repeating: "0", count: 8 - crc.count))\(crc) 0 \(lines[index])\n"
    }
    let journal = "plat-batch 1 \(token)\n" + note(2) + note(0)
    let ends = journal.utf8.enumerated().filter { $1 == 0x0a }.flatMap { [$0.0, $0.0 + 1, $0.0 + 2] }
    for count in Set(stride(from: 0, through: journal.utf8.count, by: 23)).union(ends).sorted()
    where count <= journal.utf8.count {
      for index in 0..<4 { unlink(folder.file("p\(index)")) }
      unlink(results)
      folder.write(String(journal.prefix(count)), "r.journal")
      // Job 2 is in its place, job 0 is noted and not renamed yet, job 3 was being written.
      folder.write(plan!, "p2")
      folder.write(plan!, ".plat-\(token)-0.tmp")
      folder.write("half", ".plat-\(token)-3.tmp")
      try run(results, threads: 1)
      #expect(folder.read("r") == whole)
      for index in 0..<4 { #expect(folder.read("p\(index)") == plan, "cut at \(count), job \(index)") }
      for name in folder.names where name.hasSuffix(".tmp") {
        // Only where the cut took the token, too, does what another batch has left stay.
        #expect(count <= 29, "\(name) at \(count)")
        unlink(folder.file(name))
      }
    }
  }

  private func run(_ results: String, threads: Int) throws {
    let runner = try BatchRunner(folder.file("list"), resultsPath: results)
    #expect(try runner.run(threads: threads))
  }

  @Test func onlyOneProcessHasAJournal() throws {
    let first = try BatchJournal(folder.file("j"), restart: false)
    #expect(throws: FileError(.create, path: folder.file("j"), systemError: EWOULDBLOCK)) {
      _ = try BatchJournal(folder.file("j"), restart: true)
    }
    first.remove()
  }

  @Test func notesComeInTheOrderOfTheList() throws {
    forAllSeeds(0..<20) { seed in
      var random = SplitMix64(seed: seed)
      unlink(folder.file("j"))
      let journal = try BatchJournal(folder.file("j"), restart: false)
      // As threads end: any of the next ten that are not done.
      var (open, next, noted) = (Array(0..<10), 10, Set<Int>())
      for _ in 0..<Int(random.next() % 200) {
        let index = open.remove(at: Int(random.next() % 10))
        open.append(next)
        next += 1
        noted.insert(index)
        try journal.append(.init(index: index, lineCRC: UInt32(index), status: 0, result: Array("{}".utf8)))
      }
      var entries = try BatchEntries(journal)
      for index in 0..<next {
        let entry = try entries.take(index)
        try holds((entry != nil) == noted.contains(index) && (entry?.lineCRC ?? UInt32(index)) == index, "job \(index)")
      }
      let isEmpty = try entries.isEmpty()
      try holds(isEmpty, "notes are left")
    }
  }

  @Test func linesComeWholeWhateverTheChunk() throws {
    let path = folder.write("one\n\n  \ntwo\r\n" + String(repeating: "x", count: 300) + "\nlast", "lines")
    for chunk in [1, 2, 3, 7, 64, 1000] {
      var lines = try LineReader(path, mostBytes: 100, chunkBytes: chunk)
      var read: [(Int, String)] = []
      while let line = try lines.next() { read.append((line.number, String(decoding: line.bytes, as: UTF8.self))) }
      #expect(read.map(\.0) == [1, 4, 5, 6])
      #expect(read.map(\.1) == ["one", "two\r", String(repeating: "x", count: 101), "last"])
      #expect(lines.doneBytes == lines.sizeBytes)
    }
  }

  @Test func namesAreRememberedInBoundedMemory() {
    var names = RecentNames(capacity: 100)
    for index in 0..<1000 {
      let isNew = names.insert(0, "\(index)".utf8)
      #expect(isNew)
    }
    for index in 900..<1000 {
      let isNew = names.insert(0, "\(index)".utf8)
      #expect(!isNew)
    }
    let (other, forgotten) = (names.insert(1, "999".utf8), names.insert(0, "0".utf8))
    #expect(other && forgotten)
  }
}
