"""The exported file: everything in it, nothing outside, nothing that runs but its own script."""

from __future__ import annotations

import base64
import html
import re
from hashlib import sha256

from mutagent.store.reader import StoreReader
from mutagent.viewer.export import trace_html
from tests.viewer.conftest import Viewer
from tests.viewer.examples import agent_trace
from tests.viewer.wire import NOON, trace_id


def exported(viewer: Viewer) -> str:
    viewer.write(agent_trace(NOON))
    found = StoreReader(viewer.home).trace(trace_id(1))
    assert found is not None
    return trace_html(found)


def test_every_span_has_its_panel_in_the_file(viewer: Viewer) -> None:
    page = exported(viewer)
    assert re.findall(r'data-panel="([0-9a-f]+)"', page) == [f"{1000 + number:016x}" for number in range(11)]
    assert len(re.findall(r'data-panel="[0-9a-f]+" hidden', page)) == 10
    assert "Error code: 429" in page


def test_the_file_asks_for_nothing_and_names_no_other(viewer: Viewer) -> None:
    page = exported(viewer)
    assert re.findall(r'(?:src|href|action)="([^"?][^"]*)"', page) == []
    assert not re.search(r"url\(|@import|/static/", page)


def test_the_policy_allows_its_own_style_and_script_alone(viewer: Viewer) -> None:
    page = exported(viewer)
    policy = html.unescape(re.findall(r'content-security-policy" content="([^"]+)"', page)[0])
    parts = [re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.S) for tag in ("style", "script")]
    assert [len(part) for part in parts] == [1, 1]
    style, script = (f"'sha256-{base64.b64encode(sha256(part[0].encode()).digest()).decode()}'" for part in parts)
    assert policy == f"default-src 'none'; style-src {style}; script-src {script}"


def test_the_viewer_hands_it_out_as_a_download(viewer: Viewer) -> None:
    viewer.write(agent_trace(NOON))
    answer = viewer.client.get(f"/traces/{trace_id(1)}.html")
    assert answer.headers["content-disposition"] == 'attachment; filename="trace-000000000000.html"'
    assert answer.text.startswith("<!doctype html>")
