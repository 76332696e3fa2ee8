import PlatEngine

/// From a map, current or target, to a Kafka reassignment document.
///
/// Starts from the document that travelled as `x-kafka`, whose entry `i` is partition `i`, and writes anew only the
/// entries whose replicas are others: master first, then slaves in slot order. A replica that stays keeps its log
/// directory, a new one gets `"any"`; an entry that told none tells none.
package enum KafkaExport {
  /// Throws `InputError` for a map that the form can't hold, `DocumentError` where the extension is damaged, and
  /// `FileError.outOfMemory`. O(document).
  package static func write(_ map: NamedMap, to writer: inout JSONWriter) throws {
    guard let source = try map.original(KafkaReassignment.extensionKey, allowance: writer.allowance) else {
      throw InputError(
        path: "", found: "a document without \(KafkaReassignment.extensionKey)",
        expected: "one that was imported from Kafka, with the names of topics")
    }
    let original = try KafkaReassignment(reading: source)
    guard original.partitions.count == map.placement.partitionCount else {
      throw InputError(
        path: "map.partitions", found: "\(map.placement.partitionCount) partitions",
        expected: "\(original.partitions.count), as \(KafkaReassignment.extensionKey) has")
    }
    let brokerOfNode = try brokers(map)

    var reader = try JSONReader(source)
    try reader.beginObject()
    writer.beginObject(.lines)
    while let key = try reader.nextKey() {
      guard key == "partitions" else {
        writer.extension(try reader.takeExtension(key))
        continue
      }
      writer.key("partitions")
      writer.beginArray(.lines)
      try reader.beginArray()
      var index = 0
      while try reader.nextElement() {
        let (leader, followers) = try map.holders(of: index)
        guard let leader else { throw noLeader(index, original.partitions[index]) }
        let replicas = ([leader] + followers).map { brokerOfNode[$0.int]! }
        try write(original.partitions[index], replicas: replicas, from: &reader, to: &writer)
        index += 1
      }
      writer.endArray()
    }
    writer.endObject()
  }

  /// For each node its number as a broker; nil for those that hold nothing and have none.
  private static func brokers(_ map: NamedMap) throws(InputError) -> [Int?] {
    let brokers = map.nodeNames.map { name in
      Int(name).flatMap { KafkaReassignment.brokers.contains($0) && String($0) == name ? $0 : nil }
    }
    for slot in 0..<(map.placement.partitionCount * map.placement.width) where map.placement.slots[slot] != .none {
      let node = map.placement.slots[slot].int
      guard brokers[node] != nil else {
        throw InputError(
          path: "nodes.\(map.nodeNames[node])", found: "the name \"\(map.nodeNames[node])\"",
          expected: "the number of a broker")
      }
    }
    return brokers
  }

  private static func noLeader(_ index: Int, _ partition: KafkaReassignment.Partition) -> InputError {
    InputError(
      path: "map.partitions.\(index)", found: "no master",
      expected: "one to lead the partition \(partition.number) of \(partition.topic)")
  }

  /// One entry: as it was where its replicas are the same.
  private static func write(
    _ before: KafkaReassignment.Partition, replicas: [Int], from reader: inout JSONReader, to writer: inout JSONWriter
  ) throws(DocumentError) {
    if replicas == before.replicas {
      let entry = try reader.skipValue()
      writer.writeRaw(UnsafeBufferPointer(rebasing: reader.source.unsafeBytes[entry]))
      return
    }
    try reader.beginObject()
    writer.beginObject(.compact)
    while let key = try reader.nextKey() {
      let member = try reader.takeExtension(key)
      switch key {
      case "replicas":
        writer.key("replicas")
        writer.beginArray(.compact)
        for broker in replicas { writer.integer(broker) }
        writer.endArray()
      case "log_dirs":
        writer.key("log_dirs")
        writer.beginArray(.compact)
        for broker in replicas {
          let directory = before.replicas.firstIndex(of: broker).flatMap { before.logDirectories?[$0] }
          (directory ?? KafkaReassignment.anyLogDirectory).withUnsafeBufferPointer { writer.writeRaw($0) }
        }
        writer.endArray()
      default: writer.extension(member)
      }
    }
    writer.endObject()
  }
}
