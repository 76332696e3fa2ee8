/// Input from outside that is not valid: where it is wrong, what stands there, and what was expected.
///
/// The engine knows the path inside the document only; whoever read the file adds its name and the line.
public struct InputError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Where, as a path inside the document: `nodes.a.weight`, `map.partitions.17.master[0]`.
  public var path: String
  public var found: String
  public var expected: String

  public init(path: String, found: String, expected: String) {
    self.path = path
    self.found = found
    self.expected = expected
  }

  public var description: String { "\(path): found \(found), expected \(expected)" }
}

/// What can stop an operation on valid input.
public enum PlatError: Error, Equatable, Sendable {
  /// The arena's limit or the system has no memory left. Nothing was changed.
  case outOfMemory
  /// Valid by the format, but beyond what this version plans. The error says what.
  case unsupported(InputError)
  /// An `Interrupt` was asked for. Nothing was changed.
  case cancelled
  /// A plan was made that breaks what no plan may break: a fault of the planner. The plan is gone, nothing was changed.
  case faultyPlan(PlanFault)
}

/// What is wrong with a plan that the gate has held back.
public struct PlanFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// As in findings: `placement[0]`, `nodes.a.capacity`; of a last copy that would be lost `map.lastCopy`.
  public var rule: String
  /// The name of the map, where there are several.
  public var map: String?
  public var partition: String?
  public var because: String

  public init(rule: String, map: String? = nil, partition: String? = nil, because: String) {
    (self.rule, self.map, self.partition, self.because) = (rule, map, partition, because)
  }

  /// What failed, in one line, and how to report it.
  public var description: String {
    let place = [map.map { "map \($0)" }, partition.map { "partition \($0)" }].compactMap { $0 }.joined(separator: ", ")
    return "a fault of the planner, whose plan was held back: \(rule): \(place.isEmpty ? "" : "\(place): ")\(because); "
      + "please report this line with the version, the cluster document and the options"
  }
}
