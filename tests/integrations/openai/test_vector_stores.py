"""A search in a vector store is a retrieval, when its page is fetched."""

from __future__ import annotations

import pytest

from tests.integrations.openai.program import every_way, openai, run, seen, span_of
from tests.integrations.routes import Reply, serving

HIT = {
    "file_id": "file_1",
    "filename": "hats.txt",
    "score": 0.75,
    "attributes": {"year": 1999.0},
    "content": [{"type": "text", "text": "Capybaras"}, {"type": "text", "text": "wear hats."}],
}
PAGE = {"object": "vector_store.search_results.page", "data": [HIT], "has_more": False, "next_page": None}
DOCUMENT = {
    "content": "Capybaras\nwear hats.",
    "metadata": {"file_id": "file_1", "filename": "hats.txt", "attributes": {"year": 1999.0}},
    "score": 0.75,
}
SPAN = span_of(
    "retrieval",
    "retrieval",
    "retrieval vs_1",
    input={"text": "hats"},
    output={"documents": [DOCUMENT]},
    attributes={
        "gen_ai.retrieval.query.text": "hats",
        "gen_ai.data_source.id": "vs_1",
        "mutagent.request.max_num_results": 3,
        "mutagent.retrieval.hits": 1,
    },
)
del SPAN["model"], SPAN["attributes"]["gen_ai.request.model"]
ROUTES = {"/vector_stores/vs_1/search": [Reply(PAGE)]}


async def searched(way, search, positional):
    """The page of a search, in the way that the client's docs show."""
    if positional:
        return await way.wait(search("vs_1", query="hats", max_num_results=3))
    return await way.call(search, vector_store_id="vs_1", query="hats", max_num_results=3)


@every_way
@pytest.mark.parametrize("positional", [True, False], ids=["positional", "by name"])
def test_a_search_is_a_retrieval(way, positional, captured):
    with serving(ROUTES) as url:
        page = run(way, url, "vector_stores.search", lambda search: searched(way, search, positional))
    assert page.data[0].score == 0.75
    (span,) = seen(captured)
    span["attributes"].setdefault("mutagent.request_id", "req_1")  # pages don't bring it
    assert span == SPAN


@every_way
def test_a_search_that_is_iterated_is_one_retrieval(way, captured):
    async def program(search):
        return len(await way.rest(search("vs_1", query="hats")))

    with serving(ROUTES) as url:
        assert run(way, url, "vector_stores.search", program) == 1
    assert [(span["kind"], span["attributes"]["mutagent.retrieval.hits"]) for span in captured.spans] == [
        ("retrieval", 1)
    ]


@every_way
def test_a_raw_search_is_the_same_retrieval(way, captured):
    async def program(search):
        response = await searched(way, search, positional=True)
        return response.http_response.json()

    with serving(ROUTES) as url:
        assert run(way, url, "vector_stores.with_raw_response.search", program) == PAGE
    assert seen(captured) == [SPAN]


@every_way
def test_a_search_that_fails_is_a_failed_retrieval(way, captured):
    with serving({}) as url, pytest.raises(openai.NotFoundError):
        run(way, url, "vector_stores.search", lambda search: searched(way, search, positional=True))
    (span,) = captured.spans
    assert (span["kind"], span["status"], span["input"]) == ("retrieval", "error", {"text": "hats"})


@every_way
def test_other_lists_are_no_retrieval(way, captured):
    page = {"object": "list", "data": [], "has_more": False}
    with serving({"/vector_stores": [Reply(page)]}) as url:
        run(way, url, "vector_stores.list", lambda method: way.call(method))
    assert captured.spans == []
