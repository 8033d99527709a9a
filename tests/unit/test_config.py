"""Settings: which source wins, what each check says, and what a program gets that never called init_tracing."""

import re
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from mutagent import config
from mutagent.config import HOSTED_ENDPOINT, SETTINGS, Settings, resolve, resolve_quietly

KEY = "mt_test"
DOCS = Path(__file__).parents[2] / "docs" / "configuration.md"


class Terminal:
    """A stderr that is, or is not, a terminal."""

    def __init__(self, is_terminal):
        self.isatty = lambda: is_terminal


@pytest.fixture
def quietly(monkeypatch):
    """Resolve for a process whose stderr is, or is not, a terminal."""

    def resolved(environ, watched=False):
        # Here and not in the fixture: pytest puts its own stderr in place when the test begins.
        monkeypatch.setattr(sys, "stderr", Terminal(watched))
        return resolve_quietly(environ)

    return resolved


def message_of(arguments, environ=None):
    try:
        resolve(arguments, environ or {})
    except ValueError as error:
        return str(error)
    return "no error"


# -- precedence


def test_arguments_win_over_the_environment_and_that_over_defaults():
    environ = {"MUTAGENT_API_KEY": "mt_environment", "MUTAGENT_BATCH_SIZE": "7", "MUTAGENT_ENVIRONMENT": "staging"}
    found = resolve({"api_key": KEY, "batch_size": 3, "environment": None}, environ)
    assert (found.api_key, found.batch_size, found.environment, found.batch_interval_ms) == (KEY, 3, "staging", 5000)


def test_everything_in_the_table_can_be_said_by_variable():
    environ = {
        "MUTAGENT_API_KEY": KEY, "MUTAGENT_ENDPOINT": "https://collector.example/", "MUTAGENT_ENVIRONMENT": "e",
        "MUTAGENT_SERVICE": "s", "MUTAGENT_SOURCE": "manual", "MUTAGENT_LOCAL": "yes", "MUTAGENT_HOME": "/tmp/home",
        "MUTAGENT_BATCH_SIZE": "1", "MUTAGENT_BATCH_INTERVAL_MS": "2", "MUTAGENT_DEBUG": "TRUE",
        "MUTAGENT_SAMPLE_RATE": "0.25", "MUTAGENT_CAPTURE_INPUTS": "off", "MUTAGENT_CAPTURE_OUTPUTS": "0",
        "MUTAGENT_STREAM_USAGE": "1", "MUTAGENT_ALLOW_INSECURE_HTTP": "1", "MUTAGENT_THREADS": "no",
        "MUTAGENT_MAX_FIELD_BYTES": "3", "MUTAGENT_MAX_QUEUE_SPANS": "4", "MUTAGENT_MAX_QUEUE_BYTES": "5",
        "MUTAGENT_SPOOL_MAX_BYTES": "0", "MUTAGENT_STORE_MAX_BYTES": "7", "MUTAGENT_STORE_MAX_AGE_DAYS": "0.5",
        "MUTAGENT_EXIT_TIMEOUT_MS": "9", "MUTAGENT_RUN_ID": "r",
    }  # fmt: skip
    assert resolve(None, environ) == Settings(
        api_key=KEY, endpoint="https://collector.example", environment="e", service="s", source="manual", remote=True,
        local=True, home=Path("/tmp/home"), batch_size=1, batch_interval_ms=2, debug=True, sample_rate=0.25,
        capture_inputs=False, capture_outputs=False, stream_usage=True, allow_insecure_http=True, threads=False,
        max_field_bytes=3, max_queue_spans=4, max_queue_bytes=5, spool_max_bytes=0, store_max_bytes=7,
        store_max_age_days=0.5, exit_timeout_ms=9, mask=None, run_id="r",
    )  # fmt: skip


def test_the_defaults_of_the_table_are_those_of_the_settings():
    found = resolve({"api_key": KEY, "service": "python"}, {})
    assert found == Settings(api_key=KEY, remote=True, home=Path.home() / ".mutagent")
    named = {setting.name for setting in SETTINGS if setting.name}
    assert named | {"remote", "run_id"} == {field.name for field in fields(Settings)}


@pytest.mark.parametrize(
    "variable", [row.variable for row in SETTINGS if row.variable and row.parse is not config.flag]
)
def test_an_empty_variable_says_nothing(variable):
    assert resolve({"api_key": KEY}, {variable: ""}) == resolve({"api_key": KEY}, {})


def test_an_empty_flag_is_off():
    assert resolve({"api_key": KEY}, {"MUTAGENT_THREADS": ""}).threads is False


@pytest.mark.parametrize(
    ("variables", "expected"),
    [({"MUTAGENT_SERVICE": "a", "OTEL_SERVICE_NAME": "b"}, "a"), ({"OTEL_SERVICE_NAME": "b"}, "b")],
)
def test_the_service_name_is_ours_before_opentelemetrys(variables, expected):
    assert resolve({"api_key": KEY}, variables).service == expected


@pytest.mark.parametrize(
    ("argv0", "expected"),
    [("/srv/app/worker.py", "worker"), ("/usr/bin/gunicorn", "gunicorn"), ("-c", "python"), ("", "python")],
)
def test_without_a_name_the_service_is_called_as_the_program(monkeypatch, argv0, expected):
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    monkeypatch.setattr(sys, "argv", [argv0])
    assert resolve({"api_key": KEY}, {}).service == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [({}, (False, False)), ({"capture_inputs": True}, (True, False)), ({"capture_outputs": True}, (False, True))],
)
def test_capture_content_off_means_inputs_and_outputs_unless_an_argument_says_otherwise(arguments, expected):
    found = resolve({"api_key": KEY, **arguments}, {"MUTAGENT_CAPTURE_CONTENT": "0"})
    assert (found.capture_inputs, found.capture_outputs) == expected


@pytest.mark.parametrize(("given", "expected"), [(60_000, 2000), (0, 0), (500, 500)])
def test_the_time_at_exit_is_bounded(given, expected):
    assert resolve(None, {"MUTAGENT_API_KEY": KEY, "MUTAGENT_EXIT_TIMEOUT_MS": str(given)}).exit_timeout_ms == expected


def test_the_key_stands_in_no_repr():
    assert KEY not in repr(resolve({"api_key": KEY}, {}))


# -- what goes where


@pytest.mark.parametrize(
    ("arguments", "remote", "local"),
    [
        ({"api_key": KEY}, True, False),
        ({"api_key": KEY, "local": True}, True, True),
        ({"local": True}, False, True),
        ({"endpoint": "http://localhost:4318"}, True, False),
        ({"endpoint": "http://127.0.0.1:1", "api_key": "sk-other"}, True, False),
        ({"endpoint": "http://[::1]:1"}, True, False),
        ({"endpoint": "http://host.docker.internal:9"}, True, False),
        ({"endpoint": "https://traces.example.com/base"}, True, False),
        ({"endpoint": "http://traces.example.com", "allow_insecure_http": True}, True, False),
    ],
)
def test_where_spans_go(arguments, remote, local):
    found = resolve(arguments, {})
    assert (found.remote, found.local) == (remote, local)


def test_a_trailing_slash_of_the_endpoint_is_dropped():
    assert resolve({"api_key": KEY, "endpoint": "https://a.example/x//"}, {}).endpoint == "https://a.example/x"


# -- what each check says


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, "init_tracing: an API key is needed. Pass init_tracing(api_key='mt_...') or set MUTAGENT_API_KEY; to "
             "record on this machine without an account, pass local=True or set MUTAGENT_LOCAL=1."),
        ({"api_key": ""}, "init_tracing: an API key is needed."),
        ({"api_key": "sk-secret"}, "the API key does not start with 'mt_', so it is not a MutagenT key and is not "
                                   "sent. Check api_key / MUTAGENT_API_KEY."),
        ({"endpoint": "api.mutagent.io"}, "endpoint must be an http(s) URL such as https://api.mutagent.io, got "
                                          "'api.mutagent.io'."),
        ({"endpoint": "ftp://x"}, "endpoint must be an http(s) URL"),
        ({"endpoint": "http://"}, "endpoint must be an http(s) URL"),
        ({"endpoint": "http://[::1"}, "endpoint must be an http(s) URL"),
        ({"endpoint": "http://localhost:port"}, "endpoint must be an http(s) URL"),
        ({"batch_size": True}, "batch_size must be a whole number of at least 1, got True."),
        ({"endpoint": 7}, "endpoint must be an http(s) URL"),
        ({"endpoint": "http://traces.example.com"}, "endpoint 'http://traces.example.com' would send spans and the key "
            "in clear. Use https, or allow it with allow_insecure_http=True or MUTAGENT_ALLOW_INSECURE_HTTP=1."),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, got 0."),
        ({"batch_size": "10"}, "batch_size must be a whole number of at least 1, got '10'."),
        ({"batch_size": 1.5}, "batch_size must be a whole number of at least 1, got 1.5."),
        ({"batch_interval_ms": -1}, "batch_interval_ms must be a whole number of at least 0, got -1."),
        ({"batch_interval_ms": "soon"}, "batch_interval_ms must be a whole number of at least 0, got 'soon'."),
        ({"sample_rate": 1.01}, "sample_rate must be a number between 0 and 1, got 1.01."),
        ({"sample_rate": -0.1}, "sample_rate must be a number between 0 and 1, got -0.1."),
        ({"sample_rate": float("nan")}, "sample_rate must be a number between 0 and 1, got nan."),
        ({"sample_rate": "half"}, "sample_rate must be a number between 0 and 1, got 'half'."),
        ({"max_field_bytes": 0}, "max_field_bytes must be a whole number of at least 1, got 0."),
        ({"max_queue_spans": 0}, "max_queue_spans must be a whole number of at least 1, got 0."),
        ({"max_queue_bytes": -1}, "max_queue_bytes must be a whole number of at least 1, got -1."),
        ({"mask": "secret"}, "mask must be a function (value, where) -> value."),
        ({"bach_size": 1}, "unknown setting bach_size; known: api_key, endpoint,"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_an_error_that_says_what_to_do(arguments, expected):
    said = message_of({"api_key": KEY, **arguments} if "api_key" not in arguments and arguments else arguments)
    assert said.startswith(expected)
    assert "secret" not in said or "mask" in said


@pytest.mark.parametrize(
    ("variable", "text", "wanted"),
    [
        ("MUTAGENT_BATCH_SIZE", "ten", "a whole number of at least 1"),
        ("MUTAGENT_SAMPLE_RATE", "half", "a number between 0 and 1"),
        ("MUTAGENT_DEBUG", "maybe", "1 or 0"),
        ("MUTAGENT_CAPTURE_CONTENT", "nope", "1 or 0"),
        ("MUTAGENT_AUTO", "2", "1 or 0"),
    ],
)
def test_a_variable_that_cannot_be_read_is_named(variable, text, wanted):
    with pytest.raises(ValueError, match=re.escape(f"{variable}={text!r} is not valid: expected {wanted}.")):
        config.read_variable(variable, {variable: text})


# -- without init_tracing


def test_quietly_a_broken_variable_costs_only_itself(quietly):
    environ = {"MUTAGENT_API_KEY": KEY, "MUTAGENT_BATCH_SIZE": "ten", "MUTAGENT_ENVIRONMENT": "e"}
    found, complaints = quietly(environ)
    assert (found.batch_size, found.environment, found.remote) == (10, "e", True)
    assert complaints == [
        "MUTAGENT_BATCH_SIZE='ten' is not valid: expected a whole number of at least 1. Using the default."
    ]


@pytest.mark.parametrize("name", ["MUTAGENT_BATCH_SIZE", "MUTAGENT_SAMPLE_RATE", "MUTAGENT_MAX_FIELD_BYTES",
                                  "MUTAGENT_MAX_QUEUE_SPANS", "MUTAGENT_MAX_QUEUE_BYTES"])  # fmt: skip
def test_quietly_a_value_out_of_range_costs_only_itself(quietly, name):
    found, complaints = quietly({"MUTAGENT_API_KEY": KEY, name: "-1"})
    assert found == resolve({"api_key": KEY}, {})
    assert len(complaints) == 1
    assert "Using the default." in complaints[0]


def test_quietly_without_a_key_a_service_stays_off_and_is_told_both_ways_out(quietly):
    assert quietly({}) == (
        None,
        ["tracing is off: no usable MUTAGENT_API_KEY. Set it, or MUTAGENT_LOCAL=1 to record on this machine."],
    )


def test_quietly_without_a_key_a_program_on_a_terminal_records_locally(quietly):
    found, complaints = quietly({}, watched=True)
    assert (found.local, found.remote, complaints) == (True, False, [])


@pytest.mark.parametrize("watched", [True, False])
def test_quietly_local_zero_means_never(quietly, watched):
    assert quietly({"MUTAGENT_LOCAL": "0"}, watched) == (None, [])


def test_quietly_local_one_records_without_a_terminal(quietly):
    found, complaints = quietly({"MUTAGENT_LOCAL": "1"})
    assert (found.local, found.remote, complaints) == (True, False, [])


def test_quietly_a_key_of_another_vendor_is_not_sent_and_not_repeated(quietly):
    found, complaints = quietly({"MUTAGENT_API_KEY": "sk-secret"}, watched=True)
    assert (found.local, found.remote, found.api_key) == (True, False, None)
    assert complaints == [
        "the API key does not start with 'mt_', so it is not a MutagenT key and is not sent. "
        "Check api_key / MUTAGENT_API_KEY."
    ]


def test_quietly_an_unusable_endpoint_never_falls_back_to_the_hosted_one(quietly):
    found, complaints = quietly({"MUTAGENT_API_KEY": KEY, "MUTAGENT_ENDPOINT": "http://collector.internal:4318"})
    assert found is None
    assert complaints[0].startswith("endpoint 'http://collector.internal:4318' would send spans and the key in clear.")


def test_quietly_works_without_a_stderr(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert resolve_quietly({})[0] is None


# -- documentation


def shown(default):
    """A default as the documentation shows it."""
    if default is None:
        return ""
    return f"`{int(default)}`" if isinstance(default, bool) else f"`{default}`"


def documented_rows():
    yield "| variable | `init_tracing` argument | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for setting in SETTINGS:
        variable = f"`{setting.variable}`" if setting.variable else ""
        name = f"`{setting.name}`" if setting.name in settable_arguments() else ""
        yield f"| {variable} | {name} | {shown(setting.default)} | {setting.meaning} |"


def settable_arguments():
    import inspect

    from mutagent.tracing import init_tracing

    return inspect.signature(init_tracing).parameters


def test_the_documented_table_is_the_one_in_the_code():
    expected = "\n".join(documented_rows())
    assert f"\n\n{expected}\n\n" in DOCS.read_text(), f"docs/configuration.md should have:\n{expected}"


def test_every_argument_of_init_tracing_is_a_setting():
    assert set(settable_arguments()) - {"config"} <= {setting.name for setting in SETTINGS}


def test_the_hosted_endpoint_is_the_documented_one():
    assert HOSTED_ENDPOINT == "https://api.mutagent.io"
