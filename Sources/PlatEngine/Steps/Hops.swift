/// The state model as flat tables, for steps: what a state does, what excludes what, which hops are legal.
///
/// A hop is legal where its row of the model's table names it as the next state on some way. States are numbered as in
/// the model; `null` is the last number here.
struct Hops {
  /// For each kind of request of the model, 1 where it is served; or how many holders serve it.
  typealias Service = SIMD8<Int32>

  let model: StateModel
  /// Number of states; also the number of `null` in the tables.
  let count: Int
  /// The most important state.
  let leading = StateIndex(0)
  /// The leading state excludes itself, and nothing else excludes anything: the shape of masterSlave.
  let isLeaderOnly: Bool
  /// Nothing excludes anything: the shape of multiMaster.
  let isFree: Bool

  private let data: [Bool]
  private let serving: [Service]
  private let exclusions: [Bool]
  private let legalAlone: [Bool]
  private let legalInExchange: [Bool]
  private let distances: [UInt8]

  /// O(states³).
  init(_ model: StateModel) {
    self.model = model
    let count = model.states.count
    self.count = count
    let all = Array(model.states.indices)
    data = all.map { model.states[$0].holdsData } + [false]
    serving = all.map { Hops.service(model.states[$0].serves) } + [.zero]
    let side = count + 1
    var exclusions = [Bool](repeating: false, count: side * side)
    var alone = exclusions
    var exchange = exclusions
    for a in all { for b in all { exclusions[a * side + b] = model.areExclusive(a, b) } }
    func state(_ number: Int) -> Int? { number == count ? nil : number }
    for from in 0...count {
      for to in 0...count where from != to {
        let hop = model.alone[state(from), state(to)] ?? count
        alone[from * side + hop] = true
        exchange[from * side + hop] = true
        exchange[from * side + (model.takeover[state(from), state(to)] ?? count)] = true
      }
      (alone[from * side + from], exchange[from * side + from]) = (false, false)
    }
    isFree = !exclusions.contains(true)
    isLeaderOnly = exclusions.indices.allSatisfy { exclusions[$0] == ($0 == 0) }
    self.exclusions = exclusions
    legalAlone = alone
    legalInExchange = exchange
    distances = Hops.distances(exchange, side)
  }

  private static func service(_ requests: StateModel.Requests) -> Service {
    var service = Service.zero
    for kind in 0..<StateModel.mostRequests where requests.rawValue & 1 << UInt8(kind) != 0 { service[kind] = 1 }
    return service
  }

  /// Hops between any two states. O(states³).
  private static func distances(_ legal: [Bool], _ side: Int) -> [UInt8] {
    var result = [UInt8](repeating: UInt8(side), count: side * side)
    for from in 0..<side {
      result[from * side + from] = 0
      var queue = [from]
      var next = 0
      while next < queue.count {
        let here = queue[next]
        next += 1
        for to in 0..<side where legal[here * side + to] && result[from * side + to] == UInt8(side) {
          result[from * side + to] = result[from * side + here] + 1
          queue.append(to)
        }
      }
    }
    return result
  }

  @inline(__always) func number(_ state: StateIndex) -> Int { state == .null ? count : state.int }
  @inline(__always) func state(_ number: Int) -> StateIndex { number == count ? .null : StateIndex(number) }

  @inline(__always) func holdsData(_ state: StateIndex) -> Bool { data[number(state)] }
  @inline(__always) func service(_ state: StateIndex) -> Service { serving[number(state)] }
  @inline(__always) func serves(_ state: StateIndex) -> Bool { service(state) != .zero }
  /// From then on a new partition is not empty any more.
  @inline(__always) func servesData(_ state: StateIndex) -> Bool { serves(state) && holdsData(state) }

  @inline(__always) func areExclusive(_ a: StateIndex, _ b: StateIndex) -> Bool {
    exclusions[number(a) * (count + 1) + number(b)]
  }

  /// Whether a node may go from one to the other in one hop: on its own, or as one half of an exchange.
  @inline(__always) func isLegal(_ from: StateIndex, _ to: StateIndex, inExchange: Bool = false) -> Bool {
    (inExchange ? legalInExchange : legalAlone)[number(from) * (count + 1) + number(to)]
  }

  /// The fewest hops from one to the other, exchanges included.
  @inline(__always) func distance(_ from: StateIndex, _ to: StateIndex) -> Int {
    Int(distances[number(from) * (count + 1) + number(to)])
  }

  /// The node will hold data and be another than it is.
  func isComing(_ change: StateChange) -> Bool { change.from != change.to && holdsData(change.to) }
  func gainsData(_ change: StateChange) -> Bool { holdsData(change.to) && !holdsData(change.from) }
  func losesData(_ change: StateChange) -> Bool { !holdsData(change.to) && holdsData(change.from) }

  /// The next state on the way.
  func next(_ from: StateIndex, _ to: StateIndex, inTakeover: Bool = false) -> StateIndex {
    let table = inTakeover ? model.takeover : model.alone
    return StateIndex(state: table[from.state, to.state])
  }

  /// A node's own way gains or loses the data at most once, and likewise each kind of service: it never dips.
  func isPlain(_ from: StateIndex, _ to: StateIndex) -> Bool {
    var here = from
    var (turns, turnsOfService) = (0, Service.zero)
    var hops = 0
    while here != to {
      let after = next(here, to)
      turns += holdsData(here) == holdsData(after) ? 0 : 1
      turnsOfService &+= service(here) ^ service(after)
      here = after
      hops += 1
      guard hops <= count + 1 else { return false }
    }
    return turns <= 1 && turnsOfService.max() <= 1
  }

  /// Where a successor of an exclusive state waits until the other leaves it: with the data, one hop before it, and in
  /// nothing that excludes. The fewest hops from `start`; nil: there is no such state.
  func waiting(for end: StateIndex, from start: StateIndex) -> StateIndex? {
    var best: (hops: Int, state: StateIndex)?
    for number in 0..<count {
      let state = StateIndex(number)
      guard holdsData(state), isLegal(state, end, inExchange: true), isPlain(start, state),
        !(0..<count).contains(where: { areExclusive(state, StateIndex($0)) })
      else { continue }
      let way = hops(start, state)
      // Of equals the more important one that may stay: `pending` and its like are only passed through.
      let isBetter = best.map { way < $0.hops } ?? true
      if isBetter { best = (way, state) }
    }
    return best?.state
  }

  private func hops(_ from: StateIndex, _ to: StateIndex) -> Int {
    var (here, hops) = (from, 0)
    while here != to {
      here = next(here, to)
      hops += 1
    }
    return hops
  }
}

extension StateIndex {
  /// A place in the model's states; nil: no state.
  init(state: Int?) { self = state.map { StateIndex($0) } ?? .null }
  var state: Int? { self == .null ? nil : int }
}
