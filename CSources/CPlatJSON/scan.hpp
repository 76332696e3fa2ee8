// The scalar scans behind the reader: each looks at one string, one number or, once something is known to be
// wrong, at the whole document.
#pragma once
#include <cstddef>
#include <cstdint>

#include "plat_json.h"

namespace plat {

inline bool is_whitespace(uint8_t c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// May follow a number or a literal.
inline bool ends_scalar(uint8_t c) {
  return is_whitespace(c) || c == ',' || c == ']' || c == '}' || c == ':' || c == '[' || c == '{';
}

/// Decodes the escapes of a raw string. Bytes are written to `out` unless it is null (then only checked).
/// The length of the text, or -1 with the place of the bad escape in `*bad`.
int64_t decode_string(const uint8_t *raw, size_t length, uint8_t *out, size_t *bad);

/// The length of the JSON number that begins at `bytes`, of which `length` may be read; 0 where there is none.
/// What follows it is not looked at: of `01` the number is `0`.
size_t scan_number(const uint8_t *bytes, size_t length);

/// The first byte that is wrong whatever the grammar says: bad UTF-8, a control character inside a string, a
/// string without end, a backslash outside of strings. `token` is where its token starts: all before it is sound. False where there is none.
struct lexical_fault {
  size_t offset;
  size_t token;
  plat_json_error_code code;
};
bool find_lexical_fault(const uint8_t *bytes, size_t length, lexical_fault *fault);

/// Writes what stands at `offset` to `out`, as an error message shows it. The bytes before the next
/// character that ends a token must be valid UTF-8 or are shown in hexadecimal.
void describe_found(const uint8_t *bytes, size_t length, size_t offset, char out[PLAT_JSON_FOUND_BYTES]);

}  // namespace plat
