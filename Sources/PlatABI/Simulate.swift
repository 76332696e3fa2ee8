import CPlat
import PlatEngine
import PlatFormats

extension PlanHandle {
  /// The cluster on its way to this plan's map.
  fileprivate func simulation(_ work: Work) throws -> SimulationDocument {
    try work.values.valid("simulate") { () throws(InputError) in
      try SimulationDocument(
        MapChange(cluster.dense, from: cluster.document.map?.placement, to: target), revision: cluster.revision,
        names: (cluster.source?.name ?? "cluster", name), options: work.values.simulate)
    }
  }
}

@c @implementation
public func plat_simulate(
  _ plan: OpaquePointer?, _ options: OpaquePointer?, _ control: OpaquePointer?,
  _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ violated: UnsafeMutablePointer<UInt64>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    violated?.pointee = 0
    let plan: PlanHandle = try Handle.take(plan, "plan")
    let work = try Work(options, control, stages: Stages.simulate)
    var simulation = try plan.simulation(work)
    try simulation.run(threads: work.values.threads, interrupt: work.interrupt)
    try giveDocument(bytes, work) { simulation.write(to: &$0) }
    violated?.pointee = UInt64(simulation.outcome.violated)
  }
}

@c @implementation
public func plat_simulate_trace(
  _ plan: OpaquePointer?, _ options: OpaquePointer?, _ control: OpaquePointer?,
  _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(bytes, "bytes")
    let plan: PlanHandle = try Handle.take(plan, "plan")
    let work = try Work(options, control)
    let lines = try plan.simulation(work).trace(interrupt: work.interrupt)
    var text = lines.map { $0 + "\n" }.joined()
    out.pointee = Handle.give(
      try text.withUTF8 { try DocumentBytes(copying: UnsafeRawBufferPointer($0), allowance: work.allowance) })
  }
}
