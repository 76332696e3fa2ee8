import CPlat
import PlatEngine
import PlatFormats

@c @implementation
public func plat_generate(
  _ options: OpaquePointer?, _ control: OpaquePointer?, _ bytes: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    _ = try Handle.out(bytes, "bytes")
    let work = try Work(options, control)
    try work.values.valid("generate") { () throws(InputError) in try work.values.generate.validate() }
    var planning = work.planOptions()
    planning.operation = nil
    let generated = try GeneratedDocument.make(work.values.generate, planning: planning)
    try giveDocument(bytes, generated.writer(isBinary: work.values.isBinary, allowance: work.allowance))
  }
}

extension OptionValues {
  /// Options that do not go together are told by their names: `generate.zones`.
  func valid<Result>(_ verb: String, _ body: () throws(InputError) -> Result) throws -> Result {
    do throws(InputError) { return try body() } catch {
      throw Refusal.argument(
        "\(verb).\(Self.names[error.path] ?? error.path)", found: error.found, expected: error.expected)
    }
  }

  /// Where the command line has another name.
  private static let names = ["rule": "rules", "fault": "faults"]
}
