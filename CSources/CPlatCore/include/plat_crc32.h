// CRC-32/ISO-HDLC (the CRC of zlib, gzip, PNG and the Couchbase clients), of one key and of batches of keys.
#ifndef PLAT_CRC32_H
#define PLAT_CRC32_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/// The CRC of `length` bytes. O(length). `bytes` may be NULL where length is 0.
uint32_t plat_crc32(const uint8_t *bytes, size_t length);

#ifdef __cplusplus
}
#endif
#endif
