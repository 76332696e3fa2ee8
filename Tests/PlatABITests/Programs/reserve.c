/* The reserve behind a malloc that fails now and then: reserve SEED EVENTS, built with CSources/CPlatGuest/reserve.c. Pieces of any size and
 * alignment are taken, grown and given back, each full of its own mark, which must stay; what is taken must be aligned and in nobody
 * else's piece; in the end nothing is used. "plant": a mark that is overwritten, which must be found. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"

int plat_guest_is_short(void);
void *__wrap_malloc(size_t);
void __wrap_free(void *);
void *__wrap_calloc(size_t, size_t);
void *__wrap_realloc(void *, size_t);
int __wrap_posix_memalign(void **, size_t, size_t);
size_t __wrap_malloc_usable_size(void *);
void *__wrap__Znwm(size_t);
void __wrap__ZdlPv(void *);

/* In place of the linker's. */
static int fails;
size_t malloc_usable_size(void *);
void *__real_malloc(size_t bytes) { return fails ? NULL : malloc(bytes); }
void __real_free(void *pointer) { free(pointer); }
void *__real_realloc(void *pointer, size_t bytes) { return fails ? NULL : realloc(pointer, bytes); }
void *__real_calloc(size_t count, size_t bytes) { return fails ? NULL : calloc(count, bytes); }
int __real_posix_memalign(void **place, size_t alignment, size_t bytes) { return fails ? ENOMEM : posix_memalign(place, alignment, bytes); }
size_t __real_malloc_usable_size(void *pointer) { return malloc_usable_size(pointer); }
const char _ZSt7nothrow = 0;
void *_ZnwmRKSt9nothrow_t(size_t bytes, const void *nothrow) { return (void)nothrow, __real_malloc(bytes); }
void *_ZnwmSt11align_val_tRKSt9nothrow_t(size_t bytes, size_t alignment, const void *nothrow) { return (void)alignment, (void)nothrow, __real_malloc(bytes); }
void *__real__Znwm(size_t bytes) { return (void)bytes, NULL; }
void *__real__ZnwmSt11align_val_t(size_t bytes, size_t alignment) { return (void)bytes, (void)alignment, NULL; }
void __real__ZdlPv(void *pointer) { free(pointer); }
void __real__ZdlPvm(void *pointer, size_t bytes) { (void)bytes, free(pointer); }
void __real__ZdlPvmSt11align_val_t(void *pointer, size_t bytes, size_t alignment) { (void)bytes, (void)alignment, free(pointer); }
void __real__ZdaPv(void *pointer) { free(pointer); }

enum { most_pieces = 400 };
static struct { uint8_t *memory; size_t bytes; uint8_t mark; int is_of_cpp; } pieces[most_pieces];
static size_t count;

static uint64_t state;
static uint32_t drawn(uint32_t below) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33) % below;
}

static void check(size_t at) {
  for (size_t byte = 0; byte < pieces[at].bytes; byte++) CHECK(pieces[at].memory[byte] == pieces[at].mark);
}

static void drop(size_t at) {
  check(at);
  if (pieces[at].is_of_cpp) __wrap__ZdlPv(pieces[at].memory);
  else __wrap_free(pieces[at].memory);
  pieces[at] = pieces[--count];
}

static size_t any_size(void) {
  const uint32_t kind = drawn(20);
  return kind == 0 ? drawn(400000) : kind < 4 ? drawn(20000) : drawn(300);
}

static void take(void) {
  const size_t bytes = any_size();
  uint8_t *memory = NULL;
  const uint32_t how = drawn(6);
  if (how == 0) {
    memory = __wrap_calloc(bytes / 4 + 1, 4);
    for (size_t byte = 0; memory && byte < bytes; byte++) CHECK(memory[byte] == 0);
  } else if (how == 1) {
    const size_t alignment = (size_t)16 << drawn(8);
    if (__wrap_posix_memalign((void **)&memory, alignment, bytes) != 0) memory = NULL;
    CHECK((uintptr_t)memory % alignment == 0);
  } else {
    memory = how == 2 ? __wrap__Znwm(bytes) : __wrap_malloc(bytes);
  }
  if (!memory) return; /* there is an end to all things */
  CHECK((uintptr_t)memory % 16 == 0 && __wrap_malloc_usable_size(memory) >= bytes);
  const uint8_t mark = (uint8_t)drawn(256);
  memset(memory, mark, bytes);
  pieces[count].memory = memory;
  pieces[count].bytes = bytes;
  pieces[count].mark = mark;
  pieces[count++].is_of_cpp = how == 2;
}

static void grow(size_t at) {
  if (pieces[at].is_of_cpp) return;
  const size_t bytes = any_size() + 1, kept = bytes < pieces[at].bytes ? bytes : pieces[at].bytes;
  uint8_t *memory = __wrap_realloc(pieces[at].memory, bytes);
  if (!memory) return;
  for (size_t byte = 0; byte < kept; byte++) CHECK(memory[byte] == pieces[at].mark);
  memset(memory, pieces[at].mark, bytes);
  pieces[at].memory = memory;
  pieces[at].bytes = bytes;
}

int main(int words, char **word) {
  CHECK(words > 2);
  state = strtoull(word[1], NULL, 10);
  int was_short = 0;
  for (long event = atol(word[2]); event > 0; event--) {
    if (drawn(30) == 0) fails = drawn(4) > 0;
    if (words > 3 && count > 9 && event < 100) pieces[9].memory[0] ^= pieces[9].bytes > 0;
    if (count < most_pieces && (count == 0 || drawn(5) < 3)) take();
    else if (drawn(3) == 0) grow(drawn((uint32_t)count));
    else drop(drawn((uint32_t)count));
    was_short |= plat_guest_is_short();
    if (drawn(2000) == 0) while (count > 0) drop(count - 1);
  }
  while (count > 0) drop(count - 1);
  CHECK(was_short && !plat_guest_is_short());
  fails = 1;
  void *all = __wrap_malloc(100000); /* no more is in the way of one large piece */
  CHECK(all);
  __wrap_free(all);
  puts("all is so");
  return 0;
}
