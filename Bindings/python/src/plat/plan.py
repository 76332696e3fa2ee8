"""The next map, and the way there."""

from __future__ import annotations

import ctypes
import json
from ctypes import c_size_t
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Iterator, Optional, Union

from . import _native
from ._calls import Constant, Options, Owner, ask, call, document_bytes, make, rows_of
from ._numbers import encoded, numpy, whole
from .control import Control, Progress, cancellable, controlled
from .documents import Faults, simulate_options
from .report import Report

if TYPE_CHECKING:
    from ._numbers import Rows
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


class Plan(Constant):
    """The next map. It never changes, and goes on working when its cluster is closed."""

    def __init__(self, owner: Owner, cluster: "Cluster") -> None:
        super().__init__(owner)
        self.cluster = cluster

    def __reduce__(self) -> Any:
        return _restored, (self.cluster, self.to_document(binary=True))

    def _about(self) -> str:
        return f"{self.operation} to revision {self.revision}, at least {self.moves_lower_bound} moves"

    @property
    def slots(self) -> tuple[int, ...]:
        """Slots of each state in a row."""
        owner = self._pointer
        return tuple(ask("plan_slots", owner, state) for state in range(self.cluster.state_count))

    @property
    def rows(self) -> "Rows":
        """The map: partitions × slots, node numbers or NONE. Not copied; it keeps what it looks into, also when the plan is closed."""
        return rows_of(self._pointer, "plan_rows", sum(self.slots))

    @property
    def revision(self) -> int:
        return ask("plan_revision", self._pointer)

    @property
    def operation(self) -> str:
        return ask("plan_operation", self._pointer).decode()

    @property
    def moves_lower_bound(self) -> int:
        return ask("plan_moves_lower_bound", self._pointer)

    @property
    def peak_bytes(self) -> int:
        return ask("plan_peak_bytes", self._pointer)

    def moves(self) -> Any:
        """What differs from the cluster's map: with NumPy a structured array, else a list of `Move`."""
        owner, count = self._pointer, c_size_t()
        error = _native.ErrorStruct(size=ctypes.sizeof(_native.ErrorStruct))
        ask("plan_moves", owner, None, 0, ctypes.byref(count), ctypes.byref(error))
        if numpy is not None:
            moves = numpy.empty(count.value, dtype=[(name, "u4") for name in ("partition", "node", "from_state", "to_state")])
            call("plan_moves", owner, moves.ctypes.data, count.value, ctypes.byref(count))
            return moves
        block = (ctypes.c_uint32 * (4 * max(count.value, 1)))()
        call("plan_moves", owner, block, count.value, ctypes.byref(count))
        return [
            Move(block[at], block[at + 1], _none(block[at + 2]), _none(block[at + 3])) for at in range(0, 4 * count.value, 4)
        ]

    def steps(
        self, *, remove_first: bool = False, bandwidth: Union[str, float, Fraction, None] = None, progress: Optional[Progress] = None,
        control: Optional[Control] = None,
    ) -> "Steps":
        options, owner = Options(remove_first=remove_first, bandwidth=bandwidth), self._pointer
        steps = Steps(
            controlled(lambda native: make("steps_make", owner, options._pointer, native, keeps=(owner,)), progress, control))
        steps._kinds = self.cluster.request_kinds
        return steps

    def check(self, *, threads: int = 1, progress: Optional[Progress] = None, control: Optional[Control] = None) -> Report:
        return self.cluster.check(self, threads=threads, progress=progress, control=control)

    def verify(self, *, threads: int = 1, progress: Optional[Progress] = None, control: Optional[Control] = None) -> Report:
        """As `check`, and the proof that no map is reached with fewer moves: `holds`."""
        options, owner, cluster = Options(threads=threads), self._pointer, self.cluster._pointer
        return Report(controlled(lambda native: make("verify", cluster, owner, options._pointer, native), progress, control))

    def explain(self, partition: int, node: Optional[int] = None, *, control: Optional[Control] = None) -> dict[str, Any]:
        partition = whole(partition, 0, _native.NONE - 1, "partition")
        asked = _native.NONE if node is None else whole(node, 0, _native.NONE - 1, "node")
        return json.loads(document_bytes(cancellable("explain", self._pointer, partition, asked, control=control)))

    def to_document(
        self, *, binary: bool = False, threads: int = 1, progress: Optional[Progress] = None, control: Optional[Control] = None,
    ) -> bytes:
        options, owner = Options(binary=binary, threads=threads), self._pointer
        return document_bytes(
            controlled(lambda native: make("plan_to_document", owner, options._pointer, native), progress, control))

    def moves_document(self, *, control: Optional[Control] = None) -> bytes:
        return document_bytes(cancellable("moves_to_document", self._pointer, control=control))

    def export(self, system: str, *, control: Optional[Control] = None) -> bytes:
        return document_bytes(
            cancellable("export", encoded(system, "system"), self.cluster._pointer, self._pointer, control=control))

    def simulate(
        self, *, seed: int = 1, runs: int = 100, faults: Faults = None, plant: Optional[str] = None, threads: int = 1,
        progress: Optional[Progress] = None, control: Optional[Control] = None,
    ) -> Simulation:
        """Carries the plan out on simulated clusters. `faults`: how often each strikes, {"loss": 0.1, "crash": 2}; None: all, as
        often as is usual; {}: none. `plant`: a deliberate bug, which must be found."""
        options, violated, owner = simulate_options(seed, runs, faults, plant, threads), ctypes.c_uint64(), self._pointer

        def run(native: Owner) -> Owner:
            out = Owner("bytes_free")
            call("simulate", owner, options._pointer, native, ctypes.byref(out), ctypes.byref(violated))
            return out

        return Simulation(report=json.loads(document_bytes(controlled(run, progress, control))), violated=violated.value)

    def simulate_trace(
        self, *, seed: int = 1, faults: Faults = None, plant: Optional[str] = None, progress: Optional[Progress] = None,
        control: Optional[Control] = None,
    ) -> list[str]:
        """What happens in one run, an event a line."""
        options, owner = simulate_options(seed, 1, faults, plant, 1), self._pointer
        text = document_bytes(
            controlled(lambda native: make("simulate_trace", owner, options._pointer, native), progress, control))
        return text.decode().splitlines()


def _restored(cluster: "Cluster", document: bytes) -> Plan:
    return cluster.read_plan(document)


class Steps(Constant):
    """How to get there safely: any order that heeds `after`."""

    _kinds: tuple[str, ...] = ("read", "write")

    def __len__(self) -> int:
        return ask("steps_count", self._pointer)

    def _about(self) -> str:
        return f"{len(self)}"

    def __getitem__(self, index: int) -> Step:
        owner, length = self._pointer, len(self)
        index = whole(index, -(1 << 63), (1 << 63) - 1, "index")
        if index < 0:
            index += length
        if not 0 <= index < length:
            raise IndexError(index)
        told = _native.StepStruct()
        call("steps_copy", owner, index, 1, ctypes.byref(told))
        count = c_size_t()
        after = ask("steps_after", owner, index, ctypes.byref(count))
        return Step(
            ("set", "stream")[told.kind], told.partition, told.node, _none(told.from_state), _none(told.to_state),
            _none(told.source), _none(told.source_from), _none(told.source_to), bool(told.flags & 1), bool(told.flags & 2),
            ("restore", "take over", "balance")[told.purpose], told.start, tuple(after[i] for i in range(count.value)))

    def __iter__(self) -> Iterator[Step]:
        return (self[index] for index in range(len(self)))

    @property
    def length(self) -> int:
        return ask("steps_length", self._pointer)

    @property
    def length_lower_bound(self) -> int:
        return ask("steps_length_lower_bound", self._pointer)

    @property
    def hold(self) -> tuple[str, ...]:
        """Kinds of requests that wait at a new leader until it has taken over."""
        held = ask("steps_hold", self._pointer)
        return tuple(name for place, name in enumerate(self._kinds) if held >> place & 1)

    @property
    def unmet_count(self) -> int:
        """Partitions that do not reach their target: their data is on failed nodes, or nodes without room wait for one another."""
        return ask("steps_unmet_count", self._pointer)

    def to_document(self, *, control: Optional[Control] = None) -> bytes:
        return document_bytes(cancellable("steps_to_document", self._pointer, control=control))
