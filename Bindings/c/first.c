/* A first program: a cluster of arrays is planned, a node leaves, keys are routed, a plan is cancelled by another thread, and
 * an error is shown.
 *
 *     cc -pthread first.c $(pkg-config --cflags --libs plat) -o first
 */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <pthread.h>
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

/* Work that is under way, and the thread that gives it up. */
typedef struct work { plat_control *control; pthread_barrier_t gate; } work;

/* Told each stage that is done: the first of them opens the gate, and waits until the other thread has cancelled. */
static int32_t at_gate(void *context, const char *stage) {
  work *work = context;
  printf("%s is done; ", stage);
  pthread_barrier_wait(&work->gate);
  pthread_barrier_wait(&work->gate);
  return 0; /* anything else would cancel, too */
}

static void *give_up(void *context) {
  work *work = context;
  pthread_barrier_wait(&work->gate);
  plat_control_cancel(work->control);
  pthread_barrier_wait(&work->gate);
  return NULL;
}

static plat_status plan_and_give_up(const plat_cluster *cluster, plat_error *error) {
  work work;
  pthread_t thread;
  plat_plan *plan = NULL;
  if (plat_control_make(at_gate, &work, &work.control, error)) return (plat_status)error->status;
  pthread_barrier_init(&work.gate, NULL, 2);
  pthread_create(&thread, NULL, give_up, &work);
  const plat_status status = plat_plan_make(cluster, NULL, NULL, work.control, &plan, error);
  pthread_join(thread, NULL);
  pthread_barrier_destroy(&work.gate);
  plat_control_free(work.control);
  plat_plan_free(plan);
  return status;
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

  /* Another thread can stop what takes too long. */
  if (plan_and_give_up(next_cluster, &error) == PLAT_CANCELLED) printf("from another thread: %s\n", error.message);

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
