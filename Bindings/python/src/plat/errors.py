"""What can go wrong, as exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence

from . import _native

if TYPE_CHECKING:
    from .report import Finding


class PlatError(Exception):
    """A call failed: `status` is its name, `path` the place, `line` and `column` are set where a document is wrong."""

    status = ""

    def __init__(self, message: str, path: str = "", found: str = "", expected: str = "", line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.path, self.found, self.expected = path, found, expected
        self.line, self.column = line, column

    def __reduce__(self) -> Any:
        return type(self), (str(self.args[0]), self.path, self.found, self.expected, self.line, self.column)


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


class FaultyPlan(PlatError):
    """The planner made a plan that breaks what none may break; a fault of the library, which keeps the plan back."""

    status = "faulty plan"


class LostDisk(PlatError):
    """A node starts again without what it had promised."""

    status = "lost disk"


class Unmet(Exception):
    """A map falls short of what is asked of it; `findings` say of what, and why."""

    def __init__(self, unmet: int, findings: Sequence["Finding"]) -> None:
        first = f": {findings[0].rule}: {findings[0].because}" if findings else ""
        super().__init__(f"{unmet} unmet{first}")
        self.unmet = unmet
        self.findings = list(findings)

    def __reduce__(self) -> Any:
        return Unmet, (self.unmet, self.findings)


_kinds: dict[int, Any] = {
    1: InvalidArgument, 2: InvalidInput, 3: Unsupported, 4: OutOfMemory, 5: Cancelled, 6: NotFound, 8: FileFailed, 9: FaultyPlan,
    10: LostDisk}


def raise_for(status: int, error: _native.ErrorStruct) -> None:
    if status != 0:
        texts = [text.decode("utf-8", "replace") for text in (error.message, error.path, error.found, error.expected)]
        raise _kinds.get(status, PlatError)(*texts, int(error.line), int(error.column))
