// Division by a number that stays the same, as a multiplication and shifts (Granlund, Montgomery: Division by invariant integers
// using multiplication, 1994, figure 4.1): with 2^(l-1) < d <= 2^l and m = 2^32 * (2^l - d) / d + 1,
//
//     t = m * n / 2^32        n / d = (t + ((n - t) >> min(l, 1))) >> max(l - 1, 0)
//
// for every n below 2^32. It has no branch, and so the compiler does eight at a time.
#include "include/plat_remainder.h"

static inline __attribute__((always_inline)) void remainders(
  uint32_t *values, size_t count, uint32_t shift, uint32_t mask, uint32_t divisor) {
  uint32_t log = 0;
  while (log < 32 && ((uint64_t)1 << log) < divisor) log++;
  const uint32_t factor = (uint32_t)(((((uint64_t)1 << log) - divisor) << 32) / divisor + 1);
  const uint32_t first = log < 1 ? log : 1, last = log < 1 ? 0 : log - 1;
  for (size_t at = 0; at < count; at++) {
    const uint32_t number = (values[at] >> shift) & mask;
    const uint32_t part = (uint32_t)(((uint64_t)factor * number) >> 32);
    const uint32_t quotient = (part + ((number - part) >> first)) >> last;
    values[at] = number - quotient * divisor;
  }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void remainders_avx2(
  uint32_t *values, size_t count, uint32_t shift, uint32_t mask, uint32_t divisor) {
  remainders(values, count, shift, mask, divisor);
}
#endif

void plat_remainders(uint32_t *values, size_t count, uint32_t shift, uint32_t mask, uint32_t divisor) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    remainders_avx2(values, count, shift, mask, divisor);
    return;
  }
#endif
  remainders(values, count, shift, mask, divisor);
}
