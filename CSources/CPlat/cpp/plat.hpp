// plat.hpp: plat.h for C++11 and later: handles that free themselves, errors that are thrown. Nothing but that, and all in this header:
// functions that are not here are called as in C, with what `get()` gives.
//
//   plat::cluster cluster = plat::cluster::from_arrays(arrays);
//   plat::plan plan = cluster.make_plan();
//   for (uint32_t node : plan.rows()) …
//
// What holds of a handle in plat.h holds of its object here: clusters, plans, reports, routers and steps may be used by several threads at once.
// Objects are moved, not copied.
#ifndef PLAT_HPP
#define PLAT_HPP

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>
#include "plat.h"

namespace plat {

// ----- Errors

/// A call has failed. `what()` is the whole message; the parts are those of plat_error.
class error : public std::runtime_error {
 public:
  explicit error(const plat_error &told)
    : std::runtime_error(told.message), status_(static_cast<plat_status>(told.status)), path_(told.path), found_(told.found),
      expected_(told.expected), line_(told.line), column_(told.column) {}

  plat_status status() const noexcept { return status_; }
  const std::string &path() const noexcept { return path_; }
  const std::string &found() const noexcept { return found_; }
  const std::string &expected() const noexcept { return expected_; }
  /// From 1; 0: not about a place in a document.
  uint32_t line() const noexcept { return line_; }
  uint32_t column() const noexcept { return column_; }

 private:
  plat_status status_;
  std::string path_, found_, expected_;
  uint32_t line_, column_;
};

/// Calls a function of plat.h with a plat_error behind its other arguments. Throws std::bad_alloc where there is too little memory, else
/// `error`.
template <typename Function, typename... Arguments>
void call(Function function, Arguments... arguments) {
  plat_error told = PLAT_ERROR_INIT;
  const plat_status status = function(arguments..., &told);
  if (status == PLAT_OK) return;
  if (status == PLAT_OUT_OF_MEMORY) throw std::bad_alloc();
  told.status = static_cast<int32_t>(status);
  throw error(told);
}

// ----- Handles

/// Owns a handle, or none. What is moved from has none, and takes NULL's place in calls.
template <typename Handle, void (*Free)(Handle *)>
class owner {
 public:
  owner() noexcept : handle_(nullptr) {}
  explicit owner(Handle *handle) noexcept : handle_(handle) {}
  owner(owner &&other) noexcept : handle_(other.release()) {}
  owner &operator=(owner &&other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  owner(const owner &) = delete;
  owner &operator=(const owner &) = delete;
  ~owner() { Free(handle_); }

  Handle *get() const noexcept { return handle_; }
  Handle *release() noexcept {
    Handle *handle = handle_;
    handle_ = nullptr;
    return handle;
  }
  void reset(Handle *handle = nullptr) noexcept {
    Handle *before = handle_;
    handle_ = handle;
    Free(before);
  }
  explicit operator bool() const noexcept { return handle_ != nullptr; }

 private:
  Handle *handle_;
};

/// Calls a function whose last argument but the error is the place of a new handle.
template <typename Object, typename Handle, typename Function, typename... Arguments>
Object make(Function function, Arguments... arguments) {
  Handle *handle = nullptr;
  plat::call(function, arguments..., &handle);
  return Object(handle);
}

/// Numbers that lie in a handle: for as long as that lives.
class numbers {
 public:
  numbers(const uint32_t *first, std::size_t count) noexcept : first_(first), count_(count) {}
  const uint32_t *begin() const noexcept { return first_; }
  const uint32_t *end() const noexcept { return first_ + count_; }
  const uint32_t *data() const noexcept { return first_; }
  std::size_t size() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }
  uint32_t operator[](std::size_t index) const noexcept { return first_[index]; }

 private:
  const uint32_t *first_;
  std::size_t count_;
};

class options : public owner<plat_options, plat_options_free> {
 public:
  options() : owner(make<owner<plat_options, plat_options_free>, plat_options>(plat_options_make)) {}
  options &set(const std::string &name, const std::string &value) {
    plat::call(plat_options_set, get(), name.c_str(), value.c_str());
    return *this;
  }
  options &set(const std::string &name, const char *value) { return set(name, std::string(value)); }
  options &set(const std::string &name, uint64_t value) {
    plat::call(plat_options_set_number, get(), name.c_str(), value);
    return *this;
  }
};

/// Follows and cancels calls. The function is told each stage on the thread that called, and says whether to go on; what it throws comes out of
/// the call as PLAT_CANCELLED, and `rethrow` throws it again.
class control : public owner<plat_control, plat_control_free> {
 public:
  control() { attach(nullptr, nullptr); }
  explicit control(std::function<bool(const char *stage)> goes_on) : heard_(new heard{std::move(goes_on), nullptr}) {
    attach(&control::hear, heard_.get());
  }
  void cancel() const noexcept { plat_control_cancel(get()); }
  bool is_cancelled() const noexcept { return plat_control_is_cancelled(get()) != 0; }
  double fraction() const noexcept { return plat_control_fraction(get()); }
  void rethrow() const {
    if (heard_ && heard_->thrown) std::rethrow_exception(heard_->thrown);
  }

 private:
  struct heard {
    std::function<bool(const char *stage)> goes_on;
    std::exception_ptr thrown;
  };
  std::unique_ptr<heard> heard_;

  void attach(plat_progress progress, void *context) {
    plat_control *made = nullptr;
    plat::call(plat_control_make, progress, context, &made);
    reset(made);
  }
  static int32_t hear(void *context, const char *stage) {
    heard *of = static_cast<heard *>(context);
    try {
      return of->goes_on(stage) ? 0 : 1;
    } catch (...) {
      of->thrown = std::current_exception();
      return 1;
    }
  }
};

/// A document that came out.
class bytes : public owner<plat_bytes, plat_bytes_free> {
 public:
  using owner::owner;
  const void *data() const noexcept { return plat_bytes_data(get()); }
  std::size_t size() const noexcept { return plat_bytes_length(get()); }
  std::string text() const { return std::string(static_cast<const char *>(data()), size()); }
};

class report : public owner<plat_report, plat_report_free> {
 public:
  using owner::owner;
  plat_summary summary() const {
    plat_summary told = PLAT_SUMMARY_INIT;
    plat::call(plat_report_summary, get(), &told);
    return told;
  }
  /// Below `load_count` of the summary; texts are the report's.
  plat_load load(uint32_t index) const {
    plat_load told = PLAT_LOAD_INIT;
    plat::call(plat_report_load, get(), index, &told);
    return told;
  }
  plat_finding finding(uint32_t index) const {
    plat_finding told = PLAT_FINDING_INIT;
    plat::call(plat_report_finding, get(), index, &told);
    return told;
  }
  bytes to_document() const { return make<bytes, plat_bytes>(plat_report_to_document, get()); }
};

class steps : public owner<plat_steps, plat_steps_free> {
 public:
  using owner::owner;
  std::size_t size() const noexcept { return plat_steps_count(get()); }
  plat_step operator[](std::size_t index) const {
    plat_step told = plat_step();
    plat::call(plat_steps_copy, get(), index, std::size_t(1), &told);
    return told;
  }
  numbers after(std::size_t index) const noexcept {
    std::size_t count = 0;
    const uint32_t *first = plat_steps_after(get(), index, &count);
    return numbers(first, count);
  }
  std::size_t unmet_count() const noexcept { return plat_steps_unmet_count(get()); }
  bytes to_document() const { return make<bytes, plat_bytes>(plat_steps_to_document, get()); }
};

class plan : public owner<plat_plan, plat_plan_free> {
 public:
  using owner::owner;
  numbers rows() const noexcept {
    std::size_t count = 0;
    const uint32_t *first = plat_plan_rows(get(), &count);
    return numbers(first, count);
  }
  uint32_t slots(uint32_t state) const noexcept { return plat_plan_slots(get(), state); }
  uint64_t revision() const noexcept { return plat_plan_revision(get()); }
  std::string operation() const {
    const char *text = plat_plan_operation(get());
    return text ? text : "";
  }
  uint64_t moves_lower_bound() const noexcept { return plat_plan_moves_lower_bound(get()); }
  std::vector<plat_move> moves() const {
    std::size_t count = 0;
    plat_error told = PLAT_ERROR_INIT;
    if (plat_plan_moves(get(), nullptr, 0, &count, &told) == PLAT_OK) return std::vector<plat_move>();
    std::vector<plat_move> all(count);
    plat::call(plat_plan_moves, get(), all.data(), all.size(), &count);
    return all;
  }
  steps make_steps(const options *given = nullptr, const control *governing = nullptr) const {
    return make<steps, plat_steps>(plat_steps_make, get(), given ? given->get() : nullptr, governing ? governing->get() : nullptr);
  }
  bytes to_document(const options *given = nullptr, const control *governing = nullptr) const {
    return make<bytes, plat_bytes>(plat_plan_to_document, get(), given ? given->get() : nullptr, governing ? governing->get() : nullptr);
  }
};

class router : public owner<plat_router, plat_router_free> {
 public:
  using owner::owner;
  uint32_t find(const void *key, std::size_t length) const noexcept { return plat_router_find(get(), key, length); }
  uint32_t find(const std::string &key) const noexcept { return find(key.data(), key.size()); }
};

class cluster : public owner<plat_cluster, plat_cluster_free> {
 public:
  using owner::owner;

  static cluster from_arrays(const plat_cluster_arrays &arrays) {
    return make<cluster, plat_cluster>(plat_cluster_from_arrays, &arrays);
  }
  static cluster from_document(const std::string &document, const char *name = nullptr) {
    return make<cluster, plat_cluster>(
      plat_cluster_from_document, static_cast<const void *>(document.data()), document.size(), name);
  }

  uint32_t node_count() const noexcept { return plat_cluster_node_count(get()); }
  uint32_t partition_count() const noexcept { return plat_cluster_partition_count(get()); }
  /// Empty where there is no such node.
  std::string node_name(uint32_t node) const {
    const char *text = plat_cluster_node_name(get(), node);
    return text ? text : "";
  }
  uint32_t find_node(const std::string &name) const noexcept { return plat_cluster_find_node(get(), name.c_str()); }
  numbers rows() const noexcept {
    std::size_t count = 0;
    const uint32_t *first = plat_cluster_rows(get(), &count);
    return numbers(first, count);
  }
  uint64_t revision() const noexcept { return plat_cluster_revision(get()); }

  plan make_plan(const options *given = nullptr, const control *governing = nullptr, const cluster *earlier = nullptr) const {
    return make<plan, plat_plan>(
      plat_plan_make, get(), earlier ? earlier->get() : nullptr, given ? given->get() : nullptr, governing ? governing->get() : nullptr);
  }
  cluster with_places(const plat_place_rule *rules, std::size_t count) const {
    return make<cluster, plat_cluster>(plat_cluster_with_places, get(), rules, count);
  }
  cluster after(const plan &carried_out) const { return make<cluster, plat_cluster>(plat_cluster_after, get(), carried_out.get()); }
  report check(const plan *judged = nullptr, const options *given = nullptr, const control *governing = nullptr) const {
    return make<report, plat_report>(
      plat_check, get(), judged ? judged->get() : nullptr, given ? given->get() : nullptr, governing ? governing->get() : nullptr);
  }
  report verify(const plan &proved, const options *given = nullptr, const control *governing = nullptr) const {
    return make<report, plat_report>(
      plat_verify, get(), proved.get(), given ? given->get() : nullptr, governing ? governing->get() : nullptr);
  }
  router make_router() const { return make<router, plat_router>(plat_router_make, get()); }
  bytes to_document(const options *given = nullptr) const {
    return make<bytes, plat_bytes>(plat_cluster_to_document, get(), given ? given->get() : nullptr);
  }
};

}  // namespace plat

#endif
