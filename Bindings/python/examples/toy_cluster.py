"""A toy cluster of real processes on loopback is taken from one map to the next while a node is killed.

    python3 toy_cluster.py                node 1 is killed in the middle, and started again
    python3 toy_cluster.py --lose         node 1 is killed in the middle, and lost with its disk for good
    python3 toy_cluster.py --takeover     the orchestrator dies, too, and another one goes on from the journal

Node 0 leaves, node 4 has come. Each node is a process with the library's agent, a UDP socket and a file on disk; this process has
the orchestrator, its journal, and a client that writes and reads all the time. At the end every node must be what the map
says, and every write that was acknowledged must be read.
"""

import argparse
import collections
import json
import os
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib

import plat

NODES, PARTITIONS, COPIES = 5, 24, 2
LEAVING, NEW, VICTIM = 0, 4, 1
TICK_SECONDS = 0.01
LIMIT_SECONDS = 25

# A datagram: what it is, a number of its sender (a node's or an orchestrator's), and the rest.
HEAD = struct.Struct("<cI")
FROM_NODE, FROM_ORCHESTRATOR, WRITE, READ, WRITTEN, ANSWER, DENIED, ASK, STATES = (bytes([letter]) for letter in b"NOWRwrdAS")
REQUEST = struct.Struct("<IIQ")  # request, partition, value


def cluster_document() -> dict:
    """The cluster with its map, as every process gets it. One stream at a time into and out of each node."""
    rows = [[(partition + copy) % NEW for copy in range(COPIES)] for partition in range(PARTITIONS)]
    return {
        "plat": 1,
        "settings": {"numPartitions": PARTITIONS, "model": "masterSlave", "constraints": {"master": 1, "slave": COPIES - 1}},
        "config": {"maxStreamsIn": 1, "maxStreamsOut": 1},
        "nodes": {f"n{node}": ({"status": "leaving"} if node == LEAVING else {}) for node in range(NODES)},
        "map": {
            "type": "current", "revision": 1,
            "partitions": {str(partition): {"master": [f"n{row[0]}"], "slave": [f"n{node}" for node in row[1:]]} for partition, row in enumerate(rows)},
        },
    }


# The node's process


class Disk:
    """A file to which what is to be kept is appended; the last of each partition counts. A torn end is left out."""

    frame = struct.Struct("<III")  # partition, length, CRC-32

    def __init__(self, path: str) -> None:
        self.kept: dict[int, bytes] = {}
        end = 0
        if os.path.exists(path):
            with open(path, "rb") as file:
                data = file.read()
            while end + self.frame.size <= len(data):
                partition, length, crc = self.frame.unpack_from(data, end)
                body = data[end + self.frame.size : end + self.frame.size + length]
                if len(body) != length or zlib.crc32(body) != crc:
                    break
                self.kept[partition] = body
                end += self.frame.size + length
        self.file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(self.file, end)
        os.lseek(self.file, end, os.SEEK_SET)

    def keep(self, partition: int, body: bytes) -> None:
        os.write(self.file, self.frame.pack(partition, len(body), zlib.crc32(body)) + body)
        self.kept[partition] = body

    def sync(self) -> None:
        os.fdatasync(self.file)


def run_node(node: int, boot: int, descriptor: int, folder: str, ports: list[int], driver: int) -> None:
    endpoint = socket.socket(fileno=descriptor)
    with open(os.path.join(folder, "cluster.json"), "rb") as file:
        cluster = plat.Cluster.from_document(file.read())
    disk = Disk(os.path.join(folder, f"node-{node}.disk"))
    agent = plat.Agent(cluster, node, boot, disk.kept.values())

    def send(port: int, kind: bytes, number: int, body: bytes) -> None:
        endpoint.sendto(HEAD.pack(kind, number) + body, ("127.0.0.1", port))

    def carry_out() -> None:
        is_dirty = False
        for action in agent.actions():
            if action.kind == "keep":
                disk.keep(plat.NONE if action.partition is None else action.partition, action.data)
                is_dirty = True
                continue
            # What an answer says is on disk before the answer goes.
            if is_dirty:
                disk.sync()
                is_dirty = False
            if action.kind == "deliver" and action.peer_kind == "node":
                send(ports[action.peer], FROM_NODE, node, action.data)
            elif action.kind == "deliver":
                send(driver, FROM_NODE, node, struct.pack("<I", action.peer) + action.data)
            else:
                kind = {"written": WRITTEN, "answer": ANSWER, "denied": DENIED}[action.kind]
                send(driver, kind, action.request, struct.pack(f"<{len(action.values)}Q", *action.values))
        if is_dirty:
            disk.sync()

    carry_out()
    asked = time.monotonic()
    while True:
        ready, _, _ = select.select([endpoint], [], [], 0.05)
        if ready:
            data, _ = endpoint.recvfrom(65536)
            kind, number = HEAD.unpack_from(data)
            body = data[HEAD.size :]
            if kind == FROM_NODE:
                agent.receive("node", number, body)
            elif kind == FROM_ORCHESTRATOR:
                agent.receive("orchestrator", number, body)
            elif kind in (WRITE, READ):
                request, partition, value = REQUEST.unpack(body)
                if kind == WRITE:
                    agent.write(partition, value, 0, request)
                else:
                    agent.read(partition, 0, request)
            elif kind == ASK:
                states = [(agent.state(partition), agent.leads(partition)) for partition in range(PARTITIONS)]
                send(driver, STATES, node, json.dumps({"map": agent.map, "states": states}).encode())
        if time.monotonic() - asked > 40 * TICK_SECONDS:
            asked = time.monotonic()
            agent.tick()
        carry_out()


# The driver


class Register:
    """The journal: one value with a version, replaced by compare-and-swap. Here a file; elsewhere a key in a consensus store."""

    def __init__(self, path: str) -> None:
        self.path, self.version, self.data = path, 0, b""

    def replace(self, expected: int, version: int, data: bytes) -> bool:
        if expected != self.version:
            return False
        with open(self.path + ".new", "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self.path + ".new", self.path)
        self.version, self.data = version, data
        return True


class Client:
    """Writes and reads all the time; believes whoever acknowledges."""

    def __init__(self, send) -> None:
        self.send = send
        self.random = random.Random(1)
        self.open: dict[int, tuple[int, int, frozenset[int]]] = {}
        self.acknowledged: dict[int, set[int]] = {partition: set() for partition in range(PARTITIONS)}
        self.leader = {partition: partition % NEW for partition in range(PARTITIONS)}
        self.next = 0
        self.reads = self.denied = 0
        self.final: dict[int, bool] = {}

    def ask(self, kind: bytes, partition: int) -> None:
        self.next += 1
        value = self.next if kind == WRITE else 0
        self.open[self.next] = (partition, value, frozenset(self.acknowledged[partition]))
        self.send(self.leader[partition], kind, 0, REQUEST.pack(self.next, partition, value))

    def act(self) -> None:
        self.ask(WRITE if self.random.random() < 0.6 else READ, self.random.randrange(PARTITIONS))

    def hear(self, kind: bytes, request: int, body: bytes) -> None:
        if request not in self.open:
            return
        partition, value, before = self.open.pop(request)
        if kind == WRITTEN:
            self.acknowledged[partition].add(value)
        elif kind == ANSWER:
            seen = set(struct.unpack(f"<{len(body) // 8}Q", body))
            if not before <= seen:
                raise SystemExit(f"partition {partition}: a read lacks acknowledged writes {sorted(before - seen)}")
            self.reads += 1
            if self.final:
                self.final[partition] = self.acknowledged[partition] <= seen
        else:
            # Somebody else leads: whoever it is will be found.
            self.denied += 1
            if not self.final:
                self.leader[partition] = self.random.randrange(NODES)


class Driver:
    def __init__(self, arguments: argparse.Namespace, folder: str) -> None:
        self.arguments, self.folder = arguments, folder
        self.endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.endpoint.bind(("127.0.0.1", 0))
        # Bound here and handed on: a node that starts again has the socket that it had.
        self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(NODES)]
        for endpoint in self.sockets:
            endpoint.bind(("127.0.0.1", 0))
        self.ports = [endpoint.getsockname()[1] for endpoint in self.sockets]
        with open(os.path.join(folder, "cluster.json"), "w") as file:
            json.dump(cluster_document(), file)
        self.cluster = plat.Cluster.from_document(cluster_document())
        self.plan = self.cluster.plan(strict=True)
        self.journal = Register(os.path.join(folder, "journal"))
        self.processes: dict[int, subprocess.Popen] = {}
        self.boots = [0] * NODES
        self.client = Client(self.send)
        self.number = 0
        self.is_reached = False
        self.missing = "the map is not reached"
        self.states: dict[int, dict] = {}
        self.counts: collections.Counter = collections.Counter()

    def send(self, node: int, kind: bytes, number: int, body: bytes) -> None:
        self.endpoint.sendto(HEAD.pack(kind, number) + body, ("127.0.0.1", self.ports[node]))

    def start_node(self, node: int) -> None:
        self.boots[node] += 1
        descriptor = self.sockets[node].fileno()
        words = [sys.executable, os.path.abspath(__file__), "node", str(node), str(self.boots[node]), str(descriptor), self.folder]
        words += [str(self.endpoint.getsockname()[1]), *map(str, self.ports)]
        self.processes[node] = subprocess.Popen(words, pass_fds=[descriptor])

    def start_orchestrator(self) -> None:
        """A new one, which knows the journal and nothing else."""
        self.number += 1
        self.is_reached = False
        self.orchestrator = plat.Orchestrator(self.cluster, self.plan, plat.Timing(silence=250, grace=300))
        self.orchestrator.begin(self.journal.data)

    def carry_out(self) -> None:
        for action in self.orchestrator.actions():
            self.counts[action.kind] += 1
            if action.node is not None:
                if action.data:
                    self.send(action.node, FROM_ORCHESTRATOR, self.number, action.data)
            elif action.kind == "record":
                self.orchestrator.recorded(self.journal.replace(action.expected, action.version, action.data))
            elif action.kind == "reached":
                self.is_reached = True
            elif action.kind == "retired":
                raise SystemExit("another orchestrator has taken over, though there is none")

    def hear(self) -> None:
        while select.select([self.endpoint], [], [], 0)[0]:
            data, _ = self.endpoint.recvfrom(65536)
            kind, number = HEAD.unpack_from(data)
            body = data[HEAD.size :]
            if kind == FROM_NODE:
                # What was meant for an orchestrator that is no more is not for this one.
                if struct.unpack_from("<I", body)[0] == self.number:
                    self.orchestrator.receive(number, body[4:])
            elif kind == STATES:
                self.states[number] = json.loads(body)
            else:
                self.client.hear(kind, number, body)

    def run(self) -> str:
        for node in range(NODES):
            self.start_node(node)
        self.wait_for_all()
        self.start_orchestrator()
        begin = time.monotonic()
        acted = asked = 0.0
        restart_at = None
        is_killed = is_succeeded = False
        while True:
            now = time.monotonic()
            if now - begin > LIMIT_SECONDS:
                raise SystemExit(f"not at the end after {LIMIT_SECONDS} s: {self.missing}, {self.orchestrator.standing}")
            select.select([self.endpoint], [], [], TICK_SECONDS / 2)
            self.hear()
            self.orchestrator.tick(int((now - begin) / TICK_SECONDS))
            self.carry_out()
            standing = self.orchestrator.standing
            if not is_killed and self.is_half_way(standing):
                is_killed = True
                print(f"{now - begin:5.2f} s  {standing.done} orders done, {standing.left} left: node {VICTIM} is killed")
                self.processes[VICTIM].kill()
                self.processes[VICTIM].wait()
                if self.arguments.lose:
                    os.remove(os.path.join(self.folder, f"node-{VICTIM}.disk"))
                else:
                    restart_at = now + 0.3
            if restart_at is not None and now > restart_at:
                restart_at = None
                print(f"{now - begin:5.2f} s  node {VICTIM} is started again")
                self.start_node(VICTIM)
            if self.arguments.takeover and is_killed and not is_succeeded:
                is_succeeded = True
                print(f"{now - begin:5.2f} s  the orchestrator dies, another begins with the journal of version {self.journal.version}")
                self.start_orchestrator()
            if now - acted > 0.005 and not self.client.final:
                acted = now
                self.client.act()
            if is_killed and restart_at is None and self.is_reached and standing.phase == "reached" and now - asked > 0.1:
                asked = now
                if self.is_at_the_end(standing):
                    return self.summary(now - begin)

    def wait_for_all(self) -> None:
        """Until every process runs: until then nodes would be lost, and their copies left behind."""
        begin = time.monotonic()
        while len(self.states) < NODES:
            if time.monotonic() - begin > LIMIT_SECONDS:
                raise SystemExit(f"not all nodes have started after {LIMIT_SECONDS} s")
            for node in range(NODES):
                self.send(node, ASK, 0, b"")
            select.select([self.endpoint], [], [], 0.1)
            while select.select([self.endpoint], [], [], 0)[0]:
                kind, number = HEAD.unpack_from(self.endpoint.recvfrom(65536)[0])
                if kind == STATES:
                    self.states[number] = {}

    @staticmethod
    def is_half_way(standing: plat.Standing) -> bool:
        """A quarter of the orders is done, and no copy was left behind that is not there again: one node may go for good."""
        if standing.plans > 1:
            return standing.phase == "reached" and standing.lost_count == 0
        return standing.phase == "running" and 3 * standing.done >= standing.running + standing.left

    def is_at_the_end(self, standing: plat.Standing) -> bool:
        """All nodes are what the map says, know it, and every acknowledged write is read from whoever leads."""
        if standing.lost_count != (1 if self.arguments.lose else 0):
            return False
        target = self.orchestrator.target()
        if not self.arguments.lose and target.digest != self.cluster.after(self.plan).digest:
            raise SystemExit("another map was reached than the plan's")
        living = [node for node in range(NODES) if not (self.arguments.lose and node == VICTIM)]
        for node in living:
            self.send(node, ASK, 0, b"")
        if any(self.states.get(node, {}).get("map") != [target.revision, target.digest] for node in living):
            return False
        for partition, row in enumerate(target.rows.tolist()):
            wanted = {node: state for state, node in enumerate(row) if node != plat.NONE}
            for node in living:
                state, leads = self.states[node]["states"][partition]
                expected = wanted.get(node)
                if state != expected and not (expected is None and state == plat.DEAD) or leads != (expected == plat.MASTER):
                    # Another node is taken for lost, and all will be planned again.
                    self.missing = f"partition {partition}: node {node} is {state}, not {expected}"
                    return False
        if not self.client.final:
            self.client.open.clear()
        self.client.leader = dict(enumerate(row[0] for row in target.rows.tolist()))
        self.missing = "acknowledged writes are not read"
        for partition in range(PARTITIONS):
            if self.client.final.setdefault(partition, False) is False:
                self.client.ask(READ, partition)
        return all(self.client.final.values())

    def summary(self, seconds: float) -> str:
        writes = sum(map(len, self.client.acknowledged.values()))
        standing = self.orchestrator.standing
        return (
            f"reached revision {standing.revision} after {seconds:.2f} s and {standing.plans} plans: {writes} acknowledged writes are all read, "
            f"{self.client.reads} reads, {self.client.denied} denied, {sum(self.counts[kind] for kind in ('set', 'copy', 'take over', 'lead', 'discard'))} orders sent")

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        for endpoint in [self.endpoint, *self.sockets]:
            endpoint.close()


def main() -> None:
    if sys.argv[1:2] == ["node"]:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        node, boot, descriptor = map(int, sys.argv[2:5])
        driver, *ports = map(int, sys.argv[6:])
        return run_node(node, boot, descriptor, sys.argv[5], ports, driver)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lose", action="store_true", help="the killed node does not come back")
    parser.add_argument("--takeover", action="store_true", help="the orchestrator dies, too")
    folder = tempfile.mkdtemp(prefix="plat-toy-")
    driver = Driver(parser.parse_args(), folder)
    try:
        print(driver.run())
    finally:
        driver.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
