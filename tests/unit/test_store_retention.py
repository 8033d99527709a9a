"""The store forgets the oldest rows, by age and by size, in bounded pieces."""

import sqlite3
import time
from contextlib import closing

import pytest

from mutagent.store.reader import StoreReader
from mutagent.store.retention import Limits, sweep
from mutagent.store.rows import FILE_NAME
from mutagent.store.writer import StoreWriter
from tests.unit.store_rows import row

DAY_NS = 86_400 * 10**9
PLENTY = 60.0


@pytest.fixture
def store(tmp_path):
    """A connection to a store of 1000 rows of about 3 kB."""
    with closing(StoreWriter(tmp_path, 0, 0)) as writer:
        writer.append([row(number, name="n" * 3000) for number in range(1, 1001)])
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as connection:
        yield connection


def seqs(connection):
    return [seq for (seq,) in connection.execute("SELECT seq FROM spans ORDER BY seq")]


def file_bytes(connection):
    return connection.execute("PRAGMA page_count").fetchone()[0] * connection.execute("PRAGMA page_size").fetchone()[0]


def test_rows_within_the_limits_stay(store):
    assert sweep(store, Limits(1 << 30, 30.0, PLENTY), time.time_ns())
    assert seqs(store) == list(range(1, 1001))


def test_rows_past_their_age_go(store):
    now = time.time_ns()
    store.execute("UPDATE spans SET written_ns = ? WHERE seq <= 700", (now - 31 * DAY_NS,))
    assert sweep(store, Limits(0, 30.0, PLENTY), now)
    assert seqs(store) == list(range(701, 1001))


def test_by_size_the_oldest_rows_go_and_the_file_shrinks(store):
    before = file_bytes(store)
    assert sweep(store, Limits(before // 2, 0, PLENTY), time.time_ns())
    left = seqs(store)
    assert left == list(range(left[0], 1001))
    # 90 % of half of them, give or take the pages of the tree itself.
    assert 400 <= len(left) <= 460
    # What is free beyond 256 pages went back to the file system.
    assert file_bytes(store) < before * 3 // 4


def test_the_newest_row_stays_so_that_seq_never_starts_again(store):
    now = time.time_ns()
    assert sweep(store, Limits(0, 1.0, PLENTY), now + 2 * DAY_NS)
    assert seqs(store) == [1000]


def test_a_sweep_without_time_does_one_piece_and_says_there_is_more(store):
    late = time.time_ns() + 2 * DAY_NS
    assert not sweep(store, Limits(0, 1.0, budget_seconds=0.0), late)
    assert seqs(store) == list(range(201, 1001))


def test_no_limit_keeps_everything(store):
    assert sweep(store, Limits(0, 0, PLENTY), time.time_ns() + 10_000 * DAY_NS)
    assert len(seqs(store)) == 1000


def test_a_writer_keeps_its_store_within_the_limit_while_it_writes(tmp_path):
    limit = 4 << 20
    with closing(StoreWriter(tmp_path, limit, 0)) as writer:
        for number in range(1, 401):
            writer.append([row(number, part, name="n" * 2000) for part in range(1, 11)])
    size = (tmp_path / FILE_NAME).stat().st_size
    newest = StoreReader(tmp_path).traces(1)[0]
    assert size < limit * 1.25
    assert int(newest.trace_id, 16) == 400


def test_a_writer_forgets_old_rows_when_it_opens_the_store(tmp_path):
    with closing(StoreWriter(tmp_path, 0, 0)) as writer:
        writer.append([row(number) for number in range(1, 51)])
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection, connection:
        connection.execute("UPDATE spans SET written_ns = 0")
    with closing(StoreWriter(tmp_path, 0, 30)) as writer:
        writer.append([row(60)])
    assert [found.seq for found in StoreReader(tmp_path).rows_after(0, 100)] == [51]
