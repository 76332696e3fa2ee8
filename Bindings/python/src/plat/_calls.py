"""Calls, handles, documents."""

from __future__ import annotations

import ctypes
import itertools
import json
import operator
from ctypes import c_size_t, c_void_p
from typing import Any, Iterator, Optional, TypeVar

from . import _native
from ._numbers import encoded, flag, given_bytes, number_text, numpy, whole
from .errors import raise_for

_Self = TypeVar("_Self", bound="Handle")


def _checked(name: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """ctypes cuts numbers that do not fit: they are looked at before."""
    limits = _native.limits[name]
    if not limits:
        return arguments
    checked = list(arguments)
    for place, least, most in limits:
        if place < len(checked):
            checked[place] = whole(checked[place], least, most, f"{name.replace('_', ' ')}, argument {place}")
    return tuple(checked)


def ask(name: str, *arguments: Any) -> Any:
    """A function of the library that cannot fail. Handles among the arguments are there until it returns."""
    return _native.functions[name](*_checked(name, arguments))


def call(name: str, *arguments: Any) -> None:
    """One that can; its status becomes an exception."""
    error = _native.ErrorStruct(size=ctypes.sizeof(_native.ErrorStruct))
    raise_for(_native.functions[name](*_checked(name, arguments), ctypes.byref(error)), error)


class Owner(c_void_p):
    """A handle of the library's. Whoever uses it refers to it: the object that it was made for, a call while it runs, a view of its rows
    while there is one. The last of them frees it, whatever the order in which they go."""

    def __init__(self, free: str, keeps: tuple[Any, ...] = ()) -> None:
        super().__init__()
        self.kind = free[:-len("_free")]
        self._free = _native.functions[free]
        self.keeps = keeps  # what it needs of others, as arrays that it looks into

    def __del__(self, pointer: Any = c_void_p) -> None:  # names of the module may be gone when the interpreter ends
        if self.value:
            self._free(pointer(self.value))


# By the function that makes it, how what is made is freed; all others make documents.
_frees = {
    "cluster_from_arrays": "cluster_free", "cluster_from_document": "cluster_free", "import": "cluster_free", "cluster_after": "cluster_free",
    "cluster_earlier": "cluster_free", "cluster_renumbered": "cluster_free", "cluster_with_places": "cluster_free", "orchestrator_target": "cluster_free", "plan_make": "plan_free",
    "plan_from_document": "plan_free", "router_make": "router_free", "options_make": "options_free", "control_make": "control_free",
    "check": "report_free", "verify": "report_free", "steps_make": "steps_free", "orchestrator_make": "orchestrator_free",
    "agent_make": "agent_free",
}


def make(name: str, *arguments: Any, keeps: tuple[Any, ...] = ()) -> Owner:
    """The same for a function whose last argument but the error is the handle that it makes."""
    out = Owner(_frees.get(name, "bytes_free"), keeps)
    call(name, *arguments, ctypes.byref(out))
    return out


class Handle:
    """Has a handle of the library. Used by `with`, it is closed at the end."""

    _owner: Optional[Owner]

    def __init__(self, owner: Owner) -> None:
        if not isinstance(owner, Owner):
            raise TypeError(f"a {type(self).__name__} is made by the functions of plat, not of {owner!r}")
        self._owner = owner

    @property
    def _pointer(self) -> Owner:
        owner = self._owner
        if owner is None:
            raise ValueError(f"this {type(self).__name__} is closed")
        return owner

    def close(self) -> None:
        """Gives the handle up. It is freed when no call uses it any more, in whatever thread, and no array looks into it; what was made from
        it goes on without it."""
        self._owner = None

    @property
    def is_closed(self) -> bool:
        return self._owner is None

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_exception: Any) -> None:
        self.close()

    def __copy__(self: _Self) -> _Self:
        raise TypeError(f"a {type(self).__name__} changes with every call, and is not copied")

    def __deepcopy__(self: _Self, _memo: Any) -> _Self:
        return self.__copy__()

    def __reduce__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} is not pickled")

    def _about(self) -> str:
        return ""

    def __repr__(self) -> str:
        about = "closed" if self._owner is None else self._about()
        return f"<plat.{type(self).__name__}{': ' if about else ''}{about}>"


class Constant(Handle):
    """One that never changes: copies share it, each to be closed by itself."""

    def __copy__(self: _Self) -> _Self:
        copy = type(self).__new__(type(self))
        copy.__dict__.update(self.__dict__)
        return copy


def of_kind(handle: Any, kind: str, name: str) -> Owner:
    """What an object of the host's has: C would take any handle for what it asks for."""
    if not isinstance(handle, Handle) or handle._pointer.kind != kind:
        raise TypeError(f"{name}: {handle!r}, expected a {kind}")
    return handle._pointer


def pointer(handle: Any, kind: str, name: str) -> Optional[Owner]:
    """The same, or nothing."""
    return None if handle is None else of_kind(handle, kind, name)


class Options(Handle):
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
            call("options_set", self._pointer, key.encode(), encoded(_text(value, key), key))


# By the option's name, as PLAT_OPTION_… has it; asked once.
_kinds: dict[str, int] = {}


def _text(value: Any, key: str) -> str:
    """An option as text. What kind of thing it is is looked at here, since as a text anything looks like anything; what it may be is the
    library's to say."""
    if not _kinds:
        _kinds.update({info.name.decode(): info.kind for info in _option_structs()})
    kind = _kinds.get(key)
    if kind == 1:
        return str(whole(value, 0, (1 << 64) - 1, key))
    if kind == 3:
        return str(int(flag(value, key)))
    if isinstance(value, str):
        return value
    if kind == 4:  # as "0.05", or "1..3": a plain number need not be written as a text
        return number_text(value, key)
    raise TypeError(f"{key}: {value!r} is no text")


def _option_structs() -> Iterator[Any]:
    for index in itertools.count():
        info = _native.OptionStruct(size=ctypes.sizeof(_native.OptionStruct))
        if ask("option_info", index, ctypes.byref(info), None) != 0:
            return
        yield info


def option_table() -> list[dict[str, Any]]:
    """What options there are: name, unit, meaning, least, most, default."""
    table: list[dict[str, Any]] = []
    for info in _option_structs():
        texts = {n: (getattr(info, n) or b"").decode() for n in ("name", "unit", "meaning", "words", "default_value")}
        table.append({**texts, "least": info.least, "most": info.most})
    return table


def rows_of(owner: Owner, function: str, width: int) -> Any:
    """The rows of a map, where they lie: a read-only array that keeps the handle. None where there are none."""
    count = c_size_t()
    start = ask(function, owner, ctypes.byref(count))
    if not start or count.value == 0:
        return None
    block = (ctypes.c_uint32 * count.value).from_address(start)
    block._owner = owner  # type: ignore[attr-defined] # keeps the handle, and with it the rows, alive
    shape = (count.value // width, width)
    view = memoryview(block).cast("B")
    if numpy is not None:
        return numpy.frombuffer(view.toreadonly(), dtype=numpy.uint32).reshape(shape)
    return view.cast("I", shape).toreadonly()


def document_bytes(document: Owner) -> bytes:
    length = ask("bytes_length", document)
    return ctypes.string_at(ask("bytes_data", document), length)


class Document:
    """A document that goes in."""

    def __init__(self, document: Any, name: Optional[str]) -> None:
        self._bytes = to_bytes(document)
        self._name = None if name is None else encoded(name, "name")
        self._buffer = ctypes.c_char_p(self._bytes)
        self.struct = _native.DocumentStruct(
            size=ctypes.sizeof(_native.DocumentStruct), bytes=ctypes.cast(self._buffer, c_void_p), length=len(self._bytes), name=self._name)

    @property
    def reference(self) -> Any:
        return ctypes.byref(self.struct)


def to_bytes(document: Any) -> bytes:
    """Bytes as they are, text as UTF-8, anything else as JSON."""
    if isinstance(document, (bytes, bytearray, memoryview)):
        return given_bytes(document, "document")
    if isinstance(document, str):
        return str.encode(document)
    return json.dumps(document, allow_nan=False, default=operator.index).encode()
