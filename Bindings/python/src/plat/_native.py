"""plat.h, as ctypes sees it: structs, functions, and how an error becomes an exception."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from ctypes import POINTER, c_char, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p
from typing import Any

from ._numbers import whole

NONE = 0xFFFFFFFF


def _find_library() -> str:
    """PLAT_LIBRARY, else the one in the wheel, else the system's."""
    named = os.environ.get("PLAT_LIBRARY")
    if named:
        return named
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "libplat.so.1")
    if os.path.exists(beside):
        return beside
    return ctypes.util.find_library("plat") or "libplat.so.1"


# Whole numbers as C has them: what is none, or does not fit, is an error.
_limits_of: dict[Any, tuple[int, int]] = {
    c_int32: (-(1 << 31), (1 << 31) - 1), c_uint32: (0, (1 << 32) - 1), c_uint64: (0, (1 << 64) - 1), c_size_t: (0, (1 << 64) - 1),
}


class Struct(ctypes.Structure):
    """One that goes in. ctypes would cut what does not fit a member."""

    def __init__(self, *values: Any, **named: Any) -> None:
        kinds: dict[str, Any] = {field[0]: field[1] for field in self._fields_}
        told = {**dict(zip(kinds, values)), **named}
        for name, value in told.items():
            if kinds[name] in _limits_of:
                told[name] = whole(value, *_limits_of[kinds[name]], name)
        super().__init__(**told)


class ErrorStruct(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32), ("status", c_int32), ("line", c_uint32), ("column", c_uint32),
        ("message", c_char * 768), ("path", c_char * 256), ("found", c_char * 256), ("expected", c_char * 256),
    ]


class RuleStruct(Struct):
    _fields_ = [(name, c_uint32) for name in ("kind", "strength", "states", "level", "count", "near")]


class PlaceRuleStruct(Struct):
    _fields_ = [
        *((name, c_uint32) for name in ("kind", "strength", "states", "at_least", "at_most", "node_count")), ("nodes", c_void_p),
    ]


class ArraysStruct(Struct):
    _fields_ = [
        ("size", c_uint32), ("flags", c_uint32), ("model", c_uint32), ("key_function", c_uint32),
        ("partition_count", c_uint32), ("node_count", c_uint32),
        ("counts", c_void_p), ("node_names", c_void_p), ("node_weights", c_void_p), ("node_capacities", c_void_p),
        ("node_statuses", c_void_p),
        ("level_count", c_uint32), ("rule_count", c_uint32), ("containers", c_void_p), ("level_names", c_void_p),
        ("rules", c_void_p), ("rule_size", c_uint32),
        ("fan_out_strength", c_uint32), ("fan_out_outbound", c_uint32), ("fan_out_inbound", c_uint32),
        ("map", c_void_p), ("map_slots", c_void_p), ("map_revision", c_uint64), ("partition_weights", c_void_p),
        ("range_starts", c_void_p), ("range_offsets", c_void_p), ("partition_names", c_void_p),
    ]


class SummaryStruct(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32), ("health", c_uint32), ("unmet", c_uint64), ("broken_soft", c_uint64), ("moves", c_uint64),
        ("moves_lower_bound", c_uint64), ("role_changes", c_uint64), ("leaderless", c_uint64),
        ("fan_out_outbound", c_uint32), ("fan_out_inbound", c_uint32), ("is_balanced", c_uint32), ("holds", c_uint32),
        ("load_count", c_uint32), ("finding_count", c_uint32), ("more_findings", c_uint64),
    ]


class LoadStruct(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32), ("reserved", c_uint32), ("state", c_char_p), ("least", c_char_p), ("greatest", c_char_p),
        ("least_due", c_char_p), ("greatest_due", c_char_p),
    ]


class FindingStruct(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32), ("strength", c_uint32), ("want", c_int64), ("have", c_int64), ("rule", c_char_p),
        ("partition", c_char_p), ("node", c_char_p), ("container", c_char_p), ("because", c_char_p),
    ]


class StepStruct(ctypes.Structure):
    _fields_ = [
        (name, c_uint32)
        for name in (
            "kind", "flags", "purpose", "partition", "node", "from_state", "to_state", "source", "source_from",
            "source_to", "after_count", "reserved",
        )
    ] + [("start", c_uint64)]


class DocumentStruct(Struct):
    _fields_ = [
        ("size", c_uint32), ("reserved", c_uint32), ("bytes", c_void_p), ("length", c_size_t), ("name", c_char_p),
    ]


class BatchSummaryStruct(ctypes.Structure):
    _fields_ = [("size", c_uint32), ("reserved", c_uint32)] + [(name, c_uint64) for name in ("jobs", "failed", "resumed")]


class OptionStruct(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32), ("kind", c_uint32), ("name", c_char_p), ("unit", c_char_p), ("meaning", c_char_p),
        ("words", c_char_p), ("default_value", c_char_p), ("least", c_uint64), ("most", c_uint64),
    ]


class ActionStruct(ctypes.Structure):
    _fields_ = [  # type: ignore[assignment]
        ("size", c_uint32), ("kind", c_uint32), ("node", c_uint32), ("id", c_uint32), ("revision", c_uint64), ("term", c_uint64),
        ("partition", c_uint32), ("from_state", c_uint32), ("to_state", c_uint32), ("source", c_uint32), ("source_from", c_uint32),
        ("source_to", c_uint32), ("leader", c_uint32), ("follower_count", c_uint32), ("followers", POINTER(c_uint32)),
        ("expected", c_uint64), ("version", c_uint64), ("digest", c_uint32), ("peer_kind", c_uint32), ("peer", c_uint32),
        ("request", c_uint32), ("bytes", c_void_p), ("length", c_size_t), ("values", POINTER(c_uint64)), ("value_count", c_size_t),
    ] + [(name, c_uint32) for name in ("is_definite", "is_done", "hold", "mode", "mode_from", "reserved")]


class TimingStruct(Struct):
    _fields_ = [("size", c_uint32), ("tries", c_uint32)] + [
        (name, c_uint64) for name in ("pulse", "silence", "patience", "longest_tick", "grace", "settling")
    ] + [("most_lost", c_uint32), ("reserved", c_uint32)]


class HoldingStruct(Struct):
    _fields_ = [
        ("partition", c_uint32), ("state", c_uint32), ("is_leading", c_uint32), ("follower_count", c_uint32), ("term", c_uint64),
        ("followers", POINTER(c_uint32)),
    ]


class StandingStruct(ctypes.Structure):
    _fields_ = [(name, c_uint32) for name in ("size", "phase", "is_paused", "is_called_off")] + [
        (name, c_uint64)
        for name in (
            "revision", "plans", "done", "running", "left", "rounds", "copied", "to_copy", "lost_count", "silent_count",
            "unreached_count")
    ]


class UnreachedStruct(ctypes.Structure):
    _fields_ = [("partition", c_uint32), ("why", c_uint32)]


class KeptStruct(Struct):
    _fields_ = [("bytes", c_void_p), ("length", c_size_t)]


class JournalEntryStruct(ctypes.Structure):
    _fields_ = [("key", c_char_p), ("bytes", c_void_p), ("length", c_size_t)]


class StartStruct(ctypes.Structure):
    _fields_ = [(name, c_uint32) for name in ("size", "node", "boot", "flags")]


class DamagedStruct(ctypes.Structure):
    _fields_ = [("size", c_uint32), ("partition", c_uint32), ("index", c_size_t), ("what", ctypes.c_char * 256)]


PROGRESS = ctypes.CFUNCTYPE(c_int32, c_void_p, c_char_p)

# CDLL lets go of the interpreter's lock during every call.
library = ctypes.CDLL(_find_library())

class _handle:
    """A handle that is owned, or none: no number is taken for a place in memory."""

    @classmethod
    def from_param(cls, value: Any) -> Any:
        if value is None or isinstance(value, c_void_p):
            return value
        raise TypeError(f"{value!r} is no handle")


_out = POINTER(c_void_p)
_error = POINTER(ErrorStruct)
_count = POINTER(c_size_t)
_document = POINTER(DocumentStruct)
_signatures: dict[str, tuple[Any, list[Any]]] = {
    "version": (c_char_p, []),
    "status_name": (c_char_p, [c_int32]),
    "cluster_from_arrays": (c_int32, [POINTER(ArraysStruct), _out, _error]),
    "cluster_from_document": (c_int32, [c_void_p, c_size_t, c_char_p, _out, _error]),
    "cluster_free": (None, [_handle]),
    "cluster_node_count": (c_uint32, [_handle]),
    "cluster_partition_count": (c_uint32, [_handle]),
    "cluster_state_count": (c_uint32, [_handle]),
    "cluster_node_name": (c_char_p, [_handle, c_uint32]),
    "cluster_partition_name": (c_char_p, [_handle, c_uint32]),
    "cluster_state_name": (c_char_p, [_handle, c_uint32]),
    "cluster_request_name": (c_char_p, [_handle, c_uint32]),
    "cluster_find_node": (c_uint32, [_handle, c_char_p]),
    "cluster_find_partition": (c_uint32, [_handle, c_char_p]),
    "cluster_rows": (c_void_p, [_handle, _count]),
    "cluster_slots": (c_uint32, [_handle, c_uint32]),
    "cluster_revision": (c_uint64, [_handle]),
    "cluster_after": (c_int32, [_handle, _handle, _out, _error]),
    "cluster_renumbered": (c_int32, [_handle, c_void_p, c_size_t, _out, _error]),
    "cluster_with_places": (c_int32, [_handle, c_void_p, c_size_t, _out, _error]),
    "cluster_to_document": (c_int32, [_handle, _handle, _out, _error]),
    "plan_make": (c_int32, [_handle, _handle, _handle, _handle, _out, _error]),
    "plan_free": (None, [_handle]),
    "plan_rows": (c_void_p, [_handle, _count]),
    "plan_slots": (c_uint32, [_handle, c_uint32]),
    "plan_revision": (c_uint64, [_handle]),
    "plan_operation": (c_char_p, [_handle]),
    "plan_moves_lower_bound": (c_uint64, [_handle]),
    "plan_peak_bytes": (c_uint64, [_handle]),
    "plan_moves": (c_int32, [_handle, c_void_p, c_size_t, _count, _error]),
    "plan_to_document": (c_int32, [_handle, _handle, _handle, _out, _error]),
    "plan_from_document": (c_int32, [_handle, _document, _out, _error]),
    "router_make": (c_int32, [_handle, _out, _error]),
    "router_free": (None, [_handle]),
    "router_find": (c_uint32, [_handle, c_char_p, c_size_t]),
    "router_find_batch": (c_int32, [_handle, c_void_p, c_size_t, c_void_p, c_size_t, c_void_p, _error]),
    "options_make": (c_int32, [_out, _error]),
    "options_free": (None, [_handle]),
    "options_set": (c_int32, [_handle, c_char_p, c_char_p, _error]),
    "option_info": (c_int32, [c_uint32, POINTER(OptionStruct), _error]),
    "control_make": (c_int32, [PROGRESS, c_void_p, _out, _error]),
    "control_cancel": (None, [_handle]),
    "control_fraction": (c_double, [_handle]),
    "control_free": (None, [_handle]),
    "check": (c_int32, [_handle, _handle, _handle, _handle, _out, _error]),
    "verify": (c_int32, [_handle, _handle, _handle, _handle, _out, _error]),
    "report_free": (None, [_handle]),
    "report_summary": (c_int32, [_handle, POINTER(SummaryStruct), _error]),
    "report_load": (c_int32, [_handle, c_uint32, POINTER(LoadStruct), _error]),
    "report_finding": (c_int32, [_handle, c_uint32, POINTER(FindingStruct), _error]),
    "report_to_document": (c_int32, [_handle, _out, _error]),
    "steps_make": (c_int32, [_handle, _handle, _handle, _out, _error]),
    "steps_free": (None, [_handle]),
    "steps_count": (c_size_t, [_handle]),
    "steps_copy": (c_int32, [_handle, c_size_t, c_size_t, POINTER(StepStruct), _error]),
    "steps_after": (POINTER(c_uint32), [_handle, c_size_t, _count]),
    "steps_length": (c_uint64, [_handle]),
    "steps_length_lower_bound": (c_uint64, [_handle]),
    "steps_hold": (c_uint32, [_handle]),
    "moves_to_document": (c_int32, [_handle, _out, _error]),
    "steps_to_document": (c_int32, [_handle, _out, _error]),
    "bytes_data": (c_void_p, [_handle]),
    "bytes_length": (c_size_t, [_handle]),
    "bytes_free": (None, [_handle]),
    "explain": (c_int32, [_handle, c_uint32, c_uint32, _out, _error]),
    "compare": (c_int32, [_handle, _handle, _handle, _handle, _out, _error]),
    "whatif": (c_int32, [_handle, c_char_p, _handle, _handle, _out, _error]),
    "import": (c_int32, [c_char_p, _document, _document, _handle, _out, _error]),
    "export": (c_int32, [c_char_p, _handle, _handle, _out, _error]),
    "document_plan": (c_int32, [_document, _handle, _handle, _out, _error]),
    "cluster_digest": (c_uint32, [_handle]),
    "orchestrator_make": (c_int32, [_handle, _handle, POINTER(TimingStruct), _out, _error]),
    "orchestrator_free": (None, [_handle]),
    "orchestrator_begin": (c_int32, [_handle, c_char_p, c_size_t, _error]),
    "orchestrator_journal_keys": (c_int32, [_handle, POINTER(JournalEntryStruct), c_size_t, _error]),
    "orchestrator_begin_keys": (c_int32, [_handle, POINTER(JournalEntryStruct), c_size_t, _error]),
    "orchestrator_recorded_entry": (c_int32, [_handle, c_size_t, POINTER(JournalEntryStruct), _error]),
    "orchestrator_poll": (c_int32, [_handle, POINTER(ActionStruct), _error]),
    "orchestrator_recorded": (c_int32, [_handle, c_int32, _error]),
    "orchestrator_journal": (c_int32, [_handle, c_char_p, c_size_t, _error]),
    "orchestrator_unreached": (c_int32, [_handle, POINTER(UnreachedStruct), c_size_t, _count, _error]),
    "orchestrator_tick": (c_int32, [_handle, c_uint64, _error]),
    "orchestrator_pause": (c_int32, [_handle, _error]),
    "orchestrator_resume": (c_int32, [_handle, _error]),
    "orchestrator_cancel": (c_int32, [_handle, _error]),
    "orchestrator_receive": (c_int32, [_handle, c_uint32, c_char_p, c_size_t, _error]),
    "orchestrator_mode": (c_int32, [_handle, c_uint32, c_uint32, c_uint32, c_uint32, _error]),
    "orchestrator_has_mode": (c_int32, [_handle, c_uint32, c_uint64, c_uint32, c_uint32, c_uint32, _error]),
    "mode_next": (c_uint32, [c_uint32, c_uint32]),
    "orchestrator_lost": (c_int32, [_handle, c_uint32, _error]),
    "orchestrator_inventory": (c_int32, [_handle, c_uint32, c_uint64, POINTER(HoldingStruct), c_size_t, _error]),
    "orchestrator_complete": (c_int32, [_handle, c_uint32, c_uint64, c_uint32, _error]),
    "orchestrator_working": (c_int32, [_handle, c_uint32, c_uint64, c_uint32, _error]),
    "orchestrator_fail": (c_int32, [_handle, c_uint32, c_uint64, c_uint32, c_uint32, _error]),
    "orchestrator_alive": (c_int32, [_handle, c_uint32, _error]),
    "orchestrator_has_map": (c_int32, [_handle, c_uint32, c_uint64, c_uint32, _error]),
    "orchestrator_standing": (c_int32, [_handle, POINTER(StandingStruct), _error]),
    "orchestrator_target": (c_int32, [_handle, _out, _error]),
    "agent_make": (c_int32, [_handle, c_uint32, c_uint32, POINTER(KeptStruct), c_size_t, _out, _error]),
    "agent_start": (c_int32, [_handle, POINTER(StartStruct), POINTER(KeptStruct), c_size_t, _out, _error]),
    "agent_damaged": (c_int32, [_handle, c_size_t, POINTER(DamagedStruct), _error]),
    "agent_node_name": (c_char_p, [_handle, c_uint32]),
    "agent_free": (None, [_handle]),
    "agent_poll": (c_int32, [_handle, POINTER(ActionStruct), _error]),
    "agent_receive": (c_int32, [_handle, c_uint32, c_uint32, c_char_p, c_size_t, _error]),
    "agent_tick": (c_int32, [_handle, _error]),
    "agent_disk_full": (c_int32, [_handle, c_int32, _error]),
    "agent_write": (c_int32, [_handle, c_uint32, c_uint64, c_uint32, c_uint32, _error]),
    "agent_read": (c_int32, [_handle, c_uint32, c_uint32, c_uint32, _error]),
    "agent_request": (c_int32, [_handle, c_uint32, c_uint32, ctypes.POINTER(c_uint64), c_uint32, c_uint32, _error]),
    "agent_min_in_sync": (c_int32, [_handle, c_uint32, _error]),
    "agent_mode": (c_uint32, [_handle, c_uint32]),
    "agent_state": (c_uint32, [_handle, c_uint32]),
    "agent_leads": (c_int32, [_handle, c_uint32]),
    "agent_map": (c_uint64, [_handle, POINTER(c_uint32)]),
    "document_check": (c_int32, [_document, _document, _handle, _handle, _out, _error]),
    "document_verify": (c_int32, [_document, _document, _handle, _handle, _out, _error]),
    "document_route": (c_int32, [_document, c_char_p, _document, _handle, _handle, _out, _error]),
    "document_explain_why": (c_int32, [_document, _document, c_char_p, c_char_p, c_char_p, _handle, _handle, _out, _error]),
    "document_whatif": (c_int32, [_document, c_char_p, _handle, _handle, _out, _error]),
    "document_compare": (c_int32, [_document, _document, _document, _handle, _handle, _out, _error]),
    "document_import": (c_int32, [c_char_p, _document, _document, _handle, _handle, _out, _error]),
    "document_apply": (c_int32, [_document, _document, _handle, _handle, _out, _error]),
    "document_export": (c_int32, [c_char_p, _document, c_char_p, _handle, _handle, _out, _error]),
    "cluster_earlier": (c_int32, [_handle, _document, _handle, _handle, _out, _error]),
    "generate": (c_int32, [_handle, _handle, _out, _error]),
    "simulate": (c_int32, [_handle, _handle, _handle, _out, POINTER(c_uint64), _error]),
    "simulate_trace": (c_int32, [_handle, _handle, _handle, _out, _error]),
    "batch": (c_int32, [c_char_p, c_char_p, _handle, _handle, POINTER(BatchSummaryStruct), _error]),
    "steps_unmet_count": (c_size_t, [_handle]),
    "thread_defaults": (None, [_handle, _handle]),
}
functions: dict[str, Any] = {}
# Of each function the arguments that are whole numbers: their places, and from where to where they go.
limits: dict[str, list[tuple[int, int, int]]] = {}
for _name, (_result, _arguments) in _signatures.items():
    _function = getattr(library, f"plat_{_name}")
    _function.restype, _function.argtypes = _result, _arguments
    functions[_name] = _function
    limits[_name] = [(place, *_limits_of[kind]) for place, kind in enumerate(_arguments) if kind in _limits_of]
