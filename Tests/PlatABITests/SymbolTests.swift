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
    let allowed = [
      "libgmp.so", "libsimdjson.so", "libstdc++.so", "libm.so", "libgcc_s.so", "libc.so", "ld-linux", "libpthread",
      "libdl",
    ]
    #expect(needed.filter { name in !allowed.contains { name.hasPrefix($0) } } == [])
    #expect(try Toolbox.run("readelf -d '\(Toolbox.library)' | grep -c 'SONAME.*libplat.so.1]'").status == 0)
  }

  /// A host that forgets one of them calls with a size of 0.
  @Test func everyStructThatBeginsWithItsSizeHasAnInitialiser() {
    let code = header.replacing(#/\/\*(?s:.*?)\*\//#, with: "")
    let structs = Set(code.matches(of: #/typedef struct plat_(\w+) \{\s*uint32_t size;/#).map { $0.1.uppercased() })
    let initialisers = Set(header.matches(of: #/#define PLAT_([A-Z_]+)_INIT\b/#).map { String($0.1) })
    #expect(structs.count > 12)
    #expect(structs.symmetricDifference(initialisers).sorted() == [])
  }

  /// Included twice, with every initialiser, in every C and C++ from the first on that can read it.
  @Test(arguments: ["gcc", "clang", "g++", "clang++"])
  func theHeaderStandsAlone(_ compiler: String) throws {
    let isCPlusPlus = compiler.hasSuffix("++")
    let initialisers = header.matches(of: #/#define PLAT_([A-Z_]+)_INIT\b/#).map { ($0.1, $0.1.lowercased()) }
    #expect(initialisers.count > 8)
    let uses = initialisers.map {
      "  plat_\($0.1) of_\($0.1) = PLAT_\($0.0)_INIT;\n  if (of_\($0.1).size != sizeof of_\($0.1)) return 1;\n"
    }
    let place = try Toolbox.Place()
    let program = "\(place.path)/header.\(isCPlusPlus ? "cpp" : "c")"
    try "#include <plat.h>\n#include <plat.h>\nint main(void) {\n\(uses.joined())  return 0;\n}\n"
      .write(toFile: program, atomically: true, encoding: .utf8)
    for standard in isCPlusPlus ? ["c++11", "c++14", "c++17", "c++20", "c++2b"] : ["c99", "c11", "c17", "c2x"] {
      let run = try Toolbox.run(
        "\(compiler) -std=\(standard) -Wall -Wextra -pedantic -Werror -I'\(Toolbox.header)' -fsyntax-only '\(program)'")
      #expect(run.status == 0, "\(standard): \(run.output)")
    }
  }

  /// Compilers warn of a status that nobody looks at, of each function that returns one.
  @Test(arguments: [("gcc", "c11"), ("clang", "c2x"), ("g++", "c++11"), ("clang++", "c++17")])
  func statusesAreLookedAt(_ compiler: String, _ standard: String) throws {
    let code = header.replacing(#/\/\*(?s:.*?)\*\//#, with: "")
    #expect(
      code.matches(of: #/^plat_status plat_\w+\(/#.anchorsMatchLineEndings()).map { String($0.0) } == [],
      "write PLAT_STATUS")
    let language = standard.hasPrefix("c++") ? "c++" : "c"
    let ignored = "#include <plat.h>\\nvoid f(void); void f(void) { plat_options_make(0, 0); }\\n"
    for (define, status) in [("", false), ("-DPLAT_STATUS=plat_status", true)] {
      let run = try Toolbox.run(
        "printf '\(ignored)' | \(compiler) -x \(language) -std=\(standard) \(define) -Wall -Werror -I'\(Toolbox.header)' -c -o /dev/null -"
      )
      #expect((run.status == 0) == status, "\(run.output)")
    }
  }
}
