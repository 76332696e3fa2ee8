/* Targets for what orchestrator and agents are given: messages, what nodes kept, journals, reports of hosts. All of these end in a
 * checksum, which a fuzzer does not guess: it is put right after a change, as a rule. */

enum { change_nodes = 4, change_partitions = 12, most_pool = 64, most_message = 1 << 12 };

typedef struct message { uint8_t *bytes; size_t length; } message;

/* CRC-32 of all but the last four bytes goes there. */
static void seal(uint8_t *bytes, size_t length) {
  if (length < 4) return;
  uint32_t crc = UINT32_MAX;
  for (size_t at = 0; at + 4 < length; at++) {
    crc ^= bytes[at];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  crc = ~crc;
  for (int at = 0; at < 4; at++) bytes[length - 4 + (size_t)at] = (uint8_t)(crc >> 8 * at);
}

/* Node 0 leaves, node 3 has come. */
static plat_cluster *change_cluster(void) {
  static uint32_t map[2 * change_partitions];
  static const uint8_t statuses[change_nodes] = {PLAT_NODE_LEAVING, PLAT_NODE_ACTIVE, PLAT_NODE_ACTIVE, PLAT_NODE_ACTIVE};
  plat_cluster_arrays arrays = PLAT_CLUSTER_ARRAYS_INIT;
  plat_cluster *cluster = NULL;
  for (uint32_t at = 0; at < change_partitions; at++) map[2 * at] = at % 3, map[2 * at + 1] = (at + 1) % 3;
  arrays.node_count = change_nodes;
  arrays.partition_count = change_partitions;
  arrays.node_statuses = statuses;
  arrays.map = map;
  arrays.map_revision = 1;
  MUST(plat_cluster_from_arrays(&arrays, &cluster, NULL) == PLAT_OK);
  return cluster;
}

/* --- Bytes as they come --- */

static message sealed_copy(const uint8_t *bytes, size_t length) {
  message copy = {malloc(length ? length : 1), length};
  MUST(copy.bytes);
  memcpy(copy.bytes, bytes, length);
  seal(copy.bytes, length);
  return copy;
}

static void poll_all(plat_orchestrator *orchestrator, plat_agent *agent) {
  plat_action action = PLAT_ACTION_INIT;
  if (orchestrator) {
    while (plat_orchestrator_poll(orchestrator, &action, NULL) == PLAT_OK && action.kind != PLAT_ACTION_NONE) MUST(action.length == 0 || action.bytes);
  }
  if (agent) {
    while (plat_agent_poll(agent, &action, NULL) == PLAT_OK && action.kind != PLAT_ACTION_NONE) MUST(action.length == 0 || action.bytes);
  }
}

/* A message for everybody. */
static void received(const uint8_t *bytes, size_t length) {
  plat_cluster *cluster = change_cluster();
  plat_plan *plan = NULL;
  plat_orchestrator *orchestrator = NULL;
  plat_agent *agent = NULL;
  const message copy = sealed_copy(bytes, length);
  MUST(plat_plan_make(cluster, NULL, NULL, NULL, &plan, NULL) == PLAT_OK);
  MUST(plat_orchestrator_make(cluster, plan, NULL, &orchestrator, NULL) == PLAT_OK);
  MUST(plat_orchestrator_begin(orchestrator, NULL, 0, NULL) == PLAT_OK);
  poll_all(orchestrator, NULL);
  (void)plat_orchestrator_recorded(orchestrator, 1, NULL);
  MUST(plat_agent_make(cluster, 1, 1, NULL, 0, &agent, NULL) == PLAT_OK);
  poll_all(orchestrator, agent);
  for (uint32_t node = 0; node < change_nodes; node++) {
    (void)plat_orchestrator_receive(orchestrator, node, copy.bytes, copy.length, NULL);
    (void)plat_agent_receive(agent, node ? PLAT_PEER_NODE : PLAT_PEER_ORCHESTRATOR, node, copy.bytes, copy.length, NULL);
    poll_all(orchestrator, agent);
  }
  (void)plat_agent_tick(agent, NULL);
  (void)plat_orchestrator_tick(orchestrator, 100, NULL);
  poll_all(orchestrator, agent);
  free(copy.bytes);
  plat_agent_free(agent);
  plat_orchestrator_free(orchestrator);
  plat_plan_free(plan);
  plat_cluster_free(cluster);
}

/* What a node kept: pieces, each behind its length. */
static void kept(const uint8_t *bytes, size_t length) {
  plat_cluster *cluster = change_cluster();
  plat_agent *agent = NULL;
  message pieces[change_partitions + 2];
  plat_kept told[change_partitions + 2];
  size_t count = 0;
  while (length >= 2 && count < change_partitions + 2) {
    const size_t wanted = bytes[0] | (size_t)bytes[1] << 8, size = wanted < length - 2 ? wanted : length - 2;
    pieces[count] = sealed_copy(bytes + 2, size);
    told[count] = (plat_kept){pieces[count].bytes, size};
    count++;
    bytes += 2 + size;
    length -= 2 + size;
  }
  for (uint32_t node = 0; node < 2; node++) {
    if (plat_agent_make(cluster, node, 2, told, count, &agent, NULL) == PLAT_OK) {
      poll_all(NULL, agent);
      for (uint32_t partition = 0; partition < change_partitions; partition++) {
        (void)plat_agent_write(agent, partition, 7, 1, partition, NULL);
        (void)plat_agent_state(agent, partition);
      }
      (void)plat_agent_tick(agent, NULL);
      poll_all(NULL, agent);
    }
    plat_agent_free(agent);
    agent = NULL;
  }
  for (size_t at = 0; at < count; at++) free(pieces[at].bytes);
  plat_cluster_free(cluster);
}

/* The journal of an orchestrator. */
static void orders(const uint8_t *bytes, size_t length) {
  plat_cluster *cluster = change_cluster();
  plat_plan *plan = NULL;
  plat_orchestrator *orchestrator = NULL;
  const message copy = sealed_copy(bytes, length);
  MUST(plat_plan_make(cluster, NULL, NULL, NULL, &plan, NULL) == PLAT_OK);
  MUST(plat_orchestrator_make(cluster, plan, NULL, &orchestrator, NULL) == PLAT_OK);
  if (plat_orchestrator_begin(orchestrator, copy.bytes, copy.length, NULL) == PLAT_OK) {
    poll_all(orchestrator, NULL);
    (void)plat_orchestrator_recorded(orchestrator, 1, NULL);
    for (uint64_t now = 10; now < 100000; now *= 3) {
      poll_all(orchestrator, NULL);
      (void)plat_orchestrator_tick(orchestrator, now, NULL);
    }
    plat_cluster *target = NULL;
    (void)plat_orchestrator_target(orchestrator, &target, NULL);
    plat_cluster_free(target);
  }
  free(copy.bytes);
  plat_orchestrator_free(orchestrator);
  plat_plan_free(plan);
  plat_cluster_free(cluster);
}

/* --- A change, and a network that does what the input says --- */

typedef struct change {
  feed *feed;
  plat_cluster *cluster;
  plat_plan *plan;
  plat_orchestrator *orchestrator;
  plat_agent *agents[change_nodes];
  message kept[change_nodes][change_partitions + 1];
  message journal;
  message pool[most_pool];  /* what was sent last */
  struct { uint8_t from, to; } way[most_pool];  /* change_nodes: the orchestrator */
  size_t sent;
  uint32_t boot;
  uint64_t now;
} change;

static void keep_copy(message *place, const void *bytes, size_t length) {
  free(place->bytes);
  place->bytes = malloc(length ? length : 1);
  MUST(place->bytes);
  if (length) memcpy(place->bytes, bytes, length);
  place->length = length;
}

static void sent(change *change, uint32_t from, uint32_t to, const plat_action *action) {
  if (action->length == 0 || action->length > most_message || to > change_nodes) return;
  const size_t place = change->sent++ % most_pool;
  keep_copy(&change->pool[place], action->bytes, action->length);
  change->way[place].from = (uint8_t)from;
  change->way[place].to = (uint8_t)to;
}

/* Does what is asked for, for so long; the rest is asked for again. */
static void carry_out(change *change) {
  plat_action action = PLAT_ACTION_INIT;
  for (int left = 200; left > 0 && change->orchestrator; left--) {
    if (plat_orchestrator_poll(change->orchestrator, &action, NULL) != PLAT_OK || action.kind == PLAT_ACTION_NONE) break;
    if (action.node != PLAT_NONE) sent(change, change_nodes, action.node, &action);
    if (action.kind == PLAT_ACTION_RECORD) {
      const int done = small(change->feed) % 8 != 7;
      if (done) keep_copy(&change->journal, action.bytes, action.length);
      (void)plat_orchestrator_recorded(change->orchestrator, done, NULL);
    }
  }
  for (uint32_t node = 0; node < change_nodes; node++) {
    for (int left = 200; left > 0 && change->agents[node]; left--) {
      if (plat_agent_poll(change->agents[node], &action, NULL) != PLAT_OK || action.kind == PLAT_ACTION_NONE) break;
      if (action.kind == PLAT_ACTION_DELIVER) {
        sent(change, node, action.peer_kind == PLAT_PEER_NODE ? action.peer : change_nodes, &action);
      } else if (action.kind == PLAT_ACTION_KEEP) {
        const uint32_t place = action.partition == PLAT_NONE ? change_partitions : action.partition;
        MUST(place <= change_partitions);
        keep_copy(&change->kept[node][place], action.bytes, action.length);
      }
    }
  }
}

/* Some bytes become others; the checksum is right again, as a rule. */
static void spoil(change *change, message *message) {
  uint8_t kind = small(change->feed);
  for (int changes = kind & 3; changes > 0 && message->length; changes--) {
    const size_t at = (small(change->feed) | (size_t)small(change->feed) << 8) % message->length;
    message->bytes[at] = small(change->feed);
  }
  if (kind & 4 && message->length > 1) message->length -= 1 + small(change->feed) % (message->length - 1);
  if (!(kind & 8)) seal(message->bytes, message->length);
}

static void deliver_one(change *change, int is_spoilt) {
  const size_t count = change->sent < most_pool ? change->sent : most_pool;
  if (count == 0) return;
  const size_t place = small(change->feed) % count;
  message copy = {NULL, 0};
  keep_copy(&copy, change->pool[place].bytes, change->pool[place].length);
  uint32_t from = change->way[place].from, to = change->way[place].to;
  if (is_spoilt) {
    const uint8_t way = small(change->feed);
    if (way & 1) from = way >> 1 & 7;
    if (way & 16) to = (way >> 5) % (change_nodes + 1);
    spoil(change, &copy);
  }
  if (to == change_nodes) {
    (void)plat_orchestrator_receive(change->orchestrator, from, copy.bytes, copy.length, NULL);
  } else if (change->agents[to]) {
    const uint32_t kind = from == change_nodes ? PLAT_PEER_ORCHESTRATOR : from > change_nodes ? PLAT_PEER_CLIENT : PLAT_PEER_NODE;
    (void)plat_agent_receive(change->agents[to], kind, from == change_nodes ? 1 : from, copy.bytes, copy.length, NULL);
  }
  free(copy.bytes);
}

static void start_agent(change *change, uint32_t node, int is_spoilt) {
  plat_kept told[change_partitions + 1];
  size_t count = 0;
  for (size_t place = 0; place <= change_partitions; place++) {
    if (!change->kept[node][place].bytes) continue;
    if (is_spoilt && small(change->feed) % 8 == 0) spoil(change, &change->kept[node][place]);
    told[count++] = (plat_kept){change->kept[node][place].bytes, change->kept[node][place].length};
  }
  plat_agent_free(change->agents[node]);
  change->agents[node] = NULL;
  (void)plat_agent_make(change->cluster, node, ++change->boot, told, count, &change->agents[node], NULL);
}

static void start_orchestrator(change *change, int is_spoilt) {
  plat_orchestrator_free(change->orchestrator);
  MUST(plat_orchestrator_make(change->cluster, change->plan, NULL, &change->orchestrator, NULL) == PLAT_OK);
  if (is_spoilt) spoil(change, &change->journal);
  (void)plat_orchestrator_begin(change->orchestrator, change->journal.bytes, change->journal.length, NULL);
}

/* What a host without agents reports, true or not. */
static void report(change *change) {
  plat_orchestrator *orchestrator = change->orchestrator;
  feed *feed = change->feed;
  const uint8_t kind = small(feed) % 9;
  const uint32_t node = mostly_below(feed, change_nodes), id = mostly_below(feed, 64);
  const uint64_t revision = mostly_below(feed, 6);
  if (kind == 0) (void)plat_orchestrator_complete(orchestrator, node, revision, id, NULL);
  if (kind == 1) (void)plat_orchestrator_fail(orchestrator, node, revision, id, mostly_below(feed, 6), NULL);
  if (kind == 2) (void)plat_orchestrator_working(orchestrator, node, revision, id, NULL);
  if (kind == 3) (void)plat_orchestrator_alive(orchestrator, node, NULL);
  if (kind == 4) (void)plat_orchestrator_has_map(orchestrator, node, revision, number(feed), NULL);
  if (kind == 5) (void)plat_orchestrator_lost(orchestrator, node, NULL);
  if (kind == 7) (void)plat_orchestrator_mode(orchestrator, node, mostly_below(feed, change_partitions), small(feed) % 18, small(feed) % 18, NULL);
  if (kind == 8) (void)plat_orchestrator_has_mode(orchestrator, node, revision, id, mostly_below(feed, change_partitions), small(feed) % 18, NULL);
  if (kind == 6) {
    plat_holding holdings[16];
    uint32_t followers[16][4];
    const size_t count = small(feed) % 16;
    for (size_t at = 0; at < count; at++) {
      holdings[at] = (plat_holding){mostly_below(feed, change_partitions), mostly_below(feed, 4), small(feed) % 2, small(feed) % 4, mostly_below(feed, 6), followers[at]};
      for (int follower = 0; follower < 4; follower++) followers[at][follower] = mostly_below(feed, change_nodes);
    }
    (void)plat_orchestrator_inventory(orchestrator, node, revision, holdings, count, NULL);
  }
}

static void changes(const uint8_t *bytes, size_t length) {
  feed feed = {bytes, length, {0}, 0};
  change change = {.feed = &feed, .cluster = change_cluster()};
  MUST(plat_plan_make(change.cluster, NULL, NULL, NULL, &change.plan, NULL) == PLAT_OK);
  start_orchestrator(&change, 0);
  for (uint32_t node = 0; node < change_nodes; node++) start_agent(&change, node, 0);
  for (int turn = 0; turn < 600 && feed.left > 0; turn++) {
    carry_out(&change);
    const uint8_t what = small(&feed);
    const uint32_t node = what >> 4 & 3;
    plat_agent *agent = change.agents[node];
    switch (what & 15) {
      case 0: case 1: case 2: case 3:
        for (size_t place = 0, count = change.sent < most_pool ? change.sent : most_pool; place < count && (what & 15) == 0; place++) {
          const uint32_t from = change.way[place].from, to = change.way[place].to;
          const message *sent = &change.pool[place];
          if (to == change_nodes) (void)plat_orchestrator_receive(change.orchestrator, from, sent->bytes, sent->length, NULL);
          else if (change.agents[to]) (void)plat_agent_receive(change.agents[to], from == change_nodes ? PLAT_PEER_ORCHESTRATOR : PLAT_PEER_NODE, from == change_nodes ? 1 : from, sent->bytes, sent->length, NULL);
        }
        if (what & 15) deliver_one(&change, 0);
        break;
      case 4: case 5: case 6: deliver_one(&change, 1); break;
      case 7: (void)plat_orchestrator_tick(change.orchestrator, change.now += small(&feed), NULL); break;
      case 8: if (agent) (void)plat_agent_tick(agent, NULL); break;
      case 9: start_agent(&change, node, what >> 6 & 1); break;
      case 10: start_orchestrator(&change, what >> 6 & 1); break;
      case 11: if (agent) (void)plat_agent_write(agent, mostly_below(&feed, change_partitions), 5, 1, number(&feed), NULL); break;
      case 12: if (agent) (void)plat_agent_read(agent, mostly_below(&feed, change_partitions), 1, number(&feed), NULL); break;
      case 13: report(&change); break;
      case 14: if (agent) (void)plat_agent_disk_full(agent, small(&feed) & 1, NULL);
        if (agent && what >> 6 & 1) (void)plat_agent_min_in_sync(agent, small(&feed) % 6, NULL);
        break;
      default:
        if (node == 0) (void)plat_orchestrator_pause(change.orchestrator, NULL);
        if (node == 1) (void)plat_orchestrator_resume(change.orchestrator, NULL);
        if (node == 2) (void)plat_orchestrator_cancel(change.orchestrator, NULL);
        if (node == 3) (void)plat_orchestrator_tick(change.orchestrator, number(&feed), NULL);
    }
  }
  plat_standing standing = PLAT_STANDING_INIT;
  MUST(plat_orchestrator_standing(change.orchestrator, &standing, NULL) == PLAT_OK);
  for (uint32_t node = 0; node < change_nodes; node++) {
    plat_agent_free(change.agents[node]);
    for (size_t place = 0; place <= change_partitions; place++) free(change.kept[node][place].bytes);
  }
  for (size_t place = 0; place < most_pool; place++) free(change.pool[place].bytes);
  free(change.journal.bytes);
  plat_orchestrator_free(change.orchestrator);
  plat_plan_free(change.plan);
  plat_cluster_free(change.cluster);
}
