"""Carrying a plan out: the orchestrator and the agents of nodes, state machines without clock, threads or I/O.

    >>> orchestrator = plat.Orchestrator(cluster, plan)
    >>> orchestrator.begin(journal)
    >>> for action in orchestrator.actions(): ...

Actions are carried out in the order in which they come; what must be durable is so before the next one is taken.
"""

from __future__ import annotations

import ctypes
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping, Optional, Sequence, Union

from . import _native
from ._calls import Handle, Owner, ask, call, make, of_kind
from ._numbers import encoded, flag, given_bytes, listed, of_class, whole, word
from .errors import NotFound

if TYPE_CHECKING:
    from .cluster import Cluster
    from .plan import Plan

_kinds = {
    0: "none", 1: "record", 2: "reached", 3: "release", 4: "retired", 5: "runs", 6: "frozen", 16: "claim", 17: "set", 18: "copy", 19: "take over", 20: "lead",
    21: "discard", 22: "pulse", 23: "map", 24: "send", 25: "mode", 32: "keep", 33: "deliver", 34: "written", 35: "answer", 36: "denied",
    37: "changed mode", 38: "drop",
}
_peers = ("node", "orchestrator", "client")
_phases = ("idle", "recording", "claiming", "leaving", "planning", "running", "reached", "retired", "waiting", "frozen", "arriving")
_unreached = ("withheld", "no way", "last copy")
_refusals = {"state": 0, "busy": 1, "not leader": 2, "no room": 3, "outdated": 4, "not running": 5}


_runs = ("stopped", "warming", "running", "cooling")


@dataclass(frozen=True)
class Mode:
    """How a replica runs: "stopped", "warming", "running" or "cooling", and what of it is paused."""

    run: str = "running"
    pauses_persistence: bool = False
    pauses_replication: bool = False

    @property
    def code(self) -> int:
        pauses = 4 * flag(self.pauses_persistence, "pauses_persistence") | 8 * flag(self.pauses_replication, "pauses_replication")
        return word(self.run, {name: code for code, name in enumerate(_runs)}, "run") | pauses

    @staticmethod
    def _of(code: int) -> "Mode":
        return Mode(_runs[code & 3], bool(code & 4), bool(code & 8))

    def next(self, to: "Mode") -> "Mode":
        """The next one on the way."""
        return Mode._of(ask("mode_next", self.code, of_class(to, Mode, "to").code))


@dataclass(frozen=True)
class Action:
    """What is to be done. `kind` says which of the rest means something: see plat.h, part 9."""

    kind: str
    node: Optional[int]
    id: int
    revision: int
    term: int
    partition: Optional[int]
    from_state: Optional[int]
    to_state: Optional[int]
    source: Optional[int]
    source_from: Optional[int]
    source_to: Optional[int]
    leader: Optional[int]
    followers: tuple[int, ...]
    expected: int
    version: int
    digest: int
    peer_kind: str
    peer: Optional[int]
    request: int
    data: bytes
    values: tuple[int, ...]
    is_definite: bool
    is_done: bool
    hold: tuple[str, ...]
    mode: "Mode"
    mode_from: "Mode"
    keys: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def is_order(self) -> bool:
        return self.kind in ("set", "copy", "take over", "lead", "discard")


@dataclass(frozen=True)
class Timing:
    """In ticks of the host's own length, about as long as a message takes; 0: the default. Times that contradict each other are
    refused (`InvalidArgument`): see plat_timing in plat.h.

    `grace`: a silent node is lost after so long; until then nothing is copied. `settling`: a node that was lost is back: so long
    others are waited for. `most_lost`: nodes that may be lost by their silence at a time; beyond it the change is frozen."""

    pulse: int = 0
    silence: int = 0
    patience: int = 0
    longest_tick: int = 0
    tries: int = 0
    grace: int = 0
    settling: int = 0
    most_lost: int = 0


@dataclass(frozen=True)
class Holding:
    """What a node without an agent tells of a partition."""

    partition: int
    state: int
    term: int
    is_leading: bool = False
    followers: Sequence[int] = ()


@dataclass(frozen=True)
class Standing:
    """Where a change stands."""

    phase: str
    is_paused: bool
    is_called_off: bool
    revision: int
    plans: int
    done: int
    running: int
    left: int
    rounds: int
    copied: int
    to_copy: int
    lost_count: int
    silent_count: int
    unreached_count: int


@dataclass(frozen=True)
class Unreached:
    """A partition that is not as the map says that was reached. `why`: "withheld" (no complete copy can be reached: the map has
    nobody for it), "no way" (its data is gone, nodes without room wait for one another, or nobody may take its last copy),
    "last copy" (a step would take it)."""

    partition: int
    why: str


def _none(value: int) -> Optional[int]:
    return None if value == _native.NONE else value


def _written(pointer: Any) -> dict[str, bytes]:
    """The values that the last `record` changes, by key."""
    values: dict[str, bytes] = {}
    while True:
        told = _native.JournalEntryStruct()
        try:
            call("orchestrator_recorded_entry", pointer, len(values), ctypes.byref(told))
        except NotFound:
            return values
        values[told.key.decode()] = ctypes.string_at(told.bytes, told.length)


class _Machine(Handle):
    """An orchestrator or an agent: it changes with every call, so it is not copied. Calls of several threads wait for each other."""

    _poll = ""

    def __init__(self, owner: Owner) -> None:
        super().__init__(owner)
        self._polling = threading.Lock()
        self._kinds: tuple[str, ...] = ()

    def actions(self) -> Iterator[Action]:
        """All that is to be done now. What happens meanwhile may be told while this is gone through."""
        while True:
            action = self._next()
            if action is None:
                return
            yield action

    def _next(self) -> Optional[Action]:
        owner = self._pointer
        told = _native.ActionStruct(size=ctypes.sizeof(_native.ActionStruct))
        with self._polling:  # what an action points to is there until the next one, whoever asks for it
            call(self._poll, owner, ctypes.byref(told))
            if told.kind == 0:
                return None
            followers = tuple(told.followers[index] for index in range(told.follower_count))
            data = ctypes.string_at(told.bytes, told.length) if told.length else b""
            values = tuple(told.values[index] for index in range(told.value_count))
            keys = _written(owner) if told.kind == 1 else {}
        return Action(
            _kinds[told.kind], _none(told.node), told.id, told.revision, told.term, _none(told.partition), _none(told.from_state),
            _none(told.to_state), _none(told.source), _none(told.source_from), _none(told.source_to), _none(told.leader), followers,
            told.expected, told.version, told.digest, _peers[told.peer_kind], _none(told.peer), told.request, data, values,
            bool(told.is_definite), bool(told.is_done), tuple(name for place, name in enumerate(self._kinds) if told.hold >> place & 1),
            Mode._of(told.mode), Mode._of(told.mode_from), keys)


class Orchestrator(_Machine):
    """Takes a cluster from its map to a plan's."""

    _poll = "orchestrator_poll"

    def __init__(self, cluster: "Cluster", plan: "Plan", timing: Timing = Timing()) -> None:
        timing = of_class(timing, Timing, "timing")
        times = _native.TimingStruct(
            ctypes.sizeof(_native.TimingStruct), timing.tries, timing.pulse, timing.silence, timing.patience, timing.longest_tick,
            timing.grace, timing.settling, timing.most_lost)
        owners = (of_kind(cluster, "cluster", "cluster"), of_kind(plan, "plan", "plan"))
        super().__init__(make("orchestrator_make", *owners, ctypes.byref(times), keeps=owners))
        self._kinds = cluster.request_kinds

    def _about(self) -> str:
        standing = self.standing
        return f"{standing.phase}, revision {standing.revision}, {standing.done} done, {standing.running} running, {standing.left} left"

    def begin(self, journal: Union[bytes, Mapping[str, bytes]] = b"") -> None:
        """`journal`: what the last `record` that was done had as `data`; empty: there is none yet. Or a mapping: what was last recorded
        under each of the `keys` of records, which clusters of more than 8,192 partitions need. Raises `InvalidInput` with both
        revisions where the plan was made from another map than the one in force."""
        self._journal("orchestrator_begin", journal)

    def _journal(self, function: str, journal: Union[bytes, Mapping[str, bytes]]) -> None:
        if not isinstance(journal, Mapping):
            journal = given_bytes(journal, "journal")
            call(function, self._pointer, journal or None, len(journal))
            return
        values = [(encoded(key, "journal"), given_bytes(data, "journal")) for key, data in journal.items()]
        blocks = [ctypes.create_string_buffer(data, max(len(data), 1)) for _, data in values]
        array = (_native.JournalEntryStruct * max(len(values), 1))(*(
            _native.JournalEntryStruct(key, ctypes.addressof(block), len(data)) for (key, data), block in zip(values, blocks)))
        call(function + "_keys", self._pointer, array, len(values))

    def recorded(self, done: bool) -> None:
        call("orchestrator_recorded", self._pointer, int(flag(done, "done")))

    def journal(self, journal: Union[bytes, Mapping[str, bytes]] = b"") -> None:
        """The journal as it is, where it is not known what became of a `record`: as `begin` has it."""
        self._journal("orchestrator_journal", journal)

    def tick(self, now: int) -> None:
        call("orchestrator_tick", self._pointer, now)

    def pause(self) -> None:
        call("orchestrator_pause", self._pointer)

    def resume(self) -> None:
        call("orchestrator_resume", self._pointer)

    def cancel(self) -> None:
        call("orchestrator_cancel", self._pointer)

    def receive(self, node: int, data: bytes) -> None:
        """What a node's agent sent."""
        data = given_bytes(data, "data")
        call("orchestrator_receive", self._pointer, node, data, len(data))

    def lost(self, node: int) -> None:
        call("orchestrator_lost", self._pointer, node)

    def mode(self, node: int, partition: int, current: Mode, to: Mode) -> None:
        """The replica is to run otherwise; by compare-and-swap, hop by hop. "runs" tells how it ended."""
        call("orchestrator_mode", self._pointer, node, partition, of_class(current, Mode, "current").code, of_class(to, Mode, "to").code)

    def has_mode(self, action: Action, mode: Mode) -> None:
        """How a replica of a node without an agent runs, after "mode"."""
        action, code = of_class(action, Action, "action"), of_class(mode, Mode, "mode").code
        call("orchestrator_has_mode", self._pointer, action.node, action.revision, action.id, action.partition, code)

    def inventory(self, node: int, revision: int, holdings: Iterable[Holding]) -> None:
        """What a claimed node without an agent holds, by partition."""
        told = [of_class(holding, Holding, "holdings") for holding in listed(holdings, "holdings", "a list of holdings")]
        held = sorted(told, key=lambda holding: whole(holding.partition, 0, _native.NONE, "partition"))
        lists = [
            [whole(node, 0, _native.NONE, "followers") for node in listed(holding.followers, "followers", "a list of nodes", takes_sets=True)]
            for holding in held]
        blocks = [(ctypes.c_uint32 * max(len(nodes), 1))(*nodes) for nodes in lists]
        block = (_native.HoldingStruct * max(len(held), 1))(*(
            _native.HoldingStruct(
                holding.partition, holding.state, int(flag(holding.is_leading, "is_leading")), len(nodes), holding.term,
                ctypes.cast(followers, ctypes.POINTER(ctypes.c_uint32)))
            for holding, nodes, followers in zip(held, lists, blocks)))
        call("orchestrator_inventory", self._pointer, node, revision, block, len(held))

    def complete(self, action: Action) -> None:
        action = of_class(action, Action, "action")
        call("orchestrator_complete", self._pointer, action.node, action.revision, action.id)

    def working(self, action: Action) -> None:
        action = of_class(action, Action, "action")
        call("orchestrator_working", self._pointer, action.node, action.revision, action.id)

    def fail(self, action: Action, why: str) -> None:
        """`why`: "state", "busy", "not leader", "no room", "outdated", "not running"."""
        action = of_class(action, Action, "action")
        call("orchestrator_fail", self._pointer, action.node, action.revision, action.id, word(why, _refusals, "why"))

    def alive(self, node: int) -> None:
        call("orchestrator_alive", self._pointer, node)

    def has_map(self, node: int, revision: int, digest: int) -> None:
        call("orchestrator_has_map", self._pointer, node, revision, digest)

    @property
    def standing(self) -> Standing:
        told = _native.StandingStruct(size=ctypes.sizeof(_native.StandingStruct))
        call("orchestrator_standing", self._pointer, ctypes.byref(told))
        return Standing(
            _phases[told.phase], bool(told.is_paused), bool(told.is_called_off), told.revision, told.plans, told.done, told.running,
            told.left, told.rounds, told.copied, told.to_copy, told.lost_count, told.silent_count, told.unreached_count)

    @property
    def unreached(self) -> list[Unreached]:
        """Partitions that are not as the map says that was reached, ascending."""
        count = ctypes.c_size_t(self.standing.unreached_count)
        block = (_native.UnreachedStruct * max(count.value, 1))()
        call("orchestrator_unreached", self._pointer, block, count.value, ctypes.byref(count))
        return [Unreached(block[index].partition, _unreached[block[index].why]) for index in range(count.value)]

    def target(self) -> "Cluster":
        """The cluster with the map that is being gone to, or that is in force. Raises `NotFound` until something was planned."""
        from .cluster import Cluster

        owner = self._pointer
        return Cluster(make("orchestrator_target", owner, keeps=(owner,)))


@dataclass(frozen=True)
class Damaged:
    """A record that could not be read: number `index` of those that were kept; `partition` is None where not even that is told."""

    index: int
    partition: Optional[int]
    what: str


class Agent(_Machine):
    """One node's side. `boot` is greater at each start; `kept`: for each partition, and None, the last `data` of a `keep`.

    Raises `LostDisk` where a later start than the first has no promise among what was kept; the host then looks for the right disk, or
    starts with `new_disk`: the node holds nothing any more, and is told apart from what it was."""

    _poll = "agent_poll"

    def __init__(
        self, cluster: "Cluster", node: int, boot: int, kept: Iterable[bytes] = (), new_disk: bool = False
    ) -> None:
        known = [given_bytes(data, "kept") for data in listed(kept, "kept", "a list of bytes")]
        blocks = [ctypes.create_string_buffer(data, max(len(data), 1)) for data in known]
        array = (_native.KeptStruct * max(len(known), 1))(*(
            _native.KeptStruct(ctypes.addressof(block), len(data)) for block, data in zip(blocks, known)))
        owner = of_kind(cluster, "cluster", "cluster")
        start = _native.StartStruct(
            ctypes.sizeof(_native.StartStruct), whole(node, 0, 2**32 - 1, "node"), whole(boot, 0, 2**32 - 1, "boot"), int(flag(new_disk, "new_disk")))
        super().__init__(make("agent_start", owner, ctypes.byref(start), array, len(known), keeps=(owner,)))
        self._kinds = cluster.request_kinds

    def receive(self, peer_kind: str, peer: int, data: bytes) -> None:
        """What a "node"'s agent or an "orchestrator" sent."""
        data = given_bytes(data, "data")
        call("agent_receive", self._pointer, word(peer_kind, {"node": 0, "orchestrator": 1}, "peer_kind"), peer, data, len(data))

    def tick(self) -> None:
        call("agent_tick", self._pointer)

    def disk_full(self, is_full: bool) -> None:
        call("agent_disk_full", self._pointer, int(flag(is_full, "is_full")))

    def write(self, partition: int, value: int, client: int, request: int) -> None:
        call("agent_write", self._pointer, partition, value, client, request)

    def read(self, partition: int, client: int, request: int) -> None:
        call("agent_read", self._pointer, partition, client, request)

    def request(self, kind: str, partition: int, client: int, request: int, value: Optional[int] = None) -> None:
        """Any kind of request of the model. `value`: of a kind that writes."""
        bits = {name: 1 << place for place, name in enumerate(self._kinds)}
        given = None if value is None else ctypes.byref(ctypes.c_uint64(whole(value, 0, 2**64 - 1, "value")))
        call("agent_request", self._pointer, whole(partition, 0, 2**32 - 1, "partition"), word(kind, bits, "kind"), given,
             whole(client, 0, 2**32 - 1, "client"), whole(request, 0, 2**32 - 1, "request"))

    def min_in_sync(self, copies: int) -> None:
        """A write of which there are fewer copies on disk is not acknowledged from now on."""
        call("agent_min_in_sync", self._pointer, copies)

    def mode(self, partition: int) -> Optional[Mode]:
        """How its replica runs; None: it has no data of the partition."""
        code = _none(ask("agent_mode", self._pointer, partition))
        return None if code is None else Mode._of(code)

    def state(self, partition: int) -> Optional[int]:
        return _none(ask("agent_state", self._pointer, partition))

    def leads(self, partition: int) -> bool:
        return bool(ask("agent_leads", self._pointer, partition))

    @property
    def damaged(self) -> list[Damaged]:
        """Records that could not be read when it started."""
        found: list[Damaged] = []
        while True:
            told = _native.DamagedStruct(size=ctypes.sizeof(_native.DamagedStruct))
            try:
                call("agent_damaged", self._pointer, len(found), ctypes.byref(told))
            except NotFound:
                return found
            found.append(Damaged(told.index, _none(told.partition), told.what.decode("utf-8", "replace")))

    def node_name(self, node: int) -> Optional[str]:
        """Of the cluster's nodes, and of those that the agent was told of since."""
        name = _native.functions["agent_node_name"](self._pointer, node)
        return None if name is None else name.decode()

    @property
    def map(self) -> tuple[int, int]:
        """Revision (0: none) and digest of the map that it was told of last."""
        digest = ctypes.c_uint32()
        return ask("agent_map", self._pointer, ctypes.byref(digest)), digest.value
