"""Exceptions on spans: what Python would print, without running anything of the exception's."""

import os
import sys
import traceback

import pydantic
import pytest

from mutagent.capture.snapshot import snapshot
from mutagent.testing import capture
from mutagent.tracing import failure, trace
from tests.unit.hostile import Ran


class Plain(Exception):
    pass


class Evil(Exception):
    """Every way to words is a trap."""

    def __init__(self, *args):
        super().__init__(*args)
        self.detail = "d"

    def __str__(self, *names):
        raise Ran("str")

    __repr__ = __format__ = __getattr__ = __eq__ = __str__
    __hash__ = Exception.__hash__


class EvilMeta(type):
    def __getattribute__(cls, name):
        raise Ran(name)


class Trap:
    def __str__(self):
        raise Ran("str of an argument")

    __repr__ = __str__


def caught(call):
    try:
        call()
    except BaseException as error:  # noqa: BLE001 - the exception is what the test is about
        return error


@pytest.mark.parametrize(
    "error",
    [
        ValueError("bad"),
        ValueError(),
        KeyError("key"),
        KeyError("a", 1),
        OSError(2, "No such file", "/x"),
        Plain("p", 1),
        caught(lambda: int("x")),
        caught(lambda: {}["x"]),
        caught(lambda: __import__("os").stat("/no/such/file")),
        caught(lambda: 1 // 0),
        caught(lambda: b"\xff".decode()),
        caught(lambda: compile("(", "f", "exec")),
        caught(lambda: __import__("no_such")),
        StopIteration(1),
        AssertionError("a"),
        KeyboardInterrupt(),
        SystemExit(3),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_plain_exceptions_say_what_python_says(error):
    assert failure.message(error) == str(error)
    printed = traceback.format_exception_only(type(error), error)[-1].strip()
    assert f"{failure.type_name(error)}: {failure.message(error)}".removesuffix(": ") == printed.removesuffix(": ") or (
        isinstance(error, SyntaxError)
    )


@pytest.mark.parametrize(
    ("kind", "arguments", "expected"),
    [
        (Evil, ["a", 7, None], "a, 7, None"),
        (Evil, [Trap], f"<{__name__}.Trap>"),
        (Evil, [], ""),
        (Plain, [Trap, "b"], f"<{__name__}.Trap>, b"),
        (KeyError, [Trap], f"<{__name__}.Trap>"),
        (Plain, [{"code": 5, "of": (Trap,)}], '{"code": 5, "of": ["<class ' + __name__ + '.Trap>"]}'),
    ],
)
def test_exceptions_with_words_of_their_own_are_read_from_their_arguments(kind, arguments, expected):
    # Made here: pytest would ask a parameter for its words.
    error = kind(*(Trap() if argument is Trap else argument for argument in arguments))
    assert failure.message(error) == expected


def test_an_exception_whose_arguments_are_gone_still_has_its_class():
    class NoArgs(Exception):
        @property
        def args(self):
            raise Ran("args")

    with capture() as captured:
        assert isinstance(caught(trace(lambda: (_ for _ in ()).throw(NoArgs()))), NoArgs)
    assert captured.spans[0]["attributes"]["error.type"].endswith("NoArgs")


@pytest.mark.parametrize("kind", [Evil, Plain])
def test_recording_an_exception_runs_nothing_of_it(captured, kind):
    raised = kind("a", Trap())

    @trace
    def fail():
        raise raised

    assert caught(fail) is raised
    assert captured.spans[0]["status"] == "error"


def test_an_exception_class_with_a_hostile_metaclass_is_named(captured):
    kind = EvilMeta("Guarded", (Exception,), {"__module__": "hostile"})

    @trace
    def fail():
        raise type.__call__(kind, "m")

    assert caught(fail) is not None
    assert captured.spans[0]["attributes"]["error.type"] == "hostile.Guarded"


def test_an_exception_around_another_says_what_that_says():
    """As requests' do around urllib3's."""
    broken = OSError("Connection aborted.", ConnectionResetError("Remote end closed connection"))
    assert failure.message(OSError(broken)) == "Connection aborted., Remote end closed connection"
    assert failure.message(OSError(ValueError())) == "ValueError"
    assert failure.message(OSError(Evil("words"))) == "words"


def test_an_exception_around_itself_ends():
    circle = OSError()
    circle.args = ("again", circle)
    assert failure.message(circle).startswith("again, again")


def test_a_very_long_message_is_bounded(captured):
    @trace
    def fail():
        raise ValueError("x" * 5_000_000)

    caught(fail)
    assert len(str(captured.spans[0])) < 1_000_000


def inner():
    raise KeyError("first")


def outer():
    try:
        inner()
    except KeyError as error:
        raise Plain("second") from error


def test_the_stack_has_the_programs_frames_and_the_cause_and_none_of_ours(captured):
    caught(trace(outer))
    (event,) = captured.spans[0]["events"]
    lines = event["attributes"]["exception.stacktrace"].splitlines()
    assert [
        line.strip() for line in lines if not line.startswith("    ") and "File" in line and "decorator" in line
    ] == []
    names = [line.rpartition(" in ")[2] for line in lines if line.lstrip().startswith("File ")]
    assert (
        names == ["outer", "inner", "outer"]
        or names == ["inner", "outer"]
        or names == ["outer", "inner", "caught", "outer"]
    )
    assert "KeyError: 'first'" in lines
    assert lines[-1] == f"{__name__}.Plain: second"


def test_a_deep_recursion_keeps_its_last_frames(captured):
    def down(depth):
        if depth == 0:
            raise Plain("bottom")
        down(depth - 1)

    caught(trace(lambda: down(300)))
    stack = captured.spans[0]["events"][0]["attributes"]["exception.stacktrace"]
    assert "[Previous line repeated 5" in stack
    assert stack.endswith(f"{__name__}.Plain: bottom")


def test_a_chain_that_is_a_circle_ends(captured):
    first, second = Plain("1"), Plain("2")
    first.__cause__, second.__cause__ = second, first
    assert failure.stack(first).count("Traceback") == 5


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with Python 3.11")
def test_groups_are_named_with_their_count(captured):
    @trace
    def fail():
        raise ExceptionGroup("several", [ValueError("a"), KeyError(Trap())])  # noqa: F821 - not in 3.10

    caught(fail)
    assert captured.spans[0]["statusMessage"] == "several (2 sub-exceptions)"


def test_a_path_of_the_users_own_in_an_oserror_is_not_asked():
    class Path(os.PathLike):
        def __fspath__(self):
            return "/no/such/file"

        def __repr__(self):
            raise Ran("repr")

    error = caught(lambda: os.stat(Path()))
    assert type(error) is FileNotFoundError
    assert failure.message(error) in (
        "[Errno 2] No such file or directory: '/no/such/file'",
        "2, No such file or directory",
    )


def test_a_validation_error_says_how_many_and_quotes_nothing():
    class Order(pydantic.BaseModel):
        number: int

    error = caught(lambda: Order(number="secret"))
    assert failure.message(error) == "1 validation error for Order"


def test_exceptions_as_values_are_their_class():
    assert snapshot([ValueError("x"), Evil("y")]) == ["<builtins.ValueError>", f"<{__name__}.Evil>"]
