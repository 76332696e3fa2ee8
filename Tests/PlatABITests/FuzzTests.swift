import Foundation
import Testing

/// Every fuzz target on its corpus, and on some mutations of it: `PLAT_FUZZ_MUTATIONS` for each, 150 as a rule. The
/// coverage-guided run is `make fuzz`.
@Suite struct FuzzTests {
  @Test func noInputEndsTheProcess() throws {
    let place = try Toolbox.Place()
    let mutations = ProcessInfo.processInfo.environment["PLAT_FUZZ_MUTATIONS"] ?? "150"
    let folder = "\(Toolbox.root)/Tests/Fuzz"
    let program = try place.compile("\(folder)/driver.c", flags: "-D_GNU_SOURCE '\(folder)/targets.c'")
    let targets = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/corpus").sorted()
    #expect(targets.count == 16)
    for target in targets {
      let run = try Toolbox.run(
        "'\(program)' \(target) '\(folder)/corpus/\(target)' \(mutations)", in: place.path,
        environment: ["SWIFT_BACKTRACE": "enable=no"])
      var input = ""
      if run.status != 0, let last = FileManager.default.contents(atPath: "\(place.path)/last-input") {
        input = ": the input in base64 is \(last.base64EncodedString())"
      }
      #expect(run.status == 0, "\(target): \(run.output)\(input)")
    }
  }
}
