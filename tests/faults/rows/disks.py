"""The spool and what the disk, other processes and crashes do to it."""

from __future__ import annotations

from tests.faults.row import Row, Service
from tests.faults.rows.pieces import IMPORTS

DOWN = Service("refusing")
FAILS = " fails: "

# Where nothing can be kept, or is to be, there is no receipt on disk either: the process counts its drops and says so.
ROWS = (
    Row("home can't be written", IMPORTS + "settle(0.3); work(20); leaving()", 20, DOWN, delivered=0,
        lost=20, environment={"MUTAGENT_HOME": "/dev/null/home"}, says=(FAILS, "can't be written")),
    Row("disk full", IMPORTS + """
import resource
work(20); settle(0.3); leaving()
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
""", 20, DOWN, delivered=0, dropped=20, says=(FAILS, "can't be written")),
    Row("no spool wanted", IMPORTS + "settle(0.3); work(20); leaving()", 20, DOWN, delivered=0, lost=20,
        environment={"MUTAGENT_SPOOL_MAX_BYTES": "0"}, says=("spans are dropped",)),
    Row("spool full: the oldest go", IMPORTS + """
from mutagent import tracing
for number in range(50):
    tracing.end_span(opened(f"big {number}"), tracing.SpanEndOptions(output=tracing.SpanIO(text="x" * 10_000)))
    settle(0.06)
leaving()
""", 50, DOWN, delivered=0, spooled=(5, 25), dropped=(25, 45),
        environment={"MUTAGENT_SPOOL_MAX_BYTES": "260000"}, says=(FAILS, "is full")),
    Row("torn and foreign files in the spool", IMPORTS + "work(10); settle(0.3); leaving()", 12, DOWN,
        says=(FAILS,), afterwards=IMPORTS + """
import glob, os
directory, = glob.glob(os.environ["MUTAGENT_HOME"] + "/spool/*")
texts = {"00000000000000000001-1-1-1.spans": b"mutagent-spool 1 5\\ntorn", "00000000000000000002-1-1-1.spans": b"",
         "00000000000000000003-1-1-1.spans": b"\\xff\\x00 garbage\\n" * 9, "note.txt": b"not ours"}
for name, text in texts.items():
    with open(os.path.join(directory, name), "wb") as file:
        file.write(text)
work(2, "next"); settle(3)
"""),
    Row("two processes drain the spool", IMPORTS + "work(40); settle(0.3); leaving()", 46, DOWN, says=(FAILS,),
        afterwards=IMPORTS + """
import subprocess, sys
child = "from tests.faults.program import settle, work; work(2, 'child'); settle(3)"
children = [subprocess.Popen([sys.executable, "-c", child]) for _ in range(2)]
work(2, "next"); settle(3)
for each in children: each.wait()
"""),
    Row("eight processes spool at once", IMPORTS + """
import os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
children = []
for number in range(8):
    children.append(os.fork())
    if children[-1] == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        work(20, f"child {number}")
        sys.exit()
for pid in children: os.waitpid(pid, 0)
leaving()
""", 162, DOWN, afterwards=IMPORTS + "work(2, 'next'); settle(3)"),
    Row("another key's spool is not sent", IMPORTS + "work(10); settle(0.3); leaving()", 12, DOWN, delivered=2,
        spooled=10, says=(FAILS,), afterwards=IMPORTS + """
import os
os.environ["MUTAGENT_API_KEY"] = "mt_another"
work(2, "next"); settle(2)
"""),
    Row("killed while the service is down: the next process delivers", IMPORTS + """
import os, signal
work(5); settle(7); work(5); settle(7); os.kill(os.getpid(), signal.SIGKILL)
""", 12, DOWN, delivered=(7, 12), lost=(0, 5), code=-9, says=(FAILS,), afterwards=IMPORTS + "work(2); settle(3)"),
)  # fmt: skip
