"""Pages that are open are told what they do not show yet."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mutagent.viewer.index.follower import Follower
from mutagent.viewer.index.schema import index_path
from mutagent.viewer.live import Hub, seconds
from tests.viewer.conftest import Viewer


async def told(hub: Hub, trace_id: str, age_seconds: float) -> str:
    """The first thing a page of that age is told within a moment, or nothing."""
    hub.open()
    events = hub.listen(trace_id, age_seconds)
    assert (await anext(events)).startswith("retry:")
    try:
        return await asyncio.wait_for(anext(events), 0.2)
    except asyncio.TimeoutError:
        return ""


def test_what_changed_between_a_pages_making_and_its_listening_is_told_at_once() -> None:
    hub = Hub()
    hub.changed(["a"])
    assert asyncio.run(told(hub, "b", age_seconds=5.0)) == "event: traces\ndata: 1\n\nevent: trace\ndata: 1\n\n"


def test_what_changed_before_a_page_was_asked_for_is_in_it() -> None:
    hub = Hub()
    hub.changed(["a"])
    assert asyncio.run(told(hub, "a", age_seconds=0.0)) == ""


@pytest.mark.parametrize(
    ("age", "expected"),
    [("1500", 1.5), ("0", 0.0), ("", 0.0), ("-1", 0.0), ("1.5", 0.0), ("soon", 0.0), ("9" * 400, 0.0)],
)
def test_an_age_is_a_number_of_milliseconds_or_none(age: str, expected: float) -> None:
    assert seconds(age) == expected


def test_an_address_with_any_age_is_answered(viewer: Viewer) -> None:
    viewer.site.hub.close()
    answer = viewer.client.get("/events", params={"age": "9" * 400})
    assert (answer.status_code, answer.text) == (200, "retry: 1000\n\n")


def test_a_first_look_that_fails_in_a_way_that_nobody_knew_of_is_over_too() -> None:
    follower = Follower(Path("no directory\0has such a name"))
    follower.start()
    assert follower.first_look(30.0)
    follower.stop()


def test_pages_are_told_of_the_first_look_though_it_found_nothing(viewer: Viewer) -> None:
    changes: list[list[str]] = []
    follower = Follower(viewer.home, changes.append)
    follower.catch_up()
    follower.catch_up()
    follower.stop()
    assert changes == [[]]


def test_pages_are_told_that_the_index_is_not_getting_on_and_that_it_is_again(tmp_path: Path) -> None:
    changes: list[list[str]] = []
    follower = Follower(tmp_path, changes.append)
    index_path(tmp_path).mkdir(parents=True)
    follower.catch_up()
    follower.catch_up()
    assert (changes, bool(follower.progress.error)) == ([[]], True)
    index_path(tmp_path).rmdir()
    follower.catch_up()
    follower.stop()
    assert (changes, follower.progress.error) == ([[], []], "")
