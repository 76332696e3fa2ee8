/// How keys become partitions.
public enum KeyFunction: String, Sendable, CaseIterable {
  /// CRC-32/ISO-HDLC of the key, mod the number of partitions.
  case crc32 = "hash-crc32"
  /// The Couchbase clients' form: `(crc >> 16) & 0x7fff`, mod the number of partitions.
  case crc32VBucket = "hash-crc32-vbucket"
  /// By key range.
  case range
}

public enum Strength: String, Sendable, CaseIterable {
  /// Never broken: what cannot be placed stays unplaced and is reported.
  case hard
  /// Broken only when there is no other way; counted and reported.
  case soft
}

/// How far balance may be off before anything changes for its sake, and how much moves for it at most.
public struct BalanceLimit: Equatable, Sendable {
  /// The part of its due by which a node may be off it, in total and in each state: 0 to 1.
  public var tolerance: Quantity
  /// The most moves of one plan for balance alone; nil: no limit.
  public var moveBudget: Int?

  public init(tolerance: Quantity = .zero, moveBudget: Int? = nil) {
    self.tolerance = tolerance
    self.moveBudget = moveBudget
  }
}

public struct Settings: Equatable, Sendable {
  public var model: StateModel
  public var keyFunction: KeyFunction
  public var partitionCount: Int
  /// How many nodes hold each partition, for each of the model's states.
  public var constraints: [Int]
  public var placement: [PlacementRule]
  /// Those of the document's placement rules that name places.
  public var places: [PlaceRule]
  public var fanOut: FanOutLimit?
  public var balance = BalanceLimit()

  public init(
    model: StateModel = .masterSlave, keyFunction: KeyFunction = .crc32, partitionCount: Int,
    constraints: [Int]? = nil, placement: [PlacementRule] = [], places: [PlaceRule] = [],
    fanOut: FanOutLimit? = nil, balance: BalanceLimit = BalanceLimit()
  ) {
    self.model = model
    self.keyFunction = keyFunction
    self.partitionCount = partitionCount
    self.constraints = constraints ?? model.states.map(\.defaultCount)
    self.placement = placement
    self.places = places
    self.fanOut = fanOut
    self.balance = balance
  }
}

/// Limits while moving; nil: no limit.
public struct MovementConfig: Equatable, Sendable {
  /// The most full scans at once per volume, by the volume's type, in document order.
  public var maxFullScansPerVolumeType: [(type: String, count: Int)] = [("ssd", 10), ("hdd", 1)]
  public var maxStreamsIn: Int?
  public var maxStreamsOut: Int?
  public var maxDisturbedContainers: (level: Int, count: Int)?
  /// Requests that wait at the new leader while it takes over.
  public var hold: StateModel.Requests = .write
  /// A write of which there are fewer copies on disk is not acknowledged.
  public var minInSync = 1

  public init() {}

  public static func == (a: Self, b: Self) -> Bool {
    a.maxFullScansPerVolumeType.elementsEqual(b.maxFullScansPerVolumeType, by: ==)
      && a.maxStreamsIn == b.maxStreamsIn && a.maxStreamsOut == b.maxStreamsOut
      && a.maxDisturbedContainers?.level == b.maxDisturbedContainers?.level
      && a.maxDisturbedContainers?.count == b.maxDisturbedContainers?.count
      && a.hold == b.hold && a.minInSync == b.minInSync
  }
}
