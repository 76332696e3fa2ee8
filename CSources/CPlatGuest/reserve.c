// What the library allocates where the host's malloc has nothing left.
//
// The Swift runtime ends the process where malloc fails. In the library, and nowhere else, its calls (and those of all that is
// linked in) come here, by the linker's --wrap, and go on to the host's malloc. Where that fails, the piece comes from the
// reserve: a MiB that is never touched until then, and behind it maps of the system's, should it be malloc alone that has nothing.
// So what is small goes on being had until the work is given up, which is soon: see plat_guest_is_short.
//
//     reserve  ┌──────┬───────┬──────┬────────────┬──────┬─────────────────────┐
//              │ head │ piece │ head │ free       │ head │ free                │
//              └──────┴───────┴──────┴────────────┴──────┴─────────────────────┘
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include "include/plat_guest.h"

void *__real_malloc(size_t sizeBytes);
void __real_free(void *pointer);
void *__real_realloc(void *pointer, size_t sizeBytes);
void *__real_calloc(size_t count, size_t sizeBytes);
int __real_posix_memalign(void **place, size_t alignment, size_t sizeBytes);
size_t __real_malloc_usable_size(void *pointer);

// Of C++: operator new and delete, as they are called for one thing, for a known size, for more than the usual alignment, for several.
void *__real__Znwm(size_t sizeBytes);
void *__real__ZnwmSt11align_val_t(size_t sizeBytes, size_t alignment);
void __real__ZdlPv(void *pointer);
void __real__ZdlPvm(void *pointer, size_t sizeBytes);
void __real__ZdlPvmSt11align_val_t(void *pointer, size_t sizeBytes, size_t alignment);
void __real__ZdaPv(void *pointer);
extern const char _ZSt7nothrow;
void *_ZnwmRKSt9nothrow_t(size_t sizeBytes, const void *nothrow);
void *_ZnwmSt11align_val_tRKSt9nothrow_t(size_t sizeBytes, size_t alignment, const void *nothrow);

enum { reserve_bytes = 1 << 20, unit_bytes = 16, map_count = 64, page_bytes = 4096 };

/// Before each piece of the reserve, free or not. Pieces lie end to end.
struct head {
  uint32_t units;      // with the head
  uint32_t is_used;
  uint64_t padding;
};

static _Alignas(page_bytes) uint8_t reserve[reserve_bytes];

static struct {
  pthread_mutex_t lock;
  bool is_begun;
  size_t used_units;
  struct { uint8_t *memory; size_t sizeBytes; } maps[map_count];
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

/// Pieces that are not malloc's, so that as a rule nobody looks further.
static _Atomic size_t piece_count, used_bytes;

int plat_guest_is_short(void) { return atomic_load_explicit(&used_bytes, memory_order_relaxed) > reserve_bytes / 4; }

static bool is_in_reserve(const void *pointer) { return (uintptr_t)pointer - (uintptr_t)reserve < reserve_bytes; }

static struct head *head_at(size_t unit) { return (struct head *)(reserve + unit * unit_bytes); }

/// The first place that is large enough; free neighbours are joined on the way. Under the lock.
static void *take_piece(size_t alignment, size_t sizeBytes) {
  const size_t all = reserve_bytes / unit_bytes, units = 1 + (sizeBytes + unit_bytes - 1) / unit_bytes;
  if (!state.is_begun) *head_at(0) = (struct head){.units = (uint32_t)all};
  state.is_begun = true;
  for (size_t at = 0; at < all; at += head_at(at)->units) {
    struct head *head = head_at(at);
    if (head->is_used) continue;
    while (at + head->units < all && !head_at(at + head->units)->is_used) head->units += head_at(at + head->units)->units;
    // Where the piece itself is aligned; what is before it becomes a free place of its own.
    size_t first = at;
    while (((first + 1) * unit_bytes) % alignment != 0) first++;
    if (first + units > at + head->units) continue;
    const size_t end = at + head->units;
    if (first > at) head->units = (uint32_t)(first - at);
    *head_at(first) = (struct head){.units = (uint32_t)units, .is_used = 1};
    if (first + units < end) *head_at(first + units) = (struct head){.units = (uint32_t)(end - first - units)};
    atomic_fetch_add(&used_bytes, units * unit_bytes);
    return head_at(first) + 1;
  }
  return NULL;
}

/// A map of its own. Under the lock.
static void *take_map(size_t sizeBytes) {
  for (size_t at = 0; at < map_count; at++) {
    if (state.maps[at].memory) continue;
    const size_t size = (sizeBytes + page_bytes - 1) & ~(size_t)(page_bytes - 1);
    uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    state.maps[at].memory = memory;
    state.maps[at].sizeBytes = size;
    return memory;
  }
  return NULL;
}

static void *take(size_t alignment, size_t sizeBytes) {
  if (alignment < unit_bytes) alignment = unit_bytes;
  if (sizeBytes > PTRDIFF_MAX / 2 || alignment > page_bytes) return NULL;
  pthread_mutex_lock(&state.lock);
  void *pointer = sizeBytes <= reserve_bytes / 8 ? take_piece(alignment, sizeBytes) : NULL;
  if (!pointer) pointer = take_map(sizeBytes);
  if (pointer) atomic_fetch_add(&piece_count, 1);
  pthread_mutex_unlock(&state.lock);
  return pointer;
}

/// Its size; 0: it is malloc's. `gives_back`: it is no more.
static size_t look_up(void *pointer, bool gives_back) {
  if (atomic_load_explicit(&piece_count, memory_order_relaxed) == 0) return 0;
  size_t sizeBytes = 0;
  pthread_mutex_lock(&state.lock);
  if (is_in_reserve(pointer)) {
    struct head *head = (struct head *)pointer - 1;
    sizeBytes = (head->units - 1) * (size_t)unit_bytes;
    if (gives_back) {
      head->is_used = 0;
      atomic_fetch_sub(&used_bytes, head->units * (size_t)unit_bytes);
    }
    if (sizeBytes == 0) sizeBytes = 1;
  } else {
    for (size_t at = 0; at < map_count && sizeBytes == 0; at++) {
      if (state.maps[at].memory != pointer) continue;
      sizeBytes = state.maps[at].sizeBytes;
      if (!gives_back) continue;
      munmap(pointer, sizeBytes);
      state.maps[at].memory = NULL;
    }
  }
  if (sizeBytes > 0 && gives_back) atomic_fetch_sub(&piece_count, 1);
  pthread_mutex_unlock(&state.lock);
  return sizeBytes;
}

#define OURS __attribute__((visibility("hidden")))

OURS void *__wrap_malloc(size_t sizeBytes) {
  void *pointer = __real_malloc(sizeBytes);
  return __builtin_expect(pointer != NULL, 1) ? pointer : take(unit_bytes, sizeBytes);
}

OURS void __wrap_free(void *pointer) {
  if (!pointer || look_up(pointer, true) > 0) return;
  __real_free(pointer);
}

OURS void *__wrap_calloc(size_t count, size_t sizeBytes) {
  void *pointer = __real_calloc(count, sizeBytes);
  size_t all;
  if (pointer || __builtin_mul_overflow(count, sizeBytes, &all)) return pointer;
  pointer = take(unit_bytes, all);
  return pointer ? memset(pointer, 0, all) : NULL;
}

OURS void *__wrap_realloc(void *pointer, size_t sizeBytes) {
  const size_t before = pointer ? look_up(pointer, false) : 0;
  if (before == 0) {
    void *larger = __real_realloc(pointer, sizeBytes);
    if (larger || sizeBytes == 0) return larger;
  }
  const size_t known = before > 0 ? before : pointer ? __real_malloc_usable_size(pointer) : 0;
  void *moved = __wrap_malloc(sizeBytes);
  if (!moved) return NULL;
  if (pointer) memcpy(moved, pointer, known < sizeBytes ? known : sizeBytes);
  __wrap_free(pointer);
  return moved;
}

OURS int __wrap_posix_memalign(void **place, size_t alignment, size_t sizeBytes) {
  const int status = __real_posix_memalign(place, alignment, sizeBytes);
  if (status != ENOMEM) return status;
  *place = take(alignment, sizeBytes);
  return *place ? 0 : ENOMEM;
}

OURS size_t __wrap_malloc_usable_size(void *pointer) {
  const size_t size = pointer ? look_up(pointer, false) : 0;
  return size > 0 ? size : __real_malloc_usable_size(pointer);
}

OURS void *__wrap__Znwm(size_t sizeBytes) {
  void *pointer = _ZnwmRKSt9nothrow_t(sizeBytes, &_ZSt7nothrow);
  if (!pointer) pointer = take(unit_bytes, sizeBytes);
  return pointer ? pointer : __real__Znwm(sizeBytes);   // which throws
}

OURS void *__wrap__ZnwmSt11align_val_t(size_t sizeBytes, size_t alignment) {
  void *pointer = _ZnwmSt11align_val_tRKSt9nothrow_t(sizeBytes, alignment, &_ZSt7nothrow);
  if (!pointer) pointer = take(alignment, sizeBytes);
  return pointer ? pointer : __real__ZnwmSt11align_val_t(sizeBytes, alignment);
}

OURS void __wrap__ZdlPv(void *pointer) {
  if (pointer && look_up(pointer, true) == 0) __real__ZdlPv(pointer);
}

OURS void __wrap__ZdlPvm(void *pointer, size_t sizeBytes) {
  if (pointer && look_up(pointer, true) == 0) __real__ZdlPvm(pointer, sizeBytes);
}

OURS void __wrap__ZdlPvmSt11align_val_t(void *pointer, size_t sizeBytes, size_t alignment) {
  if (pointer && look_up(pointer, true) == 0) __real__ZdlPvmSt11align_val_t(pointer, sizeBytes, alignment);
}

OURS void __wrap__ZdaPv(void *pointer) {
  if (pointer && look_up(pointer, true) == 0) __real__ZdaPv(pointer);
}
