import CPlat
import PlatEngine
import PlatFormats
import Synchronization

/// What the options of a call come to.
struct OptionValues: Sendable {
  var threads = 1
  var memoryLimitBytes: UInt64 = 0
  var operation: PlatEngine.Operation?
  /// Of steps.
  var removesFirst = false
  var bandwidth: Quantity?
  /// Of documents.
  var isBinary = false
  var rule = ImportedRule.automatic
  var replication: Int?
  /// Of batches.
  var resumes = false
  var restarts = false
  var generate = GenerateOptions(nodes: 3, partitions: 1024)
  var simulate = SimulateOptions()

  func planOptions(_ interrupt: Interrupt?, earlier: PlacementMap? = nil) -> PlanOptions {
    var options = PlanOptions()
    options.operation = operation
    options.threads = threads
    options.memoryLimitBytes = memoryLimitBytes
    options.interrupt = interrupt
    options.to = earlier
    return options
  }
}

/// Behind `plat_options`.
final class OptionsHandle: Sendable {
  private let state = Mutex(OptionValues())

  static func values(_ pointer: OpaquePointer?) -> OptionValues {
    let handle: OptionsHandle? = Handle.peek(pointer)
    return handle?.state.withLock { $0 } ?? OptionValues()
  }

  func set(_ option: Option, _ value: String) throws {
    try state.withLock { values in try option.set(&values, option.checked(value)) }
  }
}

@c @implementation
public func plat_options_make(
  _ options: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  shortCall(error) { try Handle.out(options, "options").pointee = Handle.give(OptionsHandle()) }
}

@c @implementation
public func plat_options_free(_ options: OpaquePointer?) { Handle.free(options, OptionsHandle.self) }

@c @implementation
public func plat_options_set(
  _ options: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  shortCall(error) {
    let handle: OptionsHandle = try Handle.take(options, "options")
    let option = try Option.named(name)
    try handle.set(option, try value.map { try CText.read($0, option.name) } ?? option.defaultValue)
  }
}

@c @implementation
public func plat_options_set_number(
  _ options: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: UInt64, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  shortCall(error) {
    let handle: OptionsHandle = try Handle.take(options, "options")
    try handle.set(try Option.named(name), String(value))
  }
}

@c @implementation
public func plat_option_info(
  _ index: UInt32, _ option: UnsafeMutablePointer<plat_option>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  shortCall(error) {
    guard Int(index) < Option.table.count else { throw Refusal.notFound("there is no option \(index)") }
    try Sized.write(Option.table[Int(index)].info(texts: Option.texts, at: Int(index)), to: option, "option")
  }
}
