/// The tables of one search: zeroed or copied at the beginning, never resized, given back together at the end.
final class SearchMemory {
  private var pieces: [UnsafeMutableRawPointer] = []

  func table<Element: BitwiseCopyable>(_ count: Int, filledWith value: Element) -> UnsafeMutablePointer<Element> {
    let base = UnsafeMutablePointer<Element>.allocate(capacity: max(count, 1))
    base.initialize(repeating: value, count: count)
    pieces.append(UnsafeMutableRawPointer(base))
    return base
  }

  func table<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
    let base = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
    for (index, element) in elements.enumerated() { (base + index).initialize(to: element) }
    pieces.append(UnsafeMutableRawPointer(base))
    return base
  }

  deinit { for piece in pieces { piece.deallocate() } }
}
