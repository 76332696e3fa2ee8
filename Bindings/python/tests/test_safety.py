"""python3 -m unittest, with PLAT_LIBRARY and PYTHONPATH=src: nothing that Python can do ends the process, and no
number is cut. Random parts tell their seed: see setting.py."""

import array
import copy
import gc
import pickle
import random
import threading
import time
import unittest

from setting import WRONG, seeds  # before plat
import plat


def rows(view):
    return [list(map(int, row)) for row in view.tolist()]


def make(nodes=6, partitions=24, **others):
    return plat.Cluster.from_arrays(nodes, partitions, **others)


class Copies(unittest.TestCase):
    def test_what_never_changes_is_shared(self):
        cluster = make()
        plan = cluster.plan()
        expected = rows(plan.rows)
        for thing in (cluster, plan, plan.steps(), plan.check(), cluster.router()):
            for twin in (copy.copy(thing), copy.deepcopy(thing)):
                self.assertEqual(repr(twin), repr(thing))
                thing.close()
                thing = twin
            self.assertNotIn("closed", repr(thing))
        twin = copy.copy(make())
        gc.collect()
        self.assertEqual(rows(twin.plan().rows), expected)

    def test_what_changes_is_refused(self):
        cluster = make()
        for thing in (plat.Orchestrator(cluster, cluster.plan()), plat.Agent(cluster, 0, 1), plat.Control()):
            for how in (copy.copy, copy.deepcopy, pickle.dumps):
                with self.assertRaises(TypeError):
                    how(thing)

    def test_pickling(self):
        boxes = [0, 1, 2, 0, 1, 2]  # nodes of a zone do not follow one another: they have numbers of their own
        cluster = make(containers=boxes, level_names=["zone"], rules=[plat.Rule(at_most=1)], weights=[1, 2, 3, 1, 2, 3], counts=(1, 1))
        done = cluster.after(cluster.plan())
        for thing in (cluster, done):
            again = pickle.loads(pickle.dumps(thing))
            self.assertEqual(repr(again), repr(thing))
            self.assertEqual([again.node_name(node) for node in range(6)], [thing.node_name(node) for node in range(6)])
            self.assertEqual(rows(again.plan().rows), rows(thing.plan().rows))
        self.assertEqual(rows(pickle.loads(pickle.dumps(done)).rows), rows(done.rows))
        plan = cluster.plan()
        again = pickle.loads(pickle.dumps(plan))
        self.assertEqual((rows(again.rows), again.moves_lower_bound, again.verify().holds), (rows(plan.rows), plan.moves_lower_bound, True))
        with self.assertRaises(TypeError):
            pickle.dumps(plan.check())

    def test_errors_go_to_other_processes(self):
        for wrong in (lambda: plat.Cluster.from_document("{\n"), lambda: make(0, 4).plan(strict=True), lambda: plat.batch("none", "/none")):
            with self.assertRaises(Exception) as caught:
                wrong()
            again = pickle.loads(pickle.dumps(caught.exception))
            self.assertEqual((type(again), str(again)), (type(caught.exception), str(caught.exception)))
            self.assertEqual(getattr(again, "line", None), getattr(caught.exception, "line", None))


class Closing(unittest.TestCase):
    def test_with(self):
        with make() as cluster:
            with cluster.plan() as plan:
                view, expected = plan.rows, rows(plan.rows)
        for thing in (cluster, plan):
            self.assertTrue(thing.is_closed)
            self.assertRegex(repr(thing), "closed")
            thing.close()
        for call in (lambda: cluster.plan(), lambda: cluster.node_count, lambda: plan.rows, lambda: plan.moves(), lambda: copy.copy(plan).rows):
            with self.assertRaises(ValueError):
                call()
        gc.collect()
        for _ in range(10):
            make().plan()
        self.assertEqual(rows(view), expected)

    def test_what_was_made_from_it_goes_on(self):
        cluster = make(map=[[p % 3, 3 + p % 3] for p in range(24)], borrow=True)
        plan = cluster.plan()
        expected, moves = rows(plan.rows), len(plan.moves())
        cluster.close()
        steps, report = plan.steps(), plan.check()
        self.assertEqual((rows(plan.rows), len(plan.moves()), plan.verify().holds), (expected, moves, True))
        plan.close()
        report.close()
        gc.collect()
        self.assertEqual((len(list(steps)), report.moves), (len(steps), report.moves))
        self.assertTrue(steps.to_document())

    def test_what_is_no_handle_or_another_is_refused(self):
        cluster = make()
        plan, router = cluster.plan(), cluster.router()
        for wrong in (5, "x", object(), router, None):
            for call in (
                lambda: cluster.after(wrong), lambda: plat.Orchestrator(wrong, plan), lambda: plat.Orchestrator(cluster, wrong),
                lambda: plat.Agent(wrong, 0, 1), lambda: cluster.compare(wrong), lambda: plat.Cluster(wrong), lambda: plat.Report(wrong),
                lambda: plat.Steps(wrong), lambda: plat.Plan(wrong, cluster), lambda: plat.Router(wrong),
            ):
                with self.subTest(wrong=wrong), self.assertRaises(TypeError):
                    call()
        for call in (
            lambda: cluster.after(cluster), lambda: cluster.check(cluster), lambda: cluster.plan("cancel", earlier=plan), lambda: cluster.compare(plan),
            lambda: cluster.compare(cluster, cluster), lambda: plat.Agent(plan, 0, 1), lambda: plat.Orchestrator(plan, cluster),
            lambda: cluster.plan("cancel", earlier=7), lambda: cluster.check(7),
        ):
            with self.assertRaises(TypeError):
                call()

    def test_any_order(self):
        """Handles and views made from one another; any of them is closed, dropped or used next: it works, or says that it is closed."""
        for seed in seeds(15):
            with self.subTest(f"PLAT_SEED={seed} python3 test_safety.py Closing.test_any_order"):
                self.in_any_order(random.Random(seed))

    def in_any_order(self, chance):
        nodes, partitions = chance.randint(2, 7), chance.randint(1, 30)
        table = [[p % nodes, (p + 1) % nodes] for p in range(partitions)]
        things = [make(nodes, partitions), make(nodes, partitions, map=table, borrow=chance.random() < 0.7)]
        views = []
        uses = {
            plat.Cluster: [
                lambda c: c.plan(), lambda c: c.router(), lambda c: c.rows, lambda c: c.check(), lambda c: c.to_document(), copy.copy, repr,
                lambda c: c.node_name(0), lambda c: plat.Agent(c, 0, 1)],
            plat.Plan: [
                lambda p: p.rows, lambda p: p.steps(), lambda p: p.verify(), lambda p: p.cluster.after(p), lambda p: p.moves(), repr, copy.copy,
                lambda p: plat.Orchestrator(p.cluster, p)],
            plat.Steps: [list, len, lambda s: s.to_document(), copy.deepcopy],
            plat.Report: [repr, lambda r: r.to_document(), lambda r: r.findings],
            plat.Router: [lambda r: r.find(b"key"), lambda r: r.find_batch([b"a", b"b"])],
            plat.Orchestrator: [lambda o: o.begin(), lambda o: next(o.actions(), None), lambda o: o.target(), lambda o: o.tick(5), repr],
            plat.Agent: [lambda a: next(a.actions(), None), lambda a: a.tick(), lambda a: a.state(0)],
        }
        for _ in range(60):
            thing = chance.choice(things)
            step = chance.random()
            if step < 0.15:
                thing.close()
            elif step < 0.25 and len(things) > 2:
                things.remove(thing)
            elif step < 0.3:
                gc.collect()
            else:
                try:
                    made = chance.choice(uses[type(thing)])(thing)
                except (ValueError, plat.NotFound) as error:
                    self.assertTrue(thing.is_closed or "closed" in str(error) or isinstance(error, plat.PlatError), error)
                else:
                    if isinstance(made, tuple(uses)):
                        things.append(made)
                    elif hasattr(made, "tolist"):
                        views.append((made, made.tolist()))
            del thing
        things.clear()
        gc.collect()
        for view, before in views:
            self.assertEqual(view.tolist(), before)

    def test_beside_calls_of_other_threads(self):
        for seed in seeds(4):
            with self.subTest(f"PLAT_SEED={seed} python3 test_safety.py Closing.test_beside_calls_of_other_threads"):
                self.beside_calls(random.Random(seed))

    def beside_calls(self, chance):
        cluster = make(40, 1 << chance.randint(6, 11), counts=(1, 2), containers=[node // 10 for node in range(40)])
        plan = cluster.plan()
        orchestrator, router, steps = plat.Orchestrator(cluster, plan), cluster.router(), plan.steps()
        orchestrator.begin()
        handles, failures = [cluster, plan, orchestrator, router, steps], []
        uses = [
            lambda: cluster.plan(), lambda: cluster.after(plan), lambda: plan.verify(), lambda: plan.rows.tolist(), lambda: plan.moves(),
            lambda: list(orchestrator.actions()), lambda: orchestrator.tick(9), lambda: router.find_batch([b"k"] * 1000),
            lambda: steps[len(steps) - 1], lambda: cluster.to_document(), lambda: orchestrator.standing, lambda: plan.simulate(runs=1, faults={})]

        def work(chance):
            for _ in range(12):
                try:
                    chance.choice(uses)()
                except (ValueError, IndexError, plat.NotFound):
                    pass
                except BaseException as failure:  # noqa: BLE001
                    failures.append(failure)

        threads = [threading.Thread(target=work, args=(random.Random(chance.random()),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        chance.shuffle(handles)
        for handle in handles:
            time.sleep(chance.random() * 0.02)
            handle.close()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_an_array_that_is_looked_into_cannot_shrink(self):
        keys, offsets = bytearray(b"ab"), array.array("I", [0, 1, 2])
        router = make().router()
        self.assertEqual(len(router.find_joined(keys, offsets)), 2)
        table = array.array("I", [0, 1] * 24)
        cluster = make(map=table, borrow=True)
        try:
            del table[:]
        except BufferError:
            pass
        self.assertEqual(rows(cluster.rows), [[0, 1]] * 24)

    @unittest.skipUnless(plat.has_numpy, "NumPy is not there")
    def test_what_is_borrowed_is_not_written_to(self):
        import numpy

        whole = numpy.zeros((26, 2), dtype="u4")
        whole[:, 1] = 1
        cluster = make(map=whole[2:], borrow=True)
        for part in (whole, whole[3:]):
            with self.assertRaises(ValueError):
                part[0, 0] = 99
        self.assertTrue(cluster.plan().check())
        memory = bytearray(24 * 8)
        mine = numpy.frombuffer(memory, dtype="u4").reshape(24, 2)
        mine[:, 1] = 1
        cluster = make(map=mine, borrow=True)
        memory[:] = b"\xff" * len(memory)
        self.assertEqual(rows(cluster.rows), [[0, 1]] * 24)


# Numbers

NO_NUMBERS = [1.5, 1.0, float("nan"), float("inf"), "3", b"3", None, [], [1], {}, object(), 1j]
OUT_OF_RANGE = [-1, -(1 << 31), 1 << 32, (1 << 32) + 3, 1 << 63, (1 << 64) + 1, 1 << 200]


def of_cluster(cluster):
    """What a number went into: all that a document says."""
    return cluster.to_document()


SCALARS = {
    "nodes": lambda v: make(v, 4), "partitions": lambda v: make(4, v), "revision": lambda v: make(2, 2, map=[[0, 1]] * 2, revision=v),
    "counts": lambda v: make(4, 4, counts=(1, v)), "at_most": lambda v: make(4, 4, containers=[0, 0, 1, 1], rules=[plat.Rule(at_most=v)]),
    "level": lambda v: make(4, 4, containers=[0, 0, 1, 1], rules=[plat.Rule(level=v, at_most=2)]),
    "near": lambda v: make(4, 4, containers=[0, 0, 1, 1], rules=[plat.Rule(near=v, at_least=1)]),
    "at_least": lambda v: make(4, 4, containers=[0, 0, 1, 1], rules=[plat.Rule(near=0, at_least=v)]),
    "states": lambda v: make(4, 4, containers=[0, 0, 1, 1], rules=[plat.Rule(at_most=2, states=(v,))]),
    "outbound": lambda v: make(4, 4, fan_out={"outbound": v}), "inbound": lambda v: make(4, 4, fan_out={"inbound": v}),
    "slots": lambda v: make(2, 2, map=[[0, 1]] * 2, slots=(1, v)),
    "weight": lambda v: make(3, 4, weights=[v, 1, 1]), "capacity": lambda v: make(3, 4, capacities=[v, 5, 5]),
    "status": lambda v: make(3, 4, statuses=[v, 0, 0]), "container": lambda v: make(3, 4, containers=[v, 1, 1]),
    "node in a map": lambda v: make(3, 4, map=[[v, 2]] * 4), "partition weight": lambda v: make(3, 3, partition_weights=[1, v, 1]),
    "offset": lambda v: make().router().find_joined(b"abc", [0, v]), "threads": lambda v: make().plan(threads=v),
    "memory_limit": lambda v: make().plan(memory_limit=v), "node_name": lambda v: make().node_name(v),
    "explain": lambda v: make().plan().explain(v), "explain node": lambda v: make().plan().explain(0, v), "step": lambda v: make().plan().steps()[v],
    "lost": lambda v: plat.Orchestrator(make(), make().plan()).lost(v), "tick": lambda v: plat.Orchestrator(make(), make().plan()).tick(v),
    "silence": lambda v: plat.Orchestrator(make(), make().plan(), plat.Timing(silence=v)), "boot": lambda v: plat.Agent(make(), 0, v),
    "agent node": lambda v: plat.Agent(make(), v, 1), "value": lambda v: plat.Agent(make(), 0, 1).write(0, v, 1, 1),
    "client": lambda v: plat.Agent(make(), 0, 1).read(0, v, 1), "order": lambda v: make().renumbered([v, 0, 2, 3, 4, 5]),
}
# Where a number may be large, or be left out.
TO_64_BITS = {"revision", "weight", "partition weight", "memory_limit", "tick", "silence", "value"}
MAY_BE_NONE = {"at_most", "near", "threads", "memory_limit", "explain node", "slots"}


def check_numbers(self, name, call):
    for value in NO_NUMBERS:
        if value is None and name in MAY_BE_NONE or value == [] and name == "nodes":
            continue
        with self.subTest(name=name, value=value), self.assertRaises(WRONG):
            call(value)
    for value in OUT_OF_RANGE:
        if 0 < value < 1 << 64 and name in TO_64_BITS or name == "step":
            continue
        with self.subTest(name=name, value=value), self.assertRaises(WRONG + (IndexError,)):
            call(value)


class Numbers(unittest.TestCase):
    def test_what_is_no_number_or_out_of_range(self):
        for name, call in SCALARS.items():
            check_numbers(self, name, call)

    def test_the_check_finds_what_is_cut(self):
        caught = unittest.TestCase()
        with self.assertRaises(AssertionError):
            with caught.assertRaises(WRONG):
                make(4, 4, fan_out={"outbound": ((1 << 32) + 1) & 0xFFFFFFFF})

    def test_random_numbers_go_in_whole_or_not_at_all(self):
        """Numbers of all sizes, in lists and arrays of all kinds: the cluster's document has just them, or it is an error and says where."""
        for seed in seeds(60):
            with self.subTest(f"PLAT_SEED={seed} python3 test_safety.py Numbers.test_random_numbers_go_in_whole_or_not_at_all"):
                self.go_in_whole(random.Random(seed))

    def go_in_whole(self, chance):
        import json

        values = [chance.randint(0, 1 << chance.choice([1, 7, 16, 31, 32, 40, 53])) for _ in range(3)]
        if chance.random() < 0.3:
            values[chance.randrange(3)] = chance.choice([-1, 1 << 64, 1.5, float("nan"), "x", None, 2.0])
        given = values
        if all(isinstance(value, int) and 0 <= value < 1 << 63 for value in values):
            kinds = [list, tuple, lambda v: array.array("Q", v), lambda v: memoryview(array.array("q", v)), lambda v: [[value] for value in v]]
            if plat.has_numpy:
                import numpy

                kinds += [numpy.array, lambda v: numpy.array(v, dtype=">i8"), lambda v: numpy.array(v, dtype=object), lambda v: list(numpy.array(v))]
                kinds += [lambda v: numpy.array([v, v]).T[:, 0]]
            given = chance.choice(kinds)(values)
        is_right = all(isinstance(value, int) and 0 <= value < 1 << 64 for value in values)
        if not is_right:
            with self.assertRaises(WRONG) as caught:
                make(3, 6, weights=given)
            self.assertRegex(str(caught.exception), r"weights")
            return
        told = json.loads(of_cluster(make(3, 6, weights=given)))["nodes"]
        self.assertEqual([int(told[str(node)].get("weight", 1)) for node in range(3)], values)

    @unittest.skipUnless(plat.has_numpy, "NumPy is not there")
    def test_numbers_of_numpy(self):
        import numpy

        for kind in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"):
            one, two, six = (numpy.dtype(kind).type(number) for number in (1, 2, 6))
            cluster = plat.Cluster.from_arrays(
                six, six, counts=numpy.array([1, 1], dtype=kind), containers=numpy.array([0, 0, 1, 1, 2, 2], dtype=kind),
                rules=[plat.Rule(level=numpy.dtype(kind).type(0), at_most=one)], fan_out={"outbound": six, "strength": "soft"})
            plan = cluster.plan(threads=two, memory_limit=numpy.int64(1 << 30))
            self.assertEqual(rows(plan.rows), rows(plat.Cluster.from_arrays(
                6, 6, counts=(1, 1), containers=[0, 0, 1, 1, 2, 2], rules=[plat.Rule(at_most=1)], fan_out={"outbound": 6}).plan().rows))
            self.assertEqual(plan.explain(two)["partition"], "2")
            self.assertEqual(cluster.node_name(two), "2")
            self.assertTrue(plan.steps()[two])
            plat.Agent(cluster, two, one).tick()
        document = {"plat": 1, "settings": {"numPartitions": numpy.int32(16)}, "nodes": {"a": {"weight": numpy.uint8(2)}, "b": {}}}
        self.assertEqual(plat.Cluster.from_document(document).partition_count, 16)
        for wrong in (numpy.array([1.5, 1, 1]), numpy.array([1, numpy.nan, 1]), numpy.array(["1", "2", "3"]), numpy.array([1, 2, -3]),
                      numpy.array(5), numpy.array([1, 2, 3], dtype="m8[s]"), numpy.array([1, 2, 3 + 0j])):
            with self.assertRaises(WRONG):
                make(3, 6, weights=wrong)

    def test_lists_of_other_things(self):
        for wrong in ("abc", {1: 2, 3: 4, 5: 6}, {1, 2, 3}, 5, [[1, 2], 3, "x"], [[1], [2, "3"]], ["1", "2", "3"], b"123"):
            with self.subTest(wrong=wrong), self.assertRaises(WRONG):
                make(3, 6, weights=wrong)
        self.assertTrue(make(3, 6, statuses=b"\0\1\0"))

    def test_texts(self):
        for wrong in ("abc", b"abc", [1, 2], ["a", None], ["a", "b\0c"], ["a", "\ud800"], 1.5, None, object()):
            with self.subTest(wrong=wrong), self.assertRaises(WRONG):
                plat.Cluster.from_arrays(wrong, 4)
        cluster = plat.Cluster.from_arrays(["a", "b"], 4)
        self.assertIsNone(cluster.find_node("a\0b"))
        for call in (
            lambda: cluster.find_node(1), lambda: cluster.plan("fail\0over"), lambda: cluster.whatif("each:node\0"), lambda: cluster.export("kafka\0"),
            lambda: plat.Cluster.from_document("{}", "a\0"), lambda: cluster.plan(control=5), lambda: plat.Cluster.from_arrays(2, 4, model="x"),
            lambda: plat.Cluster.from_arrays(2, 4, key_function=1), lambda: cluster.router().find("text"), lambda: cluster.router().find(5),
            lambda: plat.Cluster.from_arrays(2, 4, fan_out={"peers": 1}), lambda: plat.Rule(strength="firm").struct(),
        ):
            with self.assertRaises(WRONG):
                call()

    def test_counts_beyond_the_nodes_cost_nothing(self):
        for count in (17, 1000, 1 << 20):
            cluster = plat.Cluster.from_arrays(5, 84, counts=(1, count))
            plan = cluster.plan(memory_limit=1 << 20)
            self.assertEqual(plan.slots, (1, 16, 0, 0))
            self.assertEqual(cluster.check(plan).unmet, 84 * (count - 4))


class Controls(unittest.TestCase):
    def test_from_another_thread(self):
        control, began = plat.Control(), threading.Event()

        def wait(stage):
            began.set()
            time.sleep(0.01)

        def cancel():
            began.wait(10)
            control.cancel()

        other = threading.Thread(target=cancel)
        other.start()
        with self.assertRaises(plat.Cancelled):
            for _ in range(1000):
                make(60, 4096, counts=(1, 2)).plan(progress=wait, control=control)
        other.join()
        self.assertTrue(control.is_cancelled)
        self.assertIn("cancelled", repr(control))
        for call in (lambda: make().plan(control=control), lambda: plat.generate(control=control), lambda: make().to_document(control=control)):
            with self.assertRaises(plat.Cancelled):
                call()
        self.assertTrue(make().plan(control=plat.Control()))

    def test_several_calls_at_once(self):
        control, ended, barrier = plat.Control(), [], threading.Barrier(4)

        def work():
            try:
                barrier.wait()
                while True:
                    make(30, 512).plan(control=control)
            except plat.Cancelled:
                ended.append(True)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        barrier.wait()
        time.sleep(0.05)
        control.cancel()
        for thread in threads:
            thread.join(30)
        self.assertEqual(len(ended), 3)

    def test_how_far_it_is(self):
        control, told = plat.Control(), []
        make().plan(control=control, progress=lambda stage: told.append((stage, control.fraction)))
        fractions = [fraction for _, fraction in told]
        self.assertEqual(fractions, sorted(fractions))
        self.assertTrue(0 < fractions[0] < fractions[-1] <= 1, told)
        self.assertGreater(len(set(fractions)), 4)
        self.assertEqual(control.fraction, 0)
        plan, heard = make().plan(), []
        plan.simulate(runs=100, faults={}, control=control, progress=lambda stage: heard.append(control.fraction))
        self.assertEqual([round(fraction, 2) for fraction in heard], [0.32, 0.64, 0.96, 1])


if __name__ == "__main__":
    unittest.main()
