// CRC-32/ISO-HDLC (the CRC of zlib, gzip, PNG and the Couchbase clients), of one key and of batches of keys.
//
// Polynomial 0x04C11DB7, reflected, start and final inversion 0xFFFFFFFF; the CRC of "123456789" is 0xCBF43926.
// Every function is thread safe, allocates nothing and reads no byte outside of the keys that it is given.
#ifndef PLAT_CRC32_H
#define PLAT_CRC32_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

// ---- The CRC of one key -------------------------------------------------------------------------------------

/// The CRC of `length` bytes. O(length). `bytes` may be NULL where length is 0.
uint32_t plat_crc32(const uint8_t *bytes, size_t length);

/// The CRC of a message whose first part has the CRC `crc` (0 where it is empty) and that goes on with `length`
/// bytes: `plat_crc32_continue(plat_crc32(a, n), b, m)` is the CRC of a and b end to end. O(length).
uint32_t plat_crc32_continue(uint32_t crc, const uint8_t *bytes, size_t length);

// ---- The CRCs of many keys ----------------------------------------------------------------------------------
//
// About 1 ns a key of up to 32 bytes where the processor has VPCLMULQDQ and AVX-512, which work on four keys at once.

/// Writes the CRC of key i to `crcs[i]`, for `count` keys that lie end to end: key i is the bytes from
/// `keys[offsets[i]]` to before `keys[offsets[i + 1]]`.
///
/// `offsets` has count + 1 values that never decrease (the caller must ensure it), `crcs` has room for count.
/// Lengths may be mixed and may be 0. O(bytes + count).
void plat_crc32_batch(const uint8_t *keys, const uint32_t *offsets, size_t count, uint32_t *crcs);

/// The same for keys of one length: key i is the `keyLength` bytes from `keys[i * keyLength]`.
/// `keyLength` may be 0; keyLength * count must fit in a size_t. O(bytes + count).
void plat_crc32_batch_fixed(const uint8_t *keys, size_t keyLength, size_t count, uint32_t *crcs);

// ---- Which code does it -------------------------------------------------------------------------------------

typedef enum plat_crc32_path {
  PLAT_CRC32_PATH_PORTABLE = 0,   ///< Tables, eight bytes at a time. Always there.
  PLAT_CRC32_PATH_PCLMUL = 1,     ///< x86-64 with PCLMULQDQ: one key at a time, sixteen bytes at a time.
  PLAT_CRC32_PATH_VPCLMUL = 2     ///< x86-64 with AVX-512 and VPCLMULQDQ: four keys at a time.
} plat_crc32_path;

/// The name of the path in use: "portable", "pclmul" or "vpclmul". Never NULL; static memory.
/// The first use of any function here picks the fastest path that the processor has.
const char *plat_crc32_path_name(void);

/// For tests and benchmarks: takes `path` from now on, in the whole process. 1 where the processor has it; 0, and
/// nothing changes, where not. Every path gives the same CRCs, so calls running meanwhile on other threads stay right.
int plat_crc32_use_path(plat_crc32_path path);

#ifdef __cplusplus
}
#endif
#endif
