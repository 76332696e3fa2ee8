// plat.hpp: handles free themselves in whatever order, are moved, and errors are thrown.
#include <plat.hpp>
#include <plat.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>

#define CHECK(condition) \
  do { \
    if (!(condition)) { \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      std::exit(1); \
    } \
  } while (0)

static plat::cluster three_zones(const uint32_t *map = nullptr) {
  static const uint32_t containers[6] = {0, 0, 1, 1, 2, 2}, counts[4] = {1, 2, 0, 0};
  static const plat_rule rule = {PLAT_RULE_AT_MOST, PLAT_HARD, 3, 0, 1, 0};
  plat_cluster_arrays arrays = PLAT_CLUSTER_ARRAYS_INIT;
  arrays.node_count = 6;
  arrays.partition_count = 12;
  arrays.counts = counts;
  arrays.level_count = 1;
  arrays.containers = containers;
  arrays.rules = &rule;
  arrays.rule_count = 1;
  arrays.map = map;
  return plat::cluster::from_arrays(arrays);
}

template <typename Call>
static plat_status fails(Call call, const std::string &path) {
  try {
    call();
  } catch (const plat::error &error) {
    CHECK(error.path() == path && std::string(error.what()).find(error.found()) != std::string::npos);
    return error.status();
  }
  return PLAT_OK;
}

static void planning() {
  plat::cluster cluster = three_zones();
  plat::plan plan = cluster.make_plan(), other;
  CHECK(!other && plan && plan.rows().size() == 36 && plan.slots(PLAT_STATE_SLAVE) == 2 && plan.operation() == "rebalance");
  plat::cluster after = cluster.after(plan);
  cluster = plat::cluster(); // freed before what was made from it
  uint32_t load[6] = {0};
  for (uint32_t node : plan.rows()) load[node]++;
  for (uint32_t each : load) CHECK(each == 6);
  other = std::move(plan);
  CHECK(fails([&] { plan.moves(); }, "plan") == PLAT_INVALID_ARGUMENT);
  CHECK(!plan && plan.rows().empty() && other.moves().size() == 36 && other.moves_lower_bound() == 36);
  CHECK(after.make_plan().moves().empty() && after.revision() == 1 && after.node_name(9).empty() && after.find_node("3") == 3);
  const plat::report report = after.verify(after.make_plan());
  CHECK(report.summary().holds == 1 && report.load(0).state == std::string("master"));
  CHECK(fails([&] { report.finding(0); }, "") == PLAT_NOT_FOUND);
  const plat::steps steps = other.make_steps();
  CHECK(steps.size() > 36 && steps.unmet_count() == 0 && steps[0].after_count == steps.after(0).size());
  const plat::cluster read = plat::cluster::from_document(after.to_document().text());
  CHECK(read.rows().size() == 36 && std::equal(read.rows().begin(), read.rows().end(), after.rows().begin()));
  CHECK(read.make_router().find("key") < 12);
}

static void errors_and_cancelling() {
  plat::options options;
  options.set("threads", uint64_t(2)).set("operation", "rebalance");
  CHECK(fails([&] { options.set("threads", uint64_t(0)); }, "threads") == PLAT_INVALID_ARGUMENT);
  CHECK(fails([] { plat::cluster::from_document("{\"plat\": 1, \"nodes\": {\"a\": {\"weight\": true}}}"); }, "nodes.a.weight") == PLAT_INVALID_INPUT);
  plat::cluster cluster = three_zones();
  bool is_thrown = false;
  try {
    options.set("memoryLimitBytes", uint64_t(100));
    cluster.make_plan(&options);
  } catch (const std::bad_alloc &) { is_thrown = true; }
  CHECK(is_thrown);
  plat::control stopped([](const char *) { return false; });
  CHECK(fails([&] { cluster.make_plan(nullptr, &stopped); }, "") == PLAT_CANCELLED && stopped.is_cancelled());
  stopped.rethrow();
  plat::control thrown([](const char *stage) -> bool { throw std::runtime_error(stage); });
  CHECK(fails([&] { cluster.make_plan(nullptr, &thrown); }, "") == PLAT_CANCELLED);
  try {
    thrown.rethrow();
    CHECK(false);
  } catch (const plat::error &) { CHECK(false); } catch (const std::runtime_error &error) { CHECK(error.what() == std::string("prepare")); }
  plat::control elsewhere;
  std::thread([&] { elsewhere.cancel(); }).join();
  CHECK(fails([&] { cluster.check(nullptr, nullptr, &elsewhere); }, "") != PLAT_OK);
  plat::control moved(std::move(elsewhere));
  CHECK(moved.is_cancelled() && !elsewhere.is_cancelled());
  plat::control whole;
  cluster.make_plan(nullptr, &whole);
  CHECK(whole.fraction() == 1);
}

int main() {
  planning();
  errors_and_cancelling();
  std::puts("all is so");
}
