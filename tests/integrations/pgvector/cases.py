"""pgvector's surfaces, in a PostgreSQL of the test's own, and the spans that they must give."""

from __future__ import annotations

import atexit
import importlib
from functools import lru_cache
from tempfile import mkdtemp
from typing import Any

import pytest

from tests.integrations.canned import EMBEDDED
from tests.integrations.spans import span_of, without
from tests.integrations.surfaces import Refusal, Surface
from tests.integrations.ways import SYNC, Way

NEAREST = "SELECT body FROM notes ORDER BY at <-> %s LIMIT 2"
ROWS = ((1, "[1,0]", "The sun is a star."), (2, "[0,1]", "Rain falls."), (3, "[-1,0]", "Snow lies."))


@lru_cache(maxsize=1)
def database() -> str:
    """The address of a PostgreSQL with three rows; it stops when the process ends."""
    server = pytest.importorskip("pgserver").get_server(mkdtemp(), cleanup_mode="delete")
    atexit.register(server.cleanup)
    address: str = server.get_uri()
    with importlib.import_module("psycopg").connect(address, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION vector")
        connection.execute("CREATE TABLE notes (id int, at vector(2), body text)")
        for row in ROWS:
            connection.execute("INSERT INTO notes VALUES (%s, %s, %s)", row)
    return address


def cursor(way: Way, url: str, options: dict[str, Any]) -> Any:
    """A cursor on a connection of its own."""
    return importlib.import_module("psycopg").connect(database(), autocommit=True).cursor()


async def close(way: Way, made: Any) -> None:
    """Close a cursor with its connection."""
    made.connection.close()


SPAN = {
    **without(
        span_of(
            "postgresql",
            "retrieval",
            "retrieval",
            None,
            input={"raw": {"statement": NEAREST, "vectors": 1, "dimensions": 2}},
            attributes={"gen_ai.data_source.id": "notes", "mutagent.retrieval.hits": 2},
        ),
        "server.address",
        "server.port",
    ),
    "name": "retrieval notes",
}
EXECUTE = Surface(
    integration="pgvector",
    name="execute",
    library="psycopg",
    client=cursor,
    method="execute",
    stands=("psycopg.cursor:Cursor.execute",),
    arguments={"query": NEAREST, "params": ("[1,0]",)},
    serve=EMBEDDED,
    refusal=Refusal(
        "psycopg.errors.DataException",
        {"mutagent.error.code": "22000"},
        arguments={"params": ("[1,1e50]",)},
    ),
    whole=SPAN,
    of_answer=("mutagent.retrieval.hits",),
    ways=(SYNC,),
    close=close,
    plain=lambda answer: answer.fetchall() if not answer.closed and answer.rownumber == 0 else answer.rowcount,
)
SURFACES = (EXECUTE,)
