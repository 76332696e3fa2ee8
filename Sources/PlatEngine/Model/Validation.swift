/// The limits of what a cluster may be. They keep every index in 32 bits and every sum in 64.
public enum Limits {
  public static let nodes = 1 << 20
  public static let partitions = 1 << 28
  /// Slots of one map: partitions × the most replicas that any of them has.
  public static let slots = 1 << 31
  public static let levels = 16
  public static let capacity = 1 << 31
  /// The weight of all replicas together, in the greatest unit of which every partition weight is a multiple.
  public static let weight = 1 << 60
}

extension Cluster {
  /// Everything that the engine relies on. The paths of the errors are those of the cluster document.
  /// O(N + containers + rules).
  public func validate() throws(InputError) {
    try validateSettings()
    try validateTree()
    try validateNodes()
    try validatePlaces()
    try validateRanges()
    try validateWeights()
  }

  func validateSettings() throws(InputError) {
    let model = settings.model
    try model.validate()
    func check(_ holds: Bool, _ path: String, _ found: Any, _ expected: String) throws(InputError) {
      guard holds else { throw InputError(path: path, found: "\(found)", expected: expected) }
    }
    try check(
      (1...Limits.partitions).contains(settings.partitionCount), "settings.numPartitions", settings.partitionCount,
      "1 to \(Limits.partitions) partitions")
    try settings.validateCounts()
    for rule in settings.containerRules {
      let path = "settings.\(settings.ruleName(rule.index))"
      try check(
        levels.indices.contains(rule.level), "\(path).level", rule.level, "one of the levels \(levels)")
      try check(
        !rule.states.isEmpty && rule.states.allSatisfy(model.states.indices.contains), "\(path).states", rule.states,
        "some of the states of \(model.name)")
      try rule.validate(path, in: model)
    }
    try settings.fanOut?.validate()
    let tolerance = settings.balance.tolerance
    try check(Rational(tolerance) <= .one, "settings.balance.tolerance", tolerance, "a part of the due: 0 to 1")
    if let budget = settings.balance.moveBudget {
      try check(
        (0...Limits.slots).contains(budget), "settings.balance.moveBudget", budget, "0 to \(Limits.slots) moves")
    }
  }

  private func validateTree() throws(InputError) {
    guard levels.count <= Limits.levels else {
      throw InputError(path: "levels", found: "\(levels.count) levels", expected: "at most \(Limits.levels)")
    }
    guard Set(levels).count == levels.count else {
      throw InputError(path: "levels", found: "\(levels)", expected: "each level named once")
    }
    var seen = Set<String>()
    var end = [Int](repeating: 0, count: levels.count)  // where the next container of each level begins
    for container in containers {
      let path = "containers.\(container.name)"
      guard levels.indices.contains(container.level) else {
        throw InputError(path: path, found: "level \(container.level)", expected: "one of the levels \(levels)")
      }
      guard seen.insert("\(container.level)/\(container.name)").inserted else {
        throw InputError(
          path: path, found: "the \(levels[container.level]) \(container.name) a second time",
          expected: "each container in one place of the tree")
      }
      guard container.nodes.lowerBound == end[container.level], container.nodes.upperBound <= nodes.count else {
        throw InputError(path: path, found: "nodes \(container.nodes)", expected: "the nodes in tree order")
      }
      end[container.level] = container.nodes.upperBound
      if container.level > 0 {
        guard let parent = container.parent, containers.indices.contains(parent),
          containers[parent].level == container.level - 1,
          container.nodes.lowerBound >= containers[parent].nodes.lowerBound,
          container.nodes.upperBound <= containers[parent].nodes.upperBound
        else {
          throw InputError(
            path: path, found: "no parent",
            expected: "a container of the level \(levels[container.level - 1]) around it")
        }
      } else if container.parent != nil {
        throw InputError(path: path, found: "a parent", expected: "none at the outermost level")
      }
    }
    for (level, end) in end.enumerated() where end != nodes.count {
      throw InputError(
        path: "containers", found: "nodes outside every \(levels[level])", expected: "every node at the same depth")
    }
  }

  private func validateNodes() throws(InputError) {
    guard nodes.count <= Limits.nodes else {
      throw InputError(path: "nodes", found: "\(nodes.count) nodes", expected: "at most \(Limits.nodes)")
    }
    var seen = Set<String>(minimumCapacity: nodes.count)
    for node in nodes {
      guard seen.insert(node.name).inserted else {
        throw InputError(path: "nodes.\(node.name)", found: "it a second time", expected: "each node once")
      }
      try node.validateCapacity()
    }
  }

  func validateWeights() throws(InputError) {
    guard partitionWeights.isEmpty || partitionWeights.count == settings.partitionCount else {
      throw InputError(
        path: "weights", found: "\(partitionWeights.count) sizes",
        expected: "one for each of \(settings.partitionCount) partitions")
    }
  }

  func validateRanges() throws(InputError) {
    guard settings.keyFunction == .range else {
      guard ranges.isEmpty else {
        throw InputError(path: "map.partitions", found: "key ranges", expected: "none for a hash function")
      }
      return
    }
    guard ranges.count == settings.partitionCount else {
      throw InputError(
        path: "map.partitions", found: "\(ranges.count) ranges",
        expected: "\(settings.partitionCount), by numPartitions")
    }
    guard !ranges.isEmpty else { return }
    let last = ranges.count - 1
    try ranges.withTexts { texts throws(InputError) in
      guard texts.start(0).isEmpty else {
        throw InputError(
          path: "map.partitions.\(ranges.name(0)).start", found: "keys before it in no partition",
          expected: "an unbounded start")
      }
      for range in 0..<last
      where texts.end(range).isEmpty || KeyRangeTexts.order(texts.end(range), texts.start(range + 1)) != 0 {
        let (a, b) = (ranges[range], ranges[range + 1])
        let overlap = a.end.isEmpty || b.start.lexicographicallyPrecedes(a.end)
        throw InputError(
          path: "map.partitions.\(b.name).start",
          found: "\(overlap ? "an overlap" : "a gap") between \(a.name) and \(b.name)",
          expected: "each key in one partition")
      }
      guard texts.end(last).isEmpty else {
        throw InputError(
          path: "map.partitions.\(ranges.name(last)).end", found: "keys after it in no partition",
          expected: "an unbounded end")
      }
      for range in 0..<last where KeyRangeTexts.order(texts.start(range), texts.end(range)) >= 0 {
        throw InputError(
          path: "map.partitions.\(ranges.name(range)).end", found: "an end at or before the start",
          expected: "a range with keys in it")
      }
    }
  }
}
