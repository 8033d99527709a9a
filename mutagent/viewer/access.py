"""Who may ask: programs and people on this machine, or who has the token; no other site's page, no other name."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Names that only ever lead to this machine; any other may be somebody's who has pointed it here (DNS rebinding).
# The last is how a container names its host.
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]", "host.docker.internal"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({"same-origin", "none"})
# Nothing inline, nothing from elsewhere: what a model or a user wrote can't run even where escaping were forgotten.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """``hosts``: the names the viewer answers to, None for any; ``token``: what has to be shown, None for nothing."""

    hosts: frozenset[str] | None = LOCAL_NAMES
    token: str | None = None


class Access:
    """ASGI middleware: refuses by the rules, and sends the security headers with every answer.

    Args:
        app: what answers.
        rules: who may ask.
    """

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._answer(Request(scope)) or self._app
        await answer(scope, receive, send_with_headers)

    def _answer(self, request: Request) -> Response | None:
        """What is answered instead, or None where the request may pass."""
        host = request.headers.get("host", "").lower()
        if self._rules.hosts is not None and _name(host) not in self._rules.hosts:
            return PlainTextResponse(f"This is mutagent view; it does not answer to the name {_name(host)!r}.\n", 421)
        if request.method not in _SAFE_METHODS and _is_foreign(request, host):
            return PlainTextResponse("Pages of other sites may not write here.\n", 403)
        token = self._rules.token
        if token is None or any(_equal(shown, token) for shown in _shown(request, token)):
            return None
        return self._first_visit(request, token)

    def _first_visit(self, request: Request, token: str) -> Response:
        query = parse_qsl(request.url.query)
        if request.method == "GET" and any(name == "token" and _equal(value, token) for name, value in query):
            rest = urlencode([(name, value) for name, value in query if name != "token"])
            # One slash: `//name` would be another host.
            path = "/" + request.url.path.lstrip("/")
            answer = RedirectResponse(f"{path}?{rest}" if rest else path, 303)
            answer.set_cookie(_cookie(request), token, httponly=True, samesite="strict")
            return answer
        if request.url.path.startswith("/api/"):
            return JSONResponse({"error": "unauthorized", "message": "send the token as x-api-key"}, 401)
        return PlainTextResponse("Open the address that `mutagent view` printed: it carries the token.\n", 401)


def _name(host: str) -> str:
    """The host without the port."""
    head, colon, port = host.rpartition(":")
    return head if colon and port.isdigit() else host


def _is_foreign(request: Request, host: str) -> bool:
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if site is not None and site not in _OWN_SITES:
        return True
    return origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}")


def _shown(request: Request, token: str) -> Iterator[str]:
    yield request.cookies.get(_cookie(request), "")
    yield request.headers.get("x-api-key", "")
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        yield value.strip()


def _cookie(request: Request) -> str:
    # Cookies don't know ports: two viewers on one host would overwrite each other's.
    return f"mutagent_view_{request.url.port or 80}"


def _equal(shown: str, token: str) -> bool:
    return hmac.compare_digest(shown.encode("utf-8", "replace"), token.encode("utf-8", "replace"))
