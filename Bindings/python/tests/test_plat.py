"""python3 -m unittest, with PLAT_LIBRARY and PYTHONPATH=src; PLAT_WITHOUT_NUMPY=1 does all of it as if there were none."""

import array
import gc
import json
import os
import re
import signal
import sys
import tempfile
import threading
import time
import unittest
from fractions import Fraction

import setting  # noqa: F401, before plat
import plat

ZONES = [0, 1, 2, 0, 1, 2, 0, 1, 2]
ONE_A_ZONE = [plat.Rule(at_most=1)]


def make(**others):
    arguments = dict(counts=(1, 2), containers=ZONES, level_names=["zone"], rules=ONE_A_ZONE)
    arguments.update(others)
    return plat.Cluster.from_arrays(9, 300, **arguments)


def rows(view):
    return [list(map(int, row)) for row in view.tolist()]


class Planning(unittest.TestCase):
    def test_fresh_and_next(self):
        cluster = make()
        plan = cluster.plan()
        self.assertEqual((plan.operation, plan.revision, plan.moves_lower_bound, plan.slots), ("rebalance", 1, 900, (1, 2, 0, 0)))
        for row in rows(plan.rows):
            self.assertEqual(sorted(ZONES[node] for node in row), [0, 1, 2])
        statuses = [plat.LEAVING] + [plat.ACTIVE] * 8
        following = make(statuses=statuses, map=plan.rows, revision=plan.revision)
        following_plan = following.plan()
        self.assertEqual(following_plan.revision, 2)
        moves = following_plan.moves()
        received = sum(1 for move in moves if (int(move["from_state"]) == plat.NONE if plat.has_numpy else move.from_state is None))
        self.assertEqual(received, following_plan.moves_lower_bound)
        self.assertEqual(following_plan.moves_lower_bound, 100)
        steps = following_plan.steps()
        self.assertGreater(len(steps), len(moves))
        self.assertTrue(all(before < len(steps) for step in steps for before in step.after))
        self.assertGreaterEqual(steps.length, steps.length_lower_bound)
        self.assertEqual(steps.hold, ("write",))
        done = following.after(following_plan)
        self.assertEqual(rows(done.rows), rows(following_plan.rows))
        self.assertEqual(done.plan().moves_lower_bound, 0)

    def test_places(self):
        rules = [plat.PlaceRule([0, 3, 6], states=(plat.MASTER,)), plat.PlaceRule([8], never=True), plat.PlaceRule([1, 4], at_most=1)]
        cluster = make().with_places(rules)
        for row in rows(cluster.plan().rows):
            self.assertIn(row[0], (0, 3, 6))
            self.assertNotIn(8, row)
            self.assertLessEqual(len({1, 4} & set(row)), 1)
        with self.assertRaises(plat.InvalidArgument) as wrong:
            make().with_places([plat.PlaceRule([9])])
        self.assertIn("rules[0].nodes[0]", str(wrong.exception))
        with self.assertRaises(ValueError):
            make().with_places([plat.PlaceRule([1], never=True, at_least=1)])

    def test_reports(self):
        cluster = make()
        plan = cluster.plan(strict=True)
        report = plan.verify()
        self.assertTrue(report.holds and report.is_balanced)
        self.assertEqual((report.health, report.moves, report.moves_lower_bound), ("green", 900, 900))
        self.assertEqual(report.loads[-1], plat.Load("total", *[Fraction(100)] * 4))
        self.assertEqual(json.loads(report.to_document())["summary"]["health"], "green")

    def test_findings_travel_with_the_exception(self):
        cluster = make(containers=[0, 1, 0, 1, 0, 1, 0, 1, 0])
        with self.assertRaises(plat.Unmet) as caught:
            cluster.plan(strict=True)
        self.assertEqual(caught.exception.unmet, 300)
        self.assertEqual(caught.exception.findings[0].rule, "constraints.slave")
        self.assertIn("zone", caught.exception.findings[0].because)

    def test_operations(self):
        cluster = make()
        first = cluster.after(cluster.plan())
        down = make(statuses=[plat.MAINTENANCE] + [plat.ACTIVE] * 8, map=first.rows, revision=1)
        plan = down.plan("maintenance")
        self.assertEqual(plan.operation, "maintenance")
        back = make(map=plan.rows, revision=2).plan("restore-back", earlier=first)
        self.assertEqual(rows(back.rows), rows(first.rows))


class Arrays(unittest.TestCase):
    @unittest.skipUnless(plat.has_numpy, "NumPy is not there: rows are memoryviews")
    def test_numpy_looks_into_the_library(self):
        import numpy

        cluster = make()
        plan = cluster.plan()
        view, again = plan.rows, plan.rows
        self.assertEqual((view.dtype, view.shape), (numpy.dtype("uint32"), (300, 3)))
        self.assertEqual(view.ctypes.data, again.ctypes.data)
        self.assertFalse(view.flags.writeable or view.flags.owndata)
        in_order = [0, 0, 0, 1, 1, 1, 2, 2, 2]
        fresh = make(containers=in_order).plan()
        mine = fresh.rows.copy()
        borrowed = make(containers=in_order, map=mine, borrow=True)
        self.assertEqual(borrowed.rows.ctypes.data, mine.ctypes.data)

    def test_rows_keep_what_they_look_into(self):
        view = make().plan().rows
        before = rows(view)
        gc.collect()
        for _ in range(20):
            make().plan()
        self.assertEqual(rows(view), before)

    def test_wrong_arrays(self):
        with self.assertRaises(ValueError):
            make(statuses=[0, 0])
        with self.assertRaises(plat.InvalidArgument) as caught:
            make(statuses=[0] * 8 + [9])
        self.assertEqual(caught.exception.path, "node_statuses[8]")
        with self.assertRaises(plat.InvalidInput) as caught:
            make(map=[[0, 1, 9]] * 300)
        self.assertEqual((caught.exception.path, caught.exception.found), ("map[0][2]", "node 9"))
        with self.assertRaises(ValueError):
            make(map=[[0, 1]] * 300)
        with self.assertRaises(ValueError):
            plat.Cluster.from_arrays(["a", "b\0"], 4)
        with self.assertRaises((ValueError, OverflowError)):
            make(weights=[-1] * 9)
        with self.assertRaises(plat.InvalidInput):
            plat.Cluster.from_arrays(["a", "a"], 4)

    def test_names(self):
        cluster = plat.Cluster.from_arrays(["ant", "bee"], 4)
        self.assertEqual((cluster.node_count, cluster.partition_count, cluster.state_count), (2, 4, 4))
        self.assertEqual((cluster.node_name(1), cluster.find_node("ant"), cluster.find_node("cat")), ("bee", 0, None))
        self.assertEqual((cluster.state_name(plat.MASTER), cluster.find_partition("3")), ("master", 3))
        with self.assertRaises(IndexError):
            cluster.node_name(2)
        self.assertIsNone(cluster.rows)


class Keys(unittest.TestCase):
    def test_hashes(self):
        import zlib

        router = plat.Cluster.from_arrays(3, 1440).router()
        keys = [b"", b"a", b"123456789", "grüße".encode(), b"x" * 1000]
        expected = [zlib.crc32(key) % 1440 for key in keys]
        self.assertEqual([router.find(key) for key in keys], expected)
        self.assertEqual(list(map(int, router.find_batch(keys))), expected)
        self.assertEqual(list(router.find_batch([])), [])
        self.assertEqual(list(map(int, router.find_joined(b"aa", array.array("I", [0, 1, 2])))), [zlib.crc32(b"a") % 1440] * 2)
        with self.assertRaises(plat.InvalidArgument):
            router.find_joined(b"aa", [0, 3])

    def test_ranges(self):
        cluster = plat.Cluster.from_arrays(3, 3, key_function="range", range_starts=[b"", b"g", b"p"], partition_names=["lo", "mid", "hi"])
        router = cluster.router()
        self.assertEqual([cluster.partition_name(router.find(key)) for key in (b"a", b"g", b"z")], ["lo", "mid", "hi"])


class Documents(unittest.TestCase):
    document = {"plat": 1, "settings": {"numPartitions": 16}, "nodes": {"a": {}, "b": {}, "c": {}}}

    def test_there_and_back(self):
        cluster = plat.Cluster.from_document(self.document)
        plan = cluster.plan()
        self.assertEqual(plan.to_document(), plat.plan_document(self.document))
        again = cluster.read_plan(plan.to_document())
        self.assertEqual(rows(again.rows), rows(plan.rows))
        self.assertEqual(rows(cluster.read_plan(plan.to_document(binary=True)).rows), rows(plan.rows))
        self.assertTrue(again.verify().holds)
        self.assertEqual(plat.check_document(self.document, plan.to_document())["summary"]["moves"], 32)
        self.assertEqual(len(json.loads(plan.moves_document())["moves"]), 32)
        self.assertEqual(len(json.loads(plan.steps().to_document())["steps"]), len(plan.steps()))
        self.assertEqual(plan.explain(3)["partition"], "3")
        done = cluster.after(plan)
        self.assertTrue(cluster.compare(cluster, plan, plan))
        self.assertTrue(done.whatif("each:node"))
        self.assertIn(b'"current"', done.to_document())

    def test_faults_have_their_place(self):
        with self.assertRaises(plat.InvalidInput) as caught:
            plat.Cluster.from_document('{"plat": 1,\n "nodes": {"a": {"wait": 1}}}', "mine.json")
        self.assertEqual((caught.exception.line, caught.exception.path), (2, "nodes.a.wait"))
        self.assertIn("mine.json:2:", str(caught.exception))
        with self.assertRaises(plat.NotFound):
            plat.Cluster.from_document(self.document).check()

    def test_other_systems(self):
        kafka = {"version": 1, "partitions": [{"topic": "t", "partition": p, "replicas": [p % 3, (p + 1) % 3]} for p in range(6)]}
        cluster = plat.Cluster.imported("kafka", kafka)
        self.assertEqual(json.loads(cluster.export("kafka"))["partitions"], kafka["partitions"])


    def test_verbs(self):
        plan = plat.plan_document(self.document)
        self.assertEqual(plat.verify_document(self.document, plan)["summary"]["movesLowerBound"], 32)
        routed = plat.route_document(self.document, "hello\nyou")
        self.assertEqual([line["key"] for line in routed], ["hello", "you"])
        self.assertEqual(int(routed[0]["partition"]), plat.Cluster.from_document(self.document).router().find(b"hello"))
        self.assertEqual(plat.explain_document(plan, 3)["partition"], "3")
        self.assertTrue(plat.explain_document(plan, 3, self.document)["replicas"][0]["because"])
        with self.assertRaises(plat.InvalidInput):
            plat.explain_document(plan, 3, self.document, node="nobody")
        several = plat.generate(5, 40, maps=2, map="fresh")
        self.assertEqual(len(plat.whatif_document(several, "each:node")["failures"]), 5)
        self.assertTrue(plat.compare_documents(plan, plan, self.document))
        self.assertEqual(plat.export_document("plat", plat.plan_document(self.document, binary=True)), plan)
        with self.assertRaises(plat.OutOfMemory):
            plat.Cluster.from_document(self.document, memory_limit=10)

    def test_a_map_from_before(self):
        cluster = plat.Cluster.from_document(self.document)
        first = cluster.after(cluster.plan())
        before = first.to_document()
        changed = json.loads(before)
        changed["nodes"]["a"]["status"] = "maintenance"
        down = plat.Cluster.from_document(changed)
        plan = down.plan("maintenance")
        up = json.loads(down.after(plan).to_document())
        del up["nodes"]["a"]["status"]
        cluster = plat.Cluster.from_document(up)
        back = cluster.plan("restore-back", earlier=cluster.earlier(before, "restore-back"))
        self.assertEqual(rows(back.rows), rows(first.rows))


class Verbs(unittest.TestCase):
    def test_generate(self):
        made = plat.generate(6, 60, zones=3, slaves=2, rules="zone:1:hard", map="drifted", leaving=1, key_function="range")
        self.assertEqual(made, plat.generate(6, 60, zones=3, slaves=2, rules="zone:1:hard", map="drifted", leaving=1, key_function="range"))
        self.assertNotEqual(made, plat.generate(6, 60, zones=3, slaves=2, rules="zone:1:hard", map="drifted", leaving=1, key_function="range", seed=2))
        cluster = plat.Cluster.from_document(made)
        self.assertEqual((cluster.node_count, cluster.partition_count, cluster.partition_name(59)), (6, 60, "p59"))
        self.assertTrue(cluster.plan().verify().holds)
        self.assertEqual(rows(plat.Cluster.from_document(plat.generate(3, 8, map="fresh", binary=True)).rows),
                         rows(plat.Cluster.from_document(plat.generate(3, 8, map="fresh")).rows))
        with self.assertRaises(plat.InvalidArgument) as caught:
            plat.generate(3, 8, zones=9)
        self.assertIn("generate.zones", str(caught.exception))
        with self.assertRaises(plat.Cancelled):
            plat.generate(9, 900, map="drifted", progress=lambda stage: False)

    def test_simulate(self):
        plan = plat.Cluster.from_document(plat.generate(6, 24, slaves=2, map="drifted", leaving=1)).plan()
        done = plan.simulate(runs=5)
        self.assertEqual((done.violated, done.report["runs"]), (0, 5))
        self.assertEqual(done, plan.simulate(runs=5, threads=3))
        self.assertEqual(plan.simulate(runs=3, faults={}).violated, 0)
        self.assertTrue(plan.simulate_trace(faults={"crash": 2}))
        self.assertEqual(plan.simulate(runs=4, plant="acknowledgeEarly").violated, 4)
        with self.assertRaises(plat.InvalidArgument):
            plan.simulate(faults={"rain": 1})

    def test_batch(self):
        with tempfile.TemporaryDirectory() as folder:
            for job in range(4):
                with open(f"{folder}/{job}.json", "wb") as file:
                    file.write(plat.generate(5, 40, seed=job, map="drifted", leaving=1) if job != 2 else b"{")
            with open(f"{folder}/list", "w") as file:
                for job in range(4):
                    file.write(json.dumps({"id": str(job), "cluster": f"{folder}/{job}.json", "plan": f"{folder}/{job}-plan.json"}) + "\n")
            heard = []
            done = plat.batch(f"{folder}/list", f"{folder}/results", progress=heard.append)
            self.assertEqual((done, heard), (plat.Batch(4, 1, 0), ["job"] * 4))
            with open(f"{folder}/3.json", "rb") as cluster, open(f"{folder}/3-plan.json", "rb") as plan:
                self.assertEqual(plan.read(), plat.plan_document(cluster.read()))
            with open(f"{folder}/results") as results:
                self.assertEqual([json.loads(line)["id"] for line in results], ["0", "1", "2", "3"])
            self.assertEqual(plat.batch(f"{folder}/list", f"{folder}/by-two", threads=2), done)
            with self.assertRaises(plat.Cancelled):
                plat.batch(f"{folder}/list", f"{folder}/again", progress=lambda stage: False)
            self.assertEqual(plat.batch(f"{folder}/list", f"{folder}/again", resume=True).jobs, 4)
            with self.assertRaises(plat.NotFound):
                plat.batch(f"{folder}/none", f"{folder}/results")
            with self.assertRaises(plat.FileFailed):
                plat.batch(f"{folder}/list", f"{folder}/nowhere/results")

    def test_kafka_as_documents(self):
        kafka = {"version": 1, "partitions": [
            {"topic": "ab"[p % 2], "partition": p // 2, "replicas": [p % 3, (p + 1) % 3][: 1 + p % 2]} for p in range(6)]}
        with self.assertRaises(plat.InvalidInput):
            plat.Cluster.imported("kafka", kafka)
        cluster = plat.import_document("kafka", kafka, racks={"0": "r", "1": "s", "2": "t"})
        self.assertEqual([m["name"] for m in json.loads(cluster)["maps"]], ["a", "b"])
        self.assertEqual(json.loads(plat.export_document("kafka", cluster))["partitions"], kafka["partitions"])
        plan = plat.plan_document(cluster)
        after = plat.apply_document(cluster, plan)
        self.assertEqual([m["map"]["revision"] for m in json.loads(after)["maps"]], [1, 1])
        self.assertEqual(plat.export_document("kafka", after), plat.export_document("kafka", plan))
        with self.assertRaises(plat.InvalidInput):
            plat.apply_document(after, plan)
        wide = json.loads(plat.export_document("kafka", plat.plan_document(plat.import_document("kafka", kafka, replication=2))))
        self.assertEqual({len(entry["replicas"]) for entry in wide["partitions"]}, {2})

    def test_nothing_is_left_out(self):
        """But for what Python has by other means."""
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../CSources/CPlat/plat.symbols")
        with open(path) as file:
            exported = set(re.findall(r"plat_(\w+);", file.read()))
        self.assertGreater(len(exported), 90)
        others = {"version_number", "document_explain", "control_is_cancelled", "options_set_number", "plan_copy_rows"}
        self.assertEqual(exported - others, set(plat._native.functions))


class Running(unittest.TestCase):
    def test_options(self):
        names = [option["name"] for option in plat.option_table()]
        self.assertEqual(len(set(names)), len(names))
        self.assertTrue({"threads", "memoryLimitBytes", "operation"} <= set(names))
        with self.assertRaises(plat.InvalidArgument):
            make().plan("dance")
        with self.assertRaises(plat.OutOfMemory):
            make().plan(memory_limit=1000)
        one, four = make().plan(), make().plan(threads=4)
        self.assertEqual(rows(one.rows), rows(four.rows))

    def test_progress(self):
        stages = []
        make().plan(progress=stages.append)
        self.assertIn("fill", stages)
        with self.assertRaises(plat.Cancelled):
            make().plan(progress=lambda stage: False)

        def fail(stage):
            raise KeyError(stage)

        with self.assertRaises(KeyError):
            make().plan(progress=fail)

    def test_from_many_threads(self):
        cluster, results = make(), []

        def work():
            results.append(rows(cluster.plan().rows))

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertTrue(len(results) == 6 and all(result == results[0] for result in results))

    def test_the_interpreter_runs_on_and_ctrl_c_cancels(self):
        """A progress function that holds the work up until the signal was sent stands for work that takes long."""
        began = threading.Event()

        def interrupt():
            began.wait(10)
            os.kill(os.getpid(), signal.SIGINT)

        def wait(stage):
            began.set()
            time.sleep(0.3)

        sender = threading.Thread(target=interrupt)
        sender.start()
        at = time.monotonic()
        with self.assertRaises(KeyboardInterrupt):
            make().plan(progress=wait)
        self.assertLess(time.monotonic() - at, 5)
        sender.join()
        make().plan()

    def test_ctrl_c_while_the_work_begins_waits_for_it(self):
        """The work goes on in its thread while the main one is interrupted before it waits: nothing is freed under it."""
        start, ended = threading.Thread.start, []

        def started_and_interrupted(thread):
            start(thread)
            raise KeyboardInterrupt

        def slow(stage):
            time.sleep(0.1)
            ended.append(stage)

        threading.Thread.start = started_and_interrupted
        try:
            for _ in range(5):
                with self.assertRaises(KeyboardInterrupt):
                    make().plan(progress=slow)
                heard = len(ended)
                gc.collect()
                time.sleep(0.15)
                self.assertEqual(len(ended), heard)
        finally:
            threading.Thread.start = start


if __name__ == "__main__":
    print("NumPy", "is there" if plat.has_numpy else "is not there: rows are memoryviews", file=sys.stderr)
    unittest.main()
