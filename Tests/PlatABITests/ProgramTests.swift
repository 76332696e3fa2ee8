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

  /// Agents and orchestrator in one program: a change from end to end, with bytes lost; then by steps, without agents; then
  /// 20,000 mutated messages.
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
    let run = try Toolbox.run("'\(program)' '\(Toolbox.library)' \(turns)", environment: ["SWIFT_BACKTRACE": "enable=no"])
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
