/* plat.h: Plat, a partition-placement engine, inside other programs.
 *
 * Plat decides which node of a cluster holds which partition in which state, and goes from one such map to the next with
 * the fewest moves. This header is the reference, from easy to hard; docs/C-API.md is the guide, with pictures.
 *
 *   1  Versions, statuses, errors           5  Options; progress and cancelling
 *   2  Describing a cluster                 6  Judging: what a map comes to
 *   3  Planning, and reading the result     7  The way there: moves and steps
 *   4  Finding the partition of a key       8  Documents, and whatever else the command line does
 *
 * WHAT HOLDS EVERYWHERE
 *
 * Handles.  plat_cluster, plat_plan and the others are opaque. Whoever gets one frees it, with the _free of its kind;
 *   NULL is allowed there and does nothing. A handle may be freed while others that were made from it live on.
 * Pointers out.  What a function returns a pointer to (a name, rows of a map) belongs to the handle that it was asked of
 *   and stays as it is until that handle is freed. Nobody else writes to it, and the caller must not.
 * Arrays in.  They are read during the call only, and copied where more is needed (but see PLAT_BORROW_MAP). Each is
 *   described by its length, unit and meaning. All of it is checked: whatever is in an array, the worst is an error.
 *   What cannot be checked is the caller's: that a pointer points to as much memory as was said.
 * Text.  UTF-8, ended by a zero byte. Names that are no UTF-8 are refused.
 * Structs.  The first member is `size`, which the caller sets to sizeof the struct (the PLAT_…_INIT do, in C and C++). They grow at
 *   the end: a program built with an older header goes on with newer libraries; members that it does not know count as 0,
 *   which everywhere means "as if it were not there". A larger struct than the library knows is taken if the rest is 0.
 * Errors.  Every function that can fail returns a plat_status and takes a plat_error as its last argument, which may be
 *   NULL. On failure outputs are set to NULL or 0, or left alone, and nothing else has changed. Of each function, and not
 *   said again: PLAT_INVALID_ARGUMENT where an argument is not what is asked for; PLAT_OUT_OF_MEMORY; where it goes by a
 *   control, its own or its thread's, PLAT_CANCELLED; where it reads a document, PLAT_INVALID_INPUT with line and column.
 *   Functions that cannot fail take NULL for a handle and then return 0, NULL or PLAT_NONE.
 * Stack.  64 KiB of the caller's are enough: what works long goes on a stack of its own where less than 512 KiB are left.
 * Threads.  Any function may be called from any thread. Clusters, plans, reports, routers and steps never change once they
 *   are made, so any number of threads may use one at the same time; a handle is freed when no call uses it any more.
 *   Calls on one orchestrator or agent wait for each other.
 *   plat_options and plat_error belong to one thread at a time; a plat_control may be cancelled from any.
 * A good guest.  The library prints nothing, installs no signal handlers, reads neither environment nor locale, opens no
 *   files but those of plat_batch, and leaves the host's malloc alone. The same input gives the same result, byte for byte, on every machine and
 *   with any number of threads.
 *
 * Costs are given with N nodes, P partitions and R replicas of each.
 */
#ifndef PLAT_H
#define PLAT_H

#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#define PLAT_NULLABLE _Nullable
#define PLAT_NONNULL _Nonnull
#define PLAT_HAS_NULLABILITY 1
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-extension"
#pragma clang diagnostic ignored "-Wnullability-completeness"
#else
#define PLAT_NULLABLE
#define PLAT_NONNULL
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ===== 1  Versions, statuses, errors ============================================================================= */

/* The version of this header, and of all of Plat: the one place where it stands. Within a major version programs go on without being built again. */
#define PLAT_VERSION_MAJOR 1
#define PLAT_VERSION_MINOR 0
#define PLAT_VERSION_PATCH 0
#define PLAT_VERSION_NUMBER (PLAT_VERSION_MAJOR * 1000000 + PLAT_VERSION_MINOR * 1000 + PLAT_VERSION_PATCH)

/* The version of the library that is running: PLAT_VERSION_NUMBER, and "MAJOR.MINOR.PATCH". Static memory. */
uint32_t plat_version_number(void);
const char *PLAT_NONNULL plat_version(void);

typedef enum plat_status {
  PLAT_OK = 0,                /* Done. What a map does not meet is no failure: ask for a report. */
  PLAT_INVALID_ARGUMENT = 1,  /* The call is wrong: NULL where there must be something, a wrong size, an absurd count. */
  PLAT_INVALID_INPUT = 2,     /* What is described, by arrays or a document, is not valid; the error says where. */
  PLAT_UNSUPPORTED = 3,       /* Valid, but beyond what this version does. */
  PLAT_OUT_OF_MEMORY = 4,     /* The limit or the system has no memory left. Handles stay valid. */
  PLAT_CANCELLED = 5,         /* plat_control_cancel, or a progress function that said so. */
  PLAT_NOT_FOUND = 6,         /* Nothing has that name, or there is nothing to ask about: a fresh cluster has no map. */
  PLAT_TOO_SMALL = 7,         /* The array for the result is too small; its count has been set to what is needed. */
  PLAT_IO = 8,                /* A file cannot be read or written. Of plat_batch only: nothing else knows of files. */
  PLAT_FAULTY_PLAN = 9,       /* The planner made a plan that breaks what none may break. A fault of the library, which keeps the
                               * plan back: please report the message with the version, the cluster and the options. */
  PLAT_LOST_DISK = 10         /* A node starts again without what it had promised: its disk is not the one that it had. */
} plat_status;

/* The status of a call, as functions return it: compilers warn where nobody looks at it. Defined as plat_status before this header
 * is included, it is not asked for. */
#ifndef PLAT_STATUS
#if (defined(__cplusplus) && __cplusplus >= 201703L) || (defined(__STDC_VERSION__) && __STDC_VERSION__ > 201710L)
#define PLAT_STATUS [[nodiscard]] plat_status
#elif defined(__GNUC__)
#define PLAT_STATUS __attribute__((warn_unused_result)) plat_status
#else
#define PLAT_STATUS plat_status
#endif
#endif

/* "invalid argument", "out of memory" …; "unknown status" for other numbers. Static memory. */
const char *PLAT_NONNULL plat_status_name(int32_t status);

/* What went wrong in one call. The caller's own memory, on the stack as a rule, so that even a lack of memory can be told.
 * Set by calls that fail, and only by them: `status` is PLAT_OK until then. Texts are cut where they do not fit. */
typedef struct plat_error {
  uint32_t size;        /* sizeof(plat_error) */
  int32_t status;       /* a plat_status */
  uint32_t line;        /* In documents: from 1. 0: not about a place in a document. */
  uint32_t column;      /* From 1, in code points. */
  char message[768];    /* All of it in one line: "cluster.json:12:7: nodes.a.weight: found true, expected a number". */
  char path[256];       /* Where: the path in the document, or the member of the struct: "rules[1].level". */
  char found[256];      /* What stands there, and what was expected. */
  char expected[256];
} plat_error;
#define PLAT_ERROR_INIT { sizeof(plat_error), PLAT_OK, 0, 0, {0}, {0}, {0}, {0} }

/* ===== 2  Describing a cluster =================================================================================== */

/* A cluster: nodes with their place in a tree of containers, the settings, and the current map, unless it is fresh. */
typedef struct plat_cluster plat_cluster;

/* No node (an empty slot), no limit. */
#define PLAT_NONE UINT32_MAX
#define PLAT_NO_LIMIT UINT32_MAX

/* State models. Clusters with models of their own are described by documents. */
#define PLAT_MODEL_MASTER_SLAVE 0u  /* 1 master, 1 slave, unless `counts` say otherwise */
#define PLAT_MODEL_MULTI_MASTER 1u  /* 2 masters */

/* The states of both models, most important first. Arrays "for each state" have PLAT_STATE_COUNT elements. */
#define PLAT_STATE_MASTER 0u
#define PLAT_STATE_SLAVE 1u
#define PLAT_STATE_PENDING 2u  /* passed through on the way: never asked for */
#define PLAT_STATE_DEAD 3u     /* the same; holds no data */
#define PLAT_STATE_COUNT 4u
#define PLAT_STATE_NULL UINT32_MAX  /* no state at all */

/* How keys become partitions. */
#define PLAT_KEY_CRC32 0u          /* CRC-32/ISO-HDLC of the key, mod the number of partitions */
#define PLAT_KEY_CRC32_VBUCKET 1u  /* the Couchbase clients' form: (crc >> 16) & 0x7fff, mod the number of partitions */
#define PLAT_KEY_RANGE 2u          /* by key range: see `range_starts` */

/* The status of a node. */
#define PLAT_NODE_ACTIVE 0u
#define PLAT_NODE_LEAVING 1u      /* moves everything off */
#define PLAT_NODE_MAINTENANCE 2u  /* keeps its slaves, masters move off, gets nothing new */
#define PLAT_NODE_FAILED 3u       /* holds nothing that can be read */

/* A rule is never broken (hard: what cannot be placed stays unplaced), or only where there is no other way (soft). */
#define PLAT_HARD 1u
#define PLAT_SOFT 2u

#define PLAT_RULE_AT_MOST 1u  /* of a partition's replicas in `states`, at most `count` in one container of `level` */
#define PLAT_RULE_NEAR 2u     /* at least `count` of them share a container of `level` with the one in state `near` */

typedef struct plat_rule {
  uint32_t kind;      /* PLAT_RULE_… */
  uint32_t strength;  /* PLAT_HARD or PLAT_SOFT */
  uint32_t states;    /* a bit for each state: 1u << PLAT_STATE_MASTER | 1u << PLAT_STATE_SLAVE */
  uint32_t level;     /* a level of the tree, 0 the outermost */
  uint32_t count;
  uint32_t near;      /* PLAT_RULE_NEAR: a state */
} plat_rule;

/* A cluster as arrays. All but `size`, `node_count` and `partition_count` may be left 0, for what is said there.
 *
 * Nodes and partitions are numbered from 0, nodes in whatever order the caller has them. Where the nodes of every
 * container follow one another in it, maps go in and out as they are, without a pass over them to change numbers. */
typedef struct plat_cluster_arrays {
  uint32_t size;             /* sizeof(plat_cluster_arrays) */
  uint32_t flags;            /* PLAT_BORROW_MAP, or 0 */
  uint32_t model;            /* PLAT_MODEL_… */
  uint32_t key_function;     /* PLAT_KEY_… */
  uint32_t partition_count;  /* 1 to 2^28 */
  uint32_t node_count;       /* 0 to 2^20 */

  /* For each state, how many nodes hold each partition in it. NULL: the model's own. Where that is more than there are nodes, rows
   * of plans have as many slots as nodes, or 16: see plat_plan_slots. */
  const uint32_t *PLAT_NULLABLE counts;

  /* For each node. NULL: "0", "1", … · 1 · PLAT_NO_LIMIT · PLAT_NODE_ACTIVE. */
  const char *const PLAT_NULLABLE *PLAT_NULLABLE node_names;  /* all different */
  const uint64_t *PLAT_NULLABLE node_weights;                 /* shares of the load: only their ratios count */
  const uint32_t *PLAT_NULLABLE node_capacities;              /* the most replicas that it may hold */
  const uint8_t *PLAT_NULLABLE node_statuses;                 /* PLAT_NODE_… */

  /* The tree. For each node, for each level, outermost first: the number of its container at that level, below 2^20.
   * node_count × level_count values: node i's container at level l is containers[i * level_count + l]. Containers of one
   * level are numbered through the whole tree: nodes of one container have one container around it. */
  uint32_t level_count;  /* 0 to 16; 0: every node stands alone */
  uint32_t rule_count;
  const uint32_t *PLAT_NULLABLE containers;
  const char *const PLAT_NULLABLE *PLAT_NULLABLE level_names;  /* for each level; NULL: "level0", … */

  const plat_rule *PLAT_NULLABLE rules;  /* rule_count of them, each of `rule_size` bytes */
  uint32_t rule_size;                    /* sizeof(plat_rule) */

  /* For each node, the most distinct other nodes that its masters replicate to (outbound), and that replicate to it. */
  uint32_t fan_out_strength;  /* PLAT_HARD, PLAT_SOFT, or 0: no such limits */
  uint32_t fan_out_outbound;  /* or PLAT_NO_LIMIT */
  uint32_t fan_out_inbound;

  /* The current map: see plat_plan_rows for its layout. partition_count rows of the sum of `map_slots` node numbers.
   * NULL: a fresh cluster. */
  const uint32_t *PLAT_NULLABLE map;
  const uint32_t *PLAT_NULLABLE map_slots;  /* for each state, its slots in a row; NULL: as `counts`, if these are at most 16 or
                                             * the number of nodes */
  uint64_t map_revision;                    /* counts up by one for every map made from it */

  /* For each partition, its size: only their ratios count. NULL: all are of one size. */
  const uint64_t *PLAT_NULLABLE partition_weights;

  /* PLAT_KEY_RANGE: partition i has the keys from its start to before the start of partition i + 1. Starts lie end to
   * end: that of i is range_starts[range_offsets[i]] to before range_starts[range_offsets[i + 1]]. They ascend, byte by
   * byte, and the first is empty. partition_count + 1 offsets. */
  const uint8_t *PLAT_NULLABLE range_starts;
  const uint32_t *PLAT_NULLABLE range_offsets;
  const char *const PLAT_NULLABLE *PLAT_NULLABLE partition_names;  /* with ranges only; NULL: "0", "1", … */
} plat_cluster_arrays;
#define PLAT_CLUSTER_ARRAYS_INIT \
  { sizeof(plat_cluster_arrays), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, sizeof(plat_rule), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* The map is not copied: the caller keeps it, unchanged, until the cluster and all plans made from it are freed. */
#define PLAT_BORROW_MAP 1u

/* Makes a cluster from arrays, which may go when it returns (but see PLAT_BORROW_MAP). PLAT_INVALID_ARGUMENT or
 * PLAT_INVALID_INPUT with the member and place as `path`: "map[17][2]". O(N · levels + P · R). */
PLAT_STATUS plat_cluster_from_arrays(const plat_cluster_arrays *PLAT_NULLABLE arrays,
                                     plat_cluster *PLAT_NULLABLE *PLAT_NULLABLE cluster,
                                     plat_error *PLAT_NULLABLE error);

/* Makes a cluster from a cluster document (docs/DOCUMENTS.md), JSON or binary: `length` bytes, less than 4 GiB. `name` is
 * what messages call it, like a file's name; NULL: "cluster". Nodes are then numbered in the order of the document's
 * tree. A document with several maps is for plat_document_plan and plat_document_check. O(length). */
PLAT_STATUS plat_cluster_from_document(const void *PLAT_NULLABLE bytes, size_t length, const char *PLAT_NULLABLE name,
                                       plat_cluster *PLAT_NULLABLE *PLAT_NULLABLE cluster,
                                       plat_error *PLAT_NULLABLE error);

void plat_cluster_free(plat_cluster *PLAT_NULLABLE cluster);

/* How many nodes and partitions it has: arrays "for each node" and "for each partition" have so many elements. O(1). */
uint32_t plat_cluster_node_count(const plat_cluster *PLAT_NULLABLE cluster);
uint32_t plat_cluster_partition_count(const plat_cluster *PLAT_NULLABLE cluster);
/* The states of its model, most important first: PLAT_STATE_COUNT of them, unless a document defines another model. */
uint32_t plat_cluster_state_count(const plat_cluster *PLAT_NULLABLE cluster);

/* Names, the cluster's own text. NULL where there is no such node, partition or state, or no memory for all of them. O(1) but for the
 * first time. */
const char *PLAT_NULLABLE plat_cluster_node_name(const plat_cluster *PLAT_NULLABLE cluster, uint32_t node);
const char *PLAT_NULLABLE plat_cluster_partition_name(const plat_cluster *PLAT_NULLABLE cluster, uint32_t partition);
const char *PLAT_NULLABLE plat_cluster_state_name(const plat_cluster *PLAT_NULLABLE cluster, uint32_t state);
/* The kinds of requests of its model, `kind` from 0: "read", "write", and those that a document's model names. NULL: there are no more. As
 * one of several, kind k is the bit 1 << k (PLAT_REQUEST_READ and PLAT_REQUEST_WRITE are the first two). */
const char *PLAT_NULLABLE plat_cluster_request_name(const plat_cluster *PLAT_NULLABLE cluster, uint32_t kind);

/* The node of that name; PLAT_NONE: there is none. O(1) but for the first time. */
uint32_t plat_cluster_find_node(const plat_cluster *PLAT_NULLABLE cluster, const char *PLAT_NULLABLE name);
/* The partition of that name, in the same way: with ranges its own, else its number in digits. */
uint32_t plat_cluster_find_partition(const plat_cluster *PLAT_NULLABLE cluster, const char *PLAT_NULLABLE name);

/* The current map, as plat_plan_rows and plat_plan_slots tell a plan's, and its revision; NULL and 0 where the cluster is
 * fresh. Numbers are changed at the first call where the tree numbers nodes otherwise; NULL also where there is no memory for
 * that. */
const uint32_t *PLAT_NULLABLE plat_cluster_rows(const plat_cluster *PLAT_NULLABLE cluster, size_t *PLAT_NULLABLE count);
uint32_t plat_cluster_slots(const plat_cluster *PLAT_NULLABLE cluster, uint32_t state);
uint64_t plat_cluster_revision(const plat_cluster *PLAT_NULLABLE cluster);

/* ===== 3  Planning, and reading the result ======================================================================= */

typedef struct plat_plan plat_plan;
typedef struct plat_options plat_options;  /* see 5; NULL: all as it is by default */
typedef struct plat_control plat_control;  /* see 5; NULL: it cannot be cancelled */

/* Plans the next map of a cluster, with the fewest moves. What is done is chosen from the cluster, unless the option
 * `operation` says. `earlier`: for `restore-back` a cluster whose map is gone back to; for `cancel` one whose map is the
 * target of what was under way, or NULL; else NULL. Its nodes are matched by name.
 * A map that falls short of what is asked is PLAT_OK all the same: see 6. PLAT_INVALID_INPUT or PLAT_UNSUPPORTED where the
 * cluster is not fit for the operation. Every plan is checked before it comes back: see PLAT_FAULTY_PLAN. Options `operation`, `threads`, `memoryLimitBytes`. The plan keeps what it needs of the
 * cluster. O(P · R + N) where direct moves do. */
PLAT_STATUS plat_plan_make(const plat_cluster *PLAT_NULLABLE cluster, const plat_cluster *PLAT_NULLABLE earlier,
                           const plat_options *PLAT_NULLABLE options, plat_control *PLAT_NULLABLE control,
                           plat_plan *PLAT_NULLABLE *PLAT_NULLABLE plan, plat_error *PLAT_NULLABLE error);

void plat_plan_free(plat_plan *PLAT_NULLABLE plan);

/* The map: partition_count rows, one after the other, of as many slots as plat_plan_slots of all states together. A slot
 * holds a node's number, or PLAT_NONE; slots of the most important state come first:
 *
 *     1 master, 2 slaves     row 0 [ master slave slave ] row 1 [ master slave slave ] …
 *
 * An empty slot may stand anywhere among its state's. `count`: how many numbers there are in all. */
const uint32_t *PLAT_NULLABLE plat_plan_rows(const plat_plan *PLAT_NULLABLE plan, size_t *PLAT_NULLABLE count);
/* How many slots of a row are of a state. 0 where there is no such state. */
uint32_t plat_plan_slots(const plat_plan *PLAT_NULLABLE plan, uint32_t state);

/* The same into the caller's array, which has room for `capacity` numbers. PLAT_TOO_SMALL where that is not enough; *count
 * is what is needed. */
PLAT_STATUS plat_plan_copy_rows(const plat_plan *PLAT_NULLABLE plan, uint32_t *PLAT_NULLABLE rows, size_t capacity,
                                size_t *PLAT_NULLABLE count, plat_error *PLAT_NULLABLE error);

/* One more than the revision of the map that it was made from: 1 where there was none. */
uint64_t plat_plan_revision(const plat_plan *PLAT_NULLABLE plan);
/* "rebalance", "swap" …: what was done, a word of the option `operation`; the plan's own text. */
const char *PLAT_NULLABLE plat_plan_operation(const plat_plan *PLAT_NULLABLE plan);
/* No map that meets the same hard rules and the same total balance can be reached with fewer moves. Proved. */
uint64_t plat_plan_moves_lower_bound(const plat_plan *PLAT_NULLABLE plan);
/* The most bytes that planning took for its arrays at once, maps included. */
uint64_t plat_plan_peak_bytes(const plat_plan *PLAT_NULLABLE plan);

/* The same cluster with the plan's map as its current one: what it is when the plan has been carried out. Statuses and rules
 * stay. PLAT_INVALID_ARGUMENT where the plan is for another cluster. The map is shared, not copied. O(N). */
PLAT_STATUS plat_cluster_after(const plat_cluster *PLAT_NULLABLE cluster, const plat_plan *PLAT_NULLABLE plan,
                               plat_cluster *PLAT_NULLABLE *PLAT_NULLABLE after, plat_error *PLAT_NULLABLE error);

/* The same cluster where its node i has the number numbers[i]: a document's nodes as the host numbers them. `count` is the number
 * of nodes, and each number below it comes once. The map is shared, not copied. O(N). */
PLAT_STATUS plat_cluster_renumbered(const plat_cluster *PLAT_NULLABLE cluster, const uint32_t *PLAT_NULLABLE numbers,
                                    size_t count, plat_cluster *PLAT_NULLABLE *PLAT_NULLABLE renumbered,
                                    plat_error *PLAT_NULLABLE error);

/* A rule that names places: where replicas in some states lie, or how many of one partition's. */
#define PLAT_PLACE_ONLY 1u    /* on these nodes and nowhere else */
#define PLAT_PLACE_NEVER 2u   /* on none of them */
#define PLAT_PLACE_WITHIN 3u  /* of each partition's, at least `at_least` and at most `at_most` on these nodes */

typedef struct plat_place_rule {
  uint32_t kind;      /* PLAT_PLACE_… */
  uint32_t strength;  /* PLAT_HARD or PLAT_SOFT */
  uint32_t states;    /* a bit for each state, as of plat_rule; 0: all that can be asked for */
  uint32_t at_least;  /* PLAT_PLACE_WITHIN; else 0 */
  uint32_t at_most;   /* PLAT_PLACE_WITHIN, or PLAT_NO_LIMIT; else 0 */
  uint32_t node_count;
  const uint32_t *PLAT_NULLABLE nodes;  /* node_count numbers, in any order */
} plat_place_rule;

/* The same cluster with these rules that name places, and no others of that kind. They stand behind its other rules in documents and
 * findings. PLAT_INVALID_ARGUMENT or PLAT_INVALID_INPUT with the member as `path`: "rules[1].nodes[0]". The map is shared, not
 * copied. O(N · count + numbers of nodes). */
PLAT_STATUS plat_cluster_with_places(const plat_cluster *PLAT_NULLABLE cluster, const plat_place_rule *PLAT_NULLABLE rules,
                                     size_t count, plat_cluster *PLAT_NULLABLE *PLAT_NULLABLE with,
                                     plat_error *PLAT_NULLABLE error);

/* ===== 4  Finding the partition of a key ========================================================================= */

typedef struct plat_router plat_router;

/* Makes what finds the partition of keys. It needs the cluster no more. O(1); for ranges O(bytes of the starts), and 9 bytes for
 * each partition. */
PLAT_STATUS plat_router_make(const plat_cluster *PLAT_NULLABLE cluster,
                             plat_router *PLAT_NULLABLE *PLAT_NULLABLE router, plat_error *PLAT_NULLABLE error);
void plat_router_free(plat_router *PLAT_NULLABLE router);

/* The partition of the key of `length` bytes: any bytes, also none. PLAT_NONE where `router` is NULL, or `key` is though length is
 * not 0. O(length), for ranges O(length + log P). */
uint32_t plat_router_find(const plat_router *PLAT_NULLABLE router, const void *PLAT_NULLABLE key, size_t length);

/* The partitions of `count` keys that lie end to end in `length` bytes: key i is keys[offsets[i]] to before
 * keys[offsets[i + 1]]. `offsets` has count + 1 values that never decrease, the last at most `length`; `partitions` has
 * room for `count`. All of it is the caller's and read or written during the call only. PLAT_INVALID_ARGUMENT with the place
 * ("offsets[9]") where offsets decrease or end behind `length`. O(length + count). */
PLAT_STATUS plat_router_find_batch(const plat_router *PLAT_NULLABLE router, const void *PLAT_NULLABLE keys,
                                   size_t length, const uint32_t *PLAT_NULLABLE offsets, size_t count,
                                   uint32_t *PLAT_NULLABLE partitions, plat_error *PLAT_NULLABLE error);

/* ===== 5  Options; progress and cancelling ======================================================================= */

/* Options have names, kinds and limits, as plat_option_info tells them. A call reads those that are about it when it begins;
 * changing or freeing them later means nothing to it. */
PLAT_STATUS plat_options_make(plat_options *PLAT_NULLABLE *PLAT_NULLABLE options, plat_error *PLAT_NULLABLE error);
void plat_options_free(plat_options *PLAT_NULLABLE options);
/* Sets one, from a number or from text ("4", "failover"). NULL as text: back to the default. PLAT_INVALID_ARGUMENT, with the
 * option as `path`, where it may not be that, or with `name` where there is no such option; it then stays as it was. */
PLAT_STATUS plat_options_set(plat_options *PLAT_NULLABLE options, const char *PLAT_NULLABLE name,
                             const char *PLAT_NULLABLE value, plat_error *PLAT_NULLABLE error);
PLAT_STATUS plat_options_set_number(plat_options *PLAT_NULLABLE options, const char *PLAT_NULLABLE name,
                                    uint64_t value, plat_error *PLAT_NULLABLE error);

#define PLAT_OPTION_NUMBER 1u  /* a whole number from `least` to `most` */
#define PLAT_OPTION_WORD 2u    /* one of `words` */
#define PLAT_OPTION_SWITCH 3u  /* 0 or 1 */
#define PLAT_OPTION_TEXT 4u    /* anything, as `meaning` says */

typedef struct plat_option {
  uint32_t size;  /* sizeof(plat_option) */
  uint32_t kind;  /* PLAT_OPTION_… */
  const char *PLAT_NULLABLE name;
  const char *PLAT_NULLABLE unit;           /* "bytes"; NULL: none */
  const char *PLAT_NULLABLE meaning;        /* a sentence */
  const char *PLAT_NULLABLE words;          /* of a word: all that it may be, with commas between */
  const char *PLAT_NULLABLE default_value;  /* as text; NULL: none */
  uint64_t least;
  uint64_t most;
} plat_option;
#define PLAT_OPTION_INIT { sizeof(plat_option), 0, 0, 0, 0, 0, 0, 0, 0 }

/* Option `index` of the table, in static memory. PLAT_NOT_FOUND from its end on. */
PLAT_STATUS plat_option_info(uint32_t index, plat_option *PLAT_NULLABLE option, plat_error *PLAT_NULLABLE error);

/* How work that takes long is followed and stopped. A control serves one call or several; once it is cancelled, it stays
 * so: every call with it then is PLAT_CANCELLED.
 *
 * `progress` is called whenever a stage of the work is done ("keep", "fill", …), with `context`, on the thread that made the
 * call; anything but 0 cancels. It may be NULL. It must not free what the call uses. */
/* `progress` returns: it may not leave by an exception or longjmp. */
typedef int32_t (*plat_progress)(void *PLAT_NULLABLE context, const char *PLAT_NONNULL stage);
PLAT_STATUS plat_control_make(plat_progress PLAT_NULLABLE progress, void *PLAT_NULLABLE context,
                              plat_control *PLAT_NULLABLE *PLAT_NULLABLE control, plat_error *PLAT_NULLABLE error);
/* From any thread, at any time until it is freed: the call ends with PLAT_CANCELLED, within 50 ms of processor time. */
void plat_control_cancel(plat_control *PLAT_NULLABLE control);
/* 1 once it was, or once `progress` said so; else 0. */
int32_t plat_control_is_cancelled(const plat_control *PLAT_NULLABLE control);
/* How far the call is that goes by it: from 0 to 1, an estimate by the stages that are done, 1 when it has returned. It never goes
 * back until the next call begins; in `progress`, too. From any thread. */
double plat_control_fraction(const plat_control *PLAT_NULLABLE control);
void plat_control_free(plat_control *PLAT_NULLABLE control);

/* What calls of this thread go by from now on where they are given NULL, or take none: so reading a document is cancelled
 * and its memory bounded as well. Both must outlive that; NULL, NULL ends it. */
void plat_thread_defaults(const plat_options *PLAT_NULLABLE options, plat_control *PLAT_NULLABLE control);

/* ===== 6  Judging: what a map comes to =========================================================================== */

/* Everything about a map, recounted from nothing: what judges shares no code with what plans. */
typedef struct plat_report plat_report;

/* Judges a plan's map against the cluster's, or, where `plan` is NULL, the cluster's own map. What the plan's document
 * says of itself is checked, too. PLAT_NOT_FOUND: a fresh cluster and no plan. O(P · R² · rules + N log N). */
PLAT_STATUS plat_check(const plat_cluster *PLAT_NULLABLE cluster, const plat_plan *PLAT_NULLABLE plan,
                       const plat_options *PLAT_NULLABLE options, plat_control *PLAT_NULLABLE control,
                       plat_report *PLAT_NULLABLE *PLAT_NULLABLE report, plat_error *PLAT_NULLABLE error);
/* The same, and the plan's certificate: the proof that no map is reached with fewer moves. See `holds`. */
PLAT_STATUS plat_verify(const plat_cluster *PLAT_NULLABLE cluster, const plat_plan *PLAT_NULLABLE plan,
                        const plat_options *PLAT_NULLABLE options, plat_control *PLAT_NULLABLE control,
                        plat_report *PLAT_NULLABLE *PLAT_NULLABLE report, plat_error *PLAT_NULLABLE error);
void plat_report_free(plat_report *PLAT_NULLABLE report);

#define PLAT_HEALTH_GREEN 0u   /* all met */
#define PLAT_HEALTH_YELLOW 1u  /* soft rules broken, or fewer slaves than asked */
#define PLAT_HEALTH_RED 2u     /* a partition has no master, or data has no live copy */

typedef struct plat_summary {
  uint32_t size;    /* sizeof(plat_summary) */
  uint32_t health;  /* PLAT_HEALTH_… */
  uint64_t unmet;              /* replicas asked for and not placed, and breaches of hard rules; 0: all that is hard is met */
  uint64_t broken_soft;        /* breaches of soft rules */
  uint64_t moves;              /* replicas that a node must receive; 0 where a cluster's own map was judged */
  uint64_t moves_lower_bound;  /* of plat_verify: as far as it is proved; else what the plan says */
  uint64_t role_changes;       /* replicas that change state on a node that has them already */
  uint64_t leaderless;         /* partitions with a live copy and no master */
  uint32_t fan_out_outbound;   /* the most peers of a node */
  uint32_t fan_out_inbound;
  uint32_t is_balanced;        /* 1: every node is within one replica of its due, in every state and in total */
  uint32_t holds;              /* 1: the plan is what it says, and plat_verify: its certificate proves it */
  uint32_t load_count;         /* how many plat_report_load knows, and plat_report_finding */
  uint32_t finding_count;      /* at most 1,000 */
  uint64_t more_findings;      /* beyond those */
} plat_summary;
#define PLAT_SUMMARY_INIT { sizeof(plat_summary), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
/* All of it at once, into the caller's struct. O(1). */
PLAT_STATUS plat_report_summary(const plat_report *PLAT_NULLABLE report, plat_summary *PLAT_NULLABLE summary,
                                plat_error *PLAT_NULLABLE error);

/* How replicas of a state lie on the nodes that may hold them; in weight where partitions differ in it. */
typedef struct plat_load {
  uint32_t size;  /* sizeof(plat_load) */
  uint32_t reserved;
  const char *PLAT_NULLABLE state;         /* "master" …; the last is "total" */
  const char *PLAT_NULLABLE least;         /* of any node: "28", or "57/2" */
  const char *PLAT_NULLABLE greatest;
  const char *PLAT_NULLABLE least_due;     /* the exact shares that nodes are due */
  const char *PLAT_NULLABLE greatest_due;
} plat_load;
#define PLAT_LOAD_INIT { sizeof(plat_load), 0, 0, 0, 0, 0, 0 }
/* Load `index`, below `load_count`; the last is the total. PLAT_NOT_FOUND beyond. Texts are the report's. O(1). */
PLAT_STATUS plat_report_load(const plat_report *PLAT_NULLABLE report, uint32_t index, plat_load *PLAT_NULLABLE load,
                             plat_error *PLAT_NULLABLE error);

/* Something that is not met, and why. Texts are the report's. */
typedef struct plat_finding {
  uint32_t size;      /* sizeof(plat_finding) */
  uint32_t strength;  /* PLAT_HARD or PLAT_SOFT */
  int64_t want;
  int64_t have;
  const char *PLAT_NULLABLE rule;       /* "constraints.slave", "placement[0]", "nodes.a.capacity" … */
  const char *PLAT_NULLABLE partition;  /* NULL: about no single partition; the same for node and container */
  const char *PLAT_NULLABLE node;
  const char *PLAT_NULLABLE container;
  const char *PLAT_NULLABLE because;
} plat_finding;
#define PLAT_FINDING_INIT { sizeof(plat_finding), 0, 0, 0, 0, 0, 0, 0, 0 }
/* Finding `index`, below `finding_count`. PLAT_NOT_FOUND beyond. O(1). */
PLAT_STATUS plat_report_finding(const plat_report *PLAT_NULLABLE report, uint32_t index,
                                plat_finding *PLAT_NULLABLE finding, plat_error *PLAT_NULLABLE error);

/* ===== 7  The way there: moves and steps ========================================================================= */

/* A node that becomes something else in a partition. `from` is PLAT_STATE_NULL where it had nothing, `to` where it will
 * have nothing. It must receive data where `to` holds data and `from` does not. */
typedef struct plat_move {
  uint32_t partition;
  uint32_t node;
  uint32_t from;
  uint32_t to;
} plat_move;

/* What differs between the cluster's map and the plan's, by partition. `count` is set to how many there are, whether they fit
 * into `capacity` or not (PLAT_TOO_SMALL): ask with capacity 0 first. O(P · R). */
PLAT_STATUS plat_plan_moves(const plat_plan *PLAT_NULLABLE plan, plat_move *PLAT_NULLABLE moves, size_t capacity,
                            size_t *PLAT_NULLABLE count, plat_error *PLAT_NULLABLE error);

/* How to get there safely: any order of the steps that heeds what each comes after never loses data nor has two masters. */
typedef struct plat_steps plat_steps;

#define PLAT_STEP_SET 0u     /* `node` changes its state */
#define PLAT_STEP_STREAM 1u  /* `source` streams the partition to `node`; both may change their states in the same exchange */
#define PLAT_STEP_TAKEOVER 1u   /* flags: mastership passes over; `node` holds back writes until that is done or has failed */
#define PLAT_STEP_FULL_SCAN 2u  /* the source reads the whole partition */
#define PLAT_PURPOSE_RESTORE 0u    /* a copy or a master that is missing */
#define PLAT_PURPOSE_TAKE_OVER 1u  /* who is what, among those that have the data */
#define PLAT_PURPOSE_BALANCE 2u    /* all else */

typedef struct plat_step {
  uint32_t kind;         /* PLAT_STEP_SET or PLAT_STEP_STREAM */
  uint32_t flags;
  uint32_t purpose;      /* PLAT_PURPOSE_… */
  uint32_t partition;
  uint32_t node;         /* whose state a set changes; where a stream goes */
  uint32_t from;         /* its states, or PLAT_STATE_NULL */
  uint32_t to;
  uint32_t source;       /* of a stream; else PLAT_NONE */
  uint32_t source_from;
  uint32_t source_to;
  uint32_t after_count;  /* how many steps it comes after: see plat_steps_after */
  uint32_t reserved;
  uint64_t start;        /* the round in which it begins, under the limits of `config`; microseconds with a bandwidth */
} plat_step;

/* Makes the steps from the cluster's map to the plan's, and a schedule of them under the cluster's limits while moving. Options
 * `removeFirst`, `bandwidth`. What cannot be reached is no error: see plat_steps_unmet_count. They need the plan no more.
 * O(P · R + steps · log). */
PLAT_STATUS plat_steps_make(const plat_plan *PLAT_NULLABLE plan, const plat_options *PLAT_NULLABLE options,
                            plat_control *PLAT_NULLABLE control, plat_steps *PLAT_NULLABLE *PLAT_NULLABLE steps,
                            plat_error *PLAT_NULLABLE error);
void plat_steps_free(plat_steps *PLAT_NULLABLE steps);
/* How many there are, numbered from 0. O(1). */
size_t plat_steps_count(const plat_steps *PLAT_NULLABLE steps);
/* Writes `count` steps from `first` on to the caller's array, which has room for them. PLAT_NOT_FOUND where there are not so
 * many. O(count). */
PLAT_STATUS plat_steps_copy(const plat_steps *PLAT_NULLABLE steps, size_t first, size_t count,
                            plat_step *PLAT_NULLABLE copy, plat_error *PLAT_NULLABLE error);
/* The steps that must be done before step `index` begins, ascending; NULL where there are none. */
const uint32_t *PLAT_NULLABLE plat_steps_after(const plat_steps *PLAT_NULLABLE steps, size_t index,
                                               size_t *PLAT_NULLABLE count);
/* How long it all takes, in rounds or microseconds, and what no schedule can be shorter than. */
uint64_t plat_steps_length(const plat_steps *PLAT_NULLABLE steps);
uint64_t plat_steps_length_lower_bound(const plat_steps *PLAT_NULLABLE steps);
/* Requests (PLAT_REQUEST_… of part 9) that wait at the destination of each PLAT_STEP_TAKEOVER until it is done or has failed:
 * `config.hold` of the cluster's document, or writes. */
uint32_t plat_steps_hold(const plat_steps *PLAT_NULLABLE steps);
/* Partitions that do not reach their target: their data is on failed nodes, or nodes without room wait for one another. */
size_t plat_steps_unmet_count(const plat_steps *PLAT_NULLABLE steps);

/* ===== 8  Documents, and what else the command line does ========================================================= */

/* A document that came out: UTF-8 text, or binary with the option `binary`, where clusters and plans are written. */
typedef struct plat_bytes plat_bytes;
/* Where they lie, until they are freed, and how many; no zero byte behind them. */
const void *PLAT_NULLABLE plat_bytes_data(const plat_bytes *PLAT_NULLABLE bytes);
size_t plat_bytes_length(const plat_bytes *PLAT_NULLABLE bytes);
void plat_bytes_free(plat_bytes *PLAT_NULLABLE bytes);

/* A document that goes in: `length` bytes of the caller's, less than 4 GiB, that are read during the call only. */
typedef struct plat_document {
  uint32_t size;  /* sizeof(plat_document) */
  uint32_t reserved;
  const void *PLAT_NULLABLE bytes;
  size_t length;
  const char *PLAT_NULLABLE name;  /* as messages call it; NULL: what it is */
} plat_document;
#define PLAT_DOCUMENT_INIT { sizeof(plat_document), 0, 0, 0, 0 }

/* The cluster with its current map. Option `binary`. O(N + P · R). */
PLAT_STATUS plat_cluster_to_document(const plat_cluster *PLAT_NULLABLE cluster,
                                     const plat_options *PLAT_NULLABLE options,
                                     plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes, plat_error *PLAT_NULLABLE error);
/* With summary, findings and certificate: what `plat plan` writes, byte for byte. Judges the map for that. Options `binary`,
 * `threads`. */
PLAT_STATUS plat_plan_to_document(const plat_plan *PLAT_NULLABLE plan, const plat_options *PLAT_NULLABLE options,
                                  plat_control *PLAT_NULLABLE control, plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes,
                                  plat_error *PLAT_NULLABLE error);
/* A plan for this cluster, ours or anyone's: only its map must be there. */
PLAT_STATUS plat_plan_from_document(const plat_cluster *PLAT_NULLABLE cluster,
                                    const plat_document *PLAT_NULLABLE document,
                                    plat_plan *PLAT_NULLABLE *PLAT_NULLABLE plan, plat_error *PLAT_NULLABLE error);
/* What `plat check` and `plat verify` write. */
PLAT_STATUS plat_report_to_document(const plat_report *PLAT_NULLABLE report,
                                    plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes, plat_error *PLAT_NULLABLE error);
/* What `plat moves` and `plat steps` write. */
PLAT_STATUS plat_moves_to_document(const plat_plan *PLAT_NULLABLE plan, plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes,
                                   plat_error *PLAT_NULLABLE error);
PLAT_STATUS plat_steps_to_document(const plat_steps *PLAT_NULLABLE steps,
                                   plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes, plat_error *PLAT_NULLABLE error);

/* Why a partition is where it is, and what it would mean for `node` to have it (PLAT_NONE: no such question): what
 * `plat explain` writes. O(P · R). */
PLAT_STATUS plat_explain(const plat_plan *PLAT_NULLABLE plan, uint32_t partition, uint32_t node,
                         plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes, plat_error *PLAT_NULLABLE error);
/* Two maps side by side: of each pair the plan's, or the cluster's where its plan is NULL; what `plat compare` writes. Nodes are
 * matched by name. PLAT_NOT_FOUND where a fresh cluster has no plan. O(P · R). */
PLAT_STATUS plat_compare(const plat_cluster *PLAT_NULLABLE cluster_a, const plat_plan *PLAT_NULLABLE plan_a,
                         const plat_cluster *PLAT_NULLABLE cluster_b, const plat_plan *PLAT_NULLABLE plan_b,
                         plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes, plat_error *PLAT_NULLABLE error);
/* What failures would do to the current map: what `plat whatif` writes. `failures`: "each:node", "each:zone", "z1,n4", "n1+n2",
 * as the command line's --fail. PLAT_INVALID_INPUT where nothing has such a name; PLAT_NOT_FOUND of a fresh cluster. Option
 * `threads`. O(failures · P · R) at worst. */
PLAT_STATUS plat_whatif(const plat_cluster *PLAT_NULLABLE cluster, const char *PLAT_NULLABLE failures,
                        const plat_options *PLAT_NULLABLE options, plat_control *PLAT_NULLABLE control,
                        plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes, plat_error *PLAT_NULLABLE error);

/* Another system's document ("couchbase", "kafka"; "plat": our own) as a cluster. `racks`: of Kafka, which rack each broker is in, or NULL.
 * Option `rule`. A cluster has one map: a Kafka document of several topics, or of different numbers of replicas, is
 * PLAT_INVALID_INPUT; see plat_document_import. */
PLAT_STATUS plat_import(const char *PLAT_NULLABLE system, const plat_document *PLAT_NULLABLE document,
                        const plat_document *PLAT_NULLABLE racks, const plat_options *PLAT_NULLABLE options,
                        plat_cluster *PLAT_NULLABLE *PLAT_NULLABLE cluster, plat_error *PLAT_NULLABLE error);
/* The plan's map, or the cluster's where `plan` is NULL, as another system's document. PLAT_INVALID_INPUT where that system
 * cannot say it; PLAT_NOT_FOUND of a fresh cluster without a plan. */
PLAT_STATUS plat_export(const char *PLAT_NULLABLE system, const plat_cluster *PLAT_NULLABLE cluster,
                        const plat_plan *PLAT_NULLABLE plan, plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes,
                        plat_error *PLAT_NULLABLE error);

/* A cluster like this one with a map from before, to be the `earlier` of plat_plan_make: that of a cluster or plan document,
 * of nodes that are there still; for `restore-back` (option `operation`) of a plan for maintenance the map before it. It is freed
 * like any cluster. O(length). */
PLAT_STATUS plat_cluster_earlier(const plat_cluster *PLAT_NULLABLE cluster, const plat_document *PLAT_NULLABLE document,
                                 const plat_options *PLAT_NULLABLE options, plat_control *PLAT_NULLABLE control,
                                 plat_cluster *PLAT_NULLABLE *PLAT_NULLABLE earlier, plat_error *PLAT_NULLABLE error);

/* From document to document, also where one has several maps on the same nodes: what `plat plan`, `plat check` and
 * `plat verify` write. A `plan` that is NULL: the cluster's own maps are checked. */
PLAT_STATUS plat_document_plan(const plat_document *PLAT_NULLABLE cluster, const plat_options *PLAT_NULLABLE options,
                               plat_control *PLAT_NULLABLE control, plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes,
                               plat_error *PLAT_NULLABLE error);
PLAT_STATUS plat_document_check(const plat_document *PLAT_NULLABLE cluster, const plat_document *PLAT_NULLABLE plan,
                                const plat_options *PLAT_NULLABLE options, plat_control *PLAT_NULLABLE control,
                                plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes, plat_error *PLAT_NULLABLE error);
PLAT_STATUS plat_document_verify(const plat_document *PLAT_NULLABLE cluster, const plat_document *PLAT_NULLABLE plan,
                                 const plat_options *PLAT_NULLABLE options, plat_control *PLAT_NULLABLE control,
                                 plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes, plat_error *PLAT_NULLABLE error);
/* The cluster document after a plan: what `plat apply` writes. A plan that was made from another revision is
 * PLAT_INVALID_INPUT. Option `binary`. O(length). */
PLAT_STATUS plat_document_apply(const plat_document *PLAT_NULLABLE cluster, const plat_document *PLAT_NULLABLE plan,
                                const plat_options *PLAT_NULLABLE options, plat_control *PLAT_NULLABLE control,
                                plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes, plat_error *PLAT_NULLABLE error);
/* Partition and holders of keys, a JSON line each: what `plat route` writes. `keys`: each line of it is one. `map`: of a
 * cluster with several maps, this one only; NULL: all. */
PLAT_STATUS plat_document_route(const plat_document *PLAT_NULLABLE cluster, const char *PLAT_NULLABLE map,
                                const plat_document *PLAT_NULLABLE keys, const plat_options *PLAT_NULLABLE options,
                                plat_control *PLAT_NULLABLE control, plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes,
                                plat_error *PLAT_NULLABLE error);
/* What a plan says by itself, without its cluster: who has the partition, beside how many others. */
PLAT_STATUS plat_document_explain(const plat_document *PLAT_NULLABLE plan, uint32_t partition,
                                  const plat_options *PLAT_NULLABLE options, plat_control *PLAT_NULLABLE control,
                                  plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes, plat_error *PLAT_NULLABLE error);
/* What `plat explain CLUSTER PLAN` writes: why the partition of this name is where it is, and what it would mean for `node`
 * to have it (NULL: no such question). `map`: which, where the documents have several; else NULL. Without a `cluster` as
 * plat_document_explain. */
PLAT_STATUS plat_document_explain_why(const plat_document *PLAT_NULLABLE cluster,
                                      const plat_document *PLAT_NULLABLE plan, const char *PLAT_NULLABLE map,
                                      const char *PLAT_NULLABLE partition, const char *PLAT_NULLABLE node,
                                      const plat_options *PLAT_NULLABLE options, plat_control *PLAT_NULLABLE control,
                                      plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes, plat_error *PLAT_NULLABLE error);
/* What failures would do, as plat_whatif; of several maps to each, and to all together. */
PLAT_STATUS plat_document_whatif(const plat_document *PLAT_NULLABLE cluster, const char *PLAT_NULLABLE failures,
                                 const plat_options *PLAT_NULLABLE options, plat_control *PLAT_NULLABLE control,
                                 plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes, plat_error *PLAT_NULLABLE error);
/* Two documents side by side, clusters or plans, both with one map or both with several. Rules are judged where the cluster
 * is known: `cluster`, or whichever of the two is one. */
PLAT_STATUS plat_document_compare(const plat_document *PLAT_NULLABLE a, const plat_document *PLAT_NULLABLE b,
                                  const plat_document *PLAT_NULLABLE cluster, const plat_options *PLAT_NULLABLE options,
                                  plat_control *PLAT_NULLABLE control, plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes,
                                  plat_error *PLAT_NULLABLE error);
/* Another system's document as a cluster document: what `plat import` writes. Of Kafka's a map for each topic, with as many
 * replicas as it has. `racks`: of Kafka, which rack each broker is in, or NULL. Options `rule`, `replication`, `binary`.
 * O(length). */
PLAT_STATUS plat_document_import(const char *PLAT_NULLABLE system, const plat_document *PLAT_NULLABLE document,
                                 const plat_document *PLAT_NULLABLE racks, const plat_options *PLAT_NULLABLE options,
                                 plat_control *PLAT_NULLABLE control, plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes,
                                 plat_error *PLAT_NULLABLE error);
/* A cluster's or a plan's document as another system's; "plat": a binary document as JSON. `map`: which, where it has
 * several; NULL: the only one, and of kafka all. */
PLAT_STATUS plat_document_export(const char *PLAT_NULLABLE system, const plat_document *PLAT_NULLABLE document,
                                 const char *PLAT_NULLABLE map, const plat_options *PLAT_NULLABLE options,
                                 plat_control *PLAT_NULLABLE control, plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes,
                                 plat_error *PLAT_NULLABLE error);

/* A cluster for tests and benchmarks, from options `generate.…`: what `plat generate` writes. The same options give the
 * same bytes. */
PLAT_STATUS plat_generate(const plat_options *PLAT_NULLABLE options, plat_control *PLAT_NULLABLE control,
                          plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes, plat_error *PLAT_NULLABLE error);

/* Carries the plan out on simulated clusters under faults, with options `simulate.…`: what `plat simulate` reports. It is
 * PLAT_OK, too, where an invariant was broken: `violated` (or NULL) is set to how many runs did that. */
PLAT_STATUS plat_simulate(const plat_plan *PLAT_NULLABLE plan, const plat_options *PLAT_NULLABLE options,
                          plat_control *PLAT_NULLABLE control, plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes,
                          uint64_t *PLAT_NULLABLE violated, plat_error *PLAT_NULLABLE error);
/* What happens in the first of these runs, a line an event. */
PLAT_STATUS plat_simulate_trace(const plat_plan *PLAT_NULLABLE plan, const plat_options *PLAT_NULLABLE options,
                                plat_control *PLAT_NULLABLE control, plat_bytes *PLAT_NULLABLE *PLAT_NULLABLE bytes,
                                plat_error *PLAT_NULLABLE error);

typedef struct plat_batch_summary {
  uint32_t size;     /* sizeof(plat_batch_summary) */
  uint32_t reserved;
  uint64_t jobs;     /* all of them */
  uint64_t failed;   /* those whose status is not 0 */
  uint64_t resumed;  /* those that an earlier batch had done */
} plat_batch_summary;
#define PLAT_BATCH_SUMMARY_INIT { sizeof(plat_batch_summary), 0, 0, 0, 0 }

/* Makes many plans, on option `threads` threads: what `plat batch` does, with files. `list`: the path of a list of jobs, a
 * JSON line each: {"id": "a", "cluster": "a.json", "plan": "a-plan.json"}, and "operation" and "to" where they are needed.
 * `results`: where the results go, a JSON line each, in the list's order. What is done is noted beside it, in
 * RESULTS.journal, until all is: a batch that was cancelled, or whose process was killed, is gone on with by the same
 * call, and no job that is done is done again (options `batch.resume`, `batch.restart`). A job that goes wrong has its own
 * error in its result. Plans in memory, on threads of the host: plat_document_plan. */
PLAT_STATUS plat_batch(const char *PLAT_NULLABLE list, const char *PLAT_NULLABLE results,
                       const plat_options *PLAT_NULLABLE options, plat_control *PLAT_NULLABLE control,
                       plat_batch_summary *PLAT_NULLABLE summary, plat_error *PLAT_NULLABLE error);

/* ===== 9  Carrying it out: orchestrator and agents =============================================================== */

/* State machines without clock, threads or I/O: the host tells them what happened and asks what is to be done.
 * docs/SAFETY.md says what holds at every instant, and what the host must provide for it.
 *
 *   orchestrator   one for a change: claims the nodes, plans from what is, gives orders, plans again when nodes are lost
 *                  or come back. If it dies, another begins with the journal and goes on.
 *   agent          one on each node: carries out orders, keeps copies in line, takes writes and reads
 *
 * There are two ways to use them.
 *
 *   Messages   Each node runs an agent. The host carries `bytes` from one machine to the other, over a network that may
 *              lose, delay, double and reorder them, and understands nothing of them. All of docs/SAFETY.md holds.
 *   Steps      The host's nodes do without agents. The host takes each action for what it says (copy partition 7 from node
 *              2 to node 5), does it in its own way and reports. Nothing is then safer than the host's nodes: see "What
 *              nodes must do" below.
 *
 * A loop of either kind:
 *
 *   plat_orchestrator_begin(o, journal, length, &error);
 *   for (;;) {
 *     while (!plat_orchestrator_poll(o, &action, &error) && action.kind != PLAT_ACTION_NONE) { … do or send it … }
 *     … what has come in: plat_orchestrator_receive, or _complete, _inventory …; now and then plat_orchestrator_tick …
 *   }
 *
 * Actions are carried out in the order in which they come: what must be durable is so before the next one is looked at.
 * Pointers in an action stay as they are until the next poll of the same handle. Handles of this section change with every
 * call; calls from several threads wait for each other. */
typedef struct plat_orchestrator plat_orchestrator;
typedef struct plat_agent plat_agent;

#define PLAT_ACTION_NONE 0u       /* nothing more, until something happens */

/* An orchestrator's, for the host itself (`node` is PLAT_NONE). */
#define PLAT_ACTION_RECORD 1u     /* replace the journal by `bytes` if what is there has the version `expected` (0: nothing
                                   * is there), durably; then plat_orchestrator_recorded */
#define PLAT_ACTION_REACHED 2u    /* all that could be done is done: the map of `revision` and `digest` is in force, but for the
                                   * partitions in `values` (plat_orchestrator_unreached says why) */
#define PLAT_ACTION_RELEASE 3u    /* every node that can be reached knows that map: older ones are needed no more */
#define PLAT_ACTION_RETIRED 4u    /* another orchestrator has taken over: this one does nothing any more */
#define PLAT_ACTION_RUNS 5u       /* after plat_orchestrator_mode: the replica of `partition` at node `peer` is in `mode`, as was asked
                                   * (`is_done` is 1) or since it was not in the mode that it was to leave (0) */
#define PLAT_ACTION_FROZEN 6u     /* more nodes are silent than may be lost, those in `values`: nothing begins until some are back or
                                   * the host names them lost (plat_orchestrator_lost). No values: it goes on again */
#define PLAT_ACTION_KEPT_OUT 7u   /* node `peer` is heard of, but its disk is so far behind that it does not say in time what it holds: it
                                   * stays lost until it has answered in time for as many ticks as `values` has. No values: it has */

/* An orchestrator's, for `node`. An agent gets `bytes`, where `length` is not 0. */
#define PLAT_ACTION_CLAIM 16u     /* obey nobody older than `revision`; tell what you hold: plat_orchestrator_inventory */
#define PLAT_ACTION_SET 17u       /* `partition`: `from` → `to`; no data goes anywhere. Where `to` leads: with these `followers` */
#define PLAT_ACTION_COPY 18u      /* receive the partition from `source`, follow `leader` (PLAT_NONE: nobody leads), then `from` → `to` */
#define PLAT_ACTION_TAKE_OVER 19u /* `source`, which leads, becomes `source_to`; the node gets what it lacks, then `from` → `to`: it leads */
#define PLAT_ACTION_LEAD 20u      /* go on leading, as of `revision`, with these `followers` and nobody else; where `from` is not
                                   * `to`: lead again, with the copy that was handed over to a node which is lost */
#define PLAT_ACTION_DISCARD 21u   /* what the node has is out of date: `from` → `to`, the data goes */
#define PLAT_ACTION_PULSE 22u     /* are you there? plat_orchestrator_alive */
#define PLAT_ACTION_MAP 23u       /* the map of `revision` and `digest` is in force: plat_orchestrator_has_map */
#define PLAT_ACTION_MODE 25u      /* the replica of `partition`: from `mode_from` to `mode`, if it is in `mode_from`; in any case
                                   * plat_orchestrator_has_mode */
#define PLAT_ACTION_SEND 24u      /* `bytes` for its agent, and nothing for a node without one */

/* An agent's. */
#define PLAT_ACTION_KEEP 32u      /* keep `bytes` durably, in place of what was kept for the same `partition` (PLAT_NONE: what
                                   * the node has promised) */
#define PLAT_ACTION_DROP 38u      /* what was kept for `partition` is needed no more: the cluster does not have it any more */
#define PLAT_ACTION_DELIVER 33u   /* `bytes` for `peer`, a node or an orchestrator */
#define PLAT_ACTION_WRITTEN 34u   /* for client `peer`: the write of `request` is on the disks of all followers */
#define PLAT_ACTION_ANSWER 35u    /* the read of `request`: all `values` that were written, oldest first */
#define PLAT_ACTION_DENIED 36u    /* `request` was not done. Where `is_definite` is 1 a write never will be, and may be sent again as it
                                   * is; where it is 0 it may have been done, or still may be: look before you write again */
#define PLAT_ACTION_CHANGED_MODE 37u  /* the replica of `partition` is in `mode` now: stop, warm, cool or pause what is yours */

/* How a replica runs, beside its state: a running state, and pauses added to it. From a row to a column, the next hop; a host may
 * ask for any two, and the orchestrator goes hop by hop.
 *
 *             stopped  warming  running  cooling   takes requests
 *   stopped      \        w        w        w          no
 *   warming      c        \        r        c          yes
 *   running      c        c        \        c          yes
 *   cooling      s        s        r        \          yes
 *
 * Only a replica that runs, with nothing paused, begins to lead. While persistence is paused no write is acknowledged; while
 * replication is paused no write goes to or comes from other nodes. docs/SAFETY.md, "Running and pauses". */
#define PLAT_RUN_STOPPED 0u
#define PLAT_RUN_WARMING 1u
#define PLAT_RUN_RUNNING 2u        /* as every replica begins */
#define PLAT_RUN_COOLING 3u
#define PLAT_PAUSE_PERSISTENCE 4u
#define PLAT_PAUSE_REPLICATION 8u
/* The next mode on the way from one to the other; PLAT_NONE where one of them is none. */
uint32_t plat_mode_next(uint32_t from, uint32_t to);

/* Kinds of requests, as a model's states serve them, a bit each. Further ones that a model names follow: see plat_cluster_request_name. */
#define PLAT_REQUEST_READ 1u
#define PLAT_REQUEST_WRITE 2u

#define PLAT_PEER_NODE 0u
#define PLAT_PEER_ORCHESTRATOR 1u  /* by number: each that ever runs has another */
#define PLAT_PEER_CLIENT 2u

typedef struct plat_action {
  uint32_t size;       /* sizeof(plat_action) */
  uint32_t kind;       /* PLAT_ACTION_… */
  uint32_t node;       /* whom it is for; PLAT_NONE: the host, or a peer */
  uint32_t id;         /* of an order (SET … DISCARD), within its revision */
  uint64_t revision;   /* of the orchestrator's plan; of a map */
  uint64_t term;       /* of an order: the revision as which the partition is led; older leaders are obeyed no more */
  uint32_t partition;  /* or PLAT_NONE */
  uint32_t from;       /* states, or PLAT_STATE_NULL */
  uint32_t to;
  uint32_t source;     /* or PLAT_NONE */
  uint32_t source_from;
  uint32_t source_to;
  uint32_t leader;     /* or PLAT_NONE */
  uint32_t follower_count;
  const uint32_t *PLAT_NULLABLE followers;
  uint64_t expected;   /* versions of the journal: what must be there, and what `bytes` are */
  uint64_t version;
  uint32_t digest;     /* of a map: see plat_cluster_digest */
  uint32_t peer_kind;  /* PLAT_PEER_… */
  uint32_t peer;
  uint32_t request;    /* as the host gave it */
  const void *PLAT_NULLABLE bytes;
  size_t length;
  const uint64_t *PLAT_NULLABLE values;
  size_t value_count;
  uint32_t is_definite; /* of DENIED */
  uint32_t is_done;     /* of RUNS */
  uint32_t hold;        /* of TAKE_OVER: requests (PLAT_REQUEST_…) that wait at the node until it is done or has failed */
  uint32_t mode;        /* PLAT_RUN_… and PLAT_PAUSE_… */
  uint32_t mode_from;   /* of MODE */
  uint32_t reserved;
} plat_action;
#define PLAT_ACTION_INIT { sizeof(plat_action), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* --- The orchestrator --- */

/* Ticks are of the host's own length, about as long as a message takes. 0: what is said there. */
typedef struct plat_timing {
  uint32_t size;          /* sizeof(plat_timing) */
  uint32_t tries;         /* of an order without an answer, after which all is planned again: 7 */
  uint64_t pulse;         /* between pulses to every node: 40 */
  uint64_t silence;       /* a node of which nothing was heard for so long is silent, and nothing is announced as reached: 150;
                           * UINT64_MAX: none ever is, and only plat_orchestrator_lost says who is lost */
  uint64_t patience;      /* an order or a claim is given again after so long, each time after twice that, up to 8 times: 30 */
  uint64_t longest_tick;  /* time between two ticks counts as no more than that: 20 */
  /* When silent nodes are given up. An outage that ends earlier copies nothing. */
  uint64_t grace;         /* a silent node is lost when nothing was heard of it for so long: 4 times `silence` */
  uint64_t settling;      /* a node that was lost is back: so long others are waited for, which may be back as well: 80 */
  uint32_t most_lost;     /* so many nodes at most may be lost by their silence at a time; where more would be, the change is frozen
                           * (PLAT_ACTION_FROZEN): two thirds of all nodes, 1 at least */
  uint32_t reserved;      /* 0 */
} plat_timing;
#define PLAT_TIMING_INIT { sizeof(plat_timing), 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* Makes the orchestrator that takes a cluster from its map to a plan's. The plan is one for that cluster. `timing` may be
 * NULL. PLAT_INVALID_ARGUMENT where times contradict each other: `silence` must be more than `pulse`, `grace` no less than `silence`,
 * `longest_tick` no more than it, `most_lost` no more than there are nodes. O(P · R). */
PLAT_STATUS plat_orchestrator_make(const plat_cluster *PLAT_NULLABLE cluster, const plat_plan *PLAT_NULLABLE plan,
                                   const plat_timing *PLAT_NULLABLE timing,
                                   plat_orchestrator *PLAT_NULLABLE *PLAT_NULLABLE orchestrator,
                                   plat_error *PLAT_NULLABLE error);
void plat_orchestrator_free(plat_orchestrator *PLAT_NULLABLE orchestrator);

/* Begins with the journal as it is: what the last RECORD that was done had as `bytes`; NULL and 0: there is none yet. A change
 * that was called off stays so. Once. */
PLAT_STATUS plat_orchestrator_begin(plat_orchestrator *PLAT_NULLABLE orchestrator, const void *PLAT_NULLABLE journal,
                                    size_t length, plat_error *PLAT_NULLABLE error);
/* The journal as one value is for clusters of at most 8,192 partitions: it takes less than 512 KiB then. In general it is several
 * values under keys, none of which grows with the number of partitions:
 *
 *   epoch           counts the versions; compare-and-swap goes by it alone
 *   map, goal       the map in force; the change under way
 *   disks/0 …       what is known of the nodes' disks
 *   rosters/0 …     who is complete, 1,024 partitions a value
 *
 * RECORD then says which of them change (plat_orchestrator_recorded_entry): all of those are written in one transaction, if `epoch` is
 * still of the version `expected`; each in place of what was there. At most 51 values, 4 MiB together, most often some KiB. */
typedef struct plat_journal_entry {
  const char *PLAT_NULLABLE key;
  const void *PLAT_NULLABLE bytes;
  size_t length;
} plat_journal_entry;

/* Begins with the journal as several values: all keys, read at one time, in any order; none: there is no journal yet. Where one is
 * missing, or not of the version that the epoch says, PLAT_INVALID_INPUT names it: read them again. Both ways to begin: where the plan
 * was made from another map than the one in force, PLAT_INVALID_INPUT with both revisions (path "plan"); it has not begun then. */
PLAT_STATUS plat_orchestrator_begin_keys(plat_orchestrator *PLAT_NULLABLE orchestrator,
                                         const plat_journal_entry *PLAT_NULLABLE entries, size_t count,
                                         plat_error *PLAT_NULLABLE error);
/* The value number `index`, from 0, that the RECORD polled last changes; the first is the epoch's, which is what RECORD has as `bytes`
 * where the journal is several values. PLAT_NOT_FOUND from the end on. Its pointers stay until the next call of this function or
 * poll. Begun with one value, RECORD has all of it as `bytes`; of more than 8,192 partitions it has the epoch's alone, which does not
 * begin: such clusters need the keys. */
PLAT_STATUS plat_orchestrator_recorded_entry(plat_orchestrator *PLAT_NULLABLE orchestrator, size_t index,
                                             plat_journal_entry *PLAT_NULLABLE entry, plat_error *PLAT_NULLABLE error);
/* The next thing to do; kind PLAT_ACTION_NONE where there is none. What it points to is the orchestrator's until the next poll. */
PLAT_STATUS plat_orchestrator_poll(plat_orchestrator *PLAT_NULLABLE orchestrator, plat_action *PLAT_NULLABLE action,
                                   plat_error *PLAT_NULLABLE error);
/* What became of RECORD. `done` 0: the version was another. In this call and in those that tell of nodes the next map may be
 * planned, which takes as long as plat_plan_make. */
PLAT_STATUS plat_orchestrator_recorded(plat_orchestrator *PLAT_NULLABLE orchestrator, int32_t done,
                                       plat_error *PLAT_NULLABLE error);
/* Where it is not known what became of RECORD, since the store did not answer or not in time: the journal as it is now (NULL and 0:
 * there is none). The orchestrator knows its own write from another's: it goes on, asks for RECORD again, or retires. */
PLAT_STATUS plat_orchestrator_journal(plat_orchestrator *PLAT_NULLABLE orchestrator, const void *PLAT_NULLABLE journal,
                                      size_t length, plat_error *PLAT_NULLABLE error);
/* The same where the journal is several values: all of them. */
PLAT_STATUS plat_orchestrator_journal_keys(plat_orchestrator *PLAT_NULLABLE orchestrator,
                                           const plat_journal_entry *PLAT_NULLABLE entries, size_t count,
                                           plat_error *PLAT_NULLABLE error);
/* Time, in ticks from any beginning. It may jump. */
PLAT_STATUS plat_orchestrator_tick(plat_orchestrator *PLAT_NULLABLE orchestrator, uint64_t now,
                                   plat_error *PLAT_NULLABLE error);
/* No further step begins until it is resumed; what is under way is finished. */
PLAT_STATUS plat_orchestrator_pause(plat_orchestrator *PLAT_NULLABLE orchestrator, plat_error *PLAT_NULLABLE error);
PLAT_STATUS plat_orchestrator_resume(plat_orchestrator *PLAT_NULLABLE orchestrator, plat_error *PLAT_NULLABLE error);
/* Calls the change off: once that is in the journal the map as it stands becomes the target, for whoever goes on with it. */
PLAT_STATUS plat_orchestrator_cancel(plat_orchestrator *PLAT_NULLABLE orchestrator, plat_error *PLAT_NULLABLE error);

/* What a node's agent sent, `length` bytes; read during the call only. PLAT_INVALID_INPUT where they are no message of a version
 * that is known: nothing has changed then, and the host may drop them. The same goes for plat_agent_receive. */
PLAT_STATUS plat_orchestrator_receive(plat_orchestrator *PLAT_NULLABLE orchestrator, uint32_t node,
                                      const void *PLAT_NULLABLE bytes, size_t length, plat_error *PLAT_NULLABLE error);
/* The host knows that a node is gone, before its silence tells. It is back when it is heard of again. */
PLAT_STATUS plat_orchestrator_lost(plat_orchestrator *PLAT_NULLABLE orchestrator, uint32_t node,
                                   plat_error *PLAT_NULLABLE error);

/* The replica of a partition at a node is to run otherwise: `from`, as which it is known, `to`, in which it is to end; modes of
 * PLAT_RUN_… and PLAT_PAUSE_…. By compare-and-swap, one hop after another; RUNS tells how it ended. What was asked before of the same
 * replica is asked no more. It does not outlive the orchestrator. A node without an agent gets MODE and reports
 * plat_orchestrator_has_mode: how the replica runs now. */
PLAT_STATUS plat_orchestrator_mode(plat_orchestrator *PLAT_NULLABLE orchestrator, uint32_t node, uint32_t partition,
                                   uint32_t from, uint32_t to, plat_error *PLAT_NULLABLE error);
PLAT_STATUS plat_orchestrator_has_mode(plat_orchestrator *PLAT_NULLABLE orchestrator, uint32_t node, uint64_t revision,
                                       uint32_t id, uint32_t partition, uint32_t mode, plat_error *PLAT_NULLABLE error);

/* The reports of a host without agents.
 *
 * What nodes must do for this to be as safe as with agents, all of it durably before they report:
 *   CLAIM      Keep the greatest `revision` that was claimed or ordered. Refuse what has an older one (PLAT_REFUSED_OUTDATED),
 *              and forget what was half done for one.
 *   an order   Done at once or not at all. Refused if the node is not in `from` (PLAT_REFUSED_STATE), but reported complete if
 *              it has been done: it may come again. Orders for a node and partition come in the order of their ids.
 *   leading    A leader acknowledges a write when all its followers have it; a follower refuses leaders of terms older than
 *              it has heard of. Hosts that let a leader answer alone must stop an old one by leases or otherwise.
 *   COPY       The leader takes the newcomer among its followers, then the newcomer gets all that was acknowledged until
 *              then, then it is `to`.
 *   TAKE_OVER  The source is durably leader no more before the node is. It keeps its copy until the node durably leads, and nothing
 *              is acknowledged before that copy has gone; if it is claimed meanwhile, it tells the followers that it had, which says
 *              that it could lead again.
 */
typedef struct plat_holding {
  uint32_t partition;
  uint32_t state;
  uint32_t is_leading;  /* 1: it takes writes, now */
  uint32_t follower_count;
  uint64_t term;        /* the revision of the last leader that it obeyed, or as which it leads; where nodes keep no terms, that of
                         * the order by which it got its data or began or went on to lead; at the beginning the map's */
  const uint32_t *PLAT_NULLABLE followers;  /* of one that leads; of one that has handed over and keeps its copy: those that it had */
} plat_holding;

/* What a claimed node holds, partitions ascending. `revision`: that of the claim. */
PLAT_STATUS plat_orchestrator_inventory(plat_orchestrator *PLAT_NULLABLE orchestrator, uint32_t node, uint64_t revision,
                                        const plat_holding *PLAT_NULLABLE holdings, size_t count,
                                        plat_error *PLAT_NULLABLE error);
/* An order is done; is still being done, and takes its time; will not be done, because … . It may be given again. */
PLAT_STATUS plat_orchestrator_complete(plat_orchestrator *PLAT_NULLABLE orchestrator, uint32_t node, uint64_t revision,
                                       uint32_t id, plat_error *PLAT_NULLABLE error);
PLAT_STATUS plat_orchestrator_working(plat_orchestrator *PLAT_NULLABLE orchestrator, uint32_t node, uint64_t revision,
                                      uint32_t id, plat_error *PLAT_NULLABLE error);
#define PLAT_REFUSED_STATE 0u       /* the node or the source is not in the state that it should be in */
#define PLAT_REFUSED_BUSY 1u        /* another order for the partition is under way */
#define PLAT_REFUSED_NOT_LEADER 2u  /* who was taken for the leader is none */
#define PLAT_REFUSED_NO_ROOM 3u     /* the disk is full */
#define PLAT_REFUSED_OUTDATED 4u    /* of an order or a claim: the node obeys a later revision */
#define PLAT_REFUSED_NOT_RUNNING 5u /* the replica that is to lead or to give its data is stopped or paused: it is waited for */
PLAT_STATUS plat_orchestrator_fail(plat_orchestrator *PLAT_NULLABLE orchestrator, uint32_t node, uint64_t revision,
                                   uint32_t id, uint32_t why, plat_error *PLAT_NULLABLE error);
/* The node answered PULSE, or was heard of in some other way. One that obeys a later revision than PULSE's says so by
 * plat_orchestrator_fail and PLAT_REFUSED_OUTDATED: an orchestrator that was replaced ends so. */
PLAT_STATUS plat_orchestrator_alive(plat_orchestrator *PLAT_NULLABLE orchestrator, uint32_t node,
                                    plat_error *PLAT_NULLABLE error);
/* The map that a node knows: that of MAP, or a later one, if it was told of one. */
PLAT_STATUS plat_orchestrator_has_map(plat_orchestrator *PLAT_NULLABLE orchestrator, uint32_t node, uint64_t revision,
                                      uint32_t digest, plat_error *PLAT_NULLABLE error);

#define PLAT_PHASE_IDLE 0u       /* not begun */
#define PLAT_PHASE_RECORDING 1u  /* a new revision goes into the journal */
#define PLAT_PHASE_CLAIMING 2u   /* nodes are asked what they hold */
#define PLAT_PHASE_LEAVING 3u    /* who is left behind goes into the journal */
#define PLAT_PHASE_PLANNING 4u
#define PLAT_PHASE_RUNNING 5u
#define PLAT_PHASE_REACHED 6u
#define PLAT_PHASE_RETIRED 7u
#define PLAT_PHASE_WAITING 8u    /* nothing is under way, and nodes are silent: they may be back, or be lost after `grace` */
#define PLAT_PHASE_FROZEN 9u     /* more nodes are silent than may be lost: PLAT_ACTION_FROZEN */
#define PLAT_PHASE_ARRIVING 10u  /* between RUNNING and REACHED: that the map is in force goes into the journal */

typedef struct plat_standing {
  uint32_t size;        /* sizeof(plat_standing) */
  uint32_t phase;       /* PLAT_PHASE_… */
  uint32_t is_paused;
  uint32_t is_called_off;
  uint64_t revision;    /* of its orders */
  uint64_t plans;       /* how often it planned */
  uint64_t done;        /* orders of this plan */
  uint64_t running;
  uint64_t left;
  uint64_t rounds;      /* that are left at least, if every step takes one */
  uint64_t copied;      /* weight of the partitions that were copied, whole numbers: bytes where weights are bytes */
  uint64_t to_copy;     /* of all that are to be */
  uint64_t lost_count;  /* nodes that did not answer the last claim */
  uint64_t silent_count;     /* nodes that are silent, and not lost yet */
  uint64_t unreached_count;  /* partitions that are not as the map says which was reached: plat_orchestrator_unreached */
} plat_standing;
#define PLAT_STANDING_INIT { sizeof(plat_standing), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
/* Where the change stands. O(nodes). */
PLAT_STATUS plat_orchestrator_standing(const plat_orchestrator *PLAT_NULLABLE orchestrator,
                                       plat_standing *PLAT_NULLABLE standing, plat_error *PLAT_NULLABLE error);
#define PLAT_UNREACHED_WITHHELD 0u   /* no complete copy can be reached; nothing is done about the partition until one can, and the map
                                      * has nobody for it */
#define PLAT_UNREACHED_NO_WAY 1u     /* its data is gone, or nodes without room wait for one another, or nobody may take its last copy */
#define PLAT_UNREACHED_LAST_COPY 2u  /* a step would take its last copy, which stays */
typedef struct plat_unreached {
  uint32_t partition;
  uint32_t why;  /* PLAT_UNREACHED_… */
} plat_unreached;
/* Partitions that are not as the map says that was reached, ascending. *count becomes their number, whether they fit into `capacity`
 * or not (PLAT_TOO_SMALL). */
PLAT_STATUS plat_orchestrator_unreached(const plat_orchestrator *PLAT_NULLABLE orchestrator,
                                        plat_unreached *PLAT_NULLABLE partitions, size_t capacity, size_t *PLAT_NULLABLE count,
                                        plat_error *PLAT_NULLABLE error);
/* The cluster with the map that is being gone to, or that is in force when it is reached, as its current one.
 * PLAT_NOT_FOUND until something was planned. */
PLAT_STATUS plat_orchestrator_target(const plat_orchestrator *PLAT_NULLABLE orchestrator,
                                     plat_cluster *PLAT_NULLABLE *PLAT_NULLABLE target, plat_error *PLAT_NULLABLE error);
/* A CRC-32 of the cluster's map, in words that no numbering of nodes changes: whether it is the one of MAP's `digest`. 0: it
 * has no map. O(P · R). */
uint32_t plat_cluster_digest(const plat_cluster *PLAT_NULLABLE cluster);

/* --- The agent --- */

/* What a node kept: the `bytes` of a KEEP. */
typedef struct plat_kept {
  const void *PLAT_NULLABLE bytes;
  size_t length;
} plat_kept;

/* Makes the agent of a node, as it starts for the `boot`-th time: each start has a greater number, from 1. `kept`: for the
 * promise and each partition what was kept last, in any order. The first actions keep what must be kept before all else.
 *
 * Start 1 without a promise: the node is new, and has what the cluster's map says. (Who stopped before the first promise was kept is
 * at start 1 again.) A later start without one, or with one that is damaged, or with another node's, is PLAT_LOST_DISK: what
 * the node has is not what it is known to have. Its host looks for the right disk, or gives it a new one (plat_agent_start). A record
 * that is damaged costs its partition alone: see plat_agent_damaged. Records of partitions that the cluster does not have any more
 * are dropped.
 *
 * From the second start on the node serves nobody until an orchestrator has found its disk to be the one that is known, which takes a
 * pulse and two messages. O(P · R). */
PLAT_STATUS plat_agent_make(const plat_cluster *PLAT_NULLABLE cluster, uint32_t node, uint32_t boot,
                            const plat_kept *PLAT_NULLABLE kept, size_t count,
                            plat_agent *PLAT_NULLABLE *PLAT_NULLABLE agent, plat_error *PLAT_NULLABLE error);
void plat_agent_free(plat_agent *PLAT_NULLABLE agent);

/* The disk is a new one with nothing on it, for a node that may have had another: the node holds nothing, whatever the map says. An
 * orchestrator takes what the node had for lost. `count` must be 0. */
#define PLAT_START_NEW_DISK 1u

typedef struct plat_start {
  uint32_t size;   /* sizeof(plat_start) */
  uint32_t node;
  uint32_t boot;   /* greater at each start, on whatever disk */
  uint32_t flags;  /* PLAT_START_… */
} plat_start;
#define PLAT_START_INIT { sizeof(plat_start), 0, 0, 0 }
/* plat_agent_make with more to say. */
PLAT_STATUS plat_agent_start(const plat_cluster *PLAT_NULLABLE cluster, const plat_start *PLAT_NULLABLE start,
                             const plat_kept *PLAT_NULLABLE kept, size_t count,
                             plat_agent *PLAT_NULLABLE *PLAT_NULLABLE agent, plat_error *PLAT_NULLABLE error);

/* A record that could not be read when the agent started. The node holds nothing of its partition; where others do, an orchestrator
 * has it copied anew. */
typedef struct plat_damaged {
  uint32_t size;       /* sizeof(plat_damaged) */
  uint32_t partition;  /* PLAT_NONE: the bytes do not even say that */
  size_t index;        /* in `kept` */
  char what[256];      /* what is wrong with it */
} plat_damaged;
#define PLAT_DAMAGED_INIT { sizeof(plat_damaged), 0, 0, {0} }
/* Number `index` of them, from 0; PLAT_NOT_FOUND from the end on. */
PLAT_STATUS plat_agent_damaged(const plat_agent *PLAT_NULLABLE agent, size_t index, plat_damaged *PLAT_NULLABLE damaged,
                               plat_error *PLAT_NULLABLE error);

/* Nodes that come while agents run: an orchestrator tells agents of nodes that their cluster does not have. They get the numbers
 * that the orchestrator's cluster has for them (where such a number is taken, the next one that is free), stand as `peer` in DELIVER,
 * and are kept with the promise. What a node says of which nobody has told yet is as if it were lost. The name of a node, whichever
 * way the agent knows it; NULL: it does not. Valid as long as the agent. */
const char *PLAT_NULLABLE plat_agent_node_name(const plat_agent *PLAT_NULLABLE agent, uint32_t node);

/* The next thing to do, as plat_orchestrator_poll has it. */
PLAT_STATUS plat_agent_poll(plat_agent *PLAT_NULLABLE agent, plat_action *PLAT_NULLABLE action,
                            plat_error *PLAT_NULLABLE error);
/* What a node's agent (`peer`: its number) or an orchestrator sent. */
PLAT_STATUS plat_agent_receive(plat_agent *PLAT_NULLABLE agent, uint32_t peer_kind, uint32_t peer,
                               const void *PLAT_NULLABLE bytes, size_t length, plat_error *PLAT_NULLABLE error);
/* Now and then, every 40 ticks or so: what waits for followers is asked again. */
PLAT_STATUS plat_agent_tick(plat_agent *PLAT_NULLABLE agent, plat_error *PLAT_NULLABLE error);
/* Whether there is room on the disk. */
PLAT_STATUS plat_agent_disk_full(plat_agent *PLAT_NULLABLE agent, int32_t is_full, plat_error *PLAT_NULLABLE error);
/* A client's request; WRITTEN, ANSWER or DENIED comes of it, unless the node stops. `value`: 8 bytes of the host's own, such
 * as a place in its store. Writes and reads are for models in which one node leads; elsewhere they are denied. */
PLAT_STATUS plat_agent_write(plat_agent *PLAT_NULLABLE agent, uint32_t partition, uint64_t value, uint32_t client,
                             uint32_t request, plat_error *PLAT_NULLABLE error);
PLAT_STATUS plat_agent_read(plat_agent *PLAT_NULLABLE agent, uint32_t partition, uint32_t client, uint32_t request,
                            plat_error *PLAT_NULLABLE error);
/* The same for any kind of request of the model, one bit of PLAT_REQUEST_… or a later one. `value`: of a kind that writes; NULL of others.
 * Of takeovers it makes a difference: `config.hold` says which kinds wait at a successor. */
PLAT_STATUS plat_agent_request(plat_agent *PLAT_NULLABLE agent, uint32_t partition, uint32_t kind, const uint64_t *PLAT_NULLABLE value,
                               uint32_t client, uint32_t request, plat_error *PLAT_NULLABLE error);
/* A write of which there are fewer copies on disk is not acknowledged, from now on: with fewer followers it is denied (definitely),
 * with more that are still being made it waits. 1 to the number of nodes; at first `config.minInSync` of the cluster's document, or 1.
 * Followers that speak an older version than 3 do not count. */
PLAT_STATUS plat_agent_min_in_sync(plat_agent *PLAT_NULLABLE agent, uint32_t copies, plat_error *PLAT_NULLABLE error);
/* How its replica runs: PLAT_RUN_… and PLAT_PAUSE_…; PLAT_NONE where it has no data of the partition. */
uint32_t plat_agent_mode(const plat_agent *PLAT_NULLABLE agent, uint32_t partition);
/* What the node is for a partition: a state, or PLAT_STATE_NULL; and whether it leads it, as far as it knows. */
uint32_t plat_agent_state(const plat_agent *PLAT_NULLABLE agent, uint32_t partition);
int32_t plat_agent_leads(const plat_agent *PLAT_NULLABLE agent, uint32_t partition);
/* The map that it was told of last: its revision (0: none yet) and digest. Older ones, and others of that revision, are wrong. */
uint64_t plat_agent_map(const plat_agent *PLAT_NULLABLE agent, uint32_t *PLAT_NULLABLE digest);

#ifdef __cplusplus
}
#endif
#if defined(PLAT_HAS_NULLABILITY)
#pragma clang diagnostic pop
#endif
#endif
