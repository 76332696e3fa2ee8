// A small C face over simdjson: a JSON document as a stream of tokens, numbers and strings left as text.
#ifndef PLAT_JSON_H
#define PLAT_JSON_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
const char *plat_json_simdjson_version(void);
#ifdef __cplusplus
}
#endif
#endif
