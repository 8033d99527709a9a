"""Bodies that can be read once, watched from inside while the program reads them: nothing is read on its behalf.

What a body reads from is replaced by a proxy that keeps what went through. The span ends when the program has it all,
has closed the body, or has forgotten it; what it took by then is what is read.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from functools import lru_cache, partial
from typing import Any

from mutagent.guard import Guard, attempt
from mutagent.integrations.engine import Call
from mutagent.integrations.proxy import StandIn, with_special

# Where a body keeps what it reads from (older aiobotocore bodies are proxies themselves), and how much that will give.
_INNER = ("_raw_stream", "__wrapped__")
_SIZE = ("_content_length", "_self_content_length")
# An answer larger than this (a picture, a film) is passed on and not kept.
_MAX_KEPT = 1 << 25


def watch(call: Call, answer: dict[str, Any], key: str) -> bool:
    """Watch the body of an answer. False where it is nothing that could be watched."""
    body = answer.get(key)
    name = next((name for name in _INNER if getattr(body, name, None) is not None), None)
    if body is None or name is None:
        return False
    told = next((str(size) for at in _SIZE if (size := getattr(body, at, None)) is not None), "")
    size = int(told) if told.isdigit() else None
    tap = _Tap(call, answer, key, size)
    if size == 0:
        tap.finish(None)
        return True
    setattr(body, name, _before(getattr(body, name), tap))
    return True


class _Tap:
    """What has gone through, and the call that it answers."""

    __slots__ = ("answer", "call", "ended", "kept", "key", "parts", "size", "taken")

    def __init__(self, call: Call, answer: dict[str, Any], key: str, size: int | None) -> None:
        self.call = call
        # Without the body, which must be free to be forgotten.
        self.answer = {name: value for name, value in answer.items() if name != key}
        self.key = key
        self.size = size
        self.parts: list[bytes] = []
        self.kept = 0
        self.taken = 0
        self.ended = False

    def run(self, read: Callable[[], Any], took: Callable[[Any], None]) -> Any:
        """One read, sync or async: ``took`` is shown what it gave, and the program gets it."""
        try:
            given = read()
        except BaseException as error:
            self.finish("failed", error)
            raise
        if inspect.isawaitable(given):
            return self._awaited(given, took)
        attempt(self.call.traced, "body", took, given)
        return given

    async def _awaited(self, reading: Any, took: Callable[[Any], None]) -> Any:
        try:
            given = await reading
        except BaseException as error:
            self.finish("failed", error)
            raise
        attempt(self.call.traced, "body", took, given)
        return given

    def took(self, data: bytes, wanted: int | None) -> None:
        """Keep what was read; ``wanted`` is how many bytes were asked for, None for all."""
        self.taken += len(data)
        if self.taken <= _MAX_KEPT:
            self.parts.append(bytes(data))
        else:
            self.parts.clear()
        if wanted is None or (not data and wanted > 0) or (self.size is not None and self.taken >= self.size):
            self.finish(None)

    def finish(self, outcome: str | None, error: BaseException | None = None) -> None:
        """End the span with what was read; later calls do nothing."""
        if self.ended:
            return
        self.ended = True
        call, answer = self.call, {**self.answer, self.key: b"".join(self.parts)}
        self.parts.clear()
        if outcome is not None:
            call.span.attributes["mutagent.stream.outcome"] = outcome
        if error is None:
            call.succeeded(answer)
        else:
            attempt(call.traced, "response", call.record_answer, answer)
            call.failed(error)

    def __del__(self) -> None:
        with Guard("forgotten body"):
            if not self.ended:
                self.finish("abandoned")


class _Tapped(StandIn):
    """Stands before what a body reads from (urllib3's response, aiohttp's, httpx's) and shows the tap what it gives."""

    __slots__ = ("_mutagent_tap",)
    _mutagent_tap: _Tap

    def __init__(self, stream: Any, tap: _Tap) -> None:
        super().__init__(stream)
        object.__setattr__(self, "_mutagent_tap", tap)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._mutagent_stream, name)
        watched = _WATCHED.get(name)
        return found if watched is None else watched(self._mutagent_tap, found)


def _before(stream: Any, tap: _Tap) -> Any:
    kind: Any = type(stream)
    return _class_for(kind)(stream, tap)


@lru_cache(maxsize=64)
def _class_for(kind: type) -> type[_Tapped]:
    return with_special(_Tapped, kind, _SPECIAL)


def _reading(
    size_of: Callable[[tuple[Any, ...], Any], int | None], bytes_of: Callable[[tuple[Any, ...], Any], bytes]
) -> Any:
    """A watched method that reads: how many bytes its arguments ask for, and which it gave."""

    def watched(tap: _Tap, read: Callable[..., Any]) -> Callable[..., Any]:
        def method(*args: Any, **named: Any) -> Any:
            given = (*args, *named.values())

            def took(found: Any) -> None:
                tap.took(bytes_of(given, found), size_of(given, found))

            return tap.run(partial(read, *args, **named), took)

        return method

    return watched


def _asked(given: tuple[Any, ...], found: Any) -> int | None:
    size = given[0] if given else None
    return size if type(size) is int and size >= 0 else None


def _flowing(tap: _Tap, flow: Callable[..., Any]) -> Callable[..., Any]:
    def method(*args: Any, **named: Any) -> Any:
        pieces = flow(*args, **named)
        return _async_pieces(tap, pieces) if hasattr(pieces, "__aiter__") else _pieces(tap, pieces)

    return method


def _pieces(tap: _Tap, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        attempt(tap.call.traced, "body", tap.took, piece, 1)
        yield piece
    tap.finish(None)


async def _async_pieces(tap: _Tap, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in pieces:
        attempt(tap.call.traced, "body", tap.took, piece, 1)
        yield piece
    tap.finish(None)


def _closing(tap: _Tap, close: Callable[..., Any]) -> Callable[..., Any]:
    def method(*args: Any) -> Any:
        tap.finish("closed")
        return close(*args)

    return method


_WATCHED: dict[str, Callable[[_Tap, Any], Any]] = {
    "read": _reading(_asked, lambda given, data: data),
    "readinto": _reading(lambda given, count: len(given[0]), lambda given, count: bytes(memoryview(given[0])[:count])),
    "readline": _reading(lambda given, line: 1, lambda given, line: line),
    "readlines": _reading(lambda given, lines: None, lambda given, lines: b"".join(lines)),
    "stream": _flowing,
    "aiter_raw": _flowing,
    "close": _closing,
    "aclose": _closing,
    # aiohttp's response reads from another object.
    "content": lambda tap, content: _before(content, tap),
}


def _iter(self: _Tapped) -> Iterator[bytes]:
    return _pieces(self._mutagent_tap, iter(self._mutagent_stream))


def _enter(self: _Tapped) -> Any:
    entered = self._mutagent_stream.__enter__()
    return self if entered is self._mutagent_stream else entered


def _exit(self: _Tapped, *details: Any) -> Any:
    return _closing(self._mutagent_tap, self._mutagent_stream.__exit__)(*details)


async def _aenter(self: _Tapped) -> Any:
    entered = await self._mutagent_stream.__aenter__()
    return self if entered is self._mutagent_stream else entered


async def _aexit(self: _Tapped, *details: Any) -> Any:
    return await _closing(self._mutagent_tap, self._mutagent_stream.__aexit__)(*details)


_SPECIAL: dict[str, Callable[..., Any]] = {
    "__iter__": _iter, "__enter__": _enter, "__exit__": _exit, "__aenter__": _aenter, "__aexit__": _aexit,
}  # fmt: skip
