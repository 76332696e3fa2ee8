"""python3 -m unittest, with PLAT_LIBRARY and PYTHONPATH=src: a change carried out by steps, and by agents in one process."""

import unittest

import setting  # noqa: F401, before plat
import plat

NODES, PARTITIONS = 4, 12
HAND_OVER, APPEND = 40, 48  # kinds of messages between agents: their fifth byte


def make():
    """Node 0 leaves, node 3 has come."""
    rows = [node for partition in range(PARTITIONS) for node in (partition % 3, (partition + 1) % 3)]
    return plat.Cluster.from_arrays(NODES, PARTITIONS, statuses=[plat.LEAVING] + [plat.ACTIVE] * 3, map=rows, revision=1)


def wanted(cluster):
    return [{node: state for state, node in enumerate(row)} for row in cluster.rows.tolist()]


class BySteps(unittest.TestCase):
    """The host's own nodes: here a dictionary each."""

    def setUp(self):
        self.cluster = make()
        self.plan = self.cluster.plan()
        self.nodes = [{} for _ in range(NODES)]
        for partition, row in enumerate(wanted(self.cluster)):
            for node, state in row.items():
                self.nodes[node][partition] = (state, 1)
        self.journal = (0, b"")
        self.reached = []
        self.down = set()

    def orchestrator(self):
        orchestrator = plat.Orchestrator(self.cluster, self.plan, plat.Timing(silence=(1 << 64) - 1))
        orchestrator.begin(self.journal[1])
        return orchestrator

    def carry_out(self, orchestrator, orders=1000):
        for action in orchestrator.actions():
            if action.kind == "record":
                is_right = action.expected == self.journal[0]
                if is_right:
                    self.journal = (action.version, action.data)
                orchestrator.recorded(is_right)
            elif action.kind == "reached":
                self.reached.append((action.revision, action.digest))
            elif action.node in self.down:
                continue
            elif action.kind == "claim":
                held = [self.holding(action.node, partition, *held) for partition, held in self.nodes[action.node].items()]
                orchestrator.inventory(action.node, action.revision, held)
            elif action.kind == "map":
                orchestrator.has_map(action.node, action.revision, action.digest)
            elif action.is_order:
                self.obey(orchestrator, action)
                orders -= 1
                if orders == 0:
                    return

    def holding(self, node, partition, state, term):
        is_leading = state == plat.MASTER
        followers = [other for other in range(NODES) if other != node and self.nodes[other].get(partition, (9, 0))[0] == plat.SLAVE]
        return plat.Holding(partition, state, term, is_leading, followers if is_leading else ())

    def obey(self, orchestrator, action):
        node, partition = self.nodes[action.node], action.partition
        if node.get(partition, (None, 0))[0] != action.from_state:
            return orchestrator.fail(action, "state")
        if action.source is not None:
            self.assertIn(self.nodes[action.source][partition][0], (plat.MASTER, plat.SLAVE))
            self.nodes[action.source][partition] = (action.source_to, action.revision)
        node.pop(partition, None)
        if action.to_state is not None:
            node[partition] = (action.to_state, action.revision)
        orchestrator.complete(action)

    def check(self, target):
        for partition, row in enumerate(wanted(target)):
            for node in range(NODES):
                if node not in self.down:
                    state = self.nodes[node].get(partition, (None, 0))[0]
                    self.assertEqual(None if state == plat.DEAD else state, row.get(node))

    def test_to_the_end(self):
        orchestrator = self.orchestrator()
        self.carry_out(orchestrator)
        target = orchestrator.target()
        self.check(target)
        self.assertEqual(target.digest, self.cluster.after(self.plan).digest)
        self.assertEqual(self.reached, [(2, target.digest)])
        standing = orchestrator.standing
        self.assertEqual((standing.phase, standing.left, standing.running, standing.plans), ("reached", 0, 0, 1))
        self.assertEqual(standing.copied, standing.to_copy)

    def test_another_goes_on_from_the_journal(self):
        self.carry_out(self.orchestrator(), orders=5)
        self.assertEqual(self.reached, [])
        second = self.orchestrator()
        self.carry_out(second)
        self.check(second.target())
        self.assertEqual(second.standing.revision, 3)

    def test_a_node_is_lost_and_comes_back(self):
        orchestrator = self.orchestrator()
        self.carry_out(orchestrator, orders=5)
        self.down = {2}
        orchestrator.lost(2)
        self.carry_out(orchestrator)
        self.check(orchestrator.target())
        self.assertEqual(orchestrator.standing.lost_count, 1)
        self.assertNotIn(2, orchestrator.target().rows.tolist()[1])
        self.down = set()
        orchestrator.alive(2)
        self.carry_out(orchestrator)
        self.check(orchestrator.target())
        self.assertEqual(orchestrator.target().digest, self.cluster.after(self.plan).digest)

    def test_called_off_and_paused(self):
        orchestrator = self.orchestrator()
        self.carry_out(orchestrator, orders=5)
        orchestrator.cancel()
        self.carry_out(orchestrator)
        self.assertTrue(orchestrator.standing.is_called_off)
        target = orchestrator.target()
        self.check(target)
        self.assertNotEqual(target.digest, self.cluster.after(self.plan).digest)
        second = self.orchestrator()
        self.assertTrue(second.standing.is_called_off)
        second.pause()
        self.carry_out(second)
        self.assertTrue(second.standing.is_paused)
        self.assertEqual(second.standing.done, 0)

    def silent_until(self, orchestrator, start, end):
        """Nobody is heard of."""
        kinds = []
        for now in range(start, end, 10):
            orchestrator.tick(now)
            kinds += [(action.kind, action.values) for action in orchestrator.actions() if action.kind in ("frozen", "record", "reached")]
        return kinds

    def test_silent_nodes_are_waited_for_and_too_many_freeze_it(self):
        orchestrator = plat.Orchestrator(self.cluster, self.plan)
        orchestrator.begin()
        self.carry_out(orchestrator)
        orchestrator.tick(0)
        self.assertEqual(orchestrator.standing.phase, "reached")
        self.assertEqual(self.silent_until(orchestrator, 10, 590), [])
        standing = orchestrator.standing
        self.assertEqual((standing.phase, standing.silent_count, standing.lost_count, standing.plans), ("waiting", NODES, 0, 1))
        self.assertEqual(self.silent_until(orchestrator, 590, 1500), [("frozen", tuple(range(NODES)))])
        self.assertEqual(orchestrator.standing.phase, "frozen")
        for node in range(NODES):
            orchestrator.alive(node)
        orchestrator.tick(1510)
        self.assertEqual([action.values for action in orchestrator.actions() if action.kind == "frozen"], [()])
        self.assertEqual((orchestrator.standing.phase, orchestrator.standing.plans), ("reached", 1))

    def test_what_is_withheld_is_listed(self):
        orchestrator = self.orchestrator()
        self.carry_out(orchestrator)
        row = orchestrator.target().rows.tolist()[4]
        self.down = set(row)
        for node in row:
            orchestrator.lost(node)
        self.carry_out(orchestrator)
        standing = orchestrator.standing
        self.assertEqual((standing.phase, standing.lost_count), ("reached", 2))
        self.assertIn(plat.Unreached(4, "withheld"), orchestrator.unreached)
        self.assertEqual(standing.unreached_count, len(orchestrator.unreached))
        rows = orchestrator.target().rows.tolist()
        for one in orchestrator.unreached:
            self.assertEqual(set(rows[one.partition]), {plat.NONE}, "nobody is said to lead it")
        self.check(orchestrator.target())

    def test_an_answer_of_the_journal_is_lost(self):
        def record(orchestrator):
            return [action for action in orchestrator.actions() if action.kind in ("record", "claim", "retired")]

        first, second = self.orchestrator(), self.orchestrator()
        (mine,), (other,) = record(first), record(second)
        self.assertEqual((mine.expected, mine.version, mine.revision), (other.expected, other.version, other.revision))
        self.assertNotEqual(mine.data, other.data)
        first.journal(b"")  # it did not get there
        self.assertEqual([action.data for action in record(first)], [mine.data])
        first.journal(mine.data)  # it did
        self.assertEqual({action.kind for action in record(first)}, {"claim"})
        second.journal(mine.data)  # another's, and the same but for that
        self.assertEqual([action.kind for action in record(second)], ["retired"])

    def test_times_that_contradict_each_other(self):
        for name, timing in (
            ("silence", plat.Timing(silence=40)), ("silence", plat.Timing(pulse=150)), ("grace", plat.Timing(grace=149)),
            ("longest_tick", plat.Timing(longest_tick=151)), ("most_lost", plat.Timing(most_lost=NODES + 1)),
        ):
            with self.assertRaises(plat.InvalidArgument) as told:
                plat.Orchestrator(self.cluster, self.plan, timing)
            self.assertEqual(told.exception.path, "timing." + name)
        plat.Orchestrator(self.cluster, self.plan, plat.Timing(grace=150, most_lost=NODES))

    def test_wrong_calls(self):
        orchestrator = self.orchestrator()
        with self.assertRaises(plat.InvalidArgument):
            orchestrator.begin()
        with self.assertRaises(plat.InvalidInput):
            orchestrator.receive(0, b"nonsense")
        with self.assertRaises(plat.NotFound):
            orchestrator.target()
        with self.assertRaises(plat.InvalidArgument):
            orchestrator.lost(NODES)
        with self.assertRaises(plat.InvalidInput):
            plat.Agent(self.cluster, 0, 1, [b"nonsense"])


class ByAgents(unittest.TestCase):
    def test_in_one_process(self):
        cluster = make()
        plan = cluster.plan()
        agents = [plat.Agent(cluster, node, 1) for node in range(NODES)]
        orchestrator, journal, answers = plat.Orchestrator(cluster, plan), (0, b""), {}
        orchestrator.begin()
        agents[1].write(1, 42, client=7, request=1)
        is_busy = True
        while is_busy:
            is_busy = False
            for action in orchestrator.actions():
                is_busy = True
                if action.node is not None:
                    agents[action.node].receive("orchestrator", 1, action.data)
                elif action.kind == "record":
                    journal = (action.version, action.data)
                    orchestrator.recorded(True)
            for node, agent in enumerate(agents):
                for action in agent.actions():
                    is_busy = True
                    if action.kind == "deliver" and action.peer_kind == "node":
                        agents[action.peer].receive("node", node, action.data)
                    elif action.kind == "deliver":
                        orchestrator.receive(node, action.data)
                    elif action.kind != "keep":
                        answers[action.request] = (action.kind, action.peer, action.values)
        self.assertEqual(answers, {1: ("written", 7, ())})
        self.assertEqual(journal[0], 2, "the plan, and that its map is in force")
        target = orchestrator.target()
        for partition, row in enumerate(wanted(target)):
            self.assertEqual([agents[node].state(partition) for node in row], list(row.values()))
            self.assertEqual([node for node in range(NODES) if agents[node].leads(partition)], [target.rows.tolist()[partition][0]])
        self.assertEqual({agent.map for agent in agents}, {(target.revision, target.digest)})
        leader = agents[target.rows.tolist()[1][0]]
        leader.read(1, client=7, request=2)
        follower = target.rows.tolist()[1][1]
        for action in leader.actions():
            agents[follower].receive("node", agents.index(leader), action.data)
        for action in agents[follower].actions():
            if action.kind == "deliver":
                leader.receive("node", follower, action.data)
        self.assertEqual([(action.kind, action.values) for action in leader.actions()], [("answer", (42,))])


class Running(unittest.TestCase):
    """Replicas that are stopped and paused, and what clients are told of it."""

    def setUp(self):
        self.cluster = make()
        self.agents = [plat.Agent(self.cluster, node, 1) for node in range(NODES)]
        self.orchestrator = plat.Orchestrator(self.cluster, self.cluster.plan())
        self.orchestrator.begin()
        self.runs, self.changed, self.answers = [], [], {}
        self.pump()
        self.row = self.orchestrator.target().rows.tolist()[1]

    def pump(self):
        is_busy = True
        while is_busy:
            is_busy = False
            for action in self.orchestrator.actions():
                is_busy = True
                if action.node is not None:
                    self.agents[action.node].receive("orchestrator", 1, action.data)
                elif action.kind == "record":
                    self.orchestrator.recorded(True)
                elif action.kind == "runs":
                    self.runs.append((action.peer, action.partition, action.mode, action.is_done))
            for node, agent in enumerate(self.agents):
                for action in agent.actions():
                    is_busy = True
                    if action.kind == "deliver" and action.peer_kind == "node":
                        self.agents[action.peer].receive("node", node, action.data)
                    elif action.kind == "deliver":
                        self.orchestrator.receive(node, action.data)
                    elif action.kind == "changed mode":
                        self.changed.append((node, action.partition, action.mode.run))
                    elif action.kind != "keep":
                        self.answers[action.request] = (action.kind, action.is_definite, action.values)

    def mode(self, node, current, to):
        self.orchestrator.mode(node, 1, current, to)
        self.pump()
        return self.runs[-1]

    def test_stopped_hop_by_hop(self):
        master, running, stopped = self.row[0], plat.Mode(), plat.Mode("stopped")
        self.assertEqual(running.next(stopped), plat.Mode("cooling"))
        self.assertEqual(self.mode(master, running, stopped), (master, 1, stopped, True))
        self.assertEqual(self.changed, [(master, 1, "cooling"), (master, 1, "stopped")])
        self.assertEqual(self.agents[master].mode(1), stopped)
        self.agents[master].write(1, 5, client=7, request=1)
        self.pump()
        self.assertEqual(self.answers[1], ("denied", True, ()))
        self.assertEqual(self.mode(master, running, stopped), (master, 1, stopped, True), "it is so already")
        self.assertEqual(self.mode(master, running, plat.Mode("warming")), (master, 1, stopped, False), "it was not running")
        self.assertEqual(self.mode(master, stopped, running), (master, 1, running, True))
        self.agents[master].write(1, 5, client=7, request=2)
        self.pump()
        self.assertEqual(self.answers[2][0], "written")
        self.assertIsNone(self.agents[0].mode(1))

    def test_pauses_let_writes_wait(self):
        master, slave = self.row[:2]
        for node, pause in ((slave, "pauses_replication"), (slave, "pauses_persistence"), (master, "pauses_replication"),
                            (master, "pauses_persistence")):
            self.answers.clear()
            paused = plat.Mode(**{pause: True})
            self.mode(node, plat.Mode(), paused)
            self.agents[master].write(1, 5, client=7, request=1)
            self.pump()
            self.assertEqual(self.answers, {}, (node, pause))
            self.mode(node, paused, plat.Mode())
            for _ in range(3):
                self.agents[master].tick()
                self.pump()
            self.assertEqual(self.answers[1][0], "written", (node, pause))

    def test_a_floor(self):
        master = self.row[0]
        self.agents[master].min_in_sync(3)
        self.agents[master].write(1, 5, client=7, request=1)
        self.pump()
        self.assertEqual(self.answers[1], ("denied", True, ()))
        self.agents[master].min_in_sync(2)
        self.agents[master].write(1, 5, client=7, request=2)
        self.pump()
        self.assertEqual(self.answers[2][0], "written")
        for copies in (0, NODES + 1):
            with self.assertRaises(plat.InvalidArgument):
                self.agents[master].min_in_sync(copies)

    def test_wrong_calls(self):
        with self.assertRaises(plat.InvalidArgument):
            self.orchestrator.mode(NODES, 1, plat.Mode(), plat.Mode("stopped"))
        with self.assertRaises(plat.InvalidArgument):
            self.orchestrator.mode(0, PARTITIONS, plat.Mode(), plat.Mode("stopped"))


class ASuccessorIsLost(unittest.TestCase):
    """One replica: a hands over to another node, which is lost for good before it hears of it, or as soon as it leads."""

    def run_until_reached(self, cluster, last):
        """`last`: the kind of the successor's last message, which arrives if it is its question."""
        plan = cluster.plan()
        agents = [plat.Agent(cluster, node, 1) for node in range(3)]
        orchestrator, version, lost, written, reads = plat.Orchestrator(cluster, plan), 0, set(), set(), {}
        orchestrator.begin()
        for value in range(5):
            agents[0].write(0, 100 + value, client=0, request=value)
        for now in range(3000):
            orchestrator.tick(now)
            for action in orchestrator.actions():
                if action.kind == "record":
                    self.assertEqual(action.expected, version)
                    version = action.version
                    orchestrator.recorded(True)
                elif action.node is not None and action.node not in lost and action.data:
                    agents[action.node].receive("orchestrator", 0, action.data)
            for node, agent in enumerate(agents):
                if node in lost:
                    continue
                for action in agent.actions():
                    if action.kind == "written":
                        written.add(action.request)
                    elif action.kind == "deliver" and action.peer_kind == "orchestrator":
                        orchestrator.receive(node, action.data)
                    elif action.kind == "deliver":
                        if node != 0 and not lost and action.data[4] == last:
                            lost.add(node)
                        if action.peer not in lost and (node not in lost or last == HAND_OVER):
                            agents[action.peer].receive("node", node, action.data)
                        if node in lost:
                            break
            if orchestrator.standing.phase == "reached" and lost:
                break
        self.assertEqual(len(lost), 1)
        self.assertEqual(written, set(range(5)))
        self.assertEqual(orchestrator.standing.phase, "reached")
        self.assertEqual(orchestrator.unreached, [])
        leader = orchestrator.target().rows.tolist()[0][0]
        self.assertEqual([node for node in range(3) if node not in lost and agents[node].leads(0)], [leader])
        agents[leader].read(0, client=0, request=99)
        for action in agents[leader].actions():
            if action.kind == "answer":
                reads[action.request] = sorted(action.values)
        self.assertEqual(reads, {99: [100, 101, 102, 103, 104]})

    def test_its_copy_counts_until_the_successor_leads(self):
        for last in (HAND_OVER, APPEND):
            with self.subTest(last=last):
                self.run_until_reached(plat.Cluster.from_document({
                    "plat": 1, "settings": {"numPartitions": 1, "constraints": {"master": 1, "slave": 0}},
                    "nodes": {"a": {"status": "leaving"}, "b": {}, "c": {}},
                    "map": {"revision": 1, "partitions": {"0": {"master": ["a"]}}}}), last)


if __name__ == "__main__":
    unittest.main()
