/* The option memoryLimitBytes, from hardly anything to more than enough: whatever reads or writes documents, takes arrays, plans,
 * judges or generates either does or says that there is too little memory; more never makes it fail; and all that there was
 * before stays as good as it was. */
#include "work.h"

#define SMALL "nodes=100 partitions=20000 map=drifted"

static const struct { const char *name; plat_status (*work)(stuff *); const char *generate; uint64_t least_failing; } kinds[] = {
  {"read JSON", kind_read_cluster, SMALL, 1 << 20}, {"read binary", kind_read_cluster, SMALL " binary=1", 1 << 17},
  {"read plan", kind_read_plan, SMALL, 1 << 19}, {"arrays", kind_arrays, SMALL, 1 << 17},
  {"read ranges", kind_read_cluster, SMALL " keyFunction=range", 1 << 20},
  {"write JSON", kind_write_cluster, SMALL, 1 << 20}, {"write plan", kind_write_plan, SMALL, 1 << 20},
  {"plan", kind_plan, SMALL, 1 << 17}, {"document to plan", kind_document_plan, SMALL, 1 << 20}, {"generate", kind_generate, SMALL, 1 << 17},
};

int main(void) {
  for (size_t at = 0; at < sizeof kinds / sizeof kinds[0]; at++) {
    stuff of = make(kinds[at].generate, NULL, 1);
    uint64_t most_failing = 0, least_doing = 0;
    for (uint64_t limit = 1; limit <= (uint64_t)1 << 30; limit += limit / 3 + 1) {
      DO(plat_options_set_number(of.options, "memoryLimitBytes", limit, error));
      plat_thread_defaults(of.options, NULL);
      const plat_status status = kinds[at].work(&of);
      plat_thread_defaults(NULL, NULL);
      CHECK(status == PLAT_OK || status == PLAT_OUT_OF_MEMORY);
      if (status == PLAT_OUT_OF_MEMORY) most_failing = limit;
      if (status == PLAT_OK && !least_doing) least_doing = limit;
    }
    printf("%s: too little up to %lu bytes, enough from %lu\n", kinds[at].name, (unsigned long)most_failing, (unsigned long)least_doing);
    CHECK(least_doing && most_failing < least_doing && most_failing >= kinds[at].least_failing);
    DO(plat_options_set(of.options, "memoryLimitBytes", NULL, error));
    CHECK(kinds[at].work(&of) == PLAT_OK); /* nothing has come of it */
    drop(&of);
  }
  puts("all is so");
  return 0;
}
