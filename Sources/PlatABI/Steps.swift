import CPlat
import Glibc
import PlatEngine
import PlatFormats

/// Behind `plat_steps`. It never changes.
final class StepsHandle: Sendable {
  let plan: PlanHandle
  let steps: StepPlan
  let schedule: Schedule
  let isInTime: Bool
  /// What each comes after, one list behind the other; `first` of each, and the end.
  let after: HostNumbers
  let first: [Int]

  init(_ plan: PlanHandle, _ work: Work) throws {
    let (options, interrupt) = (work.values, work.interrupt)
    var stepOptions = StepPlanner.Options()
    stepOptions.mayRemoveFirst = options.removesFirst
    stepOptions.interrupt = interrupt
    self.plan = plan
    let cluster = plan.cluster
    steps = StepPlanner.plan(
      cluster.dense, from: cluster.document.map?.placement, to: plan.target, options: stepOptions)
    try interrupt?.finished("steps")
    var scheduleOptions = ScheduleOptions()
    scheduleOptions.bandwidth = options.bandwidth.map { Rational($0) }
    scheduleOptions.interrupt = interrupt
    isInTime = options.bandwidth != nil
    let steps = steps
    schedule = try cluster.locatingErrors {
      try Scheduler.schedule(steps.list, of: cluster.dense, options: scheduleOptions)
    }
    try interrupt?.finished("schedule")
    var (after, first): ([UInt32], [Int]) = ([], [0])
    for index in 0..<steps.list.count {
      try interrupt?.throwIfRequested(at: index)
      after += steps.list.after(index)
      first.append(after.count)
    }
    self.after = HostNumbers(after)
    self.first = first
  }

  func step(_ index: Int) -> plat_step {
    let step = steps.list.steps[index]
    var told = plat_step()
    told.kind = UInt32(step.kind == .set ? PLAT_STEP_SET : PLAT_STEP_STREAM)
    told.flags =
      (step.isTakeover ? UInt32(PLAT_STEP_TAKEOVER) : 0) | (step.isFullScan ? UInt32(PLAT_STEP_FULL_SCAN) : 0)
    told.purpose = UInt32(step.purpose.rawValue)
    told.partition = step.partition.raw
    told.node = plan.cluster.ofHost(step.node.int)
    (told.from, told.to) = (step.change.from.ofHost, step.change.to.ofHost)
    told.source = step.source == .none ? PLAT_NONE_VALUE : plan.cluster.ofHost(step.source.int)
    (told.source_from, told.source_to) = (step.sourceChange.from.ofHost, step.sourceChange.to.ofHost)
    told.after_count = UInt32(first[index + 1] - first[index])
    told.start = UInt64(clamping: schedule.start[index])
    return told
  }
}

/// Numbers that the host gets a pointer to.
final class HostNumbers: @unchecked Sendable {
  let base: UnsafeMutablePointer<UInt32>

  init(_ numbers: [UInt32]) {
    base = .allocate(capacity: max(numbers.count, 1))
    numbers.withUnsafeBufferPointer { if let start = $0.baseAddress { base.update(from: start, count: $0.count) } }
  }

  deinit { base.deallocate() }
}

private func handle(_ steps: OpaquePointer?) -> StepsHandle? { Handle.peek(steps) }

extension PlanHandle {
  /// What lists of steps take at most: see `Work`. O(P · R).
  var stepsBytes: Int {
    let width = target.width
    var changed = target.partitionCount
    if let current = cluster.document.map?.placement, current.width == width {
      changed = (0..<target.partitionCount).count {
        memcmp(current.slots + $0 * width, target.slots + $0 * width, width * MemoryLayout<NodeIndex>.stride) != 0
      }
    }
    return changed * (2 * width + 1) * Self.bytesOfStep
  }

  /// In the list, in the order, in the schedule, with what it comes after.
  private static let bytesOfStep = 256
}

@c @implementation
public func plat_steps_make(
  _ plan: OpaquePointer?, _ options: OpaquePointer?, _ control: OpaquePointer?,
  _ steps: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(steps, "steps")
    let plan: PlanHandle = try Handle.take(plan, "plan")
    out.pointee = Handle.give(
      try StepsHandle(plan, Work(options, control, needs: plan.stepsBytes, stages: Stages.steps)))
  }
}

@c @implementation
public func plat_steps_free(_ steps: OpaquePointer?) { Handle.free(steps, StepsHandle.self) }

@c @implementation
public func plat_steps_count(_ steps: OpaquePointer?) -> Int { handle(steps)?.steps.list.count ?? 0 }

@c @implementation
public func plat_steps_copy(
  _ steps: OpaquePointer?, _ first: Int, _ count: Int, _ copy: UnsafeMutablePointer<plat_step>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  shortCall(error) {
    let steps: StepsHandle = try Handle.take(steps, "steps")
    let known = steps.steps.list.count
    guard first >= 0, count >= 0, first <= known, count <= known - first else {
      throw Refusal.notFound("there are \(known) steps, and not so many from the one that was asked for")
    }
    guard count > 0 else { return }
    guard let copy else { throw Refusal.argument("copy", found: "NULL", expected: "room for \(count)") }
    for index in 0..<count { copy[index] = steps.step(first + index) }
  }
}

@c @implementation
public func plat_steps_after(
  _ steps: OpaquePointer?, _ index: Int, _ count: UnsafeMutablePointer<Int>?
) -> UnsafePointer<UInt32>? {
  count?.pointee = 0
  guard let steps = handle(steps), steps.steps.list.steps.indices.contains(index) else { return nil }
  let (first, end) = (steps.first[index], steps.first[index + 1])
  count?.pointee = end - first
  return first == end ? nil : UnsafePointer(steps.after.base + first)
}

@c @implementation
public func plat_steps_length(_ steps: OpaquePointer?) -> UInt64 {
  UInt64(clamping: handle(steps)?.schedule.length ?? 0)
}

@c @implementation
public func plat_steps_length_lower_bound(_ steps: OpaquePointer?) -> UInt64 {
  UInt64(clamping: handle(steps)?.schedule.lowerBound ?? 0)
}

@c @implementation
public func plat_steps_unmet_count(_ steps: OpaquePointer?) -> Int { handle(steps)?.steps.unmet.count ?? 0 }

@c @implementation
public func plat_steps_to_document(
  _ steps: OpaquePointer?, _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let steps: StepsHandle = try Handle.take(steps, "steps")
    let plan = steps.plan
    try giveDocument(bytes, Work(), capacityBytes: (steps.steps.list.count + 64) * 192) {
      StepsWriter.write(
        steps.steps, schedule: steps.schedule, inTime: steps.isInTime, of: StepsWriter.Maps([plan.revisions]), into: &$0
      )
    }
  }
}

@c @implementation
public func plat_steps_hold(_ steps: OpaquePointer?) -> UInt32 {
  UInt32(handle(steps)?.plan.cluster.cluster.config.hold.rawValue ?? 0)
}
