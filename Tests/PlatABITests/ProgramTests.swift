import Foundation
import Testing

/// Programs in C, built against the header and the library as a host would.
@Suite struct ProgramTests {
  private let place: Toolbox.Place

  init() throws { place = try Toolbox.Place() }

  @Test(arguments: ["gcc", "clang"])
  func everyFunctionTakesNothingAtAll(_ compiler: String) throws {
    let run = try place.run("\(Toolbox.programs)/every_function.c", by: compiler)
    #expect(run.status == 0 && run.output == "all is so\n", "\(run.output)")
  }

  @Test func clustersAreDescribedByArrays() throws {
    let run = try place.run("\(Toolbox.programs)/arrays.c")
    #expect(run.status == 0 && run.output == "all is so\n", "\(run.output)")
  }

  @Test func reportsMovesStepsDocumentsAndCancelling() throws {
    let run = try place.run("\(Toolbox.programs)/results.c", flags: "-D_GNU_SOURCE")
    #expect(run.status == 0 && run.output == "all is so\n", "\(run.output)")
  }

  @Test func memoryIsBoundedForWhateverTakesMuch() throws {
    let run = try place.run("\(Toolbox.programs)/memory.c")
    #expect(run.status == 0 && run.output.hasSuffix("all is so\n"), "\(run.output)")
  }

  /// Under limits on the address space, in a process each.
  @Test func aSystemWithoutMemoryIsAStatus() throws {
    let program = try place.compile("\(Toolbox.programs)/starved.c", flags: "-D_GNU_SOURCE")
    let run = try Toolbox.run("'\(program)' 300 4000", environment: ["SWIFT_BACKTRACE": "enable=no"])
    #expect(run.status == 0 && run.output.hasSuffix("all is so\n"), "\(run.output)")
  }

  /// 10,000 plans leave less than a MiB behind, wherever arrays come from, on one thread and on three: see
  /// docs/C-API.md.
  @Test(arguments: [false, true])
  func plansLeaveNothingBehind(_ withJemalloc: Bool) throws {
    let jemalloc = withJemalloc ? Toolbox.jemalloc : ""
    guard let jemalloc else { return print("plat: libjemalloc is not there: growth was not tested with it") }
    let program = try place.compile("\(Toolbox.programs)/growth.c")
    let turns = ProcessInfo.processInfo.environment["PLAT_GROWTH_TURNS"] ?? "\(700 * Toolbox.sweep)"
    for threads in [1, 3] {
      let run = try Toolbox.run("'\(program)' \(turns) \(threads)", environment: ["LD_PRELOAD": jemalloc])
      #expect(run.status == 0 && run.output.hasSuffix("all is so\n"), "\(threads) threads: \(run.output)")
    }
  }

  /// A child that is forked while other threads plan finds no lock taken by one of them.
  @Test(arguments: [false, true])
  func hostsMayFork(_ withJemalloc: Bool) throws {
    let jemalloc = withJemalloc ? Toolbox.jemalloc : ""
    guard let jemalloc else { return print("plat: libjemalloc is not there: forking was not tested with it") }
    let program = try place.compile("\(Toolbox.programs)/forked.c", flags: "-D_GNU_SOURCE")
    let run = try Toolbox.run("'\(program)' \(60 * Toolbox.sweep)", environment: ["LD_PRELOAD": jemalloc])
    #expect(run.status == 0 && run.output == "all is so\n", "\(run.output)")
  }

  /// On threads with 128 KiB of stack; and a function that needs more, which must be found.
  @Test func littleStackIsEnough() throws {
    let program = try place.compile("\(Toolbox.programs)/stack.c")
    let run = try Toolbox.run("'\(program)' \(8 * Toolbox.sweep)", environment: ["SWIFT_BACKTRACE": "enable=no"])
    #expect(run.status == 0 && run.output.hasSuffix("all is so\n"), "\(run.status) \(run.output)")
    let found = try Toolbox.run("'\(program)' plant")
    #expect(
      found.status == 3 && found.output.contains("a stack was too small: planted"), "\(found.status) \(found.output)")
  }

  /// What stands in where it fails, by itself; and a mark that is overwritten, which must be found.
  @Test func theReserveGivesEachItsOwn() throws {
    let program = try place.compile(
      "\(Toolbox.programs)/reserve.c",
      flags: "-O1 -std=gnu11 '\(Toolbox.root)/CSources/CPlatGuest/reserve.c' -I'\(Toolbox.root)/CSources/CPlatGuest'")
    for seed in 1...Toolbox.sweep {
      let run = try Toolbox.run("'\(program)' \(seed) 50000")
      #expect(run.status == 0 && run.output == "all is so\n", "reserve \(seed) 50000: \(run.output)")
    }
    let found = try Toolbox.run("'\(program)' 1 20000 plant")
    #expect(found.status == 1 && found.output.contains("not so"), "\(found.status) \(found.output)")
  }

  /// At the n-th call, and from the n-th on; and a function that takes what malloc gives, which must be found.
  @Test func mallocMayFail() throws {
    let program = try place.compile("\(Toolbox.programs)/failing.c", flags: "-fno-builtin")
    let run = try Toolbox.run("'\(program)' \(4 * Toolbox.sweep)", environment: ["SWIFT_BACKTRACE": "enable=no"])
    #expect(run.status == 0 && run.output.hasSuffix("all is so\n"), "\(run.status) \(run.output)")
    let found = try Toolbox.run("'\(program)' plant")
    #expect(found.status == 3 && found.output.contains("planted: signal"), "\(found.status) \(found.output)")
  }

  /// Far more replicas than nodes; and a map that differs, which must be found.
  @Test func countsBeyondTheNodesCostNothing() throws {
    let program = try place.compile("\(Toolbox.programs)/counts.c")
    let run = try Toolbox.run("'\(program)' \(30 * Toolbox.sweep)", environment: ["SWIFT_BACKTRACE": "enable=no"])
    #expect(run.status == 0 && run.output.hasSuffix("all is so\n"), "\(run.status) \(run.output.suffix(500))")
    let found = try Toolbox.run("'\(program)' plant")
    #expect(found.status == 1 && found.output.contains("not so"), "\(found.status) \(found.output)")
  }

  /// A second time with a program that reads it itself, to see that this is caught.
  @Test func theEnvironmentIsNotRead() throws {
    let program = try place.compile("\(Toolbox.programs)/environment.c", flags: "-Wl,--as-needed -rdynamic -ldl")
    let run = try Toolbox.run("'\(program)' '\(Toolbox.library)'")
    #expect(run.status == 0 && run.output == "asked for anything\nall is so\n", "\(run.status) \(run.output)")
    let seen = try Toolbox.run("'\(program)' '\(Toolbox.library)' itself")
    #expect(seen.status == 3 && seen.output.contains("the environment was read"), "\(seen.status) \(seen.output)")
  }

  /// Under the thread sanitizer: `make test-thread`.
  @Test func manyThreadsWithManyHandlesGetWhatOneGets() throws {
    let run = try place.run("\(Toolbox.programs)/threads.c", arguments: "6 2")
    #expect(run.status == 0 && run.output == "all is so\n", "\(run.output)")
  }

  /// Agents and orchestrator in one program: a change from end to end, with bytes lost; then by steps, without agents;
  /// then 20,000 mutated messages.
  @Test(arguments: ["gcc", "clang"])
  func changesAreCarriedOut(_ compiler: String) throws {
    let run = try place.run("\(Toolbox.programs)/execution.c", by: compiler)
    #expect(run.status == 0 && run.output == "all is so\n", "\(run.output)")
  }

  @Test func programsOfOlderHeadersGoOn() throws {
    let program = try place.compile("\(Toolbox.programs)/older.c", header: "\(Toolbox.programs)/older")
    let run = try Toolbox.run("'\(program)'")
    #expect(run.status == 0 && run.output == "all is so\n", "\(run.output)")
  }

  /// 10,000 turns, each of them two clusters, two plans, a report, steps, documents: see docs/C-API.md.
  @Test func loadedLateItIsAGoodGuest() throws {
    let turns = ProcessInfo.processInfo.environment["PLAT_GUEST_TURNS"] ?? "500"
    let program = try place.compile("\(Toolbox.programs)/guest.c", flags: "-D_GNU_SOURCE -Wl,--as-needed -ldl")
    let run = try Toolbox.run(
      "'\(program)' '\(Toolbox.library)' \(turns)", environment: ["SWIFT_BACKTRACE": "enable=no"])
    #expect(run.status == 0 && run.output == "all is so\n", "\(run.status) \(run.output)")
  }

  @Test(arguments: ["gcc", "clang"])
  func theFirstProgramPlansRoutesCancelsAndShowsAnError(_ compiler: String) throws {
    let run = try place.run("\(Toolbox.root)/Bindings/c/first.c", by: compiler)
    #expect(run.status == 0)
    #expect(run.output.contains("rebalance, revision 2, at least 6 moves"))
    #expect(run.output.contains("hello is in partition 10, whose master is"))
    #expect(run.output.contains("prepare is done; from another thread: cancelled"), "\(run.output)")
    #expect(run.output.contains("line 3, nodes.ant.weight: wrong.json:3:33:"))
  }
}
