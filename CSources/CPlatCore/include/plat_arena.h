// Arenas: memory that is freed together, accounted together, and may be bounded.
#ifndef PLAT_ARENA_H
#define PLAT_ARENA_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct plat_arena plat_arena;

/// A new arena that holds at most `limitBytes` (0: no limit). NULL where there is no memory for it.
plat_arena *plat_arena_create(uint64_t limitBytes);
/// Frees the arena and all that came from it. NULL is allowed.
void plat_arena_destroy(plat_arena *arena);
/// `sizeBytes` of zeroed memory, aligned to 64 bytes. NULL where the limit or the system forbids it.
void *plat_arena_allocate(plat_arena *arena, size_t sizeBytes);
/// Gives one allocation back before the arena goes. `pointer` may be NULL; `sizeBytes` is what was asked for.
void plat_arena_free(plat_arena *arena, void *pointer, size_t sizeBytes);
/// Bytes in use now, and the most that ever were at once.
uint64_t plat_arena_current_bytes(const plat_arena *arena);
uint64_t plat_arena_peak_bytes(const plat_arena *arena);

#ifdef __cplusplus
}
#endif
#endif
