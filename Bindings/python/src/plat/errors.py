"""What can go wrong, as exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

from . import _native

if TYPE_CHECKING:
    from .report import Finding


class PlatError(Exception):
    """A call failed: `status` is its name, `path` the place, `line` and `column` are set where a document is wrong."""

    status = ""

    def __init__(self, error: _native.ErrorStruct) -> None:
        def text(value: bytes) -> str:
            return value.decode("utf-8", "replace")

        super().__init__(text(error.message))
        self.path, self.found, self.expected = text(error.path), text(error.found), text(error.expected)
        self.line, self.column = int(error.line), int(error.column)


class InvalidArgument(PlatError, ValueError):
    status = "invalid argument"


class InvalidInput(PlatError, ValueError):
    status = "invalid input"


class Unsupported(PlatError):
    status = "unsupported"


class OutOfMemory(PlatError, MemoryError):
    status = "out of memory"


class Cancelled(PlatError):
    status = "cancelled"


class NotFound(PlatError, LookupError):
    status = "not found"


class FileFailed(PlatError, OSError):
    """A file cannot be read or written."""

    status = "input or output"


class Unmet(Exception):
    """A map falls short of what is asked of it; `findings` say of what, and why."""

    def __init__(self, unmet: int, findings: Sequence["Finding"]) -> None:
        first = f": {findings[0].rule}: {findings[0].because}" if findings else ""
        super().__init__(f"{unmet} unmet{first}")
        self.unmet = unmet
        self.findings = list(findings)


_kinds = {1: InvalidArgument, 2: InvalidInput, 3: Unsupported, 4: OutOfMemory, 5: Cancelled, 6: NotFound, 8: FileFailed}


def raise_for(status: int, error: _native.ErrorStruct) -> None:
    if status != 0:
        raise _kinds.get(status, PlatError)(error)
