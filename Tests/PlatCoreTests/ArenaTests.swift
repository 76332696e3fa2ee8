import CPlatCore
import Dispatch
import Testing

/// The same tests for every backend that the process has. The maps are always among them.
@Suite struct ArenaTests {
  static let backends = [PLAT_ARENA_BACKEND_JEMALLOC, PLAT_ARENA_BACKEND_MMAP].filter { backend in
    let arena = plat_arena_create_from(backend, 0)
    plat_arena_destroy(arena)
    return arena != nil
  }

  /// Around the borders of the size classes, of what is cut from chunks, and of pages.
  static let sizes = [
    0, 1, 63, 64, 65, 1000, 1024, 1025, 1280, 1281, 2048, 4095, 4096, 16_384, 57_345, 65_535, 65_536, 65_537, 262_144,
    262_145, 1_048_577,
  ]

  @Test func backendHasAName() {
    let expected = Self.backends.first == PLAT_ARENA_BACKEND_JEMALLOC ? "jemalloc" : "mmap"
    #expect(String(cString: plat_arena_backend_name()) == expected)
    #expect(plat_arena_create_from(plat_arena_backend(rawValue: 99), 0) == nil)
    plat_arena_destroy(nil)
  }

  @Test(arguments: backends) func alignedZeroedAndDistinct(backend: plat_arena_backend) throws {
    // The second and third round get memory that the one before has dirtied.
    for _ in 0..<3 {
      let arena = try #require(plat_arena_create_from(backend, 0))
      defer { plat_arena_destroy(arena) }
      var blocks: [UnsafeRawBufferPointer] = []
      for size in Self.sizes + Self.sizes.reversed() {
        let memory = try #require(plat_arena_allocate(arena, size))
        #expect(UInt(bitPattern: memory) % 64 == 0)
        #expect(consists(memory, size, of: 0), "\(size) bytes")
        memset(memory, UInt8(blocks.count + 1), size)
        blocks.append(UnsafeRawBufferPointer(start: memory, count: size))
      }
      #expect(Set(blocks.map(\.baseAddress)).count == blocks.count)
      for (index, block) in blocks.enumerated() {
        #expect(consists(block.baseAddress!, block.count, of: UInt8(index + 1)), "\(block.count) bytes")
      }
    }
  }

  @Test(arguments: backends) func zeroedAfterReuse(backend: plat_arena_backend) throws {
    let arena = try #require(plat_arena_create_from(backend, 0))
    defer { plat_arena_destroy(arena) }
    for _ in 0..<5 {
      for size in Self.sizes {
        let dirty = try #require(plat_arena_allocate_uninitialized(arena, size))
        memset(dirty, 0xff, size)
        plat_arena_free(arena, dirty, size)
        let again = try #require(plat_arena_allocate(arena, size))
        #expect(consists(again, size, of: 0))
        plat_arena_free(arena, again, size)
      }
    }
    #expect(plat_arena_current_bytes(arena) == 0)
  }

  @Test(arguments: backends) func limitAndAccounting(backend: plat_arena_backend) throws {
    let arena = try #require(plat_arena_create_from(backend, 100_000))
    defer { plat_arena_destroy(arena) }
    let first = try #require(plat_arena_allocate(arena, 60_000))
    #expect(plat_arena_allocate(arena, 40_001) == nil)
    #expect(plat_arena_current_bytes(arena) == 60_000)
    let second = try #require(plat_arena_allocate(arena, 40_000))
    #expect(plat_arena_allocate_uninitialized(arena, 1) == nil)
    #expect(plat_arena_current_bytes(arena) == 100_000)
    plat_arena_free(arena, first, 60_000)
    #expect(plat_arena_current_bytes(arena) == 40_000)
    #expect(plat_arena_allocate(arena, 50_000) != nil)
    plat_arena_free(arena, second, 40_000)
    plat_arena_free(arena, nil, 12)
    #expect(plat_arena_current_bytes(arena) == 50_000)
    #expect(plat_arena_peak_bytes(arena) == 100_000)
  }

  @Test(arguments: backends) func impossibleSizes(backend: plat_arena_backend) throws {
    let arena = try #require(plat_arena_create_from(backend, 0))
    defer { plat_arena_destroy(arena) }
    for size in [-1, -64, Int.min, Int.max, Int.max - 63, 1 << 62, 1 << 60, 1 << 50] {
      #expect(plat_arena_allocate(arena, size) == nil)
      #expect(plat_arena_allocate_uninitialized(arena, size) == nil)
    }
    #expect(plat_arena_current_bytes(arena) == 0)
    #expect(plat_arena_peak_bytes(arena) == 0)
    #expect(plat_arena_allocate(arena, 64) != nil)
  }

  /// Threads that take, mark, check and give back. A block that two of them hold at once loses its mark.
  @Test(arguments: backends) func manyThreads(backend: plat_arena_backend) throws {
    let address = UInt(bitPattern: try #require(plat_arena_create_from(backend, 0)))
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      let arena = OpaquePointer(bitPattern: address)!
      let mark = UInt8(thread + 1)
      var random = SplitMix64(state: UInt64(thread))
      var held: [UnsafeMutableRawBufferPointer] = []
      for step in 0..<1_000 {
        let size = Int.random(in: 8...(step % 50 == 0 ? 200_000 : 3_000), using: &random)
        let memory = plat_arena_allocate(arena, size)!
        #expect(consists(memory, size, of: 0))
        memset(memory, mark, size)
        held.append(UnsafeMutableRawBufferPointer(start: memory, count: size))
        if held.count > 20 {
          let block = held.remove(at: Int.random(in: 0..<held.count, using: &random))
          #expect(consists(block.baseAddress!, block.count, of: mark))
          plat_arena_free(arena, block.baseAddress, block.count)
        }
      }
      for block in held { plat_arena_free(arena, block.baseAddress, block.count) }
    }
    let arena = OpaquePointer(bitPattern: address)
    #expect(plat_arena_current_bytes(arena) == 0)
    #expect(plat_arena_peak_bytes(arena) > 0)
    plat_arena_destroy(arena)
  }

  /// Under the address sanitizer whatever is used after its arena has gone ends the process.
  @Test(.enabled(if: plat_arena_is_checked())) func whatIsUsedTooLateIsFound() async {
    await #expect(processExitsWith: .failure) {
      let arena = plat_arena_create(0)
      let memory = plat_arena_allocate(arena, 100)!.assumingMemoryBound(to: UInt8.self)
      plat_arena_destroy(arena)
      #expect(memory[50] == 0)
    }
  }

  /// Large memory is a map of its own: what is given back comes again to whoever asks for as much, as clean as is asked
  /// for.
  @Test(.disabled(if: plat_arena_is_checked(), "nothing is kept"), arguments: backends) func largeMemoryIsUsedAgain(
    backend: plat_arena_backend
  ) throws {
    let arena = try #require(plat_arena_create_from(backend, 64 << 20))
    defer { plat_arena_destroy(arena) }
    for size in [(256 << 10) + 4711, (5 << 20) + 4711 + Int(backend.rawValue) << 13] {
      let first = try #require(plat_arena_allocate(arena, size))
      #expect(UInt(bitPattern: first) % (size < 4 << 20 ? 64 : 2 << 20) == (size < 4 << 20 ? 0 : 64))
      #expect(consists(first, size, of: 0))
      memset(first, 0xff, size)
      plat_arena_free(arena, first, size)
      #expect(plat_large_kept_bytes() >= size)
      let dirty = try #require(plat_arena_allocate_uninitialized(arena, size))
      #expect(dirty == first)
      plat_arena_free(arena, dirty, size)
      let clean = try #require(plat_arena_allocate(arena, size))
      #expect(clean == first && consists(clean, size, of: 0))
      let other = try #require(plat_arena_allocate(arena, size))
      #expect(other != clean)
      plat_arena_free(arena, other, size)
      plat_arena_free(arena, clean, size)
    }
    #expect(plat_arena_current_bytes(arena) == 0)
    #expect(plat_arena_allocate(arena, (64 << 20) + 1) == nil)
  }

  /// However much is given back, no more than 32 MiB are kept, and the limit of an arena counts what it uses only.
  @Test(.disabled(if: plat_arena_is_checked(), "nothing is kept"), arguments: backends) func littleIsKept(
    backend: plat_arena_backend
  ) throws {
    let arena = try #require(plat_arena_create_from(backend, 0))
    defer { plat_arena_destroy(arena) }
    let sizes = (0..<40).map { (1 << 20) + $0 << 13 } + [40 << 20]
    for size in sizes { plat_arena_free(arena, try #require(plat_arena_allocate(arena, size)), size) }
    let blocks = try sizes.map { try #require(plat_arena_allocate(arena, $0)) }
    for (block, size) in zip(blocks, sizes) { plat_arena_free(arena, block, size) }
    #expect(plat_large_kept_bytes() > 16 << 20 && plat_large_kept_bytes() <= 32 << 20)
    #expect(plat_arena_current_bytes(arena) == 0)
    #expect(plat_arena_peak_bytes(arena) == UInt64(sizes.reduce(0, +)))
  }

  /// More arenas at once than are kept, several times: kept ones must come back empty and apart.
  @Test(arguments: backends) func manyArenasAtOnce(backend: plat_arena_backend) throws {
    for _ in 0..<3 {
      let arenas = try (0..<50).map { _ in try #require(plat_arena_create_from(backend, 0)) }
      let memories = try arenas.map { try #require(plat_arena_allocate($0, 10_000)) }
      #expect(Set(memories).count == 50)
      #expect(memories.allSatisfy { consists($0, 10_000, of: 0) })
      for memory in memories { memset(memory, 1, 10_000) }
      for arena in arenas { plat_arena_destroy(arena) }
    }
  }
}

private func memset(_ memory: UnsafeMutableRawPointer, _ byte: UInt8, _ sizeBytes: Int) {
  memory.initializeMemory(as: UInt8.self, repeating: byte, count: sizeBytes)
}

/// Whether all of it is `byte`: by words, as tests run without optimisation.
private func consists(_ memory: UnsafeRawPointer, _ sizeBytes: Int, of byte: UInt8) -> Bool {
  let word = UInt64(byte) &* 0x0101_0101_0101_0101
  let words = UnsafeBufferPointer(start: memory.assumingMemoryBound(to: UInt64.self), count: sizeBytes / 8)
  for index in words.indices where words[index] != word { return false }
  return (sizeBytes & ~7..<sizeBytes).allSatisfy { memory.load(fromByteOffset: $0, as: UInt8.self) == byte }
}
