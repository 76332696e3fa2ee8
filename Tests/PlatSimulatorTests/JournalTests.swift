import TestSupport
import Testing

@testable import PlatEngine

/// The journal as the values that hosts keep.
@Suite struct JournalTests {
  private func names(_ nodes: Range<Int>, partitions: Int) throws -> WireNames {
    try WireNames(
      DenseCluster(
        Cluster(
          settings: Settings(partitionCount: partitions, constraints: [1, 1, 0, 0]),
          nodes: nodes.map { Node(name: "node \($0)") })))
  }

  private func read(_ entries: [Journal.Entry], _ names: WireNames) throws -> Journal {
    // Values are looked at during the call only.
    let blocks = entries.map { entry in
      let block = UnsafeMutableRawBufferPointer.allocate(byteCount: max(entry.bytes.count, 1), alignment: 1)
      block.copyBytes(from: entry.bytes)
      return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(block)[..<entry.bytes.count])
    }
    defer { for block in blocks { block.deallocate() } }
    return try Journal(zip(entries, blocks).map { ($0.key, $1) }, names)
  }

  private func random(
    _ seed: UInt64, partitions: Int, nodes: Int, writes: Int, _ names: WireNames, each: (Journal) throws -> Void
  ) throws {
    var random = SplitMix(seed: seed)
    var journal = Journal(revision: 1, partitionCount: partitions)
    for _ in 0..<writes {
      for _ in 0..<random.below(6) {
        let members = (0..<random.below(4)).map { _ in NodeIndex(random.below(nodes)) }
        journal.setRoster(random.below(partitions), Journal.Roster(revision: journal.revision, members: members))
      }
      for _ in 0..<random.below(3) {
        let node = NodeIndex(random.below(nodes))
        journal.setDisk(
          node, Journal.Disk(store: random.next(), promised: journal.revision, boot: UInt32(random.below(1 << 20))),
          block: names.block(of: node))
      }
      if random.below(3) == 0 { journal.inForce = MapStamp(revision: journal.revision, digest: 7) }
      if random.below(3) == 0 {
        journal.change = Journal.Change(
          basedOn: journal.inForce.revision, goal: MapStamp(revision: journal.revision + 1, digest: 9))
      }
      if random.below(5) == 0 { journal.calledOff = journal.change?.goal }
      journal.version += 1
      journal.revision += UInt64(random.below(3))
      try each(journal)
    }
  }

  /// What changed, put over what was there, is the journal; and so it is as one value.
  @Test func whatChangesIsWritten() throws {
    let names = try names(0..<7, partitions: 5_000)
    forAllSeeds(0..<20) { seed in
      var kept: [String: [UInt8]] = [:]  // sorted before it is gone through
      try random(seed, partitions: 5_000, nodes: 7, writes: 12, names) { journal in
        for entry in journal.changedEntries(names) { kept[entry.key] = entry.bytes }
        let entries = kept.sorted { $0.key < $1.key }.map { Journal.Entry(key: $0.key, bytes: $0.value) }
        try holds(try read(entries, names) == journal, "read from its keys it is another")
        try holds(
          try journal.bytes(names).withUnsafeBytes { try Journal($0, names) } == journal, "as one value it is another")
      }
    }
  }

  /// Read while another writes: every mixture of two versions is refused.
  @Test func mixturesAreRefused() throws {
    let names = try names(0..<7, partitions: 3_000)
    var before: [Journal.Entry]?
    var refused = 0
    try random(3, partitions: 3_000, nodes: 7, writes: 30, names) { journal in
      let now = journal.entries(names)
      for index in now.indices {
        var mixed = now
        mixed.remove(at: index)
        #expect(throws: InputError.self) { _ = try read(mixed, names) }
        guard let old = before?.first(where: { $0.key == now[index].key }), old != now[index] else { continue }
        mixed.append(old)
        #expect(throws: InputError.self) { _ = try read(mixed, names) }
        refused += 1
      }
      before = now
    }
    #expect(refused > 30)
  }

  @Test func noValueGrowsWithTheCluster() throws {
    let (nodes, partitions) = (1_000, 1_000_000)
    let names = try names(0..<nodes, partitions: partitions)
    var journal = Journal(revision: 1, partitionCount: partitions)
    // Every partition has lost a holder, and has three left.
    for partition in 0..<partitions {
      let members = (0..<3).map { NodeIndex((partition &* 7 &+ $0 &* 331) % nodes) }
      journal.setRoster(partition, Journal.Roster(revision: 1 << 20, members: members))
    }
    for node in 0..<nodes {
      journal.setDisk(
        NodeIndex(node), Journal.Disk(store: .max, promised: 1 << 20, boot: 1 << 20),
        block: names.block(of: NodeIndex(node)))
    }
    journal.version += 1
    let entries = journal.changedEntries(names)
    #expect(entries.map(\.bytes.count).max()! < 64 << 10)
    #expect(entries.count > 900)
    let small = try self.names(0..<nodes, partitions: Journal.mostPartitionsInOneValue)
    var one = Journal(revision: 1, partitionCount: Journal.mostPartitionsInOneValue)
    for partition in one.rosters.indices {
      one.setRoster(
        partition, Journal.Roster(revision: 1 << 40, members: (0..<16).map { NodeIndex((partition + 61 * $0) % nodes) })
      )
    }
    #expect(one.bytes(small).count < 512 << 10)
  }

  /// Rosters and disks of what the cluster does not have any more are dropped.
  @Test func whatIsGoneIsDropped() throws {
    let (all, fewer) = (try names(0..<7, partitions: 3_000), try names(2..<7, partitions: 1_500))
    var journal = Journal(revision: 5, partitionCount: 3_000)
    for partition in [3, 1_499, 1_500, 2_999] {
      journal.setRoster(partition, Journal.Roster(revision: 5, members: [NodeIndex(0), NodeIndex(4)]))
    }
    for node in [0, 4] {
      let index = NodeIndex(node)
      journal.setDisk(index, Journal.Disk(store: UInt64(node), promised: 5, boot: 1), block: all.block(of: index))
    }
    journal.version += 1
    let left = try read(journal.entries(all), fewer)
    #expect(left.rosters.indices.filter { left.rosters[$0] != nil } == [3, 1_499])
    #expect(left.rosters[3]?.members == [NodeIndex(2)], "node 4, by another number")
    #expect(left.disk(NodeIndex(2))?.store == 4 && left.disk(NodeIndex(0)) == nil)
  }

  @Test func aPlanFromAnOlderMapIsTold() {
    var journal = Journal(revision: 1, partitionCount: 3)
    func change(_ basedOn: UInt64, _ digest: UInt32) -> Journal.Change {
      Journal.Change(basedOn: basedOn, goal: MapStamp(revision: basedOn + 1, digest: digest))
    }
    #expect(journal.inForce(insteadOf: change(4, 1)) == nil, "nobody has begun yet")
    journal.change = change(1, 1)
    #expect(journal.inForce(insteadOf: change(1, 1)) == nil, "another goes on")
    #expect(journal.inForce(insteadOf: change(1, 2)) == nil, "instead of the first, from the same map")
    #expect(journal.inForce(insteadOf: change(2, 2)) == 1, "from a map that is not in force yet")
    journal.inForce = MapStamp(revision: 9, digest: 1)
    #expect(journal.inForce(insteadOf: change(1, 1)) == nil, "it goes on after it has come to its end")
    #expect(journal.inForce(insteadOf: change(1, 2)) == 9)
    #expect(journal.inForce(insteadOf: change(9, 2)) == nil)
  }
}
