// Arenas: the limit, the accounting, the choice of the source, and how long anything is kept.
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "arena_source.h"

struct plat_arena {
  const struct plat_arena_source *source;
  void *state;
  struct plat_large *large;
  uint64_t limit;                       // UINT64_MAX: none
  _Atomic uint64_t current, peak;
  _Atomic uint64_t small, small_peak;   // of these, what comes from the source
};

/// Open arenas and other holders.
static _Atomic uint64_t holders;

bool plat_arena_is_held(void) { return atomic_load(&holders) > 0; }

void plat_arena_hold(void) { atomic_fetch_add(&holders, 1); }

void plat_arena_let_go(void) {
  if (atomic_fetch_sub(&holders, 1) != 1) return;
  const struct plat_arena_source *jemalloc = plat_arena_jemalloc();
  if (jemalloc) jemalloc->let_go();
  plat_arena_map.let_go();
  plat_large_let_go();
}

/// In the C library only: see CPlatGuest.
extern int plat_guest_is_short(void) __attribute__((weak));

bool plat_arena_is_short(void) { return plat_guest_is_short && plat_guest_is_short(); }

static const struct plat_arena_source *preferred_source(void) {
  const struct plat_arena_source *jemalloc = plat_arena_jemalloc();
  return jemalloc ? jemalloc : &plat_arena_map;
}

// A host may fork while another of its threads works here: the child, in which that thread is no more, finds no lock taken.
static void before_fork(void) {
  const struct plat_arena_source *jemalloc = plat_arena_jemalloc();
  if (jemalloc) jemalloc->lock();
  plat_arena_map.lock();
  plat_large_lock();
}

static void after_fork(void) {
  const struct plat_arena_source *jemalloc = plat_arena_jemalloc();
  plat_large_unlock();
  plat_arena_map.unlock();
  if (jemalloc) jemalloc->unlock();
}

static void heed_forks(void) { pthread_atfork(before_fork, after_fork, after_fork); }

static plat_arena *create_from(const struct plat_arena_source *source, uint64_t limitBytes) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (!source) return NULL;
  pthread_once(&once, heed_forks);
  plat_arena *arena = malloc(sizeof *arena);
  if (!arena) return NULL;
  void *state = source->open();
  if (!state) {
    free(arena);
    return NULL;
  }
  plat_arena_hold();
  arena->source = source;
  arena->state = state;
  arena->large = NULL;
  arena->limit = limitBytes ? limitBytes : UINT64_MAX;
  atomic_init(&arena->current, 0);
  atomic_init(&arena->peak, 0);
  atomic_init(&arena->small, 0);
  atomic_init(&arena->small_peak, 0);
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
  plat_large_free_all(&arena->large);
  arena->source->close(arena->state, atomic_load(&arena->small_peak));
  free(arena);
  plat_arena_let_go();
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

static void raise(_Atomic uint64_t *peak, uint64_t inUse) {
  uint64_t before = atomic_load_explicit(peak, memory_order_relaxed);
  while (before < inUse && !atomic_compare_exchange_weak_explicit(peak, &before, inUse, memory_order_relaxed,
                                                                  memory_order_relaxed)) {}
}

static void *allocate_small(plat_arena *arena, size_t sizeBytes, bool zeroed) {
  void *pointer = arena->source->allocate(arena->state, sizeBytes ? sizeBytes : 1, zeroed);
  if (pointer) {
    raise(&arena->small_peak, atomic_fetch_add_explicit(&arena->small, sizeBytes, memory_order_relaxed) + sizeBytes);
  }
  return pointer;
}

static void *allocate(plat_arena *arena, size_t sizeBytes, bool zeroed) {
  uint64_t inUse;
  // Beyond PTRDIFF_MAX / 2, which no machine has, rounding up could overflow.
  if (sizeBytes > PTRDIFF_MAX / 2 || plat_arena_is_short() || !count_in(arena, sizeBytes, &inUse)) return NULL;
  void *pointer = sizeBytes < plat_arena_large_bytes ? allocate_small(arena, sizeBytes, zeroed)
                                                     : plat_large_allocate(&arena->large, sizeBytes, zeroed);
  if (!pointer) {
    count_out(arena, sizeBytes);
    return NULL;
  }
  if (sizeBytes > plat_arena_spare_bytes && !plat_room_is_left((1 << 20) + inUse / 8)) {
    plat_arena_free(arena, pointer, sizeBytes);
    return NULL;
  }
  raise(&arena->peak, inUse);
  return pointer;
}

void *plat_arena_allocate(plat_arena *arena, size_t sizeBytes) { return allocate(arena, sizeBytes, true); }

void *plat_arena_allocate_uninitialized(plat_arena *arena, size_t sizeBytes) {
  return allocate(arena, sizeBytes, false);
}

void plat_arena_free(plat_arena *arena, void *pointer, size_t sizeBytes) {
  if (!pointer) return;
  count_out(arena, sizeBytes);
  if (sizeBytes >= plat_arena_large_bytes) {
    plat_large_free(&arena->large, pointer);
    return;
  }
  arena->source->free(arena->state, pointer, sizeBytes ? sizeBytes : 1);
  atomic_fetch_sub_explicit(&arena->small, sizeBytes, memory_order_relaxed);
}

uint64_t plat_arena_current_bytes(const plat_arena *arena) {
  return atomic_load_explicit(&arena->current, memory_order_relaxed);
}

uint64_t plat_arena_peak_bytes(const plat_arena *arena) {
  return atomic_load_explicit(&arena->peak, memory_order_relaxed);
}
