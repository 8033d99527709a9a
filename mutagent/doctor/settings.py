"""Every setting in force, where it came from, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from mutagent.config import HOSTED_ENDPOINT, KEY_PREFIX, SETTINGS, Setting, Settings, read_variable, resolve_quietly
from mutagent.doctor.findings import NOTE, OK, PROBLEM, WARNING, Finding
from mutagent.doctor.secrets import shown_key
from mutagent.doctor.surroundings import Surroundings

_PREFIX = "MUTAGENT_"
_KEY = "MUTAGENT_API_KEY"
# Set by the runner for the processes below it.
_OF_THE_RUNNER = frozenset({"MUTAGENT_SUMMARY", "MUTAGENT_SUMMARY_PID", "MUTAGENT_RUN_ID"})
_KNOWN = frozenset({setting.variable for setting in SETTINGS if setting.variable} | _OF_THE_RUNNER)
_PLACEHOLDERS = ("xxx", "your", "...", "example", "changeme", "placeholder", "<")

# Values that are allowed and that people forget they have set: variable, when, what it means.
_REMARKS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("MUTAGENT_SAMPLE_RATE", lambda rate: rate == 0, "no trace is recorded"),
    ("MUTAGENT_SAMPLE_RATE", lambda rate: 0 < rate < 1, "only this share of the traces is recorded"),
    ("MUTAGENT_CAPTURE_CONTENT", lambda on: not on, "neither inputs nor outputs are recorded"),
    ("MUTAGENT_CAPTURE_INPUTS", lambda on: not on, "inputs are not recorded"),
    ("MUTAGENT_CAPTURE_OUTPUTS", lambda on: not on, "outputs are not recorded"),
    ("MUTAGENT_DEBUG", lambda on: on, "every span is printed to the program's stdout"),
    ("MUTAGENT_SPOOL_MAX_BYTES", lambda size: size == 0, "spans that can't be delivered are dropped"),
    ("MUTAGENT_EXIT_TIMEOUT_MS", lambda ms: ms == 0, "spans of a program's last seconds are not sent at its exit"),
    ("MUTAGENT_ALLOW_INSECURE_HTTP", lambda on: on, "spans and the key may travel in clear"),
)


def look(here: Surroundings) -> Iterator[Finding]:
    """The table, what is set, what is wrong with it, and where spans go with it."""
    given = [setting for setting in SETTINGS if setting.variable and here.environ.get(setting.variable)]
    for setting in given:
        yield _given(setting, here.environ)
    yield from _key_looks_wrong(here.environ.get(_KEY, ""))
    yield from _unknown(here.environ)
    yield from _in_a_file_only(here)
    yield _destination(here)
    what = "all others have their defaults" if given else "all have their defaults"
    yield Finding(NOTE, "defaults", what, facts={"settings": [_row(setting, here.environ) for setting in SETTINGS]})


def in_force(environ: Mapping[str, str]) -> tuple[Settings | None, list[str]]:
    """The settings that a program gets which asks for tracing by the environment alone, as a service does."""
    return resolve_quietly({"MUTAGENT_LOCAL": "", **environ})


def _given(setting: Setting, environ: Mapping[str, str]) -> Finding:
    shown, error = _shown(setting, environ), _error(setting, environ)
    facts = {"variable": setting.variable, "value": shown, "source": "environment"}
    if error:
        do = f"what it is: {setting.meaning}"
        return Finding(PROBLEM, setting.variable, error, "the default is used instead", do, facts)
    remark = _remark(setting, environ)
    return Finding(NOTE if remark else OK, setting.variable, shown, remark, facts=facts)


def _row(setting: Setting, environ: Mapping[str, str]) -> dict[str, Any]:
    """One setting as the table of the JSON output has it."""
    is_set = bool(setting.variable and environ.get(setting.variable)) and not _error(setting, environ)
    source = "environment" if is_set else "default"
    value: Any = _shown(setting, environ) if is_set else setting.default
    if setting.name == "service" and not is_set and environ.get("OTEL_SERVICE_NAME"):
        source, value = "OTEL_SERVICE_NAME", environ["OTEL_SERVICE_NAME"]
    return {"name": setting.name, "variable": setting.variable, "value": value, "source": source}


def _shown(setting: Setting, environ: Mapping[str, str]) -> str:
    text = environ.get(setting.variable, "")
    return shown_key(text) if setting.variable == _KEY else text


def _error(setting: Setting, environ: Mapping[str, str]) -> str:
    try:
        read_variable(setting.variable, environ)
    except ValueError as error:
        return str(error)
    return ""


def _remark(setting: Setting, environ: Mapping[str, str]) -> str:
    value = read_variable(setting.variable, environ)
    return next((said for variable, applies, said in _REMARKS if variable == setting.variable and applies(value)), "")


def _key_looks_wrong(key: str) -> Iterator[Finding]:
    facts = {"variable": _KEY, "value": shown_key(key)}
    if key and key != key.strip().strip("'\""):
        yield Finding(PROBLEM, _KEY, "has blanks, a newline or quotes around it", do="set the bare key", facts=facts)
    elif key.startswith(KEY_PREFIX) and any(word in key.lower() for word in _PLACEHOLDERS):
        do = "set the key from your MutagenT workspace"
        yield Finding(PROBLEM, _KEY, "looks like the placeholder of an example", do=do, facts=facts)


def _unknown(environ: Mapping[str, str]) -> Iterator[Finding]:
    for variable in sorted(name for name in environ if name.startswith(_PREFIX) and name not in _KNOWN):
        close = get_close_matches(variable, _KNOWN, 1, 0.8)
        do = f"did you mean {close[0]}?" if close else "unset it, or see docs/configuration.md for the names"
        # Its value is not shown: it may well be a key.
        yield Finding(WARNING, variable, "is no setting, and has no effect", do=do, facts={"variable": variable})


def _in_a_file_only(here: Surroundings) -> Iterator[Finding]:
    if here.directory is None or here.environ.get(_KEY):
        return
    path = here.directory / ".env"
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    if any(line.strip().removeprefix("export ").startswith(f"{_KEY}=") for line in lines):
        yield Finding(
            NOTE,
            _KEY,
            f"stands in {path}, but not in the environment",
            "mutagent reads no .env file; a program that loads it has the key from then on",
            "set -a; . ./.env; set +a",
            {"file": str(path)},
        )


def _destination(here: Surroundings) -> Finding:
    settings, complaints = in_force(here.environ)
    # A bad value is told with its variable.
    wrong = [line for line in complaints if "Using the default" not in line]
    sinks = _sinks(settings)
    facts = {"remote": bool(settings and settings.remote), "local": bool(settings and settings.local)}
    if sinks:
        level = PROBLEM if wrong else OK
        return Finding(level, "spans go to", " and ".join(sinks), "; ".join(wrong), _mend(wrong), facts)
    if here.environ.get(_KEY) or here.environ.get("MUTAGENT_ENDPOINT"):
        return Finding(PROBLEM, "spans go to", "nowhere", "; ".join(wrong), _mend(wrong), facts)
    runner = "the local store under the runner or on a terminal; nowhere from a service"
    do = "set MUTAGENT_API_KEY to send them, or MUTAGENT_LOCAL=1 to record them on this machine"
    return Finding(NOTE, "spans go to", runner, "there is no key and no endpoint", do, facts)


def _sinks(settings: Settings | None) -> list[str]:
    if settings is None:
        return []
    remote = f"{settings.endpoint}{'' if settings.endpoint == HOSTED_ENDPOINT else ' (MUTAGENT_ENDPOINT)'}"
    return [
        *([remote] if settings.remote else []),
        *([f"the local store in {settings.home}"] if settings.local else []),
    ]


def _mend(wrong: list[str]) -> str:
    return f"mend {_KEY} or MUTAGENT_ENDPOINT as said above" if wrong else ""
