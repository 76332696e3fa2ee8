/// Numbers of which the least comes first: a binary heap. Adding and taking O(log).
struct MinHeap<Key: Comparable & Sendable>: Sendable {
  private(set) var keys: [Key] = []

  var isEmpty: Bool { keys.isEmpty }
  var count: Int { keys.count }
  var first: Key? { keys.first }

  mutating func add(_ key: Key) {
    keys.append(key)
    var child = keys.count - 1
    while child > 0, keys[child] < keys[(child - 1) / 2] {
      keys.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  @discardableResult mutating func removeFirst() -> Key? {
    guard let first = keys.first else { return nil }
    let last = keys.removeLast()
    guard !keys.isEmpty else { return first }
    keys[0] = last
    sink(0)
    return first
  }

  /// Leaves out what does not belong any more. O(count).
  mutating func removeAll(where isGone: (Key) -> Bool) {
    keys.removeAll(where: isGone)
    for parent in stride(from: keys.count / 2 - 1, through: 0, by: -1) { sink(parent) }
  }

  private mutating func sink(_ start: Int) {
    var parent = start
    while true {
      var least = parent
      for child in (2 * parent + 1)...(2 * parent + 2) where child < keys.count && keys[child] < keys[least] {
        least = child
      }
      guard least != parent else { return }
      keys.swapAt(parent, least)
      parent = least
    }
  }
}
