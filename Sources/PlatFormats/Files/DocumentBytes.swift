import Glibc

/// A document that was written, in a block of its own from `malloc`.
package final class DocumentBytes: @unchecked Sendable {
  package let unsafeBytes: UnsafeRawBufferPointer

  init(adoptingUnsafe bytes: UnsafeRawBufferPointer) { unsafeBytes = bytes }

  package init(copying bytes: UnsafeRawBufferPointer, allowance: Allowance) throws(FileError) {
    guard allowance.take(bytes.count), let block = malloc(max(bytes.count, 1)) else {
      throw FileError(.outOfMemory, path: "the document")
    }
    do throws(FileError) { try allowance.copy(bytes, to: block, "the document") } catch {
      free(block)
      throw error
    }
    unsafeBytes = UnsafeRawBufferPointer(start: block, count: bytes.count)
  }

  deinit { free(UnsafeMutableRawPointer(mutating: unsafeBytes.baseAddress)) }
}
