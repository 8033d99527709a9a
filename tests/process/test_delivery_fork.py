"""Every process delivers its own spans once, however it came to be."""

import sys

import pytest

from tests.process.programs import Program
from tests.servers.collector import Answer, Collector

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX processes")

FORK = """
{before}
pid = os.fork()
if pid == 0:
    work("child")
    {leave}
os.waitpid(pid, 0)
work("parent")
"""
MULTIPROCESSING = """
import multiprocessing
context = multiprocessing.get_context("{method}")
{before}
children = [context.Process(target=work, args=["child"]) for _ in range(3)]
for child in children:
    child.start()
for child in children:
    child.join()
print([child.exitcode for child in children])
"""
# From 3.12 on the interpreter warns of any fork while threads run, and ours do once there was a span.
QUIET = "ignore::DeprecationWarning"


def once(collector):
    return set(collector.arrivals().values()) == {1}


@pytest.mark.parametrize("before", ["", "work('before')"], ids=["first span after", "recorded before"])
def test_a_forked_child_delivers_its_own_spans_and_no_others(tmp_path, before):
    with Collector() as collector:
        program = Program(
            tmp_path, FORK.format(before=before, leave="sys.exit(0)"), collector.url, PYTHONWARNINGS=QUIET
        )
        ended = program.run()
        assert (ended.code, ended.complaints) == (0, "")
        assert len(program.arrived(collector)) == (3 if before else 2)
        assert once(collector) or program.delayed
        made = {span["traceId"] for span in collector.spans() if span["name"] != "next process"}
        pids = {trace["metadata"]["process.pid"] for key, trace in collector.traces().items() if key in made}
        assert len(pids) == 2


def test_a_fork_before_the_first_span_warns_of_no_thread(tmp_path):
    with Collector() as collector:
        program = Program(tmp_path, FORK.format(before="", leave="sys.exit(0)"), collector.url)
        ended = program.run()
        assert (ended.code, ended.complaints, len(program.arrived(collector))) == (0, "", 2)


def test_a_fork_in_the_middle_of_an_export_hangs_nobody(tmp_path):
    body = """
    for _ in range(200):
        work("before")
    time.sleep(0.5)
    for _ in range(5):
        pid = os.fork()
        if pid == 0:
            for _ in range(20):
                work("child")
            flush(20)
            os._exit(0)
        os.waitpid(pid, 0)
    """
    with Collector(answers=[Answer(delay=1.0)]) as collector:
        program = Program(tmp_path, body, collector.url, PYTHONWARNINGS=QUIET, MUTAGENT_LOCAL="1")
        ended = program.run()
        assert (ended.code, ended.complaints) == (0, "")
        assert len(program.arrived(collector)) == 300
        assert once(collector) or program.delayed


def test_a_span_that_was_open_at_the_fork_is_the_parents_and_still_the_childs_parent(tmp_path):
    body = """
    @trace(kind="agent")
    def outer():
        pid = os.fork()
        if pid == 0:
            work("child")
            flush(20)
            os._exit(0)
        os.waitpid(pid, 0)
    outer()
    """
    with Collector() as collector:
        program = Program(tmp_path, body, collector.url, PYTHONWARNINGS=QUIET)
        program.run()
        assert program.arrived(collector) == ["outer", "work"]
        spans = {span["name"]: span for span in collector.spans()}
        assert once(collector) or program.delayed
    assert spans["work"]["parentSpanId"] == spans["outer"]["spanId"]
    assert spans["work"]["traceId"] == spans["outer"]["traceId"]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("before", ["", "work('before')"], ids=["first span in the child", "recorded before"])
def test_children_of_multiprocessing_deliver(tmp_path, method, before):
    with Collector() as collector:
        body = MULTIPROCESSING.format(method=method, before=before)
        program = Program(tmp_path, body, collector.url, PYTHONWARNINGS=QUIET)
        ended = program.run()
        assert (ended.code, ended.out, ended.complaints) == (0, "[0, 0, 0]\n", "")
        assert len(program.arrived(collector)) == (4 if before else 3)
        assert once(collector) or program.delayed


def test_children_whose_service_hangs_end_in_time_and_spool(tmp_path):
    with Collector(then=Answer(hang=True)) as collector:
        body = "ready()\n" + MULTIPROCESSING.format(method="fork", before="work('before')")
        program = Program(tmp_path, body, collector.url, PYTHONWARNINGS=QUIET)
        assert program.run().exit_seconds < 20
        assert program.spooled() == 4
