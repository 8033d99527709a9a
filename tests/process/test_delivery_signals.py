"""SIGTERM under auto mode: the spans arrive, and the program dies of the signal as it would have."""

import signal
import sys

import pytest

from tests.process.programs import Program, names
from tests.servers.collector import Answer, Collector

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

BOUND = 2.5 + 2.0
# The first delivery imports a client and connects, which takes longer than the bound where the machine has much to do.
DELIVERED_BEFORE = """
work("a")
flush(30)
"""
# Naps: Python does not look for a signal that came between its last instruction and one long sleep.
SLEEP = """
work("a")
ready()
for _ in range(600):
    time.sleep(0.1)
"""
LOCKED = """
work("a")
lock = threading.Lock()
lock.acquire()
ready()
lock.acquire()
"""
BUSY = """
work("a")
ready()
while True:
    work("a")
"""


@pytest.mark.parametrize("body", [SLEEP, LOCKED], ids=["asleep", "in a lock"])
def test_a_terminated_program_has_delivered_and_dies_of_the_signal(tmp_path, body):
    with Collector() as collector:
        program = Program(tmp_path, DELIVERED_BEFORE + body, collector.url, MUTAGENT_AUTO="1")
        assert program.run(kill=signal.SIGTERM).code == -signal.SIGTERM
        assert program.arrived(collector) == ["work", "work"]


def test_a_program_terminated_while_it_records_loses_none_of_its_spans(tmp_path):
    with Collector() as collector:
        program = Program(tmp_path, BUSY, collector.url, MUTAGENT_AUTO="1")
        assert program.run(kill=signal.SIGTERM).code == -signal.SIGTERM
        [receipt] = program.receipts()
        [sink] = receipt["sinks"]
        assert sink["ended"] > 0
        assert sink["accepted"] + sink["spooled"] == sink["ended"]
        assert len(names(collector)) >= sink["accepted"]
        assert program.spooled() == sink["spooled"]


def test_a_service_that_hangs_does_not_keep_it_alive(tmp_path):
    with Collector(then=Answer(hang=True)) as collector:
        program = Program(tmp_path, SLEEP, collector.url, MUTAGENT_AUTO="1")
        ended = program.run(kill=signal.SIGTERM)
    assert ended.code == -signal.SIGTERM
    assert ended.exit_seconds < BOUND
    assert program.spooled() == 1


@pytest.mark.parametrize(
    "variables", [{}, {"MUTAGENT_AUTO": "1", "MUTAGENT_SIGTERM": "0"}], ids=["without auto mode", "switched off"]
)
def test_the_signal_is_left_alone_where_it_is_not_ours_to_take(tmp_path, variables):
    body = "import signal\nwork('a')\nprint(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)"
    with Collector() as collector:
        assert Program(tmp_path, body, collector.url, **variables).run().out == "True\n"


def test_a_handler_of_the_programs_stays(tmp_path):
    body = """
    import signal
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(5))
    work("a")
    ready()
    for _ in range(600):
        time.sleep(0.1)
    """
    with Collector() as collector:
        program = Program(tmp_path, body, collector.url, MUTAGENT_AUTO="1")
        ended = program.run(kill=signal.SIGTERM)
        assert (ended.code, program.arrived(collector)) == (5, ["work"])


def test_a_span_on_another_thread_leaves_the_signal_to_the_main_threads_first(tmp_path):
    body = """
    import signal
    thread = threading.Thread(target=work, args=["a"])
    thread.start(); thread.join()
    print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
    work("b")
    print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
    """
    with Collector() as collector:
        assert Program(tmp_path, body, collector.url, MUTAGENT_AUTO="1").run().out == "True\nFalse\n"
