/* What programs that look at time or memory begin with, and kinds of work on that. A kind takes no control and no limits of its own:
 * it goes by plat_thread_defaults. */
#ifndef WORK_H
#define WORK_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <plat.h>
#include "check.h"

/* Documents and handles that the kinds of work begin with. */
typedef struct stuff {
  plat_bytes *bytes, *plan_bytes;
  plat_cluster *cluster;
  plat_plan *plan;
  plat_options *options;
} stuff;

static inline plat_document document_of(plat_bytes *bytes) {
  plat_document document = PLAT_DOCUMENT_INIT;
  document.bytes = plat_bytes_data(bytes);
  document.length = plat_bytes_length(bytes);
  return document;
}

/* `generate`: options of the cluster, with blanks between. `add`: settings, put into its document. */
static inline stuff make(const char *generate, const char *add, int plans) {
  stuff made = {0};
  DO(plat_options_make(&made.options, error));
  char *words = strdup(generate);
  for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
    char *value = strchr(word, '='), name[64];
    CHECK(value);
    *value = 0;
    snprintf(name, sizeof name, strchr(word, '.') || !strcmp(word, "threads") || !strcmp(word, "binary") ? "%s" : "generate.%s", word);
    DO(plat_options_set(made.options, name, value + 1, error));
  }
  free(words);
  plat_bytes *bytes = NULL;
  DO(plat_generate(made.options, NULL, &bytes, error));
  const char *text = plat_bytes_data(bytes), *place = add ? memmem(text, 4096, "\"settings\": {", 13) : NULL;
  if (add) {
    CHECK(place);
    const size_t head = (size_t)(place - text) + 13, length = plat_bytes_length(bytes), more = strlen(add);
    char *all = malloc(length + more);
    CHECK(all);
    memcpy(all, text, head);
    memcpy(all + head, add, more);
    memcpy(all + head + more, text + head, length - head);
    DO(plat_cluster_from_document(all, length + more, NULL, &made.cluster, error));
    free(all);
    plat_bytes_free(bytes);
    DO(plat_cluster_to_document(made.cluster, NULL, &bytes, error));
  } else if (plans >= 0) {
    DO(plat_cluster_from_document(text, plat_bytes_length(bytes), NULL, &made.cluster, error));
  }
  made.bytes = bytes;
  if (plans > 0) {
    DO(plat_plan_make(made.cluster, NULL, NULL, NULL, &made.plan, error));
    DO(plat_plan_to_document(made.plan, NULL, NULL, &made.plan_bytes, error));
  }
  return made;
}

static inline void drop(stuff *made) {
  plat_bytes_free(made->bytes);
  plat_bytes_free(made->plan_bytes);
  plat_plan_free(made->plan);
  plat_cluster_free(made->cluster);
  plat_options_free(made->options);
}

/* ----- kinds of work */

static inline plat_status kind_plan(stuff *of) {
  plat_plan *plan = NULL;
  const plat_status status = plat_plan_make(of->cluster, NULL, NULL, NULL, &plan, NULL);
  plat_plan_free(plan);
  return status;
}
#define GIVES_BYTES(name, call) \
  static inline plat_status name(stuff *of) { \
    plat_bytes *bytes = NULL; \
    const plat_document cluster = document_of(of->bytes), plan = document_of(of->plan_bytes); \
    (void)cluster; (void)plan; \
    const plat_status status = call; \
    plat_bytes_free(bytes); \
    return status; \
  }
GIVES_BYTES(kind_document_plan, plat_document_plan(&cluster, NULL, NULL, &bytes, NULL))
GIVES_BYTES(kind_write_cluster, plat_cluster_to_document(of->cluster, NULL, &bytes, NULL))
GIVES_BYTES(kind_write_plan, plat_plan_to_document(of->plan, NULL, NULL, &bytes, NULL))
GIVES_BYTES(kind_generate, plat_generate(of->options, NULL, &bytes, NULL))

static inline plat_status kind_read_cluster(stuff *of) {
  plat_cluster *cluster = NULL;
  const plat_status status = plat_cluster_from_document(plat_bytes_data(of->bytes), plat_bytes_length(of->bytes), NULL, &cluster, NULL);
  plat_cluster_free(cluster);
  return status;
}
static inline plat_status kind_read_plan(stuff *of) {
  plat_plan *plan = NULL;
  const plat_document document = document_of(of->plan_bytes);
  const plat_status status = plat_plan_from_document(of->cluster, &document, &plan, NULL);
  plat_plan_free(plan);
  return status;
}
static inline plat_status kind_arrays(stuff *of) {
  plat_cluster *cluster = NULL;
  plat_cluster_arrays arrays = PLAT_CLUSTER_ARRAYS_INIT;
  arrays.node_count = plat_cluster_node_count(of->cluster);
  arrays.partition_count = plat_cluster_partition_count(of->cluster);
  arrays.map = plat_cluster_rows(of->cluster, NULL);
  uint32_t slots[4];
  for (uint32_t state = 0; state < 4; state++) slots[state] = plat_cluster_slots(of->cluster, state);
  arrays.map_slots = slots;
  const plat_status status = plat_cluster_from_arrays(&arrays, &cluster, NULL);
  plat_cluster_free(cluster);
  return status;
}

#endif
