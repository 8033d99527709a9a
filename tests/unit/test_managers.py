"""A contextlib manager whose entering is traced behaves as it would alone, and keeps nothing that it would not."""

from __future__ import annotations

import asyncio
import gc
import traceback
import weakref
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from mutagent.integrations import managers
from mutagent.integrations.engine import Traced
from mutagent.integrations.spec import Integration, Manager, Request, Response, Target
from mutagent.testing import capture

TARGET = Target(
    ("anywhere",), "Client.open", "llm.chat", "chat", lambda given, instance: Request(),
    response=lambda answer: Response(output={"text": answer.text}),
)  # fmt: skip
ENDINGS = (ValueError("x"), StopIteration("x"), StopAsyncIteration("x"), RuntimeError("x"), GeneratorExit("x"),
           KeyboardInterrupt("x"), asyncio.CancelledError("x"), KeyError("swallowed"))  # fmt: skip


class Answer:
    text = "yes"


@contextmanager
def opened(client: Any) -> Any:
    try:
        yield Answer()
    except KeyError:
        pass


@asynccontextmanager
async def opened_later(client: Any) -> Any:
    try:
        yield Answer()
    except KeyError:
        pass


def watched(function: Any) -> Any:
    piece = Manager(TARGET, ("anywhere",), None, None)
    traced = Traced(Integration("open", "open", ">=1", (piece,)), TARGET, None)
    return managers.making_wrapper(piece, traced, function)


def left_by(function: Any, ending: BaseException) -> Any:
    """What comes out of a block that ends so, and through which frames."""

    async def program() -> None:
        manager = function("client")
        if hasattr(manager, "__aenter__"):
            async with manager:
                raise ending
        with manager:
            raise ending

    stepped = program()
    try:
        stepped.send(None)
    except BaseException as error:  # noqa: BLE001 - what comes out is looked at
        frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        return type(error), error.args, frames, repr(error.__cause__), repr(error.__context__)
    finally:
        ending.__traceback__ = None
        stepped.close()


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: type(ending).__name__)
@pytest.mark.parametrize("function", [opened, opened_later], ids=lambda function: function.__name__)
def test_what_ends_a_block_is_the_programs(function, ending):
    alone = left_by(function, ending)
    with capture() as captured:
        assert left_by(watched(function), ending) == alone
    (span,) = captured.spans
    assert (span["status"], span["output"]) == ("ok", {"text": "yes"})


def test_a_manager_that_is_kept_keeps_nothing_of_its_block():
    with capture():
        manager = watched(opened)("client")
        with manager as answer:
            gone = weakref.ref(answer)
        del answer
        gc.collect()
        assert gone() is None


def test_a_manager_that_is_never_entered_asks_for_nothing():
    with capture() as captured:
        watched(opened)("client")
    assert captured.spans == []
