"""Parts of the doctor: keys out of every text, layers of wrappers, advice, and how findings are drawn."""

import functools
from types import SimpleNamespace

import pytest
import wrapt

from mutagent.auto import patches
from mutagent.doctor.child import Outcome
from mutagent.doctor.delivery import advice, ago
from mutagent.doctor.disk import size
from mutagent.doctor.findings import NOTE, OK, PROBLEM, WARNING, Finding, Section, worst
from mutagent.doctor.layers import layers_at
from mutagent.doctor.secrets import secrets_of, shown_key, without_secrets
from mutagent.doctor.text import render
from mutagent.doctor.verdict import Library, findings
from mutagent.terminal.style import ASCII, PLAIN, Style

KEY = "mt_0123456789abcdef7788"


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (KEY, "mt_…7788"),
        ("mt_short", "mt_…"),
        ("sk-0123456789", "set (13 characters, not shown)"),
        ("", "set (0 characters, not shown)"),
    ],
)
def test_a_key_is_shown_by_its_end_only_if_it_is_ours(key, shown):
    assert shown_key(key) == shown


def test_secrets_are_cleaned_out_of_every_text_and_fact():
    secrets = secrets_of({"SOME_TOKEN": "blue-monday-19", "PATH": "/a/long/path/for/sure", "AUTH": "none"})
    assert secrets == ["blue-monday-19"]
    found = Finding(
        NOTE, KEY, "blue-monday-19", f"why {KEY}", "x://me:pw@host", {"a": [KEY, {"b": "blue-monday-19"}], "n": 1}
    )
    (clean,) = without_secrets(Section("g", "G", [found]), secrets).findings
    hidden = "set (14 characters, not shown)"
    assert clean == Finding(
        NOTE, "mt_…7788", hidden, "why mt_…7788", "x://…@host", {"a": ["mt_…7788", {"b": hidden}], "n": 1}
    )


class Resource:
    """A library's class, as it is before anybody has wrapped it."""

    def create(self):
        """A method."""


def wrapped_by(module, function):
    """A wrapper that was written in a module, made as most tools make theirs."""
    scope = {"__name__": module, "functools": functools}
    exec("def make(f):\n @functools.wraps(f)\n def inner(*a, **k): return f(*a, **k)\n return inner", scope)
    return scope["make"](function)


def ours(function):
    return wrapped_by("mutagent.integrations.engine", function)


def holder(function):
    return type("Resource", (), {"create": function})


@pytest.mark.parametrize(
    ("function", "layers"),
    [
        (Resource.create, (False, [], [])),
        (ours(Resource.create), (True, [], [])),
        (ours(wrapped_by("langfuse.openai", Resource.create)), (True, [], ["Langfuse"])),
        (wrapped_by("sentry_sdk.integrations", ours(Resource.create)), (True, ["Sentry"], [])),
        (wrapped_by("house_tracer.llm", ours(Resource.create)), (True, ["house_tracer"], [])),
        (ours(wrapped_by("tenacity", Resource.create)), (True, [], [])),
        (wrapped_by("ddtrace.a", wrapped_by("ddtrace.b", ours(Resource.create))), (True, ["Datadog"], [])),
        (wrapped_by("opentelemetry.instrumentation.x", Resource.create), (False, ["OpenTelemetry"], [])),
        (staticmethod(ours(Resource.create)), (True, [], [])),
        (None, (False, [], [])),
    ],
    ids=["bare", "ours", "below", "above", "unknown above", "decorated", "once", "without ours", "static", "nothing"],
)
def test_the_tools_around_a_function_are_named_in_order(function, layers):
    assert layers_at(holder(function), "create", own=(__name__.partition(".")[0],)) == layers


def test_a_wrapt_wrapper_is_its_tools_not_wrapts():
    scope = {"__name__": "langfuse.openai"}
    exec("def wrapper(wrapped, instance, args, kwargs): return wrapped(*args, **kwargs)", scope)
    resource = holder(wrapt.FunctionWrapper(ours(Resource.create), scope["wrapper"]))
    assert layers_at(resource, "create", own=("tests",)) == (True, ["Langfuse"], [])


def test_an_inherited_method_is_looked_at_where_it_is():
    below = type("Below", (holder(ours(Resource.create)),), {})
    assert layers_at(below, "create").ours


def test_a_real_patch_of_ours_is_seen():
    resource = holder(Resource.create)
    patches.replace(resource, "create", lambda original: patches.before(original, act=lambda instance: None))
    assert layers_at(resource, "create", own=("tests",)) == (True, [], [])


def test_a_ring_of_wrappers_ends():
    ring = SimpleNamespace()
    ring.__wrapped__ = ring
    assert layers_at(holder(ring), "create", own=("types",)) == (False, [], [])


@pytest.mark.parametrize(
    ("error", "do"),
    [
        ("the API key was refused (HTTP 401); check MUTAGENT_API_KEY", "check MUTAGENT_API_KEY"),
        ("[Errno -2] Name or service not known", "check the host name"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "set SSL_CERT_FILE"),
        ("no connection in time", "check that a firewall"),
        ("something else", "mutagent doctor --live"),
    ],
)
def test_an_error_has_its_advice(error, do):
    assert advice(error).startswith(do)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "just now"), (-5, "just now"), (61, "1 minute ago"), (7300, "2 hours ago"), (90_000, "1 day ago"),
     (-90, "in the future, by this machine's clock")],
)  # fmt: skip
def test_a_time_is_said_as_people_say_it(seconds, said):
    assert ago(seconds) == said


@pytest.mark.parametrize(("count", "said"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2 << 30, "2.1 GB")])
def test_a_size_is_said_as_people_say_it(count, said):
    assert size(count) == said


def test_the_worst_level_counts():
    assert [worst([]), worst([NOTE, OK]), worst([WARNING, PROBLEM, OK])] == [OK, NOTE, PROBLEM]


SECTIONS = [
    Section("one", "One", [Finding(OK, "a", "fine"), Finding(PROBLEM, "long name", "broken", "it fell", "mend it")]),
    Section("two", "Two", [Finding(WARNING, "b", "words " * 9)]),
]


def test_findings_are_drawn_in_columns():
    assert render(SECTIONS, 40, PLAIN) == (
        "One\n"
        "  ✓ a          fine\n"
        "  ✗ long name  broken\n"
        "               it fell\n"
        "               → mend it\n"
        "\n"
        "Two\n"
        "  ! b          words words words words\n"
        "               words words words words\n"
        "               words\n"
        "\n"
        "1 problem and 1 warning.\n"
    )


def test_findings_are_drawn_without_box_characters_and_with_colour_where_it_is_wanted():
    ascii_only = render(SECTIONS, 40, ASCII)
    assert ascii_only.isascii()
    assert "  x long name  broken\n" in ascii_only
    assert "-> mend it" in ascii_only
    assert "\x1b[31m✗\x1b[0m" in render(SECTIONS, 40, Style(color=True))


def test_what_a_library_says_drives_no_terminal():
    hostile = Section("x", "X", [Finding(PROBLEM, "a\x1b[2J", "b\x1b]0;title\x07c\nd")])
    assert "\x1b" not in render([hostile], 80, PLAIN)
    assert "bc d" in render([hostile], 80, PLAIN)


FRAMEWORK = Library("langchain", "langchain-core", ">=0.3,<2", "1.0.0")


def hook(state):
    return {"module": "m", "path": "callbacks", "state": state, "late": False, "above": [], "below": [], "hook": True}


@pytest.mark.parametrize(
    ("state", "level", "what"),
    [
        ("patched", OK, "1.0.0: traced through its own hooks"),
        ("failed", PROBLEM, "1.0.0: 0 of 1 targets patched"),
        ("absent", PROBLEM, "1.0.0: nothing that we know to trace is in this version"),
    ],
)
def test_a_framework_is_judged_by_its_hook(state, level, what):
    (found,) = findings(FRAMEWORK, Outcome({"targets": [hook(state)]}, 0, ""), None)
    assert (found.level, found.what) == (level, what)


def test_a_newer_version_than_supported_is_a_warning_while_it_works():
    newer = Library("langchain", "langchain-core", ">=0.3,<2", "2.1.0")
    (found,) = findings(newer, Outcome({"targets": [hook("patched")]}, 0, ""), None)
    assert found == Finding(
        WARNING,
        "langchain",
        "2.1.0: traced through its own hooks",
        "supported is langchain-core>=0.3,<2",
        "pip install 'langchain-core>=0.3,<2'",
        newer.facts("patched", targets=[hook("patched")], failures={}),
    )
