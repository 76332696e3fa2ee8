/// The order of very many events on nodes with little room, none of which is taken back: what `RoomSearch` would choose
/// first.
///
/// What may be done next is kept in heaps, node by node: what never hurts (a copy to a node with room for all that
/// still come, all goings of a partition whose copies have all come), what frees a place that another waits for, what
/// takes a free one, what goes before another comes. An event changes what its own row and its own node may do, and
/// nothing else; so no row is looked at twice for the sake of another.
struct RoomOrder {
  typealias Row = RoomSearch.Row
  typealias Event = RoomSearch.Event

  private let rows: [Row]
  private let isBlocked: [Bool]
  private let mayRemoveFirst: Bool
  private var free: [Int]
  /// Copies that are still to come, by node.
  private var coming: [Int]
  private var done: [UInt64]
  private(set) var order: [Event] = []

  /// By kind and node.
  private var heaps: [MinHeap<Entry>]
  /// How often a row has changed: what was added before says nothing of it any more.
  private var version: [Int]
  private var ripe: [Int] = []
  private var ample: [Int] = []

  private enum Kind: Int {
    /// A going that is safe.
    case freeing
    case taking
    /// A going that is safe where one replica may be missing.
    case removing
  }

  private struct Entry: Comparable {
    /// Greatest need first, where that matters.
    var rank = 0
    var row: Int
    var place: Int
    var version = 0

    static func < (a: Self, b: Self) -> Bool { (a.rank, a.row, a.place) < (b.rank, b.row, b.place) }
  }

  /// As of `RoomSearch`. O(events · log).
  init(_ rows: [Row], free: [Int], blocked: [Bool], mayRemoveFirst: Bool) {
    (self.rows, self.free, isBlocked, self.mayRemoveFirst) = (rows, free, blocked, mayRemoveFirst)
    coming = Array(repeating: 0, count: free.count)
    done = Array(repeating: 0, count: rows.count)
    version = Array(repeating: 0, count: rows.count)
    heaps = Array(repeating: MinHeap(), count: 3 * free.count)
    for (index, row) in rows.enumerated() where !blocked[index] {
      for place in row.nodes.indices where row.gains >> UInt64(place) & 1 == 1 {
        coming[row.nodes[place].int] += 1
        add(Entry(row: index, place: place), .taking, row.nodes[place])
      }
      refresh(index)
    }
    for node in free.indices { lookAt(node) }
  }

  /// How many rows are complete in the end. O(events · (R² + log + N)).
  mutating func run(_ interrupt: Interrupt?) throws(PlatError) -> Int {
    commit()
    while let event = choice() {
      try interrupt?.throwIfRequested()
      apply(event)
      commit()
    }
    return rows.indices.count { isBlocked[$0] || done[$0] == rows[$0].gains | rows[$0].losses }
  }

  private mutating func commit() {
    while true {
      if let index = ripe.popLast() {
        forEachLeft(rows[index].losses, index) { $0.apply(Event(row: index, place: $1, gains: false)) }
      } else if let node = ample.last {
        guard free[node] >= coming[node], let entry = first(.taking, node) else {
          ample.removeLast()
          continue
        }
        apply(Event(row: entry.row, place: entry.place, gains: true))
      } else {
        return
      }
    }
  }

  /// What may be done next and is no matter of course, the first row's before others'. O(N).
  private mutating func choice() -> Event? {
    func isAwaited(_ node: Int) -> Bool { coming[node] > max(0, free[node]) }
    if let entry = least(.freeing, free.indices.filter(isAwaited)) {
      return Event(row: entry.row, place: entry.place, gains: false)
    }
    if let entry = least(.taking, free.indices.filter { free[$0] > 0 }) {
      return Event(row: entry.row, place: entry.place, gains: true)
    }
    return least(.removing, free.indices.filter(isAwaited)).map { Event(row: $0.row, place: $0.place, gains: false) }
  }

  private mutating func least(_ kind: Kind, _ nodes: [Int]) -> Entry? {
    var least: Entry?
    for node in nodes {
      guard let entry = first(kind, node), least.map({ entry < $0 }) ?? true else { continue }
      least = entry
    }
    return least
  }

  private mutating func add(_ entry: Entry, _ kind: Kind, _ node: NodeIndex) {
    heaps[kind.rawValue * free.count + node.int].add(entry)
  }

  /// The first entry of a node that still says what is so.
  private mutating func first(_ kind: Kind, _ node: Int) -> Entry? {
    let heap = kind.rawValue * free.count + node
    while let entry = heaps[heap].first {
      let isDone = done[entry.row] >> UInt64(entry.place) & 1 == 1
      if !isDone, kind == .taking || entry.version == version[entry.row] { return entry }
      heaps[heap].removeFirst()
    }
    return nil
  }

  private mutating func apply(_ event: Event) {
    let node = rows[event.row].nodes[event.place].int
    done[event.row] |= 1 << UInt64(event.place)
    free[node] += event.gains ? -1 : 1
    if event.gains { coming[node] -= 1 }
    order.append(event)
    refresh(event.row)
    lookAt(node)
  }

  private mutating func lookAt(_ node: Int) {
    if free[node] >= coming[node], coming[node] > 0 { ample.append(node) }
  }

  /// What may go of a row as it stands now. O(R² · levels).
  private mutating func refresh(_ index: Int) {
    let row = rows[index]
    version[index] += 1
    if row.gains & ~done[index] == 0 {
      if row.losses & ~done[index] != 0, ripe.last != index { ripe.append(index) }
      return
    }
    let now = (row.start & ~(row.losses & done[index])) | (row.gains & done[index])
    func isSafe(_ safety: RowSafety, without place: Int) -> Bool {
      safety.allows(copiesAt: row.nodes.indices.map { $0 != place && now >> UInt64($0) & 1 == 1 })
    }
    let lackingOne = mayRemoveFirst ? row.safety.lackingOne() : nil
    forEachLeft(row.losses, index) { order, place in
      var entry = Entry(row: index, place: place, version: order.version[index])
      if isSafe(row.safety, without: place) {
        order.add(entry, .freeing, row.nodes[place])
      } else if let lackingOne, isSafe(lackingOne, without: place) {
        entry.rank = -row.safety.least.copies
        order.add(entry, .removing, row.nodes[place])
      }
    }
  }

  private mutating func forEachLeft(_ places: UInt64, _ row: Int, _ body: (inout Self, Int) -> Void) {
    var left = places & ~done[row]
    while left != 0 {
      body(&self, left.trailingZeroBitCount)
      left &= left - 1
    }
  }
}
