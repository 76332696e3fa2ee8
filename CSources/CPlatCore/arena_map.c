// Arenas in anonymous maps, for processes without jemalloc.
//
// What is larger than 64 KiB gets a map of its own, behind a header of 64 bytes. Smaller memory is cut from chunks of
// 256 KiB:
//
//    chunk ┌────────┬──────────────┬──────────┬──────────┬──────────┬ ─ ─ ─ ─ ─ ─ ─ ─ ┐
//          │ header │ struct arena │ in use   │ given    │ in use   │ not yet cut      │
//          │        │ (first only) │          │ back     │          │                  │
//          └────────┴──────────────┴──────────┴──────────┴──────────┴ ─ ─ ─ ─ ─ ─ ─ ─ ┘
//                                                                   cursor             end
//
// in sizes of few classes, so that what is given back fits what is asked for next. Chunks are kept for the next arena:
// their pages are there already.
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include "arena_source.h"

enum {
  chunk_bytes = 256 << 10,
  largest_cut_bytes = 64 << 10,
  class_count = 16 + 6 * 4,
  page_bytes = 4096
};

/// The start of every map: of a chunk, or of what has a map of its own.
struct header {
  struct header *next, *previous;
  size_t sizeBytes;
} __attribute__((aligned(plat_arena_alignment)));

struct free_cut { struct free_cut *next; };

struct arena {
  pthread_mutex_t lock;
  struct header *chunks, *large;
  uint8_t *cursor, *end;
  struct free_cut *given_back[class_count];
} __attribute__((aligned(plat_arena_alignment)));

static struct {
  pthread_mutex_t lock;
  unsigned count;
  struct header *chunks;
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

enum { kept_chunk_count = plat_arena_kept_count * (plat_arena_kept_bytes / chunk_bytes) };

static struct header *map(size_t sizeBytes) {
  struct header *header = mmap(NULL, sizeBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (header == MAP_FAILED) return NULL;
  header->sizeBytes = sizeBytes;
  return header;
}

static struct header *take_chunk(void) {
  pthread_mutex_lock(&kept.lock);
  struct header *chunk = kept.chunks;
  if (chunk) {
    kept.chunks = chunk->next;
    kept.count -= 1;
  }
  pthread_mutex_unlock(&kept.lock);
  return chunk ? chunk : map(chunk_bytes);
}

static void give_up_chunk(struct header *chunk) {
  pthread_mutex_lock(&kept.lock);
  const bool keep = kept.count < kept_chunk_count;
  if (keep) {
    chunk->next = kept.chunks;
    kept.chunks = chunk;
    kept.count += 1;
  }
  pthread_mutex_unlock(&kept.lock);
  if (!keep) munmap(chunk, chunk_bytes);
}

static void let_go(void) {
  pthread_mutex_lock(&kept.lock);
  struct header *chunks = kept.chunks;
  kept.chunks = NULL;
  kept.count = 0;
  pthread_mutex_unlock(&kept.lock);
  for (struct header *next; chunks; chunks = next) {
    next = chunks->next;
    munmap(chunks, chunk_bytes);
  }
}

/// The class of a size of at most 64 KiB, which becomes the class's size: a multiple of 64 bytes to 1 KiB, then four
/// classes to each doubling.
static unsigned class_of(size_t *sizeBytes) {
  unsigned units = (unsigned)((*sizeBytes + plat_arena_alignment - 1) / plat_arena_alignment), class = units - 1;
  if (units > 16) {
    const unsigned doubling = 31 - (unsigned)__builtin_clz(units - 1), step = 1u << (doubling - 2);
    units = (units + step - 1) & ~(step - 1);
    class = 16 + (doubling - 4) * 4 + (units - (1u << doubling)) / step - 1;
  }
  *sizeBytes = (size_t)units * plat_arena_alignment;
  return class;
}

static void *open_arena(void) {
  struct header *chunk = take_chunk();
  if (!chunk) return NULL;
  chunk->next = NULL;
  struct arena *arena = (struct arena *)(chunk + 1);
  memset(arena, 0, sizeof *arena);
  pthread_mutex_init(&arena->lock, NULL);
  arena->chunks = chunk;
  arena->cursor = (uint8_t *)(arena + 1);
  arena->end = (uint8_t *)chunk + chunk_bytes;
  return arena;
}

static void close_arena(void *state, uint64_t peakBytes) {
  (void)peakBytes;
  struct arena *arena = state;
  pthread_mutex_destroy(&arena->lock);
  for (struct header *large = arena->large, *next; large; large = next) {
    next = large->next;
    munmap(large, large->sizeBytes);
  }
  for (struct header *chunk = arena->chunks, *next; chunk; chunk = next) {   // The last one holds the arena itself.
    next = chunk->next;
    give_up_chunk(chunk);
  }
}

static void *cut(struct arena *arena, size_t sizeBytes) {
  const unsigned class = class_of(&sizeBytes);
  struct free_cut *found = arena->given_back[class];
  if (found) {
    arena->given_back[class] = found->next;
    return found;
  }
  if ((size_t)(arena->end - arena->cursor) < sizeBytes) {
    struct header *chunk = take_chunk();
    if (!chunk) return NULL;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->cursor = (uint8_t *)(chunk + 1);
    arena->end = (uint8_t *)chunk + chunk_bytes;
  }
  void *pointer = arena->cursor;
  arena->cursor += sizeBytes;
  return pointer;
}

static void *allocate_large(struct arena *arena, size_t sizeBytes) {
  struct header *large = map((sizeBytes + sizeof *large + page_bytes - 1) & ~(size_t)(page_bytes - 1));
  if (!large) return NULL;
  pthread_mutex_lock(&arena->lock);
  large->previous = NULL;
  large->next = arena->large;
  if (large->next) large->next->previous = large;
  arena->large = large;
  pthread_mutex_unlock(&arena->lock);
  return large + 1;                     // Zeros, as fresh from the system.
}

static void *allocate(void *state, size_t sizeBytes, bool zeroed) {
  struct arena *arena = state;
  if (sizeBytes > largest_cut_bytes) return allocate_large(arena, sizeBytes);
  pthread_mutex_lock(&arena->lock);
  void *pointer = cut(arena, sizeBytes);
  pthread_mutex_unlock(&arena->lock);
  if (pointer && zeroed) memset(pointer, 0, sizeBytes);
  return pointer;
}

static void give_back_large(struct arena *arena, struct header *large) {
  pthread_mutex_lock(&arena->lock);
  if (large->next) large->next->previous = large->previous;
  if (large->previous) large->previous->next = large->next;
  else arena->large = large->next;
  pthread_mutex_unlock(&arena->lock);
  munmap(large, large->sizeBytes);
}

static void give_back(void *state, void *pointer, size_t sizeBytes) {
  struct arena *arena = state;
  if (sizeBytes > largest_cut_bytes) {
    give_back_large(arena, (struct header *)pointer - 1);
    return;
  }
  struct free_cut *freed = pointer;
  const unsigned class = class_of(&sizeBytes);
  pthread_mutex_lock(&arena->lock);
  freed->next = arena->given_back[class];
  arena->given_back[class] = freed;
  pthread_mutex_unlock(&arena->lock);
}

static void lock(void) { pthread_mutex_lock(&kept.lock); }
static void unlock(void) { pthread_mutex_unlock(&kept.lock); }

const struct plat_arena_source plat_arena_map = {"mmap", open_arena, close_arena, allocate, give_back, let_go, lock, unlock};
