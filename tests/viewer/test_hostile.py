"""What models and strangers wrote is shown and never acts; no content makes a page fail."""

from __future__ import annotations

import json
import sqlite3
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mutagent.store.rows import store_path
from mutagent.viewer.access import POLICY
from tests.viewer.conftest import Viewer
from tests.viewer.wire import chat, span, trace, trace_id

ATTACKS = [
    "<script>window.attacked = 1</script>",
    '"><img src=x onerror="window.attacked = 1">',
    "javascript:window.attacked = 1",
    "</title></textarea></style></script><svg onload=window.attacked=1>",
    "{{ 7 * 7 }}{% raw %}${7*7}<%= 7*7 %>",
    '\' hx-get="/" hx-trigger="load" data-x="',
    "<div hx-get=/api/traces hx-trigger=load hx-on:click=alert(1)>",
    "\u202eevil\u202c \u2066x\u2069 \x00\x07\x1b[31m red \x7f\r\n",
    "\ud800 half a pair \udfff",
    "A" * 200_000,
    "<!--", "]]>", "&lt;script&gt;", "%3Cscript%3E", "\u2028\u2029",
]  # fmt: skip


class Seen(HTMLParser):
    """The elements and attributes a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str | None] = []
        self.acting: list[tuple[str, str | None]] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if tag in ("script", "iframe", "object", "embed", "base", "img"):
            self.scripts.append(found.get("src"))
        self.acting += [(name, value) for name, value in attributes if name.startswith("on") or name == "style"]
        self.targets += [value or "" for name, value in attributes if name in ("href", "src", "action", "hx-get")]


def attacking(text: str) -> list[dict[str, Any]]:
    """Traces with the text wherever a program can put one."""
    key = {text[:50]: text}
    call = {"id": text, "name": text, "arguments": text, "result": text}
    parts = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": text}}, {"type": text}]
    messages = [
        {"role": text, "name": text, "content": text, "toolCalls": [call]},
        {"role": "user", "content": parts},
        {"role": "tool", "toolCallId": text, "content": text},
    ]
    documents = [{"content": text, "score": 1, "metadata": key}]
    content = {"messages": messages, "documents": documents, "text": text, "raw": key}
    said = {"name": text, "kind": text, "model": text, "provider": text, "input": content, "output": content}
    attributes = {**key, "gen_ai.request.x": text, "gen_ai.tool.definitions": text}
    failed = {"status": "error", "statusMessage": text, "error": text, "attributes": attributes}
    events = [{"name": text, "attributes": {"exception.stacktrace": text}}, {"name": text}]
    told = {"session.id": text, "service.name": text, "user.id": text}
    whole = trace(1, chat(1, **said, **failed, events=events), span(2, 1), session=text, run=text, **told)
    return [{**whole, "environment": text}, trace(2, chat(3, **said), session=text, run=text, **told)]


def addresses(viewer: Viewer) -> list[str]:
    one = trace_id(1)
    listed = viewer.client.get("/api/traces/").json()["data"]
    names = {row["sessionId"] for row in listed if row["sessionId"]}
    return [
        "/", "/?q=window", "/sessions", "/overview?range=30d", "/overview.json?range=30d", "/compare",
        f"/compare?a={one}", f"/compare?a={one}&b={trace_id(2)}", f"/traces/{one}",
        f"/traces/{one}?part=panel&span={1:016x}",
        f"/traces/{one}.html", f"/traces/{one}.json", "/api/traces/", f"/api/traces/{one}", f"/api/traces/{one}/spans",
        *(f"/sessions/{quoted(name)}" for name in names),
    ]  # fmt: skip


def quoted(name: str) -> str:
    from urllib.parse import quote

    return quote(name[:2000], safe="")


@pytest.mark.parametrize("text", ATTACKS, ids=lambda text: ascii(text[:16]))
def test_an_attack_is_shown_and_is_no_markup(viewer: Viewer, text: str) -> None:
    viewer.write(*attacking(text))
    for address in addresses(viewer):
        answer = viewer.client.get(address)
        assert answer.status_code in (200, 404), (address, answer.text[:300])
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        seen = Seen()
        seen.feed(answer.text)
        own = [source for source in seen.scripts if source is None or not source.startswith("/static/")]
        # The exported file has one script of its own, allowed by its digest.
        assert own == ([None] if address.endswith(".html") else []), address
        assert seen.acting == [], address
        assert all(target.startswith(("/", "?", "#")) or target == "" for target in seen.targets), address
        assert not set(answer.text) & set("\x00\x07\x1b\x7f\u202e\u2066"), address


def test_template_syntax_is_text(viewer: Viewer) -> None:
    viewer.write(*attacking("{{ 7 * 7 }}"))
    page = viewer.page(f"/traces/{trace_id(1)}")
    assert "{{ 7 * 7 }}" in page
    assert "49" not in page.split("<main")[1].split("panel")[0].replace("0.49", "")


def test_every_answer_forbids_what_is_inline_or_from_elsewhere(viewer: Viewer) -> None:
    viewer.write(trace(1, span(1)))
    for address in (*addresses(viewer), "/static/js/list.js", "/nothing"):
        headers = viewer.client.get(address).headers
        assert headers["content-security-policy"] == POLICY
        assert headers["x-content-type-options"] == "nosniff"
    assert "unsafe" not in POLICY


ODD = (10**300, -(10**25), "2026-01-05T12:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00")
KEYS = """
type text content role messages toolCalls documents raw id name function arguments url image_url source size digest
score metadata attributes input output total toolCallId exception.stacktrace gen_ai.tool.definitions
""".split()  # noqa: SIM905 - a word for each of thirty lines
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
FIELDS = ["spanId", "parentSpanId", "name", "kind", "startTime", "endTime", "durationMs", "status", "statusMessage",
          "error", "input", "output", "model", "provider", "tokens", "costUsd", "attributes", "events"]  # fmt: skip
KINDS = {"kind": st.sampled_from(["llm.chat", "tool", "retrieval", "agent", "\n"])}
spans = st.fixed_dictionaries({}, optional={name: json_values | KINDS.get(name, json_values) for name in FIELDS})
headers = st.dictionaries(st.sampled_from(["sessionId", "metadata", "environment"]), json_values)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bodies=st.lists(spans, min_size=1, max_size=4),
    header=st.dictionaries(st.sampled_from(["sessionId", "metadata", "environment"]), json_values),
)
def test_whatever_json_stands_in_the_store_every_page_is_there(viewer: Viewer, bodies: list[Any], header: Any) -> None:
    viewer.write(trace(1, span(1)))
    put(viewer.home, bodies, header)
    viewer.site.follower.catch_up()
    assert viewer.site.follower.progress.error == ""
    for address in addresses(viewer):
        answer = viewer.client.get(address)
        assert answer.status_code in (200, 404), (address, answer.text)
    empty(viewer.home)


def put(home: Path, bodies: list[Any], header: Any) -> None:
    """Write rows as they are, past all that checks them."""
    store = sqlite3.connect(store_path(home), isolation_level=None)
    for number, body in enumerate(bodies):
        values = (trace_id(number % 2 + 1), str(number), 10**18, json.dumps(header), json.dumps(body))
        store.execute("INSERT INTO spans (trace_id, span_id, written_ns, header, body) VALUES (?, ?, ?, ?, ?)", values)
    store.close()


def empty(home: Path) -> None:
    """Take the rows out again, for the next example."""
    store = sqlite3.connect(store_path(home), isolation_level=None)
    store.execute("DELETE FROM spans WHERE seq < (SELECT max(seq) FROM spans)")
    store.close()
