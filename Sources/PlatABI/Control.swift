import CPlat
import CPlatCore
import PlatEngine

/// Behind `plat_control`.
final class ControlHandle: Sendable {
  let interrupt: Interrupt

  init(_ interrupt: Interrupt) { self.interrupt = interrupt }

  /// The host's function, with what it asked to be told beside.
  struct Host: @unchecked Sendable {
    let progress: plat_progress
    let context: UnsafeMutableRawPointer?

    /// Tells the host on its own thread, wherever the work goes on.
    func goesOn(after stage: String) -> Bool {
      stage.withCString { stage in
        var news = News(host: self, stage: stage)
        withUnsafeMutablePointer(to: &news) { news in
          plat_stack_call_at_home(
            { context in
              let news = context!.assumingMemoryBound(to: News.self)
              news.pointee.answer = news.pointee.host.progress(news.pointee.host.context, news.pointee.stage)
            }, news)
        }
        return news.answer == 0
      }
    }
  }

  private struct News {
    let host: Host
    let stage: UnsafePointer<CChar>
    var answer: Int32 = 0
  }
}

@c @implementation
public func plat_control_make(
  _ progress: plat_progress?, _ context: UnsafeMutableRawPointer?, _ control: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  shortCall(error) {
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
public func plat_control_fraction(_ control: OpaquePointer?) -> Double {
  let handle: ControlHandle? = Handle.peek(control)
  return handle?.interrupt.fraction ?? 0
}

@c @implementation
public func plat_control_free(_ control: OpaquePointer?) { Handle.free(control, ControlHandle.self) }
