/* As plat.h of the first days might have been: the same functions, shorter structs. A program built with it must go on. */
#ifndef PLAT_H
#define PLAT_H
#include <stddef.h>
#include <stdint.h>
typedef int32_t plat_status;
typedef struct plat_cluster plat_cluster;
typedef struct plat_plan plat_plan;
typedef struct plat_report plat_report;
typedef struct plat_error {
  uint32_t size;
  int32_t status;
  uint32_t line, column;
  char message[768];
} plat_error;
typedef struct plat_cluster_arrays {
  uint32_t size, flags, model, key_function, partition_count, node_count;
  const uint32_t *counts;
  const char *const *node_names;
} plat_cluster_arrays;
typedef struct plat_summary {
  uint32_t size, health;
  uint64_t unmet;
} plat_summary;
plat_status plat_cluster_from_arrays(const plat_cluster_arrays *, plat_cluster **, plat_error *);
plat_status plat_plan_make(const plat_cluster *, const plat_cluster *, const void *, void *, plat_plan **, plat_error *);
plat_status plat_check(const plat_cluster *, const plat_plan *, const void *, void *, plat_report **, plat_error *);
plat_status plat_report_summary(const plat_report *, plat_summary *, plat_error *);
const uint32_t *plat_plan_rows(const plat_plan *, size_t *);
void plat_report_free(plat_report *);
void plat_plan_free(plat_plan *);
void plat_cluster_free(plat_cluster *);
#endif
