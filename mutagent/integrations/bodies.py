"""Bodies that can be read once, watched from inside while the program reads them: nothing is read on its behalf.

What a body reads from is replaced by a proxy that keeps what went through. The span ends when the program has it all,
has closed the body, or has forgotten it; what it took by then is what is read.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import wrapt

from mutagent.guard import Guard, attempt
from mutagent.integrations.engine import Call

if TYPE_CHECKING:
    # Generic for type checkers, and since wrapt 2 only.
    _ObjectProxy = wrapt.ObjectProxy[Any]
else:
    _ObjectProxy = wrapt.ObjectProxy

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
    setattr(body, name, _Tapped(getattr(body, name), tap))
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


class _Tapped(_ObjectProxy):
    """Forwards to what a body reads from (urllib3's response, aiohttp's, httpx's) and shows the tap what it gives."""

    _self_tap: _Tap

    def __init__(self, inner: Any, tap: _Tap) -> None:
        super().__init__(inner)
        self._self_tap = tap

    def read(self, amt: Any = None, **options: Any) -> Any:
        tap, read = self._self_tap, self.__wrapped__.read
        wanted = amt if type(amt) is int and amt >= 0 else None
        # aiohttp's response takes no size, as its stream does.
        arguments = () if amt is None else (amt,)
        return tap.run(partial(read, *arguments, **options), lambda data: tap.took(data, wanted))

    def readinto(self, into: Any) -> Any:
        tap, view = self._self_tap, memoryview(into)
        return tap.run(partial(self.__wrapped__.readinto, into), lambda count: tap.took(bytes(view[:count]), len(view)))

    def readline(self, *args: Any) -> Any:
        tap = self._self_tap
        return tap.run(partial(self.__wrapped__.readline, *args), lambda line: tap.took(line, 1))

    def readlines(self, *args: Any) -> Any:
        tap = self._self_tap
        return tap.run(partial(self.__wrapped__.readlines, *args), lambda lines: tap.took(b"".join(lines), None))

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        return self._self_pieces(self.__wrapped__.stream(*args, **kwargs))

    def __iter__(self) -> Iterator[bytes]:
        return self._self_pieces(iter(self.__wrapped__))

    def _self_pieces(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        tap = self._self_tap
        for piece in pieces:
            attempt(tap.call.traced, "body", tap.took, piece, 1)
            yield piece
        tap.finish(None)

    async def aiter_raw(self, *args: Any, **kwargs: Any) -> AsyncIterator[bytes]:
        tap = self._self_tap
        async for piece in self.__wrapped__.aiter_raw(*args, **kwargs):
            attempt(tap.call.traced, "body", tap.took, piece, 1)
            yield piece
        tap.finish(None)

    @property
    def content(self) -> Any:
        return _Tapped(self.__wrapped__.content, self._self_tap)

    def close(self) -> Any:
        return self._self_closed(self.__wrapped__.close)

    def aclose(self) -> Any:
        return self._self_closed(self.__wrapped__.aclose)

    def _self_closed(self, close: Callable[[], Any]) -> Any:
        self._self_tap.finish("closed")
        return close()

    def __enter__(self) -> Any:
        entered = self.__wrapped__.__enter__()
        return self if entered is self.__wrapped__ else entered

    def __exit__(self, *details: Any) -> Any:
        self._self_tap.finish("closed")
        return self.__wrapped__.__exit__(*details)

    async def __aenter__(self) -> Any:
        entered = await self.__wrapped__.__aenter__()
        return self if entered is self.__wrapped__ else entered

    async def __aexit__(self, *details: Any) -> Any:
        self._self_tap.finish("closed")
        return await self.__wrapped__.__aexit__(*details)
