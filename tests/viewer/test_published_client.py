"""The published REST client (mutagent-sdk 0.4), in an environment of its own, writes to the viewer and reads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.viewer.examples import QUESTION, agent_trace
from tests.viewer.process import running
from tests.viewer.wire import NOON, trace_id

CLIENT = "mutagent-sdk>=0.4.1,<0.5"
PROGRAM = """\
import json, sys, time
from mutagent import Mutagent

with Mutagent(api_key="mt_any", server_url=sys.argv[1]) as client:
    sent = client.traces.ingest_trace_batch(json.load(sys.stdin))
    deadline = time.monotonic() + 60
    # What is written is listed as soon as the index has it.
    while len(client.traces.list_traces(limit=9).data) < 4:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    rows, cursor = [], None
    while True:
        page = client.traces.list_traces(limit=2, cursor=cursor)
        rows += page.data
        cursor = page.next_cursor
        if cursor is None:
            break
    one = client.traces.get_trace(rows[0].trace_id)
    spans = client.traces.list_trace_spans(rows[0].trace_id).data
    of_session = client.traces.list_traces(session_id="conversation-42").data
print(json.dumps({
    "sent": sent.model_dump(), "ids": [row.trace_id for row in rows], "session": [row.trace_id for row in of_session],
    "one": json.loads(one.model_dump_json()), "span": json.loads(spans[0].model_dump_json()), "spans": len(spans),
}))
"""


@pytest.fixture(scope="module")
def client_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the published client and nothing of this checkout."""
    directory = tmp_path_factory.mktemp("published")
    subprocess.run([sys.executable, "-m", "venv", str(directory)], check=True)
    python = directory / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", CLIENT]
    done = subprocess.run(install, capture_output=True, text=True)
    if done.returncode:
        assert os.environ.get("CI") != "true", done.stderr
        pytest.skip(f"the published client could not be installed: {done.stderr[-200:]}")
    return python


def test_it_writes_lists_and_reads(client_python: Path, tmp_path: Path) -> None:
    written = {"traces": [agent_trace(NOON + 10**10, 4, session=None)]}
    with running(tmp_path) as viewer:
        viewer.post(*(agent_trace(NOON + number * 10**9, number) for number in (1, 2, 3)))
        done = subprocess.run(
            [str(client_python), "-I", "-c", PROGRAM, viewer.address],
            input=json.dumps(written), capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["sent"] == {"accepted": 11.0, "rejected": 0.0, "note": None}
    assert found["ids"] == [trace_id(number) for number in (4, 3, 2, 1)]
    assert found["session"] == [trace_id(number) for number in (3, 2, 1)]
    assert (found["one"]["service_name"], found["one"]["session_id"], found["spans"]) == ("support", None, 11)
    assert found["span"]["name"] == "answer_customer"
    assert found["span"]["attributes"]["mutagent.input"] == {"text": QUESTION}
