import PlatEngine
import PlatSimulator

/// What is simulated, and how often.
package struct SimulateOptions: Sendable {
  /// Run n has the seed `seed + n`.
  package var seed: UInt64 = 1
  package var runs = 100
  /// So many changes follow one another in each run; 0: the plan alone.
  package var lives = 0
  /// As `FaultRates` reads them; none: the usual ones.
  package var faults: [String] = []
  /// A deliberate bug.
  package var plant: InjectedFault?

  package init() {}

  package static let mostRuns = 1_000_000_000
  package static let mostLives = 10_000

  package static func plant(_ text: String) throws(InputError) -> InjectedFault {
    guard let plant = InjectedFault(rawValue: text) else {
      throw InputError(
        path: "plant", found: text, expected: "one of \(InjectedFault.allCases.map(\.rawValue).joined(separator: ", "))"
      )
    }
    return plant
  }

  /// The paths of errors are the names of the command's options, without their dashes.
  package func validate() throws(InputError) {
    guard (1...Self.mostRuns).contains(runs) else {
      throw InputError(path: "runs", found: "\(runs)", expected: "1 to \(Self.mostRuns)")
    }
    guard (0...Self.mostLives).contains(lives) else {
      throw InputError(path: "lives", found: "\(lives)", expected: "0 to \(Self.mostLives)")
    }
    _ = try FaultRates(words: faults)
  }
}
