/* A host forks while its threads plan: forked FORKS [THREADS]. Each child plans by itself, and comes to its end. To be run with jemalloc,
 * too. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>
#include <plat.h>
#include "check.h"

static atomic_int is_over;

static void once(uint32_t seed) {
  plat_cluster_arrays arrays = PLAT_CLUSTER_ARRAYS_INIT;
  arrays.node_count = 4 + seed % 5;
  arrays.partition_count = 8 + seed % 9;
  plat_cluster *cluster = NULL;
  plat_plan *plan = NULL;
  DO(plat_cluster_from_arrays(&arrays, &cluster, error));
  DO(plat_plan_make(cluster, NULL, NULL, NULL, &plan, error));
  plat_plan_free(plan);
  plat_cluster_free(cluster);
}

static void *work(void *nothing) {
  for (uint32_t seed = 0; !is_over; seed++) once(seed);
  return nothing;
}

int main(int count, char **words) {
  const int forks = count > 1 ? atoi(words[1]) : 100, threads = count > 2 ? atoi(words[2]) : 3;
  pthread_t working[16];
  CHECK(threads >= 1 && threads <= 16);
  for (uint32_t seed = 0; seed < 50; seed++) once(seed); /* at its first use the Swift runtime has locks of its own */
  for (int at = 0; at < threads; at++) CHECK(pthread_create(&working[at], NULL, work, NULL) == 0);
  for (int fork_at = 0; fork_at < forks; fork_at++) {
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      alarm(60); /* who waits for a lock that nobody holds waits for ever */
      once((uint32_t)fork_at);
      _exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    if (status) fprintf(stderr, "fork %d: status %d\n", fork_at, status);
    CHECK(status == 0);
  }
  is_over = 1;
  for (int at = 0; at < threads; at++) pthread_join(working[at], NULL);
  puts("all is so");
  return 0;
}
