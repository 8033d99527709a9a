"""Queries and parameters of a search without their vectors."""

from __future__ import annotations

import pytest

from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import hits


class Unset:
    """As client libraries have one."""


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (["The sun?"], "The sun?"),
        (["The sun?", [0.5, 0.5]], ["The sun?", {"vectors": 1, "dimensions": 2}]),
        ([[1, 0], [0, 1], [1, 1]], {"vectors": 3, "dimensions": 2}),
        ({"near": [0.5] * 3, "ids": [1, 2], "none": None}, {"near": {"vectors": 1, "dimensions": 3}, "ids": [1, 2]}),
        ([], None),
        (None, None),
    ],
)
def test_a_query_is_told_without_its_vectors(query, said):
    assert hits.described(query, Snapshot()) == said


def test_what_was_not_given_is_no_parameter():
    asked = hits.asked("chroma", "notes", None, {"limit": 2, "where": Unset(), "offset": None, "timeout": 3})
    assert asked.parameters == {"limit": 2}


def test_a_query_that_holds_itself_comes_to_an_end():
    query = {}
    query["again"] = query
    assert "circular" in hits.described(query, Snapshot())["again"]


def test_the_only_text_of_a_query_is_its_text():
    asked = hits.asked("lancedb", None, ["The sun?", [0.5, 0.5]], {})
    assert (asked.name, asked.attributes) == ("retrieval", {"gen_ai.retrieval.query.text": "The sun?"})
