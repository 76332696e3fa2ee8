// Plans a cluster, cancels a plan from another goroutine, and shows an error, through the C ABI.
//
//	CGO_CFLAGS=$(pkg-config --cflags plat) CGO_LDFLAGS=$(pkg-config --libs plat) go run plan.go
package main

/*
#include <stdlib.h>
#include <string.h>
#include <plat.h>

int32_t atGate(void *context, char *stage);

// A control whose progress function is Go's.
static inline plat_status make_control(plat_control **control, plat_error *error) {
  return plat_control_make((plat_progress)atGate, NULL, control, error);
}

// Pointers to Go memory may not lie in a struct that C is given; so it is filled in here.
static inline plat_status describe(uint32_t nodes, uint32_t partitions, const uint32_t *containers, const uint8_t *statuses,
                            const uint32_t *map, plat_cluster **cluster, plat_error *error) {
  const uint32_t counts[PLAT_STATE_COUNT] = {1, 2, 0, 0};
  const plat_rule rule = {PLAT_RULE_AT_MOST, PLAT_HARD, 3, 0, 1, 0};
  plat_cluster_arrays arrays = PLAT_CLUSTER_ARRAYS_INIT;
  arrays.node_count = nodes;
  arrays.partition_count = partitions;
  arrays.counts = counts;
  arrays.level_count = 1;
  arrays.containers = containers;
  arrays.rule_count = 1;
  arrays.rules = &rule;
  arrays.node_statuses = statuses;
  arrays.map = map;
  arrays.map_revision = map ? 1 : 0;
  return plat_cluster_from_arrays(&arrays, cluster, error);
}
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"
)

const width = 3

// What a plan is given up through: it has begun, and it is cancelled.
var begun, cancelled = make(chan struct{}), make(chan struct{})

// Told each stage that is done: the first of them waits until another goroutine has cancelled.
//
//export atGate
func atGate(context unsafe.Pointer, stage *C.char) C.int32_t {
	close(begun)
	<-cancelled
	return 0
}

// Failure is a call that failed, in words.
type Failure struct {
	Status, Message, Path string
	Line                  int
}

func (failure *Failure) Error() string { return failure.Status + ": " + failure.Message }

func newError() C.plat_error {
	var e C.plat_error
	e.size = C.uint32_t(unsafe.Sizeof(e))
	return e
}

func failure(status C.plat_status, e *C.plat_error) error {
	if status == C.PLAT_OK {
		return nil
	}
	return &Failure{
		C.GoString(C.plat_status_name(C.int32_t(status))), C.GoString(&e.message[0]), C.GoString(&e.path[0]), int(e.line)}
}

// Cluster is freed by Close, or by the collector.
type Cluster struct{ handle *C.plat_cluster }

// Plan is a map, and what came before it.
type Plan struct{ handle *C.plat_plan }

func first[T any](values []T) *T {
	if len(values) == 0 {
		return nil
	}
	return &values[0]
}

func newCluster(zones []uint32, partitions int, statuses []uint8, rows []uint32) (*Cluster, error) {
	e, cluster := newError(), &Cluster{}
	status := C.describe(C.uint32_t(len(zones)), C.uint32_t(partitions), (*C.uint32_t)(first(zones)),
		(*C.uint8_t)(first(statuses)), (*C.uint32_t)(first(rows)), &cluster.handle, &e)
	if err := failure(status, &e); err != nil {
		return nil, err
	}
	runtime.SetFinalizer(cluster, func(cluster *Cluster) { C.plat_cluster_free(cluster.handle) })
	return cluster, nil
}

func (cluster *Cluster) plan(control *C.plat_control) (*Plan, error) {
	e, plan := newError(), &Plan{}
	status := C.plat_plan_make(cluster.handle, nil, nil, control, &plan.handle, &e)
	runtime.KeepAlive(cluster)
	if err := failure(status, &e); err != nil {
		return nil, err
	}
	runtime.SetFinalizer(plan, func(plan *Plan) { C.plat_plan_free(plan.handle) })
	return plan, nil
}

// rows copies the map out, so that the collector may take the plan.
func (plan *Plan) rows() []uint32 {
	var count C.size_t
	start := C.plat_plan_rows(plan.handle, &count)
	rows := append([]uint32(nil), unsafe.Slice((*uint32)(unsafe.Pointer(start)), int(count))...)
	runtime.KeepAlive(plan)
	return rows
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	fmt.Println("plat", C.GoString(C.plat_version()))
	zones := []uint32{0, 0, 0, 1, 1, 1, 2, 2, 2}
	fresh, err := newCluster(zones, 300, nil, nil)
	check(err)
	before, err := fresh.plan(nil)
	check(err)
	held := before.rows()
	cluster, err := newCluster(zones, 300, []uint8{0, 0, 0, 0, C.PLAT_NODE_LEAVING, 0, 0, 0, 0}, held)
	check(err)
	next, err := cluster.plan(nil)
	check(err)
	moves := 0
	for slot, node := range next.rows() {
		row := held[slot-slot%width : slot-slot%width+width]
		if node != row[0] && node != row[1] && node != row[2] {
			moves++
		}
	}
	fmt.Printf("revision %d: %d moves, at least %d\n", uint64(C.plat_plan_revision(next.handle)), moves,
		uint64(C.plat_plan_moves_lower_bound(next.handle)))

	e := newError()
	var control *C.plat_control
	check(failure(C.make_control(&control, &e), &e))
	go func() {
		<-begun
		C.plat_control_cancel(control)
		close(cancelled)
	}()
	_, err = fresh.plan(control)
	C.plat_control_free(control)
	if told, is := err.(*Failure); is {
		fmt.Println("from another goroutine:", told.Status)
	}

	document := "{ \"plat\": 1,\n\"nodes\": { \"a\": { \"wait\": 1 } } }"
	text, name := C.CString(document), C.CString("wrong.json")
	defer C.free(unsafe.Pointer(text))
	defer C.free(unsafe.Pointer(name))
	var wrong *C.plat_cluster
	err = failure(C.plat_cluster_from_document(unsafe.Pointer(text), C.size_t(len(document)), name, &wrong, &e), &e)
	if told, is := err.(*Failure); is {
		fmt.Printf("%s in line %d, %s: %s\n", told.Status, told.Line, told.Path, told.Message)
	}
}
