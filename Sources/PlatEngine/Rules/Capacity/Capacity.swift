/// A node's capacity: the most replicas that it may hold, of all maps together. It is hard, and nil is no limit.
extension Node {
  func validateCapacity() throws(InputError) {
    guard let capacity, !(0...Limits.capacity).contains(capacity) else { return }
    throw InputError(
      path: "nodes.\(name).capacity", found: "\(capacity)", expected: "0 to \(Limits.capacity) replicas")
  }

  /// Of all maps together.
  var room: Int { capacity ?? .max }

  /// Of one map alone: never more than one replica of each partition.
  func room(of partitions: Int) -> Int { min(capacity ?? partitions, partitions) }
}
