import PlatEngine

/// The stages of each kind of work, with what of all of it is done at the end of each, about: what a control's fraction
/// is made of.
enum Stages {
  /// Of planning. Where a map takes only some of them, others are passed over.
  static let plan: [Interrupt.Stage] = [
    ("prepare", 0.05), ("peers", 0.1), ("keep", 0.15), ("due", 0.2), ("swap", 0.25), ("fill", 0.5), ("shed", 0.55),
    ("exchange", 0.7),
    ("mend", 0.75), ("roles", 0.85), ("fanOut", 0.88), ("certify", 0.9), ("completion", 0.92), ("improve", 0.95),
    ("maps", 0.97), ("sums", 1),
  ]
  static let check: [Interrupt.Stage] = [("counting", 0.5), ("judging", 1)]
  static let verify: [Interrupt.Stage] = [("counting", 0.2), ("judging", 0.4), ("verifying", 1)]
  static let steps: [Interrupt.Stage] = [("steps", 0.7), ("schedule", 1)]
  static let whatIf: [Interrupt.Stage] = [("cases", 1)]
  static let simulate: [Interrupt.Stage] = [("runs", 1)]
  static let batch: [Interrupt.Stage] = [("job", 1)]

  /// Where a document is read before, which takes `reading` of the time, and one is written behind, another tenth.
  static func document(_ stages: [Interrupt.Stage], reading: Double = 0.2) -> [Interrupt.Stage] {
    stages.map { ($0.name, reading + (0.9 - reading) * $0.share) }
  }
}
