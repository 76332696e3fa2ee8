/* Calls every function of the header with nothing at all: none may end the program, and each that has a status must say
 * that the call is wrong. A test sees to it that no function of the header is missing here. Included twice on purpose. */
#include <plat.h>
#include <plat.h>
#include "check.h"

#define WRONG(call) CHECK((call) == PLAT_INVALID_ARGUMENT)

int main(void) {
  size_t count = 7;
  CHECK(plat_version_number() == PLAT_VERSION_NUMBER);
  char version[32];
  snprintf(version, sizeof version, "%d.%d.%d", PLAT_VERSION_MAJOR, PLAT_VERSION_MINOR, PLAT_VERSION_PATCH);
  CHECK(strcmp(plat_version(), version) == 0);
  for (int32_t status = PLAT_OK; status <= PLAT_LOST_DISK; status++) CHECK(strcmp(plat_status_name(status), "unknown status") != 0);
  CHECK(strcmp(plat_status_name(PLAT_LOST_DISK + 1), "unknown status") == 0 && plat_status_name(-1) && plat_status_name(INT32_MIN));

  WRONG(plat_cluster_from_arrays(NULL, NULL, NULL));
  WRONG(plat_cluster_from_document(NULL, 0, NULL, NULL, NULL));
  WRONG(plat_cluster_after(NULL, NULL, NULL, NULL));
  plat_cluster_free(NULL);
  CHECK(plat_cluster_node_count(NULL) == 0 && plat_cluster_partition_count(NULL) == 0 && plat_cluster_state_count(NULL) == 0);
  CHECK(!plat_cluster_node_name(NULL, 0) && !plat_cluster_partition_name(NULL, 0) && !plat_cluster_state_name(NULL, 0));
  CHECK(!plat_cluster_request_name(NULL, 0));
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

  WRONG(plat_control_make(NULL, NULL, NULL, NULL));
  plat_control_cancel(NULL);
  CHECK(plat_control_is_cancelled(NULL) == 0);
  plat_control_free(NULL);

  WRONG(plat_check(NULL, NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_verify(NULL, NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_report_summary(NULL, NULL, NULL));
  WRONG(plat_report_load(NULL, 0, NULL, NULL));
  WRONG(plat_report_finding(NULL, 0, NULL, NULL));
  WRONG(plat_report_to_document(NULL, NULL, NULL));
  plat_report_free(NULL);

  WRONG(plat_plan_moves(NULL, NULL, 0, NULL, NULL));
  WRONG(plat_steps_make(NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_steps_copy(NULL, 0, 0, NULL, NULL));
  WRONG(plat_steps_to_document(NULL, NULL, NULL));
  CHECK(plat_steps_count(NULL) == 0 && !plat_steps_after(NULL, 0, &count) && count == 0);
  CHECK(plat_steps_length(NULL) == 0 && plat_steps_length_lower_bound(NULL) == 0 && plat_steps_unmet_count(NULL) == 0);
  plat_steps_free(NULL);

  CHECK(!plat_bytes_data(NULL) && plat_bytes_length(NULL) == 0);
  plat_bytes_free(NULL);
  WRONG(plat_cluster_to_document(NULL, NULL, NULL, NULL));
  WRONG(plat_plan_to_document(NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_plan_from_document(NULL, NULL, NULL, NULL));
  WRONG(plat_moves_to_document(NULL, NULL, NULL));
  WRONG(plat_explain(NULL, 0, 0, NULL, NULL));
  WRONG(plat_compare(NULL, NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_whatif(NULL, NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_import(NULL, NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_export(NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_document_plan(NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_document_check(NULL, NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_cluster_earlier(NULL, NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_document_verify(NULL, NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_document_route(NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_document_explain(NULL, 0, NULL, NULL, NULL, NULL));
  WRONG(plat_document_explain_why(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_document_whatif(NULL, NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_document_compare(NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_document_apply(NULL, NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_document_import(NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_document_export(NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_generate(NULL, NULL, NULL, NULL));
  WRONG(plat_simulate(NULL, NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_simulate_trace(NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_batch(NULL, NULL, NULL, NULL, NULL, NULL));
  plat_thread_defaults(NULL, NULL);
  uint32_t digest = 7;
  WRONG(plat_orchestrator_make(NULL, NULL, NULL, NULL, NULL));
  WRONG(plat_orchestrator_begin(NULL, NULL, 0, NULL));
  WRONG(plat_orchestrator_begin_keys(NULL, NULL, 0, NULL));
  WRONG(plat_orchestrator_recorded_entry(NULL, 0, NULL, NULL));
  WRONG(plat_orchestrator_poll(NULL, NULL, NULL));
  WRONG(plat_orchestrator_recorded(NULL, 0, NULL));
  WRONG(plat_orchestrator_journal(NULL, NULL, 0, NULL));
  WRONG(plat_orchestrator_journal_keys(NULL, NULL, 0, NULL));
  WRONG(plat_orchestrator_tick(NULL, 0, NULL));
  WRONG(plat_orchestrator_pause(NULL, NULL));
  WRONG(plat_orchestrator_resume(NULL, NULL));
  WRONG(plat_orchestrator_cancel(NULL, NULL));
  WRONG(plat_orchestrator_receive(NULL, 0, NULL, 0, NULL));
  WRONG(plat_orchestrator_lost(NULL, 0, NULL));
  WRONG(plat_orchestrator_inventory(NULL, 0, 0, NULL, 0, NULL));
  WRONG(plat_orchestrator_complete(NULL, 0, 0, 0, NULL));
  WRONG(plat_orchestrator_working(NULL, 0, 0, 0, NULL));
  WRONG(plat_orchestrator_fail(NULL, 0, 0, 0, 0, NULL));
  WRONG(plat_orchestrator_alive(NULL, 0, NULL));
  WRONG(plat_orchestrator_has_map(NULL, 0, 0, 0, NULL));
  WRONG(plat_orchestrator_mode(NULL, 0, 0, 0, 0, NULL));
  WRONG(plat_orchestrator_has_mode(NULL, 0, 0, 0, 0, 0, NULL));
  CHECK(plat_mode_next(0, 0) == 0 && plat_mode_next(99, 0) == PLAT_NONE);
  CHECK(plat_steps_hold(NULL) == 0);
  WRONG(plat_orchestrator_standing(NULL, NULL, NULL));
  WRONG(plat_orchestrator_unreached(NULL, NULL, 0, NULL, NULL));
  WRONG(plat_orchestrator_target(NULL, NULL, NULL));
  plat_orchestrator_free(NULL);
  CHECK(plat_cluster_digest(NULL) == 0);

  WRONG(plat_agent_make(NULL, 0, 0, NULL, 0, NULL, NULL));
  WRONG(plat_agent_start(NULL, NULL, NULL, 0, NULL, NULL));
  WRONG(plat_agent_damaged(NULL, 0, NULL, NULL));
  CHECK(plat_agent_node_name(NULL, 0) == NULL);
  WRONG(plat_agent_poll(NULL, NULL, NULL));
  WRONG(plat_agent_receive(NULL, 0, 0, NULL, 0, NULL));
  WRONG(plat_agent_tick(NULL, NULL));
  WRONG(plat_agent_disk_full(NULL, 0, NULL));
  WRONG(plat_agent_write(NULL, 0, 0, 0, 0, NULL));
  WRONG(plat_agent_read(NULL, 0, 0, 0, NULL));
  WRONG(plat_agent_request(NULL, 0, PLAT_REQUEST_READ, NULL, 0, 0, NULL));
  CHECK(plat_agent_state(NULL, 0) == PLAT_STATE_NULL && plat_agent_leads(NULL, 0) == 0);
  CHECK(plat_agent_map(NULL, &digest) == 0 && digest == 0 && plat_agent_map(NULL, NULL) == 0);
  WRONG(plat_agent_min_in_sync(NULL, 0, NULL));
  CHECK(plat_agent_mode(NULL, 0) == PLAT_NONE);
  plat_agent_free(NULL);
  CHECK(plat_control_fraction(NULL) == 0);
  FAILS(plat_cluster_renumbered(NULL, NULL, 0, NULL, error), PLAT_INVALID_ARGUMENT, "renumbered");
  FAILS(plat_cluster_with_places(NULL, NULL, 0, NULL, error), PLAT_INVALID_ARGUMENT, "with");
  puts("all is so");
  return 0;
}
