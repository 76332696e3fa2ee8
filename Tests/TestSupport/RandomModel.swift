import PlatEngine

/// Random state models of 1 to 6 states that validation accepts: any exclusions, services, and tables.
public enum RandomModel {
  /// A model, and how many nodes may be asked for in each state at most.
  public static func make(_ random: inout SplitMix64, states: ClosedRange<Int> = 1...6) -> (
    model: StateModel, most: [Int]
  ) {
    while true {
      let model = draft(&random, random.among(states))
      do throws(InputError) { try model.validate() } catch { continue }
      return (model, model.states.map { $0.defaultCount })
    }
  }

  private static func draft(_ random: inout SplitMix64, _ count: Int) -> StateModel {
    var states = (0..<count).map { index -> StateModel.State in
      StateModel.State(
        name: "s\(index)", defaultCount: 0, holdsData: index == 0 || random.chance(2, 3),
        isPlaced: index == 0 || random.chance(3, 4),
        serves: StateModel.Requests(
          rawValue: UInt8(index == 0 ? random.pick([0, 3, 3, 3]) : random.pick([0, 0, 1, 1, 2, 3]))))
    }
    for index in 0..<count {
      if random.chance(index == 0 ? 1 : 1, index == 0 ? 2 : 4) { states[index].excludes.append(index) }
      for other in 0..<count where other != index && random.chance(1, 4 * count) {
        states[index].excludes.append(other)
      }
      states[index].excludes.sort()
    }
    // Kinds of requests beside the usual ones, drawn from dice of their own.
    var copy = random
    var own = SplitMix64(seed: copy.next() ^ 0x6b69_6e64)
    let kinds = (0..<own.pick([0, 0, 1, 3])).map { StateModel.RequestKind("kind \($0)", writes: own.chance(1, 2)) }
    for index in states.indices {
      for kind in kinds.indices where own.chance(1, index == 0 ? 1 : 3) {
        states[index].serves.insert(StateModel.Requests(rawValue: 4 << UInt8(kind)))
      }
    }
    var model = StateModel(name: "random", requests: kinds, states: states)
    for index in 0..<count where states[index].isPlaced {
      let isExcluded = (0..<index).contains { model.states[$0].defaultCount > 0 && model.areExclusive($0, index) }
      if !isExcluded {
        model.states[index].defaultCount = min(random.pick([1, 1, 2, 3]), model.mostHolders(index) ?? 3)
      }
    }
    switch random.below(4) {
    case 0: break  // the standard tables
    case 1: (model.alone, model.takeover) = (TransitionTable(stateCount: count), TransitionTable(stateCount: count))
    case 2: model.takeover = TransitionTable(stateCount: count)
    default:
      model.alone = table(&random, count)
      if random.chance(1, 2) { model.takeover = table(&random, count) }
    }
    return model
  }

  /// Shortest ways in a random graph of hops in which every state leads to every other.
  private static func table(_ random: inout SplitMix64, _ count: Int) -> TransitionTable {
    let all = count + 1
    var hops = [[Bool]](repeating: Array(repeating: false, count: all), count: all)
    let circle = random.shuffled(Array(0..<all))
    for place in circle.indices { hops[circle[place]][circle[(place + 1) % all]] = true }
    for from in 0..<all { for to in 0..<all where from != to && random.chance(1, 3) { hops[from][to] = true } }
    var table = TransitionTable(stateCount: count)
    func state(_ number: Int) -> Int? { number == count ? nil : number }
    for to in 0..<all {
      var distance = [Int](repeating: .max, count: all)
      distance[to] = 0
      var queue = [to]
      var next = 0
      while next < queue.count {
        let here = queue[next]
        next += 1
        for from in 0..<all where hops[from][here] && distance[from] == .max {
          distance[from] = distance[here] + 1
          table[state(from), state(to)] = state(here)
          queue.append(from)
        }
      }
    }
    return table
  }
}
