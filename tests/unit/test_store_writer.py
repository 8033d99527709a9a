"""Rows go in once, in order, into a private file, whatever happens to the file meanwhile."""

import json
import os
import sqlite3
import stat
import threading
import time
from contextlib import closing

import pytest

from mutagent.store.errors import StoreUnavailable
from mutagent.store.reader import StoreReader
from mutagent.store.rows import FILE_NAME
from mutagent.store.writer import StoreWriter
from tests.unit.store_rows import row, span, span_id, trace_id

NO_LIMIT = 0


@pytest.fixture
def writer(tmp_path):
    with closing(StoreWriter(tmp_path / "home", NO_LIMIT, NO_LIMIT)) as writer:
        yield writer


@pytest.fixture
def reader(writer):
    return StoreReader(writer.home)


def written(reader):
    return [(found.trace_id, found.span_id) for found in reader.rows_after(0, 10_000)]


def test_rows_are_kept_as_they_were_given_in_their_order(writer, reader):
    before = time.time_ns()
    assert writer.append([row(1, 1), row(2, 2, name="zwei")]) == 2
    first, second = reader.rows_after(0, 10)
    assert before <= first.written_ns == second.written_ns <= time.time_ns()
    given = row(2, 2, name="zwei")
    assert second == (2, trace_id(2), span_id(2), second.written_ns, given.header.decode(), given.body.decode())
    assert written(reader) == [(trace_id(1), span_id(1)), (trace_id(2), span_id(2))]


def test_nothing_is_made_before_the_first_row(tmp_path):
    writer = StoreWriter(tmp_path / "home", NO_LIMIT, NO_LIMIT)
    assert writer.append([]) == 0
    writer.close()
    assert list(tmp_path.iterdir()) == []


def test_directory_and_files_are_private_even_under_an_open_umask(writer):
    before = os.umask(0)
    try:
        writer.append([row()])
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [writer.home, *writer.home.iterdir()]}
    assert modes == {"home": 0o700, FILE_NAME: 0o600, f"{FILE_NAME}-wal": 0o600, f"{FILE_NAME}-shm": 0o600}


def test_closing_leaves_one_file_and_a_later_row_opens_it_again(writer, reader):
    writer.append([row(1)])
    writer.close()
    assert [path.name for path in writer.home.iterdir()] == [FILE_NAME]
    writer.append([row(2)])
    assert len(written(reader)) == 2


def test_bytes_that_are_not_utf8_cost_a_character_not_a_row(writer, reader):
    broken = row()
    broken.body = b'{"name": "\xff"}'
    assert writer.append([broken]) == 1
    assert reader.rows_after(0, 1)[0].body == '{"name": "\ufffd"}'


def test_an_open_span_is_stored_without_the_end_that_the_wire_gives_it(writer, reader):
    so_far = row(1, 1)
    so_far.ended = False
    writer.append([so_far])
    without_end = {name: value for name, value in span(1).items() if name not in ("endTime", "durationMs")}
    assert json.loads(reader.rows_after(0, 1)[0].body) == without_end


def test_more_rows_than_one_transaction_takes_are_all_written(writer, reader):
    assert writer.append([row(1, number) for number in range(1, 1202)]) == 1201
    assert written(reader) == [(trace_id(1), span_id(number)) for number in range(1, 1202)]


def test_threads_may_share_a_writer(writer, reader):
    def write(trace):
        for number in range(1, 51):
            writer.append([row(trace, number)])

    threads = [threading.Thread(target=write, args=(trace,)) for trace in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(written(reader)) == [(trace_id(t), span_id(n)) for t in range(1, 5) for n in range(1, 51)]


def test_a_store_removed_under_a_running_program_is_started_anew(writer, reader):
    writer.append([row(1)])
    for path in writer.home.iterdir():
        path.unlink()
    writer.home.rmdir()
    assert writer.append([row(2)]) == 1
    assert written(reader) == [(trace_id(2), span_id(1))]


def test_a_connection_to_a_replaced_file_leaves_the_new_one_alone(writer, reader):
    """Closing the old connection must not delete the write-ahead log that now belongs to the new file."""
    writer.append([row(1)])
    for path in list(writer.home.iterdir()):
        path.rename(writer.home / path.name.replace("traces", "old"))
    neighbour = StoreWriter(writer.home, NO_LIMIT, NO_LIMIT)
    neighbour.append([row(2)])
    writer.append([row(3)])
    neighbour.append([row(4)])
    neighbour.close()
    assert [found for found, _ in written(reader)] == [trace_id(2), trace_id(3), trace_id(4)]


@pytest.mark.parametrize("content", [b"this is no database, " * 500, b"short", b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_moved_aside_whole(tmp_path, capsys, content):
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    with closing(StoreWriter(tmp_path, NO_LIMIT, NO_LIMIT)) as writer:
        assert writer.append([row()]) == 1
    kept = tmp_path / f"{FILE_NAME}.damaged-1"
    assert kept.read_bytes() == content
    assert written(StoreReader(tmp_path)) == [(trace_id(1), span_id(1))]
    assert capsys.readouterr().err == (
        f"mutagent: the local store was damaged; it is kept as {kept} and a new one was started.\n"
    )


def test_a_store_torn_while_it_is_open_is_moved_aside_beside_the_one_before(writer, reader, capsys):
    path = writer.home / FILE_NAME
    writer.home.mkdir()
    (writer.home / f"{FILE_NAME}.damaged-1").write_bytes(b"from an earlier time")
    writer.append([row(1, number, name="n" * 3000) for number in range(1, 300)])
    writer.close()
    torn = path.read_bytes()[:20_000]
    path.write_bytes(torn)
    assert writer.append([row(2)]) == 1
    assert (writer.home / f"{FILE_NAME}.damaged-2").read_bytes() == torn
    assert (writer.home / f"{FILE_NAME}.damaged-1").read_bytes() == b"from an earlier time"
    assert written(reader) == [(trace_id(2), span_id(1))]
    assert "damaged-2" in capsys.readouterr().err


def test_only_the_first_of_two_writers_moves_a_damaged_file(tmp_path):
    from mutagent.store.connection import identity_of
    from mutagent.store.damage import set_aside

    path = tmp_path / FILE_NAME
    path.write_bytes(b"garbage" * 100)
    damaged = identity_of(path)
    assert set_aside(path, damaged) == tmp_path / f"{FILE_NAME}.damaged-1"
    path.write_bytes(b"the sound file that took its place")
    assert set_aside(path, damaged) is None
    assert path.read_bytes() == b"the sound file that took its place"


def test_a_locked_store_is_waited_for_no_longer_than_the_deadline(writer, reader):
    writer.append([row(1)])
    with closing(sqlite3.connect(writer.home / FILE_NAME, isolation_level=None)) as neighbour:
        neighbour.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable) as caught:
            writer.append([row(2)], time.monotonic() + 0.05)
        assert (caught.value.transient, caught.value.written) == (True, 0)
        neighbour.execute("ROLLBACK")
    assert writer.append([row(2)]) == 1
    assert [found for found, _ in written(reader)] == [trace_id(1), trace_id(2)]


def test_a_home_that_is_a_file_is_refused_for_good(tmp_path):
    (tmp_path / "home").write_text("mine")
    with pytest.raises(StoreUnavailable) as caught:
        StoreWriter(tmp_path / "home", NO_LIMIT, NO_LIMIT).append([row()])
    assert not caught.value.transient
    assert (tmp_path / "home").read_text() == "mine"


def test_the_file_says_its_format(writer):
    writer.append([row()])
    with closing(sqlite3.connect(writer.home / FILE_NAME)) as connection:
        facts = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("user_version", "journal_mode", "auto_vacuum")
        }
        columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(spans)")]
    assert facts == {"user_version": 1, "journal_mode": "wal", "auto_vacuum": 2}
    assert columns == ["seq", "trace_id", "span_id", "written_ns", "header", "body"]
