"""python3 -m unittest, with PLAT_LIBRARY and PYTHONPATH=src: changes one after another on the same agents, disks and journal; nodes that
join, disks that are wiped, damaged or set back, plans from old maps, orchestrators that were replaced."""

import json
import unittest

import setting  # noqa: F401, before plat
import plat


def document(nodes, rows, leaving=(), revision=1, partitions=None):
    names = [f"n{node}" for node in range(nodes)]
    rows = rows[:partitions] if partitions else rows
    return {
        "plat": 1,
        "settings": {"numPartitions": len(rows), "constraints": {"master": 1, "slave": len(rows[0]) - 1}},
        "nodes": {name: {"status": "leaving"} if node in leaving else {} for node, name in enumerate(names)},
        "map": {"type": "current", "revision": revision, "partitions": {
            str(partition): {"master": [names[row[0]]], "slave": [names[node] for node in row[1:]]}
            for partition, row in enumerate(rows)}}}


def cluster_of(described):
    return plat.Cluster.from_document(json.loads(json.dumps(described)))


def rows_of(nodes, partitions, copies=2):
    return [[(partition + copy) % nodes for copy in range(copies)] for partition in range(partitions)]


class House:
    """Agents, what they kept, a journal by keys, and a network that loses nothing."""

    def __init__(self, cluster, nodes):
        self.cluster, self.boots, self.disks = cluster, [0] * nodes, [{} for _ in range(nodes)]
        self.agents = [None] * nodes
        self.version, self.keys, self.orchestrators, self.now = 0, {}, [], 0
        self.reached, self.retired, self.answers, self.refused = {}, {}, {}, []
        for node in range(nodes):
            self.start(node)

    def start(self, node, **options):
        self.boots[node] += 1
        cluster = options.pop("cluster", self.cluster)
        self.agents[node] = plat.Agent(cluster, node, self.boots[node], self.disks[node].values(), **options)

    def begin(self, cluster):
        orchestrator = plat.Orchestrator(cluster, cluster.plan())
        orchestrator.begin(dict(self.keys))
        self.orchestrators.append(orchestrator)
        return len(self.orchestrators) - 1

    def turn(self):
        self.now += 1
        for number, orchestrator in enumerate(self.orchestrators):
            orchestrator.tick(self.now)
            for action in orchestrator.actions():
                if action.node is not None:
                    if action.data and self.agents[action.node]:
                        self.deliver(self.agents[action.node].receive, "orchestrator", number, action.data)
                elif action.kind == "record":
                    is_right = action.expected == self.version
                    if is_right:
                        self.version = action.version
                        self.keys.update(action.keys)
                    orchestrator.recorded(is_right)
                elif action.kind == "reached":
                    self.reached[number] = action.revision
                elif action.kind == "retired":
                    self.retired[number] = self.now
        for node, agent in enumerate(self.agents):
            if agent is None:
                continue
            if self.now % 40 == 0:
                agent.tick()
            for action in agent.actions():
                if action.kind == "keep":
                    self.disks[node][action.partition] = action.data
                elif action.kind == "drop":
                    self.disks[node].pop(action.partition, None)
                elif action.kind == "deliver" and action.peer_kind == "node":
                    if self.agents[action.peer]:
                        self.deliver(self.agents[action.peer].receive, "node", node, action.data)
                elif action.kind == "deliver":
                    self.deliver(self.orchestrators[action.peer].receive, node, action.data)
                else:
                    self.answers[action.request] = action

    def deliver(self, function, *arguments):
        try:
            function(*arguments)
        except plat.PlatError as error:
            self.refused.append(str(error))

    def run(self, condition, turns=3000):
        for _ in range(turns):
            if condition():
                return True
            self.turn()
        return condition()

    def reach(self, cluster):
        number = self.begin(cluster)
        assert self.run(lambda: number in self.reached), (self.orchestrators[number].standing, self.refused[:3])
        return self.orchestrators[number]

    def leads(self, partition):
        return [node for node, agent in enumerate(self.agents) if agent and agent.leads(partition)]

    def ask(self, partition, request, value=None):
        """Whatever it is told in the end."""
        for attempt in range(60):
            for node in self.leads(partition):
                self.answers.pop(request, None)
                if value is None:
                    self.agents[node].read(partition, 0, request)
                else:
                    self.agents[node].write(partition, value, 0, request)
                self.run(lambda: request in self.answers, 90)
                if request in self.answers and self.answers[request].kind != "denied":
                    return self.answers[request]
            self.run(lambda: False, 20)
        raise AssertionError(f"nobody answers for partition {partition}: {self.leads(partition)}")


class Disks(unittest.TestCase):
    def make(self, nodes=4, partitions=8, copies=2):
        house = House(cluster_of(document(nodes, rows_of(nodes, partitions, copies))), nodes)
        house.reach(house.cluster)
        for partition in range(partitions):
            self.assertEqual(house.ask(partition, partition, 100 + partition).kind, "written")
        return house

    def check_all(self, house, partitions=8):
        for partition in range(partitions):
            self.assertEqual(house.ask(partition, 1000 + partition).values, (100 + partition,), partition)

    def test_a_later_start_without_a_promise_is_no_new_node(self):
        cluster = cluster_of(document(4, rows_of(4, 8)))
        with self.assertRaises(plat.LostDisk) as caught:
            plat.Agent(cluster, 1, 5)
        self.assertIn("start 5", str(caught.exception))
        house = self.make()
        for left_out in ("promise", "all"):
            kept = [data for partition, data in house.disks[1].items() if left_out == "promise" and partition is not None]
            with self.assertRaises(plat.LostDisk):
                plat.Agent(house.cluster, 1, 2, kept)
        spoilt = bytearray(house.disks[1][None])
        spoilt[-1] ^= 1
        with self.assertRaises(plat.LostDisk):
            plat.Agent(house.cluster, 1, 2, [bytes(spoilt), *(data for key, data in house.disks[1].items() if key is not None)])
        with self.assertRaises(plat.LostDisk):
            plat.Agent(house.cluster, 2, 2, house.disks[1].values())  # another node's
        with self.assertRaises(plat.InvalidArgument):
            plat.Agent(house.cluster, 1, 1, house.disks[1].values())  # a start that was before
        with self.assertRaises(plat.InvalidArgument):
            plat.Agent(house.cluster, 1, 9, house.disks[1].values(), new_disk=True)

    def test_a_wiped_disk_loses_nothing(self):
        house = self.make()
        house.disks[1] = {}
        house.start(1, new_disk=True)
        self.assertEqual([house.agents[1].state(partition) for partition in range(8)], [None] * 8)
        self.check_all(house)
        plans = house.orchestrators[0].standing.plans
        self.assertGreater(plans, 1, "it was told apart")
        self.assertTrue(house.run(lambda: house.orchestrators[0].standing.phase == "reached"))
        rows = house.orchestrators[0].target().rows.tolist()
        self.assertTrue(any(1 in row for row in rows), "the node is used again")

    def test_a_disk_that_was_set_back_loses_nothing(self):
        for node in range(3):
            house = self.make(3, 6, 2)
            images = [dict(disk) for disk in house.disks]
            for partition in range(6):
                house.ask(partition, 50 + partition, 200 + partition)
            house.disks[node] = images[node]
            house.start(node)
            for partition in range(6):
                self.assertEqual(house.ask(partition, 1000 + partition).values, (100 + partition, 200 + partition), (node, partition))

    def test_a_plain_restart_costs_no_copy(self):
        house = self.make()
        plans = house.orchestrators[0].standing.plans
        for node in range(4):
            house.start(node)
            self.check_all(house)
        self.assertEqual(house.orchestrators[0].standing.plans, plans)
        self.assertEqual(house.refused, [])

    def test_a_damaged_record_costs_its_partition(self):
        house = self.make()
        partition = next(key for key in house.disks[1] if key is not None and house.agents[1].state(key) == plat.MASTER)
        whole = house.disks[1][partition]
        for place in range(len(whole)):
            kept = dict(house.disks[1])
            kept[partition] = whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1:] if place % 2 else whole[:place]
            if not kept[partition] or place == 2:  # nothing at all; a later version
                continue
            agent = plat.Agent(house.cluster, 1, 2, kept.values())
            self.assertEqual(len(agent.damaged), 1, place)
            self.assertIn(agent.damaged[0].partition, (partition, None), place)
            self.assertEqual(agent.damaged[0].index, list(kept).index(partition))
            others = {key: agent.state(key) for key in range(8) if key != partition}
            self.assertEqual(others, {key: house.agents[1].state(key) for key in range(8) if key != partition})
        house.disks[1][partition] = whole[:-1] + bytes([whole[-1] ^ 1])
        house.start(1)
        self.assertEqual(house.agents[1].damaged[0].partition, partition)
        self.check_all(house)


class Lives(unittest.TestCase):
    def test_changes_one_after_another(self):
        nodes, partitions = 5, 12
        rows = rows_of(nodes, partitions)
        house = House(cluster_of(document(nodes, rows)), nodes)
        revision, told = 1, {}
        for change in range(12):
            leaving = change % nodes
            cluster = cluster_of(document(nodes, rows, [leaving], revision))
            orchestrator = house.reach(cluster)
            revision = house.reached[change]
            self.assertEqual(orchestrator.target().revision, revision)
            rows = orchestrator.target().rows.tolist()
            self.assertTrue(all(leaving not in row for row in rows))
            for partition in range(partitions):
                self.assertEqual(house.ask(partition, 10_000 + change * 100 + partition, change).kind, "written")
                told.setdefault(partition, []).append(change)
                self.assertEqual(list(house.ask(partition, 20_000 + change * 100 + partition).values), told[partition])
            if change:  # whoever was before is told within a pulse
                self.assertTrue(house.run(lambda: change - 1 in house.retired, 60))
        self.assertEqual(house.refused, [])
        # A plan from an older map.
        for old in (1, revision - 1, revision + 1):
            cluster = cluster_of(document(nodes, rows_of(nodes, partitions), [0], old))
            with self.assertRaises(plat.InvalidInput) as caught:
                house.begin(cluster)
            self.assertIn(f"revision {old} ", str(caught.exception))
            self.assertIn(f"revision {revision},", str(caught.exception))
        self.assertEqual(caught.exception.path, "plan")

    def test_one_value_is_refused_where_it_would_be_too_long(self):
        partitions = 9000
        cluster = plat.Cluster.from_arrays(3, partitions, map=[node for p in range(partitions) for node in (p % 3, (p + 1) % 3)], revision=1)
        orchestrator = plat.Orchestrator(cluster, cluster.plan())
        orchestrator.begin()
        record = next(action for action in orchestrator.actions() if action.kind == "record")
        self.assertEqual(record.data, record.keys["epoch"])
        self.assertEqual(set(record.keys), {"epoch", "map", "goal"})
        other = plat.Orchestrator(cluster, cluster.plan())
        with self.assertRaises(plat.InvalidInput) as caught:
            other.begin(record.data)
        self.assertEqual(caught.exception.path, "journal.map")
        other.begin(record.keys)

    def test_a_node_joins_while_agents_run(self):
        nodes, partitions = 4, 8
        rows = rows_of(nodes, partitions)
        house = House(cluster_of(document(nodes, rows)), nodes)
        grown = cluster_of(document(nodes + 2, rows, [0]))
        for node in (4, 5):
            house.boots.append(0)
            house.disks.append({})
            house.agents.append(None)
            house.start(node, cluster=grown)
        orchestrator = house.reach(grown)
        self.assertEqual(house.refused, [])
        rows = orchestrator.target().rows.tolist()
        self.assertTrue({4, 5} <= {node for row in rows for node in row})
        for partition in range(partitions):
            self.assertEqual(house.leads(partition), [rows[partition][0]])
            self.assertEqual(house.ask(partition, partition, 7).kind, "written")
        self.assertEqual([house.agents[1].node_name(node) for node in (1, 5, 6)], ["n1", "n5", None])
        # What an agent learnt it has kept.
        for node in range(1, 4):
            house.start(node)
            self.assertEqual([house.agents[node].node_name(other) for other in (4, 5)], ["n4", "n5"])
        for partition in range(partitions):
            self.assertEqual(house.ask(partition, 100 + partition).values, (7,))
        self.assertEqual(house.refused, [])

    def test_records_of_partitions_that_are_gone_are_dropped(self):
        rows = rows_of(3, 8)
        house = House(cluster_of(document(3, rows)), 3)
        house.reach(house.cluster)
        house.cluster = cluster_of(document(3, rows, partitions=5, revision=house.reached[0]))
        for node in range(3):
            house.start(node)
        house.turn()
        for disk in house.disks:
            self.assertTrue(all(partition is None or partition < 5 for partition in disk))
        house.reach(house.cluster)
        self.assertEqual([house.ask(partition, partition, 1).kind for partition in range(5)], ["written"] * 5)


if __name__ == "__main__":
    unittest.main()
