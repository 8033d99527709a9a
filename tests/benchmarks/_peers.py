"""The peers, each in an environment of its own, made at first use."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

from tests.benchmarks._measure import ROOT, Subject

HOME = ROOT / ".venv" / "peers"
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
    python, stamp = HOME / peer / "bin" / "python", HOME / peer / "requirements.txt"
    wanted = "\n".join(requirements)
    if not stamp.exists() or stamp.read_text() != wanted:
        _make(HOME / peer, requirements)
        stamp.write_text(wanted)
    return str(python)


def _clients() -> list[str]:
    """The clients in the versions that are here: peers are compared over the same ones."""
    found = []
    for client in ("openai", "anthropic", "httpx"):
        try:
            found.append(f"{client}=={version(client)}")
        except PackageNotFoundError:
            continue
    return found


def _make(directory: object, requirements: list[str]) -> None:
    print(f"making {directory} ...", file=sys.stderr)
    uv = shutil.which("uv")
    if uv is not None:
        create = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(directory)]
        install = [uv, "pip", "install", "--quiet", "--python"]
    else:
        create = [sys.executable, "-m", "venv", "--clear", str(directory)]
        install = [f"{directory}/bin/python", "-m", "pip", "install", "--quiet"]
    subprocess.run(create, check=True)
    target = [f"{directory}/bin/python"] if uv is not None else []
    subprocess.run([*install, *target, *requirements], check=True)
