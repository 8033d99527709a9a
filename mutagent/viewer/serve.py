"""Run the viewer: find a port, open the browser, stop cleanly."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
import socket
import sys
import webbrowser
from types import FrameType
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette

from mutagent.viewer.access import LOCAL_NAMES, Rules
from mutagent.viewer.live import Hub

TOKEN_VARIABLE = "MUTAGENT_VIEW_TOKEN"
_LEAST_TOKEN = 16
# Ports tried from the one that is asked for.
_TRIES = 50
_GRACE_SECONDS = 2


class Unservable(Exception):
    """The viewer can't be served so; the message says why and what to do."""


class _Server(uvicorn.Server):
    """Ends the event streams with the first Ctrl-C: they would keep the server waiting."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._hub.close()


def rules_for(host: str) -> Rules:
    """Who may ask a viewer that is bound to this host.

    Raises:
        Unservable: where the token from the environment is too short to keep anybody out.
    """
    if is_loopback(host):
        return Rules(LOCAL_NAMES | {_bracketed(host)})
    token = os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(24)
    if len(token) < _LEAST_TOKEN:
        raise Unservable(f"{TOKEN_VARIABLE} has {len(token)} characters; it takes at least {_LEAST_TOKEN}.")
    # Who has the token has not come by another site's page: any name will do.
    return Rules(None, token)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def bind(host: str, port: int) -> socket.socket:
    """A socket on this port, or on the next one that is free.

    Raises:
        Unservable: where there is no such host here, or no port.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (socket.gaierror, UnicodeError) as error:
        raise Unservable(f"{host} is no address of this machine: {error}.") from error
    reason: OSError | None = None
    for candidate in range(port, min(port + _TRIES, 65_536)):
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            if os.name != "nt":
                # On Windows it would let two servers share a port.
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((address[0], candidate, *address[2:]))
            made.listen()
            return made
        except OSError as error:
            made.close()
            reason = error
    raise Unservable(f"no port from {port} on could be had on {host}: {reason}.")


def serve(app: Starlette, hub: Hub, listening: socket.socket, rules: Rules, host: str, *, open_browser: bool) -> None:
    """Serve until Ctrl-C.

    Args:
        app: what to serve.
        hub: its event streams.
        listening: the socket, bound and listening.
        rules: who may ask.
        host: the name to print.
        open_browser: whether to open the address in a browser.
    """
    port = listening.getsockname()[1]
    shown = "localhost" if rules.token is None and host in ("127.0.0.1", "::1") else _reachable(host)
    address = f"http://{shown}:{port}/" + (f"?token={quote(rules.token)}" if rules.token else "")
    print(f"mutagent view: {address}  (Ctrl-C stops it)", flush=True)
    if rules.token is not None:
        print(
            f"Programs send to it with MUTAGENT_ENDPOINT=http://HOST:{port} MUTAGENT_API_KEY={rules.token}", flush=True
        )
    if open_browser:
        _open(address)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, ws="none", lifespan="on", timeout_graceful_shutdown=_GRACE_SECONDS,
        server_header=False,
    )  # fmt: skip
    # Stopped by Ctrl-C, the server raises it once more. It is how people stop the viewer: no error.
    with contextlib.suppress(KeyboardInterrupt):
        _Server(config, hub).run(sockets=[listening])


def _open(address: str) -> None:
    try:
        webbrowser.open(address)
    except (webbrowser.Error, OSError) as error:
        sys.stderr.write(f"mutagent: no browser could be opened ({error}).\n")


def _reachable(host: str) -> str:
    return socket.gethostname() if host in ("0.0.0.0", "::", "") else _bracketed(host)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host.lower()
