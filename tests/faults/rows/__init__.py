"""The rows of the fault matrix, as data."""

from tests.faults.row import Row
from tests.faults.rows import children, disks, endings, hosts, late, services

ROWS: tuple[Row, ...] = (*endings.ROWS, *late.ROWS, *children.ROWS, *hosts.ROWS, *services.ROWS, *disks.ROWS)

# Rows that another one is much like, and that take long: for the script alone.
LEFT_TO_THE_SCRIPT = frozenset({
    "multiprocessing Pool, forkserver", "multiprocessing Pool, spawn",
    "multiprocessing ProcessPoolExecutor, fork", "multiprocessing ProcessPoolExecutor, forkserver",
    "gunicorn --workers 2", "gunicorn --threads 4", "gunicorn --max-requests 3",
    "uWSGI --processes 2 --enable-threads", "uWSGI --threads 2",
    "uvicorn alone", "celery prefork", "celery threads", "celery solo",
    "gevent, patched after our first span", "AWS Lambda: frozen after the answer",
    "exec (documented loss)", "os._exit (documented loss)",
    "service unreachable", "service answering 503", "service answering 429, Retry-After nonsense",
    "service closing before the answer, batch stored", "service answering 401, then the next process",
    "service redirecting", "service hanging, then the next process",
    "service answering 429, Retry-After 30, then the next process",
    "service closing in the middle of its answer, then the next process", "service answering 200 with an empty body",
    "service closes connections for a while, then well", "burst of 100,000 spans, refusing",
})  # fmt: skip
SELECTED = tuple(row for row in ROWS if row.name not in LEFT_TO_THE_SCRIPT)
