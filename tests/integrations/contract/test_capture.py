"""What a span holds of a call: no secret, and no content where that is not wanted; and what happens where we fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mutagent import guard
from mutagent.auto import catalogue, hooks
from mutagent.integrations.spec import Alias, Dispatch, Manager, Session, Target
from mutagent.testing import capture
from tests.integrations.contract.program import complete, every_call, run, seen
from tests.integrations.late import LateSpans, late_capture
from tests.integrations.spans import without
from tests.integrations.surfaces import KEY

SECRETS = (KEY, "header-secret", "query-secret")
CONTENT = ("input", "output", "gen_ai.system_instructions", "gen_ai.tool.definitions", "gen_ai.retrieval.query.text")


@every_call
def test_no_secret_is_recorded(surface, way, server_of, captured):
    complete(surface, way, server_of(surface), surface.secrets)
    recorded = json.dumps(captured.spans)
    assert [secret for secret in SECRETS if secret in recorded] == []
    assert " object at 0x" not in recorded
    assert len(captured.spans) == 1


@every_call
def test_content_that_is_not_to_be_captured_is_not_recorded(surface, way, server_of):
    hooks.install()
    try:
        with capture(capture_inputs=False, capture_outputs=False) as captured:
            complete(surface, way, server_of(surface))
    finally:
        hooks.uninstall()
    expected = without(surface.here(surface.span), *CONTENT)
    (span,) = seen(captured)
    # Of the parameters those go too in which people write what they like.
    gone = [name for name in expected["attributes"] if name not in span["attributes"]]
    assert [name for name in gone if not name.startswith(("mutagent.request.", "gen_ai.request.stop_"))] == []
    assert span == without(expected, *gone)
    recorded = json.dumps(span)
    said = texts([surface.span.get("input"), surface.span.get("output")])
    assert [text for text in said if text in recorded] == []


def texts(value: Any) -> Iterator[str]:
    """The words in an input or output, beside those that say what it is made of."""
    if isinstance(value, str) and len(value) > 3:
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name not in ("role", "type", "id"):
                yield from texts(item)


@every_call
def test_a_reader_that_fails_leaves_the_call_alone_and_is_switched_off(surface, way, server_of, monkeypatch, capfd):
    def broken(*arguments: Any) -> Any:
        raise ZeroDivisionError("ours")

    captured: LateSpans | None = None

    async def program(client: Any) -> Any:
        answers = []
        for _ in range(12):
            answers.append(surface.plainly(await surface.complete(way, client)))
            if captured is not None:
                captured.encode()  # as the worker does: what is wrong with a call shows when it is read
        return answers

    alone = run(surface, way, server_of(surface), program)
    for target in targets(surface.integration):
        monkeypatch.setattr(target, "request", broken)
        monkeypatch.setattr(target, "response", broken)
        monkeypatch.setattr(target, "chunks", target.chunks and broken)
    monkeypatch.setattr(guard, "_said", set())
    hooks.install()
    try:
        with late_capture() as captured:
            assert run(surface, way, server_of(surface), program) == alone
    finally:
        hooks.uninstall()
        guard.forget()
    said = [line for line in capfd.readouterr().err.splitlines() if line.startswith("mutagent: ")]
    # A method may work by another that is traced as well, where itself it is not: each is told of once.
    assert len(said) == len({line.split(" is no longer traced")[0] for line in said}) in (1, 2)
    # A call may fail in both readers: ten failures are five calls at least.
    assert 5 <= len(captured.spans) <= 10 * len(said)


def targets(integration: str) -> Iterator[Target]:
    """Every target of an integration."""
    for piece in catalogue.load(integration).all_pieces:
        if isinstance(piece, Target):
            yield piece
        elif isinstance(piece, Dispatch):
            yield from piece.targets
        elif isinstance(piece, (Manager, Session)):
            yield piece.call
        elif isinstance(piece, Alias):
            yield piece.of
