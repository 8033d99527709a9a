"""What is LanceDB's own: one span whatever an answer is turned into, full text, hybrid search, scans."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from mutagent.auto import threads
from tests.integrations.lancedb.cases import SPAN, table
from tests.integrations.spans import normal

pytest.importorskip("lancedb")
AT = [1.0, 0.0]


@pytest.fixture(params=["to_arrow", "to_list", "to_pandas"])
def form(request: pytest.FixtureRequest) -> str:
    """What an answer is turned into."""
    if request.param == "to_pandas":
        pytest.importorskip("pandas")
    return request.param


def test_a_search_is_one_span_whatever_it_is_turned_into(captured, form):
    getattr(table().search(AT).limit(2), form)()
    assert [normal(span) for span in captured.spans] == [SPAN]


def test_an_async_search_is_one_span_whatever_it_is_turned_into(captured, form):
    async def program() -> None:
        await getattr(table()._table.query().nearest_to(AT).limit(2), form)()

    asyncio.run(program())
    (span,) = captured.spans
    assert span["output"] == SPAN["output"]


def rows(make: Callable[[Any], Any], *, is_async: bool) -> None:
    """Run a search of the table to the end."""
    if not is_async:
        make(table()).to_list()
        return

    async def program() -> None:
        await make(table()._table).to_list()

    asyncio.run(program())


@pytest.mark.parametrize(
    ("make", "is_async"),
    [
        (lambda notes: notes.search("sun", query_type="fts").limit(2), False),
        (lambda notes: notes.query().nearest_to_text("sun").limit(2), True),
    ],
    ids=["sync", "async"],
)
def test_a_full_text_search_has_its_words(captured, make, is_async):
    rows(make, is_async=is_async)
    (span,) = captured.spans
    assert (span["name"], span["input"]) == ("retrieval notes", {"text": "sun"})
    (found,) = span["output"]["documents"]
    assert found["content"] == "The sun is a star."
    assert found["score"] > 0


@pytest.mark.parametrize(
    ("make", "is_async"),
    [
        (lambda notes: notes.search(query_type="hybrid").text("sun").vector(AT).limit(2), False),
        (lambda notes: notes.query().nearest_to(AT).nearest_to_text("sun").limit(2), True),
    ],
    ids=["sync", "async"],
)
def test_a_hybrid_search_is_one_span(captured, make, is_async):
    """It makes two searches, in the sync client in threads of its own."""
    threads.install()
    try:
        rows(make, is_async=is_async)
    finally:
        threads.uninstall()
    (span,) = captured.spans
    assert span["input"] == {"raw": ["sun", {"vectors": 1, "dimensions": 2}]}
    assert span["attributes"]["gen_ai.retrieval.query.text"] == "sun"
    found = span["output"]["documents"]
    assert [one["content"] for one in found] == ["The sun is a star.", "Rain falls."]
    assert found[0]["score"] > found[1]["score"]


def test_reading_rows_is_no_search(captured):
    rows(lambda notes: notes.search().limit(1), is_async=False)
    rows(lambda notes: notes.query().limit(1), is_async=True)
    assert captured.spans == []
