// Rows are looked at eight at a time, as if they were one long line:
//
//     line      a0 a1 a2 b0 b1 b2 c0 …      width 3
//     shift 1      a0 a1 a2 b0 b1 b2 …      two of a row that are the same meet at a shift of 1 or 2; where the shifted
//     shift 2         a0 a1 a2 b0 b1 …      row is another one, a mask says so
//
// Eight rows in which none meet, and whose numbers are all small enough, are well; that takes a few instructions for eight
// slots. Any other (two empty slots meet, too) are looked at row by row.
#include <stdlib.h>
#include "include/plat_rows.h"

enum { most_narrow_width = 8, rows_at_once = 8, most_slots_at_once = most_narrow_width * rows_at_once };

static int is_bad_row(const uint32_t *row, size_t width, uint32_t nodes) {
  for (size_t slot = 0; slot < width; slot++) {
    if (row[slot] == UINT32_MAX) continue;
    if (row[slot] >= nodes) return 1;
    for (size_t other = 0; other < slot; other++) {
      if (row[other] == row[slot]) return 1;
    }
  }
  return 0;
}

/// For each shift, for each slot of eight rows, whether the slot that is so far before it is of the same row: all ones, or 0.
struct masks { uint32_t of[most_narrow_width][most_slots_at_once]; };

/// Whether anything in `slots` slots has to be looked at more closely. `width` slots lie before them.
static inline __attribute__((always_inline)) uint32_t is_suspect(
  const uint32_t *line, size_t slots, size_t width, uint32_t nodes, const struct masks *masks) {
  uint32_t suspect = 0;
  for (size_t slot = 0; slot < slots; slot++) {
    uint32_t here = line[slot] >= nodes ? UINT32_MAX : 0;
    for (size_t shift = 1; shift < width; shift++) {
      here |= (line[slot] == *(line + slot - shift) ? UINT32_MAX : 0) & masks->of[shift][slot];
    }
    suspect |= here;
  }
  return suspect;
}

/// The first of eight rows, or of less at the end, that have to be looked at more closely, at or after `first`, which is not 0.
static inline __attribute__((always_inline)) size_t first_suspect_of(
  const uint32_t *rows, size_t first, size_t count, size_t width, uint32_t nodes, const struct masks *masks) {
  while (first + rows_at_once <= count) {
    if (is_suspect(rows + first * width, rows_at_once * width, width, nodes, masks)) return first;
    first += rows_at_once;
  }
  return is_suspect(rows + first * width, (count - first) * width, width, nodes, masks) ? first : count;
}

static inline __attribute__((always_inline)) size_t narrow_of(
  const uint32_t *rows, size_t count, size_t width, uint32_t nodes, int all_different) {
  struct masks masks;
  for (size_t shift = 1; shift < width; shift++) {
    for (size_t slot = 0; slot < rows_at_once * width; slot++) {
      masks.of[shift][slot] = slot % width >= shift ? UINT32_MAX : 0;
    }
  }
  // There is nothing before the first row.
  if (is_bad_row(rows, width, nodes)) return 0;
  if (all_different) {
    for (size_t slot = 0; slot < width; slot++) {
      if (rows[slot] >= nodes) return 0;
    }
  }
  size_t first = 1;
  while ((first = first_suspect_of(rows, first, count, width, nodes, &masks)) < count) {
    if (all_different) return first;
    const size_t end = first + rows_at_once < count ? first + rows_at_once : count;
    for (; first < end; first++) {
      if (is_bad_row(rows + first * width, width, nodes)) return first;
    }
  }
  return count;
}

/// The same loop for each width, which the compiler then unrolls.
static inline __attribute__((always_inline)) size_t narrow(
  const uint32_t *rows, size_t count, size_t width, uint32_t nodes, int all_different) {
  switch (width) {
    case 1: return narrow_of(rows, count, 1, nodes, all_different);
    case 2: return narrow_of(rows, count, 2, nodes, all_different);
    case 3: return narrow_of(rows, count, 3, nodes, all_different);
    case 4: return narrow_of(rows, count, 4, nodes, all_different);
    default: return narrow_of(rows, count, width, nodes, all_different);
  }
}

static size_t narrow_portable(const uint32_t *rows, size_t count, size_t width, uint32_t nodes, int all_different) {
  return narrow(rows, count, width, nodes, all_different);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static size_t narrow_avx2(
  const uint32_t *rows, size_t count, size_t width, uint32_t nodes, int all_different) {
  return narrow(rows, count, width, nodes, all_different);
}
#endif

static size_t narrow_here(const uint32_t *rows, size_t count, size_t width, uint32_t nodes, int all_different) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return narrow_avx2(rows, count, width, nodes, all_different);
#endif
  return narrow_portable(rows, count, width, nodes, all_different);
}

/// A mark for each node says the last row that had it.
static size_t wide(const uint32_t *rows, size_t count, size_t width, uint32_t nodes) {
  size_t *marks = calloc(nodes ? nodes : 1, sizeof *marks);
  if (!marks) return SIZE_MAX;
  size_t row = 0;
  for (; row < count; row++) {
    const uint32_t *slots = rows + row * width;
    size_t slot = 0;
    for (; slot < width; slot++) {
      if (slots[slot] == UINT32_MAX) continue;
      if (slots[slot] >= nodes || marks[slots[slot]] == row + 1) break;
      marks[slots[slot]] = row + 1;
    }
    if (slot < width) break;
  }
  free(marks);
  return row;
}

size_t plat_rows_first_bad(const uint32_t *rows, size_t count, size_t width, uint32_t nodes) {
  if (width == 0 || count == 0) return count;
  return width > most_narrow_width ? wide(rows, count, width, nodes) : narrow_here(rows, count, width, nodes, 0);
}

int plat_rows_are_different(const uint32_t *rows, size_t count, size_t width, uint32_t limit) {
  if (width == 0 || count == 0) return 1;
  return width <= most_narrow_width && narrow_here(rows, count, width, limit, 1) == count;
}

enum { keys_at_once = 1024 };

static inline __attribute__((always_inline)) size_t offsets_of(const uint32_t *offsets, size_t count) {
  for (size_t first = 0; first < count; first += keys_at_once) {
    const size_t end = first + keys_at_once < count ? first + keys_at_once : count;
    uint32_t descends = 0;
    for (size_t key = first; key < end; key++) descends |= offsets[key] > offsets[key + 1] ? UINT32_MAX : 0;
    if (!descends) continue;
    while (offsets[first] <= offsets[first + 1]) first++;
    return first;
  }
  return count;
}

static size_t offsets_portable(const uint32_t *offsets, size_t count) { return offsets_of(offsets, count); }

#if defined(__x86_64__)
__attribute__((target("avx2"))) static size_t offsets_avx2(const uint32_t *offsets, size_t count) {
  return offsets_of(offsets, count);
}
#endif

size_t plat_offsets_first_bad(const uint32_t *offsets, size_t count) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return offsets_avx2(offsets, count);
#endif
  return offsets_portable(offsets, count);
}
