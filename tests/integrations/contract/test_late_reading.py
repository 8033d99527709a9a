"""What is read late really is, for the clients of which the documentation says so; what may not be kept never is."""

from __future__ import annotations

from typing import Any

from mutagent.integrations.frozen import Frozen
from tests.integrations.contract.program import every_way, over, run
from tests.integrations.late import late_capture
from tests.integrations.openai.cases import CHAT

LATE = ("openai", "anthropic", "groq", "together")
every_late_call = over(
    lambda surface: surface.integration in LATE and surface.whole and surface.span["kind"] == "llm.chat"
)


def unread_after(surface: Any, way: Any, server: Any, captured: Any, **more: Any) -> list[Any]:
    """What is unread of the spans of two calls, of which the first shows the class of an answer."""

    async def program(client: Any) -> None:
        for _ in range(2):
            answer = await way.call(surface.bound(way, client), **surface.arguments, **more)
            if more:
                await way.rest(answer)

    run(surface, way, server, program)
    return [span.unread for span in captured.waiting if span.kind == "llm.chat"]


@every_late_call
def test_request_and_answer_are_bytes_until_somebody_looks(surface, way, server_of, captured):
    first, second = unread_after(surface, way, server_of(surface), captured)
    assert [type(each) for each in (first, second)] == [Frozen, Frozen]
    assert type(first.given[0]) is bytes
    assert type(second.given[0]) is bytes
    body, _ = second.answer
    assert type(body) is bytes


@every_late_call
def test_a_streams_request_is_bytes_until_somebody_looks(surface, way, server_of, captured):
    unread = unread_after(surface, way, server_of(surface), captured, **surface.streaming)
    assert [type(each.given[0]) for each in unread] == [bytes, bytes]


@every_way
def test_what_is_not_to_be_recorded_is_not_kept(way, server_of, auto_mode):
    for setting in ("capture_inputs", "capture_outputs"):
        with late_capture(**{setting: False}) as captured:
            assert unread_after(CHAT, way, server_of(CHAT), captured) == [None, None]
