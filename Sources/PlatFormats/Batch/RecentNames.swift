/// Which names have been there lately: of the last half a million all, and in bounded memory.
///
/// Names are told apart by 128 bits of keyed hashes, which nobody can foresee.
struct RecentNames {
  private struct Fingerprint: Hashable {
    let a, b: Int

    init(_ kind: UInt8, _ name: some Sequence<UInt8>) {
      var (first, second) = (Hasher(), Hasher())
      second.combine(0)
      for byte in [kind] + name {
        first.combine(byte)
        second.combine(byte)
      }
      a = first.finalize()
      b = second.finalize()
    }
  }

  private let capacity: Int
  private var younger: Set<Fingerprint> = []
  private var older: Set<Fingerprint> = []

  init(capacity: Int = 1 << 19) { self.capacity = capacity }

  func contains(_ kind: UInt8, _ name: some Sequence<UInt8>) -> Bool {
    let fingerprint = Fingerprint(kind, name)
    return older.contains(fingerprint) || younger.contains(fingerprint)
  }

  /// False where it was there already.
  mutating func insert(_ kind: UInt8, _ name: some Sequence<UInt8>) -> Bool {
    let fingerprint = Fingerprint(kind, name)
    if older.contains(fingerprint) || !younger.insert(fingerprint).inserted { return false }
    if younger.count >= capacity {
      older = younger
      younger = []
    }
    return true
  }
}
