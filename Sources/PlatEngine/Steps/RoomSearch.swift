/// An order in which the copies of some partitions come and go on nodes with little room, if there is one.
///
/// Done at once is what never hurts: a copy that comes to a node with room for all that still come, and all goings of a
/// partition whose copies have all come. What is left is tried depth first, and no set of events twice: so the search
/// ends with an order, or with the proof that there is none. Of many events only the first choice is tried
/// (`RoomOrder`).
struct RoomSearch {
  struct Row {
    let partition: PartitionIndex
    let nodes: [NodeIndex]
    let safety: RowSafety
    /// Places that get a copy, and that give one up, as bits; and those that have one at the beginning.
    let gains: UInt64
    let losses: UInt64
    let start: UInt64
  }

  struct Event: Equatable {
    var row: Int
    var place: Int
    var gains: Bool
  }

  let rows: [Row]
  /// One replica of a partition may go before another comes.
  private let mayRemoveFirst: Bool
  /// Rows that stay as they are.
  private let isBlocked: [Bool]

  private var free: [Int]
  /// Copies that are still to come, by node.
  private var coming: [Int]
  private var done: [UInt64]
  private(set) var order: [Event] = []
  private var seen: Set<UInt64> = []  // looked up only
  private var hash: UInt64 = 0
  private(set) var best: (complete: Int, order: [Event]) = (-1, [])
  /// All there is was looked at.
  private(set) var isExhaustive = true
  /// All choices are tried, as far as that goes.
  let isSmall: Bool

  /// Rows looked at, one for each row and set of events; and events beyond which there is no going back.
  static let mostVisits = 24_000
  static let mostEvents = 96

  /// `free`: places of each node before any of these rows changes.
  init(_ rows: [Row], free: [Int], blocked: [Bool], mayRemoveFirst: Bool) {
    self.rows = rows
    self.free = free.map { min($0, .max / 4) }
    self.mayRemoveFirst = mayRemoveFirst
    isBlocked = blocked
    coming = Array(repeating: 0, count: free.count)
    done = Array(repeating: 0, count: rows.count)
    var events = 0
    for (index, row) in rows.enumerated() where !blocked[index] {
      for place in row.nodes.indices where row.gains >> UInt64(place) & 1 == 1 { coming[row.nodes[place].int] += 1 }
      events += (row.gains | row.losses).nonzeroBitCount
    }
    isSmall = events <= RoomSearch.mostEvents
  }

  /// True: `order` has all events.
  mutating func run(_ interrupt: Interrupt? = nil) throws(PlatError) -> Bool {
    guard isSmall else {
      isExhaustive = false
      var all = RoomOrder(rows, free: free, blocked: isBlocked, mayRemoveFirst: mayRemoveFirst)
      best = (try all.run(interrupt), all.order)
      return best.complete == rows.count
    }
    return try search(interrupt)
  }

  private mutating func search(_ interrupt: Interrupt?) throws(PlatError) -> Bool {
    try interrupt?.throwIfRequested()
    let mark = order.count
    commit()
    note()
    if best.complete == rows.count { return true }
    if seen.count * rows.count >= RoomSearch.mostVisits { isExhaustive = false } else if seen.insert(hash).inserted {
      for choice in choices() {
        apply(choice)
        if try search(interrupt) { return true }
        undo(to: order.count - 1)
        if !isExhaustive { break }
      }
    }
    undo(to: mark)
    return false
  }

  private mutating func note() {
    let complete = rows.indices.count { isBlocked[$0] || done[$0] == rows[$0].gains | rows[$0].losses }
    if complete > best.complete { best = (complete, order) }
  }

  // MARK: Events

  private mutating func apply(_ event: Event) {
    let row = rows[event.row]
    let node = row.nodes[event.place].int
    done[event.row] |= 1 << UInt64(event.place)
    free[node] += event.gains ? -1 : 1
    if event.gains { coming[node] -= 1 }
    hash ^= key(event)
    order.append(event)
  }

  private mutating func undo(to count: Int) {
    while order.count > count {
      let event = order.removeLast()
      let node = rows[event.row].nodes[event.place].int
      done[event.row] &= ~(1 << UInt64(event.place))
      free[node] += event.gains ? 1 : -1
      if event.gains { coming[node] += 1 }
      hash ^= key(event)
    }
  }

  /// SplitMix64 of the event's number.
  private func key(_ event: Event) -> UInt64 {
    var z = (UInt64(event.row) << 6 | UInt64(event.place)) &+ 1
    z = z &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  private mutating func commit() {
    var isChanged = true
    while isChanged {
      isChanged = false
      for index in rows.indices where !isBlocked[index] {
        let row = rows[index]
        var left = row.gains & ~done[index]
        while left != 0 {
          let place = left.trailingZeroBitCount
          left &= left - 1
          let node = row.nodes[place].int
          guard free[node] >= coming[node], mayGain(index) else { continue }
          apply(Event(row: index, place: place, gains: true))
          isChanged = true
        }
        guard row.gains & ~done[index] == 0 else { continue }
        left = row.losses & ~done[index]
        while left != 0 {
          let place = left.trailingZeroBitCount
          left &= left - 1
          apply(Event(row: index, place: place, gains: false))
          isChanged = true
        }
      }
    }
  }

  /// A copy comes from another.
  private func mayGain(_ row: Int) -> Bool { rows[row].start == 0 || copies(row) != 0 }

  private func copies(_ row: Int) -> UInt64 {
    (rows[row].start & ~(rows[row].losses & done[row])) | (rows[row].gains & done[row])
  }

  private func isSafe(_ copies: UInt64, _ row: Row, _ safety: RowSafety) -> Bool {
    safety.allows(copiesAt: row.nodes.indices.map { copies >> UInt64($0) & 1 == 1 })
  }

  /// What may be done next and is no matter of course: what frees a place that another waits for first, then what comes
  /// to a node without room for all; last what goes before another comes.
  private func choices() -> [Event] {
    var freeing: [Event] = []
    var taking: [Event] = []
    var removing: [Event] = []
    for index in rows.indices where !isBlocked[index] {
      let row = rows[index]
      let now = copies(index)
      for place in row.nodes.indices where (row.gains | row.losses) & ~done[index] & 1 << UInt64(place) != 0 {
        let node = row.nodes[place].int
        if row.gains >> UInt64(place) & 1 == 1 {
          if free[node] > 0 { taking.append(Event(row: index, place: place, gains: true)) }
        } else if coming[node] > max(0, free[node]) {
          let event = Event(row: index, place: place, gains: false)
          let after = now & ~(1 << UInt64(place))
          if isSafe(after, row, row.safety) {
            freeing.append(event)
          } else if mayRemoveFirst, isSafe(after, row, row.safety.lackingOne()) {
            removing.append(event)
          }
        }
      }
    }
    return freeing + taking + removing.sorted { rows[$0.row].safety.least.copies > rows[$1.row].safety.least.copies }
  }

  /// Whether a replica went before another came, somewhere in `events` of a row: the first such place.
  static func removedFirst(_ row: Row, _ events: [(place: Int, gains: Bool)]) -> Int? {
    var copies = row.start
    for event in events {
      if event.gains { copies |= 1 << UInt64(event.place) } else { copies &= ~(1 << UInt64(event.place)) }
      let isCopy = row.nodes.indices.map { copies >> UInt64($0) & 1 == 1 }
      if !event.gains, !row.safety.allows(copiesAt: isCopy) { return event.place }
    }
    return nil
  }
}
