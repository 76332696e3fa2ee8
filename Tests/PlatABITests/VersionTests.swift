import Foundation
import Testing

/// One version number, plat.h's, wherever one is told. What the installed package and the bindings say: `BindingTests`.
@Suite struct VersionTests {
  private static func text(_ path: String) throws -> String {
    try String(contentsOfFile: "\(Toolbox.root)/\(path)", encoding: .utf8)
  }

  @Test func theHeaderTellsThreeNumbers() {
    #expect(
      Toolbox.version.split(separator: ".").allSatisfy { Int($0) != nil }
        && Toolbox.version.split(separator: ".").count == 3)
  }

  @Test func programAndLibrary() throws {
    #expect(try Toolbox.run("'\(Toolbox.plat)' --version").output == "\(Toolbox.version)\n")
    let place = try Toolbox.Place()
    let program = """
      #include <plat.h>
      #include <stdio.h>
      int main(void) {
        printf("%s %d\\n", plat_version(), plat_version_number() == PLAT_VERSION_NUMBER);
        return 0;
      }
      """
    try program.write(toFile: "\(place.path)/version.c", atomically: true, encoding: .utf8)
    #expect(try place.run("\(place.path)/version.c").output == "\(Toolbox.version) 1\n")
  }

  @Test func majorVersionIsTheLibrarysName() throws {
    let major = Toolbox.version.prefix { $0 != "." }
    #expect(try Self.text("Package.swift").contains("-soname=libplat.so.\(major)\""))
    #expect(try Self.text("CSources/CPlat/plat.symbols").hasPrefix("libplat.so.\(major) {"))
  }

  @Test func pythonPackage() throws {
    #expect(try Self.text("Bindings/python/pyproject.toml").contains("\nversion = \"\(Toolbox.version)\"\n"))
    guard BindingTests.has("python3") else { return }
    let place = try Toolbox.Place()
    let run = try Toolbox.run(
      "env -u PLAT_LIBRARY python3 -c 'import wheelwright; print(wheelwright.build_wheel(\".\"), wheelwright.build_sdist(\".\"))'",
      in: place.path,
      environment: ["PYTHONPATH": "\(Toolbox.root)/Bindings/python/build_backend", "PYTHONDONTWRITEBYTECODE": "1"])
    #expect(run.output == "plat-\(Toolbox.version)-py3-none-any.whl plat-\(Toolbox.version).tar.gz\n")
  }

  /// What documents, bindings and scripts tell of a version is this one.
  @Test func documentsAndBindings() throws {
    let files = try Toolbox.run(
      "git ls-files README.md docs/\\*.md Makefile scripts Bindings CSources/CPlat Sources/PlatCLI", in: Toolbox.root)
    let named = /(?:libplat\.so\.|\bplat[- ]v?|[Vv]ersion *[:=] *"?)(\d+\.\d+\.\d+)/
    for file in files.output.split(separator: "\n") {
      for match in try Self.text(String(file)).matches(of: named) {
        #expect(match.output.1 == Toolbox.version, "\(file): \(match.output.0)")
      }
    }
  }
}
