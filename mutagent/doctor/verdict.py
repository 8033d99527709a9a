"""From what a library's probe answered to findings about the library."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mutagent.auto.report import supports
from mutagent.doctor.child import Outcome
from mutagent.doctor.findings import NOTE, OK, PROBLEM, WARNING, Finding, worst

_SHOWN = 4
_NEWER = "see whether a newer mutagent-sdk knows it: pip install -U mutagent-sdk"


@dataclass(frozen=True, slots=True)
class Library:
    """A library that we know: our name for it, its distribution, the supported range, the installed version or None.

    ``roots`` are the modules whose import means that it is used; ``package`` is the one that brings the integration,
    where it is not ours.
    """

    name: str
    distribution: str
    supported: str
    version: str | None
    roots: tuple[str, ...] = ()
    package: str | None = None

    @property
    def is_supported(self) -> bool:
        """Whether the installed version lies in the range."""
        return self.version is not None and supports(self.supported, self.version)

    @property
    def install(self) -> str:
        """The command that installs a supported version."""
        return f"pip install '{self.distribution}{self.supported}'"

    def facts(self, state: str, **more: Any) -> dict[str, Any]:
        """What a program reads of it."""
        same = {"distribution": self.distribution, "version": self.version, "supported": self.supported}
        brought = {} if self.package is None else {"package": self.package}
        return {**same, **brought, "state": state, "targets": [], **more}


def findings(library: Library, traced: Outcome | None, untraced: Outcome | None) -> Iterator[Finding]:
    """What to say about a library.

    Args:
        library: which.
        traced: how its probe with auto mode on ended; None: there was no time for it.
        untraced: how the import without auto mode ended, where the first did not get through.
    """
    if traced is None or (traced.exit_code is None and "targets" not in traced.answers):
        yield _no_time(library, traced)
    elif "targets" not in traced.answers:
        yield _broken(library, traced, untraced)
    else:
        yield _patched(library, traced.answers)
        yield from _broken_modules(library, traced.answers)


def _no_time(library: Library, traced: Outcome | None) -> Finding:
    began = traced is not None and "importing" in traced.answers
    return Finding(
        WARNING,
        library.name,
        f"{library.version}: {'its import did not end in time' if began else 'there was no time to look at it'}",
        do="mutagent doctor --timeout 60",
        facts=library.facts("not seen"),
    )


def _broken(library: Library, traced: Outcome, untraced: Outcome | None) -> Finding:
    if untraced is not None and untraced.exit_code == 0 and not untraced.answers.get("errors"):
        return Finding(
            PROBLEM,
            library.name,
            f"{library.version} can be imported, but not with tracing on",
            _reason(traced),
            f"set MUTAGENT_DISABLE={library.name} for now, and report this with the reason above",
            library.facts("broken by tracing", error=_reason(traced)),
        )
    return Finding(
        PROBLEM,
        library.name,
        f"{library.version} can't be imported, with or without tracing",
        _reason(traced),
        f"install it anew: pip install --force-reinstall '{library.distribution}{library.supported}'",
        library.facts("broken", error=_reason(traced)),
    )


def _reason(outcome: Outcome) -> str:
    errors = outcome.answers.get("errors") or {}
    if errors:
        return "; ".join(errors.values())
    return f"the process {outcome.ended}"


def _patched(library: Library, answers: dict[str, Any]) -> Finding:
    targets = answers["targets"]
    states = [_judged(target) for target in targets]
    done = sum(target["state"] == "patched" for target in targets)
    level = worst([state for state, _, _ in states if state != OK] + [_version_level(library, done)])
    absent = sum(target["state"] == "absent" for target in targets)
    only_hooks = bool(done) and all(target["hook"] for target in targets)
    counted = "traced through its own hooks" if only_hooks else _count(done, len(targets) - absent)
    what = f"{library.version}: {counted}" + (f", by {library.package}" if library.package else "")
    reasons = [*_version_reason(library), *dict.fromkeys(why for _, why, _ in states if why)]
    if not done:
        level = PROBLEM
    advice = [*_version_advice(library), *dict.fromkeys(do for _, _, do in states if do)] or [_NEWER]
    why, do = "; ".join([*reasons, *_named(targets)]), "; ".join(advice) if level in (WARNING, PROBLEM) else ""
    facts = library.facts("patched" if done else "unpatched", targets=targets, failures=answers.get("failures", {}))
    return Finding(level, library.name, what, why, do, facts)


def _count(done: int, of: int) -> str:
    if not of:
        return "nothing that we know to trace is in this version"
    return f"all {of} targets patched" if done == of else f"{done} of {of} targets patched"


def _version_level(library: Library, done: int) -> str:
    if library.is_supported:
        return OK
    return WARNING if done else PROBLEM


def _version_reason(library: Library) -> list[str]:
    return [] if library.is_supported else [f"supported is {library.distribution}{library.supported}"]


def _version_advice(library: Library) -> list[str]:
    return [] if library.is_supported else [library.install]


def _judged(target: dict[str, Any]) -> tuple[str, str, str]:
    """Level, reason and advice for one target."""
    if target["state"] == "missing":
        return (
            NOTE,
            "what is missing this version does not have, or has elsewhere",
            _NEWER,
        )
    if target["state"] == "absent":
        return OK, "", ""
    if target["state"] == "failed":
        return PROBLEM, "patching failed", "report this; the program runs as without tracing"
    if target["state"] == "replaced":
        by = _names(target["above"]) or "another tool"
        return PROBLEM, f"{by} has replaced it after us, and does not call ours", f"switch {by} off for this library"
    if target["late"]:
        return WARNING, "it was imported before auto mode", "import the library after it, or use the runner"
    if target["above"] or target["below"]:
        tools = _names([*target["above"], *target["below"]])
        return NOTE, f"{tools} wraps it too: both record each call", ""
    return OK, "", ""


def _names(tools: list[str]) -> str:
    return " and ".join(dict.fromkeys(tools))


def _named(targets: list[dict[str, Any]]) -> list[str]:
    """The targets that are not patched, by state."""
    said = []
    for state in ("missing", "failed", "replaced"):
        paths = [target["path"] for target in targets if target["state"] == state]
        more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
        if paths:
            said.append(f"{state}: {', '.join(paths[:_SHOWN])}{more}")
    return said


def _broken_modules(library: Library, answers: dict[str, Any]) -> Iterator[Finding]:
    for module, error in answers.get("broken", {}).items():
        yield Finding(
            WARNING,
            library.name,
            f"{module} can't be imported",
            error,
            library.install,
            {"module": module, "error": error},
        )
