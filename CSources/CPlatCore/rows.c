// Rows are looked at eight at a time, as if they were one long line:
//
//     line      a0 a1 a2 b0 b1 b2 c0 …      width 3
//     shift 1      a0 a1 a2 b0 b1 b2 …      two of a row that are the same meet at a shift of 1 or 2; where the shifted
//     shift 2         a0 a1 a2 b0 b1 …      row is another one, a mask says so
//
// Eight rows in which none meet, and whose numbers are all small enough, are well; that takes a few instructions for eight
// slots. Any other (two empty slots meet, too) are looked at row by row.
#include <stdlib.h>
#include <string.h>
#include "include/plat_rows.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { most_narrow_width = 8, rows_at_once = 8, most_slots_at_once = most_narrow_width * rows_at_once };

/// `all_different`: an empty slot is bad, too.
static inline __attribute__((always_inline)) int is_bad_row(
  const uint32_t *row, size_t width, uint32_t nodes, int all_different) {
  for (size_t slot = 0; slot < width; slot++) {
    if (!all_different && row[slot] == UINT32_MAX) continue;
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
  if (is_bad_row(rows, width, nodes, all_different)) return 0;
  size_t first = 1;
  while ((first = first_suspect_of(rows, first, count, width, nodes, &masks)) < count) {
    const size_t end = first + rows_at_once < count ? first + rows_at_once : count;
    for (; first < end; first++) {
      if (is_bad_row(rows + first * width, width, nodes, all_different)) return first;
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

#if defined(__x86_64__)
// With 512 bits, sixteen rows are `width` vectors. Each row is compared with itself turned by one slot, and by two … up to half
// of its length, in which every two of its slots meet; a turn is two loads that a mask puts together:
//
//     row            a b c
//     turned by 1    b c a     b c from one slot further on, a from two before
//
// Two that are the same leave 0 in the least of all differences; a number that is too large shows in the greatest of all.
#define WIDE_VECTORS __attribute__((target("avx512f,avx512bw,avx512vl")))

static inline __attribute__((always_inline)) WIDE_VECTORS size_t turned_of(
  const uint32_t *rows, size_t count, size_t width, uint32_t nodes, int all_different) {
  __mmask16 wraps[most_narrow_width / 2 + 1][most_narrow_width];  // whose turned slot is from before
  for (size_t turn = 1; turn <= width / 2; turn++) {
    for (size_t part = 0; part < width; part++) {
      unsigned mask = 0;
      for (size_t lane = 0; lane < 16; lane++) mask |= (unsigned)((part * 16 + lane) % width >= width - turn) << lane;
      wraps[turn][part] = (__mmask16)mask;
    }
  }
  const size_t rows_of_block = 256;
  // The first rows and the last have nothing before or behind them to be loaded.
  size_t row = 0;
  for (; row < count && row < 16; row++) if (is_bad_row(rows + row * width, width, nodes, all_different)) return row;
  while (row + 32 <= count) {
    const size_t first = row;
    __m512i least = _mm512_set1_epi32(-1), greatest = _mm512_setzero_si512();
    for (; row + 32 <= count && row < first + rows_of_block; row += 16) {
      const uint32_t *line = rows + row * width;
      for (size_t part = 0; part < width; part++, line += 16) {
        // The processor looks ahead within a page only: 3/10 of the time for rows that are in no cache. Behind the end it is no fault.
        _mm_prefetch((const char *)line + 4096, _MM_HINT_T0);
        const __m512i here = _mm512_loadu_si512(line);
        greatest = _mm512_max_epu32(greatest, here);
        for (size_t turn = 1; turn <= width / 2; turn++) {
          const __m512i turned = _mm512_mask_loadu_epi32(_mm512_loadu_si512(line + turn), wraps[turn][part], line + turn - width);
          least = _mm512_min_epu32(least, _mm512_xor_si512(here, turned));
        }
      }
    }
    if (_mm512_cmpge_epu32_mask(greatest, _mm512_set1_epi32((int)nodes)) == 0 && _mm512_testn_epi32_mask(least, least) == 0) continue;
    for (size_t bad = first; bad < row; bad++) if (is_bad_row(rows + bad * width, width, nodes, all_different)) return bad;
  }
  for (; row < count; row++) if (is_bad_row(rows + row * width, width, nodes, all_different)) return row;
  return count;
}

WIDE_VECTORS static size_t turned(const uint32_t *rows, size_t count, size_t width, uint32_t nodes, int all_different) {
  switch (width) {
    case 2: return turned_of(rows, count, 2, nodes, all_different);
    case 3: return turned_of(rows, count, 3, nodes, all_different);
    case 4: return turned_of(rows, count, 4, nodes, all_different);
    default: return turned_of(rows, count, width, nodes, all_different);
  }
}
#endif

static size_t narrow_here(const uint32_t *rows, size_t count, size_t width, uint32_t nodes, int all_different) {
#if defined(__x86_64__)
  if (width > 1 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    return turned(rows, count, width, nodes, all_different);
  }
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

enum { compared_at_once = 1024 };

size_t plat_rows_first_difference(const uint32_t *a, const uint32_t *b, size_t slots) {
  for (size_t first = 0; first < slots; first += compared_at_once) {
    const size_t end = first + compared_at_once < slots ? first + compared_at_once : slots;
    if (memcmp(a + first, b + first, (end - first) * sizeof *a) == 0) continue;
    while (a[first] == b[first]) first++;
    return first;
  }
  return slots;
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
