"""Nothing adds up over time, and an event loop goes on while the service hangs: each in a process of its own."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.faults.running import ROOT
from tests.servers.collector import Answer, Collector
from tests.servers.trust import NOBODY

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
LOOP = """
import asyncio, sys, time
from mutagent import tracing
from mutagent.tracing import SpanOptions

async def lag(seconds):
    worst, until = 0.0, time.monotonic() + seconds
    while time.monotonic() < until:
        begun = time.monotonic()
        await asyncio.sleep(0.01)
        worst = max(worst, time.monotonic() - begun)
    return worst

async def main():
    tracing.init_tracing(endpoint=sys.argv[1])
    watching = asyncio.ensure_future(lag(3))
    for number in range(100):
        tracing.end_span(tracing.start_span(SpanOptions(kind="custom", name=f"span {number}")))
        await asyncio.sleep(0.01)
    tracing.init_tracing(endpoint=sys.argv[1])  # the pipeline that this replaces has a hanging request
    worst = await watching
    begun = time.monotonic()
    watching = asyncio.ensure_future(lag(2))
    receipt = await tracing.shutdown_tracing(1.0)
    print(worst < 1, await watching < 1, time.monotonic() - begun < 10, receipt is not None)

asyncio.run(main())
"""


@linux
@pytest.mark.skipif(find_spec("openai") is None, reason="needs openai")
@pytest.mark.parametrize("then", ["Answer()", "Answer(500)"], ids=["well", "down"])
def test_memory_threads_and_handles_are_flat(then):
    program = f"from tests.faults.soak import *\nprint(growth(*soak(0, {then})))"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT, capture_output=True, text=True, timeout=300, env={**os.environ, **NOBODY},
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (0, "[]\n"), ran.stdout + ran.stderr


def test_an_event_loop_goes_on_while_the_service_hangs(tmp_path):
    with Collector(then=Answer(hang=True, stored=False)) as collector:
        ran = subprocess.run(
            [sys.executable, "-c", LOOP, collector.url],
            cwd=ROOT, capture_output=True, text=True, timeout=120, env={"MUTAGENT_HOME": str(tmp_path)},
        )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (0, "True True True True\n"), ran.stderr
