import Glibc

/// Memory for a whole document: asked for in large pages, since touching 4 KiB for the first time takes longer than
/// filling it (63 MiB: 13,000 of them), and 2 MiB hardly more.
enum LargeBlock {
  /// Below this, pages do not matter.
  private static let leastBytes = 4 << 20

  /// What the system does not grant changes nothing.
  static func advise(_ block: UnsafeMutableRawPointer, _ sizeBytes: Int) {
    guard sizeBytes >= leastBytes else { return }
    let page = 4096
    let begin = (Int(bitPattern: block) + page - 1) & ~(page - 1)
    let end = (Int(bitPattern: block) + sizeBytes) & ~(page - 1)
    madvise(UnsafeMutableRawPointer(bitPattern: begin), end - begin, MADV_HUGEPAGE)
  }
}
