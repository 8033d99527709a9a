"""What the exporter makes of each answer that a service, or a network, can give."""

import logging
import socket
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from time import monotonic

import pytest

from mutagent import guard
from mutagent.export.http import HttpExporter
from mutagent.export.result import ExportResult
from tests.servers.collector import Answer, Collector, is_structured
from tests.unit.spans import encoded

KEY = "mt_4f9a8b7c6d5e"


@pytest.fixture(autouse=True)
def nothing_said_yet():
    guard.forget()


@pytest.fixture
def exporter():
    """Makes exporters and closes them."""
    made = []

    def make(endpoint, key=KEY):
        made.append(HttpExporter(endpoint, key))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_batch_is_one_request_with_the_key_in_its_header(exporter):
    with Collector() as collector:
        assert exporter(collector.url).export(encoded(1, 2), None) == ExportResult(accepted=2)
        [request] = collector.requests
    assert request.headers["x-api-key"] == KEY
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("mutagent/")
    assert [span["name"] for span in request.spans] == ["span 1", "span 2"]


def test_an_endpoint_without_a_key_gets_no_key_header(exporter):
    with Collector() as collector:
        exporter(collector.url, None).export(encoded(1), None)
        assert "x-api-key" not in collector.requests[0].headers


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_a_passing_failure_is_to_be_tried_again(exporter, status):
    spans = encoded(1, 2)
    with Collector(then=Answer(status)) as collector:
        result = exporter(collector.url).export(spans, None)
        assert len(collector.requests) == 1
    assert result == ExportResult(retry=spans, error=f'HTTP {status}: {{"message": "scripted answer"}}')


def test_retry_after_is_taken_over_in_both_its_forms(exporter):
    later = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=100), usegmt=True)
    forms = ["7", "-5", "100000", later, "soon"]
    with Collector(answers=[Answer(429, retry_after=form) for form in forms]) as collector:
        sender = exporter(collector.url)
        waits = [sender.export(encoded(1), None).wait_s for _ in forms]
    assert waits[:3] == [7.0, 0.0, 300.0]
    assert 80 < waits[3] <= 100
    assert waits[4] is None


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_named_but_never_repeated(exporter, status):
    spans = encoded(1)
    with Collector(then=Answer(status, body=f"no such key {KEY}")) as collector:
        result = exporter(collector.url).export(spans, None)
    error = f"the API key was refused (HTTP {status}); check MUTAGENT_API_KEY"
    assert result == ExportResult(retry=spans, error=error, wait_s=60.0, spool=True)


def test_a_service_that_repeats_the_key_does_not_get_it_into_our_messages(exporter):
    with Collector(then=Answer(500, body=f"bad {KEY}\nend")) as collector:
        assert exporter(collector.url).export(encoded(1), None).error == "HTTP 500: bad [key] end"


def test_a_key_that_no_header_can_carry_is_not_repeated(exporter):
    with Collector() as collector:
        result = exporter(collector.url, "mt_secret\nkey").export(encoded(1), None)
    assert len(result.retry) == 1
    assert "secret" not in str(result.error)


@pytest.mark.parametrize("status", [301, 404, 405])
def test_an_answer_that_is_not_the_services_asks_for_the_endpoint(exporter, status):
    with Collector(then=Answer(status, body="")) as collector:
        result = exporter(collector.url).export(encoded(1), None)
        assert len(collector.requests) == 1
    assert (result.error, result.spool) == (f"HTTP {status}; is the endpoint right?", True)


@pytest.mark.parametrize("most", [1, 3, 10])
def test_a_batch_that_is_too_large_is_halved_until_it_fits(exporter, most):
    with Collector(max_spans=most) as collector:
        sender = exporter(collector.url)
        assert sender.export(encoded(*range(1, 26)), None) == ExportResult(accepted=25)
        assert sorted(collector.arrivals().values()) == [1] * 25
        collector.requests.clear()
        sender.export(encoded(*range(30, 40)), None)
        assert [request.status for request in collector.requests].count(413) <= 1


def test_one_span_that_is_too_large_is_dropped_and_the_others_arrive(exporter, capsys):
    with Collector(max_spans=0) as collector:
        result = exporter(collector.url).export(encoded(1, 2), None)
    assert result == ExportResult(dropped=2, error="HTTP 413: one span is too large")
    assert capsys.readouterr().err.count("such spans are dropped") == 1


@pytest.mark.parametrize("status", [400, 422])
def test_the_other_dialect_is_tried_once_and_remembered(exporter, status):
    with Collector(answers=[Answer(status)]) as collector:
        sender = exporter(collector.url)
        assert sender.export(encoded(1), None) == ExportResult(accepted=1)
        sender.export(encoded(2), None)
        structured = [any(map(is_structured, request.spans)) for request in collector.requests]
    assert structured == [True, False, False]


def test_a_batch_that_is_refused_in_both_dialects_goes_to_the_spool(exporter):
    spans = encoded(1)
    with Collector(answers=[Answer(400, body="bad span"), Answer(422)]) as collector:
        sender = exporter(collector.url)
        assert sender.export(spans, None) == ExportResult(retry=spans, error="HTTP 400: bad span", spool=True)
        sender.export(spans, None)
        assert is_structured(collector.requests[2].spans[0])


@pytest.mark.parametrize("body", ["hello", "", "[]", "{}", '{"accepted": "all"}'])
def test_an_answer_without_counts_is_taken_as_accepted_and_said(exporter, body, capsys):
    with Collector(then=Answer(200, body=body)) as collector:
        sender = exporter(collector.url)
        assert sender.export(encoded(1, 2), None) == ExportResult(accepted=2)
        sender.export(encoded(3), None)
    assert capsys.readouterr().err.count("without counts") == 1


def test_rejected_spans_are_counted_with_the_services_reason(exporter):
    with Collector(then=Answer(200, body='{"accepted": 1, "rejected": 1, "note": "quota"}')) as collector:
        result = exporter(collector.url).export(encoded(1, 2), None)
    assert result == ExportResult(accepted=1, rejected=1, error="1 spans rejected: quota")


def test_more_rejections_than_spans_are_no_more_than_the_spans(exporter):
    with Collector(then=Answer(200, body='{"accepted": 0, "rejected": 99}')) as collector:
        assert exporter(collector.url).export(encoded(1, 2), None).rejected == 2


@pytest.mark.parametrize("close", ["before", "middle"])
def test_a_batch_whose_answer_was_not_read_is_sent_again_with_the_same_ids(exporter, close):
    with Collector(answers=[Answer(close=close), Answer(close=close)]) as collector:
        sender = exporter(collector.url)
        result = sender.export(encoded(1), None)
        assert len(result.retry) == 1
        assert result.error
        assert sender.export(result.retry, None) == ExportResult(accepted=1)
        assert len(collector.spans()) == 1
        assert list(collector.arrivals().values()) == [3]


def test_one_lost_connection_is_made_up_for_at_once(exporter):
    with Collector(answers=[Answer(close="before")]) as collector:
        assert exporter(collector.url).export(encoded(1), None) == ExportResult(accepted=1)


@pytest.mark.parametrize("answer", [Answer(hang=True), Answer(drip=0.2, body="x" * 1000)], ids=["hang", "drip"])
def test_no_answer_is_waited_for_beyond_the_deadline(exporter, answer):
    with Collector(then=answer) as collector:
        began = monotonic()
        exporter(collector.url).export(encoded(1), began + 1)
        assert monotonic() - began < 10


def test_nobody_there_is_to_be_tried_again(exporter):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        result = exporter(f"http://127.0.0.1:{taken.getsockname()[1]}").export(encoded(1), None)
    assert len(result.retry) == 1
    assert "refused" in result.error


def test_a_host_that_does_not_resolve_is_to_be_tried_again(exporter):
    result = exporter("https://mutagent.invalid").export(encoded(1), None)
    assert len(result.retry) == 1
    assert result.error


def test_a_proxy_from_the_environment_is_used(exporter, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with Collector() as collector:
        assert exporter(collector.url).export(encoded(1), None).retry
        assert collector.requests == []


def test_our_requests_do_not_show_in_the_programs_log(exporter, caplog):
    from mutagent.export.worker import unrecorded

    with Collector() as collector, caplog.at_level(logging.DEBUG):
        sender = exporter(collector.url)
        with unrecorded():
            sender.export(encoded(1), None)
        assert [record.name for record in caplog.records if record.name.startswith("http")] == []
        sender.export(encoded(1), None)
        assert {"httpx", "httpx2"} & {record.name for record in caplog.records}


def test_closing_leaves_the_loggers_as_they_were(exporter):
    before = list(logging.getLogger("httpx").filters)
    with Collector() as collector:
        sender = exporter(collector.url)
        sender.export(encoded(1), None)
        sender.close()
    assert logging.getLogger("httpx").filters == before
