/// For each node, the slots that it stands in: a list that one slot enters or leaves in O(1).
///
///     node 17   [ 4 | 51 | 130 ]      slot = row · width + place in the row
struct Replicas: ~Copyable {
  private struct List: BitwiseCopyable {
    var slots: UnsafeMutablePointer<Int32>
    var count: Int32
    var room: Int32
  }

  private let nodeCount: Int
  private let lists: UnsafeMutablePointer<List>
  /// Of each slot, its place in its node's list.
  private let place: UnsafeMutablePointer<Int32>

  init(nodes: Int, slots: Int) {
    let room = slots / max(nodes, 1) + 4
    nodeCount = nodes
    lists = .allocate(capacity: max(nodes, 1))
    for node in 0..<nodes {
      (lists + node).initialize(to: List(slots: .allocate(capacity: room), count: 0, room: Int32(room)))
    }
    place = .allocate(capacity: max(slots, 1))
    place.initialize(repeating: 0, count: slots)
  }

  deinit {
    for node in 0..<nodeCount { lists[node].slots.deallocate() }
    lists.deallocate()
    place.deallocate()
  }

  @inline(__always) func count(_ node: Int) -> Int { Int(lists[node].count) }
  @inline(__always) func slot(_ node: Int, _ index: Int) -> Int { Int(lists[node].slots[index]) }

  @inline(__always) func insert(_ slot: Int, _ node: Int) {
    if lists[node].count == lists[node].room { grow(node) }
    let end = lists[node].count
    lists[node].slots[Int(end)] = Int32(slot)
    lists[node].count = end + 1
    place[slot] = end
  }

  @inline(__always) func remove(_ slot: Int, _ node: Int) {
    let last = lists[node].count - 1
    let moved = lists[node].slots[Int(last)]
    lists[node].slots[Int(place[slot])] = moved
    place[Int(moved)] = place[slot]
    lists[node].count = last
  }

  @inline(never) private func grow(_ node: Int) {
    let list = lists[node]
    let room = Int(list.room) * 2
    let slots = UnsafeMutablePointer<Int32>.allocate(capacity: room)
    slots.update(from: list.slots, count: Int(list.count))
    list.slots.deallocate()
    lists[node] = List(slots: slots, count: list.count, room: Int32(room))
  }
}
