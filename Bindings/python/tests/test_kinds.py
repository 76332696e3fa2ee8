"""python3 -m unittest, with PLAT_LIBRARY and PYTHONPATH=src: what is of another kind than it should be is refused, and no
length is believed. Random parts tell their seed: see setting.py."""

import array
import ctypes
import json
import random
import unittest
from datetime import date
from decimal import Decimal
from fractions import Fraction

from setting import WRONG, seeds  # before plat
import plat
from plat._calls import Options


def make(nodes=6, partitions=24, **others):
    return plat.Cluster.from_arrays(nodes, partitions, **others)


def lying(kind, told):
    """A class like `kind` that tells another length than it has."""
    return type("Lying", (kind,), {"__len__": lambda self: told})


class Other:
    """Goes through `items`, whatever it says of their count."""

    def __init__(self, items, told):
        self.items, self.told = items, told

    def __iter__(self):
        return iter(self.items)

    def __len__(self):
        return self.told


class Lengths(unittest.TestCase):
    """How many there are is what is gone through, not what is told: in whatever becomes an array of C's."""

    def variants(self, items, chance):
        told = chance.choice([0, 1, len(items) + 1, 1000, 10**6, 1 << 40])
        return [lying(list, told)(items), lying(tuple, told)(items), Other(items, told), iter(list(items)), (item for item in items)]

    def test_lists_of_any_kind(self):
        for seed in seeds(30):
            with self.subTest(f"PLAT_SEED={seed} python3 test_kinds.py Lengths.test_lists_of_any_kind"):
                self.of_any_kind(random.Random(seed))

    def of_any_kind(self, chance):
        nodes = chance.randint(1, 9)
        names = [f"node{chance.randrange(10 ** chance.randint(1, 30))}-{node}" for node in range(nodes)]
        partitions = chance.randint(1, 9)
        starts = sorted({b"%d" % chance.randrange(1000) for _ in range(partitions - 1)} | {b""})
        partitions = len(starts)
        told = [f"p{index}" for index in range(partitions)]
        boxes = [chance.randrange(3) for _ in range(nodes)]
        table = [[chance.randrange(nodes)] for _ in range(partitions)]
        rules = [plat.Rule(at_most=3, states=Other([0, 1], chance.choice([0, 7, 999])), strength="soft")]
        expected = self.document(names, partitions, [1, 0], boxes, ["box"], rules, table, starts, told)
        for turn in range(5):
            pick = lambda items: self.variants(items, chance)[turn]  # noqa: E731
            found = self.document(
                pick(names), partitions, pick([1, 0]), pick(boxes) if turn < 2 else boxes, pick(["box"]), pick(rules), table, pick(starts), pick(told))
            self.assertEqual(found, expected)
        for wrong in (lying(list, partitions)(told[:-1]), lying(list, partitions)(told + ["more"])):
            with self.assertRaises(ValueError):
                self.document(names, partitions, [1, 0], boxes, ["box"], rules, table, starts, wrong)
        with self.assertRaises(ValueError):
            self.document(names, partitions, [1, 0], boxes, lying(list, 1)(["box", "bag"]), rules, table, starts, told)

    def document(self, names, partitions, counts, boxes, levels, rules, table, starts, told):
        return plat.Cluster.from_arrays(
            names, partitions, counts=counts, containers=boxes, level_names=levels, rules=rules, map=table, slots=[1], revision=3,
            key_function="range", range_starts=starts, partition_names=told).to_document()

    def test_many_nodes_that_are_not_there(self):
        for count in (0, 1, 3, 10**4):
            names = [f"node{index}" for index in range(count)]
            cluster = plat.Cluster.from_arrays(lying(list, 10**6)(names), 4)
            self.assertEqual((cluster.node_count, [cluster.node_name(node) for node in range(count)]), (count, names))

    def test_bytes(self):
        """Of keys, documents and messages: as many as there are."""
        router = make().router()
        cluster, document = make(), make().to_document()
        for told in (0, 3, 10**6, 1 << 40):
            self.assertEqual(router.find(lying(bytes, told)(b"key")), router.find(b"key"))
            self.assertEqual(list(router.find_batch(Other([lying(bytes, told)(b"key"), bytearray(b"k")], told))), list(router.find_batch([b"key", b"k"])))
            self.assertEqual(plat.Cluster.from_document(lying(bytes, told)(document)).to_document(), document)
            for kept in ([lying(bytes, told)(b"nothing")], Other([b"nothing"], told)):
                with self.assertRaises(plat.PlatError):
                    plat.Agent(cluster, 0, 2, kept)
            orchestrator = plat.Orchestrator(cluster, cluster.plan())
            with self.assertRaises(plat.PlatError):
                orchestrator.begin(type("Lying", (dict,), {"__len__": lambda self: told, "values": lambda self: []})({"key": b"no journal"}))
            with self.assertRaises(plat.PlatError):
                orchestrator.receive(0, lying(bytes, told)(b"?" * 20))

    def test_numbers_of_the_hosts_own_classes(self):
        """An int that compares as it likes goes in as what it is, or not at all."""
        sly = type("Sly", (int,), {"__le__": lambda self, other: True, "__ge__": lambda self, other: True, "__lt__": lambda self, other: True})
        for call in (
            lambda value: make(4, value), lambda value: make(4, 4, fan_out={"outbound": value}), lambda value: make(4, 4, weights=[value, 1, 1, 1]),
            lambda value: plat.Orchestrator(make(), make().plan()).lost(value), lambda value: make().plan(threads=value),
        ):
            for wrong in (sly(-1), sly((1 << 64) + 1)):
                with self.assertRaises(WRONG):
                    call(wrong)


NO_WHOLE = ["1", "", b"1", 1.0, 1.5, float("nan"), Decimal(2), Fraction(2), date(2020, 1, 1), [], [1], {}, object(), 1j]
NO_NUMBER = ["1", "0.1", "0.1,crash:3", b"1", Decimal(2), Decimal("0.1"), date(2020, 1, 1), [], {}, object(), 1j, True, None]
NO_TEXT = [1, 1.5, b"text", None, [], ["a"], {}, object(), date(2020, 1, 1), Decimal(2)]
NO_FLAG = ["1", "no", "", b"1", 2, -1, 1.0, Decimal(1), [], [1], {}, object()]
if plat.has_numpy:
    import numpy

    NO_WHOLE += [numpy.datetime64("2020"), numpy.timedelta64(1), numpy.str_("1"), numpy.bytes_(b"1"), numpy.float64(1), numpy.array([1]), numpy.array(["1"])]
    NO_NUMBER += [numpy.datetime64("2020"), numpy.timedelta64(1), numpy.str_("1"), numpy.array([1.0]), numpy.bool_(True), numpy.complex128(1)]
    NO_FLAG += [numpy.str_("1"), numpy.datetime64("2020"), numpy.float64(1), numpy.array([True])]


class Kinds(unittest.TestCase):
    def refused(self, call, values, but=()):
        for value in values:
            if any(value is other for other in but):
                continue
            with self.subTest(value=repr(value)), self.assertRaises(WRONG):
                call(value)

    def test_every_option_by_its_kind(self):
        """Whole numbers are whole numbers, words and texts are texts; in the table of options there are no others."""
        numbers = 0
        for info in plat.option_table():
            name = info["name"]
            verb, _, last = name.rpartition(".")
            word = "".join("_" + letter.lower() if letter.isupper() else letter for letter in last)
            give = lambda value: Options().set(verb, **{word: value})  # noqa: E731, B023
            if info["words"]:
                self.refused(give, [value for value in NO_TEXT if value is not None] + ["no such word", "a\0b"])
                give(info["words"].split(",")[-1])
            elif info["most"] > 1:
                numbers += 1
                self.refused(give, NO_WHOLE + [-1, 1 << 64, info["least"] - 1] + ([info["most"] + 1] if info["most"] < 1 << 63 else []))
                give(info["least"])
                give(info["most"])
            elif info["most"] == 1:
                self.refused(give, NO_FLAG)
                for value in (True, False, 0, 1):
                    give(value)
            else:
                self.refused(give, [[], [1], {}, object(), date(2020, 1, 1), Decimal(2), b"1", 1j, True, float("nan"), float("inf")])
        self.assertGreater(numbers, 10)

    def test_where_options_are_given(self):
        cluster, plan = make(), make().plan()
        for call in (
            lambda value: cluster.plan(threads=value), lambda value: cluster.plan(memory_limit=value), lambda value: plan.simulate(runs=value, faults={}),
            lambda value: plan.simulate(runs=1, seed=value, faults={}), lambda value: plat.generate(value, 4), lambda value: plat.generate(3, 4, masters=value),
            lambda value: plat.Cluster.from_document(cluster.to_document(), memory_limit=value), lambda value: cluster.check(threads=value),
            lambda value: plat.plan_document(cluster.to_document(), threads=value),
        ):
            self.refused(call, NO_WHOLE)
        for call in (
            lambda value: plan.steps(remove_first=value), lambda value: cluster.to_document(binary=value), lambda value: make(borrow=value),
            lambda value: plat.Agent(cluster, 0, 1, new_disk=value), lambda value: plat.Agent(cluster, 0, 1).disk_full(value),
            lambda value: plat.Orchestrator(cluster, plan).recorded(value), lambda value: plat.Mode(pauses_persistence=value).code,
        ):
            self.refused(call, NO_FLAG)
        for call in (lambda value: cluster.plan(value), lambda value: plat.generate(3, 4, key_function=value), lambda value: plan.simulate(runs=1, plant=value)):
            self.refused(call, NO_TEXT, but=(None,))

    def test_rates_of_faults(self):
        plan = make().plan()
        self.refused(lambda rate: plan.simulate(runs=1, faults={"loss": rate}), NO_NUMBER + [-1, -0.5, 1.5, float("nan"), float("inf"), 1e300])
        for name in ("loss:0.1,crash", "loss:0", "", "rain", 1, b"loss", None):
            with self.subTest(name=name), self.assertRaises(WRONG):
                plan.simulate(runs=1, faults={name: 0.5})
        self.refused(lambda faults: plan.simulate(runs=1, faults=faults), [[], ["loss"], 1, 0.5, b"loss:0.1", object(), {"loss"}])
        rates = [0, 1, 0.25, 1e-7, -0.0, Fraction(1, 3)]
        if plat.has_numpy:
            rates += [numpy.float32(0.5), numpy.float64(0.5), numpy.int8(1), numpy.uint64(1)]
        for rate in rates:
            told = plan.simulate(runs=1, faults={"late": rate, "loss": 0}).report
            self.assertEqual(told["runs"], 1, rate)

    def test_numbers_that_may_have_fractions(self):
        plan = make(map=[[p % 6, (p + 1) % 6] for p in range(24)], statuses=[1, 0, 0, 0, 0, 0]).plan()
        lengths = {plan.steps(bandwidth=value).length for value in (2, "2", 2.0, Fraction(4, 2), "4/2")}
        self.assertEqual(len(lengths), 1)
        self.refused(lambda value: plan.steps(bandwidth=value), [0, -1, float("nan"), "fast", b"2", [], Decimal(2), date(2020, 1, 1), True])
        self.assertEqual(plat.generate(6, 60, map="drifted", drift=0.05), plat.generate(6, 60, map="drifted", drift="1/20"))

    def test_lists_and_dicts_where_they_are_asked_for(self):
        for name, values in {
            "counts": [{}, "", b"", b"\1\1", {1, 2}, 5, "11", object()], "slots": [{}, "", b"\1\1", {1}, 5], "rules": [{}, "", [5], [{}], ["rule"], 5, object()],
            "fan_out": [[], (), "", 5, [("outbound", 1)], {"outbound"}, {"outbound": "1"}, {"outbound": 1.0}], "level_names": [{}, "box", {"box"}, 5],
            "range_starts": [{}, {b"": 1}, "", b"", {b""}, 5, [""]], "partition_names": [{}, "p" * 24, {"p"}, 5],
            "containers": ["012012", {}, {0, 1}, 5], "weights": ["111111", {}, 5],
        }.items():
            for value in values:
                with self.subTest(name=name, value=value), self.assertRaises(WRONG):
                    make(**{name: value}, **({"containers": [0, 0, 1, 1, 2, 2]} if name == "level_names" else {}))
        cluster = make()
        plan = cluster.plan()
        orchestrator = plat.Orchestrator(cluster, plan)
        for call in (
            lambda: plat.Orchestrator(cluster, plan, 5), lambda: plat.Orchestrator(cluster, plan, {"pulse": 1}), lambda: orchestrator.inventory(0, 1, [5]),
            lambda: orchestrator.inventory(0, 1, {}), lambda: orchestrator.inventory(0, 1, "x"), lambda: orchestrator.complete(5),
            lambda: orchestrator.mode(0, 0, "running", plat.Mode()), lambda: orchestrator.mode(0, 0, plat.Mode("asleep"), plat.Mode()),
            lambda: orchestrator.inventory(0, 1, [plat.Holding(0, 0, 1, followers="12")]), lambda: orchestrator.begin("journal"),
            lambda: orchestrator.inventory(0, 1, [plat.Holding(0, 0, 1, is_leading="no")]), lambda: orchestrator.begin({1: b""}),
            lambda: plat.Agent(cluster, 0, 1, b"kept"), lambda: plat.Agent(cluster, 0, 1, {0: b""}), lambda: plat.Mode().next("stopped"),
            lambda: cluster.renumbered(None), lambda: cluster.renumbered("012345"), lambda: cluster.whatif(5), lambda: cluster.router().find_batch("keys"),
            lambda: cluster.router().find_batch(b"keys"), lambda: cluster.router().find_batch({b"key": 1}), lambda: cluster.router().find_batch(5),
            lambda: cluster.router().find_joined("key", [0, 3]), lambda: cluster.router().find_joined(b"key", b"\0\3"),
            lambda: cluster.router().find_joined(b"key", {0: 3}), lambda: cluster.router().find_joined(array.array("I", [7, 8]), [0, 8]),
        ):
            with self.assertRaises(WRONG):
                call()


class Keys(unittest.TestCase):
    """Only bytes are a key."""

    def test_what_has_bytes(self):
        router = make().router()
        expected = router.find(b"key")
        for key in (bytearray(b"key"), memoryview(b"key"), memoryview(b"-k-e-y")[1::2], array.array("B", b"key"), (ctypes.c_char * 3)(*b"key"),
                    memoryview(array.array("b", b"key")), memoryview(b"key").cast("c")):
            self.assertEqual(router.find(key), expected)
            self.assertEqual(list(router.find_batch([key, b"key"])), [expected] * 2)
        for wrong in ("key", 5, 1.5, None, [107, 101, 121], array.array("I", [7]), memoryview(array.array("d", [1.5])), (ctypes.c_uint32 * 2)(1, 2),
                      memoryview(b"keykey").cast("B", (2, 3)), object()):
            with self.subTest(wrong=repr(wrong)), self.assertRaises(TypeError):
                router.find(wrong)
            with self.subTest(wrong=repr(wrong)), self.assertRaises(TypeError):
                router.find_batch([b"key", wrong])

    @unittest.skipUnless(plat.has_numpy, "NumPy is not there")
    def test_of_numpy(self):
        router = make().router()
        keys = [b"key", b"a longer key", b""]
        expected = [router.find(key) for key in keys]
        for key, partition in zip(keys, expected):
            self.assertEqual(router.find(numpy.bytes_(key)), partition)
            self.assertEqual(router.find(numpy.frombuffer(key, dtype="u1")), partition)
        self.assertEqual(list(router.find_batch(numpy.array(keys))), expected)
        self.assertEqual(list(router.find_batch(numpy.array(keys, dtype=object))), expected)
        self.assertEqual(list(router.find_batch(numpy.array([list(b"key"), list(b"yek")], dtype="u1"))), [router.find(b"key"), router.find(b"yek")])
        joined = numpy.frombuffer(b"".join(keys), dtype="u1")
        self.assertEqual(list(router.find_joined(joined, [0, 3, 15, 15])), expected)
        for wrong in (numpy.str_("key"), numpy.float64(1.5), numpy.int64(7), numpy.uint8(7), numpy.bool_(True), numpy.datetime64("2020"),
                      numpy.array([1, 2]), numpy.array([1.5]), numpy.array(["key"]), numpy.array("key"), numpy.array([b"key"]), numpy.array([True]),
                      numpy.void(b"key"), numpy.zeros((2, 2), dtype="u1"), numpy.array([None])):
            with self.subTest(wrong=repr(wrong)), self.assertRaises(TypeError):
                router.find(wrong)
            with self.subTest(wrong=repr(wrong)), self.assertRaises(TypeError):
                router.find_joined(wrong, [0, 1])
        for wrong in (numpy.array(["key"]), numpy.array([1, 2]), numpy.array([1.5]), numpy.array("key"), numpy.array(5)):
            with self.subTest(wrong=repr(wrong)), self.assertRaises(TypeError):
                router.find_batch(wrong)
        cluster = plat.Cluster.from_arrays(numpy.array(["a", "b", "ü"]), numpy.uint8(7))
        self.assertEqual([cluster.node_name(node) for node in range(3)], ["a", "b", "ü"])
        for wrong in (numpy.array([b"a"]), numpy.array([1, 2]), numpy.array(1.5), numpy.array([1.5]), numpy.datetime64("2020"), numpy.str_("ab")):
            with self.subTest(wrong=repr(wrong)), self.assertRaises(WRONG):
                plat.Cluster.from_arrays(wrong, 7)
        whole = numpy.zeros(4 * 48 + 1, dtype="u1")[1:].view("u4")  # where no number of four bytes lies as a rule
        whole[1::2] = 1
        self.assertEqual(json.loads(make(map=whole).to_document())["map"]["partitions"]["0"], {"master": ["0"], "slave": ["1"]})


if __name__ == "__main__":
    unittest.main()
