// Arenas of jemalloc, where the process has it. Its functions are referred to weakly, so that the library neither needs
// libjemalloc nor brings it along.
//
// An arena is never destroyed: jemalloc 5.3 keeps some 8 KiB of each for good. One that is closed is reset, which takes 1 µs (making
// one 60), and stands in a list for whoever opens the next; so there are never more than were open at once. Its pages go back
// to the system where it held much, and with the last holder.
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

/// As MALLOCX_ARENA_LIMIT of jemalloc: it has no more.
enum { arenas_at_most = 4095 };

/// Indices of empty arenas, the latest last: it is the first to be opened again. The first `purged_count` of them hold no pages.
static struct {
  pthread_mutex_t lock;
  unsigned count, purged_count;
  unsigned indices[arenas_at_most];
} idle = {.lock = PTHREAD_MUTEX_INITIALIZER};

// The state is no pointer: it is the arena's flags, which are never 0.
static int flags_of(void *state) { return (int)(intptr_t)state; }
static void *state_of(unsigned index) {
  return (void *)(intptr_t)(FLAG_ARENA(index) | FLAG_NO_THREAD_CACHE | FLAG_ALIGNED_TO_64);
}
static unsigned index_of(void *state) { return (unsigned)(flags_of(state) >> 20) - 1; }

static void *open_arena(void) {
  unsigned index;
  pthread_mutex_lock(&idle.lock);
  const bool is_found = idle.count > 0;
  if (is_found) {
    index = idle.indices[--idle.count];
    if (idle.purged_count > idle.count) idle.purged_count = idle.count;
  }
  pthread_mutex_unlock(&idle.lock);
  size_t length = sizeof index;
  if (!is_found && (mallctl("arenas.create", &index, &length, NULL, 0) != 0 || index >= arenas_at_most)) return NULL;
  return state_of(index);
}

static void control(unsigned index, const char *how) {
  char name[32];
  snprintf(name, sizeof name, "arena.%u.%s", index, how);
  mallctl(name, NULL, NULL, NULL, 0);
}

static void close_arena(void *state, uint64_t peakBytes) {
  const unsigned index = index_of(state);
  control(index, "reset");
  if (peakBytes > plat_arena_kept_bytes) control(index, "purge");
  pthread_mutex_lock(&idle.lock);
  // What is kept for the next is bounded: of many idle arenas those that were closed first hold nothing.
  const bool is_many = idle.count - idle.purged_count >= plat_arena_kept_count;
  if (is_many) control(idle.indices[idle.purged_count++], "purge");
  idle.indices[idle.count++] = index;
  pthread_mutex_unlock(&idle.lock);
}

/// Under the lock, so that nobody opens one meanwhile.
static void let_go(void) {
  pthread_mutex_lock(&idle.lock);
  while (idle.purged_count < idle.count) control(idle.indices[idle.purged_count++], "purge");
  pthread_mutex_unlock(&idle.lock);
}

static void lock(void) { pthread_mutex_lock(&idle.lock); }
static void unlock(void) { pthread_mutex_unlock(&idle.lock); }

/// jemalloc itself would give used pages back to the system and have them cleared there, one page fault each.
static void *allocate(void *state, size_t sizeBytes, bool zeroed) {
  void *pointer = mallocx(sizeBytes, flags_of(state));
  return pointer && zeroed ? memset(pointer, 0, sizeBytes) : pointer;
}

static void give_back(void *state, void *pointer, size_t sizeBytes) {
  sdallocx(pointer, sizeBytes, flags_of(state));
}

static const struct plat_arena_source source = {"jemalloc", open_arena, close_arena, allocate, give_back, let_go, lock, unlock};

const struct plat_arena_source *plat_arena_jemalloc(void) {
  return mallocx && sdallocx && mallctl ? &source : NULL;
}
