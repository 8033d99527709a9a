"""How a test of the contract runs its program, which surfaces it is asked of, and what it compares."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mutagent.testing import CapturedSpans
from tests.integrations.situations import Server, Situation
from tests.integrations.spans import normal, normalised
from tests.integrations.surfaces import Surface
from tests.integrations.ways import ASYNC, SYNC, WAYS, Way

CASES = sorted(Path(__file__).parents[1].glob("*/cases.py"))


def _found() -> Iterable[Surface]:
    for path in CASES:
        yield from importlib.import_module(f"tests.integrations.{path.parent.name}.cases").SURFACES


SURFACES = tuple(_found())
every_way = pytest.mark.parametrize("way", WAYS, ids=repr)


def over(asked: Callable[[Surface], Any], *ways: Way) -> pytest.MarkDecorator:
    """Ask each surface of which ``asked`` is true, in each of its ways."""
    pairs = [(surface, way) for surface in SURFACES if asked(surface) for way in surface.ways if way in (ways or WAYS)]
    return pytest.mark.parametrize(("surface", "way"), pairs, ids=str)


def meeting(situation: Situation, *ways: Way) -> pytest.MarkDecorator:
    """Ask each surface that can be in this situation."""
    return over(lambda surface: surface.meets(situation), *ways)


def _whole(surface: Surface) -> bool:
    return surface.whole is not None


def _streams(surface: Surface) -> bool:
    return surface.streamed is not None


def _generated(surface: Surface) -> bool:
    return surface.generated


every_call = over(lambda surface: True)
every_async_call = over(lambda surface: True, ASYNC)
every_coroutine = over(_whole, ASYNC)
every_stream = over(_streams)
every_sync_stream = over(_streams, SYNC)
every_async_stream = over(_streams, ASYNC)
every_generated_call = over(_generated)
every_generated_stream = over(lambda surface: _generated(surface) and _streams(surface))


def run(
    surface: Surface, way: Way, server: Server, program: Callable[[Any], Awaitable[Any]], **client_options: Any
) -> Any:
    """Run ``program(client)`` and close the client behind it."""

    async def whole() -> Any:
        client = surface.make(way, server.url, **client_options)
        try:
            if surface.open is not None:
                await surface.open(way, client)
            return await program(client)
        finally:
            await (way.close(client) if surface.close is None else surface.close(way, client))

    return way.run(whole())


def complete(
    surface: Surface,
    way: Way,
    server: Server,
    more: Mapping[str, Any] | None = None,
    client_options: Mapping[str, Any] | None = None,
) -> Any:
    """Call a surface's method, with ``more`` arguments, by a client of its own, and read what it gives."""
    return run(
        surface, way, server, lambda client: surface.complete(way, client, **(more or {})), **(client_options or {})
    )


def raised_by(call: Callable[[], Any]) -> BaseException:
    """The exception that a call raises, whichever it is."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is for the caller to compare
        call()
    return raised.value


def seen(captured: CapturedSpans) -> list[dict[str, Any]]:
    """The spans so far, to be compared whole."""
    return [normal(span) for span in captured.spans]


def change(value: Any) -> None:
    """Change every text and lengthen every list in a call's arguments, or in the models of its answer."""
    if isinstance(value, list):
        for item in value:
            change(item)
        value.append("changed since")
    elif isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, str):
                value[name] = "changed since"
            else:
                change(item)
    elif hasattr(value, "__dict__"):
        change(vars(value))


def name_of(error: BaseException) -> str:
    """An exception's full name."""
    return f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")


# What comes with an answer, and so is missing where there was none.
_OF_ANSWERS = ("gen_ai.response", "gen_ai.usage", "mutagent.response", "mutagent.usage", "mutagent.stream", "openai.")


def unanswered(surface: Surface) -> dict[str, Any]:
    """The span of a call that got no answer."""
    span = surface.span
    left_out = ("mutagent.request_id", *surface.of_answer)
    asked = {
        name: value
        for name, value in span["attributes"].items()
        if not name.startswith(_OF_ANSWERS) and name not in left_out
    }
    # Where the call names none (an agent's, say), the model too comes with the answer.
    of_answer = ("output", "tokens", "costUsd", *(() if "gen_ai.request.model" in asked else ("model",)))
    kept = {name: value for name, value in span.items() if name not in of_answer}
    return {**kept, "attributes": {**asked, **surface.failed}}


def failed(
    span: dict[str, Any], error: BaseException, attributes: Mapping[str, Any] | None = None, text: str | None = None
) -> dict[str, Any]:
    """A span, as it is where the program got this exception; ``text`` is what is recorded of ``str(error)``."""
    text = str(error) if text is None else text
    message = text or name_of(error)
    changed = {
        **span,
        "status": "error",
        "statusMessage": message,
        "error": message,
        "attributes": {**span["attributes"], **(attributes or {}), "error.type": name_of(error)},
        "events": [
            {
                "name": "exception",
                "timestamp": "<time>",
                "attributes": {
                    "exception.type": name_of(error),
                    "exception.message": text,
                    "exception.stacktrace": "<stack>",
                },
            }
        ],
    }
    found: dict[str, Any] = normalised(changed)
    return found
