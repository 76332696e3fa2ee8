/* The option memoryLimitBytes, from hardly anything to more than enough: whatever reads or writes documents, takes arrays, plans,
 * judges or generates either does or says that there is too little memory; more never makes it fail; and all that there was
 * before stays as good as it was. */
#include <plat.h>
#include "check.h"

static plat_options *options, *unlimited;
static plat_bytes *text, *binary, *plan_text;
static plat_cluster *cluster;
static plat_plan *plan;

static plat_document document_of(plat_bytes *bytes) {
  plat_document document = PLAT_DOCUMENT_INIT;
  document.bytes = plat_bytes_data(bytes);
  document.length = plat_bytes_length(bytes);
  return document;
}

static plat_status read(plat_bytes *bytes) {
  plat_cluster *made = NULL;
  plat_error error = PLAT_ERROR_INIT;
  const plat_status status = plat_cluster_from_document(plat_bytes_data(bytes), plat_bytes_length(bytes), NULL, &made, &error);
  CHECK((status == PLAT_OK) == (made != NULL) && (int32_t)status == error.status);
  if (made) CHECK(plat_cluster_partition_count(made) == plat_cluster_partition_count(cluster));
  plat_cluster_free(made);
  return status;
}
static plat_status read_text(void) { return read(text); }
static plat_status read_binary(void) { return read(binary); }
static plat_status read_plan(void) {
  plat_plan *made = NULL;
  const plat_document document = document_of(plan_text);
  const plat_status status = plat_plan_from_document(cluster, &document, &made, NULL);
  plat_plan_free(made);
  return status;
}
static plat_status arrays(void) {
  plat_cluster *made = NULL;
  plat_cluster_arrays arrays = PLAT_CLUSTER_ARRAYS_INIT;
  const uint32_t slots[4] = {plat_cluster_slots(cluster, 0), plat_cluster_slots(cluster, 1), 0, 0};
  arrays.node_count = plat_cluster_node_count(cluster);
  arrays.partition_count = plat_cluster_partition_count(cluster);
  arrays.map = plat_cluster_rows(cluster, NULL);
  arrays.map_slots = slots;
  const plat_status status = plat_cluster_from_arrays(&arrays, &made, NULL);
  plat_cluster_free(made);
  return status;
}
static plat_status write_text(void) {
  plat_bytes *bytes = NULL;
  const plat_status status = plat_cluster_to_document(cluster, NULL, &bytes, NULL);
  plat_bytes_free(bytes);
  return status;
}
static plat_status write_plan(void) {
  plat_bytes *bytes = NULL;
  const plat_status status = plat_plan_to_document(plan, NULL, NULL, &bytes, NULL);
  plat_bytes_free(bytes);
  return status;
}
static plat_status make_plan(void) {
  plat_plan *made = NULL;
  const plat_status status = plat_plan_make(cluster, NULL, NULL, NULL, &made, NULL);
  plat_plan_free(made);
  return status;
}
static plat_status document_plan(void) {
  plat_bytes *bytes = NULL;
  const plat_document document = document_of(text);
  const plat_status status = plat_document_plan(&document, NULL, NULL, &bytes, NULL);
  plat_bytes_free(bytes);
  return status;
}
static plat_status generate(void) {
  plat_bytes *bytes = NULL;
  const plat_status status = plat_generate(NULL, NULL, &bytes, NULL);
  plat_bytes_free(bytes);
  return status;
}

static const struct { const char *name; plat_status (*work)(void); uint64_t least_failing; } kinds[] = {
  {"read JSON", read_text, 1 << 20}, {"read binary", read_binary, 1 << 17}, {"read plan", read_plan, 1 << 19},
  {"arrays", arrays, 1 << 17}, {"write JSON", write_text, 1 << 20}, {"write plan", write_plan, 1 << 20},
  {"plan", make_plan, 1 << 17}, {"document to plan", document_plan, 1 << 20}, {"generate", generate, 1 << 17},
};

int main(void) {
  DO(plat_options_make(&options, error));
  DO(plat_options_make(&unlimited, error));
  for (int both = 0; both < 2; both++) {
    plat_options *of = both ? unlimited : options;
    DO(plat_options_set(of, "generate.nodes", "100", error));
    DO(plat_options_set(of, "generate.partitions", "20000", error));
    DO(plat_options_set(of, "generate.map", "drifted", error));
  }
  DO(plat_generate(unlimited, NULL, &text, error));
  DO(plat_options_set(unlimited, "binary", "1", error));
  DO(plat_generate(unlimited, NULL, &binary, error));
  DO(plat_cluster_from_document(plat_bytes_data(text), plat_bytes_length(text), NULL, &cluster, error));
  DO(plat_plan_make(cluster, NULL, NULL, NULL, &plan, error));
  DO(plat_plan_to_document(plan, NULL, NULL, &plan_text, error));
  for (size_t at = 0; at < sizeof kinds / sizeof kinds[0]; at++) {
    uint64_t most_failing = 0, least_doing = 0;
    for (uint64_t limit = 1; limit <= (uint64_t)1 << 30; limit += limit / 3 + 1) {
      DO(plat_options_set_number(options, "memoryLimitBytes", limit, error));
      plat_thread_defaults(options, NULL);
      const plat_status status = kinds[at].work();
      plat_thread_defaults(NULL, NULL);
      CHECK(status == PLAT_OK || status == PLAT_OUT_OF_MEMORY);
      if (status == PLAT_OUT_OF_MEMORY) most_failing = limit;
      if (status == PLAT_OK && !least_doing) least_doing = limit;
    }
    printf("%s: too little up to %lu bytes, enough from %lu\n", kinds[at].name, (unsigned long)most_failing, (unsigned long)least_doing);
    CHECK(least_doing && most_failing < least_doing && most_failing >= kinds[at].least_failing);
    CHECK(kinds[at].work() == PLAT_OK); /* nothing has come of it */
  }
  plat_bytes_free(plan_text);
  plat_bytes_free(binary);
  plat_bytes_free(text);
  plat_plan_free(plan);
  plat_cluster_free(cluster);
  plat_options_free(unlimited);
  plat_options_free(options);
  puts("all is so");
  return 0;
}
