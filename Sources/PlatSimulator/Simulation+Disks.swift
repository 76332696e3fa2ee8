import PlatEngine

/// Disks that are wiped, exchanged, or set back to what they were a while ago.
extension Simulation {
  /// Versions before 3 know nothing of disks.
  private var allKnowDisks: Bool {
    nodes.allSatisfy { $0.isDestroyed || $0.protocolVersions.own.upperBound >= 3 }
      && orchestrators.allSatisfy { !$0.isUp || $0.protocolVersions.own.upperBound >= 3 }
  }

  /// An orchestrator has been told what nodes hold, and has not written yet whom it leaves behind: what happens to
  /// disks meanwhile it cannot know, and who has not told it what it holds may be left behind for one that has.
  private func isJudgedBySurvey(_ node: NodeIndex) -> Bool {
    orchestrators.contains { $0.isUp && $0.machine.isSurveying && !$0.machine.hasInventory(of: node) }
  }

  /// Who runs the cluster has said that the node is gone, and an orchestrator goes on without it.
  private func isGivenUp(_ node: NodeIndex) -> Bool {
    orchestrators.contains { $0.isUp && $0.isTold[node.int] && $0.machine.lostNodes.contains(node) }
  }

  /// Something on the disk is older than it was: once that is found out nothing that is on it is relied on.
  private func isSetBack(_ node: Int) -> Bool {
    nodes[node].agent.disk?.isSetBack == true || disks.copies.indices.contains { partition in
      disks.copies[partition].contains { $0.node.int == node && disks.isShort($0, PartitionIndex(partition)) }
    }
  }

  /// The journal is on its way to be told that the copy does not count, by an orchestrator that may have crashed since.
  private func isAboutToBeLeftBehind(_ copy: Disks.Copy, _ partition: PartitionIndex) -> Bool {
    recordsUnderWay.contains {
      $0.expected == journal.version && !$0.journal.isComplete(copy.node, partition, term: copy.record.term)
    }
  }

  /// It has been told to let its copy go.
  private func isLeaving(_ node: NodeIndex, _ partition: PartitionIndex) -> Bool {
    orchestrators.contains { $0.isUp && $0.machine.isLeaving(node, partition) }
      || leaving[ReplicaKey(node: node, partition: partition)] == journal.revision
  }

  /// Whether every partition of which one of `nodes` has a copy, or keeps what it handed over, has a complete one
  /// elsewhere, on a disk that is not in doubt, of a node that has not been given up. It need not be there now: it may
  /// be down, cut off, or stand still.
  private func isSpared(_ struck: [Int]) -> Bool {
    disks.copies.indices.allSatisfy { partition in
      let copies = disks.copies[partition].filter {
        setup.rules.holdsData($0.record.state) || $0.record.isRetained(setup.rules)
      }
      let isHeld = copies.contains { struck.contains($0.node.int) }
      return !isHeld || hasComplete(partition, without: struck)
    }
  }

  private func hasComplete(_ partition: Int, without struck: [Int]) -> Bool {
    let (rules, index) = (setup.rules, PartitionIndex(partition))
    return disks.copies[partition].contains { copy in
      let node = copy.node.int
      guard !struck.contains(node), !disks.isDoubtful[node], !copy.record.isInDoubt, !isJudgedBySurvey(copy.node),
        !isGivenUp(copy.node), !isSetBack(node), !isAboutToBeLeftBehind(copy, index), !isLeaving(copy.node, index),
        rules.holdsData(copy.record.state), !disks.isShort(copy, index)
      else { return false }
      return saidWritten[partition] & ~copy.writes == 0
        && (rules.leading == nil || journal.isComplete(copy.node, index, term: copy.record.term))
    }
  }

  /// Whether what is on disks that were set back can still be compared with a complete copy on another one, if `struck`
  /// are given up.
  func canBeCompared(without struck: [Int]) -> Bool {
    let older = nodes.indices.filter { node in
      disks.isDoubtful[node] || disks.copies.contains { $0.contains { $0.node.int == node && disks.isSetBack($0) } }
    }
    return disks.copies.indices.allSatisfy { partition in
      let isInDoubt = disks.copies[partition].contains { older.contains($0.node.int) }
      return !isInDoubt || hasComplete(partition, without: struck + older)
    }
  }

  /// False: some partition would have no complete copy left, or somebody speaks a version without disks.
  func wipe(_ struck: [Int]) -> Bool {
    guard allKnowDisks, Set(struck).count == struck.count,
      struck.allSatisfy({ !nodes[$0].isDestroyed && !nodes[$0].isAwaited }),
      isSpared(struck)
    else { return false }
    for node in struck {
      trace { "wipe     \(self.name(NodeIndex(node)))" }
      crash(node)
      noteLostCopies(node)
      disks.doubt(NodeIndex(node))
      disks.destroy(NodeIndex(node))
      disks.promise[node] = Promise(revision: 0)
      held[node] = 0
    }
    return true
  }

  /// What the disk is now, it will be again.
  func keepImage(_ node: Int) -> Bool {
    guard allKnowDisks, nodes[node].isUp else { return false }
    timeline.add(.setBack(node, disks.image(of: NodeIndex(node))), at: now + 50 + UInt64(random.below(500)))
    return true
  }

  func setBack(_ node: Int, _ image: Disks.Image) {
    let rules = setup.rules
    let copies = image.copies.count { rules.holdsData($0.1.state) }
    guard !isHealed, allKnowDisks, !nodes[node].isDestroyed, isSpared([node]),
      copies <= mostHeld[node] ?? .max
    else { return }
    trace { "set back \(self.name(NodeIndex(node)))" }
    crash(node)
    noteLostCopies(node)
    disks.setBack(NodeIndex(node), to: image)
    held[node] = copies
  }

  /// Live copies of no plan made them fewer. What the node was handing over counted, too.
  func noteLostCopies(_ node: Int) {
    for (partition, copies) in disks.copies.enumerated() {
      guard let copy = copies.first(where: { $0.node.int == node }) else { continue }
      for plan in plans.indices
      where setup.rules.holdsData(copy.record.state) || isHandingOver(copy, copies, in: plans[plan].revision) {
        plans[plan].lost[partition] &+= 1
      }
    }
  }

  /// An agent on what its disk has; on a new disk where there is nothing.
  func start(_ node: Int, boot: UInt32) -> [NodeAgent.Action] {
    let index = NodeIndex(node)
    let promise = disks.promise[node]
    let isNew = promise.disk == nil
    if isNew, boot > 1, plant == .takeWipedForNew {
      for (_, partition, record) in setup.beginning.records(of: index) {
        _ = disks.write(record, partition, on: index)
      }
      disks.promise[node] = Promise(revision: setup.beginning.revision)
    }
    nodes[node].agent = makeAgent(node, boot: boot, disks.records(of: index))
    let store = setup.names.store(of: index, boot: boot)
    let isFirst = boot == 1 || isNew && plant == .takeWipedForNew
    return nodes[node].agent.start(on: store, boot: boot, isNew ? nil : promise, isNew: isNew && !isFirst)
  }

  /// Whether the node's disk counts again.
  func noteConfirmed(_ node: Int) {
    guard disks.isDoubtful[node], nodes[node].isUp, let disk = nodes[node].agent.disk, disk.isConfirmed, !disk.isSetBack
    else { return }
    disks.isDoubtful[node] = false
  }
}
