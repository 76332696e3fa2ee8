import PlatEngine

/// Messages on their way: lost, late, twice, overtaken, and cut off.
extension Simulation {
  /// As bytes of the version that both speak. What that version does not have is as if it were lost.
  func send(_ message: Message, _ sender: Address, _ receiver: Address) {
    switch (sender, receiver) {
    case (.client, _), (_, .client): send(.message(message), sender, receiver)
    default:
      if let bytes = protocolVersions(of: sender)?.write(message, to: receiver) {
        send(.bytes(bytes), sender, receiver)
      }
    }
  }

  private func protocolVersions(of address: Address) -> ProtocolVersions? {
    switch address {
    case .node(let node): nodes[node.int].protocolVersions
    case .orchestrator(let number): orchestrators[Int(number)].protocolVersions
    case .client: nil
    }
  }

  private func send(_ packet: Packet, _ sender: Address, _ receiver: Address) {
    if isCut(sender, receiver) { return }
    if happens(.loss) { return }
    var delay = 1 + UInt64(random.below(4)) + links.latency(place(sender), place(receiver))
    if happens(.reorder) { delay += UInt64(random.below(30)) }
    if happens(.late) { delay += 100 + UInt64(random.below(500)) }
    timeline.add(.deliver(packet, from: sender, to: receiver), at: now + delay)
    // A client's connection hands over each request once, or not at all.
    if case .client = sender { return }
    if happens(.duplicate) {
      timeline.add(.deliver(packet, from: sender, to: receiver), at: now + delay + UInt64(random.below(200)))
    }
  }

  private func happens(_ kind: FaultKind) -> Bool {
    let rate = rates[kind]
    guard rate > 0, !isHealed, random.below(1_000_000) < rate else { return false }
    faults[kind.rawIndex] += 1
    return true
  }

  private func isCut(_ a: Address, _ b: Address) -> Bool {
    if !links.isWhole, links.isCut(place(a), place(b)) { return true }
    return switch (a, b) {
    case (.node(let a), .node(let b)): nodes[a.int].side != nodes[b.int].side
    case (.node(let node), .orchestrator), (.orchestrator, .node(let node)):
      nodes[node.int].side != 0 || nodes[node.int].isCutFromOrchestrators
    default: false  // clients reach everybody
    }
  }

  /// Clients are nowhere: nothing separates them from others.
  private func place(_ address: Address) -> Links.Place {
    switch address {
    case .node(let node): node.int
    case .orchestrator(let number): nodes.count + Int(number)
    case .client: -1
    }
  }

  func deliver(_ packet: Packet, _ sender: Address, _ receiver: Address) {
    if isCut(sender, receiver) { return }
    guard let message = hear(packet, sender, receiver) else { return }
    switch receiver {
    case .node(let node):
      trace { "deliver  \(self.name(sender)) → \(self.name(node)): \(message)" }
      var isDiscard = false
      if case .order(let order) = message {
        isDiscard = order.kind == .discard
        let actions = nodes[node.int].agent.handle(.message(message, from: sender))
        if order.kind == .copy {
          checkLimits()
          checkCapacity(node.int)
        }
        return carryOut(actions, node.int, isDiscard: isDiscard)
      }
      let watched = watch(message, node.int)
      let known = nodes[node.int].agent.map
      let actions = nodes[node.int].agent.handle(.message(message, from: sender))
      if case .map(let given) = message { checkMap(given, known: known, node.int, actions) }
      check(watched, message, node.int, actions)
      carryOut(actions, node.int, isDiscard: false)
    case .orchestrator(let number):
      guard case .node(let node) = sender else { return }
      trace { "deliver  \(self.name(sender)) → \(self.name(receiver)): \(message)" }
      orchestrators[Int(number)].heardAt[node.int] = now
      tell(Int(number), .message(message, from: node))
      if !orchestrators[Int(number)].machine.isKeptOut(node) { orchestrators[Int(number)].isMute[node.int] = false }
    case .client(let client): clients.hear(message, Int(client), self)
    }
  }

  /// What the receiver understands of it; nil: nothing, or it is not there.
  private func hear(_ packet: Packet, _ sender: Address, _ receiver: Address) -> Message? {
    guard case .bytes(let bytes) = packet else {
      if case .node(let node) = receiver, !nodes[node.int].isUp { return nil }
      if case .message(let message) = packet { return message } else { return nil }
    }
    do {
      let heard: ProtocolVersions.Heard? = try bytes.withUnsafeBytes { bytes in
        switch receiver {
        case .node(let node):
          nodes[node.int].isUp ? try nodes[node.int].protocolVersions.hear(bytes, from: sender) : nil
        case .orchestrator(let number):
          orchestrators[Int(number)].isUp
            ? try orchestrators[Int(number)].protocolVersions.hear(bytes, from: sender) : nil
        case .client: nil
        }
      }
      switch heard {
      case .message(let message):
        introduce(receiver, sender)
        return message
      case .reply(let bytes): send(.bytes(bytes), receiver, sender)
      case .nothing, .learnt, nil: break
      }
    } catch {
      violate(.endReached, "a message that nobody can read: \(error)")
    }
    return nil
  }

  /// An orchestrator tells a node of others that it does not know.
  private func introduce(_ orchestrator: Address, _ node: Address) {
    guard case .orchestrator(let number) = orchestrator,
      let bytes = orchestrators[Int(number)].protocolVersions.takeIntroduction()
    else { return }
    send(.bytes(bytes), orchestrator, node)
  }

  private func name(_ address: Address) -> String {
    switch address {
    case .node(let node): name(node)
    case .orchestrator(let number): "orchestrator \(number)"
    case .client(let number): "client \(number)"
    }
  }
}
