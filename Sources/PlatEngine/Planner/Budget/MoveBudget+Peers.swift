/// A move budget beside a hard limit on peers.
///
/// With some of a plan's moves put off, pairs of the map before and of the planned one stand side by side, and both
/// together may be too many. So the moves are made one by one, from what is there today with what safety asks for, each
/// only if no node is beyond its limit then. What the budget has room for and the limit has not stays put off.
///
/// Where today's map with what safety asks for is not within the limit itself, all moves are for that, and none is put
/// off.
extension MoveBudget {
  /// Returns how many moves it put off. `capacities`: as in `MovesInBudget`. O(P · R), and what a row has of pairs for
  /// each move.
  func holdBackWithinPeers(
    _ problem: Problem, _ windows: Due, _ placement: inout Placement, atMost most: Int, capacities: [Int]? = nil
  ) throws(PlatError) -> Int {
    let arcs = forBalance(problem, placement)
    guard arcs.count > most else { return 0 }
    let planned: PartitionTable<NodeIndex> = try problem.arena.table(problem.partitionCount * problem.replicas)
    planned.base.update(from: placement.rows, count: planned.count)
    let goal: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    goal.copy(from: placement.load)
    func choose(_ most: Int) throws(PlatError) -> [Bool] {
      var moves = try MovesInBudget(problem, windows, goal, arcs, capacities: capacities)
      moves.choose(atMost: most)
      return moves.isMade
    }
    let (needed, wanted) = (try choose(0), try choose(most))

    var putOff = undo(arcs, unless: needed, problem, &placement)
    bringMastersBack(problem, placement)
    let book = try PeerBook(problem, placement)
    if book.isWithin {
      var left = most
      for isWanted in [true, false] {
        for (index, arc) in arcs.enumerated() where !needed[index] && wanted[index] == isWanted && arc.moves <= left {
          guard isWanted || placement.load[arc.from] > goal[arc.from] && placement.load[arc.to] < goal[arc.to],
            placement.load[arc.to] < Int32(clamping: capacities?[arc.to.int] ?? problem.cluster.capacity[arc.to.int]),
            make(arc, problem, placement, book)
          else { continue }
          left -= arc.moves
          putOff -= arc.moves
        }
      }
      placement.peers = book
      placement.book(upTo: problem.partitionCount)
      _ = try Roles.run(problem, windows, &placement)
      StateRules.enforce(problem, placement)
      if try PeerBook(problem, placement).isWithin { return putOff }
    }
    placement.rows.update(from: planned.base, count: planned.count)
    placement.load.copy(from: goal)
    return 0
  }

  private func make(_ arc: Arc, _ problem: Problem, _ placement: Placement, _ book: PeerBook) -> Bool {
    let row = placement.row(arc.partition.int)
    guard let slot = (0..<problem.replicas).first(where: { row[$0] == arc.from }),
      book.tryChange(row, most: 0, { $0[slot] = arc.to }, undo: { $0[slot] = arc.from })
    else { return false }
    placement.load[arc.from] -= 1
    placement.load[arc.to] += 1
    return true
  }

  /// Who is master today and still in the row is master again. O(P · R).
  private func bringMastersBack(_ problem: Problem, _ placement: Placement) {
    guard let current = problem.current else { return }
    let masters = current.slots(ofState: 0)
    for partition in 0..<min(problem.partitionCount, problem.heldPartitions) {
      let (row, held) = (placement.row(partition), problem.heldRows + partition * problem.heldWidth)
      var next = 0
      for heldSlot in masters where held[heldSlot] != .none && next < problem.wanted[0] {
        let node = held[heldSlot]
        guard problem.allows(node, inState: 0), problem.isReadable[node],
          let slot = (next..<problem.replicas).first(where: { row[$0] == node })
        else { continue }
        row.swap(slot, next)
        if problem.hasStateRules, StateRules.breach(problem, row) != nil { row.swap(slot, next) } else { next += 1 }
      }
    }
  }
}
