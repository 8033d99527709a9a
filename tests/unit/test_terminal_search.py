"""The filters of `mutagent traces`, as a command on a real store."""

import argparse
import json
import os
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from mutagent.store.reader import StoreReader
from mutagent.store.writer import StoreWriter
from mutagent.terminal.search import Wanted, day_end, search, time_of
from tests.unit.store_rows import row

ROOT = Path(__file__).parents[2]
DEADLINE = 60
SHOP = {"environment": "production", "metadata": {"service.name": "shop", "user.id": "ann", "mutagent.run_id": "r1"}}
DESK = {"environment": "test", "sessionId": "s-9", "metadata": {"service.name": "desk"}}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Three traces: `refund` of the shop in 800 ms for $0.02, `greet` of the desk in 20 ms, `old` of last year."""
    home = tmp_path_factory.mktemp("search") / "home"
    ask = {"messages": [{"role": "user", "content": "Please refund\n my order of caf\u00e9 chairs"}]}
    with closing(StoreWriter(home, 0, 0)) as writer:
        writer.append(
            [
                row(3, 5, header=DESK, name="old", startTime="2025-01-31T12:00:00Z", endTime="2025-01-31T12:00:01Z"),
                row(1, 1, header=SHOP, name="refund", kind="agent", durationMs=800.0),
                row(1, 2, 1, header=SHOP, kind="llm.chat", model="gpt-4o", costUsd=0.02, input=ask),
                row(1, 3, 1, header=SHOP, kind="tool", name="look up", status="error", statusMessage="No such order"),
                row(2, 4, header=DESK, name="greet", kind="agent", durationMs=20.0, output={"text": "Hello order"}),
            ]
        )
    return home


def names(home, *words):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "mutagent", "traces", "--json", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "MUTAGENT_HOME": str(home), "TZ": "UTC"},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert done.returncode in (0, 1), done.stderr
    return [trace["name"] for trace in json.loads(done.stdout)["traces"]]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--service", "shop"], ["refund"]),
        (["--user", "ann"], ["refund"]),
        (["--environment", "test"], ["greet", "old"]),
        (["--model", "gpt-4o"], ["refund"]),
        (["--kind", "tool"], ["refund"]),
        (["--kind", "retrieval"], []),
        (["--session", "s-9"], ["greet", "old"]),
        (["--run", "r1"], ["refund"]),
        (["--status", "error"], ["refund"]),
        (["--min-ms", "500"], ["refund", "old"]),
        (["--max-ms", "100"], ["greet"]),
        (["--min-cost", "0.01"], ["refund"]),
        (["--max-cost", "0.01"], []),
        (["--since", "2026-01-01"], ["greet", "refund"]),
        (["--until", "2025-01-31"], ["old"]),
        (["--since", "2025-02-01", "--until", "2026-01-30"], []),
        (["-q", "order"], ["greet", "refund"]),
        (["-q", "REFUND caf\u00e9"], ["refund"]),
        (["-q", '"refund my order"'], ["refund"]),
        (["-q", "efund"], []),
        (["-q", "no such"], ["refund"]),
        (["-q", "refund such"], []),
        (["-q", '""'], ["greet", "refund", "old"]),
        (["--kind", "agent", "--service", "desk", "-q", "hel"], ["greet"]),
    ],
    ids=lambda value: " ".join(value) if value and value[0].startswith("-") else "",
)
def test_a_filter_leaves_what_it_says(home, words, found):
    assert names(home, *words) == found


def test_the_limit_counts_what_is_found(home):
    assert names(home, "--environment", "test", "--limit", "1") == ["greet"]


def test_a_search_reads_as_many_pages_as_it_needs(tmp_path):
    home = tmp_path / "home"
    with closing(StoreWriter(home, 0, 0)) as writer:
        writer.append([row(number, number, name="rare" if number == 1 else "common") for number in range(1, 500)])
    assert [found.name for found in search(StoreReader(home), Wanted(text="rare"), 5)] == ["rare"]
    assert len(search(StoreReader(home), Wanted(text="common"), 450)) == 450


@pytest.mark.parametrize(
    "words", [["--since", "soon"], ["--until", "3h"], ["--min-ms", "-1"], ["--max-cost", "nan"]], ids=str
)
def test_a_filter_that_means_nothing_is_wrong_usage(home, words):
    done = subprocess.run(
        [sys.executable, "-m", "mutagent", "traces", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "MUTAGENT_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert words[0] in done.stderr


@pytest.mark.parametrize(("said", "ago"), [("30m", timedelta(minutes=30)), ("24h", timedelta(1)), ("7d", timedelta(7))])
def test_an_age_is_counted_from_now(said, ago):
    before = datetime.now(timezone.utc) - ago
    assert before <= time_of(said) <= datetime.now(timezone.utc) - ago


def test_a_day_lasts_until_its_end():
    assert day_end("2026-01-31") - time_of("2026-01-31") == timedelta(days=1)
    with pytest.raises(ValueError, match="soon"):
        time_of("soon")


def test_every_filter_is_an_option():
    from mutagent.terminal.search import add_filters

    parser = argparse.ArgumentParser()
    add_filters(parser)
    assert set(vars(parser.parse_args([]))) == set(Wanted.__dataclass_fields__) - {"run"}
