/* A first program: a cluster of arrays is planned, a node leaves, keys are routed, and an error is shown.
 *
 *     cc first.c $(pkg-config --cflags --libs plat) -o first
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <plat.h>

enum { nodes = 6, partitions = 12, replicas = 3 };

static const char *const names[nodes] = {"ant", "bee", "cat", "dog", "eel", "fox"};
static const uint32_t zones[nodes] = {0, 0, 1, 1, 2, 2};
static const char *const levels[] = {"zone"};
static const uint32_t counts[PLAT_STATE_COUNT] = {1, 2, 0, 0}; /* a master and two slaves */
static const plat_rule one_a_zone = {
  .kind = PLAT_RULE_AT_MOST, .strength = PLAT_HARD, .level = 0, .count = 1,
  .states = 1u << PLAT_STATE_MASTER | 1u << PLAT_STATE_SLAVE,
};

static int failed(const char *what, const plat_error *error) {
  fprintf(stderr, "%s: %s: %s\n", what, plat_status_name(error->status), error->message);
  return 1;
}

static void show(const plat_plan *plan, const plat_cluster *cluster) {
  const uint32_t *rows = plat_plan_rows(plan, NULL);
  printf("%s, revision %" PRIu64 ", at least %" PRIu64 " moves\n", plat_plan_operation(plan), plat_plan_revision(plan),
         plat_plan_moves_lower_bound(plan));
  for (uint32_t partition = 0; partition < 3; partition++) {
    const uint32_t *row = rows + partition * replicas;
    printf("  %" PRIu32 ": master %s, slaves %s and %s\n", partition, plat_cluster_node_name(cluster, row[0]),
           plat_cluster_node_name(cluster, row[1]), plat_cluster_node_name(cluster, row[2]));
  }
}

int main(void) {
  plat_error error = PLAT_ERROR_INIT;
  plat_cluster_arrays arrays = PLAT_CLUSTER_ARRAYS_INIT;
  arrays.node_count = nodes;
  arrays.node_names = names;
  arrays.partition_count = partitions;
  arrays.counts = counts;
  arrays.level_count = 1;
  arrays.level_names = levels;
  arrays.containers = zones;
  arrays.rule_count = 1;
  arrays.rules = &one_a_zone;

  /* A fresh map. */
  plat_cluster *cluster = NULL;
  plat_plan *plan = NULL;
  if (plat_cluster_from_arrays(&arrays, &cluster, &error)) return failed("cluster", &error);
  if (plat_plan_make(cluster, NULL, NULL, NULL, &plan, &error)) return failed("plan", &error);
  show(plan, cluster);

  /* The ant leaves: that map is now the current one. */
  uint8_t statuses[nodes] = {PLAT_NODE_LEAVING};
  plat_cluster *next_cluster = NULL;
  plat_plan *next = NULL;
  arrays.node_statuses = statuses;
  arrays.map = plat_plan_rows(plan, NULL);
  arrays.map_revision = plat_plan_revision(plan);
  if (plat_cluster_from_arrays(&arrays, &next_cluster, &error)) return failed("cluster", &error);
  if (plat_plan_make(next_cluster, NULL, NULL, NULL, &next, &error)) return failed("plan", &error);
  show(next, next_cluster);

  /* Whom to ask for a key. */
  plat_router *router = NULL;
  if (plat_router_make(next_cluster, &router, &error)) return failed("router", &error);
  const char *key = "hello";
  const uint32_t partition = plat_router_find(router, key, strlen(key));
  printf("%s is in partition %" PRIu32 ", whose master is %s\n", key, partition,
         plat_cluster_node_name(next_cluster, plat_plan_rows(next, NULL)[partition * replicas]));

  /* What is wrong is told with its place. */
  const char *document = "{ \"plat\": 1,\n  \"settings\": { \"numPartitions\": 12 },\n  \"nodes\": { \"ant\": { \"weight\": true } } }";
  plat_cluster *wrong = NULL;
  if (plat_cluster_from_document(document, strlen(document), "wrong.json", &wrong, &error) == PLAT_INVALID_INPUT) {
    printf("line %" PRIu32 ", %s: %s\n", error.line, error.path, error.message);
  }

  plat_router_free(router);
  plat_plan_free(next);
  plat_plan_free(plan);
  plat_cluster_free(next_cluster);
  plat_cluster_free(cluster);
  return 0;
}
