/* Whoever plans for a year does not grow: growth TURNS [THREADS]. Clusters are described, planned, judged now and then and all handles
 * freed, so many times; the process may then have no more than a MiB more than in the beginning. To be run with jemalloc, too. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>
#include <plat.h>
#include "check.h"

static atomic_uint next_seed = 1;

/* All that it shares with other threads is nothing. */
static void once(uint32_t seed) {
  plat_cluster_arrays arrays = PLAT_CLUSTER_ARRAYS_INIT;
  const uint32_t counts[PLAT_STATE_COUNT] = {1, seed % 3, 0, 0};
  arrays.node_count = 4 + seed % 29;
  arrays.partition_count = 8 + seed % 57;
  arrays.counts = counts;
  plat_cluster *cluster = NULL, *after = NULL;
  plat_plan *plan = NULL, *again = NULL;
  plat_report *report = NULL;
  DO(plat_cluster_from_arrays(&arrays, &cluster, error));
  DO(plat_plan_make(cluster, NULL, NULL, NULL, &plan, error));
  if (seed % 16 == 0) {
    DO(plat_cluster_after(cluster, plan, &after, error));
    DO(plat_plan_make(after, NULL, NULL, NULL, &again, error));
    DO(plat_check(after, again, NULL, NULL, &report, error));
  }
  plat_cluster_free(cluster);
  plat_report_free(report);
  plat_cluster_free(after);
  plat_plan_free(again);
  plat_plan_free(plan);
}

static unsigned turns;

static void *work(void *nothing) {
  for (unsigned turn = 0; turn < turns; turn++) once(atomic_fetch_add(&next_seed, 1));
  return nothing;
}

static void on_threads(unsigned threads, unsigned all) {
  pthread_t working[64];
  turns = all / threads;
  for (unsigned at = 0; at < threads; at++) CHECK(pthread_create(&working[at], NULL, work, NULL) == 0);
  for (unsigned at = 0; at < threads; at++) pthread_join(working[at], NULL);
}

/* Pages that are no file's. */
static long own_kib(void) {
  long all = 0, resident = 0, of_files = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  CHECK(file && fscanf(file, "%ld %ld %ld", &all, &resident, &of_files) == 3);
  fclose(file);
  return (resident - of_files) * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(int count, char **words) {
  const unsigned all = count > 1 ? (unsigned)atoi(words[1]) : 10000, threads = count > 2 ? (unsigned)atoi(words[2]) : 1;
  CHECK(threads >= 1 && threads <= 64);
  on_threads(threads, all / 10 + 100 * threads);
  const long before = own_kib();
  on_threads(threads, all);
  const long more = own_kib() - before;
  printf("%u plans on %u threads: %ld KiB more\n", all, threads, more);
  CHECK(more < 1024);
  puts("all is so");
  return 0;
}
