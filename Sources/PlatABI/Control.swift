import CPlat
import PlatEngine

/// Behind `plat_control`.
final class ControlHandle: Sendable {
  let interrupt: Interrupt

  init(_ interrupt: Interrupt) { self.interrupt = interrupt }

  /// The host's function, with what it asked to be told beside.
  struct Host: @unchecked Sendable {
    let progress: plat_progress
    let context: UnsafeMutableRawPointer?

    func goesOn(after stage: String) -> Bool { stage.withCString { progress(context, $0) } == 0 }
  }
}

@c @implementation
public func plat_control_make(
  _ progress: plat_progress?, _ context: UnsafeMutableRawPointer?, _ control: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(control, "control")
    guard let progress else {
      out.pointee = Handle.give(ControlHandle(Interrupt()))
      return
    }
    let host = ControlHandle.Host(progress: progress, context: context)
    out.pointee = Handle.give(ControlHandle(Interrupt { stage in host.goesOn(after: stage) }))
  }
}

@c @implementation
public func plat_control_cancel(_ control: OpaquePointer?) {
  let handle: ControlHandle? = Handle.peek(control)
  handle?.interrupt.request()
}

@c @implementation
public func plat_control_is_cancelled(_ control: OpaquePointer?) -> Int32 {
  let handle: ControlHandle? = Handle.peek(control)
  return handle?.interrupt.isRequested == true ? 1 : 0
}

@c @implementation
public func plat_control_free(_ control: OpaquePointer?) { Handle.free(control, ControlHandle.self) }
