// What the ABI has promised: sizes, places and values that programs were built with. A line here changes never.
#include "plat.h"

#define PINNED(condition) _Static_assert(condition, "the ABI of libplat.so.1 has changed: " #condition)
#define AT(type, member, offset) PINNED(offsetof(type, member) == (offset))

PINNED(sizeof(plat_status) == 4);
PINNED(PLAT_OK == 0 && PLAT_INVALID_ARGUMENT == 1 && PLAT_INVALID_INPUT == 2 && PLAT_UNSUPPORTED == 3);
PINNED(PLAT_OUT_OF_MEMORY == 4 && PLAT_CANCELLED == 5 && PLAT_NOT_FOUND == 6 && PLAT_TOO_SMALL == 7);
PINNED(PLAT_IO == 8 && PLAT_FAULTY_PLAN == 9);
PINNED(PLAT_NONE == 0xffffffff && PLAT_NO_LIMIT == 0xffffffff && PLAT_STATE_NULL == 0xffffffff);
PINNED(PLAT_MODEL_MASTER_SLAVE == 0 && PLAT_MODEL_MULTI_MASTER == 1);
PINNED(PLAT_STATE_MASTER == 0 && PLAT_STATE_SLAVE == 1 && PLAT_STATE_PENDING == 2 && PLAT_STATE_DEAD == 3);
PINNED(PLAT_STATE_COUNT == 4);
PINNED(PLAT_KEY_CRC32 == 0 && PLAT_KEY_CRC32_VBUCKET == 1 && PLAT_KEY_RANGE == 2);
PINNED(PLAT_NODE_ACTIVE == 0 && PLAT_NODE_LEAVING == 1 && PLAT_NODE_MAINTENANCE == 2 && PLAT_NODE_FAILED == 3);
PINNED(PLAT_HARD == 1 && PLAT_SOFT == 2 && PLAT_RULE_AT_MOST == 1 && PLAT_RULE_NEAR == 2);
PINNED(PLAT_BORROW_MAP == 1);
PINNED(PLAT_OPTION_NUMBER == 1 && PLAT_OPTION_WORD == 2 && PLAT_OPTION_SWITCH == 3 && PLAT_OPTION_TEXT == 4);

AT(plat_error, size, 0); AT(plat_error, status, 4); AT(plat_error, line, 8); AT(plat_error, column, 12);
AT(plat_error, message, 16); AT(plat_error, path, 784); AT(plat_error, found, 1040); AT(plat_error, expected, 1296);
PINNED(sizeof(plat_error) == 1552);

AT(plat_rule, kind, 0); AT(plat_rule, strength, 4); AT(plat_rule, states, 8); AT(plat_rule, level, 12);
AT(plat_rule, count, 16); AT(plat_rule, near, 20);
PINNED(sizeof(plat_rule) == 24);
AT(plat_place_rule, kind, 0); AT(plat_place_rule, strength, 4); AT(plat_place_rule, states, 8); AT(plat_place_rule, at_least, 12);
AT(plat_place_rule, at_most, 16); AT(plat_place_rule, node_count, 20); AT(plat_place_rule, nodes, 24);
PINNED(sizeof(plat_place_rule) == 24 + sizeof(void *));

AT(plat_cluster_arrays, size, 0); AT(plat_cluster_arrays, flags, 4); AT(plat_cluster_arrays, model, 8);
AT(plat_cluster_arrays, key_function, 12); AT(plat_cluster_arrays, partition_count, 16);
AT(plat_cluster_arrays, node_count, 20); AT(plat_cluster_arrays, counts, 24); AT(plat_cluster_arrays, node_names, 32);
AT(plat_cluster_arrays, node_weights, 40); AT(plat_cluster_arrays, node_capacities, 48);
AT(plat_cluster_arrays, node_statuses, 56); AT(plat_cluster_arrays, level_count, 64);
AT(plat_cluster_arrays, rule_count, 68); AT(plat_cluster_arrays, containers, 72);
AT(plat_cluster_arrays, level_names, 80); AT(plat_cluster_arrays, rules, 88); AT(plat_cluster_arrays, rule_size, 96);
AT(plat_cluster_arrays, fan_out_strength, 100); AT(plat_cluster_arrays, fan_out_outbound, 104);
AT(plat_cluster_arrays, fan_out_inbound, 108); AT(plat_cluster_arrays, map, 112);
AT(plat_cluster_arrays, map_slots, 120); AT(plat_cluster_arrays, map_revision, 128);
AT(plat_cluster_arrays, partition_weights, 136); AT(plat_cluster_arrays, range_starts, 144);
AT(plat_cluster_arrays, range_offsets, 152); AT(plat_cluster_arrays, partition_names, 160);
PINNED(sizeof(plat_cluster_arrays) == 168);

AT(plat_option, size, 0); AT(plat_option, kind, 4); AT(plat_option, name, 8); AT(plat_option, unit, 16);
AT(plat_option, meaning, 24); AT(plat_option, words, 32); AT(plat_option, default_value, 40);
AT(plat_option, least, 48); AT(plat_option, most, 56);
PINNED(sizeof(plat_option) == 64);

PINNED(PLAT_HEALTH_GREEN == 0 && PLAT_HEALTH_YELLOW == 1 && PLAT_HEALTH_RED == 2);
PINNED(PLAT_STEP_SET == 0 && PLAT_STEP_STREAM == 1 && PLAT_STEP_TAKEOVER == 1 && PLAT_STEP_FULL_SCAN == 2);
PINNED(PLAT_PURPOSE_RESTORE == 0 && PLAT_PURPOSE_TAKE_OVER == 1 && PLAT_PURPOSE_BALANCE == 2);

AT(plat_summary, size, 0); AT(plat_summary, health, 4); AT(plat_summary, unmet, 8); AT(plat_summary, broken_soft, 16);
AT(plat_summary, moves, 24); AT(plat_summary, moves_lower_bound, 32); AT(plat_summary, role_changes, 40);
AT(plat_summary, leaderless, 48); AT(plat_summary, fan_out_outbound, 56); AT(plat_summary, fan_out_inbound, 60);
AT(plat_summary, is_balanced, 64); AT(plat_summary, holds, 68); AT(plat_summary, load_count, 72);
AT(plat_summary, finding_count, 76); AT(plat_summary, more_findings, 80);
PINNED(sizeof(plat_summary) == 88);

AT(plat_load, size, 0); AT(plat_load, reserved, 4); AT(plat_load, state, 8); AT(plat_load, least, 16);
AT(plat_load, greatest, 24); AT(plat_load, least_due, 32); AT(plat_load, greatest_due, 40);
PINNED(sizeof(plat_load) == 48);

AT(plat_finding, size, 0); AT(plat_finding, strength, 4); AT(plat_finding, want, 8); AT(plat_finding, have, 16);
AT(plat_finding, rule, 24); AT(plat_finding, partition, 32); AT(plat_finding, node, 40);
AT(plat_finding, container, 48); AT(plat_finding, because, 56);
PINNED(sizeof(plat_finding) == 64);

AT(plat_move, partition, 0); AT(plat_move, node, 4); AT(plat_move, from, 8); AT(plat_move, to, 12);
PINNED(sizeof(plat_move) == 16);

AT(plat_step, kind, 0); AT(plat_step, flags, 4); AT(plat_step, purpose, 8); AT(plat_step, partition, 12);
AT(plat_step, node, 16); AT(plat_step, from, 20); AT(plat_step, to, 24); AT(plat_step, source, 28);
AT(plat_step, source_from, 32); AT(plat_step, source_to, 36); AT(plat_step, after_count, 40);
AT(plat_step, reserved, 44); AT(plat_step, start, 48);
PINNED(sizeof(plat_step) == 56);

AT(plat_document, size, 0); AT(plat_document, reserved, 4); AT(plat_document, bytes, 8); AT(plat_document, length, 16);
AT(plat_document, name, 24);
PINNED(sizeof(plat_document) == 32);

AT(plat_batch_summary, size, 0); AT(plat_batch_summary, reserved, 4); AT(plat_batch_summary, jobs, 8);
AT(plat_batch_summary, failed, 16); AT(plat_batch_summary, resumed, 24);
PINNED(sizeof(plat_batch_summary) == 32);
PINNED(PLAT_ACTION_NONE == 0 && PLAT_ACTION_RECORD == 1 && PLAT_ACTION_REACHED == 2 && PLAT_ACTION_RELEASE == 3);
PINNED(PLAT_ACTION_FROZEN == 6 && PLAT_ACTION_KEPT_OUT == 7 && PLAT_PHASE_WAITING == 8 && PLAT_PHASE_FROZEN == 9);
PINNED(PLAT_UNREACHED_WITHHELD == 0 && PLAT_UNREACHED_NO_WAY == 1 && PLAT_UNREACHED_LAST_COPY == 2);
PINNED(PLAT_ACTION_RETIRED == 4 && PLAT_ACTION_CLAIM == 16 && PLAT_ACTION_SET == 17 && PLAT_ACTION_COPY == 18);
PINNED(PLAT_ACTION_TAKE_OVER == 19 && PLAT_ACTION_LEAD == 20 && PLAT_ACTION_DISCARD == 21 && PLAT_ACTION_PULSE == 22);
PINNED(PLAT_ACTION_MAP == 23 && PLAT_ACTION_SEND == 24 && PLAT_ACTION_KEEP == 32 && PLAT_ACTION_DELIVER == 33);
PINNED(PLAT_ACTION_WRITTEN == 34 && PLAT_ACTION_ANSWER == 35 && PLAT_ACTION_DENIED == 36);
PINNED(PLAT_PEER_NODE == 0 && PLAT_PEER_ORCHESTRATOR == 1 && PLAT_PEER_CLIENT == 2);
PINNED(PLAT_REFUSED_STATE == 0 && PLAT_REFUSED_BUSY == 1 && PLAT_REFUSED_NOT_LEADER == 2 && PLAT_REFUSED_NO_ROOM == 3);
PINNED(PLAT_REFUSED_OUTDATED == 4);
PINNED(PLAT_PHASE_IDLE == 0 && PLAT_PHASE_RECORDING == 1 && PLAT_PHASE_CLAIMING == 2 && PLAT_PHASE_LEAVING == 3);
PINNED(PLAT_PHASE_PLANNING == 4 && PLAT_PHASE_RUNNING == 5 && PLAT_PHASE_REACHED == 6 && PLAT_PHASE_RETIRED == 7);

AT(plat_action, size, 0); AT(plat_action, kind, 4); AT(plat_action, node, 8); AT(plat_action, id, 12);
AT(plat_action, revision, 16); AT(plat_action, term, 24); AT(plat_action, partition, 32); AT(plat_action, from, 36);
AT(plat_action, to, 40); AT(plat_action, source, 44); AT(plat_action, source_from, 48); AT(plat_action, source_to, 52);
AT(plat_action, leader, 56); AT(plat_action, follower_count, 60); AT(plat_action, followers, 64);
AT(plat_action, expected, 72); AT(plat_action, version, 80); AT(plat_action, digest, 88); AT(plat_action, peer_kind, 92);
AT(plat_action, peer, 96); AT(plat_action, request, 100); AT(plat_action, bytes, 104); AT(plat_action, length, 112);
AT(plat_action, values, 120); AT(plat_action, value_count, 128);
AT(plat_action, is_definite, 136); AT(plat_action, is_done, 140); AT(plat_action, hold, 144); AT(plat_action, mode, 148);
AT(plat_action, mode_from, 152); AT(plat_action, reserved, 156);
PINNED(sizeof(plat_action) == 160);

AT(plat_timing, size, 0); AT(plat_timing, tries, 4); AT(plat_timing, pulse, 8); AT(plat_timing, silence, 16);
AT(plat_timing, patience, 24); AT(plat_timing, longest_tick, 32); AT(plat_timing, grace, 40);
AT(plat_timing, settling, 48); AT(plat_timing, most_lost, 56); AT(plat_timing, reserved, 60);
PINNED(sizeof(plat_timing) == 64);

AT(plat_holding, partition, 0); AT(plat_holding, state, 4); AT(plat_holding, is_leading, 8);
AT(plat_holding, follower_count, 12); AT(plat_holding, term, 16); AT(plat_holding, followers, 24);
PINNED(sizeof(plat_holding) == 32);

AT(plat_standing, size, 0); AT(plat_standing, phase, 4); AT(plat_standing, is_paused, 8);
AT(plat_standing, is_called_off, 12); AT(plat_standing, revision, 16); AT(plat_standing, plans, 24);
AT(plat_standing, done, 32); AT(plat_standing, running, 40); AT(plat_standing, left, 48); AT(plat_standing, rounds, 56);
AT(plat_standing, copied, 64); AT(plat_standing, to_copy, 72); AT(plat_standing, lost_count, 80);
AT(plat_standing, silent_count, 88); AT(plat_standing, unreached_count, 96);
PINNED(sizeof(plat_standing) == 104);

AT(plat_unreached, partition, 0); AT(plat_unreached, why, 4);
PINNED(sizeof(plat_unreached) == 8);

AT(plat_kept, bytes, 0); AT(plat_kept, length, 8);
PINNED(sizeof(plat_kept) == 16);

AT(plat_journal_entry, key, 0); AT(plat_journal_entry, bytes, 8); AT(plat_journal_entry, length, 16);
PINNED(sizeof(plat_journal_entry) == 24);

AT(plat_start, size, 0); AT(plat_start, node, 4); AT(plat_start, boot, 8); AT(plat_start, flags, 12);
PINNED(sizeof(plat_start) == 16);

AT(plat_damaged, size, 0); AT(plat_damaged, partition, 4); AT(plat_damaged, index, 8); AT(plat_damaged, what, 16);
PINNED(sizeof(plat_damaged) == 272);
