/* More replicas wanted than there are nodes: counts SEEDS [FIRST]. A random cluster that wants far too many gets, for the memory that this
 * takes, just the map of one that wants no more than rows have slots for; what is missing is counted by what was wanted. "plant": the
 * comparison with another cluster's map, which must differ. */
#include <plat.h>
#include "check.h"

enum { most_nodes = 24, most_partitions = 60 };

static uint32_t state;
static uint32_t drawn(uint32_t below) { return state = state * 1664525u + 1013904223u, (state >> 8) % below; }

static uint32_t clamped(uint32_t count, uint32_t nodes) {
  const uint32_t most = nodes > 16 ? nodes : 16;
  return count < most ? count : most;
}

/* All that a cluster is described by; the arrays point into it. */
typedef struct described {
  uint32_t counts[PLAT_STATE_COUNT], few[PLAT_STATE_COUNT], containers[most_nodes], nodes;
  uint8_t statuses[most_nodes];
  plat_rule rule;
  plat_cluster_arrays arrays;
} described;

static void describe(described *told) {
  memset(told, 0, sizeof *told);
  told->nodes = drawn(most_nodes + 1);
  told->counts[0] = 1;
  told->counts[1] = drawn(2) ? 17 + drawn(100) : drawn(2) ? 1u << (5 + drawn(15)) : 1u << 20;
  for (uint32_t node = 0; node < told->nodes; node++) {
    told->containers[node] = node % 5;
    told->statuses[node] = drawn(6) ? PLAT_NODE_ACTIVE : (uint8_t)drawn(4);
  }
  for (uint32_t at = 0; at < PLAT_STATE_COUNT; at++) told->few[at] = clamped(told->counts[at], told->nodes);
  told->rule = (plat_rule){PLAT_RULE_AT_MOST, drawn(2) ? PLAT_HARD : PLAT_SOFT, 3, 0, 1 + drawn(3), 0};
  told->arrays = (plat_cluster_arrays)PLAT_CLUSTER_ARRAYS_INIT;
  told->arrays.node_count = told->nodes;
  told->arrays.partition_count = 1 + drawn(most_partitions);
  told->arrays.counts = told->counts;
  told->arrays.node_statuses = told->statuses;
  if (drawn(2)) {
    told->arrays.level_count = 1;
    told->arrays.containers = told->containers;
    told->arrays.rules = &told->rule;
    told->arrays.rule_count = 1;
  }
}

/* A plan under a limit that leaves room for rows of slots for so many nodes, not for what is wanted. */
static plat_plan *planned(const plat_cluster *cluster, uint32_t nodes, plat_options *options) {
  plat_plan *plan = NULL;
  const uint64_t width = 1 + (nodes > 16 ? nodes : 16);
  DO(plat_options_set_number(options, "memoryLimitBytes", (1 << 18) + width * plat_cluster_partition_count(cluster) * 64, error));
  DO(plat_plan_make(cluster, NULL, options, NULL, &plan, error));
  return plan;
}

static int same(const plat_plan *a, const plat_plan *b) {
  size_t of_a = 0, of_b = 0;
  const uint32_t *rows = plat_plan_rows(a, &of_a), *others = plat_plan_rows(b, &of_b);
  return of_a == of_b && memcmp(rows, others, of_a * sizeof *rows) == 0;
}

static void once(uint32_t seed, int plant) {
  state = seed;
  described told, other;
  describe(&told);
  other = told;
  other.arrays.counts = other.few;
  other.arrays.node_statuses = other.statuses;
  other.arrays.containers = told.arrays.containers ? other.containers : NULL;
  if (plant) other.few[1] -= 15;
  plat_options *options = NULL;
  plat_cluster *cluster = NULL, *clusters = NULL, *after = NULL, *read = NULL;
  plat_report *report = NULL;
  plat_bytes *bytes = NULL;
  DO(plat_options_make(&options, error));
  DO(plat_cluster_from_arrays(&told.arrays, &cluster, error));
  DO(plat_cluster_from_arrays(&other.arrays, &clusters, error));
  plat_plan *plan = planned(cluster, told.nodes, options), *expected = planned(clusters, told.nodes, options), *next = NULL;
  for (uint32_t at = 0; at < 2; at++) CHECK(plat_plan_slots(plan, at) == clamped(told.counts[at], told.nodes));
  CHECK(same(plan, expected));

  size_t slots = 0, filled = 0;
  const uint32_t *rows = plat_plan_rows(plan, &slots);
  for (size_t slot = 0; slot < slots; slot++) filled += rows[slot] != PLAT_NONE;
  plat_summary summary = PLAT_SUMMARY_INIT;
  DO(plat_check(cluster, plan, options, NULL, &report, error));
  DO(plat_report_summary(report, &summary, error));
  CHECK(summary.unmet == (uint64_t)told.arrays.partition_count * ((uint64_t)told.counts[0] + told.counts[1]) - filled);

  /* In again: by what it says of its slots, and by its document. */
  uint32_t widths[PLAT_STATE_COUNT];
  for (uint32_t at = 0; at < PLAT_STATE_COUNT; at++) widths[at] = plat_plan_slots(plan, at);
  told.arrays.map = rows;
  told.arrays.map_revision = 1;
  if (told.counts[1] > clamped(told.counts[1], told.nodes))
    FAILS(plat_cluster_from_arrays(&told.arrays, &after, error), PLAT_INVALID_ARGUMENT, "map_slots");
  told.arrays.map_slots = widths;
  DO(plat_cluster_from_arrays(&told.arrays, &after, error));
  next = planned(after, told.nodes, options);
  CHECK(plat_plan_moves_lower_bound(next) == 0);
  DO(plat_cluster_to_document(after, NULL, &bytes, error));
  DO(plat_options_set_number(options, "memoryLimitBytes", 1 << 22, error));
  plat_thread_defaults(options, NULL);
  DO(plat_cluster_from_document(plat_bytes_data(bytes), plat_bytes_length(bytes), NULL, &read, error));
  plat_thread_defaults(NULL, NULL);
  CHECK(plat_cluster_slots(read, 1) <= clamped(told.counts[1], told.nodes));
  plat_bytes_free(bytes);
  plat_report_free(report);
  plat_plan_free(next);
  plat_plan_free(plan);
  plat_plan_free(expected);
  plat_cluster_free(read);
  plat_cluster_free(after);
  plat_cluster_free(clusters);
  plat_cluster_free(cluster);
  plat_options_free(options);
}

/* Tiny documents that want a lot. */
static void documents(void) {
  static const char *const texts[] = {
    "{\"plat\": 1, \"settings\": {\"numPartitions\": 84, \"constraints\": {\"slave\": 1000000}}, \"nodes\": {\"a\": {}, \"b\": {}}}",
    "{\"plat\": 1, \"settings\": {\"numPartitions\": 2048, \"constraints\": {\"slave\": 1000000}}, \"nodes\": {\"a\": {}, \"b\": {}}, \"map\": "
    "{\"type\": \"current\", \"revision\": 1, \"partitions\": {\"0\": {\"master\": [\"a\"]}}}}",
    "{\"plat\": 1, \"settings\": {\"numPartitions\": 200000000, \"constraints\": {\"slave\": 1000}}, \"nodes\": {\"a\": {}, \"b\": {}}}",
  };
  plat_options *options = NULL;
  DO(plat_options_make(&options, error));
  DO(plat_options_set_number(options, "memoryLimitBytes", 8 << 20, error));
  for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++) {
    plat_document document = PLAT_DOCUMENT_INIT;
    document.bytes = texts[at];
    document.length = strlen(texts[at]);
    plat_bytes *bytes = NULL;
    plat_error error = PLAT_ERROR_INIT;
    const plat_status status = plat_document_plan(&document, options, NULL, &bytes, &error);
    if (status != (at < 2 ? PLAT_OK : PLAT_INVALID_INPUT)) fprintf(stderr, "document %zu: %s\n", at, error.message);
    CHECK(status == (at < 2 ? PLAT_OK : PLAT_INVALID_INPUT));
    plat_bytes_free(bytes);
  }
  DO(plat_options_set(options, "generate.nodes", "5", error));
  DO(plat_options_set(options, "generate.slaves", "1000000", error));
  for (int map = 0; map < 4; map++) {
    plat_bytes *bytes = NULL;
    DO(plat_options_set(options, "generate.map", (const char *[]){"fresh", "drifted", "random", "half-moved"}[map], error));
    DO(plat_options_set(options, "generate.partitions", "84", error));
    DO(plat_generate(options, NULL, &bytes, error));
    plat_bytes_free(bytes);
  }
  plat_options_free(options);
}

int main(int count, char **words) {
  if (count > 1 && !strcmp(words[1], "plant")) {
    for (uint32_t seed = 1; seed < 20; seed++) once(seed, 1);
    return 0;
  }
  const uint32_t seeds = count > 1 ? (uint32_t)atoi(words[1]) : 100, first = count > 2 ? (uint32_t)atoi(words[2]) : 1;
  documents();
  for (uint32_t seed = first; seed < first + seeds; seed++) {
    printf("counts 1 %u\n", seed); /* replays it */
    fflush(stdout);
    once(seed, 0);
  }
  puts("all is so");
  return 0;
}
