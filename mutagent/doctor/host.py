"""Surroundings that are known to bite: event loops of another kind, servers that fork, proxies, frozen processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from mutagent.auto.report import version_of
from mutagent.config import LOOPBACK_HOSTS
from mutagent.doctor.findings import NOTE, PROBLEM, WARNING, Finding
from mutagent.doctor.settings import in_force
from mutagent.doctor.surroundings import Surroundings

# No release of ours is older, so a clock that says so is wrong.
_NOT_BEFORE = datetime(2026, 1, 1, tzinfo=timezone.utc)


class Gotcha(NamedTuple):
    """Something that is installed, or set in the environment, and what to know about it."""

    about: str
    distributions: tuple[str, ...]
    variables: tuple[str, ...]
    what: str
    do: str


GOTCHAS = (
    Gotcha(
        "gevent",
        ("gevent",),
        (),
        "gevent is installed: delivery runs on a greenlet where it has patched threads",
        "call monkey.patch_all() before anything else in the program, as gevent wants it",
    ),
    Gotcha(
        "eventlet",
        ("eventlet",),
        (),
        "eventlet is installed: delivery runs on a green thread where it has patched threads",
        "call eventlet.monkey_patch() before anything else in the program",
    ),
    Gotcha(
        "uWSGI",
        ("uwsgi", "pyuwsgi"),
        (),
        "uWSGI runs no threads unless told to: spans would wait until the worker exits",
        "start it with --enable-threads (or enable-threads = true)",
    ),
    Gotcha(
        "Celery",
        ("celery",),
        (),
        "a Celery worker process that is killed hard (time limits, SIGKILL) loses the spans of its last moments",
        "use soft time limits; call mutagent.flush() at the end of tasks that must not lose any",
    ),
    Gotcha(
        "AWS Lambda",
        (),
        ("AWS_LAMBDA_FUNCTION_NAME",),
        "the process is frozen between requests: each root span is delivered before its handler returns",
        "keep one span around the handler (@trace), so that a request is delivered once",
    ),
    Gotcha(
        "Azure Functions",
        (),
        ("FUNCTIONS_WORKER_RUNTIME",),
        "the process may be frozen between requests: each root span is delivered before its function returns",
        "keep one span around the function (@trace), so that a request is delivered once",
    ),
    Gotcha(
        "Cloud Run",
        (),
        ("K_SERVICE",),
        "the CPU may be throttled between requests: spans are delivered with the next one, or at exit",
        "allocate CPU always, or call mutagent.flush() at the end of a request",
    ),
)


def look(here: Surroundings) -> Iterator[Finding]:
    """What of all that is the case here."""
    for gotcha in GOTCHAS:
        if any(here.environ.get(name) for name in gotcha.variables) or any(map(version_of, gotcha.distributions)):
            yield Finding(NOTE, gotcha.about, gotcha.what, do=gotcha.do)
    yield from _proxy(here.environ)
    yield from _clock(datetime.now(timezone.utc))


def _proxy(environ: Mapping[str, str]) -> Iterator[Finding]:
    settings, _ = in_force(environ)
    if settings is None or not settings.remote:
        return
    url = urlsplit(settings.endpoint)
    # As httpx asks: the environment, and on some systems the system's settings.
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    host = url.hostname or ""
    if proxy is None or proxy_bypass(host):
        return
    name = urlsplit(proxy).hostname or "a proxy"
    if host in LOOPBACK_HOSTS:
        yield Finding(
            WARNING,
            "proxy",
            f"{settings.endpoint} is on this machine, but is asked for through the proxy {name}",
            "NO_PROXY does not name it",
            f"export NO_PROXY={host}",
            {"proxy": name},
        )
    else:
        yield Finding(NOTE, "proxy", f"spans are sent through {name}", facts={"proxy": name})


def _clock(now: datetime) -> Iterator[Finding]:
    if now < _NOT_BEFORE:
        yield Finding(
            PROBLEM,
            "clock",
            f"this machine's clock says {now:%Y-%m-%d}",
            "certificates are not valid then, and traces stand in the past",
            "set the clock",
        )
