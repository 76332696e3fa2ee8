import PlatEngine
import PlatFormats

/// One run of the suite, as it is saved and read again: JSON, a line for each case.
public struct RunDocument: Equatable, Sendable {
  public internal(set) var machine = Machine()
  public internal(set) var cases: [CaseFigures] = []

  /// The members of a case, for writing and reading alike.
  private typealias Number = (key: String, path: WritableKeyPath<CaseFigures, Int> & Sendable)
  private typealias Text = (key: String, path: WritableKeyPath<CaseFigures, String> & Sendable)
  private static let texts: [Text] = [("group", \.group), ("name", \.name), ("series", \.series), ("hash", \.hash)]
  private static let numbers: [Number] = [
    ("nodes", \.nodes), ("partitions", \.partitions), ("replicasEach", \.replicasEach),
    ("changedNodes", \.changedNodes), ("threads", \.threads), ("peakBytes", \.peakBytes), ("moves", \.moves),
    ("movesLowerBound", \.movesLowerBound), ("roleChanges", \.roleChanges), ("brokenSoft", \.brokenSoft),
    ("unmet", \.unmet), ("fanOut", \.fanOut), ("naiveNanoseconds", \.naiveTime), ("naiveMoves", \.naiveMoves),
  ]
  private static let timings: [(key: String, path: WritableKeyPath<CaseFigures, CaseFigures.Timing> & Sendable)] = [
    ("copyNanoseconds", \.copy), ("planNanoseconds", \.plan), ("judgeNanoseconds", \.judge),
    ("denseNanoseconds", \.dense),
  ]
  private static let ofTiming: [(key: String, path: WritableKeyPath<CaseFigures.Timing, Int> & Sendable)] = [
    ("median", \.median), ("least", \.least), ("lower", \.lower), ("upper", \.upper), ("runs", \.runs),
  ]
}

// MARK: writing

extension RunDocument {
  /// Writes it to a file, whole or not at all; nil and `-` are standard output.
  public func write(to path: String?) throws {
    var writer = JSONWriter()
    writer.beginObject(.lines)
    writer.key("benchmarks")
    writer.integer(1)
    writer.key("machine")
    writer.beginObject(.compact)
    writer.key("processor")
    writer.string(machine.processor)
    writer.key("cores")
    writer.integer(machine.cores)
    writer.key("swift")
    writer.string(machine.swift)
    writer.key("debug")
    writer.integer(machine.isDebug ? 1 : 0)
    writer.endObject()
    writer.key("cases")
    writer.beginArray(.lines)
    for figures in cases {
      writer.beginObject(.compact)
      RunDocument.write(figures, to: &writer)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    try writer.write(to: path)
  }

  /// The members of a case.
  static func write(_ figures: CaseFigures, to writer: inout JSONWriter) {
    for (key, path) in texts {
      writer.key(key)
      writer.string(figures[keyPath: path])
    }
    for (key, path) in numbers {
      writer.key(key)
      writer.integer(figures[keyPath: path])
    }
    for (key, path) in timings {
      writer.key(key)
      writer.beginObject(.compact)
      for (part, ofTiming) in ofTiming {
        writer.key(part)
        writer.integer(figures[keyPath: path][keyPath: ofTiming])
      }
      writer.endObject()
    }
    writer.key("stageNanoseconds")
    writer.beginArray(.compact)
    for stage in figures.stages {
      writer.beginArray(.compact)
      writer.string(stage.name)
      writer.integer(stage.time)
      writer.endArray()
    }
    writer.endArray()
    writer.key("loads")
    writer.beginArray(.compact)
    for load in figures.loads {
      writer.beginArray(.compact)
      writer.string(load.state)
      writer.integer(load.least)
      writer.integer(load.greatest)
      writer.endArray()
    }
    writer.endArray()
  }
}

// MARK: reading

extension RunDocument {
  /// A run that was saved. Members that are not known are passed over; those that are missing stay 0.
  public static func read(_ path: String) throws -> RunDocument {
    let source = try FileInput.read(path)
    var reader = try JSONReader(source)
    var document = RunDocument()
    var isRun = false
    try reader.beginObject(expected: "a saved run of the benchmarks")
    while let key = try reader.nextKey() {
      switch key.string {
      case "benchmarks":
        _ = try reader.readInteger(in: 1...1)
        isRun = true
      case "machine": document.machine = try readMachine(&reader)
      case "cases":
        try reader.beginArray()
        while try reader.nextElement() { document.cases.append(try readCase(&reader)) }
      default: try reader.skipValue()
      }
    }
    try reader.finish()
    guard isRun else {
      throw source.error(
        InputError(path: "", found: "no key \"benchmarks\"", expected: "a saved run of the benchmarks"))
    }
    return document
  }

  private static func readMachine(_ reader: inout JSONReader) throws(DocumentError) -> Machine {
    var machine = Machine(processor: "", cores: 0, swift: "", isDebug: false)
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key.string {
      case "processor": machine.processor = try reader.readString().string
      case "cores": machine.cores = try reader.readInteger(in: 0...Int.max)
      case "swift": machine.swift = try reader.readString().string
      case "debug": machine.isDebug = try reader.readInteger(in: 0...1) == 1
      default: try reader.skipValue()
      }
    }
    return machine
  }

  private static func readCase(_ reader: inout JSONReader) throws(DocumentError) -> CaseFigures {
    var figures = CaseFigures()
    try reader.beginObject()
    while let text = try reader.nextKey() {
      let key = text.string
      if let member = texts.first(where: { $0.key == key }) {
        figures[keyPath: member.path] = try reader.readString().string
      } else if let member = numbers.first(where: { $0.key == key }) {
        figures[keyPath: member.path] = try reader.readInteger(in: 0...Int.max)
      } else if let member = timings.first(where: { $0.key == key }) {
        figures[keyPath: member.path] = try readTiming(&reader)
      } else if key == "stageNanoseconds" {
        figures.stages = try readLists(&reader, numbers: 1).map { .init(name: $0.name, time: $0.numbers[0]) }
      } else if key == "loads" {
        figures.loads = try readLists(&reader, numbers: 2).map {
          .init(state: $0.name, least: $0.numbers[0], greatest: $0.numbers[1])
        }
      } else {
        try reader.skipValue()
      }
    }
    return figures
  }

  private static func readTiming(_ reader: inout JSONReader) throws(DocumentError) -> CaseFigures.Timing {
    var timing = CaseFigures.Timing()
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if let member = ofTiming.first(where: { $0.key == key.string }) {
        timing[keyPath: member.path] = try reader.readInteger(in: 0...Int.max)
      } else {
        try reader.skipValue()
      }
    }
    return timing
  }

  /// Lists of a name and some numbers.
  private static func readLists(
    _ reader: inout JSONReader, numbers count: Int
  ) throws(DocumentError) -> [(name: String, numbers: [Int])] {
    var lists: [(name: String, numbers: [Int])] = []
    try reader.beginArray()
    while try reader.nextElement() {
      try reader.beginArray(expected: "a list of a name and numbers")
      guard try reader.nextElement() else { continue }
      let name = try reader.readString().string
      var numbers: [Int] = []
      while try reader.nextElement() { numbers.append(try reader.readInteger(in: 0...Int.max)) }
      numbers += Array(repeating: 0, count: max(0, count - numbers.count))
      lists.append((name, numbers))
    }
    return lists
  }
}
