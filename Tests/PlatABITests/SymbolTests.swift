import Foundation
import Testing

/// What the library shows, what the header declares and what the list of symbols says are the same.
@Suite struct SymbolTests {
  private let header: String
  private let declared: Set<String>
  private let listed: Set<String>

  init() throws {
    header = try String(contentsOfFile: "\(Toolbox.header)/plat.h", encoding: .utf8)
    let code = header.replacing(#/\/\*(?s:.*?)\*\//#, with: "")
    declared = Set(code.matches(of: #/\b(plat_[a-z0-9_]+)\(/#).map { String($0.1) })
    let script = try String(contentsOfFile: "\(Toolbox.root)/CSources/CPlat/plat.symbols", encoding: .utf8)
    listed = Set(script.matches(of: #/\b(plat_[a-z0-9_]+);/#).map { String($0.1) })
  }

  @Test func theListIsTheHeader() {
    #expect(declared.count > 30)
    #expect(listed.subtracting(declared).sorted() == [])
    #expect(declared.subtracting(listed).sorted() == [])
  }

  @Test func theLibraryShowsWhatIsListedAndNothingElse() throws {
    let run = try Toolbox.run("nm -D --extern-only --defined-only --format=posix '\(Toolbox.library)'")
    #expect(run.status == 0)
    let symbols = run.output.split(separator: "\n").compactMap { line -> String? in
      let words = line.split(separator: " ")
      return words[1] == "A" ? nil : String(words[0].prefix { $0 != "@" })  // the version's own name is absolute
    }
    #expect(Set(symbols).symmetricDifference(listed).sorted() == [])
  }

  @Test func everyFunctionIsCalledInTheProgramThatCallsEvery() throws {
    let program = try String(contentsOfFile: "\(Toolbox.programs)/every_function.c", encoding: .utf8)
    #expect(declared.filter { !program.contains("\($0)(") }.sorted() == [])
  }

  /// Neither Foundation nor the Swift runtime nor jemalloc: what a machine without Swift has, or its packages give.
  @Test func theLibraryNeedsNoSwift() throws {
    let run = try Toolbox.run("readelf -d '\(Toolbox.library)' | grep NEEDED")
    let needed = run.output.matches(of: #/\[([^\]]+)\]/#).map { String($0.1) }
    let allowed = ["libgmp.so", "libsimdjson.so", "libstdc++.so", "libm.so", "libgcc_s.so", "libc.so", "ld-linux", "libpthread", "libdl"]
    #expect(needed.filter { name in !allowed.contains { name.hasPrefix($0) } } == [])
    #expect(try Toolbox.run("readelf -d '\(Toolbox.library)' | grep -c 'SONAME.*libplat.so.1]'").status == 0)
  }

  @Test(arguments: ["gcc", "clang", "g++", "clang++"])
  func theHeaderStandsAlone(_ compiler: String) throws {
    let language = compiler.hasSuffix("++") ? "-x c++ -std=c++11" : "-x c -std=c99"
    let run = try Toolbox.run(
      "printf '#include <plat.h>\\n#include <plat.h>\\n' | \(compiler) \(language) -Wall -Wextra -pedantic -Werror "
        + "-I'\(Toolbox.header)' -fsyntax-only -")
    #expect(run.status == 0, "\(run.output)")
  }
}
