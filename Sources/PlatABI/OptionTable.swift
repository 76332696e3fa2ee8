import CPlat
import PlatEngine
import PlatFormats

/// An option: what it may be, and what it sets. The table is what plat_option_info and the docs tell.
struct Option: Sendable {
  enum Kind: Sendable {
    case number(ClosedRange<UInt64>, unit: String?)
    case word([String])
    case flag
    case text
  }

  let name: String
  let kind: Kind
  let meaning: String
  /// As text; empty: none.
  let defaultValue: String
  let set: @Sendable (inout OptionValues, String) throws -> Void

  static let table = common + generate + simulate + batch

  private static let common: [Option] = [
    Option(
      name: "threads", kind: .number(1...1024, unit: "threads"),
      meaning: "Threads to work with, the caller's included. Never changes a result.", defaultValue: "1"
    ) { $0.threads = Int($1) ?? 1 },
    Option(
      name: "memoryLimitBytes", kind: .number(0...UInt64(Int64.max), unit: "bytes"),
      meaning: "The most that a call may take for arrays and documents; 0: no limit.", defaultValue: "0"
    ) { $0.memoryLimitBytes = UInt64($1) ?? 0 },
    Option(
      name: "operation", kind: .word(PlatEngine.Operation.allCases.map(\.rawValue)),
      meaning: "What planning is to do; chosen from the cluster if left out.", defaultValue: ""
    ) { $0.operation = PlatEngine.Operation(rawValue: $1) },
    Option(
      name: "removeFirst", kind: .flag,
      meaning:
        "Steps: where full nodes wait for one another, a replica may go before its partition has another copy; never the last.",
      defaultValue: "0"
    ) { $0.removesFirst = $1 == "1" },
    Option(
      name: "bandwidth", kind: .text,
      meaning:
        "Steps: how much weight of partitions a full scan moves in a second; without it every step takes one round.",
      defaultValue: ""
    ) {
      let bandwidth = Quantity($1)
      guard $1.isEmpty || bandwidth?.isZero == false else {
        throw Refusal.argument("bandwidth", found: "\"\($1)\"", expected: "a number above 0")
      }
      $0.bandwidth = bandwidth
    },
    Option(
      name: "binary", kind: .flag, meaning: "Clusters and plans are written as binary documents.", defaultValue: "0"
    ) { $0.isBinary = $1 == "1" },
    Option(
      name: "rule", kind: .word(ImportedRule.allCases.map(\.rawValue)),
      meaning:
        "Imports: at most one replica in each zone or rack; automatic is hard where there are enough, else soft.",
      defaultValue: "automatic"
    ) { $0.rule = ImportedRule(rawValue: $1) ?? .automatic },
    Option(
      name: "replication", kind: .number(0...UInt64(Limits.nodes), unit: "replicas"),
      meaning: "Imports of Kafka's documents: so many replicas of every partition; 0: as many as each has.",
      defaultValue: "0"
    ) { $0.replication = UInt64($1).flatMap { $0 == 0 ? nil : Int($0) } },
  ]

  static func named(_ pointer: UnsafePointer<CChar>?) throws -> Option {
    let name = try CText.read(pointer, "name")
    guard let option = table.first(where: { $0.name == name }) else {
      throw Refusal.argument(
        "name", found: "the option \"\(name)\"", expected: "one of \(table.map(\.name).joined(separator: ", "))")
    }
    return option
  }

  /// The value, if it may be that.
  func checked(_ value: String) throws -> String {
    if value == defaultValue { return value }
    switch kind {
    case .number(let range, _):
      guard let number = UInt64(value), range.contains(number) else {
        throw Refusal.argument(name, found: value, expected: "\(range.lowerBound) to \(range.upperBound)")
      }
    case .word(let words):
      guard words.contains(value) else {
        throw Refusal.argument(name, found: "\"\(value)\"", expected: "one of \(words.joined(separator: ", "))")
      }
    case .flag:
      guard value == "0" || value == "1" else { throw Refusal.argument(name, found: value, expected: "0 or 1") }
    case .text: break
    }
    return value
  }

  // MARK: What C is told

  private static let textsOfOption = 5

  /// Name, unit, meaning, words and default of each option.
  static let texts = CTexts(
    table.flatMap { option -> [String] in
      var (unit, words) = ("", "")
      if case .number(_, let itsUnit) = option.kind { unit = itsUnit ?? "" }
      if case .word(let itsWords) = option.kind { words = itsWords.joined(separator: ",") }
      return [option.name, unit, option.meaning, words, option.defaultValue]
    })

  func info(texts: CTexts, at index: Int) -> plat_option {
    func text(_ field: Int, unless isEmpty: Bool = false) -> UnsafePointer<CChar>? {
      isEmpty ? nil : texts[index * Option.textsOfOption + field]
    }
    var info = plat_option()
    info.name = text(0)
    info.meaning = text(2)
    info.default_value = text(4, unless: defaultValue.isEmpty)
    switch kind {
    case .number(let range, let unit):
      info.kind = UInt32(PLAT_OPTION_NUMBER)
      info.unit = text(1, unless: unit == nil)
      (info.least, info.most) = (range.lowerBound, range.upperBound)
    case .word:
      info.kind = UInt32(PLAT_OPTION_WORD)
      info.words = text(3)
    case .flag:
      info.kind = UInt32(PLAT_OPTION_SWITCH)
      info.most = 1
    case .text: info.kind = UInt32(PLAT_OPTION_TEXT)
    }
    return info
  }
}
