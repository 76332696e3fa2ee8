// The CRC by PCLMULQDQ, one key at a time. The arithmetic is explained in crc32_x86.h.
#include "crc32_x86.h"
#if PLAT_CRC32_X86
#include <string.h>

/// Ones where the last n of 16 bytes are: 16 bytes from &last_bytes[n].
static const uint8_t last_bytes[32] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};

PLAT_CRC32_PCLMUL_TARGET static inline __m128i load(const uint8_t *bytes) {
  return _mm_loadu_si128((const __m128i *)bytes);
}

static inline uint64_t load_8(const uint8_t *bytes) {
  uint64_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

static inline uint64_t load_4(const uint8_t *bytes) {
  uint32_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

/// `length` bytes, fewer than 16, at the start of a zeroed register. Two reads that overlap, none outside.
PLAT_CRC32_PCLMUL_TARGET static inline __m128i load_short(const uint8_t *bytes, size_t length) {
  if (length > 8)
    return _mm_set_epi64x((long long)(load_8(bytes + length - 8) >> (8 * (16 - length))), (long long)load_8(bytes));
  uint64_t low = 0;
  if (length == 8) {
    low = load_8(bytes);
  } else if (length >= 4) {
    low = load_4(bytes) | load_4(bytes + length - 4) << (8 * (length - 4));
  } else if (length > 0) {
    low = (uint64_t)bytes[0] | (uint64_t)bytes[length / 2] << (8 * (length / 2)) |
          (uint64_t)bytes[length - 1] << (8 * (length - 1));
  }
  return _mm_cvtsi64_si128((long long)low);
}

/// value · x^(8n) modulo P, of degree 95 at most.
PLAT_CRC32_PCLMUL_TARGET static inline __m128i shift(__m128i value, ptrdiff_t n) {
  const __m128i constant = plat_crc32_shift_constant(n);
  return _mm_xor_si128(_mm_clmulepi64_si128(value, constant, 0x00), _mm_clmulepi64_si128(value, constant, 0x11));
}

/// value · x^32 modulo P, of degree 95 at most.
PLAT_CRC32_PCLMUL_TARGET static inline __m128i shift_4(__m128i value) {
  const __m128i high = _mm_srli_si128(_mm_unpackhi_epi64(_mm_setzero_si128(), value), 4);
  return _mm_xor_si128(_mm_clmulepi64_si128(value, plat_crc32_shift_constant(4), 0x00), high);
}

/// The remainder of a polynomial of degree 95 at most.
PLAT_CRC32_PCLMUL_TARGET static inline uint32_t reduce(__m128i value) {
  const __m128i constants = _mm_set_epi64x((long long)PLAT_CRC32_POLYNOMIAL, (long long)PLAT_CRC32_MU);
  const __m128i quotient = _mm_clmulepi64_si128(_mm_srli_si128(value, 4), constants, 0x00);
  const __m128i product = _mm_clmulepi64_si128(quotient, constants, 0x10);
  // Degrees 31 to 0 are bits 94 to 125 of the product, again one bit low, and bits 96 to 127 of the value.
  return (uint32_t)_mm_extract_epi32(_mm_xor_si128(_mm_srli_epi64(product, 31), _mm_srli_epi64(value, 32)), 2);
}

PLAT_CRC32_PCLMUL_TARGET static inline uint32_t update(uint32_t remainder, const uint8_t *bytes, size_t length) {
  const __m128i start = _mm_cvtsi32_si128((int)remainder);
  if (length < 16)
    return reduce(shift(_mm_xor_si128(load_short(bytes, length), start), (ptrdiff_t)length - 12));
  const uint8_t *const end = bytes + length;
  __m128i value = _mm_xor_si128(load(bytes), start);
  for (bytes += 16; end - bytes >= 16; bytes += 16) value = _mm_xor_si128(shift(value, 16), load(bytes));
  const ptrdiff_t left = end - bytes;
  if (left > 0) value = _mm_xor_si128(shift(value, left), _mm_and_si128(load(end - 16), load(last_bytes + left)));
  return reduce(shift_4(value));
}

PLAT_CRC32_PCLMUL_TARGET
uint32_t plat_crc32_pclmul_update(uint32_t remainder, const uint8_t *bytes, size_t length) {
  return update(remainder, bytes, length);
}

PLAT_CRC32_PCLMUL_TARGET
static void batch(const uint8_t *keys, const uint32_t *offsets, size_t count, uint32_t *crcs) {
  for (size_t i = 0; i < count; i++) crcs[i] = ~update(~0u, keys + offsets[i], offsets[i + 1] - offsets[i]);
}

PLAT_CRC32_PCLMUL_TARGET
static void batch_fixed(const uint8_t *keys, size_t keyLength, size_t count, uint32_t *crcs) {
  for (size_t i = 0; i < count; i++) crcs[i] = ~update(~0u, keys + i * keyLength, keyLength);
}

const struct plat_crc32_functions plat_crc32_pclmul = {"pclmul", plat_crc32_pclmul_update, batch, batch_fixed};
#endif
