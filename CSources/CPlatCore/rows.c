// Rows are looked at in blocks, as if they were one long line:
//
//     line      a0 a1 a2 b0 b1 b2 c0 …      width 3
//     shifted      a0 a1 a2 b0 b1 b2 …      two of a row that are the same meet at a shift of 1 or 2; so may those of
//                     a0 a1 a2 b0 b1 …      neighbouring rows, and empty slots
//
// A block in which none meet, and whose numbers are all small enough, is well; that takes a few instructions for eight slots.
// Any other block is looked at row by row.
#include <stdlib.h>
#include "include/plat_rows.h"

enum { most_narrow_width = 8, block_slots = 1024 };

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

/// Whether anything in `slots` slots, which `width - 1` more follow or which end there, has to be looked at more closely.
static inline __attribute__((always_inline)) uint32_t is_suspect(
  const uint32_t *line, size_t slots, size_t width, uint32_t nodes) {
  uint32_t suspect = 0;
  for (size_t slot = 0; slot < slots; slot++) suspect |= line[slot] >= nodes;
  for (size_t shift = 1; shift < width; shift++) {
    for (size_t slot = shift; slot < slots; slot++) suspect |= line[slot] == line[slot - shift];
  }
  return suspect;
}

static inline __attribute__((always_inline)) size_t narrow(
  const uint32_t *rows, size_t count, size_t width, uint32_t nodes) {
  const size_t rows_of_block = block_slots / width;
  for (size_t first = 0; first < count; first += rows_of_block) {
    const size_t end = first + rows_of_block < count ? first + rows_of_block : count;
    if (!is_suspect(rows + first * width, (end - first) * width, width, nodes)) continue;
    for (size_t row = first; row < end; row++) {
      if (is_bad_row(rows + row * width, width, nodes)) return row;
    }
  }
  return count;
}

static size_t narrow_portable(const uint32_t *rows, size_t count, size_t width, uint32_t nodes) {
  return narrow(rows, count, width, nodes);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static size_t narrow_avx2(
  const uint32_t *rows, size_t count, size_t width, uint32_t nodes) {
  return narrow(rows, count, width, nodes);
}
#endif

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
  if (width == 0) return count;
  if (width > most_narrow_width) return wide(rows, count, width, nodes);
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return narrow_avx2(rows, count, width, nodes);
#endif
  return narrow_portable(rows, count, width, nodes);
}
