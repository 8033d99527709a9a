"""A viewer over a store of its own, asked without a network."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

MISSING = [name for name in ("starlette", "uvicorn", "jinja2") if find_spec(name) is None]
if MISSING and os.environ.get("CI") != "true":
    collect_ignore_glob = ["test_*.py", "browser/*"]


def pytest_report_header() -> str | None:
    """Say why the tests of this directory are not there."""
    return f"tests/viewer: left out, {', '.join(MISSING)} not installed" if MISSING else None


class Viewer:
    """The application, its store, and a client; what is written is indexed when asked for."""

    def __init__(self, home: Path, client: Any, site: Any) -> None:
        self.home = home
        self.client = client
        self.site = site

    def write(self, *traces: dict[str, Any]) -> None:
        """Put traces in wire form into the store, as the collector does, and into the index."""
        from mutagent.viewer.collector.payload import parse

        batch = parse(json.dumps({"traces": traces}).encode())
        assert batch.rejected == 0
        self.site.writer.append(batch.rows)
        self.site.follower.catch_up()

    def page(self, address: str, status: int = 200, **headers: str) -> str:
        """The text of a page."""
        answer = self.client.get(address, headers=headers)
        assert answer.status_code == status, answer.text[:500]
        text: str = answer.text
        return text

    def listed(self, address: str = "/") -> list[str]:
        """The ids of the traces in the list, in their order."""
        import re

        return re.findall(r'data-trace="([0-9a-f]{32})"', self.page(address))


@pytest.fixture
def viewer(tmp_path: Path) -> Iterator[Viewer]:
    """A viewer with an empty store."""
    from starlette.testclient import TestClient

    from mutagent.viewer.app import create_app
    from mutagent.viewer.site import Site

    site = Site(tmp_path / "home", 0, 0)
    with TestClient(create_app(site, follow=False), base_url="http://localhost:8321") as client:
        yield Viewer(site.home, client, site)


@pytest.fixture
def shown(viewer: Viewer) -> Viewer:
    """A viewer with an index of an empty store: its pages are there."""
    viewer.site.follower.catch_up()
    return viewer
