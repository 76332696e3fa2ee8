// Arenas: the limit, the accounting, and the choice of the source.
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "arena_source.h"

struct plat_arena {
  const struct plat_arena_source *source;
  void *state;
  uint64_t limit;                       // UINT64_MAX: none
  _Atomic uint64_t current, peak;
};

static const struct plat_arena_source *preferred_source(void) {
  const struct plat_arena_source *jemalloc = plat_arena_jemalloc();
  return jemalloc ? jemalloc : &plat_arena_map;
}

static plat_arena *create_from(const struct plat_arena_source *source, uint64_t limitBytes) {
  if (!source) return NULL;
  plat_arena *arena = malloc(sizeof *arena);
  if (!arena) return NULL;
  void *state = source->open();
  if (!state) {
    free(arena);
    return NULL;
  }
  arena->source = source;
  arena->state = state;
  arena->limit = limitBytes ? limitBytes : UINT64_MAX;
  atomic_init(&arena->current, 0);
  atomic_init(&arena->peak, 0);
  return arena;
}

plat_arena *plat_arena_create(uint64_t limitBytes) {
  // jemalloc has some 4,000 arenas and no more; maps go on.
  plat_arena *arena = create_from(plat_arena_jemalloc(), limitBytes);
  return arena ? arena : create_from(&plat_arena_map, limitBytes);
}

plat_arena *plat_arena_create_from(plat_arena_backend backend, uint64_t limitBytes) {
  switch (backend) {
    case PLAT_ARENA_BACKEND_JEMALLOC: return create_from(plat_arena_jemalloc(), limitBytes);
    case PLAT_ARENA_BACKEND_MMAP: return create_from(&plat_arena_map, limitBytes);
    default: return NULL;
  }
}

const char *plat_arena_backend_name(void) { return preferred_source()->name; }

void plat_arena_destroy(plat_arena *arena) {
  if (!arena) return;
  arena->source->close(arena->state, plat_arena_peak_bytes(arena));
  free(arena);
}

/// Counts `sizeBytes` in, unless the limit forbids it; `after` is what is in use then.
static bool count_in(plat_arena *arena, uint64_t sizeBytes, uint64_t *after) {
  uint64_t before = atomic_load_explicit(&arena->current, memory_order_relaxed);
  do {
    if (sizeBytes > arena->limit - before) return false;
    *after = before + sizeBytes;
  } while (!atomic_compare_exchange_weak_explicit(&arena->current, &before, *after, memory_order_relaxed,
                                                  memory_order_relaxed));
  return true;
}

static void count_out(plat_arena *arena, uint64_t sizeBytes) {
  atomic_fetch_sub_explicit(&arena->current, sizeBytes, memory_order_relaxed);
}

static void raise_peak(plat_arena *arena, uint64_t inUse) {
  uint64_t peak = atomic_load_explicit(&arena->peak, memory_order_relaxed);
  while (peak < inUse && !atomic_compare_exchange_weak_explicit(&arena->peak, &peak, inUse, memory_order_relaxed,
                                                                memory_order_relaxed)) {}
}

/// Asks the system for huge pages where they lie inside the memory as a whole, so that no more is taken than asked for:
/// touching 12 MB for the first time takes 1 ms instead of 10.
static void advise_huge_pages(void *pointer, size_t sizeBytes) {
#ifdef MADV_HUGEPAGE
  const uintptr_t huge = 2 << 20;
  if (sizeBytes < plat_arena_huge_bytes) return;
  const uintptr_t first = ((uintptr_t)pointer + huge - 1) & ~(huge - 1);
  const uintptr_t end = ((uintptr_t)pointer + sizeBytes) & ~(huge - 1);
  if (first < end) madvise((void *)first, end - first, MADV_HUGEPAGE);  // Advice: it may be refused.
#else
  (void)pointer;
  (void)sizeBytes;
#endif
}

int plat_room_is_left(uint64_t sizeBytes) {
  if (sizeBytes == 0) return 1;
  if (sizeBytes > PTRDIFF_MAX / 2) return 0;
  void *trial = mmap(NULL, (size_t)sizeBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (trial == MAP_FAILED) return 0;
  munmap(trial, (size_t)sizeBytes);
  return 1;
}

static void *allocate(plat_arena *arena, size_t sizeBytes, bool zeroed) {
  uint64_t inUse;
  // Beyond PTRDIFF_MAX / 2, which no machine has, rounding up could overflow.
  if (sizeBytes > PTRDIFF_MAX / 2 || !count_in(arena, sizeBytes, &inUse)) return NULL;
  void *pointer = arena->source->allocate(arena->state, sizeBytes ? sizeBytes : 1, zeroed);
  if (pointer && sizeBytes > plat_arena_large_bytes && !plat_room_is_left((1 << 20) + inUse / 8)) {
    arena->source->free(arena->state, pointer, sizeBytes);
    pointer = NULL;
  }
  if (!pointer) {
    count_out(arena, sizeBytes);
    return NULL;
  }
  raise_peak(arena, inUse);
  advise_huge_pages(pointer, sizeBytes);
  return pointer;
}

void *plat_arena_allocate(plat_arena *arena, size_t sizeBytes) { return allocate(arena, sizeBytes, true); }

void *plat_arena_allocate_uninitialized(plat_arena *arena, size_t sizeBytes) {
  return allocate(arena, sizeBytes, false);
}

void plat_arena_free(plat_arena *arena, void *pointer, size_t sizeBytes) {
  if (!pointer) return;
  arena->source->free(arena->state, pointer, sizeBytes ? sizeBytes : 1);
  count_out(arena, sizeBytes);
}

uint64_t plat_arena_current_bytes(const plat_arena *arena) {
  return atomic_load_explicit(&arena->current, memory_order_relaxed);
}

uint64_t plat_arena_peak_bytes(const plat_arena *arena) {
  return atomic_load_explicit(&arena->peak, memory_order_relaxed);
}
