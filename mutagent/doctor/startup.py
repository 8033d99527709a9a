"""How auto mode would start here, found by starting Python as the runner does and as a shell does."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import mutagent
from mutagent.auto import activation, environment, startfiles
from mutagent.doctor.child import Outcome, ask
from mutagent.doctor.findings import NOTE, OK, PROBLEM, WARNING, Finding
from mutagent.doctor.surroundings import Surroundings, interpreter_flags

_INSTRUMENT = "call mutagent.auto.instrument() at the top of the program"
_SWITCH = "MUTAGENT_AUTO"
_CHILD_SECONDS = 5.0
_RUNNER = "python -m mutagent.auto app.py"
_PLAIN = "python app.py"
_TAIL = os.path.join("mutagent", "auto", "bootstrap")

# Asked before anything of ours is imported: what start-up alone has done.
_LOOK = """
activation = sys.modules.get("mutagent.auto.activation")
custom = sys.modules.get("sitecustomize")
import importlib.util
found = importlib.util.find_spec("mutagent")
answer(
    active=activation is not None and activation.is_active(),
    sitecustomize=getattr(custom, "__file__", None),
    mutagent=found and found.origin,
    path=sys.path,
)
"""


def look(here: Surroundings) -> Iterator[Finding]:
    """The runner, a plain start, start files, and what else runs at the start."""
    if activation.switch(here.environ) is False:
        yield _switched_off(here)
    else:
        yield from _runner(here)
        yield from _plain(here)
    yield from _start_files(here)
    yield from _foreign_bootstraps(here)


def _switched_off(here: Surroundings) -> Finding:
    return Finding(
        WARNING,
        "switch",
        f"{_SWITCH}={here.environ[_SWITCH]}: nothing is traced automatically",
        "it wins over the runner and over instrument()",
        f"unset {_SWITCH}",
        {"switch": False},
    )


def _runner(here: Surroundings) -> Iterator[Finding]:
    environ = environment.traced(here.environ, summary="off", local=False, service=None)
    outcome = _started(environ, here)
    facts = _facts(outcome)
    if facts["active"]:
        yield Finding(OK, "runner", f"{_RUNNER} traces the program", facts=facts)
    else:
        why, do = _obstacle(outcome, runner=True)
        yield Finding(PROBLEM, "runner", f"{_RUNNER} does not trace from the start", why, do, facts)
    yield from _chained(facts)


def _plain(here: Surroundings) -> Iterator[Finding]:
    asked = activation.switch(here.environ) is True
    outcome = _started(here.environ, here)
    facts = {**_facts(outcome), "switch": asked}
    if facts["active"]:
        yield Finding(
            OK, "plain start", f"{_PLAIN} is traced too: {_SWITCH}=1 and start-up code is in place", facts=facts
        )
    elif not asked:
        what = f"{_PLAIN} is not traced by itself: {_SWITCH} is not set"
        do = "use the runner, or see `mutagent auto env`"
        yield Finding(NOTE, "plain start", what, do=do, facts=facts)
    else:
        why, do = _obstacle(outcome, runner=False)
        what = f"{_PLAIN} is not traced from the start although {_SWITCH}={here.environ[_SWITCH]}"
        yield Finding(PROBLEM, "plain start", what, why, do, facts)


def _started(environ: Mapping[str, str], here: Surroundings) -> Outcome:
    seconds = min(_CHILD_SECONDS, here.seconds_left)
    return ask(_LOOK, (), environ, seconds, flags=interpreter_flags())


def _facts(outcome: Outcome) -> dict[str, Any]:
    found = outcome.answers
    names = ("active", "sitecustomize", "mutagent")
    return {**{name: found.get(name) for name in names}, "active": bool(found.get("active"))}


def _obstacle(outcome: Outcome, runner: bool) -> tuple[str, str]:
    """Why a start was not traced, and what to do."""
    if "path" not in outcome.answers:
        return f"Python itself {outcome.ended}", "see that `python -c pass` works here"
    flags = _flags_against_it()
    if flags:
        return f"start-up code is switched off by {flags}", f"run without {flags}, or {_INSTRUMENT}"
    if outcome.answers["mutagent"] is None:
        return _not_importable()
    if not runner and environment.BOOTSTRAP not in map(os.path.normpath, outcome.answers["path"]):
        return (
            "the variable alone does nothing: the bootstrap directory is not on PYTHONPATH, there are no start files",
            "`mutagent auto env` prints both variables; `mutagent auto enable` writes start files",
        )
    return _hidden(outcome.answers)


def _flags_against_it() -> str:
    # -I and -E switch PYTHONPATH off, but not start files; where those are in place the start was traced.
    return " and ".join(flag for flag in interpreter_flags() if flag in ("-I", "-E", "-S"))


def _not_importable() -> tuple[str, str]:
    root = Path(mutagent.__file__).parents[1]
    why = "start-up code can't import mutagent: it was found in the current directory only"
    return why, f"install it, or set PYTHONPATH={root}"


def _hidden(found: Mapping[str, Any]) -> tuple[str, str]:
    other = found["sitecustomize"]
    if other and os.path.dirname(other) != environment.BOOTSTRAP:
        return f"{other} comes first and is the only sitecustomize that Python runs", (
            "put the bootstrap directory (`mutagent auto path`) first on PYTHONPATH: ours runs the other one too; "
            f"or {_INSTRUMENT}"
        )
    why = f"start-up code found mutagent in {found['mutagent']} and could not switch it on"
    return why, "install mutagent-sdk anew in this environment: pip install --force-reinstall mutagent-sdk"


def _chained(facts: Mapping[str, Any]) -> Iterator[Finding]:
    other = facts["sitecustomize"]
    if other and facts["active"] and os.path.dirname(other) != environment.BOOTSTRAP:
        what = f"another sitecustomize runs as well: {other}"
        yield Finding(NOTE, "sitecustomize", what, facts={"sitecustomize": other})


def _start_files(here: Surroundings) -> Iterator[Finding]:
    directory = startfiles.site_directory()
    if startfiles.is_enabled(directory):
        does = f"they act where {_SWITCH}=1"
        yield Finding(OK, "start files", f"in place in {directory}; {does}", facts={"directory": directory})


def _foreign_bootstraps(here: Surroundings) -> Iterator[Finding]:
    for entry in here.environ.get("PYTHONPATH", "").split(os.pathsep):
        if os.path.normpath(entry).endswith(_TAIL) and os.path.realpath(entry) != os.path.realpath(
            environment.BOOTSTRAP
        ):
            yield Finding(
                WARNING,
                "PYTHONPATH",
                f"{entry} belongs to another installation of mutagent",
                "it decides at the start of programs, and may be of another version or of an environment that is gone",
                "take it off PYTHONPATH; `mutagent auto env` prints the one of this installation",
                {"entry": entry},
            )
