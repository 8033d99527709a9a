"""A stand-in for a stream that has no inner iterator to replace: it forwards everything and passes for its type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import wrapt

if TYPE_CHECKING:
    from mutagent.integrations.streams import Recording

    # Generic for type checkers, and since wrapt 2 only.
    _ObjectProxy = wrapt.ObjectProxy[Any]
else:
    _ObjectProxy = wrapt.ObjectProxy


class StreamProxy(_ObjectProxy):
    """Forwards to the stream, and iterates, enters and closes through its recording."""

    _self_recording: Recording

    def __init__(self, stream: Any, recording: Recording) -> None:
        super().__init__(stream)
        self._self_recording = recording

    def __iter__(self) -> Any:
        if hasattr(type(self.__wrapped__), "__next__"):
            return self
        return _rebased(self._self_recording, iter(self.__wrapped__))

    def __next__(self) -> Any:
        return next(self._self_recording)

    def __aiter__(self) -> Any:
        if hasattr(type(self.__wrapped__), "__anext__"):
            return self
        return _rebased(self._self_recording, self.__wrapped__.__aiter__())

    def __anext__(self) -> Any:
        return self._self_recording.__anext__()

    def __enter__(self) -> Any:
        entered = self.__wrapped__.__enter__()
        return self if entered is self.__wrapped__ else entered

    def __exit__(self, *details: Any) -> Any:
        try:
            return self.__wrapped__.__exit__(*details)
        finally:
            self._self_recording.finish("closed")

    async def __aenter__(self) -> Any:
        entered = await self.__wrapped__.__aenter__()
        return self if entered is self.__wrapped__ else entered

    async def __aexit__(self, *details: Any) -> Any:
        try:
            return await self.__wrapped__.__aexit__(*details)
        finally:
            self._self_recording.finish("closed")

    def send(self, value: Any) -> Any:
        return self._self_recording.send(value)

    def close(self) -> Any:
        try:
            return self.__wrapped__.close()
        finally:
            self._self_recording.finish("closed")

    async def aclose(self) -> Any:
        try:
            return await self.__wrapped__.aclose()
        finally:
            self._self_recording.finish("closed")


def _rebased(recording: Recording, inner: Any) -> Recording:
    recording.inner = inner
    return recording
