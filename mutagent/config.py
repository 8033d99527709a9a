"""Every setting in one table: its name, its environment variable, its default and what it means.

``init_tracing`` arguments win over environment variables, these over defaults. The table :data:`SETTINGS` is what the
documentation prints and what :func:`resolve` reads, so a setting that is not in it does not exist.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HOSTED_ENDPOINT = "https://api.mutagent.io"
KEY_PREFIX = "mt_"
# Plain http is safe to these: the traffic does not leave the machine (the second is Docker's name for its host).
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "host.docker.internal"})

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})


def flag(text: str) -> bool:
    """``1``/``true``/``yes``/``on`` and their opposites, in any case; ValueError for anything else."""
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(f"expected 1 or 0, got {text!r}")


class Setting:
    """One row of the table.

    ``name`` is the ``init_tracing`` argument and the :class:`Settings` field, or "" for what only the environment
    can say; ``parse`` turns the variable's text into the value and raises ValueError for what it can't be; a number
    is ``least`` at the least and ``most`` at the most.
    """

    __slots__ = ("default", "least", "meaning", "most", "name", "parse", "variable")

    # By hand: a dataclass is compiled when it is imported, 3 million instructions for this one.
    def __init__(
        self,
        name: str,
        variable: str,
        parse: Callable[[str], Any],
        default: Any,
        meaning: str,
        least: float | None = None,
        most: float | None = None,
    ) -> None:
        self.name = name
        self.variable = variable
        self.parse = parse
        self.default = default
        self.meaning = meaning
        self.least = least
        self.most = most

    @property
    def wanted(self) -> str:
        """What a value has to be, in words."""
        kind = {int: "a whole number", float: "a number", flag: "1 or 0"}.get(self.parse, "a text")
        if self.most is not None:
            return f"{kind} between {self.least} and {self.most}"
        return kind if self.least is None else f"{kind} of at least {self.least}"

    def takes(self, value: Any) -> bool:
        """Whether a value is what it has to be; only numbers are looked at."""
        if self.parse not in (int, float):
            return True
        if isinstance(value, bool) or not isinstance(value, (int, self.parse)):
            return False
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


# fmt: off
SETTINGS: tuple[Setting, ...] = (
    Setting("api_key", "MUTAGENT_API_KEY", str, None, "MutagenT API key; starts with `mt_`."),
    Setting("endpoint", "MUTAGENT_ENDPOINT", str, HOSTED_ENDPOINT, "Where spans are sent: an http(s) URL."),
    Setting("environment", "MUTAGENT_ENVIRONMENT", str, None, "Environment name, such as `production`."),
    Setting("service", "MUTAGENT_SERVICE", str, None, "Service name; else `OTEL_SERVICE_NAME`, else "
            "the program's name."),
    Setting("source", "MUTAGENT_SOURCE", str, "sdk", "The `source` of each trace, as the service knows it."),
    Setting("local", "MUTAGENT_LOCAL", flag, None, "Record into the local store (1), never (0), or only where there is "
            "no key and the program runs under the runner or on a terminal (unset)."),
    Setting("home", "MUTAGENT_HOME", str, "~/.mutagent", "Directory of the local store, the spool and the receipts."),
    Setting("batch_size", "MUTAGENT_BATCH_SIZE", int, 10, "Spans that make a batch due.", least=1),
    Setting("batch_interval_ms", "MUTAGENT_BATCH_INTERVAL_MS", int, 5000, "Milliseconds after which spans are due "
            "however few they are.", least=0),
    Setting("debug", "MUTAGENT_DEBUG", flag, False, "Print every span's start and end to stdout."),
    Setting("sample_rate", "MUTAGENT_SAMPLE_RATE", float, 1.0, "Share of traces that are recorded, 0 to 1; decided at "
            "the root, inherited by children and child processes.", least=0, most=1),
    Setting("capture_inputs", "MUTAGENT_CAPTURE_INPUTS", flag, True, "Record inputs."),
    Setting("capture_outputs", "MUTAGENT_CAPTURE_OUTPUTS", flag, True, "Record outputs."),
    Setting("stream_usage", "MUTAGENT_STREAM_USAGE", flag, False, "Ask OpenAI-style streams for token usage on behalf "
            "of a program that did not, and hide the extra chunk from it."),
    Setting("allow_insecure_http", "MUTAGENT_ALLOW_INSECURE_HTTP", flag, False, "Allow plain http to a host other than "
            "loopback and `host.docker.internal`."),
    Setting("threads", "MUTAGENT_THREADS", flag, True, "Under auto mode, threads and executors continue the trace of "
            "the code that started them."),
    Setting("max_field_bytes", "MUTAGENT_MAX_FIELD_BYTES", int, 131_072, "Bytes kept of one input or output; longer "
            "strings keep head and tail.", least=1),
    Setting("max_queue_spans", "MUTAGENT_MAX_QUEUE_SPANS", int, 100_000, "Spans held in memory at the most.", least=1),
    Setting("max_queue_bytes", "MUTAGENT_MAX_QUEUE_BYTES", int, 64 << 20, "Bytes of spans held in memory at the "
            "most.", least=1),
    Setting("spool_max_bytes", "MUTAGENT_SPOOL_MAX_BYTES", int, 256 << 20, "Bytes of undelivered batches kept on disk; "
            "the oldest go first. 0: no spool.", least=0),
    Setting("store_max_bytes", "MUTAGENT_STORE_MAX_BYTES", int, 2 << 30, "Bytes of the local store; the oldest "
            "go first.", least=0),
    Setting("store_max_age_days", "MUTAGENT_STORE_MAX_AGE_DAYS", float, 30.0, "Days a span stays in the local "
            "store.", least=0),
    Setting("exit_timeout_ms", "MUTAGENT_EXIT_TIMEOUT_MS", int, 2000, "Milliseconds that delivery may add to the "
            "program's exit; 2000 at the most.", least=0),
    Setting("mask", "", str, None, "A function `(value, where) -> value` over every recorded value; argument only."),
    Setting("", "MUTAGENT_CAPTURE_CONTENT", flag, True, "0: record neither inputs nor outputs."),
    Setting("", "MUTAGENT_AUTO", flag, False, "1: trace this process and its children; 0 always wins."),
    Setting("", "MUTAGENT_INSTRUMENT", str, None, "Comma-separated integrations to activate; others stay off."),
    Setting("", "MUTAGENT_DISABLE", str, None, "Comma-separated integrations to leave alone."),
    Setting("", "MUTAGENT_INTERNAL_STEPS", flag, False, "1: show a framework's internal steps too, such as a LangChain "
            "sequence within a graph's node."),
    Setting("", "MUTAGENT_SIGTERM", flag, True, "0: auto mode does not touch SIGTERM."),
    Setting("", "MUTAGENT_VIEW_TOKEN", str, None, "Token that `mutagent view --host` demands; else it makes one."),
    Setting("", "MUTAGENT_RUN_ID", str, None, "Id of the process tree; set by the runner, inherited by children."),
)
# fmt: on

_BY_NAME = {setting.name: setting for setting in SETTINGS if setting.name}
_BY_VARIABLE = {setting.variable: setting for setting in SETTINGS if setting.variable}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force. ``remote`` says whether spans go to ``endpoint``, ``local`` whether into the store."""

    api_key: str | None = field(default=None, repr=False)
    endpoint: str = HOSTED_ENDPOINT
    environment: str | None = None
    service: str = "python"
    source: str = "sdk"
    remote: bool = False
    local: bool = False
    home: Path = Path("~/.mutagent")
    batch_size: int = 10
    batch_interval_ms: int = 5000
    debug: bool = False
    sample_rate: float = 1.0
    capture_inputs: bool = True
    capture_outputs: bool = True
    stream_usage: bool = False
    allow_insecure_http: bool = False
    threads: bool = True
    max_field_bytes: int = 131_072
    max_queue_spans: int = 100_000
    max_queue_bytes: int = 64 << 20
    spool_max_bytes: int = 256 << 20
    store_max_bytes: int = 2 << 30
    store_max_age_days: float = 30.0
    exit_timeout_ms: int = 2000
    mask: Callable[[Any, str], Any] | None = field(default=None, repr=False)
    run_id: str | None = None


def read_variable(variable: str, environ: Mapping[str, str]) -> Any:
    """The value of one environment variable of the table, or None where it is not set.

    Raises:
        ValueError: naming the variable, where its text can't be what the setting is.
    """
    setting = _BY_VARIABLE[variable]
    text = environ.get(variable)
    if text is None or (text == "" and setting.parse is not flag):
        return None
    try:
        value = setting.parse(text)
    except ValueError:
        value = _UNREADABLE
    if value is _UNREADABLE or not setting.takes(value):
        raise ValueError(f"{variable}={text!r} is not valid: expected {setting.wanted}.")
    return value


_UNREADABLE: Any = object()


def resolve(arguments: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Merge arguments over environment over defaults, check everything, and return the settings in force.

    Args:
        arguments: what ``init_tracing`` was given, by setting name; None means "not given".
        environ: the environment to read; ``os.environ`` by default.

    Raises:
        ValueError: for the first setting that can't be used, saying which and what to do.
    """
    environ = os.environ if environ is None else environ
    given = _checked_arguments({name: value for name, value in (arguments or {}).items() if value is not None})
    found = {name: value for name, value in _from_environment(environ).items() if value is not None}
    defaults = {setting.name: setting.default for setting in SETTINGS if setting.name}
    return _settings({**defaults, **found, **given}, environ)


def _checked_arguments(given: dict[str, Any]) -> dict[str, Any]:
    unknown = given.keys() - _BY_NAME.keys()
    if unknown:
        raise ValueError(f"unknown setting {', '.join(sorted(unknown))}; known: {', '.join(_BY_NAME)}.")
    for name, value in given.items():
        if not _BY_NAME[name].takes(value):
            raise ValueError(f"{name} must be {_BY_NAME[name].wanted}, got {value!r}.")
    if not callable(given.get("mask", _settings)):
        raise ValueError("mask must be a function (value, where) -> value.")
    return given


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found = {setting.name: read_variable(setting.variable, environ) for setting in SETTINGS if setting.variable}
    del found[""]  # what is no field of the settings
    if read_variable("MUTAGENT_CAPTURE_CONTENT", environ) is False:
        found["capture_inputs"] = found["capture_outputs"] = False
    return found


def resolve_quietly(environ: Mapping[str, str] | None = None) -> tuple[Settings | None, list[str]]:
    """The settings that the environment gives, for auto mode and lazy init, which must never stop a program.

    A variable that can't be used is left out. Without a key for the hosted endpoint nothing is remote.

    Returns:
        The settings, or None where nothing is to be recorded; and one line for each thing that is wrong.
    """
    environ = dict(os.environ if environ is None else environ)
    complaints = _leave_out_what_is_wrong(environ)
    try:
        return resolve(None, environ), complaints
    except ValueError as error:
        if environ.get("MUTAGENT_API_KEY") or environ.get("MUTAGENT_ENDPOINT"):
            complaints.append(str(error))
    local = read_variable("MUTAGENT_LOCAL", environ)
    if local or (local is None and _stderr_is_terminal()):
        # The key and the endpoint are all that is still unchecked.
        sound = {name: text for name, text in environ.items() if name not in ("MUTAGENT_API_KEY", "MUTAGENT_ENDPOINT")}
        return resolve({"local": True}, sound), complaints
    if local is None:
        complaints.append(
            "tracing is off: no usable MUTAGENT_API_KEY. Set it, or MUTAGENT_LOCAL=1 to record on this machine."
        )
    return None, complaints


def _leave_out_what_is_wrong(environ: dict[str, str]) -> list[str]:
    complaints: list[str] = []
    for variable in _BY_VARIABLE:
        try:
            read_variable(variable, environ)
        except ValueError as error:
            complaints.append(f"{error} Using the default.")
            del environ[variable]
    return complaints


def _settings(values: dict[str, Any], environ: Mapping[str, str]) -> Settings:
    values["exit_timeout_ms"] = min(values["exit_timeout_ms"], 2000)
    values["endpoint"] = _checked_endpoint(values["endpoint"], values["allow_insecure_http"])
    values["remote"] = _is_remote(values)
    values["local"] = bool(values["local"])
    values["home"] = Path(values["home"]).expanduser()
    values["service"] = values["service"] or environ.get("OTEL_SERVICE_NAME") or program_name()
    values["run_id"] = environ.get("MUTAGENT_RUN_ID") or None
    return Settings(**values)


def _checked_endpoint(endpoint: Any, allow_insecure_http: bool) -> str:
    host = _host_of(endpoint)
    if not host:
        raise ValueError(f"endpoint must be an http(s) URL such as {HOSTED_ENDPOINT}, got {endpoint!r}.")
    if endpoint.startswith("http:") and host not in LOOPBACK_HOSTS and not allow_insecure_http:
        raise ValueError(
            f"endpoint {endpoint!r} would send spans and the key in clear. Use https, or allow it with "
            "allow_insecure_http=True or MUTAGENT_ALLOW_INSECURE_HTTP=1."
        )
    return str(endpoint.rstrip("/"))


def _host_of(endpoint: Any) -> str | None:
    """The host of an http(s) URL; None where it is none."""
    try:
        url = urlsplit(endpoint)
        return url.hostname if url.scheme in ("http", "https") and url.port != 0 else None
    except (ValueError, AttributeError, TypeError):  # a bad port or IPv6 address; no string at all
        return None


def _is_remote(values: Mapping[str, Any]) -> bool:
    if values["endpoint"] != HOSTED_ENDPOINT:
        return True
    key = values["api_key"]
    if not key:
        if values["local"]:
            return False
        raise ValueError(
            "init_tracing: an API key is needed. Pass init_tracing(api_key='mt_...') or set MUTAGENT_API_KEY; "
            "to record on this machine without an account, pass local=True or set MUTAGENT_LOCAL=1."
        )
    if not str(key).startswith(KEY_PREFIX):
        # The key itself is not repeated: it is probably a valid one of another vendor.
        raise ValueError(
            f"the API key does not start with {KEY_PREFIX!r}, so it is not a MutagenT key and is not sent. "
            "Check api_key / MUTAGENT_API_KEY."
        )
    return True


def program_name() -> str:
    """The name a person would give this program: the script's, else the package's run with ``-m``, else "python"."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name != "__main__":
        return str(spec.name.removesuffix(".__main__"))
    script = sys.argv[0] if getattr(sys, "argv", None) else ""
    return Path(script).stem or "python" if script not in ("", "-c", "-m") else "python"


def _stderr_is_terminal() -> bool:
    try:
        return sys.stderr is not None and sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False


def setting_names() -> list[str]:
    """The names of all settings that :class:`Settings` carries, in its order."""
    return [item.name for item in fields(Settings)]
