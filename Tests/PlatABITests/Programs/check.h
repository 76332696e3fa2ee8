/* What the test programs share: the first thing that is not so ends the program with its place. */
#ifndef CHECK_H
#define CHECK_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) \
  do { \
    if (!(condition)) { \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      exit(1); \
    } \
  } while (0)

/* A call that must do, and one that must fail with this status and name this place. */
#define DO(call) \
  do { \
    plat_error do_error = PLAT_ERROR_INIT, *error = &do_error; \
    if ((call) != PLAT_OK) { \
      fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, do_error.message); \
      exit(1); \
    } \
  } while (0)
#define FAILS(call, with, place) \
  do { \
    plat_error fails_error = PLAT_ERROR_INIT, *error = &fails_error; \
    const plat_status fails_status = (call); \
    if (fails_status != (with) || fails_error.status != (int32_t)(with) || strcmp(fails_error.path, (place)) != 0) { \
      fprintf(stderr, "%s:%d: %s: %s at \"%s\": %s\n", __FILE__, __LINE__, #call, plat_status_name(fails_status), \
              fails_error.path, fails_error.message); \
      exit(1); \
    } \
  } while (0)

#endif
