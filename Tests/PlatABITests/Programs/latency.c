/* How long cancelled work goes on: latency RUNS [KIND …]. Work of every kind on large clusters is cancelled by another thread
 * at RUNS moments spread over it; told is the longest time from there to the return, in ms of processor time of the thread
 * that works, so that it hardly matters what else the machine does. Ends with 1 where one is above 50 ms; where one is above
 * 30 ms, the calls that the thread was in go to standard error. It takes minutes, and wants an optimised library. */
#define _GNU_SOURCE
#include <execinfo.h>
#include <plat.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include "work.h"

static clockid_t worker;
static pthread_t worker_thread;

/* Of the thread that works, in ms. */
static double now(void) {
  struct timespec time;
  clock_gettime(worker, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

typedef struct task { plat_control *control; double when, at; int is_over, was_in_time; } task;

static void *cancel(void *argument) {
  task *task = argument;
  while (now() < task->when && !__atomic_load_n(&task->is_over, __ATOMIC_RELAXED)) usleep(100);
  task->at = now();
  task->was_in_time = !__atomic_load_n(&task->is_over, __ATOMIC_RELAXED);
  plat_control_cancel(task->control);
  while (now() < task->at + 30 && !__atomic_load_n(&task->is_over, __ATOMIC_RELAXED)) usleep(100);
  if (!__atomic_load_n(&task->is_over, __ATOMIC_RELAXED)) pthread_kill(worker_thread, SIGUSR1);
  return NULL;
}

static void tell_place(int number) {
  void *calls[24];
  (void)number;
  backtrace_symbols_fd(calls, backtrace(calls, 24), 2);
  (void)!write(2, "\n", 1);
}

/* ----- the work */

GIVES_BYTES(kind_document_check, plat_document_check(&cluster, &plan, NULL, NULL, &bytes, NULL))
GIVES_BYTES(kind_document_verify, plat_document_verify(&cluster, &plan, NULL, NULL, &bytes, NULL))
GIVES_BYTES(kind_document_compare, plat_document_compare(&cluster, &plan, NULL, NULL, NULL, &bytes, NULL))
GIVES_BYTES(kind_document_export, plat_document_export("plat", &cluster, NULL, NULL, NULL, &bytes, NULL))
GIVES_BYTES(kind_document_route, plat_document_route(&cluster, NULL, &plan, NULL, NULL, &bytes, NULL))
GIVES_BYTES(kind_moves, plat_moves_to_document(of->plan, &bytes, NULL))
GIVES_BYTES(kind_explain, plat_explain(of->plan, 7, 0, &bytes, NULL))
GIVES_BYTES(kind_compare, plat_compare(of->cluster, NULL, of->cluster, of->plan, &bytes, NULL))
GIVES_BYTES(kind_whatif, plat_whatif(of->cluster, "each:node", NULL, NULL, &bytes, NULL))
GIVES_BYTES(kind_simulate, plat_simulate(of->plan, of->options, NULL, &bytes, NULL, NULL))
GIVES_BYTES(kind_trace, plat_simulate_trace(of->plan, of->options, NULL, &bytes, NULL))

static plat_status kind_read_wrong(stuff *of) { /* what is wrong comes last */
  plat_cluster *cluster = NULL;
  const plat_status status = plat_cluster_from_document(plat_bytes_data(of->bytes), plat_bytes_length(of->bytes) - 4, NULL, &cluster, NULL);
  plat_cluster_free(cluster);
  return status;
}
#define GIVES_REPORT(name, call) \
  static plat_status name(stuff *of) { \
    plat_report *report = NULL; \
    const plat_status status = call; \
    plat_report_free(report); \
    return status; \
  }
GIVES_REPORT(kind_check, plat_check(of->cluster, of->plan, NULL, NULL, &report, NULL))
GIVES_REPORT(kind_verify, plat_verify(of->cluster, of->plan, NULL, NULL, &report, NULL))
static plat_status kind_steps(stuff *of) {
  plat_steps *steps = NULL;
  plat_bytes *bytes = NULL;
  plat_status status = plat_steps_make(of->plan, NULL, NULL, &steps, NULL);
  if (status == PLAT_OK) status = plat_steps_to_document(steps, &bytes, NULL);
  plat_bytes_free(bytes);
  plat_steps_free(steps);
  return status;
}
static plat_status kind_import(stuff *of) {
  static char *text;
  static size_t length;
  if (!text) { /* a reassignment of 262,144 partitions */
    text = malloc(1 << 25);
    length = (size_t)sprintf(text, "{\"version\":1,\"partitions\":[");
    for (int at = 0; at < 262144; at++)
      length += (size_t)sprintf(text + length, "%s{\"topic\":\"t%d\",\"partition\":%d,\"replicas\":[%d,%d,%d]}", at ? "," : "", at >> 10,
                                at & 1023, at * 7 % 100, (at * 7 + 1) % 100, (at * 7 + 50) % 100);
    length += (size_t)sprintf(text + length, "]}");
  }
  (void)of;
  plat_document document = PLAT_DOCUMENT_INIT;
  document.bytes = text;
  document.length = length;
  plat_cluster *cluster = NULL;
  plat_bytes *bytes = NULL;
  plat_status status = plat_import("kafka", &document, NULL, NULL, &cluster, NULL);
  if (status == PLAT_OK) status = plat_export("kafka", cluster, NULL, &bytes, NULL);
  plat_bytes_free(bytes);
  plat_cluster_free(cluster);
  return status;
}

#define LARGE "nodes=10000 partitions=1048576 slaves=2 "
#define MIDDLE "nodes=2000 partitions=262144 slaves=2 "
#define FAN_OUT "\n\"fanOut\": {\"outbound\": 10, \"inbound\": 10, \"strength\": \"soft\"},"
#define HARD_FAN_OUT "\n\"fanOut\": {\"outbound\": 60, \"inbound\": 60, \"strength\": \"hard\"},"
#define NEAR "\n\"placement\": [{\"states\": [\"master\", \"slave\"], \"level\": \"zone\", \"near\": \"master\", \"atLeast\": 2, \"strength\": \"hard\"}],"

static const struct kind { const char *name; plat_status (*work)(stuff *); const char *generate, *add; int plans; } kinds[] = {
  {"plan-fresh", kind_plan, LARGE "zones=10", NULL, 0},
  {"plan-leaving", kind_plan, LARGE "map=fresh leaving=100", NULL, 0},
  {"plan-zones", kind_plan, LARGE "zones=20 rules=zone:1:hard map=fresh leaving=100", NULL, 0},
  {"plan-racks", kind_plan, LARGE "zones=10 racks=10 rules=zone:2:hard,rack:1:soft map=drifted leaving=50 join=50", NULL, 0},
  {"plan-wide", kind_plan, "nodes=3000 partitions=65536 slaves=20 zones=10 rules=zone:3:hard map=drifted leaving=30", NULL, 0},
  {"plan-half-moved", kind_plan, MIDDLE "zones=10 rules=zone:1:hard map=half-moved leaving=20 join=20", NULL, 0},
  {"fan-out-fresh", kind_plan, MIDDLE, FAN_OUT, 0},
  {"fan-out", kind_plan, MIDDLE "map=fresh leaving=20", FAN_OUT, 0},
  {"fan-out-hard", kind_plan, MIDDLE "zones=10 rules=zone:1:hard map=drifted leaving=20", HARD_FAN_OUT, 0},
  {"weights", kind_plan, MIDDLE "partitionWeights=zipf map=fresh leaving=20", NULL, 0},
  {"weights-zones", kind_plan, MIDDLE "zones=10 rules=zone:1:hard partitionWeights=1:2:3:50 map=drifted leaving=20", NULL, 0},
  {"near", kind_plan, MIDDLE "zones=40 map=random leaving=20", NEAR, 0},
  {"near-fresh", kind_plan, MIDDLE "zones=40", NEAR, 0},
  {"group", kind_document_plan, "nodes=500 partitions=4096 zones=10 rules=zone:1:hard maps=100 map=drifted leaving=5", NULL, -1},
  {"group-fresh", kind_document_plan, "nodes=500 partitions=4096 maps=200 slaves=2", NULL, -1},
  {"group-weights", kind_document_plan, "nodes=50 partitions=128 zones=10 rules=zone:1:hard partitionWeights=1:2:3:50 maps=20 map=drifted leaving=1", NULL, -1},
  {"whatif", kind_whatif, "nodes=2000 partitions=65536 slaves=2 zones=20 rules=zone:1:hard map=drifted", NULL, 0},
  {"whatif-fresh", kind_whatif, "nodes=1000 partitions=262144 slaves=2 map=fresh", NULL, 0},
  {"steps-fresh", kind_steps, MIDDLE, NULL, 1},
  {"steps-random", kind_steps, MIDDLE "zones=10 rules=zone:1:hard map=random", NULL, 1},
  {"steps-leaving", kind_steps, LARGE "map=fresh leaving=500 join=500", NULL, 1},
  {"moves", kind_moves, LARGE "map=fresh leaving=2000", NULL, 1},
  {"read-cluster", kind_read_cluster, LARGE "map=random", NULL, 0},
  {"read-wrong", kind_read_wrong, LARGE "map=fresh", NULL, 0},
  {"read-ranges", kind_read_cluster, "nodes=1000 partitions=1048576 keyFunction=range map=fresh partitionWeights=zipf", NULL, 0},
  {"read-binary", kind_read_cluster, LARGE "map=random binary=1", NULL, 0},
  {"read-plan", kind_read_plan, LARGE "map=fresh", NULL, 1},
  {"arrays", kind_arrays, LARGE "map=fresh", NULL, 0},
  {"write-cluster", kind_write_cluster, LARGE "map=fresh", NULL, 0},
  {"write-ranges", kind_write_cluster, "nodes=1000 partitions=1048576 keyFunction=range map=fresh partitionWeights=zipf", NULL, 0},
  {"write-plan", kind_write_plan, LARGE "map=fresh leaving=100", NULL, 1},
  {"check", kind_check, LARGE "zones=20 rules=zone:1:hard map=random leaving=100", NULL, 1},
  {"verify", kind_verify, LARGE "zones=20 rules=zone:1:hard map=fresh leaving=100", NULL, 1},
  {"verify-racks", kind_document_verify, MIDDLE "zones=10 racks=10 rules=zone:2:hard,rack:1:soft map=drifted leaving=20", NULL, 1},
  {"verify-weights", kind_verify, MIDDLE "zones=10 rules=zone:1:hard partitionWeights=zipf map=drifted leaving=20", NULL, 1},
  {"verify-near", kind_verify, MIDDLE "zones=40 map=random", NEAR, 1},
  {"check-fan-out", kind_check, MIDDLE "map=random", FAN_OUT, 1},
  {"check-document", kind_document_check, LARGE "map=fresh leaving=100", NULL, 1},
  {"explain", kind_explain, LARGE "zones=20 rules=zone:1:hard map=fresh leaving=100", NULL, 1},
  {"compare", kind_compare, LARGE "map=fresh leaving=1000", NULL, 1},
  {"compare-documents", kind_document_compare, LARGE "map=fresh leaving=1000", NULL, 1},
  {"export-plat", kind_document_export, LARGE "map=fresh binary=1", NULL, 0},
  {"route", kind_document_route, LARGE "map=fresh", NULL, 1},
  {"import-export", kind_import, "nodes=3 partitions=8", NULL, 0},
  {"generate", kind_generate, LARGE "zones=20 rules=zone:1:hard map=drifted", NULL, -1},
  {"generate-random", kind_generate, LARGE "zones=20 rules=zone:1:hard map=random", NULL, -1},
  {"generate-moving", kind_generate, MIDDLE "zones=20 rules=zone:1:hard map=half-moved", NULL, -1},
  {"simulate", kind_simulate, "nodes=1000 partitions=10000 slaves=2 zones=10 map=drifted leaving=10 simulate.runs=3", NULL, 1},
  {"simulate-small", kind_simulate, "nodes=9 partitions=30 map=drifted leaving=1 simulate.runs=200", NULL, 1},
  {"trace", kind_trace, "nodes=300 partitions=3000 slaves=2 map=drifted leaving=3", NULL, 1},
};

int main(int count, char **words) {
  const int runs = count > 1 ? atoi(words[1]) : 20;
  double worst = 0;
  worker_thread = pthread_self();
  CHECK(pthread_getcpuclockid(worker_thread, &worker) == 0);
  signal(SIGUSR1, tell_place);
  void *nothing[1];
  (void)backtrace(nothing, 1); /* it loads what it needs at first use */
  for (size_t at = 0; at < sizeof kinds / sizeof kinds[0]; at++) {
    const struct kind *kind = &kinds[at];
    int is_asked = count <= 2;
    for (int word = 2; word < count; word++) is_asked |= strcmp(words[word], kind->name) == 0;
    if (!is_asked) continue;
    stuff of = make(kind->generate, kind->add, kind->plans);
    (void)kind->work(&of); /* the first is slower than all others */
    const double began = now();
    const plat_status whole_status = kind->work(&of);
    const double whole = now() - began;
    double longest = 0, when = 0;
    int cancelled = 0;
    for (int run = 0; run < runs; run++) {
      task task = {NULL, now() + whole * (run + 0.5) / runs, 0, 0, 0};
      pthread_t thread;
      DO(plat_control_make(NULL, NULL, &task.control, error));
      plat_thread_defaults(NULL, task.control);
      const double start = now();
      CHECK(pthread_create(&thread, NULL, cancel, &task) == 0);
      const plat_status status = kind->work(&of);
      const double end = now();
      __atomic_store_n(&task.is_over, 1, __ATOMIC_RELAXED);
      pthread_join(thread, NULL);
      plat_thread_defaults(NULL, NULL);
      plat_control_free(task.control);
      cancelled += status == PLAT_CANCELLED;
      if (status == PLAT_CANCELLED || task.was_in_time) { /* it may have been done just then */
        if (end - task.at > longest) longest = end - task.at, when = task.at - start;
      }
    }
    printf("%-18s %-12s whole %8.1f ms, cancelled %3d of %d times, longest wait %6.1f ms (from %.1f ms on)\n", kind->name,
           plat_status_name((int32_t)whole_status), whole, cancelled, runs, longest, when);
    fflush(stdout);
    if (longest > worst) worst = longest;
    drop(&of);
  }
  printf("the longest of all: %.1f ms\n", worst);
  return worst > 50;
}
