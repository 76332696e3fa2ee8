import PlatEngine

extension DocumentSource {
  /// Runs `body`; what the engine has against this document gets its place in the file.
  package func locatingErrors<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as InputError {
      throw self.error(error)
    } catch PlatError.unsupported(let error) {
      throw self.error(error)
    }
  }
}
