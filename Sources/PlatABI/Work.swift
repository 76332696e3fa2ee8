import CPlat
import CPlatCore
import PlatEngine
import PlatFormats

/// What a call goes by: the options and the control that it is given, or else its thread's.
struct Work {
  let values: OptionValues
  let interrupt: Interrupt?
  /// Of the documents that it reads and writes.
  let allowance: Allowance

  /// Throws where it is cancelled already, and where the system has not `bytes` left, and some MiB. What is small
  /// (names, rules, lists of nodes) lies in memory of the Swift runtime, which ends the process where there is none: so
  /// it is asked for before.
  /// `stages`: those that it will go through.
  init(
    _ options: OpaquePointer? = nil, _ control: OpaquePointer? = nil, needs bytes: Int = 0,
    stages: [Interrupt.Stage] = []
  ) throws {
    values = OptionsHandle.values(options ?? OpaquePointer(plat_thread_get(0)))
    let control: ControlHandle? = Handle.peek(control ?? OpaquePointer(plat_thread_get(1)))
    interrupt = control?.interrupt
    if let interrupt { CurrentWork.begin(interrupt, stages) }
    try interrupt?.throwIfRequested()
    allowance = Allowance(limitBytes: values.memoryLimitBytes, interrupt: interrupt)
    guard Self.isRoom(for: bytes) else { throw PlatError.outOfMemory }
  }

  /// Whether the system has so much left, and some MiB for what is small.
  static func isRoom(for bytes: Int) -> Bool { plat_room_is_left(UInt64(leastRoomBytes + bytes)) != 0 }

  private static let leastRoomBytes = 4 << 20

  /// Whether the limit allows for so many bytes.
  func isEnough(for bytes: Int) -> Bool { values.memoryLimitBytes == 0 || UInt64(bytes) <= values.memoryLimitBytes }

  func planOptions(earlier: PlacementMap? = nil) -> PlanOptions { values.planOptions(interrupt, earlier: earlier) }
}

/// The work of the call that its thread is in, to tell its control when it is over.
enum CurrentWork {
  private static let place: UInt32 = 2

  /// Runs a call: its work ends with it.
  static func within<Result>(_ body: () -> Result) -> Result {
    let outer = plat_thread_get(place)
    plat_thread_set(place, nil)
    defer {
      if let own = plat_thread_get(place) { Unmanaged<Interrupt>.fromOpaque(own).takeRetainedValue().end() }
      plat_thread_set(place, outer)
    }
    return body()
  }

  /// The first of a call counts.
  static func begin(_ interrupt: Interrupt, _ stages: [Interrupt.Stage]) {
    guard plat_thread_get(place) == nil else { return }
    interrupt.begin(stages)
    plat_thread_set(place, Unmanaged.passRetained(interrupt).toOpaque())
  }
}

@c @implementation
public func plat_thread_defaults(_ options: OpaquePointer?, _ control: OpaquePointer?) {
  plat_thread_set(0, options.map { UnsafeMutableRawPointer($0) })
  plat_thread_set(1, control.map { UnsafeMutableRawPointer($0) })
}
