"""The one broad except: failures of ours are counted, those of the program pass."""

import io
import signal
import sys
import time

import pytest

from mutagent import guard
from mutagent.guard import Guard, attempt, guarded, record_failure, say, say_once


@pytest.fixture(autouse=True)
def fresh():
    guard.forget()
    yield
    guard.forget()


def fail(error):
    raise error


def test_a_result_passes_and_a_failure_is_none_and_counted():
    assert guarded("place", lambda a, b: a + b, 1, 2) == 3
    assert guarded("place", fail, KeyError("secret")) is None
    assert guarded("place", fail, ValueError("x")) is None
    assert (guard.failures, guard.first_errors) == ({"place": 2}, {"place": "KeyError"})


def test_nothing_that_an_exception_says_is_kept():
    guarded("place", fail, ValueError("sk-secret"))
    assert "sk-secret" not in str(guard.first_errors)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), GeneratorExit()])
def test_what_stops_a_program_passes(error):
    with pytest.raises(type(error)):
        guarded("place", fail, error)
    with pytest.raises(type(error)), Guard("place"):
        raise error
    assert guard.failures == {}


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX signals")
@pytest.mark.parametrize("way", ["function", "method", "block"])
def test_what_a_signal_handler_of_the_programs_raises_passes(way):
    class Alarm:
        def ring(self, number, frame):
            raise TimeoutError("too late")

    def ring(number, frame):
        raise TimeoutError("too late")

    def spin():
        until = time.monotonic() + 20
        while time.monotonic() < until:
            pass

    def block():
        with Guard("place"):
            spin()

    before = signal.signal(signal.SIGALRM, Alarm().ring if way == "method" else ring)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        with pytest.raises(TimeoutError):
            block() if way == "block" else guarded("place", spin)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert guard.failures == {}


def test_a_guarded_block_goes_on_after_it():
    with Guard("block"):
        raise KeyError("x")
    assert guard.failures == {"block": 1}


def test_an_owner_counts_for_itself():
    class Owner:
        told = []

        def failed(self, step, error):
            self.told.append((step, type(error)))

    assert attempt(Owner(), "request", fail, KeyError("x")) is None
    assert attempt(Owner(), "request", int, "7") == 7
    assert (Owner.told, guard.failures) == ([("request", KeyError)], {})


def test_only_the_first_places_keep_their_error():
    for number in range(30):
        record_failure(f"place {number}", ValueError())
    assert (len(guard.failures), len(guard.first_errors)) == (30, 20)


def test_a_line_is_said_once(capsys):
    say_once("key", "first")
    say_once("key", "second")
    say_once("other", "third")
    assert capsys.readouterr() == ("", "mutagent: first\nmutagent: third\n")


class Full(io.StringIO):
    def write(self, text):
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("stream", [None, Full(), object()], ids=["none", "full", "no stream"])
def test_a_stderr_that_cannot_be_written_is_not_the_programs_problem(monkeypatch, stream):
    monkeypatch.setattr(sys, "stderr", stream)
    say("line")


def test_a_closed_stderr_is_not_the_programs_problem(monkeypatch):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    say("line")
