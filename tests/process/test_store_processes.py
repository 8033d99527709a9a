"""The store among real processes: many at once, killed, forked, without rights, without space."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

from mutagent.store.reader import StoreReader
from mutagent.store.rows import FILE_NAME

ROOT = Path(__file__).parents[2]
DEADLINE = 120
PRELUDE = """\
import json, os, sys, threading, time
from pathlib import Path
from mutagent.export.local import LocalExporter
from mutagent.store import reader, writer
from tests.unit.store_rows import row
home = Path(sys.argv[1])
exporter = LocalExporter(home, 0, 0)
def export(*rows):
    result = exporter.export(list(rows), None)
    return {"accepted": result.accepted, "retry": len(result.retry), "dropped": result.dropped, "error": result.error}
"""


def start(script, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PRELUDE + script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def run(script, *arguments):
    process = start(script, *arguments)
    out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, err
    return json.loads(out), err


def rows_of(home):
    return StoreReader(home).rows_after(0, 1_000_000)


def test_four_processes_that_start_together_lose_nothing(tmp_path):
    home = tmp_path / "home"
    script = """
process = int(sys.argv[2])
sys.stdin.read()
counts = [export(*[row(process, 5 * batch + part) for part in range(5)])["accepted"] for batch in range(100)]
exporter.close()
print(sum(counts))
"""
    writers = [start(script, home, number, stdin=subprocess.PIPE) for number in range(1, 5)]
    for process in writers:
        process.stdin.close()
        process.stdin = None
    outcomes = [process.communicate(timeout=DEADLINE) for process in writers]
    assert outcomes == [("500\n", "")] * 4
    found = rows_of(home)
    assert len({(row.trace_id, row.span_id) for row in found}) == len(found) == 2000
    for process in range(1, 5):
        own = [int(row.span_id, 16) for row in found if int(row.trace_id, 16) == process]
        assert own == list(range(500))


def test_a_writer_killed_in_the_middle_leaves_a_readable_store(tmp_path):
    script = """
number = 0
while True:
    export(*[row(number, part, name="n" * 2000) for part in range(50)])
    number += 1
    print(number, flush=True)
"""
    process = start(script, tmp_path)
    for _ in range(20):
        process.stdout.readline()
    process.kill()
    # Not communicate(), which passes over the lines that readline() has read ahead.
    reported = 20 + len(process.stdout.read().split())
    process.communicate(timeout=DEADLINE)
    found = rows_of(tmp_path)
    # Whole batches only: the reported ones, and perhaps one that was committed and not yet reported.
    assert len(found) in (50 * reported, 50 * (reported + 1))
    assert len(StoreReader(tmp_path).traces(1000)) == len(found) // 50
    result, err = run("print(json.dumps(export(row(999_999))))", tmp_path)
    assert (result["accepted"], err, len(rows_of(tmp_path))) == (1, "", len(found) + 1)


def test_a_reader_beside_a_writer_sees_growing_whole_batches(tmp_path):
    script = """
for batch in range(60):
    export(*[row(batch, part) for part in range(10)])
    print(batch, flush=True)
exporter.close()
"""
    process = start(script, tmp_path)
    process.stdout.readline()
    reader, sizes = StoreReader(tmp_path), []
    while process.poll() is None:
        sizes.append(len(reader.rows_after(0, 10_000)))
        assert all(trace.span_count == 10 for trace in reader.traces(5))
    process.communicate(timeout=DEADLINE)
    assert sizes == sorted(sizes)
    assert all(size % 10 == 0 for size in sizes)
    assert len(rows_of(tmp_path)) == 600


def test_a_forked_child_opens_the_store_for_itself(tmp_path):
    script = """
export(row(1))
children = []
for number in range(2, 6):
    pid = os.fork()
    if pid == 0:
        outcome = export(row(number))
        exporter.close()
        sys.exit(0 if outcome["accepted"] == 1 else 1)
    children.append(pid)
codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
print(json.dumps([codes, export(row(6))["accepted"]]))
"""
    assert run(script, tmp_path) == ([[0, 0, 0, 0], 1], "")
    assert sorted(int(row.trace_id, 16) for row in rows_of(tmp_path)) == [1, 2, 3, 4, 5, 6]


def test_forks_while_a_thread_is_writing_neither_hang_nor_damage_the_store(tmp_path):
    script = """
import signal, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # 3.12+: fork with threads is what is tested here
stop, written = threading.Event(), []
def write():
    while not stop.is_set():
        written.append(export(*[row(1, len(written) * 20 + part) for part in range(20)])["accepted"])
export(row(2))
resume = []
os.register_at_fork(before=lambda: resume.append(exporter.pause(5.0)), after_in_parent=lambda: resume.pop()())
thread = threading.Thread(target=write)
thread.start()
codes = set()
for number in range(60):
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)
        code = 0 if export(row(100 + number))["accepted"] == 1 else 1
        # Half of them end as a program does, with the inherited connection still there.
        os._exit(code) if number % 2 else sys.exit(code)
    codes.add(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
stop.set()
thread.join()
print(json.dumps([sorted(codes), sum(written)]))
"""
    (codes, written), err = run(script, tmp_path)
    assert (codes, err) == ([0], "")
    found = [int(row.trace_id, 16) for row in rows_of(tmp_path)]
    assert (found.count(1), len(set(found)), len(found)) == (written, 62, written + 61)


UNPRIVILEGED = """
import mutagent.guard, mutagent.store.errors, mutagent.store.file, encodings.utf_8
if os.geteuid() == 0:
    os.setuid(65534)  # root may write anywhere
"""


def test_a_directory_that_is_not_ours_costs_spans_and_one_line(tmp_path):
    tmp_path.chmod(0o555)
    for parent in list(tmp_path.parents)[:2]:
        parent.chmod(0o755)
    result, err = run(UNPRIVILEGED + "print(json.dumps([export(row(1), row(2)), export(row(3))]))", tmp_path / "home")
    home = tmp_path / "home"
    reason = f"[Errno 13] Permission denied: '{home}'"
    failed = {"accepted": 0, "retry": 0, "error": reason}
    assert result == [{**failed, "dropped": 2}, {**failed, "dropped": 1}]
    assert err == f"mutagent: the local store in {home} can't be written ({reason}): spans are not recorded.\n"


def test_a_read_only_store_can_be_read_and_is_not_written(tmp_path):
    run("print(json.dumps(export(row(1))))\nexporter.close()", tmp_path)
    for parent in list(tmp_path.parents)[:3]:
        parent.chmod(0o755)
    (tmp_path / FILE_NAME).chmod(0o444)
    tmp_path.chmod(0o555)
    script = """
outcome = export(row(2))
print(json.dumps([outcome, [trace.name for trace in reader.StoreReader(home).traces()]]))
"""
    (outcome, names), err = run(UNPRIVILEGED + script, tmp_path)
    assert (outcome["accepted"], outcome["dropped"], names) == (0, 1, ["span 1"])
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_a_full_disk_costs_spans_and_recording_goes_on_when_there_is_space_again(tmp_path):
    script = """
import resource
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
first = export(row(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, unlimited[1]))
full = [export(*[row(2, 10 * batch + part, name="n" * 5000) for part in range(10)]) for batch in range(20)]
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
print(json.dumps([first, full, export(row(3))]))
"""
    (first, full, last), err = run(script, tmp_path)
    assert first["accepted"] == last["accepted"] == 1
    assert full[-1] == {"accepted": 0, "retry": 0, "dropped": 10, "error": full[-1]["error"]}
    assert {outcome["accepted"] + outcome["dropped"] for outcome in full} == {10}
    written = sum(outcome["accepted"] for outcome in full)
    assert len(rows_of(tmp_path)) == written + 2
    assert err.count("\n") == 1
    assert "spans are not recorded" in err


def test_processes_that_meet_at_a_damaged_file_move_it_once_and_lose_nothing(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"garbage " * 2000)
    script = """
sys.stdin.read()
print(sum(export(row(int(sys.argv[2]), number))["accepted"] for number in range(50)))
"""
    writers = [start(script, tmp_path, number, stdin=subprocess.PIPE) for number in range(1, 5)]
    for process in writers:
        process.stdin.close()
        process.stdin = None
    outcomes = [process.communicate(timeout=DEADLINE) for process in writers]
    assert [out for out, _ in outcomes] == ["50\n"] * 4, outcomes
    kept = [path.name for path in tmp_path.iterdir() if "damaged" in path.name]
    assert kept == [f"{FILE_NAME}.damaged-1"]
    assert "".join(err for _, err in outcomes).count("was damaged") == 1
    assert len(rows_of(tmp_path)) == 200


def test_a_locked_store_gives_the_spans_back_and_says_so_once(tmp_path):
    script = """
import sqlite3
export(row(1))
neighbour = sqlite3.connect(home / "traces-v1.sqlite3", isolation_level=None)
neighbour.execute("BEGIN IMMEDIATE")
begun = time.monotonic()
outcomes = [exporter.export([row(2)], time.monotonic() + 0.1) for _ in range(2)]
waited = time.monotonic() - begun
neighbour.execute("ROLLBACK")
neighbour.close()
again = exporter.export(outcomes[0].retry, None).accepted
print(json.dumps([[len(outcome.retry) for outcome in outcomes], again, waited < 30]))
exporter.close()
"""
    outcome, err = run(script, tmp_path)
    assert outcome == [[1, 1], 1, True]
    assert err == (
        f"mutagent: the local store in {tmp_path} can't be written (database is locked): they will be tried again.\n"
    )


def test_files_made_by_any_process_are_private(tmp_path):
    home = tmp_path / "home"
    run("os.umask(0)\nprint(json.dumps(export(row(1))))\nexporter.close()", home)
    assert (stat.S_IMODE(home.stat().st_mode), stat.S_IMODE((home / FILE_NAME).stat().st_mode)) == (0o700, 0o600)


def test_the_exporter_loads_sqlite_only_when_it_writes():
    script = """
import sys
from mutagent.export.local import LocalExporter
LocalExporter(None, 0, 0).close()
print("sqlite3" in sys.modules)
"""
    options = {"cwd": ROOT, "capture_output": True, "text": True, "timeout": DEADLINE}
    assert subprocess.run([sys.executable, "-c", script], **options).stdout == "False\n"
