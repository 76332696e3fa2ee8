// Rows of node numbers that come from outside: a map is looked through at the speed of memory before anybody relies on it.
#ifndef PLAT_ROWS_H
#define PLAT_ROWS_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/// The first of `count` rows of `width` slots that has a number which is neither below `nodes` nor UINT32_MAX (an empty
/// slot), or a node twice. `count` where all are well; SIZE_MAX where there is no memory to tell, which wide rows need.
/// O(count * width) for rows up to 8 slots, and beyond.
size_t plat_rows_first_bad(const uint32_t *rows, size_t count, size_t width, uint32_t nodes);

/// 1 where in each of `count` rows of `width` slots all numbers are below `limit` and no two are the same; 0 where one row
/// is not so, or may not be: where `width` is over 8 nobody looks. O(count * width), eight slots in a few instructions.
int plat_rows_are_different(const uint32_t *rows, size_t count, size_t width, uint32_t limit);

/// The first slot in which two maps differ; `slots` where they agree. O(slots), 4 KiB at a time.
size_t plat_rows_first_difference(const uint32_t *a, const uint32_t *b, size_t slots);

/// The first of `count` keys that ends before it begins: `offsets[key] > offsets[key + 1]`; `count` where none does. There are
/// count + 1 offsets. O(count), eight keys in a few instructions.
size_t plat_offsets_first_bad(const uint32_t *offsets, size_t count);

#ifdef __cplusplus
}
#endif
#endif
