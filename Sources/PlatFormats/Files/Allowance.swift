import Glibc
import PlatEngine
import Synchronization

/// What reading or writing documents may take of one call: memory, and time until it is interrupted.
///
/// Counted are the blocks whose size goes with the document: its bytes, the index of its structure, rows of maps, the
/// text that is written. What is taken is not given back but where a block lives for a moment only.
package final class Allowance: Sendable {
  package let interrupt: Interrupt?
  private let limitBytes: Int
  private let taken = Atomic<Int>(0)

  /// `limitBytes` 0: no limit. `interrupt` is asked from any of the call's threads, and told nothing.
  package init(limitBytes: UInt64 = 0, interrupt: Interrupt? = nil) {
    self.limitBytes = limitBytes == 0 ? .max : Int(clamping: limitBytes)
    self.interrupt = interrupt?.quiet
  }

  /// Everything there is.
  package static let unlimited = Allowance()

  package var isInterrupted: Bool { interrupt?.isRequested ?? false }

  /// False where that is more than is left.
  func take(_ bytes: Int) -> Bool {
    let (_, sum) = taken.add(bytes, ordering: .relaxed)
    if sum <= limitBytes { return true }
    giveBack(bytes)
    return false
  }

  func giveBack(_ bytes: Int) { taken.subtract(bytes, ordering: .relaxed) }

  /// Copies a document into a block that has room for it, some MiB at a time.
  func copy(_ bytes: UnsafeRawBufferPointer, to block: UnsafeMutableRawPointer, _ name: String) throws(FileError) {
    guard let start = bytes.baseAddress else { return }
    LargeBlock.advise(block, bytes.count)
    let part = 8 << 20
    for first in stride(from: 0, to: bytes.count, by: part) {
      if isInterrupted { throw FileError(.cancelled, path: name) }
      memcpy(block + first, start + first, min(part, bytes.count - first))
    }
  }

  /// What is left, as arenas want it: 0 is no limit.
  var leftBytes: UInt64 {
    limitBytes == .max ? 0 : UInt64(max(1, limitBytes - taken.load(ordering: .relaxed)))
  }
}

extension DocumentSource {
  /// A map that reading has made, whose rows count from now on.
  func taken(_ map: PlacementMap) throws(PlatError) -> PlacementMap {
    guard allowance.take(map.memoryBytes) else { throw .outOfMemory }
    return map
  }

  /// Room for `count` elements, about to be made.
  func take<Element>(_ count: Int, of _: Element.Type) throws(DocumentError) {
    guard allowance.take(count * MemoryLayout<Element>.stride) else { throw outOfMemory() }
  }

  /// Changes key ranges, whose memory counts as far as it grows. `offset`: where they stand.
  func taking(
    _ ranges: inout KeyRanges, at offset: Int, _ reader: borrowing JSONReader,
    _ change: (inout KeyRanges) throws(PlatError) -> Void
  ) throws(DocumentError) {
    let before = ranges.memoryBytes
    do throws(PlatError) { try change(&ranges) } catch { throw reader.error(error, at: offset) }
    if ranges.memoryBytes > before, !allowance.take(ranges.memoryBytes - before) { throw outOfMemory() }
  }
}
