"""Each library that we know: its version, and what became of each target when it was really imported."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import mutagent
from mutagent.auto import activation, catalogue
from mutagent.auto.report import version_of
from mutagent.doctor import verdict
from mutagent.doctor.child import Outcome, ask
from mutagent.doctor.findings import NOTE, WARNING, Finding
from mutagent.doctor.layers import TRACERS
from mutagent.doctor.surroundings import Surroundings, interpreter_flags
from mutagent.doctor.verdict import Library
from mutagent.integrations import registry

# Ours may be importable from the current directory only, which the child does not search.
_PROBE = """
root, question, name = sys.argv[1:]
sys.path.insert(0, root)
import mutagent.doctor.probe
if root in sys.path:
    sys.path.remove(root)
getattr(mutagent.doctor.probe, question)(name, answer)
"""
# Nothing of the child's is sent or stored, and no key is in the environment of a library that may print it.
_WITHHELD = ("MUTAGENT_API_KEY", "MUTAGENT_ENDPOINT", "MUTAGENT_SUMMARY", "MUTAGENT_SUMMARY_PID", "MUTAGENT_DEBUG")
_AT_ONCE = 4
# https://docs.langchain.com/langsmith/trace-with-langchain; the others are the same by their older names.
_LANGSMITH = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2")


def look(here: Surroundings) -> Iterator[Finding]:
    """Known libraries by name, then what stands beside them."""
    libraries = [_library(name) for name in registry.INTEGRATIONS]
    broken = []
    for row in _foreign(here):
        if row["problem"] is None:
            libraries.append(_foreign_library(row))
        else:
            broken.append(_unloadable(row))
    installed = [library for library in libraries if library.version is not None]
    chosen = [library for library in installed if activation.is_chosen(library.name, here.environ)]
    with ThreadPoolExecutor(max_workers=min(_AT_ONCE, os.cpu_count() or 1)) as pool:
        for library, outcomes in zip(chosen, pool.map(lambda library: _probed(library, here), chosen), strict=True):
            yield from verdict.findings(library, *outcomes)
    for library in installed:
        if library not in chosen:
            yield _left_out(library)
    yield from broken
    yield from _unknown(here.environ)
    yield from _absent(libraries, installed)
    yield from _hidden_by_files(libraries, here)
    yield from _other_tracers(here.environ)


def _library(name: str) -> Library:
    spec = catalogue.load(name)
    roots = registry.INTEGRATIONS[name].roots
    return Library(name, spec.distribution, spec.versions, version_of(spec.distribution), roots)


def _foreign(here: Surroundings) -> list[dict[str, Any]]:
    """What other packages bring: their code runs in a child, as it may do anything."""
    brought = catalogue.foreign()
    outcome = _asked("foreign", "", here, {}) if brought else None
    if outcome is None:
        return []
    rows: list[dict[str, Any]] = outcome.answers.get("foreign", [])
    untold = [name for name in brought if name not in {row["name"] for row in rows}]
    if untold:
        # They are asked one after another: the first that gave no answer is what ended the child.
        problem = f"the process {outcome.ended}"
        rows.append({"name": untold[0], "package": brought[untold[0]].entry.package, "problem": problem})
    return rows


def _foreign_library(row: dict[str, Any]) -> Library:
    version = version_of(row["distribution"])
    return Library(row["name"], row["distribution"], row["supported"], version, tuple(row["roots"]), row["package"])


def _probed(library: Library, here: Surroundings) -> tuple[Outcome | None, Outcome | None]:
    """With auto mode on; and without, where it can't be imported with it. None: there was no time."""
    asked = {"MUTAGENT_AUTO": "1", "MUTAGENT_LOCAL": "0"}
    if library.package is not None:
        # Else it is looked for only once a library of ours has been imported.
        asked["MUTAGENT_INSTRUMENT"] = library.name
    traced = _asked("look", library.name, here, asked)
    if traced is None or traced.answers.get("targets") is not None or traced.exit_code is None:
        return traced, None
    return traced, _asked("look_without", library.name, here, {"MUTAGENT_AUTO": "0"})


def _asked(question: str, name: str, here: Surroundings, changes: Mapping[str, str]) -> Outcome | None:
    if not here.seconds_left:
        return None
    kept = {name: value for name, value in here.environ.items() if name not in _WITHHELD}
    root = str(Path(mutagent.__file__).parents[1])
    # Without site there are no libraries; a program that runs so brings its own path to them.
    flags = [flag for flag in interpreter_flags() if flag != "-S"]
    return ask(_PROBE, (root, question, name), {**kept, **changes}, here.seconds_left, flags=flags)


def _left_out(library: Library) -> Finding:
    what = f"{library.version}, left out by MUTAGENT_INSTRUMENT or MUTAGENT_DISABLE"
    return Finding(NOTE, library.name, what, facts=library.facts("left out"))


def _unloadable(row: dict[str, Any]) -> Finding:
    return Finding(
        WARNING,
        row["name"],
        f"the integration that {row['package']} brings can't be loaded",
        row["problem"],
        f"update or uninstall {row['package'].partition(' ')[0]}; everything else is traced",
        {"package": row["package"], "error": row["problem"]},
    )


def _unknown(environ: Mapping[str, str]) -> Iterator[Finding]:
    for variable in ("MUTAGENT_INSTRUMENT", "MUTAGENT_DISABLE"):
        # `none` is what people write who want none.
        for name in sorted(activation.names_in(environ, variable) - {"none", *catalogue.names()}):
            yield Finding(
                WARNING,
                variable,
                f"names {name!r}, and no integration is called so",
                do=f"choose from {', '.join(catalogue.names())}; or install the package that brings it",
                facts={"name": name},
            )


def _absent(libraries: list[Library], installed: list[Library]) -> Iterator[Finding]:
    absent = [library.name for library in libraries if library not in installed]
    if not installed:
        yield Finding(
            WARNING,
            "none",
            "no library that is traced by itself is installed here",
            "spans come from @trace and start_span only",
            "see that this is the environment of the program; `pip install` the clients it uses",
        )
    if absent:
        yield Finding(NOTE, "not installed", ", ".join(absent), facts={"names": absent})


def _hidden_by_files(libraries: list[Library], here: Surroundings) -> Iterator[Finding]:
    for library in libraries:
        for root in library.roots:
            found = _file_named(root, here.directory)
            if found is not None:
                yield Finding(
                    WARNING,
                    root,
                    f"{found} hides the library for what is started in this directory",
                    "Python looks there first",
                    f"rename {found.name}",
                    {"file": str(found)},
                )


def _file_named(root: str, directory: Path | None) -> Path | None:
    if directory is None or "." in root:
        return None
    places = (directory / f"{root}.py", directory / root / "__init__.py")
    return next((place for place in places if place.is_file()), None)


def _other_tracers(environ: Mapping[str, str]) -> Iterator[Finding]:
    from importlib.metadata import distributions

    installed = {_plain_name(found.metadata["Name"]) for found in distributions()}
    tools = {tool for name, tool in TRACERS.items() if any(_is_of(name, each, environ) for each in installed)}
    if tools:
        yield Finding(
            NOTE,
            "other tracers",
            f"installed here: {', '.join(sorted(tools))}",
            "a program that switches one of them on as well has its calls recorded by both",
            "mutagent.auto.status(), called in the program, says what is patched there",
            {"tools": sorted(tools)},
        )


def _plain_name(name: str | None) -> str:
    return (name or "").lower().replace("-", "_").replace(".", "_")


def _is_of(tracer: str, distribution: str, environ: Mapping[str, str]) -> bool:
    if tracer == "langsmith" and not any(environ.get(name, "").lower() == "true" for name in _LANGSMITH):
        # LangChain brings it along, and it traces nothing until one of these is set.
        return False
    if tracer == "opentelemetry":
        # Its API alone comes with many libraries and traces nothing.
        return distribution.startswith("opentelemetry_instrumentation")
    return distribution == tracer or distribution.startswith(f"{tracer}_")
