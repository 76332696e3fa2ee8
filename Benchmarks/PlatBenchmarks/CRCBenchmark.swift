import CISAL
import CPlatCore
import CZlib

/// How long one way of computing CRCs takes for keys of one length.
struct CRCRow {
  var keyBytes: Int
  var path: String
  var nanosecondsPerKey: Double
}

extension CRCRow: CustomStringConvertible {
  var description: String {
    let hundredths = Int(nanosecondsPerKey * 100 + 0.5)
    let digits = String(hundredths % 100)
    let time = "\(hundredths / 100)." + (digits.count < 2 ? "0" : "") + digits
    return pad(String(keyBytes), 4) + "  " + path + pad(time, 40 - path.count)
  }
}

/// The batches on every path that the processor has, our CRC of single keys, zlib's and ISA-L's: keys of 16, 24 and 32
/// bytes, the median of 41 runs over 4,096 keys. Stops where a way's CRCs differ from zlib's.
func benchmarkCRC() -> [CRCRow] { [16, 24, 32].flatMap(rows(keyBytes:)) }

func printCRCTable(_ rows: [CRCRow]) {
  print("keys  way                       ns a key")
  for row in rows { print(row) }
}

private let keyCount = 4_096

private func rows(keyBytes: Int) -> [CRCRow] {
  var generator = SystemRandomNumberGenerator()
  let keys = (0..<keyCount * keyBytes).map { _ in UInt8.random(in: 0...255, using: &generator) }
  let offsets = (0...keyCount).map { UInt32($0 * keyBytes) }
  var expected = [UInt32](repeating: 0, count: keyCount)
  var rows: [CRCRow] = []

  func measure(_ path: String, _ work: (UnsafePointer<UInt8>, UnsafeMutablePointer<UInt32>) -> Void) {
    var crcs = [UInt32](repeating: 0, count: keyCount)
    var nanoseconds: [Double] = []
    for _ in 0..<41 {
      let time = ContinuousClock().measure { for _ in 0..<8 { work(keys, &crcs) } }
      nanoseconds.append(Double(time.components.attoseconds) / 1e9 / Double(8 * keyCount))
    }
    if rows.isEmpty { expected = crcs }
    precondition(crcs == expected, "\(path) differs from zlib")
    rows.append(CRCRow(keyBytes: keyBytes, path: path, nanosecondsPerKey: nanoseconds.sorted()[20]))
  }

  measure("zlib") { keys, crcs in
    for i in 0..<keyCount { crcs[i] = UInt32(truncatingIfNeeded: crc32(0, keys + i * keyBytes, UInt32(keyBytes))) }
  }
  measure("ISA-L") { keys, crcs in
    for i in 0..<keyCount { crcs[i] = crc32_gzip_refl(0, keys + i * keyBytes, UInt64(keyBytes)) }
  }
  for path in [PLAT_CRC32_PATH_PORTABLE, PLAT_CRC32_PATH_PCLMUL, PLAT_CRC32_PATH_VPCLMUL]
  where plat_crc32_use_path(path) != 0 {
    let name = String(cString: plat_crc32_path_name())
    measure("\(name), one by one") { keys, crcs in
      for i in 0..<keyCount { crcs[i] = plat_crc32(keys + i * keyBytes, keyBytes) }
    }
    measure("\(name), batch") { keys, crcs in plat_crc32_batch(keys, offsets, keyCount, crcs) }
    measure("\(name), batch of one length") { keys, crcs in
      plat_crc32_batch_fixed(keys, keyBytes, keyCount, crcs)
    }
  }
  return rows
}

private func pad(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}

/// The checksums of a batch of keys, nothing else.
func crcs(_ keys: [UInt8], _ offsets: [UInt32], _ count: Int, _ result: inout [UInt32]) {
  plat_crc32_batch(keys, offsets, count, &result)
}
