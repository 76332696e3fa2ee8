// The CRC in portable C: slicing-by-8. Each step takes eight bytes and looks each of them up in a table of its own,
// so that the eight look-ups do not wait for one another.
// M. E. Kounavis and F. L. Berry, "A Systematic Approach to Building High Performance Software-Based CRC
// Generators", 2005.
#include "crc32_paths.h"

// table[k][b] is what byte b leaves in the remainder after k further zero bytes. It is linear in the bits of b, so
// eight values, those of the single bits, make a table; the compiler works the others out.
#define ENTRY(b, v0, v1, v2, v3, v4, v5, v6, v7)                                                          \
  (((b) & 1 ? v0 : 0u) ^ ((b) & 2 ? v1 : 0u) ^ ((b) & 4 ? v2 : 0u) ^ ((b) & 8 ? v3 : 0u) ^                \
   ((b) & 16 ? v4 : 0u) ^ ((b) & 32 ? v5 : 0u) ^ ((b) & 64 ? v6 : 0u) ^ ((b) & 128 ? v7 : 0u))
#define ENTRIES_4(b, ...)                                                                                 \
  ENTRY(b, __VA_ARGS__), ENTRY((b) + 1, __VA_ARGS__), ENTRY((b) + 2, __VA_ARGS__), ENTRY((b) + 3, __VA_ARGS__)
#define ENTRIES_16(b, ...)                                                                                \
  ENTRIES_4(b, __VA_ARGS__), ENTRIES_4((b) + 4, __VA_ARGS__), ENTRIES_4((b) + 8, __VA_ARGS__),            \
      ENTRIES_4((b) + 12, __VA_ARGS__)
#define ENTRIES_64(b, ...)                                                                                \
  ENTRIES_16(b, __VA_ARGS__), ENTRIES_16((b) + 16, __VA_ARGS__), ENTRIES_16((b) + 32, __VA_ARGS__),       \
      ENTRIES_16((b) + 48, __VA_ARGS__)
#define TABLE(...)                                                                                        \
  {ENTRIES_64(0, __VA_ARGS__), ENTRIES_64(64, __VA_ARGS__), ENTRIES_64(128, __VA_ARGS__),                 \
   ENTRIES_64(192, __VA_ARGS__)}

// Row k, column j: start with 1 << j and step 8 * (k + 1) times, c = (c >> 1) ^ (c & 1 ? 0xEDB88320 : 0).
static const uint32_t table[8][256] = {
    TABLE(0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832, 0x1db71064, 0x3b6e20c8, 0x76dc4190, 0xedb88320),
    TABLE(0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08, 0x4ac21251, 0x958424a2, 0xf0794f05, 0x3b83984b),
    TABLE(0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8, 0x1c26a370, 0x384d46e0, 0x709a8dc0, 0xe1351b80),
    TABLE(0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef, 0x5019579f, 0xa032af3e, 0x9b14583d, 0xed59b63b),
    TABLE(0x3d6029b0, 0x7ac05360, 0xf580a6c0, 0x30704bc1, 0x60e09782, 0xc1c12f04, 0x58f35849, 0xb1e6b092),
    TABLE(0xcb5cd3a5, 0x4dc8a10b, 0x9b914216, 0xec53826d, 0x03d6029b, 0x07ac0536, 0x0f580a6c, 0x1eb014d8),
    TABLE(0xa6770bb4, 0x979f1129, 0xf44f2413, 0x33ef4e67, 0x67de9cce, 0xcfbd399c, 0x440b7579, 0x8816eaf2),
    TABLE(0xccaa009e, 0x4225077d, 0x844a0efa, 0xd3e51bb5, 0x7cbb312b, 0xf9766256, 0x299dc2ed, 0x533b85da),
};

static inline uint32_t four_bytes(const uint8_t *bytes) {
  return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline uint32_t update(uint32_t remainder, const uint8_t *bytes, size_t length) {
  for (; length >= 8; bytes += 8, length -= 8) {
    const uint32_t low = four_bytes(bytes) ^ remainder, high = four_bytes(bytes + 4);
    remainder = table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^ table[5][low >> 16 & 0xff] ^ table[4][low >> 24] ^
                table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^ table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
  }
  for (; length > 0; bytes += 1, length -= 1) remainder = remainder >> 8 ^ table[0][(remainder ^ *bytes) & 0xff];
  return remainder;
}

static void batch(const uint8_t *keys, const uint32_t *offsets, size_t count, uint32_t *crcs) {
  for (size_t i = 0; i < count; i++) crcs[i] = ~update(~0u, keys + offsets[i], offsets[i + 1] - offsets[i]);
}

static void batch_fixed(const uint8_t *keys, size_t keyLength, size_t count, uint32_t *crcs) {
  for (size_t i = 0; i < count; i++) crcs[i] = ~update(~0u, keys + i * keyLength, keyLength);
}

const struct plat_crc32_functions plat_crc32_portable = {"portable", update, batch, batch_fixed};
