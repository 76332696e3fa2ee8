// A small C face over simdjson: a JSON document (RFC 8259) as a stream of tokens, pulled in batches.
//
// Strings and numbers stay text: a token points into the source. simdjson checks UTF-8 and finds the
// structure; a small state machine over it checks the grammar, numbers, escapes and depth, and knows for
// every fault where it is, what is there and what was expected instead.
//
// No function throws, traps or keeps process-wide state. A reader is used by one thread at a time.
#ifndef PLAT_JSON_H
#define PLAT_JSON_H
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

enum {
  /// Containers within containers; deeper is an error.
  PLAT_JSON_MAX_DEPTH = 256,
  /// Bytes that `plat_json_error.found` has room for, with the closing NUL.
  PLAT_JSON_FOUND_BYTES = 64
};

typedef enum plat_json_kind {
  PLAT_JSON_OBJECT_BEGIN = 1,
  PLAT_JSON_OBJECT_END = 2,
  PLAT_JSON_ARRAY_BEGIN = 3,
  PLAT_JSON_ARRAY_END = 4,
  PLAT_JSON_KEY = 5,
  PLAT_JSON_STRING = 6,
  PLAT_JSON_NUMBER = 7,
  PLAT_JSON_TRUE = 8,
  PLAT_JSON_FALSE = 9,
  PLAT_JSON_NULL = 10,
  PLAT_JSON_DOCUMENT_END = 11
} plat_json_kind;

/// One token. Keys and strings: the bytes between the quotes, as written, valid UTF-8; `has_escapes` says
/// that they hold backslashes and need `plat_json_unescape`. All else: the bytes of the token.
typedef struct plat_json_token {
  uint64_t offset;      // bytes from the start of the document
  uint32_t length;      // bytes
  uint8_t kind;         // plat_json_kind
  uint8_t has_escapes;  // 0 or 1; only keys and strings have them
} plat_json_token;

typedef enum plat_json_error_code {
  PLAT_JSON_OK = 0,
  PLAT_JSON_NO_MEMORY = 1,
  PLAT_JSON_TOO_LONG = 2,  // 4 GiB or more
  PLAT_JSON_BAD_UTF8 = 3,
  PLAT_JSON_BAD_STRING = 4,  // control character, bad escape, no closing quote
  PLAT_JSON_BAD_NUMBER = 5,
  PLAT_JSON_BAD_GRAMMAR = 6,  // also truncated and empty documents, and what follows the document
  PLAT_JSON_TOO_DEEP = 7,
  PLAT_JSON_STOPPED = 8  // `goes_on` said no
} plat_json_error_code;

typedef struct plat_json_error {
  uint64_t offset;                    // of what is wrong, bytes from the start of the document
  uint32_t code;                      // plat_json_error_code
  char found[PLAT_JSON_FOUND_BYTES];  // what is there: NUL-terminated UTF-8, long texts cut short
  const char *expected;               // what could have been there: a constant string
} plat_json_error;

typedef struct plat_json_reader plat_json_reader;

/// How many readable bytes must follow the document in its buffer. Their content does not matter.
size_t plat_json_padding(void);

/// Begins reading; the whole document is scanned once (UTF-8, strings, structure). O(length), and 4 bytes of
/// memory for each structural character. `bytes` stays the caller's and must outlive the reader.
/// NULL, with `error` filled in, where memory is short or the document 4 GiB or more. What is wrong inside
/// the document comes from `plat_json_next`, at its place in the stream.
plat_json_reader *plat_json_open(const uint8_t *bytes, size_t length, plat_json_error *error);

/// The same, but that `goes_on(context)` is asked every few MiB where the document has line breaks: false ends it, with
/// PLAT_JSON_STOPPED.
plat_json_reader *plat_json_open_in_parts(
  const uint8_t *bytes, size_t length, bool (*goes_on)(void *context), void *context, plat_json_error *error);

/// The next tokens, at most `capacity` (at least 1) of them: how many; 0 after PLAT_JSON_DOCUMENT_END; -1 for
/// an error, which comes after all tokens before it and then stays. O(bytes passed).
int64_t plat_json_next(
    plat_json_reader *reader, plat_json_token *tokens, size_t capacity, plat_json_error *error);

/// Added to a depth: of what is around the value, the second is an array, as in `{ "maps": [ { … } ] }`; all else are
/// objects.
#define PLAT_JSON_IN_ARRAY 0x10000u

/// Goes back, or on, to the value whose first byte is at `offset`, and which is inside of `depth` objects (at most
/// PLAT_JSON_MAX_DEPTH) and no array but by PLAT_JSON_IN_ARRAY: the caller knows both from its tokens. The next token is that value.
/// O(log bytes).
void plat_json_seek(plat_json_reader *reader, uint64_t offset, uint32_t depth);

/// Moves behind the container whose bracket is at `offset`, inside of `depth` objects and no array, by counting
/// brackets: what is in it is not checked until it is read. Where it is no JSON, the place may be anywhere in the
/// document. A few milliseconds at most: false where it is not at the end by then, and plat_json_pass_on goes on, again and again.
/// O(structural characters in it), at a fraction of the time of their tokens.
bool plat_json_pass(plat_json_reader *reader, uint64_t offset, uint32_t depth);
bool plat_json_pass_on(plat_json_reader *reader);

/// Names with their indices, as NameTable.swift has them.
typedef struct plat_json_names {
  const uint64_t *slots;  // upper half of the hash, and index + 1; 0 is free
  uint64_t slot_count;    // a power of two
  const int64_t *ends;    // where each name ends in `text`, after a first 0
  const uint8_t *text;
  uint64_t seed;
} plat_json_names;

/// A state that a row may have, and its slots.
typedef struct plat_json_row_state {
  const uint8_t *name;
  uint64_t name_length;
  uint32_t first_slot;
  uint32_t slot_count;
  uint32_t *used;  // the most slots that a row has used: only ever raised
} plat_json_row_state;

/// Where rows go. All memory is the caller's.
typedef struct plat_json_rows {
  plat_json_names names;
  const plat_json_row_state *states;
  uint32_t state_count;  // at most 64
  uint32_t *slots;       // partition_count rows of `width`
  uint64_t width;
  uint64_t partition_count;
  uint64_t *taken;  // a bit for each partition that has been read
  uint32_t *held;   // room for `width`
  uint64_t most;    // so many rows, and not more
} plat_json_rows;

/// Reads at most `most` members of an object of partitions, from the key whose quote is at `offset` on, around which are `depth` objects
/// and no array, as long as they are plain: `"17": {"master": ["a"], "slave": ["f", "g"]}` with numbers that were not
/// taken, known states and nodes, no more nodes than slots, no escapes, nothing twice. How many. The next token is what
/// follows them: the end of the object, or the key of a member that is left to the caller, of whose row some slots may be
/// written. O(bytes + nodes²) for each row.
int64_t plat_json_read_rows(plat_json_reader *reader, uint64_t offset, uint32_t depth, const plat_json_rows *rows);

/// NULL is allowed.
void plat_json_close(plat_json_reader *reader);

/// Line and column, from 1, of a byte; columns count code points, lines end with LF. An offset behind the
/// document counts as its end. O(offset).
void plat_json_place(
    const uint8_t *bytes, size_t length, uint64_t offset, uint64_t *line, uint64_t *column);

/// The text that a raw string stands for: its bytes are written to `out`, which has room for `length` (the
/// text is never longer than what was written for it) and may be `raw` itself. How many; -1 where an escape
/// is malformed, which never happens to a token's bytes. O(length).
int64_t plat_json_unescape(const uint8_t *raw, size_t length, uint8_t *out);

/// What simdjson's own on-demand parser needs to look at every string of a document: how many bytes they
/// have, keys included; -1 where it is no JSON. For benchmarks. `bytes` are padded.
int64_t plat_json_simdjson_string_bytes(const uint8_t *bytes, size_t length);

/// What simdjson's own DOM parser says of a document, for tests: 1 accepted, 0 refused. It also refuses numbers
/// that no double or 64-bit integer holds, and stops at another depth. `bytes` are padded.
int plat_json_dom_accepts(const uint8_t *bytes, size_t length);

const char *plat_json_simdjson_version(void);

#ifdef __cplusplus
}
#endif
#endif
