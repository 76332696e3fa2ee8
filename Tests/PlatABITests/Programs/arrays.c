/* Clusters by arrays: each member, each way in which it can be wrong, and that maps come out in the host's own numbers. */
#include <plat.h>
#include "check.h"

enum { most_nodes = 64 };

static plat_cluster *make(const plat_cluster_arrays *arrays) {
  plat_cluster *cluster = NULL;
  DO(plat_cluster_from_arrays(arrays, &cluster, error));
  return cluster;
}

static plat_plan *plan(const plat_cluster *cluster) {
  plat_plan *made = NULL;
  DO(plat_plan_make(cluster, NULL, NULL, NULL, &made, error));
  return made;
}

static plat_cluster *refused;
#define REFUSED(arrays, with, place) \
  do { \
    refused = (plat_cluster *)&refused; \
    FAILS(plat_cluster_from_arrays(&(arrays), &refused, error), with, place); \
    CHECK(refused == NULL); \
  } while (0)

static plat_cluster_arrays plain(uint32_t nodes, uint32_t partitions) {
  plat_cluster_arrays arrays = PLAT_CLUSTER_ARRAYS_INIT;
  arrays.node_count = nodes;
  arrays.partition_count = partitions;
  return arrays;
}

/* No container twice in a row, every load within one of the others. */
static void check_spread(const plat_plan *made, const uint32_t *container, uint32_t nodes, uint32_t partitions, uint32_t width) {
  size_t count = 0;
  const uint32_t *rows = plat_plan_rows(made, &count);
  CHECK(count == (size_t)partitions * width);
  uint32_t load[most_nodes] = {0}, least = UINT32_MAX, most = 0;
  for (uint32_t partition = 0; partition < partitions; partition++) {
    for (uint32_t slot = 0; slot < width; slot++) {
      const uint32_t node = rows[partition * width + slot];
      CHECK(node < nodes);
      load[node]++;
      for (uint32_t other = 0; other < slot; other++) {
        CHECK(container[node] != container[rows[partition * width + other]]);
      }
    }
  }
  for (uint32_t node = 0; node < nodes; node++) {
    if (load[node] < least) least = load[node];
    if (load[node] > most) most = load[node];
  }
  CHECK(most - least <= 1);
}

/* The same whether nodes come box by box or shuffled; and the map goes back in as it came out. */
static void any_order_of_nodes(void) {
  static const uint32_t in_order[12] = {5, 5, 5, 5, 2, 2, 2, 2, 9, 9, 9, 9};
  static const uint32_t shuffled[12] = {5, 2, 9, 2, 5, 9, 9, 5, 2, 2, 9, 5};
  const uint32_t counts[4] = {1, 2, 0, 0};
  const plat_rule rule = {PLAT_RULE_AT_MOST, PLAT_HARD, 3, 0, 1, 0};
  for (int pass = 0; pass < 2; pass++) {
    plat_cluster_arrays arrays = plain(12, 100);
    arrays.counts = counts;
    arrays.level_count = 1;
    arrays.containers = pass ? shuffled : in_order;
    arrays.rule_count = 1;
    arrays.rules = &rule;
    plat_cluster *fresh = make(&arrays);
    CHECK(plat_cluster_rows(fresh, NULL) == NULL && plat_cluster_revision(fresh) == 0);
    plat_plan *first = plan(fresh);
    check_spread(first, arrays.containers, 12, 100, 3);
    CHECK(plat_plan_moves_lower_bound(first) == 300 && plat_plan_revision(first) == 1);

    size_t count = 0;
    const uint32_t *rows = plat_plan_rows(first, &count);
    uint8_t statuses[12] = {0};
    statuses[7] = PLAT_NODE_LEAVING;
    arrays.node_statuses = statuses;
    arrays.map = rows;
    arrays.map_revision = 41;
    for (uint32_t flags = 0; flags < 2; flags++) {
      arrays.flags = flags;
      plat_cluster *next = make(&arrays);
      size_t known = 0;
      const uint32_t *current = plat_cluster_rows(next, &known);
      CHECK(known == count && memcmp(current, rows, count * sizeof *rows) == 0);
      CHECK(plat_cluster_slots(next, 0) == 1 && plat_cluster_slots(next, 1) == 2 && plat_cluster_slots(next, 9) == 0);
      CHECK((current == rows) == (flags == PLAT_BORROW_MAP && pass == 0));
      plat_plan *second = plan(next);
      CHECK(plat_plan_revision(second) == 42);
      const uint32_t *after = plat_plan_rows(second, NULL);
      uint64_t moves = 0;
      for (size_t slot = 0; slot < count; slot++) CHECK(after[slot] != 7 && after[slot] < 12);
      for (uint32_t row = 0; row < 100; row++) {
        for (int slot = 0; slot < 3; slot++) {
          const uint32_t *held = rows + row * 3;
          const uint32_t node = after[row * 3 + (uint32_t)slot];
          moves += node != held[0] && node != held[1] && node != held[2];
        }
      }
      CHECK(moves == plat_plan_moves_lower_bound(second) && moves == 25);

      /* As if it had been carried out. */
      plat_cluster *done = NULL;
      DO(plat_cluster_after(next, second, &done, error));
      CHECK(plat_cluster_revision(done) == 42);
      CHECK(memcmp(plat_cluster_rows(done, NULL), after, count * sizeof *rows) == 0);
      plat_plan *third = plan(done);
      CHECK(plat_plan_moves_lower_bound(third) == 0);
      plat_plan_free(third);
      plat_cluster_free(done);
      plat_cluster_free(next);
      CHECK(plat_plan_revision(second) == 42);
      plat_plan_free(second);
    }
    plat_plan_free(first);
    plat_cluster_free(fresh);
  }
}

static void names_and_lookups(void) {
  const char *names[3] = {"c", "a", "b"};
  const uint32_t boxes[3] = {1, 0, 1}; /* so that the tree's order is another */
  plat_cluster_arrays arrays = plain(3, 5);
  arrays.node_names = names;
  arrays.level_count = 1;
  arrays.containers = boxes;
  plat_cluster *cluster = make(&arrays);
  CHECK(plat_cluster_node_count(cluster) == 3 && plat_cluster_partition_count(cluster) == 5);
  CHECK(plat_cluster_state_count(cluster) == PLAT_STATE_COUNT);
  for (uint32_t node = 0; node < 3; node++) {
    CHECK(strcmp(plat_cluster_node_name(cluster, node), names[node]) == 0);
    CHECK(plat_cluster_find_node(cluster, names[node]) == node);
  }
  CHECK(plat_cluster_node_name(cluster, 3) == NULL && plat_cluster_node_name(cluster, UINT32_MAX) == NULL);
  CHECK(plat_cluster_find_node(cluster, "d") == PLAT_NONE && plat_cluster_find_node(cluster, "\xff") == PLAT_NONE);
  CHECK(strcmp(plat_cluster_partition_name(cluster, 4), "4") == 0 && plat_cluster_partition_name(cluster, 5) == NULL);
  CHECK(plat_cluster_find_partition(cluster, "4") == 4 && plat_cluster_find_partition(cluster, "04") == PLAT_NONE);
  CHECK(plat_cluster_find_partition(cluster, "5") == PLAT_NONE && plat_cluster_find_partition(cluster, "-1") == PLAT_NONE);
  CHECK(strcmp(plat_cluster_state_name(cluster, PLAT_STATE_MASTER), "master") == 0);
  CHECK(strcmp(plat_cluster_state_name(cluster, PLAT_STATE_DEAD), "dead") == 0 && !plat_cluster_state_name(cluster, 4));
  plat_cluster_free(cluster);
}

static void counts_are_checked(void) {
  plat_cluster_arrays arrays = plain(3, 8);
  FAILS(plat_cluster_from_arrays(NULL, &refused, error), PLAT_INVALID_ARGUMENT, "arrays");
  FAILS(plat_cluster_from_arrays(&arrays, NULL, error), PLAT_INVALID_ARGUMENT, "cluster");
  CHECK(plat_cluster_from_arrays(NULL, NULL, NULL) == PLAT_INVALID_ARGUMENT);
  for (uint32_t size = 0; size < 4; size++) { arrays.size = size; REFUSED(arrays, PLAT_INVALID_ARGUMENT, "arrays.size"); }
  for (uint32_t size = 0; size < sizeof arrays; size++) { /* a size that cuts a pointer in two */
    if (size % 8 == 0) continue;
    arrays = plain(3, 8);
    arrays.level_count = 1;
    arrays.size = size;
    REFUSED(arrays, PLAT_INVALID_ARGUMENT, "arrays.size");
  }
  arrays = plain(3, 8);
  arrays.size = UINT32_MAX;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "arrays.size");
  struct { plat_cluster_arrays known; uint64_t newer; } longer = {plain(3, 8), 0};
  longer.known.size = sizeof longer;
  plat_cluster_free(make(&longer.known));
  longer.newer = 1;
  REFUSED(longer.known, PLAT_INVALID_ARGUMENT, "arrays.size");

  arrays = plain(3, 0);
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "partition_count");
  arrays = plain(3, UINT32_MAX);
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "partition_count");
  arrays = plain(UINT32_MAX, 8);
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "node_count");
  arrays = plain(3, 8);
  arrays.level_count = UINT32_MAX;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "level_count");
  arrays.level_count = 1;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "containers");
  arrays = plain(3, 8);
  arrays.rule_count = UINT32_MAX;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "rule_count");
  arrays.rule_count = 1;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "rules");
  arrays = plain(3, 8);
  arrays.flags = 2;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "flags");
  arrays = plain(3, 8);
  arrays.model = 7;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "model");
  arrays = plain(3, 8);
  arrays.key_function = 3;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "key_function");
  arrays = plain(3, 8);
  arrays.fan_out_strength = 3;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "fan_out_strength");
  const uint32_t absurd[4] = {UINT32_MAX, 1, 0, 0}, two_masters[4] = {2, 1, 0, 0}, dead[4] = {1, 0, 0, 1};
  arrays = plain(3, 8);
  arrays.counts = absurd;
  REFUSED(arrays, PLAT_INVALID_INPUT, "settings.constraints.master");
  arrays.counts = two_masters;
  REFUSED(arrays, PLAT_INVALID_INPUT, "settings.constraints.master");
  arrays.counts = dead;
  REFUSED(arrays, PLAT_INVALID_INPUT, "settings.constraints.dead");
  /* No nodes at all, and nothing to weigh by, are fine. */
  arrays = plain(0, 8);
  plat_cluster *empty = make(&arrays);
  plat_plan *nowhere = plan(empty);
  CHECK(plat_plan_rows(nowhere, NULL)[0] == PLAT_NONE);
  plat_plan_free(nowhere);
  plat_cluster_free(empty);
}

static void nodes_are_checked(void) {
  plat_cluster_arrays arrays = plain(3, 8);
  const char *twice[3] = {"a", "b", "a"}, *null[3] = {"a", NULL, "c"}, *no_text[3] = {"a", "\xc3", "c"}, *empty[3] = {"a", "b", ""};
  arrays.node_names = twice;
  REFUSED(arrays, PLAT_INVALID_INPUT, "nodes.a");
  arrays.node_names = null;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "node_names[1]");
  arrays.node_names = no_text;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "node_names[1]");
  arrays.node_names = empty;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "node_names[2]");
  arrays = plain(3, 8);
  const uint8_t statuses[3] = {0, 1, 4};
  arrays.node_statuses = statuses;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "node_statuses[2]");
  arrays = plain(3, 8);
  const uint64_t weights[3] = {0, 0, UINT64_MAX};
  const uint32_t capacities[3] = {0, 1u << 31, PLAT_NO_LIMIT}, capacity_too_large[3] = {1, UINT32_MAX - 1, 1};
  arrays.node_weights = weights;
  arrays.node_capacities = capacities;
  plat_cluster *cluster = make(&arrays);
  plat_plan *heavy = plan(cluster);
  plat_plan_free(heavy);
  plat_cluster_free(cluster);
  arrays.node_capacities = capacity_too_large;
  REFUSED(arrays, PLAT_INVALID_INPUT, "nodes.1.capacity");

  /* The tree. */
  arrays = plain(4, 8);
  const uint32_t torn[8] = {0, 0, 0, 1, 1, 0, 1, 2}, huge[4] = {0, 1, UINT32_MAX, 0};
  arrays.level_count = 2;
  arrays.containers = torn; /* container 0 of level 1 is in both of level 0 */
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "containers");
  arrays.level_count = 1;
  arrays.containers = huge;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "containers");
  const char *levels[2] = {"zone", "zone"};
  const uint32_t nested[8] = {0, 0, 0, 1, 1, 2, 1, 3};
  arrays.level_count = 2;
  arrays.containers = nested;
  plat_cluster_free(make(&arrays));
  arrays.level_names = levels;
  REFUSED(arrays, PLAT_INVALID_INPUT, "levels");
}

static void rules_are_checked(void) {
  const uint32_t boxes[4] = {0, 0, 1, 1};
  plat_cluster_arrays arrays = plain(4, 8);
  arrays.level_count = 1;
  arrays.containers = boxes;
  arrays.rule_count = 2;
  plat_rule rules[2] = {{PLAT_RULE_AT_MOST, PLAT_HARD, 3, 0, 1, 0}, {PLAT_RULE_NEAR, PLAT_SOFT, 2, 0, 1, 0}};
  arrays.rules = rules;
  plat_cluster_free(make(&arrays));
  const struct { size_t member; uint32_t value; const char *place; } wrong[] = {
    {offsetof(plat_rule, kind), 0, "rules[1].kind"},         {offsetof(plat_rule, kind), 3, "rules[1].kind"},
    {offsetof(plat_rule, strength), 0, "rules[1].strength"}, {offsetof(plat_rule, strength), 3, "rules[1].strength"},
    {offsetof(plat_rule, states), 0, "rules[1].states"},     {offsetof(plat_rule, states), 16, "rules[1].states"},
    {offsetof(plat_rule, states), UINT32_MAX, "rules[1].states"},
    {offsetof(plat_rule, level), 1, "rules[1].level"},       {offsetof(plat_rule, level), UINT32_MAX, "rules[1].level"},
    {offsetof(plat_rule, near), 4, "rules[1].near"},         {offsetof(plat_rule, near), UINT32_MAX, "rules[1].near"},
  };
  for (size_t index = 0; index < sizeof wrong / sizeof wrong[0]; index++) {
    const plat_rule good = rules[1];
    memcpy((char *)&rules[1] + wrong[index].member, &wrong[index].value, sizeof wrong[index].value);
    REFUSED(arrays, PLAT_INVALID_ARGUMENT, wrong[index].place);
    rules[1] = good;
  }
  rules[1].count = UINT32_MAX;
  REFUSED(arrays, PLAT_INVALID_INPUT, "settings.placement[1].atLeast");
  rules[1].count = 1;
  /* Rules of a newer header are longer. */
  struct { plat_rule known; uint64_t newer; } longer[2] = {{rules[0], 0}, {rules[1], 0}};
  arrays.rules = &longer[0].known;
  arrays.rule_size = sizeof longer[0];
  plat_cluster_free(make(&arrays));
  longer[1].newer = 1;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "rules[1]");
  arrays.rule_size = 0;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "rule_size");
}

static void maps_are_checked(void) {
  for (uint32_t slaves = 1; slaves < 14; slaves += 6) {
    const uint32_t nodes = 20, partitions = 500, width = 1 + slaves;
    const uint32_t counts[4] = {1, slaves, 0, 0};
    uint32_t *rows = malloc(sizeof *rows * partitions * width);
    for (uint32_t slot = 0; slot < partitions * width; slot++) rows[slot] = (slot / width + slot % width) % nodes;
    plat_cluster_arrays arrays = plain(nodes, partitions);
    arrays.counts = counts;
    arrays.map = rows;
    plat_cluster_free(make(&arrays));
    const uint32_t wrong[] = {nodes, nodes + 1, UINT32_MAX - 1, 1u << 31, rows[499 * width]};
    for (size_t index = 0; index < sizeof wrong / sizeof wrong[0]; index++) {
      const uint32_t slot = 499 * width + width - 1, good = rows[slot];
      char place[64];
      snprintf(place, sizeof place, "map[499][%u]", (unsigned)(width - 1));
      rows[slot] = wrong[index];
      REFUSED(arrays, PLAT_INVALID_INPUT, place);
      rows[slot] = PLAT_NONE;
      plat_cluster_free(make(&arrays));
      rows[slot] = good;
    }
    const uint32_t slots[4] = {1, UINT32_MAX, 0, 0};
    arrays.map_slots = slots;
    REFUSED(arrays, PLAT_INVALID_ARGUMENT, "map_slots");
    free(rows);
  }
  plat_cluster_arrays arrays = plain(3, 8);
  arrays.map_revision = 5;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "map_revision");
  const uint32_t rows[16] = {0, 1, 1, 0, 2, 0, 0, 2, 0, 1, 1, 0, 2, 0, 0, 2};
  arrays.map = rows;
  arrays.map_revision = UINT64_MAX;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "map_revision");
  /* Another shape: every partition has a dead one, too. */
  const uint32_t slots[4] = {1, 0, 0, 1};
  arrays.map_slots = slots;
  arrays.map_revision = 1;
  plat_cluster *cluster = make(&arrays);
  CHECK(plat_cluster_slots(cluster, PLAT_STATE_DEAD) == 1 && plat_cluster_slots(cluster, PLAT_STATE_SLAVE) == 0);
  plat_plan *made = plan(cluster);
  CHECK(plat_plan_slots(made, 0) == 1 && plat_plan_slots(made, 1) == 1 && plat_plan_slots(made, 3) == 0);
  uint32_t copy[16];
  size_t needed = 0;
  FAILS(plat_plan_copy_rows(made, copy, 15, &needed, error), PLAT_TOO_SMALL, "");
  CHECK(needed == 16);
  DO(plat_plan_copy_rows(made, copy, 16, &needed, error));
  CHECK(memcmp(copy, plat_plan_rows(made, NULL), sizeof copy) == 0);
  plat_plan_free(made);
  plat_cluster_free(cluster);
}

static void ranges_are_checked(void) {
  const uint8_t starts[] = "dmx";
  uint32_t offsets[5] = {0, 0, 1, 2, 3};
  const char *names[4] = {"first", "second", "third", "last"};
  plat_cluster_arrays arrays = plain(3, 4);
  arrays.key_function = PLAT_KEY_RANGE;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "range_offsets");
  arrays.range_offsets = offsets;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "range_starts");
  arrays.range_starts = starts;
  arrays.partition_names = names;
  plat_cluster *cluster = make(&arrays);
  CHECK(plat_cluster_find_partition(cluster, "third") == 2);
  CHECK(strcmp(plat_cluster_partition_name(cluster, 3), "last") == 0);
  plat_router *router = NULL;
  DO(plat_router_make(cluster, &router, error));
  const char *keys[] = {"", "a", "d", "dd", "m", "w", "x", "zz"};
  const uint32_t expected[] = {0, 0, 1, 1, 2, 2, 3, 3};
  for (size_t key = 0; key < 8; key++) CHECK(plat_router_find(router, keys[key], strlen(keys[key])) == expected[key]);
  plat_router_free(router);
  plat_cluster_free(cluster);
  offsets[2] = 3;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "range_offsets[3]");
  offsets[2] = 0;
  REFUSED(arrays, PLAT_INVALID_INPUT, "range_starts[1]");
  offsets[0] = 1;
  offsets[1] = 2;
  offsets[2] = 3;
  arrays.partition_count = 2;
  REFUSED(arrays, PLAT_INVALID_INPUT, "map.partitions.first.start");
  arrays.partition_count = 4;
  offsets[0] = 0;
  offsets[1] = 0;
  names[2] = "first";
  offsets[2] = 1;
  REFUSED(arrays, PLAT_INVALID_ARGUMENT, "partition_names[2]");
}

/* Leaders on two of five nodes, in the host's numbers; then one copy at the most on the first. */
static void places_are_kept(void) {
  plat_cluster_arrays arrays = plain(5, 40);
  plat_cluster *cluster = make(&arrays), *other = NULL, *with = NULL;
  const uint32_t numbers[] = {3, 0, 4, 1, 2}, leaders[] = {4, 1}, one[] = {0};
  DO(plat_cluster_renumbered(cluster, numbers, 5, &other, error));
  plat_place_rule rules[2] = {
    {PLAT_PLACE_ONLY, PLAT_HARD, 1u << PLAT_STATE_MASTER, 0, 0, 2, leaders}, {PLAT_PLACE_WITHIN, PLAT_HARD, 0, 0, 0, 1, one}};
  DO(plat_cluster_with_places(other, rules, 2, &with, error));
  plat_plan *made = plan(with);
  size_t count = 0;
  const uint32_t *rows = plat_plan_rows(made, &count);
  const uint32_t masters = plat_plan_slots(made, PLAT_STATE_MASTER);
  CHECK(count > 0 && masters == 1);
  for (size_t slot = 0; slot < count; slot++) {
    CHECK(rows[slot] != 0);
    if (slot % (count / 40) == 0) CHECK(rows[slot] == 4 || rows[slot] == 1);
  }
  plat_plan_free(made);
  plat_cluster_free(with);
  with = NULL;
  const plat_place_rule good = rules[1];
  struct { size_t offset; uint32_t value; const char *path; } wrong[] = {
    {offsetof(plat_place_rule, kind), 0, "rules[1].kind"},         {offsetof(plat_place_rule, kind), 4, "rules[1].kind"},
    {offsetof(plat_place_rule, strength), 3, "rules[1].strength"}, {offsetof(plat_place_rule, states), 16, "rules[1].states"},
    {offsetof(plat_place_rule, node_count), 0, "rules[1].node_count"}, {offsetof(plat_place_rule, node_count), 6, "rules[1].node_count"},
  };
  for (size_t index = 0; index < sizeof wrong / sizeof *wrong; index++) {
    memcpy((char *)&rules[1] + wrong[index].offset, &wrong[index].value, 4);
    FAILS(plat_cluster_with_places(other, rules, 2, &with, error), PLAT_INVALID_ARGUMENT, wrong[index].path);
    rules[1] = good;
  }
  rules[1].nodes = (const uint32_t[]){5};
  FAILS(plat_cluster_with_places(other, rules, 2, &with, error), PLAT_INVALID_ARGUMENT, "rules[1].nodes[0]");
  rules[1].nodes = NULL;
  FAILS(plat_cluster_with_places(other, rules, 2, &with, error), PLAT_INVALID_ARGUMENT, "rules[1].nodes");
  rules[1] = good;
  rules[0].at_most = 1;
  FAILS(plat_cluster_with_places(other, rules, 2, &with, error), PLAT_INVALID_ARGUMENT, "rules[0].at_most");
  FAILS(plat_cluster_with_places(other, NULL, 2, &with, error), PLAT_INVALID_ARGUMENT, "rules");
  CHECK(with == NULL);
  plat_cluster_free(other);
  plat_cluster_free(cluster);
}

static void nodes_are_renumbered(void) {
  plat_cluster_arrays arrays = plain(5, 40);
  const char *const names[] = {"a", "b", "c", "d", "e"};
  arrays.node_names = names;
  plat_cluster *cluster = make(&arrays), *other = NULL, *back = NULL;
  const uint32_t numbers[] = {3, 0, 4, 1, 2}, inverse[] = {1, 3, 4, 0, 2};
  DO(plat_cluster_renumbered(cluster, numbers, 5, &other, error));
  for (uint32_t node = 0; node < 5; node++) {
    CHECK(strcmp(plat_cluster_node_name(other, numbers[node]), names[node]) == 0 && plat_cluster_find_node(other, names[node]) == numbers[node]);
  }
  plat_plan *first = plan(cluster), *second = plan(other);
  size_t count = 0;
  const uint32_t *rows = plat_plan_rows(first, &count), *others = plat_plan_rows(second, NULL);
  for (size_t slot = 0; slot < count; slot++) CHECK(others[slot] == numbers[rows[slot]]);
  DO(plat_cluster_renumbered(other, inverse, 5, &back, error));
  CHECK(strcmp(plat_cluster_node_name(back, 0), "a") == 0 && plat_cluster_find_node(back, "e") == 4);
  plat_cluster_free(back);
  FAILS(plat_cluster_renumbered(cluster, numbers, 4, &back, error), PLAT_INVALID_ARGUMENT, "count");
  FAILS(plat_cluster_renumbered(cluster, NULL, 5, &back, error), PLAT_INVALID_ARGUMENT, "numbers");
  FAILS(plat_cluster_renumbered(cluster, (const uint32_t[]){0, 1, 2, 3, 5}, 5, &back, error), PLAT_INVALID_ARGUMENT, "numbers[4]");
  FAILS(plat_cluster_renumbered(cluster, (const uint32_t[]){0, 1, 2, 1, 4}, 5, &back, error), PLAT_INVALID_ARGUMENT, "numbers[3]");
  CHECK(back == NULL);
  plat_plan_free(first);
  plat_plan_free(second);
  plat_cluster_free(other);
  plat_cluster_free(cluster);
}

static void keys_are_routed(void) {
  plat_cluster_arrays arrays = plain(3, 1440);
  plat_cluster *cluster = make(&arrays);
  plat_router *router = NULL;
  DO(plat_router_make(cluster, &router, error));
  plat_cluster_free(cluster); /* the router lives on */
  /* CRC-32 of 123456789 is cbf43926. */
  CHECK(plat_router_find(router, "123456789", 9) == 0xcbf43926u % 1440);
  CHECK(plat_router_find(router, NULL, 0) == 0 && plat_router_find(router, "", 0) == 0);
  CHECK(plat_router_find(router, NULL, 1) == PLAT_NONE && plat_router_find(NULL, "a", 1) == PLAT_NONE);
  uint32_t offsets[4] = {0, 9, 9, 14}, partitions[3] = {7, 7, 7};
  DO(plat_router_find_batch(router, "123456789hello", 14, offsets, 3, partitions, error));
  CHECK(partitions[0] == 0xcbf43926u % 1440 && partitions[1] == 0 && partitions[2] == plat_router_find(router, "hello", 5));
  DO(plat_router_find_batch(router, NULL, 0, NULL, 0, NULL, error));
  FAILS(plat_router_find_batch(router, "123456789hello", 13, offsets, 3, partitions, error), PLAT_INVALID_ARGUMENT, "offsets[3]");
  offsets[2] = 8;
  FAILS(plat_router_find_batch(router, "123456789hello", 14, offsets, 3, partitions, error), PLAT_INVALID_ARGUMENT, "offsets[2]");
  offsets[2] = UINT32_MAX;
  FAILS(plat_router_find_batch(router, "123456789hello", 14, offsets, 3, partitions, error), PLAT_INVALID_ARGUMENT, "offsets[3]");
  offsets[2] = 9;
  FAILS(plat_router_find_batch(router, NULL, 14, offsets, 3, partitions, error), PLAT_INVALID_ARGUMENT, "keys");
  FAILS(plat_router_find_batch(router, "", 14, NULL, 3, partitions, error), PLAT_INVALID_ARGUMENT, "offsets");
  FAILS(plat_router_find_batch(router, "", 14, offsets, 3, NULL, error), PLAT_INVALID_ARGUMENT, "partitions");
  FAILS(plat_router_find_batch(router, "", 14, offsets, SIZE_MAX, partitions, error), PLAT_INVALID_ARGUMENT, "count");
  FAILS(plat_router_find_batch(router, "", SIZE_MAX, offsets, 3, partitions, error), PLAT_INVALID_ARGUMENT, "keys");
  FAILS(plat_router_find_batch(NULL, "", 0, offsets, 3, partitions, error), PLAT_INVALID_ARGUMENT, "router");
  plat_router_free(router);
}

static void options_are_checked(void) {
  plat_options *options = NULL;
  DO(plat_options_make(&options, error));
  uint32_t count = 0;
  for (plat_option option = PLAT_OPTION_INIT; plat_option_info(count, &option, NULL) == PLAT_OK; count++) {
    CHECK(option.name && option.meaning && option.kind >= PLAT_OPTION_NUMBER && option.kind <= PLAT_OPTION_TEXT);
    if (option.kind == PLAT_OPTION_NUMBER) {
      DO(plat_options_set_number(options, option.name, option.least, error));
      DO(plat_options_set_number(options, option.name, option.most, error));
      if (option.least > 0) FAILS(plat_options_set_number(options, option.name, option.least - 1, error), PLAT_INVALID_ARGUMENT, option.name);
      if (option.most < UINT64_MAX) FAILS(plat_options_set_number(options, option.name, option.most + 1, error), PLAT_INVALID_ARGUMENT, option.name);
    }
    if (option.kind != PLAT_OPTION_TEXT) FAILS(plat_options_set(options, option.name, "-1", error), PLAT_INVALID_ARGUMENT, option.name);
    if (option.default_value) DO(plat_options_set(options, option.name, option.default_value, error));
    DO(plat_options_set(options, option.name, NULL, error));
  }
  CHECK(count >= 3);
  FAILS(plat_option_info(UINT32_MAX, &(plat_option)PLAT_OPTION_INIT, error), PLAT_NOT_FOUND, "");
  FAILS(plat_options_set(options, "thread", "1", error), PLAT_INVALID_ARGUMENT, "name");
  FAILS(plat_options_set(options, NULL, "1", error), PLAT_INVALID_ARGUMENT, "name");
  FAILS(plat_options_set(NULL, "threads", "1", error), PLAT_INVALID_ARGUMENT, "options");
  FAILS(plat_options_set(options, "operation", "swop", error), PLAT_INVALID_ARGUMENT, "operation");

  /* They are heeded: too little memory is a status, and the cluster is as good as before. */
  plat_cluster_arrays arrays = plain(50, 10000);
  plat_cluster *cluster = make(&arrays);
  plat_plan *made = NULL;
  DO(plat_options_set_number(options, "memoryLimitBytes", 10000, error));
  FAILS(plat_plan_make(cluster, NULL, options, NULL, &made, error), PLAT_OUT_OF_MEMORY, "");
  CHECK(made == NULL);
  DO(plat_options_set_number(options, "memoryLimitBytes", 0, error));
  DO(plat_options_set_number(options, "threads", 4, error));
  DO(plat_plan_make(cluster, NULL, options, NULL, &made, error));
  CHECK(plat_plan_peak_bytes(made) >= 80000 && plat_plan_peak_bytes(made) < 4000000);
  plat_cluster *after = NULL;
  DO(plat_cluster_after(cluster, made, &after, error));
  plat_plan_free(made);
  DO(plat_options_set(options, "operation", "failover", error));
  DO(plat_plan_make(after, NULL, options, NULL, &made, error));
  CHECK(strcmp(plat_plan_operation(made), "failover") == 0);
  plat_plan_free(made);
  DO(plat_options_set(options, "operation", "restore-back", error));
  FAILS(plat_plan_make(after, NULL, options, NULL, &made, error), PLAT_INVALID_ARGUMENT, "earlier");
  FAILS(plat_plan_make(after, cluster, options, NULL, &made, error), PLAT_INVALID_ARGUMENT, "earlier");
  DO(plat_plan_make(after, after, options, NULL, &made, error));
  CHECK(plat_plan_moves_lower_bound(made) == 0);
  plat_plan_free(made);
  DO(plat_options_set(options, "operation", NULL, error));
  FAILS(plat_plan_make(after, after, options, NULL, &made, error), PLAT_INVALID_ARGUMENT, "earlier");
  plat_cluster_free(after);
  plat_cluster_free(cluster);
  plat_options_free(options);
}

static void errors_fit(void) {
  char name[4000];
  memset(name, 'x', sizeof name - 1);
  name[sizeof name - 1] = 0;
  memcpy(name + 254, "\xe2\x82\xac", 3); /* a character across the end of a field */
  plat_options *options = NULL;
  DO(plat_options_make(&options, error));
  struct { plat_error error; char beyond[16]; } guarded;
  memset(&guarded, 0x5a, sizeof guarded);
  guarded.error.size = sizeof guarded.error;
  CHECK(plat_options_set(options, name, "1", &guarded.error) == PLAT_INVALID_ARGUMENT);
  CHECK(strlen(guarded.error.message) == sizeof guarded.error.message - 1 && guarded.beyond[0] == 0x5a);
  CHECK(strlen(guarded.error.found) < sizeof guarded.error.found && (guarded.error.found[strlen(guarded.error.found) - 1] & 0x80) == 0);
  /* A shorter one of an older header gets as much as it holds. */
  memset(&guarded, 0x5a, sizeof guarded);
  guarded.error.size = 16;
  CHECK(plat_options_set(options, "none", "1", &guarded.error) == PLAT_INVALID_ARGUMENT);
  CHECK(guarded.error.status == PLAT_INVALID_ARGUMENT && guarded.error.message[0] == 0x5a);
  plat_options_free(options);
}

int main(void) {
  CHECK(plat_version_number() == PLAT_VERSION_NUMBER);
  any_order_of_nodes();
  names_and_lookups();
  counts_are_checked();
  nodes_are_checked();
  rules_are_checked();
  maps_are_checked();
  ranges_are_checked();
  places_are_kept();
  nodes_are_renumbered();
  keys_are_routed();
  options_are_checked();
  errors_fit();
  puts("all is so");
  return 0;
}
