import CPlat
import Glibc

/// Structs that begin with their size and grow at the end.
enum Sized {
  /// The caller's struct as this library knows it: what an older one lacks is 0; what a newer one has beyond must be.
  static func read<Struct: BitwiseCopyable>(
    _ pointer: UnsafePointer<Struct>?, _ name: String, empty: Struct
  ) throws -> Struct {
    guard let pointer else { throw Refusal.argument(name, found: "NULL", expected: "a struct") }
    let bytes = UnsafeRawPointer(pointer)
    let size = Int(bytes.loadUnaligned(as: UInt32.self))
    let known = MemoryLayout<Struct>.size
    // Members end where the struct may: a size in between would cut a pointer in two.
    guard size >= MemoryLayout<UInt32>.size, size <= mostBytes, size % MemoryLayout<Struct>.alignment == 0 else {
      throw Refusal.argument("\(name).size", found: "\(size)", expected: "sizeof the struct, like \(known)")
    }
    for index in stride(from: known, to: size, by: 1) where bytes.load(fromByteOffset: index, as: UInt8.self) != 0 {
      throw Refusal.argument(
        "\(name).size", found: "\(size), with something beyond the \(known) bytes that version \(version) knows",
        expected: "a newer library, or 0 in the newer members")
    }
    var result = empty
    memcpy(&result, bytes, min(size, known))
    return result
  }

  /// As much of `value` as the caller's struct has room for.
  static func write<Struct: BitwiseCopyable>(
    _ value: Struct, to pointer: UnsafeMutablePointer<Struct>?, _ name: String
  ) throws {
    guard let pointer else { throw Refusal.argument(name, found: "NULL", expected: "a struct") }
    let bytes = UnsafeMutableRawPointer(pointer)
    let size = Int(bytes.loadUnaligned(as: UInt32.self))
    let known = MemoryLayout<Struct>.size
    guard size >= MemoryLayout<UInt32>.size, size <= mostBytes else {
      throw Refusal.argument("\(name).size", found: "\(size)", expected: "sizeof the struct, like \(known)")
    }
    withUnsafeBytes(of: value) { source in
      let first = MemoryLayout<UInt32>.size
      let count = min(size, known)
      if count > first { memcpy(bytes + first, source.baseAddress! + first, count - first) }
    }
  }

  /// No struct is as large: a size beyond is something else that was left on the stack.
  private static let mostBytes = 1 << 16
}
