// Arenas of jemalloc, where the process has it. Its functions are referred to weakly, so that the library neither needs
// libjemalloc nor brings it along.
//
// Making an arena of jemalloc takes 60 µs and destroying it 50, resetting it 1: arenas that held little are reset and
// kept for the next plan, others are destroyed, which gives their pages back to the system.
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "arena_source.h"

extern void *mallocx(size_t sizeBytes, int flags) __attribute__((weak));
extern void sdallocx(void *pointer, size_t sizeBytes, int flags) __attribute__((weak));
extern int mallctl(const char *name, void *old, size_t *oldLength, void *new, size_t newLength) __attribute__((weak));

// As in jemalloc.h: part of its ABI.
#define FLAG_ALIGNED_TO_64 6
#define FLAG_NO_THREAD_CACHE (1 << 8)            // A thread cache would outlive the arena.
#define FLAG_ARENA(index) (((int)(index) + 1) << 20)

/// Indices of empty arenas.
static struct {
  pthread_mutex_t lock;
  unsigned count, indices[plat_arena_kept_count];
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

// The state is no pointer: it is the arena's flags, which are never 0.
static int flags_of(void *state) { return (int)(intptr_t)state; }
static void *state_of(unsigned index) {
  return (void *)(intptr_t)(FLAG_ARENA(index) | FLAG_NO_THREAD_CACHE | FLAG_ALIGNED_TO_64);
}
static unsigned index_of(void *state) { return (unsigned)(flags_of(state) >> 20) - 1; }

static void *open_arena(void) {
  unsigned index;
  bool found = false;
  pthread_mutex_lock(&kept.lock);
  if (kept.count > 0) {
    kept.count -= 1;
    index = kept.indices[kept.count];
    found = true;
  }
  pthread_mutex_unlock(&kept.lock);
  size_t length = sizeof index;
  if (!found && mallctl("arenas.create", &index, &length, NULL, 0) != 0) return NULL;
  return state_of(index);
}

static void control(unsigned index, const char *how) {
  char name[32];
  snprintf(name, sizeof name, "arena.%u.%s", index, how);
  mallctl(name, NULL, NULL, NULL, 0);
}

static void close_arena(void *state, uint64_t peakBytes) {
  const unsigned index = index_of(state);
  bool keep = peakBytes <= plat_arena_kept_bytes;
  if (keep) {
    control(index, "reset");
    pthread_mutex_lock(&kept.lock);
    keep = kept.count < plat_arena_kept_count;
    if (keep) kept.indices[kept.count++] = index;
    pthread_mutex_unlock(&kept.lock);
  }
  if (!keep) control(index, "destroy");
}

static void let_go(void) {
  for (;;) {
    pthread_mutex_lock(&kept.lock);
    const bool isAny = kept.count > 0;
    const unsigned index = isAny ? kept.indices[--kept.count] : 0;
    pthread_mutex_unlock(&kept.lock);
    if (!isAny) return;
    control(index, "destroy");
  }
}

/// jemalloc itself would give used pages back to the system and have them cleared there, one page fault each.
static void *allocate(void *state, size_t sizeBytes, bool zeroed) {
  void *pointer = mallocx(sizeBytes, flags_of(state));
  return pointer && zeroed ? memset(pointer, 0, sizeBytes) : pointer;
}

static void give_back(void *state, void *pointer, size_t sizeBytes) {
  sdallocx(pointer, sizeBytes, flags_of(state));
}

static const struct plat_arena_source source = {"jemalloc", open_arena, close_arena, allocate, give_back, let_go};

const struct plat_arena_source *plat_arena_jemalloc(void) {
  return mallocx && sdallocx && mallctl ? &source : NULL;
}
