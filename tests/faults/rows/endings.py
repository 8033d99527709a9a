"""The ways in which one process ends; the service is healthy."""

from __future__ import annotations

from tests.faults.row import Row
from tests.faults.rows.pieces import IMPORTS

# A healthy service on loopback: what the exit of a program that has been running for a while may take longer.
BRIEF = 0.05

ROWS = (
    Row("normal exit", IMPORTS + "work(10); settle(); work(10); leaving()", 20, seconds=BRIEF),
    Row("normal exit, right after the first span", IMPORTS + "work(1); leaving()", 1, seconds=0.3),
    Row("normal exit, of a program that has not loaded httpx", """
import os, time
from mutagent.tracing import trace
trace(name="span")(lambda: None)()
open(os.environ["FAULTS_MARK"], "w").write(str(time.monotonic()))
""", 1, seconds=0.6),
    Row("normal exit, without auto mode", IMPORTS + "work(1); settle(); work(9); leaving()", 10, auto=False,
        seconds=BRIEF),
    Row("normal exit, 5000 spans at once", IMPORTS + "settle(0.1); work(5000); leaving()", 5000),
    Row("uncaught exception", IMPORTS + "work(10); settle(); leaving(); 1 / 0", 10, code=1, seconds=BRIEF),
    Row("sys.exit", IMPORTS + "import sys\nwork(10); settle(); leaving(); sys.exit(3)", 10, code=3, seconds=BRIEF),
    Row("sys.exit in a thread", IMPORTS + """
import sys, threading

def run():
    work(5, "in the thread")
    sys.exit(4)

thread = threading.Thread(target=run)
thread.start()
thread.join()
work(5); settle(); leaving()
""", 10, seconds=BRIEF),
    Row("exception in a thread", IMPORTS + """
import threading

def run():
    work(5, "in the thread")
    raise ValueError("mine")

threading.excepthook = lambda args: print("excepthook", args.exc_type.__name__)
thread = threading.Thread(target=run)
thread.start()
thread.join()
leaving()
""", 5),
    Row("SIGTERM, asleep", IMPORTS + "work(10); settle(); signal_soon('TERM'); settle(30)", 10, code=-15,
        seconds=0.1),
    Row("SIGTERM, busy", IMPORTS + "work(10); settle(); signal_soon('TERM')\nwhile True: sum(range(1000))", 10,
        code=-15, seconds=0.2),
    Row("SIGTERM, waiting for a lock", IMPORTS + """
import threading
work(10); settle(); signal_soon("TERM")
lock = threading.Lock()
lock.acquire()
lock.acquire()
""", 10, code=-15, seconds=0.1),
    Row("SIGTERM, all spans in threads", IMPORTS + """
import threading
import openai
thread = threading.Thread(target=work, args=(10,))
thread.start()
thread.join()
settle(); signal_soon("TERM"); threading.Event().wait(30)
""", 10, code=-15, seconds=0.1, needs=("openai",)),
    Row("SIGTERM among spans", IMPORTS + """
import os, signal, threading
threading.Timer(0.5, lambda: (leaving(), os.kill(os.getpid(), signal.SIGTERM))).start()
while True:
    work(1, pause=0.01)
""", 30, delivered=(20, 60), lost=(-60, 60), code=-15),
    Row("SIGTERM on an event loop", IMPORTS + """
import asyncio

async def main():
    work(10)
    await asyncio.sleep(1)
    signal_soon("TERM")
    await asyncio.sleep(30)

asyncio.run(main())
""", 10, code=-15, seconds=0.1),
    Row("SIGTERM, the program has its own handler", IMPORTS + """
import signal, sys, threading

def on_term(number, frame):
    work(1, "in the handler")
    sys.exit(7)

signal.signal(signal.SIGTERM, on_term)
work(10); settle(); signal_soon("TERM"); threading.Event().wait(30)
""", 11, code=7, seconds=0.1),
    Row("SIGTERM ignored by the program", IMPORTS + """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
work(10); signal_soon("TERM", 0.1); settle(0.5); work(5); leaving()
""", 15),
    Row("SIGINT", IMPORTS + "work(10); settle(); signal_soon('INT'); settle(30)", 10, code=-2, seconds=0.1),
    Row("SIGINT on an event loop", IMPORTS + """
import asyncio

async def main():
    work(10)
    await asyncio.sleep(1)
    signal_soon("INT")
    await asyncio.sleep(30)

asyncio.run(main())
""", 10, code=-2, seconds=0.1),
    Row("open spans at the end", IMPORTS + "spans = [opened(f'open {n}') for n in range(3)]; work(7); leaving()", 10,
        interrupted=3),
    Row("open spans on SIGTERM", IMPORTS + """
import threading
spans = [opened(f"open {n}") for n in range(3)]; work(7); settle(); signal_soon("TERM"); threading.Event().wait(30)
""", 10, interrupted=3, code=-15),
    Row("a decorated call interrupted by SIGINT", IMPORTS + """
from mutagent.tracing import trace

@trace(name="under way")
def under_way():
    signal_soon("INT"); settle(30)

under_way()
""", 1, code=-2),
    Row("os._exit (documented loss)", IMPORTS + """
import os
work(10); settle(6); work(5); leaving(); os._exit(5)
""", 15, delivered=10, lost=5, code=5, seconds=BRIEF),
    Row("exec (documented loss)", IMPORTS + """
import os, sys
work(10); settle(6); work(5); os.execv(sys.executable, [sys.executable, "-c", "print('replaced')"])
""", 15, delivered=10, lost=5),
    Row("abort (documented loss)", IMPORTS + "import os; work(10); settle(6); work(5); leaving(); os.abort()", 15,
        delivered=10, lost=5, code=-6),
    Row("working directory gone", IMPORTS + """
import os, tempfile
gone = tempfile.mkdtemp(); os.chdir(gone); os.rmdir(gone)
work(10); settle(); leaving()
""", 10, seconds=BRIEF),
    Row("SIGKILL (documented loss)", IMPORTS + """
import os, signal
work(10); settle(6); work(5); leaving(); os.kill(os.getpid(), signal.SIGKILL)
""", 15, delivered=10, lost=5, code=-9),
    Row("SIGKILL, local store: written within 200 ms", IMPORTS + """
import os, signal
work(10); settle(); work(5); settle(0.2); os.kill(os.getpid(), signal.SIGKILL)
""", 15, code=-9, sink="store"),
    Row("normal exit, local store", IMPORTS + "work(10); settle(); work(10); leaving()", 20, sink="store",
        seconds=BRIEF),
)  # fmt: skip
