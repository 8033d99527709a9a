"""The provider's id of a request, from whatever keeps its headers."""

from __future__ import annotations

from types import SimpleNamespace

import httpx
import pytest

from mutagent.integrations.shapes.errors import request_id_of

OTHERS = [("Content-Type", "application/json"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]


@pytest.mark.parametrize("name", ["x-request-id", "X-Request-Id", "REQUEST-ID", "Apim-Request-Id"])
def test_any_of_the_names_in_any_case(name):
    assert request_id_of(httpx.Response(200, headers=[*OTHERS, (name, "req_1")])) == "req_1"


def test_the_one_that_goes_before():
    both = [("apim-request-id", "azure"), ("x-request-id", "req_1")]
    assert request_id_of(httpx.Response(200, headers=both)) == "req_1"


def test_none():
    assert request_id_of(httpx.Response(200, headers=OTHERS)) is None
    assert request_id_of(None) is None


@pytest.mark.parametrize("raw", [None, [("x-request-id", "a")], [(b"x-request-id", b"a", b"c")], ["x"], [1]])
def test_headers_of_another_library(raw):
    class Headers(dict):
        pass

    headers = Headers({"x-request-id": "req_1"})
    headers.raw = raw
    assert request_id_of(SimpleNamespace(headers=headers)) == "req_1"
