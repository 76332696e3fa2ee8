"""Clusters: by arrays, by documents, and what is asked of them."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence, Union

from . import _native
from ._calls import Document, Handle, Options, Progress, address, call, cancellable, controlled, document_bytes, make, numbers, numpy, pointer, rows_of, texts, to_bytes
from .plan import Plan
from .report import Report

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
        states = sum(1 << state for state in set(self.states))
        strength = _strengths[self.strength]
        if self.near is not None:
            return _native.RuleStruct(2, strength, states, self.level, self.at_least, self.near)
        return _native.RuleStruct(1, strength, states, self.level, 1 if self.at_most is None else self.at_most, 0)


class Cluster(Handle):
    _free = "cluster_free"

    def __init__(self, pointer: ctypes.c_void_p, keeps: Any = None) -> None:
        super().__init__(pointer)
        self._keeps = keeps  # arrays that were borrowed

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
        levels. `map`: partitions × slots of uint32; with `borrow` it is not copied, and must not change while the cluster
        or a plan of it is in use."""
        node_count = nodes if isinstance(nodes, int) else len(nodes)
        names = None if isinstance(nodes, int) else texts(nodes)
        wanted = None if counts is None else numbers(list(counts) + [0] * (4 - len(counts)), "uint32", 4, "counts")
        shape = None if slots is None else numbers(list(slots) + [0] * (4 - len(slots)), "uint32", 4, "slots")
        defaults = {"masterSlave": (1, 1), "multiMaster": (2,)}
        if model not in _models or key_function not in _key_functions:
            raise ValueError(f"model {model}, key function {key_function}")
        width = sum(slots if slots is not None else counts if counts is not None else defaults[model])
        boxes = numbers(containers, "uint32", None, "containers")
        size = 0 if boxes is None else boxes.size if numpy is not None else len(boxes)
        level_count = 0 if not node_count else size // node_count
        if size != level_count * node_count:
            raise ValueError(f"containers: {size} numbers, expected some for each of {node_count} nodes")
        rows = numbers(map, "uint32", partitions * width, "map")
        arrays = {
            "counts": wanted, "map_slots": shape, "containers": boxes, "map": rows,
            "node_weights": numbers(weights, "uint64", node_count, "weights"),
            "node_capacities": numbers(capacities, "uint32", node_count, "capacities"),
            "node_statuses": numbers(statuses, "uint8", node_count, "statuses"),
            "partition_weights": numbers(partition_weights, "uint64", partitions, "partition_weights"),
        }
        rule_block = (_native.RuleStruct * max(len(rules), 1))(*(rule.struct() for rule in rules))
        levels, partition_block = texts(level_names), texts(partition_names)
        if level_names is not None and len(level_names) != level_count:
            raise ValueError(f"level_names: {len(level_names)}, expected {level_count}")
        if partition_names is not None and len(partition_names) != partitions:
            raise ValueError(f"partition_names: {len(partition_names)}, expected {partitions}")
        starts, offsets = None, None
        if range_starts is not None:
            if len(range_starts) != partitions:
                raise ValueError(f"range_starts: {len(range_starts)}, expected {partitions}")
            joined = b"".join(range_starts)
            starts = ctypes.create_string_buffer(joined, max(len(joined), 1))
            ends = [0]
            for start in range_starts:
                ends.append(ends[-1] + len(start))
            offsets = numbers(ends, "uint32", partitions + 1, "range_starts")
        if not 0 <= partitions <= _native.NONE or not 0 <= revision < 1 << 64:
            raise ValueError("partitions or revision out of range")
        fan_out = fan_out or {}
        struct = _native.ArraysStruct(
            size=ctypes.sizeof(_native.ArraysStruct), flags=int(borrow and rows is not None), model=_models[model],
            key_function=_key_functions[key_function], partition_count=partitions, node_count=node_count,
            level_count=level_count, rule_count=len(rules), rules=ctypes.addressof(rule_block),
            rule_size=ctypes.sizeof(_native.RuleStruct),
            fan_out_strength=_strengths[fan_out.get("strength", "soft")] if fan_out else 0,
            fan_out_outbound=fan_out.get("outbound", _native.NONE), fan_out_inbound=fan_out.get("inbound", _native.NONE),
            map_revision=revision, node_names=ctypes.addressof(names) if names is not None else None,
            level_names=ctypes.addressof(levels) if levels is not None else None,
            partition_names=ctypes.addressof(partition_block) if partition_block is not None else None,
            range_starts=ctypes.addressof(starts) if starts is not None else None, range_offsets=address(offsets),
            **{name: address(block) for name, block in arrays.items()})
        return cls(make("cluster_from_arrays", ctypes.byref(struct)), rows if borrow else None)

    @classmethod
    def from_document(cls, document: Any, name: Optional[str] = None, *, memory_limit: int = 0) -> "Cluster":
        """`document`: bytes, text, or what becomes JSON. Ctrl-C cancels."""
        data, title = to_bytes(document), name.encode() if name is not None else None
        return cls(cancellable("cluster_from_document", data, len(data), title, memory_limit=memory_limit))

    @classmethod
    def imported(cls, system: str, document: Any, *, racks: Any = None, rule: str = "automatic") -> "Cluster":
        options = Options(rule=rule)
        given, boxes = Document(document, None), None if racks is None else Document(racks, None)
        return cls(cancellable("import", system.encode(), given.reference, None if boxes is None else boxes.reference, options._pointer))

    @property
    def node_count(self) -> int:
        return _native.functions["cluster_node_count"](self._pointer)

    @property
    def partition_count(self) -> int:
        return _native.functions["cluster_partition_count"](self._pointer)

    @property
    def state_count(self) -> int:
        return _native.functions["cluster_state_count"](self._pointer)

    def _name(self, function: str, index: int) -> str:
        name = _native.functions[function](self._pointer, index) if 0 <= index < _native.NONE else None
        if name is None:
            raise IndexError(index)
        return name.decode()

    def node_name(self, node: int) -> str:
        return self._name("cluster_node_name", node)

    def partition_name(self, partition: int) -> str:
        return self._name("cluster_partition_name", partition)

    def state_name(self, state: int) -> str:
        return self._name("cluster_state_name", state)

    def find_node(self, name: str) -> Optional[int]:
        node = _native.functions["cluster_find_node"](self._pointer, name.encode())
        return None if node == _native.NONE else node

    def find_partition(self, name: str) -> Optional[int]:
        partition = _native.functions["cluster_find_partition"](self._pointer, name.encode())
        return None if partition == _native.NONE else partition

    @property
    def rows(self) -> Any:
        """The current map, not copied; None where the cluster is fresh."""
        return rows_of(self, "cluster_rows", sum(_native.functions["cluster_slots"](self._pointer, s) for s in range(self.state_count)))

    @property
    def revision(self) -> int:
        return _native.functions["cluster_revision"](self._pointer)

    def plan(
        self, operation: Optional[str] = None, *, earlier: Optional["Cluster"] = None, threads: int = 1, memory_limit: int = 0,
        progress: Optional[Progress] = None, strict: bool = False,
    ) -> Plan:
        """The next map. `strict`: raises `Unmet`, with the findings, where it falls short of what is asked. Ctrl-C cancels."""
        options = Options(operation=operation, threads=threads, memory_limit_bytes=memory_limit)
        plan = Plan(
            controlled(
                lambda control: make("plan_make", self._pointer, pointer(earlier), options._pointer, control), progress), self)
        if strict:
            self.check(plan, threads=threads).require_met()
        return plan

    def read_plan(self, document: Any, name: Optional[str] = None, *, memory_limit: int = 0) -> Plan:
        """A plan for this cluster, ours or anyone's. Ctrl-C cancels."""
        given = Document(document, name)
        return Plan(cancellable("plan_from_document", self._pointer, given.reference, memory_limit=memory_limit), self)

    def earlier(self, document: Any, operation: Optional[str] = None, *, progress: Optional[Progress] = None) -> "Cluster":
        """This cluster with a map from before, to be the `earlier` of `plan`: that of a cluster or plan document; with the
        operation "restore-back" of a plan for maintenance the map before it."""
        given, options = Document(document, None), Options(operation=operation)
        return Cluster(
            controlled(
                lambda control: make("cluster_earlier", self._pointer, given.reference, options._pointer, control), progress), self._keeps)

    def after(self, plan: Plan) -> "Cluster":
        """The cluster when the plan has been carried out."""
        return Cluster(make("cluster_after", self._pointer, plan._pointer), self._keeps)

    def check(self, plan: Optional[Plan] = None, *, threads: int = 1, progress: Optional[Progress] = None) -> Report:
        options = Options(threads=threads)
        return Report(
            controlled(lambda control: make("check", self._pointer, pointer(plan), options._pointer, control), progress))

    def compare(self, other: "Cluster", plan: Optional[Plan] = None, other_plan: Optional[Plan] = None) -> dict[str, Any]:
        import json

        return json.loads(document_bytes(cancellable("compare", self._pointer, pointer(plan), other._pointer, pointer(other_plan))))

    def whatif(self, failures: str, *, threads: int = 1, progress: Optional[Progress] = None) -> dict[str, Any]:
        import json

        options = Options(threads=threads)
        return json.loads(
            document_bytes(
                controlled(
                    lambda control: make("whatif", self._pointer, failures.encode(), options._pointer, control), progress)))

    def to_document(self, *, binary: bool = False) -> bytes:
        options = Options(binary=binary)
        return document_bytes(cancellable("cluster_to_document", self._pointer, options._pointer))

    def export(self, system: str) -> bytes:
        return document_bytes(cancellable("export", system.encode(), self._pointer, None))

    @property
    def digest(self) -> int:
        """A CRC-32 of the current map, whatever the numbering of nodes; 0 where there is none."""
        return _native.functions["cluster_digest"](self._pointer)

    def router(self) -> "Router":
        return Router(make("router_make", self._pointer))


class Router(Handle):
    """Which partition a key is in."""

    _free = "router_free"

    def find(self, key: bytes) -> int:
        return _native.functions["router_find"](self._pointer, key, len(key))

    def find_batch(self, keys: Sequence[bytes]) -> Any:
        """The partitions of many keys: an array with NumPy, else a list."""
        ends = [0]
        for key in keys:
            ends.append(ends[-1] + len(key))
        if ends[-1] > _native.NONE:
            raise ValueError("keys of 4 GiB or more")
        return self.find_joined(b"".join(keys), numbers(ends, "uint32", None, "keys"))

    def find_joined(self, keys: Any, offsets: Any) -> Any:
        """The same for keys that lie end to end: key i is keys[offsets[i]:offsets[i + 1]]. Nothing is copied."""
        view = memoryview(keys).cast("B")
        block = numbers(offsets, "uint32", None, "offsets")
        count = (block.size if numpy is not None else len(block)) - 1
        if count < 0:
            raise ValueError("offsets: at least one is needed")
        if numpy is not None:
            start = numpy.frombuffer(view, dtype=numpy.uint8).ctypes.data if len(view) else None
            result = numpy.empty(count, dtype=numpy.uint32)
            place: Any = result.ctypes.data
        else:
            copy = ctypes.create_string_buffer(bytes(view), max(len(view), 1))
            start = ctypes.addressof(copy)
            result = (ctypes.c_uint32 * max(count, 1))()
            place = result
        call("router_find_batch", self._pointer, start, len(view), address(block), count, place)
        return result if numpy is not None else list(result[:count])
