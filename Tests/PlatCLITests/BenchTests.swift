import TestSupport
import Testing

@Suite struct BenchTests {
  private let folder = Folder()

  @Test func aRunIsSavedAndComparedWith() throws {
    let one = "published: 10 nodes in 5 racks x 1024 x 3, node 9 leaves"
    let run = try folder.plat(["bench", "--filter", one, "-o", folder.file("run")])
    #expect(run.status == 0 && run.output.isEmpty && run.messages.contains("naive/plan"))
    let saved = try #require(folder.read("run"))
    #expect(saved.contains(#""moves":339,"movesLowerBound":339"#))

    let again = try folder.plat([
      "bench", "--from", folder.file("run"), "--against", folder.file("run"), "-o", folder.file("same"),
    ])
    #expect(again.status == 0 && again.messages.contains("nothing changed beyond noise"))
    #expect(folder.read("same") == saved)

    // Fewer moves before: this run is worse.
    folder.write(saved.replacing(#""moves":339"#, with: #""moves":338"#), "better")
    let worse = try folder.plat(["bench", "--from", folder.file("run"), "--against", folder.file("better"), "--quiet"])
    #expect(worse.status == 1 && worse.messages.isEmpty && worse.output == saved)
  }

  @Test func namesWithoutRunning() throws {
    let run = try folder.plat(["bench", "--list", "--filter", "marks"])
    #expect(run.status == 0 && run.messages.contains("marks: 10000 nodes x 1048576 x 3, fresh\n") && run.output.isEmpty)
  }

  @Test func wrongArguments() throws {
    #expect(try folder.plat(["bench", "--nothing"]).status == 64)
    #expect(try folder.plat(["bench", "--quick", "--against", folder.file("nothere")]).status == 66)
    folder.write("{}", "none")
    #expect(try folder.plat(["bench", "--quick", "--against", folder.file("none")]).status == 65)
  }
}
