#include "plat_json.h"
#include <simdjson.h>
extern "C" const char *plat_json_simdjson_version(void) { return SIMDJSON_STRINGIFY(SIMDJSON_VERSION); }
