// The reader: simdjson's first stage gives the places of all structural characters; a state machine with a
// stack of its own turns them into checked tokens.
//
//   {"a" : [ 12, "x" ] }
//   ^^   ^ ^ ^ ^ ^   ^ ^    structural: brackets, colons, commas and the first byte of each scalar
//
// Between the end of a scalar and the next structural character there is only whitespace, so the closing
// quote of a string is found by walking back from there.
#include <simdjson.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "reader.hpp"

using namespace plat;

static void set_error(
    plat_json_error *error, const uint8_t *bytes, size_t length, size_t offset, plat_json_error_code code,
    const char *expected) {
  error->offset = offset;
  error->code = code;
  error->expected = expected;
  describe_found(bytes, length, offset, error->found);
}

void plat_json_reader::fail(size_t offset, plat_json_error_code code, const char *expected) {
  set_error(&error, bytes, length, offset, code, expected);
  state = expects::failed;
}

/// What was expected in `state`, of an array or an object.
static const char *expectation(expects state, bool in_object) {
  switch (state) {
    case expects::value: return "a value";
    case expects::value_or_end: return "a value or ']'";
    case expects::key: return "a key in double quotes";
    case expects::key_or_end: return "a key in double quotes or '}'";
    case expects::colon: return "':' after the key";
    case expects::comma_or_end: return in_object ? "',' or '}'" : "',' or ']'";
    default: return "the end of the document";
  }
}

/// All structural characters are taken: the document is truncated, or something that is no token follows.
void plat_json_reader::fail_at_limit() {
  bool in_object = depth > 0 && is_object[depth - 1];
  if (fault.code == PLAT_JSON_BAD_UTF8) return fail(fault.offset, fault.code, "UTF-8");
  if (fault.code == PLAT_JSON_OK || fault.code == PLAT_JSON_BAD_GRAMMAR)
    return fail(limit, PLAT_JSON_BAD_GRAMMAR, expectation(state, in_object));
  if (fault.offset == fault.token) return fail(fault.offset, fault.code, "a string with a closing quote");
  fail(fault.offset, fault.code, "a string without raw control characters");
}

/// The string whose opening quote is at `start`, which is the structural character before `next`.
bool plat_json_reader::take_string(uint32_t start, plat_json_token *token) {
  size_t end = at(next) - 1;
  while (is_whitespace(bytes[end])) end--;
  size_t first = start + 1;
  bool escapes = false;
  if (backslash < first) backslash = find_backslash(first);
  if (backslash < end) {
    escapes = true;
    size_t bad;
    if (decode_string(bytes + first, end - first, nullptr, &bad) < 0) {
      fail(first + bad, PLAT_JSON_BAD_STRING, "one of the escapes of JSON, surrogates in pairs");
      return false;
    }
  }
  token->offset = first;
  token->length = uint32_t(end - first);
  token->has_escapes = escapes;
  return true;
}

/// A number or one of the three literals; else it fails.
bool plat_json_reader::take_scalar(uint32_t start, plat_json_token *token) {
  const uint8_t *at = bytes + start;
  size_t left = limit - start, size = 0;
  auto is = [&](const char *word, size_t length) { return left >= length && memcmp(at, word, length) == 0; };
  plat_json_kind kind = PLAT_JSON_NUMBER;
  bool number = *at == '-' || (*at >= '0' && *at <= '9');
  if (number) size = scan_number(at, left);
  else if (is("true", 4)) kind = PLAT_JSON_TRUE, size = 4;
  else if (is("false", 5)) kind = PLAT_JSON_FALSE, size = 5;
  else if (is("null", 4)) kind = PLAT_JSON_NULL, size = 4;
  *token = {start, uint32_t(size), uint8_t(kind), 0};
  if (size > 0 && (size == left || ends_scalar(at[size]))) return true;
  if (size > 0 && at[size] == '"') {
    // A string that begins right behind a scalar is not in the index.
    auto after = depth == 0 ? expects::end : expects::comma_or_end;
    fail(start + size, PLAT_JSON_BAD_GRAMMAR, expectation(after, depth > 0 && is_object[depth - 1]));
  } else if (number) {
    fail(start, PLAT_JSON_BAD_NUMBER, "a number as JSON writes them");
  } else {
    fail(start, PLAT_JSON_BAD_GRAMMAR, expectation(state, false));
  }
  return false;
}

size_t plat_json_reader::fill(plat_json_token *tokens, size_t capacity) {
  size_t filled = 0;
  auto after_value = [&] { return depth == 0 ? expects::end : expects::comma_or_end; };
  auto open = [&](uint32_t start, bool object) {
    if (depth == PLAT_JSON_MAX_DEPTH) return fail(start, PLAT_JSON_TOO_DEEP, "at most 256 levels of nesting");
    is_object[depth++] = object;
    tokens[filled++] = {start, 1, uint8_t(object ? PLAT_JSON_OBJECT_BEGIN : PLAT_JSON_ARRAY_BEGIN), 0};
    state = object ? expects::key_or_end : expects::value_or_end;
  };
  auto close = [&](uint32_t start, plat_json_kind kind) {
    depth--;
    tokens[filled++] = {start, 1, uint8_t(kind), 0};
    state = after_value();
  };
  while (filled < capacity) {
    if (next >= count) {
      if (state == expects::nothing || state == expects::failed) break;
      if (state != expects::end || fault.code != PLAT_JSON_OK) {
        fail_at_limit();
        break;
      }
      tokens[filled++] = {length, 0, PLAT_JSON_DOCUMENT_END, 0};
      state = expects::nothing;
      break;
    }
    uint32_t start = at(next);
    uint8_t c = bytes[start];
    switch (state) {
      case expects::value_or_end:
        if (c == ']') {
          next++;
          close(start, PLAT_JSON_ARRAY_END);
          continue;
        }
        [[fallthrough]];
      case expects::value:
        if (c == '"') {
          next++;
          if (!take_string(start, &tokens[filled])) return filled;
          tokens[filled++].kind = PLAT_JSON_STRING;
          state = after_value();
        } else if (c == '{' || c == '[') {
          next++;
          open(start, c == '{');
        } else {
          if (!take_scalar(start, &tokens[filled])) return filled;
          next++;
          filled++;
          state = after_value();
        }
        continue;
      case expects::key_or_end:
        if (c == '}') {
          next++;
          close(start, PLAT_JSON_OBJECT_END);
          continue;
        }
        [[fallthrough]];
      case expects::key:
        if (c != '"') break;
        next++;
        if (!take_string(start, &tokens[filled])) return filled;
        if (next >= count || bytes[at(next)] != ':') {
          state = expects::colon;
          if (next >= count) fail_at_limit();
          else fail(at(next), PLAT_JSON_BAD_GRAMMAR, expectation(state, true));
          return filled;
        }
        next++;
        tokens[filled++].kind = PLAT_JSON_KEY;
        state = expects::value;
        continue;
      case expects::comma_or_end: {
        bool object = is_object[depth - 1];
        if (c == ',') {
          next++;
          state = object ? expects::key : expects::value;
          continue;
        }
        if (c != (object ? '}' : ']')) break;
        next++;
        close(start, object ? PLAT_JSON_OBJECT_END : PLAT_JSON_ARRAY_END);
        continue;
      }
      case expects::failed: return filled;
      default: break;
    }
    fail(start, PLAT_JSON_BAD_GRAMMAR, expectation(state, depth > 0 && is_object[depth - 1]));
    return filled;
  }
  return filled;
}

size_t plat_json_padding(void) { return simdjson::SIMDJSON_PADDING; }

/// The best that this processor can do. simdjson's own choice would ask the environment, and be the host's as well. Found when the
/// library is loaded: simdjson makes a list for it, and ends the process where there is no memory for that.
static const simdjson::implementation *const best_implementation =
  simdjson::get_available_implementations().detect_best_supported();

/// A large index asks for large pages: touching 4 KiB for the first time takes longer than filling it.
static void advise(const void *block, size_t size) {
  const uintptr_t page = 4096, begin = (uintptr_t(block) + page - 1) & ~(page - 1), end = (uintptr_t(block) + size) & ~(page - 1);
  if (size >= (size_t(4) << 20) && end > begin) madvise(reinterpret_cast<void *>(begin), end - begin, MADV_HUGEPAGE);
}

/// simdjson's first stage, some MiB at a time, so that somebody can be asked between them. No string has a line break in it, so
/// that a document may be cut at each: what a part has is what the whole would have. False where a part has a fault, or was
/// not gone on with; then nothing is known.
static bool scan_in_parts(plat_json_reader &reader, bool (*goes_on)(void *), void *context) {
  constexpr size_t part_bytes = size_t(4) << 20;
  auto &stage = *reader.stage;
  uint32_t *indexes = stage.structural_indexes.release();
  size_t count = 0, begin = 0;
  bool is_good = true;
  while (is_good && begin < reader.length) {
    size_t end = reader.length;
    if (end - begin > part_bytes) {
      auto *line = static_cast<const uint8_t *>(memchr(reader.bytes + begin + part_bytes, '\n', end - begin - part_bytes));
      if (line) end = size_t(line - reader.bytes) + 1;
    }
    stage.structural_indexes.reset(indexes + count);
    auto scanned = stage.stage1(reader.bytes + begin, end - begin, simdjson::stage1_mode::regular);
    const size_t found = scanned == simdjson::SUCCESS ? stage.n_structural_indexes : 0;
    stage.structural_indexes.release();
    is_good = (scanned == simdjson::SUCCESS || scanned == simdjson::EMPTY) && goes_on(context);
    for (size_t at = 0; at < found; at++) indexes[count + at] += uint32_t(begin);
    count += found;
    begin = end;
  }
  stage.structural_indexes.reset(indexes);
  if (!is_good) return false;
  // What the first stage puts behind the last.
  indexes[count] = indexes[count + 1] = uint32_t(reader.length);
  indexes[count + 2] = 0;
  stage.n_structural_indexes = uint32_t(count);
  return true;
}

plat_json_reader *plat_json_open(const uint8_t *bytes, size_t length, plat_json_error *error) {
  return plat_json_open_in_parts(bytes, length, nullptr, nullptr, error);
}

plat_json_reader *plat_json_open_in_parts(
    const uint8_t *bytes, size_t length, bool (*goes_on)(void *), void *context, plat_json_error *error) {
  using namespace simdjson;
  if (length >= SIMDJSON_MAXSIZE_BYTES) {
    *error = {0, PLAT_JSON_TOO_LONG, "4 GiB or more", "a document of less than 4 GiB"};
    return nullptr;
  }
  auto no_memory = [&]() -> plat_json_reader * {
    *error = {0, PLAT_JSON_NO_MEMORY, "too little memory", "memory for 4 bytes for each byte of the document"};
    return nullptr;
  };
  std::unique_ptr<plat_json_reader> reader(new (std::nothrow) plat_json_reader);
  if (!reader) return no_memory();
  reader->bytes = bytes;
  reader->length = length;
  reader->limit = uint32_t(length);
  auto made = best_implementation->create_dom_parser_implementation(length, 1, reader->stage);
  if (made != SUCCESS || !reader->stage) return no_memory();
  advise(reader->stage->structural_indexes.get(), 4 * length);
  auto scanned = EMPTY;
  if (length > 0 && goes_on && scan_in_parts(*reader, goes_on, context)) {
    scanned = reader->stage->n_structural_indexes > 0 ? SUCCESS : EMPTY;
  } else if (goes_on && !goes_on(context)) {
    *error = {0, PLAT_JSON_STOPPED, "an interrupt", "none"};
    return nullptr;
  } else if (length > 0) {
    scanned = reader->stage->stage1(bytes, length, stage1_mode::regular);
  }
  if (scanned != SUCCESS && scanned != EMPTY && find_lexical_fault(bytes, length, &reader->fault)) {
    // Read what comes before the token at fault, as a document of its own; an earlier fault counts more.
    reader->limit = uint32_t(reader->fault.token);
    scanned = reader->limit == 0 ? EMPTY : reader->stage->stage1(bytes, reader->limit, stage1_mode::regular);
  }
  if (scanned != SUCCESS && scanned != EMPTY) return no_memory();
  reader->count = scanned == SUCCESS ? reader->stage->n_structural_indexes : 0;
  reader->first_backslash = reader->backslash = reader->find_backslash(0);
  return reader.release();
}

int64_t plat_json_next(plat_json_reader *reader, plat_json_token *tokens, size_t capacity, plat_json_error *error) {
  size_t filled = reader->fill(tokens, capacity);
  if (filled == 0 && reader->state == expects::failed) {
    *error = reader->error;
    return -1;
  }
  return int64_t(filled);
}

void plat_json_reader::seek(size_t offset, uint32_t objects, expects what) {
  const uint32_t *indexes = stage->structural_indexes.get();
  next = uint32_t(std::lower_bound(indexes, indexes + count, offset) - indexes);
  state = what;
  depth = objects & 0x1ff;
  for (uint32_t level = 0; level < depth; level++) is_object[level] = true;
  if (objects & PLAT_JSON_IN_ARRAY) is_object[1] = false;
  // Before the first one of all, nothing need be looked for again.
  backslash = offset <= first_backslash ? first_backslash : 0;
}

void plat_json_seek(plat_json_reader *reader, uint64_t offset, uint32_t depth) {
  reader->seek(offset, depth, expects::value);
}

// Some milliseconds' worth, after which a caller may want to stop.
static constexpr uint32_t structurals_at_once = 1 << 20;

bool plat_json_pass(plat_json_reader *reader, uint64_t offset, uint32_t depth) {
  reader->seek(offset, depth, depth == 0 ? expects::end : expects::comma_or_end);
  if (reader->child_begin < reader->child_end && reader->next == reader->child_begin) {
    // It was passed as a part of what is around it.
    reader->next = reader->child_end;
    reader->child_end = 0;
    return true;
  }
  reader->child_begin = reader->child_end = 0;
  reader->open = reader->open_begin = 0;
  return plat_json_pass_on(reader);
}

bool plat_json_pass_on(plat_json_reader *reader) {
  uint32_t open = reader->open, begin = reader->open_begin;
  const uint64_t stop = uint64_t(reader->next) + structurals_at_once;
  bool is_over;
  do {
    uint8_t c = reader->bytes[reader->at(reader->next++)] | 0x20;  // brackets and braces differ in this bit
    if (c == '{') {
      if (++open == 2) begin = reader->next - 1;
    } else if (c == '}') {
      if (--open == 1 && reader->next - begin > reader->child_end - reader->child_begin) {
        reader->child_begin = begin;
        reader->child_end = reader->next;
      }
    }
    is_over = open == 0 || reader->next >= reader->count;
  } while (!is_over && reader->next < stop);
  reader->open = open;
  reader->open_begin = begin;
  return is_over;
}

void plat_json_close(plat_json_reader *reader) { delete reader; }
