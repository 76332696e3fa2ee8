import CPlatCore
import PlatEngine

/// The sections of a binary document, as its JSON names them.
extension DocumentSource {
  func section(_ index: Int, _ kind: BinaryFile.Kind, _ reader: borrowing JSONReader, at offset: Int)
    throws(DocumentError) -> UnsafeRawBufferPointer
  {
    guard let binary, binary.sections.indices.contains(index), binary.sections[index].kind == kind else {
      throw reader.error(at: offset, found: "section \(index)", expected: "the number of a section of \(kind)")
    }
    return binary.sections[index].bytes
  }

  func texts(_ index: Int, count: Int?, _ reader: borrowing JSONReader, at offset: Int) throws(DocumentError)
    -> BinaryTexts
  {
    guard let texts = BinaryTexts(try section(index, .texts, reader, at: offset)), count == nil || texts.count == count
    else {
      throw reader.error(
        at: offset, found: "section \(index) with other texts", expected: count.map { "\($0) texts" } ?? "texts")
    }
    return texts
  }
}

extension MapReader {
  /// Who holds what, from the rows of a binary document: where nodes have the same numbers as in the cluster, the map
  /// looks at the rows where they lie. O(P · R), at the speed of memory.
  func readBinaryPlacement(
    _ reader: inout JSONReader, of cluster: Cluster, nodes: borrowing NameTable
  ) throws(DocumentError) -> PlacementMap {
    let offset = try reader.peekOffset()
    let partitions = try BinaryPartitions(&reader)
    let source = reader.source
    guard partitions.count == cluster.settings.partitionCount else {
      throw reader.error(
        at: offset, found: "\(partitions.count) partitions", expected: "\(cluster.settings.partitionCount) of them")
    }
    let slotCounts = try slotCounts(partitions, cluster.settings.model, reader, at: offset)
    let bytes = try source.section(partitions.rows, .rows, reader, at: offset)
    let width = partitions.width
    guard width <= Limits.slots / max(partitions.count, 1), bytes.count == 4 * width * partitions.count else {
      throw reader.error(
        at: offset, found: "\(bytes.count) bytes of rows", expected: "\(partitions.count) rows of \(width) slots")
    }
    let numbers = try nodeNumbers(partitions, nodes, reader, at: offset)
    let slots = UnsafeMutablePointer(
      mutating: bytes.baseAddress!.assumingMemoryBound(to: NodeIndex.self))
    if let bad = BinaryRows.firstBadRow(slots, count: partitions.count, width: width, nodes: numbers.count) {
      throw reader.error(
        at: offset, found: "row \(bad) with a node twice, or one that there is not", expected: "each node once in a row"
      )
    }
    do throws(PlatError) {
      let isSame = numbers.isIdentity && zip(slotCounts, cluster.rowSlots).allSatisfy { $0 >= $1 }
      let map = PlacementMap(
        unsafeSlots: slots, partitionCount: partitions.count, slotCounts: slotCounts, owner: source)
      if isSame { return map }
      return try source.taken(
        BinaryRows.relaid(
          map, numbers: numbers.table, least: cluster.rowSlots, limitBytes: source.allowance.leftBytes))
    } catch {
      throw reader.error(error, at: offset)
    }
  }

  private func slotCounts(
    _ partitions: BinaryPartitions, _ model: StateModel, _ reader: borrowing JSONReader, at offset: Int
  ) throws(DocumentError) -> [Int] {
    var counts = model.states.map { _ in 0 }
    var before = -1
    for (state, count) in partitions.slots {
      guard let index = model.index(of: state), index > before else {
        throw reader.error(at: offset, found: "slots of \(state)", expected: "states of \(model.name), in its order")
      }
      before = index
      counts[index] = count
    }
    return counts
  }

  /// For each number of the rows the cluster's number of the node of that name.
  private func nodeNumbers(
    _ partitions: BinaryPartitions, _ nodes: borrowing NameTable, _ reader: borrowing JSONReader, at offset: Int
  ) throws(DocumentError) -> (table: [NodeIndex], count: Int, isIdentity: Bool) {
    var names = try reader.source.texts(partitions.nodes, count: nil, reader, at: offset)
    var table: [NodeIndex] = []
    var isIdentity = true
    var isTaken = [Bool](repeating: false, count: nodes.count)
    table.reserveCapacity(names.count)
    for index in 0..<names.count {
      let name = names.next()
      guard let node = nodes.find(name) else {
        throw reader.error(
          at: offset, found: "the node \(reader.source.quoted(name)) in its rows", expected: "nodes of the cluster")
      }
      guard !isTaken[node] else {
        throw reader.error(
          at: offset, found: "the node \(reader.source.quoted(name)) a second time", expected: "each node once")
      }
      isTaken[node] = true
      isIdentity = isIdentity && node == index
      table.append(NodeIndex(node))
    }
    return (table, names.count, isIdentity)
  }

  /// The key ranges, in the order of the rows; each ends where the next begins. O(bytes).
  static func readBinaryRanges(_ reader: inout JSONReader) throws(DocumentError) -> KeyRanges {
    let offset = try reader.peekOffset()
    let partitions = try BinaryPartitions(&reader)
    guard let namesSection = partitions.names, let startsSection = partitions.starts else {
      throw reader.missingKey("names", objectAt: offset)
    }
    let source = reader.source
    var names = try source.texts(namesSection, count: partitions.count, reader, at: offset)
    var starts = try source.texts(startsSection, count: partitions.count, reader, at: offset)
    var sources = try partitions.sources.map { section throws(DocumentError) in
      try source.texts(section, count: nil, reader, at: offset)
    }
    let counts = sources == nil ? nil : try source.section(partitions.sourceCounts ?? 0, .counts, reader, at: offset)
    guard counts == nil || counts?.count == 4 * partitions.count else {
      throw reader.error(at: offset, found: "\(counts?.count ?? 0) bytes of counts", expected: "a count for each range")
    }
    func checkText(_ bytes: UnsafeBufferPointer<UInt8>) throws(DocumentError) {
      if String(validating: bytes, as: UTF8.self) == nil {
        throw reader.error(at: offset, found: "a name that is no UTF-8", expected: "names in UTF-8")
      }
    }
    let nothing = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    var ranges = KeyRanges()
    var table = NameTable(minimumCapacity: partitions.count)
    var next = partitions.count > 0 ? starts.next() : nothing
    for index in 0..<partitions.count {
      let (name, start) = (names.next(), next)
      next = index + 1 < partitions.count ? starts.next() : nothing
      guard table.insert(name).isNew else {
        throw reader.error(
          at: offset, found: "the partition \(source.quoted(name)) a second time", expected: "each partition once")
      }
      guard index + 1 == partitions.count || KeyRangeTexts.order(start, next) < 0 else {
        throw reader.error(
          at: offset, found: "range \(index + 1) out of order", expected: "ranges in the order of their keys")
      }
      try checkText(name)
      try source.taking(&ranges, at: offset, reader) { ranges throws(PlatError) in
        try ranges.append(name: name.span, start: start.span, end: next.span)
      }
      for _ in 0..<(counts?.number(UInt32.self, 4 * index) ?? 0) {
        guard let name = sources?.nextIfAny() else {
          throw reader.error(at: offset, found: "more sources than there are", expected: "as many as the counts say")
        }
        try checkText(name)
        try source.taking(&ranges, at: offset, reader) { ranges throws(PlatError) in try ranges.addSource(name.span) }
      }
    }
    if let left = sources?.left, left > 0 {
      throw reader.error(at: offset, found: "\(left) sources of no range", expected: "a range for each")
    }
    return ranges
  }
}

/// Rows of node numbers that came from outside.
enum BinaryRows {
  /// The first row with a number that is none of `nodes`, or with a node twice. O(P · R). Without memory for marks,
  /// which wide rows need, the first.
  static func firstBadRow(_ slots: UnsafePointer<NodeIndex>, count: Int, width: Int, nodes: Int) -> Int? {
    let rows = UnsafeRawPointer(slots).assumingMemoryBound(to: UInt32.self)
    let bad = plat_rows_first_bad(rows, count, width, UInt32(truncatingIfNeeded: nodes))
    return bad == count ? nil : max(0, bad)
  }

  /// The same map with other numbers for its nodes, and at least `least` slots of each state.
  static func relaid(
    _ map: PlacementMap, numbers: [NodeIndex], least: [Int], limitBytes: UInt64 = 0
  ) throws(PlatError) -> PlacementMap {
    var builder = try PlacementMapBuilder(
      partitionCount: map.partitionCount, expected: zip(map.slotCounts, least).map { max($0, $1) },
      limitBytes: limitBytes)
    for partition in 0..<map.partitionCount {
      for state in map.slotCounts.indices {
        try builder.set(
          partition: partition, state: state,
          nodes: map.holders(of: partition, inState: state).map { numbers[$0.int] })
      }
    }
    return try builder.finish(least: least)
  }
}
