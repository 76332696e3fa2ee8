// The public functions of the CRC, and the choice of the path that does the work.
#include <stdatomic.h>
#include "crc32_paths.h"

/// NULL until first use. Threads that race to choose choose the same, so relaxed order is enough: what it points
/// to is constant.
static _Atomic(const struct plat_crc32_functions *) chosen;

static const struct plat_crc32_functions *functions_of(plat_crc32_path path) {
  switch (path) {
    case PLAT_CRC32_PATH_PORTABLE:
      return &plat_crc32_portable;
#if PLAT_CRC32_X86
    case PLAT_CRC32_PATH_PCLMUL:
      __builtin_cpu_init();
      return __builtin_cpu_supports("pclmul") ? &plat_crc32_pclmul : NULL;
    case PLAT_CRC32_PATH_VPCLMUL:
      __builtin_cpu_init();
      return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("vpclmulqdq") &&
                     __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                     __builtin_cpu_supports("avx512bw")
                 ? &plat_crc32_vpclmul : NULL;
#endif
    default:
      return NULL;
  }
}

static const struct plat_crc32_functions *functions(void) {
  const struct plat_crc32_functions *found = atomic_load_explicit(&chosen, memory_order_relaxed);
  if (__builtin_expect(found != NULL, 1)) return found;
  found = functions_of(PLAT_CRC32_PATH_VPCLMUL);
  if (!found) found = functions_of(PLAT_CRC32_PATH_PCLMUL);
  if (!found) found = &plat_crc32_portable;
  // A path that plat_crc32_use_path has set meanwhile stays.
  const struct plat_crc32_functions *none = NULL;
  return atomic_compare_exchange_strong(&chosen, &none, found) ? found : none;
}

int plat_crc32_use_path(plat_crc32_path path) {
  const struct plat_crc32_functions *wanted = functions_of(path);
  if (!wanted) return 0;
  atomic_store(&chosen, wanted);
  return 1;
}

const char *plat_crc32_path_name(void) { return functions()->name; }

uint32_t plat_crc32_continue(uint32_t crc, const uint8_t *bytes, size_t length) {
  return ~functions()->update(~crc, bytes, length);
}

uint32_t plat_crc32(const uint8_t *bytes, size_t length) { return plat_crc32_continue(0, bytes, length); }

void plat_crc32_batch(const uint8_t *keys, const uint32_t *offsets, size_t count, uint32_t *crcs) {
  functions()->batch(keys, offsets, count, crcs);
}

void plat_crc32_batch_fixed(const uint8_t *keys, size_t keyLength, size_t count, uint32_t *crcs) {
  functions()->batch_fixed(keys, keyLength, count, crcs);
}
