// The CRC by VPCLMULQDQ on 512-bit registers: sixteen keys of up to 32 bytes at a time, as four groups of four. The
// arithmetic is explained in crc32_x86.h.
//
// group g    lane 0            lane 1            lane 2            lane 3
//           ┌─────────────────┬─────────────────┬─────────────────┬─────────────────┐
// first     │ key g, 0 … 15   │ key 4+g, 0 … 15 │ key 8+g, 0 … 15 │ key 12+g, 0 … 15│
//           ├─────────────────┼─────────────────┼─────────────────┼─────────────────┤
// second    │ key g, 16 … 31  │ key 4+g,16 … 31 │ key 8+g,16 … 31 │ key 12+g,16 … 31│
//           └─────────────────┴─────────────────┴─────────────────┴─────────────────┘
//
// (so that key 4·l + g is dword g of lane l, where its length comes from memory and its CRC goes to memory).
//
// A key shorter than 32 bytes lies at the *end* of its lanes, with zeros before it: they change nothing, so that the
// same constants serve every length. To get there, the load takes the 32 bytes that end where the key ends, and a
// mask clears what belongs to the keys before it; the first keys of a batch, which have no 32 bytes behind them, go
// one at a time. What the CRC's start value adds depends on the length alone and is added at the end.
#include "crc32_x86.h"
#if PLAT_CRC32_X86

#define TARGET __attribute__((target("avx512f,avx512vl,avx512bw,vpclmulqdq,pclmul,sse4.1")))

enum { longest = 32, together = 16 };

/// The CRC of n zero bytes, n from 1 to 32, at index n % 32: what the start value and the final inversion add.
static const uint32_t crc_of_zeros[32] __attribute__((aligned(64))) = {
    0x190a55ad, 0xd202ef8d, 0x41d912ff, 0xff41d912, 0x2144df1c, 0xc622f71d, 0xb1c2a1a3, 0x9d6cdf7e,
    0x6522df69, 0xe60914ae, 0xe38a6876, 0x6b87b1ec, 0x7bd5c66f, 0x0f744682, 0xd1bb79c7, 0xd7d303e7,
    0xecbb4b55, 0xc9eff1bd, 0x671bcf4d, 0xda08c96f, 0x0fd59b8d, 0x4104c58b, 0xa829b1e0, 0x72a02444,
    0xa3c1ca20, 0xe9cf0e8f, 0xafecbe32, 0x1a7a52b3, 0x807077e9, 0x0b54c526, 0x00043eb5, 0x6909acb0,
};

/// In each lane, the half of `value` and the half of `constant` that `halves` names, multiplied.
#define MULTIPLY(value, constant, halves) _mm512_clmulepi64_epi128(value, constant, halves)

TARGET static inline __m512i shift_constant(ptrdiff_t n) { return _mm512_broadcast_i32x4(plat_crc32_shift_constant(n)); }

/// The remainders of (folded + high · x^32) of each lane, in the third of its four dwords; `folded` has degree 95 at
/// most, `high` is the high half of `second`.
TARGET static inline __m512i reduce(__m512i folded, __m512i second) {
  const __m512i mu = _mm512_set1_epi64((long long)PLAT_CRC32_MU);
  const __m512i polynomial = _mm512_set1_epi64((long long)PLAT_CRC32_POLYNOMIAL);
  // The powers from x^32 to x^95, in the low half: bytes 4 to 11 of `folded`, all of `high`.
  const __m512i top = _mm512_xor_si512(_mm512_bsrli_epi128(folded, 4), _mm512_unpackhi_epi64(second, second));
  const __m512i product = MULTIPLY(MULTIPLY(top, mu, 0x00), polynomial, 0x00);
  return _mm512_xor_si512(_mm512_srli_epi64(product, 31), _mm512_srli_epi64(folded, 32));
}

/// The remainders of four keys of up to 16 bytes.
TARGET static inline __m512i remainders_16(__m512i keys) {
  return reduce(MULTIPLY(keys, shift_constant(4), 0x00), keys);
}

/// The remainders of four keys of up to 32 bytes.
TARGET static inline __m512i remainders_32(__m512i first, __m512i second) {
  const __m512i a = MULTIPLY(first, shift_constant(20), 0x00), b = MULTIPLY(first, shift_constant(20), 0x11);
  return reduce(_mm512_ternarylogic_epi64(a, b, MULTIPLY(second, shift_constant(4), 0x00), 0x96), second);
}

/// The remainders of four groups, in the order of the keys.
TARGET static inline __m512i in_order(const __m512i groups[4]) {
  const __m512i low = _mm512_unpackhi_epi64(groups[0], groups[1]), high = _mm512_unpackhi_epi64(groups[2], groups[3]);
  return _mm512_castps_si512(_mm512_shuffle_ps(_mm512_castsi512_ps(low), _mm512_castsi512_ps(high), 0x88));
}

/// What lengths of 0 to 32 add to the remainders.
TARGET static inline __m512i added_by(__m512i lengths) {
  return _mm512_maskz_permutex2var_epi32(_mm512_test_epi32_mask(lengths, lengths), _mm512_load_si512(crc_of_zeros),
                                         lengths, _mm512_load_si512(crc_of_zeros + 16));
}

/// Ones for the bytes of group `g` that belong to their key: byte j of 32 does where j >= 32 - length. `from` is the j
/// of the lanes' first bytes, 0 or 16.
TARGET static inline __mmask64 belonging(__m512i lengths, int g, int from) {
  const __m512i needed = _mm512_sub_epi8(_mm512_set1_epi8((char)(31 - from)), _mm512_broadcast_i32x4(_mm_setr_epi8(
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)));
  return _mm512_cmpgt_epi8_mask(_mm512_shuffle_epi8(lengths, _mm512_set1_epi8((char)(4 * g))), needed);
}

TARGET static inline __m512i join(__m256i low, __m256i high) {
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/// The 16 bytes before each of four ends.
TARGET static inline __m512i load_16(const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *d) {
  return join(_mm256_loadu2_m128i((const __m128i *)(b - 16), (const __m128i *)(a - 16)),
              _mm256_loadu2_m128i((const __m128i *)(d - 16), (const __m128i *)(c - 16)));
}

/// The 32 bytes before each of two ends.
TARGET static inline __m512i load_32(const uint8_t *a, const uint8_t *b) {
  return join(_mm256_loadu_si256((const __m256i *)(a - 32)), _mm256_loadu_si256((const __m256i *)(b - 32)));
}

/// The CRCs of sixteen keys of up to 32 bytes. The 32 bytes before each end must be readable.
TARGET static inline __m512i crcs_of_16(const uint8_t *const ends[16], __m512i lengths, __m512i added) {
  __m512i groups[4];
  for (int g = 0; g < 4; g++) {
    const __m512i a = load_32(ends[g], ends[4 + g]), b = load_32(ends[8 + g], ends[12 + g]);
    const __m512i first = _mm512_shuffle_i64x2(a, b, 0x88), second = _mm512_shuffle_i64x2(a, b, 0xdd);
    groups[g] = remainders_32(_mm512_maskz_mov_epi8(belonging(lengths, g, 0), first),
                              _mm512_maskz_mov_epi8(belonging(lengths, g, 16), second));
  }
  return _mm512_xor_si512(in_order(groups), added);
}

static inline uint32_t crc_of_one(const uint8_t *key, size_t length) {
  return ~plat_crc32_pclmul_update(~0u, key, length);
}

TARGET static void batch(const uint8_t *keys, const uint32_t *offsets, size_t count, uint32_t *crcs) {
  size_t i = 0;
  for (; i < count && offsets[i + 1] - offsets[0] < longest; i++)
    crcs[i] = crc_of_one(keys + offsets[i], offsets[i + 1] - offsets[i]);
  for (; i + together <= count; i += together) {
    const __m512i lengths = _mm512_sub_epi32(_mm512_loadu_si512(offsets + i + 1), _mm512_loadu_si512(offsets + i));
    const uint8_t *ends[together];
    for (int j = 0; j < together; j++) ends[j] = keys + offsets[i + j + 1];
    _mm512_storeu_si512(crcs + i, crcs_of_16(ends, lengths, added_by(lengths)));
    // Of a longer key, the above took the last 32 bytes: harmless, and wrong.
    uint32_t longer = _mm512_cmpgt_epu32_mask(lengths, _mm512_set1_epi32(longest));
    for (; __builtin_expect(longer, 0); longer &= longer - 1) {
      const size_t j = i + (size_t)__builtin_ctz(longer);
      crcs[j] = crc_of_one(keys + offsets[j], offsets[j + 1] - offsets[j]);
    }
  }
  for (; i < count; i++) crcs[i] = crc_of_one(keys + offsets[i], offsets[i + 1] - offsets[i]);
}

TARGET static void batch_fixed(const uint8_t *keys, size_t keyLength, size_t count, uint32_t *crcs) {
  const size_t n = keyLength, width = n <= 16 ? 16 : 32;
  size_t i = 0;
  if (n > 0 && n <= longest) {
    for (; i < count && (i + 1) * n < width; i++) crcs[i] = crc_of_one(keys + i * n, n);
    const __m512i lengths = _mm512_set1_epi32((int)n), added = added_by(lengths);
    const __mmask64 mask = belonging(lengths, 0, 16);
    for (; i + together <= count; i += together) {
      const uint8_t *ends[together];
      for (int j = 0; j < together; j++) ends[j] = keys + (i + (size_t)j + 1) * n;
      __m512i values;
      if (n <= 16) {
        __m512i groups[4];
        for (int g = 0; g < 4; g++)
          groups[g] = remainders_16(_mm512_maskz_mov_epi8(mask, load_16(ends[g], ends[4 + g], ends[8 + g], ends[12 + g])));
        values = _mm512_xor_si512(in_order(groups), added);
      } else {
        values = crcs_of_16(ends, lengths, added);
      }
      _mm512_storeu_si512(crcs + i, values);
    }
  }
  for (; i < count; i++) crcs[i] = crc_of_one(keys + i * n, n);
}

const struct plat_crc32_functions plat_crc32_vpclmul = {"vpclmul", plat_crc32_pclmul_update, batch, batch_fixed};
#endif
