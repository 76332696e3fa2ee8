import PlatEngine

/// People who stop replicas, or pause what they do, and set them going again.
extension Simulation {
  func strikeMode(_ kind: FaultKind) -> Bool {
    let partition = random.below(disks.copies.count)
    let copies = disks.copies[partition].filter { setup.rules.holdsData($0.record.state) && $0.record.mode == .usual }
    guard let number = orchestrators.lastIndex(where: \.isUp), !copies.isEmpty else { return false }
    let copy = copies[random.below(copies.count)]
    var mode = RunMode.usual
    switch kind {
    case .stop: mode.run = [.stopped, .stopped, .cooling, .warming][random.below(4)]
    case .pausePersistence: mode.pauses = .persistence
    default: mode.pauses = .replication
    }
    ask(number, copy.node, PartitionIndex(partition), from: .usual, to: mode)
    timeline.add(.restoreMode(copy.node, PartitionIndex(partition)), at: now + 50 + UInt64(random.below(500)))
    return true
  }

  func restoreMode(_ node: NodeIndex, _ partition: PartitionIndex) {
    guard let number = orchestrators.lastIndex(where: \.isUp),
      let copy = disks.copies[partition.int].first(where: { $0.node == node }), copy.record.mode != .usual
    else { return }
    ask(number, node, partition, from: copy.record.mode, to: .usual)
  }

  private func ask(_ number: Int, _ node: NodeIndex, _ partition: PartitionIndex, from: RunMode, to end: RunMode) {
    orchestrators[number].wanted[ReplicaKey(node: node, partition: partition)] = end
    tell(number, .mode(node, partition, from: from, to: end))
  }

  /// What an orchestrator tells of a replica that it was asked about.
  func checkMode(_ node: NodeIndex, _ partition: PartitionIndex, _ mode: RunMode, _ isDone: Bool, _ number: Int) {
    let wanted = orchestrators[number].wanted.removeValue(forKey: ReplicaKey(node: node, partition: partition))
    if isDone != (mode == wanted) {
      violate(
        .toldIsTrue,
        "orchestrator \(number) says that partition \(partition.raw) at \(name(node)) runs as asked: \(isDone)")
    }
  }

  /// Once faults are over, all are set going again.
  func restoreModes() {
    guard isHealed, hasModes else { return }
    for partition in disks.copies.indices {
      for copy in disks.copies[partition] where copy.record.mode != .usual {
        restoreMode(copy.node, PartitionIndex(partition))
      }
    }
  }

  /// It was asked about a replica whose node can hear of it, and has not told yet what became of that.
  func waitsForModes(_ number: Int) -> Bool {
    guard orchestrators[number].protocolVersions.own.upperBound >= 3 else { return false }
    return orchestrators[number].wanted.keys.contains {
      !nodes[$0.node.int].isDestroyed && nodes[$0.node.int].protocolVersions.own.upperBound >= 3
    }
  }

  var hasModes: Bool { rates[.stop] + rates[.pausePersistence] + rates[.pauseReplication] > 0 }

  /// Whoever asks for modes, and whoever is asked, speaks the newest version in the end: an older library could not
  /// even read what a node has kept of them.
  func upgradeForModes() {
    guard hasModes else { return }
    for node in nodes.indices where nodes[node].protocolVersions.own != ProtocolVersions.versions {
      guard disks.copies.contains(where: { $0.contains { $0.node.int == node && $0.record.mode != .usual } }) else {
        continue
      }
      nodes[node].protocolVersions = makeSpeech(ProtocolVersions.versions)
    }
    for number in orchestrators.indices where orchestrators[number].protocolVersions.own != ProtocolVersions.versions {
      orchestrators[number].protocolVersions = makeSpeech(ProtocolVersions.versions)
    }
  }
}
