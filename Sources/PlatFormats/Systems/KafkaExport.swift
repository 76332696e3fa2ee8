import PlatEngine

/// From maps, current or target, to a Kafka reassignment document.
///
/// Starts from the document that travelled as `x-kafka`, and writes anew only the entries whose replicas are others:
/// master first, then slaves in slot order. A replica that stays keeps its log directory, a new one gets `"any"`; an
/// entry that told none tells none. A document of several maps has one for each of `KafkaMaps`; a document of one map
/// has the entries in their order as partitions.
///
/// Without an original, maps by name are topics of that name, whose partitions count from 0.
package enum KafkaExport {
  /// Throws `InputError` for maps that the form can't hold, `DocumentError` where the extension is damaged, and
  /// `FileError.outOfMemory`. O(document).
  package static func write(_ maps: NamedMaps, to writer: inout JSONWriter) throws {
    guard let source = try maps.extensions.document(KafkaReassignment.extensionKey, allowance: writer.allowance) else {
      return try writeTopics(maps, to: &writer)
    }
    let original = try KafkaReassignment(reading: source)
    let places = try places(of: original, in: maps)
    let brokers = try brokers(of: maps)

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
      var entry = 0
      while try reader.nextElement() {
        let before = original.partitions[entry]
        if let place = places[entry] {
          let replicas = try brokers[place.map].replicas(of: place.partition, in: maps.members[place.map].map) {
            "the partition \(before.number) of \(original.topics[before.topic])"
          }
          try write(before, replicas: replicas, from: &reader, to: &writer)
        } else {
          try reader.skipValue()
        }
        entry += 1
      }
      writer.endArray()
    }
    writer.endObject()
  }

  private static func brokers(of maps: NamedMaps) throws(InputError) -> [Brokers] {
    var brokers: [Brokers] = []
    for member in maps.members { brokers.append(try Brokers(member.map, after: brokers.last)) }
    return brokers
  }

  private struct Place { var map, partition: Int }

  /// For each entry of the original, which partition of which map it is; nil for those of maps that were not asked for.
  private static func places(of original: KafkaReassignment, in maps: NamedMaps) throws(InputError) -> [Place?] {
    var places = [Place?](repeating: nil, count: original.partitions.count)
    if let member = maps.members.first, member.name == nil {
      try refuseOtherCount(member.map, original.partitions.count)
      return places.indices.map { Place(map: 0, partition: $0) }
    }
    let topics = KafkaMaps(original).maps
    var indexOfName: [String: Int] = [:]
    for (index, member) in maps.members.enumerated() { indexOfName[member.name ?? ""] = index }
    for topic in topics {
      guard let index = indexOfName.removeValue(forKey: topic.name) else {
        if maps.isSelection { continue }
        throw InputError(
          path: "maps", found: "no map \"\(topic.name)\"",
          expected: "a map for each topic of \(KafkaReassignment.extensionKey), or one of them: --map NAME")
      }
      try refuseOtherCount(maps.members[index].map, topic.entries.count)
      for (partition, entry) in topic.entries.enumerated() { places[entry] = Place(map: index, partition: partition) }
    }
    if let index = indexOfName.values.min() {
      throw InputError(
        path: String(maps.members[index].map.path.dropLast(".map".count)),
        found: "the map \"\(maps.members[index].name ?? "")\"", expected: "a topic of \(KafkaReassignment.extensionKey)"
      )
    }
    return places
  }

  private static func refuseOtherCount(_ map: NamedMap, _ count: Int) throws(InputError) {
    guard map.placement.partitionCount != count else { return }
    throw InputError(
      path: "\(map.path).partitions", found: "\(map.placement.partitionCount) partitions",
      expected: "\(count), as \(KafkaReassignment.extensionKey) has")
  }

  /// Maps that never were Kafka's: their names are topics.
  private static func writeTopics(_ maps: NamedMaps, to writer: inout JSONWriter) throws(InputError) {
    guard maps.members.allSatisfy({ $0.name?.isEmpty == false }) else {
      throw InputError(
        path: "", found: "a document of one map, without \(KafkaReassignment.extensionKey)",
        expected: "one that was imported from Kafka, or several maps with the names of topics")
    }
    let brokers = try brokers(of: maps)
    writer.beginObject(.lines)
    writer.member("version", 1)
    writer.key("partitions")
    writer.beginArray(.lines)
    for (index, member) in maps.members.enumerated() {
      for partition in 0..<member.map.placement.partitionCount {
        let replicas = try brokers[index].replicas(of: partition, in: member.map) {
          "the partition \(partition) of \(member.name ?? "")"
        }
        writer.beginObject(.compact)
        writer.member("topic", member.name ?? "")
        writer.member("partition", partition)
        writeReplicas(replicas, to: &writer)
        writer.endObject()
      }
    }
    writer.endArray()
    writer.endObject()
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
      case "replicas": writeReplicas(replicas, to: &writer)
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

  private static func writeReplicas(_ replicas: [Int], to writer: inout JSONWriter) {
    writer.key("replicas")
    writer.beginArray(.compact)
    for broker in replicas { writer.integer(broker) }
    writer.endArray()
  }
}

/// For each node of a map its number as a broker; nil for those that hold nothing and have none.
private struct Brokers {
  private let names: [String]
  private let numbers: [Int?]

  /// `other`: those of another map, which mostly has the same nodes.
  init(_ map: NamedMap, after other: Brokers?) throws(InputError) {
    names = map.nodeNames
    if let other, other.names == names {
      numbers = other.numbers
    } else {
      numbers = names.map { name in
        Int(name).flatMap { KafkaReassignment.brokers.contains($0) && String($0) == name ? $0 : nil }
      }
    }
    if numbers.allSatisfy({ $0 != nil }) { return }
    for slot in 0..<(map.placement.partitionCount * map.placement.width) where map.placement.slots[slot] != .none {
      let node = map.placement.slots[slot].int
      guard numbers[node] != nil else {
        throw InputError(
          path: "nodes.\(map.nodeNames[node])", found: "the name \"\(map.nodeNames[node])\"",
          expected: "the number of a broker")
      }
    }
  }

  /// The partition's brokers, its leader first. `what`: the partition in Kafka's words.
  func replicas(of partition: Int, in map: NamedMap, what: () -> String) throws(InputError) -> [Int] {
    let (leader, followers) = try map.holders(of: partition)
    guard let leader else {
      throw InputError(
        path: "\(map.path).partitions.\(partition)", found: "no master", expected: "one to lead \(what())")
    }
    return ([leader] + followers).compactMap { numbers[$0.int] }
  }
}
