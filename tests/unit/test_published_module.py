"""A program written for the published 0.1.2 runs unchanged: it prints the same and sends the same, under that and ours.

What may differ is written out below, and nothing else does. The release is installed from the package index into an
environment of its own.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.servers.collector import Collector

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).parent / "published" / "program.py"

SPANS = 12
# What was taken there and not sent: times, the session of a span in another's trace, the exception.
ADDED = frozenset({"mutagent.latency_ms", "gen_ai.response.time_to_first_chunk", "session.id", "error.type"})
# `@trace` recorded their arguments as {"args": [...], "kwargs": {...}}; ours are named.
DECORATED = ("look-up", "run_agent", "refuse", "refuse_later")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The Python of an environment that has the published release."""
    home = tmp_path_factory.mktemp("published")
    venv.create(home, with_pip=True, symlinks=os.name != "nt")
    python = str(home / "bin" / "python")
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "mutagent-sdk==0.1.2"],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    if done.returncode != 0 and not os.environ.get("CI"):
        pytest.skip("needs a package index that has mutagent-sdk 0.1.2")
    assert done.returncode == 0, done.stderr
    return python


def run(python, tmp_path, collector, **variables):
    """Run the program to its end: what it printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MUTAGENT", "PYTHON", "OTEL"))}
    environ = {**kept, "MUTAGENT_HOME": str(tmp_path / "home"), **variables}
    done = subprocess.run(
        [python, str(PROGRAM), collector.url], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def theirs(published, tmp_path_factory):
    with Collector() as collector:
        printed = run(published, tmp_path_factory.mktemp("theirs"), collector)
        yield printed, collector


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    with Collector() as collector:
        printed = run(sys.executable, tmp_path_factory.mktemp("ours"), collector, PYTHONPATH=str(ROOT))
        collector.wait_for(SPANS)
        yield printed, collector


def without_nulls(value):
    """A value without the fields that are null: we leave them out."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def comparable(collector):
    """What was sent, by name, with names for ids and without what may differ."""
    spans, traces = collector.spans(), collector.traces()
    names = {span["spanId"]: span["name"] for span in spans}
    found = []
    for span in spans:
        trace = traces[span["traceId"]]
        kept = {
            name: span.get(name) for name in ("name", "kind", "status", "statusMessage", "error", "model", "provider")
        }
        found.append({
            **kept,
            "parent": names.get(span.get("parentSpanId")),
            "trace": sorted(item["name"] for item in spans if item["traceId"] == span["traceId"]),
            "tokens": tokens_of(span),
            "cost": span.get("costUsd"),
            "input": input_of(span),
            "output": without_nulls(span.get("output")),
            "attributes": {n: value for n, value in span.get("attributes", {}).items() if n not in ADDED},
            "events": [events_of(event) for event in span.get("events", ()) if event["name"] != "exception"],
            "timed": (span["endTime"] >= span["startTime"], span["durationMs"] >= 0),
            **{name: trace.get(name) for name in ("source", "environment", "sessionId")},
        })  # fmt: skip
    return sorted(found, key=lambda item: str((item["name"], item["parent"], item["sessionId"])))


def tokens_of(span):
    """Counts that are not known were 0 there; the total is ours alone."""
    return {name: count for name, count in (span.get("tokens") or {}).items() if name != "total" and count}


def input_of(span):
    """The input; of decorated functions the arguments' values, whatever they are called."""
    if span["name"] not in DECORATED:
        return without_nulls(span.get("input"))
    raw = span.get("input", {}).get("raw", {})
    return [*raw["args"], *raw["kwargs"].values()] if "args" in raw else list(raw.values())


def events_of(event):
    """An event; the time of one that was not given its own is not compared."""
    stamp = event["timestamp"].replace("Z", "+00:00")
    return {**event, "timestamp": stamp if stamp.startswith("2024-01-02T03:04:05.678") else None}


def test_the_program_prints_the_same(theirs, ours):
    assert ours[0] == theirs[0]


def test_the_program_sends_the_same_spans(theirs, ours):
    expected, found = comparable(theirs[1]), comparable(ours[1])
    assert len(found) == SPANS
    assert [span["name"] for span in found] == [span["name"] for span in expected]
    for ours_sent, theirs_sent in zip(found, expected, strict=True):
        assert ours_sent == theirs_sent


def test_it_sends_them_to_the_same_address_with_the_same_headers(theirs, ours):
    for _, collector in (theirs, ours):
        assert {batch.headers["x-api-key"] for batch in collector.requests} == {"mt_key"}
        assert {batch.headers["content-type"] for batch in collector.requests} == {"application/json"}


def test_arguments_are_named_where_they_were_a_list(theirs, ours):
    for (_, collector), expected in ((theirs, {"args": ["a"], "kwargs": {}}), (ours, {"text": "a"})):
        assert [span["input"]["raw"] for span in collector.spans() if span["name"] == "refuse"] == [expected]


def test_ids_have_the_form_of_opentelemetry(ours):
    for span in ours[1].spans():
        assert (len(span["traceId"]), len(span["spanId"])) == (32, 16)
