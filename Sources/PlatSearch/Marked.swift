/// Slots or rows with a mark: one enters or leaves in O(1), and any of them is picked in O(1).
struct Marked: ~Copyable {
  private let items: UnsafeMutablePointer<Int32>
  /// Of each, its place among the marked; −1: it is not.
  private let place: UnsafeMutablePointer<Int32>
  private(set) var count = 0
  var isEmpty: Bool { count == 0 }

  init(_ all: Int) {
    items = .allocate(capacity: max(all, 1))
    items.initialize(repeating: 0, count: all)
    place = .allocate(capacity: max(all, 1))
    place.initialize(repeating: -1, count: all)
  }

  deinit {
    items.deallocate()
    place.deallocate()
  }

  /// Any of them; −1: none is marked.
  @inline(__always) func any(_ random: inout SearchRandom) -> Int { count == 0 ? -1 : Int(items[random.below(count)]) }

  func contains(_ item: Int) -> Bool { place[item] >= 0 }

  @inline(__always) mutating func set(_ item: Int, _ isMarked: Bool) {
    guard isMarked != (place[item] >= 0) else { return }
    if isMarked {
      items[count] = Int32(item)
      place[item] = Int32(count)
      count += 1
    } else {
      count -= 1
      let last = items[count]
      items[Int(place[item])] = last
      place[Int(last)] = place[item]
      place[item] = -1
    }
  }
}
