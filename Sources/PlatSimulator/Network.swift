import PlatEngine

/// Messages on their way: lost, late, twice, overtaken, and cut off.
extension Simulation {
  func send(_ message: Message, _ sender: Address, _ receiver: Address) {
    if isCut(sender, receiver) { return }
    if happens(.loss) { return }
    var delay = 1 + UInt64(random.below(4))
    if happens(.reorder) { delay += UInt64(random.below(30)) }
    if happens(.late) { delay += 100 + UInt64(random.below(500)) }
    timeline.add(.deliver(message, from: sender, to: receiver), at: now + delay)
    if happens(.duplicate) {
      timeline.add(.deliver(message, from: sender, to: receiver), at: now + delay + UInt64(random.below(200)))
    }
  }

  private func happens(_ kind: FaultKind) -> Bool {
    let rate = rates[kind]
    guard rate > 0, !isHealed, random.below(1_000_000) < rate else { return false }
    faults[kind.rawIndex] += 1
    return true
  }

  private func isCut(_ a: Address, _ b: Address) -> Bool {
    switch (a, b) {
    case (.node(let a), .node(let b)): nodes[a.int].side != nodes[b.int].side
    case (.node(let node), .orchestrator), (.orchestrator, .node(let node)):
      nodes[node.int].side != 0 || nodes[node.int].isCutFromOrchestrators
    default: false  // clients reach everybody
    }
  }

  func deliver(_ message: Message, _ sender: Address, _ receiver: Address) {
    if isCut(sender, receiver) { return }
    switch receiver {
    case .node(let node):
      guard nodes[node.int].isUp else { return }
      trace { "deliver  \(self.name(sender)) → \(self.name(node)): \(message)" }
      var isDiscard = false
      if case .order(let order) = message {
        isDiscard = order.kind == .discard
        let actions = nodes[node.int].agent.handle(.message(message, from: sender))
        if order.kind == .copy { checkLimits() }
        return carryOut(actions, node.int, isDiscard: isDiscard)
      }
      carryOut(nodes[node.int].agent.handle(.message(message, from: sender)), node.int, isDiscard: false)
    case .orchestrator(let number):
      guard case .node(let node) = sender, orchestrators[Int(number)].isUp else { return }
      tell(Int(number), .message(message, from: node))
    case .client: clients.hear(message, self)
    }
  }

  private func name(_ address: Address) -> String {
    switch address {
    case .node(let node): name(node)
    case .orchestrator(let number): "orchestrator \(number)"
    case .client(let number): "client \(number)"
    }
  }
}
