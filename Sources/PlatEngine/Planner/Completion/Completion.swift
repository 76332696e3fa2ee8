/// The stage behind all pipelines: what they left open is filled as far as it can be, in the order of aims.
///
///     1. partitions with a live copy and none in the map     2. partitions without a leader     3. all that is missing
///
/// Each is a search for the cheapest chain of replicas that make room for one another (`CompletionSearch`); the first
/// two may end where another partition gives up a replica that comes later in the order. A copy that is placed stays
/// placed: chains only ever add. Where a partition's last copy finds no place at all it stays where it is, whatever the
/// node may hold.
///
/// Nodes of weight 0 are due nothing and so get nothing before; here they take what nobody else can.
struct Completion {
  private var search: CompletionSearch
  private let interrupt: Interrupt?

  /// Fills maps on the same nodes in place. `capacity`: of each node, for all maps together. Returns the maps that have
  /// changed. O(P · R), and bounded searches where something is missing.
  static func run(
    _ maps: [CompletedMap], capacity: [Int], interrupt: Interrupt?
  ) throws(PlatError) -> [Bool] {
    var search = CompletionSearch(maps, capacity: capacity)
    search.evict()
    var incomplete: [(map: Int, partition: Int)] = []
    for (index, map) in maps.enumerated() {
      try interrupt?.throwIfRequested()
      let wanted = map.cluster.dataWanted.reduce(0, +)
      guard wanted > 0 else { continue }
      for partition in 0..<map.target.partitionCount where map.copies(partition) < wanted {
        incomplete.append((index, partition))
      }
    }
    guard !incomplete.isEmpty else { return search.isChanged }
    var completion = Completion(search: search, interrupt: interrupt)
    try completion.coverLive(incomplete)
    try completion.fillLeaders(incomplete)
    try completion.fillRest(incomplete)
    completion.evictBesideLastCopies()
    return completion.search.isChanged
  }

  /// Last copies that stay may leave a node beyond its capacity: then it has nothing else. What it would have received
  /// goes back to who holds it today.
  private mutating func evictBesideLastCopies() {
    while let (map, partition) = search.evictOne() { stay(map, partition) }
  }

  /// Every partition that has a live copy keeps one.
  private mutating func coverLive(_ incomplete: [(map: Int, partition: Int)]) throws(PlatError) {
    search.begin()
    for (index, partition) in incomplete {
      let map = search.maps[index]
      guard map.copies(partition) == 0, map.isLive(partition) else { continue }
      try interrupt?.throwIfRequested()
      if !search.place(map: index, partition, map.openSlots(partition), givingUp: .seconds) { stay(index, partition) }
    }
  }

  /// Nobody can take the last copy: it stays where it is. Of several, the leader's on the node that is best to lead.
  private mutating func stay(_ index: Int, _ partition: Int) {
    let map = search.maps[index]
    func rank(_ node: NodeIndex) -> Int { map.cluster.status[node.int].lastCopyRank }
    let holders = map.holders(partition)
    guard let node = holders.indices.min(by: { (rank(holders[$0]), $0) < (rank(holders[$1]), $1) }).map({ holders[$0] })
    else { return }
    let open = map.openSlots(partition)
    let isLed = !map.cluster.status[node.int].isSlaveOnly
    let allowed = open.filter { map.cluster.mayEver(node.int, inState: map.stateOfSlot[$0]) }
    let slots = allowed.isEmpty ? open : allowed
    let chosen = isLed ? slots.first : slots.first { map.stateOfSlot[$0] > 0 } ?? slots.first
    guard let slot = chosen else { return }
    search.keep(map: index, partition, slot, on: node)
  }

  /// Every partition gets a leader before any gets its second replica; such with a live copy first.
  private mutating func fillLeaders(_ incomplete: [(map: Int, partition: Int)]) throws(PlatError) {
    for isLive in [true, false] {
      search.begin()
      for (index, partition) in incomplete {
        let map = search.maps[index]
        guard map.cluster.dataWanted[0] > 0, !map.isPeerLimited, !map.hasLeader(partition),
          map.isLive(partition) == isLive,
          let slot = map.openSlots(partition).first
        else { continue }
        try interrupt?.throwIfRequested()
        _ = search.place(map: index, partition, [slot], givingUp: .followers)
      }
    }
  }

  private mutating func fillRest(_ incomplete: [(map: Int, partition: Int)]) throws(PlatError) {
    search.begin()
    // Rows that stood behind others may lack something now, so all are looked at once more.
    let rows = search.isChanged.contains(true) ? search.allRows : incomplete
    for (index, partition) in rows where !search.maps[index].isPeerLimited {
      let open = search.maps[index].openSlots(partition)
      guard !open.isEmpty else { continue }
      try interrupt?.throwIfRequested()
      for slot in open { _ = search.place(map: index, partition, [slot], givingUp: .nothing) }
    }
  }
}
