"""The page of a trace, of a run, of a session, and what stands in them."""

from __future__ import annotations

import html
import re

from tests.viewer.conftest import Viewer
from tests.viewer.examples import ANSWER, QUESTION, RUN, agent_trace
from tests.viewer.wire import NOON, chat, span, trace, trace_id


def text_of(page: str) -> str:
    """What of a page can be read, on one line."""
    shown = re.sub(r"<(script|style|svg|head|dialog)\b.*?</\1>", " ", page, flags=re.S)
    shown = re.sub(r'<span class="j[ksnw]">(.*?)</span>', r"\1", shown)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", shown))).strip()


def panel(viewer: Viewer, span_number: int) -> str:
    return text_of(viewer.page(f"/traces/{trace_id(1)}?span={span_number:016x}&part=panel"))


def test_the_tree_names_every_span_and_the_panel_the_first_failure(viewer: Viewer) -> None:
    viewer.write(agent_trace(NOON))
    page = viewer.page(f"/traces/{trace_id(1)}")
    assert re.findall(r'class="label">([^<]+)<', page) == [
        "answer_customer", "find_facts", "chat gpt-5-mini", "look_up_order", "search_help",
        "embeddings text-embedding-3-small", "chat gpt-5-mini", "title", "chat gpt-4.1", "mood", "chat claude-sonnet-5",
    ]  # fmt: skip
    assert re.findall(r'aria-selected="true"[^>]*data-span="([0-9a-f]+)"', page) == [f"{1008:016x}"]
    assert "openai.RateLimitError: Error code: 429" in text_of(page)


def test_a_link_to_a_span_selects_it(viewer: Viewer) -> None:
    viewer.write(agent_trace(NOON))
    page = viewer.page(f"/traces/{trace_id(1)}?span={1004:016x}")
    assert re.findall(r'aria-selected="true"[^>]*data-span="([0-9a-f]+)"', page) == [f"{1004:016x}"]


def test_tool_calls_stand_beside_their_results_from_anywhere_in_the_trace(viewer: Viewer) -> None:
    viewer.write(agent_trace(NOON))
    planned = panel(viewer, 1002)
    assert 'look_up_order call_1 arguments { "order_id": "A-1042" } result { "item": "hiking boots"' in planned
    assert "search_help call_2" in planned
    assert "Returns: send an order back within 30 days" in planned
    assert "Reasoning 77 characters The customer asks two things" in planned
    # In the next request the results are messages; they are shown once, with the calls.
    assert panel(viewer, 1006).count('held at the depot in Leeds"') == 1


def test_the_panel_says_what_people_ask_of_a_model_call(viewer: Viewer) -> None:
    viewer.write(agent_trace(NOON))
    told = panel(viewer, 1010)
    for expected in (
        "duration 2.03 s", "began +2.83 s", "critical path 2.03 s · 42%", "first token 610 ms", "provider anthropic",
        "tokens 3,610 → 412", "cost $0.0170", "speed 290 tokens/s", "input 1,562", "written to cache 2,048",
        "Parameters max_tokens 1000",
    ):  # fmt: skip
        assert expected in told
    assert "reasoning 121" in panel(viewer, 1002)


def test_documents_have_scores_images_placeholders_and_failures_their_stack(viewer: Viewer) -> None:
    viewer.write(agent_trace(NOON))
    assert re.findall(r"(0\.\d{4}) (\w+)", panel(viewer, 1004)) == [
        ("0.9134", "Returns"),
        ("0.4117", "Sizes"),
        ("0.1873", "Gift"),
    ]
    assert "image/png 47 KiB · 9f3c9f3c9f3c" in panel(viewer, 1009)
    assert 'Stack trace copy Traceback (most recent call last): File "/app/agent.py"' in panel(viewer, 1008)


def test_the_first_digits_of_an_id_lead_to_the_trace(viewer: Viewer) -> None:
    viewer.write(trace(0xABC << 116, span(1)), trace(0xABD << 116, span(2)))
    answer = viewer.client.get("/traces/abc", follow_redirects=False)
    assert answer.headers["location"] == f"/traces/{trace_id(0xABC << 116)}"
    assert "fits more than one trace" in text_of(viewer.page("/traces/ab", 404))
    assert "No trace with this id" in text_of(viewer.page("/traces/ffff", 404))


def test_a_run_is_one_timeline(viewer: Viewer) -> None:
    viewer.write(*(agent_trace(NOON + number * 10**10, number) for number in (1, 2)), trace(9, span(1), run="other"))
    page = viewer.page(f"/runs/{RUN}")
    assert len(re.findall(r'role="treeitem"', page)) == 22
    assert "No trace of this run" in text_of(viewer.page("/runs/nobody", 404))


def test_a_session_reads_as_its_turns_in_order(viewer: Viewer) -> None:
    viewer.write(*(agent_trace(NOON + number * 10**10, number) for number in (3, 1, 2)))
    viewer.write(trace(7, chat(70, at=90_000, input={"messages": [{"role": "user", "content": "and socks?"}]},
                               output={"messages": [{"role": "assistant", "content": "Those too."}]}),
                       session="conversation-42"))  # fmt: skip
    page = viewer.page("/sessions/conversation-42")
    assert re.findall(r'href="/traces/([0-9a-f]{32})"', page) == [trace_id(number) for number in (1, 2, 3, 7)]
    told = text_of(page)
    assert f"user {QUESTION} assistant {text_of(ANSWER)}" in told
    assert "user and socks? assistant Those too." in told
    assert "conversation-42" in text_of(viewer.page("/sessions"))
    assert "No trace of this session" in text_of(viewer.page("/sessions/nobody", 404))


def test_names_with_slashes_and_spaces_have_addresses(viewer: Viewer) -> None:
    viewer.write(trace(1, span(1), session="a/b c?d", run="x/y"), trace(2, span(2), session="a/b c?d", run="x/y"))
    for page, address in (("/sessions", "/sessions/a/b%20c%3Fd"), ("/", "/runs/x/y")):
        assert f'href="{address}"' in viewer.page(page)
        assert viewer.client.get(address).status_code == 200


def test_a_long_trace_shows_its_beginning_and_the_rest_on_demand(viewer: Viewer) -> None:
    viewer.write(trace(1, *(span(number, 1 if number > 1 else None) for number in range(1, 1202))))
    assert len(re.findall('role="treeitem"', viewer.page(f"/traces/{trace_id(1)}"))) == 1000
    assert len(re.findall('role="treeitem"', viewer.page(f"/traces/{trace_id(1)}?all=1"))) == 1201


def test_compare_aligns_what_is_alike(viewer: Viewer) -> None:
    slower = agent_trace(NOON, 2, scale=2)
    slower["spans"] = [each for each in slower["spans"] if each["name"] != "mood"]
    viewer.write(agent_trace(NOON), slower)
    told = text_of(viewer.page(f"/compare?a={trace_id(1)}&b={trace_id(2)}"))
    assert "duration 4.87 s → 9.74 s +100%" in told
    assert "chat claude-sonnet-5 2.03 s 4.0k chat claude-sonnet-5 4.06 s 4.0k +100%" in told
    assert "mood gpt-5-nano 310 ms 432 only in A" in told
    assert "Choose the first" in text_of(viewer.page("/compare"))
    assert f"b={trace_id(2)}" in viewer.page(f"/compare?a={trace_id(1)}")


def test_the_json_of_a_trace_is_its_wire_form(viewer: Viewer) -> None:
    viewer.write(agent_trace(NOON))
    found = viewer.client.get(f"/traces/{trace_id(1)}.json").json()
    assert found["traceId"] == trace_id(1)
    assert [each["name"] for each in found["spans"]][:2] == ["answer_customer", "find_facts"]
