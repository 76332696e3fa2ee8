import ArgumentParser
import PlatFormats

/// The systems whose documents Plat takes and gives, and its own documents in the other form.
enum ForeignSystem: String, CaseIterable, ExpressibleByArgument {
  case plat
  case couchbase
  case kafka
}

extension ImportedRule: ExpressibleByArgument {}
