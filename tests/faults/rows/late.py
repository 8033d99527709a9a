"""What is still under way when a process ends: tasks, daemon threads, exit handlers, a pipeline that is replaced."""

from __future__ import annotations

from tests.faults.row import Row, Service
from tests.faults.rows.endings import BRIEF
from tests.faults.rows.pieces import IMPORTS
from tests.servers.collector import Answer

HANGS = Service(then=Answer(hang=True, stored=False))


def _impatient(name: str, program: str, code: int) -> Row:
    """Somebody asks again, while only our delivery keeps the process: it must end soon, and lose nothing."""
    says = (" fails: ",)
    return Row(f"{name}, service hanging", IMPORTS + program, 20, HANGS, delivered=0, spooled=20, code=code, says=says)


ROWS = (
    _impatient("SIGINT twice", "work(20); settle(); signal_soon('INT'); signal_soon('INT', 1.0); settle(30)", -2),
    _impatient("SIGTERM twice", "work(20); settle(); signal_soon('TERM'); signal_soon('TERM', 1.0); settle(30)", -15),
    _impatient("SIGTERM twice, the program's handler exits", """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
work(20); settle(); signal_soon("TERM"); signal_soon("TERM", 1.0); settle(30)
""", 7),
    _impatient("an alarm of the program's own at the exit", """
import os, signal
def on_alarm(*_):
    raise TimeoutError("too late")
signal.signal(signal.SIGALRM, on_alarm)
work(20); settle(); leaving()
if "MUTAGENT_ENDPOINT" in os.environ:
    signal.setitimer(signal.ITIMER_REAL, 0.5)
""", 0),
    Row("an event loop closed with calls pending", IMPORTS + """
import asyncio
from mutagent.tracing import trace

@trace(name="pending")
async def pending():
    await asyncio.sleep(3600)

async def main():
    asyncio.get_running_loop().slow_callback_duration = 60
    tasks = [asyncio.ensure_future(pending()) for _ in range(5)]
    await asyncio.sleep(0.1)
    work(5)

asyncio.run(main())
leaving()
""", 10),
    Row("an event loop stopped with calls pending", IMPORTS + """
import asyncio
from mutagent.tracing import trace

@trace(name="pending")
async def pending():
    await asyncio.sleep(3600)

loop = asyncio.new_event_loop()
tasks = [loop.create_task(pending()) for _ in range(5)]
loop.run_until_complete(asyncio.sleep(0.1))
work(5)
for task in tasks:
    task._log_destroy_pending = False
leaving()
""", 10, interrupted=5, parity=False),
    Row("daemon threads at work", IMPORTS + """
import threading
started = threading.Barrier(5)

def run(number):
    span = opened(f"open in daemon {number}")
    work(5, f"daemon {number}")
    started.wait()
    threading.Event().wait()

for number in range(4):
    threading.Thread(target=run, args=(number,), daemon=True).start()
started.wait()
settle(); leaving()
""", 24, interrupted=4, seconds=BRIEF),
    Row("spans in the program's own atexit", IMPORTS + """
import atexit
work(5)
atexit.register(lambda: (work(5, "at exit"), leaving()))
""", 10),
    Row("spans in an atexit registered before ours", IMPORTS + """
import atexit
atexit.register(lambda: work(5, "at exit"))
work(5); leaving()
""", 10, delivered=5, spooled=5),
    Row("spans of finalisers after the exit handlers (documented loss)", IMPORTS + """
class Late:
    def __del__(self):
        work(1, "late")

kept = Late()
work(5); leaving()
""", 6, delivered=5, lost=1),
    Row("first span in the program's atexit", IMPORTS + """
import atexit
atexit.register(lambda: work(3, "at exit"))
leaving()
""", 3),
    Row("a cell of a notebook: a loop that keeps running", IMPORTS + """
import asyncio
from mutagent.tracing import flush, shutdown_tracing

async def cell():
    work(5, "cell")
    receipt = flush(10)
    if receipt is not None:
        assert receipt.delivered and receipt.ended == 5, receipt
    work(5, "next cell")

async def kernel():
    await cell()

asyncio.run(kernel())
leaving()
""", 10),
    Row("init_tracing again with spans open", IMPORTS + """
import os
from mutagent import tracing

def init():
    if "MUTAGENT_ENDPOINT" in os.environ:
        tracing.init_tracing()

init()
first, dropped = opened("open 0"), opened("open 1")
work(3)
init()
tracing.end_span(first)
del dropped
work(3)
init()
last = opened("open 2"); leaving()
""", 9, interrupted=1),
    Row("shutdown_tracing awaited", IMPORTS + """
import asyncio
from mutagent.tracing import shutdown_tracing

async def main():
    work(10)
    receipt = await shutdown_tracing()
    if receipt is not None:
        assert receipt.delivered and receipt.ended == 10, receipt

asyncio.run(main())
leaving()
""", 10, seconds=BRIEF),
)  # fmt: skip
