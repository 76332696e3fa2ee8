/// The files that a command reads and those that it writes: no output may be an input, by whatever link, and no two
/// outputs may be one file. Every verb is asked for these before it reads anything.
package struct CommandFiles {
  /// Paths as they were given; `-` is standard input.
  package var reads: [String]
  /// Nil and `-` are standard output.
  package var writes: [String?]

  /// Inputs that are left out are nil.
  package init(reads: [String?] = [], writes: [String?]) {
    self.reads = reads.compactMap { $0 }
    self.writes = writes
  }

  /// Throws where writing would destroy what is read, or what was written before. Two files are the same where device
  /// and inode are. O(inputs + outputs) system calls.
  package func refuseOverwriting() throws(FileError) {
    var inputs: [FileIdentity: String] = [:]
    for path in reads {
      if let identity = FileIdentity.ofInput(path) { inputs[identity] = inputs[identity] ?? path }
    }
    var places: [FilePlace: String] = [:]
    for path in writes {
      let name = path.flatMap { $0 == "-" ? nil : $0 } ?? "standard output"
      if let identity = FileIdentity.ofOutput(path), let input = inputs[identity] {
        throw FileError(.isInput(input == "-" ? "standard input" : input), path: name)
      }
      guard let path, path != "-", let place = FilePlace(path) else { continue }
      if let other = places.updateValue(path, forKey: place) { throw FileError(.isOutput(other), path: name) }
    }
  }
}
