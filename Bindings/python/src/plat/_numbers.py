"""Numbers and texts of the host's: what does not fit is an error that says where, and nothing is cut."""

from __future__ import annotations

import array
import ctypes
import math
import numbers as kinds_of_numbers
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
        number = int.__index__(operator.index(value))  # an int, whatever class of the host's it was
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


def flag(value: Any, name: str) -> bool:
    """Yes or no, Python's or NumPy's; 1 and 0, too. A text is none of them, whatever it says."""
    if numpy is not None and isinstance(value, numpy.bool_):
        return bool(value)
    return whole(value, 0, 1, name) == 1


def number_text(value: Any, name: str) -> str:
    """A number that may have a fraction, as it is. TypeError where it is none (a text is none), ValueError for NaN and infinity."""
    if not isinstance(value, bool):
        try:
            return str(int.__index__(operator.index(value)))
        except TypeError:
            is_whole = isinstance(value, kinds_of_numbers.Integral)  # NumPy's spans of time say so, and are no numbers
        if isinstance(value, kinds_of_numbers.Rational) and not is_whole:
            return f"{int(value.numerator)}/{int(value.denominator)}"
        if isinstance(value, kinds_of_numbers.Real) and not is_whole:
            number = float(value) + 0.0
            if not math.isfinite(number):
                raise ValueError(f"{name}: {value!r} is no number")
            return float.__repr__(number)
    raise TypeError(f"{name}: {value!r} is no number")


def of_class(value: Any, kind: type, name: str) -> Any:
    """An object of the library's own."""
    if not isinstance(value, kind):
        raise TypeError(f"{name}: {value!r}, expected a plat.{kind.__name__}")
    return value


def listed(values: Any, name: str, what: str, *, takes_sets: bool = False) -> list[Any]:
    """What there is in a list, or whatever is gone through like one. How many there are is what came out, not what it says of its length."""
    wrong = (str, bytes, bytearray, Mapping) + (() if takes_sets else (Set,))
    try:
        if isinstance(values, wrong):
            raise TypeError
        items = iter(values)
    except TypeError:
        raise TypeError(f"{name}: {values!r}, expected {what}") from None
    return list(items)


def encoded(value: Any, name: str) -> bytes:
    """A text for C, where a zero byte would end it."""
    if not isinstance(value, str):
        raise TypeError(f"{name}: {value!r} is no text")
    text = str.encode(value)
    if b"\0" in text:
        raise ValueError(f"{name}: {value!r} has a zero byte in it")
    return text


def byte_view(value: Any, name: str) -> memoryview:
    """Bytes where they lie. Texts, numbers and lists of them have memory as well (NumPy's show it): that is nobody's key or message."""
    try:
        view = None if numpy is not None and isinstance(value, numpy.generic) else memoryview(value)
    except (TypeError, ValueError, BufferError):
        view = None
    if view is None or view.ndim != 1 or view.format.lstrip("@=<>!") not in ("B", "b", "c"):
        raise TypeError(f"{name}: {value!r} has no bytes")
    return view


def given_bytes(value: Any, name: str) -> bytes:
    """Bytes, or a copy of what has some."""
    if isinstance(value, bytes):
        return bytes.__getitem__(value, slice(None))  # plain ones, whatever class of the host's (or NumPy's) they are of
    return byte_view(value, name).tobytes()


class Texts:
    """A C array of texts, and how many they are."""

    __slots__ = ("address", "size", "keeps")

    def __init__(self, texts: list[bytes]) -> None:
        self.size = len(texts)
        self.keeps = (ctypes.c_char_p * max(self.size, 1))(*texts)
        self.address = ctypes.addressof(self.keeps)


def texts(values: Optional[Iterable[str]], name: str) -> Optional[Texts]:
    if values is None:
        return None
    return Texts([encoded(value, f"{name}[{index}]") for index, value in enumerate(listed(values, name, "a list of texts"))])


class Block:
    """Numbers in one block of memory, which stays where it is for as long as this object is there."""

    __slots__ = ("address", "size", "keeps")

    def __init__(self, values: Any) -> None:
        self.size: int = len(values) if type(values) is array.array else values.size
        if type(values) is array.array:
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
    return numpy.require(block, requirements=["C", "A"])


def _array(values: Any, kind: str, name: str) -> Any:
    if type(values) is array.array and values.typecode == _codes[kind]:
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
