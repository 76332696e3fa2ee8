/* Fuzz targets: one for each entry that takes arrays or bytes. -DTARGET=document (plan, arrays …: the table at the end).
 * The coverage-guided fuzzer calls LLVMFuzzerTestOneInput; driver.c does so for files and for mutations of them. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define PLAT_STATUS plat_status /* whatever comes of a call will do */
#include <plat.h>

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

/* Sizes that are planned; larger ones are only described. */
enum { most_nodes = 300, most_partitions = 2000 };

/* What was made is asked about, so that what slipped in shows itself. Everything may fail; nothing may end the process. */
static void use(plat_cluster *cluster, const plat_plan *given) {
  if (!cluster || plat_cluster_node_count(cluster) > most_nodes || plat_cluster_partition_count(cluster) > most_partitions) return;
  plat_options *options = NULL;
  MUST(plat_options_make(&options, NULL) == PLAT_OK);
  MUST(plat_options_set_number(options, "memoryLimitBytes", 32 << 20, NULL) == PLAT_OK);
  plat_plan *made = NULL;
  plat_error error = PLAT_ERROR_INIT;
  if (!given && plat_plan_make(cluster, NULL, options, NULL, &made, &error) != PLAT_OK) {
    MUST(error.status != PLAT_OK && error.message[0] && memchr(error.message, 0, sizeof error.message));
  }
  const plat_plan *plan = given ? given : made;
  if (plan) {
    plat_report *report = NULL;
    if (plat_check(cluster, plan, options, NULL, &report, NULL) == PLAT_OK) {
      plat_summary summary = PLAT_SUMMARY_INIT;
      MUST(plat_report_summary(report, &summary, NULL) == PLAT_OK);
      plat_finding finding = PLAT_FINDING_INIT;
      if (summary.finding_count) MUST(plat_report_finding(report, summary.finding_count - 1, &finding, NULL) == PLAT_OK);
    }
    plat_report_free(report);
    plat_bytes *bytes = NULL, *why = NULL;
    if (made && plat_plan_to_document(made, options, NULL, &bytes, NULL) == PLAT_OK) {
      plat_document document = PLAT_DOCUMENT_INIT;
      document.bytes = plat_bytes_data(bytes);
      document.length = plat_bytes_length(bytes);
      plat_plan *again = NULL;
      if (plat_plan_from_document(cluster, &document, &again, &error) != PLAT_OK) MUST(error.status == PLAT_OUT_OF_MEMORY);
      plat_plan_free(again);
    }
    plat_bytes_free(bytes);
    (void)plat_explain(plan, 0, plat_cluster_node_count(cluster) ? 0 : PLAT_NONE, &why, NULL);
    plat_bytes_free(why);
    plat_steps *steps = NULL;
    (void)plat_steps_make(plan, options, NULL, &steps, NULL);
    plat_steps_free(steps);
    plat_cluster *after = NULL;
    if (plat_cluster_after(cluster, plan, &after, NULL) == PLAT_OK) {
      plat_plan *next = NULL;
      (void)plat_plan_make(after, NULL, options, NULL, &next, NULL);
      plat_plan_free(next);
    }
    plat_cluster_free(after);
  }
  plat_router *router = NULL;
  if (plat_router_make(cluster, &router, NULL) == PLAT_OK) {
    MUST(plat_router_find(router, "some key", 8) < plat_cluster_partition_count(cluster));
  }
  plat_router_free(router);
  plat_plan_free(made);
  plat_options_free(options);
}

static void document(const uint8_t *bytes, size_t length) {
  plat_cluster *cluster = NULL;
  plat_error error = PLAT_ERROR_INIT;
  const plat_status status = plat_cluster_from_document(bytes, length, "fuzz", &cluster, &error);
  MUST((status == PLAT_OK) == (cluster != NULL) && (int32_t)status == error.status);
  use(cluster, NULL);
  plat_cluster_free(cluster);
}

static void plan(const uint8_t *bytes, size_t length) {
  static const char text[] =
    "{\"plat\":1,\"settings\":{\"numPartitions\":6,\"constraints\":{\"slave\":1},\"placement\":[{\"level\":\"z\",\"atMost\":1,"
    "\"strength\":\"hard\"}]},\"levels\":[\"z\"],\"containers\":{\"x\":[\"a\",\"b\"],\"y\":[\"c\",\"d\"]},\"map\":{\"revision\":3,"
    "\"partitions\":{\"0\":{\"master\":[\"a\"],\"slave\":[\"c\"]}}}}";
  plat_cluster *cluster = NULL;
  MUST(plat_cluster_from_document(text, sizeof text - 1, NULL, &cluster, NULL) == PLAT_OK);
  plat_document given = PLAT_DOCUMENT_INIT;
  given.bytes = bytes;
  given.length = length;
  plat_plan *read = NULL;
  if (plat_plan_from_document(cluster, &given, &read, NULL) == PLAT_OK) {
    plat_report *report = NULL;
    (void)plat_verify(cluster, read, NULL, NULL, &report, NULL);
    plat_report_free(report);
    use(cluster, read);
  }
  plat_plan_free(read);
  plat_cluster_free(cluster);
}

/* Bytes as they come, one part after the other; each array is as long as the call will be told, to the byte. */
typedef struct feed { const uint8_t *at; size_t left; void *blocks[32]; size_t block_count; } feed;

static void take(feed *feed, void *result, size_t size) {
  memset(result, 0, size);
  const size_t got = size < feed->left ? size : feed->left;
  memcpy(result, feed->at, got);
  feed->at += got;
  feed->left -= got;
}

static uint32_t number(feed *feed) { uint32_t value; take(feed, &value, sizeof value); return value; }
static uint8_t small(feed *feed) { uint8_t value; take(feed, &value, sizeof value); return value; }

static void *block(feed *feed, size_t size) {
  if (small(feed) & 1) return NULL;
  void *memory = malloc(size ? size : 1);
  MUST(memory);
  take(feed, memory, size);
  return feed->blocks[feed->block_count++] = memory;
}

/* A number that is in range as a rule. */
static uint32_t mostly_below(feed *feed, uint32_t end) {
  const uint8_t kind = small(feed);
  return kind < 240 ? small(feed) % (end ? end : 1) : kind < 248 ? UINT32_MAX - kind % 4 : number(feed);
}

static void arrays(const uint8_t *bytes, size_t length) {
  feed feed = {bytes, length, {0}, 0};
  plat_cluster_arrays arrays = PLAT_CLUSTER_ARRAYS_INIT;
  const uint8_t odd = small(&feed);
  const uint32_t nodes = small(&feed) % 40, partitions = 1 + small(&feed) % 64, levels = small(&feed) % 4;
  arrays.node_count = nodes;
  arrays.partition_count = partitions;
  arrays.level_count = levels;
  arrays.model = mostly_below(&feed, 2);
  arrays.key_function = mostly_below(&feed, 3);
  uint32_t counts[4], slots[4];
  size_t width = 0;
  for (int state = 0; state < 4; state++) counts[state] = mostly_below(&feed, 4);
  for (int state = 0; state < 4; state++) width += slots[state] = small(&feed) % 4;
  arrays.counts = small(&feed) & 1 ? counts : NULL;
  arrays.node_weights = block(&feed, 8 * (size_t)nodes);
  arrays.node_capacities = block(&feed, 4 * (size_t)nodes);
  arrays.node_statuses = block(&feed, nodes);
  uint32_t *containers = block(&feed, 4 * (size_t)nodes * levels), *map = block(&feed, 4 * partitions * width);
  for (size_t at = 0; containers && !(odd & 1) && at < (size_t)nodes * levels; at++) containers[at] %= 1 + (at % levels + 1) * 2;
  for (size_t at = 0; map && !(odd & 2) && at < partitions * width; at++) map[at] = map[at] % (nodes + 1) == nodes ? PLAT_NONE : map[at] % (nodes + 1);
  uint8_t *statuses = (uint8_t *)(uintptr_t)arrays.node_statuses;
  for (size_t at = 0; statuses && !(odd & 4) && at < nodes; at++) statuses[at] %= 4;
  arrays.containers = containers;
  arrays.map = map;
  arrays.map_slots = map ? slots : NULL;
  arrays.map_revision = map ? number(&feed) : 0;
  if (small(&feed) & 1) arrays.flags = mostly_below(&feed, 2);
  plat_rule rules[4];
  arrays.rule_count = small(&feed) % 5;
  for (uint32_t at = 0; at < arrays.rule_count; at++) {
    rules[at].kind = 1 + mostly_below(&feed, 2);
    rules[at].strength = 1 + mostly_below(&feed, 2);
    rules[at].states = 1 + mostly_below(&feed, 15);
    rules[at].level = mostly_below(&feed, levels);
    rules[at].count = mostly_below(&feed, 4);
    rules[at].near = mostly_below(&feed, 4);
  }
  arrays.rules = rules;
  arrays.fan_out_strength = mostly_below(&feed, 3);
  arrays.fan_out_outbound = mostly_below(&feed, 8);
  arrays.fan_out_inbound = mostly_below(&feed, 8);
  arrays.partition_weights = block(&feed, 8 * (size_t)partitions);
  uint32_t offsets[66];
  uint8_t starts[256];
  take(&feed, starts, sizeof starts);
  for (uint32_t at = 0; at < 66; at++) offsets[at] = odd & 8 ? number(&feed) % 257 : at < 2 ? 0 : at;
  arrays.range_starts = starts;
  arrays.range_offsets = offsets;
  if (!(odd & 8)) for (uint32_t at = 0; at < 256; at++) starts[at] = (uint8_t)at;
  const char *names[40] = {"a", "b", "\xff", ""};
  for (uint32_t at = 4; at < 40; at++) names[at] = &"abcdefghijklmnopqrstuvwxyzabcdefghijklmnop"[at];
  if (odd & 16) arrays.node_names = names;
  if (odd & 32) arrays.size = small(&feed);
  if (odd & 64) arrays.node_count = small(&feed) & 1 ? UINT32_MAX - small(&feed) : arrays.node_count;
  if (odd & 128) arrays.partition_count = small(&feed) & 1 ? UINT32_MAX - small(&feed) : arrays.partition_count;
  plat_cluster *cluster = NULL;
  plat_error error = PLAT_ERROR_INIT;
  const plat_status status = plat_cluster_from_arrays(&arrays, &cluster, &error);
  MUST((status == PLAT_OK) == (cluster != NULL) && (int32_t)status == error.status);
  use(cluster, NULL);
  plat_cluster_free(cluster);
  for (size_t at = 0; at < feed.block_count; at++) free(feed.blocks[at]);
}

static void keys(const uint8_t *bytes, size_t length) {
  feed feed = {bytes, length, {0}, 0};
  const uint32_t count = small(&feed) % 33, kind = small(&feed) % 3;
  uint32_t *offsets = malloc(4 * (size_t)(count + 1)), *partitions = malloc(4 * (size_t)(count ? count : 1));
  MUST(offsets && partitions);
  uint32_t end = 0;
  for (uint32_t at = 0; at <= count; at++) offsets[at] = small(&feed) == 255 ? number(&feed) : (end += small(&feed) % 9);
  const size_t left = feed.left;
  uint8_t *text = malloc(left ? left : 1);
  MUST(text);
  take(&feed, text, left);
  const uint8_t starts[] = "bdfhjlnprtvxz";
  const uint32_t range_offsets[] = {0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
  plat_cluster_arrays arrays = PLAT_CLUSTER_ARRAYS_INIT;
  arrays.node_count = 3;
  arrays.partition_count = 14;
  arrays.key_function = kind;
  arrays.range_starts = starts;
  arrays.range_offsets = range_offsets;
  plat_cluster *cluster = NULL;
  plat_router *router = NULL;
  MUST(plat_cluster_from_arrays(&arrays, &cluster, NULL) == PLAT_OK);
  MUST(plat_router_make(cluster, &router, NULL) == PLAT_OK);
  if (plat_router_find_batch(router, text, left, offsets, count, partitions, NULL) == PLAT_OK) {
    for (uint32_t at = 0; at < count; at++) {
      MUST(partitions[at] < 14);
      MUST(partitions[at] == plat_router_find(router, text + offsets[at], offsets[at + 1] - offsets[at]));
    }
  }
  plat_router_free(router);
  plat_cluster_free(cluster);
  free(text);
  free(partitions);
  free(offsets);
}

static void options(const uint8_t *bytes, size_t length) {
  char *text = malloc(length + 3);
  MUST(text);
  memcpy(text, bytes, length);
  memset(text + length, 0, 3);
  plat_options *options = NULL;
  MUST(plat_options_make(&options, NULL) == PLAT_OK);
  for (const char *at = text; at < text + length;) {
    const char *name = at, *value = name + strlen(name) + 1;
    plat_error error = PLAT_ERROR_INIT;
    if (plat_options_set(options, name, value, &error) != PLAT_OK) MUST(error.message[0]);
    at = value + strlen(value) + 1;
  }
  plat_options_free(options);
  free(text);
}

static void import(const char *system, const uint8_t *bytes, size_t length) {
  plat_document given = PLAT_DOCUMENT_INIT;
  given.bytes = bytes;
  given.length = length;
  plat_cluster *cluster = NULL;
  plat_bytes *out = NULL;
  if (plat_import(system, &given, NULL, NULL, &cluster, NULL) == PLAT_OK) {
    use(cluster, NULL);
    (void)plat_export(system, cluster, NULL, &out, NULL);
  }
  plat_bytes_free(out);
  plat_cluster_free(cluster);
}
static void couchbase(const uint8_t *bytes, size_t length) { import("couchbase", bytes, length); }
static void kafka(const uint8_t *bytes, size_t length) { import("kafka", bytes, length); }

/* Documents of several maps, and the failures of a name that comes from outside. */
static void group(const uint8_t *bytes, size_t length) {
  plat_document given = PLAT_DOCUMENT_INIT;
  given.bytes = bytes;
  given.length = length;
  plat_bytes *out = NULL;
  plat_options *limited = NULL;
  MUST(plat_options_make(&limited, NULL) == PLAT_OK);
  MUST(plat_options_set_number(limited, "memoryLimitBytes", 8 << 20, NULL) == PLAT_OK);
  if (plat_document_check(&given, NULL, limited, NULL, &out, NULL) == PLAT_OK) plat_bytes_free(out);
  if (plat_document_plan(&given, limited, NULL, &out, NULL) == PLAT_OK) plat_bytes_free(out);
  plat_options_free(limited);
}

/* Options of generate, small numbers as a rule; what comes out is used as any document. */
static void generate(const uint8_t *bytes, size_t length) {
  static const char *const numbers[] = {"nodes", "partitions", "maps", "zones", "racks", "masters", "slaves", "leaving", "failed", "join", "seed"};
  static const char *const texts[] = {"weights", "partitionWeights", "capacity", "rules", "drift", "map", "model", "keyFunction"};
  static const char *const words[] = {
    "zipf", "1..3", "1:2:3", "zone:1:hard,rack:1:soft", "0.5", "none", "fresh", "random", "drifted", "half-moved", "multiMaster", "range", "rack:2:soft", "3..9"};
  feed feed = {bytes, length, {0}, 0};
  plat_options *options = NULL;
  plat_bytes *out = NULL;
  char name[64], value[32];
  MUST(plat_options_make(&options, NULL) == PLAT_OK);
  while (feed.left > 0) {
    const uint8_t kind = small(&feed);
    if (kind < 128) {
      snprintf(name, sizeof name, "generate.%s", numbers[kind % 11]);
      (void)plat_options_set_number(options, name, kind % 11 == 1 ? 1 + small(&feed) : small(&feed) % (kind % 11 == 2 ? 4 : 24), NULL);
    } else {
      snprintf(name, sizeof name, "generate.%s", texts[kind % 8]);
      memset(value, 0, sizeof value);
      if (kind < 192) take(&feed, value, small(&feed) % (sizeof value - 1));
      (void)plat_options_set(options, name, kind < 192 ? value : words[small(&feed) % 14], NULL);
    }
  }
  plat_error error = PLAT_ERROR_INIT;
  const plat_status status = plat_generate(options, NULL, &out, &error);
  MUST((status == PLAT_OK) == (out != NULL) && (int32_t)status == error.status);
  if (out) {
    plat_cluster *cluster = NULL;
    if (plat_cluster_from_document(plat_bytes_data(out), plat_bytes_length(out), NULL, &cluster, NULL) == PLAT_OK) use(cluster, NULL);
    plat_cluster_free(cluster);
  }
  plat_bytes_free(out);
  plat_options_free(options);
}

/* Faults as text, plants by number, on a small cluster. */
static void simulate(const uint8_t *bytes, size_t length) {
  static plat_cluster *cluster;
  static plat_plan *plan;
  if (!plan) {
    plat_options *options = NULL;
    plat_bytes *text = NULL;
    MUST(plat_options_make(&options, NULL) == PLAT_OK && plat_options_set(options, "generate.map", "drifted", NULL) == PLAT_OK);
    MUST(plat_options_set(options, "generate.nodes", "5", NULL) == PLAT_OK && plat_options_set(options, "generate.partitions", "6", NULL) == PLAT_OK);
    MUST(plat_generate(options, NULL, &text, NULL) == PLAT_OK);
    MUST(plat_cluster_from_document(plat_bytes_data(text), plat_bytes_length(text), NULL, &cluster, NULL) == PLAT_OK);
    MUST(plat_plan_make(cluster, NULL, NULL, NULL, &plan, NULL) == PLAT_OK);
    plat_bytes_free(text);
    plat_options_free(options);
  }
  feed feed = {bytes, length, {0}, 0};
  plat_options *options = NULL;
  plat_bytes *out = NULL;
  plat_option plants = PLAT_OPTION_INIT;
  char value[256] = {0};
  MUST(plat_options_make(&options, NULL) == PLAT_OK);
  (void)plat_options_set_number(options, "simulate.seed", number(&feed), NULL);
  (void)plat_options_set_number(options, "simulate.runs", 1 + small(&feed) % 3, NULL);
  uint32_t index = 0;
  do MUST(plat_option_info(index++, &plants, NULL) == PLAT_OK); while (strcmp(plants.name, "simulate.plant") != 0);
  const char *plant = plants.words;
  for (uint8_t skip = small(&feed) % 32; skip > 0 && plant; skip--) plant = strchr(plant, ',') ? strchr(plant, ',') + 1 : NULL;
  if (plant) {
    snprintf(value, sizeof value, "%.*s", (int)strcspn(plant, ","), plant);
    MUST(plat_options_set(options, "simulate.plant", value, NULL) == PLAT_OK);
  }
  memset(value, 0, sizeof value);
  take(&feed, value, feed.left < sizeof value - 1 ? feed.left : sizeof value - 1);
  (void)plat_options_set(options, "simulate.faults", value, NULL);
  uint64_t violated = 0;
  MUST(plat_simulate(plan, options, NULL, &out, &violated, NULL) == PLAT_OK && violated <= 3);
  MUST(plant || violated == 0);
  plat_bytes_free(out);
  plat_options_free(options);
}

/* A folder of our own with a cluster in it, and nothing else. */
static void begin_folder(void) {
  static char folder[] = "/tmp/plat-fuzz-XXXXXX";
  static int is_made;
  if (!is_made) MUST(mkdtemp(folder) && chdir(folder) == 0);
  is_made = 1;
  DIR *entries = opendir(".");
  MUST(entries);
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    if (entry->d_name[0] != '.' || entry->d_name[1] == 'p') (void)unlink(entry->d_name);
  }
  closedir(entries);
}

static void put_file(const char *name, const void *bytes, size_t length) {
  FILE *file = fopen(name, "wb");
  MUST(file && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
}

static const char small_cluster[] = "{\"plat\":1,\"settings\":{\"numPartitions\":4},\"nodes\":{\"a\":{},\"b\":{},\"c\":{}}}";

/* A list of jobs, whose paths stay in the folder; then the same again, with whatever the first has left. */
static void batch(const uint8_t *bytes, size_t length) {
  if (memchr(bytes, '/', length) || memchr(bytes, '\\', length)) return;
  begin_folder();
  put_file("cluster", small_cluster, sizeof small_cluster - 1);
  put_file("list", bytes, length);
  plat_batch_summary first = PLAT_BATCH_SUMMARY_INIT, second = PLAT_BATCH_SUMMARY_INIT;
  const plat_status status = plat_batch("list", "results", NULL, NULL, &first, NULL);
  if (status == PLAT_OK) MUST(first.failed <= first.jobs && first.resumed == 0);
  put_file("list", bytes, length);
  const plat_status again = plat_batch("list", "results", NULL, NULL, &second, NULL);
  if (status == PLAT_OK && again == PLAT_OK) MUST(first.jobs == second.jobs);
}

/* A journal that a batch may have left. */
static void journal(const uint8_t *bytes, size_t length) {
  static const char list[] =
    "{\"id\":1,\"cluster\":\"cluster\",\"plan\":\"p1\"}\n{\"id\":2,\"cluster\":\"none\",\"plan\":\"p2\"}\n"
    "{\"id\":3,\"cluster\":\"cluster\",\"plan\":\"p3\"}\n";
  begin_folder();
  put_file("cluster", small_cluster, sizeof small_cluster - 1);
  put_file("list", list, sizeof list - 1);
  put_file("results.journal", bytes, length);
  plat_batch_summary summary = PLAT_BATCH_SUMMARY_INIT;
  if (plat_batch("list", "results", NULL, NULL, &summary, NULL) == PLAT_OK) MUST(summary.jobs == 3 && summary.resumed <= 3);
}

#include "execution.h"

static const struct { const char *name; void (*run)(const uint8_t *, size_t); } targets[] = {
  {"document", document}, {"plan", plan}, {"arrays", arrays}, {"keys", keys},
  {"options", options}, {"couchbase", couchbase}, {"kafka", kafka}, {"group", group},
  {"generate", generate}, {"simulate", simulate}, {"batch", batch}, {"journal", journal},
  {"received", received}, {"kept", kept}, {"orders", orders}, {"changes", changes},
};

#ifndef TARGET
#define TARGET document
#endif

/* By name; 0 where there is none. */
int run_target(const char *name, const uint8_t *bytes, size_t length);
int run_target(const char *name, const uint8_t *bytes, size_t length) {
  for (size_t at = 0; at < sizeof targets / sizeof targets[0]; at++) {
    if (strcmp(targets[at].name, name) == 0) return targets[at].run(bytes, length), 1;
  }
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  TARGET(bytes, length);
  return 0;
}
