"""Which Python and which mutagent these are."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import mutagent
from mutagent.auto.report import supports, version_of
from mutagent.doctor.findings import NOTE, OK, PROBLEM, WARNING, Finding
from mutagent.doctor.surroundings import Surroundings, interpreter_flags

_DISTRIBUTION = "mutagent-sdk"
_ENVIRONMENT_VARIABLES = ("VIRTUAL_ENV", "CONDA_PREFIX")


def look(here: Surroundings) -> Iterator[Finding]:
    """Python, its flags, its environment; mutagent and what it needs."""
    yield _python()
    yield from _flags()
    yield from _other_environment(here)
    yield from _mutagent()
    yield from _dependencies()


def _python() -> Finding:
    name, version = platform.python_implementation(), platform.python_version()
    facts = {"implementation": name, "version": version, "executable": sys.executable, "prefix": sys.prefix}
    what = f"{name} {version}, {sys.executable}"
    if name == "CPython":
        return Finding(OK, "python", what, facts=facts)
    return Finding(NOTE, "python", what, "mutagent is tested on CPython", facts=facts)


def _flags() -> Iterator[Finding]:
    given = interpreter_flags()
    if given:
        why = "they decide where start-up code and modules are found"
        yield Finding(NOTE, "flags", " ".join(given), why, facts={"flags": given})


def _other_environment(here: Surroundings) -> Iterator[Finding]:
    for variable in _ENVIRONMENT_VARIABLES:
        active = here.environ.get(variable)
        if active and Path(active).exists() and not _is_here(active):
            yield Finding(
                WARNING,
                "environment",
                f"{active} is active, and this is the Python of {sys.prefix}",
                f"{variable} names the first; what is said below is true of the second",
                f"install mutagent-sdk into {active} and run its own python -m mutagent doctor",
                {"variable": variable, "active": active, "prefix": sys.prefix},
            )
            return


def _is_here(directory: str) -> bool:
    wanted = Path(directory).resolve()
    return wanted in (Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve())


def _mutagent() -> Iterator[Finding]:
    directory = str(Path(mutagent.__file__).parent)
    installed = version_of(_DISTRIBUTION)
    facts = {"version": mutagent.__version__, "directory": directory, "installed": installed}
    if installed is None or installed == mutagent.__version__:
        yield Finding(OK, "mutagent", f"{mutagent.__version__}, {directory}", facts=facts)
        return
    yield Finding(
        WARNING,
        "mutagent",
        f"{mutagent.__version__} is imported from {directory}, but {_DISTRIBUTION} {installed} is installed",
        "another copy comes first on sys.path",
        f"pip install -U {_DISTRIBUTION}, or take the other copy off PYTHONPATH and out of the current directory",
        facts,
    )


def _dependencies() -> Iterator[Finding]:
    found = {name: (wanted, version_of(name)) for name, wanted in _required().items()}
    facts = {name: version for name, (_, version) in found.items()}
    wrong = [name for name, (wanted, version) in found.items() if version is None or not supports(wanted, version)]
    for name in wrong:
        wanted, version = found[name]
        what = f"{name} {version} is too old or too new" if version else f"{name} is not installed"
        why = f"mutagent needs {name}{wanted}"
        yield Finding(PROBLEM, "dependencies", what, why, f"pip install '{name}{wanted}'", facts)
    if not wrong:
        said = ", ".join(f"{name} {version}" for name, version in facts.items())
        yield Finding(OK, "dependencies", said, facts=facts)


def _required() -> dict[str, str]:
    """What mutagent needs always, by name: the range; those of this checkout where mutagent is not installed."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        rows = [row for row in requires(_DISTRIBUTION) or () if ";" not in row]
    except PackageNotFoundError:
        rows = ["httpx", "pydantic", "wrapt"]
    pairs = [row.replace(" ", "").replace("(", "").replace(")", "") for row in rows]
    return dict(sorted(_split(row) for row in pairs))


def _split(row: str) -> tuple[str, str]:
    end = next((index for index, letter in enumerate(row) if letter in "<>=!~"), len(row))
    return row[:end], row[end:]
