"""`mutagent traces --follow`: real programs recorded while it looks on."""

import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mutagent.store.rows import FILE_NAME
from mutagent.store.writer import StoreWriter
from tests.unit.store_rows import row

ROOT = Path(__file__).parents[2]
DEADLINE = 60
HEADER = {"metadata": {"service.name": "shop"}}
OTHER = {"metadata": {"service.name": "desk"}}
PROGRAM = """
import sys
from mutagent.tracing import SpanOptions, end_span, start_span

outer = start_span(SpanOptions(kind="agent", name="agent"))
end_span(start_span(SpanOptions(kind="tool", name="quick")))
sys.stdin.readline()
end_span(outer)
"""


class Follower:
    """A running `mutagent traces --follow`, and what it has printed so far."""

    def __init__(self, process, read):
        self.process = process
        self.output = ""
        self._read = read
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()

    def _collect(self):
        while chunk := self._read():
            self.output += chunk

    def wait_for(self, pattern):
        """The first match in what it prints."""
        until = time.monotonic() + DEADLINE
        while time.monotonic() < until:
            found = re.search(pattern, self.output)
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError(f"{pattern!r} did not come; there is:\n{self.output}")

    def stop(self):
        """Press Ctrl-C; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(DEADLINE)
        self._reader.join(DEADLINE)
        return code


def environment(home, **changes):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MUTAGENT", "PYTHON"))}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "MUTAGENT_HOME": str(home),
        "TZ": "UTC",
        "PYTHONUNBUFFERED": "1",
        **changes,
    }


@contextmanager
def following(home, *words):
    """The command with its output in a pipe, from the moment on that it looks."""
    command = [sys.executable, "-W", "error", "-m", "mutagent", "traces", "--follow", *words]
    process = subprocess.Popen(
        command, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    )
    try:
        follower = Follower(process, process.stdout.readline)
        _until_it_looks(home, follower)
        yield follower
    finally:
        process.kill()
        process.wait(DEADLINE)
        process.stdout.close()


def _until_it_looks(home, follower):
    """Append signs until one is seen: what is recorded before it looks is none of its business."""
    until = time.monotonic() + DEADLINE
    number = 0
    while "sign" not in follower.output and time.monotonic() < until:
        number += 1
        append(home, row(0x516 << 40 | number, number, header=HEADER, name="sign", kind="agent", status="error"))
        time.sleep(0.1)
    assert "sign" in follower.output


def append(home, *rows):
    with closing(StoreWriter(home, 0, 0)) as writer:
        writer.append(list(rows))


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    append(home, row(1, 1, header=HEADER, name="before"))
    return home


def test_a_span_is_shown_when_it_begins_and_when_it_ends(home):
    with following(home) as follower:
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            env=environment(home, MUTAGENT_LOCAL="1"),
            stdin=subprocess.PIPE,
            text=True,
        )
        follower.wait_for(r"quick  tool  \S+ ms\n")
        trace_id = follower.wait_for(r"(\w{8})  agent  agent  open\n")[1]
        program.communicate("\n", timeout=DEADLINE)
        follower.wait_for(rf"{trace_id}  agent  agent  \S+ m?s\n")
        assert follower.stop() == 0
    assert "before" not in follower.output


def test_a_line_says_what_the_span_was(home):
    spans = {"kind": "llm.chat", "tokens": {"input": 1204, "output": 356}, "costUsd": 0.0123}
    with following(home) as follower:
        append(
            home,
            row(0x77 << 120, 1, header=HEADER, name="chat gpt-4o", **spans),
            row(0x77 << 120, 2, 1, header=HEADER, name="look\x1b[2J up", status="error", statusMessage="no\nluck"),
        )
        follower.wait_for("luck")
        follower.stop()
    assert [line for line in follower.output.splitlines() if "77000000" in line] == [
        "12:00:01  77000000  chat gpt-4o  llm.chat  500 ms  1,204 → 356  $0.0123",
        "12:00:02  77000000  look up  chain  500 ms  error  no luck",
    ]


def test_json_lines_are_the_spans_of_the_wire(home):
    with following(home, "--json") as follower:
        append(home, row(0x77 << 120, 1, header=HEADER, name="one", endTime=None, durationMs=None, status=None))
        follower.wait_for('"name": "one"')
        append(home, row(0x77 << 120, 1, header=HEADER, name="one"))
        follower.wait_for(r'"name": "one".*"status": "ok"\}\n')
        follower.stop()
    spans = [json.loads(line) for line in follower.output.splitlines()]
    shown = [(span["traceId"], span["name"], span.get("status")) for span in spans if span["name"] == "one"]
    assert shown == [(f"{0x77 << 120:032x}", "one", None), (f"{0x77 << 120:032x}", "one", "ok")]


def test_a_trace_that_comes_to_pass_the_filters_is_shown_whole(home):
    with following(home, "--status", "error", "--service", "shop") as follower:
        append(home, row(0x77 << 120, 1, header=HEADER, name="first"))
        append(home, row(0x88 << 120, 2, header=OTHER, name="elsewhere", status="error"))
        append(home, row(0x77 << 120, 3, 1, header=HEADER, name="second", status="error"))
        follower.wait_for("second")
        follower.stop()
    shown = [line.split("  ")[2] for line in follower.output.splitlines() if "sign" not in line]
    assert shown == ["first", "second"]


def test_it_waits_for_a_store_that_is_not_there_yet(tmp_path):
    with following(tmp_path / "home") as follower:
        assert follower.stop() == 0


def test_it_goes_on_with_a_store_that_takes_the_place_of_the_first(home):
    with following(home) as follower:
        for path in home.glob(f"{FILE_NAME}*"):
            # As a damaged one is moved out of the way.
            path.rename(f"{path}.damaged-1")
        append(home, row(0x99 << 120, 1, header=HEADER, name="anew"))
        follower.wait_for("anew")
        assert follower.stop() == 0


@pytest.mark.parametrize("words", [["last"], ["--html", "out.html"]], ids=str)
def test_it_goes_with_no_single_trace(home, words):
    done = subprocess.run(
        [sys.executable, "-m", "mutagent", "traces", "--follow", *words],
        env=environment(home), capture_output=True, text=True, timeout=DEADLINE,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mutagent: --follow shows what comes")


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_on_a_terminal_a_trace_grows_and_stays_when_it_has_ended(home):
    pytest.importorskip("rich")
    with on_a_terminal(home) as follower:
        until = time.monotonic() + DEADLINE
        # Again and again, as what came before it looks is not shown; one span, as the terminal has only so many lines.
        opening = row(0x77 << 120, 1, header=HEADER, name="live", endTime=None, durationMs=None, status=None)
        while "live" not in follower.output and time.monotonic() < until:
            append(home, opening)
            time.sleep(0.1)
        follower.wait_for("open")
        append(home, row(0x77 << 120, 1, header=HEADER, name="live", endTime="2026-01-31T12:00:09.000000Z"))
        # Previews stand only below a trace that has ended and was moved up.
        append(home, row(0x77 << 120, 900, 1, header=HEADER, name="last", output={"text": "the answer"}))
        follower.wait_for("the answer")
        assert follower.stop() == 0
    assert "━" in follower.output


@contextmanager
def on_a_terminal(home):
    """The command on a pseudo-terminal of 100 columns."""
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "mutagent", "traces", "--follow"],
        env=environment(home, TERM="xterm", COLUMNS="100", PYTHONIOENCODING="utf-8"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        yield Follower(process, lambda: _read(ours))
    finally:
        process.kill()
        process.wait(DEADLINE)
        os.close(ours)


def _read(descriptor):
    try:
        return os.read(descriptor, 65_536).decode("utf-8", "replace")
    except OSError:  # the other side is gone
        return ""
