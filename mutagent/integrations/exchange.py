"""What a spec's functions give: what one call asks for, and what it gave.

Plain classes: as dataclasses these three took 12 million instructions of each import of an LLM library, a tenth of all
that auto mode added to it, and so they take one.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Values:
    """Prints and compares by its fields."""

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__qualname__}({', '.join(shown)})"


class Request(_Values):
    """What one call asks for.

    ``input`` is a wire-form IO dict; ``parameters`` go by the provider's names, ``attributes`` by those of the span.
    ``server`` is the base URL, ``name`` the span's where operation and model don't say it; ``streamed``: as a stream.
    """

    __slots__ = ("attributes", "input", "model", "name", "parameters", "provider", "server", "streamed")

    def __init__(
        self,
        model: str | None = None,
        provider: str | None = None,
        input: dict[str, Any] | None = None,
        parameters: dict[str, Any] | None = None,
        attributes: dict[str, Any] | None = None,
        server: str | None = None,
        streamed: bool = False,
        name: str | None = None,
    ) -> None:
        self.model = model
        self.provider = provider
        self.input = input
        self.parameters: dict[str, Any] = {} if parameters is None else parameters
        self.attributes: dict[str, Any] = {} if attributes is None else attributes
        self.server = server
        self.streamed = streamed
        self.name = name


class Usage(_Values):
    """Token counts after normalisation: input includes both cache parts, output includes reasoning.

    What the provider didn't say is None. ``raw`` is a snapshot of the provider's own object.
    """

    __slots__ = (
        "cache_creation", "cache_read", "input", "input_audio", "output", "output_audio", "raw", "reasoning", "total",
    )  # fmt: skip

    def __init__(
        self,
        input: int | None = None,
        output: int | None = None,
        total: int | None = None,
        cache_read: int | None = None,
        cache_creation: int | None = None,
        reasoning: int | None = None,
        input_audio: int | None = None,
        output_audio: int | None = None,
        raw: Any = None,
    ) -> None:
        self.input = input
        self.output = output
        self.total = total
        self.cache_read = cache_read
        self.cache_creation = cache_creation
        self.reasoning = reasoning
        self.input_audio = input_audio
        self.output_audio = output_audio
        self.raw = raw


class Response(_Values):
    """What one call gave: the model that answered, the provider's ids and words, the output as a wire-form IO dict.

    ``provider`` is who answered, where that was not clear before; ``server`` the software that answers, as provider of
    those whose address says nothing. ``error`` is a failure that came as an answer, not as an exception.
    """

    __slots__ = (
        "attributes", "error", "finish_reasons", "id", "model", "output", "provider", "server", "usage",
    )  # fmt: skip

    def __init__(
        self,
        model: str | None = None,
        provider: str | None = None,
        id: str | None = None,
        finish_reasons: list[str] | None = None,
        output: dict[str, Any] | None = None,
        usage: Usage | None = None,
        attributes: dict[str, Any] | None = None,
        error: str | None = None,
        server: str | None = None,
    ) -> None:
        self.model = model
        self.provider = provider
        self.id = id
        self.finish_reasons: list[str] = [] if finish_reasons is None else finish_reasons
        self.output = output
        self.usage = usage
        self.attributes: dict[str, Any] = {} if attributes is None else attributes
        self.error = error
        self.server = server
