/// What the command line asks for.
struct Options {
  enum Suite { case plans, crc }
  var suite = Suite.plans
  /// Only cases whose group and name hold this text.
  var filter: String?
  /// Only small cases.
  var isQuick = false
  var jsonPath: String?

  static let usage = "usage: PlatBenchmarks [crc] [--filter SUBSTRING] [--quick] [--json FILE]"

  /// Nil where the arguments make no sense.
  init?(_ arguments: [String]) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "crc": suite = .crc
      case "--quick": isQuick = true
      case "--filter":
        guard let text = rest.popFirst() else { return nil }
        filter = text
      case "--json":
        guard let path = rest.popFirst() else { return nil }
        jsonPath = path
      default: return nil
      }
    }
  }
}
