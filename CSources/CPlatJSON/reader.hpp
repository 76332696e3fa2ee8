// The reader's state, for all that moves over structural characters.
#pragma once
#include <simdjson.h>

#include <cstring>
#include <memory>

#include "plat_json.h"
#include "scan.hpp"

/// What may come next.
enum class expects : uint8_t { value, value_or_end, key, key_or_end, colon, comma_or_end, end, nothing, failed };

struct plat_json_reader {
  const uint8_t *bytes = nullptr;
  size_t length = 0;    // of the document
  uint32_t limit = 0;   // end of what is lexically sound
  uint32_t next = 0;    // into indexes
  uint32_t count = 0;   // of indexes
  size_t backslash = 0; // the first one not before the current string; `limit` if there is none
  size_t first_backslash = 0;
  expects state = expects::value;
  uint32_t depth = 0;
  bool is_object[PLAT_JSON_MAX_DEPTH];
  // Of the container passed last: its largest direct child, by the indexes of its brackets.
  uint32_t child_begin = 0, child_end = 0;
  // While one is passed: open brackets, and where its present child begins.
  uint32_t open = 0, open_begin = 0;
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
  plat_json_error error = {};
  plat::lexical_fault fault = {};  // what stands at `limit`; code PLAT_JSON_OK if it is the end of the document

  uint32_t at(uint32_t index) const { return index < count ? stage->structural_indexes[index] : limit; }
  size_t find_backslash(size_t from) const {
    auto *found = static_cast<const uint8_t *>(memchr(bytes + from, '\\', limit - from));
    return found ? size_t(found - bytes) : limit;
  }
  void fail(size_t offset, plat_json_error_code code, const char *expected);
  bool take_string(uint32_t start, plat_json_token *token);
  bool take_scalar(uint32_t start, plat_json_token *token);
  void fail_at_limit();
  size_t fill(plat_json_token *tokens, size_t capacity);
  void seek(size_t offset, uint32_t objects, expects what);
};
