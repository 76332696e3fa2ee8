/* A program built with an older header: its structs are shorter, and what lies behind them is somebody else's. */
#include <plat.h>
#include <stdio.h>
#include <string.h>

#define CHECK(condition) \
  do { \
    if (!(condition)) { \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      return 1; \
    } \
  } while (0)

int main(void) {
  struct { plat_cluster_arrays arrays; unsigned char beyond[256]; } in;
  struct { plat_error error; unsigned char beyond[1024]; } told;
  struct { plat_summary summary; unsigned char beyond[256]; } out;
  memset(&in, 0xa5, sizeof in);
  memset(&told, 0xa5, sizeof told);
  memset(&out, 0xa5, sizeof out);
  memset(&in.arrays, 0, sizeof in.arrays);
  in.arrays.size = sizeof in.arrays;
  in.arrays.node_count = 3;
  in.arrays.partition_count = 8;
  told.error.size = sizeof told.error;
  out.summary.size = sizeof out.summary;
  plat_cluster *cluster = NULL;
  plat_plan *plan = NULL;
  plat_report *report = NULL;
  CHECK(plat_cluster_from_arrays(&in.arrays, &cluster, &told.error) == 0);
  CHECK(plat_plan_make(cluster, NULL, NULL, NULL, &plan, &told.error) == 0);
  size_t count = 0;
  CHECK(plat_plan_rows(plan, &count) && count == 16);
  CHECK(plat_check(cluster, plan, NULL, NULL, &report, &told.error) == 0);
  CHECK(plat_report_summary(report, &out.summary, &told.error) == 0);
  CHECK(out.summary.health == 0 && out.summary.unmet == 0 && out.summary.size == sizeof out.summary);
  in.arrays.node_count = UINT32_MAX;
  plat_cluster *refused = NULL;
  CHECK(plat_cluster_from_arrays(&in.arrays, &refused, &told.error) == 1 && !refused);
  CHECK(told.error.status == 1 && strstr(told.error.message, "node_count"));
  for (size_t at = 0; at < sizeof told.beyond; at++) CHECK(told.beyond[at] == 0xa5);
  for (size_t at = 0; at < sizeof out.beyond; at++) CHECK(out.beyond[at] == 0xa5);
  plat_report_free(report);
  plat_plan_free(plan);
  plat_cluster_free(cluster);
  puts("all is so");
  return 0;
}
