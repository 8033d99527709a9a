"""The list: what the filters in the URL leave, page by page, runs together."""

from __future__ import annotations

import re
from datetime import datetime, timezone

import pytest

from mutagent.viewer.queries.filters import Filters, filters_of
from tests.viewer.conftest import Viewer
from tests.viewer.wire import NOON, chat, span, trace, trace_id

NOW = datetime(2026, 1, 5, 13, tzinfo=timezone.utc)


@pytest.fixture
def several(viewer: Viewer) -> Viewer:
    """Four traces, the fourth the newest."""
    fail = {"status": "error", "statusMessage": "quota exceeded", "error": "quota exceeded"}
    viewer.write(
        trace(1, span(1, name="first", input={"text": "Where is my parcel?"}), run="a" * 32),
        trace(2, chat(2, at=1000, took=900, model="gpt-4.1"), session="s-2", **{"service.name": "shop"}),
        trace(3, chat(3, at=2000, **fail), run="a" * 32, **{"user.id": "ada"}),
        trace(4, span(4, at=3000, took=None, kind="agent"), span(5, parent=4, at=3100, kind="tool"), run="b" * 32),
    )
    return viewer


def test_newest_come_first_with_those_of_one_run_together(several: Viewer) -> None:
    assert several.listed() == [trace_id(number) for number in (4, 3, 1, 2)]
    assert "Run <code>aaaaaaaa</code>" in several.page("/")


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("q=parcel", [1]),
        ("q=PARC", [1]),
        ('q="my parcel"', [1]),
        ('q="parcel my"', []),
        ("q=quota+exceeded", [3]),
        ("q=first", [1]),
        ("q=gpt-4.1", [2]),
        ("q=00000000000000000000000000000003", [3]),
        ("q=...", []),
        ("status=error", [3]),
        ("status=open", [4]),
        ("kind=tool", [4]),
        ("kind=llm.chat", [3, 2]),
        ("model=gpt-4.1", [2]),
        ("session=s-2", [2]),
        ("service=shop", [2]),
        ("user=ada", [3]),
        (f"run={'a' * 32}", [3, 1]),
        ("min_ms=500", [2]),
        ("max_ms=500", [3, 1]),
        ("min_cost=0.005", [3, 2]),
        ("min_cost=0.005&model=gpt-4.1&kind=llm.chat", [2]),
        ("status=error&q=parcel", []),
        ("since=2026-01-06", []),
        ("until=2026-01-04", []),
        ("since=2026-01-04&until=2026-01-07&sort=slowest", [2, 3, 1]),
        ("sort=dearest&model=gpt-4.1", [2]),
        ("min_ms=wide&since=yesterday&until=9&sort=5&cursor=x", [4, 3, 1, 2]),
    ],
)
def test_a_filter_leaves_what_it_says(several: Viewer, query: str, numbers: list[int]) -> None:
    assert several.listed(f"/?{query}") == [trace_id(number) for number in numbers]


@pytest.mark.parametrize(
    "typed", ['"', "'", "*", "a*b", "NEAR(a b)", "text:x", "a AND", "(", "-", "\\", "%_", "a\x00b", "^a"]
)
def test_whatever_is_typed_is_searched_for_and_is_no_syntax(several: Viewer, typed: str) -> None:
    assert several.client.get("/", params={"q": typed}).status_code == 200


def test_scripts_without_spaces_are_found_within_a_sentence(viewer: Viewer) -> None:
    viewer.write(
        trace(1, span(1, input={"text": "请问我的订单在哪里"})), trace(2, span(2, output={"text": "ご注文の靴"}))
    )
    assert viewer.listed("/?q=订单") == [trace_id(1)]
    assert viewer.listed("/?q=靴") == [trace_id(2)]
    assert viewer.listed("/?q=单订") == []


@pytest.mark.parametrize("sort", ["newest", "slowest", "dearest", "longest"])
@pytest.mark.parametrize("more", ["", "&kind=llm.chat", "&kind=llm.chat&q=span"])
def test_pages_hold_every_trace_once(viewer: Viewer, sort: str, more: str) -> None:
    # Equal in pairs: a page may end between two of them.
    viewer.write(*(trace(number, chat(number, at=number // 2, took=number // 2 + 1)) for number in range(1, 260)))
    found: list[str] = []
    address = f"/?sort={sort}{more}"
    while address:
        found += viewer.listed(address)
        older = re.search(r'href="([^"]+)" rel="next"', viewer.page(address))
        address = older.group(1).replace("&amp;", "&") if older else ""
    assert sorted(found) == sorted(trace_id(number) for number in range(1, 260))


def test_filters_stand_in_the_address_without_what_is_empty() -> None:
    filters = filters_of({"q": " parcel ", "status": "", "sort": "newest", "model": "gpt-4.1", "unknown": "x"})
    assert filters == Filters(q="parcel", model="gpt-4.1")
    assert filters.url() == "/?q=parcel&model=gpt-4.1"
    assert filters.url(q="") == "/?model=gpt-4.1"
    assert Filters().url() == "/"


def test_a_time_is_counted_back_from_now() -> None:
    hour_ago, none = Filters(since="1h").bounds_us(NOW)
    assert (hour_ago, none) == (NOON // 1000, None)


def test_htmx_gets_the_list_alone_and_the_address_to_show(several: Viewer) -> None:
    answer = several.client.get("/?q=parcel&status=", headers={"hx-request": "true", "hx-trigger": "filters"})
    assert answer.headers["hx-push-url"] == "/?q=parcel"
    assert answer.text.lstrip().startswith('<div id="list"')


def test_an_empty_store_says_how_to_record(shown: Viewer) -> None:
    assert "python -m mutagent.auto your_program.py" in shown.page("/")


def test_before_there_is_an_index_pages_say_so(viewer: Viewer) -> None:
    assert "being built" in viewer.page("/", 503)


def test_the_page_shows_how_far_the_index_is(several: Viewer) -> None:
    from mutagent.viewer.index.follower import Progress

    several.site.follower.progress = Progress(indexed=50_000, rows=200_000)
    assert "Reading the store: 25%" in several.page("/")
    several.site.follower.progress = Progress(error="disk full")
    assert "not getting on: disk full" in several.page("/")
