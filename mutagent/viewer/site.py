"""What all handlers share: the store, the index, the templates."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from mutagent import __version__
from mutagent.store.reader import StoreReader
from mutagent.store.writer import StoreWriter
from mutagent.viewer import formats
from mutagent.viewer.index import database
from mutagent.viewer.index.follower import Follower
from mutagent.viewer.live import Hub
from mutagent.viewer.trace.findings import failure_text
from mutagent.viewer.trace.spans import family_of

HERE = Path(__file__).parent
STATIC = HERE / "static"
# A viewer answers before it has looked at the store; who asks so soon need not be told to come again.
_FIRST_LOOK_SECONDS = 2.0


class IndexMissing(Exception):
    """The index is not there yet; it will be in a moment."""


class Site:
    """The viewer of one store.

    Args:
        home: directory of the store.
        max_bytes: bytes the store may take, where the viewer writes into it as a collector.
        max_age_days: days a span stays in it.
    """

    def __init__(self, home: Path, max_bytes: int, max_age_days: float) -> None:
        self.home = home
        self.reader = StoreReader(home)
        self.writer = StoreWriter(home, max_bytes, max_age_days)
        self.hub = Hub()
        self.follower = Follower(home, self.hub.changed)

    @contextmanager
    def index(self) -> Iterator[sqlite3.Connection]:
        """A connection to the index, for reading.

        Raises:
            IndexMissing: where it is not there yet, or about to be built anew.
        """
        self.follower.first_look(_FIRST_LOOK_SECONDS)
        try:
            connection = database.open_for_reading(self.home)
        except sqlite3.Error as error:
            raise IndexMissing(str(error)) from error
        try:
            yield connection
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            raise IndexMissing(str(error)) from error
        finally:
            connection.close()

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page, or only its changing part where htmx asked for it."""
        partial = request.headers.get("hx-request") == "true" and request.headers.get("hx-boosted") != "true"
        values |= {"partial": partial, "progress": self.follower.progress, "path": request.url.path}
        headers = {"cache-control": "no-store", "vary": "hx-request"}
        return HTMLResponse(environment().get_template(template).render(values), status, headers)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates: everything printed is made harmless and escaped; a name that is not there is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        finalize=formats.printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(formats.FILTERS)
    made.globals.update(formats.GLOBALS, version=__version__, failure=failure_text, family=family_of)
    return made


def site_of(request: Request) -> Site:
    """The site that a request is for."""
    found: Site = request.app.state.site
    return found
