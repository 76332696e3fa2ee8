/// Which coming each going waits for, by need: failure domains first, then whoever takes over, then what nodes do.
///
/// Of a row in which g replicas go and c come, g − c goings are free; every other waits for a coming of its own, so
/// that in any order no fewer copies live than at the lower of both ends (Hall: with single replicas such pairs are
/// also necessary). Those in one container are paired first, the innermost first: then the containers of what is left
/// either only give or only receive, and whichever half of each pair is there, no fewer are covered.
struct RowPairs {
  /// (going, coming), by moves.
  private(set) var pairs: [(going: Int, coming: Int)] = []

  /// O(goings · comings · levels).
  init(_ row: PlainRow, _ labels: [[UInt8]], _ hops: Hops) {
    let moves = row.moves
    var goings = row.goings
    var comings = row.comings
    func place(_ going: Int) -> Int { moves[going].kind == .exchange ? moves[going].source : moves[going].place }
    func nearness(_ going: Int, _ coming: Int) -> Int {
      labels.count { $0[place(going)] == $0[moves[coming].place] }
    }
    func isTakeover(_ going: Int) -> Bool { moves[going].kind == .exchange }
    func isOwn(_ going: Int, _ coming: Int) -> Bool { isTakeover(going) && moves[going].place == moves[coming].place }
    func serves(_ move: Int) -> Bool {
      hops.serves(moves[move].kind == .exchange ? moves[move].sourceChange.from : moves[move].change.to)
    }
    for near in stride(from: labels.count, through: 0, by: -1) {
      for preference in 0..<4 {
        var kept: [Int] = []
        for going in goings {
          let match = comings.firstIndex { coming in
            guard nearness(going, coming) == near else { return false }
            switch preference {
            case 0: return isOwn(going, coming)
            case 1: return !isTakeover(going) && serves(going) == serves(coming)
            case 2: return !isTakeover(going)
            default: return true
            }
          }
          if let match { pairs.append((going, comings.remove(at: match))) } else { kept.append(going) }
        }
        goings = kept
      }
    }
  }
}
