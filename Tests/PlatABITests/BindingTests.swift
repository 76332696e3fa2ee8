import Foundation
import Testing

/// The library in other languages, each where it is present; where it isn't, the test says so.
@Suite struct BindingTests {
  private let place: Toolbox.Place
  private let bindings = "\(Toolbox.root)/Bindings"

  init() throws { place = try Toolbox.Place() }

  static func has(_ program: String) -> Bool {
    let isThere = Toolbox.has(program)
    if !isThere { print("plat: \(program) is not there: its binding was not tested") }
    return isThere
  }

  @Test(.enabled(if: Self.has("python3"), "python3 is not there"), arguments: [false, true])
  func python(_ withoutNumPy: Bool) throws {
    var environment = [
      "PLAT_LIBRARY": Toolbox.library, "PYTHONPATH": "\(bindings)/python/src", "PYTHONDONTWRITEBYTECODE": "1",
    ]
    if withoutNumPy { environment["PLAT_WITHOUT_NUMPY"] = "1" }
    let run = try Toolbox.run(
      ["test_plat", "test_execution", "test_safety", "test_kinds", "test_lives"].map {
        "python3 '\(bindings)/python/tests/\($0).py'"
      }.joined(separator: " && "),
      in: place.path, environment: environment)
    #expect(run.status == 0, "\(run.output)")
    if !withoutNumPy, run.output.contains("NumPy is not there") {
      print("plat: NumPy is not there: it was not tested with it")
    }
  }

  /// Real processes on loopback, one of which is killed.
  @Test(.enabled(if: Self.has("python3"), "python3 is not there"), arguments: ["", "--lose", "--takeover"])
  func aToyClusterIsRebalancedWhileANodeIsKilled(_ how: String) throws {
    let run = try Toolbox.run(
      "python3 '\(bindings)/python/examples/toy_cluster.py' \(how)", in: place.path,
      environment: [
        "PLAT_LIBRARY": Toolbox.library, "PYTHONPATH": "\(bindings)/python/src", "PYTHONDONTWRITEBYTECODE": "1",
      ])
    #expect(
      run.status == 0 && run.output.contains("node 1 is killed") && run.output.contains("are all read"), "\(run.output)"
    )
  }

  @Test(.enabled(if: Toolbox.has("python3") && Toolbox.has("pip"), "pip is not there"))
  func pythonInstallsByPip() throws {
    let run = try Toolbox.run(
      "cp -r '\(bindings)/python' source && python3 -m pip install -q --no-index --disable-pip-version-check --target installed ./source"
        + " && cd installed && env -u PLAT_LIBRARY python3 -c 'import plat; print(plat.__version__, len(plat.Cluster.from_arrays(3, 8).plan().rows))'",
      in: place.path, environment: ["PLAT_LIBRARY": Toolbox.library])
    #expect(run.status == 0 && run.output.contains("\(Toolbox.version) 8"), "\(run.output)")
  }

  private let plans = [
    "plat \(Toolbox.version)", "revision 2: 100 moves, at least 100",
    "invalid input in line 2, nodes.a.wait: wrong.json:2:19: nodes.a.wait: found the unknown key",
  ]

  @Test(.enabled(if: Self.has("rustc"), "rustc is not there"))
  func rust() throws {
    let run = try Toolbox.run(
      "rustc '\(bindings)/rust/plan.rs' -L . -o rust && LD_LIBRARY_PATH=. ./rust", in: place.path)
    #expect(run.status == 0, "\(run.output)")
    for line in plans + ["from another thread: cancelled"] { #expect(run.output.contains(line), "\(run.output)") }
  }

  @Test(.enabled(if: Self.has("go"), "go is not there"))
  func go() throws {
    let run = try Toolbox.run(
      "cp '\(bindings)/go/plan.go' . && go run plan.go", in: place.path,
      environment: [
        "CGO_CFLAGS": "-I\(Toolbox.header)", "CGO_LDFLAGS": "-L\(place.path) -lplat -Wl,-rpath,\(place.path)",
        "GO111MODULE": "off",
        "GOCACHE": "\(place.path)/cache", "GOFLAGS": "",
      ])
    #expect(run.status == 0, "\(run.output)")
    for line in plans + ["from another goroutine: cancelled"] { #expect(run.output.contains(line), "\(run.output)") }
  }

  /// plat.hpp, from the first C++ that can read it to the latest.
  @Test(arguments: [("g++", "c++11"), ("clang++", "c++11"), ("clang++", "c++17"), ("g++", "c++2b")])
  func cPlusPlus(_ compiler: String, _ standard: String) throws {
    let run = try Toolbox.run(
      "\(compiler) -std=\(standard) -Wall -Wextra -pedantic -Werror -I'\(Toolbox.header)' -I'\(Toolbox.header)/../cpp' '\(Toolbox.programs)/objects.cpp' -o objects -L. "
        + "-lplat -lpthread -Wl,-rpath,. && ./objects", in: place.path)
    #expect(run.status == 0 && run.output == "all is so\n", "\(run.output)")
  }

  /// Another folder knows of the installed library by pkg-config alone; the archive works, too, where there is one.
  @Test func programsElsewhereFindTheInstalledLibrary() throws {
    let build = URL(fileURLWithPath: Toolbox.library).deletingLastPathComponent().path
    let installed = try Toolbox.run("'\(Toolbox.root)/scripts/install-library' '\(build)' '\(place.path)/usr'")
    #expect(installed.status == 0, "\(installed.output)")
    let environment = ["PKG_CONFIG_PATH": "\(place.path)/usr/lib/pkgconfig"]
    let program = "'\(bindings)/c/first.c'"
    let shared = try Toolbox.run(
      "cc \(program) $(pkg-config --cflags --libs plat) -o shared && LD_LIBRARY_PATH=usr/lib ./shared && readelf -d shared | grep libplat.so.1",
      in: place.path, environment: environment)
    #expect(shared.status == 0 && shared.output.contains("hello is in partition 10"), "\(shared.output)")
    #expect(try Toolbox.run("pkg-config --modversion plat", environment: environment).output == "\(Toolbox.version)\n")
    let inCPlusPlus = try Toolbox.run(
      "g++ -std=c++11 '\(Toolbox.programs)/objects.cpp' $(pkg-config --cflags --libs plat) -lpthread -o objects && LD_LIBRARY_PATH=usr/lib ./objects",
      in: place.path, environment: environment)
    #expect(inCPlusPlus.status == 0, "\(inCPlusPlus.output)")
    if FileManager.default.fileExists(atPath: "\(place.path)/usr/lib/libplat.a") {
      #expect(try Toolbox.run("readelf -S usr/lib/libplat.a | grep -c 'debug_info'", in: place.path).output == "0\n")
      let archived = try Toolbox.run(
        "cc \(program) $(pkg-config --cflags plat) usr/lib/libplat.a $(sed -n 's/^Libs.private: //p' usr/lib/pkgconfig/plat.pc) -o archived"
          + " && ./archived && ! readelf -d archived | grep libplat",
        in: place.path, environment: environment)
      #expect(archived.status == 0 && archived.output.contains("hello is in partition 10"), "\(archived.output)")
    }
    guard Self.has("cmake") else { return }
    let list = """
      cmake_minimum_required(VERSION 3.15)
      project(first C)
      find_package(plat \(Toolbox.version) EXACT REQUIRED)
      add_executable(first first.c)
      target_link_libraries(first plat::plat)
      """
    try list.write(toFile: "\(place.path)/CMakeLists.txt", atomically: true, encoding: .utf8)
    let made = try Toolbox.run(
      "cp \(program) . && cmake -B made -DCMAKE_PREFIX_PATH='\(place.path)/usr' . && cmake --build made && ./made/first",
      in: place.path)
    #expect(made.status == 0 && made.output.contains("hello is in partition 10"), "\(made.output)")
  }
}
