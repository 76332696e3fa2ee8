"""What a map comes to."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from fractions import Fraction
from typing import Optional

from . import _native
from ._calls import Constant, Owner, call, document_bytes, make
from .errors import Unmet


@dataclass(frozen=True)
class Finding:
    """Something that is not met, and why."""

    strength: str
    rule: str
    partition: Optional[str]
    node: Optional[str]
    container: Optional[str]
    want: int
    have: int
    because: str


@dataclass(frozen=True)
class Load:
    """How replicas of a state lie on the nodes that may hold them."""

    state: str
    least: Fraction
    greatest: Fraction
    least_due: Fraction
    greatest_due: Fraction


def _text(value: Optional[bytes]) -> Optional[str]:
    return None if value is None else value.decode()


class Report(Constant):
    """What a map comes to. All but `to_document` is there when it is closed, too."""

    def __init__(self, owner: Owner) -> None:
        super().__init__(owner)
        summary = _native.SummaryStruct(size=ctypes.sizeof(_native.SummaryStruct))
        call("report_summary", self._pointer, ctypes.byref(summary))
        self.health = ("green", "yellow", "red")[summary.health]
        self.unmet: int = summary.unmet
        self.broken_soft: int = summary.broken_soft
        self.moves: int = summary.moves
        self.moves_lower_bound: int = summary.moves_lower_bound
        self.role_changes: int = summary.role_changes
        self.leaderless: int = summary.leaderless
        self.fan_out_outbound: int = summary.fan_out_outbound
        self.fan_out_inbound: int = summary.fan_out_inbound
        self.is_balanced = bool(summary.is_balanced)
        self.holds = bool(summary.holds)
        self.more_findings: int = summary.more_findings
        self.loads = [self._load(index) for index in range(summary.load_count)]
        self.findings = [self._finding(index) for index in range(summary.finding_count)]

    def _load(self, index: int) -> Load:
        load = _native.LoadStruct(size=ctypes.sizeof(_native.LoadStruct))
        call("report_load", self._pointer, index, ctypes.byref(load))
        return Load(load.state.decode(), *(Fraction(getattr(load, n).decode()) for n in ("least", "greatest", "least_due", "greatest_due")))

    def _finding(self, index: int) -> Finding:
        told = _native.FindingStruct(size=ctypes.sizeof(_native.FindingStruct))
        call("report_finding", self._pointer, index, ctypes.byref(told))
        return Finding(
            "hard" if told.strength == 1 else "soft", told.rule.decode(), _text(told.partition), _text(told.node),
            _text(told.container), told.want, told.have, told.because.decode())

    def _about(self) -> str:
        return f"{self.health}, {self.unmet} unmet, {self.broken_soft} soft rules broken, {self.moves} moves"

    def require_met(self) -> "Report":
        """Raises `Unmet`, with the findings, where something hard is not met."""
        if self.unmet:
            raise Unmet(self.unmet, [finding for finding in self.findings if finding.strength == "hard"])
        return self

    def to_document(self) -> bytes:
        return document_bytes(make("report_to_document", self._pointer))
