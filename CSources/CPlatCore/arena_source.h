// What an arena gets its memory from. Not part of the interface.
#ifndef PLAT_ARENA_SOURCE_H
#define PLAT_ARENA_SOURCE_H
#include <stdbool.h>
#include "plat_arena.h"

enum { plat_arena_alignment = 64 };

/// How much an emptied arena may keep for the next one, and how many emptied arenas may be kept.
enum { plat_arena_kept_bytes = 1 << 20, plat_arena_kept_count = 16 };

/// From here on huge pages are asked for.
enum { plat_arena_huge_bytes = 4 << 20, plat_arena_large_bytes = 64 << 10 };

/// One source. All functions but `close` may run at the same time on several threads for one `state`.
struct plat_arena_source {
  const char *name;
  /// The state of a new arena; NULL where there is none to be had.
  void *(*open)(void);
  /// Frees all of it. `peakBytes` is the most that was in use at once.
  void (*close)(void *state, uint64_t peakBytes);
  /// At least one byte, at most PTRDIFF_MAX / 2.
  void *(*allocate)(void *state, size_t sizeBytes, bool zeroed);
  void (*free)(void *state, void *pointer, size_t sizeBytes);
};

/// NULL where the process has no jemalloc.
const struct plat_arena_source *plat_arena_jemalloc(void);
extern const struct plat_arena_source plat_arena_map;

#endif
