/// A placement problem as flat tables: everything that the local search reads, and nothing that it changes.
///
///     row 0   [ master n17 | slave n4 | slave n90 ]     slots of fixed states; a node stands in a row once at the most
///     row 1   [ master n3  | slave –  | slave n12 ]     –: an unfilled slot
///
/// Nodes, rows and containers are numbers from 0. A state is a bit of a mask; the leading state is state 0. The search
/// knows of rules only what stands here: who may be where, how many one container may hold, who lies near whom, who has
/// how many peers, and how much a node should carry.
public struct SearchProblem: Sendable {
  public var nodeCount: Int
  public var rowCount: Int
  /// The state of each slot of a row.
  public var stateOfSlot: [UInt8]
  public var stateCount: Int
  /// What each row weighs. Empty: 1 each.
  public var amounts: [Int] = []
  /// The live holders of each row today, and their states: those of row `p` from `homeStart[p]` up to
  /// `homeStart[p + 1]`.
  public var homeStart: [Int32]
  public var homeNode: [Int32] = []
  public var homeState: [UInt8] = []
  /// By node, a bit a state: what it may stay or become for a row that it holds, and for one that it does not.
  public var mayKeep: [UInt32]
  public var mayReceive: [UInt32]
  /// The most replicas of each node.
  public var capacity: [Int32]
  /// Rows that stay as they are.
  public var isFixed: [Bool]
  public var bounds: [BoxBound] = []
  public var colocations: [Colocation] = []
  public var peers: PeerLimit?
  /// What a node should carry in all, and in each state; of several maps, of all together.
  public var total: Windows
  public var ofState: [Windows]
  /// Narrower windows of each state, for what costs no move; empty: none.
  public var even: [Windows] = []
  /// What each node is due in all, where rows differ in amount; and what it should carry in replicas then.
  public var due: [Int] = []
  public var counts: Windows?
  /// Of several maps: the map of each row, and what a node should carry of each by itself. Empty: one map.
  public var mapOfRow: [Int32] = []
  public var ofMap: [MapWindows] = []
  /// False: nobody holds anything yet, and what comes costs nothing.
  public var countsMoves = true

  public init(nodeCount: Int, rowCount: Int, stateOfSlot: [UInt8], stateCount: Int) {
    self.nodeCount = nodeCount
    self.rowCount = rowCount
    self.stateOfSlot = stateOfSlot
    self.stateCount = stateCount
    homeStart = Array(repeating: 0, count: rowCount + 1)
    mayKeep = Array(repeating: .max, count: nodeCount)
    mayReceive = Array(repeating: .max, count: nodeCount)
    capacity = Array(repeating: .max, count: nodeCount)
    isFixed = Array(repeating: false, count: rowCount)
    total = Windows(open: nodeCount)
    ofState = Array(repeating: Windows(open: nodeCount), count: stateCount)
  }

  public var width: Int { stateOfSlot.count }
  /// Some bound is about nodes that are no containers of one level.
  var hasSets: Bool { bounds.contains { $0.containerOfNode.contains(-1) } }
}

/// Of one row's replicas in `states`, at most `most` in one container.
public struct BoxBound: Sendable {
  /// −1: a node in none.
  public var containerOfNode: [Int32]
  public var containerCount: Int
  public var states: UInt32
  public var most: Int
  public var isHard: Bool

  public init(containerOfNode: [Int32], containerCount: Int, states: UInt32, most: Int, isHard: Bool) {
    self.containerOfNode = containerOfNode
    self.containerCount = containerCount
    self.states = states
    self.most = most
    self.isHard = isHard
  }
}

/// Of one row's replicas in `states`, at least `atLeast` share a container with a replica in state `anchor`.
public struct Colocation: Sendable {
  public var containerOfNode: [Int32]
  public var containerCount: Int
  public var states: UInt32
  public var anchor: UInt8
  public var atLeast: Int
  public var isHard: Bool

  public init(
    containerOfNode: [Int32], containerCount: Int, states: UInt32, anchor: UInt8, atLeast: Int, isHard: Bool
  ) {
    self.containerOfNode = containerOfNode
    self.containerCount = containerCount
    self.states = states
    self.anchor = anchor
    self.atLeast = atLeast
    self.isHard = isHard
  }
}

/// The most distinct other nodes that hold rows that a node leads, and that lead rows that a node holds.
public struct PeerLimit: Sendable {
  public var outbound: Int
  public var inbound: Int
  public var isHard: Bool

  public init(outbound: Int, inbound: Int, isHard: Bool) {
    self.outbound = outbound
    self.inbound = inbound
    self.isHard = isHard
  }
}

/// What nodes should carry of one of several maps.
public struct MapWindows: Sendable {
  public var total: Windows
  public var ofState: [Windows]

  public init(total: Windows, ofState: [Windows]) {
    self.total = total
    self.ofState = ofState
  }
}

/// The least and the most of each node.
public struct Windows: Sendable {
  public var least: [Int]
  public var most: [Int]

  public init(least: [Int], most: [Int]) {
    self.least = least
    self.most = most
  }

  /// Anything goes.
  public init(open nodeCount: Int) {
    self.init(least: Array(repeating: 0, count: nodeCount), most: Array(repeating: 1 << 60, count: nodeCount))
  }
}
