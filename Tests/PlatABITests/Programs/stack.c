/* Threads with little stack: stack SEEDS. Random clusters (maps, groups of maps, weights, near rules, limits on peers) are read,
 * planned, judged, explained, written, carried out, each on a thread with 128 KiB of stack, and on one with 8 MiB, of which as much
 * as is used is told. Progress comes to the thread that made the call. "plant": a function that needs more, which is found. */
#include "work.h"
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

enum { small_bytes = 128 << 10, large_bytes = 8 << 20, most_used_bytes = 960 << 10, page_bytes = 4096 };

static char about[640];

static void overflowed(int signal, siginfo_t *info, void *context) {
  (void)info, (void)context;
  const char text[] = "a stack was too small: ";
  (void)!write(2, text, sizeof text - 1);
  (void)!write(2, about, strlen(about));
  (void)!write(2, "\n", 1);
  _exit(signal == SIGSEGV ? 3 : 4);
}


typedef struct job {
  uint32_t seed;
  pthread_t thread;
  unsigned stages;
} job;

static int32_t heard(void *context, const char *stage) {
  job *of = context;
  CHECK(stage && pthread_equal(of->thread, pthread_self()));
  of->stages++;
  return 0;
}

#define JOB_MAKES(kind, free, call) \
  do { \
    plat_##kind *made = NULL; \
    const plat_status status = call; \
    if (status != PLAT_OK) { \
      fprintf(stderr, "%s: %s: %s\n", about, #call, plat_status_name((int32_t)status)); \
      exit(1); \
    } \
    free(made); \
  } while (0)

static uint32_t drawn(uint32_t *state) { return *state = *state * 1664525u + 1013904223u, *state >> 8; }

/* Options of a cluster, and settings beside. */
static const char *random_cluster(uint32_t seed, char *generate, size_t size, int *maps) {
  uint32_t state = seed;
  const uint32_t nodes = 6 + drawn(&state) % 30, zones = drawn(&state) % 2 ? 3 : 0;
  static const char *const shapes[] = {"none", "fresh", "drifted", "random", "half-moved"};
  static const char *const settings[] = {
    NULL, NULL, "\"fanOut\": {\"outbound\": 3, \"inbound\": 3, \"strength\": \"soft\"}, ",
    "\"placement\": [{\"states\": [\"master\", \"slave\"], \"level\": \"zone\", \"near\": \"master\", \"strength\": \"soft\"}], ",
  };
  *maps = drawn(&state) % 4 == 0 ? 2 + (int)(drawn(&state) % 3) : 0;
  snprintf(generate, size, "nodes=%u partitions=%u slaves=%u zones=%u map=%s leaving=%u join=%u partitionWeights=%s seed=%u maps=%d", nodes,
           20 + drawn(&state) % 200, 1 + drawn(&state) % 3, zones, shapes[drawn(&state) % 5], drawn(&state) % 2, drawn(&state) % 2,
           drawn(&state) % 3 ? "equal" : "zipf", seed, *maps);
  const char *add = settings[drawn(&state) % 4];
  return *maps || (add && strstr(add, "zone") && !zones) ? NULL : add;
}

static void of_group(stuff *made, plat_control *control) {
  const plat_document cluster = document_of(made->bytes);
  plat_bytes *planned = NULL;
  DO(plat_document_plan(&cluster, NULL, control, &planned, error));
  const plat_document plan = document_of(planned);
  JOB_MAKES(bytes, plat_bytes_free, plat_document_check(&cluster, &plan, NULL, control, &made, NULL));
  JOB_MAKES(bytes, plat_bytes_free, plat_document_verify(&cluster, &plan, NULL, control, &made, NULL));
  plat_bytes_free(planned);
}

static void of_map(stuff *of, plat_control *control) {
  const plat_document cluster = document_of(of->bytes), plan = document_of(of->plan_bytes);
  JOB_MAKES(plan, plat_plan_free, plat_plan_make(of->cluster, NULL, NULL, control, &made, NULL));
  JOB_MAKES(report, plat_report_free, plat_check(of->cluster, of->plan, NULL, control, &made, NULL));
  JOB_MAKES(report, plat_report_free, plat_verify(of->cluster, of->plan, NULL, control, &made, NULL));
  JOB_MAKES(steps, plat_steps_free, plat_steps_make(of->plan, NULL, control, &made, NULL));
  JOB_MAKES(bytes, plat_bytes_free, plat_explain(of->plan, 0, 1, &made, NULL));
  JOB_MAKES(bytes, plat_bytes_free, plat_compare(of->cluster, of->plan, of->cluster, of->plan, &made, NULL));
  JOB_MAKES(bytes, plat_bytes_free, plat_moves_to_document(of->plan, &made, NULL));
  JOB_MAKES(bytes, plat_bytes_free, plat_document_verify(&cluster, &plan, NULL, control, &made, NULL));
  if (plat_cluster_rows(of->cluster, NULL)) JOB_MAKES(bytes, plat_bytes_free, plat_whatif(of->cluster, "each:node", NULL, control, &made, NULL));
  DO(plat_options_set(of->options, "simulate.runs", "1", error));
  DO(plat_options_set(of->options, "simulate.faults", "loss:0.1", error));
  JOB_MAKES(bytes, plat_bytes_free, plat_simulate(of->plan, of->options, control, &made, NULL, NULL));
  plat_orchestrator *orchestrator = NULL;
  plat_action action = PLAT_ACTION_INIT;
  DO(plat_orchestrator_make(of->cluster, of->plan, NULL, &orchestrator, error));
  DO(plat_orchestrator_begin(orchestrator, NULL, 0, error));
  DO(plat_orchestrator_poll(orchestrator, &action, error));
  plat_orchestrator_free(orchestrator);
  JOB_MAKES(agent, plat_agent_free, plat_agent_make(of->cluster, 0, 1, NULL, 0, &made, NULL));
}

/* A document that is nothing but deep, which must be an error, or passed over. */
static void deep(const char *open, const char *close) {
  enum { depth = 100000 };
  const char head[] = "{\"plat\": 1, \"nodes\": {\"a\": {}}, \"x-deep\": ";
  char *text = malloc(sizeof head + depth * (strlen(open) + strlen(close)) + 8), *end = text;
  CHECK(text);
  end += sprintf(end, "%s", head);
  for (int level = 0; level < depth; level++) end = stpcpy(end, open);
  end = stpcpy(end, "0");
  for (int level = 0; level < depth; level++) end = stpcpy(end, close);
  end = stpcpy(end, "}");
  plat_cluster *cluster = NULL;
  const plat_status status = plat_cluster_from_document(text, (size_t)(end - text), NULL, &cluster, NULL);
  CHECK(status == PLAT_OK || status == PLAT_INVALID_INPUT);
  plat_cluster_free(cluster);
  free(text);
}

static void *work(void *context) {
  job *of = context;
  of->thread = pthread_self();
  char generate[512];
  int maps;
  const char *add = random_cluster(of->seed, generate, sizeof generate, &maps);
  snprintf(about, sizeof about, "seed %u: %s", of->seed, generate);
  plat_control *control = NULL;
  DO(plat_control_make(heard, of, &control, error));
  stuff made = make(generate, add, maps ? -1 : 1);
  if (maps) of_group(&made, control);
  else of_map(&made, control);
  CHECK(of->stages > 0 && plat_control_fraction(control) == 1);
  plat_control_cancel(control);
  plat_bytes *bytes = NULL;
  CHECK(plat_generate(made.options, control, &bytes, NULL) == PLAT_CANCELLED && !bytes);
  plat_control_free(control);
  drop(&made);
  if (of->seed % 8 == 1) deep("[", "]"), deep("{\"a\": ", "}");
  return NULL;
}

static volatile char sink;
static void *greedy(void *context) {
  char much[small_bytes + 4 * page_bytes];
  for (size_t at = sizeof much; at > 0; at -= page_bytes / 2) much[at - 1] = 1, sink = much[at - 1];
  return context;
}

/* One thread at a time: where its own stack is full it hears of that on this one. */
static char alternate[1 << 16];
static void *(*beginning)(void *);
static void *begin(void *context) {
  const stack_t own = {.ss_sp = alternate, .ss_size = sizeof alternate};
  CHECK(sigaltstack(&own, NULL) == 0);
  return beginning(context);
}

/* Runs it on a stack of that size, behind a page that nobody may touch; what it has used of it. */
static size_t run(void *(*body)(void *), void *context, size_t bytes) {
  uint8_t *memory = mmap(NULL, bytes + page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED && mprotect(memory, page_bytes, PROT_NONE) == 0);
  uint8_t *stack = memory + page_bytes;
  memset(stack, 0xa5, bytes);
  pthread_attr_t attributes;
  pthread_t thread;
  beginning = body;
  pthread_attr_init(&attributes);
  CHECK(pthread_attr_setstack(&attributes, stack, bytes) == 0);
  CHECK(pthread_create(&thread, &attributes, begin, context) == 0);
  pthread_join(thread, NULL);
  size_t clean = 0;
  while (clean < bytes && stack[clean] == 0xa5) clean++;
  munmap(memory, bytes + page_bytes);
  return bytes - clean;
}

int main(int count, char **words) {
  struct sigaction action = {0};
  action.sa_sigaction = overflowed;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  CHECK(sigaction(SIGSEGV, &action, NULL) == 0 && sigaction(SIGBUS, &action, NULL) == 0);
  if (count > 1 && !strcmp(words[1], "plant")) {
    strcpy(about, "planted");
    run(greedy, NULL, small_bytes);
    return 0;
  }
  const uint32_t first = count > 2 ? (uint32_t)atoi(words[2]) : 1, seeds = count > 1 ? (uint32_t)atoi(words[1]) : 20;
  size_t most = 0, most_small = 0;
  uint32_t which = 0;
  for (uint32_t seed = first; seed < first + seeds; seed++) {
    job small = {.seed = seed}, large = {.seed = seed};
    const size_t bytes = run(work, &small, small_bytes), all = run(work, &large, large_bytes);
    CHECK(small.stages == large.stages);
    if (bytes > most_small) most_small = bytes;
    if (all > most) most = all, which = seed;
  }
  printf("%u seeds: at most %zu KiB of 128 used, and %zu KiB of 8 MiB (seed %u)\n", seeds, most_small >> 10, most >> 10, which);
  CHECK(most < most_used_bytes);
  puts("all is so");
  return 0;
}
