/* malloc fails: failing [STEP]. It does so at the n-th call, or from the n-th on, for every n (every so many beyond the first) until nothing
 * is left to fail, in calls for options (each of them), controls and errors, and in planning, documents and all that comes of them. Each call does
 * what it should or says PLAT_OUT_OF_MEMORY, and nothing ends the process. "plant": a function that does not look. */
#define _GNU_SOURCE
#include <errno.h>
#include <link.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>
#include <plat.h>
#include "check.h"

/* glibc's own, under whose names everybody here calls ours. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *pointer, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *pointer);

static atomic_long calls, fails_from = -1;
static atomic_int goes_on;

/* libgmp has nothing in reserve: in work that has exact numbers it gets what it asks for itself. Options have none. */
static uintptr_t gmp_from, gmp_to;
static int spares_gmp;

static int find_gmp(struct dl_phdr_info *info, size_t size, void *nothing) {
  (void)size, (void)nothing;
  if (!strstr(info->dlpi_name, "libgmp")) return 0;
  for (int at = 0; at < info->dlpi_phnum; at++) {
    const uintptr_t from = info->dlpi_addr + info->dlpi_phdr[at].p_vaddr;
    if (!(info->dlpi_phdr[at].p_flags & PF_X)) continue;
    gmp_from = from;
    gmp_to = from + info->dlpi_phdr[at].p_memsz;
  }
  return 1;
}

static int is_to_fail(const void *caller) {
  const long from = atomic_load(&fails_from);
  if (from < 0 || (spares_gmp && (uintptr_t)caller >= gmp_from && (uintptr_t)caller < gmp_to)) return 0;
  const long call = atomic_fetch_add(&calls, 1);
  return goes_on ? call >= from : call == from;
}

void *malloc(size_t bytes) { return is_to_fail(__builtin_return_address(0)) ? NULL : __libc_malloc(bytes); }
void *calloc(size_t count, size_t bytes) { return is_to_fail(__builtin_return_address(0)) ? NULL : __libc_calloc(count, bytes); }
void *realloc(void *pointer, size_t bytes) { return is_to_fail(__builtin_return_address(0)) ? NULL : __libc_realloc(pointer, bytes); }
void *aligned_alloc(size_t alignment, size_t bytes) { return is_to_fail(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, bytes); }
int posix_memalign(void **place, size_t alignment, size_t bytes) {
  void *pointer = is_to_fail(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, bytes);
  if (!pointer) return ENOMEM;
  *place = pointer;
  return 0;
}
void free(void *pointer) { __libc_free(pointer); }

/* It did, or there was too little memory, and the error says so. */
static int does(plat_status status, plat_error *error) {
  if (status == PLAT_OK) return 1;
  if (status != PLAT_OUT_OF_MEMORY || error->status != PLAT_OUT_OF_MEMORY || !error->message[0]) {
    fprintf(stderr, "%s: %s\n", plat_status_name((int32_t)status), error->message);
    _exit(2);
  }
  *error = (plat_error)PLAT_ERROR_INIT;
  return 0;
}

/* It fails as it should. What a document is looked through for once more, to name the path beside line and column, may not find memory. */
static void refuses(plat_status status, plat_status with, const char *path, plat_error *error) {
  if (status == PLAT_OUT_OF_MEMORY && error->status == PLAT_OUT_OF_MEMORY && error->message[0]) return;
  if (status == with && !error->path[0] && error->line > 0 && calls > fails_from) return;
  if (status != with || error->status != (int32_t)with || strcmp(error->path, path) != 0 || !strstr(error->message, path)) {
    fprintf(stderr, "%s at %s: %s\n", plat_status_name((int32_t)status), error->path, error->message);
    _exit(2);
  }
}

static void small_things(void) {
  plat_options *options = NULL;
  plat_control *control = NULL;
  plat_cluster *cluster = NULL;
  plat_error error = PLAT_ERROR_INIT;
  if (does(plat_options_make(&options, &error), &error)) {
    does(plat_options_set(options, "operation", "failover", &error), &error);
    does(plat_options_set_number(options, "threads", 3, &error), &error);
    refuses(plat_options_set(options, "operation", "dance", &error), PLAT_INVALID_ARGUMENT, "operation", &error);
    refuses(plat_options_set(options, "no such option, whose name is too long to be kept in place", "1", &error), PLAT_INVALID_ARGUMENT, "name",
            &error);
  } else {
    CHECK(!options);
  }
  if (does(plat_control_make(NULL, NULL, &control, &error), &error)) {
    CHECK(!plat_control_is_cancelled(control) && plat_control_fraction(control) == 0);
    plat_control_cancel(control);
    CHECK(plat_control_is_cancelled(control));
  }
  plat_cluster_arrays arrays = PLAT_CLUSTER_ARRAYS_INIT;
  const uint8_t statuses[3] = {0, 0, 77};
  arrays.node_count = arrays.partition_count = 3;
  arrays.node_statuses = statuses;
  refuses(plat_cluster_from_arrays(&arrays, &cluster, &error), PLAT_INVALID_ARGUMENT, "node_statuses[2]", &error);
  const char text[] = "{\"plat\": 1, \"nodes\": {\"a\": {\"weight\": true}}}";
  refuses(plat_cluster_from_document(text, sizeof text - 1, "mine.json", &cluster, &error), PLAT_INVALID_INPUT, "nodes.a.weight", &error);
  CHECK(!cluster);
  plat_control_free(control);
  plat_options_free(options);
}

/* What an option of this kind may be, and what not, where it is a text. */
static const struct { const char *name, *value, *wrong; } texts[] = {
  {"bandwidth", "12.5e-3", "0.0e9"},
  {"generate.weights", "1..3", "3..1"},
  {"generate.partitionWeights", "1:2.5:3/7", "1:x"},
  {"generate.capacity", "400..600", "-4"},
  {"generate.rules", "zone:1:hard,rack:1:soft", "zone:1"},
  {"generate.drift", "000000000000000000000.000000000931322574615478515625", "70000000000000000000000000000001/70000000000000000000000000000000"},
  {"simulate.faults", "loss:0.1,crash:2,late:1/3", "crash:2,loss:1.000001"},
};

/* Those that are tried: all, or one. */
static uint32_t option_first, option_end = UINT32_MAX;

static void every_option(void) {
  plat_error error = PLAT_ERROR_INIT;
  plat_options *options = NULL;
  if (!does(plat_options_make(&options, &error), &error)) return;
  plat_option option = PLAT_OPTION_INIT;
  for (uint32_t index = option_first; index < option_end && plat_option_info(index, &option, &error) == PLAT_OK; index++) {
    const char *wrong = "of no kind";
    if (option.kind == PLAT_OPTION_NUMBER) {
      does(plat_options_set_number(options, option.name, option.most, &error), &error);
      if (option.least > 0) refuses(plat_options_set_number(options, option.name, 0, &error), PLAT_INVALID_ARGUMENT, option.name, &error);
    } else if (option.kind == PLAT_OPTION_TEXT) {
      size_t at = 0;
      while (at < sizeof texts / sizeof texts[0] && strcmp(texts[at].name, option.name)) at++;
      CHECK(at < sizeof texts / sizeof texts[0]);
      does(plat_options_set(options, option.name, texts[at].value, &error), &error);
      wrong = texts[at].wrong;
    } else {
      const char *words = option.kind == PLAT_OPTION_WORD ? option.words : "1";
      const char *last = strrchr(words, ',');
      does(plat_options_set(options, option.name, last ? last + 1 : words, &error), &error);
    }
    refuses(plat_options_set(options, option.name, wrong, &error), PLAT_INVALID_ARGUMENT, option.name, &error);
    does(plat_options_set(options, option.name, NULL, &error), &error);
  }
  plat_options_free(options);
}

static uint32_t option_count(void) {
  plat_option option = PLAT_OPTION_INIT;
  uint32_t count = 0;
  while (plat_option_info(count, &option, NULL) == PLAT_OK) count++;
  CHECK(count > 30);
  return count;
}

static void all_the_work(void) {
  plat_cluster_arrays arrays = PLAT_CLUSTER_ARRAYS_INIT;
  const uint8_t statuses[6] = {0, 0, PLAT_NODE_LEAVING};
  uint32_t map[60];
  for (uint32_t slot = 0; slot < 60; slot++) map[slot] = (slot / 2 + slot % 2 * 2) % 5;
  arrays.node_count = 6;
  arrays.partition_count = 30;
  arrays.node_statuses = statuses;
  arrays.map = map;
  plat_error error = PLAT_ERROR_INIT;
  plat_cluster *cluster = NULL, *again = NULL;
  plat_plan *plan = NULL;
  plat_report *report = NULL;
  plat_steps *steps = NULL;
  plat_bytes *bytes = NULL, *others[4] = {NULL};
  plat_router *router = NULL;
  if (does(plat_cluster_from_arrays(&arrays, &cluster, &error), &error) && does(plat_plan_make(cluster, NULL, NULL, NULL, &plan, &error), &error)) {
    does(plat_verify(cluster, plan, NULL, NULL, &report, &error), &error);
    does(plat_steps_make(plan, NULL, NULL, &steps, &error), &error);
    if (does(plat_plan_to_document(plan, NULL, NULL, &bytes, &error), &error)) CHECK(plat_bytes_length(bytes) > 100);
    plat_bytes_free(bytes);
    bytes = NULL;
    if (does(plat_cluster_to_document(cluster, NULL, &bytes, &error), &error))
      does(plat_cluster_from_document(plat_bytes_data(bytes), plat_bytes_length(bytes), NULL, &again, &error), &error);
    does(plat_explain(plan, 1, 1, &others[0], &error), &error);
    does(plat_compare(cluster, NULL, cluster, plan, &others[1], &error), &error);
    does(plat_whatif(cluster, "each:node", NULL, NULL, &others[2], &error), &error);
    does(plat_moves_to_document(plan, &others[3], &error), &error);
    if (does(plat_router_make(cluster, &router, &error), &error)) CHECK(plat_router_find(router, "key", 3) < 30);
    const char *name = plat_cluster_node_name(cluster, 5);
    CHECK(!name || !strcmp(name, "5"));
    (void)plat_cluster_find_node(cluster, "3");
  }
  for (size_t at = 0; at < 4; at++) plat_bytes_free(others[at]);
  plat_router_free(router);
  plat_bytes_free(bytes);
  plat_steps_free(steps);
  plat_report_free(report);
  plat_plan_free(plan);
  plat_cluster_free(again);
  plat_cluster_free(cluster);
}

static void planted(void) { *(volatile char *)malloc(16) = 1; }

/* `first`: calls up to this one fail one by one. `is_small`: it does what it should from the first use on, and without libgmp. */
static const struct { const char *name; void (*work)(void); long first; int is_small; } kinds[] = {
  {"options, controls, errors", small_things, 400, 1}, {"every option", every_option, 400, 1}, {"all the work", all_the_work, 100, 0},
};
enum { kind_count = sizeof kinds / sizeof kinds[0] };

static const char *working = "";
static void ended(int signal) {
  const long from = fails_from;
  fails_from = -1;
  fprintf(stderr, "%s: signal %d where malloc fails %s call %ld\n", working, signal, goes_on ? "from" : "at", from);
  _exit(3);
}

/* Whether something was left to fail. */
static int run(void (*work)(void), long from, int on) {
  goes_on = on;
  calls = 0;
  fails_from = from;
  work();
  fails_from = -1;
  return calls > from;
}

/* Returns how often something was left to fail. */
static long run_all(void (*work)(void), long first, long step, int on) {
  long from = 0, tries = 0;
  while (run(work, from, on)) from += from < first ? 1 : 1 + from / step, tries++;
  printf("%s: %ld times, up to call %ld\n", working, tries, from);
  return tries;
}

int main(int count, char **words) {
  const int signals[] = {SIGABRT, SIGILL, SIGSEGV, SIGTRAP, SIGBUS};
  for (size_t at = 0; at < 5; at++) signal(signals[at], ended);
  if (count > 1 && !strcmp(words[1], "plant")) {
    working = "planted";
    run(planted, 0, 0);
    return 0;
  }
  dl_iterate_phdr(find_gmp, NULL);
  CHECK(gmp_to > gmp_from);
  const long step = count > 1 ? atol(words[1]) : 40;
  /* At first use, each in a process of its own: the library has then prepared nothing. (At the first use of planning the Swift runtime
   * makes its types by libstdc++'s own strings, which have nothing in reserve.) */
  for (size_t kind = 0; kind < kind_count; kind++) {
    working = kinds[kind].name;
    int is_left = kinds[kind].is_small;
    for (long from = 0; is_left; from += 1 + from / (kind ? 8 : 4)) {
      is_left = 0;
      for (int on = 0; on < 2; on++) {
        const pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) _exit(run(kinds[kind].work, from, on) ? 10 : 0);
        int status = 0;
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) % 10 == 0);
        is_left |= WEXITSTATUS(status) == 10;
      }
    }
  }
  for (size_t kind = 0; kind < kind_count; kind++) {
    working = kinds[kind].name;
    spares_gmp = !kinds[kind].is_small;
    kinds[kind].work();
    const uint32_t ones = kinds[kind].work == every_option ? option_count() : 1;
    for (uint32_t one = 0; one < ones; one++) {
      if (ones > 1) option_first = one, option_end = one + 1;
      for (int on = 0; on < 2; on++) CHECK(run_all(kinds[kind].work, kinds[kind].first, step, on) > (ones > 1 ? 5 : 30));
    }
    kinds[kind].work(); /* nothing has come of it */
  }
  puts("all is so");
  return 0;
}
