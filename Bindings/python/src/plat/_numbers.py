"""Numbers and texts of the host's: what does not fit is an error that says where, and nothing is cut."""

from __future__ import annotations

import array
import ctypes
import operator
from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any, Iterable, Optional

try:
    import numpy
except ImportError:  # everything works without it; rows are memoryviews then
    numpy = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from numpy import uint32
    from numpy.typing import NDArray

    Rows = NDArray[uint32]  # without NumPy a memoryview

_codes = {"uint8": "B", "uint32": "I", "uint64": "Q"}
_most = {"uint8": (1 << 8) - 1, "uint32": (1 << 32) - 1, "uint64": (1 << 64) - 1}


def whole(value: Any, least: int, most: int, name: str) -> int:
    """A whole number, Python's or NumPy's. TypeError where it is none (a fraction, NaN), OverflowError where it is out of range."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: {value!r} is no whole number") from None
    if not least <= number <= most:
        raise OverflowError(f"{name}: {number} is not within {least} to {most}")
    return number


def word(value: Any, words: Any, name: str) -> Any:
    """What a word stands for. ValueError where there is no such word."""
    try:
        return words[value]
    except (KeyError, TypeError):
        raise ValueError(f"{name}: {value!r}, expected one of {', '.join(map(str, words))}") from None


def encoded(value: Any, name: str) -> bytes:
    """A text for C, where a zero byte would end it."""
    if not isinstance(value, str):
        raise TypeError(f"{name}: {value!r} is no text")
    text = value.encode()
    if b"\0" in text:
        raise ValueError(f"{name}: {value!r} has a zero byte in it")
    return text


def given_bytes(value: Any, name: str) -> bytes:
    """Bytes, or a copy of what has some."""
    if isinstance(value, bytes):
        return value
    try:
        return bytes(memoryview(value))
    except TypeError:
        raise TypeError(f"{name}: {value!r} has no bytes") from None


def texts(values: Optional[Iterable[str]], name: str) -> Any:
    """A C array of texts."""
    if values is None:
        return None
    if isinstance(values, (str, bytes, Mapping, Set)):
        raise TypeError(f"{name}: {values!r}, expected a list of texts")
    names = [encoded(value, f"{name}[{index}]") for index, value in enumerate(values)]
    return (ctypes.c_char_p * max(len(names), 1))(*names)


class Block:
    """Numbers in one block of memory, which stays where it is for as long as this object is there."""

    __slots__ = ("address", "size", "keeps")

    def __init__(self, values: Any) -> None:
        self.size: int = len(values) if isinstance(values, array.array) else values.size
        if isinstance(values, array.array):
            # An array that has given out its buffer can't be resized, by another thread either.
            self.keeps = (ctypes.c_char * (self.size * values.itemsize)).from_buffer(values)
            self.address: Optional[int] = ctypes.addressof(self.keeps)
        else:
            self.keeps, self.address = values, values.ctypes.data


def numbers(values: Any, kind: str, count: Optional[int], name: str, *, keeps: bool = False) -> Optional[Block]:
    """The numbers as they are where they lie in one block of that kind already, else a copy; `count`: so many of them. `keeps`: nobody
    can change them from now on."""
    if values is None:
        return None
    if isinstance(values, (str, Mapping, Set)) or isinstance(values, (bytes, bytearray)) and kind != "uint8":
        raise TypeError(f"{name}: {type(values).__name__}, expected a list of whole numbers")
    block = _numpy_block(values, kind, name) if numpy is not None else _array(values, kind, name)
    size = block.size if numpy is not None else len(block)
    if count is not None and size != count:
        raise ValueError(f"{name}: {size} numbers, expected {count}")
    if keeps:
        block = _fixed(block)
    return Block(block)


def _numpy_block(values: Any, kind: str, name: str) -> Any:
    try:
        block = numpy.asarray(values)
    except (ValueError, OverflowError):
        block = numpy.empty(1, dtype=object)  # lists of different lengths, or numbers beyond all kinds
    if block.dtype.kind not in "iub":
        return numpy.array(_flat(values, kind, name), dtype=kind)
    if block.ndim == 0:
        raise TypeError(f"{name}: {values!r}, expected a list of whole numbers")
    if block.dtype != kind:
        if block.size and (int(block.min()) < 0 or int(block.max()) > _most[kind]):
            _flat(block, kind, name)  # which says where
        block = block.astype(kind)
    return numpy.ascontiguousarray(block)


def _array(values: Any, kind: str, name: str) -> Any:
    if isinstance(values, array.array) and values.typecode == _codes[kind]:
        return values
    return array.array(_codes[kind], _flat(values, kind, name))


def _flat(values: Any, kind: str, name: str) -> list[int]:
    """One after the other; lists of lists, too, as long as each other."""
    if isinstance(values, memoryview):
        values = values.tolist()
    if isinstance(values, (str, Mapping, Set)) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name}: {values!r}, expected whole numbers")
    result: list[int] = []
    size: Optional[int] = None  # of each list in it; -1: it has numbers
    for index, value in enumerate(values):
        place = f"{name}[{index}]"
        is_number = isinstance(value, (str, bytes, bytearray)) or hasattr(value, "__index__") or not hasattr(value, "__iter__")
        part = [whole(value, 0, _most[kind], place)] if is_number else _flat(value, kind, place)
        own = -1 if is_number else len(part)
        if size is not None and size != own:
            raise ValueError(f"{place}: {value!r}, expected as many numbers as before")
        size = own
        result.extend(part)
    return result


def _fixed(block: Any) -> Any:
    """The same numbers where nobody writes: the array itself, which is read-only from now on, with all that it is a view of; or a
    copy."""
    if numpy is None:
        return array.array(block.typecode, block)
    at = block
    while isinstance(at, numpy.ndarray):
        at.flags.writeable = False
        at = at.base
    if at is None or isinstance(at, bytes) or isinstance(at, memoryview) and at.readonly:
        return block
    block = block.copy()
    block.flags.writeable = False
    return block
