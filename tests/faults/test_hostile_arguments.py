"""Whatever stands in an argument of any traced method: the call is as without us, none of the value's code runs for us.

The methods and their ordinary arguments are the contract's. Each argument that a method knows of, and each value within
an ordinary one, gives way to a hostile value in its turn. OpenAI's and Anthropic's methods are asked more, elsewhere.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mutagent import guard
from mutagent.auto import hooks
from mutagent.testing import capture
from tests.faults.spies import Description, Notes, made
from tests.faults.test_hostile_values import outcome
from tests.integrations.contract.program import SURFACES
from tests.integrations.situations import Situation
from tests.integrations.surfaces import Surface
from tests.integrations.ways import SYNC

Place = tuple[str | int, ...]

# None whose class can be asked: how often pydantic does that hangs on what was collected meanwhile.
_VALUES: tuple[Description, ...] = (
    ("spy", "never ends"),
    ("str", "never ends"),
    ("list below", "never ends"),
    ("dict below", "never ends"),
    ("list", [("spy", "never ends")]),
    ("generator", None),
    ("dict", [("type", ("spy", "raises")), ("role", ("plain", "user")), ("content", ("spy", "never ends"))]),
)
# What has no named parameters says nothing of what it takes.
_ALSO = {
    "bedrock": ("system", "toolConfig", "inferenceConfig", "additionalModelRequestFields", "guardrailConfig", "modelId",
                "guardrailIdentifier"),
    "google-genai": ("config",),
}  # fmt: skip
# How long to wait and how often to try is the library's business; what it does with a hostile answer takes seconds.
_NOT_THESE = frozenset({"self", "kwargs", "args", "timeout", "timeout_ms", "retries", "request_options", "max_retries"})


def _within(value: Any, place: Place) -> Iterator[Place]:
    yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from _within(inner, (*place, name))


def places(surface: Surface, method: Callable[..., Any]) -> list[Place]:
    """Where a value can go: the method's parameters, and all that its ordinary arguments are made of."""
    named = dict.fromkeys((*inspect.signature(method).parameters, *_ALSO.get(surface.integration, ())))
    within = [place for name, value in surface.arguments.items() for place in _within(value, (name,))]
    return [place for place in dict.fromkeys([*((name,) for name in named), *within]) if place[0] not in _NOT_THESE]


def with_value(arguments: Any, place: Place, value: Any) -> Any:
    """A copy of the arguments in which ``value`` stands at ``place``."""
    if not place:
        return value
    held = list(arguments) if isinstance(arguments, list) else dict(arguments)
    inner = held.get(place[0]) if isinstance(held, dict) else held[place[0]]  # type: ignore[index]
    held[place[0]] = with_value(inner, place[1:], value)  # type: ignore[index]
    return held


def outcomes(surface: Surface, url: str) -> list[tuple[Place, Any, Notes]]:
    """What comes of a call for each place, and which methods of the value were run for it."""
    client = surface.make(SYNC, url)
    method = surface.bound(SYNC, client)
    found: list[tuple[Place, Any, Notes]] = []
    for number, place in enumerate(places(surface, method)):
        notes: Notes = []
        given = with_value(surface.arguments, place, made(_VALUES[number % len(_VALUES)], notes))
        found.append((place, outcome(lambda given=given: method(**given)), notes))  # type: ignore[misc]
    SYNC.run(SYNC.close(client) if surface.close is None else surface.close(SYNC, client))
    return found


# What only streams reads its arguments as the method beside it does that gives whole answers.
ASKED = [
    surface
    for surface in SURFACES
    if SYNC in surface.ways and surface.whole is not None and surface.integration not in ("openai", "anthropic")
]


@pytest.mark.parametrize("surface", ASKED, ids=str)
def test_a_call_is_what_it_is_without_us(surface: Surface) -> None:
    surface.require()
    server = surface.serve(Situation.ANSWERED)
    try:
        alone = outcomes(surface, server.url)
        guard.forget()
        hooks.install()
        try:
            with capture() as captured:
                traced = outcomes(surface, server.url)
        finally:
            hooks.uninstall()
    finally:
        server.close()
    assert traced == alone
    assert guard.failures == {}
    assert len(captured.spans) == len(traced)
