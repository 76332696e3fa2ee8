/// A Kafka reassignment document, as `kafka-reassign-partitions` takes and prints it.
///
///     { "version": 1,
///       "partitions": [
///         { "topic": "orders", "partition": 0, "replicas": [3, 1, 2], "log_dirs": ["any", "/data/1", "any"] }, … ] }
///
/// The first replica is the preferred leader. Other members are not looked at, and kept.
struct KafkaReassignment {
  struct Partition {
    /// Index into `topics`.
    var topic: Int
    /// As Kafka numbers it within the topic.
    var number: Int
    /// Brokers, the preferred leader first.
    var replicas: [Int]
    /// For each replica, its log directory as written, quotes and all; nil where the entry tells none.
    var logDirectories: [[UInt8]]?
  }
  /// Names of topics as they first come.
  var topics: [String] = []
  /// In document order.
  var partitions: [Partition] = []

  /// Where the whole document travels in Plat's documents.
  static let extensionKey = "x-kafka"
  static let brokers = 0...Int(Int32.max)
  /// The log directory that leaves the choice to the broker.
  static let anyLogDirectory = Array("\"any\"".utf8)
}

/// The maps that a reassignment becomes: one for each topic. Where partitions of a topic have different numbers of
/// replicas, one for each number, since a map asks for one number of all its partitions: the most common number (the
/// greater of equally common ones) has the topic's name, the others `TOPIC:rfN`.
///
/// Partitions of a map go by their numbers in Kafka: partition `i` is Kafka's `i` where none is missing.
struct KafkaMaps {
  struct Map {
    var name: String
    /// Index into the document's topics.
    var topic: Int
    /// How many replicas each of its partitions has.
    var replicas: Int
    /// For each partition, its entry in the document.
    var entries: [Int] = []
    /// Whether partition `i` is Kafka's `i`.
    var isNumberedAsInKafka = true
  }
  private(set) var maps: [Map] = []

  /// O(entries · log entries).
  init(_ reassignment: KafkaReassignment) {
    struct Kind: Hashable { let topic, replicas: Int }
    var entriesOfKind: [Kind: [Int]] = [:]
    var factorsOfTopic = [[Int]](repeating: [], count: reassignment.topics.count)
    for (entry, partition) in reassignment.partitions.enumerated() {
      let kind = Kind(topic: partition.topic, replicas: partition.replicas.count)
      if entriesOfKind[kind, default: []].isEmpty { factorsOfTopic[kind.topic].append(kind.replicas) }
      entriesOfKind[kind, default: []].append(entry)
    }
    var taken = Set(reassignment.topics)
    for (topic, factors) in factorsOfTopic.enumerated() {
      let kinds = factors.map { (replicas: $0, entries: entriesOfKind[Kind(topic: topic, replicas: $0)] ?? []) }
      for (rank, kind) in kinds.sorted(by: { ($0.entries.count, $0.replicas) > ($1.entries.count, $1.replicas) })
        .enumerated()
      {
        var name = reassignment.topics[topic]
        if rank > 0 {
          name += ":rf\(kind.replicas)"
          while !taken.insert(name).inserted { name += "'" }
        }
        let entries = kind.entries.sorted { reassignment.partitions[$0].number < reassignment.partitions[$1].number }
        maps.append(
          Map(
            name: name, topic: topic, replicas: kind.replicas, entries: entries,
            isNumberedAsInKafka: entries.enumerated().allSatisfy { reassignment.partitions[$1].number == $0 }))
      }
    }
  }
}

/// Which rack each broker is in, by broker: `{"0": "rack-a", "1": "rack-b"}`.
public struct KafkaRacks: Sendable {
  /// In document order.
  private(set) var brokers: [Int] = []
  private(set) var rackOfBroker: [Int: String] = [:]

  /// O(bytes).
  public init(reading source: DocumentSource) throws(DocumentError) {
    var reader = try JSONReader(source)
    let start = try reader.peekOffset()
    try reader.beginObject(expected: "an object with the rack of each broker")
    while let key = try reader.nextKey() {
      guard let broker = key.index, KafkaReassignment.brokers.contains(broker) else {
        throw reader.error(at: key, expected: "the number of a broker")
      }
      guard rackOfBroker[broker] == nil else { throw reader.duplicateKey(key, what: "broker") }
      let rack = try reader.readString(expected: "the name of a rack")
      guard !rack.bytes.isEmpty else { throw reader.error(at: rack, expected: "the name of a rack") }
      rackOfBroker[broker] = rack.string
      brokers.append(broker)
    }
    try reader.finish()
    if brokers.isEmpty { throw reader.error(at: start, found: "no brokers", expected: "the rack of each broker") }
  }
}
