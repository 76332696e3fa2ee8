import PlatEngine

/// What clients saw of one partition, and what must be true of it: there is one log, it only grows, every answer is a
/// beginning of it, and its order is that of time where one thing ended before another began. Together with "reads see
/// writes" that is linearizability of a log that is written at its end and read whole.
package struct History {
  /// What is wrong.
  package typealias Fault = (invariant: Invariant, text: String)

  /// The longest log that was answered.
  package private(set) var log: [UInt8] = []
  /// Writes by their bits: in `log`; asked; acknowledged; denied for certain.
  private var seen: UInt64 = 0
  private var asked: UInt64 = 0
  package private(set) var acknowledged: UInt64 = 0
  package private(set) var denied: UInt64 = 0
  /// By write: what was acknowledged when it was asked.
  private var before = [UInt64](repeating: 0, count: 64)

  package init() {}

  package mutating func ask(_ bit: UInt64) {
    asked |= bit
    denied &= ~bit
    before[bit.trailingZeroBitCount] = acknowledged
  }

  package mutating func acknowledge(_ bit: UInt64) -> Fault? {
    acknowledged |= bit
    guard denied & bit == 0 else {
      return (.deniedNeverDone, "write \(bit.trailingZeroBitCount) was denied for certain and is acknowledged")
    }
    return nil
  }

  package mutating func deny(_ bit: UInt64) { denied |= bit }

  /// A read's answer. `longest`: the longest log that had been answered when it was asked.
  package mutating func answer(_ values: [UInt8], longest: Int) -> Fault? {
    guard values.count >= longest else {
      return (.readsForward, "a read sees \(values.count) writes where one before it saw \(longest)")
    }
    for (place, value) in zip(log, values).enumerated() where value.0 != value.1 {
      return (.oneHistory, "reads see the writes \(value.0) and \(value.1) in place \(place)")
    }
    for place in log.count..<max(log.count, values.count) {
      let (write, bit) = (values[place], UInt64(1) << UInt64(values[place] & 63))
      if asked & bit == 0 { return (.oneHistory, "a read sees write \(write), which nobody asked for") }
      if seen & bit != 0 { return (.oneHistory, "a read sees write \(write) twice") }
      if before[Int(write & 63)] & ~seen != 0 {
        return (.orderKept, "write \(write) stands before one that was acknowledged before it was asked")
      }
      if denied & bit != 0 { return (.deniedNeverDone, "a read sees write \(write), which was denied for certain") }
      seen |= bit
      log.append(write)
    }
    return nil
  }
}
