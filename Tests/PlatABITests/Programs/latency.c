/* How long a cancelled plan goes on: latency RUNS. For large clusters of several kinds, a plan is cancelled at a random moment
 * of another thread's choosing; the longest time from there to the return is told, in µs. Not a test: it needs a machine of
 * its own and an optimised library. */
#include <plat.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>
#include "check.h"

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

typedef struct task { plat_control *control; double delay, at; } task;

static void *cancel(void *argument) {
  task *task = argument;
  usleep((useconds_t)task->delay);
  task->at = now();
  plat_control_cancel(task->control);
  return NULL;
}

int main(int count, char **words) {
  const int runs = count > 1 ? atoi(words[1]) : 20;
  enum { nodes = 2000, partitions = 262144 };
  const char *const kinds[] = {"1 % leave", "1 % leave, a zone rule", "10 % come, racks soft", "fan-out 10", "weights"};
  uint32_t *boxes = malloc(sizeof *boxes * nodes);
  uint64_t *weights = malloc(sizeof *weights * partitions);
  uint8_t *statuses = calloc(nodes, 1);
  const uint32_t counts[4] = {1, 2, 0, 0};
  for (uint32_t partition = 0; partition < partitions; partition++) weights[partition] = 1 + partition * 2654435761u % 97;
  for (int kind = 0; kind < 5; kind++) {
    plat_cluster_arrays arrays = PLAT_CLUSTER_ARRAYS_INIT;
    arrays.node_count = kind == 2 ? nodes * 9 / 10 : nodes;
    arrays.partition_count = partitions;
    arrays.counts = counts;
    for (uint32_t node = 0; node < nodes; node++) boxes[node] = node / (kind == 2 ? 20 : 500);
    const plat_rule rule = {PLAT_RULE_AT_MOST, kind == 2 ? PLAT_SOFT : PLAT_HARD, 3, 0, 1, 0};
    if (kind == 1 || kind == 2) { arrays.level_count = 1; arrays.containers = boxes; arrays.rule_count = 1; arrays.rules = &rule; }
    if (kind == 4) arrays.partition_weights = weights;
    plat_cluster *cluster = NULL, *next = NULL;
    plat_plan *plan = NULL, *made = NULL;
    DO(plat_cluster_from_arrays(&arrays, &cluster, error));
    DO(plat_plan_make(cluster, NULL, NULL, NULL, &plan, error));
    if (kind == 3) { arrays.fan_out_strength = PLAT_SOFT; arrays.fan_out_outbound = arrays.fan_out_inbound = 10; }
    arrays.map = plat_plan_rows(plan, NULL);
    arrays.node_count = nodes;
    for (uint32_t node = 0; node < nodes; node++) statuses[node] = kind != 2 && node % 100 == 7 ? PLAT_NODE_LEAVING : 0;
    arrays.node_statuses = statuses;
    DO(plat_cluster_from_arrays(&arrays, &next, error));
    const double began = now();
    DO(plat_plan_make(next, NULL, NULL, NULL, &made, error));
    const double whole = now() - began;
    plat_plan_free(made);
    double longest = 0;
    int cancelled = 0;
    for (int run = 0; run < runs; run++) {
      task task = {NULL, whole * (run + 0.5) / runs, 0};
      DO(plat_control_make(NULL, NULL, &task.control, error));
      pthread_t thread;
      CHECK(pthread_create(&thread, NULL, cancel, &task) == 0);
      const plat_status status = plat_plan_make(next, NULL, NULL, task.control, &made, NULL);
      const double end = now();
      pthread_join(thread, NULL);
      if (status == PLAT_CANCELLED) { cancelled++; if (end - task.at > longest) longest = end - task.at; }
      else plat_plan_free(made);
      plat_control_free(task.control);
    }
    printf("%-24s plan %8.0f us, cancelled %d of %d times, longest wait %8.0f us\n", kinds[kind], whole, cancelled, runs, longest);
    plat_plan_free(plan);
    plat_cluster_free(next);
    plat_cluster_free(cluster);
  }
  free(boxes); free(weights); free(statuses);
  return 0;
}
