/// The pipeline, on one screen.
public enum Planner {
  /// The next map for `cluster` from `current` (nil: a fresh cluster).
  public static func plan(
    _ cluster: DenseCluster, from current: PlacementMap?, options: PlanOptions = PlanOptions()
  ) throws(PlatError) -> Plan {
    throw .unsupported(InputError(path: "", found: "", expected: "a planner"))
  }
}
