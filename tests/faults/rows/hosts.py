"""Hosts that run other people's functions: web servers, task queues, serverless platforms, green threads."""

from __future__ import annotations

from tests.faults.row import Row
from tests.faults.rows.pieces import IMPORTS

# A server is started by a driver, which asks it a few times and stops it as a supervisor would.
DRIVER = (
    IMPORTS
    + """
import os, signal, socket, subprocess, sys, time, urllib.request

def started(*words):
    with open("server.log", "w") as log:
        return subprocess.Popen(words, stdout=log, stderr=log)

def ask(port, path="/"):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + 30
    while True:
        try:
            return opener.open(f"http://127.0.0.1:{port}{path}", timeout=20).read().decode()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)

def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]

def stop(process, number=signal.SIGTERM):
    leaving()
    process.send_signal(number)
    process.wait(30)
"""
)
WSGI = (
    DRIVER
    + """
def app(environ, start_response):
    work(2, "request")
    start_response("200 OK", [])
    return [b"fine"]

if __name__ == "__main__":
    port = free_port()
    server = started(COMMAND)
    print([ask(port) for _ in range(10)])
    stop(server)
"""
)
ASGI = (
    DRIVER
    + """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": kind + ".complete"})
            if kind.endswith("shutdown"):
                return
    work(2, "request")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"fine"})

if __name__ == "__main__":
    port = free_port()
    server = started(sys.executable, "-m", "uvicorn", "program:app", "--port", str(port), *OPTIONS)
    print([ask(port) for _ in range(10)])
    stop(server)
"""
)
CELERY = (
    DRIVER
    + """
import celery, pathlib

box = pathlib.Path("box").absolute()
box.mkdir(exist_ok=True)
queue = celery.Celery("program", broker="filesystem://", backend=f"file://{box}")
queue.conf.broker_transport_options = {"data_folder_in": str(box), "data_folder_out": str(box)}

@queue.task(name="task")
def task(number):
    work(2, f"task {number}")
    return number

if __name__ == "__main__":
    worker = started(sys.executable, "-m", "celery", "-A", "program:queue", "worker", "--concurrency", "2",
                     "--without-gossip", "--without-mingle", *OPTIONS)
    results = [task.delay(number) for number in range(6)]
    print(sorted(result.get(timeout=40, interval=0.1) for result in results))
    stop(worker)
"""
)
LAMBDA = (
    IMPORTS
    + """
import os, signal
from mutagent.tracing import trace

@trace(name="handler")
def handler(event, context):
    work(4)
    return "fine"

print(handler({}, None), handler({}, None), flush=True)
leaving()
os.kill(os.getpid(), signal.SIGKILL)  # frozen and never thawed
"""
)
FLUSH_AFTER = (
    IMPORTS
    + """
import asyncio, os, signal
from mutagent.serverless import flush_after

@flush_after
async def handler(event, context):
    await asyncio.sleep(0)
    work(5)
    return "fine"

@flush_after
def failing(event, context):
    work(5)
    raise ValueError(event)

print(asyncio.run(handler({}, None)))
try:
    failing("mine", None)
except ValueError as error:
    print(error, flush=True)
leaving()
os.kill(os.getpid(), signal.SIGKILL)
"""
)
NO_THREADS = """
import _thread

def refuse(*_, **__):
    raise RuntimeError("can't start new thread")

_thread.start_new_thread = refuse
"""
UNTHREADED_UWSGI = """
import sys, types
sys.modules["uwsgi"] = types.ModuleType("uwsgi")
sys.modules["uwsgi"].opt = {"http": b":8080"}
"""
GEVENT = "from gevent import monkey\nmonkey.patch_all()\nimport gevent\n"
GREENLETS = """
def run(number):
    for _ in range(5):
        work(1, f"greenlet {number}")
        gevent.sleep(0.01)

gevent.joinall([gevent.spawn(run, number) for number in range(4)])
"""


GUNICORN = 'sys.executable, "-m", "gunicorn", "program:app", "--bind", f"127.0.0.1:{port}", "--no-control-socket", '
UWSGI = (
    'os.path.join(os.path.dirname(sys.executable), "uwsgi"), "--master", "--die-on-term", "--wsgi-file", "program.py", '
    '"--callable", "app", "--http-socket", f"127.0.0.1:{port}", '
)


def _with(program: str, *options: str) -> str:
    return program.replace("OPTIONS", repr(list(options)))


def _gunicorn(name: str, *options: str, needs: tuple[str, ...] = ("gunicorn",)) -> Row:
    return Row(f"gunicorn {name}", _with(WSGI.replace("COMMAND", GUNICORN + "*OPTIONS"), *options), 20, needs=needs)


def _uwsgi(*options: str) -> Row:
    program = _with(WSGI.replace("COMMAND", UWSGI + "*OPTIONS"), *options)
    return Row(f"uWSGI {' '.join(options)}", program, 20, needs=("pyuwsgi",))


def _uvicorn(name: str, *options: str) -> Row:
    return Row(f"uvicorn {name}", _with(ASGI, *options), 20, needs=("uvicorn",))


def _celery(name: str, *options: str) -> Row:
    return Row(f"celery {name}", _with(CELERY, *options), 12, needs=("celery",))


ROWS = (
    _gunicorn("--workers 2", "--workers", "2"),
    _gunicorn("--workers 2 --preload", "--workers", "2", "--preload"),
    _gunicorn("--threads 4", "--threads", "4"),
    _gunicorn("--max-requests 3", "--max-requests", "3"),
    _gunicorn("--worker-class gevent", "--worker-class", "gevent", needs=("gunicorn", "gevent")),
    _uwsgi("--processes", "2"),
    _uwsgi("--processes", "2", "--enable-threads"),
    _uwsgi("--threads", "2"),
    _uvicorn("alone"),
    _uvicorn("--workers 2", "--workers", "2"),
    _uvicorn("--reload", "--reload"),
    _celery("prefork", "--pool", "prefork"),
    _celery("prefork, max_tasks_per_child=1", "--pool", "prefork", "--max-tasks-per-child", "1"),
    _celery("threads", "--pool", "threads"),
    _celery("solo", "--pool", "solo"),
    Row("AWS Lambda: frozen after the answer", LAMBDA, 10, code=-9,
        environment={"AWS_LAMBDA_FUNCTION_NAME": "answer"}),
    Row("flush_after, then frozen", FLUSH_AFTER, 10, code=-9),
    Row("flush_after under AWS Lambda", FLUSH_AFTER, 10, code=-9,
        environment={"AWS_LAMBDA_FUNCTION_NAME": "answer"}),
    Row("no thread can be started", NO_THREADS + IMPORTS + "work(10); settle(); work(10); leaving()", 20,
        seconds=0.5),
    Row("uWSGI without threads, worker killed", UNTHREADED_UWSGI + NO_THREADS + IMPORTS + """
import os, signal
work(10); leaving(); os.kill(os.getpid(), signal.SIGKILL)
""", 10, code=-9, says=("--enable-threads",)),
    Row("gevent, patched first", GEVENT + IMPORTS + GREENLETS + "leaving()", 20, needs=("gevent",)),
    Row("gevent, patched after our first span", IMPORTS + "work(5)\n" + GEVENT + GREENLETS + "leaving()", 25,
        needs=("gevent",), parity=False),
    Row("gevent, SIGTERM", GEVENT + IMPORTS + GREENLETS + "settle(); signal_soon('TERM'); gevent.sleep(30)", 20,
        code=-15, needs=("gevent",)),
    Row("gevent, os.fork", GEVENT + IMPORTS + """
import os, sys
work(5, "parent")
gevent.sleep(0.3)
pid = os.fork()
if pid == 0:
    work(5, "child")
    sys.exit()
os.waitpid(pid, 0)
leaving()
""", 10, needs=("gevent",)),
)  # fmt: skip
