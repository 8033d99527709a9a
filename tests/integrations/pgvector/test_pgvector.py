"""What is pgvector's own: other statements are left alone, vectors in every form, async, SQLAlchemy, rows unread."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from tests.integrations.pgvector.cases import NEAREST, SPAN, database
from tests.integrations.spans import normal

psycopg = pytest.importorskip("psycopg")
pytest.importorskip("pgvector")
pytest.importorskip("pgserver")
FOUND = [("The sun is a star.",), ("Rain falls.",)]


def run(statement: Any, *params: Any) -> list[Any]:
    """The rows of a statement, on a connection that knows vectors."""
    from pgvector.psycopg import register_vector

    with psycopg.connect(database(), autocommit=True) as connection:
        register_vector(connection)
        return connection.execute(statement, params or None).fetchall()


def asked(captured: Any) -> list[Any]:
    return [span["input"]["raw"] for span in captured.spans]


def test_only_statements_with_a_distance_are_traced(captured):
    run("SELECT body FROM notes WHERE id < 2")
    assert captured.spans == []


def test_rows_are_the_programs_to_fetch(captured):
    from pgvector import Vector

    assert run(NEAREST, Vector([1, 0])) == FOUND
    assert [normal(span) for span in captured.spans] == [SPAN]


@pytest.mark.parametrize(
    "vector",
    [
        lambda: __import__("numpy").array([1.0, 0.0]),
        lambda: __import__("pgvector").Vector([1, 0]),
        lambda: "[1, 0]",
    ],
    ids=["numpy", "Vector", "text"],
)
def test_a_vector_is_counted_in_every_form(captured, vector):
    assert run(NEAREST, vector()) == FOUND
    (found,) = asked(captured)
    assert (found["vectors"], found["dimensions"]) == (1, 2)


def test_a_vector_in_the_statement_is_left_out(captured):
    from psycopg.sql import SQL, Identifier

    nearest = SQL("SELECT body FROM {} WHERE at <=> '[1, 0]' < 0.5").format(Identifier("notes"))
    assert run(nearest) == [("The sun is a star.",)]
    (span,) = captured.spans
    statement = """SELECT body FROM "notes" WHERE at <=> '[…]' < 0.5"""
    assert span["input"] == {"raw": {"statement": statement, "vectors": 1, "dimensions": 2}}
    assert span["name"] == "retrieval notes"


def test_an_async_search_is_one_span(captured):
    async def program() -> Any:
        async with await psycopg.AsyncConnection.connect(database(), autocommit=True) as connection:
            return await (await connection.execute(NEAREST, ("[1,0]",))).fetchall()

    assert asyncio.run(program()) == FOUND
    assert [normal(span) for span in captured.spans] == [SPAN]


def test_sqlalchemys_distances_are_searches(captured):
    sqlalchemy = pytest.importorskip("sqlalchemy")
    from pgvector.sqlalchemy import Vector

    notes = sqlalchemy.table("notes", sqlalchemy.column("body"), sqlalchemy.column("at", Vector(2)))
    nearest = sqlalchemy.select(notes.c.body).order_by(notes.c.at.l2_distance([1.0, 0.0])).limit(2)
    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(database()))
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(nearest)] == FOUND
    engine.dispose()
    (span,) = captured.spans
    assert span["name"] == "retrieval notes"
    assert (span["input"]["raw"]["vectors"], span["input"]["raw"]["dimensions"]) == (1, 2)
    assert span["attributes"]["mutagent.retrieval.hits"] == 2


@pytest.mark.parametrize(("imported", "loaded"), [("psycopg", False), ("psycopg, pgvector", True)])
def test_only_programs_with_pgvector_load_anything_for_psycopg(imported, loaded):
    program = f"import sys, {imported}; print('mutagent.integrations.specs.pgvector' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-m", "mutagent.auto", "--quiet", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert found.stdout.strip() == str(loaded)
