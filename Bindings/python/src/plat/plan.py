"""The next map, and the way there."""

from __future__ import annotations

import ctypes
import json
from ctypes import c_size_t
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Iterator, Optional

from . import _native
from ._calls import Handle, Options, Progress, call, cancellable, controlled, document_bytes, make, numpy, rows_of
from .documents import Faults, simulate_options
from .report import Report

if TYPE_CHECKING:
    from .cluster import Cluster


@dataclass(frozen=True)
class Move:
    """A node that becomes something else in a partition; a state is None where it has nothing."""

    partition: int
    node: int
    from_state: Optional[int]
    to_state: Optional[int]


@dataclass(frozen=True)
class Step:
    """One request to one node (`set`), or to a pair (`stream`)."""

    kind: str
    partition: int
    node: int
    from_state: Optional[int]
    to_state: Optional[int]
    source: Optional[int]
    source_from: Optional[int]
    source_to: Optional[int]
    is_takeover: bool
    is_full_scan: bool
    purpose: str
    start: int
    after: tuple[int, ...]


@dataclass(frozen=True)
class Simulation:
    """`violated`: in how many runs an invariant was broken; `report`: all that `plat simulate` reports."""

    violated: int
    report: dict[str, Any]


def _none(value: int) -> Optional[int]:
    return None if value == _native.NONE else value


class Plan(Handle):
    _free = "plan_free"

    def __init__(self, pointer: ctypes.c_void_p, cluster: "Cluster") -> None:
        super().__init__(pointer)
        self.cluster = cluster

    @property
    def slots(self) -> tuple[int, ...]:
        """Slots of each state in a row."""
        return tuple(_native.functions["plan_slots"](self._pointer, state) for state in range(self.cluster.state_count))

    @property
    def rows(self) -> Any:
        """The map: partitions × slots, node numbers or NONE. Not copied; it keeps the plan alive."""
        return rows_of(self, "plan_rows", sum(self.slots))

    @property
    def revision(self) -> int:
        return _native.functions["plan_revision"](self._pointer)

    @property
    def operation(self) -> str:
        return _native.functions["plan_operation"](self._pointer).decode()

    @property
    def moves_lower_bound(self) -> int:
        return _native.functions["plan_moves_lower_bound"](self._pointer)

    @property
    def peak_bytes(self) -> int:
        return _native.functions["plan_peak_bytes"](self._pointer)

    def moves(self) -> Any:
        """What differs from the cluster's map: with NumPy a structured array, else a list of `Move`."""
        count = c_size_t()
        error = _native.ErrorStruct(size=ctypes.sizeof(_native.ErrorStruct))
        _native.functions["plan_moves"](self._pointer, None, 0, ctypes.byref(count), ctypes.byref(error))
        if numpy is not None:
            moves = numpy.empty(count.value, dtype=[(name, "u4") for name in ("partition", "node", "from_state", "to_state")])
            call("plan_moves", self._pointer, moves.ctypes.data, count.value, ctypes.byref(count))
            return moves
        block = (ctypes.c_uint32 * (4 * max(count.value, 1)))()
        call("plan_moves", self._pointer, block, count.value, ctypes.byref(count))
        return [
            Move(block[at], block[at + 1], _none(block[at + 2]), _none(block[at + 3])) for at in range(0, 4 * count.value, 4)
        ]

    def steps(self, *, remove_first: bool = False, bandwidth: Optional[str] = None, progress: Optional[Progress] = None) -> "Steps":
        options = Options(remove_first=remove_first, bandwidth=bandwidth)
        return Steps(controlled(lambda control: make("steps_make", self._pointer, options._pointer, control), progress))

    def check(self, *, threads: int = 1, progress: Optional[Progress] = None) -> Report:
        return self.cluster.check(self, threads=threads, progress=progress)

    def verify(self, *, threads: int = 1, progress: Optional[Progress] = None) -> Report:
        """As `check`, and the proof that no map is reached with fewer moves: `holds`."""
        options = Options(threads=threads)
        return Report(
            controlled(
                lambda control: make("verify", self.cluster._pointer, self._pointer, options._pointer, control), progress))

    def explain(self, partition: int, node: Optional[int] = None) -> dict[str, Any]:
        return json.loads(document_bytes(cancellable("explain", self._pointer, partition, _native.NONE if node is None else node)))

    def to_document(self, *, binary: bool = False, threads: int = 1, progress: Optional[Progress] = None) -> bytes:
        options = Options(binary=binary, threads=threads)
        return document_bytes(
            controlled(lambda control: make("plan_to_document", self._pointer, options._pointer, control), progress))

    def moves_document(self) -> bytes:
        return document_bytes(cancellable("moves_to_document", self._pointer))

    def export(self, system: str) -> bytes:
        return document_bytes(cancellable("export", system.encode(), self.cluster._pointer, self._pointer))

    def simulate(
        self, *, seed: int = 1, runs: int = 100, faults: Faults = None, plant: Optional[str] = None, threads: int = 1,
        progress: Optional[Progress] = None,
    ) -> Simulation:
        """Carries the plan out on simulated clusters. `faults`: how often each strikes, {"loss": 0.1, "crash": 2}; None: all, as
        often as is usual; {}: none. `plant`: a deliberate bug, which must be found."""
        options, violated = simulate_options(seed, runs, faults, plant, threads), ctypes.c_uint64()

        def run(control: ctypes.c_void_p) -> ctypes.c_void_p:
            out = ctypes.c_void_p()
            call("simulate", self._pointer, options._pointer, control, ctypes.byref(out), ctypes.byref(violated))
            return out

        return Simulation(report=json.loads(document_bytes(controlled(run, progress))), violated=violated.value)

    def simulate_trace(
        self, *, seed: int = 1, faults: Faults = None, plant: Optional[str] = None, progress: Optional[Progress] = None,
    ) -> list[str]:
        """What happens in one run, an event a line."""
        options = simulate_options(seed, 1, faults, plant, 1)
        text = document_bytes(
            controlled(lambda control: make("simulate_trace", self._pointer, options._pointer, control), progress))
        return text.decode().splitlines()


class Steps(Handle):
    """How to get there safely: any order that heeds `after`."""

    _free = "steps_free"

    def __len__(self) -> int:
        return _native.functions["steps_count"](self._pointer)

    def __getitem__(self, index: int) -> Step:
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        told = _native.StepStruct()
        call("steps_copy", self._pointer, index, 1, ctypes.byref(told))
        count = c_size_t()
        after = _native.functions["steps_after"](self._pointer, index, ctypes.byref(count))
        return Step(
            ("set", "stream")[told.kind], told.partition, told.node, _none(told.from_state), _none(told.to_state),
            _none(told.source), _none(told.source_from), _none(told.source_to), bool(told.flags & 1), bool(told.flags & 2),
            ("restore", "take over", "balance")[told.purpose], told.start, tuple(after[i] for i in range(count.value)))

    def __iter__(self) -> Iterator[Step]:
        return (self[index] for index in range(len(self)))

    @property
    def length(self) -> int:
        return _native.functions["steps_length"](self._pointer)

    @property
    def length_lower_bound(self) -> int:
        return _native.functions["steps_length_lower_bound"](self._pointer)

    @property
    def hold(self) -> tuple[str, ...]:
        """Requests that wait at a new leader until it has taken over: "read", "write"."""
        held = _native.functions["steps_hold"](self._pointer)
        return tuple(name for bit, name in ((1, "read"), (2, "write")) if held & bit)

    @property
    def unmet_count(self) -> int:
        """Partitions that do not reach their target: their data is on failed nodes, or nodes without room wait for one another."""
        return _native.functions["steps_unmet_count"](self._pointer)

    def to_document(self) -> bytes:
        return document_bytes(cancellable("steps_to_document", self._pointer))
