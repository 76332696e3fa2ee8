/// One step of a row, by the places of its nodes.
struct RowMove {
  enum Kind { case set, copy, exchange }

  var kind: Kind
  /// Whom it is about; where a stream goes.
  var place: Int
  var change: StateChange
  /// Of an exchange: who hands over.
  var source = -1
  var sourceChange = StateChange(.null, .null)
  var purpose: Step.Purpose
  /// The whole partition is read and sent.
  var isFullScan = false
  /// Of a copy: who may give it, each in the state that it then has.
  var sources: [(place: Int, state: StateIndex)] = []

  /// The state of each place that it changes.
  var changes: [(place: Int, change: StateChange)] {
    kind == .exchange ? [(source, sourceChange), (place, change)] : [(place, change)]
  }

  /// False: a place is not in the state that the move begins with.
  func apply(to row: inout [StateIndex]) -> Bool {
    if kind == .exchange {
      guard row[source] == sourceChange.from else { return false }
      row[source] = sourceChange.to
    }
    guard row[place] == change.from else { return false }
    row[place] = change.to
    return true
  }

  /// What it adds to copies, and to holders that serve.
  func gain(_ hops: Hops) -> (copies: Int, serving: Hops.Service) {
    var gain = (copies: 0, serving: Hops.Service.zero)
    for (_, change) in changes {
      gain.copies += (hops.holdsData(change.to) ? 1 : 0) - (hops.holdsData(change.from) ? 1 : 0)
      gain.serving &+= hops.service(change.to) &- hops.service(change.from)
    }
    return gain
  }

  /// It takes a copy away, or somebody who serves.
  func takesAway(_ hops: Hops) -> Bool {
    let gain = gain(hops)
    return gain.copies < 0 || gain.serving.min() < 0 || changes.contains { hops.losesData($0.change) }
  }

  /// From then on a new partition is not empty any more.
  func servesData(_ hops: Hops) -> Bool { changes.contains { hops.servesData($0.change.to) } }

  /// It brings a copy, or somebody who serves.
  func brings(_ hops: Hops) -> Bool {
    let gain = gain(hops)
    return gain.copies > 0 || gain.serving.max() > 0 || changes.contains { hops.gainsData($0.change) }
  }
}

/// The steps of a row and their order, whoever its nodes are.
struct RowPlan {
  var moves: [RowMove] = []
  /// By move: those that must be done before it, ascending.
  var after: [[Int]] = []
  /// Why the row does not end as it should, if so.
  var reason: StepPlan.Reason?
}

/// A row as steps see it: what each place is, is to be, and where it lies.
struct RowShape: Hashable {
  /// For each place: from, to, and 1 where it may not lead in the meantime.
  var places: [UInt8] = []
  /// For each level that tells places apart, the container of each place; levels with a rule first.
  var labels: [[UInt8]] = []
  /// How many of the levels have a rule.
  var ruledLevels = 0
  /// Some of its data is on nodes that failed.
  var hasLost = false

  var count: Int { places.count / 3 }
  var from: [StateIndex] { (0..<count).map { StateIndex(raw: places[3 * $0]) } }
  var to: [StateIndex] { (0..<count).map { StateIndex(raw: places[3 * $0 + 1]) } }
  func mayNotLead(_ place: Int) -> Bool { places[3 * place + 2] != 0 }
}
