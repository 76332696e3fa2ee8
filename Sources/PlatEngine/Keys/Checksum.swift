import CPlatCore

/// CRC-32/ISO-HDLC of bytes that are no keys: what files are checked by.
public enum Checksum {
  /// O(bytes); about 0.1 ns each where the processor has carry-less multiplication.
  public static func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    plat_crc32(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
  }
}
