"""However a program ends, its spans arrive, and its end is not held up."""

import signal
import sys

import pytest

from tests.process.programs import Program, names
from tests.servers.collector import Answer, Collector

# What delivery may add, and what a loaded machine may.
BOUND = 2.5 + 2.0

WORK = """
work("a")
ready()
"""


def test_a_program_that_just_ends_has_delivered(tmp_path):
    with Collector() as collector:
        program = Program(tmp_path, WORK, collector.url)
        ended = program.run()
        assert (ended.code, ended.complaints, program.arrived(collector)) == (0, "", ["work"])


@pytest.mark.parametrize(
    ("ending", "code", "says"),
    [
        ("raise ValueError('boom')", 1, "ValueError: boom"),
        ("sys.exit(3)", 3, ""),
        ("sys.exit('message')", 1, "message"),
        ("raise KeyboardInterrupt", -signal.SIGINT if sys.platform != "win32" else 1, "KeyboardInterrupt"),
        ("threading.Timer(0.3, work, ['b']).start()", 0, ""),
    ],
)
def test_the_way_out_is_the_programs_own(tmp_path, ending, code, says):
    with Collector() as collector:
        program = Program(tmp_path, f"{WORK}\n{ending}", collector.url)
        ended = program.run()
        assert (ended.code, ended.complaints.strip().split("\n")[-1]) == (code, says)
        assert program.arrived(collector) == ["work"] * (2 if "Timer" in ending else 1)


def test_open_spans_are_sent_as_interrupted(tmp_path):
    body = """
    global kept
    kept = start_span(SpanOptions(kind="agent", name="open"))
    """
    with Collector() as collector:
        program = Program(tmp_path, body, collector.url)
        program.run()
        assert program.arrived(collector) == ["open"]
        span = next(span for span in collector.spans() if span["name"] == "open")
    assert (span["name"], span["status"]) == ("open", "unset")
    assert span["attributes"]["mutagent.span.outcome"] == "interrupted"


def test_a_span_of_an_exit_handler_that_runs_after_ours_is_not_lost(tmp_path):
    body = """
    import atexit
    atexit.register(work, "registered after ours, runs before")
    work("a")
    """
    with Collector() as collector:
        program = Program(tmp_path, body, collector.url)
        program.run()
        assert program.arrived(collector) == ["work", "work"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(hang=True), "no answer in time"),
        (Answer(drip=1.0), "no answer in time"),
        (Answer(500), "HTTP 500"),
        (Answer(401), "the API key was refused (HTTP 401); check MUTAGENT_API_KEY"),
        (Answer(close="before"), "Server disconnected"),
    ],
    ids=["hangs", "drips", "fails", "refuses the key", "hangs up"],
)
def test_a_sick_service_does_not_hold_up_the_end_and_costs_no_span(tmp_path, answer, says):
    with Collector(then=answer) as collector:
        program = Program(tmp_path, "for _ in range(50):\n    work('a')\nready()", collector.url)
        ended = program.run()
    assert ended.code == 0
    assert ended.exit_seconds < BOUND
    assert program.spooled() == 50
    assert ended.err.count("mutagent: delivery to ") == 1
    assert says in ended.err
    assert "secret0key" not in ended.err
    [receipt] = program.receipts()
    assert receipt["sinks"][0]["spooled"] == 50
    assert says in receipt["error"]


def test_a_service_that_is_down_gets_the_spans_from_the_next_run(tmp_path):
    with Collector(then=Answer(500)) as collector:
        port = int(collector.url.rsplit(":", 1)[1])
    program = Program(tmp_path, WORK, collector.url)
    assert program.run().exit_seconds < BOUND
    assert program.spooled() == 1
    with Collector(port=port) as collector:
        ended = program.run()
        assert (ended.code, ended.err, names(collector)) == (0, "", ["work", "work"])
    assert program.spooled() == 0
    assert [receipt["sinks"][0]["recovered"] for receipt in program.receipts()] == [0, 1]


def test_a_program_that_outlives_the_outage_delivers_itself(tmp_path):
    body = """
    for _ in range(3):
        work("a")
    flush(20)
    time.sleep(3)
    """
    with Collector(answers=[Answer(503)] * 2) as collector:
        ended = Program(tmp_path, body, collector.url, MUTAGENT_BATCH_INTERVAL_MS="50").run()
        assert names(collector) == ["work"] * 3
    assert [line for line in ended.err.splitlines() if not line.startswith("mutagent: delivery to")] == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
@pytest.mark.parametrize("how", ["read-only home", "a file in its place"])
def test_a_home_that_can_not_be_written_is_no_harm(tmp_path, how):
    with Collector(then=Answer(500)) as collector:
        program = Program(tmp_path, WORK, collector.url)
        if how == "read-only home":
            program.variables["MUTAGENT_HOME"] = "/proc/mutagent"
        else:
            program.home.write_text("")
        ended = program.run()
    assert ended.code == 0
    assert "undelivered spans are dropped" in ended.err


def test_nothing_is_written_where_nothing_was_recorded(tmp_path):
    with Collector() as collector:
        program = Program(tmp_path, "ready()", collector.url)
        assert program.run().code == 0
        assert collector.requests == []
    assert not program.home.exists()


def test_a_thread_that_still_works_at_the_end_is_no_harm(tmp_path):
    body = """
    def forever():
        while True:
            work("a")
            time.sleep(0.001)
    for _ in range(3):
        threading.Thread(target=forever, daemon=True).start()
    time.sleep(0.3)
    ready()
    """
    with Collector() as collector:
        program = Program(tmp_path, body, collector.url)
        ended = program.run()
        assert (ended.code, ended.complaints) == (0, "")
        assert len(names(collector)) + program.spooled() > 3
    assert ended.exit_seconds < BOUND


def test_a_serverless_host_that_freezes_the_process_has_the_span_before(tmp_path):
    body = """
    @trace(kind="agent")
    def handler():
        work("a")
    handler()
    os._exit(0)
    """
    with Collector() as collector:
        Program(tmp_path, body, collector.url, AWS_LAMBDA_FUNCTION_NAME="f").run()
        assert names(collector) == ["handler", "work"]


def test_a_serverless_handler_on_a_loop_does_not_hold_it_up(tmp_path):
    body = """
    import asyncio
    @trace(kind="agent")
    async def handler():
        await asyncio.sleep(0)
    async def host():
        began = time.monotonic()
        await handler()
        print("held up" if time.monotonic() - began > 1.5 else "free")
    asyncio.run(host())
    """
    with Collector(then=Answer(hang=True)) as collector:
        ended = Program(tmp_path, body, collector.url, AWS_LAMBDA_FUNCTION_NAME="f").run()
    assert ended.out == "free\n"


def test_the_runner_prints_one_line_about_the_whole_run(tmp_path):
    body = """
    import subprocess
    work("a")
    if "MUTAGENT_CHILD" not in os.environ:
        subprocess.run([sys.executable, __file__], env={**os.environ, "MUTAGENT_CHILD": "1"}, check=True)
    """
    program = Program(tmp_path, body, None, MUTAGENT_LOCAL="1", MUTAGENT_RUN_ID="a" * 32, MUTAGENT_SUMMARY="line")
    asks = (
        "import os\nif 'MUTAGENT_CHILD' not in os.environ:\n    os.environ['MUTAGENT_SUMMARY_PID'] = str(os.getpid())\n"
    )
    program.path.write_text(asks + program.path.read_text())
    ended = program.run()
    assert (ended.code, ended.err) == (0, "mutagent: 2 traces, 2 spans. Look: mutagent traces\n")
