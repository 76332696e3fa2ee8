/* The system has no memory left: starved [NODES PARTITIONS]. Under limits on the address space, from what the process has at the
 * moment to more than enough, a child describes a cluster by arrays, plans, judges, makes steps, writes and reads a document and
 * frees all handles. Each call either does or says PLAT_OUT_OF_MEMORY; no child ends otherwise. */
#include <plat.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

enum { done = 0, refused = 10 };

static uint32_t nodes = 300, partitions = 20000;
static uint32_t *map, *containers;
static uint8_t *statuses;
static const char **names;

static uint64_t address_space_bytes(void) {
  unsigned long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  CHECK(file && fscanf(file, "%lu", &pages) == 1);
  fclose(file);
  return (uint64_t)pages * 4096;
}

/* 0, or the call that said that there is too little memory. */
static int refusal(const char *call, plat_status status) {
  if (status == PLAT_OK) return 0;
  if (status != PLAT_OUT_OF_MEMORY) {
    fprintf(stderr, "%s: %s\n", call, plat_status_name((int32_t)status));
    _exit(2);
  }
  return 1;
}

static int work(int kind) {
  plat_cluster_arrays arrays = PLAT_CLUSTER_ARRAYS_INIT;
  const plat_rule rule = {PLAT_RULE_AT_MOST, PLAT_HARD, 3, 0, 1, 0};
  const uint32_t counts[4] = {1, 2, 0, 0};
  plat_cluster *cluster = NULL, *again = NULL;
  plat_plan *plan = NULL;
  plat_report *report = NULL;
  plat_steps *steps = NULL;
  plat_bytes *bytes = NULL;
  plat_error error = PLAT_ERROR_INIT;
  arrays.flags = kind & 1 ? PLAT_BORROW_MAP : 0;
  arrays.node_count = nodes;
  arrays.partition_count = partitions;
  arrays.counts = counts;
  arrays.level_count = 1;
  arrays.containers = containers;
  arrays.rules = &rule;
  arrays.rule_count = 1;
  arrays.map = map;
  arrays.map_revision = 1;
  arrays.node_statuses = statuses;
  arrays.node_names = names;
  int is_refused = refusal("cluster_from_arrays", plat_cluster_from_arrays(&arrays, &cluster, &error));
  if (!is_refused) is_refused = refusal("plan_make", plat_plan_make(cluster, NULL, NULL, NULL, &plan, &error));
  if (!is_refused) {
    size_t count = 0;
    CHECK(plat_plan_rows(plan, &count) && count == (size_t)partitions * 3);
  }
  if (!is_refused && kind & 2) {
    is_refused = refusal("check", plat_check(cluster, plan, NULL, NULL, &report, &error));
    if (!is_refused) is_refused = refusal("steps_make", plat_steps_make(plan, NULL, NULL, &steps, &error));
    if (!is_refused) is_refused = refusal("cluster_to_document", plat_cluster_to_document(cluster, NULL, &bytes, &error));
    if (!is_refused)
      is_refused = refusal("cluster_from_document", plat_cluster_from_document(plat_bytes_data(bytes), plat_bytes_length(bytes), NULL, &again, &error));
  }
  plat_bytes_free(bytes);
  plat_steps_free(steps);
  plat_report_free(report);
  plat_plan_free(plan);
  plat_cluster_free(again);
  plat_cluster_free(cluster);
  return is_refused ? refused : done;
}

/* A stack that cannot grow is nobody's to tell: it is there before. */
__attribute__((noinline)) static void grow_stack(void) {
  volatile char stack[1 << 20];
  for (size_t at = 0; at < sizeof stack; at += 4096) stack[at] = 1;
}

int main(int count, char **words) {
  if (count > 2) nodes = (uint32_t)atoi(words[1]), partitions = (uint32_t)atoi(words[2]);
  const int kinds = count > 3 ? atoi(words[3]) : 4;
  containers = malloc(4 * (size_t)nodes);
  statuses = calloc(nodes, 1);
  names = malloc(sizeof *names * nodes);
  map = malloc(12 * (size_t)partitions);
  CHECK(containers && statuses && names && map);
  for (uint32_t node = 0; node < nodes; node++) {
    char name[64];
    snprintf(name, sizeof name, "a-node-with-a-rather-long-name-%06u", node);
    names[node] = strdup(name);
    containers[node] = node * 3 / nodes;
    statuses[node] = node % 50 == 0 ? PLAT_NODE_LEAVING : PLAT_NODE_ACTIVE;
  }
  for (uint32_t partition = 0; partition < partitions; partition++)
    for (uint32_t slot = 0; slot < 3; slot++) map[3 * partition + slot] = (partition % (nodes / 3) + slot * (nodes / 3)) % nodes;
  grow_stack();
  int died = 0;
  for (int kind = 0; kind < kinds; kind++) {
    uint64_t most_refused = 0, least_done = 0;
    int tries = 0, times_refused = 0;
    for (uint64_t more = 0; more < (uint64_t)4 << 30; more += more / 12 + 65536) {
      const pid_t child = fork();
      CHECK(child >= 0);
      if (child == 0) {
        const uint64_t bytes = address_space_bytes() + more;
        const struct rlimit limit = {bytes, bytes};
        if (setrlimit(RLIMIT_AS, &limit) != 0) _exit(3);
        _exit(work(kind));
      }
      int status = 0;
      CHECK(waitpid(child, &status, 0) == child);
      tries++;
      if (WIFEXITED(status) && WEXITSTATUS(status) == refused) {
        most_refused = more, times_refused++;
      } else if (WIFEXITED(status) && WEXITSTATUS(status) == done) {
        if (!least_done) least_done = more;
        if (more > least_done * 2 + (64 << 20)) break;
      } else {
        fprintf(stderr, "kind %d with %lu bytes more: %s %d\n", kind, (unsigned long)more, WIFEXITED(status) ? "exit" : "signal",
                WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        died++;
      }
    }
    printf("kind %d: %d limits, too little %d times, up to %lu bytes more, enough from %lu\n", kind, tries, times_refused,
           (unsigned long)most_refused, (unsigned long)least_done);
    CHECK(least_done && times_refused);
  }
  CHECK(died == 0);
  puts("all is so");
  return 0;
}
