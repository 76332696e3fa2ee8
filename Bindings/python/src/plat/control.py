"""Following and cancelling work: a token for other threads, progress, and Ctrl-C."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import Any, Callable, Iterator, Optional

from . import _native
from ._calls import Options, Owner, ask, make
from .errors import Cancelled

Progress = Callable[[str], Optional[bool]]


class Control:
    """Cancels calls, from any thread: whatever is given it as `control` raises `Cancelled`, soon where it is under way, at once where it
    comes later.

    >>> control = plat.Control()
    >>> threading.Timer(60, control.cancel).start()
    >>> cluster.plan(control=control)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[Owner] = []
        self._is_cancelled = False

    def cancel(self) -> None:
        """For good."""
        with self._lock:
            self._is_cancelled = True
            for native in self._running:
                ask("control_cancel", native)

    @property
    def is_cancelled(self) -> bool:
        return self._is_cancelled

    @property
    def fraction(self) -> float:
        """How far the call is that goes by it: from 0 to 1, an estimate by stages. Of several the least; of none 0."""
        with self._lock:
            return min((ask("control_fraction", native) for native in self._running), default=0.0)

    def __copy__(self) -> "Control":
        raise TypeError("a Control is not copied: give the same one to several calls")

    def __deepcopy__(self, _memo: Any) -> "Control":
        return self.__copy__()

    def __repr__(self) -> str:
        return f"<plat.Control: {'cancelled' if self._is_cancelled else 'not cancelled'}>"

    @contextmanager
    def _governing(self, native: Owner) -> Iterator[None]:
        with self._lock:
            self._running.append(native)
            if self._is_cancelled:
                ask("control_cancel", native)
        try:
            yield
        finally:
            with self._lock:
                self._running.remove(native)


def controlled(run: Callable[[Owner], Any], progress: Optional[Progress], control: Optional[Control] = None) -> Any:
    """Does `run` with a control. In the main thread the work goes on another one, so that Ctrl-C is heard and cancels it.

    `progress` is told each stage; what it raises ends the work, as does False."""
    if control is not None and not isinstance(control, Control):
        raise TypeError(f"control: {control!r} is no plat.Control")
    raised: list[BaseException] = []

    def hear(_context: Any, stage: bytes) -> int:
        try:
            return int(progress is not None and progress(stage.decode()) is False)
        except BaseException as exception:  # noqa: BLE001: it must not go through C
            raised.append(exception)
            return 1

    function = _native.PROGRESS(hear) if progress is not None else _native.PROGRESS()
    native = make("control_make", function, None)
    if control is None:
        return _run(run, native, raised)
    with control._governing(native):
        return _run(run, native, raised)


def _run(run: Callable[[Owner], Any], native: Owner, raised: list[BaseException]) -> Any:
    if threading.current_thread() is not threading.main_thread():
        try:
            return run(native)
        except Cancelled:
            if raised:
                raise raised[0] from None
            raise
    result: list[Any] = []
    failure: list[BaseException] = []
    done = threading.Event()
    begins = threading.Lock()  # either the work has begun, and is waited for, or it never does
    is_given_up = has_begun = False

    def work() -> None:
        nonlocal has_begun
        with begins:
            if is_given_up:
                return
            has_begun = True
        try:
            result.append(run(native))
        except BaseException as exception:  # noqa: BLE001: it is raised where the call was made
            failure.append(exception)
        finally:
            done.set()

    try:
        threading.Thread(target=work, name="plat", daemon=True).start()
        done.wait()
    except BaseException:
        ask("control_cancel", native)
        with begins:
            is_given_up = True
        while has_begun and not done.is_set():  # it uses the control, and `hear`; a second Ctrl-C changes nothing
            try:
                done.wait()
            except BaseException:  # noqa: BLE001
                pass
        raise
    if raised:
        raise raised[0]
    if failure:
        raise failure[0]
    return result[0]


def cancellable(
    name: str, *arguments: Any, memory_limit: int = 0, keeps: tuple[Any, ...] = (), control: Optional[Control] = None,
) -> Owner:
    """`make` for a function that takes no control: it goes by its thread's, so that Ctrl-C ends it, too."""
    options = Options(memory_limit_bytes=memory_limit)

    def run(native: Owner) -> Owner:
        ask("thread_defaults", options._pointer, native)
        try:
            return make(name, *arguments, keeps=keeps)
        finally:
            ask("thread_defaults", None, None)

    return controlled(run, None, control)
