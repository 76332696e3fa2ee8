/// What is to happen, by time; what was entered first comes first.
struct Timeline<Item> {
  private var heap: [(time: UInt64, number: UInt64, slot: Int32)] = []
  private var items: [Item?] = []
  private var free: [Int32] = []
  private var number: UInt64 = 0

  var isEmpty: Bool { heap.isEmpty }

  mutating func add(_ item: Item, at time: UInt64) {
    let slot: Int32
    if let last = free.popLast() {
      slot = last
      items[Int(slot)] = item
    } else {
      slot = Int32(items.count)
      items.append(item)
    }
    number += 1
    heap.append((time, number, slot))
    var child = heap.count - 1
    while child > 0, (heap[child].time, heap[child].number) < (heap[(child - 1) / 2].time, heap[(child - 1) / 2].number)
    {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func next() -> (UInt64, Item)? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      var parent = 0
      while true {
        var least = parent
        for child in (2 * parent + 1)...(2 * parent + 2)
        where child < heap.count && (heap[child].time, heap[child].number) < (heap[least].time, heap[least].number) {
          least = child
        }
        if least == parent { break }
        heap.swapAt(parent, least)
        parent = least
      }
    }
    let item = items[Int(first.slot)]!
    items[Int(first.slot)] = nil
    free.append(first.slot)
    return (first.time, item)
  }
}
