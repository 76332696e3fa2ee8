import PlatEngine

extension StateModel {
  /// Three states that hold data.
  static let trio = StateModel(
    name: "trio",
    states: [
      State(name: "primary", defaultCount: 1, holdsData: true, isPlaced: true, serves: .usual, excludes: [0]),
      State(name: "secondary", defaultCount: 1, holdsData: true, isPlaced: true, serves: .read),
      State(name: "standby", defaultCount: 1, holdsData: true, isPlaced: true),
      State(name: "gone", defaultCount: 0, holdsData: false, isPlaced: false),
    ])

  /// Two copies and a vote.
  static let quorum = StateModel(
    name: "quorum",
    states: [
      State(name: "leader", defaultCount: 1, holdsData: true, isPlaced: true, serves: .usual, excludes: [0]),
      State(name: "witness", defaultCount: 1, holdsData: false, isPlaced: true),
      State(name: "follower", defaultCount: 1, holdsData: true, isPlaced: true),
    ])
}
