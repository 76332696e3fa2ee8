// Arenas: memory that is freed and accounted together, and may be bounded.
//
// Where the process has jemalloc (linked or preloaded), an arena is one of jemalloc's; where not, it lives in anonymous
// maps of its own. Both behave and count the same. Several threads may allocate from and give back to one arena at the
// same time; only plat_arena_destroy must be alone.
#ifndef PLAT_ARENA_H
#define PLAT_ARENA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

// ---- Making one and taking memory from it -------------------------------------------------------------------

typedef struct plat_arena plat_arena;

/// A new arena that holds at most `limitBytes` (0: no limit). NULL where there is no memory for it.
/// Cheap enough for one arena a plan: see plat_arena_hold.
plat_arena *plat_arena_create(uint64_t limitBytes);

/// Frees the arena and all that came from it. NULL is allowed.
void plat_arena_destroy(plat_arena *arena);

/// `sizeBytes` of zeroed memory, aligned to 64 bytes. NULL where the limit or the system forbids it; the arena stays
/// usable, and what was allocated stays. A size of 0 gives a pointer of its own that must not be read.
void *plat_arena_allocate(plat_arena *arena, size_t sizeBytes);

/// The same without zeroing, for memory that is written before it is read.
void *plat_arena_allocate_uninitialized(plat_arena *arena, size_t sizeBytes);

/// Gives one allocation back before the arena goes. `pointer` may be NULL; `sizeBytes` is what was asked for.
void plat_arena_free(plat_arena *arena, void *pointer, size_t sizeBytes);

/// What arenas give back is kept for those that come next, at most 8 emptied arenas of 4 MiB and 32 MiB of large memory, while
/// an arena is open or somebody holds it: who lets go last gives all of it back to the system. Each call of the first goes with
/// one of the second.
void plat_arena_hold(void);
void plat_arena_let_go(void);

// ---- Accounting ---------------------------------------------------------------------------------------------

/// Bytes in use now, and the most that ever were at once: the sizes asked for, without rounding, which is also what
/// the limit bounds.
uint64_t plat_arena_current_bytes(const plat_arena *arena);
uint64_t plat_arena_peak_bytes(const plat_arena *arena);

/// For tests: large memory that is kept, in bytes.
uint64_t plat_large_kept_bytes(void);

// ---- What the system has left -------------------------------------------------------------------------------

/// 1 where the system would give `sizeBytes` more to this process, by a map that is given back at once, untouched: under a limit
/// on the address space or without overcommitment, that is what malloc would find. What is kept goes back first. About a microsecond.
///
/// Arenas leave room: what is over 64 KiB is NULL where less than 1 MiB and an eighth of what the arena holds would be left. So
/// whoever works in one finds memory for the small things that cannot do without.
int plat_room_is_left(uint64_t sizeBytes);

// ---- Where the memory comes from ----------------------------------------------------------------------------

typedef enum plat_arena_backend {
  PLAT_ARENA_BACKEND_JEMALLOC = 0,   ///< An arena of jemalloc, where the process has jemalloc.
  PLAT_ARENA_BACKEND_MMAP = 1        ///< Anonymous maps. Always there.
} plat_arena_backend;

/// "jemalloc" or "mmap": where plat_arena_create gets its arenas in this process. Static memory.
const char *plat_arena_backend_name(void);

/// Whether each piece comes from malloc by itself and nothing is kept: so it is where all is built with the address sanitizer, which
/// then finds what is used after it was freed.
bool plat_arena_is_checked(void);

/// For tests: plat_arena_create from the given backend. NULL also where the process does not have it.
plat_arena *plat_arena_create_from(plat_arena_backend backend, uint64_t limitBytes);

#ifdef __cplusplus
}
#endif
#endif
