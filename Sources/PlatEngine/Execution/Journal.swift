/// What orchestrators share: a register that a host keeps safe, changed by compare-and-swap on its version only. Who finds
/// another version in it than it wrote has been succeeded and stops.
public struct Journal: Hashable, Sendable {
  /// Counts what was written. The revision alone would not do: one that begins while another writes a roster of the same
  /// revision would write over it.
  public internal(set) var version: UInt64 = 0
  /// Of the last orchestrator's last plan. Nobody else ever gives orders of that revision.
  public internal(set) var revision: UInt64
  /// The orchestrator that wrote it: two may write what is the same otherwise.
  public internal(set) var writer: UInt64 = 0
  /// The change that was called off, by the map that it led to. Whoever goes on with that change knows it.
  public internal(set) var calledOff: MapStamp?
  /// By partition; those without one: whoever holds the partition is complete.
  package(set) public var rosters: [Roster?]

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

  /// `revision`: that of the map in force.
  public init(revision: UInt64, partitionCount: Int) {
    self.revision = revision
    rosters = Array(repeating: nil, count: partitionCount)
  }

  /// Whether the node has every acknowledged write. It holds the partition and last followed a leader of `term`.
  public func isComplete(_ node: NodeIndex, _ partition: PartitionIndex, term: UInt64) -> Bool {
    guard let roster = rosters[partition.int] else { return true }
    return term >= roster.revision || roster.members.contains(node)
  }
}
