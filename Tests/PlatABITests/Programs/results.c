/* Reports, moves and steps as arrays; documents that are wrong; verifying what was made here; progress and cancelling. */
#include <plat.h>
#include <pthread.h>
#include <time.h>
#include "check.h"

enum { nodes = 9, partitions = 300, width = 3 };
static const uint32_t zones[nodes] = {0, 1, 2, 0, 1, 2, 0, 1, 2}; /* not in the tree's order */
static const uint32_t counts[4] = {1, 2, 0, 0};
static const plat_rule rule = {PLAT_RULE_AT_MOST, PLAT_HARD, 3, 0, 1, 0};

static plat_cluster *make(const uint8_t *statuses, const uint32_t *map, uint32_t level_count) {
  plat_cluster_arrays arrays = PLAT_CLUSTER_ARRAYS_INIT;
  arrays.node_count = nodes;
  arrays.partition_count = partitions;
  arrays.counts = counts;
  arrays.level_count = level_count;
  arrays.containers = zones;
  arrays.rule_count = level_count;
  arrays.rules = &rule;
  arrays.node_statuses = statuses;
  arrays.map = map;
  plat_cluster *cluster = NULL;
  DO(plat_cluster_from_arrays(&arrays, &cluster, error));
  return cluster;
}

static void reports(void) {
  plat_cluster *fresh = make(NULL, NULL, 1);
  plat_report *report = NULL;
  FAILS(plat_check(fresh, NULL, NULL, NULL, &report, error), PLAT_NOT_FOUND, "");
  plat_plan *plan = NULL;
  DO(plat_plan_make(fresh, NULL, NULL, NULL, &plan, error));
  DO(plat_check(fresh, plan, NULL, NULL, &report, error));
  plat_summary summary = PLAT_SUMMARY_INIT;
  DO(plat_report_summary(report, &summary, error));
  CHECK(summary.health == PLAT_HEALTH_GREEN && summary.unmet == 0 && summary.moves == 900 && summary.moves_lower_bound == 900);
  CHECK(summary.is_balanced && summary.holds && summary.finding_count == 0 && summary.load_count == 3);
  plat_load load = PLAT_LOAD_INIT;
  DO(plat_report_load(report, 2, &load, error));
  CHECK(strcmp(load.state, "total") == 0 && strcmp(load.least, "100") == 0 && strcmp(load.greatest_due, "100") == 0);
  FAILS(plat_report_load(report, 3, &load, error), PLAT_NOT_FOUND, "");
  plat_report_free(report);
  DO(plat_verify(fresh, plan, NULL, NULL, &report, error));
  DO(plat_report_summary(report, &summary, error));
  CHECK(summary.holds && summary.moves_lower_bound == 900);
  plat_report_free(report);

  /* Two of three zones fail: what cannot be met is told, and why. */
  uint8_t statuses[nodes] = {0, 3, 3, 0, 3, 3, 0, 3, 3};
  plat_cluster *broken = make(statuses, plat_plan_rows(plan, NULL), 1);
  plat_plan *rest = NULL;
  DO(plat_plan_make(broken, NULL, NULL, NULL, &rest, error));
  DO(plat_check(broken, rest, NULL, NULL, &report, error));
  DO(plat_report_summary(report, &summary, error));
  CHECK(summary.health == PLAT_HEALTH_YELLOW && summary.unmet == 600 && summary.finding_count > 0);
  uint64_t told = 0;
  plat_finding finding = PLAT_FINDING_INIT;
  for (uint32_t index = 0; index < summary.finding_count; index++) {
    DO(plat_report_finding(report, index, &finding, error));
    CHECK(finding.rule && finding.because && strlen(finding.because) > 0);
    if (finding.strength == PLAT_HARD) told += (uint64_t)(finding.want - finding.have);
  }
  CHECK(told == 600 || summary.more_findings > 0);
  FAILS(plat_report_finding(report, summary.finding_count, &finding, error), PLAT_NOT_FOUND, "");
  plat_report_free(report);
  FAILS(plat_check(fresh, NULL, NULL, NULL, NULL, error), PLAT_INVALID_ARGUMENT, "report");
  FAILS(plat_verify(fresh, NULL, NULL, NULL, &report, error), PLAT_INVALID_ARGUMENT, "plan");
  plat_plan_free(rest);
  plat_cluster_free(broken);
  plat_plan_free(plan);
  plat_cluster_free(fresh);
}

/* Applying the moves one by one leads from map to map; so do the steps, in any order that heeds what comes before. */
static void ways(void) {
  plat_cluster *fresh = make(NULL, NULL, 1);
  plat_plan *first = NULL, *plan = NULL;
  DO(plat_plan_make(fresh, NULL, NULL, NULL, &first, error));
  uint8_t statuses[nodes] = {PLAT_NODE_LEAVING};
  plat_cluster *cluster = make(statuses, plat_plan_rows(first, NULL), 1);
  DO(plat_plan_make(cluster, NULL, NULL, NULL, &plan, error));
  static uint32_t now[partitions][nodes], then[partitions][nodes], walked[partitions][nodes];
  memset(now, 0xff, sizeof now);
  memset(then, 0xff, sizeof then);
  for (uint32_t slot = 0; slot < partitions * width; slot++) {
    const uint32_t state = slot % width == 0 ? PLAT_STATE_MASTER : PLAT_STATE_SLAVE;
    now[slot / width][plat_plan_rows(first, NULL)[slot]] = state;
    then[slot / width][plat_plan_rows(plan, NULL)[slot]] = state;
  }
  memcpy(walked, now, sizeof now);
  size_t count = 0;
  FAILS(plat_plan_moves(plan, NULL, 0, &count, error), PLAT_TOO_SMALL, "");
  CHECK(count > 100);
  plat_move *moves = malloc(sizeof *moves * count);
  DO(plat_plan_moves(plan, moves, count, &count, error));
  uint64_t received = 0;
  for (size_t index = 0; index < count; index++) {
    const plat_move move = moves[index];
    CHECK(move.partition < partitions && move.node < nodes && walked[move.partition][move.node] == move.from);
    walked[move.partition][move.node] = move.to;
    received += move.from == PLAT_STATE_NULL;
  }
  CHECK(memcmp(walked, then, sizeof then) == 0 && received == plat_plan_moves_lower_bound(plan));
  free(moves);

  plat_steps *steps = NULL;
  DO(plat_steps_make(plan, NULL, NULL, &steps, error));
  const size_t step_count = plat_steps_count(steps);
  CHECK(step_count > count && plat_steps_unmet_count(steps) == 0);
  CHECK(plat_steps_length(steps) >= plat_steps_length_lower_bound(steps) && plat_steps_length_lower_bound(steps) > 0);
  plat_step *step = malloc(sizeof *step * step_count);
  DO(plat_steps_copy(steps, 0, step_count, step, error));
  FAILS(plat_steps_copy(steps, 1, step_count, step, error), PLAT_NOT_FOUND, "");
  FAILS(plat_steps_copy(steps, SIZE_MAX, 2, step, error), PLAT_NOT_FOUND, "");
  memcpy(walked, now, sizeof now);
  char *done = calloc(step_count, 1);
  for (size_t left = step_count; left > 0;) {
    const size_t before = left;
    for (size_t turn = step_count; turn-- > 0;) { /* backwards: the order is the arcs' alone */
      if (done[turn]) continue;
      size_t after_count = 0;
      const uint32_t *after = plat_steps_after(steps, turn, &after_count);
      CHECK(after_count == step[turn].after_count);
      int ready = 1;
      for (size_t index = 0; index < after_count; index++) {
        ready &= done[after[index]];
        CHECK(step[after[index]].start < step[turn].start);
      }
      if (!ready) continue;
      uint32_t *row = walked[step[turn].partition];
      if (step[turn].kind == PLAT_STEP_STREAM) {
        CHECK(row[step[turn].source] == step[turn].source_from);
        row[step[turn].source] = step[turn].source_to;
      }
      CHECK(row[step[turn].node] == step[turn].from);
      row[step[turn].node] = step[turn].to;
      done[turn] = 1;
      left--;
    }
    CHECK(left < before);
  }
  CHECK(memcmp(walked, then, sizeof then) == 0);
  CHECK(plat_steps_after(steps, step_count, &count) == NULL && count == 0);
  free(done);
  free(step);
  plat_steps_free(steps);
  plat_plan_free(plan);
  plat_plan_free(first);
  plat_cluster_free(cluster);
  plat_cluster_free(fresh);
}

static void documents_that_are_wrong(void) {
  plat_cluster *cluster = NULL;
  plat_error error = PLAT_ERROR_INIT;
  const char *text = "{ \"plat\": 1,\n  \"settings\": { \"numPartitions\": 4 },\n  \"nodes\": { \"a\": { \"wait\": 1 } } }";
  CHECK(plat_cluster_from_document(text, strlen(text), "c.json", &cluster, &error) == PLAT_INVALID_INPUT && !cluster);
  CHECK(error.line == 3 && error.column == 21 && strcmp(error.path, "nodes.a.wait") == 0 && strstr(error.message, "c.json:3:21"));
  CHECK(strstr(error.found, "wait") && strstr(error.expected, "weight"));
  for (size_t length = 0; length < strlen(text); length++) {
    CHECK(plat_cluster_from_document(text, length, NULL, &cluster, NULL) == PLAT_INVALID_INPUT && !cluster);
  }
  FAILS(plat_cluster_from_document(text, SIZE_MAX, NULL, &cluster, error), PLAT_INVALID_ARGUMENT, "length");
  FAILS(plat_cluster_from_document(text, (size_t)UINT32_MAX + 7, NULL, &cluster, error), PLAT_INVALID_ARGUMENT, "length");
  FAILS(plat_cluster_from_document(text, 3, "\xff", &cluster, error), PLAT_INVALID_ARGUMENT, "name");

  plat_cluster *good = make(NULL, NULL, 1);
  plat_plan *plan = NULL;
  plat_document document = PLAT_DOCUMENT_INIT;
  FAILS(plat_plan_from_document(good, &document, &plan, error), PLAT_INVALID_ARGUMENT, "bytes");
  document.bytes = "[]";
  document.length = 2;
  CHECK(plat_plan_from_document(good, &document, &plan, NULL) == PLAT_INVALID_INPUT && !plan);
  FAILS(plat_import("cassandra", &document, NULL, NULL, &cluster, error), PLAT_INVALID_ARGUMENT, "system");
  FAILS(plat_import("couchbase", &document, &document, NULL, &cluster, error), PLAT_INVALID_ARGUMENT, "racks");
  plat_bytes *bytes = NULL;
  FAILS(plat_export("kafka", good, NULL, &bytes, error), PLAT_NOT_FOUND, "");
  FAILS(plat_whatif(good, "each:node", NULL, NULL, &bytes, error), PLAT_NOT_FOUND, "");

  /* Through a document and back; a plan that was tampered with does not hold. */
  DO(plat_plan_make(good, NULL, NULL, NULL, &plan, error));
  DO(plat_plan_to_document(plan, NULL, NULL, &bytes, error));
  document.bytes = plat_bytes_data(bytes);
  document.length = plat_bytes_length(bytes);
  plat_plan *again = NULL;
  DO(plat_plan_from_document(good, &document, &again, error));
  size_t count = 0;
  const uint32_t *rows = plat_plan_rows(plan, &count);
  CHECK(memcmp(rows, plat_plan_rows(again, NULL), count * sizeof *rows) == 0);
  CHECK(plat_plan_moves_lower_bound(again) == 900 && strcmp(plat_plan_operation(again), "rebalance") == 0);
  char *copy = malloc(document.length);
  memcpy(copy, document.bytes, document.length);
  for (char *at = copy; at < copy + document.length - 12; at++) {
    if (memcmp(at, "\"moves\": 900", 12) == 0) memcpy(at, "\"moves\": 800", 12);
  }
  document.bytes = copy;
  plat_plan *lie = NULL;
  DO(plat_plan_from_document(good, &document, &lie, error));
  plat_report *report = NULL;
  plat_summary summary = PLAT_SUMMARY_INIT;
  for (int pass = 0; pass < 2; pass++) {
    plat_plan *const asked = pass ? lie : again;
    DO(plat_verify(good, asked, NULL, NULL, &report, error));
    DO(plat_report_summary(report, &summary, error));
    CHECK(summary.holds == (pass == 0));
    plat_report_free(report);
    DO(plat_check(good, asked, NULL, NULL, &report, error));
    DO(plat_report_summary(report, &summary, error));
    CHECK(summary.holds == (pass == 0));
    plat_report_free(report);
  }
  free(copy);
  plat_bytes_free(bytes);
  plat_plan_free(lie);
  plat_plan_free(again);
  FAILS(plat_explain(plan, partitions, PLAT_NONE, &bytes, error), PLAT_INVALID_ARGUMENT, "partition");
  FAILS(plat_explain(plan, 0, nodes, &bytes, error), PLAT_INVALID_ARGUMENT, "node");
  plat_plan_free(plan);
  plat_cluster_free(good);
}

typedef struct heard { int stages; int cancel_at; pthread_t thread; plat_control *control; double fraction; } heard;

static int32_t hear(void *context, const char *stage) {
  heard *told = context;
  CHECK(strlen(stage) > 0 && pthread_equal(told->thread, pthread_self()));
  if (told->control) {
    const double fraction = plat_control_fraction(told->control);
    CHECK(fraction >= told->fraction && fraction <= 1);
    told->fraction = fraction;
  }
  return ++told->stages == told->cancel_at;
}

static void progress(void) {
  plat_cluster *cluster = make(NULL, NULL, 1);
  heard all = {0, 0, pthread_self(), NULL, 0};
  plat_control *control = NULL;
  plat_plan *plan = NULL;
  DO(plat_control_make(hear, &all, &control, error));
  DO(plat_plan_make(cluster, NULL, NULL, control, &plan, error));
  CHECK(all.stages >= 5 && !plat_control_is_cancelled(control) && plat_control_fraction(control) == 1);
  plat_plan_free(plan);
  const int stages = all.stages;
  all.control = control;
  DO(plat_plan_make(cluster, NULL, NULL, control, &plan, error));
  CHECK(all.fraction > 0.5 && plat_control_fraction(control) == 1);
  plat_plan_free(plan);
  plat_control_free(control);
  for (int at = 1; at <= stages; at++) {
    heard some = {0, at, pthread_self(), NULL, 0};
    DO(plat_control_make(hear, &some, &control, error));
    FAILS(plat_plan_make(cluster, NULL, NULL, control, &plan, error), PLAT_CANCELLED, "");
    CHECK(some.stages == at && plan == NULL && plat_control_is_cancelled(control));
    FAILS(plat_plan_make(cluster, NULL, NULL, control, &plan, error), PLAT_CANCELLED, "");
    plat_control_free(control);
  }
  DO(plat_control_make(NULL, NULL, &control, error));
  plat_control_cancel(control);
  FAILS(plat_plan_make(cluster, NULL, NULL, control, &plan, error), PLAT_CANCELLED, "");
  plat_control_free(control);
  plat_control_cancel(NULL);
  plat_cluster_free(cluster);
}

int main(void) {
  reports();
  ways();
  documents_that_are_wrong();
  progress();
  puts("all is so");
  return 0;
}
