"""Any value → a bounded, JSON-safe copy of what it was at this moment.

People append to ``messages`` after the call, so values are copied, or taken as bytes, when the call is made. No code of
theirs runs: known plain types are read through the C slots of their builtin base, pydantic models and dataclasses
through their storage, and everything else is its ``<module.Class>``. The budget is in nodes and bytes, not in
milliseconds, so the same value always gives the same copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mutagent.capture import media
from mutagent.capture.kinds import kind_of
from mutagent.capture.plain import PLAIN_KINDS, is_kind, is_unset, loaded, model_fields, type_label

MAX_NODES = 10_000
MAX_DEPTH = 24
MAX_BYTES = 131_072
_MAX_INT_BITS = 4_096
# A text shorter than this is kept as it is: it is no media, and the budget has room for it.
SHORT = 512
# Of a list that is too long, a quarter of the budget goes to its head (system prompt), the rest to its tail.
_HEAD_SHARE = 4

_max_bytes = MAX_BYTES


def max_bytes() -> int:
    """Bytes of text that a snapshot keeps where its caller doesn't say."""
    return _max_bytes


def set_max_bytes(max_bytes: int) -> None:
    """Bytes of text that every snapshot from here on keeps, where its caller doesn't say."""
    global _max_bytes
    _max_bytes = max_bytes


def snapshot(value: Any, max_bytes: int | None = None, field: str | None = None) -> Any:
    """A copy of ``value`` made of dict, list, str, int, float, bool and None.

    Args:
        value: anything; iterators, files and the like are never consumed.
        max_bytes: characters of text kept in all; longer strings keep head and tail.
        field: the name the value goes by, which tells media from text.
    """
    return value if own_copies((value,)) else Snapshot(max_bytes).take(value, field)


def own_copies(values: Iterable[Any]) -> bool:
    """Whether values can be kept as they are: None, bools, short strings, ints of 63 bits, finite floats."""
    for value in values:
        kind = type(value)
        if kind is str:
            if len(value) >= SHORT:
                return False
        elif kind is int:
            if value.bit_length() >= 64:
                return False
        elif value is not None and kind is not bool and (kind is not float or value - value != 0.0):
            return False
    return True


def flat_copy(value: dict[str, Any]) -> dict[str, Any]:
    """A snapshot of a dict with string keys, by the short way where all its values can be kept as they are."""
    return value.copy() if own_copies(value.values()) else Snapshot().mapping(value)


def shortened(text: str, keep: int) -> str:
    """A text of at most ``keep`` characters as it is; of a longer one so many of head and tail, and what was cut."""
    cut = len(text) - keep
    if cut <= 0:
        return text
    tail = keep // 3
    return f"{text[: keep - tail]}…[{cut} characters cut]…{text[len(text) - tail :]}"


class Snapshot:
    """One budget of nodes and bytes, spent over any number of values."""

    __slots__ = ("bytes_left", "depth", "nodes_left", "path")

    def __init__(self, max_bytes: int | None = None, max_nodes: int = MAX_NODES) -> None:
        self.bytes_left = _max_bytes if max_bytes is None else max_bytes
        self.nodes_left = max_nodes
        self.depth = 0
        self.path: list[int] = []

    def take(self, value: Any, field: str | None = None) -> Any:
        """The copy of one value within what is left of the budget."""
        self.nodes_left -= 1
        kind = type(value)
        if kind is str:
            return self.text(value, field)
        if value is None or kind is bool:
            return value
        if kind is int:
            return value if -(1 << 63) <= value < 1 << 64 else _big_int(value)
        if kind is float:
            return value if value - value == 0 else None  # NaN and infinities have no JSON form
        if kind is dict or kind is list or kind is tuple:
            return self.nested(self.mapping if kind is dict else self.sequence, value, value)
        return self.uncommon(value, kind, field)

    def text(self, value: str, field: str | None = None) -> Any:
        """A string: whole, as a media placeholder, or its head and tail with what was cut between them."""
        size = len(value)
        if size >= SHORT:
            placeholder = media.text_placeholder(value, field)
            if placeholder is not None:
                return placeholder
        if size <= self.bytes_left:
            self.bytes_left -= size
            return value
        keep = max(self.bytes_left, 0)
        self.bytes_left = 0
        return shortened(value, keep)

    def nested(self, take: Callable[[Any], Any], identity: Any, content: Any) -> Any:
        """A container, unless the depth or the nodes are used up or it holds itself."""
        if self.depth >= MAX_DEPTH or self.nodes_left <= 0:
            return f"{type_label(type(identity))[:-1]}, not recorded: too much>"
        number = id(identity)
        if number in self.path:
            return f"{type_label(type(identity))[:-1]}, circular>"
        self.path.append(number)
        self.depth += 1
        try:
            return take(content)
        finally:
            self.depth -= 1
            self.path.pop()

    def mapping(self, value: dict[Any, Any]) -> dict[str, Any]:
        """A dict, by string keys."""
        copy: dict[str, Any] = {}
        # In one C call: another thread may write to the dict while we walk it.
        for key, item in list(dict.items(value)):
            if self.nodes_left <= 0:
                copy["…"] = f"{len(value) - len(copy)} more"
                break
            name = key if type(key) is str else _key(key)
            kind = type(item)
            # Here, and not by calls that take longer than all else: of the tools of a request, a tenth.
            if item is None or kind is bool or (kind is int and -(1 << 63) <= item < 1 << 64):
                self.nodes_left -= 1
                copy[name] = item
            elif kind is str and (size := len(item)) < SHORT and size <= self.bytes_left:
                self.nodes_left -= 1
                self.bytes_left -= size
                copy[name] = item
            elif id(kind) in PLAIN_KINDS or not is_unset(item):
                copy[name] = self.take(item, name)
        return copy

    def sequence(self, value: list[Any] | tuple[Any, ...], take: Callable[[Any], Any] | None = None) -> list[Any]:
        """A list or a tuple, each item by ``take``; of one that is too long, the head and the tail."""
        take = take or self.take
        items = list(value)
        copy: list[Any] = []
        floor_bytes = self.bytes_left - self.bytes_left // _HEAD_SHARE
        floor_nodes = self.nodes_left - self.nodes_left // _HEAD_SHARE
        for item in items:
            if self.bytes_left <= floor_bytes or self.nodes_left <= floor_nodes:
                break
            copy.append(take(item))
        else:
            return copy
        position = len(copy)
        tail: list[Any] = []
        end = len(items)
        while end > position and self.bytes_left > 0 and self.nodes_left > 0:
            end -= 1
            tail.append(take(items[end]))
        if end > position:
            copy.append(f"…[{end - position} items cut]…")
        copy.extend(reversed(tail))
        return copy

    def copied(self, before: Copied) -> Any:
        """What was copied before, where it would be the same copy now."""
        if before.bytes > self.bytes_left or before.nodes > self.nodes_left:
            return self.take(before.source)
        self.bytes_left -= before.bytes
        self.nodes_left -= before.nodes
        # Not the same list twice: a span's are its own to add to.
        return before.copy.copy() if type(before.copy) is list else before.copy

    def uncommon(self, value: Any, kind: type, field: str | None) -> Any:
        """Subclasses of plain types, bytes, sets, times, paths, models; the class's name for what is none of them."""
        if kind is Copied:
            return self.copied(value)
        base = kind_of(kind).plain
        if base:
            return _BASES[base](self, value, field)
        fields = model_fields(value)
        if fields is not None:
            return self.nested(self.mapping, value, fields)
        return _plain_form(value, kind)


class Copied:
    """A value that goes into one snapshot after another, copied once.

    Args:
        source: the value, which nobody writes to any more.
    """

    __slots__ = ("bytes", "copy", "nodes", "source")

    def __init__(self, source: Any) -> None:
        budget = Snapshot()
        self.source = source
        self.copy = budget.take(source)
        self.bytes = _max_bytes - budget.bytes_left
        self.nodes = MAX_NODES - budget.nodes_left


def _key(key: Any) -> str:
    if is_kind(key, str):
        return str.__str__(key)
    kind = type(key)
    return str(key) if key is None or kind is int or kind is float or kind is bool else type_label(kind)


def _big_int(value: int) -> Any:
    bits = value.bit_length()
    # Python refuses to print very long integers (https://docs.python.org/3/library/stdtypes.html#int-max-str-digits).
    return str(value) if bits <= _MAX_INT_BITS else f"<int of {bits} bits>"


def _enum_value(snapshot: Snapshot, value: Any) -> Any:
    from mutagent.capture.plain import instance_dict

    return snapshot.take((instance_dict(value) or {}).get("_value_"))


def _set_items(snapshot: Snapshot, value: Any, field: str | None) -> Any:
    base = set if is_kind(value, set) else frozenset
    return snapshot.nested(snapshot.sequence, value, list(base.__iter__(value)))


def _bytearray(snapshot: Snapshot, value: Any, field: str | None) -> Any:
    exact = type(value) is bytearray
    return media.bytes_placeholder(value if exact else bytearray.__getitem__(value, slice(None)))


def _view(snapshot: Snapshot, value: Any, field: str | None) -> Any:
    try:
        return media.bytes_placeholder(value)
    except ValueError:  # it was released
        return type_label(memoryview)


# Subclasses are read through the base's own C methods. By id, as a class of the user's may have its own hash.
_BASES: dict[int, Callable[[Snapshot, Any, str | None], Any]] = {
    id(base): take
    for base, take in (
        (str, lambda snap, value, field: snap.text(str.__str__(value), field)),
        (bytes, lambda snap, value, field: media.bytes_placeholder(bytes.__getitem__(value, slice(None)))),
        (bytearray, _bytearray),
        (memoryview, _view),
        (int, lambda snap, value, field: snap.take(int.__add__(value, 0))),
        (float, lambda snap, value, field: snap.take(float.__add__(value, 0.0))),
        (dict, lambda snap, value, field: snap.nested(snap.mapping, value, value)),
        (list, lambda snap, value, field: snap.nested(snap.sequence, value, list(list.__iter__(value)))),
        (tuple, lambda snap, value, field: snap.nested(snap.sequence, value, list(tuple.__iter__(value)))),
        (set, _set_items),
        (frozenset, _set_items),
    )
}


def _iso(value: Any) -> str:
    zone = value.tzinfo
    timezone = loaded("datetime", "timezone")
    # A zone of the user's own class would run its utcoffset().
    known = zone is None or type(zone) is timezone or type(zone) is loaded("zoneinfo", "ZoneInfo")
    return str((value if known else value.replace(tzinfo=None)).isoformat())


_PLAIN_FORMS: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("datetime", "datetime", _iso),
    ("datetime", "time", _iso),
    ("datetime", "date", lambda value: value.isoformat()),
    ("datetime", "timedelta", lambda value: str(value)),
    ("uuid", "UUID", lambda value: str(value)),
    ("decimal", "Decimal", lambda value: str(value)),
    ("pathlib", "PosixPath", lambda value: str(value)),
    ("pathlib", "WindowsPath", lambda value: str(value)),
    ("pathlib", "PurePosixPath", lambda value: str(value)),
)


def _plain_form(value: Any, kind: type) -> Any:
    for module, name, form in _PLAIN_FORMS:
        if kind is loaded(module, name):
            return form(value)
    enum = loaded("enum", "Enum")
    if enum is not None and is_kind(value, enum):
        return _enum_value(Snapshot(4096, 100), value)
    if kind is type or is_kind(value, type):
        return f"<class {type_label(value)[1:-1]}>"
    return type_label(kind)
