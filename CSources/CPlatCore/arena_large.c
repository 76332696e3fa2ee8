// Large memory: a map of its own for each piece, whatever source an arena has. From 4 MiB on it begins where a huge page does.
//
//     map   ┌────────┬───────────────────────────────┬ ─ ─ ─ ─ ─ ┐
//           │ header │ what was asked for            │ to the     │
//           └────────┴───────────────────────────────┴ page's end ┘
//
// The system clears every page before it gives it out, which takes longer than many a pass over it. So what one plan gives back is
// kept for whoever asks for as much next, a bounded amount, the oldest goes first; and only while somebody is there: see
// plat_arena_hold.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "arena_source.h"

#ifdef PLAT_ARENA_CHECKED
enum { page_bytes = plat_arena_alignment, kept_bytes = 0, is_checked = true };
#else
enum { page_bytes = 4096, huge_page_bytes = 2 << 20, kept_bytes = 32 << 20, is_checked = false };
#endif

bool plat_arena_is_checked(void) { return is_checked; }

struct plat_large {
  struct plat_large *next, *previous;
  size_t sizeBytes;                     // of the map
} __attribute__((aligned(plat_arena_alignment)));

/// What is kept, the latest first; and the lock for all arenas' lists, which are hardly ever changed.
static struct {
  pthread_mutex_t lock;
  struct plat_large *first, *last;
  size_t bytes;
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

#ifdef PLAT_ARENA_CHECKED
static struct plat_large *map(size_t sizeBytes) {
  struct plat_large *large = aligned_alloc(plat_arena_alignment, sizeBytes);
  if (large) large->sizeBytes = sizeBytes;
  return large;
}

static void unmap_one(struct plat_large *large) { free(large); }
#else
/// Asks the system for huge pages where they lie inside the map as a whole, so that no more is taken than asked for: touching
/// 12 MB for the first time then takes less than half as long.
static struct plat_large *map(size_t sizeBytes) {
  const size_t room = sizeBytes < plat_arena_huge_bytes ? sizeBytes : sizeBytes + huge_page_bytes;
  uint8_t *memory = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  if (room > sizeBytes) {
    uint8_t *first = (uint8_t *)(((uintptr_t)memory + huge_page_bytes - 1) & ~(uintptr_t)(huge_page_bytes - 1));
    if (first > memory) munmap(memory, (size_t)(first - memory));
    if (first + sizeBytes < memory + room) munmap(first + sizeBytes, (size_t)(memory + room - (first + sizeBytes)));
    memory = first;
#ifdef MADV_HUGEPAGE
    madvise(memory, sizeBytes & ~(size_t)(huge_page_bytes - 1), MADV_HUGEPAGE);   // Advice: it may be refused.
#endif
  }
  struct plat_large *large = (struct plat_large *)memory;
  large->sizeBytes = sizeBytes;
  return large;
}

static void unmap_one(struct plat_large *large) { munmap(large, large->sizeBytes); }
#endif

static void push(struct plat_large **first, struct plat_large *large) {
  large->previous = NULL;
  large->next = *first;
  if (large->next) large->next->previous = large;
  *first = large;
}

static void take_out(struct plat_large **first, struct plat_large *large) {
  if (large->next) large->next->previous = large->previous;
  if (large->previous) large->previous->next = large->next;
  else *first = large->next;
}

static void drop(struct plat_large *large) {
  if (kept.last == large) kept.last = large->previous;
  take_out(&kept.first, large);
  kept.bytes -= large->sizeBytes;
}

void *plat_large_allocate(struct plat_large **list, size_t sizeBytes, bool zeroed) {
  const size_t size = (sizeBytes + sizeof(struct plat_large) + page_bytes - 1) & ~(size_t)(page_bytes - 1);
  pthread_mutex_lock(&kept.lock);
  struct plat_large *large = kept.first;
  while (large && large->sizeBytes != size) large = large->next;
  if (large) {
    drop(large);
    push(list, large);
  }
  pthread_mutex_unlock(&kept.lock);
  if (large) {
    if (zeroed) memset(large + 1, 0, sizeBytes);
    return large + 1;
  }
  large = map(size);
  if (!large) {
    plat_large_let_go();
    large = map(size);
  }
  if (!large) return NULL;
  if (is_checked && zeroed) memset(large + 1, 0, sizeBytes);   // A map is clean.
  pthread_mutex_lock(&kept.lock);
  push(list, large);
  pthread_mutex_unlock(&kept.lock);
  return large + 1;
}

/// Under the lock: keeps it, or returns what goes instead, linked by `next`.
static struct plat_large *keep(struct plat_large *large) {
  struct plat_large *gone = NULL;
  if (!plat_arena_is_held() || large->sizeBytes > kept_bytes) {
    large->next = NULL;
    return large;
  }
  while (kept.bytes + large->sizeBytes > kept_bytes) {
    struct plat_large *oldest = kept.last;
    drop(oldest);
    oldest->next = gone;
    gone = oldest;
  }
  push(&kept.first, large);
  if (!kept.last) kept.last = large;
  kept.bytes += large->sizeBytes;
  return gone;
}

static void unmap(struct plat_large *gone) {
  for (struct plat_large *next; gone; gone = next) {
    next = gone->next;
    unmap_one(gone);
  }
}

void plat_large_free(struct plat_large **list, void *pointer) {
  struct plat_large *large = (struct plat_large *)pointer - 1;
  pthread_mutex_lock(&kept.lock);
  take_out(list, large);
  struct plat_large *gone = keep(large);
  pthread_mutex_unlock(&kept.lock);
  unmap(gone);
}

void plat_large_free_all(struct plat_large **list) {
  while (*list) plat_large_free(list, *list + 1);
}

void plat_large_let_go(void) {
  pthread_mutex_lock(&kept.lock);
  struct plat_large *gone = kept.first;
  kept.first = kept.last = NULL;
  kept.bytes = 0;
  pthread_mutex_unlock(&kept.lock);
  unmap(gone);
}

void plat_large_lock(void) { pthread_mutex_lock(&kept.lock); }
void plat_large_unlock(void) { pthread_mutex_unlock(&kept.lock); }

static bool is_left(size_t sizeBytes) {
  void *trial = mmap(NULL, sizeBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (trial == MAP_FAILED) return false;
  munmap(trial, sizeBytes);
  return true;
}

int plat_room_is_left(uint64_t sizeBytes) {
  if (plat_arena_is_short()) return 0;
  if (sizeBytes == 0) return 1;
  if (sizeBytes > PTRDIFF_MAX / 2) return 0;
  if (is_left((size_t)sizeBytes)) return 1;
  plat_large_let_go();
  return is_left((size_t)sizeBytes);
}

uint64_t plat_large_kept_bytes(void) {
  pthread_mutex_lock(&kept.lock);
  const size_t bytes = kept.bytes;
  pthread_mutex_unlock(&kept.lock);
  return bytes;
}
