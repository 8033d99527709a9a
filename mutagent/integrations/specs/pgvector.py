"""pgvector in PostgreSQL, through psycopg 3: queries that order or filter by a distance between vectors.

Programs that use psycopg without the ``pgvector`` package load nothing of this.
"""

from __future__ import annotations

import re
from array import array
from typing import Any

from mutagent.capture.plain import as_list, class_attribute, get, instance_dict, type_label
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import hits
from mutagent.integrations.spec import Dispatch, Integration, Request, Response, Target

# https://github.com/pgvector/pgvector#querying; psycopg wants a percent sign twice where there are parameters.
_DISTANCE = re.compile(r"<(?:->|#>|=>|\+>|~>|%%?>)")
_TABLE = re.compile(r'\bFROM\s+((?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))?)', re.IGNORECASE)
_VECTOR = re.compile(r"\[\s*[-+\d.][-+\d.eE,\s]*\]")
_WRITTEN_VECTOR = re.compile(rf"'{_VECTOR.pattern}'")
_MAX_PARAMETERS = 1000
_MAX_STATEMENT = 32_768


def statement(query: Any) -> str | None:
    """A query's text, of ``psycopg.sql`` objects too; None for what is none, or longer than any by hand."""
    if type(query) is str:
        return query if len(query) <= _MAX_STATEMENT else None
    if type(query) is bytes:
        return statement(query.decode("utf-8", "replace"))
    label = type_label(type(query))
    held = (instance_dict(query) or {}).get("_obj")
    if label == "<psycopg.sql.SQL>":
        return statement(held)
    if label == "<psycopg.sql.Composed>":
        return "".join(statement(part) or "" for part in as_list(held))
    if label == "<psycopg.sql.Identifier>":
        return ".".join(f'"{name}"' for name in as_list(held))
    return "%s" if label == "<psycopg.sql.Placeholder>" else None


def request(given: dict[str, Any], instance: Any) -> Request:
    """The statement without its vectors, and how many of those are parameters and how long they are."""
    text = statement(given.get("query")) or ""
    sizes = [size for value in _values(given.get("params")) if (size := _size(value)) is not None]
    sizes += [_written(found) for found in _WRITTEN_VECTOR.findall(text)]
    asked: dict[str, Any] = {"statement": Snapshot().take(_WRITTEN_VECTOR.sub("'[…]'", text))}
    if sizes:
        asked.update(vectors=len(sizes), dimensions=sizes[0])
    table = _TABLE.search(text)
    name = None if table is None else table.group(1).replace('"', "")
    found = hits.asked("postgresql", name, None, {}, server=_server(instance))
    found.input = {"raw": asked}
    return found


def _values(params: Any) -> list[Any]:
    return list(params.values())[:_MAX_PARAMETERS] if type(params) is dict else as_list(params)[:_MAX_PARAMETERS]


def _size(value: Any) -> int | None:
    """The length of a vector, as a program or SQLAlchemy passes it."""
    if type(value) is str:
        return _written(value) if _VECTOR.fullmatch(value) else None
    label = type_label(type(value))
    if label.startswith("<pgvector.") and not label.endswith("SparseVector>"):
        held = (instance_dict(value) or {}).get("_value")
        shape = hits.shape_of(held)
        return len(held) if type(held) is array else None if shape is None else shape[1]
    if label == "<pgvector.sparsevec.SparseVector>":
        dimensions = (instance_dict(value) or {}).get("_dim")
        return dimensions if type(dimensions) is int else None
    shape = hits.shape_of(value)
    return None if shape is None else shape[1]


def _written(text: str) -> int:
    return text.count(",") + 1


def _server(cursor: Any) -> str | None:
    """Where the connection leads; a directory is that of a socket on this machine."""
    connection = getattr(get(cursor, "_conn"), "pgconn", None)
    host, port = getattr(connection, "host", None), getattr(connection, "port", None)
    if type(host) is not bytes or type(port) is not bytes or not host or host.startswith(b"/"):
        return None
    return f"postgresql://{host.decode()}:{port.decode()}"


def response(answer: Any) -> Response:
    """How many rows there are: they are the program's to fetch."""
    descriptor = class_attribute(type(answer), "_rowcount")
    count = None if descriptor is None else descriptor.__get__(answer)
    return Response(attributes={"mutagent.retrieval.hits": count} if type(count) is int and count >= 0 else {})


def error_facts(error: BaseException) -> dict[str, Any]:
    """PostgreSQL's code of the error."""
    code = class_attribute(type(error), "sqlstate")
    return {"mutagent.error.code": code} if type(code) is str else {}


def _search(modules: tuple[str, ...], cls: str) -> Dispatch:
    target = Target(
        modules, f"{cls}.execute", "retrieval", "retrieval", request, response, parameters=("query", "params")
    )

    def choose(given: dict[str, Any], instance: Any) -> Target | None:
        text = statement(given.get("query"))
        return target if text is not None and _DISTANCE.search(text) else None

    return Dispatch((target,), choose)


PGVECTOR = Integration(
    name="pgvector",
    distribution="pgvector",
    versions=">=0.4,<1",
    pieces=(
        _search(("psycopg.cursor",), "Cursor"),
        _search(("psycopg.cursor_async",), "AsyncCursor"),
    ),
    traces="statements with a distance operator (`<->`, `<=>` …) through psycopg 3, by SQLAlchemy too; "
    "with the number of rows",
    leaves="psycopg2, asyncpg, pg8000; server-side cursors; rows, which are the program's to fetch",
    error=error_facts,
)
