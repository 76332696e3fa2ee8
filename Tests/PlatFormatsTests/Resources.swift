@testable import PlatFormats

/// A document of the folder `Resources`.
func resource(_ name: String) throws -> DocumentSource {
  let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
  return try FileInput.read("/\(folder)/Resources/\(name).json")
}

extension JSONTree {
  /// The test's own text, which is valid.
  init(_ text: String) { self = try! JSONTree(parsing: source(text)) }

  /// What was written, which is valid.
  init(parsed bytes: [UInt8]) { self = try! JSONTree(parsing: source(bytes)) }

  /// The value of a member; null where it is not there.
  subscript(_ key: String) -> JSONTree {
    guard case .object(let members) = self else { return .null }
    return members.first { $0.key == key }?.value ?? .null
  }

  /// None where it is no array.
  var elements: [JSONTree] {
    guard case .array(let elements) = self else { return [] }
    return elements
  }

  /// Far from any index where it is no integer.
  var integer: Int {
    guard case .number(let text) = self else { return .min }
    return Int(text) ?? .min
  }

}
