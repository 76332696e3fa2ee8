#include "scan.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace plat {

static bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

/// The value of the four hexadecimal digits at `digits`, or -1.
static int32_t four_digits(const uint8_t *digits) {
  int32_t value = 0;
  for (int i = 0; i < 4; i++) {
    uint8_t c = digits[i];
    uint8_t letter = c | 0x20;
    int32_t digit;
    if (is_digit(c)) digit = c - '0';
    else if (letter >= 'a' && letter <= 'f') digit = letter - 'a' + 10;
    else return -1;
    value = value << 4 | digit;
  }
  return value;
}

/// Writes a code point as UTF-8: 1 to 4 bytes.
static size_t put_code_point(uint32_t point, uint8_t *out) {
  if (point < 0x80) {
    out[0] = uint8_t(point);
    return 1;
  }
  if (point < 0x800) {
    out[0] = uint8_t(0xc0 | point >> 6);
    out[1] = uint8_t(0x80 | (point & 0x3f));
    return 2;
  }
  if (point < 0x10000) {
    out[0] = uint8_t(0xe0 | point >> 12);
    out[1] = uint8_t(0x80 | (point >> 6 & 0x3f));
    out[2] = uint8_t(0x80 | (point & 0x3f));
    return 3;
  }
  out[0] = uint8_t(0xf0 | point >> 18);
  out[1] = uint8_t(0x80 | (point >> 12 & 0x3f));
  out[2] = uint8_t(0x80 | (point >> 6 & 0x3f));
  out[3] = uint8_t(0x80 | (point & 0x3f));
  return 4;
}

static int32_t simple_escape(uint8_t c) {
  switch (c) {
    case '"': case '\\': case '/': return c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return -1;
  }
}

/// The code point of the `\u` escape at `at`, whose length (6, or 12 for a pair of surrogates) goes to
/// `*taken`; -1 where it is malformed or a surrogate stands alone.
static int32_t unicode_escape(const uint8_t *at, size_t left, size_t *taken) {
  if (left < 6) return -1;
  int32_t first = four_digits(at + 2);
  *taken = 6;
  if (first < 0xd800 || first > 0xdfff) return first;
  if (first > 0xdbff || left < 12 || at[6] != '\\' || at[7] != 'u') return -1;
  int32_t second = four_digits(at + 8);
  if (second < 0xdc00 || second > 0xdfff) return -1;
  *taken = 12;
  return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
}

int64_t decode_string(const uint8_t *raw, size_t length, uint8_t *out, size_t *bad) {
  size_t in = 0, written = 0;
  while (in < length) {
    auto *backslash = static_cast<const uint8_t *>(memchr(raw + in, '\\', length - in));
    size_t plain = backslash ? size_t(backslash - raw) - in : length - in;
    if (out) memmove(out + written, raw + in, plain);
    in += plain;
    written += plain;
    if (!backslash) break;
    *bad = in;
    if (length - in < 2) return -1;
    size_t taken = 2;
    int32_t point = raw[in + 1] == 'u' ? unicode_escape(raw + in, length - in, &taken) : simple_escape(raw[in + 1]);
    if (point < 0) return -1;
    uint8_t utf8[4];
    size_t size = put_code_point(uint32_t(point), utf8);
    if (out) memcpy(out + written, utf8, size);
    in += taken;
    written += size;
  }
  return int64_t(written);
}

size_t scan_number(const uint8_t *bytes, size_t length) {
  size_t at = 0;
  // Takes a run of digits; false where there is none.
  auto digits = [&] {
    size_t start = at;
    while (at < length && is_digit(bytes[at])) at++;
    return at > start;
  };
  auto is = [&](uint8_t c) { return at < length && bytes[at] == c; };
  if (is('-')) at++;
  if (is('0')) at++;
  else if (!digits()) return 0;
  if (is('.')) {
    at++;
    if (!digits()) return 0;
  }
  if (is('e') || is('E')) {
    at++;
    if (is('+') || is('-')) at++;
    if (!digits()) return 0;
  }
  return at;
}

/// The length of the UTF-8 sequence at `bytes`, or 0: overlong forms, surrogates and what lies above U+10FFFF
/// are none.
static size_t utf8_sequence(const uint8_t *bytes, size_t left) {
  uint8_t c = bytes[0];
  if (c < 0x80) return 1;
  size_t size = c >= 0xc2 && c <= 0xdf ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
  if (size == 0 || left < size) return 0;
  for (size_t i = 1; i < size; i++)
    if ((bytes[i] & 0xc0) != 0x80) return 0;
  uint8_t second = bytes[1];
  if (c == 0xe0 && second < 0xa0) return 0;
  if (c == 0xed && second > 0x9f) return 0;
  if (c == 0xf0 && second < 0x90) return 0;
  if (c == 0xf4 && second > 0x8f) return 0;
  return size;
}

bool find_lexical_fault(const uint8_t *bytes, size_t length, lexical_fault *fault) {
  bool in_string = false;
  size_t start = 0;
  for (size_t at = 0; at < length;) {
    size_t token = in_string ? start : at;
    size_t size = utf8_sequence(bytes + at, length - at);
    if (size == 0) {
      *fault = {at, token, PLAT_JSON_BAD_UTF8};
      return true;
    }
    uint8_t c = bytes[at];
    if (in_string && c < 0x20) {
      *fault = {at, token, PLAT_JSON_BAD_STRING};
      return true;
    }
    if (!in_string && c == '\\') {
      // simdjson takes it for an escape here as well, and what follows for something else than we would.
      *fault = {at, at, PLAT_JSON_BAD_GRAMMAR};
      return true;
    }
    if (c == '"') {
      in_string = !in_string;
      start = at;
    } else if (c == '\\' && at + 1 < length && (bytes[at + 1] == '"' || bytes[at + 1] == '\\')) {
      size = 2;
    }
    at += size;
  }
  *fault = {start, start, PLAT_JSON_BAD_STRING};
  return in_string;
}

void describe_found(const uint8_t *bytes, size_t length, size_t offset, char out[PLAT_JSON_FOUND_BYTES]) {
  constexpr size_t room = PLAT_JSON_FOUND_BYTES;
  if (offset >= length) {
    snprintf(out, room, "the end of the document");
    return;
  }
  const uint8_t *at = bytes + offset;
  size_t left = length - offset, first = utf8_sequence(at, left);
  if (left >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0) {
    snprintf(out, room, "a byte order mark");
  } else if (*at == '\n' || *at == '\r') {
    snprintf(out, room, "a line break");
  } else if (first == 0 || *at < 0x20 || *at == 0x7f) {
    snprintf(out, room, "the byte 0x%02x", *at);
  } else {
    // A whole token if it is short, else its beginning.
    constexpr size_t most = 40;
    bool quoted = *at == '"', cut = false;
    size_t end = first;
    if (quoted || !ends_scalar(*at)) {
      while (end < left && (quoted ? at[end - 1] != '"' || end == 1 : !ends_scalar(at[end]) && at[end] != '"')) {
        size_t size = utf8_sequence(at + end, left - end);
        if (size == 0 || at[end] < 0x20) break;
        cut = end + size > most;
        if (cut) break;
        end += size;
      }
    }
    snprintf(out, room, quoted ? "%.*s%s" : "'%.*s%s'", int(end), reinterpret_cast<const char *>(at), cut ? "…" : "");
  }
}

}  // namespace plat

using namespace plat;

int64_t plat_json_unescape(const uint8_t *raw, size_t length, uint8_t *out) {
  size_t bad;
  return decode_string(raw, length, out, &bad);
}

void plat_json_place(const uint8_t *bytes, size_t length, uint64_t offset, uint64_t *line, uint64_t *column) {
  size_t end = offset < length ? size_t(offset) : length;
  *line = 1 + uint64_t(std::count(bytes, bytes + end, uint8_t('\n')));
  size_t start = end;
  while (start > 0 && bytes[start - 1] != '\n') start--;
  *column = 1 + uint64_t(std::count_if(bytes + start, bytes + end, [](uint8_t c) { return (c & 0xc0) != 0x80; }));
}
