/// What becomes of one node in one partition between two maps.
@frozen public struct Change: BitwiseCopyable, Sendable {
  public var partition: PartitionIndex
  public var node: NodeIndex
  public var change: StateChange

  /// The node must receive the partition.
  public func isMove(in model: StateModel) -> Bool { model.holdsData(change.to) && !model.holdsData(change.from) }
  /// The node has the partition and will be something else in it.
  public func isRoleChange(in model: StateModel) -> Bool { model.holdsData(change.to) && model.holdsData(change.from) }
}

/// What differs between two maps, partition by partition.
///
/// A node that failed holds nothing: what it held counts as not there, and must be received anew.
public struct Difference {
  /// All that happens to one partition's nodes; valid until the next partition is looked at.
  public struct Row {
    public fileprivate(set) var partition = PartitionIndex(0)
    /// Who holds the partition before or after, those first that hold it before, in slot order; also who stays as it
    /// is.
    public fileprivate(set) var nodes: [Change] = []
    /// Nodes that failed and held data.
    public fileprivate(set) var lost: [NodeIndex] = []

    public var isUnchanged: Bool { nodes.allSatisfy { $0.change.from == $0.change.to } }
  }

  /// Ends a pass early: what it has told then is not all.
  public var interrupt: Interrupt?

  private let cluster: DenseCluster
  private let current: PlacementMap?
  private let target: PlacementMap
  /// The number of its first partition: of several maps they are numbered on, map after map.
  private let first: Int
  private let stateNow: [StateIndex]
  private let stateThen: [StateIndex]
  /// The place of a node in the row at hand, where `mark` says that it was read last: in this turn.
  private var place: [Int32]
  private var mark: [UInt32]
  private var turn: UInt32 = 0
  private var row = Row()

  /// `current`: the map as it is; nil: nobody holds anything. O(N).
  public init(_ cluster: DenseCluster, from current: PlacementMap?, to target: PlacementMap) {
    self.init(cluster, from: current, to: target, first: 0)
  }

  init(_ cluster: DenseCluster, from current: PlacementMap?, to target: PlacementMap, first: Int) {
    self.first = first
    self.cluster = cluster
    self.current = current
    self.target = target
    stateNow = current?.stateOfSlot.map { StateIndex($0) } ?? []
    stateThen = target.stateOfSlot.map { StateIndex($0) }
    place = Array(repeating: 0, count: cluster.nodeCount)
    mark = Array(repeating: .max, count: cluster.nodeCount)
  }

  /// Calls `body` for each partition of which anything changes, in order. O(P · R).
  public mutating func forEachChangedRow(_ body: (borrowing Row) throws -> Void) rethrows {
    let sameShape = current?.slotCounts == target.slotCounts
    let allCanBeRead = cluster.status.allSatisfy(\.isReadable)
    for partition in 0..<target.partitionCount {
      if partition & 1023 == 0, interrupt?.isRequested == true { return }
      if sameShape, allCanBeRead, let current, partition < current.partitionCount,
        isSame(current.row(partition), target.row(partition), target.width)
      {
        continue
      }
      read(partition)
      if !row.isUnchanged { try body(row) }
    }
  }

  @inline(__always) private func isSame(
    _ a: UnsafeMutablePointer<NodeIndex>, _ b: UnsafeMutablePointer<NodeIndex>, _ width: Int
  ) -> Bool {
    for slot in 0..<width where a[slot] != b[slot] { return false }
    return true
  }

  /// What happens to one partition's nodes. O(R).
  public mutating func row(_ partition: PartitionIndex) -> Row {
    read(partition.int - first)
    return row
  }

  private mutating func read(_ partition: Int) {
    row.partition = PartitionIndex(first + partition)
    row.nodes.removeAll(keepingCapacity: true)
    row.lost.removeAll(keepingCapacity: true)
    turn &+= 1
    let number = turn
    if let current, partition < current.partitionCount {
      let slots = current.row(partition)
      for slot in stateNow.indices where slots[slot].int < cluster.nodeCount {
        let node = slots[slot]
        guard cluster.status[node.int].isReadable else {
          if cluster.cluster.settings.model.holdsData(stateNow[slot]) { row.lost.append(node) }
          continue
        }
        guard mark[node.int] != number else { continue }
        mark[node.int] = number
        place[node.int] = Int32(row.nodes.count)
        row.nodes.append(Change(partition: row.partition, node: node, change: StateChange(stateNow[slot], .null)))
      }
    }
    let slots = target.row(partition)
    for slot in stateThen.indices where slots[slot].int < cluster.nodeCount {
      let node = slots[slot]
      if mark[node.int] == number {
        row.nodes[Int(place[node.int])].change.to = stateThen[slot]
      } else {
        mark[node.int] = number
        place[node.int] = Int32(row.nodes.count)
        row.nodes.append(Change(partition: row.partition, node: node, change: StateChange(.null, stateThen[slot])))
      }
    }
  }

  /// Every change, by partition. O(P · R).
  public mutating func changes() -> [Change] {
    var result: [Change] = []
    forEachChangedRow { row in
      for change in row.nodes where change.change.from != change.change.to { result.append(change) }
    }
    return result
  }
}
