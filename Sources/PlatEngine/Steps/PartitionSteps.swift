/// The steps of one partition from what its nodes are to what they should be, and the fewest of them.
///
///     comes     null ─set→ dead ─stream→ slave            takes over   slave ─┐ one exchange
///     goes      slave ─set→ dead ─set→ null                            master ┘ → slave, or dead where it goes
///
/// Arcs stand only where safety needs them. With b live copies before, a after, A that come and R that go, the first
/// R − A goings are free, and each further one waits for a coming of its own: whatever the order, no fewer than
/// min(a, b) copies live. A stream's source is one that stays as it is, where there is one; else what changes it waits, or
/// the stream waits for the takeover, or the promotion, that makes the new master. Where nobody leads, and who is to lead has no
/// data yet, somebody who has it leads in the meantime.
struct PartitionSteps {
  /// Steps so far, of all partitions, and arcs (step, before).
  private(set) var steps: [Step] = []
  private(set) var arcs: [Arc] = []
  /// Of the arcs, those that keep a going waiting for a coming.
  private(set) var pairings: [Arc] = []

  private let hops: Hops
  private let status: [Node.Status]
  private var sources: StreamSources
  private let wanted: Int
  private let wantsMaster: Bool

  /// What the row at hand needs, by place in its nodes.
  private var last: [UInt32?] = []
  /// The first step that changes a node that holds data.
  private var firstChange: [UInt32?] = []
  private var comings: [UInt32] = []
  private var goings: [UInt32] = []
  private var streams: [UInt32] = []
  /// Where nobody holds the partition yet: steps that make an empty replica, and steps that let a node serve.
  private var creations: [UInt32] = []
  private var servings: [UInt32] = []
  private var firstOfRow = 0
  /// Who leads until the one that is to has the data, by place, and the last step to there.
  private var interim: (place: Int, step: UInt32)?

  init(_ cluster: DenseCluster, sources: StreamSources) {
    hops = Hops(cluster.cluster.settings.model)
    status = cluster.status
    self.sources = sources
    wanted = cluster.wanted.indices.reduce(0) { $0 + (cluster.cluster.settings.model.states[$1].holdsData ? cluster.wanted[$1] : 0) }
    wantsMaster = cluster.wanted.first ?? 0 > 0
  }

  /// Adds the steps of one row. False: nothing can be done, since its data is on nodes that failed. O(nodes of the row).
  mutating func add(_ row: borrowing Difference.Row) -> Bool {
    var nodes = row.nodes
    let live = nodes.count { hops.holdsData($0.change.from) }
    guard live > 0 || row.lost.isEmpty else { return false }
    firstOfRow = steps.count
    last = Array(repeating: nil, count: nodes.count)
    firstChange = Array(repeating: nil, count: nodes.count)
    comings.removeAll(keepingCapacity: true)
    goings.removeAll(keepingCapacity: true)
    streams.removeAll(keepingCapacity: true)
    creations.removeAll(keepingCapacity: true)
    servings.removeAll(keepingCapacity: true)
    let lacksMaster = wantsMaster && !nodes.contains { $0.change.from == hops.leading }
    let copying: Step.Purpose = live < wanted ? .restore : .balance
    let deciding: Step.Purpose = lacksMaster ? .restore : .takeOver
    interim = nil
    if lacksMaster { leadInTheMeantime(&nodes) }
    let handovers = hops.exclusive.compactMap { handover(nodes, of: $0) }

    // Those that come, as far as to a takeover.
    for place in nodes.indices where hops.isComing(nodes[place].change) && !handovers.contains(where: { $0.leaver == place }) {
      let change = nodes[place].change
      let isHeir = handovers.contains { $0.heir == place }
      let stop = isHeir ? hops.before(change.to, from: change.from) : change.to
      walk(nodes, place, to: stop, copying, deciding, isCopied: live > 0)
    }
    for handover in handovers { handOver(nodes, handover, deciding) }
    // Those that go.
    for place in nodes.indices where hops.isGoing(nodes[place].change) && !handovers.contains(where: { $0.leaver == place }) {
      walk(nodes, place, to: nodes[place].change.to, .balance, .balance, isCopied: false)
    }
    if live == 0 { gateCreation() }
    chooseSources(nodes, handovers.first, lacksMaster: lacksMaster)
    pairGoingsWithComings()
    if hops.hasCrossExclusion { keepApart(nodes) }
    return true
  }

  /// A state that one node at most may be in passes from one to another.
  private struct Handover {
    var leaver: Int
    var heir: Int
  }

  private func handover(_ nodes: [Change], of exclusive: StateIndex) -> Handover? {
    guard let leaver = nodes.firstIndex(where: { $0.change.from == exclusive && $0.change.to != exclusive }),
      let heir = nodes.firstIndex(where: { $0.change.to == exclusive && $0.change.from != exclusive })
    else { return nil }
    return Handover(leaver: leaver, heir: heir)
  }

  /// Nobody leads, and all who are to lead lack the data: of those who have it one leads, who goes rather than who stays.
  /// From then on that is what it was before.
  private mutating func leadInTheMeantime(_ nodes: inout [Change]) {
    guard hops.exclusive.contains(hops.leading) else { return }
    let heirs = nodes.filter { $0.change.to == hops.leading }
    guard !heirs.isEmpty, heirs.allSatisfy({ !hops.holdsData($0.change.from) }) else { return }
    let holders = nodes.indices.filter { hops.holdsData(nodes[$0].change.from) && status[nodes[$0].node.int] != .maintenance }
    guard let place = holders.first(where: { !hops.holdsData(nodes[$0].change.to) }) ?? holders.first else { return }
    var here = nodes[place].change.from
    while here != hops.leading {
      let next = hops.next(here, hops.leading)
      append(.set(nodes[place].partition, nodes[place].node, StateChange(here, next), .restore), at: place)
      here = next
    }
    nodes[place].change.from = hops.leading
    interim = (place, last[place]!)
  }

  // MARK: Single nodes

  private mutating func append(_ step: Step, at place: Int) {
    let index = UInt32(steps.count)
    steps.append(step)
    if let before = last[place] { arcs.append((index, before)) }
    last[place] = index
  }

  /// The node's steps on its own, hop by hop.
  private mutating func walk(
    _ nodes: [Change], _ place: Int, to end: StateIndex, _ copying: Step.Purpose, _ deciding: Step.Purpose, isCopied: Bool
  ) {
    let change = nodes[place]
    var here = last[place].map { steps[Int($0)].node == change.node ? steps[Int($0)].change.to : steps[Int($0)].sourceChange.to } ?? change.change.from
    while here != end {
      let next = hops.next(here, end)
      let hop = StateChange(here, next)
      if isCopied, hops.holdsData(next), !hops.holdsData(here) {
        // Its source is chosen when all steps of the row are known.
        append(.copy(change.partition, from: .none, in: .null, to: change.node, hop, copying), at: place)
        comings.append(last[place]!)
        streams.append(last[place]!)
      } else {
        if hops.holdsData(next), !hops.holdsData(here) { creations.append(UInt32(steps.count)) }
        if hops.serves(next), !hops.serves(here) { servings.append(UInt32(steps.count)) }
        let isRole = hops.holdsData(next) && hops.holdsData(here)
        append(.set(change.partition, change.node, hop, isRole ? deciding : copying), at: place)
        noteChange(hop, place)
      }
      here = next
    }
  }

  private mutating func noteChange(_ hop: StateChange, _ place: Int) {
    guard hops.holdsData(hop.from) else { return }
    if firstChange[place] == nil { firstChange[place] = last[place] }
    if !hops.holdsData(hop.to) { goings.append(last[place]!) }
  }

  /// The exclusive state passes from the leaver to the heir, in one exchange. A leaver that keeps the data steps down
  /// as it would alone, so that no copy is lost meanwhile.
  private mutating func handOver(_ nodes: [Change], _ pair: Handover, _ purpose: Step.Purpose) {
    let giving = nodes[pair.leaver]
    let taking = nodes[pair.heir]
    let given = StateChange(
      giving.change.from, hops.next(giving.change.from, giving.change.to, inTakeover: !hops.holdsData(giving.change.to)))
    let taken = StateChange(hops.before(taking.change.to, from: taking.change.from), taking.change.to)
    append(.takeover(giving.partition, from: giving.node, given, to: taking.node, taken, purpose), at: pair.leaver)
    let takeover = last[pair.leaver]!
    if let before = last[pair.heir] { arcs.append((takeover, before)) }
    last[pair.heir] = takeover
    noteChange(given, pair.leaver)
    if firstChange[pair.heir] == nil, hops.holdsData(taking.change.from) { firstChange[pair.heir] = takeover }
    walk(nodes, pair.leaver, to: giving.change.to, .balance, purpose, isCopied: false)
  }

  // MARK: What belongs together

  /// A new partition is empty on every node before any serves it, so that there is nothing to copy: the first to serve
  /// waits for all, the others wait for the first.
  private mutating func gateCreation() {
    guard let gate = servings.first else { return }
    for creation in creations { arcs.append((gate, creation)) }
    for serving in servings.dropFirst() { arcs.append((serving, gate)) }
  }

  /// Gives each copy a source that is live, and in a known state, whenever the copy is made.
  private mutating func chooseSources(_ nodes: [Change], _ handover: Handover?, lacksMaster: Bool) {
    guard !streams.isEmpty else { return }
    // Nobody leads, and who will has the data.
    let promoted = lacksMaster && handover == nil && !hops.hasCrossExclusion
      ? nodes.indices.first { hops.holdsData(nodes[$0].change.from) && nodes[$0].change.to == hops.leading && firstChange[$0] != nil && firstChange[$0] == last[$0] } : nil
    let steady = nodes.indices.filter { hops.holdsData(nodes[$0].change.from) && firstChange[$0] == nil }
    let takeover = handover.flatMap { firstChange[$0.leaver] }
    for stream in streams {
      defer {
        if let interim, steps[Int(stream)].source == nodes[interim.place].node { arcs.append((stream, interim.step)) }
      }
      if let place = sources.best(among(steady, for: stream), of: nodes, for: steps[Int(stream)].node) {
        setSource(stream, nodes[place].node, nodes[place].change.from)
      } else if let takeover, let heir = handover?.heir, hops.holdsData(nodes[heir].change.from),
        hops.holdsData(steps[Int(takeover)].sourceChange.to)
      {
        // Who is master is settled first: the new one feeds the copies.
        setSource(stream, nodes[heir].node, nodes[heir].change.to)
        arcs.append((stream, takeover))
      } else if let promoted {
        // It leads first, and then feeds the copies: nobody waits for a copy, or for room for one, without a master.
        setSource(stream, nodes[promoted].node, nodes[promoted].change.to)
        arcs.append((stream, firstChange[promoted]!))
      } else {
        let place = handover?.leaver ?? nodes.indices.first { hops.holdsData(nodes[$0].change.from) }!
        setSource(stream, nodes[place].node, nodes[place].change.from)
        if let change = firstChange[place] { arcs.append((change, stream)) }
      }
    }
  }

  /// All places, or of very many a few, others for each stream.
  private func among(_ places: [Int], for stream: UInt32) -> [Int] {
    guard places.count > PartitionSteps.sourcesTried else { return places }
    let first = Int(stream) % places.count
    return (0..<PartitionSteps.sourcesTried).map { places[(first + $0) % places.count] }
  }

  private static let sourcesTried = 16

  private mutating func setSource(_ stream: UInt32, _ node: NodeIndex, _ state: StateIndex) {
    steps[Int(stream)].source = node
    steps[Int(stream)].sourceChange = StateChange(state, state)
    sources.book(node)
  }

  /// Each going but the first few waits for a coming of its own. Takeovers come first among those that need not wait:
  /// promotions before copies.
  private mutating func pairGoingsWithComings() {
    // A takeover by a newcomer waits for that one's copy already.
    for (index, going) in goings.enumerated().reversed() where steps[Int(going)].isTakeover {
      guard let own = comings.firstIndex(where: { steps[Int($0)].node == steps[Int(going)].node }) else { continue }
      goings.remove(at: index)
      comings.remove(at: own)
    }
    let free = max(0, goings.count - comings.count)
    let ordered = goings.filter { steps[Int($0)].isTakeover } + goings.filter { !steps[Int($0)].isTakeover }
    for (going, coming) in zip(ordered.dropFirst(free), comings) { pairings.append((going, coming)) }
  }

  /// Of two states that exclude one another, a node enters the one when the other has been left.
  private mutating func keepApart(_ nodes: [Change]) {
    let first = firstOfRow
    for entering in first..<steps.count {
      for leaving in first..<steps.count where entering != leaving {
        for left in steps[leaving].changes where left.node != steps[entering].node {
          if hops.areExclusive(left.change.from, steps[entering].change.to), left.change.from != steps[entering].change.to {
            arcs.append((UInt32(entering), UInt32(leaving)))
          }
        }
      }
    }
  }
}
