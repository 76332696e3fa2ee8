"""Calls, handles, arrays, and how Ctrl-C gets into work that takes long."""

from __future__ import annotations

import array
import ctypes
import threading
import weakref
from ctypes import c_size_t, c_void_p
from typing import Any, Callable, Iterable, Optional

from . import _native
from .errors import Cancelled, raise_for

try:
    import numpy
except ImportError:  # everything works without it; rows are memoryviews then
    numpy = None  # type: ignore[assignment]

Progress = Callable[[str], Optional[bool]]


def call(name: str, *arguments: Any) -> None:
    """A function of the library; its status becomes an exception."""
    error = _native.ErrorStruct(size=ctypes.sizeof(_native.ErrorStruct))
    raise_for(_native.functions[name](*arguments, ctypes.byref(error)), error)


def make(name: str, *arguments: Any) -> c_void_p:
    """The same for a function whose last argument but the error is the handle that it makes."""
    out = c_void_p()
    call(name, *arguments, ctypes.byref(out))
    return out


class Handle:
    """Owns a handle of the library, and frees it."""

    _free = ""

    def __init__(self, pointer: c_void_p) -> None:
        self._pointer = pointer
        self._finalizer = weakref.finalize(self, _native.functions[self._free], pointer)

    def close(self) -> None:
        """Frees the handle now. Arrays that look into it must not be used any more."""
        self._finalizer()
        self._pointer = c_void_p()


def pointer(handle: Optional[Handle]) -> c_void_p:
    return handle._pointer if handle is not None else c_void_p()


class Options(Handle):
    _free = "options_free"

    def __init__(self, **values: Any) -> None:
        super().__init__(make("options_make"))
        self.set("", **values)

    def set(self, verb: str, **values: Any) -> None:
        """Those of one verb; None: as it is by default."""
        for name, value in values.items():
            if value is None:
                continue
            head, *tail = name.split("_")
            key = (f"{verb}." if verb else "") + head + "".join(word.title() for word in tail)
            text = str(int(value)) if isinstance(value, bool) else str(value)
            call("options_set", self._pointer, key.encode(), text.encode())


def option_table() -> list[dict[str, Any]]:
    """What options there are: name, unit, meaning, least, most, default."""
    table = []
    while True:
        info = _native.OptionStruct(size=ctypes.sizeof(_native.OptionStruct))
        if _native.functions["option_info"](len(table), ctypes.byref(info), None) != 0:
            return table
        texts = {n: (getattr(info, n) or b"").decode() for n in ("name", "unit", "meaning", "words", "default_value")}
        table.append({**texts, "least": info.least, "most": info.most})


def controlled(run: Callable[[c_void_p], Any], progress: Optional[Progress]) -> Any:
    """Does `run` with a control. In the main thread the work goes on another one, so that Ctrl-C is heard and cancels it.

    `progress` is told each stage; what it raises ends the work, as does False."""
    raised: list[BaseException] = []

    def hear(_context: Any, stage: bytes) -> int:
        try:
            return int(progress is not None and progress(stage.decode()) is False)
        except BaseException as exception:  # noqa: BLE001: it must not go through C
            raised.append(exception)
            return 1

    function = _native.PROGRESS(hear) if progress is not None else _native.PROGRESS()
    control = make("control_make", function, None)
    try:
        if threading.current_thread() is not threading.main_thread():
            try:
                return run(control)
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
                result.append(run(control))
            except BaseException as exception:  # noqa: BLE001: it is raised where the call was made
                failure.append(exception)
            finally:
                done.set()

        try:
            threading.Thread(target=work, name="plat", daemon=True).start()
            done.wait()
        except BaseException:
            _native.functions["control_cancel"](control)
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
    finally:
        _native.functions["control_free"](control)


def cancellable(name: str, *arguments: Any, memory_limit: int = 0) -> c_void_p:
    """`make` for a function that takes no control: it goes by its thread's, so that Ctrl-C ends it, too."""
    options = Options(memory_limit_bytes=memory_limit)

    def run(control: c_void_p) -> c_void_p:
        _native.functions["thread_defaults"](options._pointer, control)
        try:
            return make(name, *arguments)
        finally:
            _native.functions["thread_defaults"](None, None)

    return controlled(run, None)


# Arrays

_codes = {"uint8": "B", "uint32": "I", "uint64": "Q"}


def numbers(values: Any, kind: str, count: Optional[int], name: str) -> Any:
    """An object with the numbers in one block: as they are where they are so already. Checked against `count`."""
    if values is None:
        return None
    if numpy is not None:
        block = numpy.ascontiguousarray(values)
        if block.dtype != kind:
            if block.size and (block.min() < 0 or block.max() > numpy.iinfo(kind).max):
                raise ValueError(f"{name}: numbers that do not fit {kind}")
            block = block.astype(kind)
        length = block.size
    else:
        is_ready = isinstance(values, array.array) and values.typecode == _codes[kind]
        block = values if is_ready else array.array(_codes[kind], flat(values))
        length = len(block)
    if count is not None and length != count:
        raise ValueError(f"{name}: {length} numbers, expected {count}")
    return block


def flat(values: Any) -> list[int]:
    if isinstance(values, memoryview):
        values = values.tolist()
    result: list[int] = []
    for value in values:
        if isinstance(value, int):
            result.append(value)
        else:
            result.extend(flat(value))
    return result


def address(block: Any) -> Optional[int]:
    if block is None:
        return None
    if isinstance(block, array.array):
        return block.buffer_info()[0]
    return block.ctypes.data


def texts(values: Optional[Iterable[str]]) -> Any:
    """A C array of texts."""
    if values is None:
        return None
    names = [value.encode() for value in values]
    if any(b"\0" in name for name in names):
        raise ValueError("a name with a zero byte")
    return (ctypes.c_char_p * max(len(names), 1))(*names)


def rows_of(owner: Handle, function: str, width: int) -> Any:
    """The rows of a map, where they lie: a read-only array that keeps their owner. None where there are none."""
    count = c_size_t()
    start = _native.functions[function](owner._pointer, ctypes.byref(count))
    if not start or count.value == 0:
        return None
    block = (ctypes.c_uint32 * count.value).from_address(start)
    block._owner = owner  # keeps the handle, and with it the rows, alive
    shape = (count.value // width, width)
    view = memoryview(block).cast("B")
    if numpy is not None:
        result = numpy.frombuffer(view.toreadonly(), dtype=numpy.uint32).reshape(shape)
        return result
    return view.cast("I", shape).toreadonly()


def document_bytes(handle: c_void_p) -> bytes:
    try:
        length = _native.functions["bytes_length"](handle)
        return ctypes.string_at(_native.functions["bytes_data"](handle), length)
    finally:
        _native.functions["bytes_free"](handle)


class Document:
    """A document that goes in."""

    def __init__(self, document: Any, name: Optional[str]) -> None:
        self._bytes = to_bytes(document)
        self._buffer = ctypes.create_string_buffer(self._bytes, max(len(self._bytes), 1))
        self.struct = _native.DocumentStruct(
            size=ctypes.sizeof(_native.DocumentStruct), bytes=ctypes.addressof(self._buffer), length=len(self._bytes),
            name=name.encode() if name is not None else None)

    @property
    def reference(self) -> Any:
        return ctypes.byref(self.struct)


def to_bytes(document: Any) -> bytes:
    """Bytes as they are, text as UTF-8, anything else as JSON."""
    if isinstance(document, (bytes, bytearray, memoryview)):
        return bytes(document)
    if isinstance(document, str):
        return document.encode()
    import json

    return json.dumps(document).encode()
