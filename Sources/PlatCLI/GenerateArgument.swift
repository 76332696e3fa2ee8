import ArgumentParser
import PlatEngine
import PlatFormats

extension GenerateOptions.Map: ExpressibleByArgument {}

/// What the words after the options of `plat generate` mean.
enum GenerateArgument {
  static func stateModel(_ text: String) throws -> StateModel {
    guard let model = StateModel.all.first(where: { $0.name == text }) else {
      throw ValidationError("expected \(StateModel.all.map(\.name).joined(separator: " or "))")
    }
    return model
  }

  static func keyFunction(_ text: String) throws -> KeyFunction {
    guard let function = KeyFunction(rawValue: text) else {
      throw ValidationError("expected one of \(KeyFunction.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return function
  }

  static func weights(_ text: String) throws -> GenerateOptions.Weights {
    switch text {
    case "equal": .equal
    case "zipf": .zipf
    default: .among(try range(text))
    }
  }

  static func sizes(_ text: String) throws -> GenerateOptions.Sizes {
    switch text {
    case "equal": return .equal
    case "zipf": return .zipf
    default:
      let sizes = text.split(separator: ":", omittingEmptySubsequences: false).map { Quantity(String($0)) }
      guard sizes.allSatisfy({ $0 != nil }) else { throw ValidationError("expected equal, zipf, or numbers like 1:2:3") }
      return .inTurn(sizes.compactMap(\.self))
    }
  }

  /// `3`, or `1..3` with both ends in.
  static func range(_ text: String) throws -> ClosedRange<Int> {
    let ends = text.split(separator: ".", omittingEmptySubsequences: false)
    let isRange = ends.count == 3 && ends[1].isEmpty
    guard ends.count == 1 || isRange, let least = Int(ends[0]), let most = Int(ends[ends.count - 1]),
      0 <= least, least <= most
    else { throw ValidationError("expected a number, or a range like 1..3") }
    return least...most
  }

  static func rule(_ text: String) throws -> GenerateOptions.Rule {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 3, let most = Int(parts[1]), let strength = Strength(rawValue: String(parts[2])) else {
      throw ValidationError("expected level:count:hard or level:count:soft, like zone:1:hard")
    }
    return GenerateOptions.Rule(level: String(parts[0]), most: most, strength: strength)
  }

  static func fraction(_ text: String) throws -> GenerateOptions.Fraction {
    guard let fraction = GenerateOptions.Fraction(text) else { throw ValidationError("expected a number from 0 to 1") }
    return fraction
  }
}
