// The environment as the library sees it: empty. The Swift runtime that is linked in asks it for settings of its own
// (SWIFT_DEBUG_…, SWIFT_BACKTRACE, SWIFT_DETERMINISTIC_HASHING) when it is loaded; these definitions, which nobody outside of the
// library sees, are what it finds, and whatever a host's environment says changes nothing in here.
#include <stddef.h>
#include "include/plat_guest.h"

#define OURS __attribute__((visibility("hidden")))

OURS char *getenv(const char *name);
OURS char *secure_getenv(const char *name);

char *getenv(const char *name) { return (void)name, NULL; }
char *secure_getenv(const char *name) { return (void)name, NULL; }

static char *nothing[] = {NULL};
OURS char **environ = nothing;
OURS char **__environ = nothing;
