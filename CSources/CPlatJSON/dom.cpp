// simdjson's own verdict, against which tests compare the reader's.
#include <simdjson.h>

#include "plat_json.h"

int plat_json_dom_accepts(const uint8_t *bytes, size_t length) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  return parser.parse(bytes, length, true).get(root) == simdjson::SUCCESS;
}

const char *plat_json_simdjson_version(void) { return SIMDJSON_STRINGIFY(SIMDJSON_VERSION); }
