/// The steps of a row under a model whose leading state alone excludes itself, or whose states exclude nothing: by
/// construction, and the fewest.
///
///     comes     null ─set→ dead ─copy→ slave              takes over   slave ─┐ one exchange
///     goes      slave ─set→ dead ─set→ null                            master ┘ → slave, or dead where it goes
///
/// Phases order the steps where nothing else does: who leads in the meantime, changes among those that have the data,
/// comings, takeovers by or from those that come or go, goings. Up to the goings nothing is taken away.
struct PlainRow {
  private(set) var moves: [RowMove] = []
  private(set) var phase: [Int] = []
  /// (move, the one before it).
  private(set) var arcs: [(move: Int, before: Int)] = []
  /// Moves that bring a copy by a stream, and that take one away.
  private(set) var comings: [Int] = []
  private(set) var goings: [Int] = []
  /// The way of some node is not plain, or the leading state does not pass from one to one.
  private(set) var isOdd = false

  private let hops: Hops
  private let from: [StateIndex]
  private let to: [StateIndex]
  private var now: [StateIndex]
  private var last: [Int?]
  private let isNew: Bool

  init(_ shape: RowShape, _ hops: Hops, to end: [StateIndex], _ purposes: RowPurposes) {
    self.hops = hops
    from = shape.from
    to = end
    now = from
    last = Array(repeating: nil, count: from.count)
    isNew = !from.contains { hops.holdsData($0) }
    guard hops.isFree || hops.isLeaderOnly else {
      isOdd = true
      return
    }
    if !hops.isFree, purposes.lacksLeader { leadInTheMeantime(shape) }
    var leaver: Int?
    var successor: Int?
    if hops.isLeaderOnly {
      let leavers = now.indices.filter { now[$0] == hops.leading && to[$0] != hops.leading }
      let successors = now.indices.filter { now[$0] != hops.leading && to[$0] == hops.leading }
      isOdd =
        leavers.count > 1 || successors.count > 1
        || (!successors.isEmpty && leavers.isEmpty && now.contains(hops.leading))
      (leaver, successor) = (leavers.first, successors.first)
      if leaver == nil || successor == nil { (leaver, successor) = (nil, nil) }
    }
    walkAll(leaver, successor, purposes)
    if isNew { gateCreation() }
  }

  private mutating func walkAll(_ leaver: Int?, _ successor: Int?, _ purposes: RowPurposes) {
    for place in now.indices where place != leaver && hops.isComing(StateChange(now[place], to[place])) {
      var stop = to[place]
      if place == successor {
        guard let waiting = isNew ? nil : hops.waiting(for: stop, from: now[place]) else {
          isOdd = true
          return
        }
        stop = waiting
      }
      walk(place, to: stop, purposes.copying, purposes.deciding)
    }
    if let leaver, let successor { handOver(leaver, successor, purposes) }
    for place in now.indices where place != leaver && now[place] != to[place] {
      walk(place, to: to[place], .balance, .balance)
    }
  }

  /// Nobody leads, and all who are to lead lack the data: of those who have it one leads, who goes rather than who
  /// stays.
  private mutating func leadInTheMeantime(_ shape: RowShape) {
    let successors = to.indices.filter { to[$0] == hops.leading }
    guard !successors.isEmpty, successors.allSatisfy({ !hops.holdsData(now[$0]) }) else { return }
    let holders = now.indices.filter {
      hops.holdsData(now[$0]) && !shape.mayNotLead($0) && hops.isPlain(now[$0], hops.leading)
    }
    guard let place = holders.first(where: { !hops.holdsData(to[$0]) }) ?? holders.first else { return }
    walk(place, to: hops.leading, .restore, .restore, phase: 0)
  }

  // MARK: Single nodes

  private mutating func append(_ move: RowMove, _ phase: Int) {
    if let before = last[move.place] { arcs.append((moves.count, before)) }
    last[move.place] = moves.count
    now[move.place] = move.change.to
    moves.append(move)
    self.phase.append(phase)
  }

  /// The node's steps on its own, hop by hop.
  private mutating func walk(
    _ place: Int, to end: StateIndex, _ copying: Step.Purpose, _ deciding: Step.Purpose, phase given: Int? = nil
  ) {
    if !hops.isPlain(now[place], end) { isOdd = true }
    let keeps = hops.holdsData(now[place]) && hops.holdsData(end)
    while now[place] != end, !isOdd {
      let hop = StateChange(now[place], hops.next(now[place], end))
      var move = RowMove(kind: .set, place: place, change: hop, purpose: copying)
      if hops.gainsData(hop) {
        if !isNew {
          (move.kind, move.isFullScan) = (.copy, true)
          comings.append(moves.count)
        }
      } else if hops.losesData(hop) {
        goings.append(moves.count)
      } else if hops.holdsData(hop.from) {
        move.purpose = deciding
      }
      append(move, given ?? (move.takesAway(hops) ? 4 : keeps ? 1 : hops.holdsData(end) ? 2 : 4))
    }
  }

  /// The leading state passes on in one exchange. A leaver that keeps the data steps down as it would alone, so that no
  /// copy is lost meanwhile.
  private mutating func handOver(_ leaver: Int, _ successor: Int, _ purposes: RowPurposes) {
    let end = to[leaver]
    let given = StateChange(now[leaver], hops.next(now[leaver], end, inTakeover: !hops.holdsData(end)))
    if !hops.isPlain(given.to, end) || (hops.holdsData(end) && !hops.holdsData(given.to)) { isOdd = true }
    var move = RowMove(
      kind: .exchange, place: successor, change: StateChange(now[successor], to[successor]), purpose: purposes.deciding)
    (move.source, move.sourceChange) = (leaver, given)
    if let before = last[leaver] { arcs.append((moves.count, before)) }
    if hops.losesData(given) { goings.append(moves.count) }
    let isAmongHolders = hops.holdsData(from[successor]) && !move.takesAway(hops)
    append(move, isAmongHolders ? 1 : 3)
    last[leaver] = moves.count - 1
    now[leaver] = given.to
    walk(leaver, to: end, .balance, purposes.deciding)
  }

  /// A new partition is empty on every node before any serves it, so that there is nothing to copy: the first to serve
  /// waits for all that are made empty, the others for the first. Who serves as soon as it has the partition, and is
  /// not the first, copies it.
  private mutating func gateCreation() {
    let serving = moves.indices.filter {
      hops.servesData(moves[$0].change.to) && !hops.servesData(moves[$0].change.from)
    }
    guard let gate = serving.first else { return }
    for move in moves.indices where move != gate && hops.gainsData(moves[move].change) {
      if hops.serves(moves[move].change.to) {
        (moves[move].kind, moves[move].isFullScan) = (.copy, true)
        moves[move].sources = [(moves[gate].place, moves[gate].change.to)]
        // What the gate's node becomes later waits for the copy.
        if let next = moves.indices.first(where: { $0 > gate && moves[$0].place == moves[gate].place }) {
          arcs.append((next, move))
        }
      } else {
        arcs.append((gate, move))
      }
    }
    for move in serving.dropFirst() { arcs.append((move, gate)) }
  }
}

/// What the steps of a row are for.
struct RowPurposes {
  let copying: Step.Purpose
  let deciding: Step.Purpose
  /// Somebody should lead, and nobody does.
  let lacksLeader: Bool

  /// `wanted`: copies of each partition.
  init(_ hops: Hops, _ from: [StateIndex], wanted: Int, wantsLeader: Bool) {
    lacksLeader = wantsLeader && !from.contains(hops.leading)
    copying = from.count { hops.holdsData($0) } < wanted ? .restore : .balance
    deciding = lacksLeader ? .restore : .takeOver
  }
}
