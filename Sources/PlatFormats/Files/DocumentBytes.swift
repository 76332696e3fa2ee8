import Glibc

/// A document that was written, in a block of its own from `malloc`.
package final class DocumentBytes: @unchecked Sendable {
  package let unsafeBytes: UnsafeRawBufferPointer

  init(adoptingUnsafe bytes: UnsafeRawBufferPointer) { unsafeBytes = bytes }

  deinit { free(UnsafeMutableRawPointer(mutating: unsafeBytes.baseAddress)) }
}
