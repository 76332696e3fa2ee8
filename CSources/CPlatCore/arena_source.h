// What an arena gets its memory from. Not part of the interface.
#ifndef PLAT_ARENA_SOURCE_H
#define PLAT_ARENA_SOURCE_H
#include <stdbool.h>
#include "plat_arena.h"

enum { plat_arena_alignment = 64 };

/// How much an emptied arena may keep for the next one, and how many emptied arenas may be kept.
enum { plat_arena_kept_bytes = 4 << 20, plat_arena_kept_count = 8 };

/// From here on memory does not come from the source: see arena_large.c. From `plat_arena_huge_bytes` on it is in huge pages.
/// Under the address sanitizer all of it is large, each piece from malloc and none kept, so that whatever is used after it was
/// freed, or beyond its end, is found.
#if defined(__SANITIZE_ADDRESS__)
#define PLAT_ARENA_CHECKED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PLAT_ARENA_CHECKED 1
#endif
#endif
#ifdef PLAT_ARENA_CHECKED
enum { plat_arena_large_bytes = 0 };
#else
enum { plat_arena_large_bytes = 256 << 10 };
#endif
enum { plat_arena_huge_bytes = 4 << 20 };

/// What is over this is refused where too little would be left for the small things.
enum { plat_arena_spare_bytes = 64 << 10 };

/// Whether small things have no memory left.
bool plat_arena_is_short(void);

/// Whether anything may be kept.
bool plat_arena_is_held(void);

/// One source of memory that is not large. All functions but `close` may run at the same time on several threads for one `state`.
struct plat_arena_source {
  const char *name;
  /// The state of a new arena; NULL where there is none to be had.
  void *(*open)(void);
  /// Frees all of it; it may be kept for the next arena. `peakBytes` is the most that was in use at once.
  void (*close)(void *state, uint64_t peakBytes);
  /// At least one byte, less than `plat_arena_large_bytes`.
  void *(*allocate)(void *state, size_t sizeBytes, bool zeroed);
  void (*free)(void *state, void *pointer, size_t sizeBytes);
  /// Gives back what it keeps.
  void (*let_go)(void);
  /// Around a fork: what is kept is as it should be in both processes.
  void (*lock)(void);
  void (*unlock)(void);
};

/// NULL where the process has no jemalloc.
const struct plat_arena_source *plat_arena_jemalloc(void);
extern const struct plat_arena_source plat_arena_map;

/// Large memory of one arena, in its list.
struct plat_large;
void *plat_large_allocate(struct plat_large **list, size_t sizeBytes, bool zeroed);
void plat_large_free(struct plat_large **list, void *pointer);
void plat_large_free_all(struct plat_large **list);
/// Gives back what is kept.
void plat_large_let_go(void);
void plat_large_lock(void);
void plat_large_unlock(void);

#endif
