import ArgumentParser
import PlatFormats

/// The systems whose documents Plat takes and gives.
enum ForeignSystem: String, CaseIterable, ExpressibleByArgument {
  case couchbase
  case kafka
}

extension ImportedRule: ExpressibleByArgument {}
