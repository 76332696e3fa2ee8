/* What the command line does, by the library: verbs VERB CLUSTER [PLAN] > DOCUMENT. A test compares the bytes. */
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

static void read_plan(const char *path) {
  file read = read_file(path);
  plat_document document = PLAT_DOCUMENT_INIT;
  document.bytes = read.bytes;
  document.length = read.length;
  DO(plat_plan_from_document(cluster, &document, &plan, error));
  free(read.bytes); /* it is not needed any more */
}

int main(int count, char **words) {
  CHECK(count >= 3);
  const char *verb = words[1];
  plat_options *options = NULL;
  DO(plat_options_make(&options, error));
  file read = read_file(words[2]);
  plat_document document = PLAT_DOCUMENT_INIT;
  document.bytes = read.bytes;
  document.length = read.length;
  if (strcmp(verb, "document-plan") == 0) {
    DO(plat_document_plan(&document, options, NULL, &bytes, error));
  } else if (strcmp(verb, "document-check") == 0) {
    file other = {NULL, 0};
    plat_document of_plan = PLAT_DOCUMENT_INIT;
    if (count > 3) other = read_file(words[3]);
    of_plan.bytes = other.bytes;
    of_plan.length = other.length;
    DO(plat_document_check(&document, count > 3 ? &of_plan : NULL, options, NULL, &bytes, error));
    free(other.bytes);
  } else if (strncmp(verb, "import-", 7) == 0) {
    DO(plat_import(verb + 7, &document, NULL, options, &cluster, error));
    DO(plat_cluster_to_document(cluster, options, &bytes, error));
  } else {
    DO(plat_cluster_from_document(read.bytes, read.length, words[2], &cluster, error));
    if (count > 3 && strcmp(verb, "whatif") != 0) read_plan(words[3]);
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
