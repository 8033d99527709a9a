"""The peers, each in an environment of its own, made at first use."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version

from tests import environments
from tests.benchmarks._measure import ROOT, Subject

OPENTELEMETRY = ("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http", "opentelemetry-distro",
                 "opentelemetry-instrumentation-openai", "opentelemetry-instrumentation-anthropic")  # fmt: skip
PUBLISHED = ("mutagent-sdk==0.1.2",)


def ours(script: str = "with_mutagent.py", **variables: str) -> Subject:
    """This checkout, in the environment that runs the benchmarks."""
    return Subject(sys.executable, script, {"PYTHONPATH": str(ROOT), **variables})


def opentelemetry(script: str = "with_opentelemetry.py", **variables: str) -> Subject:
    """The OpenTelemetry SDK with its exporter and its instrumentations of the clients."""
    return Subject(python_of("opentelemetry"), script, variables)


def published(script: str = "with_mutagent.py", **variables: str) -> Subject:
    """The first published tracing module."""
    return Subject(python_of("published"), script, variables)


def python_of(peer: str) -> str:
    """The interpreter of a peer's environment."""
    requirements = [*(OPENTELEMETRY if peer == "opentelemetry" else PUBLISHED), *_clients()]
    return environments.python_of(peer, requirements)


def _clients() -> list[str]:
    """The clients in the versions that are here: peers are compared over the same ones."""
    found = []
    for client in ("openai", "anthropic", "httpx"):
        try:
            found.append(f"{client}=={version(client)}")
        except PackageNotFoundError:
            continue
    return found
