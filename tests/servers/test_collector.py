"""The stand-in for the MutagenT service gives the answers it was told to, and remembers what arrived."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.servers.collector import BATCH_PATH, Answer, Collector

ROOT = Path(__file__).parents[2]
STRUCTURED = {"durationMs": 1.5, "output": {"text": "b"}}


def batch(*span_ids, **fields):
    spans = [{"spanId": span_id, "name": "work", **fields} for span_id in span_ids]
    return {"traces": [{"traceId": "t1", "source": "sdk", "spans": spans}]}


def post(url, body, **options):
    with httpx.Client(trust_env=False) as client:
        return client.post(url + BATCH_PATH, json=body, headers={"x-api-key": "mt_k"}, **options)


def test_spans_are_counted_accepted_and_merged_by_their_ids():
    with Collector() as collector:
        answer = post(collector.url, batch("a", "b", status="unset"))
        post(collector.url, batch("a", status="ok"))
        assert (answer.status_code, answer.json()) == (200, {"accepted": 2, "rejected": 0})
        assert collector.spans() == [
            {"traceId": "t1", "spanId": "a", "name": "work", "status": "ok"},
            {"traceId": "t1", "spanId": "b", "name": "work", "status": "unset"},
        ]
        assert collector.traces() == {"t1": {"traceId": "t1", "source": "sdk"}}
        assert collector.arrivals() == {"t1/a": 2, "t1/b": 1}
        assert collector.requests[0].headers["x-api-key"] == "mt_k"


def test_scripted_answers_come_first_and_refused_spans_are_not_stored():
    with Collector([Answer(503, retry_after="2"), Answer(body="<html>")]) as collector:
        refused, odd, last = (post(collector.url, batch(span)) for span in ("a", "b", "c"))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert (odd.text, last.json()) == ("<html>", {"accepted": 1, "rejected": 0})
        assert [span["spanId"] for span in collector.wait_for(2)] == ["b", "c"]
        assert [request.status for request in collector.requests] == [503, 200, 200]


def test_too_many_spans_are_answered_413():
    with Collector(max_spans=1) as collector:
        assert [post(collector.url, batch(*spans)).status_code for spans in (("a", "b"), ("a",))] == [413, 200]


def test_text_dialect_refuses_structured_spans():
    with Collector(dialect="text") as collector:
        assert post(collector.url, batch("a", **STRUCTURED)).status_code == 400
        assert post(collector.url, batch("a", output="b", metadata={"durationMs": 1.5})).status_code == 200


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(hang=True), httpx.ReadTimeout),
        (Answer(close="before"), httpx.RemoteProtocolError),
        (Answer(close="middle"), httpx.RemoteProtocolError),
        (Answer(drip=5), httpx.ReadTimeout),
    ],
    ids=["hang", "close before", "close middle", "drip"],
)
def test_answer_that_never_arrives_whole_still_stores_the_spans(answer, error):
    with Collector([answer]) as collector:
        with pytest.raises(error):
            post(collector.url, batch("a"), timeout=0.3)
        assert len(collector.spans()) == 1


def test_collector_can_be_a_process_with_its_journal_over_http():
    command = [sys.executable, "-W", "error", "-m", "tests.servers.collector", "--then", '{"status": 500}']
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().strip()
            httpx.put(f"{url}/__answers", content=json.dumps([{"status": 201}]), trust_env=False)
            statuses = [post(url, batch(span)).status_code for span in ("a", "b")]
            journal = httpx.get(f"{url}/__journal", trust_env=False).json()
        finally:
            process.terminate()
    assert statuses == [201, 500]
    assert (len(journal["requests"]), journal["arrivals"]) == (2, {"t1/a": 1})
