/// What orchestrators share: a register that a host keeps safe, changed by compare-and-swap on its version only. Who
/// finds another version in it than it wrote has been succeeded and stops.
public struct Journal: Hashable, Sendable {
  /// Counts what was written. The revision alone would not do: one that begins while another writes a roster of the
  /// same revision would write over it.
  public internal(set) var version: UInt64 = 0
  /// Of the last orchestrator's last plan. Nobody else ever gives orders of that revision.
  public internal(set) var revision: UInt64
  /// The orchestrator that wrote it: two may write what is the same otherwise.
  public internal(set) var writer: UInt64 = 0
  /// The map in force: of the last plan that reached its end; at the beginning the one that the cluster came with.
  public internal(set) var inForce: MapStamp
  /// The change that is under way, or was the last; nil: there was none yet.
  public internal(set) var change: Change?
  /// The change that was called off, by the map that it led to. Whoever goes on with that change knows it.
  public internal(set) var calledOff: MapStamp?
  /// By partition; those without one: whoever holds the partition is complete.
  package(set) public var rosters: [Roster?]
  /// By node, as far as there are any.
  private(set) var disks: [Disk?] = []
  /// By block of `partitionsPerBlock`: the version with which one of its rosters changed last; 0: it has none.
  private(set) var blockVersions: [UInt64]
  /// The same of disks, by block of nodes.
  private(set) var diskVersions = [UInt64](repeating: 0, count: diskBlocks)

  /// Who is complete in a partition from which a holder was left behind without its own word.
  public struct Roster: Hashable, Sendable {
    /// Who has followed a leader of this revision, or a later one, is complete too.
    public internal(set) var revision: UInt64
    public internal(set) var members: [NodeIndex]

    public init(revision: UInt64, members: [NodeIndex]) {
      self.revision = revision
      self.members = members
    }
  }

  /// What is known of a node's disk.
  public struct Disk: Hashable, Sendable {
    public var store: UInt64
    /// The last claim that its node answered, in which it was relied on. That was on the disk before the answer.
    public var promised: UInt64
    /// The start of its node in which it was; 0: not known.
    public var boot: UInt32

    public init(store: UInt64, promised: UInt64, boot: UInt32) {
      self.store = store
      self.promised = promised
      self.boot = boot
    }

    /// Whether the disk, as its node tells of it, is older than what is known: it was set back, or another has replaced
    /// it. Within a start neither happens.
    func isNewer(than told: DiskState) -> Bool {
      guard told.firstBoot >= DiskState.firstBoot(store) else { return true }
      return (told.boot != boot || boot == 0) && told.confirmed < promised
    }
  }

  /// From which map to which.
  public struct Change: Hashable, Sendable {
    /// The revision of the map that its plan was made from.
    public var basedOn: UInt64
    public var goal: MapStamp

    public init(basedOn: UInt64, goal: MapStamp) {
      self.basedOn = basedOn
      self.goal = goal
    }
  }

  /// Rosters are written so many partitions at a time: a value of 1,024 with 16 members each, of 10,000 nodes, takes
  /// 120 KB.
  static let partitionsPerBlock = 1024

  /// Disks are written in so many values, a node always in the same one: of 100,000 nodes each takes 200 KB.
  static let diskBlocks = 16

  /// `revision`: that of the map in force.
  public init(revision: UInt64, partitionCount: Int) {
    self.revision = revision
    inForce = MapStamp(revision: revision, digest: 0)
    rosters = Array(repeating: nil, count: partitionCount)
    blockVersions = Array(repeating: 0, count: (partitionCount + Self.partitionsPerBlock - 1) / Self.partitionsPerBlock)
  }

  /// As of the next version that is written.
  mutating func setRoster(_ partition: Int, _ roster: Roster) {
    rosters[partition] = roster
    blockVersions[partition / Self.partitionsPerBlock] = version + 1
  }

  /// As read from block `block`, which was written with `version`.
  mutating func load(_ read: [(partition: Int, roster: Roster)], block: Int, version: UInt64) {
    for (partition, roster) in read { rosters[partition] = roster }
    blockVersions[block] = version
  }

  public func disk(_ node: NodeIndex) -> Disk? { node.int < disks.count ? disks[node.int] : nil }

  /// `block`: where it is written; as of the next version.
  mutating func setDisk(_ node: NodeIndex, _ disk: Disk, block: Int) {
    load(node, disk)
    diskVersions[block] = version + 1
  }

  mutating func load(_ node: NodeIndex, _ disk: Disk) {
    while disks.count <= node.int { disks.append(nil) }
    disks[node.int] = disk
  }

  mutating func load(diskBlock block: Int, version: UInt64) { diskVersions[block] = version }

  /// Whether the node has every acknowledged write. It holds the partition and last followed a leader of `term`.
  public func isComplete(_ node: NodeIndex, _ partition: PartitionIndex, term: UInt64) -> Bool {
    guard let roster = rosters[partition.int] else { return true }
    return term >= roster.revision || roster.members.contains(node)
  }

  /// Nil: who has a plan for `change` may begin. It must be based on the map in force, or go on with the change that is
  /// under way; else the revision of the map that is in force instead.
  public func inForce(insteadOf change: Change) -> UInt64? {
    guard let known = self.change, known != change, change.basedOn != inForce.revision else { return nil }
    return inForce.revision
  }
}
