import Glibc
import PlatEngine
import TestSupport
import Testing

@testable import PlatFormats

/// A document as the bytes of a binary file.
private func binary(_ document: ClusterDocument) throws -> [UInt8] {
  let folder = Folder()
  var writer = JSONWriter(capacityBytes: 1024, for: "x.plat")
  ClusterWriter.write(document, to: &writer)
  try writer.write(to: folder.file("x.plat"))
  return try bytes(folder.file("x.plat"))
}

private func bytes(_ path: String) throws -> [UInt8] {
  let handle = try #require(fopen(path, "r"))
  defer { fclose(handle) }
  fseek(handle, 0, SEEK_END)
  var bytes = [UInt8](repeating: 0, count: ftell(handle))
  rewind(handle)
  let count = fread(&bytes, 1, bytes.count, handle)
  return Array(bytes[..<count])
}

/// Bytes as a file of them would be taken.
private func source(binary bytes: [UInt8]) throws -> DocumentSource {
  guard bytes.withUnsafeBytes({ BinaryFile.isBinary($0) }) else {
    return try bytes.withUnsafeBytes { try DocumentSource(copying: $0, name: "x.plat") }
  }
  let block = UnsafeMutableRawBufferPointer(start: malloc(bytes.count), count: bytes.count)
  block.copyBytes(from: bytes)
  return try DocumentSource(BinaryDocument(block, isMapped: false, name: "x.plat"), name: "x.plat")
}

private func read(binary bytes: [UInt8]) throws -> ClusterDocument { try ClusterReader.read(source(binary: bytes)) }

/// Makes the checksums right again, so that what is behind them is reached.
private func seal(_ bytes: inout [UInt8]) {
  guard bytes.count >= BinaryFile.headerBytes else { return }
  let count = bytes.withUnsafeBytes { Int($0.number(UInt32.self, 12)) }
  guard count <= 64, BinaryFile.headerBytes + BinaryFile.entryBytes * count <= bytes.count else { return }
  func store<Number: FixedWidthInteger>(_ value: Number, _ offset: Int) {
    withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(offset..<(offset + $0.count), with: $0) }
  }
  for index in 0..<count {
    let entry = BinaryFile.headerBytes + BinaryFile.entryBytes * index
    let (start, length) = bytes.withUnsafeBytes {
      ($0.number(UInt64.self, entry + 8), $0.number(UInt64.self, entry + 16))
    }
    guard start <= UInt64(bytes.count), length <= UInt64(bytes.count) - start else { continue }
    let section = Array(bytes[Int(start)..<Int(start + length)])
    store(section.withUnsafeBytes { Checksum.crc32($0) }, entry + 4)
    store(section.withUnsafeBytes { BinaryFile.sum($0) }, entry + 24)
  }
  store(bytes.withUnsafeBytes { BinaryFile.headerCRC($0, count) }, 24)
}

@Suite struct BinaryFileTests {
  @Test func thereAndBack() throws {
    forAllSeeds(0..<300) { seed in
      let (cluster, current) = RandomCluster.make(seed: seed)
      let document = ClusterDocument(
        cluster: cluster,
        map: current.map { MapDocument(header: MapHeader(kind: .current, revision: seed), placement: $0) })
      let text = try written(document)
      let bytes = try binary(document)
      try holds(bytes == binary(document), "other bytes the second time")
      let back = try read(binary: bytes)
      try holds(try written(back) == text, "another document:\n\(text)")
      try holds(try source(binary: bytes).expanded().text == text + "\n", "another text:\n\(text)")
    }
  }

  @Test func rangesWithTheirSourcesComeBack() throws {
    for text in [exampleCluster, exampleRanges] {
      let document = try read(text)
      #expect(try written(read(binary: binary(document))) == written(document))
      #expect(try source(binary: binary(document)).expanded().text == written(document) + "\n")
    }
  }

  /// Where the cluster has come to number its nodes otherwise, the rows of a plan are read by name.
  @Test func aPlanIsReadByTheNamesOfItsNodes() throws {
    var plain = Cluster(settings: Settings(partitionCount: 32), nodes: (0..<12).map { Node(name: "n\($0)") })
    plain.settings.constraints = [1, 2, 0, 0]
    let planned = try Planner.plan(DenseCluster(plain), from: nil)
    let plan = PlanDocument(planned, for: ClusterDocument(cluster: plain))
    let report = try Judge.judge(DenseCluster(plain), map: planned.target, from: nil)
    let folder = Folder()
    var writer = JSONWriter(capacityBytes: 1024, for: "p.plat")
    PlanWriter.write(plan, of: plain, report: report, movesLowerBound: 1, to: &writer)
    try writer.write(to: folder.file("p.plat"))
    var other = plain
    other.nodes = plain.nodes.reversed() + [Node(name: "new")]
    other.settings.constraints = [1, 3, 0, 0]
    let back = try PlanReader.read(FileInput.read(folder.file("p.plat")), for: ClusterDocument(cluster: other))
    for partition in 0..<32 {
      for state in 0..<2 {
        #expect(
          back.map.placement.holders(of: partition, inState: state).map { other.nodes[$0.int].name }
            == planned.target.holders(of: partition, inState: state).map { plain.nodes[$0.int].name })
      }
    }
    other.nodes.removeFirst()
    #expect(throws: DocumentError.self) {
      try PlanReader.read(FileInput.read(folder.file("p.plat")), for: ClusterDocument(cluster: other))
    }
  }

  @Test func everyFlippedBitAndEveryLengthIsRefused() throws {
    let whole = try binary(read(exampleRanges))
    _ = try read(binary: whole)
    var accepted: [String] = []
    for place in whole.indices {
      for bit in 0..<8 {
        var damaged = whole
        damaged[place] ^= 1 << bit
        if (try? read(binary: damaged)) != nil { accepted.append("bit \(bit) of byte \(place)") }
      }
      if (try? read(binary: Array(whole[..<place]))) != nil { accepted.append("\(place) bytes") }
    }
    for more in 1...130 where (try? read(binary: whole + [UInt8](repeating: 0, count: more))) != nil {
      accepted.append("\(more) bytes more")
    }
    #expect(accepted.isEmpty, "\(accepted.prefix(5))")
  }

  /// With right checksums everything else may be wrong: it is accepted as some document, or refused, and never traps.
  @Test func hostileFilesNeverTrap() throws {
    let originals = try [exampleCluster, exampleRanges].map { try binary(read($0)) }
    var (accepted, refused) = (0, 0)
    forAllSeeds(0..<4000) { seed in
      var random = SplitMix64(seed: seed)
      var bytes = random.pick(originals)
      for _ in 0...random.below(3) {
        let place = random.below(random.below(2) == 0 ? 256 : bytes.count)
        switch random.below(4) {
        case 0: bytes[place] = UInt8(random.below(256))
        case 1: bytes[place] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)]
        case 2: for index in place..<min(place + 8, bytes.count) { bytes[index] = 0xff }
        default: bytes[place] = bytes[random.below(bytes.count)]
        }
      }
      if random.below(8) == 0 { bytes.removeLast(random.below(bytes.count)) }
      seal(&bytes)
      do {
        let document = try read(binary: bytes)
        _ = try Judge.judge(
          DenseCluster(document.cluster), map: document.map?.placement ?? document.mapBefore(), from: nil)
        _ = try? source(binary: bytes).expanded()
        accepted += 1
      } catch { refused += 1 }
    }
    #expect(accepted > 20 && refused > 1000, "\(accepted) accepted, \(refused) refused")
  }

  @Test func rowsAreChecked() {
    func firstBad(_ rows: [[UInt32]], nodes: Int) -> Int? {
      rows.flatMap { $0 }.map { NodeIndex(raw: $0) }.withUnsafeBufferPointer {
        BinaryRows.firstBadRow($0.baseAddress!, count: rows.count, width: rows[0].count, nodes: nodes)
      }
    }
    #expect(firstBad([[0, 1, .max], [.max, 2, 1]], nodes: 3) == nil)
    #expect(firstBad([[0, 1, .max], [.max, 3, 1]], nodes: 3) == 1)
    #expect(firstBad([[0, 1, 0], [.max, 3, 1]], nodes: 4) == 0)
    let wide = (0..<12).map { UInt32($0) }
    #expect(firstBad([wide, wide.reversed()], nodes: 12) == nil)
    #expect(firstBad([wide, [3] + wide.dropFirst().map { $0 }], nodes: 12) == 1)
  }

  @Test func damageIsToldAsInvalidInput() throws {
    let folder = Folder()
    var bytes = try binary(read(exampleCluster))
    bytes[bytes.count - 1] ^= 1
    let handle = fopen(folder.file("x.plat"), "w")
    fwrite(bytes, 1, bytes.count, handle)
    fclose(handle)
    do {
      _ = try FileInput.read(folder.file("x.plat"))
      Issue.record("a damaged file was read")
    } catch {
      #expect(error.exitStatus == 65 && error.description.contains("is damaged: found section"), "\(error)")
    }
  }
}
