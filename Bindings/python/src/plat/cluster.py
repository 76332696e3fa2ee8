"""Clusters: by arrays, by documents, and what is asked of them."""

from __future__ import annotations

import ctypes
import json
import operator
from dataclasses import dataclass
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Optional, Sequence, Union

from . import _native
from ._calls import Constant, Document, Options, Owner, ask, call, document_bytes, make, of_kind, pointer, rows_of, to_bytes
from ._numbers import Block, Texts, byte_view, encoded, flag, given_bytes, listed, numbers, numpy, of_class, texts, whole, word
from .control import Control, Progress, cancellable, controlled
from .plan import Plan
from .report import Report

if TYPE_CHECKING:
    from ._numbers import Rows

MASTER, SLAVE, PENDING, DEAD = range(4)
ACTIVE, LEAVING, MAINTENANCE, FAILED = range(4)
_models = {"masterSlave": 0, "multiMaster": 1}
_key_functions = {"hash-crc32": 0, "hash-crc32-vbucket": 1, "range": 2}
_strengths = {"hard": 1, "soft": 2}


@dataclass(frozen=True)
class Rule:
    """Of a partition's replicas in `states` at most `at_most` in one container of `level`; or, with `near`, at least
    `at_least` in the container of the replica in that state."""

    level: int = 0
    at_most: Optional[int] = None
    near: Optional[int] = None
    at_least: int = 1
    states: Sequence[int] = (MASTER, SLAVE)
    strength: str = "hard"

    def struct(self) -> _native.RuleStruct:
        named = listed(self.states, "states", "a list of states", takes_sets=True)
        states = sum(1 << state for state in {whole(state, 0, 31, "states") for state in named})
        strength = word(self.strength, _strengths, "strength")
        if self.near is not None:
            return _native.RuleStruct(2, strength, states, self.level, self.at_least, self.near)
        return _native.RuleStruct(1, strength, states, self.level, 1 if self.at_most is None else self.at_most, 0)


@dataclass(frozen=True)
class PlaceRule:
    """A partition's replicas in `states` (none given: all that can be asked for) lie on `nodes`, numbers of them, and nowhere else; with
    `never`, on none of them; with `at_least` or `at_most`, so many of each partition's."""

    nodes: Sequence[int]
    never: bool = False
    at_least: Optional[int] = None
    at_most: Optional[int] = None
    states: Sequence[int] = ()
    strength: str = "hard"

    def struct(self, block: Block) -> _native.PlaceRuleStruct:
        counts = self.at_least is not None or self.at_most is not None
        if counts and flag(self.never, "never"):
            raise ValueError("never: True, expected it without at_least and at_most")
        named = listed(self.states, "states", "a list of states", takes_sets=True)
        states = sum(1 << state for state in {whole(state, 0, 31, "states") for state in named})
        least = 0 if self.at_least is None else whole(self.at_least, 0, _native.NONE, "at_least")
        most = _native.NONE if self.at_most is None else whole(self.at_most, 0, _native.NONE, "at_most")
        return _native.PlaceRuleStruct(
            3 if counts else 2 if flag(self.never, "never") else 1, word(self.strength, _strengths, "strength"), states, least,
            most if counts else 0, block.size, block.address)


def _of_states(values: Optional[Sequence[int]], name: str) -> Optional[list[int]]:
    """A number for each of the four states, 0 for those that are left out."""
    if values is None:
        return None
    told = [whole(value, 0, _native.NONE, f"{name}[{index}]") for index, value in enumerate(listed(values, name, "a list of whole numbers"))]
    if len(told) > 4:
        raise ValueError(f"{name}: {len(told)} numbers, expected one for each of 4 states")
    return told + [0] * (4 - len(told))


def _names(nodes: Any) -> tuple[Optional[Texts], int]:
    """The names of nodes, where there are some, and how many they are."""
    try:
        operator.index(nodes)
    except TypeError:
        names = texts(nodes, "nodes")
        if names is None:
            raise TypeError("nodes: None, expected names, or how many") from None
        return names, names.size
    return None, whole(nodes, 0, _native.NONE, "nodes")


def _joined(starts: Optional[Sequence[bytes]], partitions: int) -> tuple[Any, Optional[Block]]:
    """Starts of key ranges end to end, and their offsets."""
    if starts is None:
        return None, None
    keys = [given_bytes(start, f"range_starts[{index}]") for index, start in enumerate(listed(starts, "range_starts", "a list of bytes"))]
    if len(keys) != partitions:
        raise ValueError(f"range_starts: {len(keys)}, expected {partitions}")
    ends = [0]
    for key in keys:
        ends.append(ends[-1] + len(key))
    joined = b"".join(keys)
    return ctypes.create_string_buffer(joined, max(len(joined), 1)), numbers(ends, "uint32", None, "range_starts")


class Cluster(Constant):
    """Nodes with their place in a tree of containers, the settings, and the current map. It never changes, and any number of threads may
    use it at a time."""

    def __init__(self, owner: Owner) -> None:
        super().__init__(owner)
        of_kind(self, "cluster", "owner")
        self._states: int = ask("cluster_state_count", owner)

    @classmethod
    def from_arrays(
        cls, nodes: Union[int, Sequence[str]], partitions: int, *, model: str = "masterSlave", counts: Optional[Sequence[int]] = None,
        weights: Any = None, capacities: Any = None, statuses: Any = None, containers: Any = None,
        level_names: Optional[Sequence[str]] = None, rules: Sequence[Rule] = (),
        fan_out: Optional[Mapping[str, Any]] = None, map: Any = None, slots: Optional[Sequence[int]] = None,
        revision: int = 0, partition_weights: Any = None, key_function: str = "hash-crc32",
        range_starts: Optional[Sequence[bytes]] = None, partition_names: Optional[Sequence[str]] = None, borrow: bool = False,
    ) -> "Cluster":
        """`nodes`: names, or how many. `counts`: replicas of each partition in each state, like (1, 2). `containers`: nodes ×
        levels. `map`: partitions × slots of uint32; with `borrow` it is not copied, where it is NumPy's and in one block, but made
        read-only for good. Numbers are whole ones: what does not fit is OverflowError, fractions are TypeError, and nothing is cut."""
        names, node_count = _names(nodes)
        borrow, partitions = flag(borrow, "borrow"), whole(partitions, 0, _native.NONE, "partitions")
        wanted, shape = _of_states(counts, "counts"), _of_states(slots, "slots")
        width = sum(shape or wanted or {"masterSlave": (1, 1), "multiMaster": (2,)}.get(model, ()))
        boxes = numbers(containers, "uint32", None, "containers")
        size = 0 if boxes is None else boxes.size
        level_count = 0 if not node_count else size // node_count
        if size != level_count * node_count:
            raise ValueError(f"containers: {size} numbers, expected some for each of {node_count} nodes")
        rows = numbers(map, "uint32", partitions * width, "map", keeps=borrow)
        arrays = {
            "counts": numbers(wanted, "uint32", 4, "counts"), "map_slots": numbers(shape, "uint32", 4, "slots"), "containers": boxes, "map": rows,
            "node_weights": numbers(weights, "uint64", node_count, "weights"),
            "node_capacities": numbers(capacities, "uint32", node_count, "capacities"),
            "node_statuses": numbers(statuses, "uint8", node_count, "statuses"),
            "partition_weights": numbers(partition_weights, "uint64", partitions, "partition_weights"),
        }
        structs = [of_class(rule, Rule, "rules").struct() for rule in listed(rules, "rules", "a list of rules")]
        rule_block = (_native.RuleStruct * max(len(structs), 1))(*structs)
        levels, partition_block = texts(level_names, "level_names"), texts(partition_names, "partition_names")
        if levels is not None and levels.size != level_count:
            raise ValueError(f"level_names: {levels.size}, expected {level_count}")
        if partition_block is not None and partition_block.size != partitions:
            raise ValueError(f"partition_names: {partition_block.size}, expected {partitions}")
        starts, arrays["range_offsets"] = _joined(range_starts, partitions)
        if fan_out is not None and not isinstance(fan_out, Mapping):
            raise TypeError(f"fan_out: {fan_out!r}, expected a dict with outbound, inbound and strength")
        fan_out = dict(fan_out or {})
        if set(fan_out) - {"outbound", "inbound", "strength"}:
            raise ValueError(f"fan_out: {fan_out}, expected outbound, inbound and strength")
        struct = _native.ArraysStruct(
            size=ctypes.sizeof(_native.ArraysStruct), flags=int(borrow and rows is not None), model=word(model, _models, "model"),
            key_function=word(key_function, _key_functions, "key_function"), partition_count=partitions, node_count=node_count,
            level_count=level_count, rule_count=len(structs), rules=ctypes.addressof(rule_block),
            rule_size=ctypes.sizeof(_native.RuleStruct),
            fan_out_strength=word(fan_out.get("strength", "soft"), _strengths, "fan_out.strength") if fan_out else 0,
            fan_out_outbound=fan_out.get("outbound", _native.NONE), fan_out_inbound=fan_out.get("inbound", _native.NONE),
            map_revision=revision, node_names=None if names is None else names.address,
            level_names=None if levels is None else levels.address,
            partition_names=None if partition_block is None else partition_block.address,
            range_starts=ctypes.addressof(starts) if starts is not None else None,
            **{name: None if block is None else block.address for name, block in arrays.items()})
        return cls(make("cluster_from_arrays", ctypes.byref(struct), keeps=(rows,) if borrow else ()))

    @classmethod
    def from_document(
        cls, document: Any, name: Optional[str] = None, *, memory_limit: int = 0, control: Optional[Control] = None,
    ) -> "Cluster":
        """`document`: bytes, text, or what becomes JSON. Ctrl-C cancels."""
        data, title = to_bytes(document), encoded(name, "name") if name is not None else None
        return cls(cancellable("cluster_from_document", data, len(data), title, memory_limit=memory_limit, control=control))

    @classmethod
    def imported(
        cls, system: str, document: Any, *, racks: Any = None, rule: str = "automatic", control: Optional[Control] = None,
    ) -> "Cluster":
        options = Options(rule=rule)
        given, boxes = Document(document, None), None if racks is None else Document(racks, None)
        return cls(
            cancellable(
                "import", encoded(system, "system"), given.reference, None if boxes is None else boxes.reference, options._pointer,
                control=control))

    def renumbered(self, order: Any) -> "Cluster":
        """The same cluster with other numbers for its nodes: node i has the number order[i] in it, and so it goes in and out of maps."""
        block = numbers(order, "uint32", None, "order")
        if block is None:
            raise TypeError("order: None, expected a number for each node")
        owner = self._pointer
        return Cluster(make("cluster_renumbered", owner, block.address, block.size, keeps=(owner,)))

    def with_places(self, rules: Sequence[PlaceRule]) -> "Cluster":
        """The same cluster with these rules that name places, and no others of that kind."""
        given = [of_class(rule, PlaceRule, "rules") for rule in listed(rules, "rules", "a list of place rules")]
        blocks = [numbers(rule.nodes, "uint32", None, "nodes") for rule in given]
        if None in blocks:
            raise TypeError("nodes: None, expected numbers of nodes")
        structs = (_native.PlaceRuleStruct * max(len(given), 1))(*(rule.struct(block) for rule, block in zip(given, blocks)))
        owner = self._pointer
        return Cluster(make("cluster_with_places", owner, ctypes.addressof(structs), len(given), keeps=(owner,)))

    def __reduce__(self) -> Any:
        """By its document, and its nodes' numbers where these are not the document's."""
        document = self.to_document(binary=True)
        read = Cluster.from_document(document)
        order = [self.find_node(read.node_name(node)) for node in range(read.node_count)]
        return _restored, (document, None if order == list(range(len(order))) else order)

    def _about(self) -> str:
        fresh = ", fresh" if self.rows is None else f", revision {self.revision}"
        return f"{self.node_count} nodes, {self.partition_count} partitions{fresh}"

    @property
    def node_count(self) -> int:
        return ask("cluster_node_count", self._pointer)

    @property
    def partition_count(self) -> int:
        return ask("cluster_partition_count", self._pointer)

    @property
    def state_count(self) -> int:
        return self._states

    def _name(self, function: str, index: int) -> str:
        index = whole(index, -(1 << 63), (1 << 63) - 1, "index")
        name = ask(function, self._pointer, index) if 0 <= index < _native.NONE else None
        if name is None:
            raise IndexError(index)
        return name.decode()

    def node_name(self, node: int) -> str:
        return self._name("cluster_node_name", node)

    def partition_name(self, partition: int) -> str:
        return self._name("cluster_partition_name", partition)

    def state_name(self, state: int) -> str:
        return self._name("cluster_state_name", state)

    @property
    def request_kinds(self) -> tuple[str, ...]:
        """The kinds of requests of its model: "read", "write", and those that a document's model names."""
        owner = self._pointer
        found: list[str] = []
        while (name := ask("cluster_request_name", owner, len(found))) is not None:
            found.append(name.decode())
        return tuple(found)

    def _find(self, function: str, name: str) -> Optional[int]:
        if isinstance(name, str) and "\0" in name:
            return None
        found = ask(function, self._pointer, encoded(name, "name"))
        return None if found == _native.NONE else found

    def find_node(self, name: str) -> Optional[int]:
        return self._find("cluster_find_node", name)

    def find_partition(self, name: str) -> Optional[int]:
        return self._find("cluster_find_partition", name)

    @property
    def rows(self) -> "Optional[Rows]":
        """The current map, not copied; None where the cluster is fresh."""
        owner = self._pointer
        return rows_of(owner, "cluster_rows", sum(ask("cluster_slots", owner, state) for state in range(self._states)))

    @property
    def revision(self) -> int:
        return ask("cluster_revision", self._pointer)

    def plan(
        self, operation: Optional[str] = None, *, earlier: Optional["Cluster"] = None, threads: int = 1, memory_limit: int = 0,
        progress: Optional[Progress] = None, control: Optional[Control] = None, strict: bool = False,
    ) -> Plan:
        """The next map. `strict`: raises `Unmet`, with the findings, where it falls short of what is asked. Ctrl-C cancels, and so does
        `control` from another thread."""
        options, owner, before = Options(operation=operation, threads=threads, memory_limit_bytes=memory_limit), self._pointer, pointer(earlier, "cluster", "earlier")
        plan = Plan(
            controlled(
                lambda native: make("plan_make", owner, before, options._pointer, native, keeps=(owner, before)), progress, control),
            Cluster(owner))
        if strict:
            plan.check(threads=threads, control=control).require_met()
        return plan

    def read_plan(
        self, document: Any, name: Optional[str] = None, *, memory_limit: int = 0, control: Optional[Control] = None,
    ) -> Plan:
        """A plan for this cluster, ours or anyone's. Ctrl-C cancels."""
        given, owner = Document(document, name), self._pointer
        return Plan(
            cancellable("plan_from_document", owner, given.reference, memory_limit=memory_limit, keeps=(owner,), control=control),
            Cluster(owner))

    def earlier(
        self, document: Any, operation: Optional[str] = None, *, progress: Optional[Progress] = None, control: Optional[Control] = None,
    ) -> "Cluster":
        """This cluster with a map from before, to be the `earlier` of `plan`: that of a cluster or plan document; with the
        operation "restore-back" of a plan for maintenance the map before it."""
        given, options, owner = Document(document, None), Options(operation=operation), self._pointer
        return Cluster(
            controlled(
                lambda native: make("cluster_earlier", owner, given.reference, options._pointer, native, keeps=(owner,)), progress, control))

    def after(self, plan: Plan) -> "Cluster":
        """The cluster when the plan has been carried out."""
        owner, planned = self._pointer, of_kind(plan, "plan", "plan")
        return Cluster(make("cluster_after", owner, planned, keeps=(owner, planned)))

    def check(
        self, plan: Optional[Plan] = None, *, threads: int = 1, progress: Optional[Progress] = None, control: Optional[Control] = None,
    ) -> Report:
        options, owner, planned = Options(threads=threads), self._pointer, pointer(plan, "plan", "plan")
        return Report(controlled(lambda native: make("check", owner, planned, options._pointer, native), progress, control))

    def compare(
        self, other: "Cluster", plan: Optional[Plan] = None, other_plan: Optional[Plan] = None, *, control: Optional[Control] = None,
    ) -> dict[str, Any]:
        pairs = (
            self._pointer, pointer(plan, "plan", "plan"), of_kind(other, "cluster", "other"), pointer(other_plan, "plan", "other_plan"))
        return json.loads(document_bytes(cancellable("compare", *pairs, control=control)))

    def whatif(
        self, failures: str, *, threads: int = 1, progress: Optional[Progress] = None, control: Optional[Control] = None,
    ) -> dict[str, Any]:
        options, owner, names = Options(threads=threads), self._pointer, encoded(failures, "failures")
        return json.loads(
            document_bytes(controlled(lambda native: make("whatif", owner, names, options._pointer, native), progress, control)))

    def to_document(self, *, binary: bool = False, control: Optional[Control] = None) -> bytes:
        options = Options(binary=binary)
        return document_bytes(cancellable("cluster_to_document", self._pointer, options._pointer, control=control))

    def export(self, system: str, *, control: Optional[Control] = None) -> bytes:
        return document_bytes(cancellable("export", encoded(system, "system"), self._pointer, None, control=control))

    @property
    def digest(self) -> int:
        """A CRC-32 of the current map, whatever the numbering of nodes; 0 where there is none."""
        return ask("cluster_digest", self._pointer)

    def router(self) -> "Router":
        return Router(make("router_make", self._pointer))


def _restored(document: bytes, order: Optional[list[int]]) -> Cluster:
    cluster = Cluster.from_document(document)
    return cluster if order is None else cluster.renumbered(order)


class Router(Constant):
    """Which partition a key is in."""

    def find(self, key: bytes) -> int:
        key = given_bytes(key, "key")
        return ask("router_find", self._pointer, key, len(key))

    def find_batch(self, keys: Sequence[bytes]) -> Any:
        """The partitions of many keys: an array with NumPy, else a list."""
        keys = [given_bytes(key, f"keys[{index}]") for index, key in enumerate(listed(keys, "keys", "a list of bytes"))]
        ends = [0]
        for key in keys:
            ends.append(ends[-1] + len(key))
        if ends[-1] > _native.NONE:
            raise ValueError("keys of 4 GiB or more")
        return self.find_joined(b"".join(keys), ends)

    def find_joined(self, keys: Any, offsets: Any) -> Any:
        """The same for keys that lie end to end: key i is keys[offsets[i]:offsets[i + 1]]. Keys are not copied, with NumPy."""
        view = byte_view(keys, "keys").cast("B")
        # A copy: what was checked must not change while it is used.
        is_array = numpy is not None and isinstance(offsets, numpy.ndarray)
        given = offsets.copy() if is_array else listed(offsets, "offsets", "a list of whole numbers")
        block = numbers(given, "uint32", None, "offsets")
        assert block is not None
        count = block.size - 1
        if count < 0:
            raise ValueError("offsets: at least one is needed")
        if numpy is not None:
            bytes_of = numpy.frombuffer(view, dtype=numpy.uint8) if len(view) else None
            start = bytes_of.ctypes.data if bytes_of is not None else None
            result = numpy.empty(count, dtype=numpy.uint32)
            place: Any = result.ctypes.data
        else:
            copy = ctypes.create_string_buffer(bytes(view), max(len(view), 1))
            start = ctypes.addressof(copy)
            result = (ctypes.c_uint32 * max(count, 1))()
            place = result
        call("router_find_batch", self._pointer, start, len(view), block.address, count, place)
        return result if numpy is not None else list(result[:count])
