"""The environment variables that turn tracing on in a new process.

The runner reads this before it knows what program it runs, so it imports no more than os and sys.
"""

from __future__ import annotations

import os
import sys

from mutagent.auto import activation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

BOOTSTRAP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bootstrap")

# PEP 538's targets, which Python writes into its own environment in place of the C locale.
_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")


def traced(environ: Mapping[str, str], *, summary: str | None, local: bool, service: str | None) -> dict[str, str]:
    """The environment of a process to be traced, and of its children.

    Args:
        environ: the environment of this process, which is left as it is.
        summary: ``"tree"``, ``"line"`` or ``"off"``: what the program's own process prints at its end; None: what
            ``environ`` says, else a line.
        local: record on this machine.
        service: the service name, or None for what ``environ`` says.

    Returns:
        A new environment. With ``MUTAGENT_AUTO=0`` in ``environ`` it is an equal one.
    """
    new = uncoerced(environ)
    if activation.switch(environ) is False:
        return new
    new["MUTAGENT_AUTO"] = "1"
    new["PYTHONPATH"] = prepended(environ.get("PYTHONPATH", ""))
    _default(new, "MUTAGENT_RUN_ID", activation.new_run_id())
    if service:
        new["MUTAGENT_SERVICE"] = service
    if local or not any(environ.get(f"MUTAGENT_{name}") for name in ("API_KEY", "ENDPOINT", "LOCAL")):
        new["MUTAGENT_LOCAL"] = "1"
    _set_summary(new, summary)
    return new


def _set_summary(environ: dict[str, str], summary: str | None) -> None:
    # A runner below another one leaves the printing to that one, unless it was asked itself.
    if summary is None and environ.get("MUTAGENT_SUMMARY_PID"):
        return
    if summary is not None:
        environ["MUTAGENT_SUMMARY"] = summary
    _default(environ, "MUTAGENT_SUMMARY", "line")
    # exec keeps the process id. Windows has no exec: the first Python below takes the job (see activation).
    environ["MUTAGENT_SUMMARY_PID"] = "next" if os.name == "nt" else str(os.getpid())


def _default(environ: dict[str, str], name: str, value: str) -> None:
    # An empty variable is how Dockerfiles and CI systems say "not set".
    if not environ.get(name):
        environ[name] = value


def prepended(python_path: str) -> str:
    """``python_path`` with the bootstrap directory first, and nowhere else."""
    entries = python_path.split(os.pathsep) if python_path else []
    others = [entry for entry in entries if os.path.normpath(entry) != BOOTSTRAP]
    return os.pathsep.join([BOOTSTRAP, *others])


def uncoerced(environ: Mapping[str, str]) -> dict[str, str]:
    """A copy of ``environ``, with the C locale back where this Python has replaced it.

    Under the C locale Python sets LC_CTYPE for its children and turns UTF-8 mode on. A second Python would see that
    LC_CTYPE, not the C locale, and differ in ``sys.flags.utf8_mode``. Later versions are always in UTF-8 mode.
    """
    copy = dict(environ)
    asked = "utf8" in sys._xoptions or environ.get("PYTHONUTF8")
    if sys.version_info < (3, 15) and sys.flags.utf8_mode and not asked and not environ.get("LC_ALL"):
        if environ.get("LC_CTYPE") in _COERCED:
            copy["LC_CTYPE"] = "C"
    return copy
