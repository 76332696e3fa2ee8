import PlatEngine

/// Reading a reassignment document. What is not known is skipped; what is known must be right.
extension KafkaReassignment {
  /// `racks`: each replica must be on one of its brokers. O(bytes).
  init(reading source: DocumentSource, racks: KafkaRacks? = nil) throws(DocumentError) {
    var reader = try JSONReader(source)
    var hasPartitions = false
    let start = try reader.peekOffset()
    try reader.beginObject(expected: "a reassignment, which is an object")
    while let key = try reader.nextKey() {
      switch key {
      case "version":
        let version = try reader.readNumberText()
        guard version.index == 1 else { throw reader.error(at: version, expected: "version 1") }
      case "partitions":
        if hasPartitions { throw reader.duplicateKey(key) }
        hasPartitions = true
        try readPartitions(&reader, racks)
      default: try reader.skipValue()
      }
    }
    try reader.finish()
    guard hasPartitions else { throw reader.missingKey("partitions", objectAt: start) }
  }

  private struct TopicPartition: Hashable { let topic, number: Int }

  private mutating func readPartitions(_ reader: inout JSONReader, _ racks: KafkaRacks?) throws(DocumentError) {
    var seen = Set<TopicPartition>()
    var indexOfTopic: [String: Int] = [:]
    let start = try reader.peekOffset()
    try reader.beginArray(expected: "an array of partitions")
    while try reader.nextElement() {
      let entry = try reader.peekOffset()
      let (topic, partition) = try Partition.read(&reader, racks)
      guard partitions.count < Limits.partitions else {
        throw reader.error(at: entry, found: "more partitions", expected: "at most \(Limits.partitions)")
      }
      let index = indexOfTopic[topic] ?? topics.count
      if index == topics.count {
        guard index < Limits.maps else {
          throw reader.error(at: entry, found: "one more topic", expected: "at most \(Limits.maps) topics")
        }
        topics.append(topic)
        indexOfTopic[topic] = index
      }
      guard seen.insert(TopicPartition(topic: index, number: partition.number)).inserted else {
        throw reader.error(
          at: entry, found: "the partition \(partition.number) of \(topic) a second time",
          expected: "each partition once")
      }
      partitions.append(partition)
      partitions[partitions.count - 1].topic = index
    }
    if partitions.isEmpty { throw reader.error(at: start, found: "no partitions", expected: "at least one") }
  }
}

extension KafkaReassignment.Partition {
  /// An entry, whose topic has no index yet.
  fileprivate static func read(
    _ reader: inout JSONReader, _ racks: KafkaRacks?
  ) throws(DocumentError) -> (topic: String, KafkaReassignment.Partition) {
    var topic: String?
    var number: Int?
    var replicas: [Int]?
    var directories: (offset: Int, paths: [[UInt8]])?
    let start = try reader.peekOffset()
    try reader.beginObject(expected: "a partition, which is an object")
    while let key = try reader.nextKey() {
      switch key {
      case "topic":
        if topic != nil { throw reader.duplicateKey(key) }
        let name = try reader.readString(expected: "the name of a topic")
        guard !name.bytes.isEmpty else { throw reader.error(at: name, expected: "the name of a topic") }
        topic = name.string
      case "partition":
        if number != nil { throw reader.duplicateKey(key) }
        number = try reader.readInteger(in: 0...Int(Int32.max))
      case "replicas":
        if replicas != nil { throw reader.duplicateKey(key) }
        replicas = try readReplicas(&reader, racks)
      case "log_dirs":
        if directories != nil { throw reader.duplicateKey(key) }
        directories = (offset: try reader.peekOffset(), paths: try readDirectories(&reader))
      default: try reader.skipValue()
      }
    }
    guard let topic else { throw reader.missingKey("topic", objectAt: start) }
    guard let number else { throw reader.missingKey("partition", objectAt: start) }
    guard let replicas else { throw reader.missingKey("replicas", objectAt: start) }
    if let directories, directories.paths.count != replicas.count {
      throw reader.error(
        at: directories.offset, found: "\(directories.paths.count) log directories",
        expected: "one for each of the \(replicas.count) replicas")
    }
    return (
      topic,
      KafkaReassignment.Partition(topic: 0, number: number, replicas: replicas, logDirectories: directories?.paths)
    )
  }

  private static func readReplicas(_ reader: inout JSONReader, _ racks: KafkaRacks?) throws(DocumentError) -> [Int] {
    var replicas: [Int] = []
    let start = try reader.peekOffset()
    try reader.beginArray()
    while try reader.nextElement() {
      let offset = try reader.peekOffset()
      let broker = try reader.readInteger(in: KafkaReassignment.brokers)
      if replicas.contains(broker) {
        throw reader.error(at: offset, found: "the broker \(broker) a second time", expected: "each broker once")
      }
      if let racks, racks.rackOfBroker[broker] == nil {
        throw reader.error(at: offset, found: "the broker \(broker)", expected: "a broker whose rack is told")
      }
      replicas.append(broker)
    }
    if replicas.isEmpty { throw reader.error(at: start, found: "no replicas", expected: "at least one broker") }
    return replicas
  }

  /// As written: they go back as they are.
  private static func readDirectories(_ reader: inout JSONReader) throws(DocumentError) -> [[UInt8]] {
    var paths: [[UInt8]] = []
    try reader.beginArray()
    while try reader.nextElement() {
      let token = try reader.take(.string, expected: "a path, or \"any\"")
      paths.append(reader.source.copy(token.start..<token.range.upperBound + 1))
    }
    return paths
  }
}
