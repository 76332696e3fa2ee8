"""From document to document, as the command line goes; clusters for tests, simulations, batches."""

from __future__ import annotations

import ctypes
import json
import operator
import os
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Union

from . import _native
from ._calls import Document, Options, call, document_bytes, make
from ._numbers import encoded, number_text
from .control import Control, Progress, controlled


def _text(name: str, *arguments: Any, options: Options, progress: Optional[Progress], control: Optional[Control]) -> bytes:
    """What a function makes that takes options, a control and the place for a document last."""
    return document_bytes(controlled(lambda native: make(name, *arguments, options._pointer, native), progress, control))


def _given(document: Any) -> Optional[Document]:
    return None if document is None else Document(document, None)


def _reference(document: Optional[Document]) -> Any:
    return None if document is None else document.reference


def plan_document(
    document: Any, *, operation: Optional[str] = None, threads: int = 1, memory_limit: int = 0, binary: bool = False,
    progress: Optional[Progress] = None, control: Optional[Control] = None,
) -> bytes:
    """From a cluster document, with one map or several, to a plan document."""
    given = Document(document, None)
    options = Options(operation=operation, threads=threads, memory_limit_bytes=memory_limit, binary=binary)
    return _text("document_plan", given.reference, options=options, progress=progress, control=control)


def check_document(document: Any, plan: Any = None, *, threads: int = 1, progress: Optional[Progress] = None, control: Optional[Control] = None,
) -> dict[str, Any]:
    """What a cluster document's map, or several, or a plan for them come to."""
    given, other, options = Document(document, None), _given(plan), Options(threads=threads)
    return json.loads(_text("document_check", given.reference, _reference(other), options=options, progress=progress, control=control))


def verify_document(document: Any, plan: Any, *, threads: int = 1, progress: Optional[Progress] = None, control: Optional[Control] = None,
) -> dict[str, Any]:
    """As `check_document`, and the proof that no map is reached with fewer moves."""
    given, other, options = Document(document, None), Document(plan, None), Options(threads=threads)
    return json.loads(_text("document_verify", given.reference, other.reference, options=options, progress=progress, control=control))


def route_document(
    document: Any, keys: Union[bytes, str], *, map: Optional[str] = None, progress: Optional[Progress] = None, control: Optional[Control] = None,
) -> list[dict[str, Any]]:
    """Partition and holders of keys, one in each line of `keys`. `map`: of several only this one."""
    given, lines = Document(document, None), Document(keys, None)
    name = None if map is None else encoded(map, "map")
    text = _text("document_route", given.reference, name, lines.reference, options=Options(), progress=progress, control=control)
    return [json.loads(line) for line in text.splitlines()]


def explain_document(
    plan: Any, partition: Union[int, str], cluster: Any = None, *, node: Optional[str] = None, map: Optional[str] = None,
    progress: Optional[Progress] = None, control: Optional[Control] = None,
) -> dict[str, Any]:
    """Who has the partition (a number, or the name of a range); with its cluster, too, why, and what would be with it on `node`.
    `map`: which, where there are several."""
    given, known = Document(plan, None), _given(cluster)
    names = [None if name is None else encoded(name if isinstance(name, str) else str(operator.index(name)), "name") for name in (map, partition, node)]
    return json.loads(
        _text("document_explain_why", _reference(known), given.reference, *names, options=Options(), progress=progress, control=control))


def whatif_document(cluster: Any, failures: str, *, threads: int = 1, progress: Optional[Progress] = None, control: Optional[Control] = None,
) -> dict[str, Any]:
    """What failures ("each:rack", or nodes and containers with commas) would do to a cluster, of one map or several."""
    given, options = Document(cluster, None), Options(threads=threads)
    return json.loads(_text("document_whatif", given.reference, encoded(failures, "failures"), options=options, progress=progress, control=control))


def compare_documents(a: Any, b: Any, cluster: Any = None, *, progress: Optional[Progress] = None, control: Optional[Control] = None,
) -> dict[str, Any]:
    """Two clusters or plans side by side. Rules are judged where the cluster is known."""
    one, other, known = Document(a, None), Document(b, None), _given(cluster)
    return json.loads(
        _text("document_compare", one.reference, other.reference, _reference(known), options=Options(), progress=progress, control=control))


def import_document(
    system: str, document: Any, *, racks: Any = None, rule: str = "automatic", replication: Optional[int] = None,
    binary: bool = False, progress: Optional[Progress] = None, control: Optional[Control] = None,
) -> bytes:
    """Another system's document as a cluster document; of Kafka's a map for each topic, with as many replicas as it has or, for every
    partition, `replication`."""
    given, boxes = Document(document, None), _given(racks)
    options = Options(rule=rule, replication=replication, binary=binary)
    return _text(
        "document_import", encoded(system, "system"), given.reference, _reference(boxes), options=options, progress=progress,
        control=control)


def apply_document(
    document: Any, plan: Any, *, binary: bool = False, progress: Optional[Progress] = None, control: Optional[Control] = None,
) -> bytes:
    """The cluster document after a plan that was made from it, with one map or several."""
    given, other, options = Document(document, None), Document(plan, None), Options(binary=binary)
    return _text("document_apply", given.reference, other.reference, options=options, progress=progress, control=control)


def export_document(system: str, document: Any, *, map: Optional[str] = None, progress: Optional[Progress] = None, control: Optional[Control] = None,
) -> bytes:
    """A cluster's or a plan's document as another system's; "plat": a binary one as JSON."""
    given, name = Document(document, None), None if map is None else encoded(map, "map")
    return _text("document_export", encoded(system, "system"), given.reference, name, options=Options(), progress=progress, control=control)


def generate(
    nodes: int = 3, partitions: int = 1024, *, maps: int = 0, zones: int = 0, racks: int = 0, model: str = "masterSlave",
    masters: Optional[int] = None, slaves: Optional[int] = None, key_function: str = "hash-crc32", weights: str = "equal",
    partition_weights: str = "equal", capacity: Optional[str] = None, rules: Optional[str] = None, map: str = "none",
    drift: str = "0.05", leaving: int = 0, failed: int = 0, join: int = 0, seed: int = 1, binary: bool = False, threads: int = 1,
    memory_limit: int = 0, progress: Optional[Progress] = None, control: Optional[Control] = None,
) -> bytes:
    """A cluster for tests and benchmarks, as a document. The same arguments give the same bytes; `option_table` says what each
    may be."""
    options = Options(threads=threads, memory_limit_bytes=memory_limit, binary=binary)
    options.set(
        "generate", nodes=nodes, partitions=partitions, maps=maps, zones=zones, racks=racks, model=model, masters=masters,
        slaves=slaves, key_function=key_function, weights=weights, partition_weights=partition_weights, capacity=capacity,
        rules=rules, map=map, drift=drift, leaving=leaving, failed=failed, join=join, seed=seed)
    return _text("generate", options=options, progress=progress, control=control)


Faults = Union[str, Mapping[str, float], None]


def _fault(name: Any, rate: Any) -> str:
    """One of them, and no more than one."""
    if not isinstance(name, str):
        raise TypeError(f"faults: {name!r} is no text")
    name = str.__str__(name)
    if "," in name or ":" in name:
        raise ValueError(f"faults: {name!r} is no fault")
    return f"{name}:{number_text(rate, f'faults[{name!r}]')}"


def simulate_options(seed: int, runs: int, faults: Faults, plant: Optional[str], threads: int) -> Options:
    if isinstance(faults, Mapping):
        faults = ",".join(_fault(name, rate) for name, rate in faults.items()) or "none:0"
    elif faults is not None and not isinstance(faults, str):
        raise TypeError(f"faults: {faults!r}, expected how often each strikes, like {{'loss': 0.1}}")
    options = Options(threads=threads)
    options.set("simulate", seed=seed, runs=runs, faults=faults, plant=plant)
    return options


@dataclass(frozen=True)
class Batch:
    """What became of a batch: all jobs; those that went wrong; those that an earlier batch had done."""

    jobs: int
    failed: int
    resumed: int


def batch(
    list: Union[str, "os.PathLike[str]"], results: Union[str, "os.PathLike[str]"], *, threads: int = 1, resume: bool = False,
    restart: bool = False, memory_limit: int = 0, progress: Optional[Progress] = None, control: Optional[Control] = None,
) -> Batch:
    """Makes many plans, from files to files: `list` and `results` are paths. What is done is noted, so that a batch which was
    cancelled or whose process was killed is gone on with by the same call. `progress` hears "job" after each that the calling thread has done."""
    options = Options(threads=threads, memory_limit_bytes=memory_limit)
    options.set("batch", resume=resume, restart=restart)
    paths = [encoded(os.fsdecode(path), "path") for path in (list, results)]
    told = _native.BatchSummaryStruct(size=ctypes.sizeof(_native.BatchSummaryStruct))
    controlled(
        lambda native: call("batch", paths[0], paths[1], options._pointer, native, ctypes.byref(told)), progress, control)
    return Batch(told.jobs, told.failed, told.resumed)
