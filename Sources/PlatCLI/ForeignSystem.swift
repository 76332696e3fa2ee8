import ArgumentParser
import PlatFormats

extension ForeignSystem: ExpressibleByArgument {}
extension ImportedRule: ExpressibleByArgument {}
