"""Who is answered: names of this machine, pages of this site, holders of the token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from mutagent.viewer import serve
from mutagent.viewer.access import LOCAL_NAMES, Rules
from mutagent.viewer.app import create_app
from mutagent.viewer.site import Site
from tests.viewer.conftest import Viewer

TOKEN = "a token of enough characters"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Any]:
    """A client of a viewer that demands a token."""
    site = Site(tmp_path, 0, 0)
    site.follower.catch_up()
    app = create_app(site, Rules(None, TOKEN), follow=False)
    with TestClient(app, base_url="http://192.0.2.7:8321", follow_redirects=False) as client:
        yield client


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8321", "127.0.0.1:9", "[::1]:8321", "host.docker.internal:8321", "LOCALHOST"]
)
def test_names_of_this_machine_are_answered(shown: Viewer, host: str) -> None:
    assert shown.client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8321",
        "localhost.evil.example",
        "192.0.2.7",
        "",
        "127.0.0.1.evil.example:80",
        "::1",
    ],
)
def test_any_other_name_is_refused_on_every_address(shown: Viewer, host: str) -> None:
    for address in ("/", "/api/traces/", "/static/js/list.js", "/events"):
        assert shown.client.get(address, headers={"host": host}).status_code == 421
    assert shown.client.post("/api/traces/batch", content="{}", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"}, {"origin": "null"}, {"origin": "http://localhost:9999"},
        {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"},
        {"origin": "http://localhost:8321", "sec-fetch-site": "cross-site"},
    ],
)  # fmt: skip
def test_pages_of_other_sites_cannot_write(shown: Viewer, headers: dict[str, str]) -> None:
    assert shown.client.post("/api/traces/batch", content='{"traces": []}', headers=headers).status_code == 403


def test_programs_and_own_pages_can_write(shown: Viewer) -> None:
    for headers in ({}, {"origin": "http://localhost:8321", "sec-fetch-site": "same-origin"}):
        assert shown.client.post("/api/traces/batch", content='{"traces": []}', headers=headers).status_code == 200


def test_without_the_token_nothing_is_answered(guarded: Any) -> None:
    for address in ("/", "/?token=wrong", "/static/js/list.js", "/api/traces/", "/events", "/traces/x.html"):
        assert guarded.get(address).status_code == 401
    assert guarded.get("/api/traces/").json()["error"] == "unauthorized"
    assert guarded.post("/api/traces/batch", content="{}").status_code == 401


def test_the_printed_address_leaves_a_cookie_and_itself(guarded: Any) -> None:
    answer = guarded.get("/", params={"token": TOKEN, "q": "x"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/?q=x")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("mutagent_view_8321=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert guarded.get("/").status_code == 200


def test_a_path_of_two_slashes_leads_nowhere_else(guarded: Any) -> None:
    answer = guarded.get(f"http://192.0.2.7:8321//evil.example/?token={TOKEN.replace(' ', '+')}")
    assert answer.headers["location"] == "/evil.example/"


@pytest.mark.parametrize("headers", [{"x-api-key": TOKEN}, {"authorization": f"Bearer {TOKEN}"}])
def test_programs_show_the_token_in_a_header(guarded: Any, headers: dict[str, str]) -> None:
    assert guarded.post("/api/traces/batch", content='{"traces": []}', headers=headers).status_code == 200


def test_beyond_loopback_a_token_is_made_or_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(serve.TOKEN_VARIABLE, raising=False)
    first, second = serve.rules_for("0.0.0.0").token, serve.rules_for("192.0.2.7").token
    assert first != second
    assert len(first or "") >= 32
    monkeypatch.setenv(serve.TOKEN_VARIABLE, TOKEN)
    assert serve.rules_for("::") == Rules(None, TOKEN)
    monkeypatch.setenv(serve.TOKEN_VARIABLE, "short")
    with pytest.raises(serve.Unservable, match="at least 16"):
        serve.rules_for("0.0.0.0")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2"])
def test_on_loopback_names_are_checked_and_no_token_is_needed(host: str) -> None:
    rules = serve.rules_for(host)
    assert rules.token is None
    assert rules.hosts is not None
    assert rules.hosts >= LOCAL_NAMES
