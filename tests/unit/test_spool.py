"""What could not be delivered lies on disk: whole, private, bounded, and sent once by one process."""

import os
import stat
import sys
from time import monotonic

import pytest

from mutagent import guard
from mutagent.export.result import ExportResult
from mutagent.export.spool import Recovered, Spool
from tests.unit.spans import encoded

ENDPOINT = "https://api.example.test"
KEY = "mt_0123456789abcdef"
MEGABYTE = 1 << 20


@pytest.fixture(autouse=True)
def nothing_said_yet():
    guard.forget()


def spool(home, key=KEY, max_bytes=MEGABYTE, endpoint=ENDPOINT):
    return Spool(home, endpoint, key, max_bytes)


def files(home):
    return sorted(path for path in (home / "spool").rglob("*") if path.is_file() and path.suffix == ".spans")


class Receiver:
    """Takes batches and answers with the results given, in order, then accepts."""

    def __init__(self, *results):
        self.results = list(results)
        self.batches = []

    def __call__(self, spans):
        self.batches.append(spans)
        return self.results.pop(0) if self.results else ExportResult(accepted=len(spans))

    @property
    def names(self):
        return [[span.span_id[-1] for span in batch] for batch in self.batches]


def soon():
    return monotonic() + 30


def test_what_was_put_comes_back_byte_for_byte_and_oldest_first(tmp_path):
    first, second = encoded(1, 2), encoded(3, trace=8, name="tab\tnewline\nend")
    writer = spool(tmp_path)
    assert writer.put(first)
    assert writer.put(second)
    receiver = Receiver()
    assert spool(tmp_path).recover(receiver, soon()) == Recovered(spans=3, own=0, left=False)
    assert receiver.batches == [first, second]
    assert files(tmp_path) == []


def test_a_process_knows_its_own_spans_again(tmp_path):
    spool(tmp_path).put(encoded(1))
    later = spool(tmp_path)
    later.put(encoded(2, 3))
    assert later.recover(Receiver(), soon()) == Recovered(spans=3, own=2, left=False)


def test_another_key_or_endpoint_never_gets_the_spans(tmp_path):
    spool(tmp_path).put(encoded(1))
    for other in (
        spool(tmp_path, key="mt_other"),
        spool(tmp_path, endpoint="https://other.test"),
        spool(tmp_path, None),
    ):
        receiver = Receiver()
        assert other.recover(receiver, soon()) == Recovered()
        assert receiver.batches == []


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_files_are_private_and_do_not_hold_the_key(tmp_path):
    spool(tmp_path).put(encoded(1))
    [path] = files(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
    assert KEY.encode() not in path.read_bytes()
    assert KEY not in str(path)


@pytest.mark.parametrize("damage", ["cut in a line", "cut at a line", "empty", "garbage", "another version"])
def test_a_torn_file_is_skipped_and_removed(tmp_path, damage):
    writer = spool(tmp_path)
    writer.put(encoded(1, 2))
    writer.put(encoded(3))
    path = files(tmp_path)[0]
    whole = path.read_bytes()
    path.write_bytes(
        {
            "cut in a line": whole[:-20],
            "cut at a line": whole[: whole[:-1].rindex(b"\n") + 1],
            "empty": b"",
            "garbage": b"\x00\xff\n" * 5,
            "another version": whole.replace(b"mutagent-spool 1", b"mutagent-spool 9"),
        }[damage]
    )
    receiver = Receiver()
    spool(tmp_path).recover(receiver, soon())
    assert receiver.names == [["3"]]
    assert files(tmp_path) == []


def test_a_failure_ends_the_recovery_and_keeps_what_is_left(tmp_path):
    writer = spool(tmp_path)
    for number in (1, 2, 3):
        writer.put(encoded(number))
    receiver = Receiver(ExportResult(accepted=1), ExportResult(retry=encoded(2), error="down"))
    assert spool(tmp_path).recover(receiver, soon()) == Recovered(spans=1, own=0, left=True)
    assert len(files(tmp_path)) == 2
    assert spool(tmp_path).recover(Receiver(), soon()) == Recovered(spans=2, own=0, left=False)


def test_a_refused_batch_does_not_stand_in_the_way_and_is_not_tried_again(tmp_path):
    reader = spool(tmp_path)
    for number in (1, 2):
        reader.put(encoded(number))
    refusal = ExportResult(retry=encoded(1), error="HTTP 400", spool=True)
    receiver = Receiver(refusal)
    assert reader.recover(receiver, soon()) == Recovered(spans=1, own=1, left=False)
    assert reader.recover(receiver, soon()) == Recovered()
    assert receiver.names == [["1"], ["2"]]
    assert len(files(tmp_path)) == 1


def test_no_file_is_begun_after_the_deadline(tmp_path):
    spool(tmp_path).put(encoded(1))
    receiver = Receiver()
    assert spool(tmp_path).recover(receiver, monotonic()) == Recovered(left=True)
    assert receiver.batches == []


def test_the_oldest_make_room_and_are_counted(tmp_path, capsys):
    line = sum(span.size for span in encoded(1))
    writer = spool(tmp_path, max_bytes=3 * line)
    for number in range(1, 9):
        assert writer.put(encoded(number))
    kept = sum(path.stat().st_size for path in files(tmp_path))
    assert kept <= 3 * line
    evicted = writer.take_evicted()
    assert evicted == 8 - len(files(tmp_path)) > 0
    assert writer.take_evicted() == 0
    receiver = Receiver()
    spool(tmp_path).recover(receiver, soon())
    assert receiver.names == [[str(number)] for number in range(evicted + 1, 9)]
    assert capsys.readouterr().err.count("is full: the oldest undelivered spans are dropped") == 1


def test_a_disk_that_takes_nothing_costs_the_spans_and_is_said_once(tmp_path, capsys):
    (tmp_path / "spool").write_text("a file where the directory should be")
    writer = spool(tmp_path)
    assert not writer.put(encoded(1))
    assert not writer.put(encoded(2))
    assert writer.recover(Receiver(), soon()) == Recovered()
    assert capsys.readouterr().err.count("undelivered spans are dropped") == 1


@pytest.mark.parametrize("locking", ["flock", "by name"])
def test_only_one_sends_at_a_time(tmp_path, monkeypatch, locking):
    if locking == "by name":
        monkeypatch.setitem(sys.modules, "fcntl", None)
    spool(tmp_path).put(encoded(1))
    outcomes = []

    def meanwhile(spans):
        outcomes.append(spool(tmp_path).recover(Receiver(), soon()))
        return ExportResult(accepted=len(spans))

    assert spool(tmp_path).recover(meanwhile, soon()) == Recovered(spans=1, own=0, left=False)
    assert outcomes == [Recovered()]
    spool(tmp_path).put(encoded(2))
    assert spool(tmp_path).recover(Receiver(), soon()).spans == 1


def test_a_temporary_file_whose_writer_died_is_cleared_away(tmp_path):
    writer = spool(tmp_path)
    writer.put(encoded(1))
    stale, fresh = writer.directory / "1.tmp", writer.directory / "2.tmp"
    for path in (stale, fresh):
        path.write_bytes(b"half")
    os.utime(stale, (0, 0))
    writer.put(encoded(2))
    assert (stale.exists(), fresh.exists()) == (False, True)


def test_nothing_is_made_on_disk_before_there_is_something_to_keep(tmp_path):
    spool(tmp_path).recover(Receiver(), soon())
    assert list(tmp_path.iterdir()) == []
