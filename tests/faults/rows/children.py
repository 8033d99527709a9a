"""Child processes: forked by hand, by multiprocessing and by executors; the service is healthy."""

from __future__ import annotations

from tests.faults.row import Row
from tests.faults.rows.pieces import IMPORTS

# Two processes that complain at once would not do so in the same order twice.
QUIETLY = "import os; os.dup2(os.open(os.devnull, os.O_WRONLY), 2); "
FORK = (
    IMPORTS
    + """
import os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # 3.12+: forks beside threads are what is played here
work(5, "before"); settle(0.5)
pid = os.fork()
if pid == 0:
    work(10, "child")
    {end}
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print("the child's code", code)
work(5, "after"); leaving()
"""
)
MULTIPROCESSING = (
    IMPORTS
    + """
import multiprocessing, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)

def child(number):
    work(5, f"child {number}")
    return number

if __name__ == "__main__":
    work(2, "before")
    context = multiprocessing.get_context(sys.argv[1] if sys.argv[1:] else METHOD)
    BODY
    work(3, "after"); leaving()
"""
)
PROCESSES = """
    children = [context.Process(target=child, args=(number,)) for number in range(3)]
    for each in children: each.start()
    for each in children: each.join()
    print([each.exitcode for each in children])
"""
POOL = """
    with context.Pool(2) as pool:
        print(pool.map(child, range(4), chunksize=1), flush=True)  # a worker forked later would say it again
        pool.close(); pool.join()
"""
EXECUTOR = """
    from concurrent.futures import ProcessPoolExecutor
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        print(list(pool.map(child, range(4))))
"""
METHODS = ("fork", "forkserver", "spawn")


def _program(method: str, body: str) -> str:
    return MULTIPROCESSING.replace("METHOD", repr(method)).replace("BODY", body.strip())


ROWS = (
    Row("os.fork, child ends by sys.exit", FORK.replace("{end}", "sys.exit(3)"), 20),
    Row("os.fork, child raises", FORK.replace("{end}", QUIETLY + "raise ValueError"), 20),
    Row("os.fork, child ends by os._exit (documented loss)", FORK.replace("{end}", "os._exit(3)"), 20, delivered=10,
        lost=10),
    Row("os.fork, child flushes, then os._exit", FORK.replace(
        "{end}", "from mutagent.tracing import flush; flush(5); os._exit(3)"), 20),
    Row("os.fork, child killed by SIGTERM", FORK.replace(
        "{end}", "import signal; os.kill(os.getpid(), signal.SIGTERM)"), 20),
    Row("os.fork before the first span", IMPORTS + """
import os
pid = os.fork()
work(5, "child" if pid == 0 else "parent")
if pid: os.waitpid(pid, 0)
leaving()
""", 10),
    Row("os.fork of a fork of a fork", IMPORTS + """
import os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
work(2, "first")
for depth in range(3):
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        break
    work(2, f"depth {depth}")
""", 8, in_order=False),
    Row("os.fork under a thread that makes spans", IMPORTS + """
import os, sys, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)
stop = threading.Event()

def run():
    for _ in range(300):
        work(1, "thread", pause=0.001)

thread = threading.Thread(target=run)
thread.start()
for number in range(10):
    pid = os.fork()
    if pid == 0:
        work(2, f"child {number}")
        sys.exit()
    os.waitpid(pid, 0)
thread.join()
leaving()
""", 320),
    Row("os.fork within a span", IMPORTS + """
import os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
span = opened("around")
pid = os.fork()
if pid == 0:
    work(5, "child")
    sys.exit()
os.waitpid(pid, 0)
from mutagent import tracing
tracing.end_span(span); leaving()
""", 6),
    *(
        Row(f"multiprocessing {name}, {method}", _program(method, body), spans, seconds=2.5)
        for method in METHODS
        for name, body, spans in (("Process", PROCESSES, 20), ("Pool", POOL, 25), ("ProcessPoolExecutor", EXECUTOR, 25))
    ),
    Row("multiprocessing Pool, maxtasksperchild=1, fork", _program("fork", POOL.replace(
        "Pool(2)", "Pool(2, maxtasksperchild=1)")), 25),
    Row("multiprocessing Pool, terminated, fork", _program("fork", POOL.replace(
        "pool.close(); pool.join()", "import time; time.sleep(1)")), 25),
    Row("multiprocessing Process, child raises, fork", _program("fork", PROCESSES).replace(
        "    return number", f"    {QUIETLY}raise ValueError"), 20),
    Row("subprocess of the same Python", IMPORTS + """
import subprocess, sys
work(5)
subprocess.run([sys.executable, "-c", "from tests.faults.program import work; work(5, 'child')"], check=True)
leaving()
""", 10),
)  # fmt: skip
