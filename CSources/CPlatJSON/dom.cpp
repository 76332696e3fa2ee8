// simdjson's own verdict, against which tests compare the reader's.
#include <simdjson.h>

#include "plat_json.h"

int plat_json_dom_accepts(const uint8_t *bytes, size_t length) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  return parser.parse(bytes, length, true).get(root) == simdjson::SUCCESS;
}

const char *plat_json_simdjson_version(void) { return SIMDJSON_STRINGIFY(SIMDJSON_VERSION); }

/// Bytes of the strings in a value, keys included.
static int64_t strings_in(simdjson::ondemand::value value) {
  int64_t count = 0;
  switch (value.type()) {
    case simdjson::ondemand::json_type::object:
      for (auto field : value.get_object()) {
        std::string_view key = field.unescaped_key();
        count += int64_t(key.size()) + strings_in(field.value());
      }
      return count;
    case simdjson::ondemand::json_type::array:
      for (auto element : value.get_array()) count += strings_in(element.value());
      return count;
    case simdjson::ondemand::json_type::string: {
      std::string_view text = value.get_string();
      return int64_t(text.size());
    }
    default: return 0;
  }
}

int64_t plat_json_simdjson_string_bytes(const uint8_t *bytes, size_t length) {
  try {
    simdjson::ondemand::parser parser;
    auto document = parser.iterate(bytes, length, length + simdjson::SIMDJSON_PADDING);
    return strings_in(document.get_value());
  } catch (...) {
    return -1;
  }
}
