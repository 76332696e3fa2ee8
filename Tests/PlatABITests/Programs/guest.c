/* A good guest: loaded late, it leaves the host as it found it: signals, locale, malloc, threads, output; many threads may
 * use it at once; nothing is left behind. guest LIBRARY PLANS. Not linked with the library. */
#include <dirent.h>
#include <dlfcn.h>
#include <locale.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>
#include <plat.h>
#include "check.h"

static void *library;
#define FUNCTION(name) static __typeof__(&plat_##name) name
FUNCTION(cluster_from_arrays); FUNCTION(cluster_from_document); FUNCTION(cluster_free); FUNCTION(cluster_to_document);
FUNCTION(plan_make); FUNCTION(plan_free); FUNCTION(plan_rows); FUNCTION(plan_to_document); FUNCTION(check);
FUNCTION(report_free); FUNCTION(report_summary); FUNCTION(options_make); FUNCTION(options_free);
FUNCTION(options_set_number); FUNCTION(bytes_free); FUNCTION(bytes_data); FUNCTION(bytes_length);
FUNCTION(steps_make); FUNCTION(steps_free); FUNCTION(explain); FUNCTION(control_make); FUNCTION(control_cancel);
FUNCTION(control_free); FUNCTION(router_make); FUNCTION(router_free); FUNCTION(router_find);

static void load(const char *path) {
  library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) fprintf(stderr, "%s\n", dlerror());
  CHECK(library);
#define LOAD(name) CHECK((*(void **)&name = dlsym(library, "plat_" #name)))
  LOAD(cluster_from_arrays); LOAD(cluster_from_document); LOAD(cluster_free); LOAD(cluster_to_document);
  LOAD(plan_make); LOAD(plan_free); LOAD(plan_rows); LOAD(plan_to_document); LOAD(check); LOAD(report_free);
  LOAD(report_summary); LOAD(options_make); LOAD(options_free); LOAD(options_set_number); LOAD(bytes_free);
  LOAD(bytes_data); LOAD(bytes_length); LOAD(steps_make); LOAD(steps_free); LOAD(explain); LOAD(control_make);
  LOAD(control_cancel); LOAD(control_free); LOAD(router_make); LOAD(router_free); LOAD(router_find);
}

static plat_cluster *make(uint32_t nodes, uint32_t partitions, const uint32_t *map) {
  plat_cluster_arrays arrays = PLAT_CLUSTER_ARRAYS_INIT;
  arrays.node_count = nodes;
  arrays.partition_count = partitions;
  arrays.map = map;
  plat_cluster *cluster = NULL;
  DO(cluster_from_arrays(&arrays, &cluster, error));
  return cluster;
}

/* Everything once: made, asked and freed. */
static void once(uint32_t nodes, uint32_t partitions, const plat_options *options) {
  plat_cluster *cluster = make(nodes, partitions, NULL), *next = NULL, *read = NULL;
  plat_plan *plan = NULL, *again = NULL;
  plat_report *report = NULL;
  plat_steps *steps = NULL;
  plat_bytes *bytes = NULL, *why = NULL;
  plat_router *router = NULL;
  DO(plan_make(cluster, NULL, options, NULL, &plan, error));
  next = make(nodes, partitions, plan_rows(plan, NULL));
  DO(plan_make(next, NULL, options, NULL, &again, error));
  DO(check(next, again, options, NULL, &report, error));
  plat_summary summary = PLAT_SUMMARY_INIT;
  DO(report_summary(report, &summary, error));
  CHECK(summary.moves == 0 && summary.unmet == 0);
  DO(steps_make(plan, options, NULL, &steps, error));
  DO(cluster_to_document(next, options, &bytes, error));
  DO(cluster_from_document(bytes_data(bytes), bytes_length(bytes), NULL, &read, error));
  DO(explain(again, 0, 0, &why, error));
  DO(router_make(cluster, &router, error));
  CHECK(router_find(router, "key", 3) < partitions);
  plat_cluster *wrong = NULL;
  plat_error error = PLAT_ERROR_INIT;
  CHECK(cluster_from_document(bytes_data(bytes), bytes_length(bytes) / 2, NULL, &wrong, &error) == PLAT_INVALID_INPUT);
  router_free(router); bytes_free(why); bytes_free(bytes); steps_free(steps); report_free(report);
  plan_free(again); plan_free(plan); cluster_free(read); cluster_free(next); cluster_free(cluster);
}

static int threads(void) {
  int count = 0;
  DIR *tasks = opendir("/proc/self/task");
  for (struct dirent *entry; (entry = readdir(tasks));) count += entry->d_name[0] != '.';
  closedir(tasks);
  return count;
}

static int is_mapped(const char *name) {
  char line[4096];
  int found = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps)) found |= strstr(line, name) != NULL;
  fclose(maps);
  return found;
}

static size_t in_use(void) { return mallinfo2().uordblks + mallinfo2().hblkhd; }

/* Pages of the process that are its own. */
static size_t resident(void) {
  size_t pages = 0, all = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  CHECK(fscanf(file, "%zu %zu", &all, &pages) == 2);
  fclose(file);
  return pages;
}

/* The same without those of files. */
static size_t anonymous(void) {
  size_t pages = 0, all = 0, of_files = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  CHECK(fscanf(file, "%zu %zu %zu", &all, &pages, &of_files) == 3);
  fclose(file);
  return pages - of_files;
}

static void *many(void *argument) {
  plat_options *options = NULL;
  DO(options_make(&options, error));
  DO(options_set_number(options, "threads", 1 + (size_t)argument % 3, error));
  for (int turn = 0; turn < 6; turn++) once(5, 40, options);
  options_free(options);
  return NULL;
}

int main(int count, char **words) {
  CHECK(count == 3);
  setlocale(LC_ALL, "C.UTF-8");
  char locale[256];
  snprintf(locale, sizeof locale, "%s", setlocale(LC_ALL, NULL));
  struct sigaction before[65], after[65];
  memset(before, 0, sizeof before);
  memset(after, 0, sizeof after);
  sigset_t mask_before, mask_after;
  for (int signal = 1; signal < 65; signal++) sigaction(signal, NULL, &before[signal]);
  pthread_sigmask(SIG_SETMASK, NULL, &mask_before);
  void *const host_malloc = dlsym(RTLD_DEFAULT, "malloc");

  load(words[1]);
  /* A map large enough for several threads. */
  enum { nodes = 40, partitions = 500000 };
  plat_options *options = NULL;
  DO(options_make(&options, error));
  DO(options_set_number(options, "threads", 4, error));
  once(nodes, 1000, options);
  const size_t own = anonymous();
  plat_cluster *fresh = make(nodes, partitions, NULL);
  plat_plan *plan = NULL, *next = NULL;
  DO(plan_make(fresh, NULL, options, NULL, &plan, error));
  plat_cluster *cluster = make(nodes, partitions, plan_rows(plan, NULL));
  plat_report *report = NULL;
  DO(plan_make(cluster, NULL, options, NULL, &next, error));
  DO(check(cluster, next, options, NULL, &report, error));
  CHECK(threads() == 1);
  report_free(report);
  plan_free(next);
  plan_free(plan);
  cluster_free(cluster);
  CHECK(anonymous() > own + 512); /* what is kept for plans to come */
  cluster_free(fresh);
  if (anonymous() > own + 512) fprintf(stderr, "%zu pages, %zu before\n", anonymous(), own);
  CHECK(anonymous() <= own + 512); /* with the last handle all of it goes */

  for (int signal = 1; signal < 65; signal++) {
    sigaction(signal, NULL, &after[signal]);
    CHECK(before[signal].sa_handler == after[signal].sa_handler && before[signal].sa_flags == after[signal].sa_flags);
  }
  pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
  CHECK(memcmp(&mask_before, &mask_after, sizeof mask_before) == 0);
  CHECK(strcmp(locale, setlocale(LC_ALL, NULL)) == 0);
  CHECK(host_malloc == dlsym(RTLD_DEFAULT, "malloc") && !is_mapped("jemalloc"));
  CHECK(!is_mapped("libswift") && !is_mapped("Foundation"));

  pthread_t working[8];
  for (size_t at = 0; at < 8; at++) CHECK(pthread_create(&working[at], NULL, many, (void *)at) == 0);
  for (size_t at = 0; at < 8; at++) pthread_join(working[at], NULL);
  CHECK(threads() == 1);

  /* What is not given back shows in many turns: the first ones fill caches. */
  const int turns = atoi(words[2]);
  for (int turn = 0; turn < 50; turn++) once(3, 8, options);
  const size_t memory = in_use(), pages = resident();
  for (int turn = 0; turn < turns; turn++) once(3, 8, options);
  const size_t more = in_use() > memory ? in_use() - memory : 0;
  if (more > 16384) fprintf(stderr, "%zu bytes more in use after %d turns\n", more, turns);
  CHECK(more <= 16384);
  CHECK(resident() < pages + 512);
  options_free(options);
  puts("all is so");
  return 0;
}
