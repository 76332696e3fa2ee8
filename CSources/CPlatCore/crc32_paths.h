// What the paths of the CRC share. Not part of the interface.
#ifndef PLAT_CRC32_PATHS_H
#define PLAT_CRC32_PATHS_H
#include "plat_crc32.h"

#if defined(__x86_64__)
#define PLAT_CRC32_X86 1
#else
#define PLAT_CRC32_X86 0
#endif

/// One way to do it. `update` is plat_crc32_continue without the two inversions: it takes and gives the bare remainder.
struct plat_crc32_functions {
  const char *name;
  uint32_t (*update)(uint32_t remainder, const uint8_t *bytes, size_t length);
  void (*batch)(const uint8_t *keys, const uint32_t *offsets, size_t count, uint32_t *crcs);
  void (*batch_fixed)(const uint8_t *keys, size_t keyLength, size_t count, uint32_t *crcs);
};

extern const struct plat_crc32_functions plat_crc32_portable;
#if PLAT_CRC32_X86
extern const struct plat_crc32_functions plat_crc32_pclmul;
extern const struct plat_crc32_functions plat_crc32_vpclmul;
#endif

#endif
