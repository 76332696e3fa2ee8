/// What one run of the pipeline is asked: what its caller asks for, and what other stages, groups and tests add to it.
@dynamicMemberLookup struct PlanRequest: Sendable {
  private var options: PlanOptions

  /// Rows of more slots than this are looked at through marks; up to there comparing every two slots is quicker.
  static let wideRow = 64
  /// For tests: the same, for all rows.
  var wideRow = PlanRequest.wideRow
  /// Of a swap: who takes over from each node, where several maps have agreed on it.
  var counterparts: [NodeIndex]?
  /// Of one of several maps whose open places are filled one map after the other: how many of the others each node
  /// leads.
  var leadBeside: [Int32] = []
  /// For tests: what harms a plan before the gate.
  var damage: (@Sendable (PlacementMap) -> Void)?
  /// A search that only makes a plan nicer looks whether the next plan would change it again.
  var settles = true
  /// A fresh map keeps soft near rules as if they were hard; where that does not come out even, without.
  var promotesNear = true

  init(_ options: PlanOptions = PlanOptions()) { self.options = options }

  subscript<Value>(dynamicMember option: WritableKeyPath<PlanOptions, Value>) -> Value {
    get { options[keyPath: option] }
    set { options[keyPath: option] = newValue }
  }
}
