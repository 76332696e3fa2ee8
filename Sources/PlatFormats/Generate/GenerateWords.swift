import PlatEngine

/// What words mean that say what a generated cluster is like: of the command line's options, and of the library's.
/// Each throws what it expected.
package enum GenerateWords {
  package static func model(_ text: String) throws(InputError) -> StateModel {
    try known(StateModel.all.first { $0.name == text }, text, models.joined(separator: " or "))
  }

  package static func keyFunction(_ text: String) throws(InputError) -> KeyFunction {
    try known(
      KeyFunction(rawValue: text), text, "one of \(KeyFunction.allCases.map(\.rawValue).joined(separator: ", "))")
  }

  package static func weights(_ text: String) throws(InputError) -> GenerateOptions.Weights {
    switch text {
    case "equal": .equal
    case "zipf": .zipf
    default: .among(try range(text))
    }
  }

  package static func sizes(_ text: String) throws(InputError) -> GenerateOptions.Sizes {
    switch text {
    case "equal": return .equal
    case "zipf": return .zipf
    default:
      var sizes: [Quantity] = []
      for part in text.split(separator: ":", omittingEmptySubsequences: false) {
        sizes.append(try known(Quantity(String(part)), text, "equal, zipf, or numbers like 1:2:3"))
      }
      return .inTurn(sizes)
    }
  }

  /// `3`, or `1..3` with both ends in.
  package static func range(_ text: String) throws(InputError) -> ClosedRange<Int> {
    let ends = text.split(separator: ".", omittingEmptySubsequences: false)
    let isRange = ends.count == 3 && ends[1].isEmpty
    var range: ClosedRange<Int>?
    if ends.count == 1 || isRange, let least = Int(ends[0]), let most = Int(ends[ends.count - 1]), 0 <= least,
      least <= most
    {
      range = least...most
    }
    return try known(range, text, "a number, or a range like 1..3")
  }

  package static func rule(_ text: String) throws(InputError) -> GenerateOptions.Rule {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    var rule: GenerateOptions.Rule?
    if parts.count == 3, let most = Int(parts[1]), let strength = Strength(rawValue: String(parts[2])) {
      rule = GenerateOptions.Rule(level: String(parts[0]), most: most, strength: strength)
    }
    return try known(rule, text, "level:count:hard or level:count:soft, like zone:1:hard")
  }

  /// Several, with commas between; an empty text: none.
  package static func rules(_ text: String) throws(InputError) -> [GenerateOptions.Rule] {
    var rules: [GenerateOptions.Rule] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: !text.contains(",")) {
      rules.append(try rule(String(part)))
    }
    return rules
  }

  package static func fraction(_ text: String) throws(InputError) -> GenerateOptions.Fraction {
    try known(GenerateOptions.Fraction(text), text, "a number from 0 to 1")
  }

  package static let models = StateModel.all.map(\.name)

  private static func known<Value>(_ value: Value?, _ text: String, _ expected: String) throws(InputError) -> Value {
    guard let value else { throw InputError(path: "", found: "\"\(text)\"", expected: expected) }
    return value
  }
}
