import ArgumentParser
import PlatEngine
import PlatFormats

extension GenerateOptions.Map: ExpressibleByArgument {}

/// The words after the options of `plat generate`, as `GenerateWords` reads them.
enum GenerateArgument {
  static func word<Value>(
    _ read: @escaping (String) throws(InputError) -> Value
  ) -> @Sendable (String) throws -> Value {
    nonisolated(unsafe) let read = read
    return { text in
      do throws(InputError) { return try read(text) } catch { throw ValidationError("expected \(error.expected)") }
    }
  }
}
