/* Many handles in many threads at once, and some of them shared: threads THREADS ROUNDS ["plant": with a race]. For the tools that look for races (make
 * test-thread), and as a test: what each thread gets is the same as what one alone gets. */
#include <plat.h>
#include <pthread.h>
#include "check.h"

static plat_cluster *shared;       /* never changes: all may use it */
static plat_plan *shared_plan;
static plat_router *shared_router;
static plat_bytes *shared_text;
static plat_bytes *expected[6];
static int rounds, is_planted;
static _Alignas(64) int planted; /* alone in its line: the sanitizer remembers few accesses to each eight bytes */

static plat_document document_of(plat_bytes *bytes) {
  plat_document document = PLAT_DOCUMENT_INIT;
  document.bytes = plat_bytes_data(bytes);
  document.length = plat_bytes_length(bytes);
  return document;
}

/* Everything that takes long, with several threads inside. */
static void work(plat_bytes *results[6]) {
  plat_options *options = NULL;
  plat_control *control = NULL;
  plat_cluster *cluster = NULL;
  plat_plan *plan = NULL, *read = NULL;
  plat_report *report = NULL;
  plat_steps *steps = NULL;
  const plat_document text = document_of(shared_text);
  DO(plat_options_make(&options, error));
  DO(plat_options_set(options, "threads", "3", error));
  DO(plat_options_set(options, "simulate.runs", "4", error));
  DO(plat_control_make(NULL, NULL, &control, error));
  plat_thread_defaults(options, control);
  DO(plat_cluster_from_document(text.bytes, text.length, NULL, &cluster, error));
  DO(plat_plan_make(cluster, NULL, NULL, NULL, &plan, error));
  DO(plat_plan_to_document(plan, NULL, NULL, &results[0], error));
  DO(plat_check(shared, shared_plan, NULL, NULL, &report, error));
  DO(plat_report_to_document(report, &results[1], error));
  DO(plat_steps_make(shared_plan, NULL, NULL, &steps, error));
  DO(plat_steps_to_document(steps, &results[2], error));
  DO(plat_whatif(shared, "each:node", NULL, NULL, &results[3], error));
  DO(plat_simulate(shared_plan, NULL, NULL, &results[4], NULL, error));
  DO(plat_document_plan(&text, NULL, NULL, &results[5], error));
  const plat_document own = document_of(results[0]);
  DO(plat_plan_from_document(shared, &own, &read, error));
  CHECK(plat_router_find(shared_router, "hello", 5) < plat_cluster_partition_count(shared));
  CHECK(plat_cluster_find_node(shared, "n00003") == 3 && plat_cluster_node_name(shared, 3) && plat_cluster_partition_name(shared, 3));
  CHECK(plat_cluster_rows(shared, NULL) && plat_plan_rows(shared_plan, NULL));
  plat_control_cancel(control);
  plat_plan *none = NULL;
  CHECK(plat_plan_make(cluster, NULL, NULL, NULL, &none, NULL) == PLAT_CANCELLED);
  plat_thread_defaults(NULL, NULL);
  plat_steps_free(steps);
  plat_report_free(report);
  plat_plan_free(read);
  plat_plan_free(plan);
  plat_cluster_free(cluster);
  plat_control_free(control);
  plat_options_free(options);
}

static void *run(void *argument) {
  (void)argument;
  if (is_planted) planted++; /* before anything that could put the threads in an order */
  for (int round = 0; round < rounds; round++) {
    plat_bytes *results[6] = {NULL};
    work(results);
    for (int at = 0; at < 6; at++) {
      CHECK(plat_bytes_length(results[at]) == plat_bytes_length(expected[at]));
      CHECK(memcmp(plat_bytes_data(results[at]), plat_bytes_data(expected[at]), plat_bytes_length(results[at])) == 0);
      plat_bytes_free(results[at]);
    }
  }
  return NULL;
}

/* A control that another thread cancels while several threads of the library work. */
static void *cancel(void *control) {
  plat_control_cancel(control);
  return NULL;
}

int main(int count, char **words) {
  const int threads = count > 1 ? atoi(words[1]) : 8;
  rounds = count > 2 ? atoi(words[2]) : 3;
  is_planted = count > 3;
  plat_options *options = NULL;
  DO(plat_options_make(&options, error));
  const char *const values[][2] = {
    {"generate.nodes", "12"}, {"generate.partitions", "48"}, {"generate.zones", "4"}, {"generate.slaves", "2"},
    {"generate.rules", "zone:1:hard"}, {"generate.map", "drifted"}, {"generate.leaving", "1"}};
  for (size_t at = 0; at < sizeof values / sizeof values[0]; at++) DO(plat_options_set(options, values[at][0], values[at][1], error));
  DO(plat_generate(options, NULL, &shared_text, error));
  DO(plat_cluster_from_document(plat_bytes_data(shared_text), plat_bytes_length(shared_text), NULL, &shared, error));
  DO(plat_plan_make(shared, NULL, NULL, NULL, &shared_plan, error));
  DO(plat_router_make(shared, &shared_router, error));
  work(expected);
  pthread_t others[64];
  CHECK(threads <= 64);
  for (int at = 0; at < threads; at++) CHECK(pthread_create(&others[at], NULL, run, NULL) == 0);
  for (int at = 0; at < threads; at++) pthread_join(others[at], NULL);
  DO(plat_options_set(options, "threads", "4", error));
  for (int at = 0; at < rounds; at++) {
    plat_control *control = NULL;
    plat_bytes *bytes = NULL;
    DO(plat_control_make(NULL, NULL, &control, error));
    CHECK(pthread_create(&others[0], NULL, cancel, control) == 0);
    const plat_status status = plat_whatif(shared, "each:node", options, control, &bytes, NULL);
    CHECK(status == PLAT_OK || status == PLAT_CANCELLED);
    pthread_join(others[0], NULL);
    plat_bytes_free(bytes);
    plat_control_free(control);
  }
  for (int at = 0; at < 6; at++) plat_bytes_free(expected[at]);
  plat_router_free(shared_router);
  plat_plan_free(shared_plan);
  plat_cluster_free(shared);
  plat_bytes_free(shared_text);
  plat_options_free(options);
  puts("all is so");
  return 0;
}
