/// Why a node is due another share of all replicas than its weight alone would give it.
public struct ForcedDue: Equatable, Sendable {
  public var node: Int
  public var due: Rational
  /// By weight alone, of what nodes in maintenance do not keep.
  public var byWeight: Rational
  public var because: String
}

extension Judge {
  /// What limits the shares: containers that hard rules fill, and nodes that hold all that they may.
  ///
  ///     due(n) below its weight's: n holds all that it may, or the innermost full container around it does
  ///     due(n) above it:           others are limited, within that container, or where this was pushed up itself,
  ///                                within the next one around, and so on
  struct DueLimits {
    private let dense: DenseCluster
    private let due: JudgedDue
    /// For each level that a hard rule limits: the rule that limits most, and what it leaves a container.
    private let rules: [(level: Int, rule: Int, cap: Int)]
    /// For each of these levels, container by container.
    private let dueOf: [[Rational]]
    private let byWeightOf: [[Rational]]
    private let byWeight: [Rational]
    private let isActive: [Bool]

    /// O(N · levels) exact operations.
    init(_ dense: DenseCluster, due: JudgedDue) {
      self.dense = dense
      self.due = due
      let isActive = dense.status.map(\.hasShare)
      self.isActive = isActive
      let weights = dense.cluster.nodes.indices.map { isActive[$0] ? Rational(dense.cluster.nodes[$0].weight) : .zero }
      var (weight, amount) = (Rational.zero, Rational(dense.partitionCount) * Rational(dense.replicas))
      for node in weights.indices {
        weight = weight + weights[node]
        if !isActive[node] { amount = amount - due.total[node] }
      }
      let byWeight = weights.map { weight.sign > 0 ? amount * $0 / weight : .zero }
      self.byWeight = byWeight
      let rules = Judge.totalCapRules(dense)
      self.rules = rules
      func sums(_ level: Int, _ amounts: [Rational]) -> [Rational] {
        dense.levels[level].nodes.map { nodes in nodes.reduce(Rational.zero) { $0 + amounts[$1] } }
      }
      dueOf = rules.map { sums($0.level, due.total) }
      byWeightOf = rules.map { sums($0.level, byWeight) }
    }

    /// Nil where the node is due what its weight gives it, or is not active. O(N + containers).
    func why(_ node: Int, _ context: CheckContext) -> ForcedDue? {
      guard isActive[node], due.total[node] != byWeight[node] else { return nil }
      let because = due.total[node] < byWeight[node] ? whyLess(node, context) : whyMore(node, context)
      return ForcedDue(node: node, due: due.total[node], byWeight: byWeight[node], because: because)
    }

    private func whyLess(_ node: Int, _ context: CheckContext) -> String {
      if isAtItsCap(node) {
        if let capacity = dense.cluster.nodes[node].capacity, capacity < dense.partitionCount {
          return
            "\(context.nodeName(node)) may hold \(context.replicas(capacity))\(dense.capacityPart == nil ? "" : " of all maps")"
        }
        return "it holds one replica of each partition at most"
      }
      guard let index = fullAround(node, inside: nil) else { return "the other nodes hold what they may" }
      return words([(index, container(index, of: node))], context)
    }

    private func whyMore(_ node: Int, _ context: CheckContext) -> String {
      var limited: [(rule: Int, container: Int)] = []
      var nodes: [Int] = []
      var entity = (nodes: node..<(node + 1), level: nil as Int?)
      while true {
        let around = fullAround(node, inside: entity.level)
        let box = around.map { nodesOf($0, container($0, of: node)) } ?? 0..<dense.nodeCount
        let (boxes, alone) = limits(in: box, but: entity.nodes)
        limited += boxes
        nodes += alone
        guard let around, dueOf[around][container(around, of: node)] > byWeightOf[around][container(around, of: node)]
        else { break }
        entity = (box, around)
      }
      var parts = words(limited, context).isEmpty ? [] : [words(limited, context)]
      if !nodes.isEmpty {
        let names = context.list(nodes.sorted().map(context.nodeName))
        parts.append("\(names) \(nodes.count == 1 ? "holds all that it" : "hold all that they") may")
      }
      return parts.isEmpty ? "the other nodes hold what they may" : parts.joined(separator: "; ")
    }

    /// The outermost containers and the nodes in `box` that are held below what their weights would give them, beside
    /// `one`.
    private func limits(
      in box: Range<Int>, but one: Range<Int>
    ) -> (boxes: [(rule: Int, container: Int)], nodes: [Int]) {
      var boxes: [(rule: Int, container: Int)] = []
      var nodes: [Int] = []
      var node = box.lowerBound
      while node < box.upperBound {
        if node == one.lowerBound {
          node = one.upperBound
          continue
        }
        let full = rules.indices.first { index in
          let place = container(index, of: node)
          let inside = nodesOf(index, place)
          return inside != box && box.contains(inside.lowerBound) && inside.upperBound <= box.upperBound
            && !inside.overlaps(one) && isFull(index, place)
        }
        if let full {
          let place = container(full, of: node)
          if dueOf[full][place] < byWeightOf[full][place] { boxes.append((full, place)) }
          node = nodesOf(full, place).upperBound
          continue
        }
        if isActive[node], isAtItsCap(node), due.total[node] < byWeight[node] { nodes.append(node) }
        node += 1
      }
      return (boxes, nodes)
    }

    /// `placement[0] leaves rack r0 and rack r1 at most 10 replicas each`, rule by rule.
    private func words(_ limited: [(rule: Int, container: Int)], _ context: CheckContext) -> String {
      rules.indices.compactMap { index in
        let boxes = limited.filter { $0.rule == index }.map {
          context.container(level: rules[index].level, $0.container)
        }
        guard !boxes.isEmpty else { return nil }
        return "\(context.settings.ruleName(rules[index].rule)) leaves \(context.list(boxes)) at most "
          + "\(context.replicas(rules[index].cap))\(boxes.count > 1 ? " each" : "")"
      }.joined(separator: "; ")
    }

    /// The innermost full container around the node, in or below which is no level from `inside` on.
    private func fullAround(_ node: Int, inside level: Int?) -> Int? {
      rules.indices.last { index in (level.map { index < $0 } ?? true) && isFull(index, container(index, of: node)) }
    }

    private func container(_ index: Int, of node: Int) -> Int {
      dense.levels[rules[index].level].containerOfNode[node].int
    }
    private func nodesOf(_ index: Int, _ container: Int) -> Range<Int> {
      dense.levels[rules[index].level].nodes[container]
    }
    private func isFull(_ index: Int, _ container: Int) -> Bool {
      dueOf[index][container] >= Rational(rules[index].cap)
    }

    private func isAtItsCap(_ node: Int) -> Bool {
      let cap =
        dense.sharedCapacity(of: node).map { $0 < 0 ? dense.exactCapacity(shared: $0) : Rational($0) }
        ?? Rational(dense.capacity[node])
      return due.total[node] == cap
    }
  }
}
