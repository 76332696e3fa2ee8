// The CRC by carry-less multiplication: the arithmetic that crc32_pclmul.c and crc32_vpclmul.c share.
//
// V. Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel, 2009;
// with one more step: by constants for *negative* powers of x too, so that a key needs no shifting into place.
//
// A register of 16 bytes holds a polynomial over GF(2), as the bytes come from memory: bit k is the coefficient of
// x^(127-k). Its low half (bytes 0 to 7) has the high powers.
//
//        byte 0                 byte 7   byte 8                 byte 15
//       ┌──────────────────────────────┬──────────────────────────────┐
//       │ low  · x^64 … x^127          │ high · x^0 … x^63            │
//       └──────────────────────────────┴──────────────────────────────┘
//
// The CRC of a key M of L bytes is ~((M·x^32 + 0xFFFFFFFF·x^(8L)) mod P): the second term is an inversion of the
// key's first four bytes (where there are fewer, of as many as there would be).
//
// 1. Multiplying by x^(8n) modulo P takes two multiplications of 64 by 32 bits:
//       low · (x^(8n+64) mod P)  +  high · (x^(8n) mod P)
//    and leaves a polynomial of degree 95 at most. x has an inverse modulo P, so n may be negative: a key that
//    lies at the *start* of a zeroed register stands 8·(16-L) powers too high, which n = -(16-L) takes back.
// 2. For the last step, M·x^32, one multiplication is enough: high · x^32 has degree 95 as it is.
// 3. What is left, T of 96 bits, is divided by P (Barrett): with mu = floor(x^96 / P) the quotient is
//    q = floor(floor(T / x^32) · mu / x^64), and T mod P is the low 32 bits of T + q·P.
#ifndef PLAT_CRC32_X86_H
#define PLAT_CRC32_X86_H
#include "crc32_paths.h"
#if PLAT_CRC32_X86
#include <immintrin.h>

/// Multiplies by x^(8n): plat_crc32_shift_by[n + 12], n from -12 to 20. (A product of two reflected registers comes
/// out one bit low, hence powers 8n + 63 and 8n - 1.)
///
/// Made by this Python, where P = 0x104C11DB7, mod is the remainder after P, reflect turns 64 bits round:
///   def power(e):
///     v = 1
///     for _ in range(abs(e)): v = mod(v << 1) if e > 0 else ((v ^ P) >> 1 if v & 1 else v >> 1)
///     return v
///   for n in range(-12, 21): print(reflect(power(8 * n + 63)), reflect(power(8 * n - 1)))
static const uint64_t plat_crc32_shift_by[33][2] __attribute__((aligned(16))) = {
    {0xb66b1fa600000000, 0x6ca226ea00000000},  // -12
    {0x3f036dc200000000, 0x40b3a94000000000},  // -11
    {0x7555a0f100000000, 0x769cf23900000000},  // -10
    {0xcacf972a00000000, 0x5f7314fa00000000},  // -9
    {0xdb71064100000000, 0x5d37681600000000},  // -8
    {0x0100000000000000, 0xf489823900000000},  // -7
    {0x0001000000000000, 0x5ff1018a00000000},  // -6
    {0x0000010000000000, 0x0d329b3f00000000},  // -5
    {0x0000000100000000, 0xb66b1fa600000000},  // -4
    {0x7707309600000000, 0x3f036dc200000000},  // -3
    {0x191b314100000000, 0x7555a0f100000000},  // -2
    {0x01c26a3700000000, 0xcacf972a00000000},  // -1
    {0xb8bc676500000000, 0xdb71064100000000},  // 0
    {0x3d6029b000000000, 0x0100000000000000},  // 1
    {0xcb5cd3a500000000, 0x0001000000000000},  // 2
    {0xa6770bb400000000, 0x0000010000000000},  // 3
    {0xccaa009e00000000, 0x0000000100000000},  // 4
    {0x177b144300000000, 0x7707309600000000},  // 5
    {0xefc26b3e00000000, 0x191b314100000000},  // 6
    {0xc18edfc000000000, 0x01c26a3700000000},  // 7
    {0x9ba54c6f00000000, 0xb8bc676500000000},  // 8
    {0xdd96d98500000000, 0x3d6029b000000000},  // 9
    {0x9d0fe17600000000, 0xcb5cd3a500000000},  // 10
    {0xb9fbdbe800000000, 0xa6770bb400000000},  // 11
    {0xae68919100000000, 0xccaa009e00000000},  // 12
    {0x87a6cb4300000000, 0x177b144300000000},  // 13
    {0xef52b6e100000000, 0xefc26b3e00000000},  // 14
    {0xd7e2805800000000, 0xc18edfc000000000},  // 15
    {0x65673b4600000000, 0x9ba54c6f00000000},  // 16
    {0x9fda839e00000000, 0xdd96d98500000000},  // 17
    {0x172864c000000000, 0x9d0fe17600000000},  // 18
    {0x9b73ead400000000, 0xb9fbdbe800000000},  // 19
    {0x8125652700000000, 0xae68919100000000},  // 20
};

/// floor(mu / x), reflected; what the division drops has no part in the quotient.
#define PLAT_CRC32_MU 0xb4e5b025f7011641
/// P without its x^32, reflected.
#define PLAT_CRC32_POLYNOMIAL 0xedb8832000000000

#define PLAT_CRC32_PCLMUL_TARGET __attribute__((target("pclmul,sse4.1")))

PLAT_CRC32_PCLMUL_TARGET static inline __m128i plat_crc32_shift_constant(ptrdiff_t n) {
  return _mm_load_si128((const __m128i *)plat_crc32_shift_by[n + 12]);
}

/// The bare remainder after `length` bytes, from the one before them.
uint32_t plat_crc32_pclmul_update(uint32_t remainder, const uint8_t *bytes, size_t length);

#endif
#endif
