/// A rule of `settings.placement` about the containers of a level, as documents have it. What it asks is up to its
/// kind: `Settings.containerRules`.
public struct PlacementRule: Equatable, Sendable {
  public enum Demand: Equatable, Sendable {
    /// Of one partition's replicas in `states`, at most so many in one container of `level`.
    case atMost(Int)
    /// At least so many of the replicas in `states` share a container of `level` with the replica in state `of`.
    case near(of: Int, atLeast: Int)
  }
  /// Indices into the model's states, ascending.
  public var states: [Int]
  /// Index into `Cluster.levels`.
  public var level: Int
  public var demand: Demand
  public var strength: Strength

  public init(states: [Int], level: Int, demand: Demand, strength: Strength) {
    self.states = states
    self.level = level
    self.demand = demand
    self.strength = strength
  }
}
