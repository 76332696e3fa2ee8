#include "plat_crc32.h"
uint32_t plat_crc32(const uint8_t *bytes, size_t length) {
  uint32_t c = ~0u;
  for (size_t i = 0; i < length; i++) { c ^= bytes[i]; for (int k = 0; k < 8; k++) c = (c >> 1) ^ (0xedb88320u & -(c & 1)); }
  return ~c;
}
