"""A stand-in for Bedrock on loopback: canned answers, in JSON or as an event stream, and boto3 clients that use it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mutagent.demo.loopback import LoopbackHandler, LoopbackServer

boto3 = pytest.importorskip("boto3")
from botocore.config import Config  # noqa: E402

REQUEST_ID = "11111111-2222-3333-4444-555555555555"
KEYS = {"aws_access_key_id": "id-of-the-test", "aws_secret_access_key": "key-of-the-test", "region_name": "us-east-1"}
# It keeps the services' descriptions, which take long to read.
SESSION = boto3.session.Session()


class _Handler(LoopbackHandler):
    server: Service

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        self.server.asked.append((self.path, self.read_body()))
        status, headers, pieces = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        headers = {"x-amzn-requestid": REQUEST_ID, **headers}
        if isinstance(pieces, bytes):
            self.write_whole(status, headers, pieces)
            return
        self.write_head(status, {**headers, "transfer-encoding": "chunked"})
        for piece in pieces:
            if piece is None:
                self.hang_up()
                return
            self.write_chunk(piece)
        self.write_chunk(b"")


class Service(LoopbackServer):
    """Answers each request with the next answer, and goes on with the last."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes | list[bytes | None]]] = []
        self.asked: list[tuple[str, bytes]] = []
        self.clients: list[Any] = []
        super().__init__(_Handler)

    def says(self, body: Any, status: int = 200, **headers: str) -> Service:
        """Answer with JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, {"content-type": "application/json", **named}, json.dumps(body).encode()))
        return self

    def streams(self, *frames: bytes | None) -> Service:
        """Answer with an event stream; None hangs up."""
        self.answers.append((200, {"content-type": "application/vnd.amazon.eventstream"}, list(frames)))
        return self

    def client(self, name: str = "bedrock-runtime", **config: Any) -> Any:
        """A boto3 client of this service."""
        retries = {"retries": {"max_attempts": 0}, **config}
        made = SESSION.client(name, endpoint_url=self.url, config=Config(**retries), **KEYS)
        self.clients.append(made)
        return made

    def close(self) -> None:
        """Close the clients too, and then the server."""
        for made in self.clients:
            made.close()
        super().close()


def knows(client: Any, shape: str, member: str) -> bool:
    """Whether this version's description of a service has a member: what it does not know it drops from answers."""
    return member in client.meta.service_model.shape_for(shape).members
