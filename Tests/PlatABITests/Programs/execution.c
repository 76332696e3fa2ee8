/* A change carried out through the C ABI: with agents and a network that loses a fifth of the messages, by steps without agents, with
 * messages that nobody sent. */
#include <plat.h>
#include "check.h"

#define NODES 4
#define PARTITIONS 12
#define MOST 4096

static plat_cluster *cluster(void) {
  /* Node 0 leaves, node 3 has come. */
  static uint32_t map[2 * PARTITIONS];
  static const uint8_t statuses[NODES] = {PLAT_NODE_LEAVING, PLAT_NODE_ACTIVE, PLAT_NODE_ACTIVE, PLAT_NODE_ACTIVE};
  plat_cluster_arrays arrays = PLAT_CLUSTER_ARRAYS_INIT;
  plat_cluster *cluster = NULL;
  for (uint32_t i = 0; i < PARTITIONS; i++) {
    map[2 * i] = i % 3;
    map[2 * i + 1] = (i + 1) % 3;
  }
  arrays.node_count = NODES;
  arrays.partition_count = PARTITIONS;
  arrays.node_statuses = statuses;
  arrays.map = map;
  arrays.map_revision = 1;
  DO(plat_cluster_from_arrays(&arrays, &cluster, error));
  return cluster;
}

/* --- By messages --- */

typedef struct message {
  uint32_t from; /* a node, or NODES: the orchestrator */
  uint32_t to;
  size_t length;
  unsigned char *bytes;
} message;
static message net[MOST];
static size_t sent = 0;

static uint64_t random_state = 88172645463325252u;
static uint32_t random_below(uint32_t bound) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (uint32_t)(random_state >> 20) % bound;
}


static void send_bytes(uint32_t from, uint32_t to, const void *bytes, size_t length) {
  if (length == 0 || random_below(5) == 0) return;
  CHECK(sent < MOST);
  net[sent].from = from;
  net[sent].to = to;
  net[sent].length = length;
  net[sent].bytes = malloc(length);
  CHECK(net[sent].bytes);
  memcpy(net[sent++].bytes, bytes, length);
}

static unsigned char journal[1 << 16];
static size_t journal_length = 0;
static uint64_t journal_version = 0;
static int reached = 0, released = 0, retired = 0;
static unsigned char *kept[NODES][PARTITIONS + 1];
static size_t kept_length[NODES][PARTITIONS + 1];
static uint32_t written = 0, denied = 0, answered = 0, is_definite = 0, ran = 0, changed = 0;
static uint64_t last_value = 0;

static void carry_out_orchestrator(plat_orchestrator *orchestrator) {
  for (;;) {
    plat_action action = PLAT_ACTION_INIT;
    DO(plat_orchestrator_poll(orchestrator, &action, error));
    if (action.kind == PLAT_ACTION_NONE) return;
    if (action.node != PLAT_NONE) {
      send_bytes(NODES, action.node, action.bytes, action.length);
    } else if (action.kind == PLAT_ACTION_RECORD) {
      const int done = action.expected == journal_version;
      if (done) {
        CHECK(action.length <= sizeof journal);
        memcpy(journal, action.bytes, action.length);
        journal_length = action.length;
        journal_version = action.version;
      }
      DO(plat_orchestrator_recorded(orchestrator, done, error));
    } else if (action.kind == PLAT_ACTION_REACHED) {
      reached = 1;
    } else if (action.kind == PLAT_ACTION_RELEASE) {
      released = 1;
    } else if (action.kind == PLAT_ACTION_RUNS) {
      CHECK(action.is_done == 1 && action.peer_kind == PLAT_PEER_NODE);
      ran = action.mode;
    } else {
      CHECK(action.kind == PLAT_ACTION_RETIRED);
      retired = 1;
    }
  }
}

static void carry_out_agent(plat_agent *agent, uint32_t node) {
  for (;;) {
    plat_action action = PLAT_ACTION_INIT;
    DO(plat_agent_poll(agent, &action, error));
    if (action.kind == PLAT_ACTION_NONE) return;
    if (action.kind == PLAT_ACTION_KEEP) {
      const uint32_t place = action.partition == PLAT_NONE ? PARTITIONS : action.partition;
      free(kept[node][place]);
      kept[node][place] = malloc(action.length);
      CHECK(kept[node][place]);
      memcpy(kept[node][place], action.bytes, action.length);
      kept_length[node][place] = action.length;
    } else if (action.kind == PLAT_ACTION_DELIVER) {
      send_bytes(node, action.peer_kind == PLAT_PEER_NODE ? action.peer : NODES, action.bytes, action.length);
    } else if (action.kind == PLAT_ACTION_CHANGED_MODE) {
      changed = action.mode;
    } else {
      CHECK(action.peer_kind == PLAT_PEER_CLIENT && action.peer == 77);
      is_definite = action.is_definite;
      if (action.kind == PLAT_ACTION_WRITTEN) written = action.request;
      if (action.kind == PLAT_ACTION_DENIED) denied = action.request;
      if (action.kind == PLAT_ACTION_ANSWER) {
        answered = action.request;
        last_value = action.value_count ? action.values[action.value_count - 1] : 0;
      }
    }
  }
}

static plat_agent *start(const plat_cluster *described, uint32_t node, uint32_t boot) {
  plat_kept all[PARTITIONS + 1];
  size_t count = 0;
  plat_agent *agent = NULL;
  for (uint32_t i = 0; i <= PARTITIONS; i++) {
    if (!kept[node][i]) continue;
    all[count].bytes = kept[node][i];
    all[count++].length = kept_length[node][i];
  }
  DO(plat_agent_make(described, node, boot, all, count, &agent, error));
  return agent;
}

static plat_agent *agents[NODES];

static void deliver(plat_orchestrator *orchestrator) {
  for (size_t i = 0; i < sent; i++) {
    if (net[i].to == NODES) {
      DO(plat_orchestrator_receive(orchestrator, net[i].from, net[i].bytes, net[i].length, error));
      carry_out_orchestrator(orchestrator);
    } else if (agents[net[i].to]) {
      const uint32_t kind = net[i].from == NODES ? PLAT_PEER_ORCHESTRATOR : PLAT_PEER_NODE;
      DO(plat_agent_receive(agents[net[i].to], kind, net[i].from == NODES ? 1 : net[i].from, net[i].bytes, net[i].length, error));
      carry_out_agent(agents[net[i].to], net[i].to);
    }
  }
  for (size_t i = 0; i < sent; i++) free(net[i].bytes);
  sent = 0;
}

static void by_messages(void) {
  plat_cluster *described = cluster(), *target = NULL;
  plat_plan *plan = NULL;
  plat_orchestrator *orchestrator = NULL;
  plat_standing standing = PLAT_STANDING_INIT;
  uint32_t digest = 0, request = 0;
  uint64_t now = 0;
  DO(plat_plan_make(described, NULL, NULL, NULL, &plan, error));
  DO(plat_orchestrator_make(described, plan, NULL, &orchestrator, error));
  CHECK(plat_orchestrator_target(orchestrator, &target, NULL) == PLAT_NOT_FOUND && !target);
  DO(plat_orchestrator_standing(orchestrator, &standing, error));
  CHECK(standing.phase == PLAT_PHASE_IDLE && standing.revision == 0);
  for (uint32_t node = 0; node < NODES; node++) {
    agents[node] = start(described, node, 1);
    carry_out_agent(agents[node], node);
  }
  CHECK(plat_agent_state(agents[1], 1) == PLAT_STATE_MASTER && plat_agent_leads(agents[1], 1) == 1);
  CHECK(plat_agent_state(agents[3], 1) == PLAT_STATE_NULL && plat_agent_leads(agents[3], 1) == 0);
  DO(plat_orchestrator_begin(orchestrator, NULL, 0, error));
  carry_out_orchestrator(orchestrator);
  FAILS(plat_orchestrator_begin(orchestrator, NULL, 0, error), PLAT_INVALID_ARGUMENT, "orchestrator");

  /* What is written before the change is read after it. */
  DO(plat_agent_write(agents[1], 1, 4711, 77, ++request, error));
  for (int turn = 0; turn < 20000 && !(reached && released && written == 1); turn++) {
    carry_out_agent(agents[1], 1);
    DO(plat_orchestrator_tick(orchestrator, now += 5, error));
    carry_out_orchestrator(orchestrator);
    if (turn % 8 == 0) {
      for (uint32_t node = 0; node < NODES; node++) {
        if (!agents[node]) continue;
        DO(plat_agent_tick(agents[node], error));
        carry_out_agent(agents[node], node);
      }
    }
    deliver(orchestrator);
    if (turn == 20) { /* paused: nothing begins */
      DO(plat_orchestrator_pause(orchestrator, error));
      DO(plat_orchestrator_standing(orchestrator, &standing, error));
      CHECK(standing.is_paused == 1);
    }
    if (turn == 60) DO(plat_orchestrator_resume(orchestrator, error));
    if (turn == 30) { /* node 2 dies with what it did not keep, */
      plat_agent_free(agents[2]);
      agents[2] = NULL;
      DO(plat_orchestrator_lost(orchestrator, 2, error));
      reached = 0;
    }
    if (turn == 80) { /* and is back */
      agents[2] = start(described, 2, 2);
      carry_out_agent(agents[2], 2);
    }
  }
  CHECK(reached && released && !retired && written == 1);
  DO(plat_orchestrator_standing(orchestrator, &standing, error));
  CHECK(standing.phase == PLAT_PHASE_REACHED && standing.left == 0 && standing.running == 0 && standing.lost_count == 0);
  CHECK(standing.plans >= 2 && standing.copied == standing.to_copy);
  DO(plat_orchestrator_target(orchestrator, &target, error));
  CHECK(plat_cluster_revision(target) == standing.revision && plat_cluster_digest(target) != 0);
  CHECK(plat_cluster_digest(target) != plat_cluster_digest(described));
  const uint32_t *rows = plat_cluster_rows(target, NULL);
  CHECK(rows && memcmp(rows, plat_plan_rows(plan, NULL), 2 * PARTITIONS * sizeof *rows) == 0);
  for (uint32_t partition = 0; partition < PARTITIONS; partition++) {
    for (uint32_t node = 0; node < NODES; node++) {
      const uint32_t state = plat_agent_state(agents[node], partition);
      if (rows[2 * partition] == node) CHECK(state == PLAT_STATE_MASTER && plat_agent_leads(agents[node], partition));
      else if (rows[2 * partition + 1] == node) CHECK(state == PLAT_STATE_SLAVE);
      else CHECK(state == PLAT_STATE_NULL || state == PLAT_STATE_DEAD);
    }
  }
  for (uint32_t node = 0; node < NODES; node++) {
    CHECK(plat_agent_map(agents[node], &digest) == standing.revision && digest == plat_cluster_digest(target));
  }
  DO(plat_agent_read(agents[rows[2]], 1, 77, ++request, error));
  for (int turn = 0; turn < 100 && answered != request; turn++) {
    carry_out_agent(agents[rows[2]], rows[2]);
    deliver(orchestrator);
    DO(plat_agent_tick(agents[rows[2]], error));
  }
  CHECK(answered == request && last_value == 4711);
  DO(plat_agent_write(agents[0], 1, 1, 77, ++request, error)); /* it leads nothing */
  carry_out_agent(agents[0], 0);
  CHECK(denied == request && is_definite == 1);
  /* A replica is stopped, hop by hop, and runs again. */
  const uint32_t leader = rows[2], modes[] = {PLAT_RUN_STOPPED, PLAT_RUN_RUNNING};
  for (int i = 0; i < 2; i++) {
    DO(plat_orchestrator_mode(orchestrator, leader, 1, plat_agent_mode(agents[leader], 1), modes[i], error));
    ran = PLAT_NONE;
    for (int turn = 0; turn < 2000 && ran == PLAT_NONE; turn++) {
      DO(plat_orchestrator_tick(orchestrator, now += 5, error));
      carry_out_orchestrator(orchestrator);
      deliver(orchestrator);
    }
    CHECK(ran == modes[i] && changed == modes[i] && plat_agent_mode(agents[leader], 1) == modes[i]);
    DO(plat_agent_read(agents[leader], 1, 77, ++request, error));
    carry_out_agent(agents[leader], leader);
    CHECK((denied == request) == (i == 0));
  }
  CHECK(plat_mode_next(PLAT_RUN_RUNNING, PLAT_RUN_STOPPED) == PLAT_RUN_COOLING);
  CHECK(plat_mode_next(PLAT_RUN_RUNNING, PLAT_RUN_RUNNING | PLAT_PAUSE_PERSISTENCE) == (PLAT_RUN_RUNNING | PLAT_PAUSE_PERSISTENCE));
  FAILS(plat_orchestrator_mode(orchestrator, NODES, 1, 2, 0, error), PLAT_INVALID_ARGUMENT, "node");
  FAILS(plat_orchestrator_mode(orchestrator, 0, 1, 2, 16, error), PLAT_INVALID_ARGUMENT, "to");
  FAILS(plat_orchestrator_has_mode(orchestrator, 0, 1, 2, PARTITIONS, 0, error), PLAT_INVALID_ARGUMENT, "partition");
  FAILS(plat_agent_min_in_sync(agents[0], 0, error), PLAT_INVALID_ARGUMENT, "copies");
  DO(plat_agent_disk_full(agents[rows[2]], 1, error));
  DO(plat_agent_write(agents[rows[2]], 1, 1, 77, ++request, error));
  carry_out_agent(agents[rows[2]], rows[2]);
  CHECK(denied == request);

  /* Another one goes on from the journal: the first is told, and stops. */
  plat_orchestrator *second = NULL;
  DO(plat_orchestrator_make(described, plan, NULL, &second, error));
  FAILS(plat_orchestrator_begin(second, "no journal at all", 17, error), PLAT_INVALID_INPUT, "journal");
  plat_orchestrator_free(second);
  DO(plat_orchestrator_make(described, plan, NULL, &second, error));
  DO(plat_orchestrator_begin(second, journal, journal_length, error));
  for (int turn = 0; turn < 30; turn++) {
    DO(plat_orchestrator_tick(second, now += 5, error));
    carry_out_orchestrator(second);
    deliver(second);
  }
  DO(plat_orchestrator_cancel(orchestrator, error));
  carry_out_orchestrator(orchestrator);
  CHECK(retired);
  plat_orchestrator_free(second);
  plat_orchestrator_free(orchestrator);
  for (uint32_t node = 0; node < NODES; node++) plat_agent_free(agents[node]);
  plat_cluster_free(target);
  plat_plan_free(plan);
  plat_cluster_free(described);
}

/* --- By steps --- */

static uint32_t state_of[NODES][PARTITIONS];
static uint64_t term_of[NODES][PARTITIONS];
static uint64_t promised[NODES];

static void report(plat_orchestrator *orchestrator, const plat_action *action) {
  const uint32_t node = action->node, p = action->partition;
  if (action->kind == PLAT_ACTION_PULSE) {
    DO(plat_orchestrator_alive(orchestrator, node, error));
  } else if (action->kind == PLAT_ACTION_MAP) {
    DO(plat_orchestrator_has_map(orchestrator, node, action->revision, action->digest, error));
  } else if (action->revision < promised[node]) {
    DO(plat_orchestrator_fail(orchestrator, node, action->revision, action->id, PLAT_REFUSED_OUTDATED, error));
  } else if (action->kind == PLAT_ACTION_CLAIM) {
    plat_holding held[PARTITIONS];
    uint32_t followers[PARTITIONS][NODES];
    size_t count = 0;
    promised[node] = action->revision;
    for (uint32_t i = 0; i < PARTITIONS; i++) {
      if (state_of[node][i] == PLAT_STATE_NULL) continue;
      memset(&held[count], 0, sizeof held[count]);
      held[count].partition = i;
      held[count].state = state_of[node][i];
      held[count].term = term_of[node][i];
      held[count].is_leading = state_of[node][i] == PLAT_STATE_MASTER;
      held[count].followers = followers[i];
      for (uint32_t other = 0; other < NODES && held[count].is_leading; other++) {
        if (other != node && state_of[other][i] <= PLAT_STATE_SLAVE) followers[i][held[count].follower_count++] = other;
      }
      count++;
    }
    DO(plat_orchestrator_inventory(orchestrator, node, action->revision, held, count, error));
  } else {
    if (state_of[node][p] != action->from) {
      DO(plat_orchestrator_fail(orchestrator, node, action->revision, action->id, PLAT_REFUSED_STATE, error));
      return;
    }
    if (action->source != PLAT_NONE) {
      CHECK(state_of[action->source][p] == action->source_from && state_of[action->source][p] <= PLAT_STATE_SLAVE);
      state_of[action->source][p] = action->source_to;
    }
    state_of[node][p] = action->to;
    if (action->kind != PLAT_ACTION_SET || action->follower_count) term_of[node][p] = action->revision;
    uint32_t masters = 0, copies = 0;
    for (uint32_t other = 0; other < NODES; other++) {
      masters += state_of[other][p] == PLAT_STATE_MASTER;
      copies += state_of[other][p] <= PLAT_STATE_SLAVE;
    }
    CHECK(masters <= 1 && copies >= 2);
    DO(plat_orchestrator_working(orchestrator, node, action->revision, action->id, error));
    DO(plat_orchestrator_complete(orchestrator, node, action->revision, action->id, error));
  }
}

static void by_steps(void) {
  plat_cluster *described = cluster();
  plat_plan *plan = NULL;
  plat_orchestrator *orchestrator = NULL;
  plat_timing timing = PLAT_TIMING_INIT;
  uint64_t version = 0;
  int is_reached = 0, is_released = 0, orders = 0;
  timing.silence = UINT64_MAX;
  DO(plat_plan_make(described, NULL, NULL, NULL, &plan, error));
  DO(plat_orchestrator_make(described, plan, &timing, &orchestrator, error));
  const uint32_t *rows = plat_cluster_rows(described, NULL), *wanted = plat_plan_rows(plan, NULL);
  for (uint32_t node = 0; node < NODES; node++) {
    for (uint32_t i = 0; i < PARTITIONS; i++) {
      state_of[node][i] = rows[2 * i] == node ? PLAT_STATE_MASTER : rows[2 * i + 1] == node ? PLAT_STATE_SLAVE : PLAT_STATE_NULL;
      term_of[node][i] = 1;
    }
  }
  DO(plat_orchestrator_begin(orchestrator, NULL, 0, error));
  for (;;) {
    plat_action action = PLAT_ACTION_INIT;
    DO(plat_orchestrator_poll(orchestrator, &action, error));
    if (action.kind == PLAT_ACTION_NONE) break;
    orders += action.kind >= PLAT_ACTION_SET && action.kind <= PLAT_ACTION_DISCARD;
    if (action.node != PLAT_NONE) {
      report(orchestrator, &action);
    } else if (action.kind == PLAT_ACTION_RECORD) {
      CHECK(action.expected == version);
      version = action.version;
      DO(plat_orchestrator_recorded(orchestrator, 1, error));
    }
    is_reached |= action.kind == PLAT_ACTION_REACHED;
    is_released |= action.kind == PLAT_ACTION_RELEASE;
  }
  CHECK(is_reached && is_released && orders > PARTITIONS);
  for (uint32_t i = 0; i < PARTITIONS; i++) {
    CHECK(state_of[wanted[2 * i]][i] == PLAT_STATE_MASTER && state_of[wanted[2 * i + 1]][i] == PLAT_STATE_SLAVE);
    CHECK(state_of[0][i] == PLAT_STATE_NULL || state_of[0][i] == PLAT_STATE_DEAD);
  }

  /* Everything was reached; and the journal is read once more: it is as it was written. */
  size_t unreached = 7;
  DO(plat_orchestrator_unreached(orchestrator, NULL, 0, &unreached, error));
  CHECK(unreached == 0);
  FAILS(plat_orchestrator_journal(orchestrator, "Pm", 2, error), PLAT_INVALID_INPUT, "journal");
  DO(plat_orchestrator_journal(orchestrator, NULL, 0, error)); /* old news */
  plat_standing standing = PLAT_STANDING_INIT;
  DO(plat_orchestrator_standing(orchestrator, &standing, error));
  CHECK(standing.phase == PLAT_PHASE_REACHED && standing.silent_count == 0 && standing.unreached_count == 0);

  /* Times that contradict each other. */
  plat_timing wrong_times[6] = {PLAT_TIMING_INIT, PLAT_TIMING_INIT, PLAT_TIMING_INIT, PLAT_TIMING_INIT, PLAT_TIMING_INIT, PLAT_TIMING_INIT};
  const char *wrong_time[6] = {"timing.silence", "timing.silence", "timing.grace", "timing.longest_tick", "timing.most_lost", "timing.reserved"};
  plat_orchestrator *none = NULL;
  wrong_times[0].silence = 40;
  wrong_times[1].pulse = UINT64_MAX;
  wrong_times[2].grace = 149;
  wrong_times[3].longest_tick = 151;
  wrong_times[4].most_lost = NODES + 1;
  wrong_times[5].reserved = 1;
  for (int i = 0; i < 6; i++) {
    FAILS(plat_orchestrator_make(described, plan, &wrong_times[i], &none, error), PLAT_INVALID_ARGUMENT, wrong_time[i]);
    CHECK(!none);
  }

  /* What is wrong is told. */
  plat_holding held[2] = {{3, 0, 0, 0, 1, NULL}, {3, 0, 0, 0, 1, NULL}};
  FAILS(plat_orchestrator_inventory(orchestrator, 9, 1, held, 1, error), PLAT_INVALID_ARGUMENT, "node");
  FAILS(plat_orchestrator_inventory(orchestrator, 0, 1, held, 2, error), PLAT_INVALID_ARGUMENT, "holdings[1].partition");
  FAILS(plat_orchestrator_inventory(orchestrator, 0, 1, NULL, 1, error), PLAT_INVALID_ARGUMENT, "holdings");
  FAILS(plat_orchestrator_inventory(orchestrator, 0, 1, held, SIZE_MAX, error), PLAT_INVALID_ARGUMENT, "count");
  held[0].partition = PARTITIONS;
  FAILS(plat_orchestrator_inventory(orchestrator, 0, 1, held, 1, error), PLAT_INVALID_ARGUMENT, "holdings[0].partition");
  held[0].partition = 0;
  held[0].state = PLAT_STATE_NULL;
  FAILS(plat_orchestrator_inventory(orchestrator, 0, 1, held, 1, error), PLAT_INVALID_ARGUMENT, "holdings[0].state");
  held[0].state = 0;
  held[0].follower_count = 1;
  FAILS(plat_orchestrator_inventory(orchestrator, 0, 1, held, 1, error), PLAT_INVALID_ARGUMENT, "holdings[0].followers");
  FAILS(plat_orchestrator_fail(orchestrator, 0, 1, 1, 99, error), PLAT_INVALID_ARGUMENT, "why");
  FAILS(plat_orchestrator_receive(orchestrator, 0, "Pm", 2, error), PLAT_INVALID_INPUT, "message");
  FAILS(plat_orchestrator_receive(orchestrator, 0, NULL, 2, error), PLAT_INVALID_ARGUMENT, "bytes");
  FAILS(plat_orchestrator_receive(orchestrator, 0, "", SIZE_MAX, error), PLAT_INVALID_ARGUMENT, "length");
  plat_agent *agent = NULL;
  plat_kept wrong = {"what is this", 12};
  FAILS(plat_agent_make(described, 0, 0, NULL, 0, &agent, error), PLAT_INVALID_ARGUMENT, "boot");
  FAILS(plat_agent_make(described, NODES, 1, NULL, 0, &agent, error), PLAT_INVALID_ARGUMENT, "node");
  FAILS(plat_agent_make(described, 0, 1, &wrong, 1, &agent, error), PLAT_INVALID_INPUT, "kept");
  FAILS(plat_agent_make(described, 0, 1, &wrong, PARTITIONS + 2, &agent, error), PLAT_INVALID_ARGUMENT, "count");
  DO(plat_agent_make(described, 0, 1, NULL, 0, &agent, error));
  FAILS(plat_agent_write(agent, PARTITIONS, 0, 0, 0, error), PLAT_INVALID_ARGUMENT, "partition");
  const uint64_t value = 1;
  FAILS(plat_agent_request(agent, 0, 4, NULL, 0, 0, error), PLAT_INVALID_ARGUMENT, "kind");
  FAILS(plat_agent_request(agent, 0, PLAT_REQUEST_READ | PLAT_REQUEST_WRITE, NULL, 0, 0, error), PLAT_INVALID_ARGUMENT, "kind");
  FAILS(plat_agent_request(agent, 0, PLAT_REQUEST_READ, &value, 0, 0, error), PLAT_INVALID_ARGUMENT, "value");
  FAILS(plat_agent_request(agent, 0, PLAT_REQUEST_WRITE, NULL, 0, 0, error), PLAT_INVALID_ARGUMENT, "value");
  FAILS(plat_agent_receive(agent, PLAT_PEER_CLIENT, 0, "Pm", 2, error), PLAT_INVALID_ARGUMENT, "peer_kind");
  FAILS(plat_agent_receive(agent, PLAT_PEER_NODE, NODES, "Pm", 2, error), PLAT_INVALID_ARGUMENT, "peer");
  CHECK(plat_agent_state(agent, UINT32_MAX) == PLAT_STATE_NULL);
  plat_agent_free(agent);
  plat_orchestrator_free(orchestrator);
  plat_plan_free(plan);
  plat_cluster_free(described);
}

/* --- Messages that nobody sent --- */

static uint32_t crc32(const unsigned char *bytes, size_t length) {
  uint32_t crc = UINT32_MAX;
  for (size_t i = 0; i < length; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
  }
  return ~crc;
}

/* Real messages with some bytes changed and the checksum made right again: whatever they say, nothing traps. */
static void by_nobody(void) {
  plat_cluster *described = cluster();
  plat_plan *plan = NULL;
  plat_orchestrator *orchestrator = NULL;
  static unsigned char pool[256][512];
  static size_t lengths[256];
  uint32_t count = 0, accepted = 0;
  memset(kept, 0, sizeof kept);
  memset(journal, 0, sizeof journal);
  journal_length = 0;
  journal_version = 0;
  DO(plat_plan_make(described, NULL, NULL, NULL, &plan, error));
  DO(plat_orchestrator_make(described, plan, NULL, &orchestrator, error));
  for (uint32_t node = 0; node < NODES; node++) agents[node] = start(described, node, 1);
  DO(plat_orchestrator_begin(orchestrator, NULL, 0, error));
  for (uint32_t turn = 0; turn < 20000; turn++) {
    if (turn % 50 == 0) DO(plat_orchestrator_tick(orchestrator, turn, error));
    if (turn % 700 == 0) { /* a run of its own, now and then */
      plat_orchestrator_free(orchestrator);
      DO(plat_orchestrator_make(described, plan, NULL, &orchestrator, error));
      DO(plat_orchestrator_begin(orchestrator, NULL, 0, error));
      journal_version = 0;
      for (uint32_t node = 0; node < NODES; node++) {
        plat_agent_free(agents[node]);
        for (uint32_t i = 0; i <= PARTITIONS; i++) {
          free(kept[node][i]);
          kept[node][i] = NULL;
        }
        agents[node] = start(described, node, 1);
      }
    }
    if (turn % 31 == 0) DO(plat_agent_write(agents[turn % NODES], turn % PARTITIONS, turn, 77, turn, error));
    carry_out_orchestrator(orchestrator);
    for (uint32_t node = 0; node < NODES; node++) carry_out_agent(agents[node], node);
    for (size_t i = 0; i < sent; i++) {
      if (net[i].length <= sizeof pool[0]) {
        const uint32_t place = count < 256 ? count++ : random_below(256);
        memcpy(pool[place], net[i].bytes, net[i].length);
        lengths[place] = net[i].length;
      }
    }
    if (turn % 3 == 0) {
      deliver(orchestrator);
    } else {
      for (size_t i = 0; i < sent; i++) free(net[i].bytes);
      sent = 0;
    }
    if (!count) continue;
    const uint32_t which = random_below(count);
    unsigned char bytes[512];
    size_t length = lengths[which];
    memcpy(bytes, pool[which], length);
    if (random_below(8) == 0 && length > 12) length -= 1 + random_below(3);
    for (uint32_t change = random_below(4); change > 0; change--) {
      const uint32_t place = 2 + random_below((uint32_t)length - 6);
      bytes[place] = (unsigned char)(random_below(3) ? random_below(8) : random_below(256));
    }
    const uint32_t crc = crc32(bytes, length - 4);
    for (int i = 0; i < 4; i++) bytes[length - 4 + (size_t)i] = (unsigned char)(crc >> 8 * i);
    const uint32_t from = random_below(NODES + 1), to = random_below(NODES + 1);
    plat_status status = to == NODES ? plat_orchestrator_receive(orchestrator, from % NODES, bytes, length, NULL)
                         : from == NODES ? plat_agent_receive(agents[to], PLAT_PEER_ORCHESTRATOR, 1, bytes, length, NULL)
                                         : plat_agent_receive(agents[to], PLAT_PEER_NODE, from, bytes, length, NULL);
    CHECK(status == PLAT_OK || status == PLAT_INVALID_INPUT);
    accepted += status == PLAT_OK;
  }
  CHECK(accepted > 1000);
  for (uint32_t node = 0; node < NODES; node++) plat_agent_free(agents[node]);
  plat_orchestrator_free(orchestrator);
  plat_plan_free(plan);
  plat_cluster_free(described);
}

int main(void) {
  by_messages();
  by_steps();
  by_nobody();
  puts("all is so");
  return 0;
}
