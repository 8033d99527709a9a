"""Receipts: readable in one line, complete, and left behind where something was recorded."""

import json
import os
import stat

import pytest

from mutagent.config import Settings
from mutagent.export import receipts
from mutagent.export.memory import MemoryExporter
from mutagent.export.pipeline import Pipeline
from mutagent.export.receipt import Receipt, SinkReceipt, Totals
from mutagent.export.summary import line, print_summary
from mutagent.tracing.types import SpanMetrics
from tests.unit.spans import ended_span, record, traced

RUN = "0123456789abcdef0123456789abcdef"


def local(home, **settings):
    return Settings(home=home, local=True, run_id=RUN, service="app", **settings)


def some_receipt(**sink):
    totals = Totals(traces=1, spans=2, input_tokens=1000, output_tokens=234)
    return Receipt([SinkReceipt(**{"name": "local", "ended": 2, "accepted": 2, **sink})], ended=2, totals=totals)


def test_a_receipt_reads_as_one_line():
    receipt = Receipt(
        [
            SinkReceipt("mutagent", 10, 4, 1, 2, 1, 2, recovered=3, error="e"),
            SinkReceipt("local", 10, accepted=10),
            SinkReceipt("other"),
        ],
        ended=10, open=1, unsampled=5,
    )  # fmt: skip
    assert str(receipt) == (
        "10 spans ended, 1 open, 5 unsampled; mutagent: 4 accepted, 1 rejected, 2 spooled, 1 dropped, 2 pending, "
        "3 recovered (last error: e); local: 10 accepted; other: nothing sent"
    )
    assert not receipt.delivered
    assert receipt.sink("local").accepted == 10
    assert receipt.sink("nobody") == SinkReceipt("nobody")


def test_totals_count_traces_tokens_and_costs():
    pipeline = Pipeline(Settings(), [MemoryExporter()])
    child = ended_span(2, parent_number=1)
    child.metrics = SpanMetrics(input_tokens=10, output_tokens=5, cost_usd=0.25)
    for span in (child, ended_span(1)):
        pipeline.ended(span)
    assert pipeline.shutdown(20).totals == Totals(
        traces=1, spans=2, input_tokens=10, output_tokens=5, cost_usd=0.25, priced=1
    )


def test_unsampled_spans_stand_beside():
    pipeline = Pipeline(Settings(sample_rate=0.0), [MemoryExporter()])
    record(traced(pipeline), "a", "b")
    receipt = pipeline.shutdown(20)
    assert (receipt.ended, receipt.unsampled) == (0, 2)


def test_a_process_leaves_its_last_receipt(tmp_path):
    path = receipts.leave(some_receipt(error="disk full"), local(tmp_path))
    record = json.loads(path.read_text())
    assert record["time"].endswith("+00:00")
    del record["time"]
    assert record == {
        "run_id": RUN,
        "pid": os.getpid(),
        "service": "app",
        "error": "disk full",
        "sinks": [
            {
                "name": "local", "ended": 2, "accepted": 2, "rejected": 0, "spooled": 0, "dropped": 0, "pending": 0,
                "recovered": 0, "error": "disk full",
            }
        ],
        "ended": 2,
        "open": 0,
        "unsampled": 0,
        "totals": {
            "traces": 1, "spans": 2, "input_tokens": 1000, "output_tokens": 234, "cost_usd": 0.0, "priced": 0,
        },
    }  # fmt: skip
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "settings",
    [{"local": False}, {"local": False, "remote": True, "spool_max_bytes": 0}],
    ids=["nothing kept here", "remote without a spool"],
)
def test_no_receipt_where_nothing_is_kept_on_this_machine(tmp_path, settings):
    assert receipts.leave(some_receipt(), Settings(home=tmp_path, **settings)) is None
    assert list(tmp_path.iterdir()) == []


def test_no_receipt_where_nothing_was_recorded(tmp_path):
    assert receipts.leave(Receipt([SinkReceipt("local")]), local(tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_can_not_be_written_is_no_harm(tmp_path):
    (tmp_path / "receipts").write_text("in the way")
    assert receipts.leave(some_receipt(), local(tmp_path)) is None


def test_receipts_are_capped_in_number_and_damaged_ones_are_left_out(tmp_path):
    for _ in range(205):
        receipts.leave(some_receipt(), local(tmp_path))
    kept = sorted((tmp_path / "receipts").iterdir())
    assert len(kept) == 200
    kept[0].write_text("{")
    assert len(receipts.read(tmp_path)) == 199


def test_the_summary_of_a_run_adds_up_its_processes(tmp_path):
    settings = local(tmp_path)
    receipts.leave(some_receipt(), settings)
    receipts.leave(some_receipt(accepted=1, dropped=1), settings)
    left = receipts.read(tmp_path)
    for receipt in left:
        receipt["totals"].update(priced=1, cost_usd=0.0123)
    assert line(left, settings) == "2 traces, 4 spans, 2,468 tokens, $0.0246, 1 dropped. Look: mutagent traces"


def test_the_summary_is_printed_for_this_run_alone(tmp_path, monkeypatch, capsys):
    settings = local(tmp_path)
    other = Settings(home=tmp_path, local=True, run_id="f" * 32)
    receipts.leave(some_receipt(), other)
    pipeline = Pipeline(settings, [MemoryExporter()])
    monkeypatch.setenv("MUTAGENT_SUMMARY", "line")
    print_summary(pipeline)
    assert capsys.readouterr() == ("", "")
    record(traced(pipeline), "a")
    pipeline.shutdown(20)
    print_summary(pipeline)
    assert capsys.readouterr() == ("", "mutagent: 1 trace, 1 span.\n")
    monkeypatch.setenv("MUTAGENT_SUMMARY", "off")
    print_summary(pipeline)
    assert capsys.readouterr() == ("", "")
