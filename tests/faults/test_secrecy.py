"""The key and the spans go where they were sent, and nowhere else."""

from __future__ import annotations

import logging
import os
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mutagent.demo.loopback import LoopbackHandler, LoopbackServer
from mutagent.export.http import HttpExporter
from tests.faults.running import KEY, ROOT
from tests.servers.collector import Answer, Collector
from tests.unit.spans import encoded

PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
PROGRAM = """
import asyncio, logging
logging.basicConfig(level=0)
from mutagent.tracing import init_tracing, shutdown_tracing, start_span, end_span, SpanOptions, runtime
init_tracing()
end_span(start_span(SpanOptions(kind="custom", name="work", attributes={"echo": "KEY"})))
pipeline = runtime.live.pipeline
print(pipeline.settings, vars(pipeline), pipeline.receipt())
print(asyncio.run(shutdown_tracing()))
"""


class RedirectingHandler(LoopbackHandler):
    """Sends everybody to another server."""

    target = ""

    def do_POST(self) -> None:
        self.read_body()
        self.write_whole(307, {"location": self.target}, b"")


class RecordingHandler(LoopbackHandler):
    """A proxy that takes note of what it is asked for, and answers itself."""

    asked: list[str] = []

    def do_POST(self) -> None:
        self.read_body()
        self.asked.append(self.path)
        self.write_whole(200, {}, b'{"accepted": 1, "rejected": 0}')


@pytest.fixture
def without_proxies(monkeypatch):
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def proxy(without_proxies, monkeypatch):
    monkeypatch.setattr(RecordingHandler, "asked", [])
    server = LoopbackServer(RecordingHandler)
    server.start()
    yield server
    server.close()


def exported(endpoint):
    exporter = HttpExporter(endpoint, KEY)
    try:
        return exporter.export(encoded(1), None)
    finally:
        exporter.close()


def test_a_redirect_is_not_followed(without_proxies, monkeypatch):
    with Collector() as elsewhere:
        monkeypatch.setattr(RedirectingHandler, "target", f"{elsewhere.url}/api/traces/batch")
        server = LoopbackServer(RedirectingHandler)
        server.start()
        result = exported(server.url)
        server.close()
        assert (len(result.retry), elsewhere.requests) == (1, [])


def test_a_proxy_of_the_environment_is_used(proxy, monkeypatch):
    monkeypatch.setenv("http_proxy", proxy.url)
    assert exported("http://collector.invalid").accepted == 1
    assert RecordingHandler.asked == ["http://collector.invalid/api/traces/batch"]


def test_no_proxy_is_honoured(proxy, monkeypatch):
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Collector() as collector:
        assert exported(collector.url).accepted == 1
    assert RecordingHandler.asked == []


def self_signed(directory: Path) -> ssl.SSLContext:
    """A server's side of TLS that nobody has reason to trust."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=directory, check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "cert.pem", directory / "key.pem")
    return context


def test_a_certificate_that_nobody_vouches_for_gets_no_key(without_proxies, tmp_path):
    received = []

    def serve(listener, context):
        connection, _ = listener.accept()
        with connection, context.wrap_socket(connection, server_side=True) as secure:
            received.append(secure.recv(1))

    def serve_quietly(listener, context):
        try:
            serve(listener, context)
        except OSError:
            pass  # the client has hung up, as it should

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve_quietly, args=(listener, self_signed(tmp_path)))
        thread.start()
        result = exported(f"https://localhost:{listener.getsockname()[1]}")
        thread.join(20)
    assert (received, len(result.retry)) == ([], 1)
    assert "certificate" in result.error.lower()


@pytest.mark.parametrize(
    "answer", [Answer(), Answer(500, body=f"you said {KEY}"), Answer(401)], ids=["well", "500", "401"]
)
def test_the_key_is_in_no_output_and_no_file(tmp_path, answer):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MUTAGENT")}
    with Collector(then=answer) as collector:
        given = {
            "PYTHONPATH": str(ROOT), "MUTAGENT_HOME": str(tmp_path / "home"), "MUTAGENT_API_KEY": KEY,
            "MUTAGENT_ENDPOINT": collector.url, "MUTAGENT_LOCAL": "1",
        }  # fmt: skip
        options = {"env": kept | given, "capture_output": True, "text": True, "timeout": 60}
        ran = subprocess.run([sys.executable, "-c", PROGRAM.replace("KEY", KEY)], **options)
        asked = subprocess.run([sys.executable, "-m", "mutagent", "doctor"], **options)
        assert ran.returncode == 0, ran.stderr
        bodies = [str(batch.body) for batch in collector.requests]
    files = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert bodies != []
    assert files != []
    places = [ran.stdout, ran.stderr, asked.stdout, asked.stderr, *bodies]
    places += [path.read_bytes().decode("latin-1") for path in files]
    assert [place for place in places if KEY in place] == []


@pytest.mark.parametrize("local", ["0", "1"])
def test_files_are_private(tmp_path, local):
    home = tmp_path / "below" / "home"
    with Collector(then=Answer(500)) as collector:
        given = {"MUTAGENT_HOME": str(home), "MUTAGENT_ENDPOINT": collector.url, "MUTAGENT_LOCAL": local}
        program = "import os; os.umask(0)\n" + PROGRAM
        environ = os.environ | given | {"PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", program], env=environ, check=True, capture_output=True)
    modes = {path.name: path.stat().st_mode & 0o077 for path in (home, *home.rglob("*"))}
    assert {"spool", "receipts"} <= set(modes)
    assert any(name.endswith(".spans") for name in modes)
    assert any(name.endswith(".sqlite3") for name in modes) == (local == "1")
    assert set(modes.values()) == {0}


def test_our_own_requests_leave_no_log_records(without_proxies, caplog):
    caplog.set_level(logging.DEBUG)
    with Collector() as collector:
        from mutagent.export.worker import unrecorded

        with unrecorded():
            assert exported(collector.url).accepted == 1
    assert caplog.records == []
