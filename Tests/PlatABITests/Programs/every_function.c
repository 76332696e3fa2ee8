/* Calls every function of the header with nothing at all: none may end the program, and each that has a status must say
 * that the call is wrong. A test sees to it that no function of the header is missing here. Included twice on purpose. */
#include <plat.h>
#include <plat.h>
#include "check.h"

#define WRONG(call) CHECK((call) == PLAT_INVALID_ARGUMENT)

int main(void) {
  size_t count = 7;
  CHECK(plat_version_number() == PLAT_VERSION_NUMBER);
  CHECK(strcmp(plat_version(), "1.0.0") == 0);
  for (int32_t status = PLAT_OK; status <= PLAT_TOO_SMALL; status++) CHECK(strcmp(plat_status_name(status), "unknown status") != 0);
  CHECK(strcmp(plat_status_name(PLAT_TOO_SMALL + 1), "unknown status") == 0 && plat_status_name(-1) && plat_status_name(INT32_MIN));

  WRONG(plat_cluster_from_arrays(NULL, NULL, NULL));
  WRONG(plat_cluster_from_document(NULL, 0, NULL, NULL, NULL));
  WRONG(plat_cluster_after(NULL, NULL, NULL, NULL));
  plat_cluster_free(NULL);
  CHECK(plat_cluster_node_count(NULL) == 0 && plat_cluster_partition_count(NULL) == 0 && plat_cluster_state_count(NULL) == 0);
  CHECK(!plat_cluster_node_name(NULL, 0) && !plat_cluster_partition_name(NULL, 0) && !plat_cluster_state_name(NULL, 0));
  CHECK(plat_cluster_find_node(NULL, NULL) == PLAT_NONE && plat_cluster_find_partition(NULL, NULL) == PLAT_NONE);
  CHECK(!plat_cluster_rows(NULL, &count) && count == 0 && !plat_cluster_rows(NULL, NULL));
  CHECK(plat_cluster_slots(NULL, 0) == 0 && plat_cluster_revision(NULL) == 0);

  WRONG(plat_plan_make(NULL, NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_plan_copy_rows(NULL, NULL, 0, NULL, NULL));
  plat_plan_free(NULL);
  CHECK(!plat_plan_rows(NULL, &count) && count == 0 && !plat_plan_operation(NULL));
  CHECK(plat_plan_slots(NULL, 0) == 0 && plat_plan_revision(NULL) == 0 && plat_plan_moves_lower_bound(NULL) == 0);
  CHECK(plat_plan_peak_bytes(NULL) == 0);

  WRONG(plat_router_make(NULL, NULL, NULL));
  WRONG(plat_router_find_batch(NULL, NULL, 0, NULL, 0, NULL, NULL));
  CHECK(plat_router_find(NULL, NULL, 0) == PLAT_NONE);
  plat_router_free(NULL);

  WRONG(plat_options_make(NULL, NULL));
  WRONG(plat_options_set(NULL, NULL, NULL, NULL));
  WRONG(plat_options_set_number(NULL, NULL, 0, NULL));
  WRONG(plat_option_info(0, NULL, NULL));
  plat_options_free(NULL);
  puts("all is so");
  return 0;
}
