/* What the command line does, by the library: verbs VERB CLUSTER [PLAN] [NAME=OPTION …] > DOCUMENT. A test compares the
 * bytes. */
#include <plat.h>
#include "check.h"

typedef struct file { char *bytes; size_t length; } file;

static file read_file(const char *path) {
  file read = {malloc(1 << 24), 0};
  FILE *stream = fopen(path, "rb");
  CHECK(stream && read.bytes);
  read.length = fread(read.bytes, 1, 1 << 24, stream);
  fclose(stream);
  return read;
}

static void put(plat_bytes *bytes) {
  CHECK(bytes && fwrite(plat_bytes_data(bytes), 1, plat_bytes_length(bytes), stdout) == plat_bytes_length(bytes));
  plat_bytes_free(bytes);
}

static plat_cluster *cluster;
static plat_plan *plan;
static plat_bytes *bytes;
static plat_report *report;
static plat_steps *steps;

static plat_document document_of(file read, const char *name) {
  plat_document document = PLAT_DOCUMENT_INIT;
  document.bytes = read.bytes;
  document.length = read.length;
  document.name = name;
  return document;
}

static void read_plan(const char *path) {
  file read = read_file(path);
  plat_document document = document_of(read, path);
  DO(plat_plan_from_document(cluster, &document, &plan, error));
  free(read.bytes); /* it is not needed any more */
}

/* Those of one document or two, which may be of several maps. */
static int document_verb(const char *verb, const plat_document *a, int count, char **words, const plat_options *options) {
  file other = {NULL, 0}, third = {NULL, 0};
  if (strncmp(verb, "document-", 9) != 0 && strncmp(verb, "import-", 7) != 0) return 0;
  if (strcmp(verb, "document-whatif") == 0) {
    DO(plat_document_whatif(a, words[3], options, NULL, &bytes, error));
    return 1;
  }
  if (count > 3) other = read_file(words[3]);
  if (strcmp(verb, "document-explain-why") == 0) { /* CLUSTER PLAN MAP PARTITION [NODE] */
    const plat_document made = document_of(other, words[3]);
    DO(plat_document_explain_why(a, &made, words[4][0] ? words[4] : NULL, words[5], count > 6 ? words[6] : NULL, options, NULL,
                                 &bytes, error));
    free(other.bytes);
    return 1;
  }
  if (count > 4) third = read_file(words[4]);
  const plat_document b = document_of(other, count > 3 ? words[3] : NULL), c = document_of(third, count > 4 ? words[4] : NULL);
  if (strcmp(verb, "document-plan") == 0) {
    DO(plat_document_plan(a, options, NULL, &bytes, error));
  } else if (strcmp(verb, "document-check") == 0) {
    DO(plat_document_check(a, count > 3 ? &b : NULL, options, NULL, &bytes, error));
  } else if (strcmp(verb, "document-verify") == 0) {
    DO(plat_document_verify(a, &b, options, NULL, &bytes, error));
  } else if (strcmp(verb, "document-apply") == 0) {
    DO(plat_document_apply(a, &b, options, NULL, &bytes, error));
  } else if (strcmp(verb, "document-route") == 0) {
    DO(plat_document_route(a, NULL, &b, options, NULL, &bytes, error));
  } else if (strcmp(verb, "document-explain") == 0) {
    DO(plat_document_explain(a, 7, options, NULL, &bytes, error));
  } else if (strcmp(verb, "document-compare") == 0) {
    DO(plat_document_compare(a, &b, count > 4 ? &c : NULL, options, NULL, &bytes, error));
  } else if (strncmp(verb, "document-import-", 16) == 0) {
    DO(plat_document_import(verb + 16, a, count > 3 ? &b : NULL, options, NULL, &bytes, error));
  } else if (strncmp(verb, "document-export-", 16) == 0) {
    DO(plat_document_export(verb + 16, a, NULL, options, NULL, &bytes, error));
  } else {
    DO(plat_import(verb + 7, a, NULL, options, &cluster, error));
    DO(plat_cluster_to_document(cluster, options, &bytes, error));
  }
  free(other.bytes);
  free(third.bytes);
  return 1;
}

int main(int count, char **words) {
  CHECK(count >= 2);
  const char *verb = words[1];
  plat_options *options = NULL;
  DO(plat_options_make(&options, error));
  for (char *value; count > 2 && (value = strchr(words[count - 1], '=')) != NULL; count--) {
    *value = 0;
    DO(plat_options_set(options, words[count - 1], value + 1, error));
  }
  if (strcmp(verb, "generate") == 0) {
    DO(plat_generate(options, NULL, &bytes, error));
    put(bytes);
    plat_options_free(options);
    return 0;
  }
  if (strcmp(verb, "batch") == 0) {
    plat_batch_summary summary = PLAT_BATCH_SUMMARY_INIT;
    DO(plat_batch(words[2], words[3], options, NULL, &summary, error));
    printf("%d jobs, %d failed, %d resumed\n", (int)summary.jobs, (int)summary.failed, (int)summary.resumed);
    plat_options_free(options);
    return 0;
  }
  file read = read_file(words[2]);
  const plat_document document = document_of(read, words[2]);
  if (!document_verb(verb, &document, count, words, options)) {
    DO(plat_cluster_from_document(read.bytes, read.length, words[2], &cluster, error));
    if (count > 3 && strcmp(verb, "whatif") != 0 && strcmp(verb, "restore-back") != 0) read_plan(words[3]);
    if (strcmp(verb, "plan") == 0 || strcmp(verb, "plan-binary") == 0) {
      if (strcmp(verb, "plan-binary") == 0) DO(plat_options_set(options, "binary", "1", error));
      DO(plat_plan_make(cluster, NULL, options, NULL, &plan, error));
      DO(plat_plan_to_document(plan, options, NULL, &bytes, error));
    } else if (strcmp(verb, "check") == 0) {
      DO(plat_check(cluster, plan, options, NULL, &report, error));
      DO(plat_report_to_document(report, &bytes, error));
    } else if (strcmp(verb, "verify") == 0) {
      DO(plat_verify(cluster, plan, options, NULL, &report, error));
      DO(plat_report_to_document(report, &bytes, error));
    } else if (strcmp(verb, "moves") == 0) {
      DO(plat_moves_to_document(plan, &bytes, error));
    } else if (strcmp(verb, "steps") == 0) {
      DO(plat_steps_make(plan, options, NULL, &steps, error));
      DO(plat_steps_to_document(steps, &bytes, error));
    } else if (strcmp(verb, "explain") == 0) {
      DO(plat_explain(plan, 7, plat_cluster_find_node(cluster, "n00003"), &bytes, error));
    } else if (strcmp(verb, "compare") == 0) {
      DO(plat_compare(cluster, NULL, cluster, plan, &bytes, error));
    } else if (strcmp(verb, "whatif") == 0) {
      DO(plat_whatif(cluster, words[3], options, NULL, &bytes, error));
    } else if (strcmp(verb, "export-kafka") == 0) {
      DO(plat_export("kafka", cluster, plan, &bytes, error));
    } else if (strcmp(verb, "simulate") == 0) {
      uint64_t violated = 0;
      DO(plat_simulate(plan, options, NULL, &bytes, &violated, error));
      fprintf(stderr, "%d violated\n", (int)violated);
    } else if (strcmp(verb, "trace") == 0) {
      DO(plat_simulate_trace(plan, options, NULL, &bytes, error));
    } else if (strcmp(verb, "restore-back") == 0) {
      plat_cluster *earlier = NULL;
      file other = read_file(words[3]);
      const plat_document before = document_of(other, words[3]);
      DO(plat_options_set(options, "operation", "restore-back", error));
      DO(plat_cluster_earlier(cluster, &before, options, NULL, &earlier, error));
      DO(plat_plan_make(cluster, earlier, options, NULL, &plan, error));
      DO(plat_plan_to_document(plan, options, NULL, &bytes, error));
      plat_cluster_free(earlier);
      free(other.bytes);
    } else if (strcmp(verb, "cluster") == 0) {
      DO(plat_cluster_to_document(cluster, options, &bytes, error));
    } else {
      CHECK(!"a verb");
    }
  }
  put(bytes);
  plat_steps_free(steps);
  plat_report_free(report);
  plat_plan_free(plan);
  plat_cluster_free(cluster);
  plat_options_free(options);
  free(read.bytes);
  return 0;
}
