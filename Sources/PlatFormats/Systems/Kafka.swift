/// A Kafka reassignment document, as `kafka-reassign-partitions` takes and prints it.
///
///     { "version": 1,
///       "partitions": [
///         { "topic": "orders", "partition": 0, "replicas": [3, 1, 2], "log_dirs": ["any", "/data/1", "any"] }, … ] }
///
/// The first replica is the preferred leader. Other members are not looked at, and kept.
struct KafkaReassignment {
  struct Partition {
    var topic: String
    var number: Int
    /// Brokers, the preferred leader first.
    var replicas: [Int]
    /// For each replica, its log directory as written, quotes and all; nil where the entry tells none.
    var logDirectories: [[UInt8]]?
  }
  /// In document order, which numbers Plat's partitions.
  var partitions: [Partition] = []

  /// Where the whole document travels in Plat's documents.
  static let extensionKey = "x-kafka"
  static let brokers = 0...Int(Int32.max)
  /// The log directory that leaves the choice to the broker.
  static let anyLogDirectory = Array("\"any\"".utf8)
}

/// Which rack each broker is in, by broker: `{"0": "rack-a", "1": "rack-b"}`.
public struct KafkaRacks: Sendable {
  /// In document order.
  private(set) var brokers: [Int] = []
  private(set) var rackOfBroker: [Int: String] = [:]

  /// O(bytes).
  public init(reading source: DocumentSource) throws(DocumentError) {
    var reader = try JSONReader(source)
    try reader.beginObject(expected: "an object with the rack of each broker")
    while let key = try reader.nextKey() {
      guard let broker = key.index, KafkaReassignment.brokers.contains(broker) else {
        throw reader.error(at: key, expected: "the number of a broker")
      }
      guard rackOfBroker[broker] == nil else { throw reader.duplicateKey(key, what: "broker") }
      rackOfBroker[broker] = try reader.readString(expected: "the name of a rack").string
      brokers.append(broker)
    }
    try reader.finish()
  }
}
