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
  public var stateCount: Int
  /// What rows look like and have to keep: one kind, or of several maps some, and of each row which (empty: the first).
  public var shapes: [SearchShape]
  public var shapeOfRow: [UInt8] = []
  /// What each row weighs. Empty: 1 each.
  public var amounts: [Int] = []
  /// The live holders of each row today, and their states: those of row `p` from `homeStart[p]` up to
  /// `homeStart[p + 1]`.
  public var homeStart: [Int32]
  public var homeNode: [Int32] = []
  public var homeState: [UInt8] = []
  /// The most replicas of each node.
  public var capacity: [Int32]
  /// Rows that stay as they are.
  public var isFixed: [Bool]
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

  public init(nodeCount: Int, rowCount: Int, stateCount: Int, shapes: [SearchShape]) {
    precondition(!shapes.isEmpty && stateCount <= Int(SearchShape.noState))
    (self.nodeCount, self.rowCount, self.stateCount, self.shapes) = (nodeCount, rowCount, stateCount, shapes)
    homeStart = Array(repeating: 0, count: rowCount + 1)
    capacity = Array(repeating: .max, count: nodeCount)
    isFixed = Array(repeating: false, count: rowCount)
    total = Windows(open: nodeCount)
    ofState = Array(repeating: Windows(open: nodeCount), count: stateCount)
  }

  /// Slots of the widest row.
  public var width: Int { shapes.reduce(0) { max($0, $1.stateOfSlot.count) } }

  public func shape(_ row: Int) -> SearchShape { shapes[shapeOfRow.isEmpty ? 0 : Int(shapeOfRow[row])] }

  /// Of every slot, row after row; `SearchShape.noState` beyond those of a row that is narrower than others.
  var stateOfEverySlot: [UInt8] {
    let width = width
    let states = shapes.map { shape in
      shape.stateOfSlot + Array(repeating: SearchShape.noState, count: width - shape.stateOfSlot.count)
    }
    return (0..<rowCount).flatMap { states[shapeOfRow.isEmpty ? 0 : Int(shapeOfRow[$0])] }
  }

  var bounds: [BoxBound] { shapes.flatMap(\.bounds) }
  public var colocations: [Colocation] { shapes.flatMap(\.colocations) }
  var hasPeers: Bool { shapes.contains { $0.peers != nil } }
  public var hasHardPeers: Bool { shapes.contains { $0.peers?.isHard == true } }
  /// Some bound is about nodes that are no containers of one level.
  var hasSets: Bool { shapes.contains { $0.bounds.contains { $0.containerOfNode.contains(-1) } } }
}

/// The slots of a row, who may stand in them, and the rules that it keeps.
public struct SearchShape: Sendable {
  public var stateOfSlot: [UInt8]
  /// By node, a bit a state: what it may stay or become for a row that it holds, and for one that it does not.
  public var mayKeep: [UInt32]
  public var mayReceive: [UInt32]
  public var bounds: [BoxBound] = []
  public var colocations: [Colocation] = []
  /// Of the rows of one map.
  public var peers: PeerLimit?

  /// Of a slot that a row does not have: no mask has its bit.
  public static let noState: UInt8 = 31
  static let states = UInt32.max >> 1

  public init(stateOfSlot: [UInt8], nodeCount: Int) {
    self.stateOfSlot = stateOfSlot
    mayKeep = Array(repeating: .max, count: nodeCount)
    mayReceive = Array(repeating: .max, count: nodeCount)
  }
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
public struct PeerLimit: Sendable, BitwiseCopyable {
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
